"""Selection from moments: the same picks as scikit-matter makes from rows, and orders that do what they promise."""

import warnings
from functools import partial

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from skmatter.feature_selection import CUR, FPS, PCovCUR, PCovFPS

import fisherlib as fl
from fisherlib import selection

SEEDS = range(4)


def rows(seed: int, n: int = 400, K: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Correlated descriptors of very different units, and a target that some of them tell."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 12)) @ rng.normal(size=(12, K)) + 0.3 * rng.normal(size=(n, K))
    X *= 10 ** rng.uniform(-3, 3, K)
    y = (X / X.std(axis=0)) @ (rng.normal(size=K) * (rng.random(K) < 0.2)) + rng.normal(size=n)
    return X + 100.0, y


def standardised(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows in the units of ``selection``: total variance 1 of X, and of y."""
    n, K = X.shape
    Z, z = (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()
    return Z / np.sqrt(n * K), (z / np.sqrt(n)).reshape(-1, 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (selection.farthest_points, partial(FPS, initialize=0)),
        (partial(selection.farthest_points, start=7), partial(FPS, initialize=7)),
        (partial(selection.farthest_points, mixing=0.5), partial(PCovFPS, initialize=0, mixing=0.5)),
        (selection.cur, CUR),
        (partial(selection.cur, directions=3), partial(CUR, k=3)),
        (partial(selection.cur, mixing=0.5), partial(PCovCUR, mixing=0.5)),
        (partial(selection.cur, mixing=0.1), partial(PCovCUR, mixing=0.1)),
    ],
    ids=["fps", "fps from 7", "pcov-fps", "cur", "cur of 3", "pcov-cur", "pcov-cur 0.1"],
)
def test_picks_from_moments_are_those_of_scikit_matter_from_rows(ours: object, theirs: object, seed: int) -> None:
    X, y = rows(seed)
    Z, z = standardised(X, y)
    expected = theirs(n_to_select=30)
    expected.fit(Z, z if isinstance(expected, PCovCUR | PCovFPS) else None)
    assert ours(fl.Moments.from_rows(X, y), 30).indices.tolist() == expected.selected_idx_.tolist()


def test_picks_of_forces_are_those_of_their_rows(copper: fl.Dataset, few_walkers: fl.Dataset) -> None:
    Phi = np.concatenate([t.force_descriptors for t in few_walkers.values()])
    expected = FPS(n_to_select=20, initialize=0).fit(Phi / np.sqrt((Phi**2).mean(axis=0)))
    found = selection.farthest_points(fl.accumulate(few_walkers), 20)
    assert found.indices.tolist() == expected.selected_idx_.tolist()
    assert found.names[0] == copper.descriptor_names[0]


@pytest.mark.parametrize("choose", [selection.farthest_points, selection.cur, selection.forward, selection.by_lasso])
def test_units_and_blocks_change_no_choice(choose: object) -> None:
    X, y = rows(0)
    first = choose(fl.Moments.from_rows(X, y), 10)
    blocks = np.arange(len(y)) % 5
    assert choose(fl.Moments.from_rows(X * np.logspace(-4, 4, 40), 1e3 * y, blocks), 10).indices.tolist() == (
        first.indices.tolist()
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_forward_selection_explains_what_least_squares_does(seed: int) -> None:
    X, y = rows(seed)
    found = selection.forward(fl.Moments.from_rows(X, y), 8)
    z = y - y.mean()
    first = fl.regression.best_subsets(fl.Moments.from_rows(X, y), 1, number=1)
    assert found.indices[0] == first.indices[0, 0]
    assert np.all(np.diff(np.cumsum(found.scores)) >= 0)
    np.testing.assert_allclose(found.scores[0], first.explained[0], rtol=1e-10)
    for n in (2, 8):
        Z = ((X - X.mean(axis=0)) / X.std(axis=0))[:, found.indices[:n]]
        left = z - Z @ np.linalg.lstsq(Z, z)[0]
        np.testing.assert_allclose(found.scores[:n].sum(), 1 - left @ left / (z @ z), rtol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_the_lasso_is_that_of_least_angle_regression(seed: int) -> None:
    from sklearn.linear_model import lars_path

    X, y = rows(seed)
    Z, z = standardised(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        active = lars_path(Z * np.sqrt(Z.shape[1]), z[:, 0], method="lasso", max_iter=6)[1]
    assert selection.by_lasso(fl.Moments.from_rows(X, y), 3).indices.tolist() == active[:3]


@pytest.mark.parametrize("choose", [selection.farthest_points, selection.cur, selection.forward])
def test_copies_are_never_chosen(choose: object) -> None:
    X, y = rows(1, K=6)
    moments = fl.Moments.from_rows(np.column_stack([X, X[:, :3], np.ones(len(y))]), y)
    found = choose(moments)
    constant = 9
    assert len(found.indices) == 7 if choose is selection.farthest_points else 6  # a point that does not vary is far
    assert constant not in found.indices or choose is selection.farthest_points
    assert len(set(found.indices % 9 % 6)) >= 6 - 1
    with pytest.raises(ValueError, match="number: expected 6 at most|number: expected 7 at most"):
        choose(moments, 9)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_next_label_is_the_most_uncertain_of_a_gaussian_process(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 2))
    kernel = RBF(0.7)
    order = selection.by_variance(kernel(x), 12, noise=1e-3, start=[5])
    assert order[0] == 5 and len(set(order.tolist())) == 12
    process = GaussianProcessRegressor(kernel, alpha=1e-3, optimizer=None)
    for n in range(1, 12):
        sd = process.fit(x[order[:n]], np.zeros(n)).predict(x, return_std=True)[1]
        sd[order[:n]] = 0.0
        assert sd[order[n]] >= sd.max() * (1 - 1e-6)


def test_with_a_linear_kernel_the_determinant_grows_fastest() -> None:
    x = np.random.default_rng(0).normal(size=(80, 4))
    order = selection.by_variance(x @ x.T, 20, noise=1e-3)
    known = x[order[:10]].T @ x[order[:10]] + 1e-3 * np.eye(4)
    gains = [np.linalg.slogdet(known + np.outer(v, v))[1] for v in np.delete(x, order[:10], axis=0)]
    chosen = np.linalg.slogdet(known + np.outer(x[order[10]], x[order[10]]))[1]
    np.testing.assert_allclose(chosen, max(gains), rtol=1e-12)


@pytest.mark.parametrize("noise", [1e-3, 1e-20, 1e-300])
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_a_kernel_of_low_rank_is_learnt_and_then_every_choice_is_as_good(noise: float, unit: float) -> None:
    x = np.random.default_rng(0).normal(size=(30, 3))
    order = selection.by_variance(unit * x @ x.T, 30, noise=unit * noise)
    assert sorted(order.tolist()) == list(range(30))
    assert np.linalg.matrix_rank(x[order[:3]]) == 3
    assert selection.by_variance(np.zeros((3, 3)), 3, noise=noise).tolist() == [0, 1, 2]


def test_a_choice_is_made_without_what_is_held_out(few_walkers: fl.Dataset) -> None:
    moments, parts = fl.accumulate(few_walkers), fl.validation.split(tuple(few_walkers), 2)
    seen = []

    def choose(rest: fl.Moments) -> selection.Picks:
        seen.append(set(rest))
        return selection.forward(rest, 5)

    found = fl.validation.selection_errors(moments, choose, parts, [1, 5])
    assert seen == [set(few_walkers) - set(part) for part in parts]
    rest, held = moments.drop(parts[0]), few_walkers.select(parts[0])
    kept = selection.forward(rest, 5).indices
    theta = np.linalg.lstsq(
        np.concatenate([few_walkers[k].force_descriptors[:, kept] for k in rest]),
        np.concatenate([few_walkers[k].forces for k in rest]),
    )[0]
    left = np.concatenate([t.forces - t.force_descriptors[:, kept] @ theta for t in held.values()])
    np.testing.assert_allclose(found[1, 0], np.sqrt(np.mean(left**2)), rtol=1e-8)


def test_all_descriptors_make_the_error_of_the_whole_fit(few_walkers: fl.Dataset) -> None:
    moments, parts = fl.accumulate(few_walkers), fl.validation.split(tuple(few_walkers), 2)
    whole = fl.validation.fold_errors(moments, fl.regression.fisher_fit, parts).force_rmse
    order = np.random.default_rng(0).permutation(moments.K)
    np.testing.assert_allclose(fl.validation.selection_errors(moments, order, parts, [moments.K])[0], whole, rtol=1e-6)


def test_errors_of_labels_are_those_of_a_ridge_on_these_labels_alone() -> None:
    from sklearn.linear_model import Ridge

    X, y = rows(2, n=120, K=6)
    order = np.random.default_rng(0).permutation(100)
    found = fl.validation.label_errors(X, y, order, [10, 60], test=(X[100:], y[100:]), strengths=[1e-2])
    for n, rmse, largest in zip([10, 60], found.rmse, found.largest, strict=True):
        known = X[order[:n]]
        mean, sd = known.mean(axis=0), known.std(axis=0)
        model = Ridge(alpha=1e-2 * n).fit((known - mean) / sd, y[order[:n]])
        errors = model.predict((X[100:] - mean) / sd) - y[100:]
        np.testing.assert_allclose([rmse, largest], [np.sqrt(np.mean(errors**2)), np.abs(errors).max()], rtol=1e-8)


def test_labels_needed_are_read_off_the_curve() -> None:
    numbers, slope = np.array([10, 20, 40, 80]), -0.7
    curve = 3.0 * numbers**slope
    made = [fl.validation.LabelErrors(numbers=numbers, rmse=f * curve, largest=curve) for f in (0.5, 2.0)]
    np.testing.assert_allclose(fl.validation.labels_needed(made, 3.0 * 33.0**slope), 33.0, rtol=1e-12)
    assert fl.validation.labels_needed(made, curve[-1] / 2) == np.inf
    assert fl.validation.labels_needed(made, 2 * curve[0]) == pytest.approx(10.0, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_a_strategy_reaches_its_own_last_error_with_its_last_label(seed: int) -> None:
    rmse = np.random.default_rng(seed).uniform(1.0, 2.0, (5, 2)) * [3.0, 1.0]
    made = [fl.validation.LabelErrors(numbers=np.array([10, 40]), rmse=e, largest=e) for e in rmse]
    goal = np.exp(np.log(rmse).mean(axis=0))[1]
    assert fl.validation.labels_needed(made, goal) == pytest.approx(40.0, rel=1e-9)


def test_picks_of_pooled_temperatures_and_elements_are_those_of_weighted_rows(ragged: object) -> None:
    data = ragged(3, K=8, temperatures=(300.0, 600.0, 1200.0), atoms=(3, 6))
    moments = fl.accumulate(data)
    weights = fl.regression.row_weights(moments)
    parts = [(t.force_descriptors * w**0.5, t.forces * w**0.5) for t, w in zip(data.values(), weights, strict=True)]
    Phi, F = map(np.concatenate, zip(*parts, strict=True))
    Z, z = Phi / np.sqrt((Phi**2).sum(axis=0) * 8), F / np.linalg.norm(F)
    for ours, theirs in (
        (selection.farthest_points(moments, 6), FPS(n_to_select=6, initialize=0).fit(Z)),
        (selection.cur(moments, 6), CUR(n_to_select=6).fit(Z)),
        (selection.cur(moments, 6, mixing=0.3), PCovCUR(n_to_select=6, mixing=0.3).fit(Z, z[:, None])),
    ):
        assert ours.indices.tolist() == theirs.selected_idx_.tolist()


@pytest.mark.parametrize("directions", [1, 3, 5, 30])
def test_directions_without_variance_choose_nothing(directions: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 8)) @ rng.normal(size=(8, 30))  # of 30 directions eight vary
    y = X[:, 0] + rng.normal(size=300)
    found = selection.cur(fl.Moments.from_rows(X, y), directions=directions)
    again = selection.cur(fl.Moments.from_rows(X[::-1], y[::-1]), directions=directions)  # with other rounding errors
    assert len(found.indices) == 8
    assert (
        again.indices[:7].tolist() == found.indices[:7].tolist()
    )  # the last direction leaves equal descriptors to choose from
    np.testing.assert_allclose(again.scores, found.scores, rtol=1e-6)


def test_the_target_alone_chooses_until_it_is_explained() -> None:
    X = np.random.default_rng(0).normal(size=(200, 6))
    moments = fl.Moments.from_rows(X, 2.0 * X[:, 1])
    assert selection.cur(moments, mixing=0.0).indices.tolist() == [1]
    with pytest.raises(ValueError, match="number: expected 1 at most, as those chosen before explain the target"):
        selection.cur(moments, 2, mixing=0.0)


def test_a_choice_that_ends_early_says_why() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    rows = np.column_stack([X, X @ [1.0, 1.0, 0.0], X[:, 0]])
    moments = fl.Moments.from_rows(rows, X[:, 0])
    with pytest.raises(ValueError, match="expected 3 at most, as all other descriptors are linear combinations"):
        selection.forward(moments, 5)
    with pytest.raises(ValueError, match="expected 4 at most, as all other descriptors are copies of those"):
        selection.farthest_points(moments, 5)
    with pytest.raises(ValueError, match="as no other has a weight at any strength down to 1e-06 of the largest"):
        selection.by_lasso(moments, 5)
