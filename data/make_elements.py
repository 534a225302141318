"""Make ``fisherlib/descriptors/elements.csv``: properties of elements 1 to 94 for ``descriptors.compositional``.

Run ``python data/make_elements.py`` (seconds; needs mendeleev, MIT licence, 1.3.0 when the file was made). What mendeleev does
not know stays empty. Sources of the columns, as mendeleev names them:

- electronegativity: Pauling's scale, CRC Handbook.
- ionisation_energy: of the first electron, NIST Atomic Spectra Database.
- electron_affinity: CRC Handbook, and later measurements. Where a bound anion does not exist, it is empty and not zero.
- covalent_radius: Cordero et al., Dalton Trans. 2832 (2008).
- metallic_radius: Pauling's, for twelve neighbours; only of metals.
- polarisability: Schwerdtfeger and Nagle, Mol. Phys. 117, 1200 (2019); of the free atom.
- valence_electrons: the group number, less ten from group 13 on; empty for lanthanides and actinides.
- mass: standard atomic weight of IUPAC.
"""

import csv
from pathlib import Path

from mendeleev import element

FILE = Path(__file__).resolve().parents[1] / "fisherlib" / "descriptors" / "elements.csv"
#: Polarisability volume of one atomic unit, Å³.
BOHR3 = 0.529177210903**3
NO_METALS = "H He B C N O F Ne Si P S Cl Ar Ge As Se Br Kr Te I Xe At Rn".split()
LAST = 94


def row(e: object) -> dict[str, object]:
    """The properties of one element, rounded to what is known."""
    free = e.atomic_number in (*range(57, 72), *range(89, 104))
    return {
        "symbol": e.symbol,
        "electronegativity": e.en_pauling,
        "ionisation_energy": _rounded(e.ionenergies.get(1), 4),
        "electron_affinity": _rounded(e.electron_affinity if (e.electron_affinity or 0) > 0 else None, 4),
        "covalent_radius": _rounded(e.covalent_radius_cordero, 2, 0.01),
        "metallic_radius": None if e.symbol in NO_METALS else _rounded(e.metallic_radius_c12, 3, 0.01),
        "polarisability": _rounded(e.dipole_polarizability, 3, BOHR3),
        "valence_electrons": None if free else e.nvalence(),
        "mass": _rounded(e.atomic_weight, 4),
    }


def _rounded(value: float | None, digits: int, unit: float = 1.0) -> float | None:
    return None if value is None else round(value * unit, digits)


if __name__ == "__main__":
    rows = [row(e) for e in element(list(range(1, LAST + 1)))]
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {FILE.name}: {len(rows)} elements")
