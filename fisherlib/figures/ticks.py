"""Ticks of a logarithmic axis: powers of ten in one format, or the numbers that were tried, where labels have room."""

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

#: Letters that have room below an axis.
LETTERS = 84
#: Powers of ten on an axis.
MOST = 7
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
        return {"tickvals": known, "ticktext": labels(known)} if len(known) else {}
    powers = range(math.floor(np.log10(known[0])), math.ceil(np.log10(known[-1])) + 1)
    round_ones = [[m * 10.0**p for p in powers for m in (1, 2, 5)]]
    round_ones += [[10.0**p for p in powers if p % step == 0] for step in (1, 2, 3, 5, 10, 20)]
    inside = [[x for x in row if known[0] * (1 - 1e-9) <= x <= known[-1] * (1 + 1e-9)] for row in round_ones]
    ends = known[[0, -1]]
    shown = next((row for row in (known, *inside) if len(row) > 1 and _apart(np.array(row), ends)), ends)
    return {"tickvals": shown, "ticktext": labels(np.asarray(shown)), "minor_showgrid": False}


def powers(values: ArrayLike) -> dict[str, Any]:
    """Properties of a logarithmic axis over these values: powers of ten, or 1, 2 and 5 where there are few of them.

    Args:
        values: all that is drawn; those that are not positive have no place on the axis.

    Example:
        >>> powers([2e-7, 3e-2])["ticktext"][1:4]
        ['10<sup>−6</sup>', '10<sup>−5</sup>', '10<sup>−4</sup>']
        >>> powers([0.3, 4.0])["ticktext"]
        ['0.1', '0.2', '0.5', '1', '2', '5', '10']
    """
    known = np.asarray(values, float)
    known = known[(known > 0) & np.isfinite(known)]
    if not known.size:
        return {}
    low, high = math.floor(np.log10(known.min())), math.ceil(np.log10(known.max()))
    step = max(1, math.ceil((high - low) / MOST))
    multiples = (1,) if high - low > 2 else (1, 2, 5)
    first = step * math.floor(low / step)
    shown = np.array([m * 10.0**p for p in range(first, high + step, step) for m in multiples])
    if not len(multiples) == 1:  # none far beyond the values
        shown = shown[shown <= 10.0**high * (1 + 1e-9)]
    return {"tickvals": shown, "ticktext": labels(shown), "minor_showgrid": False}


def thinned(names: Sequence[str], what: str) -> dict[str, Any]:
    """Properties of an axis that names as many of its places as have room, evenly spaced; hovering tells the others.

    Args:
        names: of the places; how they all begin stands in the title alone.
        what: they are.

    Example:
        >>> thinned([f"walker-{k:02}" for k in range(3)], "trajectory")["title"]
        'trajectory walker-…'
        >>> thinned([f"Cu l{k} n{k},{k}" for k in range(50)], "descriptor")["title"]
        'descriptor Cu …, every 8th named'
    """
    whole = os.path.commonprefix(list(names)) if len(names) > 1 else ""
    start = whole[: max((whole.rfind(mark) for mark in " -_/"), default=-1) + 1]
    count = max(2, LETTERS // (max((len(name) for name in names), default=0) - len(start) + 2))
    step, most = max(1, math.ceil(len(names) / count)), LETTERS // 2
    shown, title = list(names)[::step], f"{what} {start}…" if start else what
    texts = [name[len(start) :] for name in shown]
    return {
        "title": title if step == 1 else f"{title}, every {counted_off(step)} named",
        "tickvals": shown,
        "ticktext": [text if len(text) <= most else f"{text[:most]}…" for text in texts],
    }


def counted_off(number: int) -> str:
    """2nd, 3rd, 4th, 11th, 21st."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"


def labels(values: np.ndarray) -> list[str]:
    """Words for ticks, all in one format: plain numbers, or powers of ten where some are very small or large."""
    if values.min() > 0.9e-3 and values.max() < 1.1e4:
        return [f"{x:g}" for x in values]
    parts = [f"{x:.12e}".split("e") for x in values]
    heads = ["" if float(head) == 1 else f"{float(head):g}×" for head, _ in parts]
    return [f"{head}10<sup>{f'{int(p)}'.replace('-', '−')}</sup>" for head, (_, p) in zip(heads, parts, strict=True)]


def _apart(values: np.ndarray, ends: np.ndarray) -> bool:
    """Whether no label meets the next one, with a letter between them."""
    at = np.log10(values) / np.log10(ends[1] / ends[0])
    letters = np.array([len(text.replace("<sup>", "").replace("</sup>", "")) for text in labels(values)])
    return bool(np.all(np.diff(at) > _LETTER * ((letters[1:] + letters[:-1]) / 2 + 1)))
