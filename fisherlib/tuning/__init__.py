"""Hyperparameters of descriptors and fits, found by a search over whole trajectories held out; Optuna proposes them."""

from .search import read as read
from .search import search as search
from .space import Space as Space
from .trials import Search as Search
from .trials import Trial as Trial
