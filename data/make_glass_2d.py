"""Regenerate ``glasses/ka2d.npz``: propensities of a two-dimensional Kob-Andersen glass former, by LAMMPS.

Run ``python data/make_glass_2d.py`` (13 minutes on 2 cores). Every configuration and every run is written when it
is done, so work that was interrupted goes on where it stopped; the same seed gives the same start of every run whatever
the number of processes. ``python data/check_glass_2d.py`` prints what the set must show.
"""

import argparse
import dataclasses
import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.spatial import cKDTree
from tqdm import tqdm

import fisherlib as fl
from fisherlib.descriptors.lammps_process import running
from fisherlib.glass.kob_andersen import into_lammps

HERE = Path(__file__).resolve().parent
TIMESTEP = 1 / 160  # of σ √(m/ε), as all times
DAMPING = 1.0  # of the thermostat
SHELL = 1.5  # σ: the first shell, up to the first minimum of g(r)
CAGE = 0.4  # σ: whoever is this far from its cage has left it
RESOLUTION = 2**-13  # of propensities, so that the file is small; their statistical error is some 0.05
DISPLACEMENT = f"|u_i - mean of u_j over j with |r_i - r_j| < {SHELL} at t = 0|, u: displacement of a particle in a run"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What is done for every configuration; times are multiples of the time step."""

    particles: int = 1000
    configurations: int = 8
    runs: int = 20
    temperature: float = 0.5
    hot: float = 1.5  # where each configuration comes from, out of random places
    cooling: float = 300.0
    equilibration: float = 2000.0
    snapshots: int = 10  # whose inherent energies tell whether the system still ages
    times: tuple[float, ...] = (0.5, 1.5, 5.0, 12.0, 25.0, 50.0, 80.0, 120.0, 165.0, 250.0)

    @property
    def box(self) -> np.ndarray:
        """Side lengths."""
        return np.full(2, np.sqrt(self.particles / fl.glass.KA2D.density))


_done = None  # steps finished by all processes together, shared with the progress bar


def _share(counter: "multiprocessing.Value") -> None:
    global _done
    _done = counter


def _steps(duration: float) -> int:
    return round(duration / TIMESTEP)


def _advance(lammps: Any, duration: float) -> None:
    left = _steps(duration)
    while left:
        now = min(left, 4000)
        lammps.command(f"run {now} post no")
        left -= now
        with _done.get_lock():
            _done.value += now


def _thermostat(lammps: Any, start: float, end: float) -> None:
    lammps.command(f"fix motion all nvt temp {start!r} {end!r} {DAMPING}")


def _started(lammps: Any, positions: np.ndarray, types: np.ndarray, schedule: Schedule) -> None:
    into_lammps(lammps, positions, types, schedule.box, fl.glass.KA2D)
    lammps.commands_list(
        [
            "neigh_modify every 2 delay 4 check yes",
            f"timestep {TIMESTEP!r}",
            "thermo_style custom step pe",
            "compute places all property/atom xu yu",
        ]
    )


def _places(lammps: Any, N: int) -> np.ndarray:
    """Positions that go on across the edges of the box."""
    order = np.argsort(lammps.numpy.extract_atom("id")[:N])
    return lammps.numpy.extract_compute("places", 1, 2)[:N][order].copy()


def _inside(positions: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Positions in the box, in single precision, which is what is shipped and what the runs start from."""
    x = np.mod(positions, box).astype(np.float32)
    x[x >= box] = 0.0
    return x


