"""What every featuriser of the package promises; a new one is added to the list and must pass."""

import ast
import dataclasses
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from pair_functions import Pairs
from stencil import gradient_error

import fisherlib as fl
from fisherlib import descriptors
from fisherlib.descriptors import (
    Acsf,
    Chebyshev,
    Descriptor,
    DscribeSoap,
    Gmp,
    JacobianDescriptor,
    Joined,
    Snap,
    Soap,
    StrainDescriptor,
)

FEATURISERS: dict[str, Descriptor] = {
    "SOAP": Soap(cutoff=4.0, n_max=3, l_max=2),
    "pairs": Pairs(),
    "GMP": Gmp(cutoff=5.0, n_widths=3, l_max=3),
    "SNAP": Snap(rcutfac=4.0, two_j=2, rmin0=0.1),
    "SNAP, quadratic": Snap(rcutfac=4.0, two_j=1, rmin0=0.1, quadratic=True),
    "SNAP, explicit": Snap(
        rcutfac=1.0,
        two_j=1,
        rmin0=0.1,
        radii={"H": 1.5, "O": 1.9, "Na": 2.0, "Cl": 1.8, "Cu": 2.0, "Au": 1.9},
        weights={"H": 0.5, "O": 1.0, "Na": 0.8, "Cl": 1.2, "Cu": 1.0, "Au": -0.7},
        chem=True,
        bnorm=True,
    ),
    "ACSF": Acsf(cutoff=4.0, n_radial=3, n_widths=2, n_zeta=2),
    "Chebyshev": Chebyshev(cutoff=4.0, n_radial=4, n_angular=4),
    "dscribe SOAP": DscribeSoap(cutoff=4.0, n_max=3, l_max=2),
    "joined": Joined({"near": Acsf(cutoff=3.0, n_radial=2, n_zeta=0), "far": Chebyshev(n_radial=3, n_angular=2)}),
}


def copper() -> Atoms:
    atoms = Atoms("Cu5", positions=2.5 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.8, 0.9, 0.7]]))
    atoms.rattle(0.15, seed=3)
    return atoms


def water() -> Atoms:
    atoms = molecule("H2O")
    atoms.rattle(0.1, seed=1)
    return atoms


def crystal() -> Atoms:
    atoms = bulk("NaCl", "rocksalt", a=5.6) * (2, 1, 1)
    atoms.rattle(0.1, seed=2)
    atoms.cell[0, 1] += 0.4  # sheared
    return atoms


def triclinic() -> Atoms:
    atoms = bulk("Cu", "fcc", a=3.7)  # its primitive cell
    atoms.symbols[0] = "Au"
    atoms = atoms * (1, 2, 1)
    atoms.symbols[1] = "Cu"
    atoms.set_cell(atoms.cell @ (np.eye(3) + 0.1 * np.arange(9).reshape(3, 3) / 8), scale_atoms=True)
    atoms.rattle(0.1, seed=5)
    return atoms


#: Isolated and periodic, of one element and of two.
SYSTEMS: dict[str, Callable[[], Atoms]] = {"cluster": copper, "molecule": water, "crystal": crystal}


@pytest.fixture(params=FEATURISERS)
def descriptor(request: pytest.FixtureRequest) -> Descriptor:
    return FEATURISERS[request.param]


@pytest.fixture(params=SYSTEMS)
def atoms(request: pytest.FixtureRequest) -> Atoms:
    return SYSTEMS[request.param]()


def species(atoms: Atoms) -> list[int]:
    return sorted({int(z) for z in atoms.numbers})


def of(descriptor: Descriptor, atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """(N, K) site descriptors and (N, 3, K) force descriptors."""
    D, Phi = descriptor([atoms], species=species(atoms))
    return D, Phi.reshape(len(atoms), 3, -1)


def close(found: np.ndarray, expected: np.ndarray, part: float = 1e-9) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=part * np.abs(expected).max())


def test_every_featuriser_of_the_package_is_tried() -> None:
    there = {x for x in vars(descriptors).values() if isinstance(x, type) and hasattr(x, "limits")}
    assert there - {Descriptor, JacobianDescriptor, StrainDescriptor} == {type(d) for d in FEATURISERS.values()} - {
        Pairs
    }


