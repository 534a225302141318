"""Verdicts on samples that are drawn exactly, and on the same samples spoilt in one way each."""

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fisherlib as fl
from fisherlib import diagnostics
from fisherlib.diagnostics import Verdict, time_series
from fisherlib.units import BOLTZMANN

Maker = Callable[..., fl.Dataset]
T, N = 600.0, 20


def crystal(seed: int, configurations: int, *, temperature: float = T, n_atoms: int = N) -> NDArray:
    """Energies of 3N harmonic modes: k_B T times half a χ²."""
    rng = np.random.default_rng(seed)
    return -100.0 + 0.5 * BOLTZMANN * temperature * rng.chisquare(3 * n_atoms, size=configurations)


def judged(energies: NDArray, **options: object) -> dict[str, Verdict]:
    return {v.name: v for v in diagnostics.ensemble(energies, N, T, **options)}


def flagged(found: dict[str, Verdict]) -> dict[str, str]:
    return {name: v.level for name, v in found.items() if v.level in ("warn", "fail")}


def of(data: fl.Dataset, temperature: float | None = None) -> dict[str, Verdict]:
    return {v.name: v for v in diagnostics.sample(data, temperature)}


def spoilt(
    data: fl.Dataset, change: Callable[[fl.Trajectory], dict], keys: tuple[str, ...] | None = None
) -> fl.Dataset:
    return fl.Dataset(
        [dataclasses.replace(t, **change(t)) if keys is None or t.key in keys else t for t in data.values()]
    )


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    configurations=st.integers(2, 200),
    n_atoms=st.integers(1, 100),
    temperature=st.floats(10.0, 5000.0),
)
def test_an_exact_sample_has_no_fluctuation_or_outlier_to_remark_on(
    seed: int, configurations: int, n_atoms: int, temperature: float
) -> None:
    E = crystal(seed, configurations, temperature=temperature, n_atoms=n_atoms)
    found = {v.name: v.level for v in diagnostics.ensemble(E, n_atoms, temperature)}
    assert found["canonical ratio"] != "fail" and found["outliers"] == ("ok" if configurations >= 10 else "unknown")


def test_exact_samples_are_rarely_remarked_on() -> None:
    names = [name for seed in range(300) for name in flagged(judged(crystal(seed, 30)))]
    assert len(names) <= 4  # 300 samples, and 0.5 % at most for each of fluctuation and drift


@pytest.mark.parametrize(
    ("factor", "level", "word"),
    [
        (1.0, None, ""),
        (0.4, "warn", "too little"),
        (0.05, "fail", "too little"),
        (3.0, "warn", "too much"),
        (20.0, "fail", "too much"),
    ],
)
def test_a_wrong_temperature_is_told_by_how_wrong_it_is(factor: float, level: str | None, word: str) -> None:
    found = judged(crystal(0, 200, temperature=factor * T), key="a run")
    assert found["canonical ratio"].value == pytest.approx(factor, rel=0.2)
    assert flagged(found) == ({} if level is None else {"canonical ratio": level})
    if level is not None:
        assert found["canonical ratio"].message.startswith("a run: energies fluctuate far " + word)


def test_a_few_configurations_do_not_convict() -> None:
    E = crystal(0, 200, temperature=2.2 * T)
    assert "canonical ratio" in flagged(judged(E)) and "canonical ratio" not in flagged(judged(E[:5]))


