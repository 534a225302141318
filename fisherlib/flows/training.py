"""Training of a flow by energy, by example, or by both."""

import dataclasses
from collections.abc import Sequence
from os import PathLike
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from ..arguments import choice, kind, positive, whole
from ..arguments import seed as check_seed
from ..dataset import Array
from ..progress import Progress
from ..reweighting import effective_sample_size
from ..systems import Target
from .checkpoint import Checkpoint
from .descent import descend, drawn, first_state, rate
from .draws import check_target, draw
from .flow import Flow, log_normal, rows
from .layers import Precision, structure
from .pool import Pool
from .schedule import Stage, stage_of, stages
from .slopes import Coordinate, coordinate_slopes, energy_slopes

#: Draws with which a flow is judged while it is trained.
JUDGED = 2000

#: Share of the examples that is held out, and at most so many.
HELD, MOST = 0.1, 2000

#: The pool of reweighted draws, in batches.
POOL = 20

#: By what the state that is kept is chosen.
KEPT = ("effective sample size", "validation loss", "last")


def train(
    flow: Flow,
    target: Target | None = None,
    examples: ArrayLike | None = None,
    *,
    schedule: str | Sequence[Stage] | None = None,
    batch: int = 512,
    learning_rate: float = 2e-3,
    seed: int = 0,
    coordinate: Coordinate | None = None,
    keep: str | None = None,
    enough: float = 0.99,
    every: int = 100,
    precision: Precision = "float32",
    checkpoint: str | PathLike | None = None,
    progress: Progress | None = None,
) -> Flow:
    """Train a flow to draw from p ∝ exp(−u), by Adam (Kingma and Ba 2015) on the losses of a schedule.

    By energy the loss is ⟨u(x) + ln q(x)⟩ over the flow's own draws, KL(q‖p) − ln Z; by example it is −⟨ln q⟩ over given
    configurations, KL(p‖q) up to a constant. The first needs no data and seeks single modes; the second covers what is in
    the data, with their shares. See ``Stage`` for the other parts. Reduced energies far above the lowest of a batch enter
    by their logarithm.

    Args:
        flow: where training begins.
        target: u and its gradient, for all but training by example.
        examples: (n, d) configurations; they need not have the right shares of states if the schedule ends by weights.
        schedule: "combined", "energy", "example", or stages; what can be done with what is given by default.
        batch: draws, and examples, in a step.
        learning_rate: of Adam, at its largest; it falls along a cosine.
        seed: of draws and of the order of examples.
        coordinate: r(x) (n,) and its gradient (n, d), for stages with a reaction coordinate.
        keep: the state that is kept: that of the largest "effective sample size" of 2000 fresh draws (by default, if there
            is a target), of the smallest "validation loss" of the tenth of ten examples or more that is held out (by
            default without one), or the "last" one.
        enough: effective sample size over draws at which training ends.
        every: steps between two looks at the flow.
        precision: of the steps. Those in single precision take half the time; the flow keeps its own precision, in which its
            density is exact for the parameters found.
        checkpoint: a file (``.npz``) that is written at each look; if it is there, training goes on from it, and gives what it
            would have given without a break; that the target is the same is not checked. ``read`` takes it too: the flow that
            was kept until then.
        progress: called with (done, total) steps; an exception raised in it ends the work. A bar is shown without it.

    Returns:
        The flow that was kept. Its ``history`` has "step", "example loss", "validation loss", "energy loss" and "effective
        sample size" (over draws) at each look, NaN where there is none, and "kept", the step of the state that was kept. The
        effective sample size of 2000 draws is too large where rare draws weigh much (0.987 for a flow of the Müller–Brown
        potential by energy that has 0.91), and tells nothing of a mode without draws: judge a flow by many fresh ``draw``.

    Raises:
        TypeError: no flow, target or stages.
        ValueError: a schedule that needs what is not given, examples of another dimension, a setting that makes no sense, a
            checkpoint of another training, or a loss that is not finite for 50 steps in a row.

    Source: Noé, Olsson, Köhler, Wu, Science 365, eaaw1147 (2019).

    Example:
        >>> import fisherlib as fl
        >>> target = fl.systems.TiltedDoubleWell()
        >>> short = [Stage(20, energy=1.0)]
        >>> flow = train(fl.flows.real_nvp(2, layers=2, width=8), target, schedule=short, every=10, progress=lambda *_: None)
        >>> flow.history["step"].tolist()
        [0.0, 10.0, 20.0]
    """
    kind("flow", flow, Flow, "train(real_nvp(2), target)")
    x = None if examples is None else rows("examples", examples, flow.dimension, 1)
    if target is not None:
        check_target(target, flow.dimension)
    if schedule is None:
        schedule = "energy" if x is None else "example" if target is None else "combined"
    given = {"target": target is not None, "examples": x is not None, "coordinate": coordinate is not None}
    chosen = stages(schedule, **given)
    choice("precision", precision, ("float32", "float64"))
    _check(batch=batch, every=every, learning_rate=learning_rate, enough=enough, seed=seed)
    trained, held = _held_out(x, seed)
    keep = _kept(keep, target, held)
    about = {"stages": [dataclasses.astuple(stage) for stage in chosen], "batch": batch, "rate": learning_rate}
    about |= {"seed": seed, "keep": keep, "enough": enough, "every": every, "precision": precision}
    work = _Work(flow, target, trained, held, chosen, coordinate, keep, batch, seed, precision)
    with tqdm(desc="training", unit=" steps", delay=1, total=work.total, disable=progress is not None) as bar:
        saved = None if checkpoint is None else Checkpoint(checkpoint, about, flow, x)
        return work.run(learning_rate, enough, every, saved, bar, progress)


@dataclasses.dataclass(eq=False)
class _Work:
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
        if saved is not None and saved.there:
            saved.restore(self)
        while True:
            if self.step % every == 0 or self.step == self.total:
                if not (saved is not None and saved.fresh(self.step)):
                    self._look()
                    if saved is not None:
                        saved.save(self)
                bar.set_postfix(self._told(), refresh=False)
                if self.step == self.total or self.history["effective sample size"][-1] >= enough:
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


def _held_out(x: Array | None, seed: int) -> tuple[Array | None, Array | None]:
    """Examples to train on, and those that are held out; few examples are all trained on."""
    number = 0 if x is None else min(int(HELD * len(x)), MOST)
    if x is None or not number:
        return x, None
    order = np.random.default_rng([seed, 7]).permutation(len(x))
    return x[order[number:]], x[order[:number]]


def _kept(keep: str | None, target: Target | None, held: Array | None) -> str:
    """By what the state that is kept is chosen: the first that can be told, unless it is said."""
    missing = [name for name, needed in zip(KEPT, (target, held, 0), strict=True) if needed is None]
    told = [name for name in KEPT if name not in missing]
    if keep is None:
        return told[0]
    choice("keep", keep, KEPT)
    if keep in missing:
        raise ValueError(
            f"keep: expected {told[0]!r} without a target or ten examples, got {keep!r}; give what it needs"
        )
    return keep


def _check(**settings: Any) -> None:
    whole("batch", settings["batch"], 2, "draws in a step")
    whole("every", settings["every"], 1, "steps")
    check_seed(settings["seed"])
    positive("learning_rate", settings["learning_rate"])
    positive("enough", settings["enough"])
