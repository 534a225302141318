"""What a potential means for physics: crystals, defects, phonons, dynamics, clusters, with the error bars of θ carried through."""

from .cluster_target import ClusterTarget as ClusterTarget
from .crystals import cubic as cubic
from .crystals import energy_curve as energy_curve
from .defects import vacancy as vacancy
from .draws import Spread as Spread
from .draws import spread as spread
from .draws import theta_draws as theta_draws
from .dynamics import drift as drift
from .dynamics import nve as nve
from .dynamics import nvt as nvt
from .exchange import BlockTest as BlockTest
from .exchange import block_test as block_test
from .exchange import in_blocks as in_blocks
from .pair_distances import pair_distances as pair_distances
from .vibrations import phonons as phonons
from .walkers import walkers as walkers
