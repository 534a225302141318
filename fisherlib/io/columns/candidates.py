"""Which columns of a file could play a role, by shape and type: what a selector offers, the likeliest first."""

from collections.abc import Iterable, Mapping

import numpy as np

from . import names
from .names import DESCRIPTORS, ENERGIES, FORCE_DESCRIPTORS, FORCES, USUAL_ENERGIES, Columns, first

#: Words in the names of energies that are not the potential energy of a configuration.
_NOT_TOTAL = ("atom", "kinetic", "formation", "cohesive", "binding", "std", "var", "error", "weight")
#: Entries that mean trajectories by their names, the likeliest first.
_NAMED = (*names.KEYS, *names.RUNS)


def free(atoms: Columns, forces: str | None) -> dict[str, np.ndarray]:
    """Per-atom columns that may be descriptors: all but numbers, positions and forces."""
    barred = {"numbers", "positions", *FORCES, forces}
    return {name: column for name, column in atoms.items() if name not in barred}


def usual_energies(kind: str) -> tuple[str, ...]:
    """Names of energies that are taken from a kind of file without being asked for."""
    return ENERGIES.get(kind, USUAL_ENERGIES)


def fit(D: np.ndarray, Phi: np.ndarray) -> bool:
    """Whether (ΣN, K) and (ΣN, 3, K), (ΣN, K, 3) or (ΣN, 3K) have the same K."""
    return Phi.shape[1:] in _rows(D)


def _rows(D: np.ndarray) -> set[tuple[int, ...]]:
    """The shapes that a row of the force descriptors of some descriptors may have; none if these are no (ΣN, K)."""
    K = D.shape[1] if D.ndim == 2 else 0
    return {(3, K), (K, 3), (3 * K,)} if K else set()


def gradients(columns: Columns) -> list[str]:
    """Columns that are taken for force descriptors without being named."""
    if FORCE_DESCRIPTORS in columns:
        return [FORCE_DESCRIPTORS]
    return [name for name, c in columns.items() if c.ndim == 3 and 3 in c.shape[1:] and _float(c)]


def sites(columns: Columns, Phi: np.ndarray) -> list[str]:
    """Columns that are taken for descriptors without being named, given the force descriptors."""
    if DESCRIPTORS in columns:
        return [DESCRIPTORS]
    return [name for name, c in columns.items() if fit(c, Phi) and _float(c)]


def of_descriptors(columns: Columns, force_descriptors: str | None = None) -> list[str]:
    """Float columns (ΣN, K) that go with the force descriptors named, or with any that could be."""
    if force_descriptors is not None and force_descriptors not in columns:
        return []
    against = columns if force_descriptors is None else {force_descriptors: columns[force_descriptors]}
    rows = {Phi.shape[1:] for Phi in against.values() if _float(Phi)}  # by shape, as there may be many columns
    fits = [name for name, D in columns.items() if _float(D) and not rows.isdisjoint(_rows(D))]
    return sorted(fits, key=lambda name: name != DESCRIPTORS)


def of_force_descriptors(columns: Columns) -> list[str]:
    """Float columns (ΣN, 3, K), (ΣN, K, 3) or (ΣN, 3K) for which there are descriptors with the same K."""
    rows = set[tuple[int, ...]]().union(*(_rows(D) for D in columns.values() if _float(D)))
    fits = [name for name, Phi in columns.items() if _float(Phi) and Phi.shape[1:] in rows]
    return sorted(fits, key=lambda name: (name != FORCE_DESCRIPTORS, columns[name].ndim == 2))


def of_forces(atoms: Columns) -> list[str]:
    """Float columns (ΣN, 3) other than positions and momenta."""
    barred = {"positions", "momenta", "velocities", DESCRIPTORS}
    fits = [name for name, F in atoms.items() if _float(F) and F.shape[1:] == (3,) and name not in barred]
    return sorted(fits, key=lambda name: _rank(name, FORCES, "force"))


