"""Whether θ belongs to the descriptor of the data: by its length, and by what the provenance of both says."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats
from ..dataset import Array, Dataset
from ..potential import LinearPotential, described, descriptor_words, other_settings
from .verdict import Verdict


def parameters_of(theta: ArrayLike | LinearPotential, data: Dataset) -> Array:
    """(K,) parameters, refused where they cannot be those of the data's descriptor.

    Raises:
        ValueError: another number of parameters than descriptors, other names of them, or parameters that are not finite.
    """
    values = floats("theta", theta.theta if isinstance(theta, LinearPotential) else theta)
    if values.shape != (data.K,):
        raise ValueError(
            f"theta: expected K = {data.K} parameters as in the data, got shape {values.shape}; both must use the same "
            f"descriptor, and the data have {descriptor_words(described(data))}, θ {descriptor_words(described(theta))}"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"theta: expected K = {data.K} finite parameters, got {values[~np.isfinite(values)][0]}; leave theta out where "
            "none is known"
        )
    if isinstance(theta, LinearPotential):
        theta.check_names(data)
    return values


def by_provenance(data: Dataset, theta: ArrayLike | LinearPotential) -> list[Verdict]:
    """A warning where θ and data name descriptors of other settings; nothing where one of them does not say."""
    ours, its = described(data), described(theta)
    other = other_settings(ours, its)
    if not other:
        return []
    message = (
        f"θ was made with another descriptor than the data: with {descriptor_words(its)}, the data with "
        f"{descriptor_words(ours)}; its parameters mean something else here, however many there are; take the same settings for both"
    )
    return [Verdict(name="descriptor of θ", level="warn", message=message, value=float(len(other)), limits=(0.0, 0.0))]
