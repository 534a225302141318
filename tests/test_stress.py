"""Stress: strain descriptors, the conventions of files, the fit, and what it is good for."""

import dataclasses
import json
import tarfile
import warnings
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from pair_functions import Pairs
from scipy.optimize import brentq
from test_io_lammps import DUMP, SNAP
from unpack import unpack

import fisherlib as fl
from fisherlib.descriptors import Soap
from fisherlib.diagnostics.stress_units import ORDERS, UNITS
from fisherlib.io.formats.lammps import read_dump, read_snap
from fisherlib.units import BAR, beta

SMALL = Soap(cutoff=4.5, n_max=4, l_max=3)
#: xx yy zz yz xz xy.
SIX = ([0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1])


def strained(M: int, seed: int = 0, *, symbols: str = "Cu", strain: float = 0.03, reps: int = 1) -> list[Atoms]:
    """Crystals with a strain and displacements each, with energies, forces and stresses of EMT as results."""
    rng, made = np.random.default_rng(seed), []
    for _ in range(M):
        atoms = bulk("Cu", a=3.6, cubic=True) * (reps, reps, reps)
        atoms.symbols[: len(symbols) // 2] = symbols
        e = rng.uniform(-strain, strain, (3, 3))
        atoms.set_cell(atoms.cell @ (np.eye(3) + e), scale_atoms=True)
        atoms.rattle(0.08, rng=rng)
        made.append(with_emt(atoms))
    return made


def with_emt(atoms: Atoms) -> Atoms:
    atoms.calc = EMT()
    kept = SinglePointCalculator(
        atoms, energy=atoms.get_potential_energy(), forces=atoms.get_forces(), stress=atoms.get_stress()
    )
    atoms.calc = kept
    return atoms


def virial(atoms: Atoms) -> np.ndarray:
    """W = −∂U/∂ε by finite strain, which knows no convention."""
    h, W = 1e-5, np.zeros((3, 3))
    for a, b in np.ndindex(3, 3):
        energies = []
        for sign in (1, -1):
            e = np.eye(3)
            e[a, b] += sign * h
            moved = Atoms(atoms.symbols, atoms.positions @ e, cell=atoms.cell @ e, pbc=True, calculator=EMT())
            energies.append(moved.get_potential_energy())
        W[a, b] = -(energies[0] - energies[1]) / (2 * h)
    return W[SIX]


def labelled(frames: list[Atoms], prefix: str = "REF_", **entries: Any) -> list[Atoms]:
    """The configurations with their results under other names, and further entries made of the stress (3, 3) and V."""
    made = []
    for atoms in frames:
        bare, results = atoms.copy(), atoms.calc.results
        bare.info[f"{prefix}energy"] = results["energy"]
        bare.arrays[f"{prefix}forces"] = results["forces"]
        sigma = atoms.get_stress(voigt=False)
        bare.info |= {name: make(sigma, atoms.get_volume()) for name, make in entries.items()}
        made.append(bare)
    return made


def read(path: Path, frames: list[Atoms], **how: Any) -> fl.Trajectory:
    ase.io.write(path, frames, format="extxyz")
    (t,) = fl.io.read(path, **{"descriptor": SMALL, "check": False, "stress": True, **how}).values()
    return t


def dataset(frames: list[Atoms], descriptor: Soap = SMALL) -> fl.Dataset:
    """Without a file: the virials are those of ASE."""
    species = sorted({int(z) for a in frames for z in a.numbers})
    D, Phi, Psi = descriptor.with_strain(frames, species=species)
    n_atoms = np.array([len(a) for a in frames])
    t = fl.Trajectory(
        key="strained",
        temperature=300.0,
        n_atoms=n_atoms,
        energies=[a.get_potential_energy() for a in frames],
        descriptors=np.add.reduceat(D, np.cumsum(n_atoms) - n_atoms),
        forces=np.concatenate([a.get_forces().ravel() for a in frames]),
        force_descriptors=Phi,
        virials=np.array([-a.get_volume() * a.get_stress() for a in frames]),
        strain_descriptors=Psi,
        cell=np.array([a.cell.array for a in frames]),
        pbc=np.ones((len(frames), 3), bool),
    )
    return fl.Dataset([t])


# Files


def test_the_stress_of_a_file_becomes_the_virial(tmp_path: Path) -> None:
    frames = strained(30, symbols="AuCu")
    t = read(tmp_path / "a.xyz", frames)
    assert t.virials is not None and t.strain_descriptors is not None
    np.testing.assert_allclose(t.virials, [virial(a) for a in frames], rtol=0, atol=1e-6 * np.abs(t.virials).max())
    found = SMALL.with_strain(frames, species=[29, 79])
    np.testing.assert_allclose(t.strain_descriptors, found[2], rtol=0, atol=1e-6 * np.abs(found[2]).max())


def test_strain_descriptors_are_computed_where_they_are_asked_for_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, path = strained(7), tmp_path / "a.xyz"
    plain = read(path, frames, stress=False)
    assert plain.virials is None and plain.strain_descriptors is None
    first = read(path, frames)
    for name in ("site_descriptors", "force_descriptors"):
        assert getattr(plain, name).tobytes() == getattr(first, name).tobytes()
    monkeypatch.setattr(Soap, "_computed", None)  # from here on everything is kept
    again, without = read(path, frames), read(path, frames, stress=False)
    assert again.strain_descriptors.tobytes() == first.strain_descriptors.tobytes()
    assert without.strain_descriptors is None


@pytest.mark.parametrize(
    ("prefix", "name", "make"),
    [
        ("REF_", "REF_stress", lambda s, V: s.ravel()),
        ("REF_", "REF_stress", lambda s, V: s[SIX]),
        ("REF_", "REF_virials", lambda s, V: -V * s.ravel()),
        ("dft_", "dft_virial", lambda s, V: -V * s.ravel()),
        ("", "virials", lambda s, V: -V * s.ravel()),
        ("", "virial", lambda s, V: -V * s),
        ("", "stress", lambda s, V: s),
    ],
)
def test_every_usual_name_and_layout_gives_the_same_virial(tmp_path: Path, prefix: str, name: str, make: Any) -> None:
    frames = strained(7)
    others = {} if prefix == "" else {"stress": lambda s, V: 0 * s}  # of a model
    named = {"energies": f"{prefix}energy", "forces": f"{prefix}forces"}
    t = read(tmp_path / "a.xyz", labelled(frames, prefix, **{name: make}, **others), **named)
    expected = np.array([-a.get_volume() * a.get_stress() for a in frames])
    np.testing.assert_allclose(t.virials, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({}, r"expected an entry 'REF_virial' .* or 'REF_stress' .* beside 'REF_energy' in a.xyz, got none; "),
        ({"stress": lambda s, V: s}, r".* got 'stress'.*; rename it, or read without stress"),
        ({"REF_stress": lambda s, V: s[0]}, r"expected entry 'REF_stress' of a.xyz as six numbers .*, got \(7, 3\)"),
    ],
)
def test_a_stress_that_is_not_there_is_asked_for_in_words(tmp_path: Path, entries: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"^stress: {words}"):
        read(tmp_path / "a.xyz", labelled(strained(7), **entries), energies="REF_energy", forces="REF_forces")


