"""The dimer of 38 particles: its free-energy difference by umbrella sampling, and by generators of both states joined by BAR.

``python benchmarks/dimer.py reference`` samples windows along the dimer's distance, without the bond, whose energy the weights
bring back: F(closed) − F(open), with the error of independent ladders (8 min). ``generator`` makes frames of each state by
Hamiltonian Monte Carlo, trains a flow on each, and prints ESS, overlap and the same difference (8 min).
"""

import sys
import time

import numpy as np

import fisherlib as fl

DIMER = fl.systems.Dimer(cell=False)
#: Distances of the dimer at the middle of the windows, and the stiffness of their biases, kT.
CENTRES, STIFFNESS = np.linspace(0.75, 2.25, 16), 100.0
#: Of Hamiltonian Monte Carlo: about 0.8 of the proposals are accepted.
FLIGHT = {"step": 0.025, "leapfrog": 10}
#: Edges of the profile's bins.
EDGES = np.linspace(0.75, 2.25, 31)


def umbrella(ladders: int, steps: int, *, every: int, seed: int) -> fl.sampling.Umbrella:
    """Ladders of windows along the distance of a dimer without bond."""
    starts = [DIMER.starts(len(CENTRES), distance=CENTRES, seed=1000 * seed + k) for k in range(ladders)]
    windows = {"coordinate": DIMER.distance_and_gradient, "centres": CENTRES, "stiffness": STIFFNESS}
    return fl.sampling.umbrella(DIMER.without_bond(), starts, steps=steps, every=every, seed=seed, **windows, **FLIGHT)


def difference(run: fl.sampling.Umbrella) -> float:
    """F(closed) − F(open), kT."""
    w = np.exp(run.log_weights(DIMER.bond(run.coordinate)))
    open_ = run.coordinate >= DIMER.middle
    return float(np.log(w[open_].sum() / w[~open_].sum()))


def reference(ladders: int = 32, steps: int = 8000, groups: int = 8, seed: int = 1) -> None:
    """Prints F(closed) − F(open); the error is that of groups of ladders, which know nothing of each other."""
    began = time.process_time()
    run = umbrella(ladders, steps, every=10, seed=seed).after(steps // 80)
    sampled = time.process_time()
    size = ladders // groups
    each = [difference(run.ladders(slice(k * size, (k + 1) * size))) for k in range(groups)]
    error = np.std(each, ddof=1) / np.sqrt(groups)
    print(f"accepted {run.acceptance:.2f}, exchanged {run.exchanges.min():.2f} to {run.exchanges.max():.2f}")
    print(f"groups of {size} ladders: {' '.join(f'{value:.3f}' for value in each)}")
    print(f"F(closed) − F(open) = {difference(run):.3f} ± {error:.3f} kT")
    print(f"CPU {sampled - began:.0f} s of sampling, {time.process_time() - sampled:.0f} s of MBAR")


#: Distances of the dimer in each state.
STATES = {"closed": (0.0, DIMER.middle), "open": (DIMER.middle, 100.0)}


def frames(run: fl.sampling.Umbrella, state: str, *, walkers: int, kept: int, seed: int) -> np.ndarray:
    """Configurations (walkers, kept, 76) of one state, with the labels of the cell.

    Walkers begin at configurations of the windows, drawn with their weights, and go on by Hamiltonian Monte Carlo with the bond.
    """
    low, high = STATES[state]
    target = fl.systems.Dimer(cell=False, between=(low, high))
    w = np.exp(run.log_weights(DIMER.bond(run.coordinate))) * ((run.coordinate >= low) & (run.coordinate < high))
    chosen = np.random.default_rng(seed).choice(w.size, size=walkers, p=w.ravel() / w.sum())
    starts = run.x.reshape(w.size, -1)[chosen]
    chains = fl.sampling.hmc(target, starts, steps=10 * (kept + 10), every=10, seed=seed, **FLIGHT)
    x = chains.x[10:].transpose(1, 0, 2)
    return target.relabel(x.reshape(-1, target.dimension)).reshape(x.shape)


if __name__ == "__main__":
    reference(*map(int, sys.argv[2:]))
