"""Rigidity and errors of the energies that θ predicts."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind
from ..dataset import Array, Dataset, symbol
from ..losses import fisher
from ..moments import MomentRecord, Moments, descriptor_offsets
from .directions import directions

#: A share of g below this, in the parameters √A_kk θ_k, outside the directions that the data determine is rounding.
OUTSIDE = 1e-6


def prediction_rigidity(
    moments: Moments | MomentRecord, descriptors: ArrayLike, *, n_atoms: ArrayLike, temperature: float | None = None
) -> Array:
    """Prediction rigidity of energies, PR = 1/(gᵀA⁻¹g), with A = Σ β²ΦᵀΦ and g = dU_θ/dθ of a configuration.

    The offset of each element is fitted to the energies; with one, e0 = ⟨N(E − θ·D)⟩/⟨N²⟩, so g = D − N⟨ND⟩/⟨N²⟩. If all
    force components were independent, with residuals of variance σ², the variance of the energy would be β²σ²/PR. No such assumption is
    needed to compare configurations. PR grows in proportion to the data.

    Args:
        moments: of the data that θ_f is fitted to.
        descriptors: (..., K) D of configurations, summed over their atoms.
        n_atoms: (...) N of the same, or (..., S) atoms of each element of the moments; see ``energy_gradients``.
        temperature: K; the trajectories' own by default. At one temperature it is a common factor β².

    Returns:
        (...) 1/(eV² Å²); 0 if g has a component along a direction that the forces leave open, infinity if g = 0.

    Raises:
        ValueError: not K descriptors, not one N for each configuration, or an unknown temperature.

    Source: Chong et al., J. Chem. Theory Comput. 19, 8020 (2023); Bigi, Chong, Ceriotti and Grasselli, Mach.
        Learn.: Sci. Technol. 5, 045018 (2024), for the last layer of networks.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0], trajectories=2)
        >>> D, once, twice = data["harmonic-0"].descriptors, fl.accumulate(data.select("harmonic-0")), fl.accumulate(data)
        >>> ratio = np.median(prediction_rigidity(twice, D, n_atoms=4) / prediction_rigidity(once, D, n_atoms=4))
        >>> 1.5 < float(ratio) < 2.5  # twice the data
        True
    """
    loss, g = fisher(moments, temperature), energy_gradients(moments, descriptors, n_atoms=n_atoms)
    M = sum(r.configurations for r in ([moments] if isinstance(moments, MomentRecord) else moments.values()))
    W = directions(loss)
    y = g @ W
    with np.errstate(divide="ignore"):
        rigidity = M / (y**2).sum(axis=-1)
    return np.where(_outside(g, y @ (W.T @ loss.A), descriptors, np.diag(loss.A)), 0.0, rigidity)


def _outside(g: Array, projected: Array, descriptors: ArrayLike, diagonal: Array) -> Array:
    """Whether g differs by more than rounding from its projection onto the determined directions."""
    d = np.divide(1.0, np.sqrt(diagonal), out=np.zeros(len(diagonal)), where=diagonal > 0)
    rest = np.linalg.norm((g - projected) * d, axis=-1) > OUTSIDE * np.linalg.norm(g * d, axis=-1)
    # A descriptor without forces has no scale but that of its values.
    still = (np.abs(g) > OUTSIDE * np.abs(descriptors)) & (diagonal == 0)
    return rest | still.any(axis=-1)


def energy_gradients(moments: Moments | MomentRecord, descriptors: ArrayLike, *, n_atoms: ArrayLike) -> Array:
    """g = dU_θ/dθ of configurations, if the offsets are fitted to the energies; with one, D − N⟨ND⟩/⟨N²⟩.

    Args:
        moments: of the data that the offsets are fitted to.
        descriptors: (..., K) D of configurations, summed over their atoms.
        n_atoms: (...) N of the same. Where the moments are of several compositions, (..., S) atoms of each of their
            elements, such as ``data.composition``.

    Returns:
        (..., K), [D].

    Raises:
        ValueError: not K descriptors, or not one N, or S numbers, for each configuration.

    Example:
        >>> import fisherlib as fl
        >>> t = fl.systems.harmonic([1.0, 2.0], trajectories=1)["harmonic-0"]
        >>> g = energy_gradients(fl.accumulate([t]), t.descriptors, n_atoms=t.n_atoms)
        >>> bool((np.abs(g.mean(axis=0)) < 1e-9).all())  # N is the same everywhere: D minus its mean
        True
    """
    kind("moments", moments, (Moments, MomentRecord), "energy_gradients(moments, descriptors, n_atoms=n_atoms)")
    total = moments if isinstance(moments, MomentRecord) else moments.total()
    D, K, slopes = floats("descriptors", descriptors), total.K, descriptor_offsets(total)
    if D.shape[-1:] != (K,):
        raise ValueError(f"descriptors: expected K = {K} numbers for a configuration, got shape {D.shape}")
    N, S, configurations = floats("n_atoms", n_atoms), len(total.elements), D.shape[:-1]
    if S > 1 and N.shape == (*configurations, S):
        if not (N >= 0).all():
            raise ValueError(f"n_atoms: expected numbers ≥ 0 of atoms of each element, got {N.min():g}")
        return D - N @ slopes
    if np.ptp(slopes, axis=0).any():
        elements = ", ".join(map(symbol, total.elements))
        raise ValueError(
            f"n_atoms: expected numbers of shape {(*configurations, S)}, the atoms of each of {elements}, as the moments are of "
            f"several compositions, got shape {N.shape}; take data.composition"
        )
    if N.shape not in ((), configurations) or not (N > 0).all():
        got = f"shape {N.shape}" if N.shape not in ((), configurations) else f"{N.min():g}"
        raise ValueError(f"n_atoms: expected numbers > 0 of shape {configurations}, one a configuration, got {got}")
    return D - N[..., None] * slopes[0]


def energy_errors(data: Dataset, covariance: ArrayLike, moments: Moments | MomentRecord) -> Array:
    """Standard errors of total energies, √(gᵀ Cov g), from the covariance of θ, or of θ and its offsets.

    With a covariance of θ, the offsets follow θ for fixed energies, and the result is the error of energy differences.
    With a covariance of (θ, e0), e.g. of the replicates of ``jackknife(moments, lambda m: …)``, g = (D, N), and the
    result is the error of the energies themselves, often dominated by the offset. With e_s of each of S elements,
    g = (D, n).

    Args:
        data: M configurations.
        covariance: (K, K) of θ, (K + 1, K + 1) of (θ, e0), or (K + S, K + S) of (θ, e_s).
        moments: of the data that the offsets are fitted to.

    Returns:
        (M,) eV.

    Raises:
        ValueError: a covariance of another shape, or data of other elements.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> energy_errors(data, np.diag([0.0, 0.0, 0.01]), fl.accumulate(data))[:2].round(6).tolist()  # 4 atoms × 0.1 eV
        [0.4, 0.4]
    """
    kind("data", data, Dataset, "energy_errors(data, covariance, moments)")
    kind("moments", moments, (Moments, MomentRecord), "energy_errors(data, covariance, moments)")
    C, K = floats("covariance", covariance), data.K
    elements = (moments if isinstance(moments, MomentRecord) else moments.total()).elements
    S = max(1, len(elements))
    if C.shape not in [(K + offsets, K + offsets) for offsets in (0, 1, S)]:
        more = f", or ({K + S}, {K + S}) of θ and an offset of each element" if S > 1 else ""
        raise ValueError(
            f"covariance: expected ({K}, {K}) of θ, or ({K + 1}, {K + 1}) of θ and the offset{more}, got {C.shape}"
        )
    D = np.concatenate([t.descriptors for t in data.values()])
    n = np.concatenate([t.composition(elements if S > 1 else ()) for t in data.values()])
    if len(C) == K:
        g = energy_gradients(moments, D, n_atoms=n if S > 1 else n[:, 0])
    else:
        g = np.column_stack([D, n if len(C) == K + S else data.n_atoms])
    return np.sqrt(np.maximum(np.einsum("mi,mi->m", g @ C, g), 0.0))
