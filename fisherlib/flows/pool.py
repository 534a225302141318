"""Examples that a flow makes itself: its draws, resampled by their weights and moved by a few steps of MALA."""

import dataclasses

import numpy as np

from ..dataset import Array
from ..sampling import mala
from ..systems import Target
from .draws import draw
from .flow import Flow

#: Share of the largest weights, which are cut to the smallest of them: one draw must not become all examples.
CUT = 0.005

#: Steps of MALA, and the share of them that should be accepted.
MOVES, ACCEPTED = 5, 0.6


@dataclasses.dataclass
class Pool:
    """Resampled draws in a target.

    Attributes:
        target: the target.
        size: how many draws.
        step: of MALA, in the unit of x; it follows the acceptance.
        x: (size, d) the examples of today; empty before the first time.
    """

    target: Target
    size: int
    step: float
    x: Array = dataclasses.field(default_factory=lambda: np.empty(0))

    def refresh(self, flow: Flow, seed: list[int]) -> None:
        """New examples from what the flow draws now; the old ones stay if no draw lies inside the target."""
        draws = draw(flow, self.target, self.size, seed=int(np.random.SeedSequence(seed).generate_state(1)[0]))
        there = np.isfinite(draws.log_weights)
        if not there.any():
            return
        log_w, x = draws.log_weights[there], draws.x[there]
        w = np.exp(np.minimum(log_w - np.quantile(log_w, 1 - CUT), 0.0))
        rng = np.random.default_rng([*seed, 1])
        chosen = x[rng.choice(len(x), self.size, p=w / w.sum())]
        chains = mala(self.target, chosen, steps=MOVES, step=self.step, every=MOVES, seed=int(rng.integers(2**31)))
        self.x = chains.x[-1]
        self.step *= float(np.exp(chains.acceptance - ACCEPTED))
