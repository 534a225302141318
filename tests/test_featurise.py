"""``fl.featurise``: the descriptors of anything, the same bits whoever computes them and however often it is stopped."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from pair_functions import Pairs
from torture import alive, descendants

import fisherlib as fl
from fisherlib.descriptors import KINDS, Descriptor, Soap
from fisherlib.io import cache
from fisherlib.io.database import Database
from fisherlib.progress import silent

datasets = importlib.import_module("fisherlib.cluster.datasets")
PAIRS, SOAP = Pairs(), Soap(cutoff=3.5, n_max=2, l_max=1)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FISHERLIB_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few configurations in each."""
    monkeypatch.setattr(datasets, "NUMBERS", 700)


def alloy(number: int = 24, seed: int = 0) -> list[ase.Atoms]:
    """Periodic copper and gold, of different size, with energy and forces as a calculator has them."""
    rng, made = np.random.default_rng(seed), []
    for n in rng.integers(4, 8, size=number):
        symbols = rng.choice(["Cu", "Au"], size=n)
        atoms = ase.Atoms(symbols, positions=rng.uniform(0, 6, size=(n, 3)), cell=6.0 * np.eye(3), pbc=True)
        atoms.calc = SinglePointCalculator(atoms, energy=float(rng.normal()), forces=rng.normal(size=(n, 3)))
        made.append(atoms)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    ase.io.write(tmp_path / "alloy.xyz", alloy())
    return tmp_path / "alloy.xyz"


def same(a: fl.Dataset, b: fl.Dataset) -> bool:
    """Whether all arrays are equal to the last bit."""
    assert list(a) == list(b) and a.descriptor_names == b.descriptor_names
    names = ("energies", "forces", "descriptors", "site_descriptors", "force_descriptors", "strain_descriptors")
    equal = []
    for s, t in zip(a.values(), b.values(), strict=True):
        pairs = [(getattr(s, name), getattr(t, name)) for name in names]
        assert (s.jacobian is None) == (t.jacobian is None)
        if s.jacobian is not None:
            pairs += [(getattr(s.jacobian, name), getattr(t.jacobian, name)) for name in ("centres", "atoms", "values")]
        equal += [x is y is None or (x.dtype == y.dtype and x.tobytes() == y.tobytes()) for x, y in pairs]
    return all(equal)


def read(file: Path, descriptor: Descriptor, **how: object) -> fl.Dataset:
    """As it is computed in one process, by a cache of its own."""
    cache.clean()
    data = fl.io.read(file, descriptor=descriptor, temperature=300.0, check=False, progress=silent, **how)
    cache.clean()
    return data


def featurise(given: object, descriptor: Descriptor, **how: object) -> fl.Dataset:
    return fl.featurise(given, descriptor, **{"temperature": 300.0, "check": False, "progress": silent} | how)


# The same, whoever computes it


@pytest.mark.parametrize("name", KINDS)
def test_every_descriptor_gives_the_bits_of_reading(file: Path, small_chunks: None, name: str) -> None:
    descriptor = KINDS[name]()
    for size, limit in descriptor.limits.items():
        if limit.grows:
            descriptor = fl.descriptors.with_settings(descriptor, **{size: max(int(limit.least), 2)})
    want = read(file, descriptor)
    made = featurise(file, descriptor)
    assert same(made, want) and made.provenance == want.provenance
    assert made.provenance["descriptor"]["K"] == len(descriptor.names([29, 79]))


@pytest.mark.parametrize(("descriptor", "jacobian"), [(PAIRS, True), (SOAP, False)], ids=["pairs", "SOAP"])
def test_two_workers_give_the_same_bits(
    file: Path, small_chunks: None, place: Path, descriptor: Descriptor, jacobian: bool
) -> None:
    want, told = read(file, descriptor, jacobian=jacobian), []
    how = {"workers": 2, "jacobian": jacobian, "progress": lambda *n: told.append(n)}
    assert same(featurise(file, descriptor, **how), want)
    assert len(told) > 3 and told[-1] == (sum(want["alloy"].n_atoms),) * 2
    assert [path.suffix for path in place.iterdir()] == [".npz"], "parts go once all are there"


