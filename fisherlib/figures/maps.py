"""Maps of configurations side by side, and correlations of descriptors in the order of their dendrogram."""

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind, numbers, words
from .style import REFERENCE, SCALE, framed, symbol

_MAPS = "configuration_maps({'PCA': coordinates}, energies, label='eV/atom')"
_TREE = "correlations(R, scipy.cluster.hierarchy.dendrogram(links, no_plot=True), names=names)"


def configuration_maps(
    maps: Mapping[str, ArrayLike],
    values: ArrayLike,
    *,
    label: str,
    clusters: ArrayLike | None = None,
    names: Sequence[str] = (),
    captions: Mapping[str, str] | None = None,
    title: str = "Maps of configurations",
) -> go.Figure:
    """A panel for each map of the same configurations: colours show values, symbols clusters.

    Args:
        maps: name → (M, 2) coordinates, such as of ``PCA``, ``PCovR`` or ``UMAP``.
        values: (M,) what is coloured, such as energies.
        label: of the values, with their unit.
        clusters: (M,) number of the cluster of each configuration, from 0; circles without it.
        names: M words for hovering, such as "walker-03, 12".
        captions: name → what is written under the title of a panel, such as the variance that it explains, with its error.
        title: of the figure.

    Raises:
        TypeError, ValueError: maps that are none, or another number of values, clusters or names.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(5, 2))
        >>> figure = fl.figures.configuration_maps({"PCA": x, "PCovR": x}, x[:, 0], label="eV/atom")
        >>> [trace.name for trace in figure.data], figure.layout.annotations[0].text
        (['PCA', 'PCovR'], 'PCA')
    """
    kind("maps", maps, Mapping, _MAPS)
    kind("captions", captions, (Mapping, NoneType), _MAPS)
    v = floats("values", values)
    marks = np.zeros(len(v), int) if clusters is None else numbers("clusters", clusters)
    if marks.dtype.kind not in "iu" or (marks < 0).any():
        raise ValueError(f"clusters: expected whole numbers from 0, got {marks!s:.60}")
    told, notes = list(words("names", names)) or [str(m) for m in range(len(v))], captions or {}
    if not maps or not len(v) == len(marks) == len(told):
        raise ValueError(
            f"values: expected as many as clusters and names, and maps, got {len(v)}, {len(marks)} and {len(told)}"
        )
    titles = [
        f"{name}<br><span style='font-size:12px'>{notes[name]}</span>" if name in notes else name for name in maps
    ]
    figure = make_subplots(rows=1, cols=len(maps), subplot_titles=titles, horizontal_spacing=0.08)
    for column, (name, given) in enumerate(maps.items(), 1):
        x = floats("maps", given)
        if x.shape != (len(v), 2):
            raise ValueError(f"maps: expected shape {(len(v), 2)} for {name!r}, got {x.shape}")
        figure.add_scatter(
            x=x[:, 0],
            y=x[:, 1],
            name=name,
            mode="markers",
            marker={"color": v, "coloraxis": "coloraxis", "size": 5, "symbol": [symbol(int(k)) for k in marks]},
            text=told,
            customdata=marks,
            hovertemplate="%{text}<br>%{marker.color:.4g} " + label + "<br>cluster %{customdata}<extra></extra>",
            row=1,
            col=column,
        )
        figure.update_xaxes(title="first component" if column == 1 else "", showticklabels=False, row=1, col=column)
        figure.update_yaxes(title="second component" if column == 1 else "", showticklabels=False, row=1, col=column)
    bar = {"title": {"text": label, "side": "right"}, "thickness": 12}
    figure.update_layout(coloraxis={"colorscale": SCALE, "colorbar": bar})
    subtitle = f"{len(v):,} configurations; " + ("symbols: clusters" if clusters is not None else "a point for each")
    lines = max((note.count("<br>") + 1 for note in notes.values()), default=0)
    return framed(figure, title=title, subtitle=subtitle, height=300, above=24 + 20 * lines, legend=False)


