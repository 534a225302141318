"""What each atom, and each group of descriptors, adds to the energy of one configuration."""

from collections.abc import Sequence
from types import NoneType

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, whole, words
from ..dataset import Array, Dataset
from ..potential import LinearPotential

#: The name of the sum over all groups.
ALL = "all"


def contributions(
    model: LinearPotential,
    data: Dataset,
    *,
    key: str,
    at: int = 0,
    groups: Sequence[str] | None = None,
    covariance: ArrayLike | None = None,
) -> dict[str, tuple[Array, Array]]:
    """Contributions of atoms to an energy, u_i = Σ_k θ_k (D_ik − D̄_k), where D̄ is the mean over atoms of the same element.

    They are exact: Σ_i u_i is U less the mean energies of its atoms, and the groups add up to all. Only the sum over atoms can be
    observed: another θ with nearly the same energies may share them out among the atoms in another way.

    Args:
        model: linear in the descriptors.
        data: over whose atoms D̄ is the mean.
        key: of the trajectory.
        at: number of the configuration in it.
        groups: K names, the group that each descriptor belongs to; none by default.
        covariance: (K, K) of θ, from ``uncertainty.sandwich`` say; D̄ is taken as known.

    Returns:
        "all" and each group → (N,) contributions and (N,) standard errors, eV; errors are NaN without a covariance.

    Raises:
        TypeError: anything but a linear potential and a dataset.
        ValueError: an unknown trajectory or configuration, no site descriptors, or groups or a covariance of another size.

    Example:
        >>> import fisherlib as fl
        >>> arrays = {"energies": [1.5, 2.5], "forces": np.zeros(12), "force_descriptors": np.zeros((12, 1))}
        >>> D = {"descriptors": [[3.0], [5.0]], "site_descriptors": [[1.0], [2.0], [1.0], [4.0]]}
        >>> t = fl.Trajectory(key="a", n_atoms=[2, 2], **D, **arrays)
        >>> u, errors = contributions(LinearPotential(theta=[0.5]), fl.Dataset([t]), key="a", covariance=[[0.01]])["all"]
        >>> u.tolist(), errors.round(3).tolist()  # D̄ = 2
        ([-0.5, 0.0], [0.1, 0.0])
    """
    way = "contributions(model, data, key=key)"
    kind("model", model, LinearPotential, way)
    kind("data", data, Dataset, way)
    kind("groups", groups, (Sequence, NoneType), way)
    if groups is not None and ALL in groups:
        raise ValueError(
            f"groups: expected names other than {ALL!r}, which is that of their sum, got it; rename that group"
        )
    model.check_of(data)
    x = _off_mean(data, key, at)
    named = np.array([ALL] * model.K if groups is None else words("groups", groups))
    C = np.full((model.K, model.K), np.nan) if covariance is None else floats("covariance", covariance)
    if named.shape != (model.K,):
        raise ValueError(f"groups: expected K = {model.K} names, one for each descriptor, got {named.size}")
    if C.shape != (model.K, model.K):
        raise ValueError(f"covariance: expected shape {(model.K, model.K)}, that of θ, got {C.shape}")
    found = {}
    for name in dict.fromkeys([ALL, *named.tolist()]):
        own = (named == name) | (name == ALL)
        part = x[:, own]
        squares = np.einsum("ij,ij->i", part @ C[np.ix_(own, own)], part)
        found[name] = part @ model.theta[own], np.sqrt(np.maximum(squares, 0.0))
    return found


def _off_mean(data: Dataset, key: str, at: int) -> Array:
    """(N, K) site descriptors of a configuration, less the mean of each element over the data."""
    if key not in data:
        raise ValueError(f"key: expected one of {', '.join(map(repr, list(data)[:5]))} …, got {key!r}")
    t = data[key]
    whole("at", at, 0, "configurations")
    if at >= len(t.n_atoms):
        raise ValueError(f"at: expected a configuration from 0 to {len(t.n_atoms) - 1}, got {at}")
    sites = {each.key: each.site_descriptors for each in data.values() if each.site_descriptors is not None}
    if missing := [each for each in data if each not in sites]:
        raise ValueError(f"data: expected site_descriptors, got none in {missing[0]!r}; its file holds sums only")
    end = int(t.n_atoms[: at + 1].sum())
    rows, species = slice(end - int(t.n_atoms[at]), end), _species(data)
    x = np.array(sites[key][rows], dtype=np.float64)
    for element in np.unique(species[key][rows]):
        own = np.concatenate([sites[each][species[each] == element] for each in sites])
        x[species[key][rows] == element] -= own.mean(axis=0, dtype=np.float64)
    return x


def _species(data: Dataset) -> dict[str, Array]:
    """Elements of all atoms of each trajectory; one for all where they are not known."""
    known = all(t.species is not None for t in data.values())
    return {t.key: np.asarray(t.species) if known else np.zeros(int(t.n_atoms.sum()), int) for t in data.values()}
