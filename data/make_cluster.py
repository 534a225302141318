"""Make ``generators/cu7_300K.npz`` and ``generators/cu7_flow.npz``: seven atoms of copper, and a flow of their θ_f.

``python data/make_generators.py cluster`` runs this (about 3 minutes of CPU on one core). The notebooks 33 and 34 open with
both files; with ``train = True`` they train the flow again.
"""

import dataclasses
import time
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT
from ase.optimize import BFGS

import fisherlib as fl

FOLDER = Path(__file__).resolve().parent / "generators"
TEMPERATURE = 300.0  # K
DESCRIPTOR = fl.descriptors.Gmp(n_widths=4, l_max=2)
WALKERS, PICOSECONDS, BURN_IN, EVERY = 8, 30.0, 3.0, 100  # of the dynamics; EVERY in steps of 4 fs
STAGES = (fl.flows.Stage(600, example=1.0), fl.flows.Stage(400, example=1.0, energy=1.0))


def bipyramid() -> Atoms:
    """Cu7 at rest under EMT: the two atoms on the axis first, then the five of the ring."""
    turn = 2 * np.pi * np.arange(5) / 5
    ring = np.stack([2.1 * np.cos(turn), 2.1 * np.sin(turn), 0 * turn], axis=1)
    atoms = Atoms("Cu7", [[0, 0, 1.3], [0, 0, -1.3], *ring], calculator=EMT())
    BFGS(atoms, logfile=None).run(fmax=1e-6)
    return atoms


def frames(atoms: Atoms, *, temperature: float = TEMPERATURE, picoseconds: float = PICOSECONDS) -> list:
    """Langevin dynamics of EMT, a run for each walker."""
    how = {"temperature": temperature, "picoseconds": picoseconds, "burn_in": BURN_IN, "every": EVERY}
    return [fl.properties.nvt(atoms, EMT(), seed=k, key=f"walker-{k}", **how) for k in range(WALKERS)]


def examples(target: fl.properties.ClusterTarget, x: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Configurations under U_θf, by chains that begin at frames of the dynamics; about 10⁵ energies a few seconds each."""
    start = x[target.inside(x)]
    start = start[np.random.default_rng(seed).permutation(len(start))[:256]]
    chains = fl.sampling.mala(target, start, steps=1200, step=0.06, every=6, seed=seed)
    return chains.x[20:].reshape(-1, target.dimension)


def trained(target: fl.properties.ClusterTarget, x: np.ndarray, *, seed: int = 0) -> fl.flows.Flow:
    """A flow of the target; its history has the CPU seconds of the examples and of the training."""
    began = time.process_time()
    made = examples(target, x, seed=seed)
    flow = fl.flows.real_nvp(target.dimension, whitening=made, seed=seed, name="Cu7 at 300 K, θ_f")
    flow = fl.flows.train(flow, target, made, schedule=STAGES, seed=seed)
    history = {**flow.history, "CPU seconds": np.array([time.process_time() - began])}
    return dataclasses.replace(flow, history=history)


def main() -> None:
    """Writes both files."""
    FOLDER.mkdir(exist_ok=True)
    began, atoms = time.process_time(), bipyramid()
    runs = frames(atoms)
    fl.io.write_frames(runs, FOLDER / "cu7_300K.npz")
    data = fl.io.read(FOLDER / "cu7_300K.npz", descriptor=DESCRIPTOR)
    model = fl.regression.fisher_fit(fl.accumulate(data))
    target = fl.properties.ClusterTarget(fl.Calculator(model), atoms, temperature=TEMPERATURE)
    flow = trained(target, target.coordinates([frame for run in runs for frame in run.atoms()]))
    fl.flows.write(flow, FOLDER / "cu7_flow.npz")
    draws = fl.flows.draw(flow, target, 10_000, seed=1)
    share = fl.reweighting.effective_sample_size(draws.log_weights) / len(draws)
    print(f"effective sample size {share:.2f} of the draws; {time.process_time() - began:.0f} s of CPU")


if __name__ == "__main__":
    main()
