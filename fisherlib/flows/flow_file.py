"""Flows in files: an ``.npz`` of plain arrays with a checksum, written in full or not at all."""

import json
import os
from typing import Any

import numpy as np

from ..arguments import flag, kind, location
from ..io.archive import read_sealed, write_sealed
from ..io.places import find
from ..io.strict import ending, parse_json
from .flow import Flow
from .layers import Architecture, shapes

FORMAT, WHAT = "fisherlib flow 1", "a flow from flows.write"

#: Entries of a checkpoint beyond its flow begin with this.
TRAINING = "training "


def write(flow: Flow, path: str | os.PathLike, *, half: bool = False) -> None:
    """Write a flow with its history; nothing of it is a pickle.

    Args:
        flow: trained, or not.
        path: ``.npz``.
        half: round parameters to half precision, for a small file. What is read is another flow, of which the density is as
            exact, and which fits a little worse.

    Raises:
        TypeError: no flow.
        OSError: no such folder or no space; nothing was written.

    Example:
        >>> import tempfile
        >>> import fisherlib as fl
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(fl.flows.real_nvp(2, layers=2, width=4, name="small"), f"{folder}/flow.npz")
        ...     read(f"{folder}/flow.npz").name
        'small'
    """
    kind("flow", flow, Flow, "flows.write(flow, 'flow.npz')")
    location("path", path, "flows.write(flow, 'flow.npz')")
    flag("half", half)
    content = entries(flow)
    if half:
        content |= {name: each.astype(np.float16) for name, each in content.items() if name.startswith("parameters ")}
    write_sealed(content, ending(path, ".npz"), FORMAT)


def read(path: str | os.PathLike) -> Flow:
    """A flow from a file of ``write``, or from a checkpoint of ``train``: what was kept until then.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another content, or one that has changed since it was written; the message says what is there.

    Example:
        >>> read("data/generators/dimer_open.npz").dimension
        76
    """
    location("path", path, "flows.read('flow.npz')")
    found = find(path)
    return flow_of(read_sealed(found, FORMAT, WHAT), found.name)


def entries(flow: Flow) -> dict[str, Any]:
    """What a file of a flow holds."""
    a = flow.architecture
    about = {name: getattr(a, name) for name in ("kind", "width", "depth", "knots", "box", "precision")}
    content = {"about": np.array(json.dumps(about | {"name": flow.name})), "masks": np.array(a.masks)}
    content |= {f"parameters {k}": each for k, each in enumerate(flow.parameters)}
    content |= {"mean": flow.mean, "factor": flow.factor}
    return content | {f"history of {name}": values for name, values in flow.history.items()}


def flow_of(content: dict[str, Any], name: str) -> Flow:
    """The flow among the entries of a file.

    Raises:
        ValueError: entries that make no flow.
    """
    try:
        about = parse_json(str(content["about"]), name, "named entries")
        called = about.pop("name")
        masks = tuple(map(tuple, np.asarray(content["masks"], bool).tolist()))
        architecture = Architecture(masks=masks, **about)
        given = (content[f"parameters {k}"] for k in range(len(shapes(architecture))))
        parameters = tuple(each.astype(architecture.precision) for each in given)
        history = {k.removeprefix("history of "): v for k, v in content.items() if k.startswith("history of ")}
        linear = {"mean": content["mean"], "factor": content["factor"]}
        return Flow(architecture=architecture, parameters=parameters, **linear, history=history, name=called)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{name}: expected a flow, got {what}") from error
