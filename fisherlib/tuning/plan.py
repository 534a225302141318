"""A plan of trials, which any number of workers carry out: each draws settings, measures them, and writes both down."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from ..configurations import Configurations
from ..dataset import Array
from ..descriptors.forecast import species_of
from ..validation import STRENGTHS
from .journal import begun, fail_orphans, finished, quiet, sampler, study_in
from .objective import Fit, fitted, linear
from .space import STRENGTH, Axis, Space

#: Strengths tried in each power of ten.
PER_DECADE = 4
#: Settings in a row that do not go together before a search gives up.
PATIENCE = 100


@dataclasses.dataclass(frozen=True)
class Slot:
    """One of the trials that a search is made of."""

    number: int
    size: int = 1

    @property
    def name(self) -> str:
        """Of the slot."""
        return f"trial {self.number + 1}"


@dataclasses.dataclass
class Finished:
    """The store of an engine for trials, which workers themselves keep in the journal."""

    number: int
    folder: Path | None = None

    def __contains__(self, slot: Slot, /) -> bool:
        return slot.number < self.number

    def load(self, slot: Slot, /) -> bool:
        """Whether it is finished."""
        return True

    def save(self, slot: Slot, result: bool, /) -> None:
        """One more."""
        self.number = max(self.number, slot.number + 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """All that a worker needs; ``about`` is what would make it another search."""

    path: Path
    frames: Sequence[Configurations]
    folds: Sequence[Sequence[str]]
    spaces: Sequence[Space]
    trials: int
    fit: Fit | None
    jacobian: bool
    about: Mapping[str, Any]

    def study(self) -> optuna.Study:
        """The study in the journal; trials whose process has died are marked as failed."""
        study = study_in(self.path, self.about)
        fail_orphans(study)
        return study

    def once(self, slot: Slot) -> bool:
        """One more finished trial in the journal, if it still lacks one."""
        with quiet():
            study, why = self.study(), ""
            for _ in range(PATIENCE):
                if len(finished(study)) >= self.trials:
                    return True
                trial = begun(study)
                try:
                    why = self._tried(study, trial)
                except BaseException:  # whatever it is, nobody works at this trial any more
                    study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
                    raise
                if not why:
                    return True
        raise ValueError(f"space: expected settings that go together, got {PATIENCE} in a row that do not: {why}")

    def _tried(self, study: optuna.Study, trial: optuna.Trial) -> str:
        """Measures what a trial draws, or says why that is hopeless."""
        seeds = np.random.SeedSequence([self.about["seed"], trial.number])  # so that a search draws as if never stopped
        study.sampler = sampler(int(seeds.generate_state(1)[0]))
        names, most, species = [space.name for space in self.spaces], self.about["most"], species_of(self.frames)
        chosen = trial.suggest_categorical("descriptor", names) if len(names) > 1 else names[0]
        space = self.spaces[names.index(chosen)]
        settings = space.draw(trial, species=species, most=most, without=() if self.fit else (STRENGTH,))
        if why := _refusal(space, settings, species, most):
            trial.set_user_attr("refused", why)
            study.tell(trial, state=TrialState.FAIL)
            return why
        place = self.frames, space.made(settings), self.folds
        if self.fit is None:
            result, strength = linear(*place, _strengths(space.axis(STRENGTH)))
            settings |= {STRENGTH: strength} if space.axis(STRENGTH) else {}
        else:
            others = {name: value for name, value in settings.items() if name not in space.limits}
            result = fitted(*place, self.fit, others, self.jacobian)
        found = dataclasses.asdict(result)
        trial.set_user_attr("found", found | {"name": space.name, "settings": settings})
        values = [found[name] for name in ("error", *self.about["costs"])]
        study.tell(trial, values, skip_if_finished=True)
        return ""


def _refusal(space: Space, settings: Mapping[str, Any], species: Sequence[int], most: int | None) -> str:
    """Why settings are hopeless, before anything is computed; "" if they are not."""
    try:
        K = len(space.made(settings).names(species))
    except ValueError as error:
        return str(error)
    return f"K = {K} descriptors" if most is not None and K > most else ""


def _strengths(axis: Axis | None) -> Array:
    """(n,) strengths to choose from; one so small that it changes nothing without an axis."""
    if axis is None:
        return STRENGTHS[:1]
    if isinstance(axis.distribution, CategoricalDistribution):
        return np.array(axis.choices, float)
    low, high = axis.choices
    return np.geomspace(low, high, 1 + max(1, round(PER_DECADE * np.log10(high / low))))
