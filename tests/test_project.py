"""Promises of the project as a whole: thin imports, one set of versions, a README that tells the truth."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import fisherlib as fl

ROOT = Path(__file__).resolve().parents[1]


def requirements() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    return {Requirement(line).name: Requirement(line) for line in lines}


def environment() -> dict[str, Requirement]:
    # The file is a flat list of "- name>=x,<y" lines, so no YAML library is needed to read it.
    lines = re.findall(r"^\s+- ([a-z0-9-]+[<>=].*)$", (ROOT / "environment.yml").read_text(), re.MULTILINE)
    return {Requirement(line).name: Requirement(line) for line in lines}


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("plotly", "ipywidgets", "ase", "sklearn", "pandas", "featomic", "tqdm", "IPython")
    heavy += ("h5py", "distributed", "scipy.stats", "scipy.interpolate", "scipy.optimize")
    script = f"import fisherlib, sys; print([m for m in {heavy!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"


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
