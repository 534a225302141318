"""The calculator: derivatives of its energy, agreement with the potential, what was taken off, and wrong use."""

import copy
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.emt import EMT
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from ase.optimize import BFGS
from pair_functions import Pairs

import fisherlib as fl
from fisherlib.descriptors import Soap, Zbl

SOAP = Soap(cutoff=4.0, n_max=3, l_max=2)
ALLOY = (29, 79)


def model(descriptor: Any = SOAP, species: tuple[int, ...] = ALLOY, **more: Any) -> fl.LinearPotential:
    names = descriptor.names(species)
    theta = np.random.default_rng(0).normal(size=len(names))
    about = {"descriptor": {**descriptor.parameters, "K": len(names)}} | more.pop("provenance", {})
    return fl.LinearPotential(theta=theta, descriptor_names=names, provenance=about, **more)


def crystal(symbols: str = "AuCu", *, periodic: bool = True) -> Atoms:
    atoms = bulk("Cu", a=3.6, cubic=True)
    atoms.symbols[: len(symbols) // 2] = symbols
    atoms.set_cell(atoms.cell @ [[1.0, 0.1, 0.0], [0.0, 0.95, 0.05], [0.0, 0.0, 1.02]], scale_atoms=True)
    atoms.rattle(0.1, seed=1)
    atoms.pbc = periodic
    return atoms


def test_a_reference_is_added_to_slabs_and_wires() -> None:
    about = {"reference": dict(Zbl(1.5, 3.2).parameters)}
    for pbc in ([True, True, False], [False, True, False]):
        atoms = crystal() * (1, 1, 2)
        atoms.pbc = pbc
        atoms.calc = fl.Calculator(model(provenance=about), SOAP)
        np.testing.assert_allclose(atoms.get_forces(), calculate_numerical_forces(atoms, eps=1e-4), rtol=0, atol=1e-5)


@pytest.mark.parametrize("reference", [None, Zbl(1.5, 3.2)])
@pytest.mark.parametrize("descriptor", [SOAP, Pairs(cutoff=4.0)], ids=["soap", "pairs"])
@pytest.mark.parametrize("periodic", [True, False])
def test_forces_and_stress_are_derivatives_of_the_energy(
    descriptor: Any, periodic: bool, reference: Zbl | None
) -> None:
    about = {} if reference is None else {"reference": dict(reference.parameters)}
    atoms = crystal(periodic=periodic)
    atoms.calc = fl.Calculator(model(descriptor, provenance=about), descriptor)
    forces = atoms.get_forces()
    slopes = calculate_numerical_forces(atoms, eps=1e-4)
    np.testing.assert_allclose(forces, slopes, rtol=0, atol=1e-5 * np.abs(forces).max())
    if periodic:
        stress = atoms.get_stress()
        numerical = calculate_numerical_stress(atoms, eps=1e-5)
        np.testing.assert_allclose(stress, numerical, rtol=0, atol=1e-5 * np.abs(stress).max())


def test_it_gives_what_the_potential_gives_of_data(few_walkers: fl.Dataset) -> None:
    fit = fl.regression.fisher_fit(fl.accumulate(few_walkers))
    t = next(iter(few_walkers.values())).slice(3, 5)
    calculator = fl.Calculator(fit)  # its provenance knows the descriptor
    assert calculator.descriptor == Soap() and calculator.species == (29,)
    for m, positions in enumerate(t.positions.reshape(2, 55, 3)):
        atoms = Atoms("Cu55", positions, calculator=calculator)
        one = t.slice(m, m + 1)
        assert atoms.get_potential_energy() == pytest.approx(fit.energies(one)[0], rel=1e-12)
        np.testing.assert_allclose(atoms.get_forces().ravel(), fit.forces(one), rtol=0, atol=1e-9)
        np.testing.assert_allclose(atoms.get_potential_energies(), fit.site_energies(one), rtol=1e-9)


def test_what_was_taken_off_is_added_again() -> None:
    zbl, atoms = Zbl(1.5, 3.2), crystal()
    energies, forces, stresses = [], [], []
    for about in ({}, {"reference": dict(zbl.parameters)}):
        atoms.calc = fl.Calculator(model(provenance=about), SOAP)
        energies.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces())
        stresses.append(atoms.get_stress())
    energy, force, virial = zbl(atoms)
    assert energy > 1 and energies[1] - energies[0] == pytest.approx(energy)
    np.testing.assert_allclose(forces[1] - forces[0], force, atol=1e-9)
    np.testing.assert_allclose(stresses[1] - stresses[0], -virial / atoms.get_volume(), atol=1e-9)
    assert "energies" not in atoms.calc.implemented_properties  # of a reference only the sum is known


