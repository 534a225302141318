"""Neural potentials in files: an ``.npz`` of plain arrays with a checksum, written in full or not at all."""

import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..arguments import kind, location
from ..io.archive import read_sealed, write_sealed
from ..io.places import find
from ..io.strict import ending, parse_json
from ..io.theta import versions
from .potential import NeuralPotential

FORMAT = "fisherlib neural potential 1"

Model = TypeVar("Model")


def write(model: NeuralPotential, path: str | os.PathLike) -> None:
    """Write a neural potential with its history and provenance; nothing of it is a pickle.

    Args:
        model: the potential.
        path: ``.npz``.

    Raises:
        TypeError: another model.
        OSError: no such folder or no space; nothing was written.

    >>> import tempfile, numpy as np
    >>> layers = {"weights": (np.ones((2, 3)), np.ones((3, 1))), "biases": (np.zeros(3), np.zeros(1))}
    >>> net = NeuralPotential(**layers, skip=np.zeros(2), mean=np.zeros(2), projection=np.eye(2), name="net")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(net, f"{folder}/net.npz")
    ...     read(f"{folder}/net.npz").name
    'net'
    """
    kind("model", model, NeuralPotential, "neural.write(neural.train(data), 'network.npz')")
    location("path", path, "neural.write(model, 'network.npz')")
    target = ending(path, ".npz")
    text = {"name": model.name, "offset": model.offset, "offsets": dict(model.offsets), "scale": model.scale}
    text |= {"descriptor_names": list(model.descriptor_names)}
    text |= {"provenance": {**model.provenance, "versions": versions()}}
    content: dict[str, Any] = {"about": np.array(json.dumps(text, ensure_ascii=True))}
    for k, (W, b) in enumerate(zip(model.weights, model.biases, strict=True)):
        content |= {f"weights {k}": W, f"biases {k}": b}
    content |= {"skip": model.skip, "mean": model.mean, "projection": model.projection}
    content |= {} if model.start is None else {"start": model.start}
    content |= {f"history of {name}": values for name, values in model.history.items()}
    write_sealed(content, target, FORMAT)


def read(path: str | os.PathLike) -> NeuralPotential:
    """A neural potential from a file of ``write``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another content, or one that has changed since it was written; the message says what is there.
    """
    location("path", path, "neural.read('network.npz')")
    return unsealed(path, FORMAT, "neural potential", "neural.write", _potential)


def unsealed(
    path: str | os.PathLike,
    format: str,
    what: str,
    writer: str,
    made: Callable[[dict[str, Any], dict[str, Any]], Model],
) -> Model:
    """What is made of the arrays and the named entries of a sealed file: a neural potential of either kind.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another content, or one that has changed since it was written; the message says what is there.
    """
    found = find(path)
    content = read_sealed(found, format, f"a {what} from {writer}")
    try:
        about = parse_json(str(content.pop("about")), found.name, "named entries")
        kind("about", about, dict, f"{writer}(model, path)")
        return made(content, about)
    except (KeyError, TypeError, ValueError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{found.name}: expected a {what}, got {said}") from error


def _potential(content: dict[str, Any], text: dict[str, Any]) -> NeuralPotential:
    number = sum(key.startswith("weights ") for key in content)
    return NeuralPotential(
        weights=tuple(content[f"weights {k}"] for k in range(number)),
        biases=tuple(content[f"biases {k}"] for k in range(number)),
        **{key: content[key] for key in ("skip", "mean", "projection")},
        start=content.get("start"),
        history={k.removeprefix("history of "): v for k, v in content.items() if k.startswith("history of ")},
        **{key: text[key] for key in ("name", "offset", "offsets", "scale", "provenance")},
        descriptor_names=tuple(text["descriptor_names"]),
    )
