"""Featurisers: ``ase.Atoms`` in, descriptors of every atom and force descriptors Φ out."""

import json

from ..arguments import kind
from .contract import Descriptor as Descriptor
from .contract import Limit as Limit
from .contract import StrainDescriptor as StrainDescriptor
from .contract import in_words as in_words
from .contract import size_parameters as size_parameters
from .repulsion import Contribution as Contribution
from .repulsion import Reference as Reference
from .repulsion import Zbl as Zbl
from .repulsion import contribution as contribution
from .repulsion import reference_of as reference_of
from .repulsion import without_reference as without_reference
from .sizes import Default as Default
from .sizes import default_for as default_for
from .sizes import or_default as or_default
from .sizes import with_settings as with_settings
from .soap import Soap as Soap


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
