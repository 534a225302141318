"""The reference potential: ZBL against a sum by hand, finite differences and LAMMPS's own numbers; off before a fit, on after."""

import dataclasses
from math import exp
from pathlib import Path

import ase.io
import numpy as np
import pytest
import tantalum
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator

import fisherlib as fl
from fisherlib.descriptors import Zbl, contribution, reference_of, without_reference

SOAP = fl.descriptors.Soap(cutoff=4.0, n_max=3, l_max=2)


def by_hand(r: float, Zi: int, Zj: int, inner: float, outer: float) -> float:
    """The energy of a pair, eV: the universal screening, and the polynomial by which its end is moved to zero."""

    def screened(x: float) -> float:
        y = x * (Zi**0.23 + Zj**0.23) / 0.46850
        terms = 0.18175 * exp(-3.1998 * y) + 0.50986 * exp(-0.94229 * y)
        return 14.399645 * Zi * Zj / x * (terms + 0.28022 * exp(-0.4029 * y) + 0.02817 * exp(-0.20162 * y))

    if r >= outer:
        return 0.0
    # E, E' and E'' at the end, the derivatives by differences; the polynomial S has S' = A t² + B t³ and, at the end,
    # S = −E, S' = −E', S'' = −E''.
    h, w = 1e-3, outer - inner
    E, slope = screened(outer), (screened(outer + h) - screened(outer - h)) / (2 * h)
    bend = (screened(outer + h) - 2 * screened(outer) + screened(outer - h)) / h**2
    A, B = np.linalg.solve([[w**2, w**3], [2 * w, 3 * w**2]], [-slope, -bend])
    t = max(r - inner, 0.0)
    C = -E - A / 3 * w**3 - B / 4 * w**4
    return screened(r) + C + A / 3 * t**3 + B / 4 * t**4


def crystal(seed: int = 0, symbols: str = "Ta") -> Atoms:
    atoms = bulk(symbols, "bcc", a=3.3, cubic=True)
    atoms.symbols[0] = "W"
    atoms.set_cell(atoms.cell @ [[1.0, 0.1, 0.0], [0.0, 0.95, 0.05], [0.0, 0.0, 1.02]], scale_atoms=True)
    atoms.rattle(0.2, seed=seed)
    return atoms


@pytest.mark.parametrize("r", [0.5, 2.0, 3.9, 4.2, 4.79, 5.0])
@pytest.mark.parametrize("pair", ["Ta2", "WBe"])
def test_a_pair_has_the_energy_found_by_hand(pair: str, r: float) -> None:
    atoms = Atoms(pair, positions=[[0, 0, 0], [0, 0, r]])
    energy, forces, virial = Zbl(4.0, 4.8)(atoms)
    assert energy == pytest.approx(by_hand(r, *atoms.numbers, 4.0, 4.8), rel=1e-6, abs=1e-7)
    assert np.allclose(forces[0], -forces[1]) and virial[2] == pytest.approx(r * forces[1, 2])


def test_a_crystal_has_the_sum_over_its_pairs() -> None:
    atoms, inner, outer = crystal(), 3.0, 4.0
    shifts = (np.array(list(np.ndindex(7, 7, 7))) - 3) @ atoms.cell.array
    energy = 0.0
    for i in range(len(atoms)):
        for j in range(len(atoms)):
            for r in np.linalg.norm(atoms.positions[j] - atoms.positions[i] + shifts, axis=1):
                energy += 0.5 * by_hand(r, atoms.numbers[i], atoms.numbers[j], inner, outer) if r > 1e-9 else 0.0
    assert Zbl(inner, outer)(atoms)[0] == pytest.approx(energy, rel=1e-6)


@pytest.mark.parametrize("periodic", [True, False])
def test_forces_and_virial_are_derivatives_of_the_energy(periodic: bool) -> None:
    zbl, atoms, h = Zbl(3.0, 4.0), crystal(1), 1e-5
    atoms.pbc = periodic
    _, forces, virial = zbl(atoms)

    def energy(strain: np.ndarray, moved: np.ndarray) -> float:
        other = Atoms(atoms.numbers, atoms.positions @ strain + moved, cell=atoms.cell.array @ strain, pbc=atoms.pbc)
        return zbl(other)[0]

    steps = h * np.eye(6).reshape(6, 2, 3)
    slopes = [(energy(np.eye(3), s) - energy(np.eye(3), -s)) / (2 * h) for s in steps]
    assert np.allclose(forces.ravel(), np.negative(slopes), rtol=1e-6, atol=1e-6)
    for value, (a, b) in zip(virial, [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)], strict=True):
        e = np.zeros((3, 3))
        e[a, b] = h
        slope = (energy(np.eye(3) + e, np.zeros(3)) - energy(np.eye(3) - e, np.zeros(3))) / (2 * h)
        assert value == pytest.approx(-slope, rel=1e-6, abs=1e-6)


