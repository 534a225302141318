"""SOAP by dscribe: what the library gives for whole configurations, and what it must not be asked for."""

import math

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from dscribe.descriptors import SOAP
from hidden import hidden
from stencil import ethanol, gradient_error, salt

import fisherlib as fl
from fisherlib.descriptors import DscribeSoap, Soap
from fisherlib.descriptors.dscribe_soap import _soap

SMALL = DscribeSoap(cutoff=4.0, n_max=3, l_max=2)


def library(soap: DscribeSoap, species: list[int], *, periodic: bool = False) -> SOAP:
    return SOAP(
        species=species, r_cut=soap.cutoff, n_max=soap.n_max, l_max=soap.l_max, sigma=soap.width, periodic=periodic
    )


def copper() -> Atoms:
    atoms = Atoms("Cu5", positions=2.5 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.8, 0.9, 0.7]]))
    atoms.rattle(0.15, seed=3)
    return atoms


@pytest.mark.parametrize("atoms", [ethanol(), salt()], ids=["ethanol", "salt"])
def test_values_are_those_of_dscribe_in_the_columns_of_the_centre(atoms: Atoms) -> None:
    species = sorted({int(z) for z in atoms.numbers})
    values = library(SMALL, species, periodic=bool(atoms.pbc.all())).create(atoms)
    expected = np.zeros((len(atoms), len(species), values.shape[1]))
    expected[np.arange(len(atoms)), np.searchsorted(species, atoms.numbers)] = values
    np.testing.assert_allclose(
        SMALL(atoms)[0], expected.reshape(len(atoms), -1), rtol=0, atol=1e-11 * np.abs(values).max()
    )


def test_centres_move_with_their_atoms_which_dscribe_does_only_when_asked() -> None:
    atoms, everyone = copper(), list(range(5))
    Phi = SMALL(atoms)[1].reshape(5, 3, -1)
    off = {}
    for attach in (True, False):
        derivatives, _ = library(SMALL, [29]).derivatives_single(
            atoms, centers=everyone, indices=everyone, method="analytical", attach=attach
        )
        off[attach] = np.abs(-derivatives.sum(axis=0) - Phi).max() / np.abs(Phi).max()
    assert off[True] < 1e-11 and off[False] > 0.3
    assert gradient_error(SMALL, atoms) < 1e-7


@pytest.mark.parametrize("atoms", [ethanol(), salt()], ids=["ethanol", "salt"])
def test_gradients_are_those_of_finite_differences(atoms: Atoms) -> None:
    assert gradient_error(SMALL, atoms) < 1e-7


def test_names_are_the_channels_of_dscribe() -> None:
    names = SMALL.names([1, 8])
    assert names == Soap(n_max=3, l_max=2).names([1, 8])
    alone = SMALL(Atoms("O"), species=[1, 8])[0][0]  # a density around its own centre has l = 0 only
    assert {names[k] for k in np.flatnonzero(alone)} == {
        f"O-OO l0 n{a},{b}" for a, b in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    }
    D = dict(zip(names, SMALL(molecule("OH"))[0][0], strict=True))
    # With one atom of hydrogen the channels of its density and of oxygen's, l = 0, are products of coefficients.
    for a in range(3):
        assert math.isclose(D[f"O-HO l0 n{a},0"] ** 2, D[f"O-HH l0 n{a},{a}"] * D["O-OO l0 n0,0"], rel_tol=1e-9)
        assert math.isclose(D[f"O-HO l0 n0,{a}"] ** 2, D["O-HH l0 n0,0"] * D[f"O-OO l0 n{a},{a}"], rel_tol=1e-9)


def test_no_column_stands_twice() -> None:
    many = []
    for seed in range(20):
        many.append(copper())
        many[-1].rattle(0.2, seed=seed)
    D = DscribeSoap(cutoff=4.0, n_max=2, l_max=2)(many)[0]
    assert np.linalg.matrix_rank(D / np.linalg.norm(D, axis=0)) == D.shape[1] == 9


def test_it_sees_as_far_as_dscribe() -> None:
    soap = DscribeSoap(cutoff=3.0, width=0.4)
    assert math.isclose(soap.reach, 3.0 + library(soap, [29]).get_cutoff_padding())
    pair = [Atoms("Cu2", positions=[[0, 0, 0], [0, 0, soap.reach + step]]) for step in (-1e-6, 1e-6)]
    inside, outside = soap(pair, species=[29])[0].reshape(2, 2, -1)
    assert 0 < np.abs(inside - outside).max() < 1e-3 * np.abs(outside).max()  # where an atom ends


def test_a_periodic_cell_is_that_of_a_supercell_with_strain_as_of_every_featuriser_of_neighbours() -> None:
    cell = salt()
    D, Phi, Psi = SMALL.with_strain(cell)
    for found, expected in zip(SMALL.with_strain(cell.repeat((1, 2, 2))), (D, Phi, Psi), strict=True):
        times = 4 if len(found) > 1 else 1
        tiled = np.tile(expected, (times, *[1] * (found.ndim - 1))) if times > 1 else 4 * expected
        np.testing.assert_allclose(found, tiled, rtol=0, atol=1e-10 * np.abs(tiled).max())


def test_radial_functions_that_are_the_same_to_rounding_are_refused() -> None:
    with pytest.raises(ValueError, match=r"n_max: expected radial functions that dscribe can tell apart, got n_max=20"):
        DscribeSoap(n_max=20)(Atoms("Cu"))


def test_without_dscribe_the_line_is_told_that_installs_it() -> None:
    _soap.cache_clear()
    with hidden("dscribe"):
        assert DscribeSoap().names([29]) and DscribeSoap().parameters["n_max"] == 6
        with pytest.raises(ModuleNotFoundError, match=r"needs dscribe, .* pip install \"fisherlib\[dscribe\]\""):
            DscribeSoap()(Atoms("Cu"))


def test_a_word_makes_it() -> None:
    assert fl.descriptors.from_text("dscribe-soap:n_max=4") == DscribeSoap(n_max=4)
