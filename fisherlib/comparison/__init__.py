"""Model against truth: errors of energies and forces, and distances between distributions."""

from .distributions import ecdf as ecdf
from .distributions import ecdf_difference as ecdf_difference
from .distributions import ks as ks
from .distributions import wasserstein_1 as wasserstein_1
from .errors import Comparison as Comparison
from .errors import Histogram as Histogram
from .errors import compare as compare
from .errors import compare_predictions as compare_predictions
from .errors import force_histogram as force_histogram
from .errors import of_one_dataset as of_one_dataset
from .errors import sampling_noise as sampling_noise
