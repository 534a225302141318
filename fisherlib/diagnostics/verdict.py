"""The outcome of one check: a number, the limits it is held against, and the level and the sentence that follow."""

import dataclasses
import functools
import math
import re
from typing import Literal, get_args

Level = Literal["ok", "unknown", "warn", "fail"]
#: From the best to the worst.
LEVELS: tuple[Level, ...] = get_args(Level)

#: A number that a check could not be made on.
NOT_KNOWN = float("nan")

Limits = tuple[float, float]

#: Signs before a number, and those before a zero; not the hyphens of words and of exponents.
_MINUS = re.compile(r"(?<![\w.+−-])-(?=\d)")
_OF_ZERO = re.compile(r"(?<![\w.+−-])−(?=0(\.0*)?(?![\d.e]))")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one check.

    Attributes:
        name: of the check.
        level: "ok" where the value lies within the limits; "warn" or "fail" where it does not, a "fail" making every result
            wrong; "unknown" where the check could not be made, the value being NaN.
        message: one sentence, with the likely cause of what is amiss, or why the check could not be made; minus signs of its
            numbers are made such, and those of zeros taken away.
        value: the number that decides.
        limits: (low, high) of what passes, both included; infinite where there is none.

    Raises:
        ValueError: a level that is none, or that contradicts the value and the limits; limits that are NaN or crossed.
    """

    name: str
    level: Level
    message: str
    value: float
    limits: Limits

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", _OF_ZERO.sub("", _MINUS.sub("−", self.message)))
        if self.level not in LEVELS:
            raise ValueError(
                f"level of {self.name!r}: expected one of {', '.join(map(repr, LEVELS))}, got {self.level!r}"
            )
        low, high = self.limits
        if not low <= high:
            raise ValueError(f"limits of {self.name!r}: expected low ≤ high, got {low} and {high}")
        expected = (
            ("unknown",) if math.isnan(self.value) else ("ok",) if low <= self.value <= high else ("warn", "fail")
        )
        if self.level not in expected:
            raise ValueError(
                f"level of {self.name!r}: expected {' or '.join(map(repr, expected))} for {self.value:g} within {low:g} to "
                f"{high:g}, got {self.level!r}"
            )

    def warned(self) -> "Verdict":
        """The same finding as a warning, where it is one that such data can be read and mended in spite of."""
        return dataclasses.replace(self, level="warn") if self.level == "fail" else self


@functools.lru_cache(maxsize=64)  # thousands of short trajectories have the same few
def unknown(name: str, message: str) -> Verdict:
    """A check that could not be made, and why."""
    return Verdict(name=name, level="unknown", message=message, value=NOT_KNOWN, limits=(-math.inf, math.inf))
