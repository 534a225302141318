"""Reweighting from the true distribution to the model's: weights, their reliability, free-energy differences."""

from .bennett import Bar as Bar
from .bennett import bar as bar
from .exponential import FEWEST_EFFECTIVE as FEWEST_EFFECTIVE
from .exponential import FreeEnergy as FreeEnergy
from .exponential import free_energy as free_energy
from .free_energies import FreeEnergyDifference as FreeEnergyDifference
from .free_energies import free_energy_difference as free_energy_difference
from .multistate import Mbar as Mbar
from .multistate import mbar as mbar
from .populations import FreeEnergyProfile as FreeEnergyProfile
from .populations import free_energy_profile as free_energy_profile
from .populations import state_difference as state_difference
from .reliability import HEAVY as HEAVY
from .reliability import UNUSABLE as UNUSABLE
from .reliability import effective_sample_size as effective_sample_size
from .reliability import pareto_k as pareto_k
from .weights import log_weights as log_weights
from .weights import mean as mean
