"""Whether there are several runs to compare, without which errors can only be told from a long one."""

import math

from ..dataset import Dataset
from .verdict import Verdict

#: What is said of a single run before anything is fitted to it.
SHORT = "of which no error bar can be made unless it is long: it takes other runs, or many blocks that are independent by their scores"


def single_run(data: Dataset, said: str = SHORT) -> list[Verdict]:
    """A warning where the data are one run, and the entry of the file that may tell several apart; else nothing.

    Args:
        data: the configurations.
        said: of the run, behind "one run, ".
    """
    if len(data) > 1:
        return []
    message = f"one run, {said}"
    for entry, number in dict(data.provenance.get("likely_keys") or {}).items():
        message += f"; `{entry}` has {number} values: take key={entry!r}"
        break  # the likeliest is first
    return [Verdict(name="trajectories", level="warn", message=message, value=float(len(data)), limits=(2.0, math.inf))]
