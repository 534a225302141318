"""When distances between distributions of energies mean nothing."""

from collections.abc import Sequence

import numpy as np

from ..arguments import each
from .errors import Comparison, of_one_dataset

#: Errors that are constant within a group, and so many times larger than its width, move its distribution bodily.
MUCH = 3.0


def caveat(comparisons: Sequence[Comparison]) -> str:
    """Why KS and W1 mean nothing for some of the models; empty where they do.

    They compare shapes. Where a model is off by another constant for every trajectory, and these differ far more than
    energies vary within one, or where its errors are far larger than the true energies vary, they tell the offset alone.

    Args:
        comparisons: of the models with the same data.

    Raises:
        TypeError: anything but comparisons.
        ValueError: comparisons on different data, or two with the same name.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> off = data.energies + 100.0 * data.groups  # another offset for each trajectory
        >>> found = fl.comparison.compare_predictions(off, data.forces, data, name="shifted")
        >>> print(caveat([found]))
        KS and W1 mean nothing here for shifted: its error shifts by 28 eV/atom from trajectory to trajectory
    """
    comparisons = each("comparisons", comparisons, Comparison, "caveat([compare(model, data), …])")
    of_one_dataset(comparisons)
    said = [f"{c.name}: {why}" for c in comparisons if (why := _why(c))]
    return f"KS and W1 mean nothing here for {'; for '.join(said)}" if said else ""


def _why(c: Comparison) -> str:
    groups = np.repeat(np.arange(len(c.keys)), c.configurations)
    means = np.bincount(groups, c.reference) / c.configurations
    width = max(float(np.std(c.reference - means[groups])), c.pooled["energy_spread"])
    between = float(np.std(c.energy_shift[groups]))
    if len(c.keys) > 1 and between > MUCH * width > 0:
        return f"its error shifts by {_size(between)} from trajectory to trajectory"
    error, spread = float(np.std(c.energies - c.reference)), float(np.std(c.reference))
    if error > MUCH * spread:
        return f"its error scatters by {_size(error)} where the true energies do by {_size(spread)}"
    return ""


def _size(energy: float) -> str:
    return f"{energy:.2g} eV/atom" if energy >= 0.1 else f"{1e3 * energy:.2g} meV/atom"
