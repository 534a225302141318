"""What descriptors will take is told, or refused, before any is computed."""

from pathlib import Path
from typing import Any

import ase
import ase.io
import numpy as np
import pytest

import fisherlib as fl
from fisherlib import cluster
from fisherlib.descriptors import Soap, forecast, memory, pieces
from fisherlib.descriptors.sizes import count

SMALL = Soap(cutoff=4.0, n_max=2, l_max=1)


def silent(done: int, total: int) -> None:
    """No bar."""


def molecules(symbols: str, number: int = 8) -> list[ase.Atoms]:
    rng, found = np.random.default_rng(0), []
    for _ in range(number):
        atoms = ase.Atoms(symbols)
        atoms.positions = 2.0 * np.arange(len(atoms))[:, None] * np.eye(3)[0] + 0.3 * rng.normal(size=(len(atoms), 3))
        atoms.set_array("force", rng.normal(size=(len(atoms), 3)))
        atoms.info["energy"] = float(rng.normal())
        found.append(atoms)
    return found


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FISHERLIB_CACHE", str(tmp_path / "kept"))


def file(tmp_path: Path, symbols: str, number: int = 8) -> Path:
    ase.io.write(tmp_path / "a.xyz", molecules(symbols, number), format="extxyz")
    return tmp_path / "a.xyz"


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("something was computed")


def test_the_default_of_four_elements_is_made_smaller_and_said(tmp_path: Path) -> None:
    path = file(tmp_path, "CHNO" * 3, 40)  # 1440 force components
    with pytest.warns(
        UserWarning, match=r"SOAP with n_max=2, l_max=2: K = 432 descriptors instead of 6000, because there are 4 el"
    ):
        data = fl.io.read(path, temperature=300.0, check=False, progress=silent)
    assert data.K <= 480 and data.provenance["descriptor"]["n_max"] == 2
    with pytest.warns(UserWarning, match="instead of 6000"):
        moments = cluster.featurise(path, temperature=300.0, keep=False, progress=silent)
    moments.check_of(data)
    told = str(fl.io.open(path).forecast())
    assert f"K = {data.K} descriptors (not 6000, because there are 4 elements) of 480 atoms" in told


def test_a_descriptor_that_is_given_is_taken_without_a_word(tmp_path: Path) -> None:
    data = fl.io.read(file(tmp_path, "CHNO" * 3), descriptor=SMALL, temperature=300.0, check=False, progress=silent)
    assert data.K == count(SMALL, [1, 6, 7, 8])


def test_the_refusal_names_settings_that_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "CuAu" * 4)  # 192 force components, K = 780
    monkeypatch.setattr(Soap, "__call__", never)
    with pytest.raises(
        ValueError, match=r"K = 780 .* more than the 192 force .* such as SOAP with n_max=3, l_max=2 \(K = 126\)"
    ):
        fl.io.read(path, temperature=300.0)
    opened = fl.io.open(path)
    with pytest.raises(ValueError, match="such as"):
        opened.check(fl.io.Choice())
    with pytest.raises(ValueError, match="such as"):
        opened.forecast()
    found = Soap(n_max=3, l_max=2)
    assert len(found.names([29, 79])) == 126
    # Nothing fits: no such settings are named.
    (path := tmp_path / "b.xyz").write_text(file(tmp_path, "Cu", 1).read_text())
    assert forecast.forecast(fl.io.read_frames(path), Soap(n_max=1, l_max=0)).K == 1


def test_what_does_not_fit_the_memory_is_refused_before_it_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path, "Cu8")
    need = forecast.bytes_of(105, 64)
    for module in (forecast, memory):
        monkeypatch.setattr(module, "memory", lambda: need)
    with monkeypatch.context() as patched:
        patched.setattr(Soap, "__call__", never)
        with pytest.raises(
            MemoryError,
            match=r"a.xyz: its descriptors, SOAP with n_max=6, l_max=4 with K = 105, take .* take SOAP with n_max=\d, l_max=\d \(K = \d+\), or fisherlib.cluster.featurise",
        ) as refused:
            fl.io.read(path, temperature=300.0)
        with pytest.raises(MemoryError):
            fl.io.open(path).check(fl.io.Choice())
    n, degree = (
        int(part.split(",")[0].split()[0])
        for part in str(refused.value).split("take SOAP with ")[1].replace("n_max=", "").split("l_max=")
    )
    data = fl.io.read(path, descriptor=Soap(n_max=n, l_max=degree), temperature=300.0, check=False, progress=silent)
    assert forecast.bytes_of(data.K, 64) <= need // 2


def test_moments_that_do_not_fit_the_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = fl.io.read_frames(file(tmp_path, "Cu8"), temperature=300.0)
    monkeypatch.setattr(memory, "memory", lambda: 10**6)
    with pytest.raises(MemoryError, match="1 sum of K = 105 descriptors take 0.0 GB"):
        cluster.featurise(frames, progress=silent)