def test_the_end_is_smooth() -> None:
    zbl = Zbl(3.0, 4.0)
    energies = [zbl(Atoms("Ta2", positions=[[0, 0, 0], [0, 0, r]]))[0] for r in (4.0 - 1e-3, 4.0 - 2e-3)]
    assert energies[0] == pytest.approx(0, abs=1e-8) and energies[1] / energies[0] == pytest.approx(8.0, rel=0.02)


@pytest.mark.filterwarnings("ignore:Ta_snap2J6")
def test_lammps_gives_the_same_numbers(tmp_path: Path) -> None:
    tantalum.beside()
    truth = fl.io.read(tantalum.ROWS, check=False)
    for frames in without_reference(fl.io.read_frames(tantalum.unpacked(tmp_path)), Zbl(4.0, 4.8)):
        rows = truth[frames.key]
        assert np.abs((frames.energies - rows.energies) / frames.n_atoms).max() < 1e-11
        assert np.abs(frames.forces.ravel() - rows.forces).max() < 1e-10


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copper by EMT plus ZBL, some of it squeezed."""
    rng, frames, zbl = np.random.default_rng(0), [], Zbl(1.8, 2.6)
    for n in range(12):
        atoms = bulk("Cu", cubic=True, a=3.0 if n < 3 else 3.6)
        atoms.positions += rng.normal(0, 0.1, (4, 3))
        atoms.calc = EMT()
        found = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
        energy, forces, _ = zbl(atoms)
        given = {"energy": found["energy"] + energy, "forces": found["forces"] + forces}
        for to, values in ((frames, found), (frames, given)):
            frame = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
            frame.calc = SinglePointCalculator(frame, **values)
            to.append(frame)
    folder = tmp_path_factory.mktemp("cold")
    ase.io.write(folder / "emt.xyz", frames[::2])
    ase.io.write(folder / "both.xyz", frames[1::2])
    return folder


@pytest.fixture(scope="module")
def read(cold: Path) -> tuple[fl.Dataset, fl.Dataset, fl.Dataset]:
    """EMT alone, EMT and ZBL, and the latter with ZBL taken off."""
    given: dict[str, object] = {"descriptor": SOAP, "temperature": 300.0, "check": False}
    emt, both = (fl.io.read(cold / f"{name}.xyz", **given) for name in ("emt", "both"))
    return emt, both, fl.io.read(cold / "both.xyz", reference=Zbl(1.8, 2.6), **given)


def test_what_is_left_is_what_it_was_before(read: tuple[fl.Dataset, fl.Dataset, fl.Dataset]) -> None:
    emt, both, left = read
    assert np.abs(both.forces - emt.forces).max() > 10
    assert np.allclose(left.energies, emt.energies, atol=1e-6) and np.allclose(left.forces, emt.forces, atol=1e-6)
    assert left.provenance["reference"] == {"name": "ZBL", "inner": 1.8, "outer": 2.6}
    assert "reference" not in both.provenance


def test_it_is_added_again_for_predictions_in_full(read: tuple[fl.Dataset, fl.Dataset, fl.Dataset]) -> None:
    _, both, left = read
    model = fl.regression.fisher_fit(fl.accumulate(left))
    part = contribution(reference_of(model), left)
    assert np.allclose(model.energies(left) + part.energies - both.energies, model.energies(left) - left.energies)
    assert np.allclose(model.forces(left) + part.forces - both.forces, model.forces(left) - left.forces)


def test_a_model_refuses_data_with_another_reference(
    read: tuple[fl.Dataset, fl.Dataset, fl.Dataset],
) -> None:
    _, both, left = read
    model, other = (fl.regression.fisher_fit(fl.accumulate(data)) for data in (left, both))
    for theirs, data in ((model, both), (other, left)):
        with pytest.raises(ValueError, match="reference"):
            theirs.energies(data)
    assert len(model.forces(left)) == len(other.forces(both))
    emt = fl.Moments({"emt": fl.accumulate(both)["both"]}, about=fl.accumulate(both).about)
    with pytest.raises(ValueError, match="the same reference in both"):
        fl.accumulate(left) + emt


def test_the_rest_is_fitted_better_without_what_short_distances_bring(tmp_path: Path) -> None:
    """Three of 24 configurations have an atom too many, with forces to 330 eV/Å; EMT and ZBL drive them all."""
    rng, frames, zbl = np.random.default_rng(0), [], Zbl(1.8, 2.6)
    for n in range(24):
        atoms = bulk("Cu", cubic=True, a=3.6) * (1, 1, 2)
        atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
        if n % 8 == 0:
            atoms.append("Cu")
            atoms.positions[-1] = atoms.positions[0] + [1.15, 0.3, 0.2]
        atoms.calc = EMT()
        energy, forces, _ = zbl(atoms)
        frame = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
        frame.info["group"] = "crowded" if n % 8 == 0 else "rest"
        found = {"energy": atoms.get_potential_energy() + energy, "forces": atoms.get_forces() + forces}
        frame.calc = SinglePointCalculator(frame, **found)
        frames.append(frame)
    ase.io.write(tmp_path / "cu.xyz", frames)

    def errors(reference: Zbl | None) -> tuple[float, float]:
        given: dict[str, object] = {"key": "group", "temperature": 300.0, "descriptor": SOAP, "check": False}
        moments = fl.accumulate(fl.io.read(tmp_path / "cu.xyz", reference=reference, **given))
        light = {"crowded": fl.regression.GroupWeights(forces=0.01), "rest": fl.regression.GroupWeights()}
        models = (fl.regression.fisher_fit(moments), fl.regression.weighted_fit(moments, light))
        a, b = (float(fl.regression.force_rmse(moments.select("rest"), m.theta)[0]) for m in models)
        return a, b

    (plain, weighted), (left, left_weighted) = errors(None), errors(zbl)
    assert left < 0.5 * plain and left_weighted < 0.5 * weighted < 0.1 * plain


def test_it_is_kept_on_the_disk(read: tuple[fl.Dataset, fl.Dataset, fl.Dataset], tmp_path: Path) -> None:
    left, zbl = read[2], Zbl(1.8, 2.6)
    moments = fl.accumulate(left)
    model = fl.regression.fisher_fit(moments)
    fl.io.write(left, tmp_path / "left.npz")
    fl.io.write(left, tmp_path / "database")
    fl.io.write_moments(moments, tmp_path / "moments.npz")
    fl.io.write_theta(model, tmp_path / "theta.json")
    fl.io.write_snapcoeff(model, tmp_path / "Cu.snapcoeff", element="Cu", radius=0.5, weight=1.0)
    for name in ("left.npz", "database"):
        found = fl.io.read(tmp_path / name, check=False)
        assert reference_of(found) == zbl and np.allclose(found.forces, left.forces), name
    assert fl.io.read_moments(tmp_path / "moments.npz").about["reference"] == zbl.parameters
    summed = fl.cluster.accumulate(tmp_path / "database", progress=lambda *_: None)
    assert reference_of(fl.regression.fisher_fit(summed)) == zbl
    for name in ("theta.json", "Cu.snapcoeff"):
        assert reference_of(fl.io.read_theta(tmp_path / name)) == zbl, name
    with pytest.raises(ValueError, match="taken off"):
        fl.io.read(tmp_path / "left.npz", reference=zbl)


def test_featurising_keeps_it(cold: Path, tmp_path: Path) -> None:
    left = without_reference(fl.io.read_frames(cold / "both.xyz", temperature=300.0), Zbl(1.8, 2.6))
    silent = {"descriptor": SOAP, "progress": lambda *_: None, "keep": False}
    assert fl.cluster.featurise(left, **silent).about["reference"] == Zbl(1.8, 2.6).parameters
    database = fl.cluster.featurise(left, into=tmp_path / "database", **silent)
    assert reference_of(database.read()) == Zbl(1.8, 2.6)


def test_what_would_lose_it_is_refused(read: tuple[fl.Dataset, fl.Dataset, fl.Dataset], tmp_path: Path) -> None:
    left = read[2]
    with pytest.raises(ValueError, match=r"path: expected \.npz"):
        fl.io.write(left, tmp_path / "left.xyz")
    model = fl.regression.fisher_fit(fl.accumulate(left))
    with pytest.raises(ValueError, match="model: expected"):
        fl.io.milady.write_pot(model, tmp_path / "Cu.pot", elements=["Cu"], descriptor=9, details=[1], cutoff=4.0)
    assert not list(tmp_path.iterdir())


def test_a_snapcoeff_says_how_lammps_adds_it(tmp_path: Path) -> None:
    about = {"reference": Zbl(4.0, 4.8).parameters}
    model = fl.LinearPotential(theta=[1.0, 2.0, 3.0, 4.0], provenance=about)
    fl.io.write_snapcoeff(model, tmp_path / "WBe.snapcoeff", element=["W", "Be"], radius=[0.5, 0.4], weight=[1.0, 0.9])
    text = (tmp_path / "WBe.snapcoeff").read_text()
    for line in (
        "pair_style hybrid/overlay zbl 4.0 4.8 snap",
        "pair_coeff 1 1 zbl 74 74",
        "pair_coeff 1 2 zbl 74 4",
        "pair_coeff 2 2 zbl 4 4",
        "pair_coeff * * snap WBe.snapcoeff WBe.snapparam W Be",
    ):
        assert f"# {line}\n" in text
    assert np.array_equal(fl.io.read_snapcoeff(tmp_path / "WBe.snapcoeff").theta, model.theta)


@pytest.mark.parametrize(
    ("atoms", "words"),
    [
        (Atoms("Cu2", positions=np.zeros((2, 3))), "positions.*: expected"),
        (Atoms("Cu", cell=[0.01] * 3, pbc=True), "cell of the configuration: expected"),
        (Atoms("Cu", cell=[1.0, 0.0, 1.0], pbc=True), "cell of the configuration: expected"),
        (Atoms("Cu", positions=[[np.nan] * 3]), "positions of the configuration: expected finite"),
    ],
)
def test_configurations_that_cannot_be_are_refused(atoms: Atoms, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Zbl(4.0, 4.8)(atoms)


@pytest.mark.parametrize("stated", ["ZBL", {"name": "EAM"}, {"name": "ZBL", "inner": 4.0}])
def test_a_reference_that_is_not_known_is_refused(stated: object) -> None:
    with pytest.raises(ValueError, match="expected the reference potential ZBL"):
        reference_of(fl.LinearPotential(theta=[1.0], provenance={"reference": stated}))


def test_virials_are_taken_off_too_and_what_is_not_known_stays_so(cold: Path) -> None:
    frames, zbl = fl.io.read_frames(cold / "both.xyz")[0], Zbl(1.8, 2.6)
    bare = dataclasses.replace(frames, energies=None, forces=None, virials=np.zeros((12, 6)))
    left = without_reference([bare], zbl)[0]
    part = contribution(zbl, frames)
    assert left.energies is None and left.forces is None and np.allclose(left.virials, -part.virials)
    assert part.virials.shape == (12, 6) and part.forces.shape == (144,)


@pytest.mark.filterwarnings("ignore:free")
def test_it_is_taken_off_the_energies_that_the_forces_belong_to(cold: Path, tmp_path: Path) -> None:
    """The free energy is what the forces are the slope of; "energy" differs from it by chance."""
    rng, frames = np.random.default_rng(0), ase.io.read(cold / "both.xyz", "3:")
    for atoms in frames:
        atoms.info["free_energy"], forces = atoms.get_potential_energy(), atoms.get_forces()
        atoms.info["energy"] = atoms.info["free_energy"] + 30 * rng.normal()
        atoms.calc = None
        atoms.arrays["forces"] = forces
    ase.io.write(tmp_path / "free.xyz", frames, format="extxyz")
    given: dict[str, object] = {"descriptor": SOAP, "temperature": 300.0, "check": False}
    emt, left = (
        fl.io.read(p, reference=r, **given)
        for p, r in ((cold / "emt.xyz", None), (tmp_path / "free.xyz", Zbl(1.8, 2.6)))
    )
    assert left.provenance["columns"]["energies"] == "free_energy"
    assert np.allclose(left.energies, emt.energies[3:], atol=1e-6)


def test_nothing_is_taken_off_without_one(cold: Path) -> None:
    frames = fl.io.read_frames(cold / "both.xyz")
    assert without_reference(frames, None) == frames
