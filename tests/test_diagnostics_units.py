"""Units, signs and borders of files without a word about them: each mistake is named with its factor, right sets are left alone."""

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path

import ase.build
import ase.io
import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.cluster import Icosahedron

import fisherlib as fl
from fisherlib import diagnostics
from fisherlib.descriptors import Soap
from fisherlib.diagnostics.bonds import bonds
from fisherlib.diagnostics.force_sign import slope_verdict
from fisherlib.diagnostics.training_set import training_set
from fisherlib.units import BOHR, HARTREE

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
SOAP = Soap(n_max=4, l_max=2)

#: eV in each unit of energy, and eV/Å in that of the force that comes with it.
UNITS = {
    "Ha": (HARTREE, HARTREE / BOHR, "Ha/Bohr"),
    "Ry": (HARTREE / 2, HARTREE / BOHR / 2, "Ry/Bohr"),
    "kcal/mol": (4.184 / 96.48533212, 4.184 / 96.48533212, "kcal/mol/Å"),
    "kJ/mol": (1 / 96.48533212, 1 / 96.48533212, "kJ/mol/Å"),
}
PRESETS = {"Ha": "cp2k", "Ry": "Ry", "kcal/mol": "real", "kJ/mol": "kJ/mol"}
MISTAKES = [(unit, which) for unit in UNITS for which in ("energies", "forces", "both")]


def case(name: str) -> Path:
    """A small input that once failed."""
    found = sorted(CASES.glob(f"{name}*"))
    if not found:
        pytest.skip(f"no {name} in {CASES} beside the project")
    return found[0]


def read(path: Path, **options: object) -> fl.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fl.io.read(path, check=False, **options)


def crystals(element: str, rng: np.random.Generator, *, shake: float, strain: float = 0.0, number: int = 16) -> list:
    made = []
    for _ in range(number):
        atoms = ase.build.bulk(element, cubic=True).repeat(2)
        atoms.set_cell(atoms.cell @ (np.eye(3) + strain * rng.normal(size=(3, 3))), scale_atoms=True)
        atoms.rattle(shake, rng=rng)
        made.append(atoms)
    return made


def clusters(element: str, rng: np.random.Generator, *, shells: int, shake: float) -> list:
    made = []
    for _ in range(16):
        atoms = ase.Atoms(Icosahedron(element, shells))
        atoms.rattle(shake, rng=rng)
        made.append(atoms)
    return made


def volumes(element: str, rng: np.random.Generator) -> list:
    made = crystals(element, rng, shake=0.05)
    for atoms, scale in zip(made, np.linspace(0.94, 1.06, len(made)), strict=True):
        atoms.set_cell(atoms.cell * scale, scale_atoms=True)
    return made


#: Twenty right sets: seven elements, cold, hot, strained, of several volumes and isolated.
RIGHT: dict[str, Callable[[np.random.Generator], list]] = {
    **{f"cold {e}": lambda rng, e=e: crystals(e, rng, shake=0.03) for e in ("Cu", "Al", "Ni", "Ag")},
    **{f"hot {e}": lambda rng, e=e: crystals(e, rng, shake=0.2) for e in ("Cu", "Al", "Pt", "Au", "Pd")},
    **{f"strained {e}": lambda rng, e=e: crystals(e, rng, shake=0.02, strain=0.03) for e in ("Ni", "Pd", "Ag")},
    **{f"volumes of {e}": lambda rng, e=e: volumes(e, rng) for e in ("Cu", "Al", "Pt")},
    **{f"clusters of {e}": lambda rng, e=e: clusters(e, rng, shells=2, shake=0.12) for e in ("Cu", "Au", "Ag", "Pd")},
    "larger clusters of Ni": lambda rng: clusters("Ni", rng, shells=3, shake=0.1),
}
assert len(RIGHT) == 20


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], fl.Dataset]:
    """A right set by its name, read from an extended xyz with energies and forces of ASE's EMT."""
    folder, kept = tmp_path_factory.mktemp("right"), {}

    def get(name: str) -> fl.Dataset:
        if name not in kept:
            frames = RIGHT[name](np.random.default_rng(list(RIGHT).index(name)))
            for atoms in frames:
                atoms.calc = EMT()
                found = atoms.get_potential_energy(), atoms.get_forces()
                atoms.calc, atoms.info["energy"], atoms.arrays["forces"] = None, *found
            path = folder / f"{name.replace(' ', '_')}.xyz"
            ase.io.write(path, frames, format="extxyz")
            kept[name] = read(path, descriptor=SOAP)
        return kept[name]

    return get


