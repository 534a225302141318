"""How many updates a second the live fit makes at K = 105, and what of each goes to dynamics, descriptors, fit and figure."""

import argparse
import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ase.calculators.emt import EMT
from turns import one_thread

import fisherlib as fl

#: Updates a second that are to be reached.
GATE = 5.0
#: Updates between two figures: about two figures a second.
DRAWN = 4


class Clock:
    """Seconds on the wall and of this process's CPU, by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, list[tuple[float, float]]] = {}

    def timed(self, what: str, task: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, whose calls are timed."""

        def call(*arguments: Any, **named: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            result = task(*arguments, **named)
            self.spent.setdefault(what, []).append((time.perf_counter() - wall, time.process_time() - cpu))
            return result

        return call

    def each(self, what: str, updates: int) -> np.ndarray:
        """(2,) milliseconds an update, on the wall and of the CPU."""
        return 1e3 * np.sum(self.spent.get(what, [(0.0, 0.0)]), axis=0) / updates


if __name__ == "__main__":
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200, help="updates that are timed")
    parser.add_argument("--every", type=int, default=10, help="steps of 4 fs between two configurations of a walker")
    options = parser.parse_args()
    clock, live = Clock(), fl.validation.LiveFit()
    of_walkers = importlib.import_module("fisherlib.properties.walkers")  # the room's name of it is the function
    of_walkers.with_descriptors = clock.timed("descriptors", of_walkers.with_descriptors)
    walkers = fl.properties.walkers(fl.io.read_frames("data/cu55_1200K.npz"), EMT, every=options.every)
    turn, add = clock.timed("walkers", lambda: next(walkers)), clock.timed("fit and bars", live.add)
    draw = clock.timed("figure", lambda: fl.figures.live_fit(live, target=0.005).to_json())
    add(turn())
    draw()
    clock.spent.clear()
    for update in range(options.frames):
        add(turn())
        if update % DRAWN == 0:
            draw()
    n, step = options.frames, live.steps[-1]
    shares = {"dynamics": clock.each("walkers", n) - clock.each("descriptors", n)}
    shares |= {name: clock.each(name, n) for name in ("descriptors", "fit and bars", "figure")}
    total = sum(shares.values())
    print(
        f"Cu55, K = {len(step.fit.theta)}, {options.every} steps a configuration, a figure every {DRAWN} updates; ms an update"
    )
    print(f"{'':14s}{'wall':>8s}{'CPU':>8s}{'share of CPU':>14s}")
    for name, (wall, cpu) in shares.items():
        print(f"{name:14s}{wall:8.1f}{cpu:8.1f}{cpu / total[1]:14.0%}")
    rate, quiet = 1e3 / total
    print(f"{rate:.1f} updates a second on this machine as it is, {quiet:.1f} a second of CPU")
    print(f"gate: at least {GATE:g}: {'met' if rate >= GATE else 'met by the CPU' if quiet >= GATE else 'MISSED'}")
    batch = fl.solve(fl.fisher(fl.accumulate(live.data)))
    same = np.array_equal(batch.theta, step.fit.theta) and batch.value == step.fit.value
    print(f"equal to the batch fit to the last bit: {'yes' if same else 'NO'}")
