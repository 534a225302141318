"""A file of a user's own: several runs of a hot copper–gold alloy under one name, told apart by an entry of their comments."""

from pathlib import Path

import ase.build
import ase.io
import numpy as np
from ase import units
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.md.langevin import Langevin

#: Of every run, K.
TEMPERATURE = 800.0


def write_runs(path: Path, *, runs: int = 5, frames: int = 40, between: int = 5, seed: int = 0) -> Path:
    """Extended xyz of 32 atoms of CuAu in a periodic box, energies and forces by EMT, ``run=0``, ``run=1`` … in the comments.

    Args:
        path: of the file.
        runs: of Langevin dynamics at 800 K, each with its own order of the atoms.
        frames: that are kept of each.
        between: steps of 5 fs from one to the next.
        seed: of all that is random.
    """
    rng, kept = np.random.default_rng(seed), []
    for run in range(runs):
        atoms = ase.build.bulk("Cu", "fcc", a=3.9, cubic=True).repeat(2)
        atoms.symbols[rng.permutation(len(atoms))[: len(atoms) // 2]] = "Au"
        atoms.calc = EMT()
        atoms.set_velocities(rng.normal(size=(32, 3)) * np.sqrt(units.kB * TEMPERATURE / atoms.get_masses())[:, None])
        dynamics = Langevin(
            atoms, 5 * units.fs, temperature_K=TEMPERATURE, friction=0.02 / units.fs, fixcm=False, rng=rng
        )
        dynamics.run(50)
        for _ in range(frames):
            dynamics.run(between)
            found = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
            frame = ase.Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True, info={"run": run})
            frame.calc = SinglePointCalculator(frame, **found)
            kept.append(frame)
    ase.io.write(path, kept, format="extxyz")
    return path
