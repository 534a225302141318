"""What a database is about: a file that shows whether it was changed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..strict import regular
from .header import Damaged
from .layout import META, MOMENTS, SEALS, SHARDS, UNITS, canonical, fingerprint, publish

_FOLDERS = (SHARDS, SEALS, MOMENTS)
#: Of the shards. Before the first release, 1 stood for shards in HDF5.
FORMAT = 2


def plain(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """A description as it will be when it is read back.

    Raises:
        ValueError: something that JSON cannot hold.
    """
    try:
        return json.loads(canonical(dict(descriptor)))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"descriptor: expected names with numbers, words or lists of them, got others ({error})"
        ) from None


def write_meta(path: Path, about: Mapping[str, Any]) -> None:
    """Makes the folders of a database and says what it is about.

    Raises:
        FileExistsError: there is a database already, or something else.
    """
    if (path / META).exists():
        raise FileExistsError(f"{path}: there is a database already; take Database.open to add to it")
    if path.exists() and (not path.is_dir() or {p.name for p in path.iterdir()} - set(_FOLDERS)):
        raise FileExistsError(
            f"{path}: expected a new or an empty folder, got one with other files, or a file; take another"
        )
    for folder in _FOLDERS:
        (path / folder).mkdir(parents=True, exist_ok=True)
    content = canonical({"about": dict(about), "fingerprint": fingerprint(canonical(about))})
    publish(path / META, lambda file: file.write(content))


def read_meta(path: Path) -> dict[str, Any]:
    """What ``write_meta`` was given.

    Raises:
        FileNotFoundError: no database there.
        Damaged: it was changed since, or has another format.
    """
    try:
        content = regular(path / META).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path}: expected a descriptor database, a folder with {META}, got none") from None
    except ValueError as error:
        raise Damaged(f"{path}, {error}") from None
    try:
        known = json.loads(content)
        about = known["about"]
        if fingerprint(canonical(about)) != known["fingerprint"] or canonical(known) != content:
            raise ValueError("fingerprint")
        if about["units"] != UNITS or not about["descriptor_names"]:
            raise ValueError("units or names")
        form = about["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(
            f"{path / META}: expected what Database.create wrote, got something else ({error}); restore it from a copy"
        ) from None
    if form != FORMAT:
        raise Damaged(
            f"{path / META}: expected a database of format {FORMAT}, got format {form!r:.20}, which another version of fisherlib "
            "wrote (1: shards in HDF5, before the first release); write the data into a new database"
        )
    return about
