"""Promises of the project as a whole: thin imports, one set of versions, a README that tells the truth."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from hidden import HEAVY
from packaging.requirements import Requirement

import fisherlib as fl

ROOT = Path(__file__).resolve().parents[1]


def extras() -> dict[str, list[Requirement]]:
    """What each extra names, and the heart as the extra without a name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = {"": project["dependencies"]} | project["optional-dependencies"]
    return {extra: [Requirement(line) for line in found] for extra, found in lines.items()}


def requirements() -> dict[str, Requirement]:
    """All libraries by name; one that several extras name has one range."""
    named = [r for found in extras().values() for r in found if r.name != "fisherlib"]
    assert len({r.name for r in named}) == len({str(r) for r in named}), "a library with two ranges"
    return {r.name: r for r in named}


def closure(extra: str) -> set[str]:
    """Names of all libraries that an extra brings along, with those of the extras it is made of."""
    found: set[str] = {r.name for r in extras()[""]}
    for requirement in extras()[extra]:
        found |= {requirement.name} - {"fisherlib"}
        for inner in requirement.extras if requirement.name == "fisherlib" else ():
            found |= closure(inner)
    return found


def without(libraries: Iterable[str], script: str) -> subprocess.CompletedProcess[str]:
    """A run of Python where these libraries are not installed."""
    command = [sys.executable, str(ROOT / "tests" / "hidden.py"), ",".join(libraries), script]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300)


def environment() -> dict[str, Requirement]:
    # The file is a flat list of "- name>=x,<y" lines, so no YAML library is needed to read it.
    lines = re.findall(r"^\s+- ([a-z0-9-]+[<>=].*)$", (ROOT / "environment.yml").read_text(), re.MULTILINE)
    return {Requirement(line).name: Requirement(line) for line in lines}


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("plotly", "ipywidgets", "ase", "sklearn", "pandas", "featomic", "tqdm", "IPython")
    heavy += ("distributed", "scipy.stats", "scipy.interpolate", "scipy.optimize")
    script = f"import fisherlib, sys; print([m for m in {heavy!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"


#: Libraries of every extra by the names they are imported under, where those differ or where others bring them along.
IMPORTED = {
    "scikit-learn": "sklearn joblib",
    "featomic": "featomic metatensor",
    "distributed": "distributed dask tornado",
    "nbclient": "nbclient jupyter_client jupyter_core zmq tornado traitlets",
    "nbconvert": "nbconvert bs4 traitlets requests",
    "ipykernel": "ipykernel IPython traitlets",
    "ipywidgets": "ipywidgets IPython traitlets",
    "voila": "voila jupyter_server requests",
    "pooch": "pooch requests",
    "pymbar": "pymbar",
    "flowjax": "flowjax paramax",
    "freud-analysis": "freud",
    "ase": "ase matplotlib",
}
#: What each extra, and the heart without one, is enough for.
ENOUGH = {
    "": "landscapes reweighting study systems trust uncertainty validation",
    "descriptors": "descriptors",
    "figures": "figures",
    "flows": "flows flows.training sampling",
    "glass": "glass",
    "io": "configurations io io.database cluster cluster.command",
    "neural": "neural.training",
    "report": "report.run report.page",
    "tuning": "tuning",
    "lab": "widgets widgets.app.server",
}


@pytest.mark.parametrize("extra", ENOUGH)
def test_an_extra_brings_all_that_its_rooms_need(extra: str) -> None:
    seen = {name for library in closure(extra) for name in IMPORTED.get(library, library).split()}
    done = without(HEAVY - seen, f"import {', '.join(f'fisherlib.{room}' for room in ENOUGH[extra].split())}")
    assert done.returncode == 0, done.stderr


