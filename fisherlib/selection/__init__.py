"""Selection from moments: which descriptors, which configurations, which sparse law."""

from .laws import Law as Law
from .laws import Laws as Laws
from .operators import Features as Features
from .operators import features as features
from .sparse_laws import sparse_laws as sparse_laws
