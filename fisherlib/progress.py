"""How long work reports its progress."""

from collections.abc import Callable

#: Called with (done, total); an exception raised in it ends the work.
Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Reports nothing."""
