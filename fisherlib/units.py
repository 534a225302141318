"""Physical constants in the units of the package (eV, Å, K) and the inverse temperature."""

import math
import numbers

#: Boltzmann constant, eV/K (exact in the SI of 2019: 1.380649e-23 J/K over 1.602176634e-19 C).
BOLTZMANN = 1.380649e-23 / 1.602176634e-19

#: Hartree energy, eV, and Bohr radius, Å (CODATA 2018); used to name a unit mistake.
HARTREE = 27.211386245988
BOHR = 0.529177210903


#: The temperatures that are taken for such, K: beyond them a number is a slip, and 1/T² leaves the range of floats.
COLDEST, HOTTEST = 1e-3, 1e7


def beta(temperature: float) -> float:
    """Inverse temperature β = 1/(k_B T).

    Args:
        temperature: T, K.

    Returns:
        β, 1/eV.

    Raises:
        ValueError: the temperature is not a number between ``COLDEST`` and ``HOTTEST``.
    """
    number = isinstance(temperature, numbers.Real) and not isinstance(temperature, bool)
    if not (number and math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature: expected a positive number of kelvin, got {temperature!r}")
    if not COLDEST <= temperature <= HOTTEST:
        raise ValueError(f"temperature: expected {COLDEST:g} to {HOTTEST:g} K, got {temperature!r}")
    return 1.0 / (BOLTZMANN * temperature)