def correlations(
    R: ArrayLike, tree: Mapping[str, Any], *, names: Sequence[str], title: str = "Correlations of descriptors"
) -> go.Figure:
    """Correlations and distances of descriptors side by side in the order of a dendrogram, which stands above both.

    The distance of two descriptors is √(2 (1 − |R|)), that of two vectors of unit length up to their signs.

    Args:
        R: (K, K) correlations, such as of ``regression.Correlations.of(moments, "energies")``.
        tree: what ``scipy.cluster.hierarchy.dendrogram`` says of them: "leaves", "icoord" and "dcoord".
        names: K names of the descriptors, for hovering.
        title: of the figure.

    Raises:
        TypeError, ValueError: no tree, or one of other descriptors.

    Example:
        >>> import fisherlib as fl
        >>> from scipy.cluster.hierarchy import dendrogram, linkage
        >>> tree = dendrogram(linkage([0.5, 1.0, 1.2]), no_plot=True)
        >>> fl.figures.correlations(np.eye(3), tree, names=["a", "b", "c"]).data[0].name
        'correlation'
    """
    kind("tree", tree, Mapping, _TREE)
    matrix, known = floats("R", R), list(words("names", names))
    order = [int(k) for k in tree.get("leaves", [])]
    if matrix.shape != (len(known), len(known)) or sorted(order) != list(range(len(known))):
        raise ValueError(
            f"R: expected K × K correlations, K names and K leaves, got {matrix.shape}, {len(known)} and {len(order)}"
        )
    matrix, known = matrix[np.ix_(order, order)], [known[k] for k in order]
    panels = {"correlation": matrix, "distance": np.sqrt(np.maximum(2 - 2 * np.abs(matrix), 0.0))}
    looks: list[dict[str, Any]] = [{"colorscale": "RdBu", "zmin": -1, "zmax": 1}, {"colorscale": SCALE, "zmin": 0}]
    figure = make_subplots(
        rows=2,
        cols=2,
        row_heights=[0.18, 0.82],
        vertical_spacing=0.02,
        horizontal_spacing=0.18,
        subplot_titles=[*panels],
    )
    for column, ((name, shown), look) in enumerate(zip(panels.items(), looks, strict=True), 1):
        bar = {"len": 0.82, "y": 0.41, "x": 0.41 if column == 1 else 1.0, "thickness": 10}
        figure.add_heatmap(
            **{"z": shown, "name": name, "colorbar": bar, "row": 2, "col": column, **look},
            customdata=np.array([[f"{a}<br>{b}" for a in known] for b in known]),
            hovertemplate="%{customdata}<br>" + name + " %{z:.3f}<extra></extra>",
        )
        # A leaf of scipy's tree is ten units wide; three parts of a branch and a gap for each joint.
        x = [part for joint in tree["icoord"] for part in (*((i - 5) / 10 for i in joint), np.nan)]
        y = [part for joint in tree["dcoord"] for part in (*joint, np.nan)]
        figure.add_scatter(
            **{"x": x, "y": y, "mode": "lines", "line": {"color": REFERENCE, "width": 1}, "hoverinfo": "skip"},
            **{"name": "dendrogram", "row": 1, "col": column},
        )
        edge = [-0.5, len(known) - 0.5]
        figure.update_xaxes(range=edge, visible=False, row=1, col=column)
        figure.update_yaxes(visible=False, row=1, col=column)
        figure.update_xaxes(
            range=edge, title="descriptors, in the order of the tree", showticklabels=False, row=2, col=column
        )
        figure.update_yaxes(range=edge[::-1], showticklabels=False, row=2, col=column)
    subtitle = f"K = {len(known)}; distance √(2 (1 − |R|))"
    return framed(figure, title=title, subtitle=subtitle, height=400, above=24, legend=False)
