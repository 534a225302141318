"""The dimer of 38 particles: its free-energy difference by umbrella sampling, and by generators of both states joined by BAR.

``python benchmarks/dimer.py reference`` samples windows along the dimer's distance, without the bond, whose energy the weights
bring back: F(closed) − F(open), with the error of independent ladders. ``generator`` makes frames of each state by Hamiltonian
Monte Carlo, trains a flow on them, and prints ESS, overlap and the same difference. ``python data/make_generators.py dimer``
does both and keeps what the notebook shows.
"""

import sys
import time
from pathlib import Path

import numpy as np

import fisherlib as fl
from fisherlib.progress import silent

DIMER = fl.systems.Dimer(cell=False)
#: Distances of the dimer at the middle of the windows, and the stiffness of their biases, kT.
CENTRES, STIFFNESS = np.linspace(0.75, 2.25, 16), 100.0
#: Of Hamiltonian Monte Carlo: about 0.8 of the proposals are accepted.
FLIGHT = {"step": 0.025, "leapfrog": 10}
#: Edges of the profile's bins.
EDGES = np.linspace(0.75, 2.25, 31)

#: Distances of the dimer in each state, and one to begin with.
STATES = {"closed": (0.0, DIMER.middle, 0.92), "open": (DIMER.middle, 100.0, 2.05)}
#: Walkers that make examples, and others for BAR; frames of each, five proposals apart, after as many as are left out.
WALKERS, HELD_OUT, FRAMES, LEFT_OUT = 448, 128, 100, 40
#: Every so many of the frames for BAR are shipped.
SHIPPED = 10


def umbrella(ladders: int, steps: int, *, every: int, seed: int) -> fl.sampling.Umbrella:
    """Ladders of windows along the distance of a dimer without bond."""
    starts = [DIMER.starts(len(CENTRES), distance=CENTRES, seed=1000 * seed + k) for k in range(ladders)]
    windows = {"coordinate": DIMER.distance_and_gradient, "centres": CENTRES, "stiffness": STIFFNESS}
    return fl.sampling.umbrella(DIMER.without_bond(), starts, steps=steps, every=every, seed=seed, **windows, **FLIGHT)


def difference(run: fl.sampling.Umbrella) -> tuple[float, fl.reweighting.FreeEnergyProfile]:
    """F(closed) − F(open), kT, and the profile along the distance."""
    d, log_w = run.coordinate.ravel(), run.log_weights(DIMER.bond(run.coordinate)).ravel()
    value = fl.reweighting.state_difference(d >= DIMER.middle, d < DIMER.middle, log_w)[0]
    return value, fl.reweighting.free_energy_profile(d, log_w, edges=EDGES)