def equilibrate(task: tuple[np.random.SeedSequence, Path, Schedule]) -> None:
    """Cool one configuration from random places, let it relax, and write it to its own file."""
    seed, path, schedule = task
    rng, N, box, T = np.random.default_rng(seed), schedule.particles, schedule.box, schedule.temperature
    small = round(N * fl.glass.KA2D.fractions[1])
    types = rng.permutation(np.repeat([0, 1], [N - small, small]))
    energies, snapshots = [], []
    with running() as lammps:
        _started(lammps, rng.uniform(0.0, box, (N, 2)), types, schedule)
        lammps.commands_list(["min_style cg", "minimize 1e-4 1e-4 500 5000"])
        lammps.command(f"velocity all create {schedule.hot!r} {rng.integers(1, 2**31)} mom yes dist gaussian")
        _thermostat(lammps, schedule.hot, T)
        _advance(lammps, schedule.cooling)
        _thermostat(lammps, T, T)
        for _ in range(schedule.snapshots):
            for _ in range(5):
                _advance(lammps, schedule.equilibration / schedule.snapshots / 5)
                energies.append(lammps.get_thermo("pe"))
            snapshots.append(_inside(_places(lammps, N), box))
    minima = [fl.glass.inherent(x, types, box, mixture=fl.glass.KA2D) for x in snapshots]
    _write(
        path,
        positions=snapshots[-1],
        types=types.astype(np.int8),
        inherent=_inside(minima[-1].positions, box),
        energies=minima[-1].energies.astype(np.float32),
        energy_series=np.array(energies, np.float32),
        inherent_series=np.array([minimum.energies.mean() for minimum in minima], np.float32),
    )


def move(task: tuple[np.random.SeedSequence, Path, Path, Schedule]) -> None:
    """Run from a configuration with velocities of its own; write how far each particle was from its cage."""
    seed, start, path, schedule = task
    rng, T = np.random.default_rng(seed), schedule.temperature
    with np.load(start, allow_pickle=False) as file:
        positions, types = file["positions"].astype(float), file["types"]
    neighbours = first_shell(positions, schedule.box)
    displacements = []
    with running() as lammps:
        _started(lammps, positions, types.astype(np.int64), schedule)
        lammps.command(f"velocity all create {T!r} {rng.integers(1, 2**31)} mom yes dist gaussian")
        _thermostat(lammps, T, T)
        for before, now in zip((0.0, *schedule.times), schedule.times, strict=False):
            _advance(lammps, now - before)
            u = _places(lammps, len(positions)) - positions
            displacements.append(np.linalg.norm(u - neighbours @ u, axis=1))
    _write(path, displacements=np.array(displacements, np.float32))


def first_shell(positions: np.ndarray, box: np.ndarray) -> coo_array:
    """The matrix that takes the mean over the neighbours of each particle."""
    pairs = cKDTree(positions, boxsize=box).query_pairs(SHELL, output_type="ndarray")
    i, j = np.concatenate([pairs, pairs[:, ::-1]]).T
    number = np.bincount(i, minlength=len(positions))
    if not number.all():
        raise ValueError(f"particle {number.argmin()} has no neighbour within {SHELL}")
    return coo_array((1.0 / number[i], (i, j)), shape=(len(positions),) * 2).tocsr()


def _write(path: Path, **arrays: Any) -> None:
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)
    os.replace(partial, path)


def run(folder: Path, seed: int, processes: int, schedule: Schedule) -> tuple[list[Path], list[list[Path]]]:
    """Do what has no file in ``folder`` yet, in parallel, under one progress bar."""
    _claim(folder, seed, schedule)
    starts = [folder / f"configuration-{c}.npz" for c in range(schedule.configurations)]
    runs = [[folder / f"run-{c}-{k:02d}.npz" for k in range(schedule.runs)] for c in range(schedule.configurations)]
    seeds = [s.spawn(1 + schedule.runs) for s in np.random.SeedSequence(seed).spawn(schedule.configurations)]
    first = [(s[0], path, schedule) for s, path in zip(seeds, starts, strict=True) if not path.exists()]
    then = [
        (s, start, path, schedule)
        for start, paths, own in zip(starts, runs, seeds, strict=True)
        for path, s in zip(paths, own[1:], strict=True)
        if not path.exists()
    ]
    total = len(first) * (_steps(schedule.cooling) + _steps(schedule.equilibration))
    counter = multiprocessing.Value("q", 0)
    with (
        multiprocessing.Pool(processes, _share, (counter,)) as pool,
        tqdm(total=total + len(then) * _steps(schedule.times[-1]), unit="step", unit_scale=True) as bar,
    ):
        for work, tasks in ((equilibrate, first), (move, then)):
            for _ in _waiting(pool.map_async(work, tasks, chunksize=1)):
                bar.update(counter.value - bar.n)
        pool.close()
        pool.join()
    return starts, runs


