"""Leverage: how much of a fit each configuration determines by itself."""

from collections.abc import Callable

import numpy as np
from scipy.linalg import blas, qr

from ..arguments import kind
from ..dataset import Array, Dataset
from ..losses import Quadratic
from ..moments import Moments, rows_per_block
from ..solvers import scaled, spectrum
from ..units import beta, counted
from .verdict import Verdict, unknown

#: A configuration stands out if it determines more than so many average shares of the fit and so many parameters. Of the
#: 1000 configurations of ``data/`` the largest determines 1.8 shares and 0.2 parameters; one with two atoms moved to 0.3
#: to 1.5 Å apart determines 16 to 42 shares and 1.7 to 4.4 of 105 parameters.
SHARES, OWN = 10.0, 0.5


def leverage(
    data: Dataset, moments: Moments, *, temperature: float | None = None, block_rows: int | None = None
) -> Array:
    """How much of the fit each configuration determines, h_m = β_m² tr(Φ_m A⁺ Φ_mᵀ), A = Σ_m β_m² Φ_mᵀΦ_m.

    Σ_m h_m is the rank of the fit, and h_m/rank the share of configuration m. One pass over Φ. β cancels for one
    temperature, and is left out if a temperature is unknown.

    Args:
        data: the configurations.
        moments: ``accumulate(data)``.
        temperature: K, in place of the trajectories' own.
        block_rows: rows of Φ per block; about 4 MB by default.

    Returns:
        (M,) numbers of parameters, in the order of the configurations.

    Raises:
        ValueError: moments of other data.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> h = leverage(data, fl.accumulate(data))
        >>> h.shape, round(float(h.sum()), 6)  # two parameters
        ((200,), 2.0)
    """
    kind("data", data, Dataset, "leverage(data, accumulate(data))")
    kind("moments", moments, Moments, "leverage(data, accumulate(data))")
    moments.check_of(data, temperature)
    return _leverage(data, moments, temperature, block_rows or rows_per_block(data.K))


def _leverage(data: Dataset, moments: Moments, temperature: float | None, block_rows: int) -> Array:
    """``leverage`` without the check that the moments belong to the data."""
    known = {t.key: t.temperature if temperature is None else temperature for t in data.values()}
    alike = None in known.values() or len(set(known.values())) == 1
    weights = {key: 1.0 if alike or T is None else beta(T) ** 2 for key, T in known.items()}
    A = np.zeros((data.K, data.K))
    for key, record in moments.items():
        A += weights[key] * record.PhiPhi
    squares = _squares(Quadratic(A, np.zeros(data.K), 0.0))
    shares = []
    for t in data.values():
        rows = [
            squares(t.force_descriptors[start : start + block_rows].astype(np.float64, copy=False))
            for start in range(0, len(t.forces), block_rows)
        ]
        starts = 3 * (np.cumsum(t.n_atoms) - t.n_atoms)
        shares.append(weights[t.key] * np.add.reduceat(np.concatenate(rows), starts))
    return np.concatenate(shares)


def _squares(loss: Quadratic) -> Callable[[Array], Array]:
    """Φ ↦ the diagonal of Φ A⁺ Φᵀ = |ΦW|², row by row."""
    values, vectors = spectrum(loss)
    kept = values > loss.K * np.finfo(float).eps * values[-1]
    W = scaled(loss)[1][:, None] * vectors[:, kept] / np.sqrt(values[kept])
    if not kept.all():
        return lambda Phi: ((Phi @ W) ** 2).sum(axis=1)
    R = np.asfortranarray(qr(W.T, mode="r")[0])  # WWᵀ = RᵀR: a triangle takes half the products
    return lambda Phi: (blas.dtrmm(1.0, R, Phi.T) ** 2).sum(axis=0)


def influence(data: Dataset, moments: Moments, temperature: float | None = None) -> Verdict:
    """Verdict on the largest ``leverage``: a warning above ``SHARES`` times the mean and above ``OWN`` parameters.

    A few configurations with overlapping atoms can determine θ_f almost alone.

    Args:
        data: the configurations.
        moments: ``accumulate(data)``, already checked to belong to the data.
        temperature: K, in place of the trajectories' own.
    """
    if not any(np.diag(record.PhiPhi).any() for record in moments.values()):
        return unknown("leverage", "every force descriptor is zero: there is nothing to fit")
    h = _leverage(data, moments, temperature, rows_per_block(data.K))
    limits = (0.0, float(max(SHARES * h.mean(), OWN)))
    strange = np.flatnonzero(h > limits[1])
    if not len(strange):
        message = f"no configuration determines much of the fit by itself: at most {h.max():.2g} of {counted(round(h.sum()), 'parameter')}"
        return Verdict(name="leverage", level="ok", message=message, value=float(h.max()), limits=limits)
    order = strange[np.argsort(-h[strange])]
    keys, first = list(data), np.cumsum([0] + [len(t) for t in data.values()])
    named = [f"{m - first[data.groups[m]]} of {keys[data.groups[m]]}" for m in order[:3]]
    more = f" and {len(order) - 3} more" if len(order) > 3 else ""
    message = (
        f"configuration {', '.join(named)}{more} (counted from 0) determines {h[order[0]]:.1f} of {counted(round(h.sum()), 'parameter')} by itself, "
        f"{h[order[0]] / h.mean():.0f} times its share: overlapping atoms, a spike, or the only one of its kind; look at it, and fit "
        "without it to compare"
    )
    return Verdict(name="leverage", level="warn", message=message, value=float(h[order[0]]), limits=limits)
