"""Model systems with a known answer: datasets whose best θ is known, and targets exp(−u) to be sampled."""

from .datasets import double_well as double_well
from .datasets import harmonic as harmonic
from .target import Target as Target
