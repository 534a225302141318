"""The house: which rooms there are, what each may import, and how large it may grow."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "fisherlib"

#: Who may import a library from outside; what is not listed here nobody may.
ALLOWED = {
    "numpy": "*",
    "scipy": "*",
    "ase": "configurations io descriptors",
    "featomic": "descriptors",
    "metatensor": "descriptors",
    "h5py": "io",
    "pooch": "io",
    "threadpoolctl": "io cluster neural",
    "tqdm": "io cluster report",
    "distributed": "cluster",
    "sklearn": "neural",
    "pymbar": "reweighting",
    "pandas": "figures",
    "plotly": "figures widgets report",
    "ipywidgets": "widgets",
    "anywidget": "widgets",
    "traitlets": "widgets",
    "voila": "widgets",
    "jupyter_server": "widgets",
    "jupyter_core": "widgets report",
    "jupyter_client": "report",
    "nbclient": "report",
    "nbconvert": "report",
    "nbformat": "report",
    "latex2mathml": "report",
}

#: Rooms of the package, at most.
ROOMS = 29


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_there_are_no_more_rooms_than_a_look_takes_in() -> None:
    rooms = {room(path) for path in modules()} - {"__init__"}
    assert len(rooms) <= ROOMS, sorted(rooms)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_library_is_imported_only_where_it_belongs(path: Path) -> None:
    for name in imported(path):
        top = name.split(".")[0]
        if name.startswith(".") or top in sys.stdlib_module_names or top == "fisherlib":
            continue
        assert top in ALLOWED, f"{top} has no room"
        assert ALLOWED[top] == "*" or room(path) in ALLOWED[top].split(), f"{top} belongs to {ALLOWED[top]}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "io" / "inert").glob("*.py")), ids=lambda p: p.name)
def test_the_inert_unpickler_imports_nothing_of_fisherlib(path: Path) -> None:
    for name in imported(path):
        assert not name.startswith("..") and not name.startswith("fisherlib"), name
