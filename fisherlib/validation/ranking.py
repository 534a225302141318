"""Which configurations to look at: errors and leverage of each, its atoms, and a file of those that were chosen."""

import dataclasses
import functools
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, floats, kind, numbers, whole
from ..comparison import force_errors
from ..dataset import Array, Dataset, Trajectory
from ..potential import LinearPotential, check_model

#: What is known of each configuration.
TRUE, PREDICTED, ENERGY = "true energy, eV/atom", "model energy, eV/atom", "energy error, meV/atom"
FORCES, LARGEST, LEVERAGE, NUMBER = "force RMSE, eV/Å", "largest |ΔF|, eV/Å", "leverage, parameters", "configuration"
#: What is known of each atom.
ERROR, FORCE, SITE = "|ΔF|, eV/Å", "|F|, eV/Å", "site energy, eV"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Ranking:
    """M configurations with the errors of one model and their leverage.

    Attributes:
        model: the potential.
        data: the configurations.
        quantities: heading with unit → (M,) values.

    Example:
        >>> import fisherlib as fl
        >>> found = fl.Study(fl.systems.harmonic([1.0, 2.0])).ranking("θ_f")
        >>> found.place(60), found.labels[60], found.configuration(60).n_atoms.tolist()
        (('harmonic-1', 10), 'harmonic-1, configuration 10', [4])
    """

    model: Any
    data: Dataset
    quantities: dict[str, Array]

    @functools.cached_property
    def labels(self) -> list[str]:
        """M labels, "trajectory, configuration number", counted from 0, as in ``Comparison``."""
        return [f"{key}, configuration {k}" for key, t in self.data.items() for k in range(len(t))]

    def worst(self, by: str, *, number: int = 20) -> NDArray[np.intp]:
        """Rows of the ``number`` configurations with the largest magnitude of a quantity, the largest first."""
        choice("by", by, self.quantities)
        whole("number", number, 1, "configurations")
        return np.argsort(-np.abs(self.quantities[by]), kind="stable")[:number]

    def place(self, row: int) -> tuple[str, int]:
        """Key of the trajectory of a configuration, and its number in it."""
        first = np.cumsum([0, *(len(t) for t in self.data.values())])
        whole("row", row, 0, "configurations before it")
        if row >= first[-1]:
            raise ValueError(f"row: expected 0 to {first[-1] - 1}, got {row}")
        group = int(np.searchsorted(first, row, side="right")) - 1
        return list(self.data)[group], int(row - first[group])

    def configuration(self, row: int) -> Trajectory:
        """One configuration with all that is known of it."""
        key, k = self.place(row)
        return self.data[key].slice(k, k + 1)

    def atoms(self, row: int) -> dict[str, Array]:
        """Heading with unit → (N,) values of the atoms of a configuration: force error, force, and site energy if known."""
        one = self.configuration(row)
        F = one.forces.reshape(-1, 3)
        dF = np.asarray(self.model.forces(one)).reshape(-1, 3) - F
        known = {ERROR: np.linalg.norm(dF, axis=1), FORCE: np.linalg.norm(F, axis=1)}
        if one.site_descriptors is not None and hasattr(self.model, "site_energies"):
            known[SITE] = np.asarray(self.model.site_energies(one))
        return known

    def extxyz(self, rows: Iterable[int]) -> str:
        """Configurations as extended xyz, with energies and forces of the truth and of the model.

        Comment lines name trajectory, ``index`` in it, and model; ``model_energy`` (eV) and ``model_forces`` (eV/Å) are its own.
        """
        from ..io.formats.extxyz_writer import text_of  # here, as it loads ase

        name = json.dumps(str(self.model.name), ensure_ascii=False)
        texts = []
        for row in rows:
            one, (_, k) = self.configuration(row), self.place(row)
            entries = f"index={k} model={name} model_energy={float(self.model.energies(one)[0])!r} "
            forces = np.asarray(self.model.forces(one), float).reshape(-1, 3)
            texts.append(text_of(one, columns={"model_forces": forces}, entries=entries))
        return "".join(texts)


def ranking(model: LinearPotential, data: Dataset, *, leverage: ArrayLike | None = None) -> Ranking:
    """Errors of a model on every configuration, in one pass over Φ.

    A large leverage says that the fit follows this configuration: it is rare among the data, and more like it would help
    most. A large error at a small leverage says that the model cannot describe it, or that its labels are wrong.

    Args:
        model: the potential.
        data: M configurations.
        leverage: (M,) from ``diagnostics.leverage``.

    Raises:
        ValueError: leverages of other data.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = ranking(fl.LinearPotential(theta=[1.1, 2.0]), data)
        >>> row = int(found.worst("force RMSE, eV/Å", number=1)[0])
        >>> found.labels[row] == "{}, configuration {}".format(*found.place(row))
        True
    """
    check_model("model", model, "ranking(LinearPotential(theta=theta), data)")
    kind("data", data, Dataset, "ranking(model, data)")
    M = len(data.n_atoms)
    h = None if leverage is None else floats("leverage", leverage)
    if h is not None and h.shape != (M,):
        raise ValueError(f"leverage: expected {M} numbers, one a configuration, got shape {h.shape}")
    known: dict[str, list[Array]] = {PREDICTED: [], FORCES: [], LARGEST: []}
    for part, _, dF in force_errors(model, data):
        starts, squared = np.cumsum(part.n_atoms) - part.n_atoms, (dF**2).sum(axis=1)
        known[PREDICTED].append(np.asarray(model.energies(part)) / part.n_atoms)
        known[FORCES].append(np.sqrt(np.add.reduceat(squared, starts) / (3 * part.n_atoms)))
        known[LARGEST].append(np.sqrt(np.maximum.reduceat(squared, starts)))
    found = {name: np.concatenate(each) for name, each in known.items()}
    true = data.energies / data.n_atoms
    energies = {TRUE: true, PREDICTED: found.pop(PREDICTED)} if np.isfinite(true).all() else {}
    energies |= {ENERGY: 1e3 * (energies[PREDICTED] - true)} if energies else {}
    found = energies | {FORCES: found[FORCES], LARGEST: found[LARGEST]}
    found |= {} if h is None else {LEVERAGE: h}
    numbered = numbers("configurations", [k for t in data.values() for k in range(len(t))]).astype(float)
    return Ranking(model=model, data=data, quantities=found | {NUMBER: numbered})
