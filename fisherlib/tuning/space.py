"""What is searched: a descriptor, and ranges of its parameters and of those of a fit."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)

from ..arguments import number
from ..descriptors import Default, Descriptor, Limit
from ..descriptors.sizes import count

#: A range from a positive number to so many times as much is searched in its logarithm.
DECADES = 1000.0
#: The strength of the ridge, which no descriptor has as a parameter.
STRENGTH = "strength"

_AS_SPACE = "tuning.Space(descriptors.Soap, cutoff=(3.5, 7.0), n_max=(2, 8), strength=(1e-12, 1e-2))"


@dataclasses.dataclass(frozen=True)
class Axis:
    """One parameter, and what it may be: a range, or choices, as JSON, of which a single one is fixed."""

    name: str
    distribution: BaseDistribution

    @classmethod
    def of(cls, name: str, value: Any, limit: Limit | None) -> "Axis":
        """An axis from what a user writes: (low, high), a list of choices, or one value.

        Raises:
            TypeError: a choice that no journal can hold.
            ValueError: an empty range or list, or a value outside the limits.
        """
        ranged = isinstance(value, tuple) and len(value) == 2
        values = list(value) if ranged or isinstance(value, list) else [value]
        values = [one.item() if isinstance(one, np.generic) else one for one in values]
        if name == STRENGTH:  # of one type, so that what a trial has found is one of the choices
            values = [number(name, one) for one in values]
        for one in values:
            if limit is not None and not isinstance(one, tuple | list):  # the descriptor itself looks at those
                limit.refuse(name, one)
        if not ranged:
            if not values:
                raise ValueError(f"{name}: expected at least one choice, got []; write {_AS_SPACE}")
            try:
                return cls(name, CategoricalDistribution([json.dumps(one) for one in values]))
            except (TypeError, ValueError):
                what = f"numbers, words and lists of them, got {value!r:.80}; write {_AS_SPACE}"
                raise TypeError(f"{name}: expected choices of {what}") from None
        low, high = (number(name, end) for end in values)
        log = name == STRENGTH or (low > 0 and high >= DECADES * low)
        if not low < high or (log and low <= 0):
            raise ValueError(f"{name}: expected a range from low to high, got {value!r}; write {_AS_SPACE}")
        whole = limit.whole if limit is not None else all(isinstance(end, int) for end in values)
        return cls(name, IntDistribution(int(low), int(high), log) if whole else FloatDistribution(low, high, log))

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to search."""
        return isinstance(self.distribution, CategoricalDistribution) and self.distribution.single()

    @property
    def log(self) -> bool:
        """Whether its logarithm is searched."""
        return getattr(self.distribution, "log", False)

    @property
    def choices(self) -> list[Any]:
        """All values of choices; the ends of a range."""
        d = self.distribution
        if isinstance(d, CategoricalDistribution):
            return [tied(json.loads(str(text))) for text in d.choices]
        assert isinstance(d, IntDistribution | FloatDistribution)
        return [d.low, d.high]

    def draw(self, trial: optuna.Trial, label: str, high: float | None = None) -> Any:
        """A value for a trial, no larger than ``high``."""
        d = self.distribution
        if isinstance(d, CategoricalDistribution):
            return tied(json.loads(str(d.choices[0] if self.fixed else trial.suggest_categorical(label, d.choices))))
        if isinstance(d, IntDistribution):
            return trial.suggest_int(label, d.low, d.high if high is None else int(high), log=d.log)
        assert isinstance(d, FloatDistribution)
        return trial.suggest_float(label, d.low, d.high, log=d.log)


@dataclasses.dataclass(frozen=True, init=False)
class Space:
    """A class of descriptors, with what each of its parameters may be in a search.

    A pair (low, high) is a range, a list holds choices, and anything else is fixed; parameters that are not named keep the
    default of the class. ``strength`` is that of the ridge. Names that the descriptor does not know are for the ``fit`` of
    the search.

    Attributes:
        descriptor: the class.
        axes: one for each parameter that is named.

    Raises:
        TypeError: anything but a class of descriptors.
        ValueError: a range that is none, or beyond the limits of the class.

    Example:
        >>> import fisherlib as fl
        >>> space = Space(fl.descriptors.Soap, cutoff=(3.5, 7.0), l_max=[2, 4], width=0.4, strength=(1e-12, 1e-2))
        >>> [axis.name for axis in space.axes if not axis.fixed]
        ['cutoff', 'l_max', 'strength']
    """

    descriptor: type[Descriptor]
    axes: tuple[Axis, ...]

    def __init__(self, descriptor: type[Descriptor], /, **ranges: Any) -> None:
        if not isinstance(descriptor, type) or not isinstance(getattr(descriptor, "limits", None), Mapping):
            got = getattr(descriptor, "__name__", type(descriptor).__name__)
            raise TypeError(f"descriptor: expected a class such as {Default.__name__}, got {got}; write {_AS_SPACE}")
        object.__setattr__(self, "descriptor", descriptor)
        axes = (Axis.of(name, value, self.limits.get(name)) for name, value in ranges.items())
        object.__setattr__(self, "axes", tuple(axes))

    @property
    def name(self) -> str:
        """Of the descriptor."""
        return self.descriptor.__name__

    @property
    def limits(self) -> Mapping[str, Limit]:
        """Of the parameters of the descriptor."""
        return self.descriptor.limits  # type: ignore[return-value]

    def axis(self, name: str) -> Axis | None:
        """The axis of a parameter, or None."""
        return next((axis for axis in self.axes if axis.name == name), None)

    def as_json(self) -> dict[str, str]:
        """The axes as a journal holds them."""
        return {axis.name: distribution_to_json(axis.distribution) for axis in self.axes}

    @classmethod
    def from_json(cls, descriptor: type[Descriptor], axes: Mapping[str, str]) -> "Space":
        """The space that ``as_json`` gave the axes of."""
        space = cls(descriptor)
        object.__setattr__(space, "axes", tuple(Axis(name, json_to_distribution(d)) for name, d in axes.items()))
        return space

    def made(self, settings: Mapping[str, Any]) -> Descriptor:
        """The descriptor with its part of the settings.

        Raises:
            ValueError: parameters that do not go together.
        """
        return self.descriptor(**{name: value for name, value in settings.items() if name in self.limits})

    def draw(
        self, trial: optuna.Trial, *, species: Sequence[int], most: int | None, without: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Settings with at most so many descriptors: what K grows with is drawn from what is left of its range."""
        settings: dict[str, Any] = {}
        for axis in (axis for axis in self.axes if axis.name not in without):
            high = None
            if most is not None and isinstance(axis.distribution, IntDistribution) and self._sized(axis):
                low, high = axis.choices
                while high > low and self.size(settings | {axis.name: high}, species) > most:
                    high -= 1
            settings[axis.name] = axis.draw(trial, f"{self.name}.{axis.name}", high)
        return settings

    def _sized(self, axis: Axis) -> bool:
        return axis.name in self.limits and (axis.fixed or self.limits[axis.name].grows)

    def size(self, drawn: Mapping[str, Any], species: Sequence[int]) -> int:
        """K, with what is not drawn at its smallest."""
        return count(self.made({a.name: drawn.get(a.name, a.choices[0]) for a in self.axes if self._sized(a)}), species)


def tied(value: Any) -> Any:
    """Tuples, which JSON holds as lists."""
    return tuple(map(tied, value)) if isinstance(value, list) else value
