"""Make ``methods/message_passing.npz`` and ``methods/cu55_messages.npz``: what the page on message passing shows.

Run ``python data/make_message_passing.py``, about seven minutes on one core. Networks and linear models are fitted to the
same configurations of 16 walkers and tested on the other four; each seed draws other configurations and first weights.
"""

import time
from pathlib import Path

import numpy as np

import fisherlib as fl

HERE = Path(__file__).resolve().parent
HELD = ("walker-00", "walker-05", "walker-10", "walker-15")
EACH = (1, 3, 9)  # configurations of each of 16 walkers
SEEDS = (0, 1, 2)
STEPS = 2600  # of Adam, whatever the number of configurations
BATCH = 4


def errors(model: fl.LinearPotential | fl.neural.GraphPotential, data: fl.Dataset) -> list[float]:
    """RMSE of energies, meV/atom, and of forces, eV/Å."""
    found = fl.comparison.compare(model, data).pooled
    return [1e3 * found["energy_rmse"], found["force_rmse"]]


def drawn(data: fl.Dataset, each: int, seed: int) -> fl.Dataset:
    """Some consecutive configurations of every walker, from a random one on."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, 50 - each + 1, len(data))
    return fl.Dataset([t.slice(int(a), int(a) + each) for t, a in zip(data.values(), starts, strict=True)])


def fits(data: fl.Dataset, seed: int) -> dict[str, tuple[float, fl.LinearPotential | fl.neural.GraphPotential]]:
    """Seconds of the processor, and the model, of each way to fit."""
    moments, epochs = fl.accumulate(data), STEPS * BATCH // (14 * len(data.n_atoms) // 16)
    settings = {"validation": 0.125, "batch": BATCH, "seed": seed, "epochs": epochs, "patience": epochs}
    ways = {
        "linear": lambda: fl.regression.mixture_fit(
            moments, fl.validation.choose_mixture(moments).weight, name="linear"
        ),
        "message passing": lambda: fl.neural.train_graph(data, **settings),
        "message passing, energies alone": lambda: fl.neural.train_graph(
            data, **settings, force_weight=0.0, energy_weight=1.0, learning_rate=3e-3
        ),
    }
    found = {}
    for name, fit in ways.items():
        start = time.process_time()
        model = fit()
        found[name] = time.process_time() - start, model
    return found


def main() -> None:
    data = fl.io.read(HERE / "cu55_1200K.npz")
    held, rest = data.select(HELD), data.drop(HELD)
    kept: dict[str, list] = {}
    for each in EACH:
        for seed in SEEDS:
            for name, (seconds, model) in fits(drawn(rest, each, seed), seed).items():
                kept.setdefault(name, []).append([seconds, *errors(model, held)])
                print(16 * each, seed, name, np.round(kept[name][-1], 3), flush=True)
                if (each, seed, name) == (EACH[-1], SEEDS[0], "message passing"):
                    fl.neural.write_graph(model, HERE / "methods" / "cu55_messages.npz")
    shape = (len(EACH), len(SEEDS), 3)
    arrays = {name: np.reshape(values, shape) for name, values in kept.items()}
    np.savez(HERE / "methods" / "message_passing.npz", numbers=16 * np.array(EACH), held=np.array(HELD), **arrays)


if __name__ == "__main__":
    main()
