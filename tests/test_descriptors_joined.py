"""Descriptors beside each other are those of each, and a choice among their columns is a fit of its own."""

import numpy as np
import pytest
from ase.build import molecule

import fisherlib as fl
from fisherlib.descriptors import Acsf, Chebyshev, Joined, from_parameters


class Strainless:
    """A descriptor that gives what the contract asks for, and no more."""

    parameters, limits, names, __call__ = {"name": "strainless"}, {}, lambda *_: ("a",), lambda *_, **__: None


NEAR, FAR = Acsf(cutoff=3.0, n_radial=3, n_widths=1, n_zeta=1), Chebyshev(cutoff=5.0, n_radial=4, n_angular=3)
BOTH = Joined({"near": NEAR, "far": FAR})


def test_the_columns_are_those_of_the_parts() -> None:
    water, names = molecule("H2O"), BOTH.names([1, 8])
    for label, part in BOTH.parts.items():
        at = BOTH.columns([1, 8])[label]
        assert [names[k] for k in at] == [f"{label} {name}" for name in part.names([1, 8])]
        for found, alone in zip(BOTH(water), part(water), strict=True):
            np.testing.assert_array_equal(found[:, at], alone)


def test_a_choice_of_columns_is_the_fit_of_its_descriptor() -> None:
    frames = [f.take(f.key, [0, 25]) for f in fl.io.read_frames("data/cu55_1200K.npz")[:3]]
    all_of_it = fl.accumulate(fl.featurise(frames, BOTH, workers=1))
    for label, part in BOTH.parts.items():
        chosen = all_of_it.columns(BOTH.columns([29])[label])
        alone = fl.accumulate(fl.featurise(frames, part, workers=1))
        np.testing.assert_allclose(chosen.total().PhiPhi, alone.total().PhiPhi, rtol=1e-12)
        ours, its = (fl.regression.ridge_path(m, [1e-6]).theta(1e-6) for m in (chosen, alone))
        np.testing.assert_allclose(ours, its, rtol=1e-6)


def test_it_comes_back_from_its_parameters() -> None:
    data = fl.featurise([f.take(f.key, [0]) for f in fl.io.read_frames("data/cu55_1200K.npz")[:1]], BOTH, workers=1)
    assert from_parameters(data.provenance["descriptor"]) == BOTH
    assert BOTH != Joined({"far": FAR, "near": NEAR}) and BOTH != NEAR


def test_parts_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="parts: expected at least one, got none"):
        Joined({})
    with pytest.raises(TypeError, match="parts: expected descriptors, got the class Acsf"):
        Joined({"near": Acsf})
    with pytest.raises(TypeError, match="parts: expected descriptors that know of strain, got 'far'"):
        Joined({"near": NEAR, "far": Strainless()}).with_strain(molecule("H2O"))
