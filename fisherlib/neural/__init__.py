"""Neural potentials on the descriptors of each atom: the model, its training, its file and its losses on planes."""

from importlib import import_module
from typing import TYPE_CHECKING

from .graph_potential import GraphPotential as GraphPotential
from .graph_potential import read_graph as read_graph
from .graph_potential import write_graph as write_graph
from .landscape import NeuralModel as NeuralModel
from .potential import NeuralPotential as NeuralPotential
from .weights_file import read as read
from .weights_file import write as write

if TYPE_CHECKING:
    from .graph_training import train_graph as train_graph
    from .training import fit_of as fit_of
    from .training import train as train

#: What needs JAX, which takes a second to load; a trained network needs numpy only.
_TRAINING = {"fit_of": "training", "train": "training", "train_graph": "graph_training"}


def __getattr__(name: str) -> object:
    if name in _TRAINING:
        return getattr(import_module(f"{__name__}.{_TRAINING[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_TRAINING})
