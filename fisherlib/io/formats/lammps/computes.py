"""Columns of computes in a dump as arrays: ``c_b[1]`` … as one, and the three directions of ``compute snad/atom``."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_INDEXED = re.compile(r"(?P<name>[cfv]_\w+|[id]2?_\w+)\[(?P<index>[1-9]\d{0,8})\]", flags=re.ASCII)
_VECTORS = {"forces": ("fx", "fy", "fz"), "velocities": ("vx", "vy", "vz")}


def grouped(names: Sequence[str], columns: Mapping[str, NDArray]) -> dict[str, NDArray]:
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


def with_directions(columns: Mapping[str, NDArray], types: NDArray[np.integer], count: int) -> dict[str, NDArray]:
    """The columns with those of ``compute snad/atom``, (N, 3kT), as Φ = −∂D/∂x of shape (N, 3, Tk), and D to go with it.

    LAMMPS sums the descriptors of atoms of each type apart: Σ_{i of type I} D_i are k descriptors of their own for each of
    the T types. So the k numbers of ``compute sna/atom`` become T blocks, of which only that of the atom's type is not 0.

    Args:
        columns: (N, …) by name.
        types: (N,) from 1.
        count: T.
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