def of_energies(configurations: Columns, kind: str) -> list[str]:
    """Float entries (M,) other than temperatures; whole numbers only under a usual name."""
    usual = usual_energies(kind)
    fits = [
        name
        for name, E in configurations.items()
        if E.ndim == 1 and "temp" not in name.lower() and (_float(E) or (name in usual and E.dtype.kind in "iu"))
    ]
    return sorted(fits, key=lambda name: _rank(name, usual, "energ"))


def of_key(configurations: Columns) -> list[str]:
    """Words or whole numbers that could tell trajectories apart: some configurations share one, and some do not.

    Under a usual name, whole numbers may be written 0.0, 1.0, …, or be T and F.
    """
    fits = [
        name
        for name, entry in configurations.items()
        if entry.ndim == 1 and _labels(name, entry) and 1 < len(np.unique(entry)) < len(entry)
    ]
    return sorted(fits, key=lambda name: _likelihood(name, configurations[name]))


def likely_keys(configurations: Columns) -> dict[str, int]:
    """Those that probably do tell trajectories apart, and how many values each has.

    Those of a usual name have at least two configurations a value on average, words three. Whole numbers of an unknown name
    have fewer values than configurations a value: a counter of steps, which starts anew in each run, has more.
    """
    found = {}
    for name in of_key(configurations):
        entry = configurations[name]
        values, M = len(np.unique(entry)), len(entry)
        each = 2 if name in _NAMED else 3 if entry.dtype.kind == "U" else values
        if not _tells_nothing(name) and each * values <= M:
            found[name] = values
    return found


def incomplete_keys(incomplete: Mapping[str, int]) -> dict[str, int]:
    """Entries of a usual name that only some configurations have, and the first that lacks each."""
    return {name: incomplete[name] for name in _NAMED if name in incomplete}


def _labels(name: str, entry: np.ndarray) -> bool:
    usual = name in _NAMED and (entry.dtype.kind == "b" or (_float(entry) and bool((entry == np.floor(entry)).all())))
    return entry.dtype.kind in "Uiu" or usual


def _tells_nothing(name: str) -> bool:
    """Whether an entry counts atoms or steps, or is a property of a configuration, by its name."""
    named = {*names.CONFIGURATIONS, *map(str.lower, names.N_ATOMS), *names.PROPERTIES}
    return name.lower() in named or name.lower().startswith(("n_", "num_"))


def _likelihood(name: str, entry: np.ndarray) -> tuple[int, bool, int]:
    """For an order: usual names, then words, then whole numbers, each with the fewest values first."""
    return _rank(name, _NAMED, "")[0], entry.dtype.kind != "U", len(np.unique(entry))


def _float(column: np.ndarray) -> bool:
    return column.dtype.kind == "f"


def _rank(name: str, usual: tuple[str, ...], part: str) -> tuple[int, bool]:
    return usual.index(name) if name in usual else len(usual), part not in name.lower()


def guess_descriptors(columns: Columns, force_descriptors: str | None) -> str | None:
    """The descriptors that are taken without being named, given the force descriptors; None where none or several could be."""
    Phi = force_descriptors or guess_force_descriptors(columns)
    if Phi is None or Phi not in columns:
        return None
    return _only(sites(columns, columns[Phi]), of_descriptors(columns, Phi))


def guess_force_descriptors(columns: Columns) -> str | None:
    """The force descriptors that are taken without being named; None where none or several could be."""
    return _only(gradients(columns), of_force_descriptors(columns))


def guess_forces(atoms: Columns) -> str | None:
    """The forces that are taken without being named: of a usual name, or the only ones with "force" in theirs."""
    return first(FORCES, atoms) or _only([name for name in of_forces(atoms) if "force" in name.lower()], atoms)


def guess_energies(entries: Columns, kind: str) -> str | None:
    """The energies that are taken without being named: of a usual name, or the only ones with "energ" in theirs."""
    named = [
        n for n in of_energies(entries, kind) if "energ" in n.lower() and not any(w in n.lower() for w in _NOT_TOTAL)
    ]
    return first(usual_energies(kind), entries) or _only(named, entries)


def _only(names: list[str], fitting: Iterable[str]) -> str | None:
    return names[0] if len(names) == 1 and names[0] in fitting else None
