"""Numbers in the text that a Fortran program wrote; errors name the file and the line."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from ...strict import regular

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([EeDd][+-]?[0-9]+)?")
#: Exponents of three digits that did not fit their column stand without a letter: 0.15-102 is 0.15E-102.
_NO_LETTER = re.compile(r"([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+))([+-][0-9]{3})")
_LETTER = str.maketrans("Dd", "EE")
#: What float reads as Fortran does, or not at all: neither nan nor 1_000.
_PLAIN = re.compile(r"[-+.0-9Ee ]*")


def number(place: str, token: str) -> float:
    """A number as Fortran writes it, 1.5, 1.5E-03, 1.5D-03 or 1.5-103, to the last bit.

    Raises:
        ValueError: no number, an overflown column, or not finite.
    """
    if _NUMBER.fullmatch(token):
        value = float(token.translate(_LETTER))
    elif short := _NO_LETTER.fullmatch(token):
        value = float(f"{short[1]}E{short[2]}")
    elif token and not token.strip("*"):
        raise ValueError(
            f"{place}: expected a number, got {token[:20]!r}, which Fortran writes where a number is too wide for its "
            "column; write the file again in a wider format"
        )
    elif token.lstrip("+-").lower() in ("nan", "inf", "infinity"):
        raise ValueError(
            f"{place}: expected a finite number, got {token!r}; repair or leave out what it was computed from"
        )
    else:
        raise ValueError(f"{place}: expected a number, got {token[:40]!r}; the file is damaged or of another format")
    if not np.isfinite(value):
        raise ValueError(f"{place}: expected a number below 1.8E308, got {token[:40]!r}")
    return value


def numbers(place: str, tokens: list[str]) -> list[float]:
    """The numbers of a line, as ``number`` reads each."""
    text = " ".join(tokens).translate(_LETTER)
    if _PLAIN.fullmatch(text):
        try:
            made = list(map(float, text.split()))
        except ValueError:
            made = []
        if len(made) == len(tokens) and all(map(math.isfinite, made)):
            return made
    return [number(place, token) for token in tokens]


def integer(place: str, token: str) -> int:
    """A whole number of at most nine digits; anything else is refused."""
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", token):
        raise ValueError(f"{place}: expected a whole number, got {token[:40]!r}")
    return int(token)


def refuse_unknown(place: str, elements: Sequence[str]) -> None:
    """Refuses what is no symbol of an element."""
    if strange := [e for e in elements if e not in atomic_numbers or e == "X"]:
        raise ValueError(f"{place}: expected names of elements, got {strange[0][:20]!r}")


def lines(path: Path, *, separator: str | None = None) -> list[tuple[int, list[str]]]:
    """The words of each line that is not blank, with the number of the line; a # begins a comment."""
    text = regular(path).read_bytes().decode("ascii", "replace").replace("\r\n", "\n").replace("\r", "\n")
    contents = ((n, line.partition("#")[0].strip()) for n, line in enumerate(text.split("\n"), 1))
    return [(n, [word.strip() for word in content.split(separator)]) for n, content in contents if content]


def head(path: Path) -> tuple[list[str], bool]:
    """The lines at the head of a file that begin with #, and whether anything follows."""
    found: list[str] = []
    with open(regular(path), encoding="ascii", errors="replace") as file:
        for line in file:
            if line.strip() and not line.lstrip().startswith("#"):
                return found, True
            if not line.strip():
                return found, any(rest.strip() for rest in file)
            found.append(line.strip())
    return found, False


def table(
    path: Path, *, columns: int | None = None, row: str = "", separator: str | None = None
) -> NDArray[np.float64]:
    """All numbers of a text file, in rows.

    A row that Fortran broke over several lines is put together if ``columns`` says how long it is; its end must be the
    end of a line. Without ``columns`` rows are as long as the first line; ``row`` tells the error what a row is and what to
    do if its length differs; without ``separator`` white space stands between numbers. A # begins a comment.

    Raises:
        ValueError: nothing there, something that is no finite number, or rows of another length.
    """
    first, more = head(path)
    if not more:
        return _slowly(path, columns, row, separator)
    try:
        made = np.loadtxt(
            path.absolute(), comments=None, delimiter=separator, skiprows=len(first), ndmin=2, encoding="ascii"
        )
    except ValueError:  # numpy says what is wrong with a row, but not in which line of which file
        return _slowly(path, columns, row, separator)
    ends_with_a_line = columns is None or (made.shape[1] <= columns and columns % made.shape[1] == 0)
    if made.size == 0 or not np.isfinite(made).all() or not ends_with_a_line or (columns and made.size % columns):
        return _slowly(path, columns, row, separator)
    return made if columns is None else made.reshape(-1, columns)


def _slowly(path: Path, columns: int | None, row: str, separator: str | None) -> NDArray[np.float64]:
    """As ``table``, but word by word: for Fortran's own number formats, broken rows, and the error message."""
    if not (found := lines(path, separator=separator)):
        raise ValueError(
            f"{path.name}: expected rows of numbers, got an empty file or comments only; copy it again from its source"
        )
    wanted = columns or len(found[0][1])
    expected = f"{wanted} numbers in a row, {row}".removesuffix(", ")
    values: list[float] = []
    filled, first = 0, 0
    for n, tokens in found:
        values += numbers(f"{path.name}, line {n}", tokens)
        first = first if filled else n
        filled += len(tokens)
        if filled > wanted or (columns is None and filled < wanted):
            until = f" up to the end of line {n}" if n > first else ""
            raise ValueError(f"{path.name}, line {first}: expected {expected}, got {filled}{until}")
        filled = 0 if filled == wanted else filled
    if filled:
        raise ValueError(f"{path.name}, line {first}: expected {expected}, got {filled} before the file ends")
    return np.array(values).reshape(-1, wanted)