def test_it_is_a_frozen_value(descriptor: Descriptor) -> None:
    assert isinstance(descriptor, Descriptor)
    again = pickle.loads(pickle.dumps(descriptor))  # noqa: S301 – as a worker gets it
    assert again == descriptor and hash(again) == hash(descriptor) and again.parameters == descriptor.parameters
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(descriptor, dataclasses.fields(descriptor)[0].name, 1)


def test_its_parameters_are_all_that_decides_and_fit_into_a_file(descriptor: Descriptor) -> None:
    assert json.loads(json.dumps(descriptor.parameters)) == descriptor.parameters
    assert {"name", "library", *descriptor.limits} <= set(descriptor.parameters)
    for name in descriptor.limits:
        value = descriptor.parameters[name]
        changed = dataclasses.replace(descriptor, **{name: value + 1 if descriptor.limits[name].whole else 0.9 * value})
        assert changed.parameters != descriptor.parameters and changed != descriptor


def test_its_limits_are_kept(descriptor: Descriptor) -> None:
    for name, limit in descriptor.limits.items():
        for value in (limit.least - 1, limit.greatest + 1, np.nan, np.inf, "1", True, None):
            with pytest.raises(ValueError, match=f"^{name}: expected {limit.what} from"):
                dataclasses.replace(descriptor, **{name: value})
        if limit.whole:
            with pytest.raises(ValueError, match=f"^{name}: expected"):
                dataclasses.replace(descriptor, **{name: limit.least + 0.5})


def test_more_descriptors_come_of_what_is_said_to_grow(descriptor: Descriptor) -> None:
    for name, limit in descriptor.limits.items():
        value = descriptor.parameters[name]
        other = dataclasses.replace(descriptor, **{name: value + 1 if limit.whole else 0.9 * value})
        assert (len(other.names([1, 8])) > len(descriptor.names([1, 8]))) == limit.grows
    assert all(
        f"{name}={descriptor.parameters[name]}" in descriptors.in_words(descriptor)
        for name in descriptors.size_parameters(descriptor)
    )


def test_its_names_are_as_many_as_its_columns_and_none_twice(descriptor: Descriptor, atoms: Atoms) -> None:
    names = descriptor.names(species(atoms))
    D, Phi = descriptor([atoms], species=species(atoms))
    assert D.shape == (len(atoms), len(names)) and Phi.shape == (3 * len(atoms), len(names))
    assert D.dtype == Phi.dtype == np.float64
    assert len(set(names)) == len(names) and all(isinstance(name, str) and name for name in names)


def test_force_descriptors_are_minus_the_gradient(descriptor: Descriptor, atoms: Atoms) -> None:
    def describe(moved: Atoms) -> tuple[np.ndarray, np.ndarray]:
        return descriptor([moved], species=species(atoms))

    Phi = of(descriptor, atoms)[1]
    assert np.abs(Phi).max() > 1e-2
    # Of every column by itself, but for those that are rounding beside the others.
    assert gradient_error(describe, atoms, least=1e-4) < 1e-7


def test_one_configuration_needs_no_list_and_no_elements(descriptor: Descriptor, atoms: Atoms) -> None:
    for found, expected in zip(descriptor(atoms), descriptor([atoms], species=species(atoms)), strict=True):
        assert found.tobytes() == expected.tobytes()


def test_a_jacobian_is_minus_the_gradient_of_each_atom(descriptor: Descriptor) -> None:
    if not isinstance(descriptor, JacobianDescriptor):
        assert not hasattr(descriptor, "with_jacobian")
        return
    many, h, elements = [water(), crystal(), triclinic(), copper()], 1e-4, [1, 8, 11, 17, 29, 79]
    D, Phi = descriptor(many, species=elements)
    found, jacobian = descriptor.with_jacobian(many, species=elements)
    close(found, D, 1e-12)
    close(jacobian.force_descriptors(len(D)), Phi, 1e-12)
    start = 0
    for atoms in many:
        own, moved = jacobian.slice(start, start + len(atoms)), []
        dense = np.zeros((len(atoms), len(atoms), 3, D.shape[1]))
        np.add.at(dense, (own.centres, own.atoms), own.values)
        for j, axis in np.ndindex(len(atoms), 3):
            for sign in (1, -1):
                moved.append(atoms.copy())
                moved[-1].positions[j, axis] += sign * h
        both = descriptor(moved, species=elements)[0].reshape(len(atoms), 3, 2, len(atoms), -1)
        close(-(both[:, :, 0] - both[:, :, 1]).transpose(2, 0, 1, 3) / (2 * h), dense, 1e-6)
        start += len(atoms)


