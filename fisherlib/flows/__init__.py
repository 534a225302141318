"""Boltzmann generators: invertible maps from a Gaussian to p ∝ exp(−u), whose draws are reweighted."""

from .flow import Flow as Flow
from .flow import real_nvp as real_nvp
from .flow import spline as spline
