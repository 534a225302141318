"""What can be said of data: numbers of known samples, the checks on loading, and what self-checks must not blame."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_self_checks import MISTAKES, Change, spoilt, thirty_again

import fisherlib as fl
from fisherlib import diagnostics
from fisherlib.diagnostics import Verdict
from fisherlib.units import BOLTZMANN

N = 55
GRADIENT = "gradient=True"


def by_name(data: fl.Dataset, **options: Any) -> dict[str, Verdict]:
    return {v.name: v for v in diagnostics.consistency(data, **options)}


def flagged(data: fl.Dataset, **options: Any) -> dict[str, str]:
    return {name: v.level for name, v in by_name(data, **options).items() if v.level in ("warn", "fail")}


def test_the_correct_data_pass_every_check(few_walkers: fl.Dataset, copper: fl.Dataset) -> None:
    for data in (few_walkers, copper):
        found = by_name(data)
        assert set(found) == {
            "translation sum",
            "net force",
            "force R²",
            "energy slope",
            "energy correlation",
            "duplicates",
            "enough data",
        }
        assert {v.level for v in found.values()} == {"ok"}
    assert found["energy slope"].value == pytest.approx(1.0, abs=0.05)


def test_no_unit_is_blamed_where_the_forces_do_not_fit(few_walkers: fl.Dataset) -> None:
    found = by_name(spoilt(few_walkers, MISTAKES["frames of the forces shuffled"].change))
    assert found["force R²"].level == "warn" and not found["energy slope"].message.startswith("units:")


def only(data: fl.Dataset, columns: list[int], sign: int) -> fl.Dataset:
    """The data with a few of the descriptors, which explain less of the forces."""
    changes: dict[str, Any] = {"site_descriptors": None, "descriptor_names": ()}
    return fl.Dataset(
        [
            dataclasses.replace(
                t,
                descriptors=t.descriptors[:, columns],
                force_descriptors=sign * t.force_descriptors[:, columns],
                **changes,
            )
            for t in data.values()
        ]
    )


def test_a_flipped_sign_fails_with_a_moderate_fit(few_walkers: fl.Dataset) -> None:
    right, wrong = (by_name(only(few_walkers, [0, 1], sign)) for sign in (1, -1))
    assert 0.5 < right["force R²"].value < 0.6
    assert right["energy slope"].level == "ok"
    assert wrong["energy slope"].level == "fail" and GRADIENT in wrong["energy slope"].message


def test_a_flipped_sign_is_flagged_with_a_poor_fit(few_walkers: fl.Dataset) -> None:
    wrong = by_name(only(few_walkers, [10, 20], -1))
    assert 0.45 < wrong["force R²"].value < 0.5 and wrong["energy slope"].value < -0.9
    assert wrong["energy slope"].level != "ok"


def test_a_given_theta_settles_the_sign_without_energies(few_walkers: fl.Dataset, root: object) -> None:
    theta = fl.io.read_theta(root / "data" / "theta_energy.json").theta
    silent = spoilt(few_walkers, lambda t, _: {"energies": np.zeros(len(t))})
    flipped = spoilt(silent, lambda t, _: {"force_descriptors": -t.force_descriptors})
    assert flagged(silent) == flagged(flipped) == {}
    assert by_name(silent)["energy slope"].level == by_name(flipped)["energy slope"].level == "unknown"
    assert "cannot tell the sign" in by_name(flipped)["energy slope"].message
    assert by_name(silent, theta=theta)["sign by θ"].level == "ok"
    assert by_name(silent, theta=theta)["sign by θ"].value == pytest.approx(1.0, abs=0.05)
    wrong = by_name(flipped, theta=theta)["sign by θ"]
    assert wrong.level == "fail" and GRADIENT in wrong.message


def test_a_theta_of_another_length_is_refused(few_walkers: fl.Dataset) -> None:
    with pytest.raises(ValueError, match=r"theta: expected K = 105 parameters as in the data, got shape \(3,\)"):
        diagnostics.consistency(few_walkers, theta=np.zeros(3))


def test_force_descriptors_that_are_all_zero_fail(few_walkers: fl.Dataset) -> None:
    zero = spoilt(few_walkers, lambda t, _: {"force_descriptors": np.zeros_like(t.force_descriptors)})
    (only_verdict,) = diagnostics.consistency(zero)
    assert only_verdict.level == "fail" and "nothing to fit" in only_verdict.message


def test_too_few_configurations_are_told(few_walkers: fl.Dataset) -> None:
    few = by_name(fl.Dataset([few_walkers["walker-00"].slice(0, 3)]))
    assert few["enough data"].level == "warn" and "495 force components for 105" in few["enough data"].message
    enough = by_name(fl.Dataset([few_walkers["walker-00"].slice(0, 4)]))
    assert enough["enough data"].level == "ok"


def clusters_of_different_size(offset: float) -> fl.Dataset:
    """Free clusters of 3 to 8 atoms under one key, with pair descriptors Σ exp(−r²/w) and exactly linear energies."""
    rng, theta, D, Phi = np.random.default_rng(0), np.array([2.0, -1.0]), [], []
    n_atoms = rng.integers(3, 9, size=200)
    for n in n_atoms:
        x = rng.normal(size=(n, 3))
        r = x[:, None] - x[None]
        pairs = np.stack([np.exp(-(r**2).sum(axis=-1) / w) * (1 - np.eye(n)) for w in (4.0, 9.0)], axis=-1)
        D.append(0.5 * pairs.sum(axis=(0, 1)))
        Phi.append((2 * r[..., None] * (pairs / [4.0, 9.0])[:, :, None]).sum(axis=1).reshape(-1, 2))
    rows = np.concatenate(Phi)
    t = fl.Trajectory(
        key="a",
        temperature=300.0,
        n_atoms=n_atoms,
        energies=np.array(D) @ theta + offset * n_atoms,
        descriptors=np.array(D),
        forces=rows @ theta,
        force_descriptors=rows,
    )
    return fl.Dataset([t])


@pytest.mark.parametrize("offset", [0.0, -3.5, -100.0])
def test_configurations_of_different_size_under_one_key_pass_whatever_the_energy_of_an_atom(offset: float) -> None:
    assert flagged(clusters_of_different_size(offset)) == {}


def test_configurations_of_different_composition_under_one_key_are_not_blamed_for_a_sign() -> None:
    # Six atoms, of which more and more are of a second species: those clusters are wider, and 50 eV per atom higher.
    rng, theta, D, Phi = np.random.default_rng(0), np.array([2.0, -1.0]), [], []
    second = rng.integers(0, 7, size=200)
    for number in second:
        x = rng.normal(size=(6, 3)) * (1 + 0.15 * number)
        r = x[:, None] - x[None]
        pairs = np.stack([np.exp(-(r**2).sum(axis=-1) / w) * (1 - np.eye(6)) for w in (4.0, 9.0)], axis=-1)
        D.append(0.5 * pairs.sum(axis=(0, 1)))
        Phi.append((2 * r[..., None] * (pairs / [4.0, 9.0])[:, :, None]).sum(axis=1).reshape(-1, 2))
    rows = np.concatenate(Phi)
    t = fl.Trajectory(
        key="a",
        n_atoms=np.full(200, 6),
        energies=np.array(D) @ theta + 50.0 * second,
        descriptors=np.array(D),
        forces=rows @ theta,
        force_descriptors=rows,
        species=np.concatenate([[28] * n + [29] * (6 - n) for n in second]),
    )
    assert "fail" not in flagged(fl.Dataset([t])).values()


def test_atoms_in_an_external_field_are_not_blamed_for_thermostat_noise() -> None:
    found = by_name(fl.systems.harmonic(np.array([1.0, 2.0])))
    assert found["translation sum"].level == "warn" and "external field" in found["translation sum"].message
    assert found["net force"].level == "unknown" and "external field" in found["net force"].message


def test_moments_with_the_other_sign_of_phi_are_refused(few_walkers: fl.Dataset) -> None:
    flipped = fl.accumulate(spoilt(few_walkers, MISTAKES["sign of Φ"].change))
    with pytest.raises(ValueError, match=r"moments: expected those of the data, got others \(by force descriptors\)"):
        by_name(few_walkers, moments=flipped)


def springs(seed: int, *, temperature: float, n_atoms: int, walkers: int, configurations: int) -> fl.Dataset:
    """Free clusters with U = ½ k Σ_{i<j} |r_i − r_j|² = ½ k N Σ_i |r_i − r̄|², sampled exactly."""
    rng, k, made = np.random.default_rng(seed), 2.0, []
    width = np.sqrt(BOLTZMANN * temperature / (k * n_atoms))
    for walker in range(walkers):
        x = rng.normal(size=(configurations, n_atoms, 3)) * width
        x -= x.mean(axis=1, keepdims=True)
        D = 0.5 * n_atoms * (x**2).sum(axis=(1, 2))
        made.append(
            fl.Trajectory(
                key=f"w{walker}",
                temperature=temperature,
                n_atoms=np.full(configurations, n_atoms),
                energies=k * D,
                descriptors=D[:, None],
                forces=-k * n_atoms * x.ravel(),
                force_descriptors=-n_atoms * x.reshape(-1, 1),
                positions=(x + 100.0 * rng.normal(size=(configurations, 1, 3))).reshape(-1, 3),
            )
        )
    return fl.Dataset(made)


@pytest.mark.parametrize("n_atoms", [2, 7])
def test_the_virial_temperature_of_springs_is_that_of_the_sample(n_atoms: int) -> None:
    data = springs(0, temperature=800.0, n_atoms=n_atoms, walkers=12, configurations=300)
    each, mean, error = diagnostics.virial_temperature(data)
    assert each.shape == (12,) and mean == pytest.approx(each.mean())
    assert error == pytest.approx(each.std(ddof=1) / np.sqrt(12))
    # −Σ r·F is k_B T χ² with 3N − 3 degrees of freedom, so its spread is known.
    exact_error = 800.0 * np.sqrt(2 / (3 * n_atoms - 3) / (12 * 300))
    assert abs(mean - 800.0) < 3 * exact_error and 0.4 < error / exact_error < 2.0
    assert flagged(data) == {}


def test_the_virial_temperature_asks_for_isolated_clusters(few_walkers: fl.Dataset, ragged: Callable) -> None:
    t = few_walkers["walker-00"].slice(0, 2)
    periodic = dataclasses.replace(t, cell=np.tile(20 * np.eye(3), (2, 1, 1)), pbc=np.ones((2, 3), dtype=bool))
    for data in (ragged(0), fl.Dataset([periodic])):
        with pytest.raises(ValueError, match="expected positions of isolated clusters, got none or periodic ones"):
            diagnostics.virial_temperature(data)
    assert np.isnan(diagnostics.virial_temperature(fl.Dataset([t]))[2])


def test_the_configurational_temperature_of_springs_is_that_of_the_sample() -> None:
    n_atoms, k = 5, 2.0
    data = springs(1, temperature=800.0, n_atoms=n_atoms, walkers=12, configurations=300)
    F2 = np.array([(t.forces.reshape(300, -1) ** 2).sum(axis=1) for t in data.values()])
    laplacian = np.full_like(F2, 3 * k * n_atoms * (n_atoms - 1))  # of ½ k Σ |r_i − r_j|² over all 3N coordinates
    each, together, error = diagnostics.configurational_temperature(F2, laplacian)
    assert each.shape == (12,)
    assert abs(together - 800.0) < 3 * 800.0 * np.sqrt(2 / (3 * n_atoms - 3) / 3600)
    assert error == pytest.approx(each.std(ddof=1) / np.sqrt(12))


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.97])
def test_the_autocorrelation_time_of_a_known_process(phi: float) -> None:
    rng, n, M = np.random.default_rng(1), 40, 4000
    noise = rng.normal(size=(n, M))
    x = np.empty((n, M))
    x[:, 0] = noise[:, 0] / np.sqrt(1 - phi**2)
    for t in range(1, M):
        x[:, t] = phi * x[:, t - 1] + noise[:, t]
    tau = 0.5 * (1 + phi) / (1 - phi)  # ½ + Σ φ^t
    assert diagnostics.autocorrelation_time(7.0 + 3.0 * x) == pytest.approx(tau, rel=0.06)
    assert diagnostics.autocorrelation_time(x[0]) == pytest.approx(tau, rel=0.5)


def test_a_constant_series_has_the_shortest_time() -> None:
    assert diagnostics.autocorrelation_time(np.ones((3, 10))) == 0.5


def test_a_given_theta_of_the_other_sign_is_blamed_itself_where_energies_confirm_the_data(
    few_walkers: fl.Dataset, root: object
) -> None:
    theta = fl.io.read_theta(root / "data" / "theta_energy.json").theta
    verdict = by_name(few_walkers, theta=-theta)["sign by θ"]
    assert verdict.level == "warn" and "take −θ" in verdict.message


def test_a_theta_of_other_data_is_no_proof_of_a_sign(few_walkers: fl.Dataset) -> None:
    rng, moments = np.random.default_rng(0), fl.accumulate(few_walkers)
    levels = [by_name(few_walkers, theta=rng.normal(size=105), moments=moments)["sign by θ"].level for _ in range(20)]
    assert "fail" not in levels and "warn" in levels


def test_elements_in_varying_proportions_have_offsets_of_their_own(few_walkers: fl.Dataset) -> None:
    assert "composition" not in by_name(few_walkers)
    alloy = spoilt(few_walkers, lambda t, _: {"species": np.where(np.arange(len(t.species)) % 7 == 0, 47, 29)})
    assert "composition" not in by_name(alloy)  # an offset for each element is determined


def test_compositions_of_the_same_mean_atomic_number_are_told_apart() -> None:
    # CO and N₂: the mean atomic number is 7 in both.
    rng = np.random.default_rng(0)
    t = fl.Trajectory(
        key="a",
        n_atoms=[2, 2],
        energies=[0.0, 1.0],
        descriptors=rng.normal(size=(2, 2)),
        forces=rng.normal(size=12),
        force_descriptors=rng.normal(size=(12, 2)),
        species=[6, 8, 7, 7],
    )
    assert by_name(fl.Dataset([t]))["composition"].value == 1.0


# Is it a canonical sample


def crystal_energies(rng: np.random.Generator, n_atoms: NDArray, temperature: float) -> NDArray:
    """Energies of harmonic crystals with 3N modes: k_B T times half a χ² of 3N degrees of freedom."""
    return 0.5 * BOLTZMANN * temperature * rng.chisquare(3 * n_atoms)


@pytest.mark.parametrize("temperature", [50.0, 1200.0])
def test_the_canonical_ratio_of_a_harmonic_crystal_is_one(temperature: float) -> None:
    rng, n = np.random.default_rng(0), 20_000
    E = -500.0 + crystal_energies(rng, np.full(n, 30), temperature)
    assert diagnostics.canonical_ratio(E, 30, temperature) == pytest.approx(1.0, abs=0.02)
    assert diagnostics.canonical_ratio(E, np.full(n, 30), 2 * temperature) == pytest.approx(0.5, abs=0.01)


def test_the_canonical_ratio_is_pooled_within_trajectories() -> None:
    rng, walkers = np.random.default_rng(1), np.repeat(np.arange(4000), 5)
    E = crystal_energies(rng, np.full(20_000, 30), 300.0) + 100.0 * walkers
    assert diagnostics.canonical_ratio(E, 30, 300.0, trajectory=walkers) == pytest.approx(1.0, abs=0.02)
    assert diagnostics.canonical_ratio(E, 30, 300.0, trajectory=walkers.astype(str)) == pytest.approx(1.0, abs=0.02)
    assert diagnostics.canonical_ratio(E, 30, 300.0) > 100


def test_the_canonical_ratio_takes_out_what_is_linear_in_the_number_of_atoms() -> None:
    rng = np.random.default_rng(2)
    N = rng.integers(20, 60, size=20_000)
    E = crystal_energies(rng, N, 300.0) - 3.5 * N
    assert diagnostics.canonical_ratio(E, N, 300.0) == pytest.approx(1.0, abs=0.02)
    groups = np.arange(len(N)) % 7
    shifted = E + 10.0 * groups
    assert diagnostics.canonical_ratio(shifted, N, 300.0, trajectory=groups) == pytest.approx(1.0, abs=0.02)


def test_a_run_at_constant_energy_has_the_ratio_that_is_documented() -> None:
    # A harmonic crystal at constant energy shares it between 3N positions and 3N momenta: a beta distribution.
    rng, N = np.random.default_rng(3), 200
    U = 3 * N * BOLTZMANN * 300.0 * rng.beta(1.5 * N, 1.5 * N, size=20_000)
    assert diagnostics.canonical_ratio(U, N, 300.0) == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_the_canonical_ratio_asks_for_a_spread_and_a_temperature() -> None:
    with pytest.raises(ValueError, match="energies: expected enough configurations to have a spread, got 1; add"):
        diagnostics.canonical_ratio([1.0], 3, 300.0)
    with pytest.raises(ValueError, match="got 2; add"):
        diagnostics.canonical_ratio([1.0, 2.0], 3, 300.0, trajectory=["a", "b"])
    with pytest.raises(ValueError, match="got 0; add"):
        diagnostics.canonical_ratio([], 3, 300.0)
    with pytest.raises(ValueError, match="temperature: expected a positive number of kelvin"):
        diagnostics.canonical_ratio([1.0, 2.0], 3, 0.0)
    assert diagnostics.canonical_ratio([1.0, 1.0, 1.0], 3, 300.0) == 0.0
    assert diagnostics.canonical_ratio([-187.3331] * 30, 3, 300.0) == 0.0


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (([1.0, np.nan, 2.0], 3), {}, r"energies: expected \(M,\) finite numbers, got shape \(3,\) with nan"),
        ((np.zeros((3, 2)), 3), {}, r"energies: expected \(M,\) finite numbers, got shape \(3, 2\)"),
        ((1.0, 3), {}, r"energies: expected \(M,\) finite numbers, got shape \(\)"),
        (([1.0, 2.0, 4.0], [3, 3]), {}, "n_atoms: expected 3 numbers ≥ 1"),
        (([1.0, 2.0, 4.0], 0), {}, "n_atoms: expected 3 numbers ≥ 1"),
        (
            ([1.0, 2.0, 4.0], 3),
            {"trajectory": ["a"]},
            r"trajectory: expected 3 labels, one an energy, got shape \(1,\)",
        ),
    ],
)
def test_the_canonical_ratio_asks_for_numbers_that_belong_together(
    arguments: tuple, options: dict, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        diagnostics.canonical_ratio(*arguments, 300.0, **options)


@pytest.mark.parametrize(
    ("squared_forces", "laplacians", "sentence"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0], r"laplacians: .* shape \(1, 3\), got shape \(1, 2\)"),
        ([1.0, 2.0], [0.0, 0.0], "laplacians: expected a positive mean in each trajectory, as in every sample, got 0"),
        ([[1.0], [2.0]], [[3.0], [-3.0]], "laplacians: expected a positive mean .* got -3"),
        ([1.0, np.nan], [1.0, 2.0], "squared_forces: .* with nan"),
        ([], [], r"squared_forces: expected \(n, M\) finite numbers, got shape \(1, 0\)"),
        (np.ones((2, 2, 2)), np.ones((2, 2, 2)), "squared_forces: .* such as 1"),
        ([1.0, 2.0], [1.0, np.inf], "laplacians: .* with inf"),
    ],
)
def test_the_configurational_temperature_asks_for_numbers_of_the_same_configurations(
    squared_forces: NDArray, laplacians: NDArray, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        diagnostics.configurational_temperature(squared_forces, laplacians)


@pytest.mark.parametrize("series", [[], [[], [1.0, 2.0]], [1.0, np.nan], 3.0, np.ones((2, 2, 2))])
def test_the_autocorrelation_time_asks_for_numbers(series: object) -> None:
    with pytest.raises(ValueError, match=r"series: expected finite numbers, got shape .* in series 0"):
        diagnostics.autocorrelation_time(series)


def test_a_drift_is_the_change_from_end_to_end(few_walkers: fl.Dataset) -> None:
    mean, error, each = diagnostics.drift(few_walkers)
    assert each.shape == (4,) and mean == pytest.approx(each.mean())
    assert error == pytest.approx(each.std(ddof=1) / 2)
    rising = spoilt(few_walkers, lambda t, _: {"energies": t.energies + np.linspace(0.0, 7.0, len(t))})
    assert diagnostics.drift(rising)[0] == pytest.approx(mean + 7.0)
    slope = np.polyfit(np.arange(50), few_walkers["walker-00"].energies, 1)[0]
    assert each[0] == pytest.approx(49 * slope)


def test_a_drift_is_seen_beside_a_varying_number_of_atoms() -> None:
    data = clusters_of_different_size(-3.5)
    t = data["a"]
    exact = dataclasses.replace(t, energies=-3.5 * t.n_atoms + np.linspace(0.0, 2.0, len(t)))
    mean, error, each = diagnostics.drift(fl.Dataset([exact]))
    assert mean == pytest.approx(2.0) and np.isnan(error) and each.shape == (1,)


def test_trajectories_too_short_for_a_drift_are_left_out(few_walkers: fl.Dataset) -> None:
    short = fl.Dataset([t.slice(0, 2) for t in few_walkers.values()])
    mean, error, each = diagnostics.drift(short)
    assert np.isnan(mean) and np.isnan(error) and len(each) == 0


def test_the_autocorrelation_time_of_series_of_different_lengths() -> None:
    rng, phi = np.random.default_rng(1), 0.8
    series = []
    for M in (3000, 5000, 4000, 2000, 6000, 1):
        x = rng.normal(size=M)
        x[0] /= np.sqrt(1 - phi**2)
        for t in range(1, M):
            x[t] += phi * x[t - 1]
        series.append(x)
    assert diagnostics.autocorrelation_time(series) == pytest.approx(0.5 * (1 + phi) / (1 - phi), rel=0.1)
    assert diagnostics.autocorrelation_time([[1.0], [2.0], [3.0]]) == pytest.approx(0.5)


# The checks of data that are being loaded


def card(data: fl.Dataset, **options: Any) -> dict[str, Verdict]:
    found = diagnostics.health(data, **options)
    assert len({v.name for v in found}) == len(found)
    return {v.name: v for v in found}


def unwell(data: fl.Dataset, **options: Any) -> set[str]:
    return {name for name, v in card(data, **options).items() if v.level in ("warn", "fail")}


def test_the_shipped_data_are_in_good_health(copper: fl.Dataset, copper_moments: fl.Moments) -> None:
    found = card(copper, moments=copper_moments)
    assert {v.level for v in found.values()} == {"ok"}
    assert found["duplicates"].value == 0 and found["force R²"].value == pytest.approx(0.9856, abs=1e-4)
    assert "+0.056 ± 0.141 eV" in found["drift"].message and found["drift"].value == pytest.approx(0.056, abs=1e-3)
    assert found["canonical ratio"].value == pytest.approx(1.34, abs=0.01)
    assert "at 1200 K" in found["canonical ratio"].message
    assert 800 < found["independent energies"].value <= 1000


def test_facts_are_no_checks(copper: fl.Dataset, few_walkers: fl.Dataset, ragged: Callable) -> None:
    found = diagnostics.facts(copper)
    expected = {
        "trajectories": 20,
        "configurations": "1000 (50 a trajectory)",
        "atoms in a configuration": "55",
        "temperature, K": "1200",
        "descriptors K": 105,
        "autocorrelation time of the energies, configurations": "0.56",
    }
    assert {name: found[name] for name in expected} == expected and "independent energies" in found
    assert not found.keys() & card(copper).keys() - {"independent energies"}
    mixed = fl.Dataset([few_walkers["walker-00"].slice(0, 9), few_walkers["walker-01"].slice(0, 20)])
    assert diagnostics.facts(mixed)["configurations"] == "29 (9 to 20 a trajectory)"
    assert diagnostics.facts(ragged(0, atoms=(1, 5)))["atoms in a configuration"] == "1 to 5"
    assert diagnostics.facts(few_walkers.select("walker-00"))["configurations"] == "50"


def test_every_verdict_of_consistency_is_among_the_checks(few_walkers: fl.Dataset) -> None:
    flipped = spoilt(few_walkers, MISTAKES["sign of Φ"].change)
    theta = np.ones(105)
    found, verdicts = diagnostics.health(flipped, theta=theta), diagnostics.consistency(flipped, theta=theta)
    assert found[: len(verdicts)] == verdicts and "sign by θ" in {v.name for v in found}
    (sign,) = [v for v in found if v.name == "energy slope"]
    assert sign.level == "fail" and GRADIENT in sign.message


@pytest.mark.parametrize(
    ("spoil", "name", "words"),
    [
        (lambda t, _: {"energies": np.full(len(t), 3.0)}, "canonical ratio", "do not vary"),
        (lambda t, _: {"energies": t.energies / N}, "canonical ratio", "energies per atom"),
        (lambda t, _: {"temperature": 4000.0}, "canonical ratio", "far too little for 4000 K"),
        (lambda t, _: {"temperature": 300.0}, "canonical ratio", "far too much for 300 K"),
        (lambda t, _: {"energies": t.energies + np.linspace(0, 3, len(t))}, "drift", "energies rise by 3"),
        (lambda t, _: {"energies": t.energies - np.linspace(0, 3, len(t))}, "drift", "energies fall by 3"),
        (thirty_again, "duplicates", "copies of others"),
    ],
)
def test_what_is_amiss_is_told(few_walkers: fl.Dataset, spoil: Change, name: str, words: str) -> None:
    found = card(spoilt(few_walkers, spoil))
    assert found[name].level == "warn" and words in found[name].message


def test_a_temperature_that_is_given_takes_the_place_of_the_files(few_walkers: fl.Dataset) -> None:
    unknown = spoilt(few_walkers, lambda t, _: {"temperature": None})
    found = card(unknown)["canonical ratio"]
    assert found.level == "unknown" and "give temperature=" in found.message
    assert unwell(unknown) == unwell(unknown, temperature=1200.0) == set()
    assert "canonical ratio" in unwell(few_walkers, temperature=300.0)


def test_trajectories_of_known_temperature_are_judged_beside_those_of_unknown_one(few_walkers: fl.Dataset) -> None:
    mixed = spoilt(few_walkers, lambda t, _: {"temperature": None if t.key == "walker-00" else 300.0})
    found = card(mixed)["canonical ratio"]
    assert found.level == "warn" and "far too much" in found.message and found.value > 4
    assert "Not judged: walker-00: the temperature is not known" in found.message


def test_trajectories_of_different_temperature_have_one_ratio(few_walkers: fl.Dataset) -> None:
    def stretched(t: fl.Trajectory, _: np.random.Generator) -> dict[str, Any]:
        factor = 1 + int(t.key[-2:])
        mean = t.energies.mean()
        return {"temperature": 1200.0 * factor, "energies": mean + factor * (t.energies - mean)}

    found = card(spoilt(few_walkers, stretched))["canonical ratio"]
    assert found.value == pytest.approx(card(few_walkers)["canonical ratio"].value)
    assert "1200 to 4800 K" in found.message


def test_walkers_that_stay_apart_are_not_independent_samples(few_walkers: fl.Dataset) -> None:
    def time(data: fl.Dataset) -> float:
        return float(diagnostics.facts(data)["autocorrelation time of the energies, configurations"])

    apart = spoilt(few_walkers, lambda t, _: {"energies": t.energies + 20.0 * int(t.key[-1])})
    assert "independent energies" in unwell(apart) and time(apart) > 10
    other = spoilt(
        few_walkers,
        lambda t, _: {"energies": t.energies + 20.0 * int(t.key[-1]), "temperature": 300.0 + int(t.key[-1])},
    )
    assert time(other) < 1  # different ensembles may differ


def test_one_run_is_warned_of_and_names_what_may_tell_runs_apart(few_walkers: fl.Dataset) -> None:
    one = few_walkers.select("walker-00")
    assert "trajectories" not in card(few_walkers)
    found = card(one)["trajectories"]
    assert (found.level, found.value, found.limits[0]) == ("warn", 1, 2)
    assert found.message.startswith("one run, which gives error bars only if it is long")
    told = fl.Dataset(one.values(), provenance={"likely_keys": {"run": 5, "phase": 2}})
    assert card(told)["trajectories"].message.endswith("; `run` has 5 values: take key='run'")


def test_checks_of_short_trajectories(few_walkers: fl.Dataset) -> None:
    one = card(few_walkers.select("walker-00"))
    assert one["drift"].level == "ok" and "nan" not in one["drift"].message
    for stop in (1, 2, 3):
        short = card(fl.Dataset([few_walkers["walker-00"].slice(0, stop)]))
        assert short["canonical ratio"].level == ("unknown" if stop == 1 else "ok")
        assert not any("nan" in v.message.split() for v in short.values())


def test_data_without_force_descriptors_fail(few_walkers: fl.Dataset) -> None:
    zero = spoilt(few_walkers, lambda t, _: {"force_descriptors": np.zeros_like(t.force_descriptors)})
    assert card(zero)["force descriptors"].level == "fail"
