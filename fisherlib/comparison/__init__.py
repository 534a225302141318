"""Model against truth: errors of energies and forces, distances between distributions, and correlations."""

from .caveats import caveat as caveat
from .classes import ClassErrors as ClassErrors
from .classes import errors_by as errors_by
from .classes import force_errors as force_errors
from .correlation import Correlation as Correlation
from .correlation import noise_ceiling as noise_ceiling
from .correlation import pearson as pearson
from .distances import ecdf as ecdf
from .distances import ecdf_difference as ecdf_difference
from .distances import ks as ks
from .distances import wasserstein_1 as wasserstein_1
from .errors import Comparison as Comparison
from .errors import compare as compare
from .errors import compare_predictions as compare_predictions
from .errors import of_one_dataset as of_one_dataset
from .errors import sampling_noise as sampling_noise
from .histograms import Histogram as Histogram
from .histograms import force_histogram as force_histogram
