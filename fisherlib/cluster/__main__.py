"""``python -m fisherlib.cluster``: moments of a database or of structures, a part of them, or the sum of parts."""

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main())
