"""A dataset, its moments and its models by name."""

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import orth

import fisherlib as fl
from fisherlib.study import offers
from fisherlib.study import study as module

Maker = Callable[..., fl.Dataset]


@pytest.fixture(scope="module")
def data(ragged: Maker) -> fl.Dataset:
    return ragged(1, K=4, temperatures=(300.0, 300.0, 300.0), configurations=12)


@pytest.fixture(scope="module")
def study(data: fl.Dataset) -> fl.Study:
    return fl.Study(data)


def test_the_usual_models_are_the_fisher_fit_the_energy_fit_and_their_mixture(
    data: fl.Dataset, study: fl.Study
) -> None:
    moments = fl.accumulate(data)
    expected = {
        "θ_f": fl.solve(fl.fisher(moments)).theta,
        "energy fit": fl.regression.energy_fit(moments).theta,
        "Fisher + KL": fl.solve(fl.fisher(moments) + fl.kl(moments)).theta,
    }
    assert list(study.models) == list(expected)
    for name, theta in expected.items():
        assert study.models[name].name == name
        np.testing.assert_array_equal(study.models[name].theta, theta)


def test_a_given_potential_takes_the_place_of_the_energy_fit(data: fl.Dataset) -> None:
    given = fl.LinearPotential(theta=np.ones(4), name="mine")
    study = fl.Study(data, given=given)
    assert list(study.models) == ["θ_f", "mine", "Fisher + KL"] and study.models["mine"] is given


@pytest.mark.parametrize("name", ["θ_f", "Fisher + KL"])
def test_a_given_potential_of_a_usual_name_does_not_displace_the_fit(data: fl.Dataset, name: str) -> None:
    study = fl.Study(data, given=fl.LinearPotential(theta=np.ones(4), name=name))
    assert set(study.models) == {"θ_f", f"{name} (given)", "Fisher + KL"}
    assert np.array_equal(study.models[f"{name} (given)"].theta, np.ones(4))


def test_models_are_called_by_their_keys(data: fl.Dataset) -> None:
    a, b = (fl.LinearPotential(theta=theta) for theta in (np.ones(4), np.arange(4.0)))
    study = fl.Study(data, models={"a": a, "b": b})
    assert [study.comparison(name).name for name in study.models] == ["a", "b"]


def test_parameters_of_another_number_are_refused(data: fl.Dataset, study: fl.Study) -> None:
    other = fl.LinearPotential(theta=np.ones(3), name="other")
    with pytest.raises(ValueError, match="given: expected K = 4 parameters as in the data, got 3"):
        fl.Study(data, given=other)
    with pytest.raises(ValueError, match="other: expected K = 4"):
        study.with_model(other)


def test_another_model_joins_and_the_same_name_replaces(study: fl.Study) -> None:
    more = study.with_model(fl.LinearPotential(theta=np.ones(4), name="more"))
    assert list(more.models) == [*study.models, "more"] and "more" not in study.models
    assert more.moments is study.moments and more.seed == study.seed
    again = more.with_model(fl.LinearPotential(theta=np.zeros(4) + 2, name="more"))
    assert list(again.models) == list(more.models) and again.models["more"].theta[0] == 2


def test_a_fit_without_weights_is_exactly_the_fisher_fit(study: fl.Study) -> None:
    solution, model = study.fit(name="mine")
    assert solution.theta.tobytes() == model.theta.tobytes() == study.models["θ_f"].theta.tobytes()
    assert model.offset == study.models["θ_f"].offset and model.name == "mine"
    assert not {"ridge", "kl", "energy"} & model.provenance.keys()


