"""Properties of potentials beside reference values, with the error bars of their parameters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..arguments import kind
from .html import Table, with_error
from .style import REFERENCE, Mark, band, framed, known, marks_of

if TYPE_CHECKING:  # the guest needs libraries that figures do without
    from ..properties import Spread

Reference = Mapping[str, float]


def properties(
    spreads: Mapping[str, "Spread"],
    reference: Reference,
    *,
    title: str = "Properties",
    marks: Mapping[str, int] | None = None,
) -> go.Figure:
    """Deviation of each property from its reference value, %, with 95 % of the draws as a bar.

    Args:
        spreads: name of a potential or of a kind of bar → its properties.
        reference: property → true value; those without one are left out.
        title: of the figure.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        TypeError: no spreads.
        ValueError: no property that has a reference value.

    Example:
        >>> import fisherlib as fl
        >>> found = fl.properties.Spread(names=("C11, GPa",), values=[171.0], draws=[[165.0], [170.0], [175.0]])
        >>> figure = fl.figures.properties({"θ_f": found}, {"C11, GPa": 171.0})
        >>> figure.data[0].x, figure.data[0].y
        (array([0.]), ('C11, GPa',))
    """
    figure, lost, looks = go.Figure(), 0, marks_of(spreads, marks)
    for name, found in _checked(spreads, reference).items():
        rows = [n for n, each in enumerate(found.names) if each in reference]
        true = np.array([reference[found.names[n]] for n in rows])
        low, high = (edge[rows] for edge in found.interval())
        value, lost = found.values[rows], lost + found.lost
        texts = [
            f"{v:.5g}, {a:.5g} to {b:.5g}; reference {t:.5g}" for v, a, b, t in zip(value, low, high, true, strict=True)
        ]
        percent = 100 / np.abs(true)
        bars = {"array": (high - value) * percent, "arrayminus": (value - low) * percent, "symmetric": False}
        figure.add_scatter(
            x=(value - true) * percent,
            y=[found.names[n] for n in rows],
            error_x=bars | {"thickness": 1.5},
            mode="markers",
            marker={"color": looks[name].color, "symbol": looks[name].symbol, "size": 9},
            name=name,
            text=texts,
            hovertemplate="%{y}: %{text}<extra>" + name + "</extra>",
        )
    figure.add_vline(x=0, line={"color": REFERENCE, "width": 1})
    figure.update_xaxes(title="deviation from the reference, %")
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(scattermode="group")
    count = max(len(trace.y) for trace in figure.data)
    return framed(figure, title=title, subtitle=_subtitle(lost), height=70 + 40 * count)


def phonon_points(
    spreads: Mapping[str, "Spread"],
    reference: Reference,
    *,
    title: str = "Phonons",
    marks: Mapping[str, int] | None = None,
) -> go.Figure:
    """Frequencies with 95 % of the draws as a bar, beside reference values.

    Args:
        spreads: name of a potential → its frequencies, from ``properties.phonons``.
        reference: true frequencies, THz, by name.
        title: of the figure.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        TypeError: no spreads.
        ValueError: no frequency that has a reference value.

    Example:
        >>> import fisherlib as fl
        >>> found = fl.properties.Spread(names=("X 1, THz",), values=[5.0], draws=[[4.9], [5.0], [5.1]])
        >>> [trace.name for trace in fl.figures.phonon_points({"θ_f": found}, {"X 1, THz": 5.1}).data]
        ['reference', 'θ_f']
    """
    checked = _checked(spreads, reference)
    first = next(iter(checked.values()))
    names = [name for name in first.names if name in reference]
    labels, true = [name.removesuffix(", THz") for name in names], [reference[name] for name in names]
    mark = {"symbol": "line-ew", "size": 26, "line": {"color": REFERENCE, "width": 3}}
    figure = go.Figure(go.Scatter(x=labels, y=true, mode="markers", marker=mark, name="reference"))
    looks = marks_of(checked, marks)
    for name, found in checked.items():
        rows = [found.names.index(each) for each in names]
        low, high = (edge[rows] for edge in found.interval())
        y = found.values[rows]
        figure.add_scatter(
            x=labels,
            y=y,
            error_y={"array": high - y, "arrayminus": y - low, "symmetric": False, "thickness": 1.5},
            mode="markers",
            marker={"color": looks[name].color, "symbol": looks[name].symbol, "size": 8},
            name=name,
        )
    figure.update_xaxes(title="wave vector and branch")
    figure.update_yaxes(title="frequency, THz", rangemode="tozero")
    return framed(figure, title=title, subtitle=_subtitle(sum(f.lost for f in checked.values())), height=360)


def energy_curves(
    curves: Mapping[str, Mapping[float, float]],
    spreads: Mapping[str, "Spread"] | None = None,
    *,
    marks: Mapping[str, int] | None = None,
) -> go.Figure:
    """Energy against volume, each curve from its own lowest point: forces leave its offset free.

    Args:
        curves: name → volume, Å³/atom → energy, eV/atom, from ``properties.energy_curve``; the first is the reference.
        spreads: name of a curve → its draws, for a band of 95 % of them.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        TypeError: no curves, or no spreads.
        ValueError: a band of a curve that is not drawn.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.energy_curves({"true": {11.0: 0.1, 11.5: 0.0, 12.0: 0.1}})
        >>> figure.data[0].y.tolist()  # meV/atom
        [100.0, 0.0, 100.0]
    """
    kind("curves", curves, Mapping, "energy_curves({name: energy_curve(calculator, crystal)})")
    bands = _checked(spreads or {}, {}, some=False)
    known("spreads", list(bands), list(curves))
    figure, looks = go.Figure(), _looks(curves, marks)
    for number, (name, curve) in enumerate(curves.items()):
        kind("curves", curve, Mapping, "energy_curves({name: energy_curve(calculator, crystal)})")
        shade, energies = looks[name].color, np.array(list(curve.values()), float)
        if name in bands:
            low, high = (1e3 * edge for edge in bands[name].above_lowest().interval())
            figure.add_trace(band(bands[name].names, low, high, shade=shade, name=f"95 % of the draws of {name}"))
        line = {"color": shade, "width": 2 if number else 3, "dash": looks[name].dash}
        y = 1e3 * (energies - energies.min())
        figure.add_scatter(
            x=list(curve), y=y, mode="lines+markers", line=line, marker_symbol=looks[name].symbol, name=name
        )
    figure.update_xaxes(title="volume, Å³/atom")
    figure.update_yaxes(title="energy above the lowest, meV/atom")
    return framed(figure, title="Energy against volume", height=360)


def pair_distributions(
    found: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    clusters: bool = False,
    marks: Mapping[str, int] | None = None,
) -> go.Figure:
    """Distributions of pair distances, with bands of two standard errors.

    Args:
        found: name → r, Å, the distribution and its standard error, (bins,) each.
        clusters: whether it is the density of neighbours, 1/Å, in place of g(r).
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        TypeError: anything but distributions by name.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.pair_distributions({"true": ([1.0, 2.0], [0.0, 1.0], [0.0, 0.1])})
        >>> figure.layout.yaxis.title.text
        'g(r)'
    """
    kind("found", found, Mapping, "pair_distributions({name: (r, g, error)})")
    figure, looks = go.Figure(), _looks(found, marks)
    for number, (name, parts) in enumerate(found.items()):
        r, g, error = (np.asarray(part, float) for part in parts)
        shade, line = looks[name].color, {"width": 2 if number else 3, "dash": looks[name].dash}
        figure.add_trace(
            band(r, g - 2 * error, g + 2 * error, shade=shade, name=f"± 2 errors of {name}", showlegend=False)
        )
        figure.add_scatter(x=r, y=g, mode="lines", line=line | {"color": shade}, name=name)
    figure.update_xaxes(title="distance r, Å")
    figure.update_yaxes(title="neighbours of an atom, 1/Å" if clusters else "g(r)")
    return framed(figure, title="Distances between atoms", height=360)


def property_table(spreads: Mapping[str, "Spread"], reference: Reference) -> Table:
    """One row per property: its reference value, and value ± standard deviation of the draws of each potential.

    Args:
        spreads: name of a potential or of a kind of bar → its properties.
        reference: property → true value, where it is known.

    Raises:
        TypeError: no spreads.

    Example:
        >>> import fisherlib as fl
        >>> found = fl.properties.Spread(names=("C11, GPa",), values=[171.0], draws=[[165.0], [170.0], [175.0]])
        >>> fl.figures.property_table({"θ_f": found}, {"C11, GPa": 170.0}).loc["C11, GPa"].tolist()
        ['170', '171 ± 5']
    """
    checked = _checked(spreads, reference, some=False)
    names = list(dict.fromkeys(name for found in checked.values() for name in found.names))
    columns: dict[str, list[str]] = {"reference": [f"{reference[n]:.4g}" if n in reference else "–" for n in names]}
    for title, found in checked.items():
        columns[title] = [with_error(*found[name]) if name in found.names else "–" for name in names]
    return Table(columns, index=names)


def _looks(names: Mapping[str, object], marks: Mapping[str, int] | None) -> dict[str, Mark]:
    """The first one is the truth, and looks like no model."""
    first, *others = names
    return {first: Mark(REFERENCE, "circle", "solid")} | marks_of(others, marks)


def _checked(spreads: Mapping[str, "Spread"], reference: Reference, *, some: bool = True) -> Mapping[str, "Spread"]:
    way = "properties({'θ_f': spread(cubic, model, thetas)}, {'C11, GPa': 170.0})"
    kind("spreads", spreads, Mapping, way)
    kind("reference", reference, Mapping, way)
    for found in spreads.values():
        if not hasattr(found, "interval"):
            raise TypeError(f"spreads: expected a Spread for each name, got {type(found).__name__}; write {way}")
        if some and not set(found.names) & set(reference):
            raise ValueError(
                f"reference: expected values of some of {', '.join(found.names)}, got {', '.join(reference) or 'none'}"
            )
    return spreads


def _subtitle(lost: int) -> str:
    words = "bars: 95 % of the draws of θ"
    return words + (f"; {lost} draws have no such crystal and are left out" if lost else "")
