"""The average kernel of structures: against scikit-learn, and what it must not depend on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fisherlib.regression import structure_kernel


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**20), power=st.integers(1, 6), K=st.integers(1, 8))
def test_it_is_the_dot_product_of_scikit_learn_on_normalised_rows(seed: int, power: int, K: int) -> None:
    kernels = pytest.importorskip("sklearn.gaussian_process.kernels")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(7, K)), rng.normal(size=(4, K))
    expected = kernels.DotProduct(0.0)(preprocessing.normalize(a), preprocessing.normalize(b)) ** power
    np.testing.assert_allclose(structure_kernel(a, b, power=power), expected, rtol=0, atol=1e-12)


def test_sums_over_atoms_are_as_good_as_averages() -> None:
    rng = np.random.default_rng(0)
    p, atoms = rng.uniform(size=(6, 5)), rng.integers(1, 100, 6)
    summed = structure_kernel(p * atoms[:, None], power=2.5)
    np.testing.assert_allclose(structure_kernel(p, power=2.5), summed, rtol=1e-12)
    np.testing.assert_allclose(np.diag(summed), 1.0, rtol=1e-12)


def test_it_is_positive_semidefinite_for_whole_powers() -> None:
    K = structure_kernel(np.random.default_rng(0).normal(size=(30, 3)), power=3)
    assert np.linalg.eigvalsh(K)[0] > -1e-12 and np.array_equal(K, K.T)


@pytest.mark.parametrize("unit", [1e-200, 1e-160, 1e160, 1e300])
def test_units_do_not_matter(unit: float) -> None:
    p = np.random.default_rng(0).uniform(size=(5, 3))
    np.testing.assert_allclose(structure_kernel(unit * p, p), structure_kernel(p), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: structure_kernel([1.0, 2.0]), r"descriptors: expected \(M, K\)"),
        (lambda: structure_kernel([[1.0, 2.0], [0.0, 0.0]]), "structure 1 of length 0"),
        (lambda: structure_kernel([[1.0, np.nan]]), "structure 0 of length nan"),
        (lambda: structure_kernel([[1.0]], [[1.0, 2.0]]), "others: expected K = 1"),
        (lambda: structure_kernel([[1.0], [-1.0]], power=1.5), "power: expected a whole number"),
        (lambda: structure_kernel([[1.0]], power=0), "power"),
    ],
)
def test_wrong_descriptors_are_refused(call: object, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call()
