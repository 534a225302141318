"""No verdict contradicts itself: its level is that of its number within its limits, and its sentence says the same."""

import dataclasses
import math
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib import diagnostics
from fisherlib.diagnostics import Verdict
from fisherlib.diagnostics.verdict import LEVELS, unknown

Change = Callable[[fl.Trajectory, np.random.Generator], dict]

#: What no sentence says whose level is "ok", and none whose level is "warn" or "fail".
WARNING = (
    *("too small", "too few", "too little", "too much", "too loosely", "wrong", "only", "not be trusted", "disagree"),
    *("differ by a factor", "do not", "cannot", "missing", "fails", "fall where", "rough", "no error bar"),
)
REASSURING = ("serves", "matters little", "as good as", "no configuration", "every configuration", "whatever its sign")

#: Every τ and every count of what is independent says of what.
OF_WHAT = re.compile(r"energ|scores|rows")


def clusters(rng: np.random.Generator, *, runs: int, frames: int, atoms: int, noise: float, scale: float) -> fl.Dataset:
    """Free clusters with pair descriptors, energies and forces that are linear in them up to noise, and positions."""
    theta, made = scale * np.array([2.0, -1.0]), []
    for run in range(runs):
        x = rng.normal(size=(frames, atoms, 3))
        r = x[:, :, None] - x[:, None]
        near = np.exp(-(r**2).sum(axis=-1)[..., None] / [4.0, 9.0]) * (1 - np.eye(atoms))[..., None]
        D = 0.5 * near.sum(axis=(1, 2))
        Phi = (2 * r[..., None] * (near / [4.0, 9.0])[..., None, :]).sum(axis=2).reshape(-1, 2)
        made.append(
            fl.Trajectory(
                key=f"run {run}",
                temperature=600.0,
                n_atoms=np.full(frames, atoms),
                energies=D @ theta - 3.0 * atoms + scale * noise * rng.normal(size=frames),
                descriptors=D,
                forces=Phi @ theta + scale * noise * rng.normal(size=len(Phi)),
                force_descriptors=Phi,
                positions=x.reshape(-1, 3),
            )
        )
    return fl.Dataset(made)


def slowly(t: fl.Trajectory, rng: np.random.Generator) -> dict:
    order = np.argsort(t.energies)
    rows = (3 * t.n_atoms[0] * order[:, None] + np.arange(3 * t.n_atoms[0])).ravel()
    return {
        "energies": t.energies[order],
        "descriptors": t.descriptors[order],
        "forces": t.forces[rows],
        "force_descriptors": t.force_descriptors[rows],
        "positions": None,
    }


