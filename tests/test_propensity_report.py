"""The report on propensities, as a user runs it: by papermill on a table of one configuration, and on the shipped glass."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import gallery
import nbformat
import numpy as np
import papermill
import pytest
from bs4 import BeautifulSoup
from papermill.exceptions import PapermillExecutionError

import fisherlib as fl

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "reports" / "propensity.ipynb"
GLASS = ROOT / "data" / "glasses" / "ka2d.npz"
pytestmark = pytest.mark.notebooks


def run(target: Path, **parameters: object) -> str:
    """All that the executed notebook shows, as text."""
    told = {"progress_bar": False, "cwd": str(ROOT), "kernel_name": "python3"}
    papermill.execute_notebook(str(NOTEBOOK), str(target), parameters=parameters, **told)
    cells = nbformat.read(target, as_version=4).cells
    shown = [output for cell in cells for output in cell.get("outputs", [])]
    return "\n".join(str(output.get("text", output.get("data", ""))) for output in shown)


def table(path: Path, *, N: int = 300, M: int = 6) -> Path:
    """A table as another program writes it: propensities follow two of the descriptors, no halves, one configuration."""
    rng = np.random.default_rng(0)
    D = rng.normal(size=(N, M)) * 10.0 ** np.arange(-3, M - 3)
    y = 1.0 + 0.2 * D[:, 0] / D[:, 0].std() - 0.1 * D[:, 1] / D[:, 1].std() + 0.1 * rng.normal(size=N)
    types = np.where(np.arange(N) % 3 == 0, 2, 1)
    rows = np.column_stack([rng.uniform(0, 17, (N, 2)), types, y, D, np.ones(N)])  # one column never changes
    path.write_text("\n".join([f"{N} 17.0", *(" ".join(map(repr, row)) for row in rows.tolist())]) + "\n")
    return path


def test_a_table_of_one_configuration_without_halves_is_reported_on_and_the_page_says_what_it_lacks(
    tmp_path: Path,
) -> None:
    shown = run(tmp_path / "done.ipynb", data=str(table(tmp_path / "mine.xy")), k=5, r=0.2, tiles=2)
    assert "whole ones are impossible with one configuration" in shown and "tiles, 2 along each axis" in shown
    assert "not known: the file has no halves" in shown and "not known: fewer than four configurations" in shown
    (numbers,) = [
        output.data["application/json"]
        for cell in nbformat.read(tmp_path / "done.ipynb", as_version=4).cells
        for output in cell.get("outputs", [])
        if "application/json" in output.get("data", {})
    ]
    assert numbers["descriptors"] == 6 and numbers["rows"] == 200 and numbers["ceiling"] is None
    assert numbers["treatments"].keys() == fl.validation.TREATMENTS.keys()
    assert all(0.8 < each["r pooled"] < 0.97 for each in numbers["treatments"].values())  # √0.05/0.06 = 0.91 is known


def test_a_misspelt_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError, match="this report has no parameter tile; it has data, species, time"):
        run(tmp_path / "done.ipynb", tile=2)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("shipped")
    command = [sys.executable, "-m", "fisherlib.report", "--notebook", str(NOTEBOOK), f"--target={target}"]
    done = subprocess.run(
        [*command, "averages=0", "k=5", "r=0.2"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"TIME": ""},
    )
    assert done.returncode == 0, done.stderr
    return target


def test_the_numbers_of_the_shipped_glass_are_those_of_the_library(shipped: Path) -> None:
    numbers, glass = json.loads((shipped / "propensity.json").read_text()), fl.glass.read(GLASS)
    rows = fl.glass.rows(glass, averages=0)
    ceiling = fl.comparison.noise_ceiling(*rows.halves, rows.blocks)
    assert numbers["ceiling"] == pytest.approx({"pooled": ceiling.pooled, "mean": ceiling.mean})
    assert list(numbers["protocols"])[0] == "in-sample" and list(numbers["protocols"])[-1] == "whole configurations"
    r = [each["mean"] for each in numbers["protocols"].values()]
    assert r[0] == max(r) < ceiling.mean
    folds = fl.validation.folds(rows.blocks)
    found = fl.validation.scores(folds, rows.X, rows.y, fl.validation.TREATMENTS["MAP-Ridge"], np.logspace(-5, 0, 26))
    assert numbers["treatments"]["MAP-Ridge"]["risk"] == pytest.approx(found.risk.min(), rel=1e-6)
    assert numbers["rms z"].keys() == {"iid", "sandwich", "jackknife", "block cross-validation"}


def test_its_picture_in_the_gallery_shows_its_last_figure(shipped: Path) -> None:
    notebook = NOTEBOOK
    figure = gallery.page_figure((shipped / "propensity.html").read_text(encoding="utf-8"))
    gallery.keep(notebook, figure)
    gallery.compare(notebook, figure)


def test_its_page_has_every_figure_and_names_notebooks_that_exist(shipped: Path) -> None:
    page = BeautifulSoup((shipped / "propensity.html").read_text(encoding="utf-8"), "html.parser").find("main")
    assert not [link for link in page.find_all("a") if link["href"].endswith(".ipynb")]  # dead once the page is mailed
    named = set(re.findall(r"notebook (\d_\w+)", page.text))
    assert len(named) == 3 and all((ROOT / "notebooks" / "glasses" / f"{name}.ipynb").is_file() for name in named)
    assert len(page.find_all("figure")) == 6
