"""Iterative refinement: the digits of θ that rounding took from the moments, from one more pass over the data."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from ..arguments import floats
from ..dataset import Array, Trajectory
from ..losses import Quadratic
from ..moments import rows_per_block
from ..units import beta
from .solution import Solution, scaled

#: Largest difference between b − Aθ from the data and from the moments that passes for rounding, over the size of the
#: terms that cancel in it. Sums over published data differ by 1e-15; another temperature or a missing term by far more.
ROUNDING = 1e-11

#: θ ↦ b − Aθ, minus the gradient of a loss, from the data: (K,) of one θ, (n, K) of several.
Residual = Callable[[Array], Array]


class Part(NamedTuple):
    """Rows of one temperature that are read block by block, so that they need not fit into memory.

    Attributes:
        temperature: K, or None.
        configurations: M, that the rows belong to.
        blocks: Φ (n, K) and F (n,) of some rows at a time, gone through once.
    """

    temperature: float | None
    configurations: int
    blocks: Iterable[tuple[Array, Array]]

    @classmethod
    def of(cls, t: Trajectory) -> "Part":
        """A trajectory; where Φ is stored as float32, only one block of it is float64 at a time."""
        return cls(t.temperature, len(t), _cut(t.force_descriptors, t.forces, rows_per_block(t.K)))


def _cut(Phi: Array, F: Array, rows: int) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(F), rows):
        yield Phi[start : start + rows].astype(np.float64, copy=False), F[start : start + rows]


def normal_residual(blocks: Iterable[tuple[Array, Array]], theta: ArrayLike) -> Array:
    """Φᵀ(F − Φθ), two matrix-vector products a block; it adds up over parts, in whatever process each is summed.

    Args:
        blocks: Φ (n, K), [D]/Å, and F (n,), eV/Å, as float64.
        theta: (K,), or several, (m, K), that are multiplied while a block is at hand.

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

    β²⟨Φᵀ(F − Φθ)⟩ forms the small differences F − Φθ before they are multiplied by Φ; from A and b of the moments they
    come out after rounding. A penalty enters as b − Aθ of its own quadratic: exact for a ridge, which knows no data; the
    moments of a KL or energy term keep the rounding that they have.

    Args:
        data: a dataset, or trajectories and parts of them that can be gone through again for each pass: a list, or an
            object that reads them anew each time.
        temperature: K, for all of them; without it their own. As for ``fisher``.
        penalty: what was added to the Fisher divergence.

    Returns:
        A function of θ, (K,) or (m, K); each call is one pass over the data. It raises ValueError where ``temperature``
        is needed or there are no data.

    Raises:
        ValueError: ``data`` is an iterator, which ends with its first pass.
    """
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
            part = Part.of(item) if isinstance(item, Trajectory) else item
            T = part.temperature if temperature is None else temperature
            if T is None:
                raise ValueError("temperature: a trajectory has none of its own; give temperature= in kelvin")
            sums[T] = sums.get(T, 0.0) + normal_residual(part.blocks, theta)
            M += part.configurations
        if not sums:
            raise ValueError("data: expected at least one trajectory, got none")
        total = sum(beta(T) ** 2 / M * each for T, each in sums.items())
        return total if penalty is None else total + (penalty.b - theta @ penalty.A)

    return residual


def refine(solution: Solution, loss: Quadratic, residual: Residual, *, passes: int = 1) -> Solution:
    """θ + δ with A δ = b − Aθ, the right side from the data: iterative refinement of a solution.

    A solution of the moments has a relative error of about κ²ε, where κ² is ``solution.condition`` and κ the condition of
    the scaled Φ. A pass multiplies it by about κ²ε again, down to κε(1 + κ|F − Φθ|/|F|) at best: usually one is enough.
    A correction that is not half as long as the one before (the first: as θ), in scaled parameters, is not added, and
    ends the passes; ``method`` says how many were.

    Where directions were left out, θ moves within those that were kept. Rank, condition and eigenvalues stay; the
    value is that of ``loss`` at the new θ.

    Args:
        solution: of ``loss``.
        loss: the quadratic that was solved.
        residual: θ ↦ b − Aθ of the same loss, e.g. ``fisher_residual(data, temperature)``; of your own weighted rows
            it is ``lambda theta: (F - theta @ Phi.T) @ Phi``. It is first asked for θ and 0 at once, (2, K), where both
            are compared with the loss.
        passes: at most, each of them one call of ``residual``.

    Returns:
        The solution with the refined θ.

    Raises:
        ValueError: fewer than one pass, another K, a residual that is not finite, or one that is not of this loss.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, chapters 12 and 20.
    """
    if passes < 1:
        raise ValueError(f"passes: expected at least 1, got {passes}")
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
    """x ↦ y with A y = x for the scaled A, within the directions that the solution kept; it must solve A y = b."""
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
    """Size of what cancels in b − Aθ, scaled: no sum over rows of |Φ_k||F| or |Φ_k||Φ_j θ_j| is larger."""
    b = max(np.sqrt(max(loss.s, 0.0)), np.abs(inverse * loss.b).max())
    return float(np.abs(inverse * np.diag(loss.A) * theta).sum() + b)


def _finite(r: ArrayLike, shape: tuple[int, ...]) -> Array:
    r = floats("residual", r)
    if r.shape != shape or not np.isfinite(r).all():
        raise ValueError(f"residual: expected finite numbers, {shape} like the θ it is called with, got {r!r:.60}")
    return r


def _checked(residual: Residual, theta: Array, loss: Quadratic, inverse: Array) -> Array:
    """b − Aθ from the data, which must be that of the loss up to rounding.

    At θ alone it could be of other units or of the wrong sign, as it is all but zero there; at 0 it is b.
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
