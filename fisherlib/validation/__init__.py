"""Validation: predictions for held-out trajectories or rows, settings chosen by them, and profiles along a path."""

from .agreement import NOTICEABLE as NOTICEABLE
from .fold_errors import FoldErrors as FoldErrors
from .fold_errors import fold_errors as fold_errors
from .fold_errors import learning_curve as learning_curve
from .fold_errors import over_folds as over_folds
from .held_out import held_out_errors as held_out_errors
from .held_out import leave_one_trajectory_out as leave_one_trajectory_out
from .learning_curves import LearningCurves as LearningCurves
from .learning_curves import learning_curves as learning_curves
from .mixture import MixtureChoice as MixtureChoice
from .mixture import choose_mixture as choose_mixture
from .row_folds import Folds as Folds
from .row_folds import folds as folds
from .row_scores import Scores as Scores
from .row_scores import held_out_rows as held_out_rows
from .row_scores import scores as scores
from .strength import STRENGTHS as STRENGTHS
from .strength import RidgeChoice as RidgeChoice
from .strength import choose_strength as choose_strength
from .trajectory_folds import cross_validate as cross_validate
from .trajectory_folds import split as split
from .treatments import TREATMENTS as TREATMENTS
from .treatments import chosen as chosen
from .treatments import nested as nested
from .treatments import selected as selected
