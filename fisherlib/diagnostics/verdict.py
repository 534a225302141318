"""The outcome of one check: a number, its limits, a level and a sentence."""

import dataclasses
import functools
import math
import re
from typing import Literal, get_args

Level = Literal["ok", "unknown", "warn", "fail"]
#: From the best to the worst.
LEVELS: tuple[Level, ...] = get_args(Level)

#: The value of a check that could not be made.
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
        level: "ok" if the value lies within the limits; "warn" or "fail" if it does not ("fail" means that every result
            is wrong); "unknown" if the check could not be made, and then the value is NaN.
        message: one sentence with the likely cause, or with the reason why the check could not be made. Hyphens before
            numbers become minus signs, and zeros lose theirs.
        value: the number that decides.
        limits: (low, high), both included; infinite on a side without a limit.

    Raises:
        ValueError: an unknown level, a level that contradicts value and limits, or limits that are NaN or crossed.

    Example:
        >>> Verdict(name="rank", level="warn", message="the rank is -1", value=-1.0, limits=(0.0, 5.0)).message
        'the rank is −1'
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
        """A failure turned into a warning, for findings that the user can mend after reading; others unchanged."""
        return dataclasses.replace(self, level="warn") if self.level == "fail" else self


@functools.lru_cache(maxsize=64)  # thousands of short trajectories have the same few
def unknown(name: str, message: str) -> Verdict:
    """The verdict of a check that could not be made; the message says why."""
    return Verdict(name=name, level="unknown", message=message, value=NOT_KNOWN, limits=(-math.inf, math.inf))
