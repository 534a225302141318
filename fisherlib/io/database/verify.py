"""Every byte of a database looked at, and everything that is wrong said."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from ...progress import Progress
from .header import Damaged
from .layout import PARTIAL, RETRACTED, SEALS, SHARDS, SUFFIX
from .listing import sealed
from .shard import Shard

#: Seconds after which nobody is thought to be writing a file any more.
ABANDONED = 3600.0


def findings(path: Path, shards: Callable[[], object], progress: Progress | None = None) -> list[str]:
    """A sentence for everything that is missing, damaged or foreign.

    Args:
        path: of the database.
        shards: lists them, and raises ``Damaged`` where they make no whole.
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
        if found:  # what is missing is not to be hidden by what is damaged
            gone = sorted(sealed(path / SEALS).keys() - set(names))
            found += [f"{path}: {name} must be there and is not; restore it from a copy" for name in gone]
        else:
            shards()
    except Damaged as error:
        found.append(str(error))
    return found


def _being_written(path: Path) -> bool:
    return path.name.endswith(PARTIAL) and time.time() - path.stat().st_mtime < ABANDONED
