"""ASE's ULM files, read as plain arrays: trajectories (``.traj``) and GPAW's restart files (``.gpw``)."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from ..strict import parse_json, regular
from . import ase_json
from .stacking import stack
from .values import cause

#: How such files begin, and the words that tell what they hold.
BEGINS = rb"- of Ulm|AFFormat"
_HEAD = 48  # bytes: beginning, kind, and version, number of items, place of their list as 64-bit integers


def read(path: Path) -> list[Configurations]:
    """The configurations of an ASE trajectory, or the one of a GPAW restart file, as one trajectory.

    ASE's own reader is not used: it makes the objects that the file names (constraints, cells) and as many numbers as it
    claims. Here its JSON stays plain, and arrays are taken from the bytes that are there, each once. Constraints are left
    out; forces are those of the calculator, as they were before constraints.

    Raises:
        ValueError: damaged or truncated, of another kind, or without energies and forces.

    Source: ASE, ase.io.ulm, "File layout".
    """
    try:
        content = regular(path).read_bytes()
        kind = content[8:24].decode("ascii").strip()
        if not re.match(BEGINS, content) or kind not in ("ASE-Trajectory", "GPAW"):
            raise ValueError(f"it is of the kind {kind!r}")
        records = list(_records(content, kind))
    except MemoryError:
        raise
    except Exception as error:  # what a damaged file provokes is anybody's guess
        raise ValueError(
            f"{path.name}: expected an intact ASE trajectory, got one that cannot be read ({cause(error)}); copy it again from its source"
        ) from error
    parsed = [ase_json.parsed(f"{path.name}, configuration {m}", record) for m, record in enumerate(records)]
    ase_json.refuse_unlabelled(path, parsed)
    return [stack(path.stem, path.name, parsed, units=ase_json.UNITS)]


def _records(content: bytes, kind: str) -> Iterator[dict[str, Any]]:
    """Positions, numbers, cell, energy, forces … of each item; the first one holds what they share."""
    spent = 0
    common: dict[str, Any] = {}
    for m, (place, size) in enumerate(_places(content)):
        text = content[place : place + size]
        item = parse_json(text, f"item {m}", "named entries")
        little = item.pop("_little_endian", True)
        item, used = _filled(item, content, little)
        if (spent := spent + used) > len(content):
            raise ValueError(f"its arrays take {spent} bytes or more, and the file has {len(content)}")
        if kind == "GPAW":
            yield {**item.get("atoms", {}), **item.get("results", {})}
            return
        common = {name: item.get(name) for name in ("pbc", "numbers")} if "numbers" in item else common
        calculated = item.pop("calculator", None) or {}
        yield {**common, **item, **calculated}


def _places(content: bytes) -> Iterator[tuple[int, int]]:
    """Where the text of each item begins, and how long it is."""
    _, items, listed = np.frombuffer(content, "<i8", 3, 24).tolist()
    if not (0 < items <= len(content) // 8 and _HEAD <= listed + 8 * items <= len(content)):
        raise ValueError(f"it claims {items} configurations in {len(content)} bytes, or has none")
    places = np.frombuffer(content, "<i8", items, listed).tolist()
    if len(set(places)) < items:
        raise ValueError("two of its items are the same")
    end = 0
    for place in places:
        size = int.from_bytes(content[place : place + 8], "little")
        if not end <= place < place + 8 + size <= len(content):
            raise ValueError(f"an item of {size} bytes is not in its place, at byte {place} of {len(content)}")
        yield place + 8, size
        end = place + 8 + size


def _filled(item: Mapping[str, Any], content: bytes, little: bool) -> tuple[dict[str, Any], int]:
    """The entries with their arrays, and how many bytes those take."""
    made, used = {}, 0
    for name, value in item.items():
        if not name.endswith("."):
            made[name] = value
        elif "ndarray" in value:
            made[name[:-1]] = array = _array(content, little, *value["ndarray"])
            used += array.nbytes
        elif name in ("atoms.", "results.", "calculator."):
            made[name[:-1]], more = _filled(value, content, little)
            used += more
    return made, used


def _array(content: bytes, little: bool, shape: list[int], dtype: str, offset: int) -> NDArray:
    kind = np.dtype(str(dtype))
    if kind.kind not in "biuf":
        raise ValueError(f"it has an array of {dtype!r:.20}")
    if not all(type(n) is int and n >= 0 for n in (*shape, offset)):
        raise ValueError(f"it has an array of shape {shape!r:.40}")
    kind = kind.newbyteorder("<" if little else ">")
    return np.frombuffer(content, kind, math.prod(shape), offset).reshape(shape).astype(kind.newbyteorder("="))
