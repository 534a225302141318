"""A table of words, as a notebook shows it, and numbers with their errors in words."""

import math
import re

import pandas as pd

#: Length of a cell that is not broken into lines.
SHORT = 12


class Table(pd.DataFrame):
    """A table of words: aligned to the left, and not cut after 50 letters."""

    def _repr_html_(self) -> str:
        html = self.to_html(justify="left")  # unlike the default, it does not cut cells
        html = html.replace("<th>", '<th style="text-align: left">')  # JupyterLab aligns headings to the right
        return re.sub(r"<td>([^<]*)", _cell, html)


def _cell(match: re.Match[str]) -> str:
    """A short cell stays on one line; a long word, such as a checksum, may break anywhere."""
    wrap = "white-space: nowrap" if len(match[1]) <= SHORT else "overflow-wrap: anywhere"
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
