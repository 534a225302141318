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
        head, _, body = html.partition("<tbody>")
        # JupyterLab aligns headings to the right; a screen reader is told what each of them heads.
        head, body = (
            part.replace("<th>", f'<th scope="{of}" style="text-align: left">')
            for part, of in ((head, "col"), (body, "row"))
        )
        html = f"{head}<tbody>{body}"
        return re.sub(r"<td>([^<]*)", _cell, html)


def _cell(match: re.Match[str]) -> str:
    """A short cell stays on one line; a long word, such as a checksum, may break anywhere."""
    wrap = "white-space: nowrap" if len(match[1]) <= SHORT else "overflow-wrap: anywhere"
    return f'<td style="text-align: left; {wrap}">{match[1]}'


def with_error(value: float, error: float) -> str:
    """A number to the second digit of its standard error; without one, to four digits."""
    if not (math.isfinite(error) and error > 1e-12 * abs(value)):  # below, it is rounding
        return f"{value:.4g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{round(value, digits) + 0.0:.{digits}f} ± {error:.{digits}f}"
