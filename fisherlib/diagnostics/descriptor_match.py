"""The match between θ and the descriptor of the data: length, names and settings."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats
from ..dataset import Array, Dataset
from ..potential import LinearPotential, descriptor_words, other_settings, settings_of
from .verdict import Verdict


def parameters_of(theta: ArrayLike | LinearPotential, data: Dataset) -> Array:
    """(K,) parameters of θ, after checking that they can belong to the descriptor of the data.

    Raises:
        ValueError: not K parameters, other descriptor names, or parameters that are not finite.
    """
    values = floats("theta", theta.theta if isinstance(theta, LinearPotential) else theta)
    if values.shape != (data.K,):
        raise ValueError(
            f"theta: expected K = {data.K} parameters as in the data, got shape {values.shape}; both must use the same "
            f"descriptor, and the data have {descriptor_words(settings_of(data))}, θ {descriptor_words(settings_of(theta))}"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"theta: expected K = {data.K} finite parameters, got {values[~np.isfinite(values)][0]}; leave theta out where "
            "none is known"
        )
    if isinstance(theta, LinearPotential):
        theta.check_names(data)
    return values


def are_computed(data: Dataset) -> bool:
    """Whether the descriptors were computed when the data were read, so that their sign and axes are right."""
    taken = data.provenance.get("columns")
    return bool(settings_of(data).get("library")) and taken is not None and "force_descriptors" not in taken


def by_provenance(data: Dataset, theta: ArrayLike | LinearPotential) -> list[Verdict]:
    """A warning if θ and the data name different descriptor settings; an empty list if one of them names none."""
    ours, its = settings_of(data), settings_of(theta)
    other = other_settings(ours, its)
    if not other:
        return []
    message = (
        f"θ was made with another descriptor than the data: with {descriptor_words(its)}, the data with "
        f"{descriptor_words(ours)}; its parameters mean something else here, however many there are; take the same settings for both"
    )
    return [Verdict(name="descriptor of θ", level="warn", message=message, value=float(len(other)), limits=(0.0, 0.0))]
