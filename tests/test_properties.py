"""Properties of potentials: against EMT and its own derivatives, with draws, dynamics that keep what they should, and wrong use."""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk, fcc100  # noqa: F401 – for the slips
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.cluster import Icosahedron
from pair_functions import Pairs
from scipy import stats

import fisherlib as fl
from fisherlib import figures, properties
from fisherlib.configurations import Configurations

PAIRS = Pairs(cutoff=4.0, degree=1)
A = 3.5898  # Å, of EMT


def stress(e: np.ndarray) -> np.ndarray:
    atoms = bulk("Cu", a=A, cubic=True)
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + e), scale_atoms=True)
    return EMT().get_stress(atoms) / units.GPa


@pytest.fixture(scope="module")
def potential() -> fl.LinearPotential:
    """Copper by a pair energy 20 eV (1 − r/r_c)³ (1 − r/(0.535 r_c)), whose minimum is near 2.6 Å."""
    about = {"descriptor": dict(PAIRS.parameters)}
    return fl.LinearPotential(theta=[20.0, -20.0 / 0.535], descriptor_names=PAIRS.names([29]), provenance=about)


# Crystals


def test_elastic_constants_are_derivatives_of_the_stress() -> None:
    found, h = properties.cubic(EMT(), bulk("Cu", a=3.6)), 1e-4
    stretch, shear = np.zeros((3, 3)), np.zeros((3, 3))
    stretch[0, 0] = h
    shear[1, 2] = shear[2, 1] = h / 2
    C11, C12 = ((stress(stretch) - stress(-stretch)) / (2 * h))[:2]
    C44 = ((stress(shear) - stress(-shear)) / (2 * h))[3]
    expected = {"C11, GPa": C11, "C12, GPa": C12, "C44, GPa": C44, "bulk modulus, GPa": (C11 + 2 * C12) / 3}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=2e-3)
    assert found["lattice constant, Å"] == pytest.approx(A, abs=1e-4)


@pytest.mark.parametrize("cell", [bulk("Cu", a=3.6, cubic=True), bulk("Cu", a=3.57)], ids=["cube", "primitive"])
def test_properties_do_not_depend_on_the_cell_that_is_given(cell: Atoms) -> None:
    reference = properties.cubic(EMT(), bulk("Cu", a=3.6))
    for name, value in properties.cubic(EMT(), cell).items():
        assert value == pytest.approx(reference[name], rel=3e-3)


def test_frequencies_are_those_of_springs_in_a_chain_of_planes() -> None:
    """At X the planes of an fcc crystal move against each other: with springs k to nearest neighbours m ω² = 8k, 4k, 4k."""
    a, k = 4.0, 2.0
    r0 = a / np.sqrt(2)
    spring = LennardJones(sigma=r0 / 2 ** (1 / 6), epsilon=k * r0**2 / 72, rc=1.2 * r0, smooth=False)  # E'' = 72 ε/r0²
    found = properties.phonons(spring, bulk("Cu", a=a), points={"X": (0.5, 0.0, 0.5)}, repeat=4, step=0.005)
    amu, ev = 1.66053906660e-27, 1.602176634e-19
    expected = [np.sqrt(n * k * ev / 1e-20 / (63.546 * amu)) / (2 * np.pi * 1e12) for n in (4, 4, 8)]
    assert list(found.values()) == pytest.approx(expected, rel=2e-3)


def test_a_vacancy_of_a_pair_potential_costs_the_energy_of_an_atom() -> None:
    """Not relaxed, E_f is −E per atom for any pair potential, as every atom loses half of the bonds that are cut."""
    lj, crystal = LennardJones(sigma=2.3, epsilon=0.3, rc=3.4, smooth=False), bulk("Cu", a=3.6, cubic=True)
    found = properties.vacancy(lj, crystal)
    assert found["vacancy energy, not relaxed, eV"] == pytest.approx(-lj.get_potential_energy(crystal) / 4, rel=1e-6)
    assert 0 < found["vacancy energy, eV"] < found["vacancy energy, not relaxed, eV"]


# Draws


