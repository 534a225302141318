"""The stack machine of a pickle file: plain containers and stand-ins, every step checked.

Neither machine of the standard library is used. The C one (`pickle.Unpickler`) obeys EXT opcodes without asking
`find_class`, allocates whatever a length or a memo index claims, hashes tuples of any depth as dict keys, and applies
REDUCE, BUILD, APPENDS and SETITEMS to any object. The Python one (`pickle._Unpickler`) is private, slower, and would
need most of its opcodes replaced for the same reasons. Pickle is a small stack language: here each opcode meets only
exact builtin types, `Name`, `Record`, `Array` and `DType`, so what is not written below cannot happen.
"""

import sys
from typing import Any, BinaryIO

from ._arrays import Array, DType
from ._names import Names
from ._parts import Allowance, Name, Record, Refused

#: Bytes of an empty container, and of what a call makes.
_BYTES = {kind: sys.getsizeof(kind()) for kind in (list, dict, tuple, set, frozenset)}
_CALLED = 56
_MOST_MARKS, _NOTHING = 1000, object()


class Machine:
    """One reading of one file, opened for reading bytes; no length or memo index may exceed its size in bytes."""

    def __init__(self, handle: BinaryIO, size: int, allowance: Allowance) -> None:
        self.handle, self.size, self.allowance = handle, size, allowance
        self.names = Names(allowance)
        self.stack: list = []
        self.below: list[list] = []  # the stacks under the open marks
        self.memo: list = []  # dense, as all that write pickles number the objects one by one

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if not 0 <= count <= self.size:  # before anything is allocated
            raise Refused(f"claims an item of {count} bytes, but the whole file has {self.size}")
        data = self.handle.read(count)
        if len(data) != count:
            raise Refused(f"is truncated: it ends at byte {self.size} in the middle of an item of {count} bytes")
        return data

    def line(self) -> bytes:
        """The next bytes up to a newline, which is dropped."""
        data = self.handle.readline()
        if not data.endswith(b"\n"):
            raise Refused(f"is truncated: it ends at byte {self.size} in the middle of a line")
        return data[:-1]

    def result(self) -> object:
        """What STOP leaves: the one object of the file."""
        if self.below or len(self.stack) != 1:
            raise Refused("ends in the middle of an object")
        return self.stack.pop()

    def pop_mark(self) -> list:
        items, self.stack = self.stack, self.below.pop()
        return items

    def mark(self) -> None:
        if len(self.below) >= _MOST_MARKS:
            raise Refused(f"is nested more than {_MOST_MARKS} levels deep")
        self.below.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    def push(self, item: object) -> None:
        self.stack.append(item)

    def new(self, container: Any) -> None:
        """Push a container that was just made."""
        self.allowance.spend(_BYTES[type(container)] + 8 * len(container))
        self.stack.append(container)

    def remember(self, index: int) -> None:
        if not 0 <= index <= self.size:
            raise Refused(f"numbers an object {index}, but has only {self.size} bytes")
        if index >= len(self.memo):
            self.memo.extend([_NOTHING] * (index + 1 - len(self.memo)))
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> object:
        if not 0 <= index < len(self.memo) or self.memo[index] is _NOTHING:
            raise Refused(f"refers to object {index}, of which it has none")
        return self.memo[index]

    def append(self, items: list) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise Refused(f"appends to {_kind(target)}, which is not a list")
        target.extend(items)

    def set_items(self, items: list) -> None:
        target = self.stack[-1]
        if type(target) is Record:  # a dict-like class
            if target.state is None:
                target.state = {}
            target = target.state
        if type(target) is not dict:
            raise Refused(f"sets items of {_kind(target)}, which is not a dict")
        target.update(zip(self.allowance.hashed(items[::2]), items[1::2], strict=True))

    def add_members(self, items: list) -> None:
        target = self.stack[-1]
        if type(target) is not set:
            raise Refused(f"adds members to {_kind(target)}, which is not a set")
        target.update(self.allowance.hashed(items))

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise Refused("takes more from its stack than there is")
        made = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.new(made)

    def close_dict(self) -> None:
        items = self.pop_mark()
        self.new({})
        self.set_items(items)

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise Refused("names a global by something that is not text")
        self.stack.append(self.names.find(module, name))

    def reduce(self) -> None:
        args, name = self.stack.pop(), self.stack.pop()
        if type(name) is not Name or type(args) is not tuple:
            raise Refused(f"calls {_kind(name)}, which is not a known name")
        self.allowance.spend(_CALLED)
        self.stack.append(name.call(*args))

    def new_object(self, kwargs: object = None) -> None:
        args, name = self.stack.pop(), self.stack.pop()
        if type(name) is not Name or not name.is_class or type(args) is not tuple or kwargs:
            raise Refused(f"makes an object of {_kind(name)}, which is not a known class")
        self.allowance.spend(_CALLED)
        self.stack.append(name.call(*args))

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) not in (Record, Array, DType):
            raise Refused(f"sets the state of {_kind(target)}, which has none")
        target._build(state)


def _kind(value: object) -> str:
    return value.text if type(value) is Name else value.name if type(value) is Record else type(value).__name__
