"""A text dump of LAMMPS as the configurations of one trajectory, with the columns of its computes as arrays."""

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....arguments import location
from ....configurations import Configurations
from ..stacking import ASE_UNITS, Parsed, stack
from ..values import of_symbols
from .frames import Frame, frames
from .text import table, totals, warn_of_few_digits

_POSITIONS = (("x", "y", "z"), ("xu", "yu", "zu"), ("xs", "ys", "zs"), ("xsu", "ysu", "zsu"))
_TEXT = ("element", "typelabel")  # all other columns are numbers
#: Suffixes of dumps.
DUMPS = (".dump", ".lammpstrj", ".lammpsdump")
_INDEXED = re.compile(r"(?P<name>[cfv]_\w+|[id]2?_\w+)\[(?P<index>[1-9]\d{0,8})\]", flags=re.ASCII)
_VECTORS = {"forces": ("fx", "fy", "fz"), "velocities": ("vx", "vy", "vz")}


def read_dump(
    path: str | os.PathLike,
    *,
    elements: Sequence[str] | None = None,
    energies: ArrayLike | os.PathLike | str | None = None,
    key: str | None = None,
) -> list[Configurations]:
    """The frames of a dump of style atom or custom as one trajectory, in units metal, its atoms in the order of their id.

    Columns fx fy fz are "forces", and ``c_name[1]`` … become one column ``c_name``. Columns of ``compute snad/atom`` beside
    those of ``compute sna/atom`` become Φ = −∂D/∂x, which is their sign, and D, each type of atom with descriptors of its
    own. Scaled positions are put into the box, tilted or not.

    Args:
        path: text; not compressed.
        elements: symbols of types 1, 2, …; to be given unless the dump has the column "element".
        energies: (M,) total energies, eV, in the order of the file; or a file or column that has them, see below. Without
            them a fit runs on forces alone, and energies are not compared.
        key: of the trajectory; the name of the file without it.

    Raises:
        FileNotFoundError: no file of energies at the path given.
        ValueError: no id, elements or forces, other units or boxes than can be read, or a damaged or truncated file.

    A dump holds no total energy: it comes as an array, as a text of two columns (step and energy), or as the sum of a
    column of energies per atom.
    """
    location("path", path, "io.lammps.read_dump('md.dump')")
    path = Path(path)
    parts: list[dict[str, NDArray]] = []
    found: list[Frame] = []
    names: set[str] = set()
    for frame in frames(path):
        if not found:
            _refuse_without_forces(path, frame)
            names, remedy = set(frame.names), "'dump_modify … format float %.16g'"
            warn_of_few_digits(path, [text for _, text in frame.rows], remedy, stacklevel=3)
        if set(frame.names) != names:
            raise ValueError(
                f"{path.name}: expected the same columns in all frames, got {' '.join(frame.names)!r:.80} at step {frame.step}; "
                "write dumps of different columns into different files"
            )
        parts.append(_atoms(path, frame, elements))
        found.append(frame._replace(rows=()))  # text takes several times the memory of numbers
    if not found:
        raise ValueError(f"{path.name}: expected at least one frame of a LAMMPS dump, got an empty file")
    types = max((int(part["type"].max()) for part in parts if "type" in part), default=1)
    count = max(types, len(elements or ()))
    parsed = [
        Parsed(_with_directions(p, p.get("type", p["numbers"] * 0 + 1), count), {"timestep": f.step}, f.cell, f.pbc)
        for p, f in zip(parts, found, strict=True)
    ]
    key = key or (path.stem if path.suffix in DUMPS else path.name)
    made = stack(key, path.name, parsed, units=ASE_UNITS)
    E = totals(path, energies, made.columns, made.n_atoms, made.entries["timestep"])
    return [made if E is None else dataclasses.replace(made, entries={"energies": E, **made.entries})]


def _refuse_without_forces(path: Path, frame: Frame) -> None:
    if not {*_VECTORS["forces"]} <= {*frame.names} and not any(_INDEXED.fullmatch(name) for name in frame.names):
        raise ValueError(
            f"{path.name}: expected forces, the columns fx fy fz, got only {' '.join(frame.names)[:120]}; dump them as well: "
            "'dump … custom … id type x y z fx fy fz'"
        )


def _atoms(path: Path, frame: Frame, elements: Sequence[str] | None) -> dict[str, NDArray]:
    """The columns of a frame by name, in the order of the ids."""
    place = f"{path.name}, step {frame.step}"
    names = list(frame.names)
    text = [name for name in names if name in _TEXT]
    chosen = [k for k, name in enumerate(names) if name not in text]
    numbers = table(path, frame.rows, columns=len(names), chosen=chosen if text else None)
    columns: dict[str, NDArray] = {names[k]: numbers[:, i] for i, k in enumerate(chosen)}
    columns |= {name: np.array([row.split()[names.index(name)] for _, row in frame.rows]) for name in text}
    for name in ("id", "type"):
        column = columns.get(name, np.ones(1))
        if not ((column >= 1) & (column < 2**53) & (column == np.floor(column))).all():
            raise ValueError(
                f"{place}: expected whole numbers from 1 on in the column {name}, got others; it is damaged"
            )
    order = _order(place, columns)
    columns = {name: column[order] for name, column in columns.items()}
    columns |= {"type": columns["type"].astype(np.int64)} if "type" in columns else {}
    columns["numbers"] = _numbers(place, columns, elements)
    columns["positions"] = _positions(place, columns, frame)
    used = {"id", "element", *(name for group in _POSITIONS for name in group)}
    return _grouped([name for name in columns if name not in used], columns)


