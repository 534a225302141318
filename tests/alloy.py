"""Files of a user's own: runs of a hot copper–gold alloy under one name, and crystals of several compositions."""

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


def write_compositions(path: Path, *, compositions: int = 9, frames: int = 6, seed: int = 0) -> Path:
    """Extended xyz of 16 atoms of copper and gold, shaken crystals of several compositions, ``config_type=Au00`` ….

    Args:
        path: of the file.
        compositions: from pure copper to pure gold.
        frames: of each, with atoms in another order.
        seed: of all that is random.
    """
    rng, kept = np.random.default_rng(seed), []
    for gold in np.linspace(0, 16, compositions).round().astype(int).tolist():
        for _ in range(frames):
            crystal = ase.build.bulk("Cu", "fcc", a=3.6 + 0.48 * gold / 16, cubic=True).repeat((2, 2, 1))
            crystal.symbols[rng.permutation(16)[:gold]] = "Au"
            crystal.positions += 0.1 * rng.normal(size=(16, 3))
            crystal.calc = EMT()
            found = {"energy": crystal.get_potential_energy(), "forces": crystal.get_forces()}
            frame = ase.Atoms(crystal, info={"config_type": f"Au{gold:02d}"})
            frame.calc = SinglePointCalculator(frame, **found)
            kept.append(frame)
    ase.io.write(path, kept, format="extxyz")
    return path
