"""Training of a flow by energy, by example, or by both."""

import dataclasses
from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from ..arguments import choice, kind, positive, whole
from ..arguments import seed as check_seed
from ..dataset import Array
from ..progress import Progress
from ..systems import Target
from .checkpoint import Checkpoint
from .course import KEPT, Course
from .draws import check_target
from .flow import Flow, rows
from .layers import Precision
from .schedule import Stage, stages
from .slopes import Coordinate

#: Share of the examples that is held out, and at most so many.
HELD, MOST = 0.1, 2000


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
        enough: effective sample size over draws at which the last stage ends.
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
    course = Course(flow, target, trained, held, chosen, coordinate, keep, batch, seed, precision)
    with tqdm(desc="training", unit=" steps", delay=1, total=course.total, disable=progress is not None) as bar:
        saved = None if checkpoint is None else Checkpoint(checkpoint, about, flow, x)
        return course.run(learning_rate, enough, every, saved, bar, progress)


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
