"""Cubic crystals: energy against volume, lattice constant, bulk modulus and elastic constants, from energies alone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from ase import Atoms
from ase.eos import EquationOfState

from ..arguments import floats, kind, number, whole
from ..dataset import Array
from ..units import BAR

#: 1 eV/Å³ in GPa.
GPA = BAR / 1e4
#: Lattices whose axes are equal, as ASE calls them.
CUBIC = ("CUB", "FCC", "BCC")
#: eV/Å; a larger force in a strained crystal means that its atoms move within the cell.
STILL = 1e-4


def energy_curve(calculator: Any, crystal: Atoms, *, strain: float = 0.02, points: int = 9) -> dict[float, float]:
    """Energy against volume.

    Args:
        calculator: of ASE.
        crystal: a cell near its equilibrium.
        strain: of the lengths, on either side.
        points: number of volumes.

    Returns:
        Volume, Å³/atom → energy, eV/atom, with ``points`` entries.

    Raises:
        TypeError: no calculator, or no crystal.
        ValueError: no cubic crystal along x, y and z, or a strain that is none.

    Example:
        >>> from ase.build import bulk
        >>> from ase.calculators.emt import EMT
        >>> [round(volume, 2) for volume in energy_curve(EMT(), bulk("Cu", a=3.6), points=5)]
        [10.98, 11.32, 11.66, 12.02, 12.38]
    """
    _refuse(calculator, crystal, strain, points)
    cells = [_strained(crystal, s * np.eye(3)) for s in np.linspace(-strain, strain, points)]
    energies = [_energy(calculator, atoms) for atoms in cells]
    return {
        float(a.get_volume()) / len(crystal): energy / len(crystal) for a, energy in zip(cells, energies, strict=True)
    }


def cubic(
    calculator: Any, crystal: Atoms, *, strain: float = 0.02, points: int = 9, shear: float = 0.01
) -> dict[str, float]:
    """Lattice constant, bulk modulus and elastic constants of a cubic crystal whose atoms all sit on inversion centres.

    A polynomial in V^(−1/3) through E(V) (ASE's "sj") gives a and B. At every volume of this curve C' = (C11 − C12)/2 and C44
    come from the energies of an orthorhombic and of a shear strain, ΔE = 2VC'ε² and ΔE = ½VC44γ²; a parabola takes both to the
    volume of zero pressure. C11 = B + 4C'/3 and C12 = B − 2C'/3. All cells are fixed in advance, so that θ enters only by energies.

    Args:
        calculator: of ASE.
        crystal: a cell of one or more atoms, near its equilibrium.
        strain: of the lengths, on either side; the equilibrium must lie within.
        points: number of volumes.
        shear: ε and γ.

    Returns:
        By name and unit: "lattice constant, Å" (of the cell given), "bulk modulus, GPa", "C11, GPa", "C12, GPa", "C44, GPa".

    Raises:
        TypeError: no calculator, or no crystal.
        ValueError: no cubic crystal along x, y and z, no minimum of E(V) among the volumes, or atoms that strain moves
            within the cell; a shear that is none.

    Source: Mehl, Phys. Rev. B 47, 2493 (1993), for the strains; Alchagirov et al., Phys. Rev. B 63, 224115 (2001), for E(V).

    Example:
        >>> from ase.build import bulk
        >>> from ase.calculators.emt import EMT
        >>> {name: round(value, 2) for name, value in cubic(EMT(), bulk("Cu", a=3.6)).items()}
        {'lattice constant, Å': 3.59, 'bulk modulus, GPa': 134.42, 'C11, GPa': 172.52, 'C12, GPa': 115.37, 'C44, GPa': 89.94}
    """
    if not 0 < abs(number("shear", shear)) < 0.1:
        raise ValueError(f"shear: expected a number between 0 and 0.1, got {shear!r}; 1 % is 0.01")
    curve = energy_curve(calculator, crystal, strain=strain, points=points)
    _refuse_lower(calculator, crystal, shear)
    V, E = (np.array(list(part)) for part in (curve, curve.values()))
    v0, _, B = _minimum(V, E)
    C = np.array([_shears(calculator, one, shear) for one in _scaled(crystal, strain, points)])
    tetragonal, C44 = (np.polynomial.Polynomial.fit(V, row, 2)(v0) * GPA for row in C.T)
    a, B = _lattice(crystal) * (v0 * len(crystal) / crystal.get_volume()) ** (1 / 3), B * GPA
    found = {"lattice constant, Å": a, "bulk modulus, GPa": B}
    found |= {"C11, GPa": B + 4 / 3 * tetragonal, "C12, GPa": B - 2 / 3 * tetragonal, "C44, GPa": C44}
    return {name: float(value) for name, value in found.items()}


def _minimum(V: Array, E: Array) -> tuple[float, float, float]:
    """Volume, energy and bulk modulus at the minimum of E(V)."""
    try:
        found = EquationOfState(V, E).fit(warn=False)
    except (ValueError, RuntimeError, IndexError, AssertionError) as error:
        found, why = (np.nan,) * 3, f" ({error})"
    else:
        why = ""
    if not V[0] < found[0] < V[-1]:
        raise ValueError(
            f"crystal: expected a minimum of E(V) from {V[0]:.3f} to {V[-1]:.3f} Å³/atom, got none{why}; give a crystal nearer to its "
            "equilibrium, or a larger strain"
        )
    return found


def _shears(calculator: Any, crystal: Atoms, strain: float) -> tuple[float, float]:
    """C' and C44 in eV/Å³."""
    e, g = np.diag([strain, -strain, 0.0]), np.zeros((3, 3))
    g[1, 2] = g[2, 1] = strain / 2
    E0, V, cells = _energy(calculator, crystal), crystal.get_volume(), [_strained(crystal, s) for s in (e, g)]
    orthorhombic, sheared = (_energy(calculator, atoms) - E0 for atoms in cells)
    if (most := max(np.abs(calculator.get_forces(atoms)).max() for atoms in cells)) > STILL:
        raise ValueError(
            f"crystal: expected atoms that stay where they are when the cell is strained, got a force of {most:.2g} eV/Å; elastic "
            "constants of such crystals need a relaxation within the cell, which is not done here"
        )
    return orthorhombic / (2 * V * strain**2), 2 * sheared / (V * strain**2)


def _refuse_lower(calculator: Any, crystal: Atoms, strain: float) -> None:
    """Refuses a cubic cell whose atoms are not cubic: the same strain along other axes has another energy."""
    strains = (np.diag(np.roll([strain, -strain, 0.0], k)) for k in range(3))
    energies = [_energy(calculator, _strained(crystal, e)) for e in strains]
    if np.ptp(energies) > 1e-6 * len(crystal):  # eV
        raise ValueError("crystal: expected a cubic one, got a cubic cell with other atoms in it; x, y and z differ")


def _scaled(crystal: Atoms, strain: float, points: int) -> Iterator[Atoms]:
    for s in np.linspace(-strain, strain, points):
        yield _strained(crystal, s * np.eye(3))


def _strained(crystal: Atoms, strain: Array) -> Atoms:
    atoms = crystal.copy()
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    return atoms


def _energy(calculator: Any, atoms: Atoms) -> float:
    return float(calculator.get_potential_energy(atoms))


def _lattice(crystal: Atoms) -> float:
    """Lattice constant, Å.

    Raises:
        ValueError: not cubic, or not along x, y and z.
    """
    lattice = crystal.cell.get_bravais_lattice() if crystal.cell.rank == 3 and crystal.pbc.all() else None
    a = getattr(lattice, "a", np.nan) if lattice is not None and lattice.name in CUBIC else np.nan
    halves = floats("cell", crystal.cell.array) / (a / 2)
    if not np.allclose(halves, np.round(halves), atol=1e-6, equal_nan=False):
        raise ValueError(
            f"crystal: expected a periodic cubic cell along x, y and z, such as ase.build.bulk('Cu'), got {crystal.cell.array.tolist()}"
        )
    return float(a)


def _refuse(calculator: Any, crystal: object, strain: float, points: int) -> None:
    check_calculator(calculator)
    kind("crystal", crystal, Atoms, "cubic(calculator, ase.build.bulk('Cu'))")
    whole("points", points, 5, "volumes")
    if not 0 < number("strain", strain) < 0.2:
        raise ValueError(f"strain: expected a number between 0 and 0.2, got {strain!r}; 2 % is 0.02")
    _lattice(crystal)  # type: ignore[arg-type]


def check_crystal(crystal: object, way: str) -> None:
    """Refuses anything but atoms that are periodic in all directions, by a TypeError or a ValueError."""
    kind("crystal", crystal, Atoms, way)
    if not (isinstance(crystal, Atoms) and len(crystal) and crystal.pbc.all() and crystal.cell.rank == 3):
        raise ValueError(f"crystal: expected atoms in a cell, periodic in all directions, got others; write {way}")


def check_calculator(calculator: object) -> None:
    """Refuses anything but a calculator of ASE.

    Raises:
        TypeError: anything else.
    """
    if isinstance(calculator, type) or not hasattr(calculator, "get_potential_energy") or isinstance(calculator, Atoms):
        got = f"the class {calculator.__name__}" if isinstance(calculator, type) else type(calculator).__name__
        raise TypeError(
            f"calculator: expected one of ASE, such as Calculator(model, descriptor), got {got}; write cubic(Calculator(model), crystal)"
        )
