"""A CSV table of chemical formulas and a number: what a law of the composition alone is made from."""

import csv
import os

import numpy as np

from ..arguments import location
from ..dataset import Array, frozen
from .places import find


def read_formulas(
    path: str | os.PathLike[str], target: str, *, formula: str = "formula"
) -> tuple[tuple[str, ...], Array]:
    """Formulas and a number of each from a CSV file with a header.

    Args:
        path: of the file; shipped ones may be named from anywhere.
        target: name of the column of the number.
        formula: name of the column of formulas.

    Returns:
        Formulas (n) and numbers (n,), in the order of the rows.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no rows, a row with more cells than the header, a column that is missing or there twice, an empty formula, or what is no finite number.

    Example:
        >>> formulas, energies = read_formulas("data/methods/emt_compounds.csv", "formation_energy_eV_per_atom")
        >>> len(formulas), formulas[1], energies[1]
        (63, 'AlNi', np.float64(0.23813))
    """
    location("path", path, "read_formulas('compounds.csv', 'band_gap')")
    with open(find(path), newline="", encoding="utf-8-sig") as file:
        try:
            reader = csv.DictReader(file, skipinitialspace=True)
            reader.fieldnames = header = [name.strip() for name in reader.fieldnames or ()]
            rows = dict((reader.line_num, row) for row in reader)  # noqa: C402 (the number is read after the row)
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"path: expected a CSV file in UTF-8, got {error}") from error
    if not rows:
        raise ValueError(f"path: expected a CSV file with a header and rows, got none in {os.fspath(path)!r:.80}")
    for name, column in (("target", target), ("formula", formula)):
        if header.count(column) != 1:
            raise ValueError(
                f"{name}: expected one column of {', '.join(map(repr, filter(None, header)))}, got {column!r:.60} "
                f"{header.count(column)} times; name another, and separate columns by commas"
            )
    for line, row in rows.items():
        if any(row.get(None, ())):  # "8,5" would be read as 8
            raise ValueError(
                f"path: expected {len(header)} cells in each row, got more in line {line}; write decimals with a point, or quote a comma"
            )
    numbers = [_number(target, row[target], line) for line, row in rows.items()]
    formulas = tuple((row[formula] or "").strip() for row in rows.values())
    if "" in formulas:
        raise ValueError(f"formula: expected a formula in each row, got none in line {[*rows][formulas.index('')]}")
    return formulas, frozen(np.array(numbers))


def _number(column: str, text: str | None, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(
            f"target: expected finite numbers in column {column!r}, got {text!r:.40} in line {line}; leave that row out"
        )
    return value
