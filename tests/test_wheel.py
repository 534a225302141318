"""An installed package brings the report and the shipped data along, and needs no checkout."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from unpack import unpack

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"


def built(what: str, source: Path, target: Path) -> Path:
    """An sdist or a wheel of a folder."""
    command = [sys.executable, "-c", BUILD, what, str(target)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return target / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel, built from an sdist as package indices do, puts beside other packages."""
    try:
        version = int(metadata.version("setuptools").split(".")[0])
    except metadata.PackageNotFoundError:
        version = 0
    if version < 77:
        pytest.skip("no setuptools that can build the package: install fisherlib[test]")
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("__pycache__", ".cache", ".cu55", ".ipynb_checkpoints")
    for name in ("fisherlib", "data", "notebooks"):
        shutil.copytree(ROOT / name, folder / "checkout" / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "checkout")
    with tarfile.open(built("sdist", folder / "checkout", folder)) as archive:
        unpack(archive, folder / "sdist")
    wheel = built("wheel", next((folder / "sdist").iterdir()), folder)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    shutil.rmtree(folder / "checkout")
    shutil.rmtree(folder / "sdist")
    return folder / "installed"


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


def test_every_package_is_in_the_wheel(installed: Path) -> None:
    packages = {p.parent.relative_to(ROOT) for p in (ROOT / "fisherlib").rglob("__init__.py")}
    assert packages == {p.parent.relative_to(installed) for p in installed.rglob("__init__.py")}
    for kind in ("*.py", "*.js", "*.css", "*.j2"):
        wanted = {p.relative_to(ROOT) for p in (ROOT / "fisherlib").rglob(kind)}
        assert wanted == {p.relative_to(installed) for p in (installed / "fisherlib").rglob(kind)}
    assert (installed / "fisherlib" / "descriptors" / "elements.csv").is_file()


def test_it_brings_the_data_and_the_notebooks_and_nothing_else(installed: Path) -> None:
    shipped = installed / "fisherlib" / "shipped"
    found = {p.relative_to(shipped).as_posix() for p in shipped.rglob("*") if p.is_file()}
    wanted = {p.relative_to(ROOT).as_posix() for p in (ROOT / "notebooks").rglob("*.ipynb")}
    wanted |= {p.relative_to(ROOT).as_posix() for p in (ROOT / "notebooks" / "images" / "gallery").glob("*.png")}
    wanted |= {p.relative_to(ROOT).as_posix() for p in (ROOT / "data").glob("g*/*.npz")}  # generators and glasses
    wanted |= {p.relative_to(ROOT).as_posix() for p in (ROOT / "data" / "methods").iterdir()}
    assert found == wanted | {
        "data/cu55_1200K.npz",
        "data/theta_energy.json",
        "data/cu55_tuning.journal",
        "data/README.md",
    }
    assert sorted(p.name.split("-")[0] for p in installed.iterdir()) == ["fisherlib", "fisherlib"]


def test_the_command_is_the_module(installed: Path) -> None:
    points = next(installed.glob("*.dist-info")).joinpath("entry_points.txt").read_text().split("\n")
    assert "fisherlib-report = fisherlib.report.__main__:main" in points


def test_the_shipped_data_are_listed_and_read_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    script = "import fisherlib as fl; print(fl.__file__, fl.io.data_files(), fl.io.theta_files()); "
    script += "print(fl.io.open('data/cu55_1200K.npz').configurations, fl.io.read_theta('data/theta_energy.json').K)"
    done = run(installed, tmp_path, "-c", script)
    assert done.stdout.splitlines() == [
        f"{installed / 'fisherlib' / '__init__.py'} ['data/cu55_1200K.npz'] ['data/theta_energy.json']",
        "1000 105",
    ], done.stderr


def test_a_mistake_is_told_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "own.xyz").write_text(
        '2\nProperties=species:S:1:pos:R:3:forces:R:3 energy=1.0 pbc="F F F"\nCu 0 0 0 0 0 0\nCu 0 0 2 0 0 0\n'
    )
    done = run(installed, tmp_path, "-m", "fisherlib.report", "DATA=own.xyz")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("report: own.xyz has 1 configuration: nothing can be held out; give at least 4; ")
    assert done.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["own.xyz"]


@pytest.mark.notebooks
def test_the_report_on_an_own_file_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    pickled = ROOT / "tests" / "pickles" / "md-numpy1.26-ase3.23-p4.pkl"
    shutil.copy(pickled, tmp_path / "md.pkl")
    arguments = ("DATA=md.pkl", "temperature=300", "folds=2", "n=5")
    done = run(installed, tmp_path, "-m", "fisherlib.report", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["reports/theta_f.html", "reports/theta_f.json"]
    assert "md.pkl · 300 K" in (tmp_path / "reports" / "theta_f.html").read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / "reports" / "theta_f.json").read_text())
    assert numbers["temperature"] == 300.0 and numbers["data"]["trajectories"] == 2