def test_draws_of_what_is_linear_have_the_spread_of_the_covariance(potential: fl.LinearPotential) -> None:
    K = potential.K
    L = 0.01 * np.random.default_rng(1).normal(size=(K, K)) * np.abs(potential.theta)
    covariance = L.T @ L
    thetas = properties.theta_draws(potential.theta, covariance, 400, seed=3)
    crystal = bulk("Cu", a=A)
    D = PAIRS(crystal)[0].sum(axis=0)
    found = properties.spread(
        lambda c: {"energy, eV": c.get_potential_energy(crystal)}, potential, thetas, descriptor=PAIRS
    )
    np.testing.assert_allclose(found.draws[:, 0], thetas @ D, rtol=1e-10)
    assert found.errors[0] == pytest.approx(np.sqrt(D @ covariance @ D), rel=0.25)  # 7 σ of 400 draws
    low, high = found.interval(0.9)
    assert 0.85 < np.mean((found.draws >= low) & (found.draws <= high)) < 0.95 and found.lost == 0


def test_draws_of_few_clusters_have_wider_tails() -> None:
    wide = properties.theta_draws([0.0], [[1.0]], 20000, clusters=5, seed=0)[:, 0]
    assert np.quantile(wide, 0.975) == pytest.approx(stats.t(4).ppf(0.975), rel=0.1)


def test_a_property_of_each_draw_is_that_of_its_potential(potential: fl.LinearPotential) -> None:
    thetas = potential.theta * (1 + 0.01 * np.random.default_rng(0).normal(size=(3, potential.K)))
    what = lambda c: properties.cubic(c, bulk("Cu", a=3.6), points=5)  # noqa: E731
    ticks: list[tuple[int, int]] = []
    found = properties.spread(what, potential, thetas, descriptor=PAIRS, progress=lambda *n: ticks.append(n))
    assert ticks == [(1, 3), (2, 3), (3, 3)] and found["C11, GPa"][0] == found.values[found.names.index("C11, GPa")]
    for theta, drawn in zip((potential.theta, *thetas), (found.values, *found.draws), strict=True):
        other = fl.LinearPotential(theta=theta, descriptor_names=potential.descriptor_names)
        np.testing.assert_allclose(drawn, list(what(fl.Calculator(other, PAIRS)).values()), rtol=1e-9)


def test_a_draw_without_a_crystal_is_counted_and_left_out(potential: fl.LinearPotential) -> None:
    found = properties.spread(
        lambda c: properties.cubic(c, bulk("Cu", a=3.6)),
        potential,
        [potential.theta, -potential.theta, potential.theta],
        descriptor=PAIRS,
    )
    assert found.lost == 1 and np.isfinite(found.errors).all()
    with pytest.raises(ValueError, match="^crystal: expected a minimum of E\\(V\\) from"):
        properties.cubic(EMT(), bulk("Cu", a=4.0))


def test_draws_that_run_away_are_counted_and_others_than_the_first_are_refused(potential: fl.LinearPotential) -> None:
    def what(calculator: Any) -> dict[str, float]:
        if calculator.model.theta[0] > 20:
            raise RuntimeError("atoms run away")
        return {"a": 1.0} if calculator.model.theta[0] > 0 else {"b": 1.0}

    found = properties.spread(what, potential, [potential.theta, 2 * potential.theta], descriptor=PAIRS)
    assert found.lost == 1 and np.isnan(found["a"][1])
    assert np.isnan(properties.Spread(names=("a",), values=[1.0], draws=[[np.nan]]).interval()[0]).all()
    with pytest.raises(ValueError, match="^what: expected the same properties for each θ, \\['a'\\], got \\['b'\\]"):
        properties.spread(what, potential, [-potential.theta], descriptor=PAIRS)


