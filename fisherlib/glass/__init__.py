"""Glasses: from the structure around a particle to how far it will move."""

from .ensemble import Ensemble as Ensemble
from .mobility import mobile_clusters as mobile_clusters
from .rows import Rows as Rows
