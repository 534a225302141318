"""Configurations in memory: a trajectory per key, and a dataset of trajectories. Both are checked when they are made."""

from .arrays import Array as Array
from .arrays import frozen as frozen
from .arrays import refuse_non_finite as refuse_non_finite
from .collection import Dataset as Dataset
from .elements import element_counts as element_counts
from .elements import elements_of as elements_of
from .jacobian import Jacobian as Jacobian
from .names import numbered as numbered
from .names import stated as stated
from .names import symbol as symbol
from .trajectory import STRAINS as STRAINS
from .trajectory import Trajectory as Trajectory
