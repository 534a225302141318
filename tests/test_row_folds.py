"""Held-out rows: what is held out, and scores from moments against explicit refits on the rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge

import fisherlib as fl
from fisherlib.uncertainty import block_means
from fisherlib.uncertainty.block_means import BlockMeans
from fisherlib.validation import TREATMENTS, chosen, folds, held_out_rows, nested, scores, selected

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
PROTOCOLS = ("in-sample", "random", "tiles", "configurations")
BOX = np.array([8.0, 6.0])


def drawn(seed: int = 0, blocks: int = 4, each: int = 40, K: int = 6) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(blocks * each, K)) * 10.0 ** np.arange(K)
    label = np.repeat([f"c{b}" for b in range(blocks)], each)
    y = X[:, 0] - 0.1 * X[:, 1] + rng.normal(size=len(X)) + 0.3 * rng.normal(size=blocks).repeat(each)
    return X, y, label


def made(protocol: str, label: np.ndarray, seed: int = 0) -> fl.validation.Folds:
    x = np.random.default_rng(seed).uniform(-1, 2, (len(label), 2)) * BOX
    return folds(label, protocol, number=7, ratio=0.25, positions=x, box=BOX, tiles=3, seed=seed)


def test_each_protocol_holds_out_what_it_says() -> None:
    _, _, label = drawn()
    for protocol in PROTOCOLS:
        found = made(protocol, label)
        rows = np.concatenate(found.held_out)
        once = protocol != "random"
        assert (np.sort(rows).tolist() == list(range(160))) == once, protocol
        for k in range(found.k):
            assert found.trained(k)[found.held_out[k]].all() == (protocol == "in-sample")
    whole = folds(label)
    assert [set(label[rows]) for rows in whole.held_out] == [{"c0"}, {"c1"}, {"c2"}, {"c3"}]
    random = folds(label, "random", number=7, ratio=0.25)
    assert all(len(set(rows.tolist())) == 40 for rows in random.held_out) and random.coverage == pytest.approx(1.75)
    assert 0 < folds(label, "random", number=2, ratio=0.1).never <= 144
    assert folds(label, "random", seed=1).held_out[0].tolist() != random.held_out[0].tolist()


def test_a_tile_is_one_place_in_every_configuration() -> None:
    x = np.array([[0.1, 0.1], [3.9, 0.1], [0.1, 5.9], [7.9, 5.9], [8.1, 6.1], [-0.1, -0.1]])
    found = folds([0, 0, 0, 0, 1, 1], "tiles", positions=x, box=BOX, tiles=2)
    assert [rows.tolist() for rows in found.held_out] == [[0, 1, 4], [2], [3, 5]]


def explicit(
    found: fl.validation.Folds, X: np.ndarray, y: np.ndarray, strength: float, clip: float | None
) -> np.ndarray:
    """Predictions of every held-out row, fold by fold, by scikit-learn on rows."""
    out = []
    for k, rows in enumerate(found.held_out):
        train = found.trained(k)
        mean, sd = X[train].mean(axis=0), X[train].std(axis=0)
        Z = X if clip is None else np.clip(X, mean - clip * sd, mean + clip * sd)
        mean, sd = Z[train].mean(axis=0), Z[train].std(axis=0)
        model = Ridge(alpha=strength * train.sum(), solver="svd").fit((Z[train] - mean) / sd, y[train])
        out.append(model.predict((Z[rows] - mean) / sd))
    return np.concatenate(out)


@pytest.mark.parametrize("clip", [None, 1.5])
@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=3, deadline=None)
def test_scores_from_moments_are_those_of_refits_on_rows(protocol: str, clip: float | None, seed: int) -> None:
    X, y, label = drawn(seed)
    found = made(protocol, label, seed)
    score = scores(found, X, y, TREATMENTS["MAP-Ridge"], [1e-6, 0.1], clip=clip)
    rows = np.concatenate(found.held_out)
    for k, strength in enumerate(score.strengths):
        p = explicit(found, X, y, strength, clip)
        assert score.risk[k] == pytest.approx(np.mean((p - y[rows]) ** 2), rel=1e-10)
        assert score.pearson_pooled[k] == pytest.approx(np.corrcoef(p, y[rows])[0, 1], abs=1e-10)
        for block, r in score.pearson_each.items():
            mine = label[rows] == block
            assert r[k] == pytest.approx(np.corrcoef(p[mine], y[rows][mine])[0, 1], abs=1e-10)
    assert score.nll == pytest.approx(0.5 * np.log(2 * np.pi * np.e * score.risk))


def test_the_choice_inside_looks_at_no_held_out_row() -> None:
    X, y, label = drawn()
    found = folds(label)
    for name, treatment in TREATMENTS.items():
        inside = nested(treatment, [1e-4, 1e-2, 1.0])
        before = held_out_rows(found, X, y, inside)
        other = y.copy()
        other[found.held_out[2]] = np.random.default_rng(0).normal(size=40) * 100
        after = held_out_rows(found, X, other, inside)
        np.testing.assert_array_equal(before[found.held_out[2]], after[found.held_out[2]], err_msg=name)
        assert not np.array_equal(before[found.held_out[1]], after[found.held_out[1]])


def test_a_chosen_strength_is_that_of_the_lowest_error_of_refits() -> None:
    X, y, label = drawn(3)
    X = X + 5 * np.random.default_rng(1).normal(size=X.shape) * 10.0 ** np.arange(6)  # noise, so that a ridge helps
    strengths = np.logspace(-4, 2, 25)
    found = folds(label)
    lost = [np.mean((explicit(found, X, y, s, None) - y) ** 2) for s in strengths]
    assert chosen(fl.Moments.from_rows(X, y, label), TREATMENTS["MAP-Ridge"], strengths) == strengths[np.argmin(lost)]


def test_noise_alone_selects_one_descriptor_at_least() -> None:
    rng = np.random.default_rng(0)
    train = fl.Moments.from_rows(rng.normal(size=(60, 5)), rng.normal(size=60), np.arange(60) // 20)
    assert 1 <= len(selected(train)) <= 5


def test_an_estimator_of_scikit_learn_sees_only_training_rows_and_is_left_as_it_was() -> None:
    X, y, label = drawn()
    model = LinearRegression()
    for protocol in PROTOCOLS:
        found = made(protocol, label)
        ours = held_out_rows(found, X, y, TREATMENTS["MAP-Ridge"], 1e-13)
        theirs = held_out_rows(found, X, y, model)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
        assert np.isnan(theirs).sum() == found.never and not hasattr(model, "coef_")


def test_units_of_descriptors_change_no_score() -> None:
    X, y, label = drawn()
    for name, treatment in TREATMENTS.items():
        a, b = (scores(folds(label), each, y, treatment, [1e-3, 0.1]) for each in (X, X * [1, 1e3, 1, 1e-6, 1, 10]))
        np.testing.assert_allclose(a.risk, b.risk, rtol=1e-8, err_msg=name)


def correlated(seed: int, blocks: int = 16) -> fl.Moments:
    """Blocks that differ by something that no descriptor knows, and rows that differ within them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(blocks * 200, 5)) + 0.3 * rng.normal(size=(blocks, 5)).repeat(200, axis=0)
    y = X @ [1.0, 0.5, 0, 0, 0] + rng.normal(size=len(X)) + 0.3 * rng.normal(size=blocks).repeat(200)
    return fl.Moments.from_rows(X, y, np.arange(blocks).repeat(200))