def test_one_core_is_enough_for_a_little_and_all_are_taken_for_much(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = fl.io.read_frames(file)
    monkeypatch.setattr(datasets.os, "sched_getaffinity", lambda _: range(5), raising=False)
    assert datasets._workers(None, frames, PAIRS) == 1 and datasets._workers(3, frames, SOAP) == 3
    monkeypatch.setattr(datasets, "LONG", -1.0)
    assert datasets._workers(None, frames, PAIRS) == 5
    assert datasets._workers(None, frames, SOAP) == 1, "featomic takes all cores by itself"


# What is stopped goes on


class Stop(Exception):
    pass


def stopped_after(parts: int) -> fl.progress.Progress:
    calls: list[int] = []

    def progress(done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == parts:
            raise Stop

    return progress


@pytest.mark.parametrize("jacobian", [False, True])
def test_a_stopped_call_goes_on_where_it_was(
    file: Path, small_chunks: None, place: Path, monkeypatch: pytest.MonkeyPatch, jacobian: bool
) -> None:
    want = read(file, PAIRS, jacobian=jacobian)
    with pytest.raises(Stop):
        featurise(file, PAIRS, progress=stopped_after(4), jacobian=jacobian)
    parts = sorted(place.glob("*.parts/*.npz"))
    assert len(parts) == 4 and len(cache.kept()) == 4
    parts[0].write_bytes(parts[0].read_bytes()[:-9])  # damaged: done again
    computed, before = [], datasets._computed

    def counted(chunk: object, *, recipe: object) -> object:
        computed.append(chunk)
        return before(chunk, recipe=recipe)

    monkeypatch.setattr(datasets, "_computed", counted)
    told: list[tuple[int, int]] = []
    assert same(featurise(file, PAIRS, progress=lambda *n: told.append(n), jacobian=jacobian), want)
    assert len(computed) == len(told) - 3 and not list(place.glob("*.parts"))
    monkeypatch.setattr(datasets, "_computed", pytest.fail)
    assert same(featurise(file, PAIRS, jacobian=jacobian), want), "what is complete is not computed again"


def test_a_killed_worker_does_no_harm(file: Path, small_chunks: None) -> None:
    want, others, killed = read(file, PAIRS), set(descendants(os.getpid())), []

    def kill(done: int, total: int) -> None:
        living = {pid for pid in set(descendants(os.getpid())) - others if alive(pid)}
        living = {pid for pid in living if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}
        if not killed and living:
            killed.append(living.pop())
            os.kill(killed[-1], signal.SIGKILL)

    assert same(featurise(file, PAIRS, workers=2, progress=kill), want) and len(killed) == 1


SCRIPT = """
import os, sys
import fisherlib as fl
from fisherlib.cluster import datasets

datasets.NUMBERS = 700
calls = []


def progress(done, total):
    calls.append(done)
    if len(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), 9)


gmp = fl.descriptors.Gmp(n_widths=2, l_max=2)
data = fl.featurise(sys.argv[1], gmp, workers=2, temperature=300.0, check=False, progress=progress)
print(data.K)
"""


def test_a_killed_script_goes_on_and_needs_no_guard(file: Path, tmp_path: Path, place: Path) -> None:
    """Its workers do not run it once more."""
    script, gmp = tmp_path / "script.py", fl.descriptors.Gmp(n_widths=2, l_max=2)
    script.write_text(SCRIPT)
    want = read(file, gmp)
    for kill, status, said in ((4, -signal.SIGKILL, ""), (0, 0, "6\n")):
        made = subprocess.run([sys.executable, script, file, str(kill)], capture_output=True, text=True, timeout=120)
        assert (made.returncode, made.stdout) == (status, said), made.stderr
        assert len(list(place.glob("*.parts/*.npz"))) == kill
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "_computed", pytest.fail)
        assert same(featurise(file, gmp), want)


def test_parts_are_listed_and_cleaned_with_the_rest_and_a_folder_that_cannot_be_had_is_a_warning(
    file: Path, small_chunks: None, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Stop):
        featurise(file, PAIRS, progress=stopped_after(2))
    cache.main([])
    assert "2 files" in capsys.readouterr().out
    assert cache.clean() > 0 and list(place.iterdir()) == []
    place.rmdir()
    place.write_text("in the way")
    with pytest.warns(UserWarning, match="could not be kept in"):
        made = featurise(file, PAIRS)
    place.unlink()
    assert same(made, read(file, PAIRS))


# Whatever it comes in


def test_atoms_are_taken_as_they_are(file: Path) -> None:
    want = read(file, PAIRS)["alloy"]
    made = featurise(alloy(), PAIRS)["configurations"]
    for name in ("force_descriptors", "site_descriptors", "forces", "energies", "cell"):  # as printed in the file
        np.testing.assert_allclose(getattr(made, name), getattr(want, name), rtol=1e-6, atol=1e-7)
    several = featurise({"a": alloy(3), "b": alloy(4, seed=1)}, PAIRS)
    assert {key: len(t) for key, t in several.items()} == {"a": 3, "b": 4}
    bare = alloy(3)
    for atoms in bare:
        atoms.info["energy"], atoms.arrays["forces"], atoms.calc = 1.0, atoms.get_forces(), None
    named = featurise(bare, PAIRS)["configurations"]
    np.testing.assert_array_equal(named.forces, several["a"].forces)
    (one,) = alloy(1)
    one.calc = EMT()  # has computed nothing yet
    emt = featurise(one, PAIRS)["configurations"]
    np.testing.assert_array_equal(emt.forces, one.get_forces().ravel())
    assert fl.io.read(alloy(6), descriptor=PAIRS, temperature=300.0, check=False, progress=silent).K == PAIRS_K


PAIRS_K = 12


def test_configurations_lists_and_columns_of_their_own(tmp_path: Path, file: Path) -> None:
    frames = fl.io.read_frames(file, temperature=300.0)
    want = read(file, PAIRS)
    assert same(featurise(frames, PAIRS), want) and same(featurise(frames[0], PAIRS), want)
    ase.io.write(tmp_path / "other.xyz", alloy(5, seed=2))
    assert list(featurise([file, tmp_path / "other.xyz"], PAIRS)) == ["alloy", "other"]
    assert list(featurise(str(tmp_path / "*.xyz"), PAIRS)) == ["alloy", "other"]
    data = fl.Dataset([want["alloy"]])
    fl.io.write(data, tmp_path / "own.npz")
    made = featurise(tmp_path / "own.npz", SOAP)
    assert made.K == len(SOAP.names([29, 79])) and made.provenance["descriptor"]["name"] == "SOAP"
    with pytest.warns(UserWarning, match="own.npz has descriptors of its own, which are taken"):
        assert fl.io.read(tmp_path / "own.npz", descriptor=SOAP, temperature=300.0, check=False).K == 12
    with pytest.raises(
        ValueError, match="jacobian: own.npz has descriptors of its own, without their Jacobian; take fl.f"
    ):
        fl.io.read(tmp_path / "own.npz", jacobian=True, temperature=300.0)


def test_a_database_is_the_one_of_the_cluster(file: Path, tmp_path: Path) -> None:
    made = featurise(file, PAIRS, into=tmp_path / "db")
    assert isinstance(made, Database) and made.verify() == []
    other = fl.cluster.featurise(file, descriptor=PAIRS, temperature=300.0, into=tmp_path / "other", progress=silent)
    assert [h.content for h in made.shards()] == [h.content for h in other.shards()]
    with pytest.raises(ValueError, match="jacobian: expected none with into=, as a database holds no Jacobian"):
        featurise(file, PAIRS, into=tmp_path / "db", jacobian=True)
    with pytest.raises(ValueError, match="configurations: expected positions, got db, which holds rows of descriptors"):
        featurise(tmp_path / "db", PAIRS)
    atoms = fl.cluster.featurise(alloy(), descriptor=PAIRS, temperature=300.0, keep=False, progress=silent)
    assert len(atoms) == 1


def test_a_key_and_units_pass_through_to_moments(tmp_path: Path) -> None:
    many = alloy()
    for k, atoms in enumerate(many):
        atoms.info["run"] = "ab"[k % 2]
    ase.io.write(tmp_path / "keyed.xyz", many)
    how = {"descriptor": PAIRS, "temperature": 300.0, "keep": False, "progress": silent}
    with pytest.warns(UserWarning, match="energies in Ha"):
        moments = fl.cluster.featurise(tmp_path / "keyed.xyz", key="run", units="cp2k", **how)
    plain = fl.cluster.featurise(tmp_path / "keyed.xyz", key="run", **how)
    assert list(moments) == ["a", "b"]
    np.testing.assert_allclose(moments["a"].PhiF, plain["a"].PhiF * 27.211386245988 / 0.529177210544, rtol=1e-9)


# The Jacobian


def test_the_jacobian_is_kept_and_computed_again_where_it_was_damaged(
    file: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = featurise(file, SOAP, jacobian=True)
    t = first["alloy"]
    sums = t.jacobian.force_descriptors(len(t.site_descriptors))
    np.testing.assert_array_equal(sums, t.force_descriptors)
    (kept,) = place.glob("*.npz")
    with monkeypatch.context() as patched:
        patched.setattr(Soap, "with_jacobian", lambda *_, **__: pytest.fail("computed again"))
        patched.setattr("fisherlib.io.featurise.pairs", lambda *_: 1000)  # is told from a sample
        assert same(fl.io.read(file, descriptor=SOAP, jacobian=True, temperature=300.0, check=False), first)
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 4
    kept.write_bytes(content)
    assert same(featurise(file, SOAP, jacobian=True), first)
    assert featurise(file, SOAP)["alloy"].jacobian is None
    with pytest.warns(
        UserWarning, match=r"a.npz: the Jacobian of the descriptors is not written; fl.featurise\(…, jac"
    ):
        fl.io.write(first, file.parent / "a.npz")


def test_the_size_of_a_jacobian_is_told_and_refused_where_it_does_not_fit(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fisherlib.descriptors import forecast, memory

    told = fl.io.open(file).forecast(descriptor=SOAP, jacobian=True)
    P, K = len(featurise(file, SOAP, jacobian=True)["alloy"].jacobian.centres), told.K
    assert told.jacobian == pytest.approx(24 * P * K + 8 * P, rel=0.25) and "are the Jacobian" in str(told)
    monkeypatch.setattr(forecast, "SINGLE", 1000)
    single = featurise(file, SOAP, jacobian=True)["alloy"].jacobian.values
    assert single.dtype == np.float32
    for module in (forecast, memory):
        monkeypatch.setattr(module, "memory", lambda: told.jacobian)
    with pytest.raises(
        MemoryError, match="alloy.xyz: its descriptors and their Jacobian, SOAP .* or leave jacobian= out"
    ):
        featurise(file, SOAP, jacobian=True)


def test_what_does_not_go_together_is_refused(file: Path) -> None:
    class Plain:
        """Knows neither strain nor Jacobian."""

        parameters, limits, names, __call__ = PAIRS.parameters, PAIRS.limits, PAIRS.names, PAIRS.__call__

    frames = fl.io.read_frames(file)
    with pytest.raises(
        TypeError, match="jacobian: expected a descriptor that gives its Jacobian, such as Soap or Gmp, got P"
    ):
        featurise(frames, Plain(), jacobian=True)
    for how, name in (({"key": "run"}, "key"), ({"elements": ["Cu"]}, "elements"), ({"on_bad": "drop"}, "on_bad")):
        with pytest.raises(ValueError, match=f"{name}: expected none with Configurations"):
            featurise(frames, PAIRS, **how)
    with pytest.raises(TypeError, match="featurise: no argument 'ky'"):
        featurise(file, PAIRS, ky="run")
