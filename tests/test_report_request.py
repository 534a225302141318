"""What a report is asked for is looked at before a kernel starts; all that is missing is told at once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

import fisherlib as fl
from fisherlib.report import ParameterError, __main__
from fisherlib.report.parameters import spoken
from fisherlib.report.request import asked

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "reports" / "theta_f.ipynb"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files: of copper without a temperature, with one, of several runs, and without forces."""
    folder, rng, frames = tmp_path_factory.mktemp("own"), np.random.default_rng(0), []
    for k in range(12):
        atoms = Atoms("Cu4", rng.normal(size=(4, 3)) + 3 * np.eye(4, 3), cell=[9.0] * 3, pbc=True)
        atoms.calc = SinglePointCalculator(atoms, energy=float(k), forces=rng.normal(size=(4, 3)))
        frames.append(atoms)
    for k, atoms in enumerate(frames):
        atoms.info["run"] = k // 3
    ase.io.write(folder / "31.xyz", frames[:4])
    for atoms in frames:
        del atoms.info["run"]
    for number in (1, 3, 4):
        ase.io.write(folder / f"{number}.xyz", frames[:number])
    ase.io.write(folder / "own.xyz", frames)
    for atoms in frames:
        atoms.info["temperature"] = 800.0
    ase.io.write(folder / "stated.xyz", frames)
    for k, atoms in enumerate(frames):
        atoms.info["run"] = k % 3
    ase.io.write(folder / "runs.xyz", frames)
    for atoms in frames:
        del atoms.info["temperature"]
    ase.io.write(folder / "cold.xyz", frames)
    ase.io.write(folder / "bare.xyz", [Atoms(a.symbols, a.positions) for a in frames])
    fl.io.write_theta(fl.LinearPotential(theta=np.ones(5)), folder / "theta.json")
    rows = {"n_atoms": [4] * 12, "species": np.full(48, 29), "positions": rng.normal(size=(48, 3))}
    rows |= {"site_descriptors": rng.normal(size=(48, 2)), "force_descriptors": rng.normal(size=(144, 2))}
    rows |= {"descriptors": rows["site_descriptors"].reshape(12, 4, 2).sum(axis=1), "energies": rng.normal(size=12)}
    own = fl.Trajectory(key="run", temperature=300.0, forces=rng.normal(size=144), **rows)
    fl.io.write(fl.Dataset([own]), folder / "own.npz")
    return folder


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        ({"temperature": "-5"}, ["TEMPERATURE: expected a temperature in kelvin from 0.001 to 10000000, got -5"]),
        ({"temperature": "1e-300"}, ["TEMPERATURE: expected"]),
        ({"temperature": "hot"}, ["TEMPERATURE: expected", "got 'hot'"]),
        ({"seed": "-1", "n": "100000"}, ["SEED: expected", "; N: expected", "from 3 to 201, got 100000", "; own.xyz states"]),
        ({"temperature": "300", "cutoff": "0"}, ["CUTOFF: expected a radius in Å from 0.5 to 20, got 0"]),
        ({"temperature": "300", "descriptor": "foo"}, ["DESCRIPTOR: expected one of soap", ", got 'foo'"]),
        ({"temperature": "300", "descriptor": "soap:n=3"}, ["DESCRIPTOR: expected soap:CUTOFF=4.5,N_MAX=8, say", "n_max, l_max"]),
        ({"temperature": "300", "descriptor": "soap:n_max=99"}, ["DESCRIPTOR: expected", "radial functions from 1 to 20, got 99"]),
        ({"temperature": "300", "folds": "1"}, ["FOLDS: expected"]),
        ({"temperature": "300", "seed": "1.5"}, ["SEED: expected a whole number, got '1.5'"]),
        ({"temperature": "300", "theta": "no.json"}, ["no.json: no such file"]),
        ({"theta": "theta.json"}, ["THETA: expected the K = 105 parameters of own.xyz, got 5; own.xyz states no temperature"]),
        ({"temperature": "300", "key": "rum"}, ["rum"]),
        ({"temperature": "300", "energies": "e"}, ["ENERGIES", "'e'"]),
        ({"temperature": "300", "descriptors": "d"}, ["FORCE_DESCRIPTORS"]),
        ({"temperature": "300", "gradient": "true"}, ["GRADIENT: own.xyz has no column of force descriptors to negate"]),
        ({"data": "no.npz"}, ["no.npz: no such file"]),
        ({"data": "."}, ["and 8 others has no forces by a usual name"]),
        ({"data": "theta.json"}, ["theta.json"]),
        ({"data": "bare.xyz"}, ["bare.xyz has no energies", "bare.xyz has no forces", "bare.xyz states no temperature"]),
        ({"data": "a\0b"}, ["has a NUL"]),
        ({"data": "None"}, ["None: no such file"]),
        ({"temperature": "300", "theta": "5"}, ["5: no such file"]),
        ({"temperature": "300", "forces": "5"}, ["FORCES", "'5'"]),
        ({"data": "1.xyz"}, ["1.xyz has 1 configuration: nothing can be held out; give at least 4"]),
        ({"data": "3.xyz", "n_max": "2"}, ["3.xyz has 3 configurations: too few to hold some out and fit to the others; g"]),
        (
            {"data": "4.xyz", "temperature": "3", "cutoff": "5"},
            ["DESCRIPTOR: SOAP with N_MAX=6, L_MAX=4 has K = 105 descriptors for 1 element, more than the 48 force components"],
        ),
        ({"data": "31.xyz", "key": "run"}, ["31.xyz has 1 configuration outside its longest trajectory: too few to fit to"]),
        ({"temperature": "300", "network": "a,b"}, ["NETWORK: expected units of its hidden layers, such as 32,32, got 'a,b'"]),
        ({"temperature": "300", "network": "0"}, ["NETWORK: expected units of its hidden layers"]),
        ({"data": "own.npz", "network": "8"}, ["NETWORK: own.npz has descriptors of its own, without their Jacobian: leave it out"]),
        ({"gradient": "no"}, ["GRADIENT: expected true or false, got 'no'"]),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_told_at_once(given: dict[str, str], sentences: list[str]) -> None:
    with pytest.raises(ParameterError) as refused:
        asked(NOTEBOOK, {"data": "own.xyz"} | given)
    assert all(sentence in str(refused.value) for sentence in sentences), str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_good_request_is_let_through(folder: Path) -> None:
    before, given = asked(NOTEBOOK, {"DATA": "own.xyz", "TEMPERATURE": "300", "N": "5"})
    assert given == {"data": "own.xyz", "temperature": 300.0, "n": 5} and before["folds"] == 5
    asked(NOTEBOOK, {"data": "stated.xyz", "cutoff": 4, "n_max": 2, "l_max": 1})
    asked(NOTEBOOK, {"data": "stated.xyz", "descriptor": "soap:cutoff=4,l_max=1", "n_max": 2})
    asked(NOTEBOOK, {"theta": "data/theta_energy.json"})
    assert asked(NOTEBOOK, {"data": "stated.xyz", "network": "16"})[1]["network"] == "16"


