"""The sign and the unit of force descriptors, judged by energies or by a known θ."""

import numpy as np

from ..dataset import Array, Dataset, Trajectory
from ..moments import MomentRecord
from .bonds import UNKNOWN, Bonds
from .composition import counts_of_kinds
from .open_energies import range_of_volumes, volume_terms
from .unit_mistakes import STIFF, causes
from .verdict import Level, Verdict, unknown

#: Correlation above which energies follow θ_f·D closely, and the same where the forces fit less well.
FOLLOWS, LOOSELY = 0.9, 0.8

#: Slopes of energies against θ_f·D that mean the right units and sign.
SLOPE = (0.5, 2.0)

UPHILL = "the forces of the file point uphill, towards higher energy: they are +∂U/∂x, not −∂U/∂x; negate that column in the file"
WRONG_SIGN = "the column holds +∂D/∂x, not Φ = −∂D/∂x; read it with gradient=True"


def by_energies(data: Dataset, theta_f: Array, r2: float, near: Bonds, *, computed: bool) -> list[Verdict]:
    """Energies against θ_f·D within trajectories, without the energy per atom of each element and that of a volume.

    The offset of a basin, the energy of an additional atom and that of another volume say nothing about signs and units.

    Args:
        data: the configurations.
        theta_f: (K,) fitted to their forces.
        r2: of the forces.
        near: bonds of the data.
        computed: whether the descriptors are our own, whose sign and axes are right.
    """
    if not all(t.has_energies for t in data.values()):
        return [unknown("energy slope", "energies are missing: they cannot tell the sign and the unit of forces")]
    each = [_residuals(t, theta_f) for t in data.values()]
    model, true = (np.concatenate(parts) for parts in zip(*each, strict=True))
    if not (model @ model > 0 and true @ true > 0):
        message = "energies, or θ_f·D, do not vary within trajectories: they cannot tell the sign of Φ"
        return [unknown("energy slope", message)]
    strained = range_of_volumes(data) is not None
    if strained:
        each = [_residuals(t, theta_f, volume_terms(t)) for t in data.values()]
        model, true = (np.concatenate(parts) for parts in zip(*each, strict=True))
    slope = float(true @ model / (model @ model)) if model.any() else 0.0
    correlation = _cosine(model, true)
    N = float(data.n_atoms.mean())
    verdict = slope_verdict(slope, correlation, r2, N, near=near, computed=computed, strained=strained)
    follow = _shifted(each, correlation) or _correlation(correlation, r2, computed)
    if strained and follow.level != "ok":
        follow = unknown(follow.name, "volumes differ, so that energies and θ_f·D need not vary together")
    return [verdict, follow]


def _cosine(a: Array, b: Array) -> float:
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 0 else 0.0


def _shifted(each: list[tuple[Array, Array]], correlation: float) -> Verdict | None:
    """A warning if energies follow θ·D of the configuration before or after their own; otherwise None."""
    if abs(correlation) >= FOLLOWS:
        return None
    pairs = {
        "before": [(model[:-1], true[1:]) for model, true in each],
        "after": [(model[1:], true[:-1]) for model, true in each],
    }
    found = {
        where: _cosine(*(np.concatenate(parts) for parts in zip(*cut, strict=True))) for where, cut in pairs.items()
    }
    where = max(found, key=found.__getitem__)
    if found[where] < FOLLOWS or 1 - found[where] > 0.5 * (1 - correlation):
        return None
    message = (
        f"energies are off by one frame: they follow θ_f·D of the configuration {where} theirs (correlation "
        f"{found[where]:.4f}), not of their own ({correlation:.2f}); shift them against forces and descriptors"
    )
    limits = (FOLLOWS, np.inf)
    return Verdict(name="energy correlation", level="warn", message=message, value=abs(correlation), limits=limits)


