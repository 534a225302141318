"""The page of structures beside the report: written with it, linked by it, and gone when it is no longer asked for."""

import itertools
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

from fisherlib import report
from fisherlib.figures import LinkedMap
from fisherlib.report.beside import PAGE, Beside, page_of

ATOMS = "<!DOCTYPE html><p>atoms &amp; „θ“</p>"
CELL = f"""\
from fisherlib.figures import LinkedMap
from fisherlib.report.beside import Beside

Beside(LinkedMap({ATOMS!r}, 300), "own") if structures else "none"
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parameters = new_code_cell("structures = True", metadata={"tags": ["parameters"]})
    nbformat.write(
        new_notebook(cells=[parameters, new_code_cell(CELL)]), path := tmp_path_factory.mktemp("b") / "own.ipynb"
    )
    return path


@pytest.mark.notebooks
def test_the_page_is_written_and_linked_and_removed_with_the_next_report(notebook: Path, tmp_path: Path) -> None:
    page, structures = report.build(notebook, tmp_path, {})
    assert (page.name, structures.name) == ("own.html", "own_structures.html")
    assert structures.read_text(encoding="utf-8") == ATOMS
    (link,) = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("main a")
    assert link["href"] == link.text == structures.name and (page.parent / link["href"]).is_file()
    assert PAGE not in page.read_text(encoding="utf-8")
    assert report.build(notebook, tmp_path, {"structures": False}) == [page] and not structures.exists()


def test_an_output_without_a_page_is_left_as_it_is() -> None:
    for output in ({"output_type": "stream", "text": "said"}, {"data": {"text/plain": "1"}}):
        before = dict(output)
        assert page_of(output) == "" and output == before


def test_a_large_page_takes_less_room_in_the_notebook() -> None:
    text = "".join(f"{k} {k % 7}\n" for k in itertools.islice(itertools.count(), 20_000))
    bundle = Beside(LinkedMap(text, 300), "own")._repr_mimebundle_()
    assert len(bundle[PAGE]) < len(text) / 2 and page_of({"data": bundle}) == text