def exchanged(t: fl.Trajectory, rng: np.random.Generator) -> dict:
    away = 50 * t.energies.std() * rng.choice([-1.0, 1.0]) * (np.arange(len(t)) == len(t) // 2)
    return {"energies": t.energies + away}


MISTAKES: dict[str, Change] = {
    "none": lambda t, rng: {},
    "drifted": lambda t, rng: {"energies": t.energies + 5 * t.energies.std() * np.linspace(0, 1, len(t))},
    "slow": slowly,
    "exchanged": exchanged,
    "frozen": lambda t, rng: {
        "energies": np.full(len(t), -3.0),
        "forces": np.tile(t.forces[: 3 * t.n_atoms[0]], len(t)),
    },
    "wrong sign": lambda t, rng: {"force_descriptors": -t.force_descriptors},
    "wrong unit": lambda t, rng: {"energies": t.energies / 27.2},
    "per atom": lambda t, rng: {"energies": t.energies / t.n_atoms},
    "other forces": lambda t, rng: {"forces": rng.permutation(t.forces)},
    "axes": lambda t, rng: {"force_descriptors": t.force_descriptors.reshape(-1, 2, 3).swapaxes(1, 2).reshape(-1, 2)},
    "an atom without force": lambda t, rng: {"forces": np.where(np.arange(len(t.forces)) < 3, 0.0, t.forces)},
    "no forces": lambda t, rng: {"forces": np.zeros_like(t.forces)},
    "no Φ": lambda t, rng: {"force_descriptors": np.zeros_like(t.force_descriptors)},
    "one descriptor twice": lambda t, rng: {
        "descriptors": t.descriptors[:, [0, 0]],
        "force_descriptors": t.force_descriptors[:, [0, 0]],
    },
    "a spike": lambda t, rng: {"forces": t.forces + 1e3 * np.abs(t.forces).max() * (np.arange(len(t.forces)) == 0)},
    "no temperature": lambda t, rng: {"temperature": None},
    "some temperatures": lambda t, rng: {"temperature": None if t.key == "run 0" else 600.0},
    "two temperatures": lambda t, rng: {"temperature": 300.0 + 600.0 * (t.key == "run 0")},
    "basins": lambda t, rng: {"energies": t.energies + 3.0 * int(t.key[-1])},
    "no energies": lambda t, rng: {"energies": None},
    "volumes": lambda t, rng: {
        "cell": rng.uniform(9, 11, size=(len(t), 1, 1)) * np.eye(3),
        "pbc": np.ones((len(t), 3), dtype=bool),
        "species": np.full(t.n_atoms.sum(), 29),
    },
    "half of them isolated": lambda t, rng: {
        "cell": np.tile(10 * np.eye(3), (len(t), 1, 1)),
        "pbc": np.repeat(np.arange(len(t)) % 2 == 0, 3).reshape(-1, 3),
    },
    "a wild configuration": lambda t, rng: {
        "forces": t.forces * np.where(np.arange(len(t.forces)) < 3 * t.n_atoms[0], 100.0, 1.0)
    },
    "two elements": lambda t, rng: {"species": rng.choice([29, 79], size=t.n_atoms.sum())},
}


def ladders(data: fl.Dataset) -> Iterator[list[Verdict]]:
    """Every list of verdicts there is."""
    moments = fl.accumulate(data)
    half = fl.LinearPotential(theta=np.array([1.0, 2.0]), name="given")
    yield diagnostics.consistency(data, theta=half)
    yield diagnostics.check(data, theta=-half.theta, moments=moments)
    yield diagnostics.health(data, moments=moments)
    yield fl.trust.verdicts(data, moments=moments)
    yield fl.trust.verdicts(data, model=half)
    for t in (t for t in data.values() if t.has_energies):
        yield diagnostics.ensemble(t.energies, t.n_atoms, t.temperature, forces=t.forces)


def hold(found: list[Verdict]) -> None:
    assert len({v.name for v in found}) == len(found)
    for v in found:
        low, high = v.limits
        assert (v.level == "ok") == (low <= v.value <= high) and (v.level == "unknown") == math.isnan(v.value), v
        said = v.message.split(". Not judged: ")[0]
        words = {"ok": WARNING, "unknown": (), "warn": REASSURING, "fail": REASSURING}[v.level]
        assert not [word for word in words if re.search(rf"\b{word}\b", said)], v
        if re.search(r"independent|autocorrelation|τ", said):
            assert OF_WHAT.search(said), v
        assert not re.search(
            r"\bnan\b|(?<![.\d])1 (configurations|trajectories|force components|blocks|directions|parameters|atoms|ensembles)\b",
            said,
        ), v


@settings(max_examples=40, deadline=None)
@given(
    mistake=st.sampled_from(list(MISTAKES)),
    seed=st.integers(0, 2**32 - 1),
    runs=st.integers(1, 6),
    frames=st.integers(1, 40),
    atoms=st.integers(2, 6),
    noise=st.sampled_from([0.0, 0.03, 0.3, 3.0]),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
)
def test_no_verdict_contradicts_itself(
    mistake: str, seed: int, runs: int, frames: int, atoms: int, noise: float, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    data = clusters(rng, runs=runs, frames=frames, atoms=atoms, noise=noise, scale=scale)
    for found in ladders(fl.Dataset(dataclasses.replace(t, **MISTAKES[mistake](t, rng)) for t in data.values())):
        hold(found)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_verdict_on_a_known_mistake_contradicts_itself(mistake: str) -> None:
    rng = np.random.default_rng(0)
    data = clusters(rng, runs=4, frames=30, atoms=5, noise=0.03, scale=1.0)
    spoilt = fl.Dataset(dataclasses.replace(t, **MISTAKES[mistake](t, rng)) for t in data.values())
    for part in (spoilt, spoilt.select("run 0"), fl.Dataset([spoilt["run 0"].slice(0, 1)])):
        for found in ladders(part):
            hold(found)


def test_copies_and_data_of_the_package_contradict_themselves_nowhere(
    few_walkers: fl.Dataset, ragged: Callable
) -> None:
    again = [dataclasses.replace(t, key=f"{t.key} again") for t in few_walkers.values()]
    for data in (few_walkers, fl.Dataset([*few_walkers.values(), *again])):
        hold(fl.trust.verdicts(data))
        hold(diagnostics.health(data))
    for seed in range(3):
        hold(fl.trust.verdicts(ragged(seed, K=12, configurations=2, noise=1.0)))


# The type itself


@given(
    level=st.sampled_from(LEVELS),
    value=st.floats(-3, 3) | st.sampled_from([math.nan, math.inf, -math.inf]),
    low=st.sampled_from([-math.inf, -1.0, 0.0]),
    high=st.sampled_from([0.0, 1.0, math.inf]),
)
def test_a_level_that_contradicts_its_number_is_refused(level: str, value: float, low: float, high: float) -> None:
    right = "unknown" if math.isnan(value) else "ok" if low <= value <= high else "bad"
    made = {"name": "a", "level": level, "message": "m", "value": value, "limits": (low, high)}
    if right == level or (right == "bad" and level in ("warn", "fail")):
        assert Verdict(**made).level == level
    else:
        with pytest.raises(ValueError, match="level of 'a': expected "):
            Verdict(**made)


def test_strange_levels_and_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="level of 'a': expected one of 'ok', 'unknown', 'warn', 'fail', got 'bad'"):
        Verdict(name="a", level="bad", message="m", value=0.0, limits=(0.0, 1.0))
    for limits in ((1.0, 0.0), (math.nan, 1.0)):
        with pytest.raises(ValueError, match="limits of 'a': expected low ≤ high"):
            Verdict(name="a", level="ok", message="m", value=0.0, limits=limits)


def test_a_failure_may_be_told_as_a_warning() -> None:
    failed = Verdict(name="a", level="fail", message="m", value=2.0, limits=(0.0, 1.0))
    assert failed.warned().level == "warn" and failed.warned().warned() == failed.warned()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("k -0.19, at (-2.5)", "k −0.19, at (−2.5)"),
        ("k -0.00 and −0.000 ± 0.1 and -0", "k 0.00 and 0.000 ± 0.1 and 0"),
        ("-0.001, 1e-12, walker-00, 2-3, -1e-05, +0.2", "−0.001, 1e-12, walker-00, 2-3, −1e-05, +0.2"),
    ],
)
def test_minus_signs_of_numbers_are_such_and_zeros_have_none(written: str, read: str) -> None:
    assert unknown("x", written).message == read
