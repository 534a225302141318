"""Trajectories without descriptors, cut into chunks of which one at a time is featurised."""

import dataclasses
import functools
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeGuard, cast

import numpy as np

from ..arguments import each
from ..configurations import Configurations
from ..dataset import refuse_non_finite
from ..io.archive import checksum
from ..io.atoms import CALLED, Given, are_atoms
from ..io.database.layout import slug
from ..io.file_sets import Location, called, located
from ..io.reading import read_frames
from ..units import beta


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Chunk:
    """Consecutive configurations of one trajectory.

    Attributes:
        configurations: with their energies and forces.
        first: number of the first one in its trajectory.
        recipe: what is computed of them, as a digest.
    """

    configurations: Configurations
    first: int
    recipe: str

    @property
    def size(self) -> int:
        """Number of atoms."""
        return int(self.configurations.n_atoms.sum())

    @functools.cached_property
    def name(self) -> str:
        """A name that only these configurations with this recipe have."""
        c = self.configurations
        arrays = (c.n_atoms, c.numbers, c.positions, c.energies, c.forces, c.virials, c.cell, c.pbc)
        content = [np.array(f"{self.recipe} {c.temperature}"), *(a for a in arrays if a is not None)]
        return f"{slug(c.key)}-{self.first:09d}-{checksum(content)}"


def chunks(trajectories: Sequence[Configurations], rows: int, recipe: str) -> list[Chunk]:
    """Chunks of at most so many force components, but one configuration at least, in order."""
    return [Chunk(configurations=c, first=m, recipe=recipe) for t in trajectories for m, c in cut(t, rows)]


def cut(c: Configurations, rows: int) -> Iterator[tuple[int, Configurations]]:
    """Consecutive configurations with at most so many force components, and the number of the first one.

    The same configurations are always cut in the same places.
    """
    starts, size = [0], 0
    for m, n in enumerate(c.n_atoms):
        if size and size + 3 * n > rows:
            starts, size = [*starts, m], 0
        size += 3 * n
    bare = dataclasses.replace(c, columns={}, entries={})
    for a, b in itertools.pairwise([*starts, len(c.n_atoms)]):
        yield a, bare.take(c.key, range(a, b))


def _is_place(given: object) -> TypeGuard[Location]:
    """Whether something is a path, a pattern, or a list of these."""
    several = given if isinstance(given, list | tuple) and given else [given]
    return all(isinstance(one, str | os.PathLike) for one in several)


def trajectories(
    given: Location | Given | Sequence[Configurations], temperature: float | None = None, **named: Any
) -> tuple[list[Configurations], Path]:
    """Trajectories with finite forces, and finite energies or none, and the file they are in, or what to call them.

    Args:
        given: path, ``ase.Atoms`` or trajectories.
        temperature: K; overrides what they say.
        named: of ``io.read_frames``, for a path.

    Raises:
        ValueError: none, one key twice, NaN, or no temperature.
    """
    if are_atoms(given):
        found, path = read_frames(given, **named), Path(CALLED)
    elif _is_place(given):
        found, place = read_frames(given, **named), located(given)
        path = called(place) if isinstance(place, list) else place
    else:
        if told := next((name for name, value in named.items() if value is not None), None):
            raise ValueError(f"{told}: expected none with Configurations; io.read_frames takes it")
        found = list(
            each(
                "configurations",
                cast(Sequence[Any], given),
                Configurations,
                "cluster.featurise(io.read_frames('md.xyz'))",
            )
        )
        path = Path("the configurations")
    if len({f.key for f in found}) < len(found):
        raise ValueError(
            f"configurations: expected trajectories of different keys, got {', '.join(repr(f.key) for f in found)}"
        )
    if temperature is not None:
        beta(temperature)  # refuses what is no temperature
        found = [dataclasses.replace(f, temperature=float(temperature)) for f in found]
    for f in found:
        if f.forces is None:
            raise ValueError(f"trajectory {f.key!r}: expected forces, got None; choose them first")
        if f.energies is not None and not np.isnan(f.energies).all():
            refuse_non_finite("energies", f.key, f.energies, f.n_atoms, rows_per_atom=0)
        refuse_non_finite("forces", f.key, f.forces, f.n_atoms, rows_per_atom=1)
    return found, path
