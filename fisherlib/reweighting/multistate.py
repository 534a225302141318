"""Several states from samples of some of them: MBAR, through pymbar."""

import contextlib
import dataclasses
import logging
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array, frozen
from .reliability import as_numbers, effective_sample_size

#: MBAR has converged if Σ_m w_m of every state differs from 1 by less than this.
CONVERGED = 1e-6

#: States that share less than this are disjoint. pymbar treats singular values of 1e-10 as zero and gives disjoint states an
#: error of zero.
DISJOINT = 1e-9

#: Solvers of pymbar, from the fastest to the most robust.
SOLVERS = ("hybr", "adaptive")

#: Most iterations of a solver; Newton's method needs about ten.
ITERATIONS = 500


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Mbar:
    """Result of the multistate Bennett acceptance ratio for S distributions.

    Attributes:
        free_energies: (S,) f_k − f_0 in units of kT; for states of one temperature F_k − F_0 = kT (f_k − f_0).
        errors: (S,) their asymptotic standard errors, for independent configurations.
        overlap: (S, S) probability that a configuration of the row's state came from the sample of the column's state;
            rows sum to 1. Look at it first: below 0.03 between neighbours, free energies along a chain of states are
            not reliable.
        effective_sample_sizes: (S,) (Σw)²/Σw² of all M configurations, reweighted to each state.
        log_weights: (S, M) ln w of every configuration in every state, Σ_m w = 1.

    Source of the bound on the overlap: Klimovich, Shirts, Mobley, J. Comput. Aided Mol. Des. 29, 397 (2015).

    Example:
        >>> found = mbar([[0.0, 0.5, 1.0], [0.0, 0.5, 1.0]], [3, 0])  # twice the same state
        >>> found.effective_sample_sizes.round(6).tolist()
        [3.0, 3.0]
    """

    free_energies: Array
    errors: Array
    overlap: Array
    effective_sample_sizes: Array
    log_weights: Array

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, frozen(getattr(self, field.name)))


def mbar(reduced_energies: ArrayLike, counts: ArrayLike) -> Mbar:
    """Free energies of, and weights in, S distributions p_k ∝ exp(−u_k), from configurations drawn from some of them.

    f_k = −ln Σ_m exp(−u_k(x_m)) / Σ_j N_j exp(f_j − u_j(x_m)); the order of the configurations does not matter. For
    example, truth, model and fitted model at one temperature, with all M configurations from the truth:

        mbar(beta(T) * np.stack([U, U_theta, U_fitted]), [M, 0, 0])

    Args:
        reduced_energies: (S, M) u_k(x_m) = β_k U_k(x_m) of every configuration in every state, no unit.
        counts: (S,) N_k, how many of the M configurations were drawn from each state; 0 for a state without samples.

    Raises:
        ValueError: shapes that do not fit, empty arrays, energies that are not finite, or counts that do not sum to M.
        RuntimeError: sampled states without overlap, or equations that did not converge.
        ImportError: pymbar is not installed.

    Source: Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008), eqs. 11–13; pymbar.

    Example:
        >>> found = mbar([[0.0, 0.5, 1.0], [2.0, 2.5, 3.0]], [3, 0])  # the second state is the first plus 2 kT
        >>> round(float(found.free_energies[1]), 6)
        2.0
    """
    u, N = as_numbers("reduced_energies", reduced_energies), np.asarray(counts)
    if u.ndim != 2 or u.size == 0 or not np.isfinite(u).all():
        raise ValueError(
            f"reduced_energies: expected finite numbers of shape (S, M), a row for each state and a column for each "
            f"configuration, got shape {u.shape} with {np.sum(~np.isfinite(u))} NaN or infinite"
        )
    if N.shape != u.shape[:1] or N.dtype.kind not in "iu" or (N < 0).any() or N.sum() != u.shape[1]:
        raise ValueError(
            f"counts: expected {u.shape[0]} integers, one for each state, that sum to the {u.shape[1]} configurations, "
            f"got {counts!s:.60}"
        )
    middle = u.mean(axis=1)  # the solvers start from f = 0 and fail tens of kT away from it
    with quiet():
        solved = _solved(u - middle[:, None], N)
        differences = solved.compute_free_energy_differences()
    log_w, errors = solved.Log_W_nk.T, differences["dDelta_f"][0]
    w = np.exp(log_w)
    if _shared(w, N) < DISJOINT or not np.isfinite(errors).all():
        raise RuntimeError(
            "mbar: expected sampled states that overlap, got some that share no configuration with the others; add "
            "samples of states between them, or leave out the states far away"
        )
    return Mbar(
        free_energies=differences["Delta_f"][0] + middle - middle[0],
        errors=errors,
        overlap=N * (w @ w.T),
        effective_sample_sizes=np.array([effective_sample_size(row) for row in log_w]),
        log_weights=log_w,
    )


def _solved(u: Array, N: Array) -> Any:
    """pymbar's MBAR by the first solver that converges: the weights of each state sum to 1."""
    for method in SOLVERS:
        # Without a seed pymbar would reseed numpy's global generator; these estimates draw no random numbers.
        protocol = ({"method": method},)
        solved = _pymbar().MBAR(u, N, rseed=0, solver_protocol=protocol, maximum_iterations=ITERATIONS)
        off = np.abs(np.exp(solved.Log_W_nk).sum(axis=0) - 1.0).max()
        if off < CONVERGED:
            return solved
    raise RuntimeError(
        f"mbar: expected weights that sum to 1 in each state, they are off by {off:.1e}; the states hardly overlap: "
        "add samples of states between them, or leave out the states far away"
    )


def _shared(w: Array, N: Array) -> float:
    """How much the sampled states share: 1 minus the second largest eigenvalue of their overlap matrix."""
    half = np.sqrt(N[N > 0])[:, None] * w[N > 0]
    return 1.0 if len(half) == 1 else float(1.0 - np.linalg.eigvalsh(half @ half.T)[-2])


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences pymbar's messages about JAX on import and about each solver that did not converge."""
    logger, random = logging.getLogger("pymbar"), np.random.get_state()
    level, double = logger.level, True
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _pymbar()  # brings JAX along
            double = "jax" not in sys.modules or sys.modules["jax"].config.jax_enable_x64
            yield
    finally:
        logger.setLevel(level)
        np.random.set_state(random)  # JAX draws from numpy's global generator when it is imported
        if not double:  # pymbar makes all of JAX compute in double precision, and leaves it so
            sys.modules["jax"].config.update("jax_enable_x64", False)


def _pymbar() -> ModuleType:
    import pymbar  # slow to load

    return pymbar
