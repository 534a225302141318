"""Seven atoms of copper: a generator of U_θf beside Markov chains of it and reweighted dynamics of EMT, over seeds.

Each seed trains a flow anew, and gives the Markov chains as many CPU seconds as the flow took. The dynamics of EMT are the
shipped frames, whose CPU time is that of their steps. It takes about 5 minutes of CPU for each seed.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
from ase.calculators.emt import EMT

import fisherlib as fl
from fisherlib.reweighting import bar, effective_sample_size, free_energy, free_energy_difference, mbar, mean

DATA = Path(__file__).resolve().parents[1] / "data"
sys.path.insert(0, str(DATA))

import make_cluster  # noqa: E402 – the same recipe that made the shipped files

T, B = make_cluster.TEMPERATURE, fl.units.beta(make_cluster.TEMPERATURE)
STRENGTH, DRAWS, TRUE_DRAWS, EVERY, BURN_IN = 1e-2, 10_000, 1000, 4, 80


@dataclasses.dataclass(frozen=True)
class Scaled:
    """A target in coordinates y of unit covariance, x = m + L y, in which chains forget several times faster."""

    target: fl.properties.ClusterTarget
    mean: np.ndarray
    factor: np.ndarray

    @property
    def dimension(self) -> int:
        return self.target.dimension

    def x(self, y: np.ndarray) -> np.ndarray:
        return self.mean + y @ self.factor.T

    def energy_and_gradient(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u, du = self.target.energy_and_gradient(self.x(y))
        return u, du @ self.factor

    def inside(self, y: np.ndarray) -> np.ndarray:
        return self.target.inside(self.x(y))


class Cluster:
    """Data, fits and targets."""

    def __init__(self) -> None:
        data = fl.io.read(DATA / "generators" / "cu7_300K.npz", descriptor=make_cluster.DESCRIPTOR)
        moments = fl.accumulate(data)
        self.models = {"θ_f": fl.regression.fisher_fit(moments), "θ": fl.regression.ridge_fit(moments, STRENGTH)}
        self.rest = make_cluster.bipyramid()
        known = {name: fl.Calculator(model) for name, model in self.models.items()} | {"EMT": EMT()}
        self.targets = {name: fl.properties.ClusterTarget(c, self.rest, temperature=T) for name, c in known.items()}
        positions = np.concatenate([run.positions for run in data.values()]).reshape(-1, 7, 3)
        x, labels = (
            self.targets["EMT"].coordinates(positions),
            np.repeat(np.arange(len(data)), len(positions) // len(data)),
        )
        inside = self.targets["EMT"].inside(x)
        self.x, self.labels = x[inside], labels[inside]
        self.U = np.concatenate([run.energies for run in data.values()])[inside]
        self.E = {name: self.targets[name].energies(self.x) for name in self.models}
        print(f"frames of EMT inside the basin: {inside.mean():.4f} of {len(inside)}")
        for name in self.models:
            d = B * (self.E[name] - self.U)
            share = effective_sample_size(-d) / len(d)
            print(f"{name}: Var β(U_θ − U) {d.var():.3f}, exp(−Var) {np.exp(-d.var()):.3f}, ESS/N {share:.3f}")

    def chains(self, name: str, *, seconds: float, seed: int) -> tuple[np.ndarray, float]:
        """(kept, walkers, d) of MALA for so many CPU seconds, in scaled coordinates, and the steps of an independent one."""
        scaled = Scaled(self.targets[name], self.x.mean(axis=0), np.linalg.cholesky(np.cov(self.x.T)))
        start = np.linalg.solve(scaled.factor, (self.starts(seed) - scaled.mean).T).T
        began, parts = time.process_time(), []
        while not parts or time.process_time() - began < seconds:
            made = fl.sampling.mala(scaled, start, steps=200, step=0.8, every=EVERY, seed=seed + 1000 * len(parts))
            start = made.x[-1]
            parts.append(made)
        kept, u = (np.concatenate([getattr(part, what) for part in parts]) for what in ("x", "reduced_energies"))
        first = BURN_IN // EVERY
        x = scaled.x(kept[first:].reshape(-1, scaled.dimension)).reshape(kept[first:].shape)
        return x, 2 * EVERY * fl.diagnostics.autocorrelation_time(list(u[first:].T))

    def starts(self, seed: int) -> np.ndarray:
        return self.x[np.random.default_rng(seed).permutation(len(self.x))[:128]]


def told(value: float, error: float) -> str:
    return f"{value:.3f} ± {error:.3f}"


def run(c: Cluster, seed: int) -> None:
    """One seed: the flow, the chains, and what they say."""
    target = c.targets["θ_f"]
    flow = make_cluster.trained(target, c.x, seed=seed)
    seconds = float(flow.history["CPU seconds"][0])
    fl.flows.draw(flow, target, DRAWS)  # compiles
    began = time.process_time()
    draws = fl.flows.draw(flow, target, DRAWS, seed=seed + 1)
    each = (time.process_time() - began) / DRAWS
    n = effective_sample_size(draws.log_weights)
    x, memory = c.chains("θ_f", seconds=seconds, seed=seed + 10)
    began = time.process_time()
    plain = fl.sampling.mala(target, c.starts(seed), steps=400, step=0.06, every=EVERY, seed=seed)
    step = (time.process_time() - began) / (400 * 128)
    slow = 2 * EVERY * fl.diagnostics.autocorrelation_time(list(plain.reduced_energies[20:].T))
    poor = c.chains("θ", seconds=seconds / 5, seed=seed + 20)[0]
    chains, several = {"θ_f": x, "θ": poor}, {"θ_f": x.shape[1], "θ": poor.shape[1]}
    labels = {name: np.tile(np.arange(several[name]), len(kept)) for name, kept in chains.items()}
    flat = {name: kept.reshape(-1, kept.shape[2]) for name, kept in chains.items()}
    print(
        f"\nseed {seed}: examples and training {seconds:.0f} s of CPU; ESS/N {n / DRAWS:.3f}, inside {np.isfinite(draws.log_weights).mean():.4f}"
    )
    print(
        f"  a draw {1e6 * each:.0f} µs, a step of MALA {1e6 * step:.0f} µs, an independent one takes {slow:.0f}, {memory:.0f} in scaled coordinates"
    )
    ours, theirs = n / DRAWS / each, 1 / (memory * step)
    even = f"{seconds * ours / (ours - theirs):.0f} s" if ours > theirs else "never"
    print(f"  effective per CPU second: draws {ours:.0f}, chains {theirs:.0f}; with training draws overtake at {even}")
    mean_energies(c, draws, flat["θ_f"], labels["θ_f"], n, seconds)
    differences(c, flow, draws, flat, labels)
    truth(c, flow, draws)


def mean_energies(
    c: Cluster, draws: fl.flows.Draws, x: np.ndarray, labels: np.ndarray, n: float, seconds: float
) -> None:
    """β⟨U_θf⟩ above rest by each method, and the distance of energies."""
    target, rest = c.targets["θ_f"], c.targets["θ_f"].energies(c.targets["θ_f"].coordinates(c.rest))[0]
    ours, theirs, md = (B * (target.energies(points) - rest) for points in (draws.x, x, c.x))
    w = np.exp(draws.log_weights - draws.log_weights.max())
    log_md = -B * (c.E["θ_f"] - c.U)
    of_walkers = np.array([theirs[labels == k].mean() for k in np.unique(labels)])
    of_runs = np.array([mean(md[c.labels != k], log_md[c.labels != k]) for k in np.unique(c.labels)])
    rows = {"generator": (mean(ours, draws.log_weights), ours.std() / np.sqrt(n))}
    rows["MALA of U_θf for as long"] = (theirs.mean(), of_walkers.std(ddof=1) / np.sqrt(len(of_walkers)))
    rows["EMT, reweighted"] = (mean(md, log_md), np.sqrt((len(of_runs) - 1) * of_runs.var()))
    for name, row in rows.items():
        print(f"  β⟨U_θf − U_θf(rest)⟩, {name}: {told(*row)}")
    level = 1.36 * np.sqrt(1 / n + 1 / len(theirs))
    for name, weights in (("draws", None), ("weighted draws", w)):
        print(
            f"  KS of energies, {name} and MALA: {float(fl.comparison.ks(theirs, ours, weights_b=weights)):.4f} (95 % {level:.4f})"
        )


def differences(c: Cluster, flow: fl.flows.Flow, draws: fl.flows.Draws, x: dict, labels: dict) -> None:
    """F_θf − F_θ in kT by four routes."""
    log_w = {name: fl.flows.log_weights(flow, c.targets[name], draws.x) for name in c.models}
    one = [free_energy(log_w[name]) for name in c.models]
    known = {name: fl.flows.log_weights(flow, c.targets[name], x[name]) for name in c.models}
    two = [bar(log_w[name], known[name], trajectory_b=labels[name]) for name in c.models]
    three = [free_energy_difference(c.U, c.E[name], T, trajectory=c.labels) for name in c.models]
    thin = [x["θ"][:: max(1, len(x["θ"]) // 2000)], x["θ_f"][:: max(1, len(x["θ_f"]) // 2000)], c.x]
    u = B * np.stack([c.targets[name].energies(np.concatenate(thin[:2])) for name in ("θ", "θ_f", "EMT")])
    u = np.hstack([u, B * np.stack([c.E["θ"], c.E["θ_f"], c.U])])
    four = mbar(u, [len(points) for points in thin])
    routes = {"draws": (one[0].value - one[1].value, np.hypot(one[0].error, one[1].error))}
    routes["draws and chains, BAR"] = (two[0].value - two[1].value, np.hypot(two[0].error, two[1].error))
    routes["EMT, reweighted"] = (B * (three[0].value - three[1].value), B * np.hypot(three[0].error, three[1].error))
    routes["MBAR"] = (float(four.free_energies[1]), float(four.errors[1]))
    print("  F_θf − F_θ, kT: " + "; ".join(f"{name} {told(*row)}" for name, row in routes.items()))
    gaps = [abs(a[0] - b[0]) / np.hypot(a[1], b[1]) for a in routes.values() for b in routes.values() if a is not b]
    print(
        f"  largest difference of two routes: {max(gaps):.1f} joint errors; gap of −ln⟨w⟩ to BAR {told(two[0].gap, two[0].gap_error)} kT"
    )


def truth(c: Cluster, flow: fl.flows.Flow, draws: fl.flows.Draws) -> None:
    """The same draws reweighted to EMT."""
    log_w = fl.flows.log_weights(flow, c.targets["EMT"], draws.x[:TRUE_DRAWS])
    found = bar(log_w, fl.flows.log_weights(flow, c.targets["EMT"], c.x), trajectory_b=c.labels)
    own = free_energy_difference(c.U, c.E["θ_f"], T, trajectory=c.labels)
    surrogate = free_energy(draws.log_weights).value - found.value
    print(
        f"  under EMT: ESS/N {found.one_sided.effective_sample_size / TRUE_DRAWS:.3f}; −ln Z {told(found.one_sided.value, found.one_sided.error)}, by BAR {told(found.value, found.error)} kT"
    )
    print(
        f"  F_θf − F, kT: generator {surrogate:.3f} ± {found.error:.3f}, frames of EMT {told(B * own.value, B * own.error)}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    cluster = Cluster()
    for number in range(parser.parse_args().seeds):
        run(cluster, number)
