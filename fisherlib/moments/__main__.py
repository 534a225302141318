"""``python -m fisherlib.moments``; the one module here that reaches up, since the command belongs to the moments."""

import sys

from ..cluster.command import main

if __name__ == "__main__":
    sys.exit(main())
