"""Configurations in eV and Å, from the units that a file states or that the reader is told."""

import dataclasses
import re
from collections.abc import Collection, Mapping

import numpy as np

from ...configurations import Configurations
from .choice import Choice
from .unit_names import Units, units_of

#: What is in which unit, by the entry of a comment line that states it, without case and marks.
_ENTRIES = {
    **dict.fromkeys(("energyunit", "energyunits"), "energy"),
    **dict.fromkeys(("forceunit", "forceunits", "forcesunit", "forcesunits"), "force"),
    **dict.fromkeys(("lengthunit", "lengthunits", "positionunit", "positionunits", "positionsunit"), "length"),
    **dict.fromkeys(("unit", "units"), ""),
}


def in_electronvolts(stored: Configurations, choice: Choice, *, also: str | None = None) -> Configurations:
    """The configurations with positions, cells, energies, virials and forces in Å, eV and eV/Å, and a note where they were in others.

    Args:
        stored: with energies, forces, and virials if they are wanted, in the units of the file.
        choice: ``units`` that are told come before those that the file states.
        also: further energies among the entries.

    Raises:
        ValueError: a unit that is not known, units told for a file whose format has its own, or energies without forces.
    """
    units, whose = _units(stored, choice)
    e, f, x = units.factors
    if (e, f, x) == (1.0, 1.0, 1.0):
        return stored
    scaled = {"energies": e, "virials": e, "forces": f, "positions": x, "cell": x}
    made = {name: a * by for name, by in scaled.items() if (a := getattr(stored, name)) is not None}
    entries = dict(stored.entries) | ({also: stored.entries[also] * e} if also else {})
    note = f"{units}, as {whose}, are converted to eV and Å"
    about = stored.provenance["taken"]
    about = {**about, "units": str(units), "lengths": x, "notes": [*about["notes"], note]}
    return dataclasses.replace(stored, entries=entries, provenance={**stored.provenance, "taken": about}, **made)


def _units(stored: Configurations, choice: Choice) -> tuple[Units, str]:
    """The units of a file, and who says so."""
    columns = stored.provenance["columns"]
    words = {"energy": columns["energies"], "force": columns["forces"], "length": "positions"}
    known = {what: word for what, name in words.items() if (word := stored.units.get(name, "?"))[-1:] not in ("?", "")}
    if choice.units is not None:
        told = units_of(choice.units)
        if {"energy", "force"} <= known.keys() and told.factors != units_of(known).factors:
            its = f"whose units are those of its format, read as {units_of(known)}"
            raise ValueError(f"units: expected none for {stored.place}, {its}, got {choice.units!r}; leave units= out")
        return told, "units= says"
    spared = ["energy"] if columns["energies"] is None else []
    return _complete({**known, **_stated(stored)}, stored.place, spared), "the file states"


def _stated(stored: Configurations) -> dict[str, str]:
    """energy, force or length → its unit, as entries of the configurations state it."""
    found: dict[str, str] = {}
    for name in (*stored.entries, *stored.incomplete):
        what = _ENTRIES.get(re.sub(r"[^a-z]", "", name.lower()))
        if what is None:
            continue
        said = np.unique(stored.entries.get(name, np.array([])))
        if len(said) != 1:
            told = (
                f"{', '.join(map(str, said[:4]))} in {stored.place}"
                if len(said)
                else f"it in some configurations of {stored.place} only"
            )
            raise ValueError(f"units: expected one {name!r} for all, got {told}; say what holds by units=")
        if what:
            found[what] = str(said[0])
        else:
            its = units_of(str(said[0]), what=f"{name!r} of {stored.place}")
            found |= {"energy": its.energy, "force": its.force, "length": its.length}
    return found


def _complete(words: Mapping[str, str], place: str, spared: Collection[str] = ()) -> Units:
    """Units of which, where one is foreign, both energies and forces are stated, but for what is spared as there is none."""
    units = units_of(dict(words), what=f"units that {place} states")
    lacking = [what for what in ("energy", "force") if what not in words and what not in spared]
    if lacking and units.factors != (1.0, 1.0, 1.0):
        said = ", ".join(f"{what} in {word}" for what, word in words.items())
        raise ValueError(
            f"units: {place} states {said} and no unit of {' and '.join(lacking)}; give all, such as units='hartree, hartree/bohr'"
        )
    return units
