"""Extended xyz out: what is written is read back to the last bit, by this package and by ASE."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import ase.io
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib.io.formats.extxyz_writer import write_extxyz

Maker = Callable[..., fl.Dataset]
FIELDS = ("n_atoms", "species", "positions", "energies", "forces")


def made(
    seed: int, keys: tuple[str, ...] = ("a", "b"), *, box: bool = False, K: int = 3, T: float | None = 300.0
) -> fl.Dataset:
    """Trajectories of ragged size whose numbers use all their bits, over many powers of ten."""
    rng, trajectories = np.random.default_rng(seed), []

    def wide(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) * 10.0 ** rng.integers(-12, 12, size=shape)

    for key in keys:
        n_atoms = rng.integers(1, 4, size=3)
        N, ends = int(n_atoms.sum()), np.cumsum(n_atoms)
        sites = wide(N, K)
        cell = {"cell": wide(3, 3, 3), "pbc": np.array([[True, False, True]] * 3)} if box else {}
        trajectories.append(
            fl.Trajectory(
                key=key,
                temperature=T,
                n_atoms=n_atoms,
                energies=wide(3),
                descriptors=np.add.reduceat(sites, ends - n_atoms, axis=0),
                site_descriptors=sites,
                forces=wide(3 * N),
                force_descriptors=wide(3 * N, K),
                species=rng.integers(1, 119, size=N),
                positions=wide(N, 3),
                **cell,
            )
        )
    return fl.Dataset(trajectories)


@given(seed=st.integers(0, 2**20), box=st.booleans(), K=st.integers(2, 5))
@settings(deadline=None, max_examples=30)
def test_every_number_comes_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, seed: int, box: bool, K: int
) -> None:
    data, path = made(seed, box=box, K=K), tmp_path_factory.mktemp("x") / "out.xyz"
    write_extxyz(data, path, descriptors=True)
    read = fl.io.read(path, key="trajectory", temperature=300.0, check=False)
    assert list(read) == list(data) and read.temperatures == [300.0]
    for key, t in data.items():
        for name in (
            *FIELDS,
            "site_descriptors",
            "descriptors",
            "force_descriptors",
            *(("cell", "pbc") if box else ()),
        ):
            np.testing.assert_array_equal(getattr(read[key], name), getattr(t, name), err_msg=name)


def test_without_descriptors_only_the_configurations_are_written(tmp_path: Path) -> None:
    data = made(1, box=True)
    write_extxyz(data, tmp_path / "out.extxyz")
    assert not fl.io.open(tmp_path / "out.extxyz").has_descriptors
    frames = fl.io.read_frames(tmp_path / "out.extxyz", key="trajectory")
    assert [f.key for f in frames] == ["a", "b"]
    for f, t in zip(frames, data.values(), strict=True):
        np.testing.assert_array_equal(f.forces.ravel(), t.forces)
        np.testing.assert_array_equal(f.positions, t.positions)
        np.testing.assert_array_equal(f.energies, t.energies)


@pytest.mark.parametrize("T", [1200.0, 0.1 + 0.2, None])
def test_ase_finds_energies_forces_cells_and_temperatures_where_it_looks(tmp_path: Path, T: float | None) -> None:
    data = made(2, box=True, T=T)
    write_extxyz(data, tmp_path / "out.xyz", descriptors=True)
    configurations = ase.io.read(tmp_path / "out.xyz", index=":")
    ends = np.concatenate([[0], np.cumsum(data.n_atoms)])
    assert [len(atoms) for atoms in configurations] == data.n_atoms.tolist()
    for m, atoms in enumerate(configurations):
        assert atoms.get_potential_energy() == data.energies[m]
        np.testing.assert_array_equal(atoms.get_forces().ravel(), data.forces[3 * ends[m] : 3 * ends[m + 1]])
        t = data["ab"[m // 3]]
        np.testing.assert_array_equal(atoms.cell.array, t.cell[m % 3])
        assert atoms.pbc.tolist() == [True, False, True] and atoms.info["trajectory"] == t.key
        assert atoms.info.get("temperature") == T


KEYS = [
    "300",
    "300.0",
    "1e3",
    "007",
    "T",
    "false",
    "a b",
    "1 2 3",
    "1,2",
    'say "x"',
    "it's",
    "a=b",
    "\\",
    "",
    "_JSON 1",
    "β\n",
    "[1]",
    "uid",
]


@pytest.mark.parametrize("key", KEYS)
def test_keys_come_back_as_they_were(tmp_path: Path, key: str) -> None:
    write_extxyz(made(0, (key, "other")), tmp_path / "out.xyz", descriptors=True)
    assert list(fl.io.read(tmp_path / "out.xyz", key="trajectory", check=False)) == [key, "other"]


def test_keys_that_look_like_numbers_stay_apart(tmp_path: Path) -> None:
    keys = ("1", "1.0", "01", "1e0")
    write_extxyz(made(0, keys), tmp_path / "out.xyz", descriptors=True)
    assert list(fl.io.read(tmp_path / "out.xyz", key="trajectory", check=False)) == list(keys)


@given(key=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20))
@settings(deadline=None, max_examples=60)
def test_any_key_comes_back(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    path = tmp_path_factory.mktemp("k") / "out.xyz"
    write_extxyz(made(0, (key,)), path, descriptors=True)
    assert list(fl.io.read(path, key="trajectory", check=False)) == [key]


def test_the_shipped_data_come_back(few_walkers: fl.Dataset, tmp_path: Path) -> None:
    data = few_walkers.select(list(few_walkers)[:1])
    write_extxyz(data, tmp_path / "out.xyz", descriptors=True)
    read = fl.io.read(tmp_path / "out.xyz", key="trajectory", temperature=1200.0)
    t, r = next(iter(data.values())), next(iter(read.values()))
    for name in (*FIELDS, "force_descriptors", "site_descriptors"):
        np.testing.assert_array_equal(getattr(r, name), getattr(t, name), err_msg=name)


def test_what_extended_xyz_cannot_hold_is_refused_before_anything_is_written(ragged: Maker, tmp_path: Path) -> None:
    path, data = tmp_path / "out.xyz", made(0)
    t = data["a"]

    def changed(**fields: object) -> fl.Dataset:
        return fl.Dataset([dataclasses.replace(t, **fields)])

    for bad, options, sentence in (
        (ragged(0), {}, "trajectory 't0': expected species and positions to write, got None"),
        (changed(positions=None), {}, "trajectory 'a': expected positions to write, got None"),
        (
            changed(site_descriptors=None),
            {"descriptors": True},
            "expected site_descriptors to write, got None; leave out",
        ),
        (
            changed(descriptors=t.descriptors + 1e13),
            {"descriptors": True},
            "descriptors of 'a': expected the sums of site_desc",
        ),
        (made(0, K=1), {"descriptors": True}, "expected K > 1 descriptors, got 1"),
    ):
        with pytest.raises(ValueError, match=sentence):
            write_extxyz(bad, path, **options)
    with pytest.raises(ValueError, match="path: expected a name ending in .xyz or .extxyz, got 'out.txt'"):
        write_extxyz(data, tmp_path / "out.txt")
    assert not list(tmp_path.iterdir())


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.xyz"
    path.write_text("old")

    def fail(*_: object) -> str:
        raise OSError("no space left on device")

    monkeypatch.setattr("fisherlib.io.formats.extxyz_writer._comment", fail)
    with pytest.raises(OSError, match="no space"):
        write_extxyz(made(0), path)
    assert [p.name for p in tmp_path.iterdir()] == ["out.xyz"] and path.read_text() == "old"
