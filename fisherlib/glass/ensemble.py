"""Configurations of a glass former with the propensities of their particles."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import floats, keys
from ..dataset import Array, frozen
from .particles import SPECIES


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Ensemble:
    """Configurations of a glass former, and how far each particle moves from them on average.

    The propensity of a particle is its displacement, averaged over isoconfigurational runs: runs from the same positions with
    other velocities (Widmer-Cooper, Harrowell and Fynewever, Phys. Rev. Lett. 93, 135701 (2004)). All lengths are in
    the unit of ``box``, times in the unit of ``times``; in reduced units that is σ of the large particles and σ √(m/ε).

    Attributes:
        names: of the C configurations, all different.
        positions: (C, N, d) of d = 2 or 3, in a periodic box.
        types: (C, N) species of each particle, whole numbers from 0.
        box: (d,) side lengths.
        times: (T,) after which displacements were measured, ascending; NaN where they are not known.
        propensity: (C, T, N) mean displacement over the runs.
        halves: (2, C, T, N) the same over each half of the runs, which tells the noise; None if it is not known.
        runs: number of runs from each configuration; 0 if it is not known.
        inherent: (C, N, d) positions in the nearest minimum of the energy, or None.
        energies: (C, N) potential energy of each particle in that minimum, or None.
        descriptors: (C, N, M) that came with the file, or None.
        descriptor_names: M names.
        test: (C,) whether a configuration is set aside for the last test.

    Raises:
        ValueError: shapes that do not fit, names that are equal, times that do not ascend, or numbers that are not finite.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(0, 4, (2, 20, 2))
        >>> glass = Ensemble(names=["a", "b"], positions=x, types=np.zeros((2, 20), int), box=[4.0, 4.0], times=[1.0],
        ...     propensity=x[:, None, :, 0])
        >>> glass
        Ensemble(2 configurations of 20 particles in 2 dimensions, 1 time)
        >>> glass.select("b").names
        ('b',)
    """

    names: Sequence[str]
    positions: Array
    types: NDArray[np.int64]
    box: Array
    times: Array
    propensity: Array
    halves: Array | None = None
    runs: int = 0
    inherent: Array | None = None
    energies: Array | None = None
    descriptors: Array | None = None
    descriptor_names: Sequence[str] = ()
    test: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        x = floats("positions", self.positions)
        if x.ndim != 3 or x.shape[2] not in (2, 3):
            raise ValueError(f"positions: expected (configurations, particles, 2 or 3) numbers, got shape {x.shape}")
        C, N, d = x.shape
        object.__setattr__(self, "names", tuple(map(str, self.names)))
        object.__setattr__(self, "descriptor_names", tuple(map(str, self.descriptor_names)))
        T = len(np.atleast_1d(np.asarray(self.times)))
        shapes: dict[str, tuple[int, ...]] = {"positions": (C, N, d), "box": (d,), "times": (T,)}
        shapes |= {"propensity": (C, T, N), "halves": (2, C, T, N), "inherent": (C, N, d), "energies": (C, N)}
        shapes["descriptors"] = (C, N, len(self.descriptor_names))
        for name, shape in shapes.items():
            if getattr(self, name) is None:
                continue
            array = floats(name, getattr(self, name))
            if array.shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
            if name != "times" and not np.isfinite(array).all():
                raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
            object.__setattr__(self, name, frozen(array))
        types = np.asarray(self.types)
        whole = types.shape == (C, N) and types.dtype.kind in "iu"
        if not whole or types.min(initial=0) < 0 or types.max(initial=0) >= SPECIES:
            words = f"{C} × {N} whole numbers from 0 to {SPECIES - 1}"
            raise ValueError(f"types: expected {words}, got {types.dtype} of shape {types.shape}")
        ascending = np.isfinite(self.times).all() and (np.diff(self.times, prepend=-1e-300) > 0).all()
        if not T or not (ascending or np.isnan(self.times).all()):
            raise ValueError(f"times: expected ascending numbers from 0, or NaN for all, got {self.times}")
        test = np.zeros(C, bool) if self.test is None else np.asarray(self.test, bool)
        if len(self.names) != C or len(set(self.names)) != C or test.shape != (C,):
            raise ValueError(f"names, test: expected one for each of {C} configurations, names all different")
        if not (self.box > 0).all():
            raise ValueError(f"box: expected lengths > 0, got {self.box}")
        object.__setattr__(self, "types", frozen(types.astype(np.int64)))
        object.__setattr__(self, "test", frozen(test))

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        C, N, d = self.positions.shape
        times = "1 time" if len(self.times) == 1 else f"{len(self.times)} times"
        return f"Ensemble({C} configurations of {N} particles in {d} dimensions, {times})"

    def select(self, names: str | Sequence[str]) -> "Ensemble":
        """Some of the configurations, by name (one or several).

        Raises:
            KeyError: no such configuration.
        """
        wanted = keys(names)
        unknown = [name for name in wanted if name not in self.names]
        if unknown:
            raise KeyError(f"no configuration {unknown[0]!r}; there are {', '.join(map(repr, self.names))}")
        at = [self.names.index(name) for name in wanted]
        changed: dict[str, Any] = {"names": wanted, "halves": None if self.halves is None else self.halves[:, at]}
        for name in ("positions", "types", "propensity", "inherent", "energies", "descriptors", "test"):
            value = getattr(self, name)
            changed[name] = None if value is None else value[at]
        return dataclasses.replace(self, **changed)
