"""Fixtures shared by the tests: a real browser and the shipped data."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from explorer import Explorer, copy_notebooks, lab_command, served
from playwright import sync_api
from temporary import (
    pytest_configure,  # noqa: F401
    pytest_sessionfinish,  # noqa: F401
    pytest_terminal_summary,  # noqa: F401
    pytest_unconfigure,  # noqa: F401
)

import fisherlib as fl

pytest_plugins = ["budgets", "gallery", "order", "samples"]

#: Descriptors of the tests are kept here, and not in the folder of whoever runs them.
os.environ.setdefault("FISHERLIB_CACHE", str(Path(__file__).resolve().parents[1] / "data" / ".cache"))

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


@pytest.fixture(scope="module")  # while it lasts, a loop runs in this thread, and the widgets' tests count on none
def chromium() -> Iterator[sync_api.Browser]:
    """A headless Chromium; on a continuous-integration machine it is an error that there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("FISHERLIB_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = "NO BROWSER, SO THE PAGES WENT UNTESTED: install chromium or set FISHERLIB_CHROMIUM to its path"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def settled() -> Callable[[object, str], object]:
    """The value of a script in a page once it has come to rest: a slow machine draws the end of a drag late."""

    def wait(page: object, script: str) -> object:
        value = page.evaluate(script)
        for _ in range(40):
            page.wait_for_timeout(500)
            before, value = value, page.evaluate(script)
            if value == before:
                break
        return value

    return wait


@pytest.fixture(scope="session")
def turn() -> Callable[[object, object], None]:
    """Drags the mouse from the middle of an element of a page, as a person turns a surface."""

    def drag(page: object, element: object) -> None:
        box = element.bounding_box()
        x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 120, y + 30, steps=10)
        page.mouse.up()

    return drag


@pytest.fixture(scope="session")
def copper(root: Path) -> fl.Dataset:
    """The shipped Cu55 data with their SOAP descriptors."""
    return fl.io.read(root / "data" / "cu55_1200K.npz")


@pytest.fixture(scope="session")
def copper_moments(copper: fl.Dataset) -> fl.Moments:
    """The moments of the shipped data."""
    return fl.accumulate(copper)


@pytest.fixture(scope="session")
def few_walkers(copper: fl.Dataset) -> fl.Dataset:
    """Four walkers of the shipped data, for what would take long on all of them."""
    return copper.select(list(copper)[:4])


@pytest.fixture(scope="session")
def files(copper: fl.Dataset, root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What a person uploads: good data of 60 MB, a file that is none, one that is too large, and data that take long."""
    folder = tmp_path_factory.mktemp("files")
    good, bad, raw, huge = (folder / f"{name}.npz" for name in ("good", "bad", "raw", "huge"))
    fl.io.write(copper.select(list(copper)[:7]), good)
    bad.write_bytes(b"PK not an archive")
    with open(huge, "wb") as file:
        file.truncate(201 * 1024**2)
    frames = fl.io.read_frames(root / "data" / "cu55_1200K.npz")
    fl.io.write_frames(
        frames[::-1], raw
    )  # in another order, so that the descriptors kept for the shipped file do not serve
    return {"good": good, "bad": bad, "raw": raw, "huge": huge}


@pytest.fixture(scope="session")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks, to which a test may add its own."""
    return copy_notebooks(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="session")
def lab(notebooks: Path) -> Iterator[str]:
    """The address of a JupyterLab over the copied notebooks."""
    with served(lab_command(notebooks), notebooks.parent) as address:
        yield address


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With the failure of a person's test stands what the page showed, as nobody can look at it afterwards."""
    report = yield
    person = getattr(item, "funcargs", {}).get("explorer")
    if report.when == "call" and report.failed and isinstance(person, Explorer):
        try:
            shown = person.shown()
        except sync_api.Error as error:  # the page itself is gone
            shown = str(error)
        report.sections.append(("the page", shown))
    return report


@pytest.fixture
def explorer(chromium: object, lab: str) -> Iterator[Explorer]:
    """A page of JupyterLab; no script of it may fail."""
    person = Explorer(chromium, lab)
    yield person
    person.close()
    assert person.errors == []
