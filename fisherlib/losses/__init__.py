"""Losses that are quadratic in θ."""

from .quadratic import Quadratic as Quadratic
from .terms import energy as energy
from .terms import fisher as fisher
from .terms import kl as kl
from .terms import ridge as ridge
from .terms import stress as stress
