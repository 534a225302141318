"""The script that makes the shipped data: seeded, the same for any number of processes, and it goes on where it stopped."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import fisherlib as fl


@pytest.fixture
def script(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(root / "data")
    return importlib.import_module("make_cu55")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_run_can_be_repeated_and_resumed(script: ModuleType, tmp_path: Path) -> None:
    short = script.Schedule(walkers=2, configurations=2, burn_in=0.02, spacing=0.02, series_spacing=0.01)
    first, again = script.run(tmp_path / "a", 7, 2, short), script.run(tmp_path / "b", 7, 1, short)
    content = [path.read_bytes() for path in first]
    for one, other in zip(first, again, strict=True):
        with np.load(one) as a, np.load(other) as b:
            assert all(np.array_equal(a[name], b[name]) for name in a.files)
    kept = first[0].stat().st_mtime_ns
    first[1].unlink()
    script.run(tmp_path / "a", 7, 2, short)
    assert first[0].stat().st_mtime_ns == kept  # not run again
    assert first[1].read_bytes() == content[1] != content[0]

    script.gather(first, tmp_path / "cu55.npz", short)
    frames = fl.io.read_frames(tmp_path / "cu55.npz")
    assert [f.key for f in frames] == ["walker-00", "walker-01"] and frames[0].temperature == 1200.0
    assert frames[0].positions.shape == (110, 3) and np.allclose(frames[0].positions[:55].mean(axis=0), 0.0)
