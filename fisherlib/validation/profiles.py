"""Everything that is known of θ along a path of it, with error bars."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from ..arguments import floats, kind, whole
from ..comparison import ks, wasserstein_1
from ..dataset import Array, Dataset, frozen
from ..losses import Quadratic, fisher, kl
from ..moments import Moments
from ..progress import Progress, silent
from ..reweighting import effective_sample_size, pareto_k
from ..uncertainty import standard_error
from ..uncertainty.arguments import of_data
from ..units import beta, counted


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """One quantity along a path.

    Attributes:
        value: (n,).
        replicates: (trajectories, n) values without each trajectory in turn, or None where they are not known.
        unit: of the value, or an empty text.
    """

    value: Array
    replicates: Array | None
    unit: str

    @property
    def error(self) -> Array:
        """(n,) jackknife standard error over trajectories; NaN where it is not known."""
        return np.full(len(self.value), np.nan) if self.replicates is None else standard_error(self.replicates)

    def part(self, points: slice) -> "Curve":
        """Some of the points."""
        replicates = None if self.replicates is None else self.replicates[:, points]
        return Curve(value=self.value[points], replicates=replicates, unit=self.unit)

    def relative(self, index: int) -> "Curve":
        """The difference from one point of the path, with the error of that difference: what all points share drops out."""
        replicates = None if self.replicates is None else self.replicates - self.replicates[:, index, None]
        return Curve(value=self.value - self.value[index], replicates=replicates, unit=self.unit)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Profile(Mapping[str, Curve]):
    """Quantities along a path of n parameters, by name.

    Attributes:
        thetas: (n, K).
        curves: by name, in the order in which they are shown.
        left_out: why what needs weights is not there, or empty.
        errors: what the error bars are, in words.
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

    Returns:
        t (n,) and θ(t) = (1 − t) start + t end, (n, K).

    Raises:
        ValueError: fewer than 2 points, or ends that are not finite or not of one length.
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
    """Losses, errors, distances of energy distributions and weights of every θ of a path.

    KL, the effective sample size and the Pareto k come from the weights exp(−β(U_θ − U)); they are worth nothing where the
    effective sample size is small or k above 0.7. Bars are jackknife standard errors over trajectories. With
    ``replicates`` they hold all of the scatter, that of the fits included; without, θ is taken as it is, and they are
    those of the averages alone. Weights need one temperature and one number of atoms.

    Args:
        data: the configurations of the true system.
        moments: ``accumulate(data)``.
        thetas: (n, K) the path.
        temperature: K; without it the trajectories' own.
        replicates: (trajectories, n, K) the same path without each trajectory in turn.
        progress: called with (trajectories done, in all).

    Raises:
        ValueError: parameters of another number than descriptors, none of them or some that are not finite, replicates of
            another shape, or moments of other data.
    """
    kind("data", data, Dataset, "profile(data, accumulate(data), thetas)")
    thetas = np.atleast_2d(floats("thetas", thetas))
    if thetas.ndim != 2 or len(thetas) == 0 or thetas.shape[1] != data.K:
        raise ValueError(f"thetas: expected points of K = {data.K} parameters, (n, {data.K}), got shape {thetas.shape}")
    _finite("thetas", thetas)
    of_data(moments, data, temperature)
    keys, refitted = tuple(data), replicates is not None
    shape = (len(keys), *thetas.shape)
    given = np.broadcast_to(thetas, shape) if replicates is None else floats("replicates", replicates)
    if given.shape != shape:
        raise ValueError(
            f"replicates: expected {shape}, the path without each trajectory in turn, got {given.shape}; refit to "
            "moments.drop(key)"
        )
    _finite("replicates", given)
    state = _Ensemble.of(data, temperature)
    value = _quantities(moments, state, np.ones(len(state.energies), dtype=bool), thetas, temperature)
    value["Pareto k"] = state.pareto(thetas) if state.beta is not None else None
    without: list[dict[str, Array | None]] = []
    for number, key in enumerate(keys if len(keys) > 1 else ()):
        kept = state.groups != number
        without.append(_quantities(moments.drop(key), state, kept, given[number], temperature))
        progress(number + 1, len(keys))
    curves = {}
    for name, unit in _UNITS.items():
        if value.get(name) is not None:
            known = without and name in without[0]
            replicates = frozen(np.array([each[name] for each in without])) if known else None
            curves[name] = Curve(value=frozen(value[name]), replicates=replicates, unit=unit)
    return Profile(thetas=frozen(thetas), curves=curves, left_out=state.why, errors=_said(len(keys), refitted))


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


