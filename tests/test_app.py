"""The dashboard as an application of its own, served by Voilà; every selector is tried in JupyterLab."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
import test_structures_lab as structures
import walk
from explorer import Explorer, app_command, copy_notebooks, served

import fisherlib as fl
from fisherlib.validation.ranking import TRUE

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


def test_the_dashboard_without_code_opens_answers_a_choice_and_tells_a_mistake(explorer: Explorer, app: str) -> None:
    asked = set()
    explorer.page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    explorer.app()
    assert asked - {""} == {urlsplit(app).netloc}  # no icon font, no script from elsewhere
    assert explorer.page.title() == "fisherlib"
    assert explorer.page.get_by_text("Run all cells").count() == explorer.page.locator(".jp-MarkdownCell").count() == 0
    assert explorer.page.locator(".fisherlib-dashboard").bounding_box()["y"] < 100  # nothing comes before it
    assert explorer.page.locator(".jp-CodeMirrorEditor, .jp-InputArea-editor").count() == 0
    assert explorer.page.locator("img[src*=gallery]").count() == 0  # it cannot open notebooks
    explorer.until(walk.LOADED)
    explorer.fill("Temperature, K", "warm")
    explorer.says("expected a number")
    explorer.press("Compare")
    explorer.until(walk.PAGES["Compare"])
    explorer.choose("View", "energy parity")
    explorer.title("parity")
    explorer.picture("app")


def test_a_click_on_a_point_of_the_parity_shows_its_atoms(explorer: Explorer, copper: fl.Dataset) -> None:
    explorer.impatient()
    explorer.app()
    explorer.until(walk.LOADED)
    explorer.press("Compare")
    explorer.until(walk.PAGES["Compare"])
    explorer.choose("View", "energy parity")
    explorer.title("parity")
    explorer.show_figure()
    found = fl.Study(copper).ranking("θ_f")
    row = int(np.argmin(found.quantities[TRUE]))  # a point that stands alone
    structures.click(explorer, *min(explorer.page.evaluate(structures.POINTS)))
    explorer.page.wait_for_function("() => document.querySelector('.fisherlib-scene')?.viewer")
    structures.shows(explorer, found, row)
