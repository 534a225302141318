"""The shards that are in a database, and those that must be."""

import contextlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from .header import Damaged, Header
from .layout import PARTIAL, SUFFIX, canonical, fingerprint, publish, slug
from .shard import Shard


def _names(folder: Path) -> list[str]:
    """Names of all shards at one moment.

    A listing takes time. It may have a shard, and lack another one that was written before it; so two in a row must agree.
    """
    names, before = _listed(folder), None
    while names != before:
        names, before = _listed(folder), names
    return names


def _listed(folder: Path) -> list[str]:
    return sorted(n for n in os.listdir(folder) if n.endswith(SUFFIX))


def of_key(folder: Path, key: str) -> list[Header]:
    """Headers of one trajectory, by configuration."""
    start, found = slug(key) + "-", []
    for name in _listed(folder):
        if name.startswith(start) and name[len(start) : -len(SUFFIX)].isdigit():
            with Shard(folder / name) as shard:
                if shard.header.key == key:
                    found.append(shard.header)
    return sorted(found, key=lambda h: h.first)


def headers(folder: Path) -> list[Header]:
    """Headers of all shards; what dead writers left has another suffix and is no shard.

    Raises:
        Damaged: a shard is not what was written.
    """
    found = []
    for name in _names(folder):
        with Shard(folder / name) as shard:
            found.append(shard.header)
    return sorted(found, key=lambda h: (h.key, h.first))


def write_seal(folder: Path, content: Mapping[str, Any]) -> None:
    """Adds a seal; one of the same content changes nothing."""
    text = canonical(content)
    folder.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        publish(folder / f"{fingerprint(text)}.json", lambda file: file.write(text))


def sealed(folder: Path) -> dict[str, str]:
    """Name → fingerprint of the shards that must be there: the union of all seals, without what was retracted.

    Raises:
        Damaged: a seal is not what was written.
    """
    known: dict[str, str] = {}
    retracted: set[tuple[str, str]] = set()
    for name in sorted(os.listdir(folder)) if folder.exists() else []:  # some copies leave empty folders out
        if name.endswith(PARTIAL):
            continue
        if not (folder / name).is_file():
            raise Damaged(f"{folder / name}: expected a seal, got a pipe, a device or a folder; move it out")
        text = (folder / name).read_bytes()
        if name != f"{fingerprint(text)}.json":
            raise Damaged(f"{folder / name}: the seal is not what was written; restore it from a copy, or remove it")
        seal = json.loads(text)
        known |= seal.get("shards", {})
        retracted |= set(seal.get("retracted", {}).items())
    return {name: digest for name, digest in known.items() if (name, digest) not in retracted}


def checked(
    found: Iterable[Header], meta: str, seal: Mapping[str, str], path: Path, *, keys: Collection[str] | None = None
) -> tuple[Header, ...]:
    """The same headers, if they are of one database and none is missing.

    Args:
        found: in order.
        meta: fingerprint of the database.
        seal: name → fingerprint of those that must be there.
        path: of the database.
        keys: trajectories that must have no gap; all by default.

    Raises:
        Damaged: a shard is missing or of another database.
    """
    found = tuple(found)
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
    return found