def test_weights_of_a_fit_enter_the_normal_equations(data: fl.Dataset, study: fl.Study) -> None:
    """Against stacked rows and numpy's least squares."""
    b, M = 1.0 / (fl.units.BOLTZMANN * 300.0), len(data.energies)
    solution, model = study.fit(ridge=1e-3, kl=0.7, energy=5.0)
    Phi = np.concatenate([t.force_descriptors for t in data.values()]) * b / np.sqrt(M)
    D = np.concatenate([t.descriptors for t in data.values()])
    N = data.n_atoms.astype(float)[:, None]
    bases = [orth(c) for c in (np.column_stack([np.ones(M), N]), N)]
    without = [np.eye(M) - Q @ Q.T for Q in bases]  # free offsets
    weights = [np.sqrt(0.7 / M) * b, np.sqrt(5.0 / M)]
    A = [Phi, *(w * P @ D for w, P in zip(weights, without, strict=True))]
    y = [data.forces * b / np.sqrt(M), *(w * P @ data.energies for w, P in zip(weights, without, strict=True))]
    penalty = np.sqrt(1e-3 * sum((part**2).sum(axis=0) for part in A))
    rows, right = np.concatenate([*A, np.diag(penalty)]), np.concatenate([*y, np.zeros(4)])
    np.testing.assert_allclose(solution.theta, np.linalg.lstsq(rows, right, rcond=None)[0], rtol=1e-9)
    assert {n: model.provenance[n] for n in ("ridge", "kl", "energy")} == {"ridge": 1e-3, "kl": 0.7, "energy": 5.0}


