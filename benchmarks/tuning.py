"""Does a search of 40 trials on two processes find SOAP with at most 70 descriptors as good as the default with 105?

A worker is killed, the search is stopped and goes on; the last word is on walkers that the search has never seen.
"""

import argparse
import multiprocessing
import os
import resource
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
from turns import one_thread

import fisherlib as fl
from fisherlib.descriptors import Soap

DATA = "data/cu55_1200K.npz"
#: Walkers of the search; the others are for the last word.
SEARCHED = 16
SPACE = fl.tuning.Space(
    Soap,
    cutoff=(3.5, 7.0),
    n_max=(2, 8),
    l_max=(1, 6),
    width=(0.3, 0.8),
    smoothing=(0.2, 3.0),
    strength=(1e-12, 1e-2),
)
TRIALS, WORKERS, MOST = 40, 2, 70
#: Finished trials after which a worker is killed, and after which the search is stopped.
KILLED, STOPPED = 8, 16
#: Gates: force error beside the default's, and minutes.
RATIO, MINUTES = 1.05, 10.0


class Stopped(Exception):
    """The search is called off."""


class Incidents:
    """A progress in which a worker is killed once, and which then stops the search once."""

    def __init__(self) -> None:
        self.killed, self.stopped = 0, False

    def __call__(self, done: int, total: int) -> None:
        print(f"\r{done} of {total} trials", end="", flush=True)
        if done >= KILLED and not self.killed and (workers := multiprocessing.active_children()):
            time.sleep(1.0)  # all of them are in the middle of a trial
            self.killed = workers[0].pid or 0
            os.kill(self.killed, signal.SIGKILL)
            print(f"\na worker was killed after {done} finished trials")
        if done >= STOPPED and not self.stopped:
            self.stopped = True
            raise Stopped


def search(journal: Path, per_trajectory: int, seed: int) -> fl.tuning.Search:
    """The whole search, with its incidents; prints what was kept of it."""
    frames, incidents = fl.io.read_frames(DATA)[:SEARCHED], Incidents()
    how = {"trials": TRIALS, "workers": WORKERS, "most": MOST, "per_trajectory": per_trajectory, "seed": seed}
    how["progress"] = incidents
    try:
        found = fl.tuning.search(frames, SPACE, journal=journal, **how)
    except Stopped:
        ended()
        before = fl.tuning.read(journal)
        print(f"\nstopped: {len(before.trials)} finished trials in the journal, {before.unfinished} unfinished")
        found = fl.tuning.search(frames, SPACE, journal=journal, **how)
        after = {trial.number: trial for trial in found.trials}
        lost = [trial.number for trial in before.trials if after.get(trial.number) != trial]
        print(
            f"\nresumed: {len(found.trials)} finished trials, {found.unfinished} unfinished, {len(lost)} of those lost"
        )
    ended()
    return found


def ended() -> None:
    """Waits for workers, which finish what they have begun, so that their time is counted."""
    for child in multiprocessing.active_children():
        child.join(120)


def last_word(descriptors: dict[str, tuple[Soap, float]]) -> dict[str, np.ndarray]:
    """(walkers,) mean squared force error of each walker that the search has not seen, fitted to all that it has."""
    frames, errors = fl.io.read_frames(DATA), {}
    for name, (descriptor, strength) in descriptors.items():
        moments = fl.cluster.featurise(frames, descriptor=descriptor, keep=False, progress=lambda done, total: None)
        new = tuple(moments)[SEARCHED:]
        theta = fl.regression.ridge_path(moments.drop(new), [strength]).theta(strength)
        records = [moments[key] for key in new]
        squares = [r.FF - 2 * theta @ r.PhiF + theta @ r.PhiPhi @ theta for r in records]
        errors[name] = np.array(squares) / [r.rows for r in records]
    return errors


def standard_error(values: np.ndarray) -> float:
    """Of a mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", type=Path, help="where the search is kept; nowhere without it")
    parser.add_argument(
        "--per-trajectory", type=int, default=25, help="configurations of each walker that are used, of 50"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the folds and of what is drawn")
    asked = parser.parse_args()
    one_thread()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        found = search(asked.journal or Path(folder) / "tuning.journal", asked.per_trajectory, asked.seed)
        wall = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(u.ru_utime + u.ru_stime for u in used)
    print(f"{len(found.trials)} trials on {WORKERS} processes: {wall / 60:.1f} min, {cpu / 60:.1f} min of CPU")
    print("importances:", ", ".join(f"{name} {share:.2f}" for name, share in found.importances.items()))
    for trial in found.pareto():
        print("  Pareto:", trial)
    best = found.best
    errors = last_word({"default": (Soap(), 1e-12), "found": (best.descriptor, best.settings["strength"])})
    print(f"on {len(errors['found'])} walkers that no trial has seen, fitted to the {SEARCHED} of the search:")
    for name, K in (("default", len(Soap().names([29]))), ("found", best.K)):
        rmse = np.sqrt(errors[name].mean())
        print(f"  {name}: K = {K}, {rmse:.4f} ± {standard_error(errors[name]) / (2 * rmse):.4f} eV/Å")
    ratio = float(np.sqrt(errors["found"].mean() / errors["default"].mean()))
    by_walker = np.sqrt(errors["found"] / errors["default"])
    met = ratio <= RATIO and best.K <= MOST and wall <= 60 * MINUTES
    print(
        f"  ratio {ratio:.3f} ± {standard_error(by_walker):.3f} (over walkers); gates: ≤ {RATIO}, K ≤ {MOST}, "
        f"{MINUTES:g} min: {'met' if met else 'not met'}"
    )


if __name__ == "__main__":
    main()