def test_what_is_not_periodic_has_no_virial(tmp_path: Path) -> None:
    frames = strained(7)
    frames[2].pbc = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the missing neighbours of a cluster
        t = read(tmp_path / "a.xyz", frames)
    assert np.flatnonzero(np.isnan(t.virials).any(axis=1)).tolist() == [2]
    assert fl.accumulate([t]).total().strain.configurations == 6
    for atoms in frames:
        atoms.pbc = False
    with pytest.raises(ValueError, match="^stress: expected a periodic configuration in b.xyz, got none"):
        read(tmp_path / "b.xyz", frames)


def test_a_trajectory_of_molecules_beside_crystals_has_no_virials(tmp_path: Path) -> None:
    frames = strained(7)
    for number, atoms in enumerate(frames):
        atoms.info["group"] = "molecule" if number > 4 else "crystal"
        atoms.pbc = number <= 4
    ase.io.write(tmp_path / "a.xyz", frames, format="extxyz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the missing neighbours of a cluster
        data = fl.io.read(tmp_path / "a.xyz", key="group", stress=True, descriptor=Pairs())
    assert np.isnan(data["molecule"].virials).all() and np.isfinite(data["crystal"].virials).all()
    total = fl.accumulate(data).total()
    assert total.strain.configurations == 5 and total.configurations == 7


def test_a_trajectory_of_clusters_does_not_stop_the_stresses_of_others(tmp_path: Path) -> None:
    frames = strained(7)
    for m, atoms in enumerate(frames):
        atoms.info["config_type"] = "cluster" if m < 3 else "bulk"
        atoms.pbc = m > 2
    path = tmp_path / "a.xyz"
    ase.io.write(path, frames, format="extxyz")
    cluster, bulk_ = fl.io.read_frames(path, key="config_type", stress=True)
    assert np.isnan(cluster.virials).all()
    np.testing.assert_allclose(bulk_.virials, [virial(a) for a in frames[3:]], atol=1e-6)


def test_a_lacking_number_is_counted_within_the_trajectory_that_is_named(tmp_path: Path) -> None:
    frames = labelled(strained(8))
    for m, atoms in enumerate(frames):
        atoms.info["config_type"] = "ab"[m % 2]
    del frames[5].info["REF_energy"]
    ase.io.write(tmp_path / "a.xyz", frames, format="extxyz")
    with pytest.raises(ValueError, match=r"configuration 2 \(counted from 0\) of 'b' in a.xyz has no number"):
        fl.io.read(tmp_path / "a.xyz", key="config_type", descriptor=SMALL)


def test_descriptors_that_know_nothing_of_strain_are_refused(tmp_path: Path) -> None:
    class Blind(Pairs):
        with_strain = property()  # there is none

    with pytest.raises(TypeError, match="^stress: expected a descriptor that knows of strain, got Blind; "):
        read(tmp_path / "a.xyz", strained(7), descriptor=Blind())
    frames = strained(7)
    for atoms in frames:
        atoms.arrays["milady-descriptors"], atoms.arrays["milady-descriptors-forces"] = np.ones((4, 2)), np.ones((4, 6))
    with pytest.raises(
        ValueError, match="^stress: expected strain descriptors beside the descriptors of b.xyz, got none"
    ):
        read(tmp_path / "b.xyz", frames, descriptor=None)


@pytest.mark.parametrize(
    ("style", "factor"), [("bar", BAR), ("kbar", BAR / 1e3), ("kB", BAR / 1e3), ("GPa", BAR / 1e4)]
)
def test_the_stress_of_fitsnap_is_positive_under_compression(tmp_path: Path, style: str, factor: float) -> None:
    frames = strained(3)
    data = [
        {
            "NumAtoms": len(a),
            "AtomTypes": a.get_chemical_symbols(),
            "Positions": a.positions.tolist(),
            "Lattice": a.cell.tolist(),
            "Energy": a.get_potential_energy(),
            "Forces": a.get_forces().tolist(),
            "Stress": (-factor * a.get_stress(voigt=False)).tolist(),
        }
        for a in frames
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"Dataset": {"Data": data, "StressStyle": style}}))
    (f,) = fl.io.read_frames(path, stress=True)
    np.testing.assert_allclose(f.virials, [virial(a) for a in frames], rtol=0, atol=1e-6 * np.abs(f.virials).max())
    path.write_text(json.dumps({"Dataset": {"Data": data, "StressStyle": "furlong"}}))
    assert fl.io.read_frames(path)[0].virials is None
    with pytest.raises(ValueError, match=r"^stress: .* got 'Stress' \(furlong\)"):
        fl.io.read_frames(path, stress=True)


