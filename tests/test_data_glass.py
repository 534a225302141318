"""The shipped two-dimensional glass is what its datasheet claims: in equilibrium, periodic, with a known noise."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import fisherlib as fl

Set = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def path(root: Path) -> Path:
    return root / "data" / "glasses" / "ka2d.npz"


@pytest.fixture(scope="module")
def shipped(path: Path) -> Set:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


@pytest.fixture
def check(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(root / "data")
    return importlib.import_module("check_glass_2d")


def steps(x: np.ndarray, box: np.ndarray) -> np.ndarray:
    """From every particle to every other, to the nearest image."""
    away = x[:, None].astype(float) - x
    return away - box * np.round(away / box)


def test_the_file_is_small_and_holds_plain_arrays(path: Path, shipped: Set) -> None:
    assert path.stat().st_size <= 1.5e6
    assert {value.dtype.kind for value in shipped.values()} <= set("biufU")
    C, T, N = shipped["propensity_even"].shape
    assert C >= 4 and N == 1000 and shipped["runs"] >= 16 and shipped["propensity_odd"].shape == (C, T, N)
    assert shipped["positions"].shape == shipped["inherent"].shape == (C, N, 2)
    assert shipped["types"].shape == shipped["energies"].shape == (C, N) and len(set(shipped["names"])) == C
    assert all(np.isfinite(value).all() for value in shipped.values() if value.dtype.kind == "f")


def test_it_is_the_mixture_that_it_says(shipped: Set) -> None:
    large, small = fl.glass.KA2D.fractions
    for types in shipped["types"]:
        assert np.bincount(types).tolist() == [1000 * large, 1000 * small]
    assert 1000 / np.prod(shipped["box"]) == pytest.approx(fl.glass.KA2D.density, rel=1e-12)
    for name in ("positions", "inherent"):
        assert (shipped[name] >= 0).all() and (shipped[name] < shipped["box"]).all()
    assert not np.array_equal(shipped["types"][0], shipped["types"][1])  # each has a start of its own


def test_it_does_not_age_and_was_given_the_time(shipped: Set) -> None:
    assert shipped["equilibration"] > 10 * shipped["tau_alpha"]
    for name in ("inherent_series", "energy_series"):
        first, last = np.split(shipped[name], 2, axis=1)
        drift = last.mean(axis=1) - first.mean(axis=1)
        assert abs(drift.mean()) < 3 * drift.std(ddof=1) / np.sqrt(len(drift))


def test_energies_are_those_of_the_inherent_structures(shipped: Set) -> None:
    mixture, box = fl.glass.KA2D, shipped["box"]
    for x, types, energies in zip(shipped["inherent"], shipped["types"], shipped["energies"], strict=True):
        eps, sig = (np.array(table)[types[:, None], types] for table in (mixture.epsilon, mixture.sigma))
        s = np.linalg.norm(steps(x, box), axis=2) / sig
        np.fill_diagonal(s, np.inf)
        u = 4 * eps * (s**-12 - s**-6 - mixture.cutoff**-12 + mixture.cutoff**-6)
        # Near the cutoff single precision decides who is within, but the energy is zero there.
        np.testing.assert_allclose(0.5 * np.where(s < 2.5, u, 0.0).sum(axis=1), energies, rtol=0, atol=1e-4)
    assert (shipped["energy_series"].mean() - shipped["energies"].mean()) == pytest.approx(0.48, abs=0.04)  # about T


def test_inherent_structures_are_near_and_in_the_box(shipped: Set) -> None:
    for x, y in zip(shipped["positions"].astype(float), shipped["inherent"], strict=True):
        away = y - x
        distance = np.linalg.norm(away - shipped["box"] * np.round(away / shipped["box"]), axis=1)
        assert 0.05 < np.sqrt(np.mean(distance**2)) < 0.4


def test_the_pair_distribution_is_that_of_a_liquid(shipped: Set) -> None:
    box, edges = shipped["box"], np.arange(0.5, 13.0, 0.05)
    number = np.zeros(len(edges) - 1)
    for x, types in zip(shipped["positions"], shipped["types"], strict=True):
        r = np.linalg.norm(steps(x[types == 0], box), axis=2)[np.triu_indices(650, 1)]
        assert r.min() > 0.85
        number += np.histogram(r, edges)[0]
    g = number / len(shipped["types"]) * np.prod(box) / (0.5 * 650**2 * np.pi * np.diff(edges**2))
    middle = 0.5 * (edges[1:] + edges[:-1])
    assert 1.0 < middle[g.argmax()] < 1.15 and 3.0 < g.max() < 5.0
    assert g[(middle > 1.4) & (middle < 1.6)].max() < 0.6  # where the first shell ends
    assert np.abs(g[middle > 8.0] - 1.0).max() < 0.1  # no crystal


def test_particles_move_on_and_leave_their_cages(shipped: Set) -> None:
    times, mean = shipped["times"], 0.5 * (shipped["propensity_even"] + shipped["propensity_odd"])
    assert (np.diff(times) > 0).all() and 8 <= len(times)
    large = shipped["types"] == 0
    typical = np.array([[one[mask].mean() for one in p] for p, mask in zip(mean, large, strict=True)])
    assert (np.diff(typical, axis=1) > 0).all() and (mean > 0).all()
    assert (np.diff(shipped["caged"], axis=1) < 0).all()
    caged = shipped["caged"].mean(axis=0)
    assert times[-2] < shipped["tau_alpha"] * 1.2 < times[-1] * 1.2
    assert np.interp(np.log(shipped["tau_alpha"]), np.log(times), caged) == pytest.approx(np.exp(-1), abs=1e-9)


def test_the_halves_of_the_runs_agree_but_for_noise(shipped: Set, check: ModuleType, path: Path) -> None:
    large, found = shipped["types"] == 0, check.statistics(path)
    for k, t in enumerate(shipped["times"]):
        even, odd = (
            np.stack([p[k, mask] for p, mask in zip(shipped[f"propensity_{half}"], large, strict=True)])
            for half in ("even", "odd")
        )
        shift = (even - odd).mean(axis=1)
        assert abs(shift.mean()) < 4 * shift.std(ddof=1) / np.sqrt(len(shift)) + 1e-4
        # The share of the signal, from variances instead of a correlation.
        noise = np.var(even - odd, axis=1).mean() / 4
        total = np.var((even + odd) / 2, axis=1).mean()
        ceiling = found[f"noise ceiling of A, t = {t:g}"].mean()
        assert ceiling == pytest.approx(np.sqrt(1 - noise / total), abs=0.02)
        assert 0.6 < ceiling < 0.99


def test_a_set_agrees_with_itself_and_not_with_another_temperature(
    path: Path, shipped: Set, check: ModuleType, tmp_path: Path
) -> None:
    found = check.statistics(path)
    assert all(value == 0.0 for value in check.z_values(found, found).values())
    np.savez(tmp_path / "hot.npz", **shipped | {"energies": shipped["energies"] + 0.05})
    z = check.z_values(check.statistics(tmp_path / "hot.npz"), found)
    assert z["energy of the inherent structure"] > 4.0
