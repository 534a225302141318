"""Energies with and without the entropy of electrons: forces are the slope of one of the two, and tell which."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..configurations import Configurations
from ..dataset import Trajectory
from ..losses import fisher
from ..moments import accumulate
from ..solvers import solve
from .columns.sources import ALIKE

#: A ratio of scatters that tells two energies apart; a few dozen configurations give 0.8 by chance.
CLEARLY = 0.7


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
    apart = [_spread(t.n_atoms, t.species, np.asarray(E) - t.energies) for t, E in zip(made, others, strict=True)]
    if not max(apart) > ALIKE or not all(np.isfinite(E).all() for E in others):
        return ours, names[0], ""
    theirs = [dataclasses.replace(t, energies=np.asarray(E)) for t, E in zip(made, others, strict=True)]
    theta = solve(fisher(accumulate(ours).total(), 1.0)).theta
    scatters = [_scatter(trajectories, theta) for trajectories in (ours, theirs)]
    k = int(scatters[1] < CLEARLY * scatters[0])
    told = f"energies scatter about θ_f·D by {1e3 * scatters[k]:.2g} meV/atom, those of {names[1 - k]!r} by {1e3 * scatters[1 - k]:.2g}"
    if k and named:
        return ours, names[0], f"the forces belong to {names[1]!r}, whose {told}; name it by energies="
    belong = k or scatters[0] < CLEARLY * scatters[1]
    why = "to which the forces belong" if belong else "as the forces do not tell to which they belong"
    return (ours, theirs)[k], names[k], f"takes {names[k]!r}, {why}: its {told}"


def undecided(found: Sequence[Configurations]) -> list[str]:
    """A sentence where energies that are taken differ from others that the forces may belong to, before descriptors tell."""
    other, E = found[0].provenance["taken"]["other"], found[0].provenance["columns"]["energies"]
    if other is None or not any(
        t.energies is not None and _spread(t.n_atoms, t.numbers, t.entries[other] - t.energies) > ALIKE for t in found
    ):
        return []
    return [
        f"{E!r} and {other!r} differ, and only descriptors tell which the forces belong to: takes {E!r}; name one by energies="
    ]


def _scatter(trajectories: Sequence[Trajectory], theta: NDArray) -> float:
    """Root mean square of E − θ·D within trajectories, eV per atom."""
    M = sum(len(t) for t in trajectories)
    each = [_spread(t.n_atoms, t.species, t.energies - t.descriptors @ theta) for t in trajectories]
    return float(np.sqrt(sum(len(t) * spread**2 for t, spread in zip(trajectories, each, strict=True)) / M))


def _spread(n_atoms: NDArray[np.integer], species: NDArray[np.integer] | None, energies: NDArray) -> float:
    """Root mean square of energies (M,) of a trajectory, per atom, without a constant for each element."""
    counts = n_atoms[:, None].astype(float)
    if species is not None:
        counts = np.add.reduceat((species[:, None] == np.unique(species)).astype(float), np.cumsum(n_atoms) - n_atoms)
    known = np.isfinite(energies)
    if not known.any():
        return 0.0
    counts, E, N = counts[known], energies[known], n_atoms[known]
    return float(np.sqrt(np.mean(((E - counts @ np.linalg.lstsq(counts, E, rcond=None)[0]) / N) ** 2)))
