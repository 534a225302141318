"""Sizes: how many descriptors a featuriser makes of some elements, and settings that make no more than fit."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np

from ..arguments import elements, whole
from .contract import Descriptor, size_parameters
from .soap import Soap

#: The descriptor of files that have none, where nobody chooses another one.
Default = Soap

#: Most descriptors of the default for three elements and more, and the fewest force components for each of them. With one
#: and two elements it has K = 105 and 780, and stays as it is.
MOST, COMPONENTS, UNTOUCHED = 1000, 3, 2

#: With more elements than this K is not counted but extrapolated: the names alone would take memory.
COUNTED = 6


def count(descriptor: Descriptor, species: Sequence[int]) -> int:
    """K of a descriptor for some elements, without the names of many.

    Descriptors of a centre and two neighbours grow as the cube of the number of elements, others as a lower power or not at
    all, so that K of many elements follows from those of two to five of them.

    Args:
        descriptor: of atoms.
        species: atomic numbers, ascending.

    Example:
        >>> [count(Soap(), range(1, S + 1)) for S in (1, 2, 3, 4, 89)]
        [105, 780, 2565, 6000, 63566025]
    """
    species = elements("species", species).tolist()
    S = len(species)
    if S <= COUNTED:
        return len(descriptor.names(species))
    # Newton's forward differences of a cubic, from two elements on: a single one may be a case of its own.
    K = np.array([len(descriptor.names(species[:few])) for few in range(2, 6)])
    return sum(math.comb(S - 2, k) * int(np.diff(K, k)[0]) for k in range(4))


def fitting(descriptor: Descriptor, species: Sequence[int], most: int) -> Descriptor:
    """The largest of the descriptor and smaller ones like it that has no more than so many descriptors; the smallest if none.

    The parameters that K grows with are made smaller together, in the proportion that they have.

    Args:
        descriptor: to begin with.
        species: atomic numbers, ascending.
        most: K at most.

    Example:
        >>> fitting(Soap(), [1, 6, 7, 8], 1000)
        Soap(cutoff=5.0, n_max=3, l_max=2, width=0.5, smoothing=0.5)
    """
    whole("most", most, 0, "descriptors")
    for smaller in _smaller(descriptor):
        if count(smaller, species) <= most:
            break
    return smaller


def _smaller(descriptor: Descriptor) -> Iterator[Descriptor]:
    """The descriptor, then smaller and smaller ones."""
    yield descriptor
    known = descriptor.parameters
    values = {n: known[n] for n in size_parameters(descriptor) if isinstance(known.get(n), int | float)}
    names = list(values)
    if not names or not dataclasses.is_dataclass(descriptor) or isinstance(descriptor, type):
        return
    before = values
    for percent in range(99, -1, -1):
        least = {name: int(descriptor.limits[name].least) for name in names}
        now = {name: max(least[name], int(values[name] * percent / 100 + 0.5)) for name in names}
        if now != before:
            with contextlib.suppress(ValueError):  # sizes that do not go together
                yield dataclasses.replace(descriptor, **now)
        before = now


def default_for(species: Sequence[int], rows: int) -> Descriptor:
    """The default descriptor for some elements: made smaller where there are more than two, as K grows with their cube.

    It then has at most 1000 descriptors, and no more than a third of the force components.

    Args:
        species: atomic numbers, ascending.
        rows: force components, 3ΣN.

    Example:
        >>> default_for([29, 79], 100_000) == Soap(), default_for([1, 6, 7, 8], 40_500).n_max
        (True, 3)
    """
    whole("rows", rows, 0, "force components")
    if len(elements("species", species)) <= UNTOUCHED:
        return Default()
    return fitting(Default(), species, min(MOST, rows // COMPONENTS))


def or_default(descriptor: Descriptor | None, species: Sequence[int] = (), rows: int = 0) -> Descriptor:
    """The descriptor that is given, or else the default one for these elements.

    Args:
        descriptor: None for the default one.
        species, rows: as for ``default_for``.

    Raises:
        TypeError: an object that is no descriptor, or the class of one.
    """
    if descriptor is None:
        return default_for(species, rows) if len(species) else Default()
    if isinstance(descriptor, type) or not isinstance(descriptor, Descriptor):
        got = f"the class {descriptor.__name__}" if isinstance(descriptor, type) else type(descriptor).__name__
        raise TypeError(
            f"descriptor: expected a descriptor, got {got}; write descriptor=descriptors.{Default.__name__}(cutoff=5.0)"
        )
    return descriptor