def test_descriptors_of_many_elements_are_fewer_unless_they_are_chosen(tmp_path: Path) -> None:
    rng, frames = np.random.default_rng(0), []
    for k in range(20):
        atoms = Atoms("CuAgAuPd" * 4, rng.random((16, 3)) * 9, cell=[9.0] * 3, pbc=True)
        atoms.calc = SinglePointCalculator(atoms, energy=float(k), forces=rng.normal(size=(16, 3)))
        frames.append(atoms)
    ase.io.write(tmp_path / "four.xyz", frames)
    wanted = {"data": str(tmp_path / "four.xyz"), "temperature": 300.0}
    before, _ = asked(NOTEBOOK, wanted)
    assert {name: before[name] for name in ("cutoff", "n_max", "l_max")} == dict.fromkeys(("cutoff", "n_max", "l_max"))
    with pytest.raises(ParameterError, match="K = 6000 descriptors for 4 elements, more than the 960"):
        asked(NOTEBOOK, {**wanted, "n_max": 6})


def test_a_report_needs_no_temperature_where_none_is_stated(folder: Path) -> None:
    with pytest.warns(
        UserWarning, match=r"^own\.xyz states no temperature: the fit does not need it, .*TEMPERATURE=1200"
    ):
        _, given = asked(NOTEBOOK, {"data": "own.xyz"})
    assert given == {"data": "own.xyz"}


def test_a_likely_key_is_named_with_what_is_missing_or_else_by_a_warning() -> None:
    sentence = "`run` has 3 values: KEY=run tells the runs apart"
    with pytest.raises(ParameterError, match=f"N: expected .* give TEMPERATURE=1200, say, in K; {sentence}"):
        asked(NOTEBOOK, {"data": "cold.xyz", "n": "1"})
    with pytest.warns(UserWarning) as told:
        asked(NOTEBOOK, {"data": "cold.xyz"})
    assert str(told[-1].message) == sentence and len(told) == 2
    with pytest.warns(UserWarning, match=f"^{sentence}$"):
        asked(NOTEBOOK, {"data": "runs.xyz"})
    asked(NOTEBOOK, {"data": "runs.xyz", "key": "run"})


def test_a_number_can_be_a_name(folder: Path) -> None:
    frames = ase.io.read(folder / "runs.xyz", ":")
    for atoms in frames:
        atoms.info = {"1": atoms.info["run"], "temperature": 800.0}
    ase.io.write("numbers.xyz", frames)
    with pytest.warns(UserWarning, match="^`1` has 3 values: KEY=1 tells the runs apart$"):
        asked(NOTEBOOK, {"data": "numbers.xyz"})
    assert asked(NOTEBOOK, {"data": "numbers.xyz", "KEY": "1"})[1]["key"] == "1"


