"""Wild forces: a few configurations, or groups, that carry most of ⟨F·F⟩ and so decide θ_f."""

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Dataset
from ..units import counted
from .verdict import Verdict

#: A mean square force of so many times the median over the configurations is wild.
WILD = 10.0
#: Wild configurations decide if they carry more than this share of ⟨F·F⟩, with less than that share of the rows.
CARRIED, ROWS = 0.8, 0.25


def wild_forces(data: Dataset, theta: Array) -> list[Verdict]:
    """A warning if a few configurations carry most of ⟨F·F⟩; otherwise an empty list.

    Args:
        data: the configurations.
        theta: (K,) fitted to their forces, for their share of what it leaves.
    """
    if len(data.energies) < 4:
        return []
    starts = 3 * (np.cumsum(data.n_atoms) - data.n_atoms)
    squared = np.add.reduceat(data.forces**2, starts)
    mean = squared / data.n_atoms
    wild = mean > WILD * np.median(mean)
    share, rows = float(squared[wild].sum() / squared.sum()), float(data.n_atoms[wild].sum() / data.n_atoms.sum())
    if not (share > CARRIED and rows < ROWS):
        return []
    number = int(wild.sum())
    message = (
        f"{number} of {counted(len(wild), 'configuration')} {'carries' if number == 1 else 'carry'} {100 * share:.3g} % of "
        f"⟨F·F⟩ and so decide θ_f{_left(data, theta, wild)}: {_named(data, wild, squared)}; give their group a smaller weight "
        "(regression.weighted_fit), or take a short-range reference off first (descriptors.Zbl)"
    )
    return [Verdict(name="wild forces", level="warn", message=message, value=share, limits=(0.0, CARRIED))]


def _left(data: Dataset, theta: Array, wild: NDArray[np.bool_]) -> str:
    """The force error over the wild configurations and over the others, in words."""
    errors: dict[bool, list[Array]] = {True: [], False: []}
    for t, own in zip(data.values(), np.split(wild, np.cumsum([len(t) for t in data.values()])[:-1]), strict=True):
        error = t.forces - t.force_descriptors @ theta
        rows = np.repeat(own, 3 * t.n_atoms)
        errors[True].append(error[rows])
        errors[False].append(error[~rows])
    a, b = (float(np.sqrt(np.mean(np.concatenate(errors[which]) ** 2))) for which in (True, False))
    return f" (force error {a:.2g} eV/Å there, {b:.2g} elsewhere)"


def _named(data: Dataset, wild: NDArray[np.bool_], squared: Array) -> str:
    """The trajectories of wild configurations with their share, or the configurations of a trajectory that has others too."""
    groups, keys = data.groups, list(data)
    order = sorted({int(g) for g in groups[wild]}, key=lambda g: -float(squared[wild & (groups == g)].sum()))
    words = []
    for g in order[:3]:
        own = groups == g
        part = f"{100 * squared[wild & own].sum() / squared.sum():.3g} % "
        if wild[own].all():
            words.append(f"{part}by all {int(own.sum())} of {keys[g]!r}")
        else:
            numbers = np.flatnonzero(wild[own]).tolist()
            listed = ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")
            words.append(f"{part}by {listed} of {keys[g]!r} (counted from 0)")
    return ", ".join(words) + (f" and {len(order) - 3} more" if len(order) > 3 else "")
