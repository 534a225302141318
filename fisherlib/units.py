"""Physical constants in the units of the package (eV, Å, K) and the inverse temperature."""

import math
import numbers

#: Boltzmann constant, eV/K (exact in the SI of 2019: 1.380649e-23 J/K over 1.602176634e-19 C).
BOLTZMANN = 1.380649e-23 / 1.602176634e-19

#: Hartree energy, eV, and Bohr radius, Å (CODATA 2018); used to name a unit mistake.
HARTREE = 27.211386245988
BOHR = 0.529177210903


def beta(temperature: float) -> float:
    """Inverse temperature β = 1/(k_B T).

    Args:
        temperature: T, K.

    Returns:
        β, 1/eV.

    Raises:
        ValueError: the temperature is not a positive finite number.
    """
    number = isinstance(temperature, numbers.Real) and not isinstance(temperature, bool)
    if not (number and math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature: expected a positive number of kelvin, got {temperature!r}")
    return 1.0 / (BOLTZMANN * temperature)
