"""The gallery of 00_start: every notebook with a picture that shows its figure and a sentence, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gallery
import nbformat
import plotly.graph_objects as go
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image, PngImagePlugin
from playwright import sync_api

from fisherlib.report import page

START = gallery.NOTEBOOKS / "00_start.ipynb"
CURVE = go.Figure(go.Scatter(x=[0, 1, 2], y=[0, 1, 4], name="n = 3"), {"xaxis_title": "x, 3 Å", "title": "At 1200 K"})


@pytest.fixture(scope="module")
def entries() -> dict[str, BeautifulSoup]:
    """Cells of the tables by the notebook they lead to."""
    text = "\n".join(cell.source for cell in nbformat.read(START, as_version=4).cells if cell.cell_type == "markdown")
    cells = [cell for cell in BeautifulSoup(text, "html.parser").find_all("td") if cell.find("a")]
    named = [cell.find("a")["href"] for cell in cells]
    assert len(set(named)) == len(named)
    return dict(zip(named, cells, strict=True))


@pytest.fixture(params=gallery.notebooks(), ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_it_leads_to_every_notebook_and_to_no_other(entries: dict[str, BeautifulSoup]) -> None:
    assert set(entries) == {path.relative_to(gallery.NOTEBOOKS).as_posix() for path in gallery.notebooks()}


def test_names_of_notebooks_differ_as_their_pictures_do() -> None:
    names = [path.stem for path in gallery.notebooks()]
    assert len(set(names)) == len(names)
    assert {path.stem for path in gallery.PICTURES.iterdir()} <= set(names), "make gallery removes old pictures"


def test_each_has_one_picture_that_leads_there_too_and_a_sentence(
    notebook: Path, entries: dict[str, BeautifulSoup]
) -> None:
    cell = entries[notebook.relative_to(gallery.NOTEBOOKS).as_posix()]
    assert {link["href"] for link in cell.find_all("a")} == {notebook.relative_to(gallery.NOTEBOOKS).as_posix()}
    (image,) = cell.select("a > img")
    assert image["src"] == gallery.picture(notebook).relative_to(gallery.NOTEBOOKS).as_posix()
    assert image["alt"] == notebook.stem
    sentence = cell.get_text().replace(notebook.stem, "").strip()
    assert len(sentence.split()) >= 6 and sentence[-1] in ".?"
    parts = str(cell.find("b")).replace("<wbr/>", "<wbr>")
    assert parts == f"<b>{notebook.stem.replace('_', '_<wbr>')}</b>", "a name that cannot break cuts a narrow page"


def test_each_has_one_cell_that_draws_its_picture(notebook: Path) -> None:
    cells = nbformat.read(notebook, as_version=4).cells
    tagged = [cell for cell in cells if gallery.TAG in cell.metadata.get("tags", [])]
    assert [cell.cell_type for cell in tagged] == ["code"], "tag the cell of the figure that carries the page: picture"


def test_its_picture_is_there_small_and_not_blank(notebook: Path) -> None:
    path = gallery.picture(notebook)
    assert path.is_file(), gallery.MAKE
    check(path)


def check(path: Path) -> None:
    """A picture of the right size that shows something."""
    assert path.stat().st_size <= gallery.MOST
    with Image.open(path) as image:
        assert image.size == (gallery.WIDTH, gallery.HEIGHT)
        counted = sorted(image.convert("RGB").getcolors(maxcolors=2**20), reverse=True)
    most = counted[0][0]
    assert len(counted) >= 16 and most < 0.985 * gallery.WIDTH * gallery.HEIGHT


@pytest.mark.browser
@pytest.mark.parametrize("name", ["curve", "surface", "noise"])
def test_a_figure_is_drawn_small_and_says_what_it_is(name: str, chromium: sync_api.Browser, tmp_path: Path) -> None:
    bumps = [[abs(i - 8) * abs(j - 8) for i in range(16)] for j in range(16)]
    noise = [[(i * i * 7919 + j * j * 104729 + i * j) % 1009 for i in range(480)] for j in range(320)]
    figures = {"curve": CURVE, "surface": go.Figure(go.Surface(z=bumps)), "noise": go.Figure(go.Heatmap(z=noise))}
    figure, path = figures[name].to_plotly_json(), tmp_path / "images" / f"{name}.png"
    page = gallery.blank_page(chromium)
    gallery.draw(page, figure, path)
    page.close()
    if name != "noise":  # which no picture holds in so few bytes
        check(path)
    with Image.open(path) as image:
        assert "figure" in image.text


def test_rounding_is_no_change_and_another_kind_of_figure_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gallery, "PICTURES", tmp_path)
    notebook, figure = Path("page.ipynb"), CURVE.to_plotly_json()
    with pytest.raises(AssertionError, match="page.ipynb has no picture in the gallery: make gallery"):
        gallery.compare(notebook, figure)
    words = PngImagePlugin.PngInfo()
    words.add_itxt("figure", json.dumps(gallery.structure(figure)))
    Image.new("RGB", (2, 2)).save(gallery.picture(notebook), pnginfo=words)
    other = go.Figure(CURVE).update_traces(y=[0.01, 1, 4.2], name="n = 5").update_layout(xaxis_title="x, 3.1 Å")
    gallery.compare(notebook, other.to_plotly_json())
    for changed in (
        go.Figure(CURVE).update_layout(xaxis_title="y, 3 Å"),
        go.Figure(CURVE).add_bar(y=[1]),
        go.Figure(CURVE).update_traces(mode="markers"),
        go.Figure(go.Surface(z=[[1, 2], [3, 4]])),
    ):
        with pytest.raises(AssertionError, match="shows another kind of figure: make gallery"):
            gallery.compare(notebook, changed.to_plotly_json())
    with pytest.raises(AssertionError, match="is empty"):
        gallery.compare(notebook, go.Figure(CURVE).update_traces(x=[], y=[]).to_plotly_json())


def test_axes_of_scenes_count() -> None:
    scene = go.Figure(go.Surface(z=[[1, 2], [3, 4]]), {"scene": {"zaxis_title": "loss"}})
    assert gallery.structure(scene.to_plotly_json()) == {"traces": ["surface"], "axes": ["loss"]}


def test_the_figure_of_a_page_is_its_last_one() -> None:
    outputs = [new_output("display_data", {gallery.PLOTLY: figure.to_plotly_json()}) for figure in (go.Figure(), CURVE)]
    html = page.render(new_notebook(cells=[new_code_cell(outputs=outputs)]), name="x", parameters={})
    figure = gallery.page_figure(html)
    assert figure["data"][0]["name"] == "n = 3" and figure["layout"]["xaxis"]["title"]["text"] == "x, 3 Å"


def test_a_notebook_that_is_newer_than_its_figure_is_run_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = [tmp_path / f"{name}.ipynb" for name in "abc"]
    monkeypatch.setattr(gallery, "notebooks", lambda: made)
    monkeypatch.setattr(gallery, "KEPT", tmp_path / "kept")
    for path in made:
        path.write_text("{}")
    for path, age in zip(made[:2], (-9, 9), strict=True):
        gallery.keep(path, {"data": [], "layout": {}})
        at = path.stat().st_mtime + age
        os.utime(gallery.KEPT / f"{path.stem}.json", (at, at))
    assert gallery.stale() == [made[0], made[2]]


NOTEBOOK = """{"cells": [
 {"cell_type": "code", "execution_count": null, "id": "a", "metadata": {}, "outputs": [], "source": "import plotly.graph_objects as go"},
 {"cell_type": "code", "execution_count": null, "id": "b", "metadata": {"tags": ["picture"]}, "outputs": [], "source": "SOURCE"}
], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"""


@pytest.mark.notebooks
def test_a_run_keeps_the_figure_of_the_tagged_cell_and_compares_it(tmp_path: Path) -> None:
    """As in the suite: nbval runs the cells, and no cell is run twice."""
    (tmp_path / "page.ipynb").write_text(NOTEBOOK.replace("SOURCE", "go.Figure(go.Bar(y=[1, 2]))"))
    (tmp_path / "bare.ipynb").write_text(NOTEBOOK.replace("SOURCE", "print(1)"))
    patch = (
        f"import gallery, pathlib; p = pathlib.Path({str(tmp_path)!r}); gallery.KEPT = gallery.PICTURES = p / 'kept'"
    )
    (tmp_path / "conftest.py").write_text(patch)
    environment = os.environ | {"PYTHONPATH": f"{gallery.ROOT}:{gallery.ROOT / 'tests'}"}
    command = [sys.executable, "-m", "pytest", "-p", "gallery", "-p", "no:cacheprovider", "--nbval-lax"]
    told = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True}
    done = subprocess.run([*command, "--nbval-current-env", str(tmp_path)], **told)
    assert "3 failed" not in done.stdout and "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "page.ipynb has no picture in the gallery" in done.stdout
    assert f"the cell tagged {gallery.TAG} shows no figure of plotly" in done.stdout
    kept = json.loads((tmp_path / "kept" / "page.json").read_text())
    assert kept["data"][0]["type"] == "bar"