def reference(ladders: int = 32, steps: int = 8000, groups: int = 8, seed: int = 1) -> dict[str, np.ndarray]:
    """F(closed) − F(open) and the profile; errors are those of groups of ladders, which know nothing of each other."""
    began = time.process_time()
    run = umbrella(ladders, steps, every=10, seed=seed).after(steps // 80)
    sampled = time.process_time()
    size = ladders // groups
    values, profiles = zip(
        *(difference(run.ladders(slice(k * size, (k + 1) * size))) for k in range(groups)), strict=True
    )
    error = np.std(values, ddof=1) / np.sqrt(groups)
    heights = np.array([profile.values for profile in profiles])
    print(f"accepted {run.acceptance:.2f}, exchanged {run.exchanges.min():.2f} to {run.exchanges.max():.2f}")
    print(f"groups of {size} ladders: {' '.join(f'{value:.3f}' for value in values)}")
    print(f"F(closed) − F(open) = {np.mean(values):.3f} ± {error:.3f} kT")
    print(f"CPU {sampled - began:.0f} s of sampling, {time.process_time() - sampled:.0f} s of MBAR", flush=True)
    return {
        "difference": np.array([np.mean(values), error]),
        "edges": EDGES,
        "profile": heights.mean(axis=0),
        "profile_errors": heights.std(axis=0, ddof=1) / np.sqrt(groups),
    }


def frames(state: str, *, seed: int) -> np.ndarray:
    """Configurations (walkers, frames, 76) of one state, with the labels of the cell."""
    low, high, distance = STATES[state]
    target = fl.systems.Dimer(cell=False, between=(low, high))
    starts = target.starts(WALKERS + HELD_OUT, distance=distance, seed=seed)
    chains = fl.sampling.hmc(target, starts, steps=5 * (FRAMES + LEFT_OUT), every=5, seed=seed, **FLIGHT)
    x = chains.x[LEFT_OUT:].transpose(1, 0, 2)
    return target.relabel(x.reshape(-1, target.dimension)).reshape(x.shape)


def trained(target: fl.systems.Dimer, x: np.ndarray, *, steps: int, seed: int) -> fl.flows.Flow:
    """A flow of one state: by example, then by example and energy."""
    x = target.reflections(x.reshape(-1, target.dimension))
    masks = target.masks(12)
    flow = fl.flows.real_nvp(76, layers=12, width=96, masks=masks, whitening=x, precision="float32", seed=seed)
    for rate, stage in (
        (2e-3, fl.flows.Stage(steps, example=1.0)),
        (5e-4, fl.flows.Stage(steps // 5, example=1.0, energy=0.2)),
    ):
        flow = fl.flows.train(
            flow, target if stage.energy else None, x, schedule=[stage], batch=256, learning_rate=rate, keep="last",
            every=max(1, steps // 5), seed=seed, progress=silent,
        )  # fmt: skip
    return flow


def generator(
    steps: int = 3500, draws: int = 40_000, seed: int = 0, folder: Path | None = None
) -> dict[str, np.ndarray]:
    """F(closed) − F(open) by a flow for each state and BAR; the flows are written into the folder, as they are judged."""
    began, F, kept = time.process_time(), {}, {}
    for k, (state, (low, high, _)) in enumerate(STATES.items()):
        target = fl.systems.Dimer(between=(low, high))
        x = frames(state, seed=seed + k)
        made = time.process_time()
        flow = trained(target, x[:WALKERS], steps=steps, seed=seed + k)
        if folder is not None:
            fl.flows.write(flow, folder / f"dimer_{state}.npz", half=True)
            flow = fl.flows.read(folder / f"dimer_{state}.npz")
        kept[state] = x[WALKERS:]
        F[state] = judged(flow, target, kept[state], draws=draws, seed=seed + 10 + k)
        print(
            f"{state}: CPU {made - began:.0f} s to the frames, {time.process_time() - made:.0f} s of training and BAR",
            flush=True,
        )
        began = time.process_time()
    value, error = F["closed"].value - F["open"].value, np.hypot(F["closed"].error, F["open"].error)
    print(f"F(closed) − F(open) = {value:.3f} ± {error:.3f} kT")
    return {f"frames_{state}": x[:, ::SHIPPED].astype(np.float32) for state, x in kept.items()}


def judged(
    flow: fl.flows.Flow, target: fl.systems.Dimer, x: np.ndarray, *, draws: int, seed: int
) -> fl.reweighting.Bar:
    """F of one state by draws and by frames (walkers, frames, 76) that the flow has not seen."""
    drawn = fl.flows.draw(flow, target, draws, seed=seed)
    log_w = fl.flows.log_weights(flow, target, x.reshape(-1, target.dimension))
    found = fl.reweighting.bar(drawn.log_weights, log_w, trajectory_b=np.repeat(np.arange(len(x)), x.shape[1]))
    inside, one = np.isfinite(drawn.log_weights), found.one_sided
    low, middle = np.quantile(drawn.reduced_energies, [0.1, 0.5])
    print(
        f"F = {found.value:.3f} ± {found.error:.3f} kT by BAR, overlap {found.overlap:.4f}; one-sided {one.value:.2f} kT"
    )
    print(
        f"ESS {one.effective_sample_size:.1f} of {draws} draws, {inside.mean():.3f} of them inside, Pareto k {one.pareto_k:.2f}"
    )
    print(
        f"energies of draws: {low:.1f} (10 %), {middle:.1f} (median); of frames {np.median(target.energy_and_gradient(x[:, 0])[0]):.1f}"
    )
    return found


if __name__ == "__main__":
    commands = {"reference": reference, "generator": generator}
    commands[sys.argv[1] if len(sys.argv) > 1 else "reference"](*map(int, sys.argv[2:]))
