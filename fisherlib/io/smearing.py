"""Energies with and without the entropy of electrons: forces are the slope of one of the two, and tell which."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..dataset import Trajectory
from ..losses import fisher
from ..moments import accumulate
from ..solvers import solve
from .columns.sources import ALIKE

#: A ratio of scatters that tells two energies apart.
CLEARLY = 0.9


def energies_of_forces(
    made: Sequence[Trajectory], others: Sequence[NDArray], names: tuple[str, str], *, named: bool = False
) -> tuple[list[Trajectory], str, str]:
    """The trajectories with the energies that their forces belong to, the name of these, and a sentence where both differ.

    θ_f is fitted to the forces alone; the energies that scatter less about θ_f·D, per atom and within trajectories of one
    composition, are those whose slope the forces are. Where the scatters are alike, the energies stay.

    Args:
        made: trajectories with descriptors.
        others: (M,) other energies of each, eV.
        names: of the energies of the trajectories, and of the others.
        named: the energies of the trajectories were asked for, and stay with a sentence.
    """
    ours = list(made)
    theirs = [dataclasses.replace(t, energies=np.asarray(E)) for t, E in zip(made, others, strict=True)]
    apart = [_spread(t, other.energies - t.energies) for t, other in zip(ours, theirs, strict=True)]
    if not max(apart) > ALIKE:
        return ours, names[0], ""
    theta = solve(fisher(accumulate(ours).total(), 1.0)).theta
    scatters = [_scatter(trajectories, theta) for trajectories in (ours, theirs)]
    k = int(scatters[1] < CLEARLY * scatters[0])
    told = f"energies scatter about θ_f·D by {1e3 * scatters[k]:.2g} meV/atom, those of {names[1 - k]!r} by {1e3 * scatters[1 - k]:.2g}"
    if k and named:
        return ours, names[0], f"the forces belong to {names[1]!r}, whose {told}; name it by energies="
    return (ours, theirs)[k], names[k], f"takes {names[k]!r}, to which the forces belong: its {told}"


def _scatter(trajectories: Sequence[Trajectory], theta: NDArray) -> float:
    """Root mean square of E − θ·D within trajectories, eV per atom."""
    M = sum(len(t) for t in trajectories)
    return float(np.sqrt(sum(len(t) * _spread(t, t.energies - t.descriptors @ theta) ** 2 for t in trajectories) / M))


def _spread(t: Trajectory, energies: NDArray) -> float:
    """Root mean square of energies (M,) of a trajectory, per atom, without a constant for each element."""
    counts = t.n_atoms[:, None].astype(float)
    if t.species is not None:
        starts = np.cumsum(t.n_atoms) - t.n_atoms
        counts = np.add.reduceat((t.species[:, None] == np.unique(t.species)).astype(float), starts, axis=0)
    x = energies - counts @ np.linalg.lstsq(counts, energies, rcond=None)[0]
    return float(np.sqrt(np.mean((x / t.n_atoms) ** 2)))
