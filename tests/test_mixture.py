"""The weight of energies beside forces: its Pareto curve, the choice on it, its sentence; an alloy of many compositions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from alloy import write_compositions

import fisherlib as fl
from fisherlib.regression import mixture_fit
from fisherlib.validation import MixtureChoice, choose_mixture
from fisherlib.validation.mixture import WEIGHTS

Maker = Callable[..., fl.Dataset]
CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"


def made(forces: list[float], energies: list[float], *, error: float = 0.0) -> MixtureChoice:
    """A curve by hand, of weights 0, 0.1, 1 …, whose errors all have one standard error."""
    n = len(forces)
    bars = np.full(n, error)
    return MixtureChoice(
        weights=np.array([0.0, *(10.0**k for k in range(-1, n - 2))]),
        force_rmse=np.array(forces),
        force_error=bars,
        energy_rmse=np.array(energies),
        energy_error=bars,
        gain_error=bars,
    )


@pytest.mark.parametrize("temperatures", [(300.0,) * 6, (300.0, 300.0, 900.0, 900.0, 900.0, 600.0), (None,) * 6])
@pytest.mark.parametrize("K", [3, 12])
def test_errors_are_those_of_fits_that_never_saw_the_trajectory(ragged: Maker, temperatures: tuple, K: int) -> None:
    data = ragged(4, K=K, temperatures=temperatures, configurations=6, atoms=(4, 4))
    moments = fl.accumulate(data)
    choice = choose_mixture(moments, [0.01, 1.0, 30.0], folds=3, seed=5)
    assert choice.weights.tolist() == [0.0, 0.01, 1.0, 30.0]
    for weight, force, energy in zip(choice.weights, choice.force_rmse, choice.energy_rmse, strict=True):
        found = fl.validation.cross_validate(data, moments, lambda m, w=weight: mixture_fit(m, w), folds=3, seed=5)
        assert force == pytest.approx(found.pooled["force_rmse"], rel=1e-7)
        assert energy == pytest.approx(found.pooled["energy_rmse"], rel=1e-7)


def test_standard_errors_are_about_those_of_a_jackknife_over_trajectories(ragged: Maker) -> None:
    data = ragged(7, temperatures=(300.0,) * 12, configurations=30, atoms=(3, 3))
    moments = fl.accumulate(data)
    choice = choose_mixture(moments, [0.1])
    found = fl.validation.cross_validate(data, moments, lambda m: mixture_fit(m, 0.1))
    assert choice.force_error[1] == pytest.approx(found.pooled_error["force_rmse"], rel=0.1)
    assert choice.energy_error[1] == pytest.approx(found.pooled_error["energy_rmse"], rel=0.1)


def test_neither_the_weight_nor_theta_depends_on_a_common_temperature(ragged: Maker) -> None:
    cold, hot, unknown = (fl.accumulate(ragged(1, temperatures=(T,) * 4)) for T in (300.0, 1200.0, None))
    curves = [choose_mixture(m) for m in (cold, hot, unknown)]
    for other in curves[1:]:
        np.testing.assert_allclose(other.energy_rmse, curves[0].energy_rmse, rtol=1e-7)
        np.testing.assert_allclose(other.force_rmse, curves[0].force_rmse, rtol=1e-7)
    thetas = [mixture_fit(m, 0.3).theta for m in (cold, hot, unknown)]
    np.testing.assert_allclose(thetas[1:], [thetas[0]] * 2, rtol=1e-8)


def test_directions_that_neither_forces_nor_energies_determine_do_no_harm(ragged: Maker) -> None:
    data = ragged(2, K=4, temperatures=(300.0,) * 4, configurations=8)
    twice = fl.Dataset(
        [
            fl.Trajectory(
                key=t.key,
                temperature=t.temperature,
                n_atoms=t.n_atoms,
                energies=t.energies,
                descriptors=np.hstack([t.descriptors, t.descriptors]),
                forces=t.forces,
                force_descriptors=np.hstack([t.force_descriptors, t.force_descriptors]),
            )
            for t in data.values()
        ]
    )
    once, both = (choose_mixture(fl.accumulate(d)) for d in (data, twice))
    np.testing.assert_allclose(both.force_rmse, once.force_rmse, rtol=1e-6)
    np.testing.assert_allclose(both.energy_rmse, once.energy_rmse, rtol=1e-6)


@pytest.mark.parametrize(
    ("forces", "energies", "error", "best"),
    [
        ([0.10, 0.105, 0.2], [1.0, 0.1, 0.05], 0.0, 1),  # twice the force error is too much for half the energy error
        ([0.10, 0.109, 0.118], [1.0, 0.4, 0.1], 0.0, 2),  # 8 % more for a quarter of it is not
        ([0.10, 0.10, 0.10], [1.0, 0.93, 0.92], 0.0, 0),  # too little
        ([0.10, 0.10, 0.10], [1.0, 0.5, 0.3], 0.8, 0),  # within the error bars
        ([0.10, 0.10, 0.10], [1.0, 0.5, 0.1], 0.4, 2),
        ([5.0, 0.10, 0.11], [1.0, 0.9, 0.3], 0.0, 2),  # θ_f follows noise
        ([0.0, 0.1, 0.1], [1.0, 0.1, 0.1], 0.0, 0),  # exact forces are given away for nothing
        ([1e-9, 3e-9, 1e-9], [2e-9, 1e-9, 1e-10], 0.0, 0),  # rounding
    ],
)
def test_forces_are_paid_where_energies_gain_more(
    forces: list[float], energies: list[float], error: float, best: int
) -> None:
    choice = made(forces, energies, error=error)
    assert choice.best == best and choice.weight == choice.weights[best]


def test_the_sentence_tells_gain_and_price() -> None:
    assert made([0.1, 0.11], [3.506, 0.005]).sentence == (
        "with 0.1 kl: energies 5 meV/atom instead of 3506, forces 10 % worse, on held-out trajectories"
    )
    assert "forces 50 % better," in made([0.1, 0.05], [1.0, 0.1]).sentence
    assert made([0.1] * 5, [1.0, 1.0, 1.0, 1.0, 0.1]).sentence.startswith("with 100 kl: energies 100 meV/atom")
    assert "forces as good," in made([0.1, 0.1], [1.0, 0.1]).sentence
    assert made([0.1, 0.1], [1.0, 1.0]).sentence == (
        "energies gain nothing from kl beyond their error bars and its price: θ_f stays as it is"
    )


def test_what_cannot_be_chosen_from_is_refused(ragged: Maker) -> None:
    moments = fl.accumulate(ragged(0))
    with pytest.raises(ValueError, match="moments: expected at least 2 trajectories"):
        choose_mixture(moments.select("t0"))
    with pytest.raises(ValueError, match="weights: expected a list of finite numbers ≥ 0, got"):
        choose_mixture(moments, [np.inf])
    some = fl.accumulate(ragged(0, temperatures=(300.0, None, 300.0)))
    with pytest.raises(ValueError, match="temperature: .*none of its own"):
        choose_mixture(some)
    assert choose_mixture(some, temperature=300.0).weights.tolist() == WEIGHTS.tolist()


def test_progress_tells_of_every_fold(ragged: Maker) -> None:
    told: list[tuple[int, int]] = []
    choose_mixture(fl.accumulate(ragged(0, temperatures=(300.0,) * 4)), progress=lambda *at: told.append(at), folds=3)
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.fixture(scope="module")
def alloy(tmp_path_factory: pytest.TempPathFactory) -> fl.Study:
    """Copper and gold in nine compositions, each held out whole."""
    file = write_compositions(tmp_path_factory.mktemp("alloy") / "compositions.xyz")
    soap = fl.descriptors.Soap(cutoff=4.5, n_max=4, l_max=3)
    return fl.Study(fl.io.read(file, key="config_type", descriptor=soap, check=False))


def one_offset(study: fl.Study) -> float:
    """Held-out energy RMSE of plain θ_f with one offset for all elements, eV/atom, by numpy alone."""
    data, moments, squares = study.data, study.moments, []
    for part in fl.validation.split(tuple(data), 5):
        rest, out = (d.values() for d in (data.drop(part), data.select(part)))
        theta = fl.regression.fisher_fit(moments.drop(part)).theta
        errors = [np.concatenate([(t.energies - t.descriptors @ theta) / t.n_atoms for t in d]) for d in (rest, out)]
        squares += [*(errors[1] - errors[0].mean()) ** 2]  # all have 16 atoms
    return float(np.sqrt(np.mean(squares)))


def test_energies_of_an_alloy_of_many_compositions_are_mended_at_a_price_that_the_table_shows(alloy: fl.Study) -> None:
    assert one_offset(alloy) > 1.0
    offer = next(offer for offer in alloy.offers if "kl" in offer.weights)
    plain, mixture = (alloy.held_out(fit) for fit in (fl.regression.fisher_fit, offer.fit))
    assert mixture.pooled["energy_rmse"] < 5e-3 < plain.pooled["energy_rmse"]
    table = fl.tables.errors([plain, mixture], why=alloy.reason)
    assert table.index.tolist() == ["θ_f, held out", f"{offer.name}, held out"]
    assert {"energy RMSE, meV/atom", "force RMSE, eV/Å"} <= set(table.columns)
    price = mixture.pooled["force_rmse"] / plain.pooled["force_rmse"] - 1
    assert price < 0.15
    assert f"forces {100 * abs(price):.2g} % {'worse' if price > 0 else 'better'}" in offer.sentence
    assert f"{1e3 * mixture.pooled['energy_rmse']:.3g} meV/atom instead of" in offer.sentence


def test_the_chosen_mixture_is_one_of_the_models_with_its_offers(alloy: fl.Study) -> None:
    more = alloy.with_offers()
    assert list(more.models) == [*alloy.models, *(offer.name for offer in alloy.offers)]
    assert more.with_offers().models.keys() == more.models.keys()
    for offer in alloy.offers:
        np.testing.assert_allclose(more.models[offer.name].theta, offer.fit(alloy.moments).theta, rtol=1e-7)
        assert alloy.advice[offer.name] == offer.sentence


def test_the_case_of_many_compositions() -> None:
    file = CASES / "21_alloy_compositions.xyz"
    if not file.exists():
        pytest.skip(f"no {file} beside the project")
    study = fl.Study(fl.io.read(file, temperature=300.0, check=False))
    plain, mixed = study.models["θ_f"], mixture_fit(study.moments, 0.1)
    compared = [fl.comparison.compare(model, study.data).pooled for model in (plain, mixed)]
    assert [round(c["force_rmse"], 4) for c in compared] == [0.0163, 0.0164]
    assert 1e3 * compared[1]["energy_rmse"] == pytest.approx(1.4, abs=0.05)
    assert study.mixture is not None and study.mixture.weight > 0
    assert 1e3 * study.mixture.energy_rmse[study.mixture.best] < 5 < 1e3 * study.mixture.energy_rmse[0]
