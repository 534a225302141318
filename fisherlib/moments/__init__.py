"""Sufficient statistics of trajectories: summed in one pass, then merged and subtracted without the data."""

from .collection import Moments as Moments
from .growth import Growth as Growth
from .identity import fingerprint as fingerprint
from .identity import fingerprints as fingerprints
from .identity import identity as identity
from .in_memory import accumulate as accumulate
from .offsets import Offsets as Offsets
from .offsets import best_offsets as best_offsets
from .offsets import descriptor_offsets as descriptor_offsets
from .offsets import free_offsets as free_offsets
from .offsets import without_offsets as without_offsets
from .record import Fold as Fold
from .record import MomentRecord as MomentRecord
from .strain import StrainSums as StrainSums
from .sums import Sums as Sums
from .sums import rows_per_block as rows_per_block
