"""A training of a flow on its way: what it has learnt, what is kept of it, and how it went."""

import dataclasses
from typing import Any

import jax
import numpy as np
from tqdm.auto import tqdm

from ..dataset import Array
from ..progress import Progress
from ..reweighting import effective_sample_size
from ..systems import Target
from .descent import descend, drawn, first_state, rate
from .draws import draw
from .flow import Flow, log_normal
from .layers import Precision, structure
from .pool import Pool
from .schedule import Stage, stage_of
from .slopes import Coordinate, coordinate_slopes, energy_slopes

#: Draws with which a flow is judged while it is trained.
JUDGED = 2000

#: The pool of reweighted draws, in batches.
POOL = 20

#: By what the state that is kept is chosen.
KEPT = ("effective sample size", "validation loss", "last")


@dataclasses.dataclass(eq=False)
class Course:
    """A training on its way: parameters, what is kept, and its history."""

    flow: Flow
    target: Target | None
    examples: Array | None
    held: Array | None
    stages: tuple[Stage, ...]
    coordinate: Coordinate | None
    keep: str
    batch: int
    seed: int
    precision: Precision

    def __post_init__(self) -> None:
        self.total = sum(stage.steps for stage in self.stages)
        step = 0.3 * float(np.diag(self.flow.factor).mean())
        self.pool = None if self.target is None else Pool(self.target, POOL * self.batch, step)
        self.built = structure(dataclasses.replace(self.flow.architecture, precision=self.precision))
        self.step, self.best, self.kept, self.refused = 0, -np.inf, self.flow, 0
        self.history: dict[str, list[float]] = {}
        self.losses: dict[str, list[float]] = {"example loss": [], "energy loss": []}
        with self._precision():
            self.parameters = [self._cast(each) for each in self.flow.parameters]
            self.state = first_state(self.parameters)

    def run(
        self, learning_rate: float, enough: float, every: int, saved: Any, bar: tqdm, progress: Progress | None
    ) -> Flow:
        """Every step that is left; the flow that was kept, with its history."""
        if saved is not None and saved.there:
            saved.restore(self)
        while True:
            if self.step % every == 0 or self.step == self.total:
                if not (saved is not None and saved.fresh(self.step)):
                    self._look()
                    if saved is not None:
                        saved.save(self)
                bar.set_postfix(self._told(), refresh=False)
                # earlier stages need not have seen all states
                last = self.step >= self.total - self.stages[-1].steps
                if self.step == self.total or (last and self.history["effective sample size"][-1] >= enough):
                    break
            stage = stage_of(self.step, self.stages)
            if stage.reweighted and self.pool is not None and (self.step % every == 0 or not self.pool.x.size):
                self.pool.refresh(self.now(), [self.seed, self.step])
            self._descend(stage, rate(learning_rate, self.step, self.total))
            self.step += 1
            bar.update(self.step - bar.n)
            if progress is not None:
                progress(self.step, self.total)
        history = {name: np.array(values) for name, values in self.history.items()}
        return dataclasses.replace(self.kept, history=history)

    def now(self) -> Flow:
        """The flow with the parameters of today."""
        parameters = tuple(np.asarray(each, self.flow.architecture.precision) for each in self.parameters)
        return dataclasses.replace(self.flow, parameters=parameters)

    def _descend(self, stage: Stage, now: float) -> None:
        rng = np.random.default_rng([self.seed, self.step])
        with self._precision():
            y, shares = self._rows(stage, rng)
            z = slopes = None
            if stage.energy or stage.coordinate:
                z = self._cast(rng.standard_normal((self.batch, self.flow.dimension)))
                slopes = tuple(map(self._cast, self._slopes(stage, z)))
            given = {"rows": y, "shares": shares, "z": z, "slopes": slopes}
            found = descend(self.built, self.parameters, self.state, self._cast(np.array(now)), **given)
            self.parameters, self.state, fine, likelihood = found
        self.refused = 0 if fine else self.refused + 1
        if self.refused >= 50:
            raise ValueError(
                "learning_rate: expected one with which the loss stays finite, it was not for 50 steps in a row; take a smaller "
                "one, or look at the energies of the target"
            )
        if y is not None:
            constant = 0.5 * self.flow.dimension * np.log(2 * np.pi) + np.log(np.diag(self.flow.factor)).sum()
            self.losses["example loss"].append(float(likelihood) / float(np.asarray(shares).sum()) + constant)

    def _slopes(self, stage: Stage, z: Any) -> tuple[Array, Array]:
        """Slopes of the loss with respect to what the layers make of z, and to its log-determinants."""
        y, log_det = (np.asarray(each, float) for each in drawn(self.built, self.parameters, z))
        x, n = self.flow.mean + y @ self.flow.factor.T, len(y)
        slope = np.zeros_like(y)
        if stage.energy:
            assert self.target is not None
            u, du = energy_slopes(self.target, x)
            slope += stage.energy / n * du
            log_q = log_normal(np.asarray(z, float)) - log_det - np.log(np.diag(self.flow.factor)).sum()
            self.losses["energy loss"].append(float((u + log_q).mean()))
        if stage.coordinate:
            assert self.coordinate is not None
            slope += stage.coordinate / n * coordinate_slopes(self.coordinate, x)[1]
        return slope @ self.flow.factor, np.full(n, -stage.energy / n)

    def _rows(self, stage: Stage, rng: np.random.Generator) -> tuple[Any, Any]:
        """Examples of a step, as the layers see them, and their weights."""
        pool = None if self.pool is None or not self.pool.x.size else self.pool.x
        sources = [(w, x) for w, x in ((stage.example, self.examples), (stage.reweighted, pool)) if w and x is not None]
        if not sources:
            return None, None
        size = -(-self.batch // len(sources))
        x = np.concatenate([x[rng.integers(len(x), size=size)] for _, x in sources])
        y = np.linalg.solve(self.flow.factor, (x - self.flow.mean).T).T
        return self._cast(y), self._cast(np.repeat([w / size for w, _ in sources], size))

    def _look(self) -> None:
        """Judges the flow, and keeps it if it is the best one."""
        flow = self.now()
        told = {"step": float(self.step)} | {name: _mean(values) for name, values in self.losses.items()}
        told |= {KEPT[1]: np.nan, KEPT[0]: np.nan}
        if self.held is not None:
            told[KEPT[1]] = -float(flow.log_prob(self.held).mean())
        if self.target is not None:
            log_w = draw(flow, self.target, JUDGED, seed=self.seed + 1_000_003 * (self.step + 1)).log_weights
            told[KEPT[0]] = effective_sample_size(log_w) / JUDGED if np.isfinite(log_w).any() else 0.0
        score = {KEPT[0]: told[KEPT[0]], KEPT[1]: -told[KEPT[1]], KEPT[2]: float(self.step)}[self.keep]
        score = score if score > -np.inf else -np.inf  # a loss that is no number is the worst
        if score >= self.best:
            self.best, self.kept = score, flow
            self.history["kept"] = [float(self.step)]
        for name, value in told.items():
            self.history.setdefault(name, []).append(value)
        self.losses = {name: [] for name in self.losses}

    def _told(self) -> dict[str, str]:
        words = {"example loss": "by example", "energy loss": "by energy", KEPT[0]: "ESS/n"}
        last = {word: self.history[name][-1] for name, word in words.items()}
        return {word: f"{value:.3g}" for word, value in last.items() if np.isfinite(value)}

    def _cast(self, array: Array) -> jax.Array:
        with np.errstate(over="ignore"):  # what does not fit is infinite, and its step is not taken
            return jax.numpy.asarray(np.asarray(array, self.precision))

    def _precision(self) -> Any:
        return jax.enable_x64(self.precision == "float64")


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else np.nan
