"""Descriptors by name, as a command or a selector gives them."""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..arguments import kind
from .contract import Descriptor
from .snap import Snap
from .soap import Soap

#: Every descriptor of the package by the name that users type; the first is the default.
KINDS: Mapping[str, type[Descriptor]] = MappingProxyType({"soap": Soap, "snap": Snap})


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
        # No comma of a mapping, as in radii={"In": 3.8, "P": 3.8}, ends a setting.
        pairs = (pair.split("=") for pair in re.split(r",(?![^{]*\})", settings) if settings)
        return made(**{key.strip(): json.loads(value) for key, value in pairs})
    except (ValueError, TypeError) as error:
        names = ", ".join(made().limits)
        raise ValueError(
            f"descriptor: expected soap:cutoff=4.5,n_max=8, say, of {names}, got {text!r} ({error})"
        ) from None


def from_parameters(parameters: Mapping[str, Any]) -> Descriptor:
    """The descriptor that has these parameters, as they stand in the provenance of data and potentials.

    Raises:
        ValueError: they are of no descriptor of the package.

    Example:
        >>> from_parameters(Soap(cutoff=4.5).parameters)
        Soap(cutoff=4.5, n_max=6, l_max=4, width=0.5, smoothing=0.5)
    """
    kind("parameters", parameters, Mapping, "descriptors.from_parameters(data.provenance['descriptor'])")
    for made in KINDS.values():
        if dataclasses.is_dataclass(made) and made().parameters["name"] == parameters.get("name"):
            own = (field.name for field in dataclasses.fields(made))
            return made(**{name: parameters[name] for name in own if name in parameters})
    raise ValueError(
        f"parameters: expected those of one of {', '.join(KINDS)}, got {parameters.get('name', 'none with a name')!r:.40}"
    )
