"""Cross-validation from moments against explicit refits of the data that were left."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib import validation
from fisherlib.regression import RidgePath
from fisherlib.validation.agreement import HeldOutCurve, agreement, covered

Maker = Callable[..., fl.Dataset]
quick = settings(deadline=None, max_examples=25)


@quick
@given(seed=st.integers(0, 2**20), n=st.integers(2, 6), strength=st.floats(1e-3, 10.0))
def test_cross_validation_equals_refits_without_the_fold(ragged: Maker, seed: int, n: int, strength: float) -> None:
    data = ragged(seed, temperatures=(300.0,) * 6, atoms=(2, 2))

    def fit(m: fl.Moments) -> fl.LinearPotential:
        q = fl.fisher(m)
        M = m.total().configurations
        return fl.LinearPotential.from_fit(
            fl.solve(q + fl.ridge(strength * fl.units.beta(300.0) ** 2 / M, m.K)), m, name="f"
        )

    found = validation.cross_validate(data, fl.accumulate(data), fit, folds=n, seed=seed)
    sklearn = pytest.importorskip("sklearn.linear_model")
    energies = {}
    for part in validation.split(tuple(data), n, seed=seed):
        left = data.drop(part)
        Phi = np.concatenate([t.force_descriptors for t in left.values()])
        theta = sklearn.Ridge(alpha=strength, fit_intercept=False, solver="svd").fit(Phi, left.forces).coef_
        D = np.concatenate([t.descriptors for t in left.values()])
        e0 = np.mean(left.energies - D @ theta) / 2
        for key in part:
            energies[key] = data[key].descriptors @ theta / 2 + e0
            rmse = np.sqrt(np.mean((data[key].force_descriptors @ theta - data[key].forces) ** 2))
            assert found.force_rmse[list(data).index(key)] == pytest.approx(rmse, rel=1e-8)
    np.testing.assert_allclose(found.energies, np.concatenate([energies[k] for k in data]), rtol=1e-8, atol=1e-8)
    assert found.name == "f, held out" and found.keys == tuple(data)


@quick
@given(count=st.integers(2, 30), data=st.data(), seed=st.integers(0, 100))
def test_folds_are_disjoint_complete_and_even(count: int, data: st.DataObject, seed: int) -> None:
    n, keys = data.draw(st.integers(2, count)), [f"k{i}" for i in range(count)]
    parts = validation.split(keys, n, seed=seed)
    assert len(parts) == n and sorted(k for p in parts for k in p) == sorted(keys)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert parts == validation.split(keys, n, seed=seed)


def test_another_seed_gives_other_folds() -> None:
    keys = [f"k{i}" for i in range(20)]
    assert validation.split(keys, 4, seed=0) != validation.split(keys, 4, seed=1)


def test_no_configuration_of_a_trajectory_is_seen_by_the_fit_that_predicts_it(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 5)
    moments, seen = fl.accumulate(data), []

    def fit(m: fl.Moments) -> fl.LinearPotential:
        seen.append(set(m))
        return fl.LinearPotential(theta=np.full(3, float(len(seen))))

    found = validation.cross_validate(data, moments, fit, folds=5)
    assert sorted(len(s) for s in seen) == [4] * 5
    first = 0
    for key, t in data.items():
        number = found.energies[first] * t.n_atoms[0] / t.descriptors[0].sum()  # which fit predicted this trajectory
        assert key not in seen[round(number) - 1]
        first += len(t)


def test_the_held_out_error_of_shipped_data_is_above_the_error_of_the_fit(few_walkers: fl.Dataset) -> None:
    moments = fl.accumulate(few_walkers)

    def fit(m: fl.Moments) -> fl.LinearPotential:
        return fl.LinearPotential.from_fit(fl.solve(fl.fisher(m)), m)

    held_out = validation.cross_validate(few_walkers, moments, fit, folds=4).pooled
    assert held_out["force_rmse"] > fl.comparison.compare(fit(moments), few_walkers).pooled["force_rmse"]


@pytest.mark.parametrize("n", [0, 1, 4])
def test_an_impossible_number_of_folds_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=rf"folds: expected 2 to 3, for as many trajectories, got {n}"):
        validation.split(["a", "b", "c"], n)


def test_moments_of_other_data_are_refused(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 4)
    with pytest.raises(ValueError, match=r"moments: .*which differ in 't0', 't0/0', 't0/1' …; take accumulate"):
        validation.cross_validate(data, fl.accumulate(data.blocks(2)), lambda m: None, folds=2)


def test_a_single_trajectory_cannot_be_held_out_and_the_way_out_is_told() -> None:
    with pytest.raises(ValueError, match=r"at least 2 trajectories, .* got 1; cut a long one by data.blocks\(number\)"):
        validation.split(["a"], 2)


def test_a_sum_of_trajectories_cannot_be_taken_apart(copper_moments: fl.Moments) -> None:
    for function in (validation.held_out_errors, validation.leave_one_trajectory_out, validation.choose_strength):
        with pytest.raises(ValueError, match=r"moments: expected those of each trajectory, .* not its total\(\)"):
            function(copper_moments.total(), STRENGTHS)


STRENGTHS = np.logspace(-6, 1, 8)


def by_refits(
    data: fl.Dataset,
    strength: float,
    *,
    origin: np.ndarray | None = None,
    scale: np.ndarray | None = None,
    temperature: float | None = None,
) -> np.ndarray:
    """Mean squared residual of each trajectory, read from its rows, of the explicit fit to all the others."""
    errors, moments = [], fl.accumulate(data)
    b = [fl.units.beta(temperature or t.temperature) ** 2 for t in data.values()]
    unit = np.average(b, weights=[len(t.forces) for t in data.values()])
    for key, t in data.items():
        rest = moments.drop(key)
        loss = fl.fisher(rest, temperature)
        # the loss is a mean over configurations, a scale is meant for a sum over rows of mean weight 1
        m = np.diag(loss.A) if scale is None else scale * unit / rest.total().configurations
        theta = fl.solve(loss + fl.ridge(strength, data.K, scale=m, origin=origin)).theta
        errors.append(np.mean((t.forces - t.force_descriptors @ theta) ** 2))
    return np.array(errors)


@quick
@given(
    seed=st.integers(0, 2**20),
    temperatures=st.lists(st.sampled_from([300.0, 600.0, 1000.0]), min_size=2, max_size=6),
    own=st.booleans(),
    near=st.booleans(),
)
def test_held_out_errors_equal_refits_and_residuals_of_the_rows(
    ragged: Maker, seed: int, temperatures: list[float], own: bool, near: bool
) -> None:
    data, rng = ragged(seed, temperatures=temperatures), np.random.default_rng(seed)
    moments, seen = fl.accumulate(data), []
    origin, scale = rng.normal(size=3) if near else None, rng.uniform(1.0, 5.0, size=3) if own else None
    found = validation.held_out_errors(
        moments, STRENGTHS, origin=origin, scale=scale, progress=lambda *done: seen.append(done)
    )
    expected = np.array([by_refits(data, strength, origin=origin, scale=scale) for strength in STRENGTHS]).T
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert seen == [(k + 1, len(data)) for k in range(len(data))]
    b = np.array([fl.units.beta(t.temperature) ** 2 for t in data.values()])
    pooled = np.sqrt(np.average(expected, axis=0, weights=b * [len(t.forces) for t in data.values()]))
    rmse = validation.leave_one_trajectory_out(moments, STRENGTHS, origin=origin, scale=scale)
    np.testing.assert_allclose(rmse, pooled, rtol=1e-10)


def test_a_temperature_for_all_makes_their_rows_count_alike(ragged: Maker) -> None:
    data = ragged(4, temperatures=(300.0, None, 900.0))
    moments = fl.accumulate(data)
    with pytest.raises(ValueError, match="temperature: .*none of its own"):
        validation.held_out_errors(moments, STRENGTHS)
    found = validation.leave_one_trajectory_out(moments, STRENGTHS, temperature=400.0)
    errors = np.array([by_refits(data, strength, temperature=400.0) for strength in STRENGTHS]).T
    expected = np.sqrt(np.average(errors, axis=0, weights=[len(t.forces) for t in data.values()]))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_descriptor_that_changes_in_one_trajectory_alone_leaves_no_rounding_in_the_fit_without_it(
    ragged: Maker,
) -> None:
    parts = list(ragged(3, temperatures=(300.0,) * 5).values())
    Phi = [np.where([True, True, k == 2], t.force_descriptors, 0.0) for k, t in enumerate(parts)]
    data = fl.Dataset([dataclasses.replace(t, force_descriptors=P) for t, P in zip(parts, Phi, strict=True)])
    found = validation.held_out_errors(fl.accumulate(data), STRENGTHS)
    theta = np.linalg.lstsq(np.vstack(Phi[:2] + Phi[3:])[:, :2], data.drop("t2").forces, rcond=None)[0]
    assert found[2, 0] == pytest.approx(np.mean((parts[2].forces - Phi[2][:, :2] @ theta) ** 2), rel=1e-4)


def test_one_trajectory_cannot_be_held_out_and_strengths_are_checked(ragged: Maker) -> None:
    moments = fl.accumulate(ragged(0, temperatures=(300.0,)))
    for function in (validation.held_out_errors, validation.leave_one_trajectory_out, validation.choose_strength):
        with pytest.raises(ValueError, match=r"moments: expected at least 2 trajectories, .* data.blocks\(number\)"):
            function(moments, STRENGTHS)
    with pytest.raises(ValueError, match="strengths: expected finite numbers > 0, got 0"):
        validation.leave_one_trajectory_out(fl.accumulate(ragged(0)), [1.0, 0.0])


def repeated(seed: int, *, own: float, jitter: float, trajectories: int = 8, K: int = 20, M: int = 40) -> fl.Moments:
    """Moments of trajectories whose configurations are copies of one, save for ``jitter``; ``own`` is how far the best θ
    of each lies from that of the next, which no ridge can learn."""
    rng, made = np.random.default_rng(seed), []
    theta = rng.normal(size=K)
    for number in range(trajectories):
        Phi = np.tile(rng.normal(size=(6, K)), (M, 1)) + jitter * rng.normal(size=(6 * M, K))
        made.append(
            fl.Trajectory(
                key=str(number),
                temperature=300.0,
                n_atoms=np.full(M, 2),
                energies=np.zeros(M),
                descriptors=np.zeros((M, K)),
                forces=Phi @ (theta + own * rng.normal(size=K)) + 0.02 * rng.normal(size=6 * M),
                force_descriptors=Phi,
            )
        )
    return fl.accumulate(fl.Dataset(made))


@pytest.mark.parametrize("seed", range(4))
def test_correlated_rows_mislead_gcv_and_evidence_and_the_verdict_warns(seed: int) -> None:
    choice = validation.choose_strength(repeated(seed, own=1.0, jitter=0.05))
    best, verdict = choice.best, choice.verdict
    assert choice.strength == best["cross-validation"] > 10 * max(best["GCV"], best["evidence"])
    assert verdict.name == "strength" and verdict.level == "warn"
    assert "trust cross-validation" in verdict.message
    assert all(f"{value:.2g} by {name}" in verdict.message for name, value in best.items())
    at = np.interp(np.log(list(best.values())), np.log(choice.strengths), choice.cross_validation)
    lowest = choice.cross_validation.min()
    assert f"held-out errors differ by {at.max() - lowest:.2g} ± " in verdict.message
    assert at.max() > 1.05 * lowest and verdict.value == pytest.approx(at.max() / lowest - 1)
    assert verdict.limits == (0.0, validation.NOTICEABLE)


@pytest.mark.parametrize("seed", range(4))
def test_good_data_do_not_warn_however_far_apart_three_points_of_a_flat_curve_lie(seed: int) -> None:
    choice = validation.choose_strength(repeated(seed, own=0.0, jitter=1.0))
    below = float(choice.verdict.message.split("any strength below ")[1].split()[0])
    assert choice.verdict.level == "ok" and choice.verdict.value < 1e-4
    assert "every way to choose the strength serves" in choice.verdict.message
    assert 1e-5 < below < 1e-2  # well above the best, and where the curve has risen by little
    at = np.interp(np.log([below, 100 * below]), np.log(choice.strengths), choice.cross_validation)
    lowest = choice.cross_validation.min()
    assert at[0] < 1.011 * lowest and at[1] > 1.5 * lowest


def test_shipped_data_agree_on_a_strength(copper_moments: fl.Moments) -> None:
    choice = validation.choose_strength(copper_moments)
    assert choice.verdict.level == choice.range.level == "ok" and choice.verdict.value < 1e-4
    assert max(choice.best.values()) < 10 * min(choice.best.values())
    assert len(choice.strengths) == 281 and choice.strengths[0] == pytest.approx(1e-12)
    held = validation.held_out_errors(copper_moments, choice.strengths)
    np.testing.assert_array_equal(
        choice.cross_validation, validation.leave_one_trajectory_out(copper_moments, choice.strengths)
    )
    k, n = int(np.argmin(choice.cross_validation)), len(copper_moments)
    # all trajectories have as many rows, so that the error of the mean square is the usual one
    error = held[:, k].std(ddof=1) / np.sqrt(n) / (2 * choice.cross_validation[k])
    assert choice.cross_validation_error[k] == pytest.approx(error, rel=1e-9)
    assert abs(np.log(choice.strength / choice.strengths[k])) < 0.5 * np.log(10) / 20 + 1e-9
    np.testing.assert_allclose(choice.theta, choice.path.theta(choice.strength))


def test_the_best_lies_between_strengths_and_their_order_does_not_matter(copper_moments: fl.Moments) -> None:
    few = copper_moments.select(list(copper_moments)[:4])
    coarse, fine = np.logspace(-10, 2, 61), np.logspace(-10, 2, 2401)
    a, b = (validation.choose_strength(few, strengths) for strengths in (coarse, fine))
    shuffled = np.random.default_rng(0).permutation(np.append(coarse, coarse[7]))
    c = validation.choose_strength(few, shuffled)
    assert (c.strengths == shuffled).all()
    for name, strength in a.best.items():
        assert strength == pytest.approx(b.best[name], rel=0.1)  # a step is 58 %
        assert strength == pytest.approx(c.best[name], rel=1e-9)
    assert a.verdict.message == c.verdict.message


def curve(excess: list[float], *, size: float = 1.0, error: float = 0.0) -> HeldOutCurve:
    """Errors at strengths 1e-6, 1e-4, 1e-2 and 1 that exceed the least by so much."""
    strengths, values = np.array([1e-6, 1e-4, 1e-2, 1.0]), np.array(excess)
    return HeldOutCurve(strengths=strengths, excess=values, error=np.full(4, error), size=size)


BEST = {"cross-validation": 1e-2, "GCV": 1e-6, "evidence": 1e-4}


@pytest.mark.parametrize(
    ("excess", "size", "level", "value"),
    [
        ([0.0, 0.005, 0.009, 0.5], 1.0, "ok", 0.009),  # however far apart the three are
        ([0.0, 0.005, 0.011, 0.5], 1.0, "warn", 0.011),
        ([3e-10, 1e-10, 0.0, 0.5], 1e-7, "ok", 0.003),  # rounding of the forces, which has a size of its own
    ],
)
def test_ways_to_choose_a_strength_disagree_where_their_errors_do(
    excess: list[float], size: float, level: str, value: float
) -> None:
    found = agreement(curve(excess, size=size), BEST)
    assert found.level == level and found.value == pytest.approx(value) and found.limits == (0.0, 0.01)
    assert ("trust cross-validation" in found.message) == (level == "warn")
    assert "1e-06 by GCV" in found.message and " strength below " in found.message


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_what_is_rounding_is_not_noticed_in_any_unit(unit: float) -> None:
    rounding, rmse = 1e-8 * unit, 1e-16 * unit * np.array([1.0, 5.0, 9e7, 2e9])
    made = HeldOutCurve.of(np.logspace(-6, 0, 4), rmse, np.zeros((3, 4)), rounding=rounding)
    assert agreement(made, BEST).level == "ok" and agreement(made, BEST | {"GCV": 1.0}).level == "warn"
    assert made.serving == 3


def test_a_curve_is_put_in_order() -> None:
    pulls = np.array([[1.0, 3.0, 2.0], [-1.0, -3.0, -2.0]])
    made = HeldOutCurve.of(np.array([1.0, 0.01, 0.1]), np.array([0.3, 0.2, 0.1]), pulls, rounding=0.0)
    np.testing.assert_allclose(made.strengths, [0.01, 0.1, 1.0])
    np.testing.assert_allclose(made.excess, [0.1, 0.0, 0.2])
    np.testing.assert_allclose(made.error, [2.0, 0.0, 2.0])  # √(2/1 · 2)


@pytest.mark.parametrize(
    ("excess", "best", "number"),
    [
        ([0.3, 0.2, 0.1, 0.0], {"a": 1.0, "b": 1e-2}, 1),  # the best may lie above
        ([0.0, 0.2, 0.3, 0.4], {"a": 1e-6, "b": 1e-6}, 2),  # … or below
        ([0.0, 0.001, 0.3, 0.4], {"a": 1e-6}, 0),  # a flat end loses nothing
        ([0.2, 0.0, 0.3, 0.4], {"a": 1e-4}, 0),
    ],
)
def test_a_range_is_judged_by_what_may_lie_beyond(excess: list[float], best: dict, number: int) -> None:
    found = covered(curve(excess), best, least=1e-12)
    assert found.value == number and found.level == ("warn" if number else "ok")
    assert ("give strengths= beyond it" in found.message) == (number > 0)
    assert covered(curve(excess), {"a": 1e-6}, least=1e-6).level == "ok"  # below, all that changes is rounding


def lowest_at(monkeypatch: pytest.MonkeyPatch, **best: float) -> None:
    """Makes GCV and the evidence lowest at given strengths: where rounding decides, each processor finds another."""

    def curve(name: str, sign: float) -> Callable[[RidgePath], np.ndarray]:
        return lambda path: sign * np.log(path.strengths / best[name]) ** 2

    for name, sign in (("gcv", 1.0), ("log_evidence", -1.0)):
        if name in best:
            monkeypatch.setattr(validation.strength, name, curve(name, sign))


@pytest.mark.parametrize("theta", [[1.0, 2.0], [1.0, 2.0, 0.5], [1.0, 2.0, 0.5, 3.0]])
def test_differences_that_are_rounding_do_not_warn(theta: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    data = fl.systems.harmonic(np.array(theta), seed=0)
    # Two ways, a thousand apart, at strengths that move forces by some 1e-9 of their size at most.
    lowest_at(monkeypatch, gcv=1e-11, log_evidence=1e-8 / 3)
    choice = validation.choose_strength(fl.accumulate(data))
    assert choice.best["evidence"] / choice.best["GCV"] == pytest.approx(1e3 / 3, rel=1e-6)
    cost = np.ptp(np.interp(np.log(list(choice.best.values())), np.log(choice.strengths), choice.cross_validation))
    assert cost < 1e-8 * np.sqrt(np.mean(data.forces**2))
    assert choice.verdict.level == "ok"
    # another unit of energy is another size of all numbers
    scaled = [dataclasses.replace(t, forces=1e6 * t.forces, energies=1e6 * t.energies) for t in data.values()]
    assert validation.choose_strength(fl.accumulate(fl.Dataset(scaled))).verdict.level == "ok"


def test_a_range_that_ends_too_early_is_told(copper_moments: fl.Moments) -> None:
    noise = validation.choose_strength(repeated(1, own=1.0, jitter=0.05), np.logspace(-8, -4, 9))
    assert noise.range.level == "warn" and noise.strength == 1e-4
    assert "lies at the end of the range 1e-08 to 0.0001; give strengths= beyond it" in noise.range.message
    strong = validation.choose_strength(copper_moments, np.logspace(-2, 2, 9))
    assert strong.range.level == "warn" and "the range 0.01 to 1e+02; give strengths=" in strong.range.message
    exact = validation.choose_strength(fl.accumulate(fl.systems.harmonic(np.array([1.0, 2.0, 0.5]))))
    assert exact.range.level == exact.verdict.level == "ok"  # nothing is gained below rounding
    np.testing.assert_allclose(exact.theta, [1.0, 2.0, 0.5], rtol=1e-8)


def test_a_scale_with_a_unit_moves_the_strengths_that_are_tried(copper_moments: fl.Moments) -> None:
    few = copper_moments.select(list(copper_moments)[:4])
    total = few.total()
    variances = np.diag(total.scatter)[: few.K] / total.configurations
    a, b = (validation.choose_strength(few, scale=factor * variances) for factor in (1.0, 1e6))
    mean = np.mean(np.diag(total.PhiPhi) / variances)
    np.testing.assert_allclose(a.strengths, mean * validation.STRENGTHS, rtol=1e-9)
    for name in a.best:
        assert a.best[name] == pytest.approx(1e6 * b.best[name], rel=1e-3)
        assert 100 * a.strengths[0] < a.best[name] < 0.01 * a.strengths[-1]
    assert a.verdict.level == a.range.level == "ok"


def test_errors_are_told_of_the_same_configurations_only(ragged: Maker) -> None:
    """Held-out predictions held against other data, or the same in another order, were errors of twenty times the size."""
    data = ragged(0, temperatures=(300.0,) * 4, atoms=(2, 2))
    moments, keys = fl.accumulate(data), list(data)
    options = {"fit": fl.regression.fisher_fit, "folds": 2}
    for other in (data.select(keys[::-1]), data.drop(keys[0]), ragged(1, temperatures=(300.0,) * 4, atoms=(2, 2))):
        with pytest.raises(ValueError, match=r"of: expected the \d+ configurations of data in the same order"):
            validation.cross_validate(data, moments, of=other, **options)
    with pytest.raises(TypeError, match="of: expected Dataset"):
        validation.cross_validate(data, moments, of=moments, **options)
    blocks = data.blocks(2)
    found = validation.cross_validate(blocks, fl.accumulate(blocks), of=data, **options)
    assert found.keys == tuple(data)