VOIGT = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]


def test_strain_descriptors_are_minus_the_derivative_by_the_strain(descriptor: Descriptor) -> None:
    if not isinstance(descriptor, StrainDescriptor):
        assert not hasattr(descriptor, "with_strain")
        return
    many, h = [crystal(), triclinic(), crystal()[:3]], 1e-5
    elements = [11, 17, 29, 79]
    D, Phi, found = descriptor.with_strain(many, species=elements)
    for alone, together in zip(descriptor(many, species=elements), (D, Phi), strict=True):
        assert alone.tobytes() == together.tobytes()
    assert found.shape == (3, 6, D.shape[1])
    for atoms, Psi in zip(many, found, strict=True):
        for (a, b), row in zip(VOIGT, Psi, strict=True):
            for i, j in {(a, b), (b, a)}:  # a rotation changes nothing, so both are the same
                both = []
                for sign in (1, -1):
                    strained, strain = atoms.copy(), np.eye(3)
                    strain[i, j] += sign * h
                    strained.set_cell(atoms.cell @ strain, scale_atoms=True)
                    both.append(descriptor([strained], species=elements)[0].sum(axis=0))
                close(-(both[0] - both[1]) / (2 * h), row, 1e-6)


def test_what_is_not_periodic_has_no_strain_descriptors(descriptor: Descriptor) -> None:
    if isinstance(descriptor, StrainDescriptor):
        D, _, found = descriptor.with_strain([crystal(), copper(), crystal()], species=[11, 17, 29])
        assert np.isfinite(D).all() and np.isfinite(found[[0, 2]]).all() and np.isnan(found[1]).all()


def test_force_descriptors_sum_to_zero_over_the_atoms(descriptor: Descriptor, atoms: Atoms) -> None:
    Phi = of(descriptor, atoms)[1]
    assert np.abs(Phi.sum(axis=0)).max() < 1e-12 * np.abs(Phi).max()


def test_a_translation_changes_nothing(descriptor: Descriptor, atoms: Atoms) -> None:
    moved = atoms.copy()
    moved.translate((1.3, -0.7, 20.1))
    for found, expected in zip(of(descriptor, moved), of(descriptor, atoms), strict=True):
        close(found, expected)


def test_a_rotation_leaves_descriptors_and_turns_force_descriptors(descriptor: Descriptor, atoms: Atoms) -> None:
    turned, axes = atoms.copy(), Atoms("H3", positions=np.eye(3))
    turned.rotate(37.0, (1, 2, 3), rotate_cell=True)
    axes.rotate(37.0, (1, 2, 3))
    (D, Phi), (D2, Phi2) = of(descriptor, atoms), of(descriptor, turned)
    close(D2, D)
    close(Phi2, np.einsum("nxk,xz->nzk", Phi, axes.positions))


def test_like_atoms_may_change_places(descriptor: Descriptor, atoms: Atoms) -> None:
    order = np.random.default_rng(0).permutation(len(atoms))
    for found, expected in zip(of(descriptor, atoms[order]), of(descriptor, atoms), strict=True):
        close(found, expected[order])


def test_a_periodic_image_is_the_same_atom(descriptor: Descriptor) -> None:
    atoms = crystal()
    D, Phi = of(descriptor, atoms)
    for found, expected in zip(of(descriptor, atoms.repeat((1, 2, 1))), (D, Phi), strict=True):
        close(found, np.concatenate([expected, expected]))
    moved = atoms.copy()
    moved.positions[1] += atoms.cell[0] - 2 * atoms.cell[2]
    close(of(descriptor, moved)[1], Phi)


