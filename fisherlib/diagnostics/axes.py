"""Whether the axes of Φ or of the forces were read in another order than they were written in."""

from collections.abc import Callable

import numpy as np

from ..dataset import Array, Dataset, Trajectory
from ..losses import Quadratic
from ..solvers import solve
from .verdict import Verdict

#: Where the forces fit as well as this, R², their axes are right.
GOOD = 0.9

#: Rows for each parameter that other orders are tried on.
ROWS = 10

#: Another order is named when it leaves less than this part of what the forces do not fit; that part is the value.
LEFT = 1 / 3

Rows = tuple[Array, Array]


def axes(data: Dataset, r2: float) -> list[Verdict]:
    """A failure where forces fit far better with axes in another order; nothing where they fit, or do so in no order.

    The commonest such mistake, (N, K, 3) read as (N, 3, K), leaves R² near 0.6 and a θ_f that looks plausible.

    Args:
        data: the configurations, some of which are fitted in each order.
        r2: of the fit to all of them as they are.
    """
    if r2 >= GOOD or len(data.forces) < ROWS * data.K:
        return []
    some = [t.slice(0, _number(t, data)) for t in data.values()]
    found = {said: _r2(some, order) for said, order in _ORDERS.items()}
    best = max(found, key=found.__getitem__)
    if found[_AS_IT_IS] >= 1:
        return []
    left = (1 - found[best]) / (1 - found[_AS_IT_IS])
    if left >= LEFT:
        return []
    message = (
        f"forces fit with R² {found[best]:.3f} when {best}, and with {r2:.3f} as they are: axes were exchanged on the way, "
        "and θ_f would be wrong though it looks plausible; store Φ as (N, 3, K) and forces as (N, 3)"
    )
    return [Verdict(name="axes", level="fail", message=message, value=left, limits=(LEFT, np.inf))]


def _number(t: Trajectory, data: Dataset) -> int:
    """Configurations of a trajectory that make up its share of the rows."""
    wanted = ROWS * data.K / len(data) / (3 * float(t.n_atoms.mean()))
    return min(len(t), 1 + int(wanted))


def _r2(some: list[Trajectory], order: Callable[[Trajectory], Rows]) -> float:
    A = b = s = 0.0
    for t in some:
        Phi, F = order(t)
        Phi = Phi.astype(np.float64, copy=False)
        A, b, s = A + Phi.T @ Phi, b + Phi.T @ F, s + F @ F
    theta = solve(Quadratic(A, b, s)).theta
    return float(2 * b @ theta - theta @ A @ theta) / s


def _of_atoms(t: Trajectory) -> Rows:
    Phi = t.force_descriptors.reshape(-1, t.K, 3).swapaxes(1, 2).reshape(-1, t.K)
    return Phi, t.forces


def _each(change: Callable[[Array, Array], Rows]) -> Callable[[Trajectory], Rows]:
    """An order that is changed configuration by configuration."""

    def order(t: Trajectory) -> Rows:
        cuts = 3 * np.cumsum(t.n_atoms)[:-1]
        parts = zip(np.split(t.force_descriptors, cuts), np.split(t.forces, cuts), strict=True)
        changed = [change(Phi, F) for Phi, F in parts]
        return np.concatenate([Phi for Phi, _ in changed]), np.concatenate([F for _, F in changed])

    return order


def _xyz_last(rows: Array) -> Array:
    """(3, N, …) that was read as (N, 3, …), put right."""
    return rows.reshape(3, len(rows) // 3, -1).swapaxes(0, 1).reshape(rows.shape)


_AS_IT_IS = "they are taken as they are"
_ORDERS: dict[str, Callable[[Trajectory], Rows]] = {
    _AS_IT_IS: lambda t: (t.force_descriptors, t.forces),
    "Φ is taken for one stored (N, K, 3) and read as (N, 3, K)": _of_atoms,
    "Φ is taken for one stored (3, N, K) and read as (N, 3, K)": _each(lambda Phi, F: (_xyz_last(Phi), F)),
    "Φ is taken for one stored (N, 3, K) and read as (K, 3N)": _each(
        lambda Phi, F: (np.ascontiguousarray(Phi.T).reshape(Phi.shape), F)
    ),
    "forces are taken for ones stored (3, N) and read as (N, 3)": _each(lambda Phi, F: (Phi, _xyz_last(F))),
}
