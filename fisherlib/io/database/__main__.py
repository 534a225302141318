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
    try:
        status, text = _done(given.what, Database.open(given.database), given)
    except KeyboardInterrupt:
        print("interrupted; nothing is changed half way", file=sys.stderr)
        return 130
    except (ValueError, KeyError, OSError) as error:
        print(error.args[0] if isinstance(error, KeyError) else error, file=sys.stderr)
        return 1
    print(text)
    return status


def _done(what: str, database: Database, given: argparse.Namespace) -> tuple[int, str]:
    """The status of a command and what it has to say."""
    if what == "verify":
        return _verified(database)
    if what == "seal":
        return 0, f"{database.seal()} shards are sealed"
    if what == "sweep":
        return 0, "\n".join(sweep(database, older=given.older)) or "nothing to sweep"
    if what == "retract":
        return 0, "\n".join(f"{name} is retracted" for name in retract(database, given.key))
    found = database.shards()
    numbers = {"trajectory": len({h.key for h in found}), "configuration": sum(h.configurations for h in found)}
    numbers["force component"] = sum(h.rows for h in found)
    size, unsealed = sum(h.size for h in found) / 1e9, database.unsealed(found)
    return 0, (
        f"{', '.join(counted(number, noun) for noun, number in numbers.items())}\n"
        f"{len(found)} shards, {size:.3g} GB, {unsealed} of them not sealed\n"
        f"K = {database.K}, Φ in {database.precision}, descriptor {dict(database.descriptor)}"
    )


def _verified(database: Database) -> tuple[int, str]:
    with tqdm(desc="verify", unit="shard", delay=1) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        found = database.verify(progress=show)
    if found:
        return 1, "\n".join(found)
    unsealed = database.unsealed()
    rest = f", but {unsealed} shards are in no seal: `seal` records that they must stay" if unsealed else ""
    return 0, f"all is well{rest}"


if __name__ == "__main__":
    sys.exit(main())
