"""Several descriptors beside each other, so that one pass over the data serves every choice among their columns."""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ..arguments import each, kind, words
from ..dataset import Array
from ..progress import Progress
from .contract import Descriptor, Limit, StrainDescriptor

_WAY = "Joined({'short': Acsf(cutoff=3.0), 'long': Acsf(cutoff=6.0)})"


@dataclasses.dataclass(frozen=True, eq=False)
class Joined:
    """The columns of several descriptors side by side, D = (D¹, D², …) and Φ = (Φ¹, Φ², …).

    Moments of all columns hold those of each choice among them, ``moments.columns(indices)``: one pass over the data for
    every cutoff and body order. Columns of one part may say what those of another say too, so a fit to all of them may
    need a ridge.

    Attributes:
        parts: label → descriptor, in the order of the columns; a label precedes the names of its columns.

    Raises:
        TypeError: anything but descriptors by label.
        ValueError: no part, or labels that are no text.

    Examples:
        >>> from ase import Atoms
        >>> from fisherlib.descriptors import Acsf
        >>> both = Joined({"short": Acsf(cutoff=2.0, n_radial=2, n_zeta=0), "long": Acsf(cutoff=4.0, n_radial=3, n_zeta=0)})
        >>> both.names([29])[1:3], both(Atoms("Cu2", [[0, 0, 0], [2, 1, 0]]))[1].shape
        (('short Cu-Cu G2 r1', 'long Cu-Cu G2 r0'), (6, 5))
        >>> both.columns([29])["long"]
        array([2, 3, 4])
    """

    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType({})

    parts: Mapping[str, Descriptor]

    def __post_init__(self) -> None:
        kind("parts", self.parts, Mapping, _WAY)
        words("parts", self.parts)
        for part in each("parts", self.parts.values(), Descriptor, _WAY):
            if isinstance(part, type):
                raise TypeError(f"parts: expected descriptors, got the class {part.__name__}; write {_WAY}")
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Joined, (dict(self.parts),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Joined) and [*self.parts.items()] == [*other.parts.items()]

    def __hash__(self) -> int:
        return hash(tuple(self.parts.items()))

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that decides the values, for provenance and for the cache of descriptors."""
        parts = {label: dict(part.parameters) for label, part in self.parts.items()}
        return {"name": "Joined", "library": "fisherlib joined 1", "parts": parts}

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """Names of the K descriptors for the given atomic numbers, each after the label of its part."""
        return tuple(f"{label} {name}" for label, part in self.parts.items() for name in part.names(species))

    def columns(self, species: Sequence[int]) -> dict[str, NDArray[np.integer]]:
        """Indices of the columns of each part, by its label, such as for ``moments.columns``.

        Args:
            species: atomic numbers, as for ``names``.
        """
        ends = np.cumsum([0] + [len(part.names(species)) for part in self.parts.values()])
        return {label: np.arange(a, b) for label, a, b in zip(self.parts, ends, ends[1:], strict=False)}

    def __call__(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array]:
        """Descriptors of configurations; see ``Descriptor``."""
        parts = list(self.parts.values())
        found = [part(atoms, species=species, progress=self._shared(progress, n)) for n, part in enumerate(parts)]
        return np.concatenate([D for D, _ in found], axis=1), np.concatenate([Phi for _, Phi in found], axis=1)

    def with_strain(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array, Array]:
        """Site, force and strain descriptors in one pass; see ``StrainDescriptor``.

        Raises:
            TypeError: a part that knows nothing of strain.
        """
        found = []
        for n, (label, part) in enumerate(self.parts.items()):
            if not isinstance(part, StrainDescriptor):
                raise TypeError(f"parts: expected descriptors that know of strain, got {label!r}; read without stress")
            found.append(part.with_strain(atoms, species=species, progress=self._shared(progress, n)))
        D, Phi, Psi = (np.concatenate(each, axis=-1) for each in zip(*found, strict=True))
        return D, Phi, Psi

    def _shared(self, progress: Progress | None, before: int) -> Progress | None:
        """Progress of one part as that of all, in whole configurations."""
        if progress is None:
            return None
        told = [-1]

        def show(done: int, total: int) -> None:
            whole = (before * total + done) // len(self.parts)
            if whole > max(told[0], before * total // len(self.parts)):
                told[0] = whole
                progress(whole, total)

        return show
