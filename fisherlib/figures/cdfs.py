"""Exact distribution functions, and large below them their difference from a reference."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import kind
from ..comparison import ecdf, ecdf_difference
from .style import NO_ENERGIES, REFERENCE, Mark, band, blank, framed, known, marks_of

Distances = Mapping[str, tuple[float, float]]
Labels = Mapping[str, Sequence[str]]
#: Values and their weights; None for equal weights.
Weighted = tuple[ArrayLike, ArrayLike | None]
#: Energies per atom, and the lower and upper edge of a band there.
Bands = Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]]


def cdfs(
    samples: Mapping[str, ArrayLike],
    *,
    title: str = "Distribution of energies",
    unit: str = "eV/atom",
    distances: Distances | None = None,
    noise: tuple[float, float] | None = None,
    labels: Labels | None = None,
    bands: Bands | None = None,
    weights: Mapping[str, ArrayLike] | None = None,
    caveat: str = "",
    marks: Mapping[str, int] | None = None,
) -> go.Figure:
    """Exact distribution functions of energies per atom; large below, their difference from the first one, the reference.

    Args:
        samples: name → (n,) energies per atom, eV/atom; the first is the reference.
        title: of the figure.
        unit: of the energies, such as kT for reduced ones.
        distances: name → KS and W1 (in this unit) from the reference, for the legend.
        noise: KS and W1 (in this unit) between two halves of the true data, for the subtitle.
        labels: name → (n,) texts, one per value in the order given, e.g. ``Comparison.labels``; shown on hovering.
        bands: name → x, lower and upper edge, from ``uncertainty.ecdf_band``; that of the reference also lies around zero. If
            the mapping is empty, the subtitle tells that there are too few independent blocks for bands.
        weights: name → (n,) weights of the values, such as those to a model's distribution; by default all are equal.
        caveat: why distances mean nothing, from ``comparison.caveat``; for the subtitle.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        ValueError: a name is not among the samples, or the number of labels is wrong.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.cdfs({"true": [-1.2, -1.1], "model": [-1.2, -1.0]})
        >>> [trace.name for trace in figure.data]  # the last one is the difference
        ['true', 'model', 'model']
    """
    kind("samples", samples, Mapping, "cdfs({name: energies})")
    kind("unit", unit, str, "cdfs({name: u}, unit='kT')")
    first = np.asarray(next(iter(samples.values())))
    if first.dtype.kind == "f" and np.isnan(first).all():
        return blank(title=title, sentence=NO_ENERGIES)
    halves = "" if noise is None else f"two halves of the true data: {_in_words(noise, unit)}"
    notes = "; ".join(filter(None, ("" if caveat else halves, _of_bands(bands))))
    names, truth = list(samples)[1:], Mark(REFERENCE, "circle", "solid")
    looks = {next(iter(samples)): truth} | marks_of(names, marks)
    figure = _distributions(samples, looks, distances or {}, labels or {}, unit=unit, weights=weights or {})
    figure.add_traces(_bands(looks, bands or {}), rows=1, cols=1)
    figure.add_traces(_around_zero(samples, bands or {}, weights or {}), rows=2, cols=1)
    figure.update_xaxes(title=f"energy, {unit}", row=2, col=1)
    figure.update_yaxes(title="fraction of<br>configurations", row=1, col=1)
    return framed(figure, title=title, subtitle=caveat or notes, height=440)


def site_energy_cdfs(
    samples: Mapping[str, ArrayLike],
    *,
    title: str,
    distances: Distances | None = None,
    labels: Labels | None = None,
    marks: Mapping[str, int] | None = None,
) -> go.Figure:
    """Distribution functions of the site energies of one configuration; below, their difference from the first one.

    Site energies are not observable, only their sum is, so none of the samples is the truth.

    Args:
        samples: name → (N,) site energies, eV.
        title: of the figure.
        distances: name → KS and W1 (eV) from the first one, for the legend.
        labels: name → (N,) texts, one per atom in the order given; shown on hovering.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        ValueError: a name is not among the samples, or the number of labels is wrong.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.site_energy_cdfs({"a": [-1.2, -1.1], "b": [-1.2, -1.0]}, title="Site energies")
        >>> figure.layout.xaxis2.title.text
        'site energy, eV'
    """
    kind("samples", samples, Mapping, "site_energy_cdfs({name: energies}, title=title)")
    figure = _distributions(samples, marks_of(samples, marks), distances or {}, labels or {}, unit="eV")
    figure.update_xaxes(title="site energy, eV", row=2, col=1)
    figure.update_yaxes(title="fraction<br>of atoms", row=1, col=1)
    subtitle = "site energies are not observable: only their sum over a configuration is"
    return framed(figure, title=title, subtitle=subtitle, height=440)


def _distributions(
    samples: Mapping[str, ArrayLike],
    looks: Mapping[str, Mark],
    distances: Distances,
    labels: Labels,
    *,
    unit: str,
    weights: Mapping[str, ArrayLike] = MappingProxyType({}),
) -> go.Figure:
    known("distances", list(distances), list(samples))
    known("weights", list(weights), list(samples))
    known("labels", list(labels), list(samples))
    for name, texts in labels.items():
        if len(texts) != np.size(samples[name]):
            raise ValueError(f"labels of {name!r}: expected {np.size(samples[name])}, one per value, got {len(texts)}")
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.35, 0.65])
    (reference, first), *_ = samples.items()
    for number, (name, values) in enumerate(samples.items()):
        hover = f"%{{x:.4f}} {unit}<br>fraction %{{y:.4f}}<extra>{name}</extra>"
        line = {"shape": "hv", "width": 2 if number else 3, "color": looks[name].color, "dash": looks[name].dash}
        entry = f"{name}: {_in_words(distances[name], unit)}" if name in distances else name
        steps = _staircase(values, labels.get(name), weights.get(name), line, hover)
        figure.add_trace(steps.update(name=entry, legendgroup=name), row=1, col=1)
        if number:
            hover = f"%{{x:.4f}} {unit}<br>%{{y:+.4f}}<extra>{name} − {reference}</extra>"
            gap = _difference((first, weights.get(reference)), (values, weights.get(name)), line, hover)
            figure.add_trace(gap.update(name=name, legendgroup=name, showlegend=False), row=2, col=1)
    figure.update_yaxes(range=[0, 1.02], row=1, col=1)
    figure.update_yaxes(title=f"difference<br>from {reference}", zerolinecolor=REFERENCE, row=2, col=1)
    return figure


def _of_bands(bands: Bands | None) -> str:
    if bands is None:
        return ""
    if not bands:
        return "no bands: they need several trajectories, or blocks of a run, with ten independent ones"
    return "bands: 95 % at each energy"


def _bands(looks: Mapping[str, Mark], bands: Bands) -> list[go.Scatter]:
    known("bands", list(bands), list(looks))
    return [
        band(*bands[name], shade=look.color, name=f"band of {name}", legendgroup=name, showlegend=False)
        for name, look in looks.items()
        if name in bands
    ]


def _around_zero(samples: Mapping[str, ArrayLike], bands: Bands, weights: Mapping[str, ArrayLike]) -> list[go.Scatter]:
    """The band of the reference less the reference itself, which differences are to be compared with."""
    reference, values = next(iter(samples.items()))
    if reference not in bands:
        return []
    x, low, high = (np.asarray(part) for part in bands[reference])
    steps, F = ecdf(values, weights=weights.get(reference))
    here = np.r_[0.0, F][np.searchsorted(steps, x, side="right")]
    name = f"95 % band of {reference}"
    return [band(x, low - here, high - here, shade=REFERENCE, name=name, legendgroup=reference)]


def _in_words(distance: tuple[float, float], unit: str) -> str:
    W1 = f"{1e3 * distance[1]:.2f} m{unit}" if unit.startswith("eV") else f"{distance[1]:.3g} {unit}"
    return f"KS {distance[0]:.3f}, W1 {W1}"


def _staircase(
    values: ArrayLike, labels: Sequence[str] | None, weights: ArrayLike | None, line: dict, hover: str
) -> go.Scatter:
    x, F = ecdf(values, weights=weights)
    text = [""] * len(x) if labels is None else list(labels)
    order = np.argsort(np.asarray(values), kind="stable")
    steps = {"x": np.r_[x[0], x], "y": np.r_[0.0, F]}  # from zero at the smallest value
    shown = hover if labels is None else "%{text}<br>" + hover
    return go.Scatter(**steps, text=[text[i] for i in (order[0], *order)], mode="lines", line=line, hovertemplate=shown)


def _difference(first: Weighted, second: Weighted, line: dict, hover: str) -> go.Scatter:
    x, difference = ecdf_difference(first[0], second[0], weights_a=first[1], weights_b=second[1])
    return go.Scatter(x=x, y=difference, mode="lines", line=line | {"width": 1.5}, hovertemplate=hover)
