"""Forecast: number, memory and time of descriptors that are to be computed, told or refused before anything begins."""

import dataclasses
import math
import os
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from ..configurations import Configurations
from ..dataset import refuse_non_finite
from ..units import counted
from .contract import Descriptor, in_words, size_parameters
from .memory import memory, refuse_large
from .pieces import Recipe
from .refusals import refuse_impossible
from .sizes import Default, count, default_for, fitting, or_default
from .vacuum import with_vacuum

#: Φ of more bytes than this is held and kept in single precision.
SINGLE = 10**9
#: A forecast is told from so many seconds or bytes on.
LONG, LARGE = 10.0, 10**9
#: Atoms of a sample for each core, and numbers of Φ that take no time worth a sample.
SAMPLE, QUICK = 64, 10**6


@dataclasses.dataclass(frozen=True, kw_only=True)
class Forecast:
    """What the descriptors of some configurations will take.

    Attributes:
        descriptor: that will be computed.
        species: atomic numbers.
        K: number of descriptors.
        atoms: ΣN.
        bytes: of the descriptors in memory, with their Jacobian.
        seconds: wall time, estimated from a sample; 0 where it is next to nothing.
        jacobian: bytes of the Jacobian, estimated from a sample; 0 where none is computed.

    Example:
        >>> import fisherlib as fl
        >>> forecast(fl.io.read_frames("data/cu55_1200K.npz")[:1]).K
        105
    """

    descriptor: Descriptor
    species: tuple[int, ...]
    K: int
    atoms: int
    bytes: int
    seconds: float
    jacobian: int = 0

    @property
    def long(self) -> bool:
        """Whether it is worth telling."""
        return self.seconds > LONG or self.bytes > LARGE

    def __str__(self) -> str:
        time = f"about {_duration(self.seconds)}" if self.seconds > 1 else "a moment"
        size = f"{self.bytes / 1e9:.2g} GB" if self.bytes > 1e8 else f"{max(self.bytes / 1e6, 1):.0f} MB"
        full = count(Default(), self.species)
        less = (
            f" (not {full}, because there are {counted(len(self.species), 'element')})"
            if self.descriptor == default_for(self.species, 3 * self.atoms) and self.K < full
            else ""
        )
        single = ", force descriptors in single precision" if precision(self.K, self.atoms) == np.float32 else ""
        of = f"K = {self.K} descriptors{less} of {self.atoms} atoms"
        more = f", of which {self.jacobian / 1e6:.2g} MB are the Jacobian" if self.jacobian else ""
        return f"{in_words(self.descriptor)}: {of}, {time} and {size}{more}{single}"


def forecast(
    frames: Sequence[Configurations], descriptor: Descriptor | None = None, *, jacobian: bool = False
) -> Forecast:
    """Number, memory and time of descriptors, the time by computing those of a few configurations.

    Args:
        frames: with positions, as ``refuse_hopeless`` accepts them.
        descriptor: the default one for these elements without it.
        jacobian: whether the Jacobian is computed too.
    """
    species, atoms = species_of(frames), _atoms(frames)
    descriptor = or_default(descriptor, species, 3 * atoms)
    K = len(descriptor.names(species))
    seconds = _seconds(frames, descriptor, species) if atoms * K > QUICK else 0.0
    more = jacobian_bytes(K, pairs(frames, descriptor)) if jacobian else 0
    about: dict[str, Any] = {"descriptor": descriptor, "species": tuple(species), "K": K, "atoms": atoms}
    return Forecast(**about, bytes=bytes_of(K, atoms) + more, seconds=seconds, jacobian=more)


def pairs(frames: Sequence[Configurations], descriptor: Descriptor) -> int:
    """About how many pairs of atoms the Jacobian of a descriptor has, P, from that of a few configurations.

    Raises:
        TypeError: a descriptor without Jacobian.
    """
    recipe = Recipe(descriptor=descriptor, species=tuple(species_of(frames)), jacobian=True)
    found = recipe(_sample(frames, 1))  # the same ones on every machine
    return math.ceil(len(found[-1]) * _atoms(frames) / len(found[0]))


def precision(K: int, atoms: int) -> type[np.floating]:
    """The type in which Φ is held: float64, or float32 from ``SINGLE`` bytes on; every sum is of float64."""
    return np.float32 if 24 * atoms * K > SINGLE else np.float64


def bytes_of(K: int, atoms: int) -> int:
    """Memory of site descriptors (ΣN, K) and Φ (3ΣN, K)."""
    return atoms * K * (8 + 3 * np.dtype(precision(K, atoms)).itemsize)


def single_jacobian(K: int, pairs: int) -> bool:
    """Whether a Jacobian of so many pairs of atoms is held in single precision, by the rule of ``precision``."""
    return 24 * pairs * K > SINGLE


def jacobian_bytes(K: int, pairs: int) -> int:
    """Memory of a Jacobian: 12 PK bytes in single precision, 24 PK in double, and 8 P of its rows."""
    return pairs * (8 + K * (12 if single_jacobian(K, pairs) else 24))


def species_of(frames: Sequence[Configurations]) -> list[int]:
    """The atomic numbers that occur, ascending."""
    return sorted({int(z) for f in frames if f.numbers is not None for z in np.unique(f.numbers)})


