"""Notebooks stay thin and clean: no outputs, nothing defined, one cell of parameters, no path of anybody's machine."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    assert request.param.stat().st_size < 50_000
    read = nbformat.read(request.param, as_version=4)
    nbformat.validate(read)
    return read


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_notebooks_of_the_story_are_there() -> None:
    names = {path.relative_to(ROOT / "notebooks").as_posix() for path in NOTEBOOKS}
    story = {"00_start.ipynb", "01_load_data.ipynb", "02_fit_theta_f.ipynb", "03_energies_and_cdfs.ipynb"}
    story |= {"04_loss_landscape.ipynb", "05_uncertainty_and_choice.ipynb", "06_what_forces_cannot_see.ipynb"}
    story |= {"07_reweighting.ipynb", "08_real_groups.ipynb", "09_structures.ipynb", "20_at_scale.ipynb"}
    story |= {"10_descriptors.ipynb", "11_neural_potential.ipynb", "12_hyperparameters.ipynb", "13_properties.ipynb"}
    story |= {"14_live_fit.ipynb"}
    story |= {
        f"generators/{name}.ipynb" for name in ("30_double_well", "31_mueller_brown", "32_dimer", "33_own_potential")
    }
    story |= {"generators/34_which_sampler.ipynb", "reports/theta_f.ipynb", "reports/propensity.ipynb"}
    story |= {f"glasses/{name}.ipynb" for name in ("1_propensity", "2_four_treatments", "3_honest_validation")}
    methods = "40_kernels 41_learning_curves 42_selection 43_maps 44_uncertainty 45_active_learning 46_sparse_laws"
    story |= {f"methods/{name}.ipynb" for name in f"{methods} 47_break_it 48_sensitivity 49_message_passing".split()}
    assert story <= names


@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p.parent.name == "methods"], ids=lambda path: path.stem)
def test_a_page_of_methods_says_what_it_takes_and_ends_with_a_checked_claim(path: Path) -> None:
    read = nbformat.read(path, as_version=4)
    first = read.cells[0].source
    assert all(f"**{word}:**" in first for word in ("Question", "Data", "You will see", "Run time", "Seeds"))
    assert "assert " in code(read)[-1].source
    assert sum("picture" in cell.metadata.get("tags", []) for cell in code(read)) == 1


def test_nothing_executed_is_stored(notebook: nbformat.NotebookNode) -> None:
    assert "widgets" not in notebook.metadata
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code(notebook))


def test_nothing_is_defined(notebook: nbformat.NotebookNode) -> None:
    for cell in code(notebook):
        nodes = ast.walk(ast.parse(cell.source))
        assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda) for node in nodes), cell.source


def test_the_second_cell_holds_plain_parameters(notebook: nbformat.NotebookNode) -> None:
    tagged = [k for k, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == [1]
    assert all(isinstance(line, ast.Assign) for line in ast.parse(notebook.cells[1].source).body)


def test_no_address_and_no_absolute_path(notebook: nbformat.NotebookNode) -> None:
    text = "\n".join(cell.source for cell in notebook.cells)
    assert (
        re.search(
            r"https?://|(?<![\w.)])/(home|root|tmp|usr|work|Users)/|\.\./(?!\d\d_|(glasses|generators|methods)/\d)",
            text,
        )
        is None
    )


def test_text_explains_the_code(notebook: nbformat.NotebookNode) -> None:
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    lines = sum(len(cell.source.splitlines()) for cell in code(notebook))
    assert words >= 3 * lines


def test_links_lead_to_notebooks_that_are_there(
    notebook: nbformat.NotebookNode, request: pytest.FixtureRequest
) -> None:
    folder = next(path.parent for path in NOTEBOOKS if path.stem == request.node.callspec.id)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert all((folder / link).is_file() for link in re.findall(r"\]\(([^):]+)\)", text))


def test_cells_are_few_and_short(notebook: nbformat.NotebookNode) -> None:
    report = any("report-json" in cell.metadata.get("tags", []) for cell in code(notebook))
    assert len(code(notebook)) <= 10 + report  # that of its parameters is read from the command line
    for cell in code(notebook):
        if report and "parameters" in cell.metadata.get("tags", []):
            continue  # one line for each thing that a person may want to set from the command line
        assert len(cell.source.splitlines()) <= 10, cell.source


def test_an_explorer_has_at_most_one_panel_and_so_one_live_figure(notebook: nbformat.NotebookNode) -> None:
    panels = re.findall(r"fl\.widgets\.\w+", "\n".join(cell.source for cell in code(notebook)))
    report = any("report-json" in cell.metadata.get("tags", []) for cell in code(notebook))
    assert len(panels) <= (0 if report else 1)
