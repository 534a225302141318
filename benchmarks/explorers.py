"""Time that one choice in an explorer takes in Python, without the browser: solving, and redrawing the figure."""

import time
from collections.abc import Callable, Iterator

import numpy as np

import fisherlib as fl
from fisherlib.landscapes.linear import RANDOM
from fisherlib.widgets import FitPanel, LandscapePanel
from fisherlib.widgets.controls import STRENGTHS

REPEATS = 40


def random_data(K: int, *, trajectories: int = 35, configurations: int = 4, atoms: int = 20) -> fl.Dataset:
    """Descriptors of very different sizes, many of them nearly the same, with forces that are not quite linear."""
    rng, made = np.random.default_rng(0), []
    mix = rng.normal(size=(K, K)) * np.logspace(0, -6, K)[:, None] * 10.0 ** rng.uniform(-3, 3, size=K)
    for number in range(trajectories):
        D, Phi = (rng.normal(size=(rows, K)) @ mix for rows in (configurations, 3 * atoms * configurations))
        theta = 1.0 / np.linalg.norm(mix, axis=0)
        made.append(
            fl.Trajectory(
                key=f"t{number}",
                temperature=300.0,
                n_atoms=np.full(configurations, atoms),
                energies=D @ theta + 0.1 * rng.normal(size=configurations),
                descriptors=D,
                forces=Phi @ theta + 0.1 * rng.normal(size=len(Phi)),
                force_descriptors=Phi,
            )
        )
    return fl.Dataset(made)


def timed(what: str, change: Callable[[int], object]) -> None:
    """Prints the median and the worst of some calls, each with another number."""
    times = []
    for number in range(REPEATS):
        start = time.perf_counter()
        change(number)
        times.append(1e3 * (time.perf_counter() - start))
    print(f"{what:52s} {np.median(times):7.1f} ms median, {max(times):7.1f} ms worst of {REPEATS}")


def solved(study: fl.Study) -> Callable[[int], object]:
    """What a slider of the fit does before anything is drawn: the solution and the predictions of what is held out."""
    panel = FitPanel(study)

    def change(number: int) -> object:
        weights = {"ridge": STRENGTHS[number], "kl": 0.0, "energy": 0.0}
        return study.fit(**weights), panel._predicted(weights)

    return change


def turns(*options: object) -> Iterator[object]:
    """The options again and again."""
    while True:
        yield from options


if __name__ == "__main__":
    study = fl.Study(fl.io.read("data/cu55_1200K.npz", check=False), given=fl.io.read_theta("data/theta_energy.json"))
    large = fl.Study(random_data(300))
    for each in (study, large):
        size = f"K {each.data.K}, {len(each.data)} trajectories"
        timed(f"fit, solve and held-out, {size}", solved(each))
    fit = FitPanel(study)
    timed("fit, whole redraw, K 105", lambda number: fit.state.set_trait("ridge", STRENGTHS[1 + number]))
    landscape = LandscapePanel(study)
    losses, models = turns(*study.atlas.losses[:3]), turns(*study.models)
    timed("landscape 61 × 61, another loss", lambda _: landscape.state.set_trait("loss", next(losses)))
    timed("landscape 61 × 61, another model", lambda _: landscape.state.set_trait("model", next(models)))
    timed("landscape 61 × 61, another cut", lambda number: landscape.state.set_trait("x", 0.01 * number))
    landscape.state.plane = RANDOM
    timed("landscape 61 × 61, another random plane", lambda number: landscape.state.set_trait("seed", 1 + number))
