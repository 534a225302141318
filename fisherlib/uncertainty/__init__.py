"""Error bars on θ and on results computed from it: sampling errors and model-form errors."""

from .bands import ecdf_band as ecdf_band
from .block_means import BlockMeans as BlockMeans
from .block_means import block_means as block_means
from .conformal import LEVELS as LEVELS
from .conformal import conformal as conformal
from .coverage import Coverage as Coverage
from .coverage import coverage as coverage
from .independence import FEWEST_CLUSTERS as FEWEST_CLUSTERS
from .independence import Blocks as Blocks
from .independence import independent_blocks as independent_blocks
from .independence import scores as scores
from .intervals import FEWEST_BLOCKS as FEWEST_BLOCKS
from .intervals import interval as interval
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
