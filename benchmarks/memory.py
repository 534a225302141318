"""Memory of this process on Linux: held now, held at most, and held at most above what was held before a task."""

import contextlib
import ctypes
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def resident(name: str = "VmRSS") -> int:
    """Bytes held now (VmRSS) or at most so far (VmHWM)."""
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(name + ":"))


def peak_above(task: Callable[[], Result]) -> tuple[Result, int]:
    """What a task returns, and the bytes held at most while it ran above those held before."""
    with contextlib.suppress(AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)  # freed but kept memory would be filled first, and not be seen
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak starts anew; where this is refused, it is that of the whole past
    before = resident()
    result = task()
    return result, resident("VmHWM") - before
