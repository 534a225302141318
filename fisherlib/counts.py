"""Numbers of things, in words."""

from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not one.

    >>> counted(1, "trajectory"), counted(20, "trajectory"), counted(0, "run")
    ('1 trajectory', '20 trajectories', '0 runs')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("ry") else f"{number} {noun}s"


def kelvins(temperatures: Sequence[float]) -> str:
    """Temperatures, ascending, in words; of many only the range.

    >>> kelvins([300.0]), kelvins([300.0, 900.0]), kelvins([1.0, 2.0, 3.0, 4.0, 5.5])
    ('300 K', '300 and 900 K', '5 temperatures from 1 to 5.5 K')
    """
    each = [f"{T:.10g}" for T in temperatures]
    if len(each) > 4:
        return f"{len(each)} temperatures from {each[0]} to {each[-1]} K"
    return " and ".join(filter(None, (", ".join(each[:-1]), each[-1]))) + " K"
