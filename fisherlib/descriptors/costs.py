"""What descriptors cost, measured side by side."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms

from ..arguments import each, is_whole, kind
from ..dataset import Array

_WAY = "descriptors.costs({'SOAP': Soap()}, atoms, species=[29])"


def costs(
    descriptors: Mapping[str, Callable[..., Any]], atoms: Sequence[Atoms], *, species: Sequence[int], turns: int = 10
) -> dict[str, Array]:
    """Processor time of descriptors and Φ, of all threads of this process, ms per configuration.

    The descriptors take turns over the same configurations, so that ratios of one turn hold on a busy machine, and their
    scatter over turns tells how well they are known.

    Args:
        descriptors: by name, or anything that is called as they are, such as a descriptor with a network on it.
        atoms: configurations, cut into as many batches as there are turns.
        species: atomic numbers that the descriptors tell apart.
        turns: number of measurements of each, at least 2.

    Returns:
        (turns,) ms per configuration, by name.

    Raises:
        TypeError: anything but descriptors by name, and ``ase.Atoms``.
        ValueError: fewer configurations than turns.

    Example:
        >>> from ase.build import molecule
        >>> from fisherlib.descriptors import Soap
        >>> small = {"SOAP": Soap(cutoff=3.0, n_max=2, l_max=1)}
        >>> costs(small, [molecule("H2O")] * 4, species=[1, 8], turns=2)["SOAP"].shape
        (2,)
    """
    kind("descriptors", descriptors, Mapping, _WAY)
    each("descriptors", descriptors.values(), Callable, _WAY)
    atoms = each("atoms", atoms, Atoms, _WAY)
    if not is_whole(turns) or not 2 <= turns <= len(atoms):
        raise ValueError(f"turns: expected 2 to {len(atoms)}, for as many configurations, got {turns!r}")
    batches = [[atoms[m] for m in part.tolist()] for part in np.array_split(np.arange(len(atoms)), turns)]
    for compute in descriptors.values():
        compute([*atoms[:1]], species=species)  # libraries load and set up
    found: dict[str, list[float]] = {name: [] for name in descriptors}
    for batch in batches:
        for name, compute in descriptors.items():
            start = time.process_time()
            compute(batch, species=species)
            found[name].append(1e3 * (time.process_time() - start) / len(batch))
    return {name: np.array(values) for name, values in found.items()}