def test_what_is_not_known_is_not_judged() -> None:
    (ratio, *_) = diagnostics.ensemble(crystal(0, 30), N)
    assert ratio.level == "unknown" and "give temperature=" in ratio.message and np.isnan(ratio.value)
    assert flagged(judged(np.array([1.0]))) == {}
    assert judged(np.full(20, 3.0))["canonical ratio"].level == "warn"
    with pytest.raises(ValueError, match="energies: expected at least one finite number"):
        judged(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="forces: expected 3ΣN = 1800 numbers as n_atoms says, got 7"):
        judged(crystal(0, 30), forces=np.zeros(7))
    with pytest.raises(ValueError, match="temperature: expected a positive number of kelvin"):
        diagnostics.ensemble(crystal(0, 30), N, -1.0)
    for n_atoms in (0, [4, 4], [np.nan] * 30, -3):
        with pytest.raises(
            ValueError, match="n_atoms: expected 30 numbers ≥ 1, one a configuration, or one for all, got"
        ):
            diagnostics.ensemble(crystal(0, 30), n_atoms, T)
    with pytest.raises(ValueError, match="energies: expected at least one finite number, shape"):
        diagnostics.ensemble(crystal(0, 30).reshape(5, 6), N, T)


def test_consecutive_steps_are_told_from_a_short_memory() -> None:
    rng, phi, x = np.random.default_rng(0), 0.995, [0.0]
    for noise in rng.normal(size=400):
        x.append(phi * x[-1] + noise)
    scale = np.sqrt(1.5 * N) * BOLTZMANN * T
    slow = scale * np.array(x) / np.std(x)
    found = judged(slow)
    assert found["autocorrelation"].level == "warn" and found["autocorrelation"].value > 0.97
    assert "autocorrelation" not in flagged(judged(crystal(0, 400)))


@pytest.mark.parametrize(("rise", "word"), [(3.0, "rise by"), (-3.0, "fall by")])
def test_a_drift_is_seen(rise: float, word: str) -> None:
    scale = np.sqrt(1.5 * N) * BOLTZMANN * T
    found = judged(crystal(1, 100) + rise * scale * np.linspace(0, 1, 100))
    assert found["drift"].level == "warn" and word in found["drift"].message
    assert found["drift"].value == pytest.approx(rise * scale, rel=0.3)


def test_an_exchanged_configuration_is_named() -> None:
    E = crystal(2, 40)
    E[[7, 23]] += [40.0, -30.0]
    found = judged(E)
    assert found["outliers"].level == "warn" and "configuration 23, 7 (counted from 0)" in found["outliers"].message
    assert found["outliers"].value < found["outliers"].limits[0] < 0  # the furthest beyond its limit lies below


def test_frozen_configurations_are_counted() -> None:
    rng = np.random.default_rng(0)
    F = rng.normal(size=(30, 3 * N))
    assert "frozen configurations" not in flagged(judged(crystal(0, 30), forces=F.ravel()))
    F[10] = 0.0
    F[20] = F[19] + 1e-8
    F[25] = F[24] * np.where(np.arange(3 * N) == 5, -1, 1)  # one component differs
    found = judged(crystal(0, 30), forces=F.ravel())["frozen configurations"]
    assert found.level == "warn" and found.value == 2 and "configuration 10, counted from 0" in found.message
    assert "symmetric crystals, which have none by symmetry" in found.message


def test_frozen_configurations_are_compared_within_their_size() -> None:
    rng, n = np.random.default_rng(0), np.array([2, 3, 3, 2, 2])
    F = [rng.normal(size=3 * m) for m in n]
    F[4] = F[3]
    found = {v.name: v for v in diagnostics.ensemble(rng.normal(size=5), n, T, forces=np.concatenate(F))}
    assert (
        found["frozen configurations"].value == 1
        and "first is configuration 4" in found["frozen configurations"].message
    )


# Datasets


def test_the_shipped_data_are_a_sample(copper: fl.Dataset) -> None:
    found = of(copper)
    assert list(found) == [
        "canonical ratio",
        "autocorrelation",
        "drift",
        "outliers",
        "frozen configurations",
        "temperature by forces",
    ]
    assert flagged(found) == {}
    assert found["canonical ratio"].value == pytest.approx(1.665, abs=1e-3)  # of the walker that is furthest off


def test_a_temperature_that_is_given_is_held_against_forces_and_energies(copper: fl.Dataset) -> None:
    for wrong in (400.0, 3000.0):
        assert set(flagged(of(copper, wrong))) == {"canonical ratio", "temperature by forces"}


