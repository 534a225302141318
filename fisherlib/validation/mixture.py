"""The weight of energies beside forces, chosen on the Pareto curve of errors for held-out trajectories."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from ..arguments import floats, kind
from ..dataset import Array, frozen
from ..losses import Quadratic, fisher, kl
from ..moments import MomentRecord, Moments, best_offsets
from ..progress import Progress
from ..regression import common_temperature
from ..solvers import scaled, solve
from .agreement import standard_error
from .held_out import root_mean_square
from .trajectory_folds import several, split, with_all_elements

#: Weights κ of KL that are tried by default, 1/Å²; the first is θ_f itself.
WEIGHTS = frozen(np.array([0.0, *(float(f"{digit}e{power}") for power in range(-4, 2) for digit in (1, 3)), 100.0]))
#: A rise of the held-out force error by this share is paid where it halves that of energies, which are not worth it if they
#: gain less than this share themselves.
PRICE = 0.1
#: A gain of energies below this is rounding, eV/atom.
ROUNDING = 1e-6
TINY = float(np.finfo(float).tiny)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class MixtureChoice:
    """Mixtures of Fisher divergence and KL, by their errors on held-out trajectories.

    Attributes:
        weights: (n,) κ, 1/Å², ascending from 0, which is θ_f.
        force_rmse: (n,) held-out root-mean-square force error, eV/Å.
        force_error: (n,) its standard error over trajectories.
        energy_rmse: (n,) held-out root-mean-square error of the energy per atom, with the offsets of each fit, eV/atom.
        energy_error: (n,) its standard error over trajectories.
        gain_error: (n,) standard error of the difference of the energy error from that of θ_f, eV/atom.

    Example:
        >>> import fisherlib as fl
        >>> choice = choose_mixture(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
        >>> choice.weight, choice.sentence
        (0.0, 'energies gain nothing from kl beyond their error bars and its price: θ_f stays as it is')
    """

    weights: Array
    force_rmse: Array
    force_error: Array
    energy_rmse: Array
    energy_error: Array
    gain_error: Array

    @property
    def best(self) -> int:
        """The number of the chosen weight: that of the smallest E F^c of the errors of energies and forces.

        c = ln 2/ln(1 + ``PRICE``), so that 10 % of forces are paid for half the energy error. It is 0 if energies gain less
        than ``PRICE``, or than the standard error of the gain.
        """
        energies, forces = (np.log(np.maximum(errors, TINY)) for errors in (self.energy_rmse, self.force_rmse))
        k = int(np.argmin(energies + np.log(2) / np.log(1 + PRICE) * forces))
        gain = self.energy_rmse[0] - self.energy_rmse[k]
        return k if gain > max(self.gain_error[k], PRICE * self.energy_rmse[0], ROUNDING) else 0

    @property
    def weight(self) -> float:
        """κ of the chosen mixture, 1/Å²; 0 where θ_f serves as well."""
        return float(self.weights[self.best])

    @property
    def sentence(self) -> str:
        """What the chosen mixture gains in energies, and its price in forces."""
        k = self.best
        if k == 0:
            return "energies gain nothing from kl beyond their error bars and its price: θ_f stays as it is"
        now, before = (
            f"{value:.0f}" if (value := 1e3 * self.energy_rmse[i]) >= 100 else f"{value:.3g}" for i in (k, 0)
        )
        rise = 100 * (self.force_rmse[k] / self.force_rmse[0] - 1)
        forces = f"{abs(rise):.2g} % {'worse' if rise > 0 else 'better'}" if abs(rise) >= 0.05 else "as good"
        return f"with {self.weight:.3g} kl: energies {now} meV/atom instead of {before}, forces {forces}, on held-out trajectories"


def choose_mixture(
    moments: Moments,
    weights: ArrayLike | None = None,
    *,
    temperature: float | None = None,
    folds: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> MixtureChoice:
    """Weight of KL beside the Fisher divergence, by errors of forces and energies for whole trajectories held out.

    Forces leave a constant free in every basin, volume and composition, so energies of θ_f may be far off. For each fold
    J + κ KL is minimised for all κ from one joint diagonalisation, with offsets fitted to the same trajectories. κ does
    not depend on the temperature, if there is one only, as β² is a factor of both terms; it need not be known then.

    The error of an energy per atom is √(Σ(U − U_θ)²/ΣN²) for each trajectory, exact where its configurations have one
    number of atoms.

    Args:
        moments: of at least two trajectories, or blocks of a run.
        weights: (n,) κ ≥ 0 to try, 1/Å²; 0 is added. By default 1e-4, 3e-4, 1e-3 … 100.
        temperature: K; by default the trajectories' own.
        folds, seed: of the trajectories, as for ``split``.
        progress: called with (folds done, folds in all).

    Returns:
        The Pareto curve with its chosen weight.

    Raises:
        TypeError: anything but moments of trajectories.
        ValueError: fewer than two trajectories, weights that are negative or not finite, data without energies, or nothing
            to fit.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.double_well(0.1, tilt=0.02)
        >>> choose_mixture(fl.accumulate(data), [0.1, 1.0]).weights
        array([0. , 0.1, 1. ])
    """
    kind("moments", moments, Moments, "choose_mixture(accumulate(data))")
    several("moments", len(moments))
    if not all(record.has_energies for record in moments.values()):
        raise ValueError("moments: expected energies in every trajectory, got some without; θ_f needs forces alone")
    given = np.atleast_1d(floats("weights", WEIGHTS if weights is None else weights))
    if given.ndim != 1 or not (np.isfinite(given) & (given >= 0)).all():
        raise ValueError(f"weights: expected a list of finite numbers ≥ 0, got {given!s:.60}")
    given = np.union1d([0.0], given)
    parts, moments = split(tuple(moments), folds, seed=seed), with_all_elements(moments)
    forces, energies = (dict[str, Array]() for _ in range(2))
    for number, part in enumerate(parts, 1):
        fits = _fits(moments.drop(part), given, common_temperature(moments, temperature))
        for key in part:
            forces[key], energies[key] = _errors(moments[key], *fits)
        if progress is not None:
            progress(number, len(parts))
    rows, configurations = np.array([(r.rows, r.configurations) for r in moments.values()], dtype=float).T
    force, pulls = root_mean_square(np.array([forces[key] for key in moments]), rows)
    energy, pull = root_mean_square(np.array([energies[key] for key in moments]), configurations)
    return MixtureChoice(
        weights=frozen(given),
        force_rmse=frozen(force),
        force_error=frozen(standard_error(pulls)),
        energy_rmse=frozen(energy),
        energy_error=frozen(standard_error(pull)),
        gain_error=frozen(standard_error(pull - pull[:, :1])),
    )


def _fits(moments: Moments, weights: Array, temperature: float | None) -> tuple[Array, Array]:
    """θ (n, K) and offsets (n, S) of the fits for all weights."""
    total = moments.total()
    mixed = temperature is None and total.temperature is None
    J, KL = (loss(moments if mixed else total, temperature) for loss in (fisher, kl))  # merged once if one T allows it
    thetas = np.array([solve(J).theta, *_minima(J, KL, weights[1:])])
    along = _projected(total, thetas)
    return thetas, np.array([best_offsets(along, one) for one in np.eye(len(thetas))])


def _minima(J: Quadratic, KL: Quadratic, weights: Array) -> Array:
    """(n, K) minima of J + κ KL for κ > 0, as x'(J.A + κ₀ KL.A)x = 1 and x'J.A x = t diagonalise both at once."""
    if not len(weights):
        return np.empty((0, J.K))
    middle = float(np.exp(np.log(weights).mean()))
    A, inverse = scaled(Quadratic(J.A + middle * KL.A, J.b + middle * KL.b, J.s))
    s, V = eigh(A)
    kept = s > J.K * np.finfo(float).eps * s[-1]  # below, an eigenvalue is rounding
    W = inverse[:, None] * V[:, kept] / np.sqrt(s[kept])
    t, Q = eigh(W.T @ J.A @ W)
    t, X = np.clip(t, 0.0, 1.0), W @ Q
    x = weights[:, None] / middle
    return ((J.b @ X + weights[:, None] * (KL.b @ X)) / (t + x * (1 - t) + TINY)) @ X.T


def _projected(record: MomentRecord, thetas: Array) -> MomentRecord:
    """The energies of a record with the n descriptors θ·D, one for each θ (n, K)."""
    (n, K), S = thetas.shape, len(record.mean) - record.K
    P = np.zeros((n + S, K + S))
    P[:n, :K], P[n:, K:] = thetas, np.eye(S)
    mean, scatter = P @ record.mean, P @ record.scatter @ P.T
    return dataclasses.replace(record, mean=mean, scatter=scatter, PhiPhi=np.zeros((n, n)), PhiF=np.zeros(n))


def _errors(record: MomentRecord, thetas: Array, offsets: Array) -> tuple[Array, Array]:
    """(n,) mean squared error of force components, eV²/Å², and of energies per atom, eV², of one trajectory."""
    forces = record.FF - 2 * thetas @ record.PhiF + np.einsum("nk,nk->n", thetas @ record.PhiPhi, thetas)
    n, along = len(thetas), _projected(record, thetas)
    errors, atoms = (
        np.hstack([-np.eye(n), np.ones((n, 1)), -offsets]),
        np.r_[np.zeros(n + 1), np.ones(offsets.shape[1])],
    )
    squares, size = _mean_squares(along, errors), _mean_squares(along, atoms)
    return np.maximum(forces, 0.0) / record.rows, np.maximum(squares, 0.0) / size


def _mean_squares(record: MomentRecord, v: Array) -> Array:
    """⟨(v·z)²⟩ of z = (D, E, n), for each row of v."""
    return ((v @ record.scatter) * v).sum(axis=-1) / record.configurations + (v @ record.mean) ** 2
