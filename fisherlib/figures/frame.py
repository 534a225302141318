"""Around the data: the title with its subtitle, the legend below the axes, and numbers in words."""

import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.colors import hex_to_rgb

from .style import PALETTE, REFERENCE, styled

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "star", "pentagon")
FAINT = "#b4b4b4"  # of what is shown for comparison only


def framed(
    figure: go.Figure, *, title: str, height: int, subtitle: str = "", above: int = 0, legend: bool = True
) -> go.Figure:
    """The look of the house, with a subtitle under the title and the legend at the bottom edge, clear of the data.

    Args:
        figure: changed in place and returned.
        title: short, so that the buttons of plotly find room beside it.
        height: pixels from the first axis to the last; title and legend come on top of it.
        subtitle: what the figure says in numbers; ``<br>`` begins a new line.
        above: pixels for titles of panels.
        legend: whether there is one; plotly makes the room it needs.
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


def color(number: int) -> str:
    """Colour of the model of that number; the palette starts over when it is used up."""
    return PALETTE[number % len(PALETTE)]


def lines(sentence: str, *, width: int = 120) -> str:
    """A long sentence broken into lines for a subtitle."""
    return "<br>".join(textwrap.wrap(sentence, width))


def faded(shade: str, opacity: float = 0.2) -> str:
    """A colour that lets what lies under it shine through, for bands."""
    return f"rgba{(*hex_to_rgb(shade), opacity)}"


def symbol(number: int) -> str:
    """Marker of the model of that number, so that colour is not all that tells models apart."""
    return SYMBOLS[number % len(SYMBOLS)]


def power(value: float) -> str:
    """A large number as plotly writes it in text, e.g. 2.1×10<sup>8</sup>."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{value:.3g}" if not exponent or abs(int(exponent)) < 4 else f"{mantissa}×10<sup>{int(exponent)}</sup>"


def known(name: str, given: Sequence[str], models: Sequence[str]) -> None:
    """Refuses what is given for a model that is not drawn.

    Raises:
        ValueError: a key that is not among the models.
    """
    strange = [key for key in given if key not in models]
    if strange:
        raise ValueError(f"{name}: expected keys among {', '.join(map(repr, models))}, got {strange[0]!r}")
