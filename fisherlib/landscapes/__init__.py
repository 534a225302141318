"""Losses on a plane of parameters: exact where they are quadratic, from projected vectors where they are not."""

from .atlas import Atlas as Atlas
from .catalogue import Loss as Loss
from .grids import Landscape as Landscape
from .grids import landscape as landscape
from .models import Evaluated as Evaluated
from .models import Model as Model
from .models import PlaneChoice as PlaneChoice
from .models import Surfaces as Surfaces
from .planes import Plane as Plane
from .planes import Point as Point
from .pointwise import Pointwise as Pointwise
from .projections import Projection as Projection
from .projections import project as project
