"""Markov chains that sample a target exp(−u): many walkers at once, by numpy."""

from .chains import Chains as Chains
from .chains import mala as mala
from .hamiltonian import hmc as hmc
from .windows import Umbrella as Umbrella
from .windows import umbrella as umbrella
