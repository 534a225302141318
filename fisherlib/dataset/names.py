"""Names of descriptors."""

from collections.abc import Sequence


def numbered(K: int) -> tuple[str, ...]:
    """Names of descriptors whose names are not known.

    >>> numbered(3)
    ('D0', 'D1', 'D2')
    """
    return tuple(f"D{k}" for k in range(K))


def stated(names: Sequence[str]) -> list[str]:
    """Names of descriptors if they say anything; an empty list if they are only numbered.

    >>> stated(["D0", "D1"]), stated(["Cu l0", "Cu l1"])
    ([], ['Cu l0', 'Cu l1'])
    """
    return [] if tuple(names) == numbered(len(names)) else list(names)
