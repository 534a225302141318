"""Quantities along a path against the functions that compute them one by one, and their error bars against refits."""

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
    for n in (0, 2, 4):
        model = fl.LinearPotential.from_fit(type("Fit", (), {"theta": thetas[n]})(), moments)
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
    with pytest.raises(ValueError, match=r"replicates: expected \(4, 5, 105\)"):
        fl.profiles.profile(study.data, study.moments, thetas, replicates=thetas[None])


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


def test_the_kl_term_doubles_the_effective_sample_size_where_forces_miss_a_tilt() -> None:
    data = wells(1.2)
    moments = fl.accumulate(data)
    thetas = fl.regression.kl_path(moments, [0.0, 4.0])
    found = fl.profiles.profile(data, moments, thetas)
    share = found["ESS"].value
    assert 0.02 < share[0] < 0.06 and share[1] > 2 * share[0]
    r2 = [1 - rmse**2 / np.mean(data.forces**2) for rmse in found["force RMSE"].value]
    assert r2[0] > r2[1] > r2[0] - 0.01  # for less than one per cent of what the forces explain
    assert found["KL"].value[1] < found["KL"].value[0]


def test_the_kl_term_doubles_the_effective_sample_size_of_the_shipped_data(
    copper: fl.Dataset, copper_moments: fl.Moments
) -> None:
    thetas = fl.regression.kl_path(copper_moments, [0.0, 3.0])
    found = fl.profiles.profile(copper, copper_moments, thetas)
    assert found["ESS"].value[1] > 2 * found["ESS"].value[0]
    assert found["J"].value[1] < 1.01 * found["J"].value[0]
