"""ASE's databases in SQLite (``.db``), read without writing and without running what they hold."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ...configurations import Configurations
from ..strict import intact, parse_json, regular
from . import ase_json

#: How such files begin.
BEGINS = rb"SQLite format 3\x00"
#: Steps of SQLite's machine that a row may take; ours takes some dozens.
_STEPS = 10**6
_BLOBS = {"numbers": ("<i4", (-1,)), "positions": ("<f8", (-1, 3)), "cell": ("<f8", (3, 3))}
_BLOBS |= {"forces": ("<f8", (-1, 3)), "stress": ("<f8", (-1,)), "momenta": ("<f8", (-1, 3))}
_BLOBS |= {"magmoms": ("<f8", (-1,)), "charges": ("<f8", (-1,))}
_COLUMNS = (*_BLOBS, "pbc", "energy", "free_energy", "key_value_pairs", "id")


def read(path: Path) -> list[Configurations]:
    """The rows of an ASE database as one trajectory, in the order of their numbers.

    ASE's own reader is not used: it writes into the file, makes the objects that rows name, and asks for views and triggers
    of others. Here the file is opened for reading only, its table ``systems`` has to be a table, and arrays are taken from
    the bytes of a row. Key-value pairs become entries; data and constraints are left out.

    Raises:
        ValueError: another database, damaged, or no row with energy or forces.

    Source: ASE, ase.db.sqlite, version 9 of the layout.
    """
    with intact(path.name, "ASE database"):
        rows = list(_rows(path))
    parsed = [ase_json.parsed_row(f"{path.name}, row {row['id']}", row) for row in rows]
    return ase_json.stacked(path, path.stem, parsed)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    address = f"file:{quote(str(regular(path).absolute()))}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.set_progress_handler(lambda: 1, _STEPS)  # a row that takes longer is interrupted
        kinds = connection.execute("SELECT type FROM sqlite_master WHERE name = 'systems'").fetchall()
        if kinds != [("table",)]:
            raise ValueError("it has no table 'systems'")
        known = {row[1] for row in connection.execute("PRAGMA table_info(systems)")}
        names = [name for name in _COLUMNS if name in known]
        for ids in connection.execute("SELECT id FROM systems ORDER BY id").fetchall():
            found = connection.execute(f"SELECT {', '.join(names)} FROM systems WHERE id = ?", ids)  # noqa: S608  our names
            yield _record(dict(zip(names, found.fetchone(), strict=True)))
    finally:
        connection.close()


def _record(row: dict[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in row.items() if value is not None}
    for name, (dtype, shape) in _BLOBS.items():
        if name in made:
            made[name] = np.frombuffer(made[name], dtype).reshape(shape)
    made["pbc"] = [bool(int(made.get("pbc", 0)) & bit) for bit in (1, 2, 4)]
    pairs = made.get("key_value_pairs")
    if isinstance(pairs, str):
        made["key_value_pairs"] = parse_json(pairs, f"row {made['id']}", "key-value pairs")
    return made
