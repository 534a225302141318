"""What is chosen of a data file: one value that readers, pages and reports pass whole."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

from ...arguments import kind
from .names import meant


def _asked(what: Literal["column", "number", "flag", "units"], label: str, tip: str) -> Any:
    default = False if what == "flag" else None
    return dataclasses.field(default=default, metadata={"what": what, "label": label, "tip": tip})


_PHI = "The column of −∂D/∂x for each atom; without one, descriptors are computed."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """Which columns of a data file are taken for what, at which temperature; None leaves it to the reader to find out.

    Each field says what it is, and how a page calls it. ``io.read``, the opened file, the page of files and the report take
    all fields as they come, so that a further way to read a file is one more field here.

    Attributes:
        temperature: K, for files that do not say; overrides what they say.
        descriptors: name of the (N, K) column.
        force_descriptors: name of the (N, 3, K) column.
        forces: name of the (N, 3) column.
        energies: name of the energy of each configuration, where the file has several to choose from; for a LAMMPS dump,
            which has none, (M,) energies in eV or in the units told, or the name of a file or of a per-atom column.
        key: comment-line entry that tells trajectories apart (extended xyz).
        gradient: the column holds +∂D/∂x instead of Φ = −∂D/∂x, and is negated.
        units: what energies, forces and lengths are in, where it is not what the file states, or else eV and Å: "atomic",
            "cp2k", "real", "Ry", "hartree, hartree/bohr, angstrom", {"energy": "Ha", "force": "Ha/Bohr"} …
        subtract_isolated: take the energies of isolated atoms, which are never part of the ensemble, off the energies.
        stress: take the stress or virial that goes with the energies, and compute strain descriptors beside the others.

    >>> choice = Choice(forces="f_dft", temperature=300.0)
    >>> choice.forces, choice.energies, choice.gradient
    ('f_dft', None, False)
    """

    temperature: float | None = _asked("number", "Temperature, K", "Of the ensemble that the configurations come from.")
    descriptors: str | None = _asked("column", "Descriptors", "The column of descriptors of each atom.")
    force_descriptors: str | None = _asked("column", "Force descriptors", _PHI)
    forces: str | None = _asked("column", "Forces", "The column of true forces, eV/Å.")
    energies: Any = _asked("column", "Energies", "The entry with the total energy of each configuration, eV.")
    key: str | None = _asked("column", "Key of trajectories", "The entry that names the trajectory of a configuration.")
    gradient: bool = _asked(
        "flag", "force descriptors hold +∂D/∂x", "Tick it if the column holds derivatives as they are."
    )
    units: Any = _asked("units", "Units", "Of energies, forces and lengths, if not eV and Å or what the file states.")
    subtract_isolated: bool = _asked(
        "flag", "subtract isolated atoms", "Tick it to count energies from those of the isolated atoms in the file."
    )
    stress: bool = _asked("flag", "with stress", "Tick it to fit stresses or virials of the file too.")

    @classmethod
    def among(cls, values: Mapping[str, Any]) -> "Choice":
        """The choice made by those of the values that are named like its fields; an empty name chooses nothing."""
        made: dict[str, Any] = {name: values[name] for name in OPTIONS if name in values}
        made |= {name: None for name, value in made.items() if isinstance(value, str) and not value}
        return cls(**made)


#: Name → the field of each thing that can be chosen.
OPTIONS: dict[str, dataclasses.Field] = {option.name: option for option in dataclasses.fields(Choice)}
#: Those that name a column or an entry of the file.
ROLES = tuple(name for name, option in OPTIONS.items() if option.metadata["what"] == "column")
#: Those that are yes or no.
FLAGS = tuple(name for name, option in OPTIONS.items() if option.metadata["what"] == "flag")
#: Nothing is chosen: all is guessed.
GUESSED = Choice()


def completed(choice: Choice, named: Mapping[str, Any], function: Callable) -> Choice:
    """A choice with what else is chosen by keywords; a TypeError for one that neither the function nor a choice has."""
    kind("choice", choice, Choice, f"io.{function.__name__}(…, temperature=300.0, forces='forces')")
    known = [*OPTIONS, *(getattr(function, "__kwdefaults__", None) or {})]
    for name in (name for name in named if name not in OPTIONS):
        said = f"no argument {name!r}{meant([name], known)}; expected some of {', '.join(known)}"
        raise TypeError(f"{function.__name__}: {said}")
    return dataclasses.replace(choice, **named)