def in_units(data: fl.Dataset, energy: float, force: float, length: float = 1.0) -> fl.Dataset:
    """The data as a file in other units would give them; a length scales what descriptors are made of as well."""
    made = [
        dataclasses.replace(
            t,
            energies=t.energies / energy,
            forces=t.forces / force,
            positions=t.positions / length,
            cell=None if t.cell is None else t.cell / length,
            force_descriptors=t.force_descriptors * length,
        )
        for t in data.values()
    ]
    return fl.Dataset(made, provenance=data.provenance)


def told(data: fl.Dataset) -> list[str]:
    return [v.message for v in diagnostics.consistency(data) if v.level in ("warn", "fail") and "units" in v.message]


@pytest.mark.parametrize("name", RIGHT)
def test_no_unit_of_a_right_set_is_doubted(sets: Callable[[str], fl.Dataset], name: str) -> None:
    data = sets(name)
    assert told(data) == []
    found = {v.name: v.level for v in diagnostics.consistency(data)}
    assert "fail" not in found.values() and found.get("borders", "ok") == "ok"
    assert 1 / 5 < bonds(data).stiffness < 5


@pytest.mark.parametrize(("unit", "which"), MISTAKES)
@pytest.mark.parametrize("name", ["hot Cu", "clusters of Au"])
def test_a_mistake_in_units_is_named_with_its_factor(
    sets: Callable[[str], fl.Dataset], name: str, unit: str, which: str
) -> None:
    energy, force, of_forces = UNITS[unit]
    data = in_units(sets(name), energy if which != "forces" else 1.0, force if which != "energies" else 1.0)
    (sentence,) = told(data)
    words = {
        "energies": f"energies look like {unit}, not eV (units={{'energy': '{unit}'}} multiplies them by {energy:.6g}",
        "forces": f"forces look like {of_forces}, not eV/Å (units={{'force': '{of_forces}'}} multiplies them by {force:.6g}",
        "both": f"energies look like {unit} and forces like {of_forces}, not eV and eV/Å (units='{PRESETS[unit]}' ",
    }
    assert words[which] in sentence
    assert sentence.count("look like") <= 2


def test_lengths_in_bohr_are_told_by_the_shortest_distance(sets: Callable[[str], fl.Dataset]) -> None:
    data = in_units(sets("hot Cu"), HARTREE, HARTREE / BOHR, BOHR)
    (sentence,) = told(data)
    assert (
        "lengths like Bohr" in sentence
        and "units='atomic' multiplies them by 27.2114, 51.4221 and 0.529177" in sentence
    )


def test_forces_alone_are_told_by_the_stiffness_of_bonds(sets: Callable[[str], fl.Dataset]) -> None:
    data = in_units(sets("hot Cu"), 1.0, HARTREE / BOHR)
    (sentence,) = told(fl.Dataset([dataclasses.replace(t, energies=None) for t in data.values()]))
    assert "forces look like Ha/Bohr" in sentence and "energies" not in sentence


def test_the_stiffness_of_bonds_is_that_of_springs() -> None:
    # Pairs of copper on springs of 8 eV/Å²: −df/dr = 8, in units of 8 times the cohesive energy over the length squared.
    rng, d, k = np.random.default_rng(0), 2.5, 8.0
    r = d + 0.05 * rng.normal(size=(20, 8))
    x = np.zeros((20, 8, 2, 3))
    x[..., 0] = 10.0 * np.arange(8)[:, None]
    x[..., 1, 0] += r
    F = np.zeros_like(x)
    F[..., 0, 0], F[..., 1, 0] = k * (r - d), -k * (r - d)
    rows = F.reshape(-1, 1)
    t = fl.Trajectory(
        key="a",
        n_atoms=np.full(20, 16),
        energies=0.5 * k * ((r - d) ** 2).sum(axis=1),
        descriptors=((r - d) ** 2).sum(axis=1)[:, None],
        forces=rows.ravel(),
        force_descriptors=rows,
        positions=x.reshape(-1, 3),
        species=np.full(320, 29),
    )
    found = bonds(fl.Dataset([t]))
    assert found.stiffness == pytest.approx(k * np.median(r.min(axis=1)) ** 2 / 3.49 / 8.0, rel=0.02)
    assert found.length == pytest.approx(np.median(r.min(axis=1)) / 2.64, rel=1e-6)
    uphill = bonds(fl.Dataset([dataclasses.replace(t, forces=-t.forces)]))
    assert uphill.stiffness == pytest.approx(-found.stiffness)


