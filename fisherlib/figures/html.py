"""A table of words, as a notebook shows it."""

import re

import pandas as pd

#: Length of a cell that is not broken into lines.
SHORT = 12


class Table(pd.DataFrame):
    """A table of words: aligned to the left, and not cut after 50 letters."""

    def _repr_html_(self) -> str:
        html = self.to_html(justify="left")  # unlike the default, it does not cut cells
        return re.sub(r"<td>([^<]*)", _cell, html)


def _cell(match: re.Match[str]) -> str:
    """A short cell stays on one line; a long word, such as a checksum, may break anywhere."""
    wrap = "white-space: nowrap" if len(match[1]) <= SHORT else "overflow-wrap: anywhere"
    return f'<td style="text-align: left; {wrap}">{match[1]}'