def test_a_comparison_is_computed_once(study: fl.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    first = study.comparison("θ_f")
    monkeypatch.setattr(module, "compare", None)
    assert study.comparison("θ_f") is first


def test_a_temperature_is_needed_only_where_some_trajectories_state_one(ragged: Maker) -> None:
    with pytest.raises(ValueError, match="temperature: .*give temperature= in kelvin"):
        fl.Study(ragged(0, temperatures=(300.0, None)))
    unknown, cold = (fl.Study(ragged(0, temperatures=(T,) * 6)) for T in (None, 300.0))
    for name, model in cold.models.items():
        np.testing.assert_allclose(unknown.models[name].theta, model.theta, rtol=1e-9)
    assert list(unknown.units.values()) == ["J/β² (no temperature is known), eV²/Å²", "KL/β², second order, eV²"]
    beta, theta = fl.units.beta(300.0), cold.models["Fisher + KL"].theta
    assert cold.terms.fisher(theta) == pytest.approx(beta**2 * unknown.terms.fisher(theta))
    assert unknown.held_out(fl.regression.fisher_fit).pooled == pytest.approx(
        cold.held_out(fl.regression.fisher_fit).pooled
    )
    bars = [study.standard_errors(fl.solve(study.terms.fisher)) for study in (unknown, cold)]
    assert bars[0] is not None and bars[1] is not None
    np.testing.assert_allclose(bars[0], bars[1], rtol=1e-7)
    surface, same = (study.atlas("θ_f", "Fisher divergence", n=5)[0] for study in (unknown, cold))
    np.testing.assert_allclose(beta**2 * surface.z, same.z, rtol=1e-6)
    assert (surface.unit, same.unit) == ("eV²/Å², times β²", "1/Å²")


def test_a_ridge_stands_beside_a_fit_that_follows_noise(ragged: Maker) -> None:
    noisy = ragged(3, K=20, temperatures=(300.0,) * 6, configurations=1, atoms=(2, 2), noise=8.0)
    study = fl.Study(noisy)
    assert study.strength is not None and study.strength.plain > 1.2 * study.strength.cross_validation.min()
    plain = fl.validation.cross_validate(noisy, study.moments, fl.regression.fisher_fit, folds=6)
    assert study.strength.plain == pytest.approx(plain.pooled["force_rmse"], rel=1e-6)
    (offer,) = [offer for offer in study.offers if "ridge" in offer.weights]
    better = fl.validation.cross_validate(noisy, study.moments, offer.fit, folds=6).pooled["force_rmse"]
    assert better == pytest.approx(study.strength.cross_validation.min(), rel=0.02)
    assert f"{study.strength.plain:.3g} eV/Å" in offer.sentence and "follows noise" in offer.sentence
    assert study.with_offers().models[offer.name].name == offer.name == f"θ_f, strength {study.strength.strength:.2g}"


def test_many_trajectories_are_held_out_together(ragged: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    data = ragged(5, temperatures=(300.0,) * 12, configurations=2)
    each = fl.Study(data).strength
    monkeypatch.setattr(offers, "LARGE", 6 * 3**2)
    together = fl.Study(data).strength
    parts = [data.select(part) for part in fl.validation.split(tuple(data), 6)]
    expected = fl.validation.choose_strength(
        fl.Moments({str(k): fl.accumulate(part).total() for k, part in enumerate(parts)})
    )
    assert each is not None and together is not None
    np.testing.assert_allclose(together.cross_validation, expected.cross_validation, rtol=1e-6)
    assert not np.allclose(together.cross_validation, each.cross_validation, rtol=1e-6)


def test_an_exact_fit_is_offered_nothing(ragged: Maker) -> None:
    assert fl.Study(ragged(0, temperatures=(300.0,) * 6, noise=0.0)).offers == ()
    assert fl.Study(fl.systems.harmonic([1.0, 2.0, 3.0])).offers == ()
    one = ragged(0, temperatures=(300.0,), configurations=1)
    assert fl.Study(one).offers == () and fl.Study(one).advice == {}


@pytest.mark.parametrize("name", ["θ_f", "energy fit", "Fisher + KL"])
def test_the_name_of_another_model_is_refused(study: fl.Study, name: str) -> None:
    for each in (study, study.with_model(fl.LinearPotential(theta=np.ones(4), name="more"))):
        with pytest.raises(ValueError, match=f"name: '{re.escape(name)}' is the name of another model; choose a name"):
            each.with_model(fl.LinearPotential(theta=np.ones(4), name=name))
    mine = {"θ_f": study.models["θ_f"], "energy fit": study.models["energy fit"]}
    if name in mine:  # models of one's own can be replaced
        again = fl.Study(study.data, models=mine).with_model(fl.LinearPotential(theta=np.ones(4), name=name))
        assert again.models[name].theta[0] == 1.0


# One run


@pytest.fixture(scope="module")
def run(ragged: Maker) -> fl.Study:
    return fl.Study(ragged(1, K=4, temperatures=(300.0,), configurations=60))


def test_of_one_run_the_blocks_are_held_out_over_which_error_bars_are_taken(run: fl.Study, study: fl.Study) -> None:
    assert run.cut and not study.cut and study.parts is study.data and study.moments_of_parts is study.moments
    assert list(run.data) == ["t0"] and list(run.parts) == [f"t0/{k}" for k in range(run.blocks.clusters)]
    assert list(run.moments_of_parts) == list(run.parts)
    np.testing.assert_array_equal(run.parts.energies, run.data.energies)
    for key, record in fl.accumulate(run.parts).items():
        np.testing.assert_array_equal(record.PhiPhi, run.moments_of_parts[key].PhiPhi)


def test_errors_held_out_are_those_of_the_run_with_bars_over_its_blocks(run: fl.Study) -> None:
    found = run.held_out(fl.regression.fisher_fit)
    by_blocks = fl.validation.cross_validate(run.parts, run.moments_of_parts, fl.regression.fisher_fit, seed=run.seed)
    assert found.keys == ("t0",) and len(by_blocks.keys) == run.blocks.clusters
    np.testing.assert_array_equal(found.energies, by_blocks.energies)
    assert found.pooled["force_rmse"] == pytest.approx(by_blocks.pooled["force_rmse"], rel=1e-12)
    assert (
        found.pooled["energy_spread"] > by_blocks.pooled["energy_spread"]
    )  # that within the run, not within its blocks
    assert not run.reason and found.pooled_error["force_rmse"] == pytest.approx(by_blocks.pooled_error["force_rmse"])
    assert np.isfinite(run.comparison("θ_f").pooled_error["force_rmse"])
    assert len(run.refits) == run.blocks.clusters and run.bands("θ_f").keys() == {"true", "θ_f"}


def test_without_enough_independent_blocks_there_is_no_bar_but_a_reason(ragged: Maker) -> None:
    short = fl.Study(ragged(1, K=4, temperatures=(300.0,), configurations=8))
    assert "by the scores of the fit to forces there are about 8" in short.reason
    assert np.isnan(list(short.held_out(fl.regression.fisher_fit).pooled_error.values())).all()
    assert np.isnan(list(short.comparison("θ_f").pooled_error.values())).all()
    assert short.bands("θ_f") == {} and short.standard_errors(fl.solve(short.terms.fisher)) is None
    alone = fl.Study(fl.Dataset([short.data["t0"].slice(0, 1)]), given=fl.LinearPotential(theta=np.ones(4)))
    assert not alone.cut and alone.parts is alone.data and "one configuration" in alone.reason


def test_two_short_trajectories_have_no_bars_either(ragged: Maker) -> None:
    short = fl.Study(ragged(1, K=3, temperatures=(300.0,) * 2, configurations=4))
    assert short.reason and np.isnan(short.comparison("θ_f").pooled_error["force_rmse"])


def test_facts_tell_what_error_bars_rest_on(run: fl.Study, study: fl.Study) -> None:
    assert study.facts["trajectories"] == 3 and study.facts["held out"] == "3 trajectories"
    assert run.facts["trajectories"] == 1
    assert run.facts["held out"] == f"{run.blocks.clusters} consecutive blocks"
    assert run.facts["independent blocks, by the scores"] == f"about {run.blocks.independent:.0f}"


def test_a_temperature_that_is_given_is_taken_in_place_of_every_other(ragged: Maker) -> None:
    """Moments say 300 K and data 600 K: with a temperature of one's own neither matters, at any door."""
    data = ragged(1, K=4, temperatures=(300.0,) * 3, configurations=12)
    hot = fl.Dataset(dataclasses.replace(t, temperature=600.0) for t in data.values())
    known = {"moments": fl.accumulate(data), "temperature": 600.0}
    study, right = fl.Study(hot, **known), fl.Study(hot)
    assert study.blocks.tau == right.blocks.tau
    for fit in (fl.regression.fisher_fit, fl.regression.energy_fit):
        assert study.held_out(fit).pooled == pytest.approx(right.held_out(fit).pooled)
    assert study.comparison("θ_f").pooled_error == pytest.approx(right.comparison("θ_f").pooled_error)
    errors = [s.standard_errors(fl.solve(s.terms.fisher)) for s in (study, right)]
    np.testing.assert_allclose(*errors)
    for checks in (fl.trust.verdicts, fl.diagnostics.check, fl.diagnostics.health):
        assert [v.name for v in checks(hot, **known)] == [v.name for v in checks(hot)]
    assert len(fl.diagnostics.consistency(hot, **known)) and len(fl.diagnostics.leverage(hot, **known))


def test_one_configuration_has_a_fisher_fit_and_no_energy_fit(ragged: Maker) -> None:
    run = ragged(1, K=3, temperatures=(300.0,), configurations=4, atoms=(5, 5))
    alone = fl.Dataset([run["t0"].slice(0, 1)])
    study = fl.Study(alone)
    assert list(study.models) == ["θ_f", "Fisher + KL"] and study.comparison("θ_f").pooled["force_rmse"] > 0
    assert not study.held_out_energies() and "one configuration" in study.reason
    with pytest.raises(
        ValueError, match="data: expected at least 2 configurations, so that one can be held out, got 1"
    ):
        study.held_out(fl.regression.fisher_fit)
    with pytest.raises(ValueError, match="moments: energies of one configuration leave nothing to fit; add"):
        fl.regression.energy_fit(study.moments)
    with pytest.raises(ValueError, match="energies of 2 configurations whose descriptors do not vary leave nothing"):
        fl.regression.energy_fit(study.moments + fl.accumulate(fl.Dataset([_again(alone["t0"])])))


def _again(t: fl.Trajectory) -> fl.Trajectory:
    """The same descriptors under another key, with another energy."""
    return dataclasses.replace(t, key="again", energies=t.energies + 1.0, forces=t.forces + 1.0)


@pytest.mark.parametrize(("configurations", "possible"), [(2, False), (3, False), (4, True)])
def test_energies_are_held_out_where_what_is_left_has_scatter(
    ragged: Maker, configurations: int, possible: bool
) -> None:
    study = fl.Study(ragged(1, K=3, temperatures=(300.0,), configurations=configurations, atoms=(5, 5)))
    assert "energy fit" in study.models and study.held_out_energies() == possible
    assert study.held_out(fl.regression.fisher_fit).pooled["force_rmse"] > 0
    if possible:
        assert study.held_out(fl.regression.energy_fit).pooled["energy_rmse"] > 0


@pytest.mark.parametrize("clusters", [2, 4, 5])
def test_the_scatter_of_few_blocks_is_no_error_bar(clusters: int, few_walkers: fl.Dataset) -> None:
    study = fl.Study(few_walkers)
    moments = few_walkers.blocks(2)
    some = fl.accumulate(moments.select(list(moments)[:clusters]))
    study.blocks = dataclasses.replace(study.blocks, moments=some, independent=100.0)
    assert bool(study.reason) == (clusters < 5)
    assert not study.reason or f"at least 5 trajectories or blocks, and there are {clusters}" in study.reason
