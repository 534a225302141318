"""Selection from moments: descriptors by what they tell, configurations by what they would teach, and sparse laws."""

from .by_lasso import by_lasso as by_lasso
from .cur import cur as cur
from .farthest_points import farthest_points as farthest_points
from .forward import forward as forward
from .laws import Law as Law
from .laws import Laws as Laws
from .operators import Features as Features
from .operators import features as features
from .picks import Picks as Picks
from .sparse_laws import sparse_laws as sparse_laws
from .variance import by_variance as by_variance