def chosen(frames: Sequence[Configurations], descriptor: Descriptor | None, path: Path) -> tuple[Descriptor, int]:
    """The descriptor that is given, or else the default one for the elements, and K; a warning says if it is a smaller one.

    Raises:
        ValueError: as ``refuse_hopeless``.
    """
    taken = or_default(descriptor, species_of(frames), 3 * _atoms(frames))
    K = refuse_hopeless(frames, descriptor=taken, path=path)
    if descriptor is None and taken != Default():
        warnings.warn(made_smaller(taken, species_of(frames)), stacklevel=4)
    return taken, K


def made_smaller(descriptor: Descriptor, species: Sequence[int]) -> str:
    """How a default that is made smaller differs from the default of few elements, in a sentence."""
    K, full = len(descriptor.names(species)), count(Default(), species)
    return (
        f"{in_words(descriptor)}: K = {K} descriptors instead of {full}, because there are {counted(len(species), 'element')}; "
        "n_max and l_max of your own are taken as they are"
    )


def number(descriptor: Descriptor, frames: Sequence[Configurations], path: Path) -> int:
    """K of the descriptors of frames that have positions.

    Raises:
        ValueError: more than there are force components.
    """
    species, components = species_of(frames), 3 * _atoms(frames)
    K = count(descriptor, species)
    if K > components:
        smaller = fitting(descriptor, species, components)
        fits = count(smaller, species)
        such = f", such as {in_words(smaller)} (K = {fits})" if fits <= components else ", or add configurations"
        less = " and ".join(f"{p}=" for p in size_parameters(descriptor))
        raise ValueError(
            f"descriptor: {in_words(descriptor)} has K = {K} descriptors for {counted(len(species), 'element')}, more than "
            f"the {components} force components of {path.name}; take {f'smaller {less}' if less else 'another descriptor'}{such}"
        )
    return K


def refuse_hopeless(frames: Sequence[Configurations], *, descriptor: Descriptor, path: Path) -> int:
    """Refuses configurations that cannot be described, or are too few, before anything is computed; K of their descriptors.

    Raises:
        ValueError: no elements or positions, a cell in another unit, more descriptors than
            force components.
    """
    for f in frames:
        if f.numbers is None or f.positions is None:
            lacking = "numbers" if f.numbers is None else "positions"
            raise ValueError(
                f"{lacking} of trajectory {f.key!r} in {path.name}: expected them where descriptors are to be computed, got "
                "none; if the file has descriptors, name them by descriptors= and force_descriptors="
            )
        refuse_non_finite("positions", f.key, f.positions, f.n_atoms, rows_per_atom=1)
    K, cutoff = number(descriptor, frames, path), descriptor.parameters.get("cutoff", 0.0)
    for f in frames:
        for m, atoms in enumerate(f.atoms() if f.cell is not None else ()):
            refuse_impossible(
                with_vacuum(atoms, cutoff), cutoff, f"configuration {m} of trajectory {f.key!r} in {path.name}"
            )
    return K


def refuse_unfit(
    frames: Sequence[Configurations], *, descriptor: Descriptor, K: int, path: Path, pairs: int = 0
) -> None:
    """Refuses descriptors that would not fit into memory, with smaller ones that would.

    Args:
        frames, descriptor, K, path: of the file.
        pairs: P of the Jacobian; 0 where none is computed.

    Raises:
        MemoryError: they take more than half the memory of this machine.
    """
    atoms, species = _atoms(frames), species_of(frames)
    size, half = bytes_of(K, atoms) + jacobian_bytes(K, pairs), memory() // 2
    if size <= half:
        return
    smaller = fitting(descriptor, species, K * half // size)
    fits = count(smaller, species)
    enough = bytes_of(fits, atoms) + jacobian_bytes(fits, pairs) <= half
    such = f"{in_words(smaller)} (K = {fits})" if enough else "fewer configurations"
    other = "leave jacobian= out" if pairs else "fisherlib.cluster.featurise, which holds none of them in memory"
    with_it = " and their Jacobian" if pairs else ""
    what = f"{path.name}: its descriptors{with_it}, {in_words(descriptor)} with K = {K},"
    refuse_large(what, size, f"take {such}, or {other}")


def _atoms(frames: Sequence[Configurations]) -> int:
    return sum(int(f.n_atoms.sum()) for f in frames)


def _seconds(frames: Sequence[Configurations], descriptor: Descriptor, species: Sequence[int]) -> float:
    """Wall time of all descriptors, from that of a few configurations, evenly spread."""
    sample = _sample(frames, os.cpu_count() or 1)
    descriptor(sample[:1], species=species)  # libraries load and set up
    start = time.perf_counter()
    descriptor(sample, species=species)
    return (time.perf_counter() - start) * _atoms(frames) / sum(map(len, sample))


def _sample(frames: Sequence[Configurations], cores: int) -> list[Atoms]:
    """Evenly spread configurations that keep all cores busy, but for large ones, and are few beside the others."""
    starts = np.cumsum([0, *(len(f.n_atoms) for f in frames)])
    M, atoms = int(starts[-1]), _atoms(frames)
    few = max(1, min(max(cores, cores * SAMPLE * M // atoms), 8 * cores, M // 20))
    found = []
    for m in np.linspace(0, M - 1, few).astype(int):
        f = int(np.searchsorted(starts, m, side="right")) - 1
        found += frames[f].take("sample", [int(m - starts[f])]).atoms()
    return found


def _duration(seconds: float) -> str:
    """One digit: "40 s", "5 min", "2 h"."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 1.5 * size:
            return f"{float(f'{seconds / size:.1g}'):g} {unit}"
    return f"{float(f'{seconds:.1g}'):g} s"
