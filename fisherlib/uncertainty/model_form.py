"""Model-form error of θ: how far θ must move to fit single force components exactly."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, whole
from ..dataset import Array, Dataset, frozen
from ..losses import fisher
from ..losses import stress as stress_loss
from ..moments import Moments
from ..regression.ridge import parameters
from ..solvers import Solution
from .belonging import of_data
from .directions import directions


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ModelForm:
    """A box of parameters around θ that contains the best parameters for single force components.

    It measures the error that no θ can remove, because the model does not contain the true potential. Unlike a sampling
    error (sandwich, jackknife) it does not shrink with more data. Noise in the forces makes the box too wide.

    Attributes:
        theta: (K,) of the fit.
        directions: (J, K) edges of the box, orthogonal in the metric of the loss.
        low, high: (J,) coordinates of its faces along ``directions``, from θ.

    Example:
        >>> box = ModelForm(theta=[1.0, 0.0], directions=[[1.0, 0.0]], low=[-0.5], high=[0.25])
        >>> low, high = box.bounds([2.0, 0.0])
        >>> float(low), float(high)
        (1.0, 2.5)
    """

    theta: Array
    directions: Array
    low: Array
    high: Array

    def __post_init__(self) -> None:
        for name in ("theta", "directions", "low", "high"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def bounds(self, g: ArrayLike) -> tuple[Array, Array]:
        """Least and greatest value of a linear output g·θ over the box.

        They are reached at two of the 2ᴶ corners. Most of the volume lies much closer: see ``sample`` and ``covariance``.

        Args:
            g: (..., K), e.g. rows of Φ for forces, or ``energy_gradients`` for energies.

        Returns:
            Lower and upper bound, (...) each.

        Raises:
            ValueError: not K numbers.
        """
        G = floats("g", g)
        if G.shape[-1:] != self.theta.shape:
            raise ValueError(f"g: expected K = {len(self.theta)} numbers for an output, got shape {G.shape}")
        slopes, value = G @ self.directions.T, G @ self.theta
        a, b = slopes * self.low, slopes * self.high
        return value + np.minimum(a, b).sum(axis=-1), value + np.maximum(a, b).sum(axis=-1)

    def sample(self, size: int, *, seed: int = 0) -> Array:
        """(size, K) parameters drawn uniformly from the box."""
        whole("size", size, 1, "draws")
        u = np.random.default_rng(seed).uniform(self.low, self.high, size=(size, len(self.low)))
        return self.theta + u @ self.directions

    @property
    def covariance(self) -> Array:
        """(K, K) of parameters drawn uniformly from the box."""
        scaled = self.directions * ((self.high - self.low) / np.sqrt(12))[:, None]
        return scaled.T @ scaled


def model_form(
    data: Dataset,
    moments: Moments,
    fit: Solution,
    *,
    rows: int = 20000,
    seed: int = 0,
    leverage: float = 50.0,
    clip: float = 0.0,
    temperature: float | None = None,
    stress: float = 0.0,
) -> ModelForm:
    """Model-form error from pointwise optimal parameter sets (POPS), as a box in θ.

    Of all θ that give the force component F_i = x_iᵀθ exactly, the one of least loss is θ_i = θ + δ_i with
    δ_i = A⁻¹x_i r_i/h_i, the residual r_i = F_i − x_iᵀθ and the leverage h_i = x_iᵀA⁻¹x_i. The edges of the box lie along
    the eigenvectors of Σ δ_i δ_iᵀ, in coordinates where A = 1, so that units of descriptors do not matter. The box
    contains the δ_i. Components of low leverage are left out: only absurd θ would fit them.

    Args:
        data: used for the fit.
        moments: of the same data.
        fit: ``solve(fisher(moments, temperature))``, or with the term of the stress.
        rows: number of force components; if there are more, they are chosen at random.
        seed: of that choice.
        leverage: percentile of the leverage below which components are left out, %.
        clip: percentile of the δ_i left out at each face, %; 0 keeps them all.
        temperature: K; the trajectories' own by default.
        stress: the weight used in the fit. With it the components of the virials count among those that are fitted exactly, and
            θ does not move freely along what stresses determine.

    Returns:
        The box, with as many edges as the δ_i span.

    Raises:
        ValueError: a percentile out of range, rows that are not a whole number, moments of other data, a fit of other
            parameters, or one without any residual.

    Source: Swinburne and Perez, Mach. Learn.: Sci. Technol. 6, 015008 (2025), doi 10.1088/2632-2153/ad9fce.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.double_well(0.1, tilt=0.02)  # the model lacks the tilt
        >>> moments = fl.accumulate(data)
        >>> box = model_form(data, moments, fl.solve(fl.fisher(moments)))
        >>> bool((box.low < box.high).all())
        True
    """
    if not 0 <= leverage < 100:
        raise ValueError(f"leverage: expected a percentile from 0 to below 100, got {leverage!r}")
    if not 0 <= clip < 50:
        raise ValueError(f"clip: expected a percentile from 0 to below 50, got {clip!r}")
    whole("rows", rows, 1, "force components")
    of_data(moments, data, temperature)
    kind("fit", fit, Solution, "model_form(data, moments, solve(fisher(moments)))")
    theta = parameters("fit.theta", fit.theta, data.K)
    fit.check_of(moments)
    loss = fisher(moments, temperature)
    W = directions(loss + stress * stress_loss(moments) if stress else loss, rank=fit.rank)
    x, F = _chosen(data, rows, seed)
    if stress:
        x, F = _with_virials(data, x, F)
    u = pointwise(x @ W, F - x @ theta, leverage=leverage)
    if not u.any():
        raise ValueError("fit: expected forces that the model cannot fit exactly, got residuals that are all zero")
    values, vectors = np.linalg.eigh(u.T @ u)
    spanned = vectors[:, values > len(values) * np.finfo(float).eps * values[-1]]
    low, high = np.percentile(u @ spanned, [clip, 100 - clip], axis=0)
    return ModelForm(theta=theta, directions=(W @ spanned).T, low=low, high=high)


def pointwise(z: Array, residuals: Array, *, leverage: float = 0.0) -> Array:
    """Smallest changes u_i = z_i r_i/|z_i|² that fit single rows exactly, z_iᵀu_i = r_i, in coordinates where A = 1.

    Args:
        z: (n, J) rows of Φ along the directions W of the loss, z = ΦW; their leverage is |z_i|².
        residuals: (n,) r.
        leverage: percentile of the leverage below which rows are left out, %.

    Returns:
        (n', J) changes in the coordinates of W: θ_i = θ + W u_i.
    """
    h = (z**2).sum(axis=1)
    kept = (h >= np.percentile(h, leverage)) & (h > np.finfo(float).eps * h.max())
    return z[kept] * (residuals[kept] / h[kept])[:, None]


def _chosen(data: Dataset, rows: int, seed: int) -> tuple[Array, Array]:
    """Rows of Φ and their forces: all of them, or a random choice."""
    ends = np.cumsum([len(t.forces) for t in data.values()])
    rng, total = np.random.default_rng(seed), int(ends[-1])
    picked = np.arange(total) if total <= rows else np.sort(rng.choice(total, rows, replace=False))
    parts = np.split(picked, np.searchsorted(picked, ends[:-1]))
    starts = ends - [len(t.forces) for t in data.values()]
    chosen = [(t, part - start) for t, part, start in zip(data.values(), parts, starts, strict=True)]
    x = np.concatenate([t.force_descriptors[part] for t, part in chosen]).astype(np.float64, copy=False)
    return x, np.concatenate([t.forces[part] for t, part in chosen])


def _with_virials(data: Dataset, x: Array, F: Array) -> tuple[Array, Array]:
    """The rows, and those of all virials that are known."""
    strained = [t for t in data.values() if len(t.strained)]
    Psi = [t.strain_descriptors[t.strained].reshape(-1, t.K) for t in strained if t.strain_descriptors is not None]
    W = [t.virials[t.strained].ravel() for t in strained if t.virials is not None]
    return np.concatenate([x, *Psi]), np.concatenate([F, *W])
