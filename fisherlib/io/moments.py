"""Moments on the disk: records by name in one ``.npz``, written in full or not at all."""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..arguments import kind, location
from ..moments import MomentRecord, Moments, StrainSums
from .archive import Arrays, checksum, write_arrays
from .strict import ending, parse_json

#: The formats that are read, of which the last is written. The first had neither the identity of the data nor checksums,
#: the first two neither elements nor virials.
FORMATS = ("fisherlib-moments-1", "fisherlib-moments-2", "fisherlib-moments-3")
FORMAT = FORMATS[-1]
_ARRAYS, _STRAINS = ("PhiPhi", "PhiF", "mean", "scatter"), ("PsiPsi", "PsiW")


def write_records(records: Iterable[tuple[str, MomentRecord]], path: Path, about: Mapping[str, Any]) -> None:
    """Write records with their names, one at a time, and what they belong to.

    Raises:
        ValueError: a number that is not finite; nothing is written.
        OSError: no space left; nothing is written.
    """

    def arrays() -> Iterator[tuple[str, Any]]:
        names = []
        for k, (name, record) in enumerate(records):
            _refuse_non_finite(record, f"{path.name}, {name!r}")
            entries = _entries(record)
            for field, values in entries.items():
                yield f"{k}/{field}", values
            yield f"{k}/checksum", checksum(entries.values())
            names.append(name)
        yield "names", np.array(names, dtype=str)
        yield "about", json.dumps(dict(about), ensure_ascii=False, sort_keys=True)
        yield "format", FORMAT

    write_arrays(arrays(), path)


def _entries(record: MomentRecord) -> dict[str, np.ndarray]:
    return {
        **{field: getattr(record, field) for field in _ARRAYS},
        "numbers": np.array([record.configurations, record.rows], dtype=np.int64),
        "FF, T": np.array([record.FF, np.nan if record.temperature is None else record.temperature]),
        "digests": np.array(sorted(record.digests), dtype=str),
        "identity": np.array([] if record.identity is None else [record.identity], dtype=np.uint64),
        **({"elements": np.array(record.elements, dtype=np.int64)} if record.elements else {}),
        **({} if (strain := record.strain) is None else _entries_of_strains(strain)),
    }


def _entries_of_strains(strain: StrainSums) -> dict[str, np.ndarray]:
    numbers = np.array([strain.WW, strain.configurations], dtype=np.float64)
    return {**{field: getattr(strain, field) for field in _STRAINS}, "WW, M": numbers}


