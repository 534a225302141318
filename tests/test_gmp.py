"""Gaussian multipoles against integrals, derivatives and crystals computed otherwise, the densities and harmonics in them."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.data import chemical_symbols
from scipy.special import sph_harm_y

from fisherlib.descriptors import Gmp, from_text
from fisherlib.descriptors.densities import density_of, slater
from fisherlib.descriptors.harmonics import derivatives, solid_harmonics

#: Densities that nobody has fitted.
OWN = {"Cu": ((1.5, 0.2), (2.0, 0.5)), "Au": ([2.5, -0.3], [1.6, 0.4])}


def alloy() -> Atoms:
    atoms = Atoms("CuAuCuAu", positions=[[0, 0, 0], [2.5, 0.1, 0.2], [0.3, 2.6, -0.4], [-0.9, -1.2, 2.2]])
    atoms.rattle(0.1, seed=0)
    return atoms


def water() -> Atoms:
    atoms = molecule("H2O")
    atoms.rattle(0.05, seed=1)
    return atoms


def crystal() -> Atoms:
    atoms = bulk("CuAu", "rocksalt", a=5.2)
    atoms.rattle(0.1, seed=2)
    return atoms


def integral(gmp: Gmp, atoms: Atoms, centre: int, width: float, degree: int, step: float) -> float:
    """D_σl as it is defined: Σ_m of the squared overlaps, by the trapezoid rule on a product grid around an atom.

    It converges exponentially for what decays like a Gaussian, as soon as the step is as small as the narrowest one.
    """
    axis = np.arange(-40, 41) * step
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    density, r = np.zeros((81, 81, 81)), np.sqrt(x * x + y * y + z * z)
    for Z, (a, b, c) in zip(atoms.numbers, atoms.positions - atoms.positions[centre], strict=True):
        d = np.sqrt(a * a + b * b + c * c)
        u = max(0.0, 1 - (gmp.cutoff - d) / (gmp.fade * gmp.cutoff))
        fading = 0.0 if d > gmp.cutoff else 1 - 10 * u**3 + 15 * u**4 - 6 * u**5
        for B, beta in zip(*density_of(int(Z), gmp.densities), strict=True):
            density += fading * B * np.exp(-beta * ((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2))
    weighted = (
        density * np.exp(-(r**2) / (2 * width**2)) / (2 * np.pi * width**2) ** 1.5 * (r / width) ** degree * step**3
    )
    there = np.abs(weighted) > 1e-13 * weighted.max()
    theta = np.arccos(np.divide(z + 0 * r, r, out=np.ones_like(r), where=r > 0))[there]
    phi = (np.arctan2(y, x) + 0 * r)[there]
    overlaps = [weighted[there] @ sph_harm_y(degree, m, theta, phi) for m in range(-degree, degree + 1)]
    return float(4 * np.pi / (2 * degree + 1) * np.sum(np.abs(overlaps) ** 2))


@pytest.mark.parametrize(
    ("gmp", "atoms", "step"),
    [
        (Gmp(n_widths=2, l_max=5, largest=1.2, densities=OWN), alloy(), 0.2),
        (Gmp(n_widths=2, l_max=4, smallest=0.6, largest=1.2, fade=0.05), alloy(), 0.2),  # all of them count in full
        (Gmp(n_widths=2, l_max=3, cutoff=2.0, fade=1.0, largest=1.0), water(), 0.12),
    ],
    ids=["own densities", "Slater's, no taper", "water"],
)
def test_order_norms_are_the_integrals_that_define_them(gmp: Gmp, atoms: Atoms, step: float) -> None:
    D = gmp(atoms)[0].reshape(len(atoms), gmp.l_max + 1, -1)
    for degree, n in itertools.product(range(gmp.l_max + 1), range(2)):
        found = integral(gmp, atoms, 1, gmp.widths[n], degree, step)
        np.testing.assert_allclose(D[1, degree, n], found, rtol=1e-6)


@pytest.mark.parametrize("atoms", [alloy(), crystal(), water()], ids=["alloy", "crystal", "water"])
@pytest.mark.parametrize(
    "gmp", [Gmp(n_widths=3), Gmp(n_widths=2, l_max=8, cutoff=5.0, fade=1.0)], ids=["default", "l8"]
)
def test_derivatives_by_finite_differences_of_fourth_order(gmp: Gmp, atoms: Atoms) -> None:
    h, moved = 1e-3, []
    for i, axis, step in itertools.product(range(len(atoms)), range(3), (-2, -1, 1, 2)):
        moved.append(atoms.copy())
        moved[-1].positions[i, axis] += step * h
    D, jacobian = gmp.with_jacobian(atoms)
    N, K = D.shape
    far, near, ahead, farther = gmp(moved)[0].reshape(N, 3, 4, N, K).transpose(2, 3, 0, 1, 4)
    wanted = -(far - 8 * near + 8 * ahead - farther) / (12 * h)
    found = np.zeros((N, N, 3, K))
    np.add.at(found, (jacobian.centres, jacobian.atoms), jacobian.values)
    assert (np.abs(found - wanted).max(axis=(0, 1, 2)) <= 1e-7 * np.abs(wanted).max(axis=(0, 1, 2))).all()
    Phi, sums = gmp(atoms)[1].reshape(N, 3, K), wanted.sum(axis=0)
    assert (np.abs(Phi - sums).max(axis=(0, 1)) <= 1e-7 * np.abs(wanted).max(axis=(0, 1, 2))).all()


def test_a_crystal_is_a_large_cluster_around_the_atom() -> None:
    atoms, gmp = crystal(), Gmp()
    cluster = atoms.repeat(7)
    middle = 2 * (3 * 49 + 3 * 7 + 3)  # of the cell in the middle
    cluster.pbc = False
    D, found = gmp(atoms)[0], gmp(cluster)[0][middle : middle + 2]
    np.testing.assert_allclose(found, D, rtol=1e-10, atol=1e-12 * np.abs(D).max())


def test_every_norm_but_the_first_of_an_inversion_centre_is_flat_or_even() -> None:
    """Odd norms vanish with their gradient there, which is why they are squared."""
    gmp = Gmp(n_widths=2, l_max=3)
    D, jacobian = gmp.with_jacobian(bulk("Cu", a=3.6))
    D = D.reshape(4, 2)
    assert (np.abs(D[[1, 3]]) < 1e-25).all() and (D[0] > 1e-3).all() and np.isfinite(jacobian.values).all()


def test_an_isolated_atom_has_its_own_density_only() -> None:
    gmp = Gmp(n_widths=2, l_max=2, densities={"Cu": (1.5, 2.0)})
    D, Phi = gmp(Atoms("Cu"))
    own = 1.5 / (1 + 2 * 2.0 * gmp.widths**2) ** 1.5
    np.testing.assert_allclose(D[0], [*own**2, 0, 0, 0, 0], rtol=1e-12)
    assert not Phi.any() and Phi.shape == (3, 6)


def test_atoms_fade_away_smoothly_before_the_cutoff() -> None:
    gmp = Gmp(cutoff=4.0, fade=0.2)
    pair = [Atoms("Cu2", positions=[[0, 0, 0], [0, 0, d]]) for d in (3.9, 3.99, 3.999, 4.0)]
    slopes = [np.abs(gmp(atoms)[1]).max() for atoms in pair]
    assert slopes[0] > 50 * slopes[1] > 50 * 50 * slopes[2] > 0 and slopes[3] == 0


def test_atoms_that_are_almost_in_one_place_are_no_special_case() -> None:
    pair = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 2e-6]])
    both, one = Gmp(fade=1.0)(pair), Gmp(fade=1.0)(Atoms("Cu"))
    np.testing.assert_allclose(both[0], [4 * one[0][0]] * 2, rtol=1e-9, atol=1e-9)
    assert np.abs(both[1]).max() < 1e-2


def test_elements_are_told_apart_by_their_densities_alone() -> None:
    atoms, copper = alloy(), alloy()
    copper.symbols[:] = "Cu"
    same = {"Cu": OWN["Cu"], "Au": OWN["Cu"]}
    for found, expected in zip(Gmp(densities=same)(atoms), Gmp(densities=OWN)(copper), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    assert not np.allclose(Gmp(densities=OWN)(atoms)[0], Gmp(densities=same)(atoms)[0], rtol=1e-3)


def test_densities_are_a_part_of_the_value() -> None:
    gmp = Gmp(densities=OWN)
    assert gmp == Gmp(densities=dict(reversed(OWN.items()))) and hash(gmp) == hash(dataclasses.replace(gmp))
    assert gmp != Gmp() and gmp.parameters != Gmp().parameters
    assert json.loads(json.dumps(gmp.parameters)) == gmp.parameters
    again = Gmp(densities=gmp.parameters["densities"])
    assert again == gmp and from_text("gmp:l_max=2,fade=0.5") == Gmp(l_max=2, fade=0.5)
    assert json.dumps(Gmp(cutoff=6).parameters) == json.dumps(Gmp(cutoff=6.0).parameters)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        [],
        29,
        "Slater",
        {"Cu": 1.0},
        {"Cu": ([1.0], [1.0, 2.0])},
        {"Cu": ([], [])},
        {"Cu": ([1.0], [-1.0])},
        {"Cu": ([1.0], [np.nan])},
        {"Cu": ([np.inf], [1.0])},
        {"Cu": ([0.0], [1.0])},
        {"Cu": (["a"], [1.0])},
        {"Xx": ([1.0], [1.0])},
        {29: ([1.0], [1.0])},
        {"Cu": ([1.0], [1.0], [1.0])},
    ],
)
def test_wrong_densities_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r'^densities: expected \{"Cu": \(B, β\), …\} with as many amplitudes'):
        Gmp(densities=wrong)


def test_an_element_without_a_density_is_refused_where_others_have_one() -> None:
    with pytest.raises(ValueError, match=r"^densities: expected one for H too, got those of Cu, Au|Au, Cu; add it"):
        Gmp(densities=OWN)(Atoms("HCu", positions=[[0, 0, 0], [0, 0, 2]]))


def test_widths_are_a_geometric_series_and_in_order() -> None:
    np.testing.assert_allclose(Gmp(n_widths=3, smallest=0.5, largest=2.0).widths, [0.5, 1.0, 2.0])
    assert len(set(Gmp(n_widths=30, smallest=1.0, largest=1.1).names([29]))) == 30 * 6
    with pytest.raises(ValueError, match=r"^largest: expected at least 1.1 times the smallest width of 3 Å, got 2"):
        Gmp(smallest=3.0)


# Valence densities


def test_valence_densities_hold_the_valence_electrons() -> None:
    charges = {}
    for Z in range(1, 119):
        B, beta = map(np.array, slater(Z))
        charges[chemical_symbols[Z]] = float((B * (np.pi / beta) ** 1.5).sum())
        assert (B > 0).all() and 1 <= len(B) <= 6
    wanted = {
        "H": 1,
        "He": 2,
        "Li": 1,
        "C": 4,
        "Ne": 8,
        "Si": 4,
        "Fe": 8,
        "Ni": 10,
        "Cu": 11,
        "Zn": 12,
        "Ga": 3,
        "Mo": 6,
    }
    wanted |= {"Pd": 10, "Ag": 11, "In": 3, "Nd": 6, "Yb": 16, "Hf": 4, "W": 6, "Pt": 10, "Au": 11, "Pb": 4, "Rn": 8}
    assert {symbol: round(charges[symbol], 4) for symbol in wanted} == wanted


@pytest.mark.parametrize(
    ("number", "shells"), [(1, [(1, 1.0, 1.0)]), (6, [(4, 3.25 / 2, 2.0)]), (14, [(4, 4.15 / 3, 3.0)])]
)
def test_a_fit_is_near_the_orbitals_of_slater(number: int, shells: list[tuple[int, float, float]]) -> None:
    """Effective charges of H, C and Si as textbooks have them: 1, 3.25 and 4.15."""
    a0, r = 0.529177, np.linspace(1e-3, 8, 4001)
    orbitals = [n * r ** (2 * power) * np.exp(-2 * zeta * r / a0) for n, zeta, power in shells]
    wanted = np.sum([n * o / np.trapezoid(o, r) for (n, *_), o in zip(shells, orbitals, strict=True)], axis=0)
    B, beta = map(np.array, slater(number))
    found = 4 * np.pi * r**2 * (B[:, None] * np.exp(-beta[:, None] * r**2)).sum(axis=0)
    np.testing.assert_allclose(r @ found / found.sum(), r @ wanted / wanted.sum(), rtol=0.03)  # the mean radius
    assert np.abs(found - wanted).sum() < 0.2 * wanted.sum()


# Solid harmonics


def test_solid_harmonics_are_those_of_scipy() -> None:
    r = 2 * np.random.default_rng(0).normal(size=(5, 4, 3))
    d = np.linalg.norm(r, axis=-1)
    theta, phi = np.arccos(r[..., 2] / d), np.arctan2(r[..., 1], r[..., 0])
    for degree, found in enumerate(solid_harmonics(r, 8)):
        assert found.shape == (5, 4, 2 * degree + 1)
        for m in range(-degree, degree + 1):
            Y = sph_harm_y(degree, abs(m), theta, phi) * (-1) ** m  # without the phase
            real = Y.real if m == 0 else np.sqrt(2) * (Y.real if m > 0 else Y.imag)
            expected = np.sqrt(4 * np.pi / (2 * degree + 1)) * d**degree * real
            np.testing.assert_allclose(found[..., m + degree], expected, atol=1e-11 * np.abs(found).max())


def test_their_gradients_are_made_of_those_one_degree_lower() -> None:
    r, h = np.random.default_rng(1).normal(size=(20, 3)), 1e-3
    values = [solid_harmonics(r + step * h * np.eye(3)[:, None], 8) for step in (-2, -1, 1, 2)]
    for degree in range(1, 9):
        far, near, ahead, farther = (v[degree] for v in values)
        wanted = (far - 8 * near + 8 * ahead - farther) / (12 * h)
        found = np.einsum("xmk,pk->xpm", derivatives(degree), solid_harmonics(r, 8)[degree - 1])
        np.testing.assert_allclose(found, wanted, atol=1e-9 * np.abs(wanted).max())


def test_they_are_polynomials_and_finite_where_angles_are_not() -> None:
    assert [h.tolist() for h in solid_harmonics(np.zeros(3), 2)] == [[1.0], [0.0] * 3, [0.0] * 5]
