"""A family of learning curves, coloured by reach and dashed by body order."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from ..arguments import kind, number
from ..validation import LearningCurves
from .style import DASHES, REFERENCE, SCALE, band, framed, known
from .ticks import tried

#: Part of the scale that is dark enough for lines, and shares of draws that a band leaves out below and above.
DARK, TAIL = 0.82, 0.1

_WAY = "learning_family(learning_curves(…), reach={choice: 4.0}, order={choice: 'three-body'})"


def learning_family(
    found: LearningCurves,
    *,
    reach: Mapping[str, float],
    order: Mapping[str, str],
    label: str = "configurations in the training set",
    title: str = "Learning curves by reach and body order",
) -> go.Figure:
    """Held-out force RMSE against the size of the training set: means over draws, with bands of 80 % of them.

    Args:
        found: curves of all choices.
        reach: choice → cutoff, Å, which gives the colour.
        order: choice → body order in words, which gives the dashes; the first one is drawn solid.
        label: of the x axis.
        title: of the figure.

    Raises:
        TypeError: anything but learning curves.
        ValueError: a choice without reach or order, or reaches that are no numbers.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> parts, one = fl.validation.split(tuple(data), 2), {"first": [0]}
        >>> found = fl.validation.learning_curves(fl.accumulate(data), one, parts, [1, 2])
        >>> [trace.name for trace in learning_family(found, reach={"first": 4.0}, order={"first": "pairs"}).data]
        ['first', 'first', '4 Å', 'pairs']
    """
    kind("found", found, LearningCurves, _WAY)
    for name, given in (("reach", reach), ("order", order)):
        kind(name, given, Mapping, _WAY)
        known(name, [*given], [*found.choices])
        if missing := [choice for choice in found.choices if choice not in given]:
            raise ValueError(f"{name}: expected one for each choice, got none for {missing[0]!r}; write {_WAY}")
    distances = sorted({number("reach", reach[choice]) for choice in found.choices})
    shades = dict(zip(distances, sample_colorscale(SCALE, np.linspace(0, DARK, len(distances))), strict=True))
    hexed = {at: "#" + "".join(f"{int(c):02x}" for c in shade[4:-1].split(",")) for at, shade in shades.items()}
    orders = list(dict.fromkeys(order[choice] for choice in found.choices))
    dashes = {name: DASHES[n % len(DASHES)] for n, name in enumerate(orders)}
    figure, x = go.Figure(), found.numbers
    for choice, K in found.choices.items():
        y, shade = found.rmse(choice), hexed[float(reach[choice])]
        low, high = np.quantile(y, [TAIL, 1 - TAIL], axis=1)
        figure.add_trace(band(x, low, high, shade=shade, name=choice, showlegend=False))
        figure.add_scatter(
            x=x,
            y=y.mean(axis=1),
            customdata=np.stack([low, high], axis=1),
            hovertemplate=f"%{{x}}: %{{y:.4g}} eV/Å, from %{{customdata[0]:.4g}} to %{{customdata[1]:.4g}}"
            f"<extra>{choice}, K = {K}</extra>",
            name=choice,
            mode="lines+markers",
            line={"color": shade, "width": 2, "dash": dashes[order[choice]]},
            marker={"size": 5},
            showlegend=False,
        )
    keys: list[tuple[str, dict[str, Any]]] = [(f"{at:g} Å", {"color": hexed[at], "width": 4}) for at in distances]
    keys += [(name, {"color": REFERENCE, "width": 2, "dash": dash}) for name, dash in dashes.items()]
    for name, line in keys:  # the legend, apart from the curves: colours and dashes
        figure.add_scatter(x=x[:1], y=[np.nan], mode="lines", line=line, name=name, hoverinfo="skip")
    figure.update_xaxes(title=label, type="log", **tried(x))
    figure.update_yaxes(title="held-out force RMSE, eV/Å", type="log")
    draws = found.force_rmse.shape[2] * found.force_rmse.shape[3]
    subtitle = f"{found.fits:,} fits; bands: 80 % of {draws} draws of training and held-out data"
    return framed(figure, title=title, subtitle=subtitle, height=400)
