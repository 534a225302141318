"""The memory of this machine, and the refusal of arrays that do not fit into it."""

import contextlib
import os
from pathlib import Path


def memory() -> int:
    """Bytes of memory that this process may take: of the machine, of its container, or of its limit."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with contextlib.suppress(OSError, ValueError):  # no container, or "max"
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    with contextlib.suppress(ImportError):
        import resource

        found += [limit for limit in resource.getrlimit(resource.RLIMIT_AS)[:1] if limit > 0]
    return min(found)


def refuse_large(what: str, size: int, way: str) -> None:
    """Refuses arrays of so many bytes; the sentence says what takes them, and another way.

    Raises:
        MemoryError: that is more than half the memory of this machine.
    """
    if size > memory() // 2:
        raise MemoryError(
            f"{what} take {size / 1e9:.1f} GB, which do not fit into the {memory() / 1e9:.1f} GB of this machine; {way}"
        )
