"""A search whose workers, or all of whose processes, are killed: no finished trial is lost, and no lock hangs."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from torture import alive

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.descriptors import Soap
from fisherlib.progress import silent
from fisherlib.tuning import Space, journal, read, search

SPACE = Space(Soap, cutoff=(3.0, 5.0), n_max=(1, 3), l_max=(0, 2))
HOW = {"costs": (), "folds": 3}
#: Seconds in which what is waited for must have come.
PATIENCE = 120

#: A search in a process of its own: it announces each finished trial, and is slow on purpose after that.
PROGRAM = """
import sys, time
import fisherlib as fl
from fisherlib.descriptors import Soap
from fisherlib.tuning import Space, search

def progress(done, total):
    print(done, flush=True)
    time.sleep(60 if done == 3 else 0)

if __name__ == "__main__":
    frames = [f.take(f.key, [0]) for f in fl.io.read_frames("data/cu55_1200K.npz")[:3]]
    space = Space(Soap, cutoff=(3.0, 5.0), n_max=(1, 3), l_max=(0, 2))
    search(frames, space, trials=6, journal=sys.argv[1], costs=(), folds=3, progress=progress)
"""


@pytest.fixture(scope="module")
def frames(root: Path) -> list[Configurations]:
    return [f.take(f.key, [0]) for f in fl.io.read_frames(root / "data" / "cu55_1200K.npz")[:3]]


def test_a_worker_that_is_killed_loses_no_finished_trial(frames: list[Configurations], tmp_path: Path) -> None:
    killed: list[int] = []
    kept: list[dict[int, float]] = []

    def progress(done: int, total: int) -> None:
        if not killed:
            kept.append({trial.number: trial.error for trial in read(tmp_path / "j").trials})
            killed.append(multiprocessing.active_children()[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    found = search(frames, SPACE, trials=6, journal=tmp_path / "j", workers=2, progress=progress, **HOW)
    assert killed and len(found.trials) >= 6
    errors = {trial.number: trial.error for trial in found.trials}
    assert kept[0].items() <= errors.items()
    again = read(tmp_path / "j")
    assert again.trials == found.trials and len(again.trials) + again.unfinished == len(states(tmp_path / "j"))
    assert "RUNNING" not in states(tmp_path / "j")


def test_a_search_that_is_killed_as_a_whole_goes_on(frames: list[Configurations], root: Path, tmp_path: Path) -> None:
    path = tmp_path / "j"
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", PROGRAM, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=environment) as running:
        enough = threading.Timer(PATIENCE, running.kill)
        enough.start()
        try:
            assert running.stdout is not None
            while running.stdout.readline() != "3\n":
                assert running.poll() is None
        finally:
            enough.cancel()
            running.kill()
    study = journal.study_in(path)
    orphan = study.ask()  # one that a process had begun which is not there any more
    orphan.set_user_attr("process", [journal.owner()[0], running.pid])
    with open(path, "ab") as file:
        file.write(b'{"op_code":5,"worker_id":"')  # it was writing when it died
    before = read(path)
    assert len(before.trials) == 3 and before.unfinished == 1
    found = search(frames, SPACE, trials=6, journal=path, progress=silent, **HOW)
    assert len(found.trials) == 6 and found.trials[:3] == before.trials and found.unfinished == 1
    assert states(path).count("FAIL") == 1 and "RUNNING" not in states(path)


def test_a_trial_that_runs_on_another_machine_is_left_alone(frames: list[Configurations], tmp_path: Path) -> None:
    path = tmp_path / "j"
    search(frames, SPACE, trials=1, journal=path, progress=silent, **HOW)
    theirs = journal.study_in(path).ask()
    theirs.set_user_attr("process", ["another", 1])
    ours = journal.study_in(path).ask()
    ours.set_user_attr("process", journal.owner())
    found = search(frames, SPACE, trials=2, journal=path, progress=silent, **HOW)
    assert len(found.trials) == 2 and found.unfinished == 2
    assert states(path) == ["COMPLETE", "RUNNING", "RUNNING", "COMPLETE"]


def test_two_searches_at_once_share_the_trials(frames: list[Configurations], root: Path, tmp_path: Path) -> None:
    program = PROGRAM.replace("60 if done == 3 else 0", "0").replace("trials=6", "trials=8")
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", program, str(tmp_path / "j")]
    both = [subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    try:
        assert [one.wait(PATIENCE) for one in both] == [0, 0]
    finally:
        for one in both:
            one.kill()
            one.wait()
    assert 8 <= len(read(tmp_path / "j").trials) <= 9  # each looks before it begins
    assert [p.name for p in tmp_path.iterdir()] == ["j"]


def test_workers_end_with_their_search(frames: list[Configurations], tmp_path: Path) -> None:
    workers: list[int] = []

    class Stopped(Exception):
        pass

    def progress(done: int, total: int) -> None:
        workers.extend(child.pid or 0 for child in multiprocessing.active_children())
        raise Stopped

    with pytest.raises(Stopped):
        search(frames, SPACE, trials=6, journal=tmp_path / "j", workers=2, progress=progress, **HOW)
    end = time.monotonic() + PATIENCE
    while any(alive(pid) for pid in workers):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert len(read(tmp_path / "j").trials) >= 1


def states(path: Path) -> list[str]:
    return [trial.state.name for trial in journal.study_in(path).get_trials(deepcopy=False)]
