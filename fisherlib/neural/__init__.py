"""Small networks of summed descriptors, their training and their losses on a plane."""

from .network import Network as Network
from .projections import NetworkProjection as NetworkProjection
from .projections import project_network as project_network
from .training import train as train
