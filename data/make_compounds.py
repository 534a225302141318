"""Make ``methods/emt_compounds.csv``: ordered compounds of seven fcc metals, by effective-medium theory.

Run ``python data/make_compounds.py`` (a minute). All A₃B (L1₂) and AB (L1₀, its c/a relaxed) of Al, Ni, Cu, Pd, Ag, Pt and Au:
63 compounds of 21 pairs of elements, with the energy of formation from the fcc metals and the volume, both per atom and at the
minimum of the energy. Nothing is measured, and EMT is not chemistry: these are exact answers of a known model, so that an error
of a law is an error of the law.
"""

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT
from scipy.optimize import minimize

HERE = Path(__file__).resolve().parent
METALS = ("Al", "Ni", "Cu", "Pd", "Ag", "Pt", "Au")
#: Positions of fcc, in units of the cube; the first two make layers across z.
FCC = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])


def relaxed(symbols: list[str], tetragonal: bool) -> tuple[float, float]:
    """Energy (eV) and volume (Å³) per atom at the minimum over the cell."""

    def energy(cell: np.ndarray) -> float:
        a, c = (cell[0], cell[1]) if tetragonal else (cell[0], cell[0])
        atoms = Atoms(symbols, scaled_positions=FCC, cell=[a, a, c], pbc=True, calculator=EMT())
        return atoms.get_potential_energy() / 4

    start = [3.9, 3.9] if tetragonal else [3.9]
    found = minimize(energy, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 2000})
    assert found.success, (symbols, found.message)
    a, c = found.x[0], found.x[-1]
    return float(found.fun), float(a * a * c / 4)


def compounds() -> list[tuple[str, str, float, float]]:
    """Formula, structure, energy of formation (eV/atom) and volume (Å³/atom) of each."""
    pure = {metal: relaxed([metal] * 4, False)[0] for metal in METALS}
    rows = []
    for a, b in combinations(METALS, 2):
        for formula, structure, symbols in (
            (f"{a}3{b}", "L1_2", [b, a, a, a]),
            (f"{a}{b}", "L1_0", [a, a, b, b]),
            (f"{b}3{a}", "L1_2", [a, b, b, b]),
        ):
            energy, volume = relaxed(symbols, structure == "L1_0")
            rows.append((formula, structure, energy - np.mean([pure[s] for s in symbols]), volume))
    return rows


if __name__ == "__main__":
    with (HERE / "methods" / "emt_compounds.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("formula", "structure", "formation_energy_eV_per_atom", "volume_A3_per_atom"))
        writer.writerows((f, s, f"{e:.5f}", f"{v:.4f}") for f, s, e, v in compounds())
    print("wrote methods/emt_compounds.csv")