def test_offsets_are_those_of_each_element() -> None:
    atoms = crystal()
    found = []
    for offsets in ({}, {"Cu": -3.0, "Au": -2.0}):
        atoms.calc = fl.Calculator(model(offsets=offsets), SOAP)
        found.append(atoms.get_potential_energy())
    assert found[1] - found[0] == pytest.approx(-3.0 * 3 - 2.0)


class Counted(Pairs):
    """Counts how often it is asked."""

    asked = 0

    def with_strain(self, *args: Any, **more: Any) -> Any:
        type(self).asked += 1
        return super().with_strain(*args, **more)


def test_nothing_is_computed_twice_for_one_structure() -> None:
    atoms, counted = crystal(), Counted(cutoff=4.0)
    atoms.calc = fl.Calculator(model(Pairs(cutoff=4.0)), counted)
    for _ in range(2):
        atoms.get_forces(), atoms.get_stress(), atoms.get_potential_energy(), atoms.get_potential_energies()
    assert Counted.asked == 1
    atoms.positions[0] += 0.1
    atoms.get_stress(), atoms.get_forces()
    assert Counted.asked == 2


def test_it_can_be_copied_and_sent_to_another_process() -> None:
    atoms, calculator = crystal(), fl.Calculator(model(), SOAP)
    for other in (copy.deepcopy(calculator), pickle.loads(pickle.dumps(calculator))):
        energies = []
        for one in (calculator, other):
            atoms.calc = one
            energies.append(atoms.get_potential_energy())
        assert energies[0] == energies[1]


def test_a_relaxation_ends_where_no_force_is_left() -> None:
    springs = fl.LinearPotential(theta=[3.0, 0.0], descriptor_names=Pairs(degree=1).names([29]))
    atoms = Atoms("Cu2", [[0, 0, 0], [0, 0, 2.0]], calculator=fl.Calculator(springs, Pairs(degree=1)))
    BFGS(atoms, logfile=None).run(fmax=1e-3, steps=100)
    assert np.abs(atoms.get_forces()).max() < 1e-3


def test_a_network_is_given_the_jacobian() -> None:
    class Network:
        """Tanh of a linear function of each site: a potential that needs the Jacobian."""

        name, needs_jacobian, species = "network", True, (1, 8)
        provenance: Mapping[str, Any] = {}

        def energies(self, t: fl.Trajectory) -> np.ndarray:
            return np.array([np.tanh(0.01 * t.site_descriptors.sum(axis=1)).sum()])

        def forces(self, t: fl.Trajectory) -> np.ndarray:
            slope = 0.01 / np.cosh(0.01 * t.site_descriptors.sum(axis=1)) ** 2
            F = np.zeros((len(t.site_descriptors), 3))
            np.add.at(F, t.jacobian.atoms, slope[t.jacobian.centres, None] * t.jacobian.values.sum(axis=2))
            return F.ravel()

    atoms = molecule("H2O")
    atoms.rattle(0.1, seed=0)
    atoms.calc = fl.Calculator(Network(), SOAP)
    forces, slopes = atoms.get_forces(), calculate_numerical_forces(atoms, eps=1e-4)
    np.testing.assert_allclose(forces, slopes, rtol=0, atol=1e-5 * np.abs(forces).max())


def test_the_elements_are_those_of_the_fit_and_not_of_the_structure() -> None:
    alloy, atoms = fl.Calculator(model(), SOAP), crystal("")
    atoms.calc = alloy
    assert alloy.species == ALLOY and np.isfinite(atoms.get_potential_energy())
    unnamed = fl.LinearPotential(theta=model().theta)
    assert fl.Calculator(unnamed, SOAP, species=[79, 29]).species == ALLOY
    atoms.calc = fl.Calculator(unnamed, SOAP)
    with pytest.raises(ValueError, match="^data: expected K = "):
        atoms.get_potential_energy()


