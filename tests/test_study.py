"""A dataset, its moments and its models by name."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import orth

import fisherlib as fl
from fisherlib import study as module

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


def test_an_unknown_temperature_is_asked_for(ragged: Maker) -> None:
    data = ragged(0, temperatures=(None, None))
    with pytest.raises(ValueError, match="temperature: .*give temperature= in kelvin"):
        fl.Study(data)
    assert fl.Study(data, temperature=300.0).temperature == 300.0


def test_networks_stay_trained_when_a_model_joins(study: fl.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NETWORKS", {"tiny": (2,)})
    study = fl.Study(study.data)
    assert study.networks == ("tiny",) and not study.atlas.is_trained("tiny")
    network = study.atlas.network("tiny")
    more = study.with_model(fl.LinearPotential(theta=np.ones(4), name="more"))
    assert more.atlas.is_trained("tiny") and more.atlas.network("tiny") is network
    assert "more" in more.atlas.models
