"""Verdicts on a fit: what is sound passes, and each way to go wrong is told, with its number."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_real_data import FOLDER, MOLYBDENUM, needs

import fisherlib as fl
from fisherlib.diagnostics import Verdict

Maker = Callable[..., fl.Dataset]
ZUO = FOLDER / "zuo2020"


def by_name(data: fl.Dataset, **options: object) -> dict[str, Verdict]:
    return {v.name: v for v in fl.trust.verdicts(data, **options)}


def test_the_shipped_data_pass_every_check(copper: fl.Dataset, copper_moments: fl.Moments) -> None:
    found = by_name(copper, moments=copper_moments)
    assert {name: v.level for name, v in found.items() if v.level != "ok"} == {"tail of the weights": "warn"}
    expected = [
        "independent blocks",
        "held-out forces",
        "strength",
        "range of strengths",
        "basin weights",
        "metastability",
        "weights",
        "tail of the weights",
    ]
    checks = [v.name for v in fl.diagnostics.check(copper, moments=copper_moments)]
    assert list(found) == [*checks, *expected]
    energies = fl.regression.fisher_fit(copper_moments).energies(copper)
    log_w = fl.reweighting.log_weights(copper.energies, energies, 1200.0)
    assert found["weights"].value == pytest.approx(fl.reweighting.effective_sample_size(log_w))
    assert found["tail of the weights"].value == pytest.approx(fl.reweighting.pareto_k(log_w))
    assert "too small" in found["tail of the weights"].message


def test_trajectories_in_basins_that_the_model_puts_at_wrong_energies_are_told(few_walkers: fl.Dataset) -> None:
    kT = fl.units.BOLTZMANN * 1200
    shifted = fl.Dataset(
        dataclasses.replace(t, energies=t.energies + 5 * kT * number) for number, t in enumerate(few_walkers.values())
    )
    found = by_name(shifted)["basin weights"]
    assert found.level == "warn" and found.value == pytest.approx(5 * np.std(range(4), ddof=1), rel=0.2)
    assert by_name(few_walkers)["basin weights"].level == "ok"


def test_each_composition_is_an_ensemble_of_its_own(few_walkers: fl.Dataset) -> None:
    def alloyed(t: fl.Trajectory, gold: np.ndarray) -> fl.Trajectory:
        """With so many atoms of gold, whose energies the model does not know."""
        species = np.concatenate([np.repeat([29, 79], (55 - n, n)) for n in gold])
        return dataclasses.replace(t, species=species, energies=t.energies + 0.6 * gold)

    model = fl.regression.fisher_fit(fl.accumulate(few_walkers))
    model = dataclasses.replace(model, provenance={})  # which says that it knows copper alone
    counts = [3, 3, 5, 5]
    several = fl.Dataset(alloyed(t, np.full(len(t), n)) for t, n in zip(few_walkers.values(), counts, strict=True))
    found, plain = by_name(several, model=model), by_name(few_walkers, model=model)
    assert found["basin weights"].level == plain["basin weights"].level == "ok"
    assert "1200 K and 55 atoms of Cu5" in found["basin weights"].message
    assert found["weights"].value < plain["weights"].value  # each has half of the configurations
    mixed = fl.Dataset(alloyed(t, np.arange(len(t)) % 2) for t in few_walkers.values())
    assert "the composition varies within 4 trajectories" in by_name(mixed, model=model)["ensembles"].message


def test_a_fit_to_noise_is_told_by_the_forces_of_what_is_left_out(ragged: Maker) -> None:
    noisy = ragged(0, K=12, temperatures=(300.0,) * 6, configurations=2, atoms=(2, 2), noise=1.0)
    found = by_name(noisy)["held-out forces"]
    assert found.level == "warn" and found.value > 1.2


def test_few_independent_configurations_forbid_intervals(ragged: Maker) -> None:
    few = ragged(0, temperatures=(300.0,) * 2, configurations=3)
    assert by_name(few)["independent blocks"].level == "fail"


def test_a_model_of_other_parameters_leaves_no_weights(copper: fl.Dataset, copper_moments: fl.Moments) -> None:
    theta_f = fl.regression.fisher_fit(copper_moments)
    found = by_name(copper, moments=copper_moments, model=dataclasses.replace(theta_f, theta=0.5 * theta_f.theta))
    assert found["weights"].level == "warn" and "sample it" in found["weights"].message
    assert found["tail of the weights"].level == "warn" and "sample it" in found["tail of the weights"].message


def test_another_model_is_told_from_the_fit(copper: fl.Dataset, copper_moments: fl.Moments) -> None:
    theta_f = fl.regression.fisher_fit(copper_moments)
    steep = dataclasses.replace(theta_f, theta=3.0 * theta_f.theta, name="steep")
    found = by_name(copper, moments=copper_moments, model=steep)
    assert found["forces of the model"].level == "warn" and found["forces of the model"].value > 10
    turned = by_name(copper, moments=copper_moments, model=dataclasses.replace(theta_f, theta=-theta_f.theta))
    assert turned["sign by θ"].level != "ok"


def test_nothing_is_compared_with_itself(copper: fl.Dataset, copper_moments: fl.Moments, root: Path) -> None:
    theta_f = fl.regression.fisher_fit(copper_moments)
    alone, itself = by_name(copper, moments=copper_moments), by_name(copper, moments=copper_moments, model=theta_f)
    assert itself == alone and not {"forces of the model", "sign by θ"} & itself.keys()
    given = fl.io.read_theta(root / "data" / "theta_energy.json")
    beside = by_name(copper, moments=copper_moments, model=theta_f, theta=given)
    assert beside.keys() - alone.keys() == {"sign by θ"} and beside["sign by θ"].value < 1


def test_what_needs_a_temperature_is_left_out_without_one(ragged: Maker) -> None:
    for temperatures in ((None,) * 4, (300.0, 300.0, None, None)):
        data = ragged(0, temperatures=temperatures, configurations=20, atoms=(3, 3))
        found = by_name(data)
        assert found["temperature"].level == "warn" and "'t2'" in found["temperature"].message
        assert ("weights" in found) == ("tail of the weights" in found) == (
            300.0 in temperatures
        ) and "strength" in found
        assert {"weights", "metastability"} <= by_name(data, temperature=300.0).keys()


def test_ensembles_are_judged_one_by_one_and_the_worst_is_told(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0, 600.0) * 3, configurations=20, atoms=(3, 3))
    found = by_name(data)
    for name in ("basin weights", "metastability", "weights", "tail of the weights"):
        assert found[name].message.startswith("worst of 2 ensembles, ")
    cold = by_name(data.select([key for key, t in data.items() if t.temperature == 300.0]))
    assert "worst of" not in cold["weights"].message


def test_trajectories_of_varying_size_are_said_to_be_not_judged(ragged: Maker) -> None:
    found = by_name(ragged(0, temperatures=(300.0,) * 6, configurations=20))
    assert found["ensembles"].level == "warn" and "weights" not in found


def test_nothing_to_fit_and_one_configuration_end_in_verdicts(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 3, atoms=(3, 3))
    silent = fl.Dataset(dataclasses.replace(t, forces=np.zeros_like(t.forces)) for t in data.values())
    assert isinstance(fl.trust.verdicts(silent), list)
    alone = by_name(fl.Dataset([data["t0"].slice(0, 1)]))
    assert alone["independent blocks"].level == "fail"


def test_walkers_of_one_configuration_each_do_not_show_basins(copper: fl.Dataset) -> None:
    single = fl.Dataset(t.slice(0, 1) for t in copper.values())
    assert by_name(single)["basin weights"].level == "unknown"


def test_one_short_trajectory_gets_verdicts_too(ragged: Maker) -> None:
    for configurations in (2, 3, 30):
        found = by_name(ragged(0, temperatures=(300.0,), configurations=configurations, atoms=(4, 4)))
        assert found["independent blocks"].level == ("ok" if configurations == 30 else "fail")
        blocks = 6 if configurations == 30 else 2  # of ten τ each, τ being ½
        assert found["trajectories"].level == "warn"
        assert found["trajectories"].message == (
            f"one run, which cannot show processes slower than its length; it is cut into {blocks} consecutive blocks, which "
            "replace trajectories"
        )


@needs(ZUO)
@pytest.mark.parametrize("element", ["Mo", "Si", "Ge", "Li"])
def test_whole_published_sets_get_verdicts(element: str) -> None:
    found = by_name(published(element))
    # Surfaces and strained crystals have no temperature, and make much of one of the sets.
    assert found["training set" if element == "Si" else "temperature"].level == "warn"
    assert found["canonical ratio"].level in ("warn", "fail")  # vacancy simulations with exchanged labels


def published(element: str) -> fl.Dataset:
    """A training set of several groups, with two descriptors that cost nothing: the checks of energies do not need good ones."""
    rng, made = np.random.default_rng(0), []
    for frames in fl.io.open(ZUO / f"mlearn_{element}_training.json.xz").frames():
        Phi = rng.normal(size=(3 * len(frames.numbers), 2))
        made.append(frames.with_descriptors(rng.normal(size=(len(frames.numbers), 2)), Phi, ("a", "b")))
    return fl.Dataset(made)


def molybdenum_group(group: str, temperature: int) -> fl.Dataset:
    with np.load(MOLYBDENUM / "Mo_snap2J6_train.npz", allow_pickle=False) as file:
        chosen = (file["group"] == group) & (file["temperature_label_K"] == temperature)
        rows = np.repeat(chosen, 3 * file["natoms"].astype(int))
        t = fl.Trajectory(
            key=f"{group} {temperature}",
            temperature=300.0,
            n_atoms=file["natoms"][chosen].astype(int),
            energies=file["energy"][chosen],
            descriptors=file["D"][chosen],
            forces=file["forces"].ravel()[rows],
            force_descriptors=file["minus_dDdx"][rows],
        )
    return fl.Dataset([t])


@needs(MOLYBDENUM)
def test_within_one_group_of_molybdenum_forces_give_the_energies_and_on_strained_crystals_not() -> None:
    bulk, elastic = molybdenum_group("AIMD-NVT", 300), molybdenum_group("Elastic", 0)
    spread = {}
    for data in (bulk, elastic):
        moments = fl.accumulate(data)
        model = fl.regression.fisher_fit(moments)
        spread[next(iter(data))] = fl.comparison.compare(model, data).pooled["energy_spread"]
    assert spread["AIMD-NVT 300"] <= 0.0005  # eV/atom
    assert spread["Elastic 0"] > 0.1
    found = fl.trust.verdicts(bulk)
    doubts = {v.name: v.level for v in found if v.level in ("warn", "fail")}
    assert doubts == {"trajectories": "warn"}  # one run does not show basins
    assert {v.name for v in found if v.level == "unknown"} == {"temperature by forces", "basin weights"}
    warned = {v.name: v.message for v in fl.trust.verdicts(elastic) if v.level != "ok"}
    assert "near rest" in warned["energy correlation"]


def test_a_key_with_a_value_for_each_frame_gets_no_reassurance(few_walkers: fl.Dataset) -> None:
    run = few_walkers["walker-00"]
    run = dataclasses.replace(run, energies=np.cumsum(np.random.default_rng(0).normal(size=len(run))) + run.energies)
    frames = fl.Dataset(dataclasses.replace(run.slice(m, m + 1), key=str(m)) for m in range(len(run)))
    found = by_name(frames)
    assert found["trajectories"].level == "warn" and found["trajectories"].value > 0.5
    assert "50 trajectories of one configuration each follow one another like frames" in found["trajectories"].message
    assert found["independent blocks"].level == "unknown" and "no error bars" in found["independent blocks"].message
    assert {v.name: v.level for v in fl.diagnostics.health(frames)}.items() >= {
        ("trajectories", "warn"),
        ("independent energies", "unknown"),
    }
    study = fl.Study(frames)
    assert "follow one another like frames of one run" in study.reason
    assert study.standard_errors(fl.solve(study.terms.fisher)) is None
    order = [str(m) for m in np.random.default_rng(1).permutation(len(run))]
    found = by_name(frames.select(order))
    assert "trajectories" not in found and found["independent blocks"].level == "unknown"
    assert "whether trajectories so short are independent cannot be seen" in found["independent blocks"].message
    facts = fl.diagnostics.facts(frames)
    assert facts["independent energies"] == "not known: trajectories are too short"
