"""Iterative refinement: one more pass over the data recovers the digits of θ that were lost to rounding in the moments."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from ..arguments import each, floats, kind, whole
from ..dataset import Array, Trajectory
from ..losses import Quadratic
from ..moments import rows_per_block
from ..units import UNKNOWN_TEMPERATURE, beta, check_temperature
from .solution import Solution, scaled

#: Largest difference between b − Aθ from the data and from the moments that counts as rounding, relative to the terms that
#: cancel in it. With published data it is 1e-15; another temperature or a missing term gives far more.
ROUNDING = 1e-11

#: θ ↦ b − Aθ, minus the gradient of a loss, from the data: (K,) for one θ, (n, K) for several.
Residual = Callable[[Array], Array]


class Part(NamedTuple):
    """Rows of one temperature that are read block by block, so they need not fit into memory.

    Attributes:
        temperature: K, or None.
        configurations: M, number of configurations.
        blocks: Φ (n, K) and F (n,) of some rows at a time, iterated over once.
    """

    temperature: float | None
    configurations: int
    blocks: Iterable[tuple[Array, Array]]

    @classmethod
    def of(cls, t: Trajectory) -> "Part":
        """A trajectory; if Φ is stored as float32, only one block at a time becomes float64."""
        return cls(t.temperature, len(t), _cut(t.force_descriptors, t.forces, rows_per_block(t.K)))


def _cut(Phi: Array, F: Array, rows: int) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(F), rows):
        yield Phi[start : start + rows].astype(np.float64, copy=False), F[start : start + rows]


def normal_residual(blocks: Iterable[tuple[Array, Array]], theta: ArrayLike) -> Array:
    """Φᵀ(F − Φθ), by two matrix-vector products per block. Results of parts add up, so each may be summed in any process.

    Args:
        blocks: Φ (n, K), [D]/Å, and F (n,), eV/Å, as float64.
        theta: (K,), or several, (m, K), which share the pass.

    Returns:
        Like θ, [D] eV/Å².

    Raises:
        ValueError: another number of parameters than descriptors.
    """
    theta = floats("theta", theta)
    total = np.zeros_like(theta)
    for Phi, F in blocks:
        if theta.ndim not in (1, 2) or theta.shape[-1] != Phi.shape[1]:
            raise ValueError(f"theta: expected K = {Phi.shape[1]} parameters as the data have, got shape {theta.shape}")
        total += (F - theta @ Phi.T) @ Phi
    return total


def fisher_residual(
    data: Mapping[str, Trajectory] | Iterable[Trajectory | Part],
    temperature: float | None = None,
    *,
    penalty: Quadratic | None = None,
) -> Residual:
    """b − Aθ of ``fisher(moments, temperature) + penalty``, the Fisher part from the data themselves.

    β²⟨Φᵀ(F − Φθ)⟩ forms the small differences F − Φθ before it multiplies by Φ. A and b of the moments are rounded
    before they are subtracted. A penalty enters as b − Aθ of its own quadratic. That is exact for a ridge, which needs no
    data; a KL or energy term keeps the rounding of its moments.

    Args:
        data: a dataset, or trajectories and parts of them that can be iterated over once per pass: a list, or an object
            that reads them anew each time.
        temperature: K, for all trajectories; by default each has its own. As for ``fisher``.
        penalty: what was added to the Fisher divergence.

    Returns:
        A function of θ, (K,) or (m, K); each call is one pass over the data. It raises ValueError if ``temperature``
        is needed, or if there are no data.

    Raises:
        TypeError: anything but trajectories, or a penalty that is not a quadratic.
        ValueError: ``data`` is an iterator, which its first pass uses up, or the temperature is not one.

    Example:
        At the minimum nothing is left of the residual:

        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> residual = fisher_residual(data)
        >>> bool(abs(residual(np.array([1.0, 2.0]))).max() < 1e-9 * abs(residual(np.zeros(2))).max())
        True
    """
    way = "fisher_residual(data) of a dataset, or of trajectories"
    kind("data", data, Iterable, way)
    kind("penalty", penalty, (Quadratic, NoneType), "fisher_residual(data, penalty=ridge(strength, K))")
    check_temperature(temperature)
    if isinstance(data, Mapping):
        each("data", data.values(), Trajectory, way)
    source = data.values() if isinstance(data, Mapping) else data
    if iter(source) is source:
        raise ValueError(
            f"data: expected trajectories that can be read once per pass (a dataset, a list), got "
            f"{type(data).__name__}, which is used up by the first; make a list of it, or a class with __iter__"
        )

    def residual(theta: Array) -> Array:
        sums: dict[float, Array] = {}
        M = 0
        for item in source:
            kind("data", item, (Trajectory, Part), way)
            part = Part.of(item) if isinstance(item, Trajectory) else item
            T = part.temperature if temperature is None else temperature
            if T is None:
                raise ValueError(UNKNOWN_TEMPERATURE)
            sums[T] = sums.get(T, np.zeros_like(theta)) + normal_residual(part.blocks, theta)
            M += part.configurations
        if not sums:
            raise ValueError("data: expected at least one trajectory, got none")
        total = np.sum([beta(T) ** 2 / M * of_one for T, of_one in sums.items()], axis=0)
        return total if penalty is None else total + (penalty.b - theta @ penalty.A)

    return residual


def refine(solution: Solution, loss: Quadratic, residual: Residual, *, passes: int = 1) -> Solution:
    """θ + δ with A δ = b − Aθ, the right side from the data: iterative refinement of a solution.

    A solution of the moments has a relative error of about κ²ε, where κ² is ``solution.condition`` and κ the condition of
    the scaled Φ. Each pass multiplies it by about κ²ε again, down to κε(1 + κ|F − Φθ|/|F|) at best, so one is usually
    enough. The passes end when a correction, in scaled parameters, is more than half as long as the one before (the first:
    more than half as long as θ); that correction is not added. ``method`` tells how many were.

    If directions were left out, θ moves within those that were kept. Rank, condition and eigenvalues stay; the value is
    that of ``loss`` at the new θ.

    Args:
        solution: of ``loss``.
        loss: the quadratic that was solved.
        residual: θ ↦ b − Aθ of the same loss, e.g. ``fisher_residual(data, temperature)``; for your own weighted rows
            it is ``lambda theta: (F - theta @ Phi.T) @ Phi``. The first call has θ and 0 at once, (2, K), and both
            results are compared with the loss.
        passes: the most there may be; each is one call of ``residual``.

    Returns:
        The solution with the refined θ.

    Raises:
        TypeError: anything but a solution, a quadratic and a function.
        ValueError: fewer than one pass, another K, a residual that is not finite, or one that is not of this loss.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> loss = fl.fisher(fl.accumulate(data))
        >>> refine(fl.solve(loss), loss, fl.fisher_residual(data)).theta.round(9)
        array([1., 2.])

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, chapters 12 and 20.
    """
    way = "refine(solve(loss), loss, fisher_residual(data))"
    kind("solution", solution, Solution, way)
    kind("loss", loss, Quadratic, way)
    kind("residual", residual, Callable, way)
    whole("passes", passes, 1, "passes")
    if len(solution.theta) != loss.K:
        raise ValueError(f"solution: expected K = {loss.K} parameters as in the loss, got {len(solution.theta)}")
    if solution.data and loss.data and solution.data != loss.data:
        raise ValueError(
            "solution: expected the minimum of this loss, got that of a loss of other data; take solve(loss)"
        )
    d = np.sqrt(np.diag(loss.A))
    inverse = np.divide(1.0, d, out=np.zeros_like(d), where=d > 0)
    solved = _factorised(loss, solution, inverse)
    theta, size, done = solution.theta, np.linalg.norm(d * solution.theta), 0
    for number in range(passes):
        r = _finite(residual(theta), theta.shape) if number else _checked(residual, theta, loss, inverse)
        step = solved(inverse * r)
        before, size = size, np.linalg.norm(step)
        if not 0 < size <= 0.5 * before:
            break
        theta, done = theta + inverse * step, done + 1
    if done == 0:
        return solution
    times = {1: "once", 2: "twice"}.get(done, f"{done} times")
    method = f"{solution.method}, refined {times}"
    return dataclasses.replace(solution, theta=theta, value=float(loss(theta)), method=method)


def _factorised(loss: Quadratic, solution: Solution, inverse: Array) -> Callable[[Array], Array]:
    """x ↦ y with A y = x for the scaled A, within the directions that the solution kept; refuses another loss."""
    A, _ = scaled(loss)
    another = "solution: expected that of the loss, got one of another loss; take solve(loss)"
    if solution.method.startswith("truncated"):
        kept = slice(loss.K - solution.rank, None)
        values, V = solution.eigenvalues[kept], eigh(A)[1][:, kept]

        def solved(x: Array) -> Array:
            return V @ ((V.T @ x) / values)
    else:
        try:
            factor = cho_factor(A, lower=True)
        except LinAlgError as error:
            raise ValueError(another) from error

        def solved(x: Array) -> Array:
            return cho_solve(factor, x)

    left = inverse * (loss.b - loss.A @ solution.theta)
    if np.abs(A @ solved(left)).max() > ROUNDING * _terms(solution.theta, loss, inverse):  # in the directions kept
        raise ValueError(another)
    return solved


def _terms(theta: Array, loss: Quadratic, inverse: Array) -> float:
    """Size of the terms that cancel in b − Aθ, scaled: no sum over rows of |Φ_k||F| or |Φ_k||Φ_j θ_j| is larger."""
    b = max(np.sqrt(max(loss.s, 0.0)), np.abs(inverse * loss.b).max())
    return float(np.abs(inverse * np.diag(loss.A) * theta).sum() + b)


def _finite(r: ArrayLike, shape: tuple[int, ...]) -> Array:
    r = floats("residual", r)
    if r.shape != shape or not np.isfinite(r).all():
        raise ValueError(f"residual: expected finite numbers, {shape} like the θ it is called with, got {r!r:.60}")
    return r


def _checked(residual: Residual, theta: Array, loss: Quadratic, inverse: Array) -> Array:
    """b − Aθ from the data, which must equal that of the loss up to rounding.

    It is compared at 0 too, where it is b: at θ it is nearly zero, so wrong units or a wrong sign would not show.
    """
    both = np.array([theta, np.zeros(loss.K)])
    r = _finite(residual(both), both.shape)
    error = np.abs(inverse * (r - (loss.b - both @ loss.A))).max()
    terms = _terms(theta, loss, inverse)
    if error > ROUNDING * terms:
        raise ValueError(
            f"residual: expected b − Aθ of the loss, got one that differs from it by {error:.1g}, where its terms are "
            f"of size {terms:.1g}; it is of other data or another temperature, or lacks a term of the loss (give penalty=)"
        )
    return r[0]