def test_forces_that_point_uphill_are_blamed_themselves(sets: Callable[[str], fl.Dataset]) -> None:
    (verdict,) = [v for v in diagnostics.consistency(in_units(sets("hot Cu"), 1.0, -1.0)) if v.level == "fail"]
    assert "the forces of the file point uphill" in verdict.message and "gradient" not in verdict.message


def test_descriptors_of_a_file_are_still_blamed_for_their_sign(sets: Callable[[str], fl.Dataset]) -> None:
    flipped = [dataclasses.replace(t, force_descriptors=-t.force_descriptors) for t in sets("hot Cu").values()]
    (verdict,) = [v for v in diagnostics.consistency(fl.Dataset(flipped)) if v.level == "fail"]
    assert verdict.message.endswith("the column holds +∂D/∂x, not Φ = −∂D/∂x; read it with gradient=True")


@pytest.mark.parametrize("seed", range(8))
def test_right_sets_of_several_volumes_are_never_refused(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    frames = crystals("Cu", rng, shake=10.0 ** rng.uniform(-3, -1.5), strain=rng.uniform(0.005, 0.04))
    for atoms in frames:
        atoms.calc = EMT()
        found = atoms.get_potential_energy(), atoms.get_forces()
        atoms.calc, atoms.info["energy"], atoms.arrays["forces"] = None, *found
    ase.io.write(tmp_path / "a.xyz", frames, format="extxyz")
    found = diagnostics.consistency(read(tmp_path / "a.xyz", descriptor=Soap(n_max=3, l_max=2)))
    assert not [v for v in found if v.level == "fail" or "units" in v.message or "(N, K, 3)" in v.message]


def test_volumes_that_differ_are_the_cause_that_is_told(sets: Callable[[str], fl.Dataset]) -> None:
    (verdict,) = [v for v in diagnostics.consistency(sets("volumes of Cu")) if v.name == "open energies"]
    assert verdict.message.startswith("volumes differ (") and "forces do not see volume" in verdict.message
    assert "those of fisher + 0.1 kl by" in verdict.message


# Borders


def test_a_bulk_declared_a_cluster_is_told_by_its_torque(sets: Callable[[str], fl.Dataset]) -> None:
    data = fl.Dataset([dataclasses.replace(t, cell=None, pbc=None) for t in sets("hot Cu").values()])
    found = {v.name: v for v in diagnostics.consistency(data)}
    assert found["borders"].level == "warn" and found["borders"].value > 0.2
    assert "atoms at the border" in found["borders"].message and 'pbc="T T T"' in found["borders"].message


def test_isolated_configurations_among_periodic_ones_are_counted(sets: Callable[[str], fl.Dataset]) -> None:
    (t,) = sets("hot Cu").values()
    pbc = np.repeat(np.arange(len(t)) % 2 == 0, 3).reshape(-1, 3)
    found = {v.name: v for v in diagnostics.consistency(fl.Dataset([dataclasses.replace(t, pbc=pbc)]))}
    assert "8 of 16 configurations are isolated, the others periodic" in found["periodic directions"].message
    assert found["borders"].level == "warn"


# Training sets and groups that decide


def test_a_training_set_gets_one_sentence_in_place_of_those_on_a_sample(sets: Callable[[str], fl.Dataset]) -> None:
    found = [v.name for v in fl.trust.verdicts(sets("volumes of Cu"), temperature=300.0)]
    assert "training set" in found
    gone = {"canonical ratio", "drift", "autocorrelation", "outliers", "tail of the weights", "trajectories", "weights"}
    assert not gone & set(found)


def test_runs_of_several_volumes_are_no_training_set(few_walkers: fl.Dataset) -> None:
    made = []
    for n, t in enumerate(few_walkers.values()):
        cell = np.tile((20.0 + n) * np.eye(3), (len(t), 1, 1))
        made.append(dataclasses.replace(t, cell=cell, pbc=np.ones((len(t), 3), dtype=bool)))
    assert training_set(fl.Dataset(made)) == training_set(few_walkers) == []


@pytest.mark.parametrize("apart", [False, True])
def test_a_few_configurations_that_decide_are_named_with_their_share(few_walkers: fl.Dataset, apart: bool) -> None:
    first, *others = few_walkers.values()
    number = len(first) if apart else 3
    scale = np.repeat(np.where(np.arange(len(first)) < number, 40.0, 1.0), 3 * first.n_atoms)
    data = fl.Dataset([dataclasses.replace(first, forces=first.forces * scale), *others])
    if apart:
        data = fl.Dataset([dataclasses.replace(first.slice(0, 5), forces=40 * first.slice(0, 5).forces), *others])
    (verdict,) = [v for v in diagnostics.consistency(data) if v.name == "wild forces"]
    starts = 3 * (np.cumsum(data.n_atoms) - data.n_atoms)
    squared = np.sort(np.add.reduceat(data.forces**2, starts))[::-1]
    assert verdict.value == pytest.approx(squared[: 5 if apart else 3].sum() / squared.sum())
    assert ("by all 5 of 'walker-00'" if apart else "by 0, 1, 2 of 'walker-00'") in verdict.message
    assert not [v for v in diagnostics.consistency(few_walkers) if v.name == "wild forces"]


# Small inputs that once failed


@pytest.mark.parametrize("name", ["00_plain", "20_control"])
def test_a_healthy_case_is_left_alone(name: str) -> None:
    found = diagnostics.consistency(read(case(name), temperature=300.0))
    assert [v.message for v in found if v.level != "ok"] == []


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("03_", "units", ["units='cp2k'", "27.2114", "51.4221"]),
        ("03c", "units", ["lengths like Bohr", "units='atomic'"]),
        ("03g", "energy slope", ["the forces of the file point uphill"]),
        ("06c", "borders", ["atoms at the border", "Lattice"]),
        ("06d", "borders", ["atoms at the border", "Lattice"]),
        ("10", "open energies", ["volumes differ", "forces do not see volume"]),
        (
            "21",
            "open energies",
            ["compositions differ", "those of fisher + 0.1 kl by 1.", "force error goes from 0.01"],
        ),
        ("23", "wild forces", ["3 of 19 configurations carry 99.1 %", "16, 17, 18"]),
    ],
)
def test_a_case_that_once_failed_gets_its_sentence(name: str, verdict: str, words: list[str]) -> None:
    found = {v.name: v for v in diagnostics.consistency(read(case(name), temperature=300.0))}
    assert [word for word in words if word not in found[verdict].message] == []
    assert not [v for v in found.values() if "gradient=True" in v.message or "(N, K, 3)" in v.message]


