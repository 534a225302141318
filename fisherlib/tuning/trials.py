"""What a search has found: finished trials, the best one, the Pareto set, and which parameters matter."""

import dataclasses
import functools
import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution

from ..arguments import choice
from ..arguments import number as as_number
from ..descriptors import Descriptor
from ..units import counted
from .journal import quiet, undamaged
from .objective import Found
from .space import Space, tied

#: What a trial may cost.
COSTS = ("milliseconds", "K")
#: Trials that say something about importances, at least.
ENOUGH = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial(Found):
    """A finished trial, with what it has found.

    Attributes:
        number: of the trial in its journal.
        name: of the descriptor.
        settings: parameters of the descriptor and of the fit that were searched or fixed.
        descriptor: with these settings.

    Example:
        >>> import fisherlib as fl
        >>> trial = fl.tuning.read("data/cu55_tuning.journal").best
        >>> trial.name, trial.descriptor.n_max == trial.settings["n_max"]
        ('Soap', True)
    """

    number: int
    name: str
    settings: Mapping[str, Any]
    descriptor: Descriptor

    def __str__(self) -> str:
        settings = ", ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in self.settings.items())
        found = f"{self.error:.4f} ± {self.standard_error:.4f} eV/Å, {self.milliseconds:.3g} ms, K = {self.K}"
        return f"trial {self.number}: {self.name}({settings}): {found}"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Search:
    """A search as far as it has come.

    Attributes:
        trials: finished ones, by number; at least one.
        spaces: that were searched.
        refused: settings that do not go together, or have too many descriptors, which cost nothing.
        unfinished: trials that failed, were killed, or run elsewhere now.

    Example:
        >>> import fisherlib as fl
        >>> kept = fl.tuning.read("data/cu55_tuning.journal")
        >>> kept.best.error <= min(trial.error for trial in kept.trials)
        True
    """

    trials: tuple[Trial, ...]
    spaces: tuple[Space, ...]
    refused: int = 0
    unfinished: int = 0

    def __repr__(self) -> str:
        return f"Search({counted(len(self.trials), 'trial')}, best: {self.best})"

    @property
    def best(self) -> Trial:
        """The trial with the smallest error, which is optimistic: the best of many is partly luck."""
        return min(self.trials, key=lambda trial: trial.error)

    def cheapest(self, within: float = 0.05, *, cost: str = "milliseconds") -> Trial:
        """The cheapest trial whose error is larger than the best one by no more than a share.

        Args:
            within: the share.
            cost: "milliseconds" or "K".

        Raises:
            ValueError: a negative share, or another cost.

        Example:
            >>> import fisherlib as fl
            >>> kept = fl.tuning.read("data/cu55_tuning.journal")
            >>> kept.cheapest(0.0) == kept.best
            True
        """
        if as_number("within", within) < 0:
            raise ValueError(f"within: expected a share of at least 0, got {within!r}")
        choice("cost", cost, COSTS)
        good = [trial for trial in self.trials if trial.error <= (1 + within) * self.best.error]
        return min(good, key=lambda trial: (getattr(trial, cost), trial.error))

    def pareto(self, cost: str = "milliseconds") -> tuple[Trial, ...]:
        """Trials than which no other one is both better and cheaper, from the cheapest to the best.

        Args:
            cost: "milliseconds" or "K".

        Raises:
            ValueError: another cost.

        Example:
            >>> import fisherlib as fl
            >>> front = fl.tuning.read("data/cu55_tuning.journal").pareto()
            >>> [trial.error for trial in front] == sorted((trial.error for trial in front), reverse=True)
            True
        """
        choice("cost", cost, COSTS)
        front: list[Trial] = []
        for trial in sorted(self.trials, key=lambda trial: (getattr(trial, cost), trial.error)):
            if not front or trial.error < front[-1].error:
                front.append(trial)
        return tuple(front)

    @functools.cached_property
    def importances(self) -> Mapping[str, float]:
        """Share of each parameter in what sets the best tenth of the trials apart, the largest first; 1 in all.

        By PED-ANOVA (Watanabe, Bansal, Hutter, IJCAI 2023) of Optuna, from the trials of the descriptor of the best one;
        empty with fewer than ten of them, which say nothing.
        """
        trials = [trial for trial in self.trials if trial.name == self.best.name]
        (space,) = (space for space in self.spaces if space.name == self.best.name)
        axes = {axis.name: axis.distribution for axis in space.axes if not axis.fixed}
        words = {name for name, d in axes.items() if isinstance(d, CategoricalDistribution)}
        if len(trials) < ENOUGH or not axes:
            return {}
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # Optuna before 5 calls it that
            study = optuna.create_study()
            for trial in trials:
                params = {k: json.dumps(v) if k in words else v for k, v in trial.settings.items() if k in axes}
                study.add_trial(optuna.create_trial(params=params, distributions=axes, value=trial.error))
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def found_in(study: optuna.Study, spaces: Sequence[Space]) -> Search:
    """The search in a study.

    Raises:
        ValueError: no finished trial.
    """
    every = study.get_trials(deepcopy=False)
    made, known = [], {space.name: space for space in spaces}
    for t in every:
        if t.state == optuna.trial.TrialState.COMPLETE:
            with undamaged(f"journal, trial {t.number}"):
                found = dict(t.user_attrs["found"])
                as_number("error", found["error"])
                settings = {name: tied(value) for name, value in found.pop("settings").items()}
                descriptor = known[found["name"]].made(settings)
                made.append(Trial(number=t.number, settings=settings, descriptor=descriptor, **found))
    if not made:
        raise ValueError("journal: expected at least one finished trial, got none; search goes on with the same call")
    refused = sum("refused" in t.user_attrs for t in every)
    return Search(
        trials=tuple(made), spaces=tuple(spaces), refused=refused, unfinished=len(every) - len(made) - refused
    )