def test_a_cell_that_is_not_periodic_is_no_matter(descriptor: Descriptor) -> None:
    boxed = copper()
    boxed.cell = [3.0, 3.0, 3.0]
    for found, expected in zip(of(descriptor, boxed), of(descriptor, copper()), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_every_batching_gives_the_same_bits(descriptor: Descriptor) -> None:
    rng, many = np.random.default_rng(0), []
    for n in range(21):
        many.append([copper(), crystal(), water()][n % 3][: rng.integers(1, 4)])
        many[-1].rattle(0.1, rng=rng)
    elements = [1, 8, 11, 17, 29]
    together, alone = descriptor(many, species=elements), [descriptor([a], species=elements) for a in many]
    halves = [descriptor(part, species=elements) for part in (many[:10], many[10:])]
    backwards = descriptor(many[::-1], species=elements)
    ends = np.cumsum([len(a) for a in many])
    for which, rows in ((0, 1), (1, 3)):
        turned = np.split(backwards[which], rows * np.cumsum([len(a) for a in many[::-1]])[:-1])[::-1]
        for parts in ([x[which] for x in alone], [x[which] for x in halves], turned):
            assert np.concatenate(parts).tobytes() == together[which].tobytes()
        assert len(together[which]) == rows * ends[-1]


def test_progress_counts_up_to_the_end(descriptor: Descriptor) -> None:
    calls: list[tuple[int, int]] = []
    descriptor([copper()] * 19, species=[29], progress=lambda done, total: calls.append((done, total)))
    done = [n for n, _ in calls]
    assert {total for _, total in calls} == {19} and done[-1] == 19
    assert all(a < b for a, b in zip(done, done[1:], strict=False)) and done[0] > 0


def test_an_exception_in_progress_stops_the_computation(descriptor: Descriptor) -> None:
    class Stop(Exception):
        pass

    calls: list[int] = []

    def stop(done: int, total: int) -> None:
        calls.append(done)
        raise Stop

    with pytest.raises(Stop):
        descriptor([copper()] * 40, species=[29], progress=stop)
    assert len(calls) == 1 and calls[0] < 40


def test_an_element_that_is_not_listed_is_refused(descriptor: Descriptor) -> None:
    with pytest.raises(
        ValueError, match=r"^species: expected all of \[1, 8\] that occur in the configurations, got \[8\]"
    ):
        descriptor([water()], species=[8])


def test_elements_may_stand_in_any_order(descriptor: Descriptor) -> None:
    ascending, other = [1, 8, 29], [29, 1, 8]
    try:
        D, Phi = descriptor([water()], species=other)
    except ValueError as error:
        assert "species: expected ascending atomic numbers" in str(error)
        return
    want, want_Phi = descriptor([water()], species=ascending)
    columns = {label: column for label, column in zip(map(letters, descriptor.names(ascending)), want.T, strict=True)}
    if "explicit" not in str(descriptor) and len(columns) == want.shape[1]:
        for label, column in zip(map(letters, descriptor.names(other)), D.T, strict=True):
            np.testing.assert_allclose(column, columns[label], rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.sort(D.sum(axis=0)), np.sort(want.sum(axis=0)), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose((Phi**2).sum(), (want_Phi**2).sum(), rtol=1e-10)


def letters(label: str) -> str:
    """A name whatever order its elements and their functions stand in."""
    return "".join(sorted(label))


@pytest.mark.parametrize("cell", [None, 9.0])
def test_two_atoms_in_one_place_and_none_at_all_are_refused(descriptor: Descriptor, cell: float | None) -> None:
    pair = Atoms("Cu3", positions=[[0, 0, 0], [2, 2, 2], [0, 0, 0]], cell=cell and [cell] * 3, pbc=cell is not None)
    pair.positions[2] += pair.cell.array.sum(axis=0)
    with pytest.raises(ValueError, match="positions of configuration 1: .* got atoms 0 and 2 in one"):
        descriptor([copper(), pair])
    with pytest.raises(ValueError, match="configuration 1: expected atoms, got none"):
        descriptor([copper(), Atoms(cell=pair.cell, pbc=pair.pbc)], species=[29])


def test_atoms_that_have_flown_away_are_alone(descriptor: Descriptor) -> None:
    cluster, alone = copper(), Atoms("Cu")
    flown = cluster + Atoms("Cu", positions=[[3e6, -2e7, 1.0]])
    D, Phi = descriptor(flown)
    for found, parts in zip((D, Phi), zip(descriptor(cluster), descriptor(alone), strict=True), strict=True):
        np.testing.assert_allclose(found, np.concatenate(parts), rtol=0, atol=1e-10)
    slab = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 3e6]], cell=[3, 3, 0], pbc=[True, True, False])
    with pytest.raises(ValueError, match="far longer in one direction than in another; take a smaller"):
        descriptor(slab)
    with pytest.raises(ValueError, match="far longer in one direction than in another"):
        descriptor(Atoms("Cu", cell=[3.9, 3e3, 3e3], pbc=True))
    with pytest.raises(ValueError, match="positions of configuration 0: expected Å, 1e\\+08 at most"):
        descriptor(Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 1e300]]))


