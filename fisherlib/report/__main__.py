"""The command line of the reports: fisherlib-report DATA=path/to/data.npz TEMPERATURE=1200."""

import argparse
import contextlib
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from .parameters import ParameterError, ReportError

NOTEBOOK = "notebooks/reports/theta_f.ipynb"


class _Ended(KeyboardInterrupt):
    """A signal other than Ctrl-C asks the run to end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a report from the command line.

    Returns:
        0 on success, 1 if the notebook failed, 2 for a wrong parameter or target, 130 or 143 if interrupted.
    """
    options = _options(arguments)
    before = signal.getsignal(signal.SIGTERM)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _OneLine()
        try:
            signal.signal(signal.SIGTERM, _end)
            print(*_written(options), sep="\n")
            return 0
        except ParameterError as error:
            return _say(f"{error}{_earlier(options)}", 2)
        except ReportError as error:
            detail = f"\n{error.traceback}" if options.traceback else ""
            return _say(f"{error}{_earlier(options)}{detail}", 1)
        except ModuleNotFoundError as missing:
            return _say(str(missing), 1)
        except KeyboardInterrupt as interrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the clean-up takes a moment
            ended = isinstance(interrupt, _Ended)
            return _say(f"{'ended' if ended else 'interrupted'}; nothing was written", 143 if ended else 130)
        finally:
            signal.signal(signal.SIGTERM, before)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="fisherlib-report",
        description="Build an offline HTML report.",
        epilog="A parameter may also be an environment variable, its name in upper case; the command line wins.",
    )
    parser.add_argument("parameters", nargs="*", metavar="NAME=value", help="a parameter of the notebook, in any case")
    parser.add_argument("--notebook", default=NOTEBOOK, help="the notebook to run (default: %(default)s)")
    parser.add_argument("--target", default="reports", help="the folder to write to (default: %(default)s/)")
    parser.add_argument("--progress", action="store_true", help="say on stderr which cell is run")
    parser.add_argument("--traceback", action="store_true", help="if the notebook fails, show where")
    return parser.parse_intermixed_args(arguments)


def _written(options: argparse.Namespace) -> list[Path]:
    """Write the report. Returns its files; slow libraries are loaded only after all parameters are checked."""
    from ..io.places import PROJECT
    from .request import asked, from_environment
    from .target import tried

    given = _given(options.parameters)
    here, target = Path(options.notebook), Path(options.target)
    notebook = here if here.is_file() else PROJECT / here
    given = from_environment(notebook, given) | given
    before, fitted = asked(notebook, given)
    tried(target)
    from .kernel import unheard
    from .run import made

    unheard()
    return made(notebook, target, before, fitted, told=_step if options.progress else None)


def _given(parameters: Sequence[str]) -> dict[str, str]:
    for text in parameters:
        if "=" not in text:
            raise ParameterError(f"expected NAME=value, got {text!r}")
    given = dict(text.split("=", 1) for text in parameters)
    names = [text.split("=", 1)[0].casefold() for text in parameters]
    twice = sorted({name.upper() for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(f"{', '.join(twice)}: given twice")
    return given


def _step(number: int, total: int) -> None:
    print(f"report: cell {number} of {total}", file=sys.stderr, flush=True)


class _OneLine:
    """Prints each warning once, as one line, without its source line."""

    def __init__(self) -> None:
        self._before: set[str] = set()

    def __call__(self, message: Warning | str, *args: Any, **more: Any) -> None:
        words = " ".join(str(message).split())
        if words not in self._before:
            print(f"report: warning: {words}", file=sys.stderr)
        self._before.add(words)


def _say(message: str, status: int) -> int:
    print(f"report: {message}", file=sys.stderr)
    return status


def _earlier(options: argparse.Namespace) -> str:
    """A note that an earlier report is still there; empty without one."""
    earlier = Path(options.target, Path(options.notebook).stem).with_suffix(".html")
    with contextlib.suppress(OSError):
        return f" ({earlier} is still an earlier report)" if earlier.exists() else ""
    return ""


def _end(*_: int | FrameType | None) -> NoReturn:
    raise _Ended


if __name__ == "__main__":
    sys.exit(main())
