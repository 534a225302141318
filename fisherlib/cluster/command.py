"""``python -m fisherlib.cluster``: the moments of a database, a part of them, or the sum of parts."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from ..io.moments import write_moments
from .accumulate import accumulate
from .parts import merge, write_part
from .work import interrupted

_EXAMPLES = """\
examples:
  python -m fisherlib.cluster db -o moments.npz --workers 8
  python -m fisherlib.cluster db --shards $SLURM_ARRAY_TASK_ID/100 -o part-$SLURM_ARRAY_TASK_ID.npz
  python -m fisherlib.cluster part-*.npz -o moments.npz
"""


def _part(text: str) -> tuple[int, int]:
    try:
        number, of = map(int, text.split("/"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected i/N, such as 3/100, got {text!r}") from None
    return number, of


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fisherlib.cluster",
        description="Moments of a descriptor database, from which every fit follows without reading data again.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", help="a database (folder), or part files to merge")
    parser.add_argument("-o", "--output", required=True, help="the .npz to write")
    parser.add_argument(
        "--shards", type=_part, metavar="i/N", help="only part i of N (1 ≤ i ≤ N) of the groups of shards"
    )
    parser.add_argument("--workers", type=int, help="processes on this machine (1)")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, instead of processes")
    parser.add_argument("--by", choices=("trajectory", "temperature"), help="what is added up (trajectory)")
    parser.add_argument("--keep", help="folder for what is done, to go on from (moments/ in the database)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when the file was written, 1 with a sentence when not, 130 when interrupted."""
    given = _parser().parse_args(arguments)
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
    try:
        _run(given)
    except (KeyboardInterrupt, ValueError, KeyError, OSError, RuntimeError, ImportError) as error:
        if interrupted(error):
            said = str(error) if isinstance(error, KeyboardInterrupt) else ""
            print(said or "interrupted; the same command goes on from what is kept", file=sys.stderr)
            return 130
        print(error.args[0] if isinstance(error, KeyError) else error, file=sys.stderr)
        return 1
    print(f"{given.output} written")
    return 0


def _run(given: argparse.Namespace) -> None:
    folders, output = [path for path in given.paths if os.path.isdir(path)], Path(given.output)
    if folders and len(given.paths) > 1:
        raise ValueError(
            f"paths: expected one database, or part files, got {len(given.paths)} with the folder {folders[0]}"
        )
    if output.suffix != ".npz" or not output.parent.is_dir():
        raise ValueError(f"output: expected a name ending in .npz in a folder that exists, got {given.output!r}")
    job = "merging" if not folders else "--shards" if given.shards else "a whole database"
    useless = {"merging": ("shards", "workers", "scheduler", "keep"), "--shards": ("scheduler", "by")}.get(job, ())
    for name in useless:
        if getattr(given, name) is not None:
            raise ValueError(f"--{name}: expected none with {job}, where it would do nothing; leave it out")
    keep, by, workers = given.keep or True, given.by or "trajectory", 1 if given.workers is None else given.workers
    if job == "merging":
        write_moments(merge(given.paths, by=by), output)
    elif job == "--shards":
        write_part(folders[0], *given.shards, output, workers=workers, keep=keep)
    else:
        write_moments(accumulate(folders[0], workers=workers, client=given.scheduler, by=by, keep=keep), output)
