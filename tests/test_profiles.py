"""Quantities along a path against the functions that compute them one by one, and their error bars against refits."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import fisherlib as fl

Maker = Callable[..., fl.Dataset]


@pytest.fixture(scope="module")
def study(few_walkers: fl.Dataset) -> fl.Study:
    return fl.Study(few_walkers)


@pytest.fixture(scope="module")
def thetas(study: fl.Study) -> np.ndarray:
    return fl.profiles.straight(study.models["energy fit"].theta, study.models["θ_f"].theta, 5)[1]


def test_every_quantity_is_that_of_the_function_which_computes_it_alone(study: fl.Study, thetas: np.ndarray) -> None:
    data, moments = study.data, study.moments
    found = fl.profiles.profile(data, moments, thetas)
    assert "Pareto k" in found and found.left_out == "" and found["J"].error.shape == (5,)
    fit = fl.solve(fl.fisher(moments))
    for n in (0, 2, 4):
        model = fl.LinearPotential.from_fit(dataclasses.replace(fit, theta=thetas[n]), moments)
        compared = fl.comparison.compare(model, data)
        energies = model.energies(data)
        log_w = fl.reweighting.log_weights(data.energies, energies, 1200.0)
        free = fl.reweighting.free_energy_difference(data.energies, energies, 1200.0)
        expected = {
            "J": fl.fisher(moments)(thetas[n]),
            "KL, second order": fl.kl(moments)(thetas[n]),
            "KL": free.kl,
            "force RMSE": compared.pooled["force_rmse"],
            "energy spread": 1e3 * compared.pooled["energy_spread"],
            "KS": fl.comparison.ks(compared.reference, compared.energies),
            "W1": 1e3 * fl.comparison.wasserstein_1(compared.reference, compared.energies),
            "ESS": fl.reweighting.effective_sample_size(log_w) / len(log_w),
            "Pareto k": fl.reweighting.pareto_k(log_w),
        }
        assert {name: curve.value[n] for name, curve in found.items()} == pytest.approx(expected, rel=1e-7)


def test_bars_are_the_scatter_of_the_same_quantity_without_each_trajectory(study: fl.Study, thetas: np.ndarray) -> None:
    data, moments = study.data, study.moments
    refits = [fl.profiles.straight(thetas[0], refit.theta, 5)[1] for refit in study.refits]
    found = fl.profiles.profile(data, moments, thetas, replicates=refits)
    without = [fl.profiles.profile(data.drop(k), moments.drop(k), refits[i]) for i, k in enumerate(data)]
    n = len(data)
    for name, curve in found.items():
        if name == "Pareto k":
            assert np.isnan(curve.error).all()
            continue
        values = np.array([each[name].value for each in without])
        expected = np.sqrt((n - 1) / n * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
        assert curve.error == pytest.approx(expected, rel=1e-9)
    assert "with a fit of its own" in found.errors
    assert "at fixed θ" in fl.profiles.profile(data, moments, thetas).errors


def test_what_all_points_share_drops_out_of_a_difference(study: fl.Study, thetas: np.ndarray) -> None:
    curve = fl.profiles.profile(study.data, study.moments, thetas)["J"]
    rise = curve.relative(4)
    assert rise.value[4] == rise.error[4] == 0 and rise.error[3] < 0.2 * curve.error[3]
    assert rise.part(slice(1, 3)).value == pytest.approx(rise.value[1:3])


def test_where_weights_make_no_sense_they_are_left_out_with_the_reason(ragged: Maker) -> None:
    theta = np.zeros((1, 3))
    for data, said in (
        (ragged(0), "one number of atoms"),
        (ragged(0, atoms=(2, 2), temperatures=(300.0, 600.0)), "one temperature"),
        (ragged(0, atoms=(2, 2), temperatures=(None, None)), "one temperature"),
    ):
        found = fl.profiles.profile(data, fl.accumulate(data), theta)
        assert "ESS" not in found and said in found.left_out and "force RMSE" in found
    assert "J" not in found  # the temperature is not known
    assert "ESS" in fl.profiles.profile(data, fl.accumulate(data), theta, temperature=300.0)


def test_one_trajectory_has_no_bars(ragged: Maker) -> None:
    data = ragged(1, atoms=(2, 2), temperatures=(300.0,), configurations=30)
    found = fl.profiles.profile(data, fl.accumulate(data), np.zeros((2, 3)))
    assert np.isnan(found["J"].error).all() and found.errors.startswith("no error bars")


def test_replicates_of_another_shape_are_refused(study: fl.Study, thetas: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"replicates: expected \(4, 5, 105\), .* got \(1, 5, 105\); refit"):
        fl.profiles.profile(study.data, study.moments, thetas, replicates=thetas[None])
    refits = np.stack([thetas] * 4)
    refits[2, 1, 7] = np.nan
    with pytest.raises(ValueError, match="replicates: expected finite parameters, got 1 of 2100 that are NaN"):
        fl.profiles.profile(study.data, study.moments, thetas, replicates=refits)


def test_a_path_that_is_none_and_moments_of_other_data_are_refused(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 3)
    moments, theta = fl.accumulate(data), np.zeros((2, 3))
    for wrong in (np.zeros((2, 4)), np.zeros(4), np.zeros((0, 3)), [], np.zeros((1, 2, 3))):
        with pytest.raises(ValueError, match=r"thetas: expected points of K = 3 parameters, \(n, 3\), got shape"):
            fl.profiles.profile(data, moments, wrong)
    with pytest.raises(ValueError, match="thetas: expected finite parameters, got 1 of 3 that are NaN"):
        fl.profiles.profile(data, moments, [0.0, np.nan, 0.0])
    with pytest.raises(ValueError, match="moments: expected those of the data, .* differ in 't1'"):
        fl.profiles.profile(data, moments.drop("t1"), theta)
    with pytest.raises(ValueError, match="with K = 3, got K = 4"):
        fl.profiles.profile(data, fl.accumulate(ragged(0, K=4)), theta)


def test_a_straight_path_has_two_ends_of_one_kind() -> None:
    t, thetas = fl.profiles.straight([1.0, 2.0], [3.0, 6.0], 3)
    assert t.tolist() == [0.0, 0.5, 1.0] and thetas.tolist() == [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]
    with pytest.raises(ValueError, match=r"end: expected as many parameters .* got shapes \(2,\) and \(3,\)"):
        fl.profiles.straight([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="start: expected finite parameters"):
        fl.profiles.straight([np.nan], [1.0])
    for n in (1, 0, -3, 2.5):
        with pytest.raises(ValueError, match=f"n: expected a whole number of points, at least 2, got {n}"):
            fl.profiles.straight([1.0], [2.0], n)


def wells(
    tilt: float, *, walkers: int = 40, configurations: int = 500, atoms: int = 6, temperature: float = 300.0
) -> fl.Dataset:
    """Independent atoms in tilted double wells of 4 k_BT, sampled exactly; the model has x³ in place of the tilt."""
    kT, grid = fl.units.BOLTZMANN * temperature, np.linspace(-2.5, 2.5, 20001)
    U = kT * (4 * (grid**2 - 1) ** 2 + tilt * grid)
    cumulative = np.cumsum(np.exp(-(U - U.min()) / kT))
    rng, made = np.random.default_rng(0), []
    for walker in range(walkers):
        x = np.interp(rng.random((configurations, atoms)) * cumulative[-1], cumulative, grid)
        terms, slopes = [(x**2 - 1) ** 2, x**3], [4 * x * (x**2 - 1), 3 * x**2]
        Phi = np.zeros((configurations, atoms, 3, 2))
        Phi[:, :, 0] = -np.stack(slopes, axis=-1)
        F = np.zeros((configurations, atoms, 3))
        F[:, :, 0] = -kT * (4 * slopes[0] + tilt)
        D = np.stack([t.sum(axis=1) for t in terms], axis=-1)
        made.append(
            fl.Trajectory(
                key=f"w{walker}",
                temperature=temperature,
                n_atoms=np.full(configurations, atoms),
                energies=kT * (4 * D[:, 0] + tilt * x.sum(axis=1)),
                descriptors=D,
                forces=F.ravel(),
                force_descriptors=Phi.reshape(-1, 2),
            )
        )
    return fl.Dataset(made)


def along_kl(data: fl.Dataset, moments: fl.Moments, weight: float) -> fl.profiles.Profile:
    """θ_f and the minimum with a KL term, with bars from refits of both without each trajectory."""
    weights = [0.0, weight]
    refits = [fl.regression.kl_path(moments.drop(key), weights) for key in moments]
    return fl.profiles.profile(data, moments, fl.regression.kl_path(moments, weights), replicates=refits)


def test_the_kl_term_doubles_the_effective_sample_size_where_forces_miss_a_tilt() -> None:
    """The share goes from 0.037 to 0.091, while J nearly doubles, from 0.246 to 0.473 1/Å²."""
    data = wells(1.2)
    found = along_kl(data, fl.accumulate(data), 4.0)
    share, J = found["ESS"], found["J"]
    assert 0.02 < share.value[0] < 0.06 and share.value[1] > 2 * share.value[0]
    # The forces are exact but for the tilt, so that what x³ leaves of it is all that J measures: its rise looks large
    # beside it, though it is less than one per cent of J at θ = 0.
    assert 1.8 < J.value[1] / J.value[0] < 2.1
    assert J.value[1] - J.value[0] < 0.01 * fl.fisher(fl.accumulate(data))(np.zeros(2))
    for rise in (share.relative(0), J.relative(0)):
        assert rise.value[1] > 2 * rise.error[1] > 0
    assert found["KL"].value[1] < found["KL"].value[0]


def test_the_kl_term_raises_the_effective_sample_size_of_the_shipped_data_by_more_than_its_error(
    copper: fl.Dataset, copper_moments: fl.Moments
) -> None:
    """The share goes from 0.08 ± 0.08 to 0.19 ± 0.05, by 0.11 ± 0.04; J from 62.4 by 0.28 ± 0.03 1/Å²."""
    found = along_kl(copper, copper_moments, 3.0)
    share, J = found["ESS"], found["J"]
    assert share.error[0] > 0.5 * share.value[0]  # what the share is at either end is hardly known, the rise is
    rise, price = share.relative(0), J.relative(0)
    assert rise.value[1] == pytest.approx(0.113, abs=0.002) and rise.error[1] == pytest.approx(0.041, abs=0.002)
    assert rise.value[1] > 2 * rise.error[1]
    assert price.value[1] == pytest.approx(0.279, abs=0.002) and price.error[1] == pytest.approx(0.031, abs=0.002)
    assert 2 * price.error[1] < price.value[1] < 0.005 * J.value[0]


def test_without_energies_forces_are_left(study: fl.Study, thetas: np.ndarray) -> None:
    bare = fl.Dataset([dataclasses.replace(t, energies=None) for t in study.data.values()])
    found = fl.profiles.profile(bare, fl.accumulate(bare), thetas)
    assert list(found) == ["J", "force RMSE"] and "some energies are not known" in found.left_out
    whole = fl.profiles.profile(study.data, study.moments, thetas)
    for name in found:
        np.testing.assert_array_equal(found[name].value, whole[name].value)
        np.testing.assert_array_equal(found[name].error, whole[name].error)
    part = fl.Dataset([*bare.select(list(bare)[:1]).values(), *study.data.drop(list(bare)[:1]).values()])
    assert list(fl.profiles.profile(part, fl.accumulate(part), thetas)) == ["J", "force RMSE"]
    fl.figures.profile(np.arange(5.0), found, title="forces", label="t")


def test_weights_need_one_composition(study: fl.Study, thetas: np.ndarray) -> None:
    def alloyed(t: fl.Trajectory, gold: np.ndarray) -> fl.Trajectory:
        species = np.concatenate([np.repeat([29, 79], (55 - n, n)) for n in gold])
        return dataclasses.replace(t, species=species)

    rng = np.random.default_rng(0)
    same, several = (
        fl.Dataset([alloyed(t, np.full(len(t), 7) if one else rng.integers(0, 9, len(t))) for t in study.data.values()])
        for one in (True, False)
    )
    assert "Pareto k" in fl.profiles.profile(same, fl.accumulate(same), thetas)
    found = fl.profiles.profile(several, fl.accumulate(several), thetas)
    assert not {"ESS", "KL", "Pareto k"} & set(found) and "they need one composition" in found.left_out
