"""Is it a Boltzmann sample: published first-principles runs whose labels are right, and some whose are not."""

import json
import lzma
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.diagnostics import Verdict, check, ensemble

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"
ZUO = FOLDER / "zuo2020"
BERYLLIUM = FOLDER / "fitsnap_be_md" / "Be_DFTMD_300K_1000K_JSON.tar.xz"

#: (energy, number of atoms, forces) of each configuration
Run = list[tuple[float, int, list]]
Label = tuple[str, str, float]


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason=f"no {path.name} in ../shared/data beside the checkout")


def judged(run: Run, temperature: float) -> dict[str, Verdict]:
    E, N, F = zip(*run, strict=True)
    forces = np.concatenate([np.ravel(f) for f in F])
    return {v.name: v for v in ensemble(E, N, temperature, forces=forces, key="run")}


def flagged(found: dict[str, Verdict]) -> dict[str, str]:
    return {name: v.level for name, v in found.items() if v.level in ("warn", "fail")}


@pytest.fixture(scope="module")
def zuo() -> dict[str, dict[Label, Run]]:
    """The runs of each element by kind, structure and temperature, in the order of their snapshots."""
    runs: dict[str, dict[Label, list]] = {}
    for element in ("Si", "Ge", "Li", "Mo"):
        found = runs.setdefault(element, {})
        for part in ("training", "test"):
            with lzma.open(ZUO / f"mlearn_{element}_{part}.json.xz") as file:
                for entry in json.load(file):
                    said = re.match(r"Snapshot (\d+) of \d+ of (.*) at (\d+) ?K", entry["description"])
                    if said:
                        output, label = entry["outputs"], (entry["group"], said[2], float(said[3]))
                        row = (int(said[1]), output["energy"], entry["num_atoms"], output["forces"])
                        found.setdefault(label, []).append(row)
    return {
        element: {label: [row[1:] for row in sorted(rows, key=lambda r: r[0])] for label, rows in found.items()}
        for element, found in runs.items()
    }


def only(runs: dict[Label, Run], group: str, temperature: float) -> Run:
    (run,) = [run for (kind, _, T), run in runs.items() if kind == group and temperature == T]
    return run


@needs(ZUO)
def test_the_good_bulk_runs_pass(zuo: dict) -> None:
    ratios = []
    for element in ("Si", "Ge", "Li"):
        for (kind, _, temperature), run in zuo[element].items():
            if kind == "AIMD-NVT":
                found = judged(run, temperature)
                assert flagged(found) == {}
                ratios.append(found["canonical ratio"].value)
    assert len(ratios) == 22 and 0.64 < min(ratios) < 0.66 and 1.36 < max(ratios) < 1.38


@needs(ZUO)
def test_molybdenum_bulk_runs_pass(zuo: dict) -> None:
    for temperature, ratio in ((300.0, 1.82), (3000.0, 1.05), (6000.0, 1.03)):
        found = judged(only(zuo["Mo"], "AIMD-NVT", temperature), temperature)
        assert flagged(found) == {}
        assert found["canonical ratio"].value == pytest.approx(ratio, abs=0.01)


@needs(ZUO)
@pytest.mark.parametrize(
    ("element", "temperature", "level", "strange"),
    [
        ("Si", 300.0, "fail", 31),  # melt, and one configuration of the solid
        ("Si", 3374.0, "warn", 6),  # solid, and one configuration of the melt
        ("Mo", 300.0, "fail", 3),  # one configuration of the run at 6000 K
    ],
)
def test_exchanged_labels_and_configurations_are_found(
    zuo: dict, element: str, temperature: float, level: str, strange: int
) -> None:
    found = judged(only(zuo[element], "Vacancy", temperature), temperature)
    assert found["canonical ratio"].level == level and "far too much" in found["canonical ratio"].message
    assert found["outliers"].level == "warn" and f"configuration {strange} (counted" in found["outliers"].message


