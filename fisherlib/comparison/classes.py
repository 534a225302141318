"""Force errors by class of atoms: by element, by trajectory, by magnitude of the force, or by classes of one's own."""

import dataclasses
import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, kind, numbers, positive
from ..dataset import Array, Dataset, Trajectory, symbol
from ..moments import rows_per_block
from ..potential import LinearPotential, check_model

#: Edges of classes of |F|, eV/Å: half decades.
EDGES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, np.inf)
#: Fewer trajectories than this give no standard error, as in ``uncertainty``.
FEWEST = 10
_KINDS = ("element", "trajectory", "force magnitude")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ClassErrors:
    """Force errors of one model for n classes of atoms.

    Attributes:
        name: the model's.
        by: what tells the classes apart.
        classes: n names.
        atoms: (n,) number of atoms.
        rmse: (n,) of force components, eV/Å.
        relative: (n,) the error in units of the forces of the class, √(Σ|ΔF|²/Σ|F|²).
        cosine: (n,) Σ|F| cos α/Σ|F| of the angle α between true and model force, over forces above ``threshold``.
        rmse_error, cosine_error: (n,) standard errors, jackknife over trajectories at fixed θ; NaN for a class that is in
            fewer than ten of them.
        threshold: eV/Å.

    Example:
        >>> import fisherlib as fl
        >>> found = errors_by(fl.LinearPotential(theta=[1.1, 2.0]), fl.systems.harmonic([1.0, 2.0]), "trajectory")
        >>> found.atoms.tolist(), bool((found.angle < 5).all())
        ([200, 200, 200, 200], True)
    """

    name: str
    by: str
    classes: tuple[str, ...]
    atoms: NDArray[np.integer]
    rmse: Array
    relative: Array
    cosine: Array
    rmse_error: Array
    cosine_error: Array
    threshold: float

    @property
    def angle(self) -> Array:
        """(n,) the angle whose cosine is ``cosine``, degrees."""
        return np.degrees(np.arccos(np.clip(self.cosine, -1.0, 1.0)))


def errors_by(
    model: LinearPotential,
    data: Dataset,
    by: str | ArrayLike = "element",
    *,
    edges: ArrayLike = EDGES,
    threshold: float = 0.1,
) -> ClassErrors:
    """Force errors of a model by class of atoms, in one pass over Φ, block by block.

    Small forces are mostly noise of the direction, so an angle counts with the magnitude |F| of its force, and forces below
    the threshold are left out of angles. The magnitude is that of the true force.

    Args:
        model: the potential.
        data: the truth.
        by: "element", "trajectory", "force magnitude", or the classes themselves: (ΣN,) names or whole numbers, in the order
            of the atoms.
        edges: ascending, of the classes of "force magnitude", eV/Å.
        threshold: magnitude of the true force above which directions are compared, eV/Å.

    Raises:
        ValueError: classes that are unknown or of another length, no species, or edges that do not ascend.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = errors_by(fl.LinearPotential(theta=[1.1, 2.0], name="springs"), data, "force magnitude", edges=[0, 0.1, 9])
        >>> found.classes, bool(found.rmse[0] < found.rmse[1])
        (('0 to 0.1', '0.1 to 9'), True)
    """
    check_model("model", model, "errors_by(LinearPotential(theta=theta), data)")
    kind("data", data, Dataset, "errors_by(model, data)")
    least, limits = positive("threshold", threshold), numbers("edges", edges).astype(float)
    if limits.ndim != 1 or len(limits) < 2 or not (np.diff(limits) > 0).all():
        raise ValueError(f"edges: expected at least two ascending numbers, got {limits!s:.60}")
    (names, labels), start = _classes(by, data, limits), 0
    sums = np.zeros((len(data), 5, len(names)))
    for row, (_, F, dF) in _numbered(model, data):
        label, start = labels[start : start + len(F)], start + len(F)
        sums[row] += _sums(F, dF, label, len(names), least)
    some = sums[:, 0].sum(axis=0) > 0  # classes of magnitude may be empty
    sums = sums[..., some]
    rmse, relative, cosine = _errors(sums.sum(axis=0))
    bars = _jackknife(sums)
    return ClassErrors(
        name=model.name,
        by=by if isinstance(by, str) else "own classes",
        classes=tuple(np.asarray(names)[some].tolist()),
        atoms=sums[:, 0].sum(axis=0).astype(int),
        rmse=rmse,
        relative=relative,
        cosine=cosine,
        rmse_error=bars[0],
        cosine_error=bars[2],
        threshold=least,
    )


