"""Elements: covalent radii and cohesive energies, to tell ordinary matter from numbers in other units."""

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array

#: Covalent radii of hydrogen to curium, Å. Source: Cordero et al., Dalton Trans. 2832 (2008), table 2.
_RADII = """.31 .28 1.28 .96 .84 .76 .71 .66 .57 .58 1.66 1.41 1.21 1.11 1.07 1.05 1.02 1.06 2.03 1.76 1.70 1.60 1.53 1.39
1.39 1.32 1.26 1.24 1.32 1.22 1.22 1.20 1.19 1.20 1.20 1.16 2.20 1.95 1.90 1.75 1.64 1.54 1.47 1.46 1.42 1.39 1.45 1.44
1.42 1.39 1.39 1.38 1.39 1.40 2.44 2.15 2.07 2.04 2.03 2.01 1.99 1.98 1.98 1.96 1.94 1.92 1.92 1.89 1.90 1.87 1.87 1.75
1.70 1.62 1.51 1.44 1.41 1.36 1.36 1.32 1.45 1.46 1.48 1.40 1.50 1.50 2.60 2.21 2.15 2.06 2.00 1.96 1.90 1.87 1.80 1.69"""

#: Cohesive energies, eV/atom; half the bond of diatomic gases, and 0 where none is given. Source: Kittel, Introduction to
#: Solid State Physics, chapter 3, table 1.
_COHESION = """2.24 .001 1.63 3.32 5.81 7.37 4.92 2.60 .84 .02 1.11 1.51 3.39 4.63 3.43 2.85 1.40 .08 .93 1.84 3.90 4.85 5.31 4.10
2.92 4.28 4.39 4.44 3.49 1.35 2.81 3.85 2.96 2.46 1.22 .116 .85 1.72 4.37 6.25 7.57 6.82 6.85 6.74 5.75 3.89 2.95 1.16
2.52 3.14 2.75 2.19 1.11 .16 .80 1.90 4.47 4.32 3.70 3.40 0 2.14 1.86 4.14 4.05 3.04 3.14 3.29 2.42 1.60 4.43 6.44
8.10 8.90 8.03 8.17 6.94 5.84 3.81 .67 1.88 2.03 2.18 0 0 0 0 0 0 6.20 0 5.55 4.73 3.60 0 0"""


def covalent_radii(species: NDArray[np.integer]) -> Array:
    """Covalent radius of each atom, Å; 1.5 beyond curium.

    >>> covalent_radii(np.array([1, 29]))
    array([0.31, 1.32])
    """
    return _of(_RADII, species, 1.5)


def cohesive_energies(species: NDArray[np.integer]) -> Array:
    """Cohesive energy of the element of each atom, eV; 3 where none is known.

    >>> cohesive_energies(np.array([29, 74]))
    array([3.49, 8.9 ])
    """
    return _of(_COHESION, species, 3.0)


def _of(table: str, species: NDArray[np.integer], other: float) -> Array:
    values = np.array([0.0, *map(float, table.split())])
    found = values[np.where(species < len(values), species, 0)]
    return np.where(found > 0, found, other)
