"""Glasses: from the structure around a particle to how far it will move."""

from .ensemble import Ensemble as Ensemble
from .environment import Descriptors as Descriptors
from .environment import descriptors as descriptors
from .mobility import mobile_clusters as mobile_clusters
from .reading import read as read
from .rows import Rows as Rows
from .rows import rows as rows
