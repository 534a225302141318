"""Descriptors of a chemical formula alone: properties of its elements, averaged, compared, or site by site."""

import csv
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources

import numpy as np

from ..arguments import choice, words
from ..dataset import Array, frozen

#: Properties of elements: the letter that stands for each in a formula, and its unit. Their sources: ``data/make_elements.py``.
PROPERTIES = {
    "electronegativity": ("χ", ""),
    "ionisation_energy": ("I", "eV"),
    "electron_affinity": ("E", "eV"),
    "covalent_radius": ("r", "Å"),
    "metallic_radius": ("R", "Å"),
    "polarisability": ("α", "Å³"),
    "valence_electrons": ("v", ""),
    "mass": ("m", "u"),
}
#: How the values x of the elements of a formula become one, with their shares w.
_TOGETHER: dict[str, Callable[[Array, Array], float]] = {
    "mean": lambda x, w: float(w @ x),
    "difference": lambda x, w: float(np.ptp(x)),
    "max": lambda x, w: float(x.max()),
    "min": lambda x, w: float(x.min()),
}
_SITES = "ABCDEFGH"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Compositions:
    """Descriptors of formulas, as ``selection.features`` takes them.

    Attributes:
        X: (n, P).
        names: P, such as "χ_mean" or "r_A".
        units: P, empty for a pure number.
        elements: n tuples of the symbols in each formula, as they are written.

    Example:
        >>> found = compositional(["NaCl", "MgO"], ["covalent_radius"], combine=["sites"])
        >>> found.X, found.names, found.units
        (array([[1.66, 1.02],
               [1.41, 0.66]]), ('r_A', 'r_B'), ('Å', 'Å'))
    """

    X: Array
    names: tuple[str, ...]
    units: tuple[str, ...]
    elements: tuple[tuple[str, ...], ...]


def compositional(
    formulas: Iterable[str],
    properties: Sequence[str] = ("electronegativity", "ionisation_energy", "covalent_radius", "valence_electrons"),
    *,
    combine: Sequence[str] = ("mean", "difference", "max", "min"),
) -> Compositions:
    """Properties of the elements of each formula, combined: x̄ = Σ w x with the share w of each element, max x − min x, max, min.

    Nothing is filled in: where a property of an element is not known, the formula is refused.

    Args:
        formulas: such as "NaCl" or "Ni3Al".
        properties: some of "electronegativity" (Pauling), "ionisation_energy" and "electron_affinity" (eV), "covalent_radius" and
            "metallic_radius" (Å), "polarisability" (Å³), "valence_electrons", "mass" (u).
        combine: some of "mean", "difference", "max", "min" and "sites"; the last gives the elements one by one in the order in
            which the formula has them (A, B, …), and wants as many in all formulas. Numbers of atoms enter the mean alone.

    Raises:
        ValueError: what is no formula, an unknown element, or a property that is not known for an element.

    Source:
        The elements: Cordero et al., Dalton Trans. 2832 (2008), and others, collected by mendeleev (MIT licence).

    Example:
        >>> compositional(["Ni3Al", "GaAs"], ["electronegativity"], combine=["mean", "difference"]).X.round(3)
        array([[1.835, 0.3  ],
               [1.995, 0.37 ]])
    """
    parsed = [_shares(row, formula) for row, formula in enumerate(words("formulas", formulas))]
    asked, ways = words("properties", properties), words("combine", combine)
    for name, given, known in (("properties", asked, PROPERTIES), ("combine", ways, (*_TOGETHER, "sites"))):
        for value in given:
            choice(name, value, known)
        if not given:
            raise ValueError(f"{name}: expected at least one of {', '.join(map(repr, known))}, got none")
    if not parsed:
        raise ValueError("formulas: expected at least one such as 'NaCl', got none")
    sizes = {len(symbols) for symbols, _ in parsed}
    if "sites" in ways and (len(sizes) > 1 or max(sizes) > len(_SITES)):
        raise ValueError(
            f"formulas: expected as many elements in all of them for 'sites', {len(_SITES)} at most, got {sorted(sizes)}; "
            "take 'mean' and 'difference'"
        )
    rows = [_row(symbols, w, asked, ways) for symbols, w in parsed]
    return Compositions(
        X=frozen(np.array([[*row.values()] for row in rows])),
        names=tuple(f"{PROPERTIES[prop][0]}_{index}" for prop, index in rows[0]),
        units=tuple(PROPERTIES[prop][1] for prop, _ in rows[0]),
        elements=tuple(symbols for symbols, _ in parsed),
    )


def _row(symbols: Sequence[str], w: Array, asked: Sequence[str], ways: Sequence[str]) -> dict[tuple[str, str], float]:
    """Descriptors of one formula, by property and "mean" … or the letter of the site."""
    row: dict[tuple[str, str], float] = {}
    for prop in asked:
        x = np.array([_value(symbol, prop) for symbol in symbols])
        for way in ways:
            if way == "sites":
                row |= {(prop, letter): number for letter, number in zip(_SITES, x.tolist(), strict=False)}
            else:
                row[prop, way] = _TOGETHER[way](x, w)
    return row


def _shares(row: int, formula: str) -> tuple[tuple[str, ...], Array]:
    """The elements of a formula, as they are written, and their shares."""
    from ase.formula import Formula

    try:
        if "+" in formula:  # to ase an adsorbate, to a chemist a charge
            raise ValueError("a charge")
        counted = Formula(formula.strip()).count()
    except Exception as error:  # ase raises several kinds
        raise ValueError(
            f"formulas: expected a formula such as 'Ni3Al', whole numbers and no charges, got {formula!r:.60} in row {row}"
        ) from error
    if not counted or any(symbol not in _elements() for symbol in counted) or min(counted.values()) < 1:
        raise ValueError(
            f"formulas: expected elements from {', '.join([*_elements()][:2])} to {[*_elements()][-1]}, got {formula!r:.60} in row {row}"
        )
    numbers = np.array([*counted.values()], dtype=float)
    return tuple(counted), numbers / numbers.sum()


def _value(symbol: str, prop: str) -> float:
    text = _elements()[symbol][prop]
    if not text:
        raise ValueError(
            f"properties: expected some that are known for all elements, got {prop!r}, unknown for {symbol}"
        )
    return float(text)


@cache
def _elements() -> dict[str, dict[str, str]]:
    """The table that is shipped, by symbol; no text where a value is not known."""
    text = resources.files(__package__).joinpath("elements.csv").read_text(encoding="utf-8")
    return {row["symbol"]: row for row in csv.DictReader(text.splitlines())}