def test_large_force_descriptors_are_in_single_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "Cu8", 30)
    read: dict[str, Any] = {"descriptor": SMALL, "temperature": 300.0, "check": False, "progress": silent}
    double = fl.io.read(path, **read)["a"]
    monkeypatch.setattr(forecast, "SINGLE", 1000)
    single, again = fl.io.read(path, **read)["a"], fl.io.read(path, **read)["a"]
    assert double.force_descriptors.dtype == np.float64 and single.force_descriptors.dtype == np.float32
    np.testing.assert_array_equal(single.force_descriptors, double.force_descriptors.astype(np.float32))
    np.testing.assert_array_equal(again.force_descriptors, single.force_descriptors)
    np.testing.assert_array_equal(single.descriptors, double.descriptors)
    assert "single precision" in str(fl.io.open(path).forecast(descriptor=SMALL))
    a, b = (fl.accumulate([t])["a"] for t in (single, double))
    assert a.PhiPhi.dtype == np.float64
    np.testing.assert_allclose(a.PhiPhi, b.PhiPhi, rtol=1e-6, atol=1e-7 * np.abs(b.PhiPhi).max())


@pytest.mark.parametrize("atoms", [1, 20, 10**6])
def test_pieces_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, atoms: int) -> None:
    frames = fl.io.read_frames(file(tmp_path, "CuAu" * 3, 10), temperature=300.0)
    whole = SMALL(frames[0].atoms(), species=[29, 79])
    monkeypatch.setattr(pieces, "PIECE", 3 * atoms * len(SMALL.names([29, 79])))
    told: list[tuple[int, int]] = []
    recipe = pieces.Recipe(descriptor=SMALL, species=(29, 79))
    made = pieces.in_pieces(frames, recipe, progress=lambda *n: told.append(n))
    D, Phi = pieces.assembled(made, recipe, atoms=60, M=10, K=whole[0].shape[1])
    np.testing.assert_array_equal(D, whole[0])
    np.testing.assert_array_equal(Phi, whole[1])
    assert told[-1] == (10, 10) and told == sorted(told)


@pytest.mark.parametrize("cell", [0.05, 0.3])
def test_a_tiny_cell_is_refused_by_every_way_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: float
) -> None:
    frames = molecules("Cu8", 20)
    for atoms in frames:
        atoms.cell, atoms.pbc = 20 * np.eye(3), True
    frames[-1].cell = cell * np.eye(3)
    ase.io.write(path := tmp_path / "a.xyz", frames, format="extxyz")
    with pytest.raises(ValueError, match="cell of configuration 19: expected Å"):
        Soap()(frames, species=[29])
    monkeypatch.setattr(Soap, "__call__", never)
    where = "cell of configuration 19 of trajectory 'a' in a.xyz: expected Å"
    for way in (
        lambda: fl.io.read(path, temperature=300.0),
        lambda: fl.io.open(path).check(fl.io.Choice()),
        lambda: fl.io.open(path).forecast(),
        lambda: cluster.featurise(path, temperature=300.0),
        lambda: cluster.featurise(path, temperature=300.0, into=tmp_path / "db"),
    ):
        with pytest.raises(ValueError, match=where):
            way()
    assert not (tmp_path / "db").exists()


@pytest.mark.parametrize(
    "settings",
    [{"cutoff": v} for v in (0, -1, float("nan"), float("inf"), "5", None)]
    + [{"n_max": v} for v in (0, -1, 10**9, 2.5, True)]
    + [{"l_max": v} for v in (-1, 10**9)]
    + [{"width": 0.0}, {"smoothing": 5.0}],
    ids=str,
)
def test_settings_outside_their_limits_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(settings))}: expected"):
        Soap(**settings)


def test_a_long_computation_is_told_of_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, "Cu8")
    read: dict[str, Any] = {"descriptor": SMALL, "temperature": 300.0, "check": False}
    fl.io.read(path, **read)
    assert "descriptors of" not in capsys.readouterr().err
    monkeypatch.setattr(forecast, "LARGE", 100)
    monkeypatch.setenv("FISHERLIB_CACHE", str(tmp_path / "other"))
    fl.io.read(path, **read)
    assert (
        "a.xyz: SOAP with n_max=2, l_max=1: K = 6 descriptors of 64 atoms, a moment and 1 MB" in capsys.readouterr().err
    )
    monkeypatch.setattr(forecast, "QUICK", 1)
    assert forecast.forecast(fl.io.read_frames(path), SMALL).seconds > 0


@pytest.mark.parametrize(
    ("seconds", "words"), [(2.4, "2 s"), (44.0, "40 s"), (95.0, "2 min"), (8000.0, "2 h"), (89.0, "90 s")]
)
def test_a_time_in_words(seconds: float, words: str) -> None:
    assert forecast._duration(seconds) == words
