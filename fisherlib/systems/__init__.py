"""Model systems with a known answer: datasets whose best θ is known, and targets exp(−u) to be sampled."""

from .datasets import double_well as double_well
from .datasets import harmonic as harmonic
from .dimer import Dimer as Dimer
from .planar import MuellerBrown as MuellerBrown
from .planar import TiltedDoubleWell as TiltedDoubleWell
from .quadrature import quadrature as quadrature
from .target import Target as Target
