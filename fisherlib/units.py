"""Physical constants in the units of the package (eV, Å, K), the inverse temperature, and numbers in words."""

import math
import numbers
from collections.abc import Sequence

#: Boltzmann constant, eV/K (exact in the SI of 2019: 1.380649e-23 J/K over 1.602176634e-19 C).
BOLTZMANN = 1.380649e-23 / 1.602176634e-19

#: Hartree energy, eV, and Bohr radius, Å (CODATA 2018).
HARTREE = 27.211386245988
BOHR = 0.529177210903

_KILOJOULE = 1000 / (6.02214076e23 * 1.602176634e-19)  # in a mol, eV
#: eV in other units of energy, and Å in other units of length, that data come in.
ENERGIES = {"Ha": HARTREE, "Ry": HARTREE / 2, "kcal/mol": 4.184 * _KILOJOULE, "kJ/mol": _KILOJOULE}
LENGTHS = {"Bohr": BOHR, "nm": 10.0}

#: 1 eV/Å³ in bar (exact).
BAR = 1602176.634

#: Range of temperatures, K: a number outside it is a slip, and 1/T² may not fit into a float.
COLDEST, HOTTEST = 1e-3, 1e7

#: What to do about trajectories of unknown temperature.
UNKNOWN_TEMPERATURE = (
    "temperature: expected one, got a trajectory that has none of its own; give temperature= in kelvin"
)


def beta(temperature: float) -> float:
    """Inverse temperature β = 1/(k_B T).

    Args:
        temperature: T, K.

    Returns:
        β, 1/eV.

    Raises:
        ValueError: the temperature is not a number between ``COLDEST`` and ``HOTTEST``.

    Example:
        >>> f"{beta(300.0):.4f} 1/eV"
        '38.6817 1/eV'
    """
    number = isinstance(temperature, numbers.Real) and not isinstance(temperature, bool)
    if not (number and math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature: expected a positive number of kelvin, got {temperature!r:.60}")
    if not COLDEST <= temperature <= HOTTEST:
        raise ValueError(f"temperature: expected {COLDEST:g} to {HOTTEST:g} K, got {temperature!r}")
    return 1.0 / (BOLTZMANN * temperature)


def check_temperature(temperature: float | None) -> None:
    """Refuses anything but a temperature, or None where each trajectory's own is taken.

    Args:
        temperature: T, K, or None.

    Raises:
        ValueError: as for ``beta``.

    Example:
        >>> check_temperature(300.0), check_temperature(None)
        (None, None)
    """
    if temperature is not None:
        beta(temperature)


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is 1.

    >>> counted(1, "trajectory"), counted(20, "trajectory"), counted(0, "run")
    ('1 trajectory', '20 trajectories', '0 runs')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("ry") else f"{number} {noun}s"


def kelvins(temperatures: Sequence[float]) -> str:
    """Temperatures in words; only the range if there are many.

    Args:
        temperatures: K, ascending.


    >>> kelvins([300.0]), kelvins([300.0, 900.0]), kelvins([1.0, 2.0, 3.0, 4.0, 5.5])
    ('300 K', '300 and 900 K', '5 temperatures from 1 to 5.5 K')
    """
    each = [f"{T:.10g}" for T in temperatures]
    if len(each) > 4:
        return f"{len(each)} temperatures from {each[0]} to {each[-1]} K"
    return " and ".join(filter(None, (", ".join(each[:-1]), each[-1]))) + " K"
