"""The dashboard as an application of its own, served by Voilà: the same walk as in JupyterLab."""

from collections.abc import Iterator
from pathlib import Path

import pairs
import pytest
import walk
from explorer import Explorer, app_command, copy_notebooks, served

pytestmark = [pytest.mark.browser, pytest.mark.notebooks]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the application."""
    folder = tmp_path_factory.mktemp("app")
    with served(app_command(copy_notebooks(folder) / "00_start.ipynb"), folder) as address:
        yield address


@pytest.fixture
def explorer(chromium: object, app: str) -> Iterator[Explorer]:
    """The page of the application."""
    person = Explorer(chromium, app)
    yield person
    person.close()
    assert person.errors == []


def test_the_dashboard_without_code(explorer: Explorer, files: dict[str, Path]) -> None:
    explorer.app()
    assert explorer.page.locator(".jp-CodeMirrorEditor, .jp-InputArea-editor").count() == 0
    walk.load(explorer, **files)
    for page, look in (("Fit", walk.fit), ("Compare", walk.compare), ("Landscape", walk.landscape)):
        explorer.press(page)
        look(explorer)
    walk.network(explorer)
    explorer.picture("app")


def test_every_change_of_page_and_view(explorer: Explorer, chromium: object) -> None:
    explorer.app()
    pairs.walk(explorer, chromium, pairs.At(), pairs.dashboard)
