"""Valence densities of free atoms as sums of Gaussians."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from ase.units import Bohr
from scipy.optimize import nnls

from ..dataset import Array

#: Effective quantum numbers n* of n = 1, 2, … (Slater 1930; 7 continues the row).
EFFECTIVE = (1.0, 2.0, 3.0, 3.7, 4.0, 4.2, 4.3)
#: Subshells in the order in which they are filled (Madelung), as (n, l).
ORDER = sorted(((n, k) for n in range(1, 8) for k in range(min(n, 4))), key=lambda s: (s[0] + s[1], s[0]))
#: Electrons that stand in d and not in s, against that order.
MOVED = {24: 1, 29: 1, 41: 1, 42: 1, 44: 1, 45: 1, 46: 2, 47: 1, 78: 1, 79: 1}
#: Widths of the Gaussians that are offered to the fit, Å, and the radii at which it is made.
WIDTHS, RADII = 0.1 * 1.5 ** np.arange(9), np.linspace(0.005, 8.0, 1600)
#: The part of the electrons below which a Gaussian is left out.
LEAST = 0.01


class Density(NamedTuple):
    """ρ(r) = Σ_g B_g exp(−β_g r²), electrons/Å³.

    Attributes:
        amplitudes: B, electrons/Å³.
        exponents: β, 1/Å².
    """

    amplitudes: tuple[float, ...]
    exponents: tuple[float, ...]


Densities = tuple[tuple[str, Density], ...]


@cache
def slater(number: int) -> Density:
    """The valence density of an atom by Slater's rules, fitted by Gaussians of positive amplitude.

    Every subshell has the density of R(r) ∝ r^(n*−1) exp(−ζr/a₀), with ζ = (Z − s)/n*, where s is what the other electrons
    screen. The valence electrons are those outside the core of a noble gas; filled f and d shells belong to the core
    from the d and p block on. A combination of a few Gaussians is found by nonnegative least squares of 4πr²ρ. It has
    as many electrons as the atom, and is rounded to six digits, so that it is the same on every machine.

    It gives the size of an atom roughly, and what distinguishes elements, and is no substitute for a calculated density
    where that matters.

    Args:
        number: Z.

    References:
        Slater, Phys. Rev. 36, 57 (1930), eqs. 1–2 and the rules for s; nonnegative least squares: Lawson and Hanson,
        Solving Least Squares Problems (1974), chapter 23.

    Example:
        >>> copper = slater(29)
        >>> charge = sum(B * (np.pi / b) ** 1.5 for B, b in zip(*copper))
        >>> len(copper.exponents), round(charge, 3)
        (4, 11.0)
    """
    shells, shape = _electrons(number), 4 * np.pi * RADII**2
    valence = _valence(shells)
    target = sum(electrons * _orbital(number, shells, shell) for shell, electrons in valence.items())
    exponents = 1 / (2 * WIDTHS**2)
    unit = shape[:, None] * (exponents / np.pi) ** 1.5 * np.exp(-exponents * RADII[:, None] ** 2)
    charges = nnls(unit, target)[0]
    charges[charges < LEAST * charges.sum()] = 0.0
    charges *= sum(valence.values()) / charges.sum()
    kept = np.flatnonzero(charges)
    B = charges * (exponents / np.pi) ** 1.5
    return Density(tuple(float(f"{B[g]:.6g}") for g in kept), tuple(float(f"{exponents[g]:.6g}") for g in kept))


def _electrons(number: int) -> dict[tuple[int, int], int]:
    """Electrons of every subshell (n, l)."""
    shells, left = dict[tuple[int, int], int](), number
    for n, k in ORDER:
        if left:
            shells[n, k] = min(left, 4 * k + 2)
            left -= shells[n, k]
    if moved := MOVED.get(number):
        n = max(n for n, _ in shells)
        shells[n - 1, 2], shells[n, 0] = shells[n - 1, 2] + moved, shells[n, 0] - moved
    return shells


def _valence(shells: Mapping[tuple[int, int], int]) -> dict[tuple[int, int], int]:
    """Those outside the core."""
    n = max(n for n, _ in shells)
    outer = {shell: shells[shell] for shell in ((n - 2, 3), (n - 1, 2), (n, 0), (n, 1)) if shells.get(shell)}
    if (n, 1) in outer:
        outer.pop((n - 1, 2), None)
    if outer.keys() & {(n - 1, 2), (n, 1)} and outer.get((n - 2, 3)) == 14:
        outer.pop((n - 2, 3))
    return outer


def _orbital(number: int, shells: Mapping[tuple[int, int], int], shell: tuple[int, int]) -> Array:
    """4πr²ρ of one electron of a subshell, 1/Å."""
    n, k = shell
    screened = -0.30 if n == 1 else -0.35  # the electron itself
    for (other, kind), electrons in shells.items():
        if other == n and (kind == k or max(kind, k) <= 1):
            screened += electrons * (0.30 if n == 1 else 0.35)
        elif other < n and (k > 1 or other < n - 1) or (other == n and kind < k):
            screened += electrons
        elif other == n - 1 and k <= 1:
            screened += electrons * 0.85
    decay = (number - screened) / EFFECTIVE[n - 1] / Bohr
    density = RADII ** (2 * EFFECTIVE[n - 1]) * np.exp(-2 * decay * RADII)
    return density / np.trapezoid(density, RADII)


def given(densities: Any) -> Densities:
    """Densities as a user gives them, in a form that can be hashed and compared.

    Raises:
        ValueError: not {"Cu": (B, β), …} with as many finite amplitudes as positive exponents.

    Example:
        >>> given({"H": ([0.3], [1.2])})
        (('H', Density(amplitudes=(0.3,), exponents=(1.2,))),)
    """
    wanted = 'densities: expected {"Cu": (B, β), …} with as many amplitudes B, electrons/Å³, as exponents β > 0, 1/Å²'
    try:
        made = dict(densities)
        unknown = [symbol for symbol in made if symbol not in atomic_numbers or symbol == "X"]
        read = {
            symbol: Density(*(tuple(map(float, np.atleast_1d(part))) for part in parts))
            for symbol, parts in made.items()
        }
    except (TypeError, ValueError) as error:
        raise ValueError(f"{wanted}, got {densities!r:.100} ({error})") from None
    if unknown or not read:
        raise ValueError(f"{wanted}, got {unknown or densities!r:.100} for elements")
    for symbol, (B, exponents) in read.items():
        fits = len(B) == len(exponents) > 0 and np.isfinite([*B, *exponents]).all() and min(exponents) > 0 and any(B)
        if not fits:
            raise ValueError(
                f"{wanted}, got {densities[symbol] if isinstance(densities, Mapping) else (B, exponents)!r:.100}"
            )
    return tuple(sorted(read.items()))


def density_of(number: int, densities: Densities | None) -> Density:
    """The density of an element: the one that was given, or by Slater's rules where none was.

    Raises:
        ValueError: densities were given, and none for this element; two kinds would not go together.
    """
    if densities is None:
        return slater(number)
    known, symbol = dict(densities), chemical_symbols[number]
    if symbol not in known:
        raise ValueError(
            f"densities: expected one for {symbol} too, got those of {', '.join(known)}; add it, or leave densities away "
            "to have all of them by Slater's rules"
        )
    return known[symbol]
