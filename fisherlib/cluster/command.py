"""``python -m fisherlib.cluster``: moments of a database, of configurations, a part of them, or the sum of parts."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..descriptors import KINDS, from_text
from ..io.moments import write_moments
from .accumulate import accumulate
from .featurise import featurise
from .parts import merge, write_part
from .results import interrupted

_EXAMPLES = """\
examples:
  python -m fisherlib.cluster db -o moments.npz --workers 8
  python -m fisherlib.cluster db --shards $SLURM_ARRAY_TASK_ID/100 -o part-$SLURM_ARRAY_TASK_ID.npz
  python -m fisherlib.cluster part-*.npz -o moments.npz
  python -m fisherlib.cluster featurise data.xyz -o moments.npz --workers 8 --descriptor cutoff=4.5,n_max=8
  python -m fisherlib.cluster featurise data.xyz -o db --workers 8 --descriptor gmp:cutoff=6
"""
#: Options of featurise alone.
_OF_FILES = ("descriptor", "temperature", "key", "units", "elements", "stress")
#: Options that would do nothing, by what is done.
_USELESS = {
    "merging": ("shards", "workers", "scheduler", "keep", *_OF_FILES),
    "--shards": ("scheduler", "by", *_OF_FILES),
    "a whole database": _OF_FILES,
    "featurise": ("shards",),
}


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
    add = parser.add_argument
    add("paths", nargs="+", help="a database (folder), part files to merge, or the word featurise and a structure file")
    add("-o", "--output", required=True, help="the .npz to write, or, of featurise, the folder of a database")
    add("--shards", type=_part, metavar="i/N", help="only part i of N (1 ≤ i ≤ N) of the groups of shards")
    add("--workers", type=int, help="processes on this machine (1)")
    add("--scheduler", help="address of a Dask scheduler, instead of processes")
    add("--by", choices=("trajectory", "temperature"), help="what is added up (trajectory)")
    add("--keep", help="folder for what is done, to go on from (moments/ in the database, .cache/ beside a file)")
    kinds = ", ".join(KINDS)
    add("--descriptor", metavar="NAME:SETTING=VALUE,…", help=f"of featurise, one of {kinds}, gmp:cutoff=6 say")
    add("--temperature", type=float, help="K, of featurise, for files that do not say")
    add("--key", help="of featurise, the entry that tells trajectories apart")
    add("--units", help="of featurise, in what energies, forces and lengths are: atomic, cp2k …")
    add("--elements", help="of featurise, symbols of the types of a LAMMPS dump: W,Be")
    add("--stress", action="store_true", default=None, help="of featurise, stresses or virials too")
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


def _job(given: argparse.Namespace) -> str:
    """What is to be done, where nothing else is given that contradicts it."""
    job = "featurise" if given.paths[0] == "featurise" and len(given.paths) > 1 else "merging"
    paths, output = given.paths[job == "featurise" :], Path(given.output)
    folders = [path for path in paths if os.path.isdir(path)]
    if (folders or job == "featurise") and len(paths) > 1:
        what = f"the folder {folders[0]}" if folders else "featurise"
        raise ValueError(
            f"paths: expected one database, part files, or featurise and one file, got {len(paths)} with {what}"
        )
    into_database = job == "featurise" and not output.suffix
    if not (output.suffix == ".npz" or into_database) or not output.absolute().parent.is_dir():
        raise ValueError(f"output: expected a name ending in .npz in a folder that exists, got {given.output!r}")
    if folders and job == "merging":
        job = "--shards" if given.shards else "a whole database"
    for name in _USELESS[job]:
        if getattr(given, name) is not None:
            raise ValueError(f"--{name}: expected none with {job}, where it would do nothing; leave it out")
    return job


def _run(given: argparse.Namespace) -> None:
    job, output, path = _job(given), Path(given.output), given.paths[-1]
    how: dict[str, Any] = {"workers": 1 if given.workers is None else given.workers, "keep": given.keep or True}
    whole: dict[str, Any] = {"by": given.by or "trajectory", "client": given.scheduler}
    if job == "--shards":
        return write_part(path, given.shards[0], given.shards[1], output, **how)
    if job == "merging":
        made: Any = merge(given.paths, by=whole["by"])
    elif job == "featurise":
        settings = {name: value for name in _OF_FILES if (value := getattr(given, name)) is not None}
        settings |= {"descriptor": from_text(given.descriptor)} if given.descriptor else {}
        made = featurise(path, into=None if output.suffix else output, **settings, **how, **whole)
    else:
        made = accumulate(path, **how, **whole)
    if output.suffix:
        write_moments(made, output)
