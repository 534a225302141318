"""Units that energies and forces may be in, judged by the slope of energies against θ_f·D and by the stiffness of bonds."""

import dataclasses
import itertools

import numpy as np

from ..units import BOHR, ENERGIES, HARTREE
from .bonds import Bonds

#: eV in each unit of energy, and eV/Å in each unit of force.
_ENERGIES = {"eV": 1.0, **ENERGIES}
_FORCES = {"eV/Å": 1.0, "Ha/Bohr": HARTREE / BOHR, "Ry/Bohr": HARTREE / BOHR / 2, "eV/Bohr": 1 / BOHR, "eV/nm": 0.1}
_FORCES |= {f"{unit}/Å": ENERGIES[unit] for unit in ("kcal/mol", "kJ/mol")} | {"kJ/mol/nm": 0.1 * ENERGIES["kJ/mol"]}
#: Energies and forces that come together, and the word of ``units=`` for both.
_BOTH = {
    ("Ha", "Ha/Bohr"): "cp2k",
    ("Ry", "Ry/Bohr"): "Ry",
    ("kcal/mol", "kcal/mol/Å"): "real",
    ("kJ/mol", "kJ/mol/Å"): "kJ/mol",
    ("kJ/mol", "kJ/mol/nm"): "kJ/mol, kJ/mol/nm",
}

#: Slopes within this factor of the one that a mistake makes are told from others; stiffnesses scatter by more.
SLOPE_SCATTER, STIFFNESS_SCATTER = 1.3, 3.0
#: A stiffness of bonds within this factor of ordinary matter is right, and a length of bonds below this too.
STIFF, LONG = 7.0, 1.25
#: What rydberg count beside the squared misses of slope and stiffness.
RARE = 0.35
#: A slope within this factor of 1 is right.
SLOPE = 2.0


@dataclasses.dataclass(frozen=True)
class _Mistake:
    """What a file may hold: its words and advice, and what the slope, stiffness and length of bonds would then be."""

    words: str
    slope: float
    stiffness: float = 1.0
    long: bool = False

    @property
    def rare(self) -> float:
        """Rydberg are rarer in files than hartree, from which only a factor of 2 in the stiffness tells them."""
        return RARE if "Ry/Bohr" in self.words else 0.0


def _mistakes(N: float, computed: bool) -> list[_Mistake]:
    found = [_Mistake("", 1.0), _Mistake("energies look like energies per atom, not totals", 1 / N)]
    if not computed:
        found.append(_Mistake("descriptors look like averages over atoms, not sums", N))
    for (energy, e), (force, f) in itertools.product(_ENERGIES.items(), _FORCES.items()):
        slope, stiffness = f / e, 1 / f
        if force == "eV/Å" and energy != "eV":
            words = f"energies look like {energy}, not eV (units={{'energy': '{energy}'}} multiplies them by {e:.6g})"
        elif energy == "eV" and force != "eV/Å":
            words = f"forces look like {force}, not eV/Å (units={{'force': '{force}'}} multiplies them by {f:.6g})"
        elif word := _BOTH.get((energy, force)):
            by = f"by {e:.6g} and {f:.6g}" if e != f else f"by {e:.6g}"
            words = f"energies look like {energy} and forces like {force}, not eV and eV/Å (units='{word}' multiplies them {by})"
            if force.endswith("Bohr"):
                lengths = "'atomic'" if energy == "Ha" else "'Ry, Ry/Bohr, Bohr'"
                found.append(
                    _Mistake(
                        f"energies look like {energy}, forces like {force} and lengths like Bohr, not eV, eV/Å and Å "
                        f"(units={lengths} multiplies them by {e:.6g}, {f:.6g} and {BOHR:.6g})",
                        1.0,
                        1 / e,
                        True,
                    )
                )
        else:
            continue
        found.append(_Mistake(words, slope, stiffness))
    return found


def causes(slope: float, near: Bonds, N: float, *, computed: bool) -> str:
    """The mistakes in units that explain a slope and the bonds, nearest first, in words; empty if there is none.

    Args:
        slope: of energies against θ_f·D; NaN if it is not known.
        near: bonds of the data.
        N: mean number of atoms.
        computed: whether the descriptors are our own, which are no averages.
    """
    stiffness = abs(near.stiffness)
    known, no_slope = stiffness > 0, bool(np.isnan(slope))
    right = not known or 1 / STIFF <= stiffness <= STIFF
    if right and (no_slope or 1 / SLOPE <= slope <= SLOPE):
        return ""
    found: list[tuple[float, float, str]] = []
    for mistake in _mistakes(N, computed):
        by_slope = 0.0 if no_slope else abs(np.log(slope / mistake.slope)) / np.log(SLOPE_SCATTER)
        by_bonds = abs(np.log(stiffness / mistake.stiffness)) / np.log(STIFFNESS_SCATTER) if known else 0.0
        possible = not mistake.long or near.length > LONG
        forces_alone = not no_slope or mistake.words.startswith("forces")
        if possible and forces_alone and by_slope < 1.5 and by_bonds < 2:
            found.append((float(by_slope**2 + by_bonds**2) + mistake.rare, float(by_slope), mistake.words))
    found.sort()
    named = [words for miss, s, words in found if miss < found[0][0] + 1 and s < found[0][1] + 0.5]
    return ", or ".join(named) if "" not in named[:1] else ""