def _residuals(t: Trajectory, theta: Array, more: Array | None = None) -> tuple[Array, Array]:
    """θ·D and E of a trajectory, (M,) eV each, without a fitted constant, energy per atom of each element, and terms (M, n)."""
    values = np.column_stack([t.descriptors @ theta, t.energies])
    noise = 1e-12 * np.abs(values).max(axis=0)
    values -= values.mean(axis=0)  # first, so that large energies keep their digits
    counts: Array = t.n_atoms[:, None].astype(float)
    if t.species is not None:
        counts = counts_of_kinds(t.n_atoms, t.species, np.unique(t.species))
    explained = np.column_stack([np.ones(len(t)), counts, *([] if more is None else [more])])
    values -= explained @ np.linalg.lstsq(explained, values, rcond=None)[0]
    # Values that do not vary leave rounding, not a signal.
    model, true = np.where(np.abs(values) > noise, values, 0.0).T
    return model, true


def slope_verdict(
    slope: float,
    correlation: float,
    r2: float,
    N: float,
    *,
    near: Bonds = UNKNOWN,
    computed: bool = False,
    strained: bool = False,
) -> Verdict:
    """Verdict on the slope of energies against θ_f·D, given their correlation, the R² of the forces and the mean N.

    ``near``, ``computed`` and ``strained`` are the bonds, whether descriptors are our own, and whether volumes differ.
    """
    name, right = "energy slope", SLOPE[0] <= slope <= SLOPE[1]
    downhill = slope < 0 and not (-SLOPE[1] <= slope <= -SLOPE[0] or causes(-slope, near, N, computed=computed))
    loose = correlation <= LOOSELY and r2 > 0.5 and slope > 0 and not right
    if -0.5 <= correlation <= 0.5 or loose or downhill or (strained and abs(correlation) < FOLLOWS):
        message = (
            f"energies follow θ_f·D too loosely (correlation {correlation:.2f}) to tell the sign and the unit of Φ"
        )
        if (
            downhill and correlation < -LOOSELY
        ):  # nothing loose about it, as where few configurations are left to compare
            message = f"energies fall where θ_f·D rises (slope {slope:.2g}), but by no slope that a wrong sign or unit would give"
        return unknown(name, message)
    level: Level = "ok"
    message = f"energies rise by {slope:.3f} eV where θ_f·D rises by 1 eV"
    if correlation < 0 and r2 <= 0.5:
        level = "warn"
        message = (
            f"energies fall where θ_f·D rises (slope {slope:.2f}), but the forces fit too poorly (R² {r2:.2f}) to blame the "
            "sign of the force descriptors; mend the forces first"
        )
    elif correlation < 0:
        level, message = _falling(slope, correlation, near, computed)
    elif not right and r2 <= 0.5:
        level = "warn"
        message = f"energies rise by {slope:.3g} eV where θ_f·D rises by 1 eV, expected 1; the forces do not fit (R² {r2:.2f})"
    elif not right:
        level = "warn"
        message = _rising(slope, near, N, computed)
    return Verdict(name=name, level=level, message=message, value=float(slope), limits=SLOPE)


def _rising(slope: float, near: Bonds, N: float, computed: bool) -> str:
    """What may be the matter where energies rise too much or too little."""
    message = f"energies rise by {slope:.3g} eV where θ_f·D rises by 1 eV, expected 1"
    right = 1 / STIFF <= near.stiffness <= STIFF
    by_slope = "" if right else causes(slope, UNKNOWN, N, computed=computed)
    if cause := causes(slope, near, N, computed=computed) or causes(np.nan, near, N, computed=computed) or by_slope:
        return f"units: {message}; {cause}"
    if right:
        return (
            f"{message}, while forces are of the right size: forces leave energies between these configurations open; add energies or "
            "kl to the loss (fisher + 0.1 kl)"
        )
    return f"units: {message}; compare the units of energies, forces and {'lengths' if computed else 'descriptors'}"


def _falling(slope: float, correlation: float, near: Bonds, computed: bool) -> tuple[Level, str]:
    """Level and words where energies fall as θ_f·D rises: forces, force descriptors or energies have the wrong sign."""
    numbers = f"energies fall where θ_f·D rises (slope {slope:.2f}, correlation {correlation:.3f})"
    if near.stiffness < 0 or (computed and not near.stiffness > 0):
        return "fail", f"sign of the forces: {numbers}: {UPHILL}"
    if computed:
        return "warn", f"{numbers}, while forces resist compression as they should: the energies have the opposite sign"
    return "fail", f"sign of the force descriptors: {numbers}, and θ_f would come out as −θ_f: {WRONG_SIGN}"


