"""Losses of a linear potential that are not quadratic, on a plane, from residuals projected on its three vectors."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev

from ..arguments import kind
from ..comparison import ks, wasserstein_1
from ..dataset import Array, Dataset
from ..moments import without_offsets
from ..progress import Progress, silent
from .planes import Plane

#: Chebyshev nodes per axis for smooth losses, tried in turn until the last coefficients are relatively below ``ACCURACY``.
NODES = (17, 33, 65)
ACCURACY = 1e-6

#: δ of the Huber loss and of ln cosh, eV/Å.
HUBER = 0.1

#: Rows whose intervals are found at once, so that they stay in the processor's cache.
BLOCK = 2**14
#: Copies of the intervals. Neighbouring rows use different ones, because two additions to one place must wait.
LANES = 8

#: A distance of two samples, or of one sample and each of several: ``ks`` or ``wasserstein_1``.
Distance = Callable[[Array, Array], Array]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Projection:
    """Residuals of forces and energies as affine functions of the coordinates of a plane.

    The residual at (x, y) is v[0] + x v[1] + y v[2]. Methods take the axes of a grid, x (n,) and y (m,), and return the
    loss on it, (m, n); data are not read again. ``progress`` is called with (done, total) columns or nodes. Energies are
    per atom, without the offset of each element that fits best by least squares.

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
        return _bent(self.forces, x, y, 0.0, progress)

    def force_huber(self, x: Array, y: Array, *, delta: float = HUBER, progress: Progress = silent) -> Array:
        """Mean Huber loss of force components, exact: ½r² up to |r| = δ (eV/Å), δ(|r| − ½δ) beyond; eV²/Å²."""
        return delta * _bent(self.forces, x, y, delta, progress)

    def force_log_cosh(self, x: Array, y: Array, *, delta: float = HUBER, progress: Progress = silent) -> Array:
        """Mean of δ² ln cosh(r/δ) over force components, eV²/Å², to a relative 1e-6.

        It is smooth in x and y, so a few Chebyshev nodes are usually enough; on planes far wider than δ every grid
        point is evaluated, which takes seconds.
        """
        r, a, b = self.forces / delta

        def mean(u: float, v: float) -> float:
            return _log_cosh(r + u * a + v * b) * delta**2

        return _interpolated(mean, x, y, progress)

    def energy_mae(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Mean absolute error of the energy per atom, eV/atom, exact (the offset is that of least squares)."""
        refuse_no_energies(self.reference)
        return _bent(self.energies, x, y, 0.0, progress)

    def energy_ks(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Kolmogorov–Smirnov distance between the distributions of U/N and U_θ/N, exact."""
        return self._by_column(ks, x, y, progress)

    def energy_wasserstein_1(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Wasserstein-1 distance between the distributions of U/N and U_θ/N, eV/atom, exact."""
        return self._by_column(wasserstein_1, x, y, progress)

    def _by_column(self, distance: Distance, x: Array, y: Array, progress: Progress) -> Array:
        refuse_no_energies(self.reference)
        r, a, b = self.energies
        reference = np.sort(self.reference)
        along_y = self.reference - r - y[:, None] * b
        columns = []
        for u in x:
            columns.append(distance(reference, along_y - u * a))
            progress(len(columns), len(x))
        return np.stack(columns, axis=1)


def refuse_no_energies(energies: Array) -> None:
    """Refuses losses of energies of data of which some have none.

    Raises:
        ValueError: an energy is not known.
    """
    if np.isnan(energies).any():
        unknown = int(np.isnan(energies).sum())
        raise ValueError(
            f"data: expected energies for this loss, got {unknown} unknown of {len(energies)}; take a loss of forces"
        )


def project(data: Dataset, plane: Plane) -> Projection:
    """Residuals of a dataset on a plane: one pass over Φ, then any loss on any grid.

    Args:
        data: the truth.
        plane: in the parameters of a linear potential.

    Raises:
        ValueError: the plane has another number of parameters than the data have descriptors.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([2.0, 1.0])
        >>> plane = fl.Plane.through([2.0, 1.0], [1.0, 1.0], [2.0, 2.0])
        >>> surface = fl.landscape(fl.project(data, plane).force_mae, plane, n=5)
        >>> bool(surface.at(0.0, 0.0) < 1e-9 < surface.at(1.0, 0.0))  # the true springs, and others
        True
    """
    kind("data", data, Dataset, "project(data, plane)")
    kind("plane", plane, Plane, "project(data, plane)")
    if data.K != len(plane.origin):
        raise ValueError(f"plane: expected K = {data.K} parameters as in the data, got {len(plane.origin)}")
    V = np.column_stack([plane.origin, *plane.directions])
    forces = -np.concatenate([t.force_descriptors @ V for t in data.values()]).T
    forces[0] += data.forces
    n_atoms = data.n_atoms.astype(np.float64)
    energies = -np.concatenate([t.descriptors @ V for t in data.values()]).T
    energies[0] += data.energies
    # The best offsets are linear in the residual, so they can be taken out of each of the three vectors.
    energies = without_offsets(energies, data.composition)
    return Projection(
        forces=np.ascontiguousarray(forces),
        energies=np.ascontiguousarray(energies / n_atoms),
        reference=data.energies / n_atoms,
        plane=plane,
    )


def _log_cosh(r: Array) -> float:
    # ln cosh r = |r| + ln(1 + e^(−2|r|)) − ln 2 does not overflow; ln(1 + small) is exact enough for a mean.
    size = np.abs(r)
    return float(np.mean(size + np.log(1.0 + np.exp(-2.0 * size)))) - np.log(2.0)


def _interpolated(function: Callable[[float, float], float], x: Array, y: Array, progress: Progress) -> Array:
    """(m, n) a smooth function on a grid, from its values at Chebyshev nodes, or directly if that is cheaper."""
    (x0, x1), (y0, y1) = (x.min(), x.max()), (y.min(), y.max())
    for n in NODES:
        if n * n >= len(x) * len(y):
            break
        nodes = chebyshev.chebpts1(n)
        xs, ys = 0.5 * (x0 + x1) + 0.5 * (x1 - x0) * nodes, 0.5 * (y0 + y1) + 0.5 * (y1 - y0) * nodes
        values = _at_all(function, xs, ys, progress)
        c = coefficients(nodes, values)
        last = max(np.abs(c[-2:]).max(), np.abs(c[:, -2:]).max())
        if last < ACCURACY * values.min():
            to_unit = 2 * (x - x0) / (x1 - x0) - 1, 2 * (y - y0) / (y1 - y0) - 1
            return chebyshev.chebgrid2d(to_unit[1], to_unit[0], c)
    return _at_all(function, x, y, progress)


def coefficients(nodes: Array, values: Array) -> Array:
    """(n, n) Chebyshev coefficients of the polynomial with these values (n, n) at nodes (n,) along both axes."""
    V = chebyshev.chebvander(nodes, len(nodes) - 1)
    return np.linalg.solve(V, np.linalg.solve(V, values).T).T


def _at_all(function: Callable[[float, float], float], x: Array, y: Array, progress: Progress) -> Array:
    rows = []
    for v in y:
        rows.append([function(u, v) for u in x])
        progress(len(rows), len(y))
    return np.array(rows)


def _bent(vectors: Array, x: Array, y: Array, delta: float, progress: Progress) -> Array:
    """Mean over residuals r + x a + y b of |r| − ½δ, or r²/2δ where |r| ≤ δ, on the whole grid, exactly.

    For fixed x a residual is below −δ up to some y, then between −δ and δ, then above; in each of the three its loss is
    a polynomial in y. Its value and differences are added to the one interval where it begins, and running sums over y
    give every grid point. The cost is O(n) per row of residuals instead of O(n²). The part below −δ is summed from the
    far end: a polynomial is then never continued to where it is large, and no digits are lost on a wide plane.
    """
    m, even = len(y), np.linspace(y[0], y[-1], len(y))
    step = even[1] - even[0] if m > 1 else 0.0
    if not (step > 0 and np.abs(y - even).max() <= 1e-14 * np.abs(y).max()):  # what numpy.linspace and arange round
        raise ValueError("y: expected an evenly spaced, ascending axis, as from numpy.linspace")
    r, a, b = vectors * np.where(vectors[2] < 0, -1.0, 1.0)  # the loss is even, so that all may rise along y
    r, b = r + y[0] * b, b * step  # and is r + x a + j b at y[j]
    below, above = np.zeros((2, len(x), m + 1)), np.zeros((3, len(x), m + 1))
    blocks = [slice(start, start + BLOCK) for start in range(0, len(r), BLOCK)]
    for number, block in enumerate(blocks):
        for i, u in enumerate(x):
            _begin(r[block] + u * a[block], b[block], delta, below[:, i], above[:, i])
            progress(number * len(x) + i + 1, len(blocks) * len(x))
    return (_running(below[:, :, :0:-1])[:, ::-1] + _running(above[:, :, :m])).T / len(r)


def _begin(r: Array, b: Array, delta: float, below: Array, above: Array) -> None:
    """Add the losses of residuals r + j b, b ≥ 0, to the intervals where they begin to be below −δ (backwards) or above.

    Args:
        r, b: (n,).
        delta: δ.
        below: (2, m + 1) values and first differences backwards; the interval j begins before grid point j.
        above: (3, m + 1) values, first and second differences.
    """
    m = above.shape[1] - 1
    lanes, rate = np.arange(len(r)) % LANES * (m + 1), np.maximum(b, 1e-300)

    def crossing(knot: float) -> tuple[Array, Array]:
        with np.errstate(over="ignore"):
            first = np.floor(np.clip((knot - r) / rate + 1.0, 0, m))
        return first, r + first * b

    def sums(first: Array, *weights: Array) -> Array:
        bins, size = first.astype(np.intp) + lanes, LANES * (m + 1)
        return np.array([np.bincount(bins, w, minlength=size).reshape(LANES, -1).sum(axis=0) for w in weights])

    low, at_low = crossing(-delta)
    enter = sums(low, at_low + 0.5 * delta, b)
    below += [enter[1] - enter[0], enter[1]]  # one step back
    if delta == 0:
        above[:2] += enter
        return
    high, at_high = crossing(delta)
    bent = (low < high) / delta  # 0 for those that cross both knots between two grid points
    slope = bent * b
    above += sums(low, 0.5 * bent * at_low**2, slope * (at_low + 0.5 * b), slope * b)
    leave = (at_high - 0.5 * delta - 0.5 * bent * at_high**2, b - slope * (at_high + 0.5 * b), -slope * b)
    above += sums(high, *leave)


def _running(differences: Array) -> Array:
    """(n, m) running sums over y of values and their running differences, given (order, n, m)."""
    z = np.zeros_like(differences[0])
    for each in differences[::-1]:
        z = np.cumsum(each + np.pad(z, ((0, 0), (1, 0)))[:, :-1], axis=1)
    return z