def test_energies_of_an_alloy_are_those_of_least_squares_with_offsets() -> None:
    data = read(case("21"), temperature=300.0)
    (t,) = data.values()
    theta = fl.solve(fl.fisher(fl.accumulate(data))).theta
    n = np.stack([(t.species == z).reshape(len(t), -1).sum(axis=1) for z in (29, 79)], axis=1)
    left = t.energies - t.descriptors @ theta
    rmse = np.sqrt(np.mean((left - n @ np.linalg.lstsq(n, left, rcond=None)[0]) ** 2)) / t.n_atoms[0]
    (verdict,) = [v for v in diagnostics.consistency(data) if v.name == "open energies"]
    assert verdict.value == pytest.approx(1e3 * rmse, rel=1e-3)


# Without energies


def test_data_without_energies_get_every_check_that_needs_none(few_walkers: fl.Dataset) -> None:
    silent = fl.Dataset([dataclasses.replace(t, energies=None) for t in few_walkers.values()])
    for data in (silent.select("walker-00"), fl.Dataset([*silent.values()][:2] + [*few_walkers.values()][2:])):
        for judge in (diagnostics.consistency, diagnostics.check, diagnostics.health, fl.trust.verdicts):
            found = {v.name: v.level for v in judge(data)}
            assert found["energy slope"] == "unknown" and found["force R²"] == "ok" and "fail" not in found.values()
        assert diagnostics.facts(data)["independent energies"] == "not known: there are no energies"
    assert diagnostics.without_copies(silent) is silent
    again = [dataclasses.replace(t, key=f"{t.key} again") for t in silent.values()]
    found = {v.name: v for v in diagnostics.consistency(fl.Dataset([*silent.values(), *again]))}
    assert found["duplicates"].value == 200.0


def test_a_steep_correlation_is_not_called_loose() -> None:
    verdict = slope_verdict(-0.3, -1.0, 0.9, 10.0, computed=True)
    assert verdict.level == "unknown" and "loosely" not in verdict.message
    assert "slope −0.3" in verdict.message
    assert "too loosely (correlation −0.30)" in slope_verdict(-0.01, -0.3, 0.9, 10.0, computed=True).message
