"""The shards that are in a database, those that must be, and those that are taken out; what dead writers left."""

import contextlib
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...progress import Progress
from ..compression import read_bytes
from ..strict import parse_json
from .header import LARGEST, Header
from .layout import MOMENTS, PARTIAL, RETRACTED, SEALS, SHARDS, SUFFIX, Damaged, canonical, fingerprint, publish, slug
from .shard import Shard

if TYPE_CHECKING:  # a database verifies itself by what is here
    from .database import Database

#: Seconds after which nobody is thought to be writing a file any more.
ABANDONED = 3600.0


def header_of(path: Path) -> Header:
    """That of the shard in a file."""
    with Shard(path) as shard:
        return shard.header


def listed(path: Path) -> list[str]:
    """Names of shards; what dead writers left has another suffix."""
    return sorted(n for n in os.listdir(path / SHARDS) if n.endswith(SUFFIX))


def of_key(path: Path, key: str) -> list[Header]:
    """Headers of one trajectory, by configuration."""
    start = slug(key) + "-"
    names = [n for n in listed(path) if n.startswith(start) and n[len(start) : -len(SUFFIX)].isdigit()]
    found = [header_of(path / SHARDS / name) for name in names]
    return sorted((h for h in found if h.key == key), key=lambda h: h.first)


def write_seal(path: Path, content: Mapping[str, Any]) -> None:
    """Adds a seal; one of the same content changes nothing."""
    text, folder = canonical(content), path / SEALS
    folder.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        publish(folder / f"{fingerprint(text)}.json", lambda file: file.write(text))


def sealed(path: Path) -> dict[str, str]:
    """Name → fingerprint of the shards that must be there: the union of all seals, without what was retracted.

    Raises:
        Damaged: a seal is not what was written.
    """
    folder, retracted = path / SEALS, set()
    known: dict[str, str] = {}
    if os.path.lexists(folder) and not folder.is_dir():
        raise Damaged(f"{folder}: expected a folder of seals, got something else; restore it from a copy")
    names = os.listdir(folder) if folder.exists() else []  # some copies leave empty folders out
    for name in sorted(n for n in names if not n.endswith(PARTIAL)):
        if not (folder / name).is_file():
            raise Damaged(f"{folder / name}: expected a seal, got a pipe, a device or a folder; move it out")
        text = read_bytes(folder / name, LARGEST)
        if name != f"{fingerprint(text)}.json":
            raise Damaged(f"{folder / name}: the seal is not what was written; restore it from a copy, or remove it")
        seal = parse_json(text, str(folder / name), "a seal")
        known |= seal.get("shards", {})
        retracted |= set(seal.get("retracted", {}).items())
    return {name: digest for name, digest in known.items() if (name, digest) not in retracted}


def refuse_incomplete(
    found: Sequence[Header], meta: str, seal: Mapping[str, str], path: Path, keys: Collection[str] | None
) -> None:
    """Refuses headers that are not of the database with the fingerprint ``meta``, and those of which some are missing.

    Those in ``seal`` must be there, and the trajectories in ``keys``, all by default, must have no gap.

    Raises:
        Damaged: a shard is missing or of another database.
    """
    for h in found:
        if h.meta != meta:
            raise Damaged(f"{path}, {h.name}: a shard of another database, with another descriptor; move it out")
        if seal.get(h.name, h.digest) != h.digest:
            raise Damaged(f"{path}, {h.name}: not the shard that was sealed under this name; restore it from a copy")
    missing = sorted(seal.keys() - {h.name for h in found})
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise Damaged(f"{path}: {missing[0]}{more} must be there and is not; restore it from a copy")
    for before, h in zip((None, *found), found, strict=False):
        expected = before.last + 1 if before is not None and before.key == h.key else 0
        if h.first != expected and (keys is None or h.key in keys):
            gap = f"configurations {expected} to {h.first - 1} are missing" if h.first > expected else "they overlap"
            raise Damaged(
                f"{path}, trajectory {h.key!r}: expected configuration {expected} next, got {h.first} in {h.name}: {gap}; "
                "restore what was removed, wait for who is still writing, or leave the trajectory out by keys="
            )


def findings(path: Path, shards: Callable[[], object], progress: Progress | None = None) -> list[str]:
    """Of ``Database.verify``; ``shards`` raises ``Damaged`` where some are missing or do not fit together."""
    found, names = [], sorted(os.listdir(path / SHARDS))
    for done, name in enumerate(names, 1):
        file = path / SHARDS / name
        try:
            if name.endswith(SUFFIX):
                with Shard(file) as shard:
                    shard.verify()
            elif not name.endswith(RETRACTED) and not (name.endswith(PARTIAL) and _age(file) < ABANDONED):
                found.append(f"{file}: no shard; `sweep` removes what dead writers left")
        except (Damaged, OSError) as error:
            found.append(str(error))
        if progress is not None:
            progress(done, len(names))
    try:
        if found:  # a damaged shard must not hide that another one is missing
            gone = sorted(sealed(path).keys() - set(names))
            found += [f"{path}: {name} must be there and is not; restore it from a copy" for name in gone]
        else:
            shards()
    except Damaged as error:
        found.append(str(error))
    return found


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def sweep(database: "Database", *, older: float = ABANDONED) -> list[str]:
    """Removes unfinished files that nobody has written to for ``older`` seconds. Returns their names."""
    removed = []
    for folder in (".", SHARDS, SEALS, MOMENTS):
        for path in sorted((database.path / folder).glob(f"*{PARTIAL}")):
            if _age(path) > older:
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
    gone = {h.name: h.digest for h in database.headers() if h.key == key}
    if not gone:
        raise KeyError(f"no trajectory {key!r} in {database.path}")
    write_seal(database.path, {"meta": database.meta, "retracted": gone})
    for name, digest in gone.items():
        shard = database.path / SHARDS / name
        shard.rename(shard.with_name(f"{name}.{digest[:12]}{RETRACTED}"))
    return list(gone)