# Sign, unit and order


@pytest.fixture(scope="module")
def copper() -> fl.Dataset:
    return dataset(strained(30, 1))


def judged(data: fl.Dataset, W: np.ndarray) -> fl.diagnostics.Verdict:
    (t,) = data.values()
    changed = fl.Dataset([dataclasses.replace(t, virials=W)])
    return next(v for v in fl.diagnostics.consistency(changed) if v.name.startswith("stress"))


def test_right_stresses_pass(copper: fl.Dataset) -> None:
    (t,) = copper.values()
    verdict = judged(copper, t.virials)
    assert verdict.level == "ok" and 0.8 < verdict.value < 1.25


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("unit", UNITS)
def test_a_wrong_unit_is_named_with_its_factor(copper: fl.Dataset, unit: str, sign: int) -> None:
    (t,) = copper.values()
    verdict = judged(copper, sign * UNITS[unit] * t.virials)
    assert verdict.level == "warn" and f"{unit}: divide by {UNITS[unit]:.6g}" in verdict.message
    assert ("the sign is the other one" in verdict.message) == (sign < 0)
    assert verdict.message.startswith("units of the stresses: ")


def test_a_wrong_sign_alone_is_named(copper: fl.Dataset) -> None:
    (t,) = copper.values()
    verdict = judged(copper, -t.virials)
    assert verdict.level == "warn" and verdict.message.endswith(
        "expected 1: the sign is the other one, positive under compression: negate them"
    )