def test_numbers_of_numpy_are_numbers(descriptor: Descriptor) -> None:
    for name, limit in descriptor.limits.items():
        value = descriptor.parameters[name]
        for like in (float, np.float64, *((np.int64,) if limit.whole else ())):
            other = dataclasses.replace(descriptor, **{name: like(value)})
            assert json.dumps(other.parameters) == json.dumps(descriptor.parameters) and other == descriptor
        other(copper())


def test_descriptors_too_large_for_memory_are_refused(descriptor: Descriptor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fisherlib.descriptors.memory.memory", lambda: 100)
    if type(descriptor) is not Soap:
        with pytest.raises(MemoryError, match="derivatives of K = .* take .* take fewer descriptors"):
            descriptor(copper())


def test_species_that_do_not_occur_have_empty_columns(descriptor: Descriptor) -> None:
    names = descriptor.names([1, 8, 29])
    D, Phi = descriptor([water()], species=[1, 8, 29])
    few = descriptor([water()], species=[1, 8])
    there = np.array([name in descriptor.names([1, 8]) for name in names])
    assert not D[:, ~there].any() and not Phi[:, ~there].any()
    for found, expected in zip((D, Phi), few, strict=True):
        close(found[:, there], expected, 1e-12)


# The other rooms


def test_no_other_room_knows_a_featuriser_by_name() -> None:
    package = Path(fl.__file__).parent
    names = {type(d).__name__ for d in FEATURISERS.values()} - {Pairs.__name__}
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] != "descriptors":
            used = [node for node in ast.walk(ast.parse(path.read_text())) if named(node) in names]
            assert not used, f"{path}, line {used[0].lineno}"


def named(node: ast.AST) -> str | None:
    """The name that a node of code stands for."""
    return next((getattr(node, field) for field in ("id", "attr", "name") if hasattr(node, field)), None)


def written(path: Path, atoms: Atoms, M: int) -> Path:
    """A file of moved copies, with random energies and forces."""
    rng, lines = np.random.default_rng(0), []
    for _ in range(M):
        lines += [str(len(atoms)), f'Properties=species:S:1:pos:R:3:forces:R:3 energy={rng.normal()} pbc="F F F"']
        for symbol, x in zip(atoms.symbols, atoms.positions, strict=True):
            lines.append(" ".join(map(str, [symbol, *(x + 0.1 * rng.normal(size=3)), *rng.normal(size=3)])))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_is_read_with_any_featuriser(
    descriptor: Descriptor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISHERLIB_CACHE", str(tmp_path / "kept"))  # not what another BLAS kernel has rounded
    path = written(tmp_path / "cu.xyz", copper(), 9)
    data = fl.io.read(path, descriptor=descriptor, check=False)
    want = descriptor([a for f in fl.io.read_frames(path) for a in f.atoms()], species=[29])
    (t,) = data.values()
    assert t.site_descriptors.tobytes() == want[0].tobytes() and t.force_descriptors.tobytes() == want[1].tobytes()
    assert data.provenance["descriptor"] == {**descriptor.parameters, "K": t.K}
    assert t.descriptor_names == descriptor.names([29])


def test_too_many_descriptors_are_refused_in_the_words_of_the_featuriser(tmp_path: Path) -> None:
    path = written(tmp_path / "water.xyz", water(), 1)
    for descriptor, words in (
        (
            Pairs(degree=3),
            "pairs with degree=3 has K = 16 .* for 2 elements, more than the 9 .*; take smaller degree=, such as pairs with degree=1",
        ),
        (Soap(n_max=2, l_max=1), "SOAP with n_max=2, l_max=1 has K = .*; take smaller n_max= and l_max="),
    ):
        with pytest.raises(ValueError, match=f"descriptor: {words}"):
            fl.io.read(path, descriptor=descriptor)


@pytest.mark.parametrize("given", ["soap", Soap, {"cutoff": 5.0}])
def test_what_is_no_descriptor_is_refused(given: object, tmp_path: Path) -> None:
    path = written(tmp_path / "cu.xyz", copper(), 9)
    with pytest.raises(
        TypeError, match=r"descriptor: expected a descriptor, got .*; write descriptor=descriptors\.Soap\(cutoff"
    ):
        fl.io.read(path, descriptor=given)
