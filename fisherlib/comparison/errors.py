"""Errors of a model: energies and forces against the truth, for each trajectory and for all together."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import each, floats, kind
from ..dataset import Array, Dataset
from ..potential import LinearPotential, check_model
from .distances import ks, wasserstein_1


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """Errors of one model on a dataset. Energies are per atom, eV/atom; forces eV/Å.

    Forces leave an energy offset free in every basin. Therefore the mean error of each trajectory (``energy_shift``) is
    reported separately from the spread around it (``energy_spread``).

    Attributes:
        name: the model's.
        keys: of the n trajectories.
        configurations: (n,) number per trajectory.
        energy_shift: (n,) mean of (U_θ − U)/N per trajectory.
        energy_spread: (n,) standard deviation around that mean, per trajectory.
        force_rmse: (n,) per trajectory.
        energies: (M,) U_θ/N of every configuration.
        reference: (M,) U/N of every configuration.
        pooled: the same numbers for all configurations together: energy_rmse, energy_shift (mean over configurations),
            energy_spread (within trajectories, pooled), force_rmse, force_r2 = 1 − Σ|F − F_θ|²/Σ|F|².
        pooled_error: their standard errors, jackknife over trajectories or clusters at fixed θ; NaN for one cluster.

    Example:
        >>> import fisherlib as fl
        >>> found = compare(fl.LinearPotential(theta=[1.0, 2.0], offset=-0.5), fl.systems.harmonic([1.0, 2.0], offset=-1.0))
        >>> round(found.pooled["energy_shift"], 6), round(found.aligned().pooled["energy_rmse"], 6)
        (0.5, 0.0)
    """

    name: str
    keys: tuple[str, ...]
    configurations: NDArray[np.integer]
    energy_shift: Array
    energy_spread: Array
    force_rmse: Array
    energies: Array
    reference: Array
    pooled: dict[str, float]
    pooled_error: dict[str, float]

    @property
    def labels(self) -> list[str]:
        """M labels, "trajectory, configuration number", counted from 0."""
        return [
            f"{key}, configuration {k}"
            for key, count in zip(self.keys, self.configurations.tolist(), strict=True)
            for k in range(count)
        ]

    @property
    def has_energies(self) -> bool:
        """Whether the data have energies to compare with; else every number about energies is NaN."""
        return bool(np.isfinite(self.reference).all())

    def aligned(self) -> "Comparison":
        """The same model with an energy offset for every trajectory, as if each were a basin; no shifts are left."""
        spread = self.pooled["energy_spread"]
        return dataclasses.replace(
            self,
            energy_shift=np.zeros_like(self.energy_shift),
            energies=self.energies - np.repeat(self.energy_shift, self.configurations),
            pooled=self.pooled | {"energy_rmse": spread, "energy_shift": 0.0},
            pooled_error=self.pooled_error | {"energy_rmse": self.pooled_error["energy_spread"], "energy_shift": 0.0},
        )


def of_one_dataset(comparisons: Sequence[Comparison]) -> None:
    """Refuses comparisons that do not belong side by side.

    Args:
        comparisons: at least one.

    Raises:
        ValueError: comparisons on different data, or two with the same name.

    Example:
        >>> import fisherlib as fl
        >>> found = compare(fl.LinearPotential(theta=[1.0, 2.0], name="springs"), fl.systems.harmonic([1.0, 2.0]))
        >>> of_one_dataset([found, found])
        Traceback (most recent call last):
        ...
        ValueError: comparisons: expected different names, got 'springs' twice; rename a model
    """
    comparisons = each("comparisons", comparisons, Comparison, "[compare(model, data), …]")
    first = comparisons[0]
    for c in comparisons[1:]:
        same = c.keys == first.keys and np.array_equal(c.reference, first.reference, equal_nan=True)
        if not same:
            raise ValueError(
                f"comparisons: expected models compared on the same data, got other data for {c.name!r} than for "
                f"{first.name!r}; compare each with the same dataset"
            )
    names = [c.name for c in comparisons]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"comparisons: expected different names, got {min(twice)!r} twice; rename a model")


def sampling_noise(comparison: Comparison) -> tuple[float, float]:
    """KS and Wasserstein-1 distance between the true energies of every other trajectory and those of the rest.

    Two samples of the same distribution are that far apart. Smaller distances between models mean nothing.

    Args:
        comparison: whose reference energies are taken.

    Returns:
        KS distance and Wasserstein-1 distance in eV/atom; NaN for a single trajectory.

    Example:
        >>> import fisherlib as fl
        >>> found = compare(fl.LinearPotential(theta=[1.0, 2.0]), fl.systems.harmonic([1.0, 2.0]))
        >>> 0.0 < sampling_noise(found)[0] < 0.5
        True
    """
    kind("comparison", comparison, Comparison, "sampling_noise(compare(model, data))")
    odd = np.repeat(np.arange(len(comparison.keys)) % 2 == 1, comparison.configurations)
    if not odd.any():
        return float("nan"), float("nan")
    a, b = comparison.reference[~odd], comparison.reference[odd]
    return float(ks(a, b)), float(wasserstein_1(a, b))


def compare(model: LinearPotential, data: Dataset, *, clusters: ArrayLike | None = None) -> Comparison:
    """Errors of a model on every trajectory and on all of them together.

    Args:
        model: the potential.
        data: M configurations, the truth.
        clusters: (M,) as for ``compare_predictions``.

    Raises:
        ValueError: a model of other descriptors than the data, if both are known.

    Example:
        >>> import fisherlib as fl
        >>> found = compare(fl.LinearPotential(theta=[1.0, 2.0]), fl.systems.harmonic([1.0, 2.0]))
        >>> round(found.pooled["force_rmse"], 6), round(found.pooled["force_r2"], 6)
        (0.0, 1.0)
    """
    check_model("model", model, "compare(LinearPotential(theta=theta), data)")
    kind("data", data, Dataset, "compare(model, data)")
    if not hasattr(model, "check_of"):  # a potential, or a network, which this room does not know
        kind("model", model, LinearPotential, "compare(LinearPotential(theta=theta), data)")
    model.check_of(data)
    return compare_predictions(model.energies(data), model.forces(data), data, name=model.name, clusters=clusters)


def compare_predictions(
    energies: ArrayLike, forces: ArrayLike, data: Dataset, *, name: str, clusters: ArrayLike | None = None
) -> Comparison:
    """Errors of given predictions.

    Args:
        energies: (M,) predicted total energies, eV, in the order of ``data.energies``.
        forces: (3ΣN,) predicted forces, eV/Å, in the order of ``data.forces``.
        data: the truth.
        name: of the model.
        clusters: (M,) whole numbers from 0, ascending: standard errors are taken over these, such as blocks of a run;
            over the trajectories by default.

    Raises:
        ValueError: predictions or clusters of another length than the data.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = compare_predictions(data.energies + 0.4, data.forces, data, name="shifted")  # 4 atoms
        >>> found.energy_shift.round(6).tolist()
        [0.1, 0.1, 0.1, 0.1]
    """
    kind("data", data, Dataset, "compare_predictions(energies, forces, data, name=name)")
    E, F = floats("energies", energies), floats("forces", forces)
    n_atoms, groups, truth = data.n_atoms, data.groups, data.forces
    if E.shape != n_atoms.shape or F.shape != truth.shape:
        raise ValueError(
            f"predictions: expected {n_atoms.shape} energies and {truth.shape} forces, got {E.shape}, {F.shape}"
        )
    error = (E - data.energies) / n_atoms
    count = np.bincount(groups)
    shift = np.bincount(groups, error) / count
    within = error - shift[groups]
    starts = 3 * (np.cumsum(n_atoms) - n_atoms)
    squared, size = np.add.reduceat((F - truth) ** 2, starts), np.add.reduceat(truth**2, starts)
    each = np.array([np.ones_like(error), error, within**2, 3.0 * n_atoms, squared, size, error**2])
    by_group = _sums(each, groups)
    total = by_group.sum(axis=1)
    return Comparison(
        name=name,
        keys=tuple(data),
        configurations=count,
        energy_shift=shift,
        energy_spread=np.sqrt(by_group[2] / count),
        force_rmse=np.sqrt(by_group[4] / by_group[3]),
        energies=E / n_atoms,
        reference=data.energies / n_atoms,
        pooled={name: float(value) for name, value in _pooled(total).items()},
        pooled_error=_pooled_error(
            total[:, None] - (by_group if clusters is None else _sums(each, _labels(clusters, groups)))
        ),
    )


def _labels(clusters: ArrayLike, groups: NDArray[np.integer]) -> NDArray[np.integer]:
    labels = np.asarray(clusters)
    if labels.shape != groups.shape or labels.dtype.kind not in "iu" or (labels < 0).any():
        raise ValueError(
            f"clusters: expected {len(groups)} whole numbers ≥ 0, one a configuration, got {labels.dtype} of shape {labels.shape}"
        )
    return np.unique(labels, return_inverse=True)[1]


def _sums(each: Array, labels: NDArray[np.integer]) -> Array:
    """(7, n) sums of (7, M) over the configurations of each of n labels."""
    return np.array([np.bincount(labels, row) for row in each])


def _pooled(sums: Array) -> dict[str, Array]:
    """Errors over all configurations, from sums (7, ...) over the trajectories included."""
    count, error, within, components, forces, size, squared = sums
    explained = np.divide(forces, size, out=np.full_like(size, np.nan), where=size > 0)
    return {
        "energy_rmse": np.sqrt(squared / count),
        "energy_shift": error / count,
        "energy_spread": np.sqrt(within / count),
        "force_rmse": np.sqrt(forces / components),
        "force_r2": 1.0 - explained,
    }


def _pooled_error(without: Array) -> dict[str, float]:
    """Jackknife standard errors, from sums (7, n) without each of n trajectories."""
    n = without.shape[1]
    if n < 2:
        return dict.fromkeys(_pooled(np.ones(7)), float("nan"))
    return {name: float(np.sqrt(n - 1) * values.std()) for name, values in _pooled(without).items()}
