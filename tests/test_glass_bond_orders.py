"""Bond orders of freud, fed with bonds of our own, against sums over pairs written out."""

import numpy as np
import pytest
from scipy.special import eval_legendre

from fisherlib.glass.neighbourhood import pairs
from fisherlib.glass.shells import bond_orders


@pytest.mark.parametrize("d", [2, 3])
def test_they_are_what_the_sums_over_pairs_of_neighbours_give(d: int) -> None:
    rng, L, degrees = np.random.default_rng(0), 6.0, range(1, 7)
    (found,) = pairs(rng.uniform(0, L, (20 * d, d)), np.full(d, L), 2.0)
    orders = bond_orders(found, np.full(d, L), degrees, np.array([1.0]), np.array([0.1]))
    shell = found.between(0.6, 1.4)
    w, u = np.exp(-0.5 * ((shell.distances - 1.0) / 0.1) ** 2), shell.vectors / shell.distances[:, None]
    for i in range(20 * d):
        own = shell.i == i
        cos = np.clip(u[own] @ u[own].T, -1.0, 1.0)
        share = w[own] / w[own].sum() if own.any() else w[own]
        for k, degree in enumerate(
            degrees
        ):  # |Σ w Y|² is a sum over pairs, of cosines in the plane and Legendre in space
            kernel = np.cos(degree * np.arccos(cos)) if d == 2 else eval_legendre(degree, cos)
            assert orders[i, k] == pytest.approx(np.sqrt(max(share @ kernel @ share, 0.0)), abs=2e-3)
