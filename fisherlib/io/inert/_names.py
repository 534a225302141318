"""The names a data file may contain, and what stands in for each of them."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from . import _arrays
from ._parts import Allowance, Name, Record, Refused

# Classes kept as records, unseen: those of ase, and of pyace, whose data frames hold lists of neighbours beside the data.
_KEPT_MODULE, _KEPT_CLASS = re.compile(r"(ase|pyace)(\.\w+)+", re.ASCII), re.compile(r"[A-Z]\w*", re.ASCII)
# A class of another package that is called a data frame is pandas' own with attributes, and is read as that.
_FRAME = re.compile(r"[A-Z]\w*DataFrame\w*|DataFrame\w+", re.ASCII)

_NUMPY_CORE = ("numpy.core", "numpy._core")
# Classes kept as records, by the modules that have held them since pandas 1.3.
_CLASSES = {
    "builtins": "range slice",
    "datetime": "date datetime timedelta timezone",
    "pandas": "BooleanDtype Categorical CategoricalDtype CategoricalIndex DataFrame DatetimeIndex DatetimeTZDtype "
    "Float32Dtype Float64Dtype Index Int16Dtype Int32Dtype Int64Dtype Int8Dtype MultiIndex RangeIndex Series StringDtype "
    "TimedeltaIndex UInt16Dtype UInt32Dtype UInt64Dtype UInt8Dtype",
    "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
    "pandas._libs.internals": "_unpickle_block",
    "pandas.arrays": "ArrowExtensionArray ArrowStringArray BooleanArray DatetimeArray FloatingArray IntegerArray "
    "NumpyExtensionArray StringArray TimedeltaArray",
    "pandas.core.arrays.arrow.array": "ArrowExtensionArray",
    "pandas.core.arrays.boolean": "BooleanArray BooleanDtype",
    "pandas.core.arrays.categorical": "Categorical",
    "pandas.core.arrays.datetimes": "DatetimeArray",
    "pandas.core.arrays.floating": "Float32Dtype Float64Dtype FloatingArray",
    "pandas.core.arrays.integer": "Int16Dtype Int32Dtype Int64Dtype Int8Dtype IntegerArray UInt16Dtype UInt32Dtype "
    "UInt64Dtype UInt8Dtype",
    "pandas.core.arrays.numpy_": "NumpyExtensionArray",
    "pandas.core.arrays.string_": "StringArray StringDtype",
    "pandas.core.arrays.string_arrow": "ArrowStringArray ArrowStringArrayNumpySemantics",
    "pandas.core.arrays.timedeltas": "TimedeltaArray",
    "pandas.core.dtypes.dtypes": "CategoricalDtype DatetimeTZDtype",
    "pandas.core.frame": "DataFrame",
    "pandas.core.indexes.base": "Index",
    "pandas.core.indexes.category": "CategoricalIndex",
    "pandas.core.indexes.datetimes": "DatetimeIndex",
    "pandas.core.indexes.frozen": "FrozenList",
    "pandas.core.indexes.multi": "MultiIndex",
    "pandas.core.indexes.numeric": "Float64Index Int64Index UInt64Index",
    "pandas.core.indexes.range": "RangeIndex",
    "pandas.core.indexes.timedeltas": "TimedeltaIndex",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas.core.series": "Series",
    "pyarrow.lib": "_restore_array type_for_alias",
    "pytz": "_UTC",
}
_NEVER_CALLED = (("numpy", "ndarray"), ("builtins", "object"), ("pandas._libs.missing", "NA"), ("pandas", "NA"))
_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # the names of Python 2, in protocols 0 to 2


class Names:
    """The stand-ins of one reading, made fresh for it."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._encoded: dict[int, tuple[str, bytes]] = {}
        self._found: dict[tuple[str, str], Name] = {}
        self._calls: dict[tuple[str, str], Callable[..., Any]] = {
            ("numpy", "dtype"): _arrays.DType,
            **{(f"{core}.multiarray", "_reconstruct"): partial(_arrays.reconstruct, allowance) for core in _NUMPY_CORE},
            **{(f"{core}.multiarray", "scalar"): partial(_arrays.scalar, allowance) for core in _NUMPY_CORE},
            **{(f"{core}.numeric", "_frombuffer"): partial(_arrays.frombuffer, allowance) for core in _NUMPY_CORE},
            ("builtins", "set"): lambda items=(): self._set(items),
            ("builtins", "frozenset"): lambda items=(): frozenset(self._set(items)),
            ("builtins", "dict"): lambda: {},
            ("builtins", "list"): lambda: [],
            ("builtins", "complex"): _complex,
            ("builtins", "bytes"): self._same_bytes,
            ("builtins", "bytearray"): self._same_bytes,
            ("builtins", "getattr"): _bound_method,
            ("collections", "OrderedDict"): lambda: {},
            ("collections", "defaultdict"): lambda factory=None: {},
            ("copyreg", "_reconstructor"): _reconstructor,
            ("_codecs", "encode"): self._encode,
            ("pandas.core.indexes.base", "_new_Index"): _new_index,
            ("pandas.core.indexes.datetimes", "_new_DatetimeIndex"): _new_index,
            ("pyarrow.lib", "py_buffer"): self._same_bytes,
            **dict.fromkeys(_NEVER_CALLED, _not_called),
        }

    def find(self, module: str, name: str) -> Name:
        """What stands in for `module.name`; refused where it is not part of a data file."""
        if (known := self._found.get((module, name))) is None:
            known = self._found[module, name] = self._new(_OLD_MODULES.get(module, module), name)
        return known

    def _new(self, module: str, name: str) -> Name:
        text = f"{module}.{name}"
        if (module, name) in self._calls:
            return Name(text, self._calls[module, name])
        if _FRAME.fullmatch(name):
            return Name(
                "pandas.core.frame.DataFrame", lambda *args: Record("pandas.core.frame.DataFrame", args), is_class=True
            )
        if name in _CLASSES.get(module, "").split() or (_KEPT_MODULE.fullmatch(module) and _KEPT_CLASS.fullmatch(name)):
            return Name(text, lambda *args: Record(text, args), is_class=True)
        raise Refused(f"names {ascii(text)[1:-1][:120]}, which is not part of a data file")

    def _set(self, items: Any) -> set:
        if type(items) not in (list, tuple, set, frozenset):
            raise Refused("has a set that is not made from a list")
        self._allowance.spend(8 * len(items))
        return set(self._allowance.hashed(items))

    def _encode(self, text: object, encoding: object = "latin1") -> bytes:
        # Protocols 0 to 2 write bytes as text; the same text may be asked for many times, and costs memory once.
        if type(text) is not str or encoding not in ("latin1", "latin-1"):
            raise Refused("has bytes that are not written as latin-1 text")
        if id(text) not in self._encoded:
            self._encoded[id(text)] = (text, text.encode("latin-1"))  # holding the text keeps its id taken
        return self._encoded[id(text)][1]

    def _same_bytes(self, data: object = b"", encoding: object = None) -> bytes:
        data = self._encode(data) if type(data) is str and encoding in ("latin-1", "latin1") else data
        if type(data) is not bytes:  # bytes(n) and bytearray(n) would allocate n
            raise Refused(f"has bytes made from {type(data).__name__}, not from bytes")
        return data


