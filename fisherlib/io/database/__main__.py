"""``python -m fisherlib.io.database``: look at a database, verify every byte, seal it, sweep up, retract a trajectory."""

import argparse
import sys
from collections.abc import Sequence

from tqdm.auto import tqdm

from ...units import counted
from .database import Database
from .inventory import ABANDONED, retract, sweep


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when all is well, 1 with sentences when not."""
    parser = argparse.ArgumentParser(prog="python -m fisherlib.io.database", description=__doc__)
    parser.add_argument("what", choices=("info", "verify", "seal", "sweep", "retract"))
    parser.add_argument("database", help="its folder")
    parser.add_argument("--older", type=float, default=ABANDONED, help="sweep files untouched for so many seconds")
    parser.add_argument("--key", help="retract: of the trajectory")
    given = parser.parse_args(arguments)
    if (given.what == "retract") != (given.key is not None):
        parser.error("--key KEY goes with retract")
    does = {"info": _info, "verify": _verify, "seal": _seal, "sweep": _sweep, "retract": _retract}
    try:
        database = Database.open(given.database)
        return does[given.what](database, given)
    except KeyboardInterrupt:
        print("interrupted; nothing is changed half way", file=sys.stderr)
        return 130
    except (ValueError, KeyError, OSError) as error:
        print(error.args[0] if isinstance(error, KeyError) else error, file=sys.stderr)
        return 1


def _info(database: Database, given: argparse.Namespace) -> int:
    found = database.shards()
    configurations, rows = sum(h.configurations for h in found), sum(h.rows for h in found)
    numbers = {"trajectory": len({h.key for h in found}), "configuration": configurations, "force component": rows}
    print(", ".join(counted(number, noun) for noun, number in numbers.items()))
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
    if found:
        print("\n".join(found))
        return 1
    unsealed = database.unsealed()
    print(
        "all is well"
        + (f", but {unsealed} shards are in no seal: `seal` records that they must stay" if unsealed else "")
    )
    return 0


def _seal(database: Database, given: argparse.Namespace) -> int:
    print(f"{database.seal()} shards are sealed")
    return 0


def _sweep(database: Database, given: argparse.Namespace) -> int:
    print("\n".join(sweep(database, older=given.older)) or "nothing to sweep")
    return 0


def _retract(database: Database, given: argparse.Namespace) -> int:
    print("\n".join(f"{name} is retracted" for name in retract(database, given.key)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
