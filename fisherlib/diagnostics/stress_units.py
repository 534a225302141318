"""Sign, unit and order of stresses, from the shear that forces alone determine."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Dataset
from ..units import BAR, BOHR, ENERGIES, HARTREE
from .verdict import Level, Verdict, unknown

NAME = "stress units"
#: With a lower correlation, or fewer configurations, shear says nothing. On published sets it is 0.90 to 0.999.
LEAST, FEWEST = 0.8, 5
#: Slopes within are those of a model that is not exact: 0.83 to 1.14 on published sets, 0.55 with few descriptors.
LIMITS = (1 / 3, 3.0)

#: What a virial in eV becomes when a stress or a virial in another unit is taken for one in eV/Å³ or eV.
UNITS = {
    "GPa": BAR / 1e4,
    "kbar": BAR / 1e3,
    "bar": BAR,
    "MPa": BAR / 10,
    "Pa": BAR * 1e5,
    "Ha/Bohr³": BOHR**3 / HARTREE,
    "Ry/Bohr³": 2 * BOHR**3 / HARTREE,
    **{unit: 1 / energy for unit, energy in ENERGIES.items()},
}
#: Where the components yz xz xy stand in other orders of six.
ORDERS = {
    "xx yy zz yz xz xy": (3, 4, 5),
    "xx yy zz xy yz xz (VASP)": (4, 5, 3),
    "xx yy zz xy xz yz (LAMMPS)": (5, 4, 3),
    "xx xy xz yy yz zz": (4, 2, 1),
}


def stress_units(data: Dataset, theta_f: Array) -> list[Verdict]:
    """Whether virials follow the fit of the forces, and if not, which sign, unit or order explains it.

    The slope of W against Ψθ_f, over yz xz xy of all configurations, is 1. Shear is taken because forces determine it
    even where all configurations have one volume; pressure they may leave open.

    Args:
        data: the configurations.
        theta_f: (K,) parameters of the fit.

    Returns:
        One verdict, with the slope or, if the components are in another order, with their correlation; none where no
        trajectory has both virials and strain descriptors.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> stress_units(data, [1.0, 2.0])  # no stress, no verdict
        []
    """
    pairs = list(_pairs(data, np.asarray(theta_f)))
    if not pairs:
        return []
    P, W, n_atoms, volumes = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    if len(P) < FEWEST:
        return [unknown(NAME, f"{len(P)} stresses are too few to judge their unit by the forces")]
    found = {order: _slope(P[:, 3:], W[:, where]) for order, where in ORDERS.items()}
    ours, likely = next(iter(ORDERS)), max(found, key=lambda order: abs(found[order][1]))
    slope, correlation = found[ours]
    if abs(correlation) < LEAST <= abs(found[likely][1]):
        message = (
            f"order of the stresses: their six numbers look like {likely}, expected {ours} (correlation of the shear with that "
            f"of the fit of the forces {found[likely][1]:.2f} and {correlation:.2f}); write them in that order"
        )
        return [
            Verdict(name="stress order", level="warn", message=message, value=abs(correlation), limits=(LEAST, np.inf))
        ]
    if abs(correlation) < LEAST:
        message = f"the shear of the stresses does not follow the fit of the forces (correlation {correlation:.2f})"
        return [unknown(NAME, f"{message}: their sign and unit cannot be judged by it")]
    level: Level = "ok"
    message = f"the shear of the stresses rises by {slope:.3g} where that of the fit of the forces rises by 1"
    if not LIMITS[0] <= slope <= LIMITS[1]:
        level = "warn"
        known = UNITS | {"virials per atom": float(np.mean(1 / n_atoms))}
        if np.isfinite(volumes).all():
            known |= {"σ instead of −V σ": float(np.mean(1 / volumes)), "V σ instead of σ": float(np.mean(volumes))}
        message = (
            f"units of the stresses: {message} (correlation {correlation:.2f}), expected 1: {_cause(slope, known)}"
        )
    return [Verdict(name=NAME, level=level, message=message, value=slope, limits=LIMITS)]


def _pairs(data: Dataset, theta: Array) -> Iterator[tuple[NDArray, ...]]:
    """Virials of the fit of the forces and of the data, with atoms and volumes, of the configurations that have them."""
    for t in data.values():
        W, Psi, those = t.virials, t.strain_descriptors, t.strained
        if W is not None and Psi is not None and len(those):
            V = np.full(len(t), np.nan) if t.cell is None else np.abs(np.linalg.det(t.cell))
            yield Psi[those] @ theta, W[those], t.n_atoms[those], V[those]


def _slope(P: Array, W: Array) -> tuple[float, float]:
    """Slope and correlation of W against P, both through zero."""
    PP, PW, WW = float((P * P).sum()), float((P * W).sum()), float((W * W).sum())
    return (PW / PP, PW / np.sqrt(PP * WW)) if PP > 0 and WW > 0 else (np.nan, 0.0)


def _cause(slope: float, known: dict[str, float]) -> str:
    """What explains a slope, with the factor that mends it."""
    causes = ["the sign is the other one, positive under compression: negate them"] if slope < 0 else []
    misses = {name: abs(np.log(abs(slope) / factor)) for name, factor in known.items()}
    near = [name for name in misses if misses[name] < min(np.log(1.5), min(misses.values()) + np.log(1.15))]
    if near:
        ways = [f"{name}: divide by {known[name]:.6g}" for name in near]
        causes.append(f"they look like {', or '.join(ways)}")
    elif not LIMITS[0] <= abs(slope) <= LIMITS[1]:
        causes.append("compare their unit with that of the energies, and whether they belong to these configurations")
    return "; ".join(causes)
