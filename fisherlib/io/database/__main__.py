"""``python -m fisherlib.io.database``: look at a database, verify every byte, seal it, sweep what dead writers left."""

import argparse
import sys
from collections.abc import Sequence

from tqdm.auto import tqdm

from .database import Database
from .sweep import ABANDONED, sweep


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when all is well, 1 with sentences when not."""
    parser = argparse.ArgumentParser(prog="python -m fisherlib.io.database", description=__doc__)
    parser.add_argument("what", choices=("info", "verify", "seal", "sweep"))
    parser.add_argument("database", help="its folder")
    parser.add_argument("--older", type=float, default=ABANDONED, help="sweep files untouched for so many seconds")
    given = parser.parse_args(arguments)
    try:
        database = Database.open(given.database)
        return {"info": _info, "verify": _verify, "seal": _seal, "sweep": _sweep}[given.what](database, given)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _info(database: Database, given: argparse.Namespace) -> int:
    found = database.shards()
    configurations, rows = sum(h.configurations for h in found), sum(h.rows for h in found)
    print(f"{len({h.key for h in found})} trajectories, {configurations} configurations, {rows} force components")
    print(
        f"{len(found)} shards, {sum(h.size for h in found) / 1e9:.3g} GB, {database.unsealed(found)} of them not sealed"
    )
    print(f"K = {database.K}, Φ in {database.precision}, descriptor {dict(database.descriptor)}")
    return 0


def _verify(database: Database, given: argparse.Namespace) -> int:
    with tqdm(desc="verify", unit="shard", delay=1) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        found = database.verify(progress=show)
    print("\n".join(found) or "all is well")
    return 1 if found else 0


def _seal(database: Database, given: argparse.Namespace) -> int:
    print(f"{database.seal()} shards are sealed")
    return 0


def _sweep(database: Database, given: argparse.Namespace) -> int:
    print("\n".join(sweep(database, older=given.older)) or "nothing to sweep")
    return 0


if __name__ == "__main__":
    sys.exit(main())
