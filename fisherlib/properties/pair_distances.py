"""Distances between atoms: g(r) of what is periodic, the density of pair distances of clusters."""

import numpy as np
from ase.neighborlist import neighbor_list

from ..arguments import kind, number, whole
from ..configurations import Configurations
from ..dataset import Array


def pair_distances(frames: Configurations, *, cutoff: float = 6.0, bins: int = 60) -> tuple[Array, Array]:
    """Distribution of pair distances of each configuration.

    Of periodic configurations it is g(r), which tends to 1; of clusters, which have no density, it is the number of
    neighbours of an atom per Å.

    Args:
        frames: with positions.
        cutoff: largest distance, Å.
        bins: from 0 to the cutoff.

    Returns:
        r (bins,) centres of the bins, Å, and the distribution (M, bins), without unit or 1/Å.

    Raises:
        TypeError: no configurations.
        ValueError: configurations without positions.

    Example:
        >>> import fisherlib as fl
        >>> walker = fl.io.read_frames("data/cu55_1200K.npz")[0]
        >>> r, g = pair_distances(walker, bins=30)
        >>> g.shape, float(r[g.mean(axis=0).argmax()].round(1))
        ((50, 30), 2.5)
    """
    kind("frames", frames, Configurations, "pair_distances(nvt(atoms, calculator, …))")
    whole("bins", bins, 1, "bins")
    if not number("cutoff", cutoff) > 0:
        raise ValueError(f"cutoff: expected a positive distance in Å, got {cutoff!r}")
    edges = np.linspace(0, cutoff, bins + 1)
    shells, found = 4 / 3 * np.pi * np.diff(edges**3), []
    for atoms in frames.atoms():
        counts = np.histogram(neighbor_list("d", atoms, cutoff), edges)[0] / len(atoms)
        if atoms.pbc.all():
            found.append(counts / (shells * len(atoms) / atoms.get_volume()))
        else:
            found.append(counts / np.diff(edges))
    return (edges[1:] + edges[:-1]) / 2, np.array(found)
