"""Errors and rigidity of energies: against explicit inverses and against refits."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fisherlib as fl
from fisherlib import uncertainty

Maker = Callable[..., fl.Dataset]


def descriptors(data: fl.Dataset) -> NDArray:
    return np.concatenate([t.descriptors for t in data.values()])


def gradients(data: fl.Dataset) -> NDArray:
    """What the energies do when θ moves and the offset is fitted again, by differences of potentials."""
    moments = fl.accumulate(data)
    fit = fl.solve(fl.fisher(moments, 300.0))

    def energies(theta: NDArray) -> NDArray:
        other = fl.Solution(theta=theta, rank=3, condition=1.0, value=0.0, method="", eigenvalues=theta)
        return fl.LinearPotential.from_fit(other, moments).energies(data)

    return np.stack([energies(fit.theta + e) - energies(fit.theta) for e in np.eye(data.K)], axis=1)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**20), units=st.floats(1e-4, 1e4))
def test_rigidity_is_the_formula_with_explicit_inverses(ragged: Maker, seed: int, units: float) -> None:
    data = ragged(seed, temperatures=(300.0, 600.0, 600.0), configurations=7, scale=np.array([1.0, units, 1.0]))
    A = sum(fl.units.beta(t.temperature) ** 2 * t.force_descriptors.T @ t.force_descriptors for t in data.values())
    s = 1 / np.sqrt(np.diag(A))
    g = gradients(data) * s
    expected = 1 / np.einsum("mi,im->m", g, np.linalg.solve(A * np.outer(s, s), g.T))
    found = uncertainty.prediction_rigidity(fl.accumulate(data), descriptors(data), n_atoms=data.n_atoms)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_it_grows_with_the_data_and_with_beta_squared(ragged: Maker) -> None:
    moments = fl.accumulate(ragged(3))
    twice = fl.Moments({**moments, **{f"{key}'": record for key, record in moments.items()}})
    D, N = np.array([1.0, -2.0, 0.5]), 3
    once = uncertainty.prediction_rigidity(moments, D, n_atoms=N)
    assert once.shape == ()
    assert uncertainty.prediction_rigidity(twice, D, n_atoms=N) == pytest.approx(2 * once)
    assert uncertainty.prediction_rigidity(moments.total(), D, n_atoms=N, temperature=600.0) == pytest.approx(once / 4)


@pytest.mark.parametrize("third", [(0.0, 0.0), (1.0, -2.0)])  # no forces from it, or a relation with the others
def test_what_forces_leave_open_has_no_rigidity(third: tuple[float, float]) -> None:
    rng, v = np.random.default_rng(0), np.array(third)
    Phi, D = rng.normal(size=(60, 2)), rng.normal(size=(4, 2))
    t = fl.Trajectory(
        key="t",
        temperature=300.0,
        n_atoms=np.full(4, 5),
        energies=rng.normal(size=4),
        descriptors=np.column_stack([D, D @ v]),
        forces=rng.normal(size=60),
        force_descriptors=np.column_stack([Phi, Phi @ v]),
    )
    moments = fl.accumulate([t])
    assert fl.solve(fl.fisher(moments)).rank == 2
    inside = t.descriptors
    outside = inside + [0.0, 0.0, 1e-3]
    N = np.full(4, 5)
    # With the third descriptor tied to the others, θ·D is (θ₀ + v₀θ₂) D₀ + (θ₁ + v₁θ₂) D₁: two parameters.
    g = D - D.mean(axis=0)
    A = fl.units.beta(300.0) ** 2 * Phi.T @ Phi
    expected = 1 / np.einsum("mi,im->m", g, np.linalg.solve(A, g.T))
    np.testing.assert_allclose(uncertainty.prediction_rigidity(moments, inside, n_atoms=N), expected, rtol=1e-6)
    assert (uncertainty.prediction_rigidity(moments, outside, n_atoms=N) == 0).all()


def test_errors_of_energies_are_those_of_refits(copper: fl.Dataset, copper_moments: fl.Moments) -> None:
    def refit(moments: fl.Moments) -> NDArray:
        model = fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments)), moments)
        return np.append(model.theta, model.offset)

    replicates = uncertainty.jackknife(copper_moments, refit)
    D, N = descriptors(copper), copper.n_atoms
    energies = uncertainty.standard_error(replicates @ np.column_stack([D, N]).T)
    joint = uncertainty.energy_errors(copper, uncertainty.covariance(replicates), copper_moments)
    np.testing.assert_allclose(joint, energies, rtol=1e-6)
    fit = fl.solve(fl.fisher(copper_moments))
    found = uncertainty.energy_errors(copper, uncertainty.sandwich(copper_moments, fit), copper_moments)
    # The offset that follows θ, with the energies it is fitted to as they are.
    following = uncertainty.standard_error(replicates[:, :-1] @ gradients(copper).T)
    assert np.median(found / following) == pytest.approx(1.0, abs=0.1)
    assert np.median(found / energies) == pytest.approx(1.0, abs=0.25)


def test_other_shapes_are_refused(ragged: Maker) -> None:
    data = ragged(1)
    moments = fl.accumulate(data)
    with pytest.raises(ValueError, match=r"covariance: expected \(3, 3\) of θ, or \(4, 4\).*got \(2, 2\)"):
        uncertainty.energy_errors(data, np.eye(2), moments)
    with pytest.raises(ValueError, match="descriptors: expected K = 3"):
        uncertainty.prediction_rigidity(moments, np.ones((5, 2)), n_atoms=np.ones(5))
    for atoms in (np.ones(4), np.ones((5, 1)), np.ones((5, 3))):
        with pytest.raises(ValueError, match=r"n_atoms: expected numbers > 0 of shape \(5,\), .* got shape"):
            uncertainty.prediction_rigidity(moments, np.ones((5, 3)), n_atoms=atoms)
    for atoms in (0, -2, np.nan):
        with pytest.raises(ValueError, match=f"n_atoms: expected numbers > 0 .* got {atoms}"):
            uncertainty.prediction_rigidity(moments, np.ones(3), n_atoms=atoms)
    alike = uncertainty.prediction_rigidity(moments, np.eye(3), n_atoms=2)
    assert (alike == uncertainty.prediction_rigidity(moments, np.eye(3), n_atoms=[2, 2, 2])).all()


def of_compositions(compositions: NDArray, seed: int = 0, elements: tuple[int, ...] = (29, 79)) -> fl.Dataset:
    """Random descriptors and forces of configurations with so many atoms of each element."""
    rng, made = np.random.default_rng(seed), []
    for number, counts in enumerate(np.array_split(compositions, 3)):
        species = np.concatenate([np.repeat(elements, row) for row in counts])
        Phi = rng.normal(size=(3 * len(species), 3))
        D = rng.normal(size=(len(counts), 3)) + counts @ rng.normal(size=(len(elements), 3))
        energies = D @ np.ones(3) + counts @ np.arange(1.0, 1 + len(elements)) + 0.1 * rng.normal(size=len(counts))
        arrays = {"n_atoms": counts.sum(axis=1), "species": species, "energies": energies, "descriptors": D}
        forces = Phi @ np.ones(3) + 0.1 * rng.normal(size=len(Phi))
        made.append(fl.Trajectory(key=f"t{number}", temperature=300.0, forces=forces, force_descriptors=Phi, **arrays))
    return fl.Dataset(made)


@pytest.mark.parametrize("elements", [(29, 79), (28, 29, 79)])
@pytest.mark.parametrize("seed", [0, 1])
def test_energies_of_an_alloy_follow_the_offsets_of_its_elements(elements: tuple[int, ...], seed: int) -> None:
    compositions = np.random.default_rng(seed).integers(1, 6, size=(18, len(elements)))
    compositions[:, -1] = 8 - compositions[:, 0] if seed else compositions[:, -1]  # two elements: one size for all
    data = of_compositions(compositions, seed, elements)
    moments, g = fl.accumulate(data), gradients(data)
    found = uncertainty.energy_gradients(moments, descriptors(data), n_atoms=data.composition)
    np.testing.assert_allclose(found, g, atol=1e-9)
    n = data.composition.astype(float)
    lstsq = descriptors(data) - n @ np.linalg.lstsq(n, descriptors(data), rcond=None)[0]
    np.testing.assert_allclose(found, lstsq, atol=1e-9)
    covariance = uncertainty.sandwich(moments, fl.solve(fl.fisher(moments)))
    errors = uncertainty.energy_errors(data, covariance, moments)
    np.testing.assert_allclose(errors, np.sqrt(np.einsum("mi,ij,mj->m", g, covariance, g)), rtol=1e-9)
    of_offsets = np.diag([0.0, 0.0, 0.0, *[0.01] * len(elements)])
    expected = 0.1 * np.linalg.norm(n, axis=1)
    np.testing.assert_allclose(uncertainty.energy_errors(data, of_offsets, moments), expected, rtol=1e-9)
    rigidity = uncertainty.prediction_rigidity(moments, descriptors(data), n_atoms=data.composition)
    A = sum(fl.units.beta(300.0) ** 2 * t.force_descriptors.T @ t.force_descriptors for t in data.values())
    np.testing.assert_allclose(rigidity, 1 / np.einsum("mi,im->m", g, np.linalg.solve(A, g.T)), rtol=1e-7)
    with pytest.raises(
        ValueError, match=r"n_atoms: expected .*the atoms of each of (Ni, )?Cu, Au, .* take data.composition"
    ):
        uncertainty.energy_gradients(moments, descriptors(data), n_atoms=data.n_atoms)


def test_one_composition_has_one_offset() -> None:
    data = of_compositions(np.tile([[3, 5]], (18, 1)))
    moments, D = fl.accumulate(data), descriptors(data)
    found = uncertainty.energy_gradients(moments, D, n_atoms=data.composition)
    np.testing.assert_allclose(found, D - D.mean(axis=0), atol=1e-9)
    np.testing.assert_array_equal(uncertainty.energy_gradients(moments, D, n_atoms=data.n_atoms), found)


def test_rigidity_is_that_of_scikit_matter() -> None:
    """Its structures are rows of Φ, and what is asked of them is D: common factors β² aside, its LPR is our rigidity."""
    metrics = pytest.importorskip("skmatter.metrics")
    rng = np.random.default_rng(0)
    Phi, D = rng.normal(size=(60, 3)) * [1.0, 5.0, 0.2], rng.normal(size=(10, 3))
    told = {"n_atoms": np.full(10, 2), "energies": np.zeros(10), "descriptors": D - D.mean(axis=0)}
    t = fl.Trajectory(key="a", temperature=300.0, forces=np.ones(60), force_descriptors=Phi, **told)
    found = uncertainty.prediction_rigidity(fl.accumulate([t]), t.descriptors, n_atoms=2)
    lpr, lacking = metrics.local_prediction_rigidity([row[None] for row in Phi], [t.descriptors], 0.0)
    assert lacking == 0
    np.testing.assert_allclose(found / fl.units.beta(300.0) ** 2, lpr[0], rtol=1e-9)
