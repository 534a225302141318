"""Losses on a plane of parameters: exact where they are quadratic, from projected vectors where they are not."""

from .planes import Landscape as Landscape
from .planes import Plane as Plane
from .planes import Point as Point
from .planes import landscape as landscape
from .projections import Projection as Projection
from .projections import project as project