def test_what_short_trajectories_hide_all_of_them_together_show(copper: fl.Dataset) -> None:
    short = fl.Dataset([t.slice(0, 5) for t in copper.values()])
    assert flagged(of(short)) == {}
    found = of(short, 5000.0)["canonical ratio"]
    assert found.level == "warn" and found.message.startswith("all trajectories together")


def test_the_worst_trajectories_are_named_and_the_others_counted(copper: fl.Dataset) -> None:
    def struck(t: fl.Trajectory) -> dict:
        E = t.energies.copy()
        E[9] += 50.0 + int(t.key[-2:])
        return {"energies": E}

    keys = tuple(f"walker-{n:02}" for n in (2, 3, 5, 7, 11, 13, 17))
    found = of(spoilt(copper, struck, keys))["outliers"]
    assert found.level == "warn" and ": the energy of configuration 9 " in found.message
    assert found.message.endswith("robust standard deviations) and 2 more") and found.message.count("walker-") == 5
    (one,) = [v for v in diagnostics.sample(spoilt(copper, struck, keys[:1])) if v.name == "outliers"]
    assert one.message.startswith("walker-02: ")


def test_a_drift_common_to_all_trajectories_is_seen(copper: fl.Dataset) -> None:
    rising = spoilt(copper, lambda t: {"energies": t.energies + np.linspace(0, 1.2, len(t))})
    found = of(rising)["drift"]
    assert found.level == "warn" and found.message.startswith("all trajectories together: energies rise by")


def test_a_frozen_trajectory_has_no_drift_and_does_not_vary() -> None:
    found = judged(np.full(30, -187.3331))
    assert flagged(found) == {"canonical ratio": "warn"} and found["drift"].value == 0
    assert "do not vary" in found["canonical ratio"].message and found["canonical ratio"].value == 0


def test_frozen_trajectories_together_have_no_drift(copper: fl.Dataset) -> None:
    still = spoilt(copper, lambda t: {"energies": np.full(len(t), -187.3331 - 0.1 * int(t.key[-2:]))})
    assert "drift" not in flagged(of(still)) and (diagnostics.drift(still)[2] == 0).all()


def test_each_direction_has_its_own_sentence_and_each_trajectory_its_own_number(copper: fl.Dataset) -> None:
    factors = {"walker-00": 30.0, "walker-01": 8.0, "walker-02": 0.1, "walker-03": 0.0}

    def scaled(t: fl.Trajectory) -> dict:
        mean, factor = t.energies.mean(), factors.get(t.key, 1.0)
        return {
            "energies": mean + factor * (t.energies - mean),
            "temperature": None if t.key == "walker-04" else 1200.0,
        }

    found = of(spoilt(copper, scaled))["canonical ratio"]
    sentences = re.split(r"\. (?=walker|all|Not judged)", found.message)
    assert found.level == "fail" and found.value > 20 and len(sentences) == 4
    assert sorted(s.split(" for ")[0] for s in sentences[:3]) == [
        "walker-00: energies fluctuate far too much",
        "walker-02: energies fluctuate far too little",
        "walker-03: energies do not vary: a column that was never filled, or copies of one configuration",
    ]
    assert sentences[3].startswith("Not judged: walker-04: the temperature is not known")
    (much,) = [s for s in sentences if "too much" in s]
    assert re.search(r"walker-01 \(\d+ times a harmonic crystal\)", much) and "walker-02" not in much
    assert all(f"walker-{n:02}" not in found.message for n in range(5, 20))


def test_varying_composition_is_no_fluctuation() -> None:
    rng, M = np.random.default_rng(0), 200
    gold = rng.integers(0, N, size=M)
    species = np.concatenate([[79] * g + [29] * (N - g) for g in gold])
    t = fl.Trajectory(
        key="alloy",
        temperature=T,
        n_atoms=np.full(M, N),
        energies=crystal(0, M) + 2.5 * gold,
        descriptors=rng.normal(size=(M, 1)),
        forces=rng.normal(size=3 * N * M),
        force_descriptors=rng.normal(size=(3 * N * M, 1)),
        species=species,
    )
    assert flagged(of(fl.Dataset([t]))) == {}
    assert flagged(of(fl.Dataset([dataclasses.replace(t, species=None)])))["canonical ratio"] == "fail"


