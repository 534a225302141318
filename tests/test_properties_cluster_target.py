"""A cluster as a target: its measure against exact integrals, derivatives, round trips, and one labelled basin."""

import math
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from scipy.integrate import trapezoid
from scipy.spatial.transform import Rotation

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.descriptors import Gmp
from fisherlib.properties.cluster_target import ClusterTarget

TEMPERATURE = 300.0


class Springs(Calculator):
    """½ k (r − r₀)² for every pair of atoms."""

    implemented_properties = ("energy", "forces")

    def __init__(self, constants: np.ndarray, lengths: np.ndarray) -> None:
        super().__init__()
        self.constants, self.lengths = constants, lengths

    def calculate(
        self, atoms: Atoms | None = None, properties: Any = ("energy",), system_changes: Any = all_changes
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        first, second = np.triu_indices(len(self.atoms), 1)
        vectors = self.atoms.positions[second] - self.atoms.positions[first]
        r = np.linalg.norm(vectors, axis=1)
        pull = (self.constants * (r - self.lengths) / r)[:, None] * vectors
        forces = np.zeros((len(self.atoms), 3))
        np.add.at(forces, first, pull)
        np.add.at(forces, second, -pull)
        self.results = {"energy": 0.5 * (self.constants * (r - self.lengths) ** 2).sum(), "forces": forces}


def bipyramid(edge: float = 2.45) -> Atoms:
    """Seven atoms: two on the axis, and five in a ring."""
    radius = edge / (2 * math.sin(math.pi / 5))
    height, turn = math.sqrt(edge**2 - radius**2), 2 * math.pi * np.arange(5) / 5
    ring = np.stack([radius * np.cos(turn), radius * np.sin(turn), np.zeros(5)], axis=1)
    return Atoms("Cu7", [[0, 0, height], [0, 0, -height], *ring])


@pytest.fixture(scope="module")
def copper() -> ClusterTarget:
    gmp = Gmp(n_widths=2, l_max=1)
    model = fl.LinearPotential(
        theta=[0.3, -0.2, 0.5, 0.1],
        descriptor_names=gmp.names([29]),
        provenance={"descriptor": dict(gmp.parameters)},
    )
    return ClusterTarget(fl.Calculator(model, species=[29]), bipyramid(), temperature=TEMPERATURE)


def shaken(target: ClusterTarget, width: float, n: int = 5) -> np.ndarray:
    rng = np.random.default_rng(0)
    return target.coordinates(target.reference) + width * rng.normal(size=(n, target.dimension))


def slopes(target: ClusterTarget, x: np.ndarray, h: float = 2e-4) -> np.ndarray:
    """∂u/∂x by differences of fourth order."""
    steps = h * np.eye(x.shape[1])

    def u(k: int, s: int) -> np.ndarray:
        return target.energy_and_gradient(x + s * steps[k])[0]

    found = [(8 * (u(k, 1) - u(k, -1)) - (u(k, 2) - u(k, -2))) / (12 * h) for k in range(x.shape[1])]
    return np.stack(found, axis=1)


def placed(x: np.ndarray, more: np.ndarray, target: ClusterTarget) -> np.ndarray:
    """3N positions of coordinates, of a place and of an orientation (ZYZ angles)."""
    turned = target.positions(x[None])[0] @ Rotation.from_euler("ZYZ", more[3:]).as_matrix().T
    return (turned + more[:3]).ravel()


# the measure


def test_the_jacobian_is_that_of_all_coordinates() -> None:
    target = ClusterTarget(EMT(), bipyramid()[:5], temperature=TEMPERATURE)
    x, more, h = shaken(target, 0.1, 1)[0], np.array([0.3, -0.1, 0.2, 0.4, 1.1, 0.7]), 1e-3
    every = np.concatenate([x, more])

    def at(k: int, s: int) -> np.ndarray:
        moved = every + s * h * np.eye(len(every))[k]
        return placed(moved[:-6], moved[-6:], target)

    columns = [(8 * (at(k, 1) - at(k, -1)) - (at(k, 2) - at(k, -2))) / (12 * h) for k in range(len(every))]
    log_det = np.linalg.slogdet(np.stack(columns, axis=1))[1]
    # The integral of sin θ over all orientations is 8π².
    assert log_det == pytest.approx(target.log_jacobian(x[None])[0] + math.log(math.sin(more[4])), abs=1e-9)


def test_the_partition_function_of_three_atoms_is_exact() -> None:
    k, lengths = np.array([4.0, 5.0, 3.5]), np.array([2.4, 2.6, 2.2])  # eV/Å², Å: of pairs 01, 02, 12
    corner = (lengths[0] ** 2 + lengths[1] ** 2 - lengths[2] ** 2) / (2 * lengths[0])
    atoms = Atoms("Cu3", [[0, 0, 0], [lengths[0], 0, 0], [corner, math.sqrt(lengths[1] ** 2 - corner**2), 0]])
    target, n = ClusterTarget(Springs(k, lengths), atoms, temperature=TEMPERATURE), 17
    assert target.basin.contact == math.inf  # no gap between distances as these
    lines = [x + np.linspace(-0.6, 0.6, n) for x in target.coordinates(atoms)[0]]
    grid = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
    found = np.exp(-target.energy_and_gradient(grid)[0]).reshape(n, n, n)
    for line in reversed(lines):
        found = trapezoid(found, line, axis=-1)
    # In distances the measure is r01 r02 r12, and the Boltzmann factor is a product of three.
    b, r = fl.units.beta(TEMPERATURE), np.linspace(-1.0, 1.0, 401)
    exact = [trapezoid((a + r) * np.exp(-0.5 * b * s * r**2), r) for a, s in zip(lengths, k, strict=True)]
    assert math.log(found) == pytest.approx(math.log(math.prod(exact)), abs=1e-5)


# energies and derivatives


@pytest.mark.parametrize("width", [0.05, 0.4, 1.5], ids=["inside", "at the edge", "outside"])
def test_the_gradient_is_the_slope_of_u(copper: ClusterTarget, width: float) -> None:
    x = shaken(copper, width)
    inside = copper.inside(x)
    assert inside.all() if width < 0.1 else not inside.all()
    du = copper.energy_and_gradient(x)[1]
    np.testing.assert_allclose(du, slopes(copper, x), rtol=1e-7, atol=1e-6)


def test_u_is_the_energy_of_any_calculator_and_the_measure() -> None:
    target = ClusterTarget(EMT(), bipyramid(), temperature=TEMPERATURE)
    x = shaken(target, 0.05)
    frames = [Atoms("Cu7", r, calculator=EMT()) for r in target.positions(x)]
    U = np.array([atoms.get_potential_energy() for atoms in frames])
    np.testing.assert_allclose(target.energies(x), U, rtol=0, atol=1e-12)
    expected = fl.units.beta(TEMPERATURE) * U - np.log(x[:, 0] ** 2 * x[:, 2])
    np.testing.assert_allclose(target.energy_and_gradient(x)[0], expected, rtol=1e-12)


def test_one_configuration_has_the_same_u_alone_and_in_a_batch(copper: ClusterTarget) -> None:
    x = shaken(copper, 0.3)
    alone = [copper.energy_and_gradient(row[None])[0][0] for row in x]
    np.testing.assert_allclose(copper.energy_and_gradient(x)[0], alone, rtol=0, atol=1e-10)


def test_the_potential_is_not_asked_outside() -> None:
    class Counting(EMT):
        asked = 0

        def calculate(self, *args: Any, **kwargs: Any) -> None:
            self.asked += 1
            super().calculate(*args, **kwargs)

    counting = Counting()
    target = ClusterTarget(counting, bipyramid(), temperature=TEMPERATURE)
    x, before = shaken(target, 0.02), counting.asked
    x[1:, 0] *= -1
    u = target.energy_and_gradient(x)[0]
    assert counting.asked == before + 1 and (u[1:] > u[0]).all() and np.isfinite(u).all()


def test_numbers_that_are_none_are_outside(copper: ClusterTarget) -> None:
    x = shaken(copper, 0.05)
    x[0], x[1] = np.nan, np.inf
    u, du = copper.energy_and_gradient(x)
    assert copper.inside(x).tolist() == [False, False, True, True, True]
    assert np.isfinite(u).tolist() == [False, False, True, True, True] and np.isfinite(du).all()
    assert (u[:2] == np.inf).all()


@pytest.mark.parametrize("far", [1e160, 1e200, 1e308])
def test_a_flow_that_runs_away_is_outside_without_a_word(copper: ClusterTarget, far: float) -> None:
    x = shaken(copper, 0.02)
    x[0], x[1, 4] = far, far
    u, du = copper.energy_and_gradient(x)
    assert copper.inside(x).tolist() == [False, False, True, True, True]
    assert (u[:2] > u[2:].max()).all() and np.isfinite(du).all()


@pytest.mark.parametrize("wrong", [np.nan, -np.inf])
def test_energies_that_are_none_are_left_for_flows_to_refuse(wrong: float) -> None:
    class Broken(EMT):
        def calculate(self, atoms: Any = None, *args: Any) -> None:
            super().calculate(atoms, *args)
            self.results["energy"] += 0.0 if np.array_equal(atoms.positions, bipyramid().positions) else wrong

    target = ClusterTarget(Broken(), bipyramid(), temperature=TEMPERATURE)
    x = shaken(target, 0.02)
    assert target.inside(x).all() and not (target.energy_and_gradient(x)[0] > -np.inf).any()


def test_no_configurations_have_no_energies(copper: ClusterTarget) -> None:
    u, du = copper.energy_and_gradient(np.empty((0, 15)))
    assert u.shape == (0,) and du.shape == (0, 15) and copper.inside(np.empty((0, 15))).shape == (0,)


# coordinates


def test_positions_come_back_wherever_the_cluster_stands(copper: ClusterTarget) -> None:
    x = shaken(copper, 0.1)
    moved = copper.positions(x) @ Rotation.random(rng=np.random.default_rng(3)).as_matrix().T + [5.0, -3.0, 1.0]
    for frames in (moved, [Atoms("Cu7", r) for r in moved], _configurations(moved)):
        np.testing.assert_allclose(copper.coordinates(frames), x, rtol=0, atol=1e-12)
    np.testing.assert_allclose(copper.coordinates(Atoms("Cu7", moved[0])), x[:1], rtol=0, atol=1e-12)


def _configurations(positions: np.ndarray) -> Configurations:
    n, N = positions.shape[:2]
    return Configurations(
        key="a", n_atoms=np.full(n, N), numbers=np.full(n * N, 29), positions=positions.reshape(-1, 3)
    )


# the basin


def relabelled(copper: ClusterTarget, order: list[int]) -> bool:
    return bool(copper.inside(copper.coordinates(copper.positions(shaken(copper, 0.03))[:, order])).all())


def test_a_copy_that_is_a_rotation_is_inside_and_others_are_not(copper: ClusterTarget) -> None:
    assert relabelled(copper, [0, 1, 2, 3, 4, 5, 6])
    assert relabelled(copper, [0, 1, 3, 4, 5, 6, 2])  # a fifth of a turn
    assert relabelled(copper, [1, 0, 2, 6, 5, 4, 3])  # half a turn about an atom of the ring
    assert not relabelled(copper, [0, 1, 3, 2, 4, 5, 6])  # neighbours in the ring have changed places
    assert not relabelled(copper, [2, 1, 0, 3, 4, 5, 6])  # an atom of the ring on the axis
    assert not relabelled(copper, [1, 0, 2, 3, 4, 5, 6])  # a mirror image


def test_a_mirror_image_is_outside(copper: ClusterTarget) -> None:
    mirrored = copper.positions(shaken(copper, 0.03)) * [1.0, 1.0, -1.0]
    assert not copper.inside(copper.coordinates(mirrored)).any()


def test_another_isomer_and_a_cluster_that_comes_apart_are_outside(copper: ClusterTarget) -> None:
    octahedron = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [1, 1, 1]]) * 1.75
    assert not copper.inside(copper.coordinates(octahedron[None][:, [0, 2, 4, 1, 3, 5, 6]])).any()
    far = copper.positions(shaken(copper, 0.03))
    far[:, 6] *= 3.0
    near = copper.positions(shaken(copper, 0.03))
    near[:, 6] = near[:, 5] + [0.5, 0.0, 0.0]
    assert not copper.inside(copper.coordinates(far)).any() and not copper.inside(copper.coordinates(near)).any()


