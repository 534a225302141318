"""How well linear models tell, from structure, how far the particles of a 3D glass will move; beside networks and published models.

    OMP_NUM_THREADS=1 python benchmarks/glass.py [ka3d_T0.44_tau_alpha.npz]

15 configurations of 4096 particles of the Kob–Andersen mixture at T = 0.44, propensity at τ_α over 32 runs; 10 train and 5 test.
Descriptors are computed on two processes, all else on one. Strengths are chosen by leaving one training configuration out at a
time, from moments alone; the test configurations are looked at once for each row.
"""

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import freud
import numpy as np
from sklearn.neural_network import MLPRegressor
from turns import one_thread

import fisherlib as fl
from fisherlib.validation import TREATMENTS, Folds, nested

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data" / "glass_ka3d" / "ka3d_T0.44_tau_alpha.npz"
SPECIES, AVERAGES, PROCESSES = 0, 3, 2
#: Of a ridge, λ̃/n.
STRENGTHS = np.logspace(-5, 0, 21)
#: Hidden layers of the networks.
NETWORKS = ((2,), (10, 10), (64,))
#: Of their weights, as scikit-learn counts it.
PENALTIES = (1.0, 3.0, 10.0, 30.0)
#: Mean over configurations of Pearson's r at τ_α for large particles, from the data of the figures of Jung et al., "Roadmap on
#: machine learning glassy dynamics", arXiv:2311.14752, Zenodo 10.5281/zenodo.10118191 (GlassBench).
PUBLISHED = {
    "energy of a particle": 0.51,
    "BOTAN": 0.755,
    "GlassMLP": 0.768,
    "CAGE": 0.779,
    "SE(3)": 0.815,
    "ceiling": 0.943,
}


class Sample(NamedTuple):
    """Rows of one configuration, and seconds of the processor for its minimum and its descriptors."""

    rows: fl.glass.Rows
    seconds: tuple[float, float]


def sample(glass: fl.glass.Ensemble, state: str) -> Sample:
    """Descriptors of one configuration in a state."""
    freud.set_num_threads(1)
    marks = [time.process_time()]
    glass = fl.glass.with_inherent(glass, fl.glass.KA3D) if state == "inherent" else glass
    marks.append(time.process_time())
    rows = fl.glass.rows(glass, species=SPECIES, state=state, averages=AVERAGES)
    return Sample(rows, (marks[1] - marks[0], time.process_time() - marks[1]))


class Task(NamedTuple):
    """Rows of all configurations, of which whole ones are held out."""

    X: np.ndarray
    y: np.ndarray
    folds: Folds

    @classmethod
    def of(cls, parts: list[fl.glass.Rows], test: tuple[str, ...]) -> "Task":
        """Rows of several configurations, and which of them are the test."""
        blocks = np.concatenate([part.blocks for part in parts])
        held_out = (np.flatnonzero(np.isin(blocks, test)),)
        folds = Folds(name="test configurations", held_out=held_out, blocks=blocks, parts=blocks)
        return cls(np.concatenate([part.X for part in parts]), np.concatenate([part.y for part in parts]), folds)

    def of_columns(self, kept: np.ndarray) -> "Task":
        """The same with some of the descriptors."""
        return self._replace(X=self.X[:, kept])


class Correlation(NamedTuple):
    """Mean and standard error over the test configurations, over all their rows, and seconds that it took."""

    mean: float
    error: float
    pooled: float
    seconds: float

    def row(self, name: str, columns: int) -> str:
        """A line of the table."""
        return f"| {name} | {columns} | {self.mean:.3f} ± {self.error:.3f} | {self.pooled:.3f} | {self.seconds:.1f} |"


def linear(task: Task, treatment: str = "MAP-Ridge") -> Correlation:
    """A linear fit with its strength chosen inside the training configurations."""
    start = time.perf_counter()
    strengths = fl.validation.treatments.LASSO if treatment == "MAP-Lasso" else STRENGTHS
    found = fl.validation.scores(task.folds, task.X, task.y, nested(TREATMENTS[treatment], strengths))
    seconds = time.perf_counter() - start
    return Correlation(found.pearson_mean[0], found.pearson_error[0], found.pearson_pooled[0], seconds)


def inside(task: Task) -> float:
    """The lowest risk of a ridge on training configurations that are left out one at a time."""
    train = task.folds.trained(0)
    folds = fl.validation.folds(task.folds.blocks[train])
    return fl.validation.scores(folds, task.X[train], task.y[train], TREATMENTS["MAP-Ridge"], STRENGTHS).risk.min()


def network(task: Task, layers: tuple[int, ...], seed: int) -> tuple[float, Correlation]:
    """A network of scikit-learn, stopped early by a tenth of its training rows; its penalty is the best on three training configurations."""
    start = time.perf_counter()
    train = task.folds.trained(0)
    blocks = task.folds.blocks[train]
    inside = Folds(
        name="inside", held_out=(np.flatnonzero(np.isin(blocks, np.unique(blocks)[:3])),), blocks=blocks, parts=blocks
    )
    within = Task(task.X[train], task.y[train], inside)
    penalty = max(PENALTIES, key=lambda alpha: _learnt(within, layers, alpha, seed)[0])
    return penalty, Correlation(*_learnt(task, layers, penalty, seed), time.perf_counter() - start)