def test_only_bars_from_left_out_blocks_are_right_where_blocks_differ() -> None:
    rms: dict[str, list[float]] = {}
    for seed in range(12):
        moments = correlated(seed)
        unseen = list(moments)[:6]
        for name, value in block_means(moments.drop(unseen), moments.select(unseen), 1e-4).rms.items():
            rms.setdefault(name, []).append(value)
    pooled = {name: float(np.sqrt(np.mean(np.square(values)))) for name, values in rms.items()}
    assert 0.7 < pooled["block cross-validation"] < 1.5
    assert pooled["iid"] > 3 and pooled["iid"] > pooled["sandwich"]


def test_bars_are_right_by_all_methods_where_rows_are_independent() -> None:
    parts = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(300, 3))
        moments = fl.Moments.from_rows(X, X @ [1.0, 2.0, 0.0] + rng.normal(size=300), np.arange(300) // 15)
        parts.append(block_means(moments.drop("0"), moments.select("0"), 1e-6))
    joined = BlockMeans.joined(parts)
    assert len(joined.names) == 40 and all(0.6 < value < 1.5 for value in joined.rms.values()), joined.rms


def test_the_iid_bar_is_the_posterior_of_bayes() -> None:
    X, y, label = drawn(1)
    moments = fl.Moments.from_rows(X, y, label)
    found = block_means(moments.drop("c0"), moments.select("c0"), 0.01)
    Z, v, new = X[label != "c0"], y[label != "c0"], X[label == "c0"].mean(axis=0)
    mean, sd = Z.mean(axis=0), Z.std(axis=0)
    Z, x = (Z - mean) / sd, (new - mean) / sd
    S = Z.T @ Z + 0.01 * 120 * np.eye(6)
    w = np.linalg.solve(S, Z.T @ (v - v.mean()))
    gamma = np.trace(np.linalg.solve(S, Z.T @ Z))
    noise = np.sum((v - v.mean() - Z @ w) ** 2) / (120 - gamma - 1)
    assert found.predicted[0] == pytest.approx(v.mean() + x @ w)
    expected = noise * (1 / 40 + 1 / 120 + x @ np.linalg.solve(S, x))
    assert found.errors["iid"][0] ** 2 == pytest.approx(expected, rel=1e-8)


def test_a_lasso_without_descriptors_predicts_the_mean_and_has_no_correlation() -> None:
    X, y, label = drawn()
    score = scores(folds(label), X, y, TREATMENTS["MAP-Lasso"], [10.0, 1e-3])
    assert np.isnan(score.pearson_mean[0]) and np.isnan(score.pearson_error[0]) and np.isfinite(score.risk).all()
    each = np.array([r[1] for r in score.pearson_each.values()])
    assert score.pearson_mean[1] == pytest.approx(each.mean())
    assert score.pearson_error[1] == pytest.approx(each.std(ddof=1) / 2)


def test_predictions_that_do_not_vary_have_no_correlation_whatever_rounding_leaves() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        each = 20 + seed
        X, y, label = rng.normal(size=(5 * each, 3)), 10 + 1.7 * rng.normal(size=5 * each), np.arange(5 * each) // each
        score = scores(folds(label), X, y, TREATMENTS["MAP-Lasso"], [10.0])
        assert np.isnan(score.pearson_mean[0])
        assert "nothing is predicted to vary" in score.correlation().words()
    pairs = scores(folds(np.arange(60) // 2), X[:60], y[:60], TREATMENTS["MAP-Ridge"], [1e-3]).correlation()
    assert "0, 1, 2 and 27 more" in pairs.words()


@pytest.mark.parametrize(
    ("positions", "box", "tiles", "sentence"),
    [
        (np.full((5, 2), np.nan), [1.0, 1.0], 2, "positions: expected finite numbers, got 10"),
        (np.ones((5, 2)), [np.inf, 1.0], 2, "d lengths > 0"),
        (np.ones((5, 1)), 3.0, 2, "d lengths > 0"),
        (np.ones((5, 2)), [3.0, 3.0], 2, "got all 5 in one"),
    ],
)
def test_tiles_that_cannot_be_are_refused_in_a_sentence(
    positions: np.ndarray, box: object, tiles: int, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        folds([0] * 5, "tiles", positions=positions, box=box, tiles=tiles)


def test_tiles_are_periodic_in_three_dimensions_and_may_be_far_more_than_rows() -> None:
    x, box = np.random.default_rng(0).uniform(0, 1, (400, 3)) * [3.0, 4.0, 5.0], [3.0, 4.0, 5.0]
    there, beside = (folds([0] * 400, "tiles", positions=x + k * np.array(box), box=box, tiles=2) for k in (0, 2))
    assert there.k == 8 and [a.tolist() for a in there.held_out] == [a.tolist() for a in beside.held_out]
    assert folds([0] * 400, "tiles", positions=x, box=box, tiles=10**7).k == 400


def test_the_iid_bar_knows_what_the_data_leave_open() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 60))
    X[:, 3] = 0.1
    y = X[:, 0] + rng.normal(size=40)
    moments = fl.Moments.from_rows(X, y, np.arange(40) // 10)
    found = block_means(moments.drop("0"), moments.select("0"), 0.1)
    X = np.delete(X, 3, axis=1)
    Z, v, mean, sd = X[10:], y[10:] - y[10:].mean(), X[10:].mean(axis=0), X[10:].std(axis=0)
    Z, x = (Z - mean) / sd, (X[:10].mean(axis=0) - mean) / sd
    S = Z.T @ Z + 0.1 * 30 * np.eye(59)
    w = np.linalg.solve(S, Z.T @ v)
    noise = np.sum((v - Z @ w) ** 2) / (30 - np.trace(np.linalg.solve(S, Z.T @ Z)) - 1)
    expected = noise * (1 / 10 + 1 / 30 + x @ np.linalg.solve(S, x))
    assert found.errors["iid"][0] ** 2 == pytest.approx(expected, rel=1e-8)
