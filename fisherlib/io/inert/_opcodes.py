"""What each opcode of a pickle file does to the machine, as one table."""

import codecs
import struct
from collections.abc import Callable
from typing import Any

from ._machine import Machine
from ._parts import Refused

_Steps = dict[bytes, Callable[[Machine], object]]
_EXTENSIONS, _OUTSIDE = {b"\x82": "EXT1", b"\x83": "EXT2", b"\x84": "EXT4"}, {b"P": "PERSID", b"Q": "BINPERSID"}
_REFUSED = {
    **{c: f"uses a registered extension code ({n}), which is not part of a data file" for c, n in _EXTENSIONS.items()},
    **{c: f"refers to objects outside the file ({n}), which is not part of a data file" for c, n in _OUTSIDE.items()},
    b"i": "makes an object by INST, which no data file of Python 3 does",
    b"o": "makes an object by OBJ, which no data file of Python 3 does",
    b"\x97": "keeps its arrays outside the file (NEXT_BUFFER); write it again with protocol 4",
}


def _number(code: str) -> Callable[[Machine], Any]:
    form = struct.Struct(code)
    return lambda machine: form.unpack(machine.take(form.size))[0]


_uint1, _uint2, _uint4, _uint8 = _number("<B"), _number("<H"), _number("<I"), _number("<Q")
_int4, _float8 = _number("<i"), _number(">d")


def _truth_or_int(machine: Machine) -> bool | int:
    text = machine.line()
    return text == b"01" if text in (b"00", b"01") else int(text)


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _text(data: bytes) -> str:
    return str(data, "utf-8", "surrogatepass")


def _latin(data: bytes) -> str:
    # Text of Python 2, where arrays kept their bytes in it too: the one encoding that loses neither.
    return str(data, "latin-1")


def _quoted(machine: Machine) -> str:
    text = machine.line().strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise Refused("has text without quotes")
    return _latin(codecs.escape_decode(text[1:-1])[0])


def _frame(machine: Machine) -> None:
    if (length := _uint8(machine)) > machine.size:
        raise Refused(f"claims a frame of {length} bytes, but the whole file has {machine.size}")


def _protocol(machine: Machine) -> None:
    if (protocol := _uint1(machine)) > 5:
        raise Refused(f"has protocol {protocol}, and 0 to 5 are known; write it again with protocol 4")


def _push(value: Callable[[Machine], object]) -> Callable[[Machine], object]:
    return lambda machine: machine.push(value(machine))


def _sized(lengths: dict[bytes, Callable[[Machine], int]], decode: Callable[[bytes], object]) -> _Steps:
    """Opcodes that are followed by a length and so many bytes."""

    def step(length: Callable[[Machine], int]) -> Callable[[Machine], object]:
        return _push(lambda machine: decode(machine.take(length(machine))))

    return {code: step(length) for code, length in lengths.items()}


_STEPS: _Steps = {
    b"\x80": _protocol,
    b"\x95": _frame,
    b"\x98": lambda machine: None,  # READONLY_BUFFER: ours are read-only already
    # scalars
    b"N": _push(lambda machine: None),
    b"\x88": _push(lambda machine: True),
    b"\x89": _push(lambda machine: False),
    b"I": _push(_truth_or_int),
    b"L": _push(lambda machine: int(machine.line().removesuffix(b"L"))),
    b"J": _push(_int4),
    b"K": _push(_uint1),
    b"M": _push(_uint2),
    **_sized({b"\x8a": _uint1, b"\x8b": _int4}, _signed),
    b"F": _push(lambda machine: float(machine.line())),
    b"G": _push(_float8),
    # text and bytes; a bytearray becomes bytes, which need no copy to be the memory of an array
    b"S": _push(_quoted),
    **_sized({b"T": _int4, b"U": _uint1}, _latin),
    b"V": _push(lambda machine: str(machine.line(), "raw-unicode-escape")),
    **_sized({b"X": _uint4, b"\x8c": _uint1, b"\x8d": _uint8}, _text),
    **_sized({b"B": _uint4, b"C": _uint1, b"\x8e": _uint8, b"\x96": _uint8}, bytes),
    # containers
    b"(": Machine.mark,
    b")": _push(lambda machine: ()),
    b"]": lambda machine: machine.new([]),
    b"}": lambda machine: machine.new({}),
    b"\x8f": lambda machine: machine.new(set()),
    b"t": lambda machine: machine.new(tuple(machine.pop_mark())),
    b"\x85": lambda machine: machine.tuple_of(1),
    b"\x86": lambda machine: machine.tuple_of(2),
    b"\x87": lambda machine: machine.tuple_of(3),
    b"l": lambda machine: machine.new(machine.pop_mark()),
    b"d": Machine.close_dict,
    b"\x91": lambda machine: machine.new(frozenset(machine.allowance.hashed(machine.pop_mark()))),
    b"a": lambda machine: machine.append([machine.stack.pop()]),
    b"e": lambda machine: machine.append(machine.pop_mark()),
    b"s": lambda machine: machine.set_items([machine.stack.pop(), machine.stack.pop()][::-1]),
    b"u": lambda machine: machine.set_items(machine.pop_mark()),
    b"\x90": lambda machine: machine.add_members(machine.pop_mark()),
    # stack and memo
    b"0": Machine.pop,
    b"1": Machine.pop_mark,
    b"2": lambda machine: machine.stack.append(machine.stack[-1]),
    b"p": lambda machine: machine.remember(int(machine.line())),
    b"q": lambda machine: machine.remember(_uint1(machine)),
    b"r": lambda machine: machine.remember(_uint4(machine)),
    b"\x94": lambda machine: machine.memo.append(machine.stack[-1]),
    b"g": _push(lambda machine: machine.recall(int(machine.line()))),
    b"h": _push(lambda machine: machine.recall(_uint1(machine))),
    b"j": _push(lambda machine: machine.recall(_uint4(machine))),
    # names and objects
    b"c": _push(lambda machine: machine.names.find(_text(machine.line()), _text(machine.line()))),
    b"\x93": Machine.stack_global,
    b"R": Machine.reduce,
    b"\x81": Machine.new_object,
    b"\x92": lambda machine: machine.new_object(machine.stack.pop()),
    b"b": Machine.build,
}


def run(machine: Machine) -> object:
    """Follow the opcodes up to STOP and return what is on the stack, stand-ins included."""
    read, steps = machine.handle.read, _STEPS
    while (code := read(1)) != b".":
        step = steps.get(code)
        if step is None:
            if not code:
                raise Refused(f"is truncated: it ends at byte {machine.size} in the middle of an object")
            place = machine.handle.tell() - 1
            stray = f"is not a pickle file, or is damaged: byte {place} is {code!r}, which is no opcode"
            raise Refused(_REFUSED.get(code, stray))
        step(machine)
    return machine.result()
