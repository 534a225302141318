"""What files must be before they are read: regular ones, and JSON that has every key once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Twice(ValueError):
    """A key that occurs twice among the entries of one object."""


def regular(path: Path) -> Path:
    """The path, if a file can be read from it: a pipe would wait for ever, and a device never ends.

    Raises:
        ValueError: a pipe, a device or a folder; one that is missing is left for its reader to say.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe or a device"
        raise ValueError(f"{path.name}: expected a file, got {what}; move it out of the folder")
    return path


def loads(text: str | bytes, place: str, **options: Callable[[str], Any]) -> Any:
    """The content of JSON, in which no key may occur twice: Python's own reader takes the last one without a word.

    Args:
        text: JSON.
        place: of the text, for the sentence.
        options: as for ``json.loads``.

    Raises:
        Twice: a key that occurs twice.
        ValueError: no JSON.
        RecursionError: lists within lists without end.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise Twice(f"{place}: expected each key once, got {twice!r:.40} twice; keep the one that counts")
        return made

    return json.loads(text, object_pairs_hook=once, **options)