def units(slope: Verdict, near: Bonds) -> list[Verdict]:
    """A warning if bonds are far stiffer, softer or longer than those of matter, and units explain it; otherwise an empty list.

    Args:
        slope: the verdict on it; one that is bad has named the units already.
        near: bonds of the data.
    """
    if not near.stiffness > 0 or slope.level in ("warn", "fail"):
        return []
    rise = slope.value  # NaN where it is not known
    found = causes(rise, near, 1.0, computed=True)
    if not found:
        return []
    energies = "" if np.isnan(rise) else f"energies rise by {rise:.3g} eV where θ_f·D rises by 1 eV, "
    message = (
        f"units: {energies}bonds are {near.stiffness:.2g} times as stiff as those of such elements in eV and Å, and the shortest "
        f"{near.shortest:.3g} Å ({near.length:.2g} times the sum of covalent radii): {found}"
    )
    return [Verdict(name="units", level="warn", message=message, value=near.stiffness, limits=(1 / STIFF, STIFF))]


def _correlation(correlation: float, r2: float, computed: bool) -> Verdict:
    """Verdict on how closely energies follow θ_f·D, whatever its sign (the slope judges that)."""
    level: Level = "ok"
    limit = FOLLOWS if r2 > 0.95 else LOOSELY
    message = f"energies follow θ_f·D, whatever its sign (correlation {correlation:.4f})"
    if abs(correlation) <= 0.5:
        level = "warn"
        axes = "" if computed else "force descriptors stored (N, K, 3) and read as (N, 3, K), "
        message = (
            f"energies do not follow θ_f·D (correlation {correlation:.2f}): energies of other frames or of another kind than the "
            f"forces (free or internal energy), {axes}or configurations near rest, whose forces say little of energies"
        )
    elif abs(correlation) < limit:
        level = "warn"
        message = (
            f"energies follow θ_f·D loosely (correlation {correlation:.2f}) where forces fit with R² {r2:.3f}: energies may be "
            "of another frame or of another kind than the forces (free or internal energy), or the descriptors determine energies "
            "poorly; add energies to the loss"
        )
    value = float(abs(correlation))
    return Verdict(name="energy correlation", level=level, message=message, value=value, limits=(limit, np.inf))


def by_theta(total: MomentRecord, theta: Array, energies_agree: bool, *, computed: bool) -> Verdict:
    """Verdict on the forces of the data against those of a trusted θ (K,)."""
    size = float(theta @ total.PhiPhi @ theta)
    correlation = float(total.PhiF @ theta) / np.sqrt(size * total.FF) if size * total.FF > 0 else 0.0
    level: Level = "ok"
    message = f"forces follow those of the given θ (correlation {correlation:.3f})"
    if -0.5 <= correlation <= 0.5:
        level = "warn"
        message = (
            f"the given θ explains little of these forces (correlation {correlation:.2f}): it belongs to other data"
        )
    elif 0.5 < correlation < FOLLOWS:
        level = "warn"
        message = (
            f"forces follow those of the given θ loosely (correlation {correlation:.2f}): it may belong to another element, "
            "or to a descriptor with other settings and as many entries"
        )
    elif correlation < 0 and energies_agree:
        level = "warn"
        message = (
            f"the given θ has the opposite sign (correlation {correlation:.3f}), while energies confirm that of the data: θ was "
            "fitted with +∂D/∂x in place of Φ = −∂D/∂x; take −θ"
        )
    elif correlation < 0:
        level = "fail"
        of, why = ("forces", UPHILL) if computed else ("force descriptors", WRONG_SIGN)
        message = (
            f"sign of the {of}: forces fall where those of the given θ rise (correlation {correlation:.3f}): {why}"
        )
    return Verdict(name="sign by θ", level=level, message=message, value=correlation, limits=(FOLLOWS, np.inf))