def _learnt(task: Task, layers: tuple[int, ...], penalty: float, seed: int) -> tuple[float, float, float]:
    """Correlation on the rows held out: mean and standard error over configurations, and pooled."""
    model = MLPRegressor(hidden_layer_sizes=layers, alpha=penalty, early_stopping=True, random_state=seed, max_iter=100)
    rows = task.folds.held_out[0]
    blocks, y = task.folds.blocks[rows], task.y[rows]
    p = fl.validation.held_out_rows(task.folds, task.X, task.y, model)[rows]
    found = fl.comparison.pearson(p, y, blocks)
    return found.mean, found.error, found.pooled


def described(glass: fl.glass.Ensemble, state: str) -> list[Sample]:
    """All configurations, on two processes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        parts = [glass.select(name) for name in glass.names]
        return list(pool.map(sample, parts, [state] * len(parts)))


def main() -> None:
    """Prints the tables."""
    one_thread()
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else BESIDE
    if not path.exists():
        sys.exit("glass: no ka3d_T0.44_tau_alpha.npz in ../shared/data/glass_ka3d beside the checkout; give its path")
    start = time.perf_counter()
    glass = fl.glass.read(path)
    test = tuple(name for name, held in zip(glass.names, glass.test, strict=True) if held)
    samples = described(glass, "inherent")
    names, generations = samples[0].rows.names, samples[0].rows.generations
    inherent = Task.of([one.rows for one in samples], test)
    dense = inherent.of_columns(np.flatnonzero(np.array(samples[0].rows.kinds) != "bond order"))
    sets = {"all": inherent, "all but bond orders": dense}
    name = min(sets, key=lambda name: inside(sets[name]))
    best = linear(sets[name])
    wall = time.perf_counter() - start
    minimum, own = np.mean([one.seconds for one in samples], axis=0)
    print(f"{glass}, of which {len(test)} test; {len(inherent.y)} rows of {inherent.X.shape[1]} descriptors")
    print(f"each configuration: minimum {minimum:.1f}, descriptors {own:.1f} CPU s")
    print(
        f"file to r: {wall:.0f} s on {PROCESSES} processes, {(minimum + own) * len(samples) + time.process_time():.0f} CPU s in all"
    )
    print("\n| model | descriptors | r per configuration | r pooled | s |\n|---|---|---|---|---|")
    thermal = described(glass, "thermal")
    by_generation("thermal", Task.of([one.rows for one in thermal], test), thermal[0].rows.generations)
    by_generation("inherent", inherent, generations)
    print(linear(dense).row("ridge, inherent, without bond orders", dense.X.shape[1]))
    others(inherent)
    few(inherent, names)
    rows = inherent.folds.held_out[0]
    ceiling(np.concatenate([one.rows.halves for one in samples], axis=1)[:, rows], inherent.folds.blocks[rows])
    means(inherent)
    print(
        "\nPublished, of models trained on the far larger GlassBench: "
        + ", ".join(f"{k} {v}" for k, v in PUBLISHED.items())
    )
    met = best.mean >= 0.75 and wall <= 300
    print(f"descriptors chosen within the training configurations: {name}")
    print(f"gate: r {best.mean:.3f} ≥ 0.75 in {wall:.0f} ≤ 300 s: {'met' if met else 'NOT MET'}")


def by_generation(state: str, task: Task, generations: np.ndarray) -> None:
    """Ridges on ever more averages."""
    for g in range(AVERAGES + 1):
        kept = np.flatnonzero(generations <= g)
        print(linear(task.of_columns(kept)).row(f"ridge, {state}, averages 0 to {g}", len(kept)), flush=True)


def others(task: Task) -> None:
    """The other treatments of the linear model, and networks of growing size."""
    for treatment in ("MAP-Lasso", "MAP-Debias", "Bayes-Ridge"):
        print(linear(task, treatment).row(f"{treatment}, inherent", task.X.shape[1]), flush=True)
    for layers in NETWORKS:
        for seed in (0, 1):
            penalty, found = network(task, layers, seed)
            name = f"network {'-'.join(map(str, layers))}, inherent, penalty {penalty:g}, seed {seed}"
            print(found.row(name, task.X.shape[1]), flush=True)


def few(task: Task, names: tuple[str, ...]) -> None:
    """The best one, two and three descriptors of the training configurations."""
    split = next(iter(task.folds.splits(task.X, task.y)))
    for size in (1, 2, 3):
        start = time.perf_counter()
        found = fl.regression.best_subsets(split.train, size=size, number=1)
        seconds = time.perf_counter() - start
        kept = found.indices[0]
        r = linear(task.of_columns(kept))._replace(seconds=seconds)
        print(r.row(f"best of {found.tried:,}: " + "; ".join(names[k] for k in kept), size), flush=True)


def ceiling(halves: np.ndarray, blocks: np.ndarray) -> None:
    """The correlation that a perfect model would have with the mean over the runs, from halves of the runs."""
    found = fl.comparison.noise_ceiling(*halves, blocks)
    print(f"\nceiling from halves of the runs: {found.mean:.3f} per configuration, {found.pooled:.3f} pooled")


def means(task: Task) -> None:
    """Error bars of the mean propensity of the test configurations."""
    split = next(iter(task.folds.splits(task.X, task.y)))
    strength = fl.validation.chosen(split.train, TREATMENTS["MAP-Ridge"], STRENGTHS)
    found = fl.uncertainty.block_means(split.train, split.test, strength)
    print(f"\nstrength λ̃/n {strength:.3g}; rms z of the mean propensity of {len(found.names)} unseen configurations:")
    print(", ".join(f"{name} {z:.2f}" for name, z in found.rms.items()))


if __name__ == "__main__":
    main()
