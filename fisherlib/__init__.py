"""fisherlib: the Fisher divergence of potentials that are linear in their descriptors."""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import extras as _extras  # noqa: F401 – before all others, so that it sees what they miss
from .dataset import Dataset as Dataset
from .dataset import Trajectory as Trajectory
from .landscapes import Landscape as Landscape
from .landscapes import Plane as Plane
from .landscapes import landscape as landscape
from .landscapes import project as project
from .landscapes.atlas import Atlas as Atlas
from .losses import Quadratic as Quadratic
from .losses import energy as energy
from .losses import fisher as fisher
from .losses import kl as kl
from .losses import ridge as ridge
from .losses import stress as stress
from .moments import Moments as Moments
from .moments import accumulate as accumulate
from .potential import LinearPotential as LinearPotential
from .solvers import Solution as Solution
from .solvers import fisher_residual as fisher_residual
from .solvers import refine as refine
from .solvers import solve as solve
from .study import Study as Study

if _TYPE_CHECKING:
    from . import cluster as cluster
    from . import comparison as comparison
    from . import descriptors as descriptors
    from . import diagnostics as diagnostics
    from . import figures as figures
    from . import flows as flows
    from . import glass as glass
    from . import io as io
    from . import neural as neural
    from . import properties as properties
    from . import regression as regression
    from . import reweighting as reweighting
    from . import sampling as sampling
    from . import selection as selection
    from . import systems as systems
    from . import trust as trust
    from . import tuning as tuning
    from . import uncertainty as uncertainty
    from . import units as units
    from . import validation as validation
    from . import widgets as widgets
    from .cluster.datasets import featurise as featurise
    from .descriptors.calculator import Calculator as Calculator
    from .figures import tables as tables
    from .validation import profiles as profiles
    from .widgets import states as states

#: Rooms that load on first touch, by the name they have in the face; a few stand inside another one.
_ROOMS = {
    "cluster": "cluster",
    "comparison": "comparison",
    "descriptors": "descriptors",
    "diagnostics": "diagnostics",
    "figures": "figures",
    "flows": "flows",
    "glass": "glass",
    "io": "io",
    "neural": "neural",
    "profiles": "validation.profiles",
    "properties": "properties",
    "regression": "regression",
    "reweighting": "reweighting",
    "states": "widgets.states",
    "sampling": "sampling",
    "selection": "selection",
    "systems": "systems",
    "tables": "figures.tables",
    "trust": "trust",
    "tuning": "tuning",
    "uncertainty": "uncertainty",
    "units": "units",
    "validation": "validation",
    "widgets": "widgets",
}

#: Names that load on first touch, and the module each stands in.
_NAMES = {"Calculator": "descriptors.calculator", "featurise": "cluster.datasets"}

__version__ = "0.7.1"


def __getattr__(name: str) -> object:
    # Rooms that open files, draw or need heavy libraries load on first touch (PEP 562).
    if name in _ROOMS:
        return _import_module(f"{__name__}.{_ROOMS[name]}")
    if name in _NAMES:
        return getattr(_import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    own = {name for name, value in globals().items() if not (name.startswith("_") or isinstance(value, _ModuleType))}
    return sorted(own | set(_ROOMS) | set(_NAMES))
