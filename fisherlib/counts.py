"""Numbers of things, in words."""


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not one.

    >>> counted(1, "trajectory"), counted(20, "trajectory"), counted(0, "run")
    ('1 trajectory', '20 trajectories', '0 runs')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("ry") else f"{number} {noun}s"
