"""Neural potentials on the descriptors of each atom: the model, its training, its file and its losses on planes."""

from typing import TYPE_CHECKING

from .landscape import NeuralModel as NeuralModel
from .potential import NeuralPotential as NeuralPotential
from .weights_file import read as read
from .weights_file import write as write

if TYPE_CHECKING:
    from .training import train as train


def __getattr__(name: str) -> object:
    # Training needs JAX, which takes a second to load; a trained network needs numpy only.
    if name == "train":
        from .training import train

        return train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "train"})
