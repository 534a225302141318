"""Featurisers: ``ase.Atoms`` in, descriptors of every atom and force descriptors Φ out."""

import json

from ..arguments import kind
from .contract import Descriptor as Descriptor
from .contract import Limit as Limit
from .contract import StrainDescriptor as StrainDescriptor
from .contract import in_words as in_words
from .contract import size_parameters as size_parameters
from .soap import Soap as Soap

#: The descriptor of files that have none, where nobody chooses another one.
Default = Soap


def or_default(descriptor: Descriptor | None) -> Descriptor:
    """The descriptor that is given, or else the default one.

    Raises:
        TypeError: an object that is no descriptor, or the class of one.
    """
    if descriptor is None:
        return Default()
    if isinstance(descriptor, type) or not isinstance(descriptor, Descriptor):
        got = f"the class {descriptor.__name__}" if isinstance(descriptor, type) else type(descriptor).__name__
        raise TypeError(
            f"descriptor: expected a descriptor, got {got}; write descriptor=descriptors.{Default.__name__}(cutoff=5.0)"
        )
    return descriptor


def from_text(text: str) -> Descriptor:
    """The default descriptor with other parameters, as in a command: ``from_text("cutoff=4.5,n_max=8")``.

    Raises:
        ValueError: no such parameter, or a value outside its limits.
    """
    kind("descriptor", text, str, "descriptors.from_text('cutoff=4.5,n_max=8')")
    try:
        return Default(**{name: json.loads(value) for name, value in (pair.split("=") for pair in text.split(","))})
    except (ValueError, TypeError) as error:
        names = ", ".join(Default.limits)
        raise ValueError(f"descriptor: expected cutoff=4.5,n_max=8, say, of {names}, got {text!r} ({error})") from None
