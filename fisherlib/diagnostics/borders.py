"""Borders: whether isolated configurations are clusters, or parts of a bulk whose periodic images the file leaves out."""

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Dataset, Trajectory
from ..units import counted
from .verdict import Verdict

#: Trajectories that are looked at, and configurations of each.
LOOKED_AT = 20

#: A net torque of the forces above this, relative to a random sum, is that of no isolated cluster. Rounding of published
#: molecules leaves 0.01; a crystal of 32 atoms that is declared a cluster has 0.9.
TURNS = 0.2


def borders(data: Dataset, theta: Array) -> list[Verdict]:
    """Warnings about isolated configurations that are cut out of a bulk, and about sets of isolated and periodic ones.

    Forces between the atoms of an isolated cluster have no net torque. A bulk without its images has one, since atoms at
    the border feel neighbours that are not there.

    Args:
        data: the configurations.
        theta: (K,) fitted to their forces, for the errors at the border and inside.
    """
    known = {key: (t, _isolated(t)) for key, t in data.items() if t.positions is not None}
    number, total = sum(int(alone.sum()) for _, alone in known.values()), sum(len(t) for t, _ in known.values())
    some = [key for key, (_, alone) in known.items() if alone.any()]
    torques = {key: _torques(*known[key]) for key in some[:: 1 + len(some) // LOOKED_AT]}
    torques = {key: found for key, found in torques.items() if len(found)}
    verdicts: list[Verdict] = []
    if torques:
        key = max(torques, key=lambda key: float(np.median(torques[key])))
        torque = float(np.median(torques[key]))
        if torque > TURNS:
            outer, inner = _errors(*known[key], theta)
            message = (
                f"isolated configurations of {key!r} are turned by their own forces (net torque {torque:.2g} of its size), as "
                f"no cluster is: atoms at the border (force error {outer:.2g} eV/Å, {inner:.2g} inside) feel neighbours that the "
                'file leaves out; if it is a bulk, write its Lattice and pbc="T T T" into the file'
            )
            verdicts.append(Verdict(name="borders", level="warn", message=message, value=torque, limits=(0.0, TURNS)))
    if 0 < number < total:
        message = (
            f"{number} of {counted(total, 'configuration')} are isolated, the others periodic: right for molecules beside crystals, "
            "wrong if pbc was left out of some; give each its own pbc"
        )
        verdicts.append(
            Verdict(name="periodic directions", level="warn", message=message, value=float(number), limits=(0.0, 0.0))
        )
    return verdicts


def _isolated(t: Trajectory) -> NDArray[np.bool_]:
    """(M,) whether a configuration has no periodic direction."""
    return np.ones(len(t), dtype=np.bool_) if t.pbc is None else np.logical_not(t.pbc.any(axis=1))


def _each(t: Trajectory, alone: NDArray[np.bool_]) -> list[tuple[slice, Array]]:
    """Atoms of some isolated configurations, and their positions about the centre, (N, 3) Å."""
    assert t.positions is not None
    ends = np.cumsum(t.n_atoms)
    found = [
        slice(int(ends[m] - t.n_atoms[m]), int(ends[m])) for m in np.flatnonzero(alone & (t.n_atoms > 2))[:LOOKED_AT]
    ]
    return [(atoms, t.positions[atoms] - t.positions[atoms].mean(axis=0)) for atoms in found]


def _torques(t: Trajectory, alone: NDArray[np.bool_]) -> Array:
    """|Σ r × F| / √Σ|r × F|² of some isolated configurations that have forces."""
    found = []
    for atoms, r in _each(t, alone):
        each = np.cross(r, t.forces.reshape(-1, 3)[atoms])
        size = float(np.sqrt((each**2).sum()))
        if size > 1e-3 * np.sqrt((r**2).sum()):  # forces of 1 meV/Å turn nothing
            found.append(float(np.linalg.norm(each.sum(axis=0))) / size)
    return np.array(found)


def _errors(t: Trajectory, alone: NDArray[np.bool_], theta: Array) -> tuple[float, float]:
    """RMS of F − Φθ, eV/Å, over the half of the atoms further from the middle, and over the others."""
    outer, inner = [], []
    for atoms, r in _each(t, alone):
        rows = slice(3 * atoms.start, 3 * atoms.stop)
        error = (t.forces[rows] - t.force_descriptors[rows] @ theta).reshape(-1, 3)
        order = np.argsort(np.linalg.norm(r, axis=1), kind="stable")
        inner.append(error[order[: len(r) // 2]].ravel())
        outer.append(error[order[len(r) // 2 :]].ravel())
    a, b = (float(np.sqrt(np.mean(np.concatenate(errors) ** 2))) for errors in (outer, inner))
    return a, b
