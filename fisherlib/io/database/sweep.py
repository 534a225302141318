"""What dead writers left behind."""

import time

from .database import Database
from .layout import MOMENTS, PARTIAL, SEALS, SHARDS
from .verify import ABANDONED


def sweep(database: Database, *, older: float = ABANDONED) -> list[str]:
    """Removes unfinished files that nobody has written to for a while; their names.

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
