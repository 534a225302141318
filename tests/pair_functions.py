"""A second featuriser, small enough to be read at one glance: functions of the distances to the neighbours."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from fisherlib.descriptors import Limit
from fisherlib.descriptors.contract import settle
from fisherlib.descriptors.local import Local
from fisherlib.descriptors.neighbours import Neighbours


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pairs(Local):
    """D_i = Σ_j (1 − r/r_c)³ (r/r_c)ᵏ over the neighbours of a species, k = 0 … degree.

    Attributes:
        cutoff: r_c, Å.
        degree: highest power.
    """

    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType(
        {
            "cutoff": Limit(0.5, 20.0, "a radius in Å"),
            "degree": Limit(0, 10, "a power", whole=True, grows=True),
        }
    )
    cutoff: float = 4.0
    degree: int = 2

    def __post_init__(self) -> None:
        settle(self)

    @property
    def parameters(self) -> dict[str, Any]:
        return {"name": "pairs", "library": "tests 2", **dataclasses.asdict(self)}

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        pairs = itertools.product(species, species, range(self.degree + 1))
        return tuple(f"{chemical_symbols[i]}-{chemical_symbols[j]} k{k}" for i, j, k in pairs)

    def of_neighbours(self, pairs: Neighbours, species: Sequence[int]) -> tuple[NDArray, NDArray]:
        powers, K = np.arange(self.degree + 1), len(self.names(species))
        x = pairs.distances[:, None] / self.cutoff
        values = (1 - x) ** 3 * x**powers
        slopes = (-3 * (1 - x) ** 2 * x**powers + (1 - x) ** 3 * powers * x ** np.maximum(powers - 1, 0)) / self.cutoff
        index = pairs.kinds(species)
        columns = (index[pairs.i] * len(species) + index[pairs.j])[:, None] * len(powers) + powers
        D, G = np.zeros((len(pairs.numbers), K)), np.zeros((len(pairs.i), 3, K))
        np.add.at(D, (pairs.i[:, None], columns), values)
        unit = pairs.vectors / pairs.distances[:, None]
        G[np.arange(len(G))[:, None, None], np.arange(3)[:, None], columns[:, None]] = slopes[:, None] * unit[..., None]
        return D, G
