"""One finding about the data: a name, a level, a sentence and a number."""

import dataclasses
from typing import Literal, get_args

Level = Literal["ok", "warn", "fail"]
#: From the best to the worst.
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """One finding about the data.

    Attributes:
        name: of the check.
        level: "ok", "warn" or "fail"; a "fail" makes every result wrong.
        message: one sentence with the likely cause.
        value: the number behind it.
    """

    name: str
    level: Level
    message: str
    value: float

    def warned(self) -> "Verdict":
        """The same finding as a warning, where it is one that such data can be read and mended in spite of."""
        return dataclasses.replace(self, level="warn") if self.level == "fail" else self
