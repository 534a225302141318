"""Descriptors by name, as a command or a selector gives them."""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..arguments import kind
from .acsf import Acsf
from .chebyshev import Chebyshev
from .contract import Descriptor, Limit
from .dscribe_soap import DscribeSoap
from .gmp import Gmp
from .joined import Joined
from .snap import Snap
from .soap import Soap

#: Every descriptor of the package by the name that users type; the first is the default.
KINDS: Mapping[str, type[Descriptor]] = MappingProxyType(
    {"soap": Soap, "gmp": Gmp, "acsf": Acsf, "chebyshev": Chebyshev, "snap": Snap, "dscribe-soap": DscribeSoap}
)

#: Between settings: before the name of the next one, and not inside of the brackets of one.
_COMMA = re.compile(r",(?=\s*\w+\s*=|\s*$)")


def from_text(text: str) -> Descriptor:
    """A descriptor in words, as in a command: ``soap``, ``soap:cutoff=4.5,n_max=8`` or ``cutoff=4.5,n_max=8``.

    Raises:
        ValueError: no such descriptor or parameter, or a value outside its limits.
        ImportError: a library that it needs is not installed.

    Example:
        >>> from_text("cutoff=4.5,n_max=8") == from_text("soap:cutoff=4.5,n_max=8")
        True
    """
    kind("descriptor", text, str, "descriptors.from_text('soap:cutoff=4.5,n_max=8')")
    name, settings = text.partition(":")[::2] if ":" in text or "=" not in text else (next(iter(KINDS)), text)
    name, pairs = name.strip().lower(), [pair.split("=") for pair in _COMMA.split(settings) if pair.strip()]
    made: Callable[..., Descriptor] | None = KINDS.get(name)
    if made is None:
        raise ValueError(f"descriptor: expected one of {', '.join(KINDS)}, got {name!r}")
    try:
        known = {parameter.lower(): parameter for parameter in _parameters(KINDS[name])}
        return made(**{known.get(key.strip().lower(), key.strip()): _value(value) for key, value in pairs})
    except (ValueError, TypeError) as error:
        names = ", ".join(_parameters(KINDS[name]))
        raise ValueError(
            f"descriptor: expected {name}:{_example(name)}, say, of {names}, got {text!r} ({error})"
        ) from None


def with_settings(descriptor: Descriptor | str | None = None, **settings: float | None) -> Descriptor | None:
    """A descriptor with those settings that are no None; None where all are, which leaves the choice to the reader.

    Args:
        descriptor: or what ``from_text`` makes one of; the default one without it.
        settings: of its parameters, in place of what it has.

    Raises:
        ValueError: a value outside its limits, or no such setting.

    Example:
        >>> with_settings(cutoff=4.0, n_max=None).cutoff, with_settings(cutoff=None), with_settings("soap:n_max=3", l_max=2)
        (4.0, None, Soap(cutoff=5.0, n_max=3, l_max=2, width=0.5, smoothing=0.5))
    """
    before: Any = from_text(descriptor) if isinstance(descriptor, str) else descriptor
    given: dict[str, Any] = {name: value for name, value in settings.items() if value is not None}
    of: Any = next(iter(KINDS.values())) if before is None else type(before)
    limits: Mapping[str, Limit] = of.limits
    for name, value in given.items():
        if name not in limits:
            raise ValueError(f"{name}: expected a setting of {of.__name__}, {', '.join(limits)}, got {value!r}")
        limits[name].refuse(name, value)
        given[name] = int(value) if limits[name].whole else float(value)  # 5 and 5.0 are the same setting
    if before is not None:
        return dataclasses.replace(before, **given)
    return of(**given) if given else None


def _parameters(of: Any) -> list[str]:
    """Names of all parameters, those first that have limits."""
    return list(dict.fromkeys([*of.limits, *(field.name for field in dataclasses.fields(of))]))


def _example(name: str) -> str:
    if name == next(iter(KINDS)):
        return "cutoff=4.5,n_max=8"
    of: Any = KINDS[name]
    first = next(iter(of.limits))
    return f"{first}={getattr(of, first):g}"


def _value(text: str) -> Any:
    """A number, a list, a mapping, true or false; anything else is a word."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def from_parameters(parameters: Mapping[str, Any]) -> Descriptor:
    """The descriptor that has these parameters, as they stand in the provenance of data and potentials.

    Raises:
        ValueError: they are of no descriptor of the package.

    Example:
        >>> from_parameters(Soap(cutoff=4.5).parameters)
        Soap(cutoff=4.5, n_max=6, l_max=4, width=0.5, smoothing=0.5)
    """
    kind("parameters", parameters, Mapping, "descriptors.from_parameters(data.provenance['descriptor'])")
    if isinstance(parts := parameters.get("parts"), Mapping):
        return Joined({label: from_parameters(part) for label, part in parts.items()})
    for made in KINDS.values():
        if dataclasses.is_dataclass(made) and made().parameters["name"] == parameters.get("name"):
            own = (field.name for field in dataclasses.fields(made))
            return made(**{name: parameters[name] for name in own if name in parameters})
    raise ValueError(
        f"parameters: expected those of one of {', '.join(KINDS)}, got {parameters.get('name', 'none with a name')!r:.40}"
    )