def force_errors(model: LinearPotential, data: Dataset) -> Iterator[tuple[Trajectory, Array, Array]]:
    """True forces F and errors ΔF = F_θ − F, (n, 3) eV/Å, block by block of whole configurations.

    Returns:
        One after the other: the configurations of a block as a trajectory, F and ΔF.

    Example:
        >>> import fisherlib as fl
        >>> model, data = fl.LinearPotential(theta=[1.0, 2.0]), fl.systems.harmonic([1.0, 2.0])
        >>> bool(max(abs(dF).max() for _, _, dF in force_errors(model, data)) < 1e-12)
        True
    """
    check_model("model", model, "force_errors(LinearPotential(theta=theta), data)")
    kind("data", data, Dataset, "force_errors(model, data)")
    return (part for _, part in _numbered(model, data))


def _numbered(model: LinearPotential, data: Dataset) -> Iterator[tuple[int, tuple[Trajectory, Array, Array]]]:
    """The same, each with the number of its trajectory."""
    rows = rows_per_block(data.K)
    for number, t in enumerate(data.values()):
        edges = np.unique((3 * np.cumsum(t.n_atoms)) // rows, return_index=True)[1]
        for start, stop in zip(edges, [*edges[1:], len(t)], strict=True):
            part = t if stop - start == len(t) else t.slice(int(start), int(stop))
            F = part.forces.reshape(-1, 3)
            yield number, (part, F, np.asarray(model.forces(part)).reshape(-1, 3) - F)


def _classes(by: str | ArrayLike, data: Dataset, edges: Array) -> tuple[list[str], NDArray[np.integer]]:
    """Names of the classes, and the number of its class for each atom."""
    atoms = int(data.n_atoms.sum())
    if not isinstance(by, str):
        given = np.asarray(by)
        if given.shape != (atoms,) or given.dtype.kind not in "iuUb":
            raise ValueError(f"by: expected {atoms} classes, one an atom, got {given.dtype} of shape {given.shape}")
        names, labels = np.unique(given, return_inverse=True)
        words = [str(name) for name in names]
        order = sorted(
            range(len(words)), key=lambda k: [(len(x), x) for x in re.findall(r"\d+|\D+", words[k])]
        )  # 6 before 12
        return [words[k] for k in order], np.argsort(order)[labels]
    choice("by", by, _KINDS)
    if by == "trajectory":
        return list(data), np.repeat(data.groups, data.n_atoms)
    if by == "element":
        if not data.elements:
            raise ValueError("by: expected data with species for 'element', got none; take 'trajectory'")
        species = np.concatenate([t.species for t in data.values() if t.species is not None])
        return [symbol(Z) for Z in data.elements], np.searchsorted(data.elements, species)
    size = np.concatenate([np.linalg.norm(t.forces.reshape(-1, 3), axis=1) for t in data.values()])
    words = [f"{a:g} to {b:g}" if np.isfinite(b) else f"above {a:g}" for a, b in zip(edges, edges[1:], strict=False)]
    return words, np.clip(np.searchsorted(edges, size, side="right") - 1, 0, len(words) - 1)


def _sums(F: Array, dF: Array, label: NDArray[np.integer], n: int, threshold: float) -> Array:
    """(5, n) atoms, Σ|ΔF|², Σ|F|², Σ|F| cos α and Σ|F|, the last two above the threshold."""
    size, predicted = np.linalg.norm(F, axis=1), np.linalg.norm(F + dF, axis=1)
    clear = (size > threshold) & (predicted > 0)
    along = np.divide((F * (F + dF)).sum(axis=1), predicted, out=np.zeros_like(size), where=clear)
    each = np.ones_like(size), (dF**2).sum(axis=1), size**2, along, np.where(clear, size, 0.0)
    return np.array([np.bincount(label, values, minlength=n) for values in each])


def _errors(sums: Array) -> tuple[Array, Array, Array]:
    """RMSE, relative error and cosine from sums (5, …)."""
    atoms, squared, size, along, weight = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(squared / (3 * atoms)), np.sqrt(squared / size), along / weight


def _jackknife(sums: Array) -> Array:
    """(3, n) standard errors over trajectories, from sums (trajectories, 5, n)."""
    there = sums[:, 0] > 0
    count = there.sum(axis=0)
    without = np.array(_errors(np.moveaxis(sums.sum(axis=0) - sums, 1, 0)))  # (3, trajectories, n)
    where = np.broadcast_to(there, without.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(where, without, 0.0).sum(axis=1) / count
        scatter = np.where(where, (without - mean[:, None]) ** 2, 0.0).sum(axis=1)
        return np.where(count >= FEWEST, np.sqrt(scatter * (count - 1) / count), np.nan)
