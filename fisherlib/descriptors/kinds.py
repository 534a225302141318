"""Descriptors by name, as a command or a selector gives them."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..arguments import kind
from .acsf import Acsf
from .chebyshev import Chebyshev
from .contract import Descriptor
from .dscribe_soap import DscribeSoap
from .soap import Soap

#: Every descriptor of the package by the name that users type; the first is the default.
KINDS: Mapping[str, type[Descriptor]] = MappingProxyType(
    {"soap": Soap, "acsf": Acsf, "chebyshev": Chebyshev, "dscribe-soap": DscribeSoap}
)


def from_text(text: str) -> Descriptor:
    """A descriptor in words, as in a command: ``soap``, ``soap:cutoff=4.5,n_max=8`` or ``cutoff=4.5,n_max=8``.

    Raises:
        ValueError: no such descriptor or parameter, or a value outside its limits.

    Example:
        >>> from_text("cutoff=4.5,n_max=8") == from_text("soap:cutoff=4.5,n_max=8")
        True
    """
    kind("descriptor", text, str, "descriptors.from_text('soap:cutoff=4.5,n_max=8')")
    name, settings = text.partition(":")[::2] if ":" in text or "=" not in text else (next(iter(KINDS)), text)
    made: Callable[..., Descriptor] | None = KINDS.get(name.strip().lower())
    if made is None:
        raise ValueError(f"descriptor: expected one of {', '.join(KINDS)}, got {name.strip()!r}")
    try:
        pairs = (pair.split("=") for pair in settings.split(",") if settings)
        return made(**{key.strip(): json.loads(value) for key, value in pairs})
    except (ValueError, TypeError) as error:
        names = ", ".join(made().limits)
        raise ValueError(
            f"descriptor: expected soap:cutoff=4.5,n_max=8, say, of {names}, got {text!r} ({error})"
        ) from None
