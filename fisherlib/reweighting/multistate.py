"""Several distributions from configurations of some of them: MBAR, through pymbar."""

import dataclasses
import logging
import warnings
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array, frozen
from .reliability import effective_sample_size

#: Σ_m w_m of a state differs from 1 by less than this when MBAR has converged.
CONVERGED = 1e-6


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Mbar:
    """What the multistate Bennett acceptance ratio says of S distributions.

    Attributes:
        free_energies: (S,) f_k − f_0 in units of kT; of states of one temperature, F_k − F_0 = kT (f_k − f_0).
        errors: (S,) their standard errors, asymptotic, for configurations that are independent of each other.
        overlap: (S, S) probability that a configuration of the row's state came from the sample of the column's; rows
            sum to 1. Look at it first: free energies across a chain of states whose neighbours share less than 0.03
            are not reliable.
        effective_sample_sizes: (S,) (Σw)²/Σw² of all M configurations, reweighted to each state.
        log_weights: (S, M) ln w of every configuration in every state, Σ_m w = 1.

    Source of the bound on the overlap: Klimovich, Shirts, Mobley, J. Comput. Aided Mol. Des. 29, 397 (2015).
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

    f_k = −ln Σ_m exp(−u_k(x_m)) / Σ_j N_j exp(f_j − u_j(x_m)), the same for every order of the configurations. For
    instance truth, model and fitted model of one temperature, all M configurations being the truth's:

        mbar(beta(T) * np.stack([U, U_theta, U_fitted]), [M, 0, 0])

    Args:
        reduced_energies: (S, M) u_k(x_m) = β_k U_k(x_m) of every configuration in every state, no unit.
        counts: (S,) N_k, how many of the M configurations were drawn from each state; 0 for one never sampled.

    Raises:
        ValueError: shapes that do not fit, energies that are not finite, or counts that do not sum to M.
        RuntimeError: the equations did not converge, since the states do not overlap.
        ImportError: pymbar is not installed.

    Source: Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008), eqs. 11–13; pymbar.
    """
    u, N = np.asarray(reduced_energies, dtype=np.float64), np.asarray(counts)
    if u.ndim != 2 or not np.isfinite(u).all():
        raise ValueError(f"reduced_energies: expected finite numbers of shape (S, M), got shape {u.shape}")
    if N.shape != u.shape[:1] or N.dtype.kind not in "iu" or (N < 0).any() or N.sum() != u.shape[1]:
        raise ValueError(
            f"counts: expected {u.shape[0]} integers, one for each state, that sum to the {u.shape[1]} configurations, "
            f"got {counts!s:.60}"
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unknown solver options")  # that pymbar gives to one of SciPy's solvers
        # Without a seed pymbar seeds numpy's global generator anew; it draws nothing for these estimates.
        solved = _pymbar().MBAR(u, N, rseed=0)
    log_w = solved.Log_W_nk.T
    off = np.abs(np.exp(log_w).sum(axis=1) - 1.0).max()
    if not off < CONVERGED:
        raise RuntimeError(
            f"mbar: expected weights that sum to 1 in each state, they are off by {off:.1e}; the states do not overlap: "
            "add samples of states between them, or leave out the states far away"
        )
    differences, w = solved.compute_free_energy_differences(), np.exp(log_w)
    return Mbar(
        free_energies=differences["Delta_f"][0],
        errors=differences["dDelta_f"][0],
        overlap=N * (w @ w.T),
        effective_sample_sizes=np.array([effective_sample_size(row) for row in log_w]),
        log_weights=log_w,
    )


def _pymbar() -> ModuleType:
    logger = logging.getLogger("pymbar")
    level = logger.level
    logger.setLevel(logging.ERROR)  # on import it recommends JAX and warns of a module that is not used here
    try:
        import pymbar
    except ImportError as error:
        raise ImportError(
            "mbar: expected the package pymbar, which is not installed; pip install 'fisherlib[lab]'"
        ) from error
    finally:
        logger.setLevel(level)
    return pymbar
