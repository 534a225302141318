"""Small networks of summed descriptors and their losses on a plane."""

from .landscape import NetworkModel as NetworkModel
from .network import Network as Network
from .projections import NetworkProjection as NetworkProjection
from .projections import project_network as project_network