def test_descriptors_of_the_virial_rows_of_lammps_are_those_of_the_strain(tmp_path: Path) -> None:
    """In a direction that is not periodic Ψ_zz = Σ z Φ_z, and so for yz and xz: an oracle for order, sign and unit."""
    (tmp_path / "w.snap").write_text(SNAP)
    t = read_snap(tmp_path / "w.snap", n_atoms=3, volumes=3.1 * 2.9 * 5.0)
    (stored,) = read_dump((tmp_path / "w.dump").write_text(DUMP) and tmp_path / "w.dump", energies=t.energies)
    z = stored.positions[:, 2].reshape(2, 3)
    Phi, F = t.force_descriptors.reshape(2, 3, 3, -1), t.forces.reshape(2, 3, 3)
    for row, axis in ((2, 2), (3, 1), (4, 0)):
        np.testing.assert_allclose(t.strain_descriptors[:, row], np.einsum("mi,mik->mk", z, Phi[:, :, axis]), rtol=1e-6)
        np.testing.assert_allclose(t.virials[:, row], np.einsum("mi,mi->m", z, F[:, :, axis]), rtol=1e-6)
    with pytest.raises(
        ValueError, match="^volumes: expected one in Å³, or one for each of the 2 configurations, got -1"
    ):
        read_snap(tmp_path / "w.snap", n_atoms=3, volumes=-1.0)
    with pytest.warns(UserWarning, match="^w.snap: 12 rows of the virial are left aside: they need volumes="):
        read_snap(tmp_path / "w.snap", n_atoms=3)


def test_a_stress_that_is_a_virial_is_named_and_the_reverse(copper: fl.Dataset) -> None:
    (t,) = copper.values()
    V = np.abs(np.linalg.det(t.cell))[:, None]
    assert "σ instead of −V σ: divide by" in judged(copper, t.virials / V).message
    assert "V σ instead of σ: divide by" in judged(copper, t.virials * V).message


@pytest.mark.parametrize("order", list(ORDERS)[1:])
def test_another_order_is_named(copper: fl.Dataset, order: str) -> None:
    (t,) = copper.values()
    names = order.split(" (")[0].split()
    ours = ["xx", "yy", "zz", "yz", "xz", "xy"]
    verdict = judged(copper, t.virials[:, [ours.index(name) for name in names]])
    assert verdict.level == "warn" and f"look like {order}, expected xx yy zz yz xz xy" in verdict.message


def test_reading_warns_of_a_stress_in_another_unit(tmp_path: Path) -> None:
    frames = labelled(strained(30, 1), "", stress=lambda s, V: s * BAR / 1e4)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        read(tmp_path / "a.xyz", frames, temperature=300.0, check=True)
    (units,) = (str(w.message) for w in said if "units of the stresses" in str(w.message))
    assert "they look like GPa: divide by 160.218" in units


MLEARN = Path(__file__).parents[2] / "shared" / "data" / "zuo2020" / "mlearn_Mo_test.json.xz"


@pytest.mark.skipif(not MLEARN.exists(), reason="no zuo2020 in ../shared/data beside the checkout")
def test_the_stress_of_mlearn_is_left_out_with_the_reason() -> None:
    with pytest.raises(
        ValueError, match=r"^stress: .* got 'virial_stress' \(kbar, .* yz xz in some groups and xz yz in others"
    ):
        fl.io.read_frames(MLEARN, stress=True)


def test_noise_and_few_are_not_judged(copper: fl.Dataset) -> None:
    (t,) = copper.values()
    noise = np.random.default_rng(0).normal(size=t.virials.shape)
    assert judged(copper, noise).level == "unknown"
    few = np.where(np.arange(len(t))[:, None] < 4, t.virials, np.nan)
    assert judged(copper, few).level == "unknown"


TANTALUM = Path(__file__).parents[2] / "shared" / "data" / "fitsnap_ta" / "Ta_JSON.tar.xz"


