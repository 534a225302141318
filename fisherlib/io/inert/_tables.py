"""Tables of pandas as plain columns, from the records of their parts."""

from typing import Any

import numpy as np

from ._parts import Allowance, Record, Refused

_MASKED = frozenset({"IntegerArray", "FloatingArray", "BooleanArray"})
_WRAPPED = frozenset({"Index", "Int64Index", "UInt64Index", "Float64Index", "DatetimeIndex", "TimedeltaIndex"})
_ARROW = frozenset({"ArrowStringArray", "ArrowStringArrayNumpySemantics", "ArrowExtensionArray"})
_OFFSETS = {"string": np.int32, "large_string": np.int64}


def simplify(record: Record, allowance: Allowance) -> object:
    """The plain value of a part of pandas or pyarrow, its own parts being plain already; any other record unchanged.

    A table is a dict of columns without its row index; a missing value is None, or NaN where the column is numeric.
    """
    package, kind = record.name.split(".", 1)[0], record.name.rsplit(".", 1)[1]
    if package not in ("pandas", "pyarrow"):
        return record
    if kind == "DataFrame":
        return _columns(*_manager(record), allowance)
    if kind == "Series":
        (values, _), *_ = _manager(record)[1]
        return _array(values, "its series")
    if kind in _WRAPPED and isinstance(record.state, dict):
        return record.state.get("data", record)
    if kind in _ARROW:
        return record.state["_pa_array"]
    if kind == "_restore_array":
        return _arrow_text(*record.args[0], allowance=allowance)
    if kind == "__pyx_unpickle_NDArrayBacked":
        return _backed(record, allowance)
    if kind in _MASKED and isinstance(record.state, dict):
        return _masked(record.state["_data"], record.state["_mask"])
    return record


def _manager(record: Record) -> tuple[list, list[tuple[object, object]]]:
    """The axes of a table, and its blocks with the places of their columns."""
    manager = record.state.get("_mgr", record.state.get("_data"))
    if isinstance(manager.state, tuple):  # every series, and tables before pandas 1.3
        parts = manager.state[-1]["0.14.1"]
        return parts["axes"], [(block["values"], block["mgr_locs"]) for block in parts["blocks"]]
    blocks, axes, *_ = manager.args
    return axes, [(block.args[0], block.args[1]) for block in blocks]


def _columns(axes: list, blocks: list[tuple[object, object]], allowance: Allowance) -> dict[object, np.ndarray]:
    columns: dict[int, np.ndarray] = {}
    for values, places in blocks:
        rows = values if isinstance(values, np.ndarray) and values.ndim == 2 else [values]
        allowance.spend(16 * len(rows))
        if isinstance(places, Record) and places.name == "builtins.slice":
            places = range(*places.args)
        if not isinstance(places, range | np.ndarray) or len(places) != len(rows):
            raise Refused("has a table whose columns are not in their places")
        columns.update((int(place), _array(row, f"column {place}")) for place, row in zip(places, rows, strict=True))
    if sorted(columns) != list(range(len(columns))):
        raise Refused("has a table whose columns are not in their places")
    labels = allowance.hashed(_labels(axes[0], len(columns)))
    if len(set(labels)) != len(labels):
        raise Refused("has a table with two columns of one name; rename them")
    return {label: columns[i] for i, label in enumerate(labels)}


def _array(values: object, which: str) -> np.ndarray:
    if not isinstance(values, np.ndarray):
        kind = values.name if isinstance(values, Record) else type(values).__name__
        raise Refused(f"has a table with {which} of the type {kind}; make it a column of numbers or objects")
    return values


def _labels(axis: object, count: int) -> list:
    if isinstance(axis, Record) and axis.name.endswith("RangeIndex"):
        axis = range(axis.state["start"], axis.state["stop"], axis.state["step"])
    elif isinstance(axis, Record) and axis.name.endswith("MultiIndex"):
        levels, codes = axis.state["levels"], axis.state["codes"]
        axis = list(zip(*(level[code] for level, code in zip(levels, codes, strict=True)), strict=True))
    if not isinstance(axis, range | list | np.ndarray) or len(axis) != count:
        raise Refused(f"has a table of {count} columns without as many names")
    return axis.tolist() if isinstance(axis, np.ndarray) else list(axis)


def _masked(data: np.ndarray, mask: np.ndarray) -> np.ndarray:
    if not mask.any():
        return data
    filled = data.astype(object if data.dtype.kind == "b" else np.float64)
    filled[mask] = None if data.dtype.kind == "b" else np.nan
    return filled


def _backed(record: Record, allowance: Allowance) -> object:
    # (class, checksum, state or None), the state being (dtype, array[, attributes]) in one order or another
    state = record.state if isinstance(record.state, tuple) else record.args[2]
    data: Any = next((part for part in state if isinstance(part, np.ndarray)), record)
    if not record.args[0].name.endswith(".Categorical"):
        return data
    categories = next(
        part.state["categories"] for part in state if getattr(part, "name", "").endswith("CategoricalDtype")
    )
    allowance.spend(data.size * max(categories.itemsize, 8))
    if not (data < 0).any():
        return categories[data]
    chosen = np.append(categories.astype(object), np.array([None]))  # code -1, a missing value, is now the last one
    return chosen[data]


def _arrow_text(
    kind: Record, length: int, missing: int, start: int, buffers: list, children: list, dictionary: object, *,
    allowance: Allowance,
) -> np.ndarray:  # fmt: skip
    """Texts of pyarrow: their bits of presence, their offsets, and all characters in one piece."""
    name = kind.args[0] if isinstance(kind, Record) and kind.args else None
    if name not in _OFFSETS:
        raise Refused(f"has a column of the pyarrow type {ascii(name)[:40]}; make it a column of numbers or objects")
    present, offsets, characters = buffers[0], np.frombuffer(buffers[1], _OFFSETS[name]), buffers[2] or b""
    if not (type(length) is type(start) is int and 0 <= start <= start + length < max(len(offsets), 1)):
        raise Refused("has a column of text of the wrong length")
    offsets = offsets[start : start + length + 1]
    if len(offsets) and (offsets[0] < 0 or offsets[-1] > len(characters) or (np.diff(offsets) < 0).any()):
        raise Refused("has a column of text with damaged offsets")
    allowance.spend(16 * length + len(characters))
    texts = np.full(length, None, dtype=object)
    bits = None if present is None else np.unpackbits(np.frombuffer(present, np.uint8), bitorder="little")[start:]
    for i in range(length):
        if bits is None or bits[i]:
            texts[i] = str(characters[offsets[i] : offsets[i + 1]], "utf-8")
    return texts
