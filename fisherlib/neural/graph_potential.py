"""A potential by message passing: energies of configurations from their graphs, and forces by differentiation."""

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..arguments import floats, kind, location, number, whole
from ..dataset import Array, Dataset, Trajectory, frozen, symbol
from ..io.archive import write_sealed
from ..io.strict import ending
from ..io.theta import versions
from .graphs import Graphs
from .weights_file import unsealed

FORMAT = "fisherlib graph potential 1"
#: Configurations that are evaluated together.
BATCH = 10


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class GraphPotential:
    """U(x) = Σ_i scale · R(h_i) + Σ_s n_s e_s, where rounds of messages tell each h_i of ever more distant neighbours.

    m_i = Σ_j f(r_ij) φ(h_i, h_j, e(r_ij)) and h_i ← h_i + ψ(m_i), from distances alone, so that energies do not change when
    a configuration is turned, moved, or its atoms are renumbered. f falls smoothly to zero at the cutoff. Forces are
    −∂U/∂x by JAX, in double precision. Isolated systems only.

    Attributes:
        arrays: parameters by name; see ``messages.Messages``.
        elements: (S,) atomic numbers, ascending.
        rounds: of messages.
        cutoff: Å, of an edge.
        degree: what messages are divided by.
        scale: eV, of the output.
        offsets: e_s by symbol, eV.
        name: what figures and tables call it.
        provenance: data hash, and how it was trained.
        history: of the training: name → a number for each epoch.

    Raises:
        ValueError: arrays that do not fit together, or values that are not finite.

    Source: Gilmer et al., ICML 2017, arXiv:1704.01212, section 2; Schütt et al., J. Chem. Phys. 148, 241722 (2018), for
        filters of distances.

    Example:
        >>> arrays = {name: np.zeros(shape) for name, shape in shapes(1, features=4, rounds=1, radial=3).items()}
        >>> GraphPotential(arrays=arrays, elements=(29,), rounds=1, cutoff=4.0).P
        112
    """

    arrays: Mapping[str, Array]
    elements: tuple[int, ...]
    rounds: int
    cutoff: float
    degree: float = 1.0
    scale: float = 1.0
    offsets: Mapping[str, float] = dataclasses.field(default_factory=dict)
    name: str = "message passing"
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    history: Mapping[str, Array] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for what in ("arrays", "offsets", "provenance", "history"):
            kind(what, getattr(self, what), Mapping, f"GraphPotential(…, {what}={{…}})")
        for what in ("cutoff", "degree", "scale"):
            value = number(what, getattr(self, what))
            if not value > 0:
                raise ValueError(f"{what}: expected a number > 0, got {value:g}")
            object.__setattr__(self, what, float(value))
        arrays = {name: frozen(floats(f"arrays[{name!r}]", each)) for name, each in self.arrays.items()}
        whole("rounds", self.rounds, 1, "rounds")
        F = np.shape(arrays.get("embedding", 0.0))[-1:] or (0,)
        B = np.shape(arrays.get("0 radial", 0.0))[:1] or (0,)
        wanted = shapes(len(self.elements), F[0], self.rounds, B[0])
        wrong = [n for n, shape in wanted.items() if n not in arrays or arrays[n].shape != shape] or [*arrays.keys() - wanted]  # fmt: skip
        if wrong or not all(np.isfinite(each).all() for each in arrays.values()):
            raise ValueError(
                f"arrays: expected finite ones of the shapes {wanted!s:.90}…, got {wrong[0] if wrong else 'NaN'!r}"
            )
        object.__setattr__(self, "arrays", arrays)
        object.__setattr__(self, "history", {n: frozen(floats("history", each)) for n, each in self.history.items()})

    @property
    def P(self) -> int:
        """Number of parameters."""
        return sum(each.size for each in self.arrays.values())

    def check_of(self, data: Dataset | Trajectory) -> None:
        """Refuses what is neither a dataset nor a trajectory; structures are checked when graphs are made."""
        kind("data", data, (Dataset, Trajectory), "model.energies(data)")

    def energies(self, data: Dataset | Trajectory) -> Array:
        """(M,) total energies, eV.

        Raises:
            TypeError: neither a dataset nor a trajectory.
            ValueError: no positions, periodic cells, or elements that it was not trained on.
        """
        return np.concatenate([U for U, _ in self._predicted(data)])

    def forces(self, data: Dataset | Trajectory) -> Array:
        """(3ΣN,) forces, eV/Å, in the order of ``data.forces``; raises as ``energies`` does."""
        return np.concatenate([F for _, F in self._predicted(data)])

    def _predicted(self, data: Dataset | Trajectory) -> Iterator[tuple[Array, Array]]:
        import jax

        from .messages import Messages, predicted

        self.check_of(data)
        data = data if isinstance(data, Dataset) else Dataset([data])
        graphs = Graphs.of(data, self.elements, self.cutoff, energies=np.zeros(len(data.n_atoms)))
        e = np.array([self.offsets.get(symbol(s), 0.0) for s in self.elements])
        with jax.enable_x64(True):
            given: dict[str, Any] = {"rounds": self.rounds, "cutoff": self.cutoff, "degree": self.degree}
            network = Messages(arrays={n: jax.numpy.asarray(a) for n, a in self.arrays.items()}, **given)
            for of in graphs.batches(np.arange(len(graphs)), min(BATCH, len(graphs)), np.float64):
                values, F = (np.asarray(each) for each in predicted(network, of))
                real = of["group"] < len(of["numbers"])
                starts = np.flatnonzero(np.diff(of["group"][real], prepend=-1))
                site = self.scale * values[real] + e[of["kinds"][real]]
                yield np.add.reduceat(site, starts), self.scale * F[real].ravel()


