"""``python -m fisherlib.cluster``; the one module here that reaches up, since the command belongs to the moments."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