def test_a_descriptor_in_json_is_the_same(tmp_path: Path) -> None:
    fl.io.write_theta(model(), tmp_path / "theta.json")
    assert fl.Calculator(fl.io.read_theta(tmp_path / "theta.json")).descriptor == SOAP


WRONG = {
    "fl.Calculator(m, Soap(cutoff=4.5, n_max=3, l_max=2))": r"^descriptor: expected that of the potential 'θ', SOAP .*\(other: cutoff\)",
    "fl.Calculator(m, Pairs(cutoff=4.0))": r"^descriptor: expected that of the potential",
    "fl.Calculator(fl.LinearPotential(theta=[1.0]))": r"^descriptor: expected that of the model in its provenance, got none",
    "fl.Calculator(bare, Soap(cutoff=4.0, n_max=2, l_max=2))": r"^descriptor: expected one that gives the .* descriptors of the model",
    "fl.Calculator(m, SOAP, species=[29])": r"^descriptor: expected one that gives the K = ",
    "fl.Calculator(m, SOAP, species=[])": r"^species: expected the atomic numbers of the fit, such as \[29\], got none",
    "fl.Calculator(SOAP, m)": r"^model: expected LinearPotential, got Soap",
    "fl.Calculator(m, Soap)": r"^descriptor: expected a descriptor, got the class Soap",
    "fl.Calculator(m, SOAP, stress='no')": r"^stress: expected True or False",
}


@pytest.mark.parametrize("slip", WRONG)
def test_what_does_not_fit_is_refused(slip: str) -> None:
    bare = fl.LinearPotential(theta=model().theta, descriptor_names=model().descriptor_names)
    given = {"fl": fl, "m": model(), "bare": bare, "SOAP": SOAP, "Soap": Soap, "Pairs": Pairs}
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(slip, given)
    assert re.search(WRONG[slip], str(caught.value)), caught.value


def test_an_unknown_element_and_a_stress_that_is_none_are_refused() -> None:
    atoms = crystal("AgAu")
    atoms.calc = fl.Calculator(model(), SOAP)
    with pytest.raises(ValueError, match="^atoms: expected elements that the potential 'θ' knows, Cu, Au, got Ag; "):
        atoms.get_potential_energy()
    cluster = crystal(periodic=False)
    cluster.calc = fl.Calculator(model(), SOAP)
    with pytest.raises(PropertyNotImplementedError, match="^stress: expected a cell that is periodic"):
        cluster.get_stress()
    cluster.pbc = True
    cluster.calc = fl.Calculator(model(), SOAP, stress=False)
    with pytest.raises(PropertyNotImplementedError):
        cluster.get_stress()


def test_elements_that_it_was_not_fitted_to_are_refused() -> None:
    # Gaussian multipoles have the same columns for all elements, so that neither names nor K tell.
    gmp, made = fl.descriptors.Gmp(cutoff=4.0, n_widths=2, l_max=1), {}
    for symbol in ("Cu", "Al"):
        many = []
        for seed in range(4):
            many.append(Atoms(f"{symbol}4", positions=[[0, 0, 0], [2.3, 0, 0], [0, 2.4, 0], [0, 0.3, 2.5]]))
            many[-1].rattle(0.1, seed=seed)
            many[-1].calc = EMT()
        made[symbol] = fl.featurise(many, gmp, workers=1, temperature=300.0, check=False)
    model = fl.regression.fisher_fit(fl.accumulate(made["Cu"]))
    model.energies(made["Cu"])
    with pytest.raises(ValueError, match="^data: expected elements that the potential 'θ_f' was fitted to, Cu, got Al"):
        model.energies(made["Al"])
    atoms = Atoms("Al2", positions=[[0, 0, 0], [0, 0, 2.5]], calculator=fl.Calculator(model, gmp))
    with pytest.raises(ValueError, match="Al"):
        atoms.get_potential_energy()
