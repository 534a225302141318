"""The look of all figures: colours, title and subtitle, margins, legend, types of axes."""

import dataclasses
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.colors import hex_to_rgb

from ..arguments import kind
from ..study import ending, numbered
from .axes import stated

#: Four colours of Okabe and Ito, and two more that colour-blind readers tell from them; their yellow and sky blue are too
#: pale for lines on white. Each has a contrast of at least 3 on white and on a dark page.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7A45E5", "#A0522D")
REFERENCE = "#444444"  # of the truth, and of what is no model
SCALE = "Viridis"
MARK = PALETTE[1]  # of points and paths on a landscape
SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up")  # all but the last are known in 3D
WIDEST = 96  # letters of a title
DASHES = ("solid", "dash", "dot", "dashdot")
DOTTED = {"color": REFERENCE, "dash": "dot", "width": 1}  # of lines to compare with
BRIGHT = "#ffffbe"  # of lines on colours of the scale; no grey, which a dark page would exchange
FAINT = "#b4b4b4"  # of traces in the background


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
    return stated(figure)


def framed(
    figure: go.Figure, *, title: str, height: int, subtitle: str = "", above: int = 0, legend: bool = True
) -> go.Figure:
    """Give a figure the common look, with a subtitle, and the legend at the bottom edge, clear of the data.

    Args:
        figure: changed in place and returned.
        title: what, of which models and data; broken into lines of ``WIDEST`` letters.
        height: pixels from the first axis to the last; title and legend are added to it.
        subtitle: the main numbers, in one line or two; ``<br>`` starts the second.
        above: pixels for titles of panels.
        legend: whether there is one.
    """
    title, subtitle = lines(title, width=WIDEST), "<br>".join(map(lines, subtitle.split("<br>")))
    below = subtitle.count("<br>") + 1 if subtitle else 0
    top, bottom = 48 + 22 * title.count("<br>") + (18 + 18 * below if below else 0) + above, 62 + (28 if legend else 0)
    styled(figure, title=title, height=height + top + bottom)
    caption = {"text": subtitle, "font": {"size": 12.5, "color": REFERENCE}}
    return figure.update_layout(
        title={"subtitle": caption, "yref": "container", "y": 1 - 28 / (height + top + bottom), "yanchor": "auto"},
        margin={"t": top, "b": bottom},
        legend={"orientation": "h", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom", "itemsizing": "constant"},
        showlegend=legend,
    )


def titled(what: str, models: Iterable[str] = (), of: str = "") -> str:
    """A title: what is drawn, of which models, and of which data.

    >>> titled("Force parity", ["θ_f"], "cu55_1200K, 1200 K"), titled("Parity", "abcd"), titled("Parity")
    ('Force parity of θ_f, cu55_1200K, 1200 K', 'Parity of 4 models', 'Parity')
    """
    *names, last = tuple(models) or ("",)
    named = f"{len(names) + 1} models" if len(names) > 2 else " and ".join(filter(None, (", ".join(names), last)))
    return ", ".join(filter(None, (f"{what} of {named}" if named else what, of)))


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


def lines(sentence: str, *, width: int = 130) -> str:
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
    return (
        f"{value:.4g}"
        if not exponent or abs(int(exponent)) < 4
        else f"{mantissa}×10<sup>{int(exponent)}</sup>".replace("-", "−")
    )


@dataclasses.dataclass(frozen=True)
class Mark:
    """How a model looks in every figure."""

    color: str
    symbol: str
    dash: str

    @property
    def solid(self) -> str:
        """The symbol among turning surfaces, where few symbols are known."""
        return "circle" if self.symbol.startswith("triangle") else self.symbol.removesuffix("-dot")


def marks_of(names: Iterable[str], marks: Mapping[str, int] | None = None) -> dict[str, Mark]:
    """Name → how its model looks.

    Args:
        names: of models; "θ_f, held out" has the colour of θ_f, with an open symbol and dashes.
        marks: name → number, as ``study.marks``; without it the usual models have their own, and others the next.

    >>> marks_of(["θ_f"])["θ_f"] == marks_of(["mine", "θ_f"], {"mine": 7})["θ_f"]
    True
    >>> [(mark.symbol, mark.dash) for mark in marks_of(["θ_f", "θ_f, held out"]).values()]
    [('circle', 'solid'), ('circle-open', 'dash')]
    """
    found = {}
    for name, number in numbered(names, marks or {}).items():
        own, end = Mark(color(number), symbol(number), dash(number)), ENDS.get(ending(name))
        found[name] = dataclasses.replace(own, symbol=own.symbol + end[0], dash=end[1]) if end else own
    return found


#: What is added to the symbol, and the dashes, where more of one model is drawn.
ENDS = {", held out": ("-open", "dash"), " (reference)": ("-open-dot", "dot")}


def spanned(values: ArrayLike, margin: float = 0.06) -> list[float] | None:
    """The range of an axis that fits the values, where plotly.js would begin at zero; None without any."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    around = margin * (high - low) or 0.1 * abs(high) or 1.0
    return [low - around, high + around]


def known(name: str, given: Sequence[str], models: Sequence[str]) -> None:
    """Refuse values for a model that is not drawn.

    Raises:
        ValueError: a key is not among the models.
    """
    unknown = [key for key in given if key not in models]
    if unknown:
        raise ValueError(f"{name}: expected keys among {', '.join(map(repr, models))}, got {unknown[0]!r}")
