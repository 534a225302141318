"""Shells around a particle: how many neighbours of each species they hold, and how regularly these point."""

import freud
import numpy as np
from numpy.typing import NDArray

from ..dataset import Array
from .neighbourhood import Pairs, cube

#: Standard deviations from the middle of a shell beyond which a neighbour is not in it.
EDGE = 4.0


def densities(pairs: Pairs, types: NDArray[np.int64], species: int, radii: Array, widths: Array) -> Array:
    """Σ_j exp(−(r_ij − r)²/2w²) over the neighbours of each species, for each shell.

    Args:
        pairs: of n particles with their neighbours.
        types: (N,) species of all particles, from 0.
        species: number of them, S.
        radii: (R,) middle r of each shell.
        widths: (R,) w.

    Returns:
        (n, S R) species by species.

    Source: Boattini, Smallenburg and Filion, Phys. Rev. Lett. 127, 088007 (2021), eq. 1.
    """
    n = pairs.stop - pairs.start
    order = np.argsort(pairs.distances, kind="stable")
    i, r, of = pairs.i[order], pairs.distances[order], types[pairs.j[order]]
    columns = []
    for one in range(species):
        at = np.flatnonzero(of == one)
        near, distances = i[at], r[at]
        for radius, width in zip(radii, widths, strict=True):
            a, b = np.searchsorted(distances, [radius - EDGE * width, radius + EDGE * width])
            weights = np.exp(-0.5 * ((distances[a:b] - radius) / width) ** 2)
            columns.append(np.bincount(near[a:b], weights, n))
    return np.stack(columns, axis=1)


def bond_orders(pairs: Pairs, box: Array, degrees: range, radii: Array, widths: Array) -> Array:
    """Bond order of the neighbours in each shell, weighted by exp(−(r_ij − r)²/2w²): |ψ_l| in 2D, Steinhardt's q_l in 3D.

    ψ_l = Σ_j w_j exp(ilφ_j) / Σ_j w_j over the angles φ_j of neighbours, and q_l = √(4π/(2l+1) Σ_m |q_lm|²) with
    q_lm = Σ_j w_j Y_lm / Σ_j w_j. Both are 1 for a single neighbour; where there is none in a shell, they are 0.

    Returns:
        (n, R L) shell by shell, in which l runs over the degrees.

    Source: Steinhardt, Nelson and Ronchetti, Phys. Rev. B 28, 784 (1983); computed by freud, in single precision.
    """
    n, Q, space = pairs.stop - pairs.start, len(pairs.points), cube(box)
    vectors = np.zeros((len(pairs.i), 3), np.float32)
    vectors[:, : len(box)] = pairs.vectors
    columns = []
    for radius, width in zip(radii, widths, strict=True):
        at = np.flatnonzero(np.abs(pairs.distances - radius) <= EDGE * width)
        weights = np.exp(-0.5 * ((pairs.distances[at] - radius) / width) ** 2)
        bonds = freud.locality.NeighborList.from_arrays(Q, Q, pairs.i[at], pairs.near[at], vectors[at], weights)
        found = _orders(space, pairs.points, bonds, degrees)[:n].astype(np.float64)
        alone = np.bincount(pairs.i[at], minlength=n) == 0
        columns.append(np.where(alone[:, None], 0.0, found))
    return np.concatenate(columns, axis=1)


def _orders(
    space: freud.box.Box, points: NDArray[np.float32], bonds: freud.locality.NeighborList, degrees: range
) -> NDArray[np.float32]:
    """|ψ_l| or q_l of each point for each degree; NaN for points without bonds."""
    if space.is2D:
        orders = [freud.order.Hexatic(k=degree, weighted=True) for degree in degrees]
        found = [np.abs(order.compute((space, points), neighbors=bonds).particle_order) for order in orders]
        return np.stack(found, axis=1)
    steinhardt = freud.order.Steinhardt(l=list(degrees), weighted=True)
    orders_of_all = np.asarray(steinhardt.compute((space, points), neighbors=bonds).particle_order)
    return orders_of_all.reshape(len(points), len(degrees))
