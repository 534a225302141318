"""Fits from moments: θ_f, the ordinary fit to energies, mixtures of losses, and the whole path of a ridge."""

from .fits import Terms as Terms
from .fits import energy_fit as energy_fit
from .fits import fisher_fit as fisher_fit
from .fits import force_rmse as force_rmse
