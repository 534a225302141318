"""Particles as disks of their size in a periodic box, which keep that size when a person zooms."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.colors import sample_colorscale

from ..arguments import floats
from ..dataset import Array
from .style import FAINT, REFERENCE, faded

#: Sizes of the species of a Kob-Andersen mixture, in σ of the large particles (Phys. Rev. E 51, 4626 (1995)).
KOB_ANDERSEN = (1.0, 0.88)
#: Different colours of particles, and points of a disk, through which plotly draws a closed spline.
LEVELS, CORNERS = 24, 8
#: Colours end at these percentiles: one particle that moves far would leave all others in one colour.
ENDS = (2.0, 98.0)


@dataclasses.dataclass(frozen=True, eq=False)
class Disks:
    """Particles that are drawn: x (n, 2) from 0, radii, species, ``kept`` of those given, and how many, in words."""

    x: Array
    radii: Array
    species: NDArray[np.int64]
    kept: NDArray[np.int64]
    box: Array
    seen: str

    def outlines(self, kept: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Corners of the disks of a mask, with a gap after each; those over an edge of the box stand at both sides."""
        x, r, copies = self.x[kept], self.radii[kept], []
        for shift in np.array([[i, j] for i in (0, -1, 1) for j in (0, -1, 1)]) * self.box:
            inside = ((x + shift > -r[:, None]) & (x + shift < self.box + r[:, None])).all(axis=1)
            copies.append(np.c_[x[inside] + shift, r[inside]])
        a, b, r = np.concatenate(copies).T[:, :, None]
        angle = np.r_[np.linspace(0, 2 * np.pi, CORNERS + 1), np.nan]  # the last one is the gap
        across, up = a + r * np.cos(angle), b + r * np.sin(angle)
        return across.ravel().astype(np.float32), up.ravel().astype(np.float32)


def disks(
    positions: ArrayLike,
    species: ArrayLike,
    box: ArrayLike,
    *,
    diameters: Sequence[float],
    slab: tuple[float, float] | None = None,
) -> Disks:
    """Particles (N, 2) of a plane, or those (N, 3) in a slab of low and high z: one large diameter around the middle.

    Raises:
        ValueError: shapes that do not fit, a species without a diameter > 0, no particles, or a slab without any.
    """
    x, L, kinds = floats("positions", positions), floats("box", box), np.asarray(species)
    size = floats("diameters", diameters)
    if x.ndim != 2 or x.shape[1] not in (2, 3) or L.shape != x.shape[1:] or kinds.shape != x.shape[:1]:
        raise ValueError(f"positions: expected (N, 2) or (N, 3) in a box of as many sides, got {x.shape} and {L.shape}")
    if not len(x):
        raise ValueError("positions: expected particles to draw, got none")
    if size.ndim != 1 or kinds.max() >= len(size):
        raise ValueError(f"diameters: expected one for each of {kinds.max() + 1} species, got {size.size}")
    if not (np.isfinite(size) & (size > 0)).all():
        raise ValueError(f"diameters: expected finite lengths > 0, got {size.tolist()}")
    x, seen, kept = x % L, f"{len(x):,} particles", np.arange(len(x))
    if x.shape[1] == 3:
        ends = 0.5 * (L[2] + size.max() * np.array([-1, 1])) if slab is None else floats("slab", slab)
        low, high = ends if ends.shape == (2,) else (np.nan, np.nan)
        kept = np.flatnonzero((x[:, 2] >= low) & (x[:, 2] < high))
        seen = f"{len(kept):,} of {seen}, those with z from {low:.3g} to {high:.3g}"
    if not len(kept):
        raise ValueError(f"slab: expected two heights z with particles between them, got {slab}")
    return Disks(x[kept, :2], 0.5 * size[kinds[kept]], kinds[kept], kept, L[:2], seen)


