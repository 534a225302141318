"""Descriptors of the environment of each particle: densities and bond order in shells, and averages of them."""

import dataclasses
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import floats, positive, whole
from ..dataset import Array, frozen
from .neighbourhood import pairs, smoothing
from .particles import checked
from .shells import EDGE, bond_orders, densities

#: Averages over neighbours, at most; each reaches further by ``NEAR``.
AVERAGES = 3
#: Species, at most: those with a letter.
SPECIES = len(ascii_uppercase)
#: Particles per σ², or σ³, at most: far more than fit, as many as positions in another unit have.
DENSE = 10.0
#: Reach of an average, σ: of 2 to 3 what foretold left-out training configurations of the 3D set best (benchmarks/GLASSES.md).
NEAR = 3.0
#: By dimension: middles and widths of the shells of densities, and of bond orders, σ, and degrees l of these.
_DENSITIES = {d: (np.linspace(0.8, 3.9, n), np.full(n, 0.17)) for d, n in ((2, 24), (3, 29))}
_BONDS = {2: np.array([1.0, 1.2, 1.5, 1.9, 2.4, 3.0]), 3: np.array([1.0, 1.2, 1.5, 1.9, 2.4])}
_WIDTH, _DEGREES = 0.1, range(1, 9)
_AVERAGED = ("", ", averaged", ", averaged twice", ", averaged 3 times")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Descriptors:
    """What surrounds each particle, in numbers.

    Attributes:
        values: (N, M).
        names: M names: "density of A at 0.80", "q6 at 1.20, averaged twice" …
        kinds: M, what each measures: "density of A", "bond order", "energy", "displacement".
        generations: (M,) how often each was averaged over neighbours.
        reach: (M,) distance up to which each looks, without averages; 0 for those of the particle itself.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(0, 10, (50, 2))
        >>> found = fl.glass.descriptors(x, np.zeros(50, int), [10.0, 10.0], averages=1)
        >>> found.values.shape, found.names[-1], found.kinds[-1], int(found.generations[-1])
        ((50, 144), 'ψ8 at 3.00, averaged', 'bond order', 1)
    """

    values: Array
    names: Sequence[str]
    kinds: Sequence[str]
    generations: NDArray[np.int64]
    reach: Array


def descriptors(
    positions: Array,
    types: NDArray[np.integer],
    box: Array,
    *,
    averages: int = 2,
    energies: Array | None = None,
    displacements: Array | None = None,
    species: int | None = None,
    sigma: float = 1.0,
) -> Descriptors:
    """Densities of each species and bond order in shells around each particle, and averages of them over neighbours.

    For two species 48 densities and 48 bond orders |ψ_l| in two dimensions, 58 and 40 q_l in three, up to 4.6 σ away; each average
    gives as many again. It is recursive: the mean of what it was before over the particle and its neighbours within 3 σ, with
    weights exp(−r/3σ). Distances and sums are in float64; bond orders come from freud in single precision.

    Args:
        positions: (N, d) of d = 2 or 3, thermal or of the nearest minimum of the energy; outside the box they count as their images.
        types: (N,) species, whole numbers from 0.
        box: (d,) lengths of the periodic box, or one length.
        averages: generations of averages, 0 to 3.
        energies: (N,) energy of each particle, taken as one more descriptor where given.
        displacements: (N,) its distance from that minimum, likewise.
        species: number of them, where not all are in ``types``.
        sigma: the unit of length, σ of the large particles.

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, a box below twice the reach, or particles in another unit
            of length than ``sigma``.

    Source: Boattini, Smallenburg and Filion, Phys. Rev. Lett. 127, 088007 (2021).

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(0, 10, (200, 3))
        >>> fl.glass.descriptors(x, np.arange(200) % 2, 10.0, averages=2).values.shape
        (200, 294)
    """
    x, kinds_of, sides = checked(positions, types, box, SPECIES)
    species = _species(int(kinds_of.max()) + 1, species)
    whole("averages", averages, 0, "averages")
    if averages > AVERAGES:
        raise ValueError(f"averages: expected at most {AVERAGES}, got {averages}")
    sigma = positive("sigma", sigma)
    if len(x) > DENSE * np.prod(sides / sigma):
        raise ValueError(
            f"sigma: expected at most {DENSE:g} particles per σ^{len(sides)}, got {len(x) / np.prod(sides / sigma):.3g}; "
            "are positions and box in the unit of sigma?"
        )
    own = {"energy": ("energies", energies), "displacement": ("displacements", displacements)}
    first, names, kinds, reach = _first(x, kinds_of, sides, species, sigma)
    for name, (given, values) in own.items():
        if values is not None:
            first = np.column_stack([first, _of_particles(given, values, len(x))])
            names, kinds, reach = [*names, name], [*kinds, name], [*reach, 0.0]
    generations = [first]
    if averages:
        weights = smoothing(x, sides, NEAR * sigma)
        for _ in range(averages):
            generations.append(weights @ generations[-1])
    M = len(names)
    return Descriptors(
        values=frozen(np.concatenate(generations, axis=1)),
        names=tuple(f"{name}{word}" for word in _AVERAGED[: averages + 1] for name in names),
        kinds=tuple(kinds) * (averages + 1),
        generations=frozen(np.repeat(np.arange(averages + 1), M)),
        reach=frozen(np.tile(reach, averages + 1)),
    )


def _first(
    x: Array, types: NDArray[np.int64], box: Array, species: int, sigma: float
) -> tuple[Array, list[str], list[str], list[float]]:
    """Values (N, M), names, kinds and reach of the descriptors before any average."""
    d = len(box)
    radii, widths = (sigma * values for values in _DENSITIES[d])
    middles = sigma * _BONDS[d]
    width = np.full(len(middles), sigma * _WIDTH)
    parts = [
        np.hstack([densities(part, types, species, radii, widths), bond_orders(part, box, _DEGREES, middles, width)])
        for part in pairs(x, box, float((radii + EDGE * widths).max()))
    ]
    letter = "ψ" if d == 2 else "q"
    dense = [f"density of {ascii_uppercase[s]}" for s in range(species)]
    labels = [(kind, f"{kind} at {r:.2f}", r) for kind in dense for r in radii]
    labels += [("bond order", f"{letter}{degree} at {r:.2f}", r) for r in middles for degree in _DEGREES]
    kinds, names, reach = zip(*labels, strict=True)
    return np.concatenate(parts), list(names), list(kinds), [float(r) for r in reach]


def _of_particles(name: str, values: Any, N: int) -> Array:
    array = floats(name, values)
    if array.shape != (N,) or not np.isfinite(array).all():
        raise ValueError(f"{name}: expected {N} finite numbers, one for each particle, got shape {array.shape}")
    return array


def _species(there: int, wanted: int | None) -> int:
    """Number of species to describe, of which some may not be there."""
    if wanted is None:
        return there
    whole("species", wanted, there, "species")
    if wanted > SPECIES:
        raise ValueError(f"species: expected at most {SPECIES}, got {wanted}")
    return wanted
