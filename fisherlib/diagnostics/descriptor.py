"""Whether θ belongs to the descriptor of the data: by its length, and by what the provenance of both says."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array, Dataset
from ..potential import LinearPotential
from .verdict import Verdict

#: Entries of a descriptor's provenance that are no settings of it.
_NO_SETTINGS = ("name", "library", "K")

#: What a reader calls descriptors whose settings the file does not say.
_UNSAID = "from the file"


def parameters_of(theta: ArrayLike | LinearPotential, data: Dataset) -> Array:
    """(K,) parameters, refused where they cannot be those of the data's descriptor.

    Raises:
        ValueError: another number of parameters than descriptors, or some that are not finite.
    """
    values = np.asarray(theta.theta if isinstance(theta, LinearPotential) else theta, dtype=np.float64)
    if values.shape != (data.K,):
        raise ValueError(
            f"theta: expected K = {data.K} parameters as in the data, got shape {values.shape}; both must use the same "
            f"descriptor, and the data have {_words(_descriptor(data))}, θ {_words(_descriptor(theta))}"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"theta: expected K = {data.K} finite parameters, got {values[~np.isfinite(values)][0]}; leave theta out where "
            "none is known"
        )
    return values


def by_provenance(data: Dataset, theta: ArrayLike | LinearPotential) -> list[Verdict]:
    """A warning where θ and data name descriptors of other settings; nothing where one of them does not say."""
    ours, its = _descriptor(data), _descriptor(theta)
    if _UNSAID in (ours.get("name", _UNSAID), its.get("name", _UNSAID)):
        return []
    both = [name for name in ours if name in its and name not in _NO_SETTINGS]
    other = [name for name in both if _value(ours[name]) != _value(its[name])]
    if ours["name"] == its["name"] and not other:
        return []
    message = (
        f"θ was made with another descriptor than the data: with {_words(its)}, the data with {_words(ours)}; its parameters "
        "mean something else here, however many there are; take the same settings for both"
    )
    return [
        Verdict(
            name="descriptor of θ", level="warn", message=message, value=float(max(len(other), 1)), limits=(0.0, 0.0)
        )
    ]


def _descriptor(of: Dataset | LinearPotential | ArrayLike) -> Mapping[str, Any]:
    said = of.provenance.get("descriptor") if isinstance(of, Dataset | LinearPotential) else None
    return said if isinstance(said, Mapping) else {}


def _value(setting: object) -> object:
    return list(setting) if isinstance(setting, tuple) else setting  # as JSON gives it back


def _words(descriptor: Mapping[str, Any]) -> str:
    if not descriptor:
        return "one that is not known"
    settings = ", ".join(f"{name} {value}" for name, value in descriptor.items() if name not in _NO_SETTINGS)
    K = f"K = {descriptor['K']}" if "K" in descriptor else ""
    told = ", ".join(filter(None, (settings, K)))
    return f"{descriptor.get('name', 'one without a name')}{f' ({told})' if told else ''}"
