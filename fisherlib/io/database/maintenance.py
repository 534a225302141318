"""Keeping a database in order: check every byte, remove what dead writers left, take a trajectory out."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...progress import Progress
from .header import Damaged
from .inventory import sealed, write_seal
from .layout import MOMENTS, PARTIAL, RETRACTED, SEALS, SHARDS, SUFFIX
from .shard import Shard

if TYPE_CHECKING:  # a database verifies itself by what is here
    from .database import Database

#: Seconds after which nobody is thought to be writing a file any more.
ABANDONED = 3600.0


def findings(path: Path, shards: Callable[[], object], progress: Progress | None = None) -> list[str]:
    """Reads every byte; a sentence for everything that is missing, damaged or foreign.

    Args:
        path: of the database.
        shards: lists them, and raises ``Damaged`` where some are missing or do not fit together.
        progress: called with (shards done, in all).
    """
    found, names = [], sorted(os.listdir(path / SHARDS))
    for done, name in enumerate(names, 1):
        try:
            if name.endswith(SUFFIX):
                with Shard(path / SHARDS / name) as shard:
                    shard.verify()
            elif not name.endswith(RETRACTED) and not _being_written(path / SHARDS / name):
                found.append(f"{path / SHARDS / name}: no shard; `sweep` removes what dead writers left")
        except (Damaged, OSError) as error:
            found.append(str(error))
        if progress is not None:
            progress(done, len(names))
    try:
        if found:  # a damaged shard must not hide that another one is missing
            gone = sorted(sealed(path / SEALS).keys() - set(names))
            found += [f"{path}: {name} must be there and is not; restore it from a copy" for name in gone]
        else:
            shards()
    except Damaged as error:
        found.append(str(error))
    return found


def _being_written(path: Path) -> bool:
    return path.name.endswith(PARTIAL) and time.time() - path.stat().st_mtime < ABANDONED


def sweep(database: "Database", *, older: float = ABANDONED) -> list[str]:
    """Removes unfinished files that nobody has written to for a while. Returns their names.

    Args:
        database: to tidy.
        older: seconds since the last change.
    """
    removed = []
    for folder in (".", SHARDS, SEALS, MOMENTS):
        for path in sorted((database.path / folder).glob(f"*{PARTIAL}")):
            if time.time() - path.stat().st_mtime > older:
                path.unlink(missing_ok=True)
                removed.append(path.name)
    return removed


def retract(database: "Database", key: str) -> list[str]:
    """Takes all shards of a trajectory out of a database for good. Returns their names.

    A seal records that they need not be there any more, and they are renamed, not removed.

    Raises:
        KeyError: no such trajectory.
        Damaged: a shard is not what was written.
    """
    listed = {h.name: h.digest for h in database.headers() if h.key == key}
    if not listed:
        raise KeyError(f"no trajectory {key!r} in {database.path}")
    write_seal(database.path / SEALS, {"meta": database.meta, "retracted": listed})
    for name, digest in listed.items():
        shard = database.path / SHARDS / name
        shard.rename(shard.with_name(f"{name}.{digest[:12]}{RETRACTED}"))
    return list(listed)
