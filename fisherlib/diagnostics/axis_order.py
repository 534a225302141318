"""The order of the axes of Φ and of the forces: whether they were read as they were written."""

from collections.abc import Callable

import numpy as np

from ..dataset import Array, Dataset, Trajectory
from ..losses import Quadratic
from ..solvers import solve
from .verdict import Verdict

#: With an R² of the forces above this the axes are right.
GOOD = 0.9

#: Rows for each parameter on which other orders are tried.
ROWS = 10

#: Another order is reported if it leaves less than this share of 1 − R²; that share is the value.
LEFT = 1 / 3

Rows = tuple[Array, Array]


def axes(data: Dataset, r2: float, *, computed: bool) -> list[Verdict]:
    """A failure if the forces fit far better with the axes in another order; otherwise an empty list.

    The most common mistake, (N, K, 3) read as (N, 3, K), leaves R² near 0.6 and a θ_f that looks plausible.

    Args:
        data: the configurations; some of them are fitted in each order.
        r2: of the forces, fitted to all of them as they are.
        computed: whether the descriptors are our own, whose axes are right.
    """
    if r2 >= GOOD or len(data.forces) < ROWS * data.K:
        return []
    some = [t.slice(0, _number(t, data)) for t in data.values()]
    orders = {words: order for words, order in _ORDERS.items() if not (computed and words.startswith("Φ"))}
    found = {words: _r2(some, order) for words, order in orders.items()}
    best = max(found, key=found.__getitem__)
    if found[_AS_IT_IS] >= 1:
        return []
    left = (1 - found[best]) / (1 - found[_AS_IT_IS])
    if left >= LEFT:
        return []
    message = (
        f"forces fit with R² {found[best]:.3f} if {best}, and with {r2:.3f} as read: the axes are in the wrong order, "
        f"and θ_f would be wrong although it looks plausible; store {'' if computed else 'Φ as (N, 3, K) and '}forces as (N, 3)"
    )
    return [Verdict(name="axes", level="fail", message=message, value=left, limits=(LEFT, np.inf))]


def _number(t: Trajectory, data: Dataset) -> int:
    """How many configurations of a trajectory make up its share of the rows."""
    wanted = ROWS * data.K / len(data) / (3 * float(t.n_atoms.mean()))
    return min(len(t), 1 + int(wanted))


def _r2(some: list[Trajectory], order: Callable[[Trajectory], Rows]) -> float:
    K = some[0].K
    A, b, s = np.zeros((K, K)), np.zeros(K), 0.0
    for t in some:
        Phi, F = order(t)
        Phi = Phi.astype(np.float64, copy=False)
        A, b, s = A + Phi.T @ Phi, b + Phi.T @ F, s + float(F @ F)
    theta = solve(Quadratic(A, b, s)).theta
    return float(2 * b @ theta - theta @ A @ theta) / s


def _of_atoms(t: Trajectory) -> Rows:
    Phi = t.force_descriptors.reshape(-1, t.K, 3).swapaxes(1, 2).reshape(-1, t.K)
    return Phi, t.forces


def _each(change: Callable[[Array, Array], Rows]) -> Callable[[Trajectory], Rows]:
    """An order of the rows that changes each configuration by itself."""

    def order(t: Trajectory) -> Rows:
        cuts = 3 * np.cumsum(t.n_atoms)[:-1]
        parts = zip(np.split(t.force_descriptors, cuts), np.split(t.forces, cuts), strict=True)
        changed = [change(Phi, F) for Phi, F in parts]
        return np.concatenate([Phi for Phi, _ in changed]), np.concatenate([F for _, F in changed])

    return order


def _xyz_last(rows: Array) -> Array:
    """Rows (3N, …) that were written as (3, N, …) and read as (N, 3, …), in the right order."""
    return rows.reshape(3, len(rows) // 3, -1).swapaxes(0, 1).reshape(rows.shape)


_AS_IT_IS = "all is as read"
_ORDERS: dict[str, Callable[[Trajectory], Rows]] = {
    _AS_IT_IS: lambda t: (t.force_descriptors, t.forces),
    "Φ was stored (N, K, 3) and read as (N, 3, K)": _of_atoms,
    "Φ was stored (3, N, K) and read as (N, 3, K)": _each(lambda Phi, F: (_xyz_last(Phi), F)),
    "Φ was stored (N, 3, K) and read as (K, 3N)": _each(
        lambda Phi, F: (np.ascontiguousarray(Phi.T).reshape(Phi.shape), F)
    ),
    "forces were stored (3, N) and read as (N, 3)": _each(lambda Phi, F: (Phi, _xyz_last(F))),
}
