"""fisherlib: the Fisher divergence of potentials that are linear in their descriptors."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from .atlas import Atlas as Atlas
from .dataset import Dataset as Dataset
from .dataset import Trajectory as Trajectory
from .landscapes import Landscape as Landscape
from .landscapes import Plane as Plane
from .landscapes import landscape as landscape
from .losses import Quadratic as Quadratic
from .losses import energy as energy
from .losses import fisher as fisher
from .losses import kl as kl
from .losses import ridge as ridge
from .moments import Moments as Moments
from .moments import accumulate as accumulate
from .potential import LinearPotential as LinearPotential
from .projections import project as project
from .refinement import fisher_residual as fisher_residual
from .refinement import refine as refine
from .solvers import Solution as Solution
from .solvers import solve as solve
from .study import Study as Study

if _TYPE_CHECKING:
    from . import cluster as cluster
    from . import comparison as comparison
    from . import descriptors as descriptors
    from . import diagnostics as diagnostics
    from . import figures as figures
    from . import io as io
    from . import profiles as profiles
    from . import regression as regression
    from . import reweighting as reweighting
    from . import states as states
    from . import systems as systems
    from . import tables as tables
    from . import training as training
    from . import trust as trust
    from . import uncertainty as uncertainty
    from . import units as units
    from . import validation as validation
    from . import widgets as widgets

_SUBMODULES = (
    "cluster",
    "comparison",
    "descriptors",
    "diagnostics",
    "figures",
    "io",
    "profiles",
    "regression",
    "reweighting",
    "states",
    "systems",
    "tables",
    "training",
    "trust",
    "uncertainty",
    "units",
    "validation",
    "widgets",
)

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Rooms that open files, draw or need heavy libraries load on first touch (PEP 562).
    if name in _SUBMODULES:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([name for name in globals() if not name.startswith("_")] + list(_SUBMODULES))
