"""SOAP descriptors: what the columns are, no column twice, and what is refused. The rest is in the contract."""

import re
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

import fisherlib as fl
from fisherlib.descriptors import Gmp, Soap, from_text

SMALL = Soap(cutoff=4.0, n_max=3, l_max=2)


def water() -> Atoms:
    atoms = molecule("H2O")
    atoms.rattle(0.1, seed=1)
    return atoms


@pytest.mark.parametrize(("species", "n_max", "l_max"), [((29,), 6, 4), ((1, 8), 3, 2), ((1, 6, 8), 2, 1)])
def test_the_names_are_as_many_as_the_columns_and_none_twice(species: tuple[int, ...], n_max: int, l_max: int) -> None:
    names = Soap(n_max=n_max, l_max=l_max).names(species)
    same, pairs = n_max * (n_max + 1) // 2, len(species) * (len(species) - 1) // 2
    K = len(species) * (l_max + 1) * (len(species) * same + pairs * n_max**2)
    assert len(names) == len(set(names)) == K
    if set(species) != {1, 6, 8}:
        atoms = Atoms(
            numbers=[*species, *species], positions=np.random.default_rng(0).normal(size=(2 * len(species), 3))
        )
        sites, Phi = Soap(n_max=n_max, l_max=l_max)([atoms], species=species)
        assert sites.shape == (2 * len(species), K) and Phi.shape == (6 * len(species), K)


def test_the_names_say_which_species_a_column_is_about() -> None:
    names = SMALL.names((1, 8))
    sites = SMALL([water()], species=(1, 8))[0]
    centre = np.array([name.split("-")[0] for name in names])
    oxygen = np.array(["O" in name.split("-")[1].split()[0] for name in names])
    numbers = water().numbers
    assert np.all(sites[numbers == 1][:, centre == "O"] == 0) and np.all(sites[numbers == 8][:, centre == "H"] == 0)
    hydrogen = np.array([name.startswith("O-HH") for name in names])
    assert np.all(sites[numbers == 8][:, hydrogen] != 0)
    # Two hydrogen atoms alone: every column with an oxygen neighbour is empty, the others stay as for the pair.
    pair = water()[water().numbers == 1]
    apart = pair + Atoms("O", positions=[[50.0, 0, 0]])
    alone = SMALL([water(), apart], species=(1, 8))[0][3:5]
    assert np.all(alone[:, oxygen] == 0) and np.abs(alone[:, (centre == "H") & ~oxygen]).min() > 0
    np.testing.assert_allclose(alone[:, (centre == "H") & ~oxygen], SMALL([pair], species=(1,))[0], rtol=1e-9)


def test_the_names_say_which_channels_a_column_is_about() -> None:
    # One neighbour in z: the expansion coefficients factorise, so p(n, n', l) = p(n, n, l)^½ p(n', n', l)^½ up to sign.
    sites = SMALL([Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 2.2]])], species=(29,))[0][0]
    p = dict(zip(SMALL.names((29,)), sites, strict=True))
    for degree in range(1, 3):  # l = 0 also counts the centre itself
        for n, m in ((0, 1), (0, 2), (1, 2)):
            product = p[f"Cu-CuCu l{degree} n{n},{n}"] * p[f"Cu-CuCu l{degree} n{m},{m}"]
            # Pairs (n, m) and (m, n) are one column, stored once; its factor is the same for all.
            assert p[f"Cu-CuCu l{degree} n{n},{m}"] ** 2 == pytest.approx(product, rel=1e-8)


def test_no_descriptor_of_the_shipped_data_is_there_twice(copper_moments: fl.Moments) -> None:
    loss = fl.fisher(copper_moments)
    assert fl.solve(loss).rank == loss.K == 105
    d = np.sqrt(np.diag(loss.A))
    assert np.abs(loss.A / np.outer(d, d) - np.eye(105)).max() < 1 - 1e-9


def test_a_lone_atom_has_descriptors_and_no_force_descriptors() -> None:
    sites, Phi = SMALL([Atoms("Cu")], species=(29,))
    assert np.abs(sites).max() > 0 and np.all(Phi == 0)


def test_atoms_out_of_reach_of_one_another_have_descriptors() -> None:
    sites, Phi = SMALL([Atoms("OH", positions=[[0, 0, 0], [50.0, 0, 0]])], species=(1, 8))
    assert np.abs(sites).max(axis=1).min() > 0 and np.all(Phi == 0)


def test_configurations_of_other_compositions_share_their_descriptors() -> None:
    # Eight carbon-free configurations are a batch of their own.
    sites, _ = SMALL([water()] * 8 + [molecule("CH4")], species=(1, 6, 8))
    names, numbers = SMALL.names((1, 6, 8)), np.concatenate([np.tile(water().numbers, 8), molecule("CH4").numbers])
    carbon = np.array([name.startswith("C-") for name in names])
    assert np.all(sites[numbers != 6][:, carbon] == 0) and np.abs(sites[numbers == 6][:, carbon]).max() > 0


