"""Error bars on θ and on what is computed from it: of sampling, and of the form of the model."""

from .bands import ecdf_band as ecdf_band
from .intervals import FEWEST_BLOCKS as FEWEST_BLOCKS
from .intervals import FEWEST_CLUSTERS as FEWEST_CLUSTERS
from .intervals import Blocks as Blocks
from .intervals import independent_blocks as independent_blocks
from .intervals import interval as interval
from .intervals import scores as scores
from .jackknife import covariance as covariance
from .jackknife import jackknife as jackknife
from .jackknife import leave_one_out as leave_one_out
from .jackknife import standard_error as standard_error
from .model_form import ModelForm as ModelForm
from .model_form import model_form as model_form
from .rigidity import energy_errors as energy_errors
from .rigidity import energy_gradients as energy_gradients
from .rigidity import prediction_rigidity as prediction_rigidity
from .sandwich import sandwich as sandwich
