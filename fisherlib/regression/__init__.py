"""Fits from moments: θ_f, the ordinary fit to energies, mixtures of losses, and the path of a ridge over its strength."""

from .criteria import evidence as evidence
from .criteria import gcv as gcv
from .fits import energy_fit as energy_fit
from .fits import fisher_fit as fisher_fit
from .fits import force_rmse as force_rmse
from .fits import kl_path as kl_path
from .fits import mixture_fit as mixture_fit
from .fits import ridge_fit as ridge_fit
from .group_weights import GroupWeights as GroupWeights
from .group_weights import weighted_fit as weighted_fit
from .group_weights import weighted_loss as weighted_loss
from .group_weights import weights_of as weights_of
from .loss_terms import Terms as Terms
from .normal import common_temperature as common_temperature
from .normal import normal_equations as normal_equations
from .normal import row_weights as row_weights
from .ridge import RidgePath as RidgePath
from .ridge import ridge_path as ridge_path
from .size_groups import by_size as by_size