def test_a_wide_contact_leaves_the_handedness_alone() -> None:
    target = ClusterTarget(EMT(), bipyramid(), temperature=TEMPERATURE, contact=math.inf)
    far = target.positions(shaken(target, 0.03))
    far[:, 6] += [0.0, -6.0, 0.0]
    x = target.coordinates(far)
    assert target.inside(x).all()
    assert not target.inside(target.coordinates(far * [1.0, 1.0, -1.0])).any()


def test_chains_stay_in_the_basin_and_meet_the_energies_of_dynamics() -> None:
    springs = Springs(np.full(6, 2.0), np.full(6, 2.4))
    atoms = Atoms("Cu4", 0.85 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]))
    target = ClusterTarget(springs, atoms, temperature=TEMPERATURE)
    start = np.repeat(target.coordinates(atoms), 16, axis=0)
    chains = fl.sampling.mala(target, start, steps=120, step=0.1, every=1, seed=1)
    x = chains.x[40:].reshape(-1, target.dimension)
    assert target.inside(x).all() and 0.4 < chains.acceptance < 1.0
    # A body of 3N − 6 springs has half a kT in each of them; neither measure nor basin move that by more than a tenth.
    mean = fl.units.beta(TEMPERATURE) * target.energies(x).mean()
    assert mean == pytest.approx(target.dimension / 2, rel=0.15)


