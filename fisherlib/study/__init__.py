"""What explorers and reports show: one dataset, its moments, the models compared on it, and what validation offers."""

from .marks import ending as ending
from .marks import numbered as numbered
from .offers import Offer as Offer
from .study import Study as Study