class Records(Mapping[str, MomentRecord], contextlib.AbstractContextManager["Records"]):
    """The records that ``write_records`` wrote, each read on demand; ``with Records(path) as records``.

    Attributes:
        path: of the file.
        about: what the records belong to.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a damaged or another file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file; expected one of moments")
        with contextlib.ExitStack() as closing:
            self._arrays = closing.enter_context(Arrays(path))
            with self._ours():
                self._format, names = str(self._arrays["format"]), self._arrays["names"].tolist()
                if self._format not in FORMATS:
                    raise ValueError(f"the format {self._format!r:.40}")
                self._numbers = {name: k for k, name in enumerate(names)}
                self.about: dict[str, Any] = parse_json(str(self._arrays["about"]), "about", "named entries")
                if not isinstance(self.about, dict) or len(self._numbers) != len(names):
                    raise ValueError("names that occur twice")
            closing.pop_all()  # it stays open

    @contextlib.contextmanager
    def _ours(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, ValueError, TypeError, IndexError, RecursionError) as error:
            place = self.path.name
            raise ValueError(f"{place}: expected moments written by this package, got others ({error})") from None

    def __exit__(self, *_: object) -> None:
        self._arrays.__exit__()

    @property
    def checked(self) -> bool:
        """Whether the records have checksums, which show that nothing has changed them."""
        return self._format != FORMATS[0]

    def __getitem__(self, name: str) -> MomentRecord:
        number = self._numbers[name]
        with self._ours():
            found = _record(self._arrays, number)
            stamped = self.checked or f"{number}/checksum" in self._arrays
            stamp = str(self._arrays[f"{number}/checksum"]) if stamped else ""
        _refuse_non_finite(found, f"{self.path.name}, {name!r}")
        if stamp and stamp != checksum(_entries(found).values()):
            raise ValueError(
                f"{self.path.name}, {name!r}: the checksum is not that of what was written; something has changed its numbers "
                "since. Take accumulate(data) again"
            )
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def _record(arrays: Mapping[str, np.ndarray], k: int) -> MomentRecord:
    sums: dict[str, Any] = {field: arrays[f"{k}/{field}"] for field in _ARRAYS}
    if any(a.dtype != np.float64 for a in sums.values()):
        raise ValueError("arrays that are not float64")
    elements = tuple(map(int, arrays.get(f"{k}/elements", [])))
    K, strain = len(sums["PhiF"]), None
    z = K + 1 + max(1, len(elements))
    wanted = [(K, K), (K,), (z,), (z, z)]
    if f"{k}/WW, M" in arrays:
        WW, M = map(float, arrays[f"{k}/WW, M"])
        strain = StrainSums(**{field: arrays[f"{k}/{field}"] for field in _STRAINS}, WW=WW, configurations=int(M))
        wanted += [(K, K), (K,)]
    if [a.shape for a in (*sums.values(), *(() if strain is None else (strain.PsiPsi, strain.PsiW)))] != wanted:
        raise ValueError("shapes that do not fit one another")
    FF, T = map(float, arrays[f"{k}/FF, T"])
    configurations, rows = map(int, arrays[f"{k}/numbers"])
    temperature, digests = None if np.isnan(T) else T, frozenset(arrays[f"{k}/digests"].tolist())
    identity = next(map(int, arrays.get(f"{k}/identity", [])), None)
    found: dict[str, Any] = {"FF": FF, "configurations": configurations, "rows": rows, "identity": identity}
    found |= {"elements": elements, "strain": strain}
    return MomentRecord(**sums, **found, temperature=temperature, digests=digests)


def _refuse_non_finite(record: MomentRecord, place: str) -> None:
    known = record if record.has_energies else record.without_energies()
    sums = {name: getattr(known, name) for name in (*_ARRAYS, "FF")}
    if record.strain is not None:
        sums |= {name: getattr(record.strain, name) for name in (*_STRAINS, "WW")}
    for name, values in sums.items():
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            found = f"{len(bad)} NaN or infinite in {name} (first: {' '.join(map(str, bad[0]))})"
            raise ValueError(f"{place}: expected finite moments, got {found}")


def write_moments(moments: Moments, path: str | os.PathLike) -> None:
    """Moments as one ``.npz``, from which everything quadratic follows without the data.

    Raises:
        ValueError: another suffix, or a number that is not finite.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write_moments(moments, f"{folder}/moments.npz")
    """
    kind("moments", moments, Moments, "io.write_moments(accumulate(data), 'moments.npz')")
    location("path", path, "io.write_moments(moments, 'moments.npz')")
    write_records(moments.items(), ending(path, ".npz"), moments.about)


def read_moments(path: str | os.PathLike) -> Moments:
    """The moments that ``write_moments`` wrote.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a damaged file, or one that is only a part of the moments of a database.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write_moments(moments, f"{folder}/moments.npz")
    ...     same = fl.io.read_moments(f"{folder}/moments.npz")
    >>> same.total().rows == moments.total().rows
    True
    """
    location("path", path, "io.read_moments('moments.npz')")
    path = Path(path)
    with Records(path) as records:
        if "part" in records.about:
            raise ValueError(
                f"{path.name}: expected moments, got part {records.about['part']} of them; merge all parts by "
                "fisherlib.cluster.merge"
            )
        return Moments(records, about=records.about)