def test_progress_can_stop_it(potential: fl.LinearPotential) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        properties.spread(lambda c: {"a": 1.0}, potential, [potential.theta] * 3, descriptor=PAIRS, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        properties.nve(Icosahedron("Cu", 2), EMT(), temperature=300.0, picoseconds=1.0, progress=stop)


# Dynamics


def test_constant_energy_is_kept_and_a_seed_gives_the_same_run() -> None:
    how: dict[str, Any] = {"temperature": 300.0, "picoseconds": 0.2, "timestep": 2.0, "every": 10}
    frames, again = (properties.nve(Icosahedron("Cu", 2), EMT(), **how) for _ in range(2))
    assert np.array_equal(frames.positions, again.positions) and len(frames.n_atoms) == 11
    assert abs(properties.drift(frames)) < 1.0 and np.ptp(frames.entries["total_energy"]) < 0.02
    np.testing.assert_allclose(frames.entries["time"], 0.02 * np.arange(11))
    other = properties.nve(Icosahedron("Cu", 2), EMT(), **how, seed=1)
    assert not np.array_equal(frames.positions, other.positions)


def test_constant_temperature_samples_the_ensemble_of_springs() -> None:
    """Of 3N − 3 harmonic modes the mean potential energy is (3N − 3) kT/2."""

    class Springs(EMT):
        """Every atom on a spring to the centre of mass, which is at rest."""

        def calculate(self, atoms: Atoms, *_: Any) -> None:
            x = atoms.positions
            self.results = {"energy": 2.0 * float((x**2).sum()), "free_energy": 0.0, "forces": -4.0 * x}

    N, T = 30, 600.0
    frames = properties.nvt(
        Atoms(f"Cu{N}", np.zeros((N, 3))), Springs(), temperature=T, picoseconds=20.0, burn_in=1.0, every=10
    )
    expected = (3 * N - 3) / 2 * units.kB * T
    (blocks,) = (properties.in_blocks([frames.energies[1:]]),)
    means = np.array([b.mean() for b in blocks])
    assert abs(means.mean() - expected) < 6 * means.std(ddof=1) / np.sqrt(len(means)) < 0.1 * expected
    assert frames.forces.shape == (N * len(frames.n_atoms), 3)
    np.testing.assert_allclose(frames.forces, -4.0 * frames.positions, atol=1e-6)  # without the constraint


def test_a_potential_without_a_bottom_is_told() -> None:
    falling = fl.LinearPotential(theta=[1e3, 0.0], descriptor_names=Pairs(degree=1).names([29]))
    atoms = Atoms("Cu2", [[0, 0, 0], [0, 0, 1.0]])
    with pytest.raises(
        RuntimeError, match="^atoms: expected about 300 K, got .* after .* ps: the potential has no bottom"
    ):
        properties.nve(atoms, fl.Calculator(falling, Pairs(degree=1)), temperature=300.0, picoseconds=1.0, every=10)


def test_the_run_can_be_trained_on(potential: fl.LinearPotential) -> None:
    frames = properties.nvt(bulk("Cu", a=3.6, cubic=True), EMT(), temperature=300.0, picoseconds=0.1, every=5)
    D, Phi = PAIRS(frames.atoms())
    data = fl.Dataset([frames.with_descriptors(D, Phi, PAIRS.names([29]))])
    assert fl.accumulate(data).total().configurations == 6


# Ensembles


def test_blocks_of_one_distribution_are_not_told_apart_and_those_of_two_are() -> None:
    rng = np.random.default_rng(0)
    walks = [np.repeat(rng.normal(size=8), 10) for _ in range(24)]  # as good as 8 numbers each
    p = [properties.block_test(walks[:8], walks[8:16], seed=s, exchanges=500).p for s in range(2)]
    assert min(p) > 0.01
    moved = [walk + 2.0 for walk in walks[:8]]
    found = properties.block_test(moved, walks[8:], exchanges=500)
    assert found.p < 0.01 and found.distance == pytest.approx(
        float(fl.comparison.ks(np.concatenate(moved), np.concatenate(walks[8:])))
    )


def test_the_p_value_is_uniform_where_nothing_differs() -> None:
    rng = np.random.default_rng(5)
    p = [
        properties.block_test(*np.split(rng.normal(size=(12, 1)) + 0.3 * rng.normal(size=(12, 20)), 2), exchanges=99).p
        for _ in range(120)
    ]
    assert stats.kstest(p, "uniform").pvalue > 1e-6 and 0.0 < np.mean(np.array(p) < 0.1) < 0.25


def test_the_gas_has_no_structure_and_the_crystal_has_shells() -> None:
    rng = np.random.default_rng(0)
    gas = Configurations(
        key="gas",
        n_atoms=np.full(4, 200),
        numbers=np.full(800, 29),
        positions=rng.uniform(0, 14.0, (800, 3)),
        cell=np.tile(14.0 * np.eye(3), (4, 1, 1)),
        pbc=np.ones((4, 3), bool),
    )
    r, g = properties.pair_distances(gas, bins=6)
    assert np.abs(g.mean(axis=0)[2:] - 1).max() < 0.1
    crystal = Configurations(
        key="Cu",
        n_atoms=np.array([1]),
        numbers=np.array([29]),
        positions=np.zeros((1, 3)),
        cell=bulk("Cu", a=3.6).cell.array[None],
        pbc=np.ones((1, 3), bool),
    )
    r, g = properties.pair_distances(crystal, cutoff=4.0, bins=80)
    shells, rho = 4 * np.pi * r**2 * 0.05, 4 / 3.6**3
    assert (g[0] * shells * rho)[np.abs(r - 3.6 / np.sqrt(2)) < 0.1].sum() == pytest.approx(12, rel=0.01)


# The acceptance of the issue, in short


def benchmark(root: Path) -> Any:
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import properties as loaded

        return loaded
    finally:
        sys.path.remove(str(root / "benchmarks"))
        sys.modules.pop("properties", None)


def test_copper_has_the_crystal_of_emt(root: Path) -> None:
    b = benchmark(root)
    soap = fl.descriptors.Soap(cutoff=5.0, n_max=5, l_max=3)
    runs = tuple((T, a, shear, 0) for T, a in ((100.0, 3.55), (300.0, 3.63)) for shear in (0.0, 0.02))
    data = b.training_set(0, runs=runs, configurations=3, soap=soap)
    found, drawn = b.draws(data, size=5)
    true, crystal = properties.cubic(EMT(), bulk("Cu", a=3.59)), bulk("Cu", a=3.59)
    spread = properties.spread(lambda c: properties.cubic(c, crystal), found, drawn["both"])
    own = dict(zip(spread.names, spread.values, strict=True))
    assert own["lattice constant, Å"] == pytest.approx(true["lattice constant, Å"], rel=2e-3)
    for name in ("C11, GPa", "C12, GPa", "C44, GPa"):
        assert own[name] == pytest.approx(true[name], rel=0.1)
    assert (spread.errors > 0).all()


def test_cu55_keeps_its_energy_with_theta_f(few_walkers: fl.Dataset) -> None:
    fit = fl.regression.fisher_fit(fl.accumulate(few_walkers))
    start = Atoms("Cu55", next(iter(few_walkers.values())).positions[:55])
    frames = properties.nve(start, fl.Calculator(fit), temperature=1200.0, picoseconds=0.2, timestep=4.0, every=5)
    assert np.ptp(frames.entries["total_energy"]) / 55 < 2e-3


# Figures


SPREAD = properties.Spread(
    names=("C11, GPa", "X 1, THz"), values=[171.0, 5.0], draws=[[165.0, 4.9], [170.0, 5.0], [175.0, 5.1], [np.nan] * 2]
)


def test_figures_show_values_bars_and_references() -> None:
    figure = figures.properties({"θ_f": SPREAD}, {"C11, GPa": 180.0})
    (points,) = figure.data
    assert points.y == ("C11, GPa",) and points.x[0] == pytest.approx(-5.0)
    low, high = SPREAD.interval()
    assert points.error_x.array[0] == pytest.approx(100 * (high[0] - 171.0) / 180.0)
    assert "1 draws have no such crystal" in figure.layout.title.subtitle.text
    reference, points = figures.phonon_points({"θ_f": SPREAD}, {"X 1, THz": 5.2}).data
    assert reference.y == (5.2,) and points.y[0] == 5.0 and points.x == ("X 1",)
    assert points.error_y.arrayminus[0] == pytest.approx(5.0 - low[1])
    table = figures.property_table({"θ_f": SPREAD}, {"C11, GPa": 180.0})
    assert table.loc["X 1, THz"].tolist() == ["–", "5.00 ± 0.10"]


def test_curves_begin_at_their_lowest_point_and_bands_lie_around() -> None:
    curves = {"true": {1.0: 5.1, 2.0: 5.0, 3.0: 5.2}, "θ_f": {1.0: 0.1, 2.0: 0.0, 3.0: 0.1}}
    draws = [[0.0, 0.1, 0.2], [7.2, 7.1, 7.0]]  # both 0 to 200 meV/atom
    drawn = properties.Spread(names=(1.0, 2.0, 3.0), values=[0.1, 0.0, 0.1], draws=draws)
    figure = figures.energy_curves(curves, {"θ_f": drawn})
    assert figure.data[0].y == pytest.approx([100.0, 0.0, 200.0]) and figure.data[1].fill == "toself"
    assert 190 < max(figure.data[1].y) <= 200 and figure.data[2].name == "θ_f"
    found = figures.pair_distributions({"a": ([1.0, 2.0], [0.0, 1.0], [0.0, 0.1])}, clusters=True)
    assert max(found.data[0].y) == pytest.approx(1.2) and found.layout.yaxis.title.text.endswith("1/Å")


#: Layers of two elements in a cubic cell.
LAYERS = Atoms("Au2Cu2", bulk("Cu", a=3.8, cubic=True).positions, cell=[3.8] * 3, pbc=True)
WRONG = {
    "properties.cubic(EMT, bulk('Cu'))": "calculator: expected one of ASE, .* got the class EMT",
    "properties.cubic(EMT(), 'Cu')": "crystal: expected Atoms, got str",
    "properties.cubic(EMT(), Icosahedron('Cu', 2))": "crystal: expected a periodic cubic cell along x, y and z",
    "properties.cubic(EMT(), bulk('Cu', 'hcp', a=2.5))": "crystal: expected a periodic cubic cell",
    "properties.cubic(EMT(), bulk('Cu'), strain=2)": "strain: expected a number between 0 and 0.2",
    "properties.cubic(LennardJones(sigma=2.0, rc=5.0), bulk('Cu', 'diamond', a=4.7), strain=0.15)": "crystal: expected ",
    "properties.vacancy(EMT(), bulk('Cu'), repeat=1)": "crystal: expected at least two atoms",
    "properties.vacancy(EMT(), bulk('Cu', cubic=True), steps=1, fmax=1e-9)": "steps: expected a relaxation that ends",
    "properties.phonons(EMT(), bulk('Cu'), points={'X': (0.5, 0.5)})": "points: expected three numbers for each q",
    "properties.theta_draws([1.0, 2.0], [[1.0]])": "covariance: expected shape",
    "properties.theta_draws([1.0], [[-1.0]])": "covariance: expected no negative variance",
    "properties.nve(bulk('Cu'), EMT(), temperature=300.0, picoseconds=-1)": "picoseconds: expected a positive time",
    "properties.cubic(EMT(), bulk('Cu'), shear=0)": "shear: expected a number between 0 and 0.1, got 0",
    "properties.cubic(EMT(), LAYERS)": "crystal: expected a cubic one, got a cubic cell with other atoms in it",
    "properties.vacancy(EMT(), LAYERS)": "crystal: expected one element, got Au2Cu2",
    "properties.vacancy(EMT(), fcc100('Cu', (2, 2, 2)))": "crystal: expected atoms in a cell, periodic in all",
    "properties.vacancy(EMT(), bulk('Cu'), fmax=0)": "fmax: expected a positive number",
    "properties.phonons(EMT(), Icosahedron('Cu', 2))": "crystal: expected atoms in a cell, periodic in all",
    "properties.phonons(EMT(), bulk('Cu'), step=0)": "step: expected a displacement in Å between 0 and 0.5, got 0",
    "properties.phonons(EMT(), bulk('Cu'), points={'X': (0, 0, np.nan)})": "points: expected three numbers for each q, finite",
    "properties.theta_draws([1.0], [[np.nan]])": "theta, covariance: expected K finite parameters",
    "properties.Spread(names=('a',), values=[1.0, 2.0], draws=[[1.0]])": "draws: expected values",
    "SPREAD.interval(95)": "level: expected a share between 0 and 1, got 95",
    "properties.block_test([[1.0]], [[1.0], [2.0]])": "a: expected at least 2 blocks",
    "properties.drift(Configurations(key='a', n_atoms=np.array([1])))": "frames: expected several configurations",
    "figures.properties({'a': SPREAD}, {'C99': 1.0})": "reference: expected values of some of",
}


@pytest.mark.parametrize("slip", WRONG)
def test_wrong_use_is_told_in_words(slip: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        eval(slip, globals())
    assert re.match(WRONG[slip], str(caught.value)), caught.value