def _not_called(*_: object) -> None:
    raise Refused("calls a name that no data file calls")


def _complex(*parts: Any) -> complex:
    if not all(type(part) in (int, float) for part in parts):
        raise Refused("has a complex number that is not made of numbers")
    return complex(*parts)


def _bound_method(owner: object, name: object) -> Record:
    # Calculators of ase and objects of pyace keep methods of their own (`getattr(self, "...")`): only the name is kept, so
    # no cycle arises.
    if (
        type(owner) is not Record
        or not owner.name.startswith(("ase.", "pyace."))
        or type(name) is not str
        or name[:2] == "__"
    ):
        kind = getattr(owner, "text", type(owner).__name__)
        raise Refused(f"takes {ascii(name)[:60]} of {kind} by getattr, which no data file does")
    return Record(f"{owner.name}.{name}")


def _reconstructor(kind: object, base: object, state: object) -> Record:
    # Protocols 0 and 1: an object, or a dict-like one with its items.
    if type(kind) is not Name or not kind.is_class or type(base) is not Name or type(state) not in (type(None), dict):
        raise Refused("makes an object of something that is not a known class")
    record = kind.call()
    record.state = state
    return record


def _new_index(kind: object, state: object) -> Record:
    if type(kind) is not Name or not kind.is_class or type(state) is not dict:
        raise Refused("makes an index of something that is not a known class")
    return Record(kind.text, (), state)
