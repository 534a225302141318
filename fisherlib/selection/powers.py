"""Units as powers of base units: "eV/Å²" is eV to the power of 1 and Å to the power of −2."""

import re
import unicodedata
from collections.abc import Mapping
from fractions import Fraction

#: Base units and their powers, sorted by name, none of them zero. No power at all: a pure number.
Powers = tuple[tuple[str, Fraction], ...]

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_LIFTED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_FACTOR = re.compile(r"\s*([/·*]?)\s*([^\W\d_]+|%|1)(?:\^\(?([-+]?\d+(?:\.\d+|/\d+)?)\)?)?\s*")


def powers(name: str, text: str) -> Powers:
    """The powers behind a unit as it is written; a stroke divides by the one factor that follows it.

    Args:
        name: of the argument, for the error message.
        text: factors with spaces, "·", "*" or "/" between them and powers such as "²", "^-1" or "^0.5"; empty or "1" for a
            pure number.

    Raises:
        ValueError: anything else.

    >>> powers("unit", "eV/Å²") == powers("unit", "eV Å^-2"), powers("unit", "1")
    (True, ())
    """
    if not isinstance(text, str):
        raise ValueError(f"{name}: expected a unit such as 'eV/Å²', got {text!r:.60}")
    plain = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda found: "^" + found[0].translate(_RAISED), text).replace("**", "^")
    plain, at = unicodedata.normalize("NFC", plain).strip(), 0
    sums: dict[str, Fraction] = {}
    while at < len(plain):
        factor = _FACTOR.match(plain, at)
        if factor is None:
            raise ValueError(f"{name}: expected a unit such as 'eV/Å²', got {text!r:.60}")
        stroke, base, power = factor.groups()
        sums[base] = sums.get(base, Fraction(0)) + (-1 if stroke == "/" else 1) * Fraction(power or 1)
        at = factor.end()
    return _sorted(sums)


def product(a: Powers, b: Powers, *, power: int = 1) -> Powers:
    """The unit of a·bᵖ.

    >>> product(powers("a", "eV"), powers("b", "Å"), power=-1)
    (('eV', Fraction(1, 1)), ('Å', Fraction(-1, 1)))
    """
    sums = dict(a)
    for base, exponent in b:
        sums[base] = sums.get(base, Fraction(0)) + power * exponent
    return _sorted(sums)


def raised(a: Powers, power: Fraction) -> Powers:
    """The unit of aᵖ."""
    return tuple((base, exponent * power) for base, exponent in a)


def written(a: Powers) -> str:
    """A unit as text that ``powers`` reads again; empty for a pure number.

    >>> written(powers("unit", "eV/Å^2")), written(powers("unit", "eV^0.5"))
    ('eV·Å⁻²', 'eV^(1/2)')
    """
    parts = [(base, "" if p == 1 else _lifted(p)) for base, p in sorted(a, key=lambda pair: (pair[1] < 0, pair[0]))]
    return "·".join(base + power for base, power in parts)


def _lifted(power: Fraction) -> str:
    return str(power).translate(_LIFTED) if power.denominator == 1 else f"^({power})"


def _sorted(sums: Mapping[str, Fraction]) -> Powers:
    return tuple(sorted((base, power) for base, power in sums.items() if power and base != "1"))