# wrong use

LINE = Atoms("Cu3", [[0, 0, 0], [2.4, 0, 0], [4.8, 0, 0]])
PERIODIC = Atoms("Cu7", bipyramid().positions, cell=[9, 9, 9], pbc=True)
WITH_EMT = Atoms("Cu7", bipyramid().positions, calculator=EMT())


class Energies:
    """It has no forces."""

    def get_potential_energy(self, atoms: Atoms | None = None) -> float:
        return 0.0


CALLS = {
    "ClusterTarget(EMT(), bipyramid()[:2], temperature=300.0)": "reference: expected 3 atoms or more, got 2",
    "ClusterTarget(EMT(), PERIODIC, temperature=300.0)": "reference: expected a cluster in open space",
    "ClusterTarget(EMT(), LINE, temperature=300.0)": "reference: expected first three atoms that span a plane",
    "ClusterTarget(EMT(), Atoms('Cu3'), temperature=300.0)": "reference: expected finite positions",
    "ClusterTarget(EMT(), bipyramid().positions, temperature=300.0)": "reference: expected Atoms",
    "ClusterTarget(EMT, bipyramid(), temperature=300.0)": "calculator: expected a calculator of ASE",
    "ClusterTarget(None, bipyramid(), temperature=300.0)": "calculator: expected a calculator of ASE",
    "ClusterTarget(WITH_EMT, WITH_EMT, temperature=300.0)": r"calculator: expected a calculator of ASE, got Atoms",
    "ClusterTarget(Energies(), bipyramid(), temperature=300.0)": "calculator: expected a calculator of ASE",
    "ClusterTarget(EMT(), bipyramid(), temperature=300.0, contact=bipyramid().get_distance(2, 4))": "which is one of them",
    "ClusterTarget(EMT(), bipyramid(), temperature=-3.0)": "temperature: expected a positive number",
    "ClusterTarget(EMT(), bipyramid(), temperature=300.0, contact=0.0)": "contact: expected more than the shortest",
    "ClusterTarget(EMT(), bipyramid(), temperature=300.0, contact=2.0)": "contact: expected more than the shortest",
    "copper.energy_and_gradient(np.zeros(15))": r"x: expected coordinates of shape \(n, 15\)",
    "copper.positions(np.zeros((1, 21)))": r"x: expected coordinates of shape \(n, 15\)",
    "copper.log_jacobian(np.zeros((1, 21)))": r"x: expected coordinates of shape \(n, 15\)",
    "copper.coordinates(Atoms('Ni7', bipyramid().positions))": "frames: expected Cu7 in open space",
    "copper.coordinates([bipyramid(), bipyramid()[:6]])": "Cu6 .* in frame 1",
    "copper.coordinates(PERIODIC)": "frames: expected Cu7 in open space",
    "copper.coordinates(np.zeros((2, 7, 3)))": "frames: expected first three atoms that span a plane",
    "copper.coordinates(np.zeros((7, 3)))": "frames: expected finite positions of shape",
    "copper.coordinates('Cu7')": "frames: expected numbers",
    "copper.coordinates([])": "frames: expected finite positions",
}


@pytest.mark.parametrize(("call", "message"), CALLS.items())
def test_wrong_use_is_answered_in_words(copper: ClusterTarget, call: str, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        eval(call, globals() | {"copper": copper})


def test_elements_that_the_potential_does_not_know_are_refused(copper: ClusterTarget) -> None:
    with pytest.raises(ValueError, match="atoms: expected elements that the potential"):
        ClusterTarget(copper.calculator, Atoms("Ni7", bipyramid().positions), temperature=TEMPERATURE)
