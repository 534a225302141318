"""Clusters of mobile particles against the components of a graph of all near pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

import fisherlib as fl


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**20), d=st.sampled_from([2, 3]), share=st.floats(0.05, 0.9))
def test_they_are_the_components_of_the_graph_of_near_pairs(seed: int, d: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    L = np.array([9.0, 7.0, 8.0])[:d]
    x, mobile = rng.uniform(-2 * L, 2 * L, size=(60, d)), rng.random(60) < share
    labels = fl.glass.mobile_clusters(x, mobile, L, reach=1.5)
    apart = x[mobile, None] - x[None, mobile]
    near = np.linalg.norm(apart - L * np.round(apart / L), axis=-1) < 1.5
    assert (labels[~mobile] == -1).all()
    number, expected = connected_components(csr_array(near), directed=False)
    assert len(set(zip(labels[mobile], expected, strict=True))) == number == len(set(labels[mobile]))
    sizes = np.bincount(labels[mobile])
    assert (np.diff(sizes) <= 0).all()  # the largest has the number 0


def test_a_box_may_be_one_number_and_nobody_need_be_mobile() -> None:
    x = np.random.default_rng(0).uniform(0, 5, (20, 3))
    assert (fl.glass.mobile_clusters(x, np.zeros(20, bool), 5.0) == -1).all()
    assert fl.glass.mobile_clusters(x, np.ones(20, bool), 5.0, reach=2.49).max() == 0


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"positions": np.zeros(5)}, r"positions: expected \(particles, 2 or 3\) finite numbers, got shape \(5,\)"),
        ({"mobile": np.ones(4, bool)}, r"mobile: expected 5, one for each particle, got shape \(4,\)"),
        ({"mobile": np.linspace(0, 1, 5)}, "mobile: expected True and False"),
        ({"box": [1.0, -1.0]}, "box: expected 2 lengths > 0, or one"),
        ({"reach": 3.0}, "reach: expected less than half the box, 3, got 3"),
    ],
)
def test_what_is_no_configuration_is_refused(changed: dict, sentence: str) -> None:
    given = {"positions": np.zeros((5, 2)), "mobile": np.ones(5, bool), "box": [6.0, 6.0], "reach": 1.4} | changed
    with pytest.raises(ValueError, match=sentence):
        fl.glass.mobile_clusters(given["positions"], given["mobile"], given["box"], reach=given["reach"])


def test_particles_far_off_count_as_their_images() -> None:
    x, mobile = np.random.default_rng(0).uniform(0, 12, (80, 2)), np.arange(80) % 2 == 0
    wanted = fl.glass.mobile_clusters(x, mobile, 12.0)
    assert wanted.max() > 2
    assert np.array_equal(fl.glass.mobile_clusters(x + 12.0 * 2**24, mobile, 12.0), wanted)
    with pytest.raises(ValueError, match="positions: expected less than"):
        fl.glass.mobile_clusters(x + 1e300, mobile, 12.0)
