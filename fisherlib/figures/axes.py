"""Axes as they are stated: types, ticks and words on hovering, so that plotly.js guesses nothing."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from .ticks import powers

_AXIS = re.compile(r"[xy]axis\d*")
#: A coordinate with its format in a template of hovering.
_COORDINATE = re.compile(r"%\{([xyz]):([^}]+)\}")
#: A linear axis of whole numbers gets a tick at each of them up to this span.
FEW = 8


def stated(figure: go.Figure) -> go.Figure:
    """Set what plotly.js would guess of every axis: it would keep the guess when another figure replaces this one."""
    drawn: dict[str, list[ArrayLike | None]] = {
        name: [] for name in figure.layout.to_plotly_json() if _AXIS.fullmatch(name)
    }
    for trace in figure.data:
        for letter in "xy" if "xaxis" in trace else "":
            name = (trace[f"{letter}axis"] or letter).replace(letter, f"{letter}axis")
            drawn.setdefault(name, []).append(trace[letter])
    for name, values in drawn.items():
        axis, known = figure.layout[name], [np.asarray(each) for each in values if each is not None]
        axis.update(
            type=axis.type or _type(known),
            domain=axis.domain or (0.0, 1.0),
            anchor=axis.anchor or ("y" if name.startswith("x") else "x"),
            constrain=axis.constrain or "range",
        )
        if axis.tickvals is None:
            axis.update(_ticks(axis, known))
        if name.startswith("x") and axis.ticklabelstandoff is None:
            axis.ticklabelstandoff = 4  # clear of the lowest label of the other axis
    for trace in figure.data:
        _hovering(trace, figure.layout)
    return figure


def _type(values: Iterable[np.ndarray]) -> str:
    """Category for names: plotly.js would draw a trajectory called "300" at the number 300."""
    return "category" if any(each.dtype.kind == "U" for each in values) else "linear"


def _ticks(axis: Any, values: list[np.ndarray]) -> dict[str, Any]:
    """Powers of ten in one format, which plotly.js writes in several; no 1.5 between whole numbers."""
    if axis.type == "log":
        shown = 10.0 ** np.asarray(axis.range, float) if axis.range else np.concatenate([[], *map(np.ravel, values)])
        return ({} if axis.tickmode == "auto" else powers(shown)) or {"tickformat": axis.tickformat or "~g"}
    values = [each for each in values if each.size]
    whole = bool(values) and all(each.dtype.kind in "iu" for each in values)
    plain = {"exponentformat": "power", "minexponent": 5} if axis.type == "linear" else {}  # no 20k
    if axis.type != "linear" or not whole or axis.nticks or axis.dtick:
        return plain
    few = max(int(each.max()) for each in values) - min(int(each.min()) for each in values) <= FEW
    return plain | ({"dtick": 1} if few else {})


def _hovering(trace: Any, layout: go.Layout) -> None:
    """Hand formats of coordinates to the axes, which write a typographic minus where a template writes a hyphen."""
    template = trace["hovertemplate"] if "hovertemplate" in trace else None
    if not isinstance(template, str) or (trace.type == "contour" and "%{z:" in template):
        return
    for letter, form in _COORDINATE.findall(template):
        place = (trace[f"{letter}axis"] or letter).replace(letter, f"{letter}axis") if f"{letter}axis" in trace else ""
        if f"{letter}hoverformat" in trace and (not place or layout[place].type == "linear"):
            trace[f"{letter}hoverformat"] = form
            template = template.replace(f"%{{{letter}:{form}}}", f"%{{{letter}}}")
    trace.hovertemplate = template
