"""Datasets of model systems with a known distribution and known best parameters, for tests and first steps."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import flag, floats, number, whole
from ..arguments import seed as check_seed
from ..dataset import Dataset, Trajectory
from ..units import beta


def harmonic(
    theta: ArrayLike,
    *,
    n_atoms: int = 4,
    temperature: float = 300.0,
    trajectories: int = 4,
    configurations: int = 50,
    offset: float = -1.0,
    seed: int = 0,
) -> Dataset:
    """Coupled harmonic oscillators, U = Σ_k θ_k ½ xᵀS_k x + N e0, sampled exactly.

    The S_k are random symmetric positive definite matrices, so U is in the span of D_k = ½ xᵀS_k x and θ_f equals
    ``theta`` for any sample. U − N e0 follows the Gamma distribution of shape 3N/2 and scale k_B T. The springs hold
    the atoms to fixed sites: forces do not sum to zero.

    Args:
        theta: (K,) spring constants > 0, eV/Å².
        n_atoms: N.
        temperature: K.
        trajectories: number of keys.
        configurations: per trajectory.
        offset: e0, eV per atom.
        seed: of the sample and of S_k.

    Raises:
        ValueError: spring constants that are not positive, or an argument that is not such a number.

    Example:
        >>> import fisherlib as fl
        >>> data = harmonic([1.0, 2.0], trajectories=2)
        >>> data
        Dataset(2 trajectories, 100 configurations, K = 2)
        >>> fl.solve(fl.fisher(fl.accumulate(data))).theta.round(6)
        array([1., 2.])
    """
    theta = floats("theta", theta)
    if theta.ndim != 1 or not (np.isfinite(theta) & (theta > 0)).all() or len(theta) == 0:
        raise ValueError(f"theta: expected a list of spring constants > 0, got {theta!s:.60}")
    _check_sizes(trajectories, configurations, seed)
    whole("n_atoms", n_atoms, 1, "atoms")
    number("offset", offset)
    rng = np.random.default_rng(seed)
    n, K = 3 * n_atoms, len(theta)
    G = rng.normal(size=(K, n, n))
    S = G @ G.transpose(0, 2, 1) / n + 0.1 * np.eye(n)
    L = np.linalg.cholesky(np.einsum("k,kij->ij", theta, S) * beta(temperature))
    made = []
    for k in range(trajectories):
        x = np.linalg.solve(L.T, rng.normal(size=(n, configurations))).T
        Sx = np.einsum("kij,mj->mik", S, x)
        D = 0.5 * np.einsum("mi,mik->mk", x, Sx)
        made.append(
            Trajectory(
                key=f"harmonic-{k}",
                temperature=temperature,
                n_atoms=np.full(configurations, n_atoms),
                energies=D @ theta + n_atoms * offset,
                descriptors=D,
                forces=-(Sx @ theta).ravel(),
                force_descriptors=-Sx.reshape(-1, K),
            )
        )
    return Dataset(made)


def double_well(
    barrier: float,
    *,
    tilt: float = 0.0,
    odd: bool = False,
    temperature: float = 300.0,
    trajectories: int = 8,
    configurations: int = 200,
    seed: int = 0,
) -> Dataset:
    """One atom in U = B (x² − 1)² + t x + ½ k (y² + z²), B in eV, x in Å, sampled exactly by inversion.

    Descriptors: (x² − 1)², ½(y² + z²). They do not hold the tilt t, so with t ≠ 0 the fit gives good forces and wrong
    populations: the Fisher divergence cannot see across a barrier. ``odd`` adds the descriptors x and x³. Then U is in
    their span, and so is the slow motion from one well to the other.

    Args:
        barrier: B, eV.
        tilt: t, eV/Å.
        odd: add the descriptors x and x³, whose θ are t and 0.
        temperature: K.
        trajectories: number of keys.
        configurations: per trajectory.
        seed: of the sample.

    Raises:
        ValueError: an argument that is not such a number.

    Example:
        The fit finds the barrier, but the tilt is not among its descriptors:

        >>> import fisherlib as fl
        >>> data = double_well(0.2, tilt=0.05, seed=1)
        >>> data.descriptor_names
        ('(x²−1)²', '½(y²+z²)')
        >>> fl.solve(fl.fisher(fl.accumulate(data))).theta.round(1)
        array([0.2, 1. ])
    """
    number("barrier", barrier)
    number("tilt", tilt)
    flag("odd", odd)
    _check_sizes(trajectories, configurations, seed)
    rng = np.random.default_rng(seed)
    b, k, K = beta(temperature), 1.0, 4 if odd else 2
    grid = np.linspace(-3.0, 3.0, 20001)
    U = barrier * (grid**2 - 1) ** 2 + tilt * grid
    cumulative = np.cumsum(np.exp(-b * (U - U.min())))
    made = []
    for j in range(trajectories):
        x = np.interp(rng.random(configurations) * cumulative[-1], cumulative, grid)
        yz = rng.normal(size=(configurations, 2)) / np.sqrt(b * k)
        well, spring = (x**2 - 1) ** 2, 0.5 * (yz**2).sum(axis=1)
        Phi = np.zeros((configurations, 3, 4))
        Phi[:, 0, 0] = -4 * x * (x**2 - 1)
        Phi[:, 1:, 1] = -yz
        Phi[:, 0, 2:] = np.column_stack([np.full_like(x, -1.0), -3 * x**2])
        F = Phi @ [barrier, k, tilt, 0.0]
        D = np.column_stack([well, spring, x, x**3])
        made.append(
            Trajectory(
                key=f"well-{j}",
                temperature=temperature,
                n_atoms=np.ones(configurations, dtype=int),
                energies=barrier * well + tilt * x + k * spring,
                descriptors=D[:, :K],
                forces=F.ravel(),
                force_descriptors=Phi.reshape(-1, 4)[:, :K],
                descriptor_names=("(x²−1)²", "½(y²+z²)", "x", "x³")[:K],
            )
        )
    return Dataset(made)


def _check_sizes(trajectories: int, configurations: int, seed: int) -> None:
    whole("trajectories", trajectories, 1, "trajectories")
    whole("configurations", configurations, 1, "configurations of each trajectory")
    check_seed(seed)
