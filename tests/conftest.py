"""Fixtures shared by the tests: a real browser, for what only a browser can show."""

import os
import shutil
from collections.abc import Iterator

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # WebGL, hence 3D figures, on a machine without a graphics card
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator["playwright.sync_api.Browser"]:  # noqa: F821  imported below, only where a browser is there
    """A headless Chromium; on a continuous-integration machine it is an error that there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("FISHERLIB_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = "NO BROWSER, SO THE PAGES WENT UNTESTED: install chromium or set FISHERLIB_CHROMIUM to its path"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
