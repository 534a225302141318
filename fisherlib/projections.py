"""Losses that are not quadratic, on a plane, from the residuals projected on its three vectors."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev

from .comparison import ks, wasserstein_1
from .dataset import Array, Dataset
from .landscapes import Plane

#: Chebyshev nodes per axis for smooth losses, tried in turn until the last coefficients are relatively below ``ACCURACY``.
NODES = (17, 33, 65)
ACCURACY = 1e-6

#: Called with (done, in all) while a loss is evaluated; an exception raised in it ends the evaluation.
Progress = Callable[[int, int], None]

#: Of two samples, the second one of several: ``ks`` or ``wasserstein_1``.
Distance = Callable[[Array, Array], Array]


def silent(done: int, total: int) -> None:
    """Progress that nobody asked to see."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Projection:
    """Residuals of forces and energies as affine functions of the coordinates of a plane.

    The residual at (x, y) is v[0] + x v[1] + y v[2]. Methods take the axes of a grid, x (n,) and y (m,), and return the
    loss on it, (m, n); data are not read again. ``progress`` is called with (columns or nodes done, in all). Energies are per atom and have the offset per atom that fits best by least squares taken out.

    Attributes:
        forces: (3, 3ΣN) F − F_θ, eV/Å.
        energies: (3, M) (U − U_θ)/N, eV/atom.
        reference: (M,) U/N, eV/atom.
        plane: of the projection.
    """

    forces: Array
    energies: Array
    reference: Array
    plane: Plane

    def force_mae(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Mean absolute error of a force component, eV/Å, exact."""
        return _piecewise(self.forces, x, y, base=(0.0, -1.0), jumps=[(0.0, 2.0, 1)], progress=progress)

    def force_huber(self, x: Array, y: Array, *, delta: float = 0.1, progress: Progress = silent) -> Array:
        """Mean Huber loss of force components, exact: ½r² up to |r| = δ (eV/Å), δ(|r| − ½δ) beyond; eV²/Å²."""
        jumps = [(-delta, 0.5, 2), (delta, -0.5, 2)]
        return _piecewise(self.forces, x, y, base=(-0.5 * delta**2, -delta), jumps=jumps, progress=progress)

    def force_log_cosh(self, x: Array, y: Array, *, delta: float = 0.1, progress: Progress = silent) -> Array:
        """Mean of δ² ln cosh(r/δ) over force components, eV²/Å², to a relative 1e-6.

        It is smooth in x and y, so a few Chebyshev nodes usually give it; on planes far wider than δ every grid point
        is evaluated, which takes seconds.
        """
        r, a, b = self.forces / delta

        def mean(u: float, v: float) -> float:
            return _log_cosh(r + u * a + v * b) * delta**2

        return _interpolated(mean, x, y, progress)

    def energy_mae(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Mean absolute error of the energy per atom, eV/atom, exact (the offset is that of least squares)."""
        return _piecewise(self.energies, x, y, base=(0.0, -1.0), jumps=[(0.0, 2.0, 1)], progress=progress)

    def energy_ks(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Kolmogorov–Smirnov distance between the distributions of U/N and U_θ/N, exact."""
        return self._by_column(ks, x, y, progress)

    def energy_wasserstein_1(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Wasserstein-1 distance between the distributions of U/N and U_θ/N, eV/atom, exact."""
        return self._by_column(wasserstein_1, x, y, progress)

    def _by_column(self, distance: Distance, x: Array, y: Array, progress: Progress) -> Array:
        r, a, b = self.energies
        reference = np.sort(self.reference)
        along_y = self.reference - r - y[:, None] * b
        columns = []
        for u in x:
            columns.append(distance(reference, along_y - u * a))
            progress(len(columns), len(x))
        return np.stack(columns, axis=1)


def project(data: Dataset, plane: Plane) -> Projection:
    """Residuals of a dataset on a plane: one pass over Φ, then any loss on any grid over it.

    Raises:
        ValueError: the plane is in another number of parameters than the data have descriptors.
    """
    if data.K != len(plane.origin):
        raise ValueError(f"plane: expected K = {data.K} parameters as in the data, got {len(plane.origin)}")
    V = np.column_stack([plane.origin, *plane.directions])
    forces = -np.concatenate([t.force_descriptors @ V for t in data.values()]).T
    forces[0] += data.forces
    n_atoms = data.n_atoms.astype(np.float64)
    energies = -np.concatenate([t.descriptors @ V for t in data.values()]).T
    energies[0] += data.energies
    # The best offset per atom is linear in the residual, so it can be taken out of each of the three vectors.
    energies -= np.outer(energies @ n_atoms / (n_atoms @ n_atoms), n_atoms)
    return Projection(
        forces=np.ascontiguousarray(forces),
        energies=np.ascontiguousarray(energies / n_atoms),
        reference=data.energies / n_atoms,
        plane=plane,
    )


def _log_cosh(r: Array) -> float:
    # ln cosh r = |r| + ln(1 + e^(−2|r|)) − ln 2 does not overflow; log of 1 + small is exact enough for a mean.
    size = np.abs(r)
    return float(np.mean(size + np.log(1.0 + np.exp(-2.0 * size)))) - np.log(2.0)


def _interpolated(function: Callable[[float, float], float], x: Array, y: Array, progress: Progress) -> Array:
    """A smooth function on a grid, (m, n), from its values at Chebyshev nodes, or directly where that is cheaper."""
    (x0, x1), (y0, y1) = (x.min(), x.max()), (y.min(), y.max())
    for n in NODES:
        if n * n >= len(x) * len(y):
            break
        nodes = chebyshev.chebpts1(n)
        xs, ys = 0.5 * (x0 + x1) + 0.5 * (x1 - x0) * nodes, 0.5 * (y0 + y1) + 0.5 * (y1 - y0) * nodes
        values = _at_all(function, xs, ys, progress)
        V = chebyshev.chebvander(nodes, n - 1)
        coefficients = np.linalg.solve(V, np.linalg.solve(V, values).T).T
        last = max(np.abs(coefficients[-2:]).max(), np.abs(coefficients[:, -2:]).max())
        if last < ACCURACY * values.min():
            to_unit = 2 * (x - x0) / (x1 - x0) - 1, 2 * (y - y0) / (y1 - y0) - 1
            return chebyshev.chebgrid2d(to_unit[1], to_unit[0], coefficients)
    return _at_all(function, x, y, progress)


def _at_all(function: Callable[[float, float], float], x: Array, y: Array, progress: Progress) -> Array:
    rows = []
    for v in y:
        rows.append([function(u, v) for u in x])
        progress(len(rows), len(y))
    return np.array(rows)


def _piecewise(
    vectors: Array,
    x: Array,
    y: Array,
    *,
    base: tuple[float, float],
    jumps: list[tuple[float, float, int]],
    progress: Progress,
) -> Array:
    """Mean of a piecewise polynomial f over residuals r + x a + y b, exactly, on the whole grid.

    f(r) = base₀ + base₁ r + Σ_j c_j (r − κ_j)^p_j [r > κ_j]. For fixed x a residual crosses a knot κ at one y, so its
    polynomial in y is added to the one interval where it switches on, and a running sum over y gives every grid point:
    the cost is O(n) per row of residuals instead of O(n²).
    """
    r, a, b = vectors
    m, step = len(y), y[1] - y[0]
    if not (step > 0 and np.allclose(np.diff(y), step)):
        raise ValueError("y: expected an evenly spaced, ascending axis, as from numpy.linspace")
    slope = np.where(b == 0, 1e-300, b)
    rising = slope > 0
    z = np.empty((m, len(x)))
    for i, u in enumerate(x):
        shifted = r + u * a
        z[:, i] = base[0] + base[1] * (shifted.mean() + y * b.mean())
        for knot, c, p in jumps:
            gap = knot - shifted
            with np.errstate(over="ignore"):
                first = np.clip(np.ceil((gap / slope - y[0]) / step), 0, m).astype(np.intp)
            sign = c * np.where(rising, 1.0, -1.0)
            weights = (-gap, slope) if p == 1 else (gap * gap, -2.0 * gap * slope, slope * slope)
            for power, w in enumerate(weights):
                on = np.cumsum(np.bincount(first, sign * w, minlength=m + 1)[:m])
                always = c * (w @ ~rising)  # a falling residual is on from the start and switches off
                z[:, i] += (on + always) * y**power / len(r)
        progress(i + 1, len(x))
    return z
