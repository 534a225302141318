"""Sufficient statistics of trajectories: summed in one pass, then merged and subtracted without the data."""

from .collection import Moments as Moments
from .identity import fingerprint as fingerprint
from .identity import fingerprints as fingerprints
from .identity import identity as identity
from .in_memory import accumulate as accumulate
from .record import Fold as Fold
from .record import MomentRecord as MomentRecord
from .sums import Sums as Sums
from .sums import rows_per_block as rows_per_block
