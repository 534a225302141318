"""The command line of the reports: python -m fisherlib.report temperature=1200 data=path/to/data.npz."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from . import ParameterError, ReportError, build
except ModuleNotFoundError as missing:
    sys.exit(
        f"report: needs the module {missing.name!r}; install the notebooks' packages with pip install 'fisherlib[lab]'"
    )

NOTEBOOK = "notebooks/reports/theta_f.ipynb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a report from the command line; returns 0, 1 (the notebook failed) or 2 (a parameter does not fit)."""
    parser = argparse.ArgumentParser(prog="python -m fisherlib.report", description="Build an offline HTML report.")
    parser.add_argument("parameters", nargs="*", metavar="NAME=value", help="a parameter of the notebook, in any case")
    parser.add_argument("--notebook", default=NOTEBOOK, help="the notebook to run (default: %(default)s)")
    parser.add_argument("--target", default="reports", help="the folder to write to (default: %(default)s/)")
    parser.add_argument("--traceback", action="store_true", help="if the notebook fails, show where")
    options = parser.parse_intermixed_args(arguments)
    try:
        for text in options.parameters:
            if "=" not in text:
                raise ParameterError(f"expected NAME=value, got {text!r}")
        given = dict(text.split("=", 1) for text in options.parameters)
        written = build(options.notebook, options.target, given)
    except (ParameterError, ReportError) as error:
        earlier = Path(options.target, Path(options.notebook).stem).with_suffix(".html")
        stale = f" ({earlier} is still an earlier report)" if earlier.exists() else ""
        print(f"report: {error}{stale}", file=sys.stderr)
        if options.traceback:
            print(getattr(error, "traceback", ""), file=sys.stderr)
        return 2 if isinstance(error, ParameterError) else 1
    print(*written, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
