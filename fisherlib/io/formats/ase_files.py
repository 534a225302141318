"""Files that ASE reads: which of its layouts one has, and the reader of that."""

import re
from collections.abc import Callable
from pathlib import Path

from ...configurations import Configurations
from ..compression import beginning
from . import ase_database, ase_json, structures, ulm

#: How a file begins → the reader of its layout; of output of programs, see ``structures``.
_BEGUN: dict[bytes, Callable[[Path], list[Configurations]]] = {
    ase_database.BEGINS: ase_database.read,
    ulm.BEGINS: ulm.read,
    ase_json.BEGINS: ase_json.read,
}


def layout_of(path: Path) -> str | None:
    """The layout of a file, in a word; None where ASE has no reader of it, or none that may read untrusted files."""
    if (reader := _reader(path)) is not None:
        return reader.__module__.rpartition(".")[2]
    return structures.format_of(path)


def read(path: Path) -> list[Configurations]:
    """The configurations of a file in a layout of ASE's as one trajectory; raises as the readers of the layouts do."""
    return (_reader(path) or structures.read)(path)


def _reader(path: Path) -> Callable[[Path], list[Configurations]] | None:
    start = beginning(path, 256)
    return next((reader for begins, reader in _BEGUN.items() if re.match(begins, start)), None)
