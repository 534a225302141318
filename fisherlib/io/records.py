"""Moments on the disk: records by name in one ``.npz`` that is there complete or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..moments import MomentRecord, Moments
from .find import find
from .npz import read_arrays, write_atomically

FORMAT = "fisherlib-moments-1"
_ARRAYS = ("PhiPhi", "PhiF", "mean", "scatter")


def write_records(records: Mapping[str, MomentRecord], path: Path, about: Mapping[str, Any]) -> None:
    """Records by name, with what they belong to.

    Raises:
        ValueError: a number that is not finite; nothing is written.
        OSError: no space left; nothing is written.
    """
    arrays: dict[str, Any] = {
        "format": FORMAT,
        "names": np.array(list(records), dtype=str),
        "about": json.dumps(dict(about), ensure_ascii=False, sort_keys=True),
    }
    for k, (name, record) in enumerate(records.items()):
        _refuse_non_finite(record, f"{path.name}, {name!r}")
        arrays |= {f"{k}/{field}": getattr(record, field) for field in _ARRAYS}
        T = np.nan if record.temperature is None else record.temperature
        arrays[f"{k}/numbers"] = np.array([record.configurations, record.rows], dtype=np.int64)
        arrays[f"{k}/FF, T"] = np.array([record.FF, T])
        arrays[f"{k}/digests"] = np.array(sorted(record.digests), dtype=str)
    try:
        write_atomically(path, lambda file: np.savez(file, **arrays))
    except OSError as error:
        if error.filename is None:  # no space left, for instance, while something was written
            raise OSError(error.errno, f"{error.strerror}; nothing was written", str(path)) from error
        raise


def read_records(path: Path) -> tuple[dict[str, MomentRecord], dict[str, Any]]:
    """The records that ``write_records`` wrote, and what they belong to.

    Raises:
        ValueError: a damaged or another file.
    """
    arrays = read_arrays(path)
    if str(arrays.get("format")) != FORMAT:
        raise ValueError(f"{path.name}: expected moments written by this package, got another file")
    try:
        names, about = arrays["names"].tolist(), json.loads(str(arrays["about"]))
        records = {name: _record(arrays, k) for k, name in enumerate(names)}
        if not isinstance(about, dict) or len(records) != len(names):
            raise ValueError("names that occur twice")
    except (KeyError, ValueError, TypeError, IndexError, RecursionError) as error:
        raise ValueError(f"{path.name}: expected moments written by this package, got others ({error})") from None
    for name, record in records.items():
        _refuse_non_finite(record, f"{path.name}, {name!r}")
    return records, about


def _record(arrays: Mapping[str, np.ndarray], k: int) -> MomentRecord:
    PhiPhi, PhiF, mean, scatter = found = [arrays[f"{k}/{field}"] for field in _ARRAYS]
    if any(a.dtype != np.float64 for a in found):
        raise ValueError("arrays that are not float64")
    K = len(PhiF)
    if (PhiPhi.shape, PhiF.shape, mean.shape, scatter.shape) != ((K, K), (K,), (K + 2,), (K + 2, K + 2)):
        raise ValueError("shapes that do not fit one another")
    FF, T = map(float, arrays[f"{k}/FF, T"])
    configurations, rows = map(int, arrays[f"{k}/numbers"])
    return MomentRecord(
        configurations=configurations,
        rows=rows,
        PhiPhi=PhiPhi,
        PhiF=PhiF,
        FF=FF,
        mean=mean,
        scatter=scatter,
        temperature=None if np.isnan(T) else T,
        digests=frozenset(arrays[f"{k}/digests"].tolist()),
    )


def _refuse_non_finite(record: MomentRecord, place: str) -> None:
    for name in (*_ARRAYS, "FF"):
        bad = np.argwhere(~np.isfinite(getattr(record, name)))
        if len(bad):
            where = " ".join(map(str, bad[0]))
            raise ValueError(
                f"{place}: expected finite moments, got {len(bad)} NaN or infinite in {name} (first: {where})"
            )


def write_moments(moments: Moments, path: str | os.PathLike) -> None:
    """Moments as one ``.npz``, from which everything quadratic follows without the data.

    Raises:
        ValueError: another suffix, or a number that is not finite.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"path: expected a name ending in .npz, got {path.name!r}")
    write_records(moments, path, moments.about)


def read_moments(path: str | os.PathLike) -> Moments:
    """The moments that ``write_moments`` wrote.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a damaged file, or one that is only a part of the moments of a database.
    """
    path = find(path)
    records, about = read_records(path)
    if "part" in about:
        raise ValueError(
            f"{path.name}: expected moments, got part {about['part']} of them; merge all parts by fisherlib.cluster.merge"
        )
    return Moments(records, about=about)
