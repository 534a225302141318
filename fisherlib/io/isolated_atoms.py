"""Isolated atoms of a training set: configurations of one atom without forces, which give reference energies."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ..configurations import Configurations
from ..units import counted
from .columns.description import shared

#: Distance between periodic images, Å, from which an atom counts as isolated.
APART = 7.0


def without_isolated(
    found: Sequence[Configurations], *, subtract: bool = False, also: str | None = None
) -> list[Configurations]:
    """The trajectories without isolated atoms, whose energies stand by symbol in what is "taken" of the provenance.

    An isolated atom is a configuration of one atom without a neighbour (no periodic direction, or images further apart than
    ``APART``) that has no forces, or forces of zero. Of several of one element the lowest energy counts. Where all
    configurations are such, they stay.

    Args:
        found: trajectories with energies and forces.
        subtract: take the energies of the atoms off those of the configurations.
        also: further energies among the entries.

    Raises:
        ValueError: ``subtract``, and an element has no isolated atom with an energy.
    """
    rows = [_isolated(t) for t in found]
    if sum(map(len, rows)) in (0, sum(len(t.n_atoms) for t in found)):
        if subtract:
            raise ValueError(f"subtract_isolated: expected isolated atoms, got none in {found[0].place}; leave it out")
        return list(found)
    energies = _energies(found, rows, None)
    others = _energies(found, rows, also) if also else {}
    note = _told(found, rows, energies, subtract)
    kept = []
    for t, out in zip(found, rows, strict=True):
        stay = np.setdiff1d(np.arange(len(t.n_atoms)), out)
        if not len(stay):
            continue
        t = t.take(t.key, stay) if len(out) else t
        if subtract:
            t = _subtracted(t, energies, others, also)
        about = t.provenance["taken"]
        about = {**about, "isolated_atoms": energies, "isolated": out, "notes": [*about["notes"], note]}
        kept.append(dataclasses.replace(t, provenance={**t.provenance, "taken": about}))
    return kept


def like_others(parts: Sequence[Configurations]) -> list[Configurations]:
    """The trajectories, those of single atoms with the columns of numbers that all others have, as NaN: they may lack forces."""
    single = [bool((t.n_atoms == 1).all()) for t in parts]
    like = shared([t.columns for t, alone in zip(parts, single, strict=True) if not alone])
    made = []
    for t, alone in zip(parts, single, strict=True):
        new = [name for name, a in like.items() if alone and name not in t.columns and a.dtype.kind == "f"]
        columns = {name: np.full((len(t.n_atoms), *like[name].shape[1:]), np.nan) for name in new}
        lacking = {**t.incomplete, **dict.fromkeys(new, 0)}
        made.append(dataclasses.replace(t, columns={**t.columns, **columns}, incomplete=lacking))
    return made


def numbers_in_file(t: Configurations) -> NDArray[np.integer]:
    """(M,) what number each configuration had before isolated atoms were left out."""
    out = t.provenance["taken"].get("isolated", [])
    return np.setdiff1d(np.arange(len(t.n_atoms) + len(out)), out)


def _isolated(t: Configurations) -> NDArray[np.integer]:
    single = t.n_atoms == 1
    if t.numbers is None or t.forces is None or not single.any():
        return np.zeros(0, dtype=int)
    force = np.abs(t.forces[np.cumsum(t.n_atoms) - 1]).max(axis=1)
    return np.flatnonzero(single & ~(force > 0) & _alone(t))


def _alone(t: Configurations) -> NDArray[np.bool_]:
    """(M,) whether periodic images of a configuration are far from one another, if it has any."""
    if t.cell is None or t.pbc is None:
        return np.ones(len(t.n_atoms), dtype=bool)
    lengths = np.where(t.pbc, np.linalg.norm(t.cell, axis=2), np.inf)
    return lengths.min(axis=1) > APART


def _energies(found: Sequence[Configurations], rows: Sequence[NDArray], entry: str | None) -> dict[str, float]:
    """Symbol → energy, eV."""
    energies: dict[str, float] = {}
    for t, out in zip(found, rows, strict=True):
        each: Any = t.energies if entry is None else t.entries[entry]
        if each is None or t.numbers is None:
            continue
        for m, atom in zip(out, (np.cumsum(t.n_atoms) - 1)[out], strict=True):
            symbol = chemical_symbols[t.numbers[atom]]
            if np.isfinite(each[m]):
                energies[symbol] = min(float(each[m]), energies.get(symbol, np.inf))
    return energies


def _subtracted(
    t: Configurations, energies: dict[str, float], others: dict[str, float], also: str | None
) -> Configurations:
    entries = dict(t.entries) | ({also: t.entries[also] - _sums(t, others)} if also else {})
    return dataclasses.replace(
        t, energies=None if t.energies is None else t.energies - _sums(t, energies), entries=entries
    )


def _sums(t: Configurations, energies: dict[str, float]) -> NDArray[np.floating]:
    """(M,) energies of the isolated atoms of each configuration, eV."""
    symbols = [chemical_symbols[z] for z in t.numbers] if t.numbers is not None else []
    lacking = set(symbols) - energies.keys()
    if lacking:
        some = ", ".join(sorted(lacking))
        raise ValueError(f"subtract_isolated: no isolated atom of {some} with an energy in {t.place}; leave it out")
    each = np.array([energies[symbol] for symbol in symbols])
    return np.add.reduceat(each, np.cumsum(t.n_atoms) - t.n_atoms)


def _told(
    found: Sequence[Configurations], rows: Sequence[NDArray], energies: dict[str, float], subtracted: bool
) -> str:
    """A sentence about what is left out."""
    named = [
        str(m) if len(found) == 1 else f"{m} of {t.key!r}" for t, out in zip(found, rows, strict=True) for m in out
    ]
    which = f"configuration{'s' if len(named) > 1 else ''} {', '.join(named[:5])}{' …' if len(named) > 5 else ''}"
    each = ", ".join(f"{symbol} {energy:.6g} eV".replace("-", "−") for symbol, energy in energies.items())
    then = "are subtracted" if subtracted else "can be subtracted by subtract_isolated=True"
    told = f"; their energies ({each}) {then}" if energies else ""
    return f"{counted(len(named), 'isolated atom')} ({which}, counted from 0) left out of the ensemble{told}"
