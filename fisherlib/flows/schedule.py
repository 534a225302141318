"""What a flow is trained on, stage after stage."""

import dataclasses
from collections.abc import Iterable, Sequence

from ..arguments import each, number, whole

#: What the parts of a loss weigh in a stage.
PARTS = ("example", "energy", "reweighted", "coordinate")


@dataclasses.dataclass(frozen=True)
class Stage:
    """Steps with one loss, a sum of parts with these weights.

    Attributes:
        steps: number of steps.
        example: of −⟨ln q⟩ over given configurations, maximum likelihood; it covers all that is given.
        energy: of ⟨u + ln q⟩ over draws, the reverse Kullback–Leibler divergence up to ln Z; it seeks single modes.
        reweighted: of −⟨ln q⟩ over the flow's own draws, resampled by their weights and moved by MALA.
        coordinate: of ⟨ln ρ(r)⟩ over draws, with ρ their density along a reaction coordinate r; it spreads them along r.

    Example:
        >>> Stage(400, example=1.0, energy=0.5)
        Stage(steps=400, example=1.0, energy=0.5, reweighted=0.0, coordinate=0.0)
    """

    steps: int
    example: float = 0.0
    energy: float = 0.0
    reweighted: float = 0.0
    coordinate: float = 0.0

    def __post_init__(self) -> None:
        whole("steps", self.steps, 1, "steps")
        for name in PARTS:
            if number(name, getattr(self, name)) < 0:
                raise ValueError(f"{name}: expected a weight ≥ 0, got {getattr(self, name)!r}")
        if not any(getattr(self, name) for name in PARTS):
            raise ValueError("example: expected a stage with a loss, got four weights of 0; see flows.Stage")


#: Schedules by name. Examples show where the states are, energies where the flow is wrong, and the flow's own reweighted
#: draws bring both together: as they cover all states, nothing is lost in the end.
SCHEDULES = {
    "example": (Stage(1700, example=1.0),),
    "energy": (Stage(1700, energy=1.0),),
    "combined": (Stage(300, example=1.0), Stage(200, example=1.0, energy=1.0), Stage(1200, reweighted=1.0)),
}


def stages(schedule: str | Sequence[Stage], *, target: bool, examples: bool, coordinate: bool) -> tuple[Stage, ...]:
    """The stages of a schedule, by name or as they are, if all that they need is there.

    Raises:
        TypeError: anything but stages.
        ValueError: an unknown name, or a stage that needs a target, examples or a coordinate which are not given.
    """
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            raise ValueError(f"schedule: expected {', '.join(SCHEDULES)} or a list of Stage, got {schedule!r:.60}")
        schedule = SCHEDULES[schedule]
    chosen = tuple(each("schedule", schedule, Stage, "train(flow, target, schedule=[Stage(400, example=1.0), …])"))
    for name, needed, there in (
        ("examples", ("example",), examples),
        ("target", ("energy", "reweighted"), target),
        ("coordinate", ("coordinate",), coordinate),
    ):
        asking = [part for part in needed if any(getattr(stage, part) for stage in chosen)]
        if asking and not there:
            raise ValueError(f"{name}: expected for a schedule with {' and '.join(asking)} training, got none")
    return chosen


def stage_of(step: int, chosen: Iterable[Stage]) -> Stage:
    """The stage that a step belongs to; the steps of all stages are counted from 0."""
    for stage in chosen:
        if step < stage.steps:
            return stage
        step -= stage.steps
    raise IndexError(step)