def _order(place: str, columns: dict[str, NDArray]) -> NDArray[np.integer]:
    if "id" not in columns:
        raise ValueError(
            f"{place}: expected the column id, as LAMMPS writes atoms in changing order, got {', '.join(columns)}; dump it with "
            "'dump … custom … id type x y z fx fy fz …'"
        )
    order = np.argsort(columns["id"], kind="stable")
    if (np.diff(columns["id"][order]) == 0).any():
        raise ValueError(f"{place}: expected a different id of each atom, got one twice; the file is damaged")
    return order


def _numbers(place: str, columns: dict[str, NDArray], elements: Sequence[str] | None) -> NDArray[np.integer]:
    types = columns.get("type")
    if elements is None:
        if "element" not in columns:
            raise ValueError(
                f"{place}: expected the elements of its types, got only {', '.join(columns)}; give elements=('Ta', …), one for "
                "each type, or dump the column element after 'dump_modify … element Ta …'"
            )
        symbols = columns["element"].tolist()
        if types is not None and len(set(types)) > 1 and set(symbols) == {"C"}:
            raise ValueError(
                f"{place}: expected elements of {len(set(types))} types, got C for all, as LAMMPS writes without 'dump_modify … "
                "element'; give elements=('W', 'Be', …), one for each type"
            )
    else:
        if isinstance(elements, str) or types is None or not set(types) <= set(range(1, len(elements) + 1)):
            found = "no column type" if types is None else f"types up to {types.max():g}"
            raise ValueError(
                f"elements: expected a list of the symbols of all types, such as ('W', 'Be'), got {elements!r:.40} for {place}, which has {found}"
            )
        symbols = [elements[int(kind) - 1] for kind in types]
    return of_symbols(place, symbols, "give elements=('Ta', …), one for each type")


def _positions(place: str, columns: dict[str, NDArray], frame: Frame) -> NDArray[np.float64]:
    for names in _POSITIONS:
        if set(names) <= columns.keys():
            positions = np.stack([columns[name] for name in names], axis=1)
            with np.errstate(all="ignore"):  # of what is not finite, which Trajectory refuses with its place
                return positions if names in _POSITIONS[:2] else frame.origin + positions @ frame.cell
    raise ValueError(
        f"{place}: expected positions x y z, xu yu zu or xs ys zs, got {', '.join(columns)}; dump them as well"
    )


def _grouped(names: Sequence[str], columns: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Columns by name, those of a vector or of a compute (from [1] on, none missing) put together as (N, k)."""
    indexed: dict[str, dict[int, str]] = {}
    for name in names:
        if match := _INDEXED.fullmatch(name):
            indexed.setdefault(match["name"], {})[int(match["index"])] = name
    members = {name: [found[i] for i in sorted(found)] for name, found in indexed.items() if max(found) == len(found)}
    members |= {name: list(parts) for name, parts in _VECTORS.items() if set(parts) <= set(names)}
    taken = {part for parts in members.values() for part in parts}
    single = {name: columns[name] for name in names if name not in taken}
    return single | {name: np.stack([columns[part] for part in parts], axis=1) for name, parts in members.items()}


def _with_directions(columns: Mapping[str, NDArray], types: NDArray[np.integer], count: int) -> dict[str, NDArray]:
    """The columns with those of ``compute snad/atom``, (N, 3kT), as Φ = −∂D/∂x of shape (N, 3, Tk), and D to go with it.

    LAMMPS sums the descriptors of atoms of each type apart: Σ_{i of type I} D_i are k descriptors of their own for each of
    the T = ``count`` types. So the k numbers of ``compute sna/atom`` become T blocks, of which only that of the atom's type is not 0.
    """
    made = dict(columns)
    computed = {name: a for name, a in columns.items() if a.ndim == 2 and name.startswith(("c_", "f_", "v_"))}
    for name, Phi in computed.items():
        for other, D in computed.items():
            N, k = D.shape
            if Phi.shape[1] != 3 * count * k:
                continue
            made[name] = Phi.reshape(N, count, 3, k).transpose(0, 2, 1, 3).reshape(N, 3, count * k)
            own = types[:, None] == np.arange(1, count + 1)
            made[other] = np.where(own[:, :, None], D[:, None, :], 0.0).reshape(N, count * k)
    return made
