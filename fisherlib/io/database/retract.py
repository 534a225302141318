"""A trajectory that is taken out of a database for good."""

from .database import Database
from .layout import RETRACTED, SEALS, SHARDS, fingerprint, publish, said


def retract(database: Database, key: str) -> list[str]:
    """Takes all shards of a trajectory out; their names.

    A seal says that they need not be there any more, and they are renamed, not removed.

    Raises:
        KeyError: no such trajectory.
        Damaged: a shard is not what was written.
    """
    listed = {h.name: h.digest for h in database.headers() if h.key == key}
    if not listed:
        raise KeyError(f"no trajectory {key!r} in {database.path}")
    content = said({"meta": database.meta, "retracted": listed})
    path = database.path / SEALS / f"{fingerprint(content)}.json"
    if not path.exists():
        publish(path, lambda file: file.write(content))
    for name, digest in listed.items():
        shard = database.path / SHARDS / name
        shard.rename(shard.with_name(f"{name}.{digest[:12]}{RETRACTED}"))
    return list(listed)
