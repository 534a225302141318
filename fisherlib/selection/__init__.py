"""Selection from moments: descriptors by what they tell, configurations by what they would teach."""

from .by_lasso import by_lasso as by_lasso
from .cur import cur as cur
from .farthest_points import farthest_points as farthest_points
from .forward import forward as forward
from .picks import Picks as Picks
from .variance import by_variance as by_variance
