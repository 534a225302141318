"""Effective sample sizes of weights, free-energy differences between their bounds, and profiles."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from ..arguments import each, floats, kind
from ..dataset import Array
from ..reweighting import HEAVY, FreeEnergyDifference, FreeEnergyProfile, effective_sample_size, pareto_k
from .style import DOTTED, REFERENCE, band, color, framed, marks_of, symbol, titled


def weights(log_weights: Mapping[str, ArrayLike], *, of: str = "", marks: Mapping[str, int] | None = None) -> go.Figure:
    """Share of the total weight of the heaviest configurations; the diagonal if all weights are equal.

    Args:
        log_weights: name → (M,) ln w.
        of: which data, for the title, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        ValueError: no weights, NaN, or all weights zero.

    Example:
        >>> import fisherlib as fl
        >>> fl.figures.weights({"model": [0.0, 0.0, -1.0]}).data[1].name
        'model: ESS 2.6 of 3, Pareto k unknown'
    """
    kind("log_weights", log_weights, Mapping, "weights({name: log_weights})")
    figure, shapes = go.Figure(), {name: pareto_k(values) for name, values in log_weights.items()}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=DOTTED, hoverinfo="skip", name="all alike")
    looks = marks_of(log_weights, marks)
    for name, values in log_weights.items():
        log_w = np.sort(floats(f"log_weights of {name!r}", values))[::-1]
        w = np.exp(log_w - log_w[0])
        M, ess = len(w), effective_sample_size(log_w)
        curve = {"x": np.arange(M + 1) / M, "y": np.r_[0.0, np.cumsum(w) / w.sum()], "mode": "lines"}
        hover = f"the heaviest %{{x:.1%}} carry %{{y:.1%}}<extra>{name}</extra>"
        entry = f"{name}: ESS {ess:.1f} of {M}, Pareto k {_shape(shapes[name])}"
        figure.add_scatter(
            **curve,
            line={"color": looks[name].color, "dash": looks[name].dash, "width": 2},
            name=entry,
            hovertemplate=hover,
        )
    figure.update_xaxes(title="share of the configurations, heaviest first", tickformat=".0%")
    figure.update_yaxes(title="share of the weight", tickformat=".0%", range=[0, 1.02])
    subtitle = (
        "ESS: effective sample size, in equal weights of the same variance; "
        "ESS has no error bar; Pareto k tells whether to believe it" + _too_small(shapes)
    )
    return framed(figure, title=titled("What the weights are worth", of=of), subtitle=subtitle, height=330)


def free_energies(differences: Mapping[str, FreeEnergyDifference], *, n_atoms: float) -> go.Figure:
    """Free-energy difference F_θ − F of each model below its upper Gibbs–Bogoliubov bound, with standard errors.

    Args:
        differences: name → estimate, eV.
        n_atoms: N. The figure shows meV per atom relative to the mean of U_θ − U, because an energy offset shifts all
            values; the error bars are those of the differences from it.

    Raises:
        ValueError: the number of atoms is not positive.

    Example:
        >>> import fisherlib as fl
        >>> found = fl.reweighting.free_energy_difference([0.0, 0.1, 0.2], [0.1, 0.1, 0.3], 300.0)
        >>> [len(trace.y) for trace in fl.figures.free_energies({"model": found}, n_atoms=4).data]
        [1, 1, 1]
    """
    kind("differences", differences, Mapping, "free_energies({name: difference}, n_atoms=N)")
    if not (np.ndim(n_atoms) == 0 and np.isfinite(n_atoms) and n_atoms > 0):
        raise ValueError(f"n_atoms: expected one positive number, N of the configurations, got {n_atoms!r:.60}")
    figure = go.Figure()
    parts = {
        "⟨U_θ − U⟩ under the model: lower bound": ("lower", "lower_error_from_upper"),
        "ΔF by exponential averaging": ("value", "error_from_upper"),
        "second cumulant": ("second_cumulant", "second_cumulant_error_from_upper"),
    }
    for number, (name, (value, error)) in enumerate(parts.items()):
        y = [1e3 * (getattr(d, value) - d.upper) / n_atoms for d in differences.values()]
        bars = [1e3 * getattr(d, error) / n_atoms for d in differences.values()]
        points = {"x": list(differences), "y": y, "error_y": {"array": bars, "thickness": 1.2, "width": 4}}
        dots = {"size": 9, "color": color(number), "symbol": symbol(number)}
        hover = f"%{{y:.3g}} ± %{{customdata:.2g}} meV/atom<extra>{name}</extra>"
        figure.add_scatter(**points, customdata=bars, mode="markers", name=name, marker=dots, hovertemplate=hover)
    figure.update_layout(scattermode="group")
    figure.add_hline(y=0, line=DOTTED, name="⟨U_θ − U⟩ under the truth: upper bound", showlegend=True)
    figure.update_yaxes(title="meV/atom, from ⟨U_θ − U⟩ under the truth")
    barred = all(np.isfinite(d.error) for d in differences.values())
    subtitle = (
        "bars: one standard error of the distance from the upper bound, jackknife over trajectories"
        if barred
        else "no error bars: there is one trajectory"
    ) + _too_small({name: d.pareto_k for name, d in differences.items()})
    return framed(figure, title="Free-energy difference F<sub>θ</sub> − F", subtitle=subtitle, height=330)


def free_energy_profiles(
    profiles: Mapping[str, FreeEnergyProfile],
    *,
    reference: FreeEnergyProfile | tuple[ArrayLike, ArrayLike] | None = None,
    coordinate: str = "s",
    title: str = "Free energy along a coordinate",
) -> go.Figure:
    """Free-energy profiles with bands of two standard errors, beside an exact curve.

    Args:
        profiles: name → profile, from ``reweighting.free_energy_profile``.
        reference: a profile, such as that of a quadrature, or s and −ln p(s), normalised as the profiles are. All curves
            are drawn from the lowest point of the reference, or of the first profile without one.
        coordinate: name and unit, for the axis.
        title: of the figure.

    Raises:
        TypeError: anything but profiles by name.

    Example:
        >>> import fisherlib as fl
        >>> found = fl.reweighting.free_energy_profile([0.2, 0.3, 0.7, 1.5], edges=[0.0, 0.5, 1.0, 2.0])
        >>> figure = fl.figures.free_energy_profiles({"draws": found}, reference=([0.0, 2.0], [0.7, 0.7]))
        >>> [trace.name for trace in figure.data if trace.showlegend is not False]
        ['reference', 'draws']
    """
    way = "free_energy_profiles({name: reweighting.free_energy_profile(s, edges=edges)})"
    kind("profiles", profiles, Mapping, way)
    found = dict(zip(profiles, each("profiles", profiles.values(), FreeEnergyProfile, way), strict=True))
    figure, exact = go.Figure(), _curve(reference)
    lowest = np.nanmin(exact[1] if exact else next(iter(found.values())).values)
    if exact:
        line = {"color": REFERENCE, "width": 3}
        figure.add_scatter(x=exact[0], y=exact[1] - lowest, mode="lines", line=line, name="reference")
    for number, (name, profile) in enumerate(found.items()):
        y, error, shade = profile.values - lowest, 2 * profile.errors, color(number)
        for run in _runs(np.isfinite(y + error)):
            edges = {"low": (y - error)[run], "high": (y + error)[run], "shade": shade, "showlegend": False}
            figure.add_trace(band(profile.centers[run], **edges, name=f"± 2 errors of {name}", legendgroup=name))
        hover = f"%{{x:.3f}}: %{{y:.3f}} ± %{{customdata:.2g}} kT<extra>{name}</extra>"
        style = {"line": {"color": shade, "width": 2}, "marker": {"size": 4}, "mode": "lines+markers"}
        style |= {"customdata": profile.errors, "hovertemplate": hover, "name": name, "legendgroup": name}
        figure.add_scatter(x=profile.centers, y=y, **style)
    figure.update_xaxes(title=coordinate)
    heights, errors = (
        np.concatenate(each) for each in zip(*((p.values, p.errors) for p in found.values()), strict=True)
    )
    sure = errors < 2.0  # wide bands and single draws far up are no part of the range
    heights = np.append((heights[sure] if sure.any() else heights) - lowest, [0.0, 1.0])
    span = [np.nanmin(heights) - 0.7, np.nanmax(heights) + 1.5]
    figure.update_yaxes(title="free energy −ln p, kT above the lowest", range=span)
    shares = {name: p.outside_share for name, p in found.items() if p.outside_share >= 5e-4}
    beyond = [f"{name}: {share:.1%} of the weight lies beyond" for name, share in shares.items()]
    subtitle = "bands: ± two standard errors" + ("<br>" + "; ".join(beyond) if beyond else "")
    return framed(figure, title=title, subtitle=subtitle, height=360)


def _curve(reference: FreeEnergyProfile | tuple[ArrayLike, ArrayLike] | None) -> tuple[Array, Array] | None:
    """s and −ln p(s) of a reference; None without one."""
    if reference is None or isinstance(reference, FreeEnergyProfile):
        return None if reference is None else (reference.centers, reference.values)
    kind("reference", reference, tuple, "free_energy_profiles(profiles, reference=(s, F))")
    s, F = (floats("reference", part) for part in (*reference, [], [])[:2])
    if len(reference) != 2 or s.ndim != 1 or s.shape != F.shape or not np.isfinite(F).any():
        raise ValueError(f"reference: expected s and F of one length, got shapes {s.shape} and {F.shape}")
    return s, F


def _runs(there: NDArray[np.bool_]) -> list[slice]:
    """Stretches without a gap."""
    ends = np.flatnonzero(np.diff(np.r_[False, there, False]))
    return [slice(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True)]


def _too_small(shapes: Mapping[str, float]) -> str:
    """A line on models whose heavy weights make error bars too small; empty without any."""
    heavy = [f"{name}: error bars too small: Pareto k {_shape(k)}" for name, k in shapes.items() if k > HEAVY]
    return "<br>" + "; ".join(heavy) if heavy else ""


def _shape(k: float) -> str:
    """Pareto k in words."""
    return "unknown" if np.isnan(k) else "∞" if np.isinf(k) else f"{k:.2f}"
