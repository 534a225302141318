"""What verdicts may cost: held-out errors in parts or not at all, decompositions that are shared, progress and its end."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fisherlib as fl
from fisherlib import diagnostics, trust, validation
from fisherlib.diagnostics import Verdict
from fisherlib.solvers import decomposed, decomposed_once, decompositions
from fisherlib.trust import effort
from fisherlib.validation.held_out import plain_errors


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    """Twelve noisy trajectories, K = 3."""
    rng = np.random.default_rng(3)
    clean = fl.systems.harmonic([1.0, 2.0, 0.5], trajectories=12, configurations=30)
    return fl.Dataset(
        dataclasses.replace(t, forces=t.forces + 0.05 * rng.normal(size=len(t.forces))) for t in clean.values()
    )


@pytest.fixture(scope="module")
def moments(data: fl.Dataset) -> fl.Moments:
    return fl.accumulate(data)


def priced(monkeypatch: pytest.MonkeyPatch, moments: fl.Moments, fits: float) -> None:
    """So many held-out fits cost as much as the fit."""
    rows, K = sum(r.rows for r in moments.values()), moments.K
    fit = rows * K**2 + effort.SOLUTION * K**3
    monkeypatch.setattr(effort, "SMALL", 0.0)
    monkeypatch.setattr(effort, "_held_out", lambda K: effort.SHARE * fit / fits)


def named(found: list[Verdict]) -> dict[str, Verdict]:
    return {v.name: v for v in found}


def held_out(data: fl.Dataset, parts: list[list[str]]) -> float:
    """√ of the mean squared force error where each part is predicted by a fit to the others, by lstsq."""
    squares = rows = 0.0
    for part in parts:
        others = data.drop(part)
        Phi, F = (np.concatenate([getattr(t, n) for t in others.values()]) for n in ("force_descriptors", "forces"))
        theta = np.linalg.lstsq(Phi, F, rcond=None)[0]
        for key in part:
            squares += ((data[key].forces - data[key].force_descriptors @ theta) ** 2).sum()
            rows += len(data[key].forces)
    return float(np.sqrt(squares / rows))


def test_what_costs_little_is_held_out_one_by_one(moments: fl.Moments) -> None:
    assert effort.parts(moments) == (moments, True)


@pytest.mark.parametrize(
    ("fits", "number", "bearable"),
    [(100.0, 12, True), (12.1, 12, True), (11.0, 10, True), (7.5, 7, True), (4.0, 5, True), (1.0, 5, False)],
)
def test_what_costs_more_is_held_out_in_parts(
    moments: fl.Moments, monkeypatch: pytest.MonkeyPatch, fits: float, number: int, bearable: bool
) -> None:
    priced(monkeypatch, moments, fits)
    found, cheap = effort.parts(moments)
    assert (len(found), cheap) == (number, bearable)
    total, whole = found.total(), moments.total()
    assert (total.rows, total.configurations, total.identity) == (whole.rows, whole.configurations, whole.identity)
    np.testing.assert_allclose(total.PhiPhi, whole.PhiPhi, rtol=1e-12)
    assert max(r.rows for r in found.values()) <= 2 * min(r.rows for r in found.values()) or number == 12
    assert effort.parts(moments, thorough=True) == (moments, True)


def test_verdicts_name_the_parts(data: fl.Dataset, moments: fl.Moments, monkeypatch: pytest.MonkeyPatch) -> None:
    priced(monkeypatch, moments, 6.5)
    found = named(trust.verdicts(data, moments=moments))
    parts = validation.split(tuple(data), 6)
    assert "where one of 6 random parts of the trajectories is left out" in found["held-out forces"].message
    assert f"{held_out(data, parts):.4g} eV/Å" in found["held-out forces"].message
    assert found["strength"].level == "ok"


def test_what_is_not_computed_is_said_with_the_way(
    data: fl.Dataset, moments: fl.Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    priced(monkeypatch, moments, 1.0)
    found = named(trust.verdicts(data, moments=moments))
    for name in ("strength", "range of strengths"):
        assert found[name].level == "unknown" and "thorough=True" in found[name].message
        assert "12 fits of 3 parameters" in found[name].message
    assert f"{held_out(data, validation.split(tuple(data), 5)):.4g} eV/Å" in found["held-out forces"].message
    thorough = named(trust.verdicts(data, moments=moments, thorough=True))
    assert (
        f"{held_out(data, [[key] for key in data]):.4g} eV/Å where a trajectory" in thorough["held-out forces"].message
    )
    assert thorough["strength"].level == "ok"


def test_open_directions_leave_the_cheap_error_unknown(data: fl.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def widened(t: fl.Trajectory) -> fl.Trajectory:
        wider: dict[str, Any] = {
            name: np.hstack([getattr(t, name), np.zeros_like(getattr(t, name)[:, :1])])
            for name in ("descriptors", "force_descriptors")
        }
        return dataclasses.replace(t, **wider, descriptor_names=())

    wide = fl.Dataset(widened(t) for t in data.values())
    made = fl.accumulate(wide)
    assert plain_errors(made) is None
    priced(monkeypatch, made, 1.0)
    found = named(trust.verdicts(wide, moments=made))
    assert found["held-out forces"].level == "unknown" and "thorough=True" in found["held-out forces"].message


def test_plain_errors_are_those_of_the_smallest_ridge(moments: fl.Moments) -> None:
    found = plain_errors(moments)
    assert found is not None
    np.testing.assert_allclose(found, validation.held_out_errors(moments, [1e-14])[:, 0], rtol=1e-9)


def test_what_is_known_of_a_choice_changes_nothing(moments: fl.Moments) -> None:
    path = fl.regression.ridge_path(moments, validation.STRENGTHS)
    errors = validation.held_out_errors(moments, validation.STRENGTHS)
    given, own = validation.choose_strength(moments, path=path, errors=errors), validation.choose_strength(moments)
    assert given.best == own.best and given.verdict.message == own.verdict.message
    with pytest.raises(ValueError, match="errors: expected .12, 281., of each trajectory and strength, got shape .3,."):
        validation.choose_strength(moments, errors=[1.0, 2.0, 3.0])


def test_a_matrix_is_decomposed_once(data: fl.Dataset, moments: fl.Moments, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    real: Callable[..., Any] = decompositions.eigh

    def counted(A: np.ndarray) -> Any:
        seen.append(A.tobytes())
        return real(A)

    monkeypatch.setattr(decompositions, "eigh", counted)
    trust.verdicts(data, moments=moments)
    assert len(seen) == len(set(seen)) == 1
    diagnostics.null_directions(moments)
    diagnostics.null_directions(moments)
    assert len(seen) >= 3, "outside nothing is remembered"


def test_what_was_decomposed_cannot_be_written_into() -> None:
    A = np.diag([3.0, 1.0])
    with decomposed_once():
        first = decomposed(A)
        with decomposed_once():
            assert decomposed(A.copy())[1] is first[1]
        assert decomposed(A)[1] is first[1] and decomposed(2 * A)[1] is not first[1]
        with pytest.raises(ValueError, match="read-only"):
            first[1][0, 0] = 2.0
    assert decomposed(A)[1] is not first[1]


def test_progress_rises_to_its_end(data: fl.Dataset) -> None:
    told: list[tuple[int, int]] = []
    trust.verdicts(data, progress=lambda *now: told.append(now))
    assert told == sorted(told) and told[-1] == (100, 100) and len(told) > 5


@pytest.mark.parametrize("call", [1, 2, 3, 5])
def test_an_exception_in_the_progress_ends_the_work(data: fl.Dataset, call: int) -> None:
    told = 0

    def stop(done: int, total: int) -> None:
        nonlocal told
        told += 1
        if told == call:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trust.verdicts(data, progress=stop)
    assert told == call


@pytest.mark.parametrize("singular", [False, True])
def test_leverage_is_that_of_the_hat_matrix(singular: bool) -> None:
    rng = np.random.default_rng(1)
    Phi = rng.normal(size=(90, 6)) * 10.0 ** np.arange(6)
    if singular:
        Phi[:, 5] = Phi[:, 4] + Phi[:, 3]
    t = fl.Trajectory(
        key="a", temperature=300.0, n_atoms=np.full(10, 3), energies=np.zeros(10), forces=rng.normal(size=90),
        descriptors=rng.normal(size=(10, 6)), force_descriptors=Phi,
    )  # fmt: skip
    data = fl.Dataset([t])
    scaled = Phi / np.linalg.norm(Phi, axis=0)
    hat = (np.linalg.svd(scaled, full_matrices=False)[0][:, : 5 if singular else 6] ** 2).sum(axis=1)
    h = diagnostics.leverage(data, fl.accumulate(data))
    np.testing.assert_allclose(h, hat.reshape(10, 9).sum(axis=1), rtol=1e-6)


@pytest.mark.parametrize("thorough", ["yes", 1, None])
def test_thorough_is_true_or_false(data: fl.Dataset, thorough: Any) -> None:
    with pytest.raises(ValueError, match="thorough: expected True or False"):
        trust.verdicts(data, thorough=thorough)
