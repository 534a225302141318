"""A training that can be stopped and gone on with: a file of its flow and of all that the next step needs."""

import json
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..arguments import location
from ..dataset import Array
from ..io.archive import checksum, read_sealed, write_sealed
from ..io.strict import ending
from .flow import Flow
from .flow_file import FORMAT, TRAINING, WHAT, entries, flow_of


class Checkpoint:
    """The file of one training.

    Args:
        path: ``.npz``.
        about: settings of the training, which must be the same when it goes on.
        flow: with which it began.
        examples: that it is given.
    """

    def __init__(self, path: str | os.PathLike, about: dict[str, Any], flow: Flow, examples: Array | None) -> None:
        location("checkpoint", path, "train(flow, target, checkpoint='training.npz')")
        self.path = Path(path).expanduser()
        given = [*flow.parameters, flow.mean, flow.factor, *([] if examples is None else [examples])]
        about = about | {"data": checksum(given), "masks": flow.architecture.masks}
        self.about = json.dumps(about, sort_keys=True, default=lambda number: number.item())  # 64 is 64, numpy's too
        self.restored = -1

    @property
    def there(self) -> bool:
        """Whether there is a file to go on from."""
        return self.path.exists()

    def fresh(self, step: int) -> bool:
        """Whether this step has just been read."""
        return step == self.restored

    def save(self, work: Any) -> None:
        """Write where a training stands."""
        leaves = [*work.parameters, *jax.tree.leaves(work.state)]
        content = entries(work.kept) | {f"{TRAINING}{k}": np.asarray(leaf) for k, leaf in enumerate(leaves)}
        content |= {f"history of {name}": np.array(values) for name, values in work.history.items()}
        numbers = [work.step, work.best, work.pool.step if work.pool is not None else 0.0]
        content |= {f"{TRAINING}numbers": np.array(numbers, float), f"{TRAINING}about": np.array(self.about)}
        write_sealed(content, ending(self.path, ".npz"), FORMAT)

    def restore(self, work: Any) -> None:
        """Bring a training to where it stood.

        Raises:
            ValueError: the file of another training, or none of a training.
        """
        content = read_sealed(self.path, FORMAT, WHAT)
        if str(content.get(f"{TRAINING}about")) != self.about:
            raise ValueError(
                f"checkpoint: expected the file of this training, {self.path.name} is of other settings, data or first parameters; "
                "give the same ones, or another path"
            )
        kept = flow_of({k: v for k, v in content.items() if not k.startswith(TRAINING)}, self.path.name)
        n = len(work.parameters)
        tree: Any = jax.tree.structure(work.state)
        with jax.enable_x64(work.precision == "float64"):
            leaves = [jax.numpy.asarray(content[f"{TRAINING}{k}"]) for k in range(n + tree.num_leaves)]
        work.parameters, work.state = leaves[:n], jax.tree.unflatten(tree, leaves[n:])
        step, work.best, pace = content[f"{TRAINING}numbers"].tolist()
        work.step = self.restored = int(step)
        if work.pool is not None:
            work.pool.step = pace
        work.kept, work.history = kept, {name: values.tolist() for name, values in kept.history.items()}
