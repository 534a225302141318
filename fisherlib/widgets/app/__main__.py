"""Start the dashboard: python -m fisherlib.widgets.app [--no-browser] [--port=8866] [notebook]."""

import sys

from ...io.places import PROJECT

try:
    from .server import App
except ModuleNotFoundError as missing:
    sys.exit(f"app: {missing}")

NOTEBOOK = PROJECT / "notebooks" / "00_start.ipynb"

if __name__ == "__main__":
    given = sys.argv[1:]
    App.launch_instance(given if any(not word.startswith("-") for word in given) else [*given, str(NOTEBOOK)])
