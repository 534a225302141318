"""Descriptors and moments of large data: on one core, on several, on Dask, or in the parts of a SLURM array."""

from .accumulate import accumulate as accumulate
from .featurise import featurise as featurise
from .parts import merge as merge
from .parts import write_part as write_part
from .rows import Rows as Rows
