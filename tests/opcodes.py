"""Writes pickle files opcode by opcode."""

import pickle
import struct


def text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def name(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + b"\x93"


def body(value: object) -> bytes:
    """The opcodes of a plain value, without protocol and STOP; they use the first numbers of the memo."""
    return pickle.dumps(value, protocol=3)[2:-1]


def call(module: str, attribute: str, *args: object) -> bytes:
    return name(module, attribute) + body(args) + b"R"


RECONSTRUCT = name("numpy._core.multiarray", "_reconstruct")
ARRAY = RECONSTRUCT + b"(" + name("numpy", "ndarray") + body((0,)) + body(b"b") + b"tR"
ATOMS = name("ase.atoms", "Atoms") + b")\x81"


def dtype(code: str, order: str = "<", flags: int = 0, fields: object = None) -> bytes:
    names = tuple(fields) if fields else None
    size = int(code[1:] or 0) * {"S": 1, "U": 4}[code[0]] if code[0] in "SU" else -1
    state = (3, order, None, names, fields, size, -1, flags)
    return call("numpy", "dtype", code, False, True) + body(state) + b"b"


def array(code: str, shape: object, data: bytes, *, flags: int = 0) -> bytes:
    return ARRAY + b"(K\x01" + body(shape) + dtype(code, flags=flags) + b"\x89" + data + b"tb"
