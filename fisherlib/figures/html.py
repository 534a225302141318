"""A table of words, as a notebook shows it, and numbers with their errors in words."""

import functools
import math
import re
from collections.abc import Mapping
from html import unescape
from types import MappingProxyType
from typing import ClassVar

import pandas as pd

from .style import Mark

#: Length of a cell, and of the name of a row, that is not broken into lines.
SHORT, NAME = 12, 28
#: A number with its error bar.
MEASURED = re.compile(r"[−\d.]+ ± [\d.]+")
#: Symbols of figures as letters.
LETTERS = {"circle": "●", "diamond": "◆", "square": "■", "cross": "✚", "x": "✖", "triangle-up": "▲"}


class Table(pd.DataFrame):
    """A table of words: aligned to the left, and not cut after 50 letters.

    Attributes:
        looks: name of a row → how its model looks in figures; its mark stands before the name.
    """

    _metadata: ClassVar[list[str]] = ["looks"]
    looks: Mapping[str, Mark] = MappingProxyType({})

    def _repr_html_(self) -> str:
        html = self.to_html(justify="left")  # unlike the default, it does not cut cells
        head, _, body = html.partition("<tbody>")
        # JupyterLab aligns headings to the right; a screen reader is told what each of them heads.
        head, body = (
            re.sub(r"<th>([^<]*)", functools.partial(self._head, of), part)
            for part, of in ((head, "col"), (body, "row"))
        )
        html = f"{head}<tbody>{body}"
        return re.sub(r"<td>([^<]*)", _cell, html)

    def _head(self, of: str, match: re.Match[str]) -> str:
        """JupyterLab aligns headings to the right, and breaks names of rows into lines."""
        wrap = "; white-space: nowrap" if len(match[1]) <= NAME else ""
        look = self.looks.get(unescape(match[1]))
        letter = LETTERS.get(look.symbol.removesuffix("-open"), "●") if look else ""
        mark = f'<span style="color: {look.color}">{letter}</span> ' if look else ""
        return f'<th scope="{of}" style="text-align: left{wrap}">{mark}{match[1]}'


def _cell(match: re.Match[str]) -> str:
    """A short cell and a number with its error bar stay on one line; a long word, such as a checksum, may break anywhere."""
    whole = len(match[1]) <= SHORT or MEASURED.fullmatch(match[1])
    wrap = "white-space: nowrap" if whole else "overflow-wrap: anywhere"
    return f'<td style="text-align: left; {wrap}">{match[1]}'


def with_error(value: float, error: float) -> str:
    """A number to the first digit of its standard error, to the second if the first is 1; without an error, to four digits.

    >>> with_error(2.669, 0.071), with_error(2.669, 0.0142), with_error(-2669.0, 71.0), with_error(2.669, 0.0)
    ('2.67 ± 0.07', '2.669 ± 0.014', '−2670 ± 70', '2.669')
    """
    if not (math.isfinite(error) and error > 1e-12 * abs(value)):  # below, it is rounding
        return f"{value:.4g}".replace("-", "−")
    first, _, power = f"{error:.1e}".partition("e")
    digits = -int(power) + (float(first) < 2)
    shown = [f"{round(each, digits) + 0.0:.{max(0, digits)}f}" for each in (value, error)]
    return " ± ".join(shown).replace("-", "−")
