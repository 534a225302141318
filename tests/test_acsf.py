"""Symmetry functions against those of dscribe, closed forms and finite differences."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from dscribe.descriptors import ACSF
from stencil import ethanol, gradient_error, salt

import fisherlib as fl
from fisherlib.descriptors import Acsf

SMALL = Acsf(cutoff=4.0, inner=0.8, n_radial=4, n_widths=2, n_zeta=2)


def of_dscribe(acsf: Acsf, atoms: Atoms) -> np.ndarray:
    """Descriptors (N, K) by dscribe, put into the columns of ours: its own are not told apart by the centre."""
    species = sorted({int(z) for z in atoms.numbers})
    library = ACSF(
        species=species,
        r_cut=acsf.cutoff,
        g2_params=acsf.g2.tolist(),
        g5_params=acsf.g5.tolist() or None,
        periodic=bool(atoms.pbc.all()),
    )
    values, S, R = library.create(atoms), len(species), acsf.n_radial
    pairs, A = S * (1 + R), len(acsf.g5)
    # It has the plain cutoff function in front of G2, and pairs of elements in the order (0, 0), (1, 0), (1, 1), (2, 0) …
    radial = [values[:, s * (1 + R) + 1 : (s + 1) * (1 + R)] for s in range(S)]
    starts = [pairs + (b * (b + 1) // 2 + a) * A for a in range(S) for b in range(a, S)]
    columns = np.concatenate(radial + [values[:, start : start + A] for start in starts], axis=1)
    found = np.zeros((len(atoms), S, columns.shape[1]))
    found[np.arange(len(atoms)), np.searchsorted(species, atoms.numbers)] = columns
    return found.reshape(len(atoms), -1)


def cluster(seed: int) -> Atoms:
    atoms = bulk("Cu", cubic=True) * 2
    atoms.pbc = False
    atoms.rattle(0.2, seed=seed)
    return atoms


@pytest.mark.parametrize("acsf", [SMALL, Acsf(), Acsf(cutoff=5.0, n_zeta=0), Acsf(n_widths=1, n_zeta=1, n_radial=1)])
@pytest.mark.parametrize("atoms", [ethanol(), salt(), cluster(0)], ids=["ethanol", "salt", "copper"])
def test_values_are_those_of_dscribe(acsf: Acsf, atoms: Atoms) -> None:
    found, expected = acsf(atoms)[0], of_dscribe(acsf, atoms)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("atoms", [ethanol(), salt()], ids=["ethanol", "salt"])
def test_gradients_are_those_of_finite_differences(atoms: Atoms) -> None:
    assert gradient_error(SMALL, atoms) < 1e-7


def test_a_dimer_has_the_closed_form() -> None:
    r, D = 2.3, Acsf(n_radial=3)(Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 2.3]]))[0]
    fc = (np.cos(np.pi * r / 5.0) + 1) / 2
    eta = 1 / (2 * (4.0 / 3) ** 2)
    expected = [np.exp(-eta * (r - R) ** 2) * fc for R in (1.0, 1.0 + 4 / 3, 1.0 + 8 / 3)]
    np.testing.assert_allclose(D[:, :3], [expected, expected], rtol=1e-13)
    assert not D[:, 3:].any()


def test_an_equilateral_triangle_has_the_closed_form() -> None:
    r, acsf = 2.5, Acsf(n_radial=1, n_widths=1, n_zeta=2)
    D = acsf(Atoms("Cu3", positions=r * np.array([[0, 0, 0], [1, 0, 0], [0.5, np.sqrt(0.75), 0]])))[0]
    pair = (np.exp(-(r**2) / (2 * 25.0)) * (np.cos(np.pi * r / 5.0) + 1) / 2) ** 2
    expected = [2 ** (1 - z) * (1 + sign / 2) ** z * pair for z in (1, 3) for sign in (1, -1)]
    np.testing.assert_allclose(D[:, 1:], [expected] * 3, rtol=1e-12)


def test_an_atom_by_itself_has_none() -> None:
    D, Phi = Acsf()(Atoms("Cu"))
    assert D.shape == (1, 36) and not D.any() and not Phi.any()


def test_names_tell_elements_and_functions() -> None:
    names = SMALL.names([1, 8])
    assert names[:2] == ("H-H G2 r0", "H-H G2 r1") and names[8:12] == (
        "H-HH G5 w0 z1+",
        "H-HH G5 w1 z1+",
        "H-HH G5 w0 z1-",
        "H-HH G5 w1 z1-",
    )
    water = molecule("H2O")
    D = SMALL(water)[0]
    assert not D[water.symbols == "H"][:, [name.startswith("O-") for name in names]].any()
    assert D[water.symbols == "H"][:, [name.startswith("H-HO") for name in names]].all()


def test_too_many_elements_are_refused_before_memory_is_gone() -> None:
    assert len(Acsf().names(range(1, 6))) == 5 * (5 * 12 + 15 * 24)
    with pytest.raises(ValueError, match=r"species: expected fewer elements than 89, or smaller n_radial, .* as K = 8"):
        Acsf().names(range(1, 90))


def test_a_perfect_crystal_has_finite_slopes() -> None:
    D, Phi = Acsf()(bulk("Cu"))  # angles of 0° and 180° between neighbours and images
    assert np.isfinite(D).all() and np.abs(Phi).max() < 1e-10 * np.abs(D).max()


def test_the_angular_functions_are_linearly_independent() -> None:
    acsf = Acsf(n_radial=6, n_widths=2, n_zeta=4)
    Phi = acsf([cluster(seed) for seed in range(3)])[1]
    Phi = Phi / np.linalg.norm(Phi, axis=0)
    assert np.linalg.matrix_rank(Phi, tol=1e-9) == Phi.shape[1] == 22


def test_dense_crystals_are_cut_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = salt()
    whole = SMALL(atoms)
    monkeypatch.setattr("fisherlib.descriptors.triplets.BLOCK", 40)  # fewer than a row by itself
    for found, expected in zip(SMALL(atoms), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


def test_a_word_makes_it() -> None:
    assert fl.descriptors.from_text("acsf:cutoff=6.0,n_radial=8") == Acsf(cutoff=6.0, n_radial=8)


@pytest.mark.parametrize("inner", [5.0, 7.0])
def test_gaussians_begin_within_the_cutoff(inner: float) -> None:
    with pytest.raises(ValueError, match=f"inner: expected less than the cutoff of 5 Å, got {inner:g}"):
        Acsf(inner=inner)
