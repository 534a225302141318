"""Glasses: from the structure around a particle to how far it will move."""

from .ensemble import Ensemble as Ensemble
from .environment import Descriptors as Descriptors
from .environment import descriptors as descriptors
from .inherent import Minimum as Minimum
from .inherent import inherent as inherent
from .inherent import with_inherent as with_inherent
from .kob_andersen import KA2D as KA2D
from .kob_andersen import KA3D as KA3D
from .kob_andersen import Mixture as Mixture
from .mobility import mobile_clusters as mobile_clusters
from .particle_rows import Rows as Rows
from .reading import read as read
from .rows import rows as rows
