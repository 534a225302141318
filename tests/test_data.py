"""The shipped Cu55 data: their format, their physics, and that θ belongs to them."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from ase.calculators.emt import EMT
from scipy.spatial.distance import cdist

import fisherlib as fl

TEMPERATURE, WALKERS, CONFIGURATIONS, N = 1200.0, 20, 50, 55


@pytest.fixture(scope="module")
def path(root: Path) -> Path:
    return root / "data" / "cu55_1200K.npz"


@pytest.fixture(scope="module")
def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def frames(path: Path) -> list[fl.io.Frames]:
    return fl.io.read_frames(path)


def test_the_file_is_small_and_holds_plain_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    assert path.stat().st_size <= 3e6
    assert {a.dtype.kind for a in arrays.values()} <= set("biufU")
    assert all(np.isfinite(a).all() for a in arrays.values() if a.dtype.kind == "f")


def test_there_are_twenty_walkers_of_fifty_configurations(copper: fl.Dataset) -> None:
    assert len(copper) == WALKERS and {len(t) for t in copper.values()} == {CONFIGURATIONS}
    assert set(copper.n_atoms) == {N} and {t.temperature for t in copper.values()} == {TEMPERATURE}
    assert all(np.all(t.species == 29) for t in copper.values())


def test_energies_and_forces_are_those_of_emt(frames: list[fl.io.Frames]) -> None:
    for f in frames[::4]:
        for m in (0, CONFIGURATIONS - 1):
            atoms = f.atoms()[m]
            atoms.calc = EMT()
            assert atoms.get_potential_energy() == pytest.approx(f.energies[m], abs=1e-8)
            np.testing.assert_allclose(atoms.get_forces(), f.forces[N * m : N * (m + 1)], atol=1e-8)


def test_the_configurational_temperature_is_the_nominal_one(frames: list[fl.io.Frames]) -> None:
    # ∇²U by random vectors v = ±1 and the centre of mass free: v·(F(x − hv) − F(x + hv)) / 2h.
    rng, h, calculator = np.random.default_rng(0), 1e-3, EMT()
    squared, laplacians = [], []
    for f in frames:
        chosen = range(4, CONFIGURATIONS, 10)
        squared.append([np.sum(f.forces[N * m : N * (m + 1)] ** 2) for m in chosen])
        laplacians.append([])
        for m in chosen:
            atoms = f.atoms()[m]
            atoms.calc = calculator
            x, probes = atoms.positions.copy(), []
            for _ in range(3):
                v, forces = rng.choice([-1.0, 1.0], size=x.shape), []
                for sign in (-1, 1):
                    atoms.positions = x + sign * h * v
                    forces.append(atoms.get_forces())
                probes.append(np.sum(v * (forces[0] - forces[1])) / (2 * h))
            laplacians[-1].append(np.mean(probes))
    _, found, error = fl.diagnostics.configurational_temperature(squared, laplacians)
    assert abs(found - TEMPERATURE) < 2 * error and error < 0.03 * TEMPERATURE


def test_no_atom_has_evaporated(frames: list[fl.io.Frames]) -> None:
    for f in frames:
        for x in f.positions.reshape(CONFIGURATIONS, N, 3):
            distance = cdist(x, x) + 99.0 * np.eye(N)
            assert 1.8 < distance.min() and distance.min(axis=1).max() < 3.6
            assert np.linalg.norm(x - x.mean(axis=0), axis=1).max() < 12.0


def test_the_walkers_have_reached_their_energy(copper: fl.Dataset) -> None:
    halves = np.array([[t.energies[:25].mean(), t.energies[25:].mean()] for t in copper.values()])
    drift = halves[:, 1] - halves[:, 0]
    assert abs(drift.mean()) < 3 * drift.std(ddof=1) / np.sqrt(WALKERS)


def test_stored_configurations_are_further_apart_than_their_memory(
    copper: fl.Dataset, arrays: dict[str, np.ndarray]
) -> None:
    spacing = float(arrays["energy_series_spacing_ps"])
    every = arrays["energy_series"].shape[1] // CONFIGURATIONS
    assert every * spacing == pytest.approx(2.0)  # ps
    assert fl.diagnostics.autocorrelation_time(arrays["energy_series"]) < every
    assert fl.diagnostics.autocorrelation_time([t.energies for t in copper.values()]) < 1.0
    stored = arrays["energy_series"][:, every - 1 :: every]
    np.testing.assert_allclose(stored, [t.energies for t in copper.values()], atol=1e-5)


def test_theta_belongs_to_the_data(path: Path, root: Path, copper: fl.Dataset) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    content = json.loads((root / "data" / "theta_energy.json").read_text())
    assert content["provenance"]["sha256"] == copper.provenance["sha256"] == digest
    recipe, now = content["provenance"]["descriptor"], copper.provenance["descriptor"]
    assert {k: v for k, v in recipe.items() if k != "library"} == {k: v for k, v in now.items() if k != "library"}
    model = fl.io.read_theta(root / "data" / "theta_energy.json")
    assert model.provenance["file"] == path.name and model.K == copper.K
    assert fl.comparison.compare(model, copper).pooled["energy_rmse"] < 0.005  # eV/atom
