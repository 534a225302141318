"""Profiles: quantities along a path of θ, with error bars."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, whole
from ..dataset import Array, Dataset, frozen
from ..moments import Moments
from ..progress import Progress, silent
from ..uncertainty import standard_error
from ..uncertainty.belonging import of_data
from ..units import counted
from .quantities import Energies, quantities


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """One quantity along a path.

    Attributes:
        value: (n,).
        replicates: (trajectories, n) values without each trajectory in turn, or None if unknown.
        unit: of the value, or empty.

    Example:
        >>> curve = Curve(value=np.array([1.0, 2.0]), replicates=np.array([[1.0, 1.5], [1.0, 2.5]]), unit="eV")
        >>> curve.error.tolist(), curve.relative(0).value.tolist()
        ([0.0, 0.5], [0.0, 1.0])
    """

    value: Array
    replicates: Array | None
    unit: str

    @property
    def error(self) -> Array:
        """(n,) jackknife standard error over trajectories; NaN if unknown."""
        return np.full(len(self.value), np.nan) if self.replicates is None else standard_error(self.replicates)

    def part(self, points: slice) -> "Curve":
        """Some of the points."""
        replicates = None if self.replicates is None else self.replicates[:, points]
        return Curve(value=self.value[points], replicates=replicates, unit=self.unit)

    def relative(self, index: int) -> "Curve":
        """The difference from one point of the path, with the error of the difference."""
        replicates = None if self.replicates is None else self.replicates - self.replicates[:, index, None]
        return Curve(value=self.value - self.value[index], replicates=replicates, unit=self.unit)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Profile(Mapping[str, Curve]):
    """Quantities along a path of n parameters, by name.

    Attributes:
        thetas: (n, K).
        curves: by name, in the order in which they are shown.
        left_out: why quantities that need weights or energies are missing, or empty.
        errors: what the error bars are, in words.

    Example:
        >>> Profile(thetas=np.zeros((2, 3)), curves={}).part(slice(0, 1)).thetas.shape
        (1, 3)
    """

    thetas: Array
    curves: Mapping[str, Curve]
    left_out: str = ""
    errors: str = ""

    def part(self, points: slice) -> "Profile":
        """Some of the points of the path."""
        curves = {name: curve.part(points) for name, curve in self.items()}
        return dataclasses.replace(self, thetas=self.thetas[points], curves=curves)

    def __getitem__(self, name: str) -> Curve:
        return self.curves[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.curves)

    def __len__(self) -> int:
        return len(self.curves)


def straight(start: ArrayLike, end: ArrayLike, n: int = 21) -> tuple[Array, Array]:
    """A straight path of parameters, from t = 0 to t = 1.

    Args:
        start: (K,) parameters at t = 0.
        end: (K,) parameters at t = 1.
        n: number of points.

    Returns:
        t (n,) and θ(t) = (1 − t) start + t end, (n, K).

    Raises:
        ValueError: fewer than 2 points, or ends that are not finite or of different lengths.

    Example:
        >>> t, thetas = straight([0.0, 1.0], [2.0, 3.0], 3)
        >>> thetas.tolist()
        [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]
    """
    whole("n", n, 2, "points")
    a, b = floats("start", start), floats("end", end)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"end: expected as many parameters (K,) as at the start, got shapes {a.shape} and {b.shape}")
    _finite("start", a)
    _finite("end", b)
    t = np.linspace(0.0, 1.0, n)
    return t, np.outer(1 - t, a) + np.outer(t, b)


def _finite(name: str, values: Array) -> None:
    if not np.isfinite(values).all():
        wrong = int((~np.isfinite(values)).sum())
        raise ValueError(f"{name}: expected finite parameters, got {wrong} of {values.size} that are NaN or infinite")


def profile(
    data: Dataset,
    moments: Moments,
    thetas: ArrayLike,
    *,
    temperature: float | None = None,
    replicates: ArrayLike | None = None,
    progress: Progress = silent,
) -> Profile:
    """Losses, errors, distances of energy distributions and weights for every θ of a path.

    KL, effective sample size and Pareto k come from the weights exp(−β(U_θ − U)). Do not trust them if the effective
    sample size is small or k exceeds 0.7. They need one temperature and one number of atoms. Error bars are jackknife
    standard errors over trajectories. With ``replicates`` they include the scatter of the fits; without, θ is fixed and
    they are those of the averages alone.

    Args:
        data: the configurations of the true system.
        moments: ``accumulate(data)``.
        thetas: (n, K) the path.
        temperature: K; the trajectories' own by default.
        replicates: (trajectories, n, K) the path refitted without each trajectory in turn.
        progress: called with (trajectories done, trajectories in all).

    Returns:
        The curves, in the order J, KL, force RMSE, energy spread, KS, W1, ESS, Pareto k.

    Raises:
        ValueError: not K parameters, none, or some that are not finite; replicates of another shape; moments of other
            data.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = profile(data, fl.accumulate(data), straight([0.5, 2.0], [1.0, 2.0], 3)[1])
        >>> bool(found["J"].value[0] > found["J"].value[2]), found["J"].unit
        (True, '1/Å²')
    """
    kind("data", data, Dataset, "profile(data, accumulate(data), thetas)")
    path = np.atleast_2d(floats("thetas", thetas))
    if path.ndim != 2 or len(path) == 0 or path.shape[1] != data.K:
        raise ValueError(f"thetas: expected points of K = {data.K} parameters, (n, {data.K}), got shape {path.shape}")
    _finite("thetas", path)
    of_data(moments, data, temperature)
    keys, refitted = tuple(data), replicates is not None
    shape = (len(keys), *path.shape)
    given = np.broadcast_to(path, shape) if replicates is None else floats("replicates", replicates)
    if given.shape != shape:
        raise ValueError(
            f"replicates: expected {shape}, the path without each trajectory in turn, got {given.shape}; refit to "
            "moments.drop(key)"
        )
    _finite("replicates", given)
    energies = Energies.of(data, temperature)
    value = quantities(moments, energies, np.ones(len(energies.energies), dtype=bool), path, temperature)
    value["Pareto k"] = energies.pareto(path)
    without: list[dict[str, Array | None]] = []
    for number, key in enumerate(keys if len(keys) > 1 else ()):
        kept = energies.groups != number
        without.append(quantities(moments.drop(key), energies, kept, given[number], temperature))
        progress(number + 1, len(keys))
    words = _bars(len(keys), refitted)
    return Profile(thetas=frozen(path), curves=_curves(value, without), left_out=energies.why, errors=words)


def _curves(value: Mapping[str, Array | None], without: list[dict[str, Array | None]]) -> dict[str, Curve]:
    """The curves that are known, with their replicates without each trajectory where these are known."""
    curves = {}
    for name, unit in _UNITS.items():
        if (known := value.get(name)) is not None:
            replicates = frozen(np.array([each[name] for each in without])) if without and name in without[0] else None
            curves[name] = Curve(value=frozen(known), replicates=replicates, unit=unit)
    return curves


#: Quantities in the order in which they are shown, with their units.
_UNITS = {
    "J": "1/Å²",
    "KL, second order": "nats",
    "KL": "nats",
    "force RMSE": "eV/Å",
    "energy spread": "meV/atom",
    "KS": "",
    "W1": "meV/atom",
    "ESS": "share of the configurations",
    "Pareto k": "",
}


def _bars(trajectories: int, refitted: bool) -> str:
    if trajectories < 2:
        return "no error bars: there is one trajectory"
    what = "with a fit of its own for each" if refitted else "at fixed θ"
    return f"bars: one standard error, jackknife over {counted(trajectories, 'trajectory')}, {what}; Pareto k has none"
