"""Learning curves of many choices from one set of moments, against scikit-learn's ridge on the rows."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import fisherlib as fl
from fisherlib.validation import learning_curve, learning_curves, split

Maker = Callable[..., fl.Dataset]
CHOICES = {"all": [0, 1, 2, 3, 4], "some": [4, 0, 2], "one": [3]}


@pytest.fixture
def data(ragged: Maker) -> fl.Dataset:
    """Six trajectories of a few configurations, of which K descriptors explain the forces in part."""
    return ragged(5, K=5, temperatures=(300.0,) * 6, atoms=(3, 3))


def draws_of(data: fl.Dataset, parts: list[list[str]], draws: int, seed: int) -> list[tuple[int, list[str]]]:
    """The fold and the order of the other records, of each draw, as the docstring tells it."""
    rng, told = np.random.default_rng(seed), []
    for n, part in enumerate(parts):
        rest = [key for key in data if key not in part]
        told += [(n, [rest[k] for k in rng.permutation(len(rest))]) for _ in range(draws)]
    return told


@pytest.mark.parametrize("strength", [1e-9, 1e-2])
def test_the_fits_are_those_of_scikit_learn(data: fl.Dataset, strength: float) -> None:
    moments, parts, numbers = fl.accumulate(data), split(tuple(data), 3), [1, 2, 4]
    found = learning_curves(moments, CHOICES, parts, numbers, draws=2, strength=strength, seed=3)
    assert found.force_rmse.shape == found.energy_rmse.shape == (3, 3, 3, 2) and found.fits == 54
    for d, (n, order) in enumerate(draws_of(data, parts, 2, 3)):
        held = data.select(parts[n])
        for c, which in enumerate(CHOICES.values()):
            for m, number in enumerate(numbers):
                rows = data.select(order[:number])
                Phi, F = (
                    np.concatenate([getattr(t, name) for t in rows.values()])
                    for name in ("force_descriptors", "forces")
                )
                length = np.linalg.norm(Phi[:, which], axis=0)
                ridge = Ridge(alpha=strength, fit_intercept=False, solver="svd").fit(Phi[:, which] / length, F)
                theta = np.zeros(5)
                theta[which] = ridge.coef_ / length
                error = np.concatenate([t.forces - t.force_descriptors @ theta for t in held.values()])
                want = np.sqrt(np.mean(error**2))
                assert found.force_rmse[c, m, n, d % 2] == pytest.approx(want, rel=1e-8)


def test_one_choice_of_all_is_the_learning_curve_of_a_fit(data: fl.Dataset) -> None:
    moments, parts, strength = fl.accumulate(data), split(tuple(data), 3), 1e-3
    found = learning_curves(moments, {"all": range(5)}, parts, [4], draws=1, strength=strength)
    ends = learning_curve(moments, lambda m: fl.regression.ridge_fit(m, strength), parts, [4])
    np.testing.assert_allclose(found.rmse("all"), ends, rtol=1e-8)  # of all that a fold leaves, whatever the order


def test_energies_have_the_best_offset_of_the_fold(data: fl.Dataset) -> None:
    moments, parts = fl.accumulate(data), split(tuple(data), 2)
    found = learning_curves(moments, CHOICES, parts, [3], draws=1)
    for n, part in enumerate(parts):
        theta, held = fl.regression.ridge_fit(moments.drop(part), 1e-9).theta, data.select(part)
        error = held.energies - np.concatenate([t.descriptors for t in held.values()]) @ theta
        assert found.energy_rmse[0, 0, n, 0] == pytest.approx(error.std() / 3, rel=1e-6)


def test_what_sees_nothing_predicts_nothing(data: fl.Dataset) -> None:
    blind = [
        fl.Trajectory(
            key=t.key,
            n_atoms=t.n_atoms,
            descriptors=t.descriptors * [1, 1, 1, 1, 0],
            forces=t.forces,
            force_descriptors=t.force_descriptors * [1, 1, 1, 1, 0],
        )
        for t in data.values()
    ]
    moments, parts = fl.accumulate(fl.Dataset(blind)), split(tuple(data), 2)
    found = learning_curves(moments, {"blind": [4], "all": range(5)}, parts, [1, 3], draws=2)
    for n, part in enumerate(parts):
        held = fl.Dataset(blind).select(part).forces
        np.testing.assert_allclose(found.force_rmse[0, :, n], np.sqrt(np.mean(held**2)), rtol=1e-12)
    assert np.isnan(found.energy_rmse).all() and np.isfinite(found.force_rmse).all()


def test_choices_share_their_draws_and_a_seed_tells_them(data: fl.Dataset) -> None:
    moments, parts = fl.accumulate(data), split(tuple(data), 2)
    both = learning_curves(moments, CHOICES, parts, [1, 2], draws=3, seed=5)
    one = learning_curves(moments, {"some": CHOICES["some"]}, parts, [1, 2], draws=3, seed=5)
    np.testing.assert_array_equal(both.rmse("some"), one.rmse("some"))
    other = learning_curves(moments, {"some": CHOICES["some"]}, parts, [1, 2], draws=3, seed=6)
    assert (other.rmse("some") != one.rmse("some")).any()


def test_columns_that_depend_on_each_other_need_a_strength(data: fl.Dataset) -> None:
    moments, twice = (
        fl.accumulate(data),
        fl.descriptors.Joined({"one": fl.descriptors.Acsf(n_zeta=0), "again": fl.descriptors.Acsf(n_zeta=0)}),
    )
    frames = [f.take(f.key, [0]) for f in fl.io.read_frames("data/cu55_1200K.npz")[:2]]
    moments = fl.accumulate(fl.featurise(frames, twice, workers=1))
    parts, choices = [[key] for key in moments], {"one": range(12), "both": range(24)}
    one, both = learning_curves(moments, choices, parts, [1], draws=1, strength=1e-8).force_rmse
    np.testing.assert_allclose(one, both, rtol=1e-3)
    with pytest.raises(ValueError, match="strength: expected more"):
        learning_curves(moments, choices, parts, [1], strength=1e-300)


def test_rows_without_forces_are_refused() -> None:
    moments = fl.Moments.from_rows(np.eye(4), np.arange(4.0), [0, 0, 1, 1])
    with pytest.raises(ValueError, match="moments: expected some with forces"):
        learning_curves(moments, {"all": range(4)}, [["0"], ["1"]], [1])
