"""The units that energies, forces and lengths of data files come in, and their factors to eV, eV/Å and Å."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...units import ENERGIES, LENGTHS
from .names import meant

#: eV in each unit of energy, by its words without spaces, dots and case.
ENERGY_FACTORS = {
    **dict.fromkeys(("ev", "electronvolt"), 1.0),
    "mev": 1e-3,
    **dict.fromkeys(("ha", "hartree", "eh"), ENERGIES["Ha"]),
    **dict.fromkeys(("ry", "rydberg"), ENERGIES["Ry"]),
    **dict.fromkeys(("kcal/mol", "kcalmol", "kcal"), ENERGIES["kcal/mol"]),
    **dict.fromkeys(("kj/mol", "kjmol", "kj"), ENERGIES["kJ/mol"]),
}
#: Å in each unit of length.
LENGTH_FACTORS = {
    **dict.fromkeys(("å", "a", "ang", "angstrom", "angstroem", "ångström"), 1.0),
    **dict.fromkeys(("bohr", "a0"), LENGTHS["Bohr"]),
    **dict.fromkeys(("nm", "nanometer"), LENGTHS["nm"]),
}
#: Words for several units at once: of energies, forces and lengths.
PRESETS = {
    "ev": ("eV", "eV/Å", "Å"),
    "metal": ("eV", "eV/Å", "Å"),
    "atomic": ("Ha", "Ha/Bohr", "Bohr"),
    "au": ("Ha", "Ha/Bohr", "Bohr"),
    "electron": ("Ha", "Ha/Bohr", "Bohr"),
    "cp2k": ("Ha", "Ha/Bohr", "Å"),
    "ha": ("Ha", "Ha/Bohr", "Å"),
    "hartree": ("Ha", "Ha/Bohr", "Å"),
    "ry": ("Ry", "Ry/Bohr", "Å"),
    "rydberg": ("Ry", "Ry/Bohr", "Å"),
    "real": ("kcal/mol", "kcal/mol/Å", "Å"),
    "kcal/mol": ("kcal/mol", "kcal/mol/Å", "Å"),
    "kj/mol": ("kJ/mol", "kJ/mol/Å", "Å"),
    "gromacs": ("kJ/mol", "kJ/mol/nm", "nm"),
}
#: Words offered to choose from.
OFFERED = ("eV", "atomic", "cp2k", "Ry", "real", "kJ/mol", "gromacs")
_WHAT = ("energy", "force", "length")
_KNOWN = (
    f"one of {', '.join(map(repr, OFFERED))}, or units one by one such as 'hartree, hartree/bohr, angstrom' (energies in eV, "
    "meV, Ha, Ry, kcal/mol or kJ/mol; lengths in Å, Bohr or nm; forces in an energy over a length)"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Units:
    """What energies, forces and lengths of a file are in.

    Attributes:
        energy: its word.
        force: its word.
        length: its word.

    >>> Units(energy="Ha", force="Ha/Bohr").factors
    (27.211386245988, 51.422067476325886, 1.0)
    """

    energy: str = "eV"
    force: str = "eV/Å"
    length: str = "Å"

    @property
    def factors(self) -> tuple[float, float, float]:
        """eV, eV/Å and Å in one unit of energy, force and length."""
        return ENERGY_FACTORS[_plain(self.energy)], _force(_plain(self.force)), LENGTH_FACTORS[_plain(self.length)]

    def __str__(self) -> str:
        return f"energies in {self.energy}, forces in {self.force}, lengths in {self.length}"


def units_of(told: object, *, what: str = "units") -> Units:
    """Units by a word for all, by words for each with commas between, or by a mapping.

    A word for energies alone stands for the forces that go with it: "Ha" for Ha and Ha/Bohr, "kcal/mol" for kcal/mol and
    kcal/mol/Å, lengths in Å. Of units that are told one by one, those left out are eV, eV/Å and Å.

    Args:
        told: such as "atomic", "hartree, hartree/bohr, angstrom" or {"energy": "Ha", "force": "Ha/Bohr"}.
        what: to call it in errors.

    Raises:
        ValueError: a unit that is not known, or two of one kind.

    >>> units_of("atomic") == units_of({"energy": "Ha", "force": "Ha/Bohr", "length": "Bohr"})
    True
    >>> str(units_of("kcal/mol"))
    'energies in kcal/mol, forces in kcal/mol/Å, lengths in Å'
    """
    if isinstance(told, Units):
        return told
    if isinstance(told, Mapping):
        return _one_by_one(((_named(name, what), word) for name, word in told.items()), what)
    if not isinstance(told, str):
        raise ValueError(f"{what}: expected {_KNOWN}; got {told!r:.60}")
    if _plain(told) in PRESETS:
        return Units(**dict(zip(_WHAT, PRESETS[_plain(told)], strict=True)))
    return _one_by_one(((None, word) for word in re.split(r"[,;]|\s+(?![/*])(?<![/*]\s)", told.strip()) if word), what)


def factor(word: str) -> float:
    """The factor of one unit of energy, force or length to eV, eV/Å or Å.

    Raises:
        ValueError: none that is known.

    >>> round(factor("Ha/Bohr"), 4), round(factor("kcal/mol"), 7), round(factor("Ry/Bohr"), 4)
    (51.4221, 0.0433641, 25.711)
    """
    _kind(word, "unit")
    return {**ENERGY_FACTORS, **LENGTH_FACTORS}.get(_plain(word)) or _force(_plain(word))


def _one_by_one(words: Iterable[tuple[str | None, Any]], what: str) -> Units:
    found: dict[str, str] = {}
    for name, word in words:
        kind = _kind(word, what)
        if (name or kind) != kind or kind in found:
            wrong = f"{name} in {word!r}" if name and name != kind else f"a second unit of {kind}, {word!r}"
            raise ValueError(f"{what}: expected {_KNOWN}; got {wrong}")
        found[kind] = str(word).strip()
    return Units(**found)


def _named(name: object, what: str) -> str:
    """energy, force or length, for any word that begins so; positions and cells are lengths."""
    found = str(name).lower()
    for known, kind in (("energ", "energy"), ("force", "force"), ("length", "length"), ("position", "length")):
        if found.startswith(known):
            return kind
    raise ValueError(f"{what}: expected names among {', '.join(map(repr, _WHAT))}, got {name!r:.40}")


def _kind(word: object, what: str) -> str:
    plain = _plain(word) if isinstance(word, str) else ""
    if plain in ENERGY_FACTORS:
        return "energy"
    if plain in LENGTH_FACTORS:
        return "length"
    if _force(plain):
        return "force"
    near = meant([plain], [*ENERGY_FACTORS, *LENGTH_FACTORS, *PRESETS])
    raise ValueError(f"{what}: expected {_KNOWN}; got {word!r:.60}{near}")


def _force(plain: str) -> float:
    """eV/Å in a unit of energy over one of length, or 0."""
    for sign in ("/", "*"):
        energy, parted, length = plain.rpartition(sign)
        length = length.removesuffix("^-1") if sign == "*" else length
        if parted and energy in ENERGY_FACTORS and length in LENGTH_FACTORS:
            return ENERGY_FACTORS[energy] / LENGTH_FACTORS[length]
    return 0.0


def _plain(word: str) -> str:
    """A unit without spaces, dots and case: 'Kcal / mol' and 'kcal/mol', 'a.u.' and 'au', 'Angstroms' and 'Å' alike."""
    plain = re.sub(r"[\s._()\[\]]", "", word).lower()
    return re.sub(r"(angstrom|hartree|rydberg)s", r"\1", plain)