def _waiting(result: Any) -> Iterator[None]:
    while not result.ready():
        yield
        result.wait(0.5)
    result.get()
    yield


def _claim(folder: Path, seed: int, schedule: Schedule) -> None:
    """Refuses a folder in which another schedule or seed has begun."""
    folder.mkdir(parents=True, exist_ok=True)
    mine = json.dumps({"seed": seed} | dataclasses.asdict(schedule), sort_keys=True)
    note = folder / "schedule.json"
    if not note.exists():
        partial = note.with_suffix(".partial")
        partial.write_text(mine)
        os.replace(partial, note)
    if note.read_text() != mine:
        raise SystemExit(f"{folder} holds pieces of another seed or schedule; take another --folder, or remove it")


def gather(starts: list[Path], runs: list[list[Path]], target: Path, seed: int, schedule: Schedule) -> None:
    """Write all pieces into one compressed file."""
    configurations = [dict(np.load(path, allow_pickle=False)) for path in starts]
    moved = np.array([[np.load(path, allow_pickle=False)["displacements"] for path in paths] for paths in runs])
    even, odd = (
        np.round(moved[:, k::2].mean(axis=1, dtype=float) / RESOLUTION) * RESOLUTION for k in (0, 1)
    )  # (C, T, N)
    large = np.array([each["types"] == 0 for each in configurations])
    caged = np.array([(one[..., mask] < CAGE).mean(axis=(0, 2)) for one, mask in zip(moved, large, strict=True)])
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(
        target,
        names=np.array([f"ka2d-{c}" for c in range(len(starts))]),
        box=schedule.box,
        times=np.array(schedule.times),
        propensity_even=even.astype(np.float32),
        propensity_odd=odd.astype(np.float32),
        runs=schedule.runs,
        caged=caged,
        displacement=DISPLACEMENT,
        temperature=schedule.temperature,
        tau_alpha=decay_time(np.array(schedule.times), caged.mean(axis=0)),
        equilibration=schedule.equilibration,
        seed=seed,
        **{name: np.array([each[name] for each in configurations]) for name in configurations[0]},
    )


def decay_time(times: np.ndarray, caged: np.ndarray) -> float:
    """When a share of caged particles has fallen to 1/e, between two times on a logarithmic scale; NaN if it has not."""
    after = int(np.argmax(caged < np.exp(-1)))
    if after == 0:
        return float("nan")
    weight = (caged[after - 1] - np.exp(-1)) / (caged[after - 1] - caged[after])
    return float(times[after - 1] * (times[after] / times[after - 1]) ** weight)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=65)
    parser.add_argument("--configurations", type=int, default=Schedule.configurations)
    parser.add_argument("--runs", type=int, default=Schedule.runs, help="from each configuration")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, default=HERE / ".glass2d", help="one file for each finished piece")
    parser.add_argument("--target", type=Path, default=HERE / "glasses" / "ka2d.npz")
    options = parser.parse_args()
    schedule = Schedule(configurations=options.configurations, runs=options.runs)
    start = time.perf_counter()
    starts, runs = run(options.folder, options.seed, options.processes, schedule)
    gather(starts, runs, options.target, options.seed, schedule)
    used = os.times()
    cpu = used.user + used.children_user
    print(f"wrote {options.target}: {(time.perf_counter() - start) / 60:.1f} min, {cpu / 60:.1f} min of CPU")
