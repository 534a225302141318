"""Tasks for the engines, which a worker can import."""

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple


class Work(NamedTuple):
    """An item.

    Attributes:
        number: from 0.
        size: 1.
    """

    number: int
    size: int = 1

    @property
    def name(self) -> str:
        return f"item-{self.number}"


def squared(item: Work) -> int:
    """The last items are done first."""
    time.sleep(0.02 * (item.number % 3))
    return item.number**2


def noted(item: Work, *, folder: Path, deadly: int, deaths: int) -> int:
    """Leaves a file for each time that an item is begun; one item kills its worker the first times."""
    times = len(list(folder.glob(f"{item.name}.*")))
    (folder / f"{item.name}.{times}").touch()
    if item.number == deadly and times < deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return item.number**2


def refused(item: Work) -> int:
    """An error on the third item."""
    if item.number == 2:
        raise KeyError("the third")
    return item.number


def environment(item: Work) -> str:
    """How many threads featomic may take."""
    return os.environ.get("RAYON_NUM_THREADS", "")
