"""How a loss changes with the configurations that a flow draws: energies, and the spread along a coordinate."""

from collections.abc import Callable

import numpy as np

from ..dataset import Array
from ..systems import Target
from .draws import energy_and_gradient

#: Reduced energies that lie further above the lowest of a batch enter by their logarithm: atoms that overlap would decide
#: over everything else.
HIGH = 200.0

#: A reaction coordinate: r (n,) of configurations (n, d), and its gradient (n, d).
Coordinate = Callable[[Array], tuple[Array, Array]]


def energy_slopes(target: Target, x: Array) -> tuple[Array, Array]:
    """Regularised reduced energies (n,) of draws, and their gradients (n, d).

    Where u lies above c, 200 above the lowest, it is c + ln(1 + u − c); where it is infinite, its gradient is 0.

    Source: Noé, Olsson, Köhler, Wu, Science 365, eaaw1147 (2019), supplementary materials.
    """
    u, du = energy_and_gradient(target, x)
    known = np.isfinite(u) & np.isfinite(du).all(axis=1)
    if not known.any():
        return np.full(len(x), HIGH), np.zeros_like(x)
    c = u[known].min() + HIGH
    above = np.where(known, np.maximum(u - c, 0.0), np.finfo(float).max)
    factor = np.where(known, 1.0 / (1.0 + above), 0.0)
    return np.where(above > 0, c, u) + np.log1p(above), np.where(known, factor, 0.0)[:, None] * np.nan_to_num(du)


def coordinate_slopes(coordinate: Coordinate, x: Array) -> tuple[Array, Array]:
    """ln ρ(r) (n,) of draws, ρ their density along r by Gaussian kernels, and the gradient of its mean times n (n, d).

    Raises:
        ValueError: a coordinate that answers with other shapes, or numbers that are not finite.
    """
    r, dr = (np.asarray(each, float) for each in coordinate(x))
    n = len(x)
    if r.shape != (n,) or dr.shape != x.shape or not (np.isfinite(r).all() and np.isfinite(dr).all()):
        raise ValueError(
            f"coordinate: expected finite values of shape ({n},) and gradients of shape {x.shape}, got {r.shape} and {dr.shape}"
        )
    h = max(1.06 * r.std() * n**-0.2, np.finfo(float).tiny)  # Silverman's rule
    apart = (r[:, None] - r) / h
    kernel = np.exp(-0.5 * apart**2)
    total = kernel.sum(axis=1)
    slope = -(apart / h * kernel * (1 / total[:, None] + 1 / total)).sum(axis=1)
    return np.log(total / (n * h * np.sqrt(2 * np.pi))), slope[:, None] * dr
