"""A file that numbers the types of its atoms and names no elements: opened all the same, so that all can be asked for at once."""

import contextlib

from .. import io
from ..units import counted

#: Elements that stand for types without symbols, until these are known: as many as the file has types.
STAND_INS = "Cu Ag Au Ni Pd Pt Al Pb Fe W".split()


def opened(path: str, elements: str) -> tuple[io.Opened, int]:
    """The file, and how many types of atoms have stand-ins for their symbols: none where the file or the person names them."""
    try:
        return io.open(path, **({"elements": elements} if elements else {})), 0
    except ValueError as error:
        if elements or "elements=" not in str(error):
            raise
        lacking = error
    for count in range(1, len(STAND_INS) + 1):
        with contextlib.suppress(ValueError):
            return io.open(path, elements=STAND_INS[:count]), count
    raise lacking


def question(nameless: int) -> dict[str, str]:
    """What the person is asked for, by the name of the choice."""
    if not nameless:
        return {}
    kinds, example = counted(nameless, "type"), " ".join(STAND_INS[:nameless])
    return {
        "elements": f"The file has {kinds} of atoms and no symbols. Fill them in, such as {example}, and press Enter."
    }
