"""Chebyshev descriptors against a loop over triplets, closed forms and finite differences."""

import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from numpy.polynomial.chebyshev import chebval
from stencil import ethanol, gradient_error, salt

import fisherlib as fl
from fisherlib.descriptors import Chebyshev
from fisherlib.descriptors.chebyshev import polynomials

# No two atoms of these tests are so far apart: the cutoff function has a jump in its second derivative there.
SMALL = Chebyshev(cutoff=4.0, angular_cutoff=3.3, n_radial=4, n_angular=5)


def cutoff(r: float, r_c: float) -> float:
    return (np.cos(np.pi * r / r_c) + 1) / 2 if r < r_c else 0.0


def by_loops(chebyshev: Chebyshev, atoms: Atoms) -> np.ndarray:
    """The definition, one neighbour and one pair of them after the other, with images of the nearest cells."""
    species = sorted({int(z) for z in atoms.numbers})
    shifts = list(itertools.product((-2, -1, 0, 1, 2), repeat=3)) if atoms.pbc.all() else [(0, 0, 0)]
    D = np.zeros((len(atoms), len(species), min(len(species), 2), chebyshev.n_radial + chebyshev.n_angular))
    for i, x in enumerate(atoms.positions):
        there = []
        for j, shift in itertools.product(range(len(atoms)), shifts):
            r = atoms.positions[j] + np.array(shift) @ np.array(atoms.cell) - x
            if 0 < np.linalg.norm(r) < chebyshev.cutoff:
                there.append((r, np.linalg.norm(r), float(atoms.numbers[j])))
        for weights, rows in enumerate(D[i, species.index(atoms.numbers[i])]):
            for _, d, z in there:
                w = z if weights else 1.0
                rows[: chebyshev.n_radial] += (
                    w * chebval(2 * d / chebyshev.cutoff - 1, np.eye(chebyshev.n_radial)) * cutoff(d, chebyshev.cutoff)
                )
            for (r, d, z), (s, e, y) in itertools.combinations(there, 2):
                w, end = z * y if weights else 1.0, chebyshev.angular_cutoff
                rows[chebyshev.n_radial :] += (
                    w * chebval(r @ s / (d * e), np.eye(chebyshev.n_angular)) * cutoff(d, end) * cutoff(e, end)
                )
    return D.reshape(len(atoms), -1)


@pytest.mark.parametrize("atoms", [ethanol(), salt(), bulk("Cu") * (2, 1, 1)], ids=["ethanol", "salt", "copper"])
def test_values_are_those_of_the_definition(atoms: Atoms) -> None:
    found, expected = SMALL(atoms)[0], by_loops(SMALL, atoms)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("atoms", [ethanol(), salt()], ids=["ethanol", "salt"])
def test_gradients_are_those_of_finite_differences(atoms: Atoms) -> None:
    assert gradient_error(SMALL, atoms) < 1e-7


def test_polynomials_and_their_slopes_are_those_of_numpy() -> None:
    x = np.linspace(-1, 1, 9)
    for n, (T, slope) in enumerate(polynomials(x, 12)):
        expected = np.polynomial.Chebyshev.basis(n)
        np.testing.assert_allclose(T, expected(x), rtol=0, atol=1e-13)
        np.testing.assert_allclose(slope, expected.deriv()(x), rtol=0, atol=1e-11)
    assert n == 11


def test_a_dimer_and_an_atom_by_itself_have_the_closed_form() -> None:
    D = Chebyshev(n_radial=3)(Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 2.0]]))[0]
    fc = (np.cos(np.pi * 0.4) + 1) / 2
    np.testing.assert_allclose(D[:, :3], [[fc, -0.2 * fc, (2 * 0.04 - 1) * fc]] * 2, rtol=1e-13)
    assert not D[:, 3:].any()
    D, Phi = Chebyshev()(Atoms("Cu"))
    assert not D.any() and not Phi.any()


def test_with_several_elements_a_second_set_is_weighted_by_the_element_alone() -> None:
    water, names = molecule("H2O"), SMALL.names([1, 8])
    assert names[0] == "H distance 0" and names[9] == "H weighted distance 0" and len(names) == 36
    assert SMALL.names([29]) == tuple(name for name in SMALL.names([29, 79]) if name[:4] in ("Cu d", "Cu a"))
    D = SMALL(water)[0]
    oxygen = D[water.symbols == "O"][0]
    np.testing.assert_allclose(oxygen[27:], oxygen[18:27], rtol=1e-13)  # its neighbours are hydrogen, of weight 1
    alone = molecule("O2")
    D = SMALL(alone, species=[1, 8])[0]
    np.testing.assert_allclose(D[:, 27:31], 8 * D[:, 18:22], rtol=1e-13)
    more = SMALL(water, species=[1, 8, 29])[0]
    assert more[:, :36].tobytes() == SMALL(water)[0].tobytes()


def test_angles_and_distances_can_be_left_out_or_few() -> None:
    assert Chebyshev(n_angular=0, n_radial=1)(salt())[0].shape == (4, 4)


def test_a_word_makes_it() -> None:
    assert fl.descriptors.from_text("chebyshev:cutoff=6.0,n_angular=8") == Chebyshev(cutoff=6.0, n_angular=8)


def test_angles_end_within_the_cutoff() -> None:
    with pytest.raises(ValueError, match="angular_cutoff: expected no more than the cutoff of 3 Å, got 3.5"):
        Chebyshev(cutoff=3.0)