def test_the_order_of_the_species_orders_the_columns_and_nothing_else() -> None:
    up, down = SMALL([water()], species=(1, 8)), SMALL([water()], species=(8, 1))
    one, other = SMALL.names((1, 8)), SMALL.names((8, 1))

    def plain(names: tuple[str, ...]) -> list[str]:
        return [n.replace("-OH", "-HO") for n in names]

    assert sorted(plain(one)) == sorted(plain(other))
    place = [plain(other).index(name) for name in plain(one) if "-HO" not in name]
    kept = [k for k, name in enumerate(plain(one)) if "-HO" not in name]
    for a, b in zip(up, down, strict=True):
        np.testing.assert_allclose(b[:, place], a[:, kept], atol=1e-13)


@pytest.mark.parametrize("n_max", [3, 5])
def test_every_setting_changes_the_recipe(n_max: int) -> None:
    one = Soap(n_max=n_max).parameters
    assert one["name"] == "SOAP" and one["library"].startswith("featomic ") and one["n_max"] == n_max
    for change in ({"cutoff": 4.5}, {"n_max": 7}, {"l_max": 3}, {"width": 0.4}, {"smoothing": 0.3}):
        assert Soap(**{"n_max": n_max, **change}).parameters != one


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"cutoff": 0}, "cutoff: expected a radius in Å from 0.5 to 20, got 0"),
        ({"cutoff": -1.0}, "cutoff: expected"),
        ({"cutoff": "5"}, "cutoff: expected a radius in Å from 0.5 to 20, got '5'"),
        ({"cutoff": np.nan}, "cutoff: expected"),
        ({"cutoff": np.inf}, "cutoff: expected"),
        ({"n_max": 0}, "n_max: expected a whole number of radial functions from 1 to 20, got 0"),
        ({"n_max": 10**9}, "n_max: expected"),
        ({"n_max": True}, "n_max: expected"),
        ({"l_max": 2.5}, "l_max: expected a whole number, the highest angular channel from 0 to 20, got 2.5"),
        ({"l_max": -1}, "l_max: expected"),
        ({"width": 0}, "width: expected the width of a Gaussian in Å from 0.05 to 5, got 0"),
        ({"smoothing": 0.0}, "smoothing: expected"),
        ({"cutoff": 2.0, "smoothing": 2.0}, "smoothing: expected less than the cutoff of 2 Å, got 2"),
    ],
)
def test_a_parameter_that_featomic_cannot_take_is_refused_at_once(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        Soap(**given)


@pytest.mark.parametrize("edge", [0.05, 0.2])
def test_a_cell_in_another_unit_is_refused_before_it_takes_all_memory(edge: float) -> None:
    atoms = Atoms("Cu", cell=[edge] * 3, pbc=True)
    with pytest.raises(ValueError, match=r"cell of configuration 1: expected Å, got .* within the cutoff of 4 Å"):
        SMALL([Atoms("Cu", cell=[9.0] * 3, pbc=True), atoms], species=[29])


@pytest.mark.parametrize(
    "cell",
    [np.zeros((3, 3)), np.diag([4.0, 4.0, np.nan]), np.ones((3, 3)), np.diag([4.0, 4.0, 0.0]), np.eye(3) * 1e200],
)
def test_a_cell_that_spans_no_space_is_refused(cell: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"cell of configuration 0: expected three independent, finite vectors in Å"):
        SMALL([Atoms("Cu", cell=cell, pbc=True)], species=[29])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_position_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="positions of configuration 0: expected finite numbers of Å"):
        SMALL([Atoms("Cu2", positions=[[0, 0, 0], [0, 0, value]])], species=[29])


def test_threads_wait_until_the_library_of_featomic_is_loaded() -> None:
    """Its loader shows the library to other threads before the types of its functions are set; here it takes its time."""
    script = """
import time
import ase, featomic
from featomic import _c_lib
setup = _c_lib.setup_functions
_c_lib.setup_functions = lambda library: (time.sleep(0.5), setup(library))
from fisherlib.descriptors import Soap
dimers = [ase.Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 2 + 0.01 * i]]) for i in range(32)]
print(Soap(n_max=2, l_max=1)(dimers, species=[29])[0].shape)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["(64,", "6)"]


def test_settings_of_a_command_are_parsed() -> None:
    assert from_text("cutoff=4.5,n_max=8") == Soap(cutoff=4.5, n_max=8)
    assert from_text("soap") == from_text("SOAP:") == Soap()
    nested = 'gmp: densities={"Cu": [[1.5, 2.0], [3.0, 4.0]], "Au": [[1.0], [2.0]]}, l_max=2,'
    assert from_text(nested) == Gmp(densities={"Cu": ([1.5, 2.0], [3.0, 4.0]), "Au": ([1.0], [2.0])}, l_max=2)
    for text in ("colour", "soup:cutoff=4", ""):
        with pytest.raises(ValueError, match="^descriptor: expected one of soap.*, got"):
            from_text(text)
    for text in ("colour=3", "cutoff=1e9", "cutoff=", "soap:cutoff"):
        with pytest.raises(
            ValueError, match=r"^descriptor: expected soap:cutoff=4.5,n_max=8, say, of cutoff, n_max, .*, got"
        ):
            from_text(text)