def test_a_fault_is_told_once() -> None:
    with pytest.raises(ParameterError) as refused:
        asked(NOTEBOOK, {"data": "stated.xyz", "CUTOFF": "0"})
    assert str(refused.value).count("CUTOFF") == 1


@pytest.mark.parametrize("again", ["DATA=own.xyz", "data=own.xyz"])
def test_what_is_given_twice_is_refused(again: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["DATA=stated.xyz", again]) == 2
    assert capsys.readouterr().err == "report: DATA: given twice\n"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("give temperature= in kelvin", "give TEMPERATURE= in kelvin"),
        ("n: expected 3; seed: expected 1", "N: expected 3; SEED: expected 1"),
        ("SOAP with n_max= and n = 3", "SOAP with n_max= and N = 3"),
        ("give seed=('W', 'Be', …), one for each", "give SEED=W,Be,…, one for each"),
        ("on: the n of my_n= and n == 3", "on: the n of my_n= and n == 3"),
    ],
)
def test_arguments_are_told_as_they_are_typed(message: str, told: str) -> None:
    assert spoken(message, ["temperature", "n", "seed"]) == told


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fisherlib.report", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, timeout=120)


def test_the_environment_counts_and_the_command_line_wins() -> None:
    done = run("n=1", DATA="own.xyz")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "report: from the environment: DATA",
        "report: N: expected a whole number of points along an axis from 3 to 201, got 1; own.xyz states no temperature: the fit does "
        "not need it, but J and KL are divided by β² and weights are left out; give TEMPERATURE=1200, say, in K",
    ]
    done = run("data=bare.xyz", "Temperature=3", DATA="own.xyz", TEMPERATURE="x", temperature="7", Theta="t")
    assert "from the environment" not in done.stderr and "bare.xyz has no energies" in done.stderr


def test_what_is_missing_is_told_without_the_slow_libraries() -> None:
    script = "import sys; from fisherlib.report.__main__ import main; code = main(['DATA=bare.xyz', '--target=out'])\n"
    script += (
        "print(code, [m for m in ('nbformat', 'nbconvert', 'papermill', 'nbclient', 'plotly') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "2 []" and done.stderr.count("\n") == 1
    assert not Path("out").exists()


@pytest.mark.parametrize("target", ["own.xyz", "own.xyz/reports", "/proc/nothing"])
def test_a_folder_that_cannot_be_written_to_is_told_before_the_run(target: str) -> None:
    done = run("DATA=stated.xyz", f"--target={target}")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"report: --target: cannot write to the folder {target} (")
    assert done.stderr.count("\n") == 1


def test_a_missing_module_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def written(*_: object) -> list[Path]:
        raise ModuleNotFoundError('fisherlib.report needs nbclient: pip install "fisherlib[report]"', name="nbclient")

    monkeypatch.setattr(__main__, "_written", written)
    assert __main__.main([]) == 1
    assert capsys.readouterr().err == 'report: fisherlib.report needs nbclient: pip install "fisherlib[report]"\n'


@pytest.mark.notebooks
@pytest.mark.parametrize(
    ("sent", "status", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "ended")]
)
def test_an_interrupt_ends_in_one_sentence_and_leaves_nothing(
    tmp_path: Path, sent: signal.Signals, status: int, word: str
) -> None:
    pid, notebook = tmp_path / "pid", tmp_path / "long.ipynb"
    code = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    cell = {"cell_type": "code", "metadata": {}, "source": code, "outputs": [], "execution_count": None, "id": "a"}
    notebook.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    (tmp_path / "tmp").mkdir()
    # As a shell's job in the background ignores interrupts, and its children with it, the default is restored here.
    process = subprocess.Popen(
        [sys.executable, "-m", "fisherlib.report", "--notebook=long.ipynb"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert waited(lambda: pid.exists() and pid.read_text()), "the kernel did not start within two minutes"
        process.send_signal(sent)
        assert process.communicate(timeout=60)[1] == f"report: {word}; nothing was written\n"
    finally:
        process.kill()
        process.wait()
    assert process.returncode == status
    assert waited(lambda: not Path("/proc", pid.read_text()).exists()), "the kernel outlives the report"
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "reports").exists()


def waited(so: object) -> bool:
    """Whether something comes true within two minutes."""
    for _ in range(1200):
        if so():
            return True
        time.sleep(0.1)
    return False


def test_a_file_that_states_two_temperatures_states_some(folder: Path) -> None:
    frames = ase.io.read(folder / "stated.xyz", index=":")
    for k, atoms in enumerate(frames):
        atoms.info["temperature"] = 300.0 if k < 6 else 900.0
    ase.io.write(folder / "two.xyz", frames)
    told = r"^two\.xyz states 300 and 900 K: give KEY= of what tells them apart, or TEMPERATURE=1200, say, in K"
    with pytest.raises(ParameterError, match=told):
        asked(NOTEBOOK, {"data": "two.xyz"})
