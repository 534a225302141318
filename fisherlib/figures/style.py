"""The look of all figures: colours, title and subtitle, margins, legend, types of axes."""

import dataclasses
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.colors import hex_to_rgb

from ..arguments import kind
from ..study import numbered

#: Colours of Okabe and Ito, which colour-blind readers can tell apart.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
REFERENCE = "#444444"
SCALE = "Viridis"
MARK = PALETTE[1]  # of points and paths on a landscape
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "star", "pentagon")
DASHES = ("solid", "dash", "dot", "dashdot")
DOTTED = {"color": REFERENCE, "dash": "dot", "width": 1}  # of lines to compare with
FAINT = "#b4b4b4"  # of traces in the background

_AXIS = re.compile(r"[xy]axis\d*")


def styled(figure: go.Figure, *, title: str, height: int, width: int | None = None) -> go.Figure:
    """Give a figure the common look: colours, title, legend below, size in pixels, types of axes.

    Args:
        figure: with its traces; changed in place and returned.
        title: of the figure.
        height, width: pixels; as wide as the page by default.

    Example:
        >>> import fisherlib as fl, plotly.graph_objects as go
        >>> fl.figures.styled(go.Figure(go.Scatter(y=[1, 2])), title="Two points", height=200).layout.height
        200
    """
    kind("figure", figure, go.Figure, "styled(figure, title=title, height=330)")
    figure.update_layout(
        template="plotly_white",
        colorway=PALETTE,
        title={"text": title, "x": 0.01, "xanchor": "left", "yref": "container", "y": 0.98, "yanchor": "top"},
        height=height,
        width=width,
        margin={"l": 70, "r": 30, "t": 70, "b": 60},
        legend={"orientation": "h", "y": -0.18, "x": 0, "yanchor": "top"},
    )
    return _stated(figure)


def _stated(figure: go.Figure) -> go.Figure:
    """Set what plotly.js would guess of every axis: it would keep the guess when another figure replaces this one."""
    drawn: dict[str, list[ArrayLike | None]] = {
        name: [] for name in figure.layout.to_plotly_json() if _AXIS.fullmatch(name)
    }
    for trace in figure.data:
        for letter in "xy" if "xaxis" in trace else "":
            name = (trace[f"{letter}axis"] or letter).replace(letter, f"{letter}axis")
            drawn.setdefault(name, []).append(trace[letter])
    for name, values in drawn.items():
        axis = figure.layout[name]
        figure.layout[name].update(
            type=axis.type or _type(values),
            domain=axis.domain or (0.0, 1.0),
            anchor=axis.anchor or ("y" if name.startswith("x") else "x"),
            constrain=axis.constrain or "range",
        )
        if axis.type == "log":  # plotly.js would write 2, 3 and 1p for 0.2, 30 and 1e-12
            axis.update(tickformat=axis.tickformat or "~g")
    return figure


def _type(values: Iterable[ArrayLike | None]) -> str:
    """Category for names: plotly.js would draw a trajectory called "300" at the number 300."""
    return "category" if any(np.asarray(each).dtype.kind == "U" for each in values) else "linear"


