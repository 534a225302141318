"""Ticks of a logarithmic axis: at the numbers that were tried, where their labels have room."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

#: Width of a letter over that of an axis of a narrow page.
_LETTER = 1 / 70


def tried(numbers: ArrayLike) -> dict[str, Any]:
    """Properties of a logarithmic axis with a tick at each number; at round ones where there are too many.

    Args:
        numbers: what was varied; those that are not positive have no place on the axis.

    Example:
        >>> tried([1, 2, 4])["ticktext"], tried(range(1, 60))["ticktext"]
        (['1', '2', '4'], ['1', '2', '5', '10', '20', '50'])
    """
    known = np.unique(np.asarray(numbers, float))
    known = known[(known > 0) & np.isfinite(known)]
    if len(known) < 2:
        return {"tickvals": known, "ticktext": [f"{x:g}" for x in known]} if len(known) else {}
    powers = range(math.floor(np.log10(known[0])), math.ceil(np.log10(known[-1])) + 1)
    round_ones = [[m * 10.0**p for p in powers for m in (1, 2, 5)]]
    round_ones += [[10.0**p for p in powers if p % step == 0] for step in (1, 2, 3, 5, 10, 20)]
    inside = [[x for x in row if known[0] * (1 - 1e-9) <= x <= known[-1] * (1 + 1e-9)] for row in round_ones]
    ends = known[[0, -1]]
    shown = next((row for row in (known, *inside) if len(row) > 1 and _apart(np.array(row), ends)), ends)
    return {"tickvals": shown, "ticktext": [f"{x:g}" for x in shown], "minor_showgrid": False}


def _apart(values: np.ndarray, ends: np.ndarray) -> bool:
    """Whether no label meets the next one, with a letter between them."""
    at = np.log10(values) / np.log10(ends[1] / ends[0])
    letters = np.array([len(f"{x:g}") for x in values])
    return bool(np.all(np.diff(at) > _LETTER * ((letters[1:] + letters[:-1]) / 2 + 1)))