def shapes(elements: int, features: int, rounds: int, radial: int) -> dict[str, tuple[int, ...]]:
    """Of all parameters, by name; hidden layers are as wide as the features."""
    F = features
    found: dict[str, tuple[int, ...]] = {"embedding": (elements, F)}
    for t in range(rounds):
        found |= {f"{t} own": (F, F), f"{t} other": (F, F), f"{t} radial": (radial, F), f"{t} bias": (F,)}
        found |= {f"{t} mix": (F, F), f"{t} mix bias": (F,), f"{t} out": (F, F)}
    return found | {"read": (F, F), "read bias": (F,), "energy": (F, 1)}


def write_graph(model: GraphPotential, path: str | os.PathLike) -> None:
    """Write a graph potential with its history and provenance; nothing of it is a pickle.

    Args:
        model: the potential.
        path: ``.npz``.

    Raises:
        TypeError: another model.
        OSError: no such folder or no space; nothing was written.

    Example:
        >>> import tempfile
        >>> arrays = {name: np.zeros(shape) for name, shape in shapes(1, features=4, rounds=1, radial=3).items()}
        >>> net = GraphPotential(arrays=arrays, elements=(29,), rounds=1, cutoff=4.0, name="net")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_graph(net, f"{folder}/net.npz")
        ...     read_graph(f"{folder}/net.npz").name
        'net'
    """
    kind("model", model, GraphPotential, "neural.write_graph(neural.train_graph(data), 'graph.npz')")
    location("path", path, "neural.write_graph(model, 'graph.npz')")
    about: dict[str, Any] = {n: getattr(model, n) for n in ("rounds", "cutoff", "degree", "scale", "name")}
    about |= {"elements": list(model.elements), "offsets": dict(model.offsets)}
    about |= {"provenance": {**model.provenance, "versions": versions()}}
    content: dict[str, Any] = {"about": np.array(json.dumps(about, ensure_ascii=True))}
    content |= {f"parameters {n}": each for n, each in model.arrays.items()}
    content |= {f"history of {n}": each for n, each in model.history.items()}
    write_sealed(content, ending(path, ".npz"), FORMAT)


def read_graph(path: str | os.PathLike) -> GraphPotential:
    """A graph potential from a file of ``write_graph``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another content, or one that has changed since it was written; the message says what is there.
    """
    location("path", path, "neural.read_graph('graph.npz')")
    return unsealed(path, FORMAT, "graph potential", "neural.write_graph", _graph_potential)


def _graph_potential(content: dict[str, Any], about: dict[str, Any]) -> GraphPotential:
    named = {
        of: {n.removeprefix(f"{of} "): each for n, each in content.items() if n.startswith(f"{of} ")}
        for of in ("parameters", "history of")
    }
    about["elements"] = tuple(about["elements"])
    return GraphPotential(arrays=named["parameters"], history=named["history of"], **about)