@dataclasses.dataclass(frozen=True)
class Colours:
    """Values where colours begin and end, their name in plotly, and a label with its unit after a comma."""

    low: float
    high: float
    scale: str
    label: str

    @classmethod
    def of(cls, values: Array, *, scale: str, label: str) -> "Colours":
        """Colours that span the values but for the last few."""
        low, high = np.percentile(values, ENDS).tolist()
        return cls(low, high if high > low else low + max(1.0, abs(low)), scale, label)

    def levels(self, values: Array) -> NDArray[np.int64]:
        """Numbers of the colours of values; ``LEVELS`` where a value is NaN."""
        share = np.clip((values - self.low) / (self.high - self.low), 0.0, 1.0)
        return np.where(np.isnan(share), LEVELS, np.minimum(LEVELS * np.nan_to_num(share), LEVELS - 1)).astype(np.int64)


def coloured(
    drawn: Disks, values: Array, colours: Colours, *, names: Sequence[str], numbers: ArrayLike | None = None
) -> Iterator[go.Scatter]:
    """Disks in colours of values (N,) of all particles, faint where NaN, and what the mouse finds; as many traces a species."""
    values, counted = values[drawn.kept], drawn.kept if numbers is None else np.asarray(numbers)[drawn.kept]
    level, shades = colours.levels(values), sample_colorscale(colours.scale, (np.arange(LEVELS) + 0.5) / LEVELS)
    shades = [*shades, *[faded(FAINT)] * bool(np.isnan(values).any())]
    what, _, unit = colours.label.partition(", ")
    for kind in sorted(set(drawn.species.tolist())):
        own, name = drawn.species == kind, names[kind]
        group = {"legendgroup": name, "name": name, "showlegend": False}
        for number, shade in enumerate(shades):
            yield filled(drawn, own & (level == number), shade, **group)
        hover = f"particle %{{customdata}}<br>{what} %{{text}} {unit}<extra>{name}</extra>"
        found = {
            "customdata": counted[own],
            "text": ["not known" if np.isnan(v) else f"{v:.3g}" for v in values[own]],
            "hovertemplate": hover,
        }
        yield centres(drawn, own, **found, **group)


def filled(drawn: Disks, kept: NDArray, shade: str, **more: object) -> go.Scatter:
    """The disks of a mask, in one colour."""
    x, y = drawn.outlines(kept)
    edge = {"color": "rgba(0, 0, 0, 0.35)", "width": 0.4, "shape": "spline", "simplify": False}
    return go.Scatter(x=x, y=y, mode="lines", line=edge, fill="toself", fillcolor=shade, hoverinfo="skip", **more)


def centres(drawn: Disks, kept: NDArray, **more: object) -> go.Scatter:
    """Marks that nobody sees and the mouse finds."""
    x, y = drawn.x[kept].astype(np.float32).T
    return go.Scatter(x=x, y=y, mode="markers", marker={"size": 12, "opacity": 0, "color": REFERENCE}, **more)


def entry(name: str) -> go.Scatter:
    """The entry of a species in the legend, which shows and hides its disks."""
    mark = {"color": FAINT, "size": 11, "line": {"color": REFERENCE, "width": 1}}
    return go.Scatter(x=[None], y=[None], mode="markers", marker=mark, name=name, legendgroup=name)


def bar(colours: Colours, **more: object) -> go.Scatter:
    """The bar of colours; it belongs to a mark without a place."""
    dress = {"title": {"text": colours.label, "side": "right"}, "thickness": 12, "outlinewidth": 0} | more
    look = {"color": [colours.low], "cmin": colours.low, "cmax": colours.high, "colorscale": colours.scale}
    mark = look | {"colorbar": dress, "showscale": True}
    return go.Scatter(x=[None], y=[None], mode="markers", marker=mark, showlegend=False, name="bar")


def boxed(figure: go.Figure, box: Array, *, column: int = 1) -> go.Figure:
    """Equal axes that end at the box, with the box drawn; all columns are zoomed together."""
    place, across = {"row": 1, "col": column}, "x" if column == 1 else f"x{column}"
    plain, (width, height) = {"showgrid": False, "zeroline": False, "constrain": "domain"}, box.tolist()
    linked = [{}, {}] if column == 1 else [{"matches": "x"}, {"matches": "y"}]
    figure.update_xaxes(range=[0, width], **plain, **linked[0], **place)
    figure.update_yaxes(range=[0, height], scaleanchor=across, **plain, **linked[1], **place)
    edge = {"color": REFERENCE, "width": 1.5}
    return figure.add_shape(type="rect", x0=0, y0=0, x1=width, y1=height, line=edge, **place)