def test_trajectories_of_unknown_temperature_and_of_one_configuration(copper: fl.Dataset, ragged: Callable) -> None:
    unknown = spoilt(copper, lambda t: {"temperature": None}, ("walker-00",))
    found = of(unknown)["canonical ratio"]
    assert found.level == "ok" and ". Not judged: walker-00: the temperature is not known" in found.message
    assert flagged(of(fl.Dataset([t.slice(0, 1) for t in copper.values()]))) == {}
    assert of(ragged(0, atoms=(2, 5)))["temperature by forces"].level == "unknown"


def test_check_is_consistency_sample_and_what_is_left_open(
    few_walkers: fl.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = fl.accumulate(few_walkers)
    monkeypatch.setitem(diagnostics.check.__globals__, "accumulate", None)  # one pass is enough
    found = diagnostics.check(few_walkers, moments=moments)
    assert {v.level for v in found} == {"ok"} and len({v.name for v in found}) == len(found)
    parts = diagnostics.consistency(few_walkers, moments=moments) + diagnostics.sample(few_walkers)
    assert found[:-2] == parts and [v.name for v in found[-2:]] == ["null directions", "leverage"]
    hot = {v.name: v.level for v in diagnostics.check(few_walkers, 6000.0, moments=moments)}
    assert hot["canonical ratio"] != "ok" and hot["energy slope"] == "ok"


def test_a_whole_trajectory_twice_fails_in_check_and_is_warned_of_on_loading(few_walkers: fl.Dataset) -> None:
    again = [dataclasses.replace(t, key=f"{t.key} again") for t in few_walkers.values()]
    double = fl.Dataset([*few_walkers.values(), *again])
    for found, level in ((diagnostics.check(double), "fail"), (diagnostics.consistency(double), "warn")):
        (verdict,) = [v for v in found if v.name == "duplicates"]
        assert verdict.level == level and verdict.value == 200
        assert "'walker-00 again' of 'walker-00'" in verdict.message and "and 1 more (200 of 400" in verdict.message
        assert "error bars, held-out errors and averages are all wrong; drop one of 'walker-00'" in verdict.message
    (line,) = [r for r in diagnostics.health(double) if r.name == "duplicates"]
    assert line.level == "warn" and "drop one of" in line.message  # the card is that of data being loaded
    first = few_walkers["walker-00"]
    for part, level in ((first.slice(10, 20), "fail"), (first.slice(10, 11), "warn")):
        other = fl.Dataset([dataclasses.replace(part, key="part"), *few_walkers.values()])
        (verdict,) = [v for v in diagnostics.check(other) if v.name == "duplicates"]
        assert verdict.level == level and ("'part' of 'walker-00'" in verdict.message) == (level == "fail")
    assert "held-out errors are too small as well" in verdict.message


@pytest.mark.parametrize("function", [diagnostics.check, diagnostics.consistency, diagnostics.health])
def test_moments_of_other_data_are_refused(few_walkers: fl.Dataset, function: Callable) -> None:
    moved = spoilt(few_walkers, lambda t: {"descriptors": t.descriptors + 1.0, "site_descriptors": None})
    higher = spoilt(few_walkers, lambda t: {"energies": t.energies + 1.0})
    other = (
        few_walkers.select("walker-00"),
        fl.Dataset([t.slice(0, 20) for t in few_walkers.values()]),
        moved,
        higher,
    )
    for data in other:
        with pytest.raises(ValueError, match="moments: expected those of the data, .*got .*; take accumulate"):
            function(few_walkers, moments=fl.accumulate(data))


def test_a_theta_that_is_not_finite_is_refused(few_walkers: fl.Dataset) -> None:
    with pytest.raises(ValueError, match="theta: expected K = 105 finite parameters, got nan; leave theta out"):
        diagnostics.check(few_walkers, theta=[np.nan] * 105)


def test_forces_that_are_all_zero_fail(few_walkers: fl.Dataset) -> None:
    zero = spoilt(few_walkers, lambda t: {"forces": np.zeros_like(t.forces)})
    (failed,) = [v for v in diagnostics.check(zero) if v.level == "fail"]
    assert failed.name == "force descriptors" and failed.message.startswith("every force is zero") and failed.value == 0
    with pytest.raises(ValueError, match="moments: expected forces, got zeros only"):
        diagnostics.metastability(fl.accumulate(zero))


def test_check_without_force_descriptors_says_what_is_wrong(few_walkers: fl.Dataset) -> None:
    zero = spoilt(few_walkers, lambda t: {"force_descriptors": np.zeros_like(t.force_descriptors)})
    assert [v.name for v in diagnostics.check(zero) if v.level == "fail"] == ["force descriptors"]


def test_a_temperature_by_forces_that_could_as_well_be_negative_is_not_known() -> None:
    judge = time_series.temperature_by_forces
    for ratio, error, freedom in ((-7.85, 0.90, 1.0), (-1.89, 1.01, 5.0), (1.0, 0.5, 20.0)):
        assert judge(ratio, error, freedom, time_series.CHANCE).level == "unknown"
    assert judge(1.1, 0.1, 20.0, time_series.CHANCE).level == "ok"
    for ratio in (-3.0, 8.0):  # far off all the same
        assert judge(ratio, 0.5, 20.0, time_series.CHANCE).level == "warn"


def test_a_trajectory_without_a_name_is_named_in_quotes(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 3, configurations=20)
    blank = fl.Dataset(dataclasses.replace(t, key=" " * number) for number, t in enumerate(data.values()))
    said = " ".join(v.message for v in fl.diagnostics.sample(blank))
    assert "furthest off in trajectory '" in said and "off in )" not in said


@pytest.mark.parametrize("lengths", [(2, 3, 1), (2,), (40, 40), (40,)])
def test_energies_are_never_said_to_forget_before_they_are_known(ragged: Maker, lengths: tuple[int, ...]) -> None:
    """Anticorrelated energies had a time of −0.69 configurations."""
    whole = ragged(0, temperatures=(300.0,) * len(lengths), configurations=max(lengths), atoms=(3, 3))
    up_and_down = [
        dataclasses.replace(t.slice(0, M), energies=np.arange(M) % 2 + 0.1 * k)
        for k, (t, M) in enumerate(zip(whole.values(), lengths, strict=True))
    ]
    found = fl.diagnostics.facts(fl.Dataset(up_and_down))["autocorrelation time of the energies, configurations"]
    assert found == ("0.50" if min(lengths) > 3 else "not known: trajectories are too short")


def test_energies_of_atoms_of_each_element_are_no_fluctuation_and_no_drift() -> None:
    """Random compositions of one size, of which each atom of gold costs far more than energies fluctuate."""
    rng = np.random.default_rng(0)

    def alloyed(t: fl.Trajectory) -> fl.Trajectory:
        gold = np.sort(rng.integers(1, 4, size=len(t)))
        species = np.concatenate([np.repeat([29, 79], (4 - n, n)) for n in gold])
        return dataclasses.replace(t, species=species, energies=t.energies + 5.0 * gold)

    plain = fl.systems.harmonic([1.0, 2.0], trajectories=3, configurations=200)
    data = fl.Dataset([alloyed(t) for t in plain.values()])
    found = {v.name: v for v in diagnostics.health(data)}
    expected = {v.name: v for v in diagnostics.health(plain)}
    assert found["canonical ratio"].value == pytest.approx(expected["canonical ratio"].value, rel=0.05)
    assert [found[name].level for name in ("canonical ratio", "drift", "independent energies")] == ["ok"] * 3
    mean, error, _ = diagnostics.drift(data)
    assert abs(mean) < 5 * error