@pytest.mark.skipif(not TANTALUM.exists(), reason="no fitsnap_ta in ../shared/data beside the checkout")
def test_the_real_stresses_of_tantalum_are_right(tmp_path: Path) -> None:
    with tarfile.open(TANTALUM) as archive:
        unpack(archive, tmp_path)
    data = fl.io.read(tmp_path / "JSON", descriptor=SMALL, stress=True, check=False)
    found = next(v for v in fl.diagnostics.consistency(data) if v.name == "stress units")
    assert found.level == "ok" and 0.7 < found.value < 1.3


# The fit


def test_theta_of_forces_energies_and_stress_is_that_of_stacked_rows(copper: fl.Dataset) -> None:
    (t,) = copper.values()
    data = fl.Dataset(dataclasses.replace(t.slice(a, b), key=f"{a}") for a, b in ((0, 11), (11, 30)))
    some = data["0"].virials.copy()
    some[3] = np.nan
    data = fl.Dataset([dataclasses.replace(data["0"], virials=some), data["11"]])
    m, w, v = fl.accumulate(data), 40.0, 0.3
    theta = fl.solve(fl.fisher(m) + w * fl.energy(m) + v * fl.stress(m)).theta
    M, known = len(t), np.delete(np.arange(len(t)), 3)
    b, e, s = (np.sqrt(x) for x in (beta(300.0) ** 2 / M, w / M, v / len(known)))
    zero = np.zeros((len(t.forces), 1)), np.zeros((6 * len(known), 1))
    A = np.vstack(
        [
            np.hstack([b * t.force_descriptors, zero[0]]),
            np.hstack([e * t.descriptors, e * t.n_atoms[:, None]]),
            np.hstack([s * t.strain_descriptors[known].reshape(-1, t.K), zero[1]]),
        ]
    )
    targets = np.concatenate([b * t.forces, e * t.energies, s * t.virials[known].ravel()])
    scale = np.linalg.norm(A, axis=0)
    expected = np.linalg.lstsq(A / scale, targets, rcond=None)[0] / scale
    np.testing.assert_allclose(theta, expected[:-1], rtol=0, atol=1e-8 * np.abs(expected[:-1]).max())


def test_moments_of_stress_merge_and_subtract(copper: fl.Dataset) -> None:
    (t,) = copper.values()
    a, b = (fl.accumulate([dataclasses.replace(t.slice(i, j), key=f"{i}")]).total() for i, j in ((0, 11), (11, 30)))
    whole, both = fl.stress(fl.accumulate(copper)), fl.stress(a + b)
    np.testing.assert_allclose(both.A, whole.A, rtol=1e-10, atol=1e-12 * np.abs(whole.A).max())
    left = fl.stress((a + b) - b)
    np.testing.assert_allclose(left.b, fl.stress(a).b, rtol=0, atol=1e-10 * np.abs(left.b).max())


def test_stress_gives_the_elastic_constants_of_copper_that_forces_leave_open() -> None:
    """C11, C12, C44 in GPa by finite strain at the lattice constant of EMT."""

    def emt(atoms: Atoms) -> np.ndarray:
        atoms.calc = EMT()
        return atoms.get_stress()

    a0 = brentq(lambda a: emt(bulk("Cu", a=a, cubic=True))[0], 3.5, 3.7)
    soap = Soap()
    data = dataset(strained(20, 2, strain=0.02, reps=2), soap)
    m, b2 = fl.accumulate(data), beta(300.0) ** 2

    def constants(stress: Any) -> np.ndarray:
        def at(e: np.ndarray) -> np.ndarray:
            atoms = bulk("Cu", a=a0, cubic=True)
            atoms.set_cell(atoms.cell @ (np.eye(3) + e), scale_atoms=True)
            return stress(atoms)

        h, stretch, shear = 1e-3, np.zeros((3, 3)), np.zeros((3, 3))
        stretch[0, 0] = h
        shear[1, 2] = shear[2, 1] = h / 2
        (s, c), (g, d) = ((at(e), at(-e)) for e in (stretch, shear))
        return np.array([(s - c)[0], (s - c)[1], (g - d)[3]]) / (2 * h) * BAR / 1e4

    def model(theta: np.ndarray) -> np.ndarray:
        return constants(lambda a: -(soap.with_strain([a], species=[29])[2][0] @ theta) / a.get_volume())

    true = constants(emt)
    forces, both = (model(fl.solve(loss).theta) for loss in (fl.fisher(m), fl.fisher(m) + 0.1 * b2 * fl.stress(m)))
    assert np.abs(both / true - 1).max() < 0.05 < np.abs(forces / true - 1).max()
