"""Validation: predictions for held-out trajectories, the strength of a ridge and the weight of energies chosen by them, profiles along a path."""

from .agreement import NOTICEABLE as NOTICEABLE
from .fold_errors import FoldErrors as FoldErrors
from .fold_errors import fold_errors as fold_errors
from .fold_errors import learning_curve as learning_curve
from .fold_errors import over_folds as over_folds
from .folds import cross_validate as cross_validate
from .folds import split as split
from .held_out import held_out_errors as held_out_errors
from .held_out import leave_one_trajectory_out as leave_one_trajectory_out
from .mixture import MixtureChoice as MixtureChoice
from .mixture import choose_mixture as choose_mixture
from .strength import STRENGTHS as STRENGTHS
from .strength import RidgeChoice as RidgeChoice
from .strength import choose_strength as choose_strength