@needs(ZUO)
@pytest.mark.parametrize(("temperature", "level"), [(300.0, "fail"), (2422.0, "warn")])
def test_half_solid_and_half_melt_is_found(zuo: dict, temperature: float, level: str) -> None:
    found = judged(only(zuo["Ge"], "Vacancy", temperature), temperature)
    assert flagged(found) == {"canonical ratio": level, "autocorrelation": "warn", "drift": "warn"}


def without_descriptors(element: str, part: str) -> fl.Dataset:
    """A file as it is read, with descriptors that say nothing: none are needed to judge the sample."""
    rng = np.random.default_rng(0)
    return fl.Dataset(
        fl.Trajectory(
            key=f.key,
            temperature=f.temperature,
            n_atoms=f.n_atoms,
            energies=f.energies,
            descriptors=rng.normal(size=(len(f.n_atoms), 1)),
            forces=f.forces.ravel(),
            force_descriptors=rng.normal(size=(f.forces.size, 1)),
            species=f.numbers,
        )
        for f in fl.io.read_frames(ZUO / f"mlearn_{element}_{part}.json.xz")
    )


#: Trajectories of whole files that are named, by what is found of them.
MUCH, LITTLE = "energies fluctuate far too much", "energies fluctuate far too little"
DEFECTS = {
    "Mo": ("warn", {"Vacancy AIMD NVT simulation at 300 K": MUCH}),
    "Si": (
        "fail",
        {"Vacancy AIMD NVT simulation at 300 K": MUCH, "Vacancy AIMD NVT simulation at 3374 K": LITTLE},
    ),
    "Ge": ("fail", {"Vacancy AIMD NVT simulation at 300 K": MUCH, "Vacancy AIMD NVT simulation at 2422 K": MUCH}),
    "Li": ("warn", {"Vacancy AIMD NVT simulation at 907 K": LITTLE}),
}


@needs(ZUO)
@pytest.mark.parametrize("element", DEFECTS)
def test_every_defect_of_a_whole_file_is_named_beside_unknown_temperatures(element: str) -> None:
    data, (level, defects) = without_descriptors(element, "training"), DEFECTS[element]
    (found,) = [v for v in check(data) if v.name == "canonical ratio"]
    assert found.level == level and np.isfinite(found.value)
    sentences = re.split(r"\. (?=[A-Z])", found.message)
    for key, words in defects.items():
        (said,) = [s for s in sentences if key in s]
        assert words in said
    (unknown,) = [s for s in sentences if "the temperature is not known" in s]
    assert "Surface" in unknown and "Elastic" in unknown and "simulation" not in unknown
    others = found.message
    for key in (*defects, "Surface", "Elastic"):  # of which names of the good runs may be a part
        others = others.replace(key, "")
    assert not any(key in others for key in data)


@needs(BERYLLIUM)
@pytest.mark.parametrize(("temperature", "ratio"), [(300, 6.8), (1000, 4.8)])
def test_consecutive_steps_from_a_perfect_crystal_are_no_sample(temperature: int, ratio: float) -> None:
    run: dict[int, tuple] = {}
    with tarfile.open(BERYLLIUM) as archive:
        for member in archive:
            said = re.search(rf"DFTMD_{temperature}K/Be_(\d+)\.json$", member.name)
            if said:
                text = archive.extractfile(member).read().decode().split("\n", 1)[1]  # below a line of comment
                entry = json.loads(text)["Dataset"]["Data"][0]
                run[int(said[1])] = (entry["Energy"], entry["NumAtoms"], entry["Forces"])
    found = judged([run[step] for step in sorted(run)], float(temperature))
    assert found["canonical ratio"].level != "ok" and found["canonical ratio"].value == pytest.approx(ratio, abs=0.05)
    assert found["autocorrelation"].level == "warn" and found["autocorrelation"].value > 0.99
    assert "consecutive steps" in found["autocorrelation"].message
