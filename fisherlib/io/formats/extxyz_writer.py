"""A dataset as extended xyz, to the last bit; ASE, whose reader takes it back, writes eight decimals only."""

import json
import os
from collections.abc import Iterator

import numpy as np
from ase.data import chemical_symbols
from ase.io.extxyz import key_val_str_to_dict
from numpy.typing import NDArray

from ...dataset import Dataset, Trajectory
from ..archive import write_atomically
from ..columns.names import DESCRIPTORS, FORCE_DESCRIPTORS
from ..strict import ending

#: The comment-line entry that tells trajectories apart: ``fisherlib.io.read(path, key="trajectory")``.
KEY = "trajectory"


def write_extxyz(data: Dataset, path: str | os.PathLike, *, descriptors: bool = False) -> None:
    """Write positions, forces (eV/Å), energies, virials (eV), cells, temperatures (K) and keys; a half-written file is never left.

    Every number is read back as it was; ``fisherlib.io.read(path, key="trajectory")`` gives the trajectories. The names of
    descriptors and the provenance have no place in the format: ``fisherlib.io.write`` keeps them, in ``.npz``.

    Args:
        data: trajectories with species and positions.
        path: ``.xyz`` or ``.extxyz``.
        descriptors: also write those of each atom, (N, K), and the force descriptors Φ = −∂D/∂x, (N, 3K) with all of x first,
            under the names that ``read`` takes by itself.

    Raises:
        ValueError: another suffix, or a trajectory without species, positions or (if asked for) descriptors of each atom.
    """
    path = ending(path, ".xyz", ".extxyz")
    held = [(t, *_arrays(t, descriptors=descriptors)) for t in data.values()]
    texts = (text for t, species, columns in held for text in _texts(t, species, columns))
    write_atomically(path, lambda file: [file.write(text.encode()) for text in texts])


def text_of(t: Trajectory, *, columns: dict[str, NDArray], entries: str) -> str:
    """The same as text, with further columns of the atoms, (ΣN, n), and entries of each comment line."""
    species, own = _arrays(t, descriptors=False)
    return "".join(_texts(t, species, own | columns, entries))


def _arrays(t: Trajectory, *, descriptors: bool) -> tuple[NDArray, dict[str, NDArray]]:
    """Atomic numbers, (ΣN,), and the columns that are written, (ΣN, n)."""
    if t.species is None or t.positions is None:
        lacking = [name for name in ("species", "positions") if getattr(t, name) is None]
        raise ValueError(
            f"trajectory {t.key!r}: expected {' and '.join(lacking)} to write, got None; its file has no configurations of atoms"
        )
    if "\0" in t.key:
        raise ValueError(
            f"key of trajectory {t.key!r}: expected one without the character NUL, which no text file keeps"
        )
    columns = {"pos": t.positions, "forces": t.forces.reshape(-1, 3)}
    if not descriptors:
        return t.species, columns
    if t.site_descriptors is None:
        raise ValueError(
            f"trajectory {t.key!r}: expected site_descriptors to write, got None; leave out descriptors=True, as its file holds sums only"
        )
    if t.K == 1:
        raise ValueError(
            f"trajectory {t.key!r}: expected K > 1 descriptors, got 1, which extended xyz does not tell from a number per atom; write it as .npz"
        )
    refuse_other_sums(t, t.site_descriptors)
    columns |= {DESCRIPTORS: t.site_descriptors, FORCE_DESCRIPTORS: t.force_descriptors.reshape(-1, 3 * t.K)}
    return t.species, columns


def refuse_other_sums(t: Trajectory, site_descriptors: NDArray) -> None:
    """Refuses descriptors that are not the sums of those of each atom, since only the latter are written.

    Raises:
        ValueError: others.
    """
    sums = np.add.reduceat(site_descriptors, np.cumsum(t.n_atoms) - t.n_atoms, axis=0, dtype=np.float64)
    if not np.allclose(sums, t.descriptors, rtol=1e-6, atol=1e-9 * np.abs(t.descriptors).max()):
        raise ValueError(
            f"descriptors of {t.key!r}: expected the sums of site_descriptors, got others, which would be lost"
        )


def _texts(t: Trajectory, species: NDArray, columns: dict[str, NDArray], entries: str = "") -> Iterator[str]:
    """The configurations, one after the other."""
    properties = ":".join(["species:S:1", *(f"{name}:R:{a.shape[1]}" for name, a in columns.items())])
    ends = np.cumsum(t.n_atoms)
    for m, (a, b) in enumerate(zip(ends - t.n_atoms, ends, strict=True)):
        symbols = [chemical_symbols[z] for z in species[a:b]]
        values = np.concatenate([column[a:b] for column in columns.values()], axis=1).tolist()
        lines = (f"{s} {' '.join(map(repr, row))}\n" for s, row in zip(symbols, values, strict=True))
        yield f"{b - a}\n{_comment(t, m, properties, entries)}\n{''.join(lines)}"


def _comment(t: Trajectory, m: int, properties: str, entries: str) -> str:
    box = ""
    if t.cell is not None:
        box = f'Lattice="{" ".join(map(repr, t.cell[m].ravel().tolist()))}" '
    pbc = "F F F" if t.pbc is None else " ".join("T" if periodic else "F" for periodic in t.pbc[m])
    temperature = "" if t.temperature is None else f"temperature={float(t.temperature)!r} "
    energy = f"energy={float(t.energies[m])!r} {_virial(t, m)}"
    return f'{box}Properties={properties} {energy}{temperature}{entries}pbc="{pbc}" {_named(t.key)}'


def _virial(t: Trajectory, m: int) -> str:
    """The entry of the virial as nine numbers, where it is known."""
    if t.virials is None or np.isnan(t.virials[m]).any():
        return ""
    return f'virial="{" ".join(map(repr, t.virials[m, [0, 5, 4, 5, 1, 3, 4, 3, 2]].tolist()))}" '


def _named(key: str) -> str:
    """The entry of the key; one that would be read as a number, a truth value or a list is marked as text, by JSON."""
    plain = _quoted(key)
    value = key_val_str_to_dict(plain).get(KEY)
    if key.isascii() and key.isprintable() and isinstance(value, str) and value == key:
        return plain
    return _quoted(f"_JSON {json.dumps(key)}")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{KEY}="{escaped}"'
