"""Regenerate ``cu55_1200K.npz``: NVT Langevin dynamics of a Cu55 nanoparticle at 1200 K.

Run ``python data/make_cu55.py`` (20 to 25 minutes on 2 cores). Every walker is written when it is done, so a run that
was interrupted goes on where it stopped; the same seed gives the same trajectories whatever the number of processes.
"""

import argparse
import dataclasses
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
from ase import units
from ase.calculators.emt import EMT
from ase.cluster import Icosahedron
from ase.constraints import FixCom
from ase.md.langevinbaoab import LangevinBAOAB
from tqdm import tqdm

HERE = Path(__file__).resolve().parent
TEMPERATURE = 1200.0  # K
TIMESTEP = 4.0  # fs; BAOAB keeps the configurational error of this step below the sampling error
FRICTION_TIME = 200.0  # fs


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What every walker does, in ps."""

    walkers: int = 20
    configurations: int = 50
    burn_in: float = 40.0
    spacing: float = 2.0  # between stored configurations
    series_spacing: float = 0.1  # between stored energies, for the autocorrelation time

    @property
    def steps(self) -> int:
        """Steps of one walker."""
        return round((self.burn_in + self.configurations * self.spacing) * 1000.0 / TIMESTEP)


_done = None  # steps finished by all processes together, shared with the progress bar


def _share(counter: "multiprocessing.Value") -> None:
    global _done
    _done = counter


def _advance(dynamics: LangevinBAOAB, picoseconds: float) -> None:
    steps = round(picoseconds * 1000.0 / TIMESTEP)
    dynamics.run(steps)
    with _done.get_lock():
        _done.value += steps


def run_walker(task: tuple[np.random.SeedSequence, Path, Schedule]) -> None:
    """Run one walker from the Mackay icosahedron to its last configuration and write it to its own file."""
    seed, path, schedule = task
    rng = np.random.default_rng(seed)
    atoms = Icosahedron("Cu", 3)
    # `fixcm=True` of ASE's integrators does not sample NVT exactly; a constraint on the centre of mass does.
    atoms.set_constraint(FixCom())
    atoms.calc = EMT()
    widths = np.sqrt(atoms.get_masses() * units.kB * TEMPERATURE)
    atoms.set_momenta(rng.standard_normal((len(atoms), 3)) * widths[:, None])  # Maxwell-Boltzmann
    dynamics = LangevinBAOAB(
        atoms, TIMESTEP * units.fs, temperature_K=TEMPERATURE, T_tau=FRICTION_TIME * units.fs, rng=rng
    )
    for _ in range(round(schedule.burn_in / schedule.spacing)):
        _advance(dynamics, schedule.spacing)
    positions, energies, forces, series = [], [], [], []
    for _ in range(schedule.configurations):
        for _ in range(round(schedule.spacing / schedule.series_spacing)):
            _advance(dynamics, schedule.series_spacing)
            series.append(atoms.get_potential_energy())
        positions.append(atoms.positions - atoms.get_center_of_mass())
        energies.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces(apply_constraint=False))
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, positions=positions, energies=energies, forces=forces, series=series, numbers=atoms.numbers)
    os.replace(partial, path)


def run(folder: Path, seed: int, processes: int, schedule: Schedule) -> list[Path]:
    """Run the walkers that have no file in ``folder`` yet, in parallel, under one progress bar."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"walker-{k:02d}.npz" for k in range(schedule.walkers)]
    seeds = np.random.SeedSequence(seed).spawn(schedule.walkers)
    tasks = [(s, path, schedule) for s, path in zip(seeds, paths, strict=True) if not path.exists()]
    counter = multiprocessing.Value("q", 0)
    with (
        multiprocessing.Pool(processes, _share, (counter,)) as pool,
        tqdm(total=schedule.steps * len(tasks), unit="step") as bar,
    ):
        result = pool.map_async(run_walker, tasks, chunksize=1)
        while not result.ready():
            bar.update(counter.value - bar.n)
            time.sleep(0.5)
        result.get()
        bar.update(counter.value - bar.n)
    return paths


def gather(paths: list[Path], target: Path, schedule: Schedule) -> None:
    """Write the walkers into one compressed file of the library's own layout."""
    import fisherlib as fl

    walkers = [np.load(path, allow_pickle=False) for path in paths]
    frames = [
        fl.io.Frames(
            key=path.stem,
            temperature=TEMPERATURE,
            numbers=np.tile(walker["numbers"], schedule.configurations),
            n_atoms=np.full(schedule.configurations, len(walker["numbers"])),
            positions=walker["positions"].reshape(-1, 3),
            energies=walker["energies"],
            forces=walker["forces"].reshape(-1, 3),
        )
        for path, walker in zip(paths, walkers, strict=True)
    ]
    series = np.array([walker["series"] for walker in walkers], dtype=np.float32)
    fl.io.write_frames(frames, target, energy_series=series, energy_series_spacing_ps=schedule.series_spacing)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=55)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, default=HERE / ".cu55", help="one file per finished walker")
    parser.add_argument("--target", type=Path, default=HERE / "cu55_1200K.npz")
    options = parser.parse_args()
    schedule = Schedule()
    gather(run(options.folder, options.seed, options.processes, schedule), options.target, schedule)
    print(f"wrote {options.target}")