def framed(
    figure: go.Figure, *, title: str, height: int, subtitle: str = "", above: int = 0, legend: bool = True
) -> go.Figure:
    """Give a figure the common look, with a subtitle, and the legend at the bottom edge, clear of the data.

    Args:
        figure: changed in place and returned.
        title: short, so that plotly's buttons fit beside it.
        height: pixels from the first axis to the last; title and legend are added to it.
        subtitle: the main numbers; ``<br>`` starts a new line.
        above: pixels for titles of panels.
        legend: whether there is one.
    """
    lines = subtitle.count("<br>") + 1 if subtitle else 0
    top, bottom = 48 + (18 + 18 * lines if lines else 0) + above, 62 + (28 if legend else 0)
    styled(figure, title=title, height=height + top + bottom)
    caption = {"text": subtitle, "font": {"size": 12.5, "color": REFERENCE}}
    return figure.update_layout(
        title={"subtitle": caption, "yref": "container", "y": 1 - 28 / (height + top + bottom), "yanchor": "auto"},
        margin={"t": top, "b": bottom},
        legend={"orientation": "h", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom", "itemsizing": "constant"},
        showlegend=legend,
    )


#: In place of a figure of energies of data that have none.
NO_ENERGIES = "these data have no energies: forces alone are compared"


def blank(*, title: str, sentence: str) -> go.Figure:
    """A figure without axes: a title, and why nothing is drawn."""
    hidden = {"visible": False}
    figure = go.Figure(layout={"xaxis": hidden, "yaxis": hidden})
    return framed(figure, title=title, subtitle=sentence, height=10, legend=False)


def color(number: int) -> str:
    """Colour of a model by its number; the palette repeats."""
    return PALETTE[number % len(PALETTE)]


def dash(number: int) -> str:
    """Dashes of a line by its number: another kind each time that the palette begins again.

    >>> dash(5), dash(6)
    ('solid', 'dash')
    """
    return DASHES[number // len(PALETTE) % len(DASHES)]


def lines(sentence: str, *, width: int = 120) -> str:
    """A long sentence, broken into lines for a subtitle."""
    return "<br>".join(textwrap.wrap(sentence, width))


def faded(shade: str, opacity: float = 0.2) -> str:
    """A transparent colour, for bands."""
    return f"rgba{(*hex_to_rgb(shade), opacity)}"


def band(x: ArrayLike, low: ArrayLike, high: ArrayLike, *, shade: str, name: str, **more: Any) -> go.Scatter:
    """A transparent band between two curves over x; ``more`` are further properties of the trace."""
    x, low, high = (np.asarray(part) for part in (x, low, high))
    outline = {"x": np.r_[x, x[::-1]], "y": np.r_[high, low[::-1]], "mode": "lines", "line": {"width": 0}}
    return go.Scatter(**outline, fill="toself", fillcolor=faded(shade), hoverinfo="skip", name=name, **more)


def symbol(number: int) -> str:
    """Marker of a model by its number, so that models differ by more than colour; with colours, 36 pairs before one returns.

    >>> symbol(0), symbol(6), (color(0), symbol(0)) == (color(36), symbol(36))
    ('circle', 'diamond', True)
    """
    return SYMBOLS[(number + number // len(PALETTE)) % len(SYMBOLS)]


def power(value: float) -> str:
    """A large number as plotly writes it in text, e.g. 2.1×10<sup>8</sup>."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{value:.3g}" if not exponent or abs(int(exponent)) < 4 else f"{mantissa}×10<sup>{int(exponent)}</sup>"


@dataclasses.dataclass(frozen=True)
class Mark:
    """How a model looks in every figure."""

    color: str
    symbol: str
    dash: str


def marks_of(names: Iterable[str], marks: Mapping[str, int] | None = None) -> dict[str, Mark]:
    """Name → how its model looks.

    Args:
        names: of models; "θ_f, held out" looks like θ_f.
        marks: name → number, as ``study.marks``; without it the usual models have their own, and others the next.

    >>> marks_of(["θ_f"])["θ_f"] == marks_of(["mine", "θ_f"], {"mine": 7})["θ_f"]
    True
    """
    numbers = numbered(names, marks or {})
    return {name: Mark(color(number), symbol(number), dash(number)) for name, number in numbers.items()}


def known(name: str, given: Sequence[str], models: Sequence[str]) -> None:
    """Refuse values for a model that is not drawn.

    Raises:
        ValueError: a key is not among the models.
    """
    unknown = [key for key in given if key not in models]
    if unknown:
        raise ValueError(f"{name}: expected keys among {', '.join(map(repr, models))}, got {unknown[0]!r}")
