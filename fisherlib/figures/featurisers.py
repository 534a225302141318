"""Models of different descriptors side by side: error against cost, learning curves, and a table."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..arguments import each, floats, kind
from ..dataset import Array
from ..solvers import Solution
from ..validation import FoldErrors, over_folds
from .html import Table, with_error
from .style import PALETTE, color, dash, framed, known, lines, symbol
from .ticks import tried

_WAY = "featurisers([fold_errors(moments, fit, parts, name=name), …], costs, fits)"


def featurisers(
    errors: Sequence[FoldErrors], costs: Mapping[str, ArrayLike], fits: Mapping[str, Solution] | None = None
) -> go.Figure:
    """Held-out force RMSE against the cost of the descriptors, a point for each model with bars of one standard error.

    Args:
        errors: of the models on the same folds.
        costs: name of the model → (turns,) ms per configuration, from ``descriptors.costs``.
        fits: name → fit to all data, whose K, rank and condition are shown on hovering.

    Raises:
        ValueError: a model without costs, or costs or fits of a model without errors.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.validation.fold_errors(fl.accumulate(data), fl.regression.fisher_fit, fl.validation.split(tuple(data)))
        >>> [trace.name for trace in featurisers([found], {"θ_f": [1.0, 1.2]}).data]
        ['θ_f']
    """
    errors, fits = _checked(errors, costs, fits, lacking=True)
    figure = go.Figure()
    for number, found in enumerate(errors):
        x, y = over_folds(costs[found.name]), over_folds(found.force_rmse)
        bars = {"thickness": 1, "width": 3, "color": color(number)}
        figure.add_scatter(
            x=[x.value],
            y=[y.value],
            error_x={"array": [x.error], **bars},
            error_y={"array": [y.error], **bars},
            name=found.name,
            text=[f"{found.name}<br>{_size(fits.get(found.name))}"],
            hovertemplate=f"%{{text}}<br>%{{x:.3g}} ± {x.error:.2g} ms<br>%{{y:.4g}} ± {y.error:.2g} eV/Å<extra></extra>",
            mode="markers",
            marker={"size": 11, "color": color(number), "symbol": symbol(number // len(PALETTE))},
        )
    figure.update_xaxes(title="descriptors and Φ, CPU ms per configuration", type="log")
    figure.update_yaxes(title="held-out force RMSE, eV/Å", type="log")
    subtitle = (
        f"{len(errors[0].force_rmse)} folds of whole trajectories; bars: one standard error, of folds and of turns"
    )
    return framed(figure, title="What descriptors cost and what they give", subtitle=subtitle, height=360)


def learning_curves(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    label: str,
    title: str = "Learning curves",
    log: bool = True,
    error: str = "force RMSE, eV/Å",
    over: str = "folds",
) -> go.Figure:
    """Held-out errors against anything that is varied, with bars of one standard error over folds, or seeds.

    Args:
        curves: name → (m,) what is varied, and (m, folds) eV/Å, such as from ``validation.learning_curve``.
        label: of the x axis, with its unit.
        title: of the figure.
        log: whether both axes are logarithmic.
        error: what the errors are, with their unit after a comma.
        over: what the columns of the errors are.

    Raises:
        ValueError: no curve, or one whose numbers do not fit together.

    Example:
        >>> [trace.name for trace in learning_curves({"SOAP": ([1, 2], [[0.3, 0.4], [0.1, 0.2]])}, label="walkers").data]
        ['SOAP']
    """
    kind("curves", curves, Mapping, "learning_curves({'SOAP': (numbers, learning_curve(…))}, label='configurations')")
    if not curves:
        raise ValueError("curves: expected at least one, got none")
    figure = go.Figure()
    for number, (name, (at, values)) in enumerate(curves.items()):
        x, y = floats("curves", at), over_folds(values)
        if x.shape != y.value.shape:
            raise ValueError(f"curves: expected (m,) and (m, folds) for {name!r}, got {x.shape} and {np.shape(values)}")
        figure.add_scatter(
            x=x,
            y=y.value,
            error_y={"array": y.error, "thickness": 1, "width": 3, "color": color(number)},
            customdata=y.error,
            hovertemplate=f"%{{x:g}}: %{{y:.4g}} ± %{{customdata:.2g}} {error.split(', ')[-1]}<extra>{name}</extra>",
            name=name,
            mode="lines+markers",
            line={"color": color(number), "width": 2, "dash": dash(number)},
            marker={"size": 7, "symbol": symbol(number)},
        )
    scale = "log" if log else "linear"
    at_ticks = tried(np.concatenate([floats("curves", at).ravel() for at, _ in curves.values()])) if log else {}
    figure.update_xaxes(title=label, type=scale, **at_ticks)
    figure.update_yaxes(title=f"held-out {error}", type=scale)
    return framed(figure, title=title, subtitle=f"bars: one standard error over {over}", height=330)


def table(
    errors: Sequence[FoldErrors],
    costs: Mapping[str, ArrayLike] | None = None,
    fits: Mapping[str, Solution] | None = None,
) -> Table:
    """One row per model: errors on held-out folds and their difference from those of the first, cost, K, rank and condition.

    All of them with standard errors: of folds, and of turns for the cost.

    Args:
        errors: of the models on the same folds; differences are taken fold by fold from the first.
        costs, fits: as for ``figures.featurisers``; a model without them has empty cells.

    Raises:
        ValueError: costs or fits of a model without errors.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.validation.fold_errors(fl.accumulate(data), fl.regression.fisher_fit, fl.validation.split(tuple(data)))
        >>> table([found]).columns.tolist()[:2]
        ['force RMSE, eV/Å', 'difference']
    """
    errors, fits = _checked(errors, costs or {}, fits)
    first, known_costs = errors[0], {name: floats("costs", x) for name, x in (costs or {}).items()}
    rows = {}
    for e in errors:
        cost, other, fit = known_costs.get(e.name), known_costs.get(first.name), fits.get(e.name)
        row = _pair("force RMSE, eV/Å", "difference", e.force_rmse, first.force_rmse, 1.0)
        row |= _pair("spread, meV/atom", "its difference", e.energy_spread, first.energy_spread, 1e3)
        row["CPU ms"] = "" if cost is None else _stated(cost)
        row["ratio"] = "" if cost is None or other is None else _stated(cost / other)
        row["K"], row["rank"] = ("", "") if fit is None else (str(len(fit.theta)), str(fit.rank))
        row["condition"] = "" if fit is None else f"{fit.condition:.1e}"
        rows[e.name] = row
    return Table.from_dict(rows, orient="index")


def _checked(
    errors: Sequence[FoldErrors],
    costs: Mapping[str, ArrayLike],
    fits: Mapping[str, Solution] | None,
    *,
    lacking: bool = False,
) -> tuple[tuple[FoldErrors, ...], Mapping[str, Solution]]:
    found = each("errors", errors, FoldErrors, _WAY)
    kind("costs", costs, Mapping, _WAY)
    fits = {} if fits is None else fits
    kind("fits", fits, Mapping, _WAY)
    names = [e.name for e in found]
    if len(set(names)) < len(names) or len({len(e.force_rmse) for e in found}) > 1:
        raise ValueError(f"errors: expected different names and the same folds, got {lines(', '.join(names))}")
    known("costs", [*costs], names)
    known("fits", [*fits], names)
    if lacking and (without := [name for name in names if name not in costs]):
        raise ValueError(f"costs: expected those of every model, got none of {without[0]!r}")
    return found, fits


def _size(fit: Solution | None) -> str:
    return "" if fit is None else f"K = {len(fit.theta)}, rank {fit.rank}, condition {fit.condition:.1e}"


def _pair(heading: str, difference: str, values: Array, first: Array, scale: float) -> dict[str, str]:
    """An error and its difference from that of the first model, each with its standard error over folds."""
    return {heading: _stated(scale * values), difference: "" if values is first else _stated(scale * (values - first))}


def _stated(values: Array) -> str:
    value, error = over_folds(values)
    return with_error(float(value), float(error))
