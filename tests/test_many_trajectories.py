"""Thousands of short trajectories: the work grows with their number, not with its square. Operations are counted, not seconds."""

import dataclasses
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest

import fisherlib as fl
from fisherlib import diagnostics, trust, uncertainty, validation
from fisherlib.diagnostics.duplicates import duplicates
from fisherlib.moments import Fold

THETA = np.array([1.0, 2.0])


def many(trajectories: int, configurations: int = 2) -> fl.Dataset:
    return fl.systems.harmonic(THETA, n_atoms=2, trajectories=trajectories, configurations=configurations)


def operations(task: Callable[[], object]) -> int:
    """Python instructions that a call takes."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        task()
    finally:
        sys.settrace(before)
    return count


TASKS: dict[str, tuple[int, Callable[[fl.Dataset, fl.Moments], object]]] = {
    "accumulate": (20, lambda data, moments: fl.accumulate(data)),
    "fisher": (20, lambda data, moments: fl.fisher(moments)),
    "duplicates": (100, lambda data, moments: duplicates(data)),
    "held_out_errors": (100, lambda data, moments: validation.held_out_errors(moments, [1e-6])),
    "cross_validate": (20, lambda data, moments: validation.cross_validate(data, moments, fl.regression.fisher_fit)),
    "independent_blocks": (20, lambda data, moments: uncertainty.independent_blocks(data, THETA, moments=moments)),
    "health": (20, lambda data, moments: diagnostics.health(data, moments=moments)),
    "verdicts": (20, lambda data, moments: trust.verdicts(data, moments=moments)),
}


@pytest.mark.parametrize("name", TASKS)
def test_work_grows_in_proportion_to_the_number_of_trajectories(name: str) -> None:
    n, task = TASKS[name]
    sets = [many(number) for number in (n, 2 * n, 4 * n)]
    pairs = [(data, fl.accumulate(data)) for data in sets]
    task(*pairs[0])  # what is loaded or remembered at the first call
    few, some, most = (operations(lambda pair=pair: task(*pair)) for pair in pairs)
    # Twice as many more; with a square it would be 4 times. Sums of all but one take n log n small steps.
    assert most - some < 2.4 * (some - few)


def test_the_digests_of_all_records_are_gathered_in_one_set() -> None:
    records = list(fl.accumulate(many(50)).values())
    fold = Fold(records[0])
    gathered = fold._digests
    for record in records[1:]:
        fold.add(record)
    assert fold._digests is gathered
    assert fold.record().digests == frozenset().union(*(record.digests for record in records))


def test_fits_without_each_trajectory_are_made_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, eigh = [], np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda A: (shapes.append(A.shape), eigh(A))[1])
    moments = fl.accumulate(many(300))
    validation.held_out_errors(moments, np.logspace(-8, 0, 5))
    assert shapes == [(300, 2, 2)]


def test_a_batch_holds_no_more_numbers_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = fl.accumulate(many(9, configurations=4))
    whole = validation.held_out_errors(moments, [1e-6, 1e-3])
    monkeypatch.setattr("fisherlib.validation.held_out.NUMBERS", 2 * (2 + 2) * 4)  # four fits of K = 2 at once
    np.testing.assert_array_equal(validation.held_out_errors(moments, [1e-6, 1e-3]), whole)


def test_copies_among_trajectories_that_share_every_configuration_are_named_by_the_first() -> None:
    t = many(1, configurations=3)["harmonic-0"]
    parts = {"a": (0, 2), "b": (0, 3), "c": (0, 3), "d": (1, 3), "e": (0, 1)}
    data = fl.Dataset([dataclasses.replace(t.slice(*cut), key=key) for key, cut in parts.items()])
    found = duplicates(data)
    # a is within b; b is the first whole one; c is b again; d is within b; e is a single configuration.
    assert found.level == "fail" and found.value == 8
    assert "'a' of 'b', 'c' of 'b', 'd' of 'b' (8 of 11 configurations)" in found.message
