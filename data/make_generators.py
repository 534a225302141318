"""Make ``generators/*.npz``: the flows of the notebooks on Boltzmann generators.

Run ``python data/make_generators.py double_well``, or ``mueller_brown`` (a minute or two for each, on one core), ``cluster``
(three minutes), or ``dimer``, which makes frames and an umbrella reference too (seven minutes); all of them without a name.
A notebook with ``train = True`` does the same.
"""

import sys
import time
from pathlib import Path
from typing import NamedTuple

import make_cluster
import numpy as np

import fisherlib as fl

HERE = Path(__file__).resolve().parent
SEED = 0


class Example(NamedTuple):
    """A target, a start in each of its states, and a step of MALA that is accepted about six times of ten."""

    target: fl.systems.Target
    starts: list[list[float]]
    step: float


EXAMPLES = {
    "double_well": Example(fl.systems.TiltedDoubleWell(), [[-1.8, 0.0], [1.65, 0.0]], 0.3),
    "mueller_brown": Example(fl.systems.MuellerBrown(), [[-0.56, 1.44], [0.62, 0.03]], 0.1),
}

#: The stages of combined training, in pieces: a picture is taken between two of them.
PIECES = (
    fl.flows.Stage(30, example=1.0),
    fl.flows.Stage(270, example=1.0),
    fl.flows.Stage(200, example=1.0, energy=1.0),
    fl.flows.Stage(200, reweighted=1.0),
    fl.flows.Stage(1000, reweighted=1.0),
)


def configurations(example: Example) -> np.ndarray:
    """Short runs, 50 walkers of 20 configurations in each state."""
    starts = np.repeat(example.starts, 50, axis=0)
    return fl.sampling.mala(example.target, starts, steps=600, every=30, step=example.step, seed=SEED).x.reshape(-1, 2)


def make(name: str) -> None:
    """Trains by energy, by example, and by both, and writes what comes of it."""
    start, target, x = time.process_time(), EXAMPLES[name].target, configurations(EXAMPLES[name])
    first = fl.flows.spline(2, whitening=x, seed=SEED)
    flows = {"example": fl.flows.train(first, target, x, schedule="example", seed=SEED)}
    flows["energy"] = fl.flows.train(first, target, schedule="energy", seed=SEED)
    flow = first
    for k, piece in enumerate(PIECES, start=1):
        flow = flows[f"combined_{k}"] = fl.flows.train(flow, target, x, schedule=[piece], seed=SEED + k)
    seconds = time.process_time() - start
    for end, trained in flows.items():
        path = HERE / "generators" / f"{name}_{end}.npz"
        fl.flows.write(trained, path, half=True)
        share = (
            fl.reweighting.effective_sample_size(fl.flows.draw(fl.flows.read(path), target, 50_000).log_weights)
            / 50_000
        )
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, effective sample size {share:.3f} of the draws")
    print(f"{name}: trained in {seconds:.0f} s of the processor")


def dimer() -> None:
    """A flow for each state of the dimer, and frames and a profile to judge them by; ``benchmarks/dimer.py`` does the work."""
    sys.path.insert(0, str(HERE.parent / "benchmarks"))
    import dimer as benchmark

    kept = benchmark.generator(folder=HERE / "generators") | benchmark.reference(steps=4000, seed=2)
    np.savez_compressed(HERE / "generators" / "dimer_reference.npz", **kept)


if __name__ == "__main__":
    (HERE / "generators").mkdir(exist_ok=True)
    makers = {"cluster": make_cluster.main, "dimer": dimer}
    for chosen in sys.argv[1:] or (*EXAMPLES, *makers):
        makers[chosen]() if chosen in makers else make(chosen)
