"""Where energies and forces come from, by their names: both are taken from one source."""

import dataclasses
import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from . import candidates
from .choice import Choice
from .names import ENERGY_NAMES, FORCE_NAMES, FREE_ENERGIES, MODELS, REFERENCES, Columns

#: Difference between energies that may still be one of rounding, eV per atom.
ALIKE = 1e-6


class Named(NamedTuple):
    """A name of energies or forces: whose they are ("" where the name does not say it), and its rank among such names."""

    source: str
    rank: int
    name: str


@dataclasses.dataclass(frozen=True)
class Taken:
    """The energies and forces that are taken, other energies that the forces may belong to, and what there is to say.

    ``question`` tells why nothing is taken where names leave it open.
    """

    energies: str | None = None
    forces: str | None = None
    other: str | None = None
    note: str = ""
    question: str = ""


def taken(entries: Columns, atoms: Columns, *, kind: str, choice: Choice) -> Taken:
    """Energies and forces of the same source: of a reference before those of no source, never one of each.

    Args:
        entries: of configurations.
        atoms: columns.
        kind: of file.
        choice: names that are given are taken as they are.
    """
    E, F = _energies(entries), _forces(atoms)
    if choice.energies is not None or choice.forces is not None:
        return _beside(choice, E, F, entries, atoms, kind)
    whole = [source for source in dict.fromkeys(e.source for e in E) if any(f.source == source for f in F)]
    references = [source for source in whole if source in REFERENCES]
    halves = [n for n in (*E, *F) if n.source in REFERENCES and n.source not in whole]
    unknown = [source for source in whole if source and source not in (*REFERENCES, *MODELS)]
    if len(references) > 1 or (not references and "" in whole and (halves or unknown)):
        return Taken(question=_several(E, F))
    if whole:
        source = references[0] if references else "" if "" in whole else whole[0]
        return _of(source, E, F, entries, atoms)
    if E and F and _apart(E[0].source, F[0].source):
        return Taken(question=_several(E, F))
    return Taken(_one(E) or candidates.guess_energies(entries, kind), _one(F) or candidates.guess_forces(atoms))


def mixed(energies: str | None, forces: str | None) -> str:
    """A sentence about names that belong to different sources, such as 'energy' and 'REF_forces'; "" if they may be of one."""
    e, f = _parted(energies or "", ENERGY_NAMES), _parted(forces or "", FORCE_NAMES)
    if e is None or f is None or e.source == f.source or not _apart(e.source, f.source):
        return ""
    return f"{e.name!r} and {f.name!r} come from different sources by their names: do they belong together?"


def _of(source: str, E: list[Named], F: list[Named], entries: Columns, atoms: Columns) -> Taken:
    """The first energies and forces of a source, and what is said of others that differ from them."""
    e, f = next(n for n in E if n.source == source), next(n for n in F if n.source == source)
    beside = [
        n.name
        for n, arrays, mine in (*((n, entries, e) for n in E), *((n, atoms, f) for n in F))
        if n.source != source and _differ(arrays, n.name, mine.name)
    ]
    note = ""
    if beside and source:
        note = f"takes {e.name!r} and {f.name!r}, the reference by their names, not {_listed(beside)} beside them"
    return Taken(e.name, f.name, _other(e, E), note)


def _beside(choice: Choice, E: list[Named], F: list[Named], entries: Columns, atoms: Columns, kind: str) -> Taken:
    """What is named, and beside it what is of the same source, or the only one there is."""
    e = (
        choice.energies
        or _of_same(choice.forces, F, E)
        or _unless_several(E)
        or candidates.guess_energies(entries, kind)
    )
    f = choice.forces or _of_same(choice.energies, E, F) or _unless_several(F) or candidates.guess_forces(atoms)
    for what, name, its, found in (("forces", choice.forces, f, F), ("energies", choice.energies, e, E)):
        if (
            name is None
            and len({n.source for n in found}) > 1
            and its != _of_same(choice.energies or choice.forces, [*E, *F], found)
        ):
            return Taken(
                question=f"none of the {what} goes by its name with {choice.energies or choice.forces!r}; name them by {what}= too"
            )
    return Taken(e, f, next((_other(n, E) for n in E if n.name == e), None))


def _unless_several(named: list[Named]) -> str | None:
    return named[0].name if len({n.source for n in named}) == 1 else None


def _of_same(name: str | None, its: list[Named], others: list[Named]) -> str | None:
    source = next((n.source for n in its if n.name == name), None)
    return next((n.name for n in others if n.source == source), None)


def _apart(one: str, other: str) -> bool:
    """Whether one is a model's and not the other, or one is a reference where the other has no such word."""
    return bool({one, other} & {*MODELS}) or ("" in (one, other) and bool({one, other} & {*REFERENCES}))


def _other(e: Named, E: list[Named]) -> str | None:
    """Energies of the same source that differ by the entropy of electrons: free ones beside others, and the reverse."""
    free = ENERGY_NAMES[e.rank] in FREE_ENERGIES
    return next((n.name for n in E if n.source == e.source and (ENERGY_NAMES[n.rank] in FREE_ENERGIES) != free), None)


def _several(E: list[Named], F: list[Named]) -> str:
    found = dict.fromkeys(n.source for n in (*E, *F))
    each = [[next((repr(n.name) for n in names if n.source == source), "") for names in (E, F)] for source in found]
    pairs = [" with ".join(filter(None, pair)) for pair in each]
    return (
        f"several sources by their names, {'; '.join(pairs)}; name those that belong together by energies= and forces="
    )


def _differ(arrays: Columns, name: str, mine: str) -> bool:
    a, b = arrays[name], arrays[mine]
    return a.shape != b.shape or not np.allclose(a, b, rtol=1e-9, atol=ALIKE, equal_nan=True)


def _one(named: list[Named]) -> str | None:
    return next((n.name for n in named if n.source in ("", *REFERENCES)), None)


def _listed(names: list[str]) -> str:
    return " and ".join(map(repr, names[:4]))


def _energies(entries: Columns) -> list[Named]:
    return _named((n for n, a in entries.items() if a.ndim == 1 and a.dtype.kind in "iuf"), ENERGY_NAMES)


def _forces(atoms: Columns) -> list[Named]:
    return _named((n for n, a in atoms.items() if a.shape[1:] == (3,) and a.dtype.kind in "iuf"), FORCE_NAMES)


def _named(names: Iterable[str], usual: tuple[str, ...]) -> list[Named]:
    """Those that name energies or forces, the likeliest first."""
    found = (named for name in names if (named := _parted(name, usual)))
    return sorted(found, key=lambda n: (n.rank, n.source != "", n.name.lower() != n.name, n.name))


def _parted(name: str, usual: tuple[str, ...]) -> Named | None:
    """A name as its source and what it names: 'REF_energy', 'dftEnergy', 'energy_dft', 'TotEnergy', 'E0'."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()).strip("_")
    for core in sorted(usual, key=len, reverse=True):
        if plain == core:
            return Named("", usual.index(core), name)
        for source, apart in ((plain.removesuffix(core), len(core) > 2), (plain.removeprefix(core), False)):
            words = source.strip("_")
            # "xyz_energy" may be of a source that nobody knows; "energy_xyz" is another thing, such as an energy per atom.
            if source != plain and (words in (*REFERENCES, *MODELS) or (apart and source.endswith("_"))):
                return Named(words, usual.index(core), name)
    return None