#: What is not installed, and what becomes of some lines of Python: the room, the library it needs, the extra to install.
MISSING = {
    "ase featomic plotly pymbar": {
        "import fisherlib.figures": ("figures", "plotly", "figures"),
        "from fisherlib.figures import landscape": ("figures", "plotly", "figures"),
        "fl.tables": ("figures", "plotly", "figures"),
        "import fisherlib.report.page": ("report", "plotly", "report"),
        "fl.io.read": ("io", "ase", "io"),
        "fl.neural.train": ("neural", "ase", "neural"),
        "fl.reweighting.mbar(np.zeros((1, 3)), [3])": ("reweighting", "pymbar", "reweighting"),
    },
    "flowjax": {
        "fl.flows.real_nvp": ("flows", "flowjax", "flows"),
        "import fisherlib.flows.training": ("flows", "flowjax", "flows"),
    },
    "freud sklearn": {
        "import fisherlib.glass": ("glass", "freud", "glass"),
        "fl.glass.read": ("glass", "freud", "glass"),
        "fl.regression.lasso_path(fl.Moments.from_rows(np.eye(3), np.arange(3)))": ("regression", "sklearn", "methods"),
    },
    "optuna": {
        "import fisherlib.tuning": ("tuning", "optuna", "tuning"),
        "fl.tuning.search": ("tuning", "optuna", "tuning"),
        "fl.figures.pareto(None)": ("figures", "optuna", "tuning"),
    },
    "equinox ipywidgets pooch": {
        "fl.neural.train": ("neural", "equinox", "neural"),
        "fl.widgets.Dashboard": ("widgets", "ipywidgets", "lab"),
        "fl.io.fetch('ZuoEtAl2020.tar.gz')": ("io", "pooch", "io"),
    },
}
TRIED = """
import numpy as np
import fisherlib as fl
for line in {!r}:
    try:
        exec(line)
    except ModuleNotFoundError as missing:
        print(missing.name, missing)
"""


@pytest.mark.parametrize("libraries", MISSING)
def test_a_missing_library_is_answered_by_the_line_that_installs_it(libraries: str) -> None:
    expected = [
        f'{library} fisherlib.{room} needs {library}, which is not installed: pip install "fisherlib[{extra}]"'
        for room, library, extra in MISSING[libraries].values()
    ]
    done = without(libraries.split(), TRIED.format(list(MISSING[libraries])))
    assert (done.stdout.splitlines(), done.stderr) == (expected, "")


@pytest.mark.parametrize(
    ("library", "program", "told"),
    [
        ("nbclient", "report", 'report: fisherlib.report needs nbclient, .* pip install "fisherlib\\[report\\]"\n'),
        ("voila", "widgets.app", 'app: fisherlib.widgets needs voila, .* pip install "fisherlib\\[lab\\]"\n'),
    ],
)
def test_a_program_tells_what_is_missing_in_a_sentence(library: str, program: str, told: str) -> None:
    done = without({library}, f"import runpy; runpy.run_module('fisherlib.{program}', run_name='__main__')")
    assert (done.returncode, done.stdout) == (1, "") and re.fullmatch(told, done.stderr), done.stderr


def test_what_others_miss_is_none_of_our_business() -> None:
    done = without(
        {"plotly"}, "import importlib.util; import fisherlib; print(importlib.util.find_spec('plotly')); import plotly"
    )
    assert done.stdout == "None\n" and done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'plotly'"


def test_rooms_load_on_first_touch_and_unknown_names_are_refused() -> None:
    assert {"io", "figures", "comparison", "widgets", "tables"} <= set(dir(fl))
    assert fl.figures.landscape and fl.io.read
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = fl.nonsense


def test_the_public_names_of_the_design_are_there() -> None:
    public = "Trajectory Dataset Moments accumulate Quadratic fisher energy kl ridge solve Solution LinearPotential Plane landscape"
    assert all(hasattr(fl, name) for name in public.split())


def test_the_conda_environment_has_the_same_packages_and_ranges() -> None:
    conda = environment()
    assert conda.pop("python").specifier == Requirement("python>=3.11").specifier
    assert {n: str(r.specifier) for n, r in conda.items()} == {n: str(r.specifier) for n, r in requirements().items()}


def test_every_package_has_a_range_and_a_locked_version_within_it() -> None:
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / ".ci" / "constraints.txt").read_text(), re.MULTILINE))
    for name, requirement in requirements().items():
        operators = {s.operator for s in requirement.specifier}
        assert {">=", "<"} <= operators, f"{name} has no closed range"
        assert locked[name] in requirement.specifier, name


def test_no_lock_or_script_names_a_package_host() -> None:
    for path in (ROOT / ".ci" / "constraints.txt", ROOT / "Makefile", ROOT / "pyproject.toml"):
        assert "://" not in path.read_text(), path.name


def test_the_readme_names_commands_that_exist() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE))
    assert {"report", "test", "lab"} <= named <= targets
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", readme):
        assert (ROOT / path).exists(), path


def test_python_in_the_readme_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr


def test_ci_runs_make_test_and_nothing_cleverer() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "make test" in script and "install" not in script
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
