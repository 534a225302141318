"""The matrix that descriptors are chosen by: their correlations, tilted towards what predicts the target."""

import numpy as np

from ..arguments import kind
from ..arguments import number as one
from ..dataset import Array
from ..moments import Moments
from ..regression import Correlations
from ..regression.normal import Target

#: Eigenvalues of correlations, over their sum, below which a direction is taken for rounding.
ROUNDING = 1e-12


def refuse_mixing(mixing: float) -> None:
    """A share from 0, the target alone, to 1, the descriptors alone.

    >>> refuse_mixing(0.5)
    """
    if not 0 <= one("mixing", mixing) <= 1:
        raise ValueError(f"mixing: expected a share from 0 (target alone) to 1 (descriptors alone), got {mixing!r:.60}")


def standard(moments: Moments, target: Target | None, temperature: float | None) -> tuple[Array, Array]:
    """G (K, K) = R/K and c (K,) = r/√K: descriptors in standard units, of total variance 1, and a target of variance 1.

    >>> import fisherlib as fl
    >>> G, c = standard(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), None, None)
    >>> float(np.trace(G).round(6)), c.shape
    (1.0, (2,))
    """
    kind("moments", moments, Moments, "farthest_points(accumulate(data), 10), or of Moments.from_rows(X, y)")
    known = Correlations.of(moments, target, temperature=temperature)
    return known.R / known.K, known.r / np.sqrt(known.K)


def tilted(G: Array, c: Array, mixing: float) -> Array:
    """C̃ = α G + (1 − α) u uᵀ with u = G^(−1/2) c, of principal covariates regression.

    (de Jong & Kiers, Chemom. Intell. Lab. Syst. 14, 155 (1992); Helfrecht, Cersonsky, Fraux & Ceriotti,
    Mach. Learn.: Sci. Technol. 1, 045021 (2020), eq. 17.) Directions without variance are left out.

    >>> tilted(np.eye(2), np.array([1.0, 0.0]), 0.5)
    array([[1. , 0. ],
           [0. , 0.5]])
    """
    if mixing == 1:
        return G
    values, V = np.linalg.eigh(G)
    kept = values > ROUNDING
    u = V[:, kept] @ ((V[:, kept].T @ c) / np.sqrt(values[kept]))
    return mixing * G + (1 - mixing) * np.outer(u, u)


def without(G: Array, c: Array, chosen: int) -> tuple[Array, Array]:
    """G and c of what is left of all descriptors, and of the target, when a descriptor is projected out of them.

    >>> without(np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([1.0, 0.5]), 0)[0]
    array([[0.  , 0.  ],
           [0.  , 0.75]])
    """
    share = G[chosen] / G[chosen, chosen]
    G = G - np.outer(share, G[chosen])
    c = c - share * c[chosen]
    G[chosen], G[:, chosen], c[chosen] = 0.0, 0.0, 0.0
    return G, c
