"""How firmly the data hold the energies that θ predicts."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind
from ..dataset import Array, Dataset
from ..losses import fisher
from ..moments import MomentRecord, Moments
from .directions import directions

#: Part of g, in the parameters √A_kk θ_k, that may lie outside of the directions that the data determine: rounding.
OUTSIDE = 1e-6


def prediction_rigidity(
    moments: Moments | MomentRecord,
    descriptors: ArrayLike,
    *,
    n_atoms: ArrayLike,
    temperature: float | None = None,
) -> Array:
    """Prediction rigidity of energies, PR = 1/(gᵀA⁻¹g), with A = Σ β²ΦᵀΦ and g = dU_θ/dθ of a configuration.

    The offset per atom is fitted to the energies, e0 = ⟨N(E − θ·D)⟩/⟨N²⟩, hence g = D − N⟨ND⟩/⟨N²⟩. Were all components of
    the forces independent, with a residual of variance σ², then β²σ²/PR would be the variance of the energy; to compare
    configurations by it no such belief is needed. It grows in proportion to the data.

    Args:
        moments: that θ_f is fitted to.
        descriptors: (..., K) D of configurations, summed over their atoms.
        n_atoms: (...) N of the same.
        temperature: K; without it the trajectories' own. At one temperature it is a common factor β².

    Returns:
        (...) 1/(eV² Å²); 0 where g has a component along a direction that the forces leave open, infinity where g = 0.

    Raises:
        ValueError: another number of descriptors or of numbers of atoms, or a temperature that is not known.

    Source: Chong et al., J. Chem. Theory Comput. 19, 8020 (2023); Bigi, Chong, Ceriotti and Grasselli, Mach.
        Learn.: Sci. Technol. 5, 045018 (2024), for the last layer of networks.
    """
    loss, g = fisher(moments, temperature), energy_gradients(moments, descriptors, n_atoms=n_atoms)
    M = sum(r.configurations for r in ([moments] if isinstance(moments, MomentRecord) else moments.values()))
    W = directions(loss)
    y = g @ W
    with np.errstate(divide="ignore"):
        rigidity = M / (y**2).sum(axis=-1)
    return np.where(_outside(g, y @ (W.T @ loss.A), descriptors, np.diag(loss.A)), 0.0, rigidity)


def _outside(g: Array, projected: Array, descriptors: ArrayLike, diagonal: Array) -> Array:
    """Whether g, compared with what is left of it in the determined directions, has more than rounding besides."""
    d = np.divide(1.0, np.sqrt(diagonal), out=np.zeros(len(diagonal)), where=diagonal > 0)
    rest = np.linalg.norm((g - projected) * d, axis=-1) > OUTSIDE * np.linalg.norm(g * d, axis=-1)
    # A descriptor without forces has no scale of its own but that of its values.
    still = (np.abs(g) > OUTSIDE * np.abs(descriptors)) & (diagonal == 0)
    return rest | still.any(axis=-1)


def energy_gradients(moments: Moments | MomentRecord, descriptors: ArrayLike, *, n_atoms: ArrayLike) -> Array:
    """g = dU_θ/dθ = D − N⟨ND⟩/⟨N²⟩ of configurations, when the offset per atom follows from the energies.

    Args:
        moments: that the offset is fitted to.
        descriptors: (..., K) D of configurations, summed over their atoms.
        n_atoms: (...) N of the same.

    Returns:
        (..., K), [D].

    Raises:
        ValueError: another number of descriptors, or of numbers of atoms than configurations.
    """
    kind("moments", moments, (Moments, MomentRecord), "energy_gradients(moments, descriptors, n_atoms=n_atoms)")
    total = moments if isinstance(moments, MomentRecord) else moments.total()
    D, K, n = floats("descriptors", descriptors), total.K, total.mean[-1]
    if D.shape[-1:] != (K,):
        raise ValueError(f"descriptors: expected K = {K} numbers for a configuration, got shape {D.shape}")
    N = floats("n_atoms", n_atoms)
    if N.shape not in ((), D.shape[:-1]) or not (N > 0).all():
        got = f"shape {N.shape}" if N.shape not in ((), D.shape[:-1]) else f"{N.min():g}"
        raise ValueError(f"n_atoms: expected numbers > 0 of shape {D.shape[:-1]}, one a configuration, got {got}")
    CN = total.scatter[-1] / total.configurations
    per_atom = (CN[:K] + n * total.mean[:K]) / (CN[-1] + n * n)
    return D - N[..., None] * per_atom


def energy_errors(data: Dataset, covariance: ArrayLike, moments: Moments | MomentRecord) -> Array:
    """Standard errors of total energies, √(gᵀ Cov g), from the covariance of θ or of (θ, e0).

    With a covariance of θ, the offset follows θ while the energies it is fitted to stay as they are: what is left is the
    error of energy differences. With one of (θ, e0), say that of the replicates ``jackknife(moments, lambda m: …)`` of both,
    g = (D, N) and the error is that of the energies themselves, which the offset often dominates.

    Args:
        data: M configurations.
        covariance: (K, K) of θ, or (K + 1, K + 1) of (θ, e0).
        moments: that the offset is fitted to.

    Returns:
        (M,) eV.

    Raises:
        ValueError: a covariance of another shape.
    """
    kind("data", data, Dataset, "energy_errors(data, covariance, moments)")
    kind("moments", moments, (Moments, MomentRecord), "energy_errors(data, covariance, moments)")
    C, K = floats("covariance", covariance), data.K
    if C.shape not in ((K, K), (K + 1, K + 1)):
        raise ValueError(
            f"covariance: expected ({K}, {K}) of θ, or ({K + 1}, {K + 1}) of θ and the offset, got {C.shape}"
        )
    D = np.concatenate([t.descriptors for t in data.values()])
    g = energy_gradients(moments, D, n_atoms=data.n_atoms) if len(C) == K else np.column_stack([D, data.n_atoms])
    return np.sqrt(np.maximum(np.einsum("mi,mi->m", g @ C, g), 0.0))
