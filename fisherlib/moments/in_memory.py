"""Moments of trajectories that are in memory."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from types import NoneType
from typing import Any

import numpy as np

from ..arguments import kind, whole
from ..dataset import Dataset, Trajectory, stated
from ..progress import Progress
from .collection import Moments
from .identity import fingerprint, fingerprints, identity
from .record import MomentRecord
from .sums import Sums, rows_per_block


def _record(t: Trajectory, block_rows: int) -> MomentRecord:
    Phi, F, sums = t.force_descriptors, t.forces, Sums(t.K)
    stored = np.empty((min(block_rows, len(F)), t.K)) if Phi.dtype != np.float64 else None
    for start in range(0, len(F), block_rows):
        block = Phi[start : start + block_rows]
        if stored is not None:  # stored as float32, summed as float64
            np.copyto(stored[: len(block)], block)
            block = stored[: len(block)]
        sums.add(block, F[start : start + block_rows])
    return finished(sums, [t])


def finished(sums: Sums, parts: Sequence[Trajectory]) -> MomentRecord:
    """The record of the configurations of one trajectory, given in one part or in several, whose rows are summed already.

    Raises:
        ValueError: numbers so large that their squares overflow.
    """
    strains = [(part.strain_descriptors, part.virials, part.strained) for part in parts]
    known = [(Psi[at], W[at]) for Psi, W, at in strains if Psi is not None and W is not None and len(at)]
    if known:
        sums.add_strains(*map(np.concatenate, zip(*known, strict=True)))
    each = [part.elements for part in parts]
    elements = tuple(sorted({*itertools.chain(*each)})) if all(each) else ()
    record = sums.record(
        np.concatenate([part.descriptors for part in parts]),
        np.concatenate([part.energies for part in parts]),
        np.concatenate([part.composition(elements) for part in parts]),
        elements=elements,
        temperature=parts[0].temperature,
        digests=frozenset([fingerprint(*parts)]),
        identity=identity(np.concatenate([fingerprints(part) for part in parts])),
    )
    record.refuse_overflow(f"trajectory {parts[0].key!r}")
    return record


def about(names: Sequence[str], provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What moments say of their data."""
    known = {name: provenance[name] for name in ("descriptor", "reference") if name in provenance}
    said = stated(tuple(names)) if names else []
    return known | ({"descriptor_names": said} if said else {})


def accumulate(
    data: Dataset | Iterable[Trajectory], *, block_rows: int | None = None, progress: Progress | None = None
) -> Moments:
    """Moments of every trajectory, in one pass over Φ.

    It needs memory for the data, a few K × K matrices and one block. Every force component has the same weight, so a
    configuration weighs by its number of atoms. For data that do not fit into memory, or to use several processes, there
    is ``fisherlib.cluster.accumulate``, which sums a descriptor database to the same moments.

    Args:
        data: a dataset, or any iterable of trajectories (which may be read one after the other).
        block_rows: rows of Φ per block; about 4 MB by default.
        progress: called with (trajectories done, trajectories in all) after each.

    Raises:
        TypeError: anything but trajectories.
        ValueError: no trajectory, a key twice, no rows in a block, or numbers so large that their squares overflow.

    Example:
        >>> from fisherlib import systems
        >>> accumulate(systems.harmonic([1.0, 2.0]))
        Moments(4 trajectories, 200 configurations, K = 2)
    """
    kind(
        "progress", progress, (Callable, NoneType), "accumulate(data, progress=lambda done, total: print(done, total))"
    )
    if block_rows is not None:
        whole("block_rows", block_rows, 1, "rows")
    if not isinstance(data, Iterable) or isinstance(data, str):
        raise TypeError(
            f"data: expected a dataset or trajectories, got {type(data).__name__}; read a file with fisherlib.io.read, and "
            "sum a descriptor database with fisherlib.cluster.accumulate"
        )
    trajectories = data.values() if isinstance(data, Dataset) else data
    total = len(data) if isinstance(data, Sized) else 0
    records: dict[str, MomentRecord] = {}
    names: tuple[str, ...] | None = None
    for t in trajectories:
        kind("data", t, Trajectory, "accumulate(data) of a dataset, or of trajectories")
        if t.key in records:
            raise ValueError(f"data: expected different keys, got {t.key!r} twice")
        names = t.descriptor_names if names is None else names
        if t.descriptor_names != names:
            raise ValueError(
                f"data: expected the same descriptors everywhere, got K = {t.K} in {t.key!r} after K = {len(names)}, or other "
                "names; read them with the same descriptor"
            )
        records[t.key] = _record(t, block_rows or rows_per_block(t.K))
        if progress is not None:
            progress(len(records), total)
    return Moments(records, about=about(names or (), data.provenance if isinstance(data, Dataset) else {}))
