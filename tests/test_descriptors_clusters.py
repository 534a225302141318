"""Many configurations of a cluster at once: the numbers of the calculator, one by one, for every kind of potential."""

from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from pair_functions import Pairs

import fisherlib as fl
from fisherlib.descriptors import Acsf, Chebyshev, Gmp, Soap, Zbl, clusters
from fisherlib.descriptors.clusters import energies_and_forces
from fisherlib.neural import NeuralPotential

ALLOY = Atoms("CuAuCuCuAu", 2.5 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.1], [0, 0.2, 1], [1, 1, 0.9]]))
SPECIES = (29, 79)
CHEAP = [
    Acsf(cutoff=4.0, n_radial=4, n_widths=1, n_zeta=1),
    Chebyshev(cutoff=4.5, n_radial=4, n_angular=3),
    Gmp(cutoff=4.5, n_widths=3, l_max=2),
    Soap(cutoff=4.0, n_max=2, l_max=1),
    Pairs(cutoff=4.0),
]


def positions(n: int = 6, *, seed: int = 0) -> np.ndarray:
    """Loose and tight clusters, so that some pairs are beyond every cutoff."""
    rng = np.random.default_rng(seed)
    moved = ALLOY.positions + 0.15 * rng.normal(size=(n, len(ALLOY), 3))
    return moved * np.linspace(0.95, 2.2, n)[:, None, None]


def calculator(descriptor: Any, *, reference: Zbl | None = None) -> fl.Calculator:
    names = descriptor.names(SPECIES)
    about = {"descriptor": dict(descriptor.parameters)}
    about |= {} if reference is None else {"reference": dict(reference.parameters)}
    theta = np.random.default_rng(1).normal(size=len(names))
    offsets = {"Cu": -1.0, "Au": -2.0}
    model = fl.LinearPotential(theta=theta, offsets=offsets, descriptor_names=names, provenance=about)
    return fl.Calculator(model, descriptor, stress=False)


def one_by_one(calculator: Any, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = [Atoms(ALLOY.numbers, place, calculator=calculator) for place in places]
    return np.array([a.get_potential_energy() for a in found]), np.array([a.get_forces() for a in found])


def assert_same(calculator: Any, places: np.ndarray) -> None:
    for batch, alone in zip(
        energies_and_forces(calculator, ALLOY, places), one_by_one(calculator, places), strict=True
    ):
        np.testing.assert_allclose(batch, alone, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("descriptor", CHEAP, ids=lambda d: type(d).__name__)
def test_a_batch_has_the_energies_and_forces_of_the_calculator(descriptor: Any) -> None:
    assert_same(calculator(descriptor), positions())


def test_a_reference_potential_is_added() -> None:
    own = calculator(CHEAP[2], reference=Zbl(1.5, 3.2))
    assert_same(own, positions())
    bare = energies_and_forces(calculator(CHEAP[2]), ALLOY, positions())[0]
    assert np.abs(energies_and_forces(own, ALLOY, positions())[0] - bare).max() > 1.0


def test_a_network_is_given_its_jacobian() -> None:
    rng, descriptor = np.random.default_rng(2), CHEAP[2]
    K = len(descriptor.names(SPECIES))
    net = NeuralPotential(
        weights=(rng.normal(size=(3, 4)), rng.normal(size=(4, 1))),
        biases=(rng.normal(size=4), rng.normal(size=1)),
        skip=rng.normal(size=3),
        mean=np.zeros(K),
        projection=rng.normal(size=(K, 3)),
        offset=-1.0,
        provenance={"descriptor": dict(descriptor.parameters)},
        descriptor_names=descriptor.names(SPECIES),
    )
    assert_same(fl.Calculator(net, descriptor, species=SPECIES), positions())


def test_any_calculator_is_asked_in_turn() -> None:
    assert_same(EMT(), positions())


class Higher(fl.Calculator):
    """A class of the user's own, with a term of its own."""

    def calculate(self, *args: Any, **kwargs: Any) -> None:
        super().calculate(*args, **kwargs)
        self.results["energy"] += 1.0


def test_a_calculator_that_adds_to_ours_is_asked_itself() -> None:
    own = calculator(CHEAP[0])
    assert_same(Higher(own.model, own.descriptor, stress=False), positions())


def test_pieces_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    own, places = calculator(CHEAP[0]), positions()
    whole = energies_and_forces(own, ALLOY, places)
    monkeypatch.setattr(clusters, "PIECE", 1)  # one configuration in a piece
    for one, other in zip(whole, energies_and_forces(own, ALLOY, places), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_no_configurations_have_no_energies() -> None:
    for potential in (EMT(), calculator(CHEAP[0])):
        energies, forces = energies_and_forces(potential, ALLOY, np.empty((0, 5, 3)))
        assert energies.shape == (0,) and forces.shape == (0, 5, 3)


def test_positions_and_elements_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"positions: expected shape \(n, 5, 3\)"):
        energies_and_forces(EMT(), ALLOY, positions()[0])
    with pytest.raises(ValueError, match="atoms: expected elements that the potential"):
        energies_and_forces(calculator(CHEAP[0]), Atoms("Ni5", ALLOY.positions), positions())
