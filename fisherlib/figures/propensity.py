"""Maps of configurations of a glass: how far each particle moves, what a model says of it, and who moves together."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import choice, floats, kind
from ..arguments.objects import named
from ..dataset import Array
from .disks import ENDS, KOB_ANDERSEN, Colours, bar, boxed, centres, coloured, disks, entry, filled
from .film import with_slider
from .style import FAINT, PALETTE, SCALE, faded, framed

if TYPE_CHECKING:  # the guest needs libraries that figures do without
    from ..glass import Ensemble, Rows

#: Of differences: blue and red around white.
DIVERGING = "RdBu_r"
#: Clusters with a colour of their own; all smaller ones share the next colour.
NAMED = 5
_SIZE = 470  # pixels of a box
#: Of a bar of colours below the panels.
_LYING = {"orientation": "h", "yref": "container", "y": 0.01, "yanchor": "bottom", "xanchor": "center"}


def propensity_map(
    ensemble: "Ensemble",
    name: str | None = None,
    *,
    what: ArrayLike | None = None,
    label: str = "propensity, σ",
    diameters: Sequence[float] = KOB_ANDERSEN,
    slab: tuple[float, float] | None = None,
    title: str = "How far particles will move",
) -> go.Figure:
    """One configuration in its periodic box, coloured by the propensity of each particle, with a slider over time.

    Disks have the size of the particles, also when a person zooms; those over an edge stand at both sides. Of a
    three-dimensional box a slab is shown, seen along z. Colours span each time of its own, or one could not see the early ones.

    Args:
        ensemble: configurations of a glass.
        name: of the configuration; the first by default.
        what: (N,) or (T, N) other values of its particles, such as a prediction; their propensity by default.
        label: of the values, with their unit after a comma.
        diameters: of each species, in the unit of the box; those of Kob and Andersen by default.
        slab: lowest and highest z of a three-dimensional configuration; one diameter around the middle by default.
        title: of the figure.

    Raises:
        TypeError, ValueError: anything but an ensemble, an unknown name, values of another shape, or too few diameters.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(0, 4, (1, 20, 2))
        >>> glass = fl.glass.Ensemble(names=["a"], positions=x, types=np.zeros((1, 20), int), box=[4.0, 4.0], times=[1.0, 10.0],
        ...     propensity=np.ones((1, 2, 20)))
        >>> figure = fl.figures.propensity_map(glass)
        >>> [step.label for step in figure.layout.sliders[0].steps]
        ['1', '10']
    """
    at = _configuration(ensemble, name)
    drawn = disks(ensemble.positions[at], ensemble.types[at], ensemble.box, diameters=diameters, slab=slab)
    values = _values(ensemble, at, what)
    species = [f"{chr(ord('A') + k)}, diameter {size:g}" for k, size in enumerate(diameters)]
    spans = [Colours.of(each, scale=SCALE, label=label) for each in values]
    films = [[*coloured(drawn, v, span, names=species), bar(span)] for v, span in zip(values, spans, strict=True)]
    there = [species[k] for k in sorted(set(drawn.species.tolist()))]
    figure = make_subplots(1, 1).add_traces([*films[-1], *map(entry, there)])
    boxed(figure, drawn.box)
    subtitle = f"{ensemble.names[at]}: {drawn.seen}"
    subtitle += f"<br>colours: 2nd to 98th percentile{' of the time that is shown' * (len(films) > 1)}"
    framed(figure, title=title, subtitle=subtitle, height=_SIZE)
    if len(films) == 1:
        return figure
    names, moved = [f"{time:.4g}" for time in ensemble.times], list(range(len(films[0])))
    figure.frames = [go.Frame(name=name, data=film, traces=moved) for name, film in zip(names, films, strict=True)]
    return with_slider(figure, names, prefix="time ")


def propensity_maps(
    rows: "Rows",
    values: Mapping[str, ArrayLike],
    name: str | None = None,
    *,
    label: str = "propensity, σ",
    diameter: float = 1.0,
    slab: tuple[float, float] | None = None,
    title: str = "Measured, predicted, and what is left",
) -> go.Figure:
    """Measured and predicted values of the particles of one species, and their difference, side by side with one zoom.

    Args:
        rows: from ``glass.rows``.
        values: name → (n,) values of all rows: first measured, then predicted ones, NaN (faint) where never held out.
        name: of the configuration; that of the first row by default.
        diameter: of the particles, in the unit of the box.
        label, slab, title: as for ``propensity_map``.

    Raises:
        TypeError, ValueError: anything but rows, other than two sets of values, infinite ones, or an unknown configuration.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(0, 4, (20, 2))
        >>> rows = fl.glass.Rows(X=x, y=x[:, 0], blocks=np.full(20, "a"), positions=x, particles=np.arange(20),
        ...     box=np.array([4.0, 4.0]), names=["x", "y"], kinds=["place"] * 2, generations=np.zeros(2, int), reach=np.ones(2))
        >>> figure = fl.figures.propensity_maps(rows, {"measured": rows.y, "predicted": rows.y + 0.1})
        >>> [each.text for each in figure.layout.annotations]
        ['measured', 'predicted', 'predicted − measured']
    """
    way = "propensity_maps(rows, {'measured': rows.y, 'predicted': predicted})"
    if not hasattr(rows, "blocks"):
        raise TypeError(f"rows: expected Rows of glass, got {named(rows)}; write {way}")
    kind("values", values, Mapping, way)
    both = {key: floats(f"values of {key!r}", each) for key, each in values.items()}
    if len(both) != 2 or any(each.shape != (len(rows),) for each in both.values()):
        shapes = [each.shape for each in both.values()]
        raise ValueError(f"values: expected two sets of {len(rows)}, measured and predicted, got {shapes}")
    if not np.isfinite(next(iter(both.values()))).all() or any(np.isinf(each).any() for each in both.values()):
        raise ValueError("values: expected finite numbers, but for predictions that are not known, got NaN or infinity")
    name = str(rows.blocks[0]) if name is None else name
    choice("name", name, dict.fromkeys(map(str, rows.blocks)))
    own = np.flatnonzero(rows.blocks == name)
    drawn = disks(rows.positions[own], np.zeros(len(own), int), rows.box, diameters=[diameter], slab=slab)
    (measured, a), (predicted, b) = ((key, each[own]) for key, each in both.items())
    known = np.isfinite(b)
    far = float(np.percentile(np.abs(b - a)[known], ENDS[1])) if known.any() else 0.0
    same = Colours.of(a, scale=SCALE, label=label)
    off = Colours(-(far or 1.0), far or 1.0, DIVERGING, "difference" + "".join(label.partition(", ")[1:]))
    panels = {measured: (a, same), predicted: (b, same), f"{predicted} − {measured}": (b - a, off)}
    figure = make_subplots(1, 3, subplot_titles=list(panels), horizontal_spacing=0.04)
    for column, (each, colours) in enumerate(panels.values(), 1):
        found = coloured(drawn, each, colours, names=[name], numbers=rows.particles[own])
        figure.add_traces(list(found), rows=1, cols=column)
        boxed(figure, drawn.box, column=column)
    for colours, x, length in ((same, 0.32, 0.5), (off, 0.85, 0.28)):
        figure.add_trace(bar(colours, x=x, len=length, **_LYING, title_side="bottom"), row=1, col=1)
    figure.update_yaxes(constraintoward="top").update_yaxes(showticklabels=False, matches="y", col=2)
    subtitle = f"{name}: {drawn.seen}; colours: 2nd to 98th percentile of what was measured"
    subtitle += f"<br>faint: {predicted} of {(~known).sum():,} not known" * (not known.all())
    framed(figure, title=title, subtitle=subtitle, height=250, above=24, legend=False)
    return figure.update_layout(height=figure.layout.height + 40, margin_b=figure.layout.margin.b + 40)


def mobile_clusters(
    ensemble: "Ensemble",
    labels: ArrayLike,
    name: str | None = None,
    *,
    diameters: Sequence[float] = KOB_ANDERSEN,
    slab: tuple[float, float] | None = None,
    title: str = "The most mobile particles",
) -> go.Figure:
    """Particles of each cluster of mobile ones in a colour of its own, all others faint.

    Args:
        ensemble: configurations of a glass.
        labels: (N,) number of the cluster of each particle, −1 where it is not mobile, from ``glass.mobile_clusters``.
        name, diameters, slab, title: as for ``propensity_map``.

    Raises:
        TypeError, ValueError: anything but an ensemble, an unknown name, labels of another number, or too few diameters.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(0, 4, (1, 4, 2))
        >>> glass = fl.glass.Ensemble(names=["a"], positions=x, types=np.zeros((1, 4), int), box=[4.0, 4.0], times=[1.0],
        ...     propensity=np.ones((1, 1, 4)))
        >>> figure = fl.figures.mobile_clusters(glass, [0, 0, -1, 1])
        >>> [trace.name for trace in figure.data if trace.showlegend]
        ['cluster of 2', 'smaller ones', 'the others']
    """
    at = _configuration(ensemble, name)
    drawn = disks(ensemble.positions[at], ensemble.types[at], ensemble.box, diameters=diameters, slab=slab)
    cluster, N = floats("labels", labels), len(ensemble.types[at])
    if cluster.shape != (N,) or not np.isfinite(cluster).all():
        raise ValueError(f"labels: expected {N} numbers, one for each particle, got shape {cluster.shape} or NaN")
    here, figure = cluster[drawn.kept], make_subplots(1, 1)
    numbers = np.unique(here[here >= 0])
    sizes = (cluster == numbers[:, None]).sum(axis=1)  # in all, not in a slab
    order = np.argsort(-sizes, kind="stable")
    named, small = np.split(order, [min(NAMED, int((sizes > 1).sum()))])
    for shade, k in zip(PALETTE, named, strict=False):
        figure.add_trace(filled(drawn, here == numbers[k], shade, name=f"cluster of {sizes[k]}", showlegend=True))
    if len(small):
        mask = np.isin(here, numbers[small])
        figure.add_trace(filled(drawn, mask, PALETTE[NAMED], name="smaller ones", showlegend=True))
    figure.add_trace(filled(drawn, here < 0, faded(FAINT), name="the others", showlegend=True))
    pairs = zip(drawn.kept, here, strict=True)
    told = [f"particle {k}" + (f", cluster {number:.0f}" if number >= 0 else "") for k, number in pairs]
    figure.add_trace(centres(drawn, here == here, text=told, hoverinfo="text", showlegend=False))
    subtitle = f"{ensemble.names[at]}: {drawn.seen}, {(here >= 0).sum()} of them mobile, in {len(sizes)} clusters"
    return framed(boxed(figure, drawn.box), title=title, subtitle=subtitle, height=_SIZE)


def _configuration(ensemble: "Ensemble", name: str | None) -> int:
    """Number of a configuration."""
    if not hasattr(ensemble, "propensity"):
        raise TypeError(f"ensemble: expected Ensemble of glass, got {named(ensemble)}; take that of glass.read(path)")
    if name is None:
        return 0
    choice("name", name, ensemble.names)
    return list(ensemble.names).index(name)


def _values(ensemble: "Ensemble", at: int, what: ArrayLike | None) -> Array:
    """Values (T, N) or (1, N) of the particles of a configuration."""
    N, T = ensemble.positions.shape[1], len(ensemble.times)
    values = np.atleast_2d(ensemble.propensity[at] if what is None else floats("what", what))
    if values.shape not in ((1, N), (T, N)) or not np.isfinite(values).all():
        raise ValueError(f"what: expected finite numbers of shape ({N},) or ({T}, {N}), got {values.shape}")
    return values
