"""Learning curves of many choices of descriptors from one set of moments: error against the size of the training set."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..arguments import kind, numbers, positive, whole
from ..arguments import seed as refuse_no_seed
from ..dataset import Array, frozen
from ..losses import Quadratic, energy
from ..moments import MomentRecord, Moments
from ..regression import row_weights
from .fold_errors import Parts, refuse_parts, training_sizes

_WAY = "learning_curves(accumulate(data), {'all': range(K)}, split(tuple(data)), [1, 2, 4])"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LearningCurves:
    """Held-out errors of C choices of descriptors, for m sizes of the training set and d draws of it in each of n folds.

    All choices are fitted to the same draws and tested on the same folds, so their differences are known better than
    their errors: take those of two choices before the mean over draws and folds.

    Attributes:
        choices: name → number of descriptors K.
        numbers: (m,) records fitted to.
        force_rmse: (C, m, n, d) eV/Å.
        energy_rmse: (C, m, n, d) eV/atom, with the offsets that fit the energies of the fold best; NaN if none are known.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = learning_curves(fl.accumulate(data), {"both": [0, 1]}, fl.validation.split(tuple(data), 2), [1, 2])
        >>> found.choices, found.fits, found.rmse("both").shape
        ({'both': 2}, 16, (2, 8))
    """

    choices: Mapping[str, int]
    numbers: NDArray[np.integer]
    force_rmse: Array
    energy_rmse: Array

    @property
    def fits(self) -> int:
        """Number of fits behind the curves."""
        return self.force_rmse.size

    def rmse(self, choice: str) -> Array:
        """(m, n d) force errors of one choice, eV/Å, over all folds and draws."""
        return self.force_rmse[[*self.choices].index(choice)].reshape(len(self.numbers), -1)


def learning_curves(
    moments: Moments,
    choices: Mapping[str, Sequence[int] | NDArray[np.integer]],
    parts: Parts,
    numbers: Sequence[int],
    *,
    draws: int = 4,
    strength: float = 1e-8,
    seed: int = 0,
) -> LearningCurves:
    """Errors on each fold of fits to few of the other records, for several choices of descriptors.

    Of each draw the records stand in one random order, and a larger training set holds the smaller ones. Their normal
    equations are added once for all choices; a fit to some of the columns is a block of the sum, scaled and factorised:
    θ = argmin Σ|F − Φθ|² + λ Σ_k (Σ Φ_k²) θ_k², scikit-learn's ``Ridge(alpha=λ)`` of columns of unit length.

    Args:
        moments: a record for each trajectory, or for each of their blocks (``accumulate(data.blocks(n))``).
        choices: name → indices of the descriptors, e.g. of one cutoff and body order.
        parts: keys of the records of each fold; blocks of one trajectory belong to one part.
        numbers: (m,) records to fit to, ascending.
        draws: d, orders drawn for each fold.
        strength: λ > 0, relative to the diagonal. A descriptor that sees nothing gets θ = 0.
        seed: of the orders.

    Raises:
        TypeError, ValueError, KeyError: as for ``fold_errors``, no choice or one of indices that are none, a number that is
            more than a fold leaves, or a strength that is not positive or too small for columns that depend on each other.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> choices = {"first": [0], "both": [0, 1]}
        >>> found = learning_curves(fl.accumulate(data), choices, fl.validation.split(tuple(data), 2), [1, 2], strength=1e-12)
        >>> bool(found.rmse("both").max() < 1e-8 < found.rmse("first").min())
        True
    """
    at = _columns(moments, choices)
    refuse_parts(parts, _WAY)
    most = len(moments) - max(map(len, parts))
    numbers = training_sizes(numbers, most, _WAY)
    if numbers != sorted(set(numbers)):
        raise ValueError(f"numbers: expected different ones in ascending order, got {numbers!s:.60}")
    whole("draws", draws, 1, "draws")
    positive("strength", strength)
    refuse_no_seed(seed)
    rng, weights, found = np.random.default_rng(seed), dict(zip(moments, row_weights(moments), strict=True)), []
    for part in parts:
        tests = _Errors.of(moments.select(part))
        rest = [key for key in moments if key not in part]
        for _ in range(draws):
            order = [rest[k] for k in rng.permutation(len(rest))]
            sums = _sums([(weights[key], moments[key]) for key in order], numbers)
            found.append([[tests(_theta(A, b, which, strength), which) for which in at] for A, b in sums])
    # (n d, m, C, 2)
    forces, energies = np.array(found).reshape(len(parts), draws, len(numbers), len(at), 2).transpose(4, 3, 2, 0, 1)
    sizes = {name: len(which) for name, which in zip(choices, at, strict=True)}
    return LearningCurves(
        choices=sizes, numbers=frozen(np.array(numbers)), force_rmse=frozen(forces), energy_rmse=frozen(energies)
    )


def _columns(moments: Moments, choices: Mapping[str, Sequence[int] | NDArray[np.integer]]) -> list[NDArray[np.integer]]:
    """The indices of each choice."""
    kind("moments", moments, Moments, _WAY)
    if not sum(record.rows for record in moments.values()):
        raise ValueError("moments: expected some with forces, got those of Moments.from_rows; take validation.scores")
    kind("choices", choices, Mapping, _WAY)
    if not choices:
        raise ValueError(f"choices: expected at least one, got none; write {_WAY}")
    first, at = moments.select(next(iter(moments))), []
    for name, which in choices.items():
        try:
            first.columns(indices := numbers("indices", which))
        except ValueError as error:
            raise ValueError(f"choices: expected indices of descriptors for {name!r}; {error}") from error
        at.append(indices)
    return at


def _sums(records: Sequence[tuple[float, MomentRecord]], numbers: Sequence[int]) -> Iterator[tuple[Array, Array]]:
    """Σ w ΦᵀΦ and Σ w ΦᵀF of the first records, for each number of them, ascending; one pair of arrays that grows."""
    A, b, taken = np.zeros_like(records[0][1].PhiPhi), np.zeros_like(records[0][1].PhiF), 0
    for number in numbers:
        for weight, record in records[taken:number]:
            A += weight * record.PhiPhi
            b += weight * record.PhiF
        taken = number
        yield A, b


def _theta(A: Array, b: Array, which: NDArray[np.integer], strength: float) -> Array:
    """The ridge of some columns; no direction is cut off, as an eigenvalue below rounding would be."""
    block, root = A[np.ix_(which, which)], np.sqrt(np.diag(A)[which])
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)  # a column of zeros keeps θ = 0
    scaled = block * inverse * inverse[:, None] + strength * np.eye(len(which))
    try:
        return inverse * cho_solve(cho_factor(scaled), inverse * b[which])
    except LinAlgError:
        raise ValueError(f"strength: expected more, as the columns depend on each other, got {strength:g}") from None


@dataclasses.dataclass(frozen=True, eq=False)
class _Errors:
    """Errors on held-out records as two quadratic forms of all descriptors."""

    forces: Quadratic
    energies: Quadratic | None
    atoms: float

    @classmethod
    def of(cls, moments: Moments) -> "_Errors":
        total = moments.total()
        forces = Quadratic(total.PhiPhi / total.rows, total.PhiF / total.rows, total.FF / total.rows)
        return cls(forces, energy(total) if total.has_energies else None, total.atoms)

    def __call__(self, theta: Array, which: NDArray[np.integer]) -> tuple[float, float]:
        whole = np.zeros(self.forces.K)
        whole[which] = theta
        forces = np.sqrt(2 * max(float(self.forces(whole)), 0.0))
        energies = np.nan if self.energies is None else np.sqrt(2 * max(float(self.energies(whole)), 0.0))
        return forces, energies / self.atoms
