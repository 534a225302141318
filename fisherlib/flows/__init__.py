"""Boltzmann generators: invertible maps from a Gaussian to p ∝ exp(−u), whose draws are reweighted."""

from .couplings import real_nvp as real_nvp
from .couplings import spline as spline
from .draws import Draws as Draws
from .draws import draw as draw
from .draws import log_weights as log_weights
from .flow import Flow as Flow
from .flow_file import read as read
from .flow_file import write as write
from .pictures import Grid as Grid
from .pictures import grid as grid
from .pictures import path as path
from .schedule import Stage as Stage
from .training import train as train