def _said(trajectories: int, refitted: bool) -> str:
    if trajectories < 2:
        return "no error bars: there is one trajectory"
    what = "with a fit of its own for each" if refitted else "at fixed θ"
    return f"bars: one standard error, jackknife over {counted(trajectories, 'trajectory')}, {what}; Pareto k has none"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Ensemble:
    """Energies of all configurations, and what is needed to reweight them, or the reason why they cannot be."""

    descriptors: Array
    energies: Array
    n_atoms: NDArray[np.integer]
    groups: NDArray[np.integer]
    beta: float | None
    why: str

    @classmethod
    def of(cls, data: Dataset, temperature: float | None) -> "_Ensemble":
        known = {t.temperature if temperature is None else temperature for t in data.values()}
        why = ""
        if len(known) > 1 or None in known:
            why = "weights, and KL beyond second order, are left out: they need one temperature"
        elif np.ptp(data.n_atoms):
            why = "weights, and KL beyond second order, are left out: they need one number of atoms"
        return cls(
            descriptors=np.concatenate([t.descriptors for t in data.values()]),
            energies=data.energies,
            n_atoms=data.n_atoms,
            groups=data.groups,
            beta=None if why else beta(known.pop()),
            why=why,
        )

    def differences(self, thetas: Array, kept: NDArray[np.bool_]) -> Array:
        """(n, M) U_θ − U, eV, without its mean, which no energy offset leaves a meaning to."""
        gap = thetas @ self.descriptors[kept].T - self.energies[kept]
        N = self.n_atoms[kept].astype(float)
        return gap - np.outer(gap @ N / (N @ N), N)

    def pareto(self, thetas: Array) -> Array:
        """(n,) shape of the tail of the weights."""
        gaps = self.differences(thetas, np.ones(len(self.energies), dtype=bool))
        return np.array([pareto_k(-self.beta * gap) for gap in gaps])


def _quantities(
    moments: Moments, state: _Ensemble, kept: NDArray[np.bool_], thetas: Array, temperature: float | None
) -> dict[str, Array | None]:
    total, N = moments.total(), state.n_atoms[kept]
    J, divergence = _losses(moments, temperature)
    squares = Quadratic(total.PhiPhi, total.PhiF, total.FF)(thetas) * 2 / total.rows
    gap = state.differences(thetas, kept)
    error, true = 1e3 * gap / N, 1e3 * state.energies[kept] / N
    found: dict[str, Array | None] = {
        "J": None if J is None else J(thetas),
        "KL, second order": None if divergence is None else divergence(thetas),
        "force RMSE": np.sqrt(np.maximum(squares, 0.0)),
        "energy spread": _spread(error, state.groups[kept]),
        "KS": ks(true, true + error),
        "W1": wasserstein_1(true, true + error),
    }
    return found | (_weights(gap, state.beta) if state.beta is not None else {})


def _losses(moments: Moments, temperature: float | None) -> tuple[Quadratic | None, Quadratic | None]:
    if temperature is None and any(record.temperature is None for record in moments.values()):
        return None, None
    return fisher(moments, temperature), kl(moments, temperature)


def _spread(error: Array, groups: NDArray[np.integer]) -> Array:
    """(n,) standard deviation of an error (n, M) within its groups."""
    _, group = np.unique(groups, return_inverse=True)
    count = np.bincount(group)
    means = np.stack([np.bincount(group, row) for row in error]) / count
    return np.sqrt(np.mean((error - means[:, group]) ** 2, axis=1))


def _weights(gap: Array, b: float) -> dict[str, Array]:
    """Effective sample size, and KL(p‖p_θ) = β⟨U_θ − U⟩ + ln⟨exp(−β(U_θ − U))⟩ by exponential averaging."""
    M = gap.shape[1]
    ess = np.array([effective_sample_size(-b * row) for row in gap]) / M
    return {"ESS": ess, "KL": b * gap.mean(axis=1) + logsumexp(-b * gap, axis=1) - np.log(M)}
