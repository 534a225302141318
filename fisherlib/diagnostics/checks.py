"""Checks of the data that a fit of forces alone would hide: signs, units, orders, duplicates."""

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array, Dataset, Trajectory
from ..losses import fisher
from ..moments import MomentRecord, Moments, accumulate
from ..solvers import solve
from ..units import BOHR, HARTREE

Level = Literal["ok", "warn", "fail"]

#: Below this, sums of forces or of Φ over the atoms of a configuration count as zero (relative to the sum of squares).
ZERO = 0.02
#: Below this part of the descriptors of an atom, per Å, force descriptors are rounding.
ROUNDING = 1e-13
#: Forces of this size, eV/Å, are rounding.
NO_FORCE = 1e-12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """One finding about the data.

    Attributes:
        name: of the check.
        level: "ok", "warn" or "fail"; a "fail" makes every result wrong.
        message: one sentence with the likely cause.
        value: the number behind it.
    """

    name: str
    level: Level
    message: str
    value: float


def consistency(data: Dataset, *, theta: ArrayLike | None = None, moments: Moments | None = None) -> list[Verdict]:
    """Whether energies, forces and descriptors fit each other: the physical self-checks made on loading.

    A fit of forces keeps a good R² under many mistakes: a flipped sign of Φ gives −θ_f and the same forces. Energies
    (or a trusted θ) tell, because U_θ = θ·D must rise where U rises, one for one.

    Args:
        data: the configurations.
        theta: (K,) parameters known to be roughly right, e.g. the owner's; they settle the sign without energies.
        moments: ``accumulate(data)`` where it is known already.

    Returns:
        Verdicts, each with its number. A trajectory that is a copy of another is a warning here, since such data can
        be read and mended, and a failure in ``check``.

    Raises:
        ValueError: θ has another length or is not finite, or the moments are those of other data.
    """
    moments = moments or accumulate(data)
    same_data(data, moments)
    total = moments.total()
    largest = float(np.sqrt(np.diag(total.PhiPhi).max() / total.rows))
    if largest <= ROUNDING * np.abs(total.mean[:-2]).max() / total.mean[-1]:
        message = (
            "every force descriptor is zero (to rounding): there is nothing to fit; take the column with −∂D/∂x, and "
            "configurations off their symmetric positions"
        )
        return [Verdict(name="force descriptors", level="fail", message=message, value=largest)]
    force = float(np.sqrt(total.FF / total.rows))
    if force <= NO_FORCE:
        message = (
            "every force is zero (to rounding), so that there is nothing to fit: a column that was never filled, or "
            "symmetric crystals, which have no forces by symmetry; take the column with forces, and configurations off "
            "their symmetric positions"
        )
        return [Verdict(name="force descriptors", level="fail", message=message, value=force)]
    net_force, net_Phi = _net(data, np.sqrt(np.diag(total.PhiPhi) / total.rows))
    theta_f = solve(fisher(total, 1.0)).theta
    r2 = float(2 * total.PhiF @ theta_f - theta_f @ total.PhiPhi @ theta_f) / total.FF if total.FF > 0 else 0.0
    verdicts = [_translation(net_Phi), _net_force(net_force, net_Phi), _force_r2(r2), *_energies(data, theta_f, r2)]
    if theta is not None:
        agree = verdicts[-1].name == "energy correlation" and verdicts[-1].value > 0.5
        verdicts.append(_given_theta(total, np.asarray(theta, dtype=np.float64), agree))
    return [*verdicts, *_composition(data), _warned(duplicates(data)), _enough(total)]


def _warned(verdict: Verdict) -> Verdict:
    return dataclasses.replace(verdict, level="warn") if verdict.level == "fail" else verdict


def same_data(data: Dataset, moments: Moments) -> None:
    """Refuses moments of other data: other keys, descriptors, numbers of configurations, or means of D and E."""
    way = "take accumulate(data)"
    if set(moments) != set(data) or moments.K != data.K:
        raise ValueError(f"moments: expected those of the data, got other keys or descriptors; {way}")
    for key, t in data.items():
        found = moments[key]
        if (found.configurations, found.rows) != (len(t), len(t.forces)):
            raise ValueError(
                f"moments: expected those of the data, {len(t)} configurations in {key!r}, got {found.configurations} with "
                f"{found.rows} force components; {way}"
            )
        values = np.column_stack([t.descriptors, t.energies])
        if (np.abs(found.mean[:-1] - values.mean(axis=0)) > 1e-6 * np.abs(values).max(axis=0)).any():
            raise ValueError(f"moments: expected those of the data, got other means of D or E in {key!r}; {way}")


def _net(data: Dataset, scale: Array) -> tuple[float, float]:
    """Largest |Σ_i F_i| / √Σ|F_i|² and |Σ_i Φ_i| / √N rms Φ of a configuration; exactly 0 in a free or periodic system.

    The rms, ``scale`` (K,), is that of all data: in a symmetric crystal Φ itself is rounding.
    """
    worst_F = worst_Phi = 0.0
    for t in data.values():
        starts = np.cumsum(t.n_atoms) - t.n_atoms
        F = t.forces.reshape(-1, 3)
        size = np.sqrt(np.add.reduceat((F**2).sum(axis=1), starts))
        net = np.linalg.norm(np.add.reduceat(F, starts, axis=0), axis=1)
        # Forces of a relaxed configuration are rounding noise; a floor of 1 meV/Å keeps them from looking like one.
        worst_F = max(worst_F, float((net / np.maximum(size, 1e-3 * np.sqrt(t.n_atoms))).max()))
        some = t.slice(0, min(len(t), 20))
        Phi = some.force_descriptors.reshape(-1, 3, t.K)
        starts = starts[: len(some)]
        size = scale * np.sqrt(some.n_atoms.max())
        net_Phi = np.abs(np.add.reduceat(Phi, starts, axis=0)).max(axis=(0, 1))
        worst_Phi = max(worst_Phi, float((net_Phi / np.where(size > 0, size, 1.0)).max()))
    return worst_F, worst_Phi


def _translation(net_Phi: float) -> Verdict:
    level, message = "ok", f"force descriptors of a configuration sum to zero over its atoms ({net_Phi:.1e})"
    if net_Phi > ZERO:
        level = "warn"
        message = (
            f"force descriptors of a configuration do not sum to zero over its atoms ({net_Phi:.2g} of their size): the "
            "gradient was taken with the centre held fixed, atoms are missing, or rows are in another order; harmless only "
            "for atoms in an external field"
        )
    return Verdict(name="translation sum", level=level, message=message, value=net_Phi)


def _net_force(net_force: float, net_Phi: float) -> Verdict:
    level, message = "ok", f"forces of a configuration sum to zero ({net_force:.1e})"
    if net_force > ZERO and net_Phi <= ZERO:
        level = "warn"
        message = (
            f"forces of a configuration do not sum to zero ({net_force:.2g} of their size): thermostat noise in the dumped "
            "forces, a spike, or missing atoms; recompute forces without the thermostat"
        )
    elif net_force > ZERO:
        message = (
            f"forces do not sum to zero ({net_force:.2g}), nor do the force descriptors: atoms in an external field"
        )
    return Verdict(name="net force", level=level, message=message, value=net_force)


def _force_r2(r2: float) -> Verdict:
    level, message = "ok", f"the best θ explains {r2:.4f} of the forces (R²)"
    if r2 < 0.5:
        level = "warn"
        message = (
            f"the best θ explains only {r2:.2f} of the forces (R²): rows of Φ do not belong to these forces (atom or frame "
            "order, axes x y z, or (N, K, 3) read as (N, 3, K)), forces carry noise, or the descriptors are too few"
        )
    return Verdict(name="force R²", level=level, message=message, value=r2)


def _energies(data: Dataset, theta_f: Array, r2: float) -> list[Verdict]:
    """Energies against θ_f·D within trajectories, the energy of each kind of atom taken out.

    The offset of a basin, or the energy of one more atom, says nothing about signs and units.
    """
    model, true = (
        np.concatenate(parts) for parts in zip(*(_residuals(t, theta_f) for t in data.values()), strict=True)
    )
    if not (model @ model > 0 and true @ true > 0):
        message = "energies do not vary within trajectories: they cannot tell the sign of Φ"
        return [Verdict(name="energy slope", level="warn", message=message, value=float("nan"))]
    slope = float(true @ model / (model @ model))
    correlation = float(true @ model / np.sqrt((model @ model) * (true @ true)))
    return [_slope(slope, correlation, r2, float(data.n_atoms.mean())), _correlation(correlation, r2)]


def _residuals(t: Trajectory, theta: Array) -> tuple[Array, Array]:
    """θ·D and E of a trajectory, without what a constant and the numbers of atoms of each kind explain of them."""
    values = np.column_stack([t.descriptors @ theta, t.energies])
    noise = 1e-12 * np.abs(values).max(axis=0)
    values -= values.mean(axis=0)  # first, so that large energies keep their digits
    counts = t.n_atoms[:, None] if t.species is None else counts_of_kinds(t, np.unique(t.species))
    explained = np.column_stack([np.ones(len(t)), counts])
    values -= explained @ np.linalg.lstsq(explained, values, rcond=None)[0]
    # What is left of values that do not vary is rounding, not a signal.
    return tuple(np.where(np.abs(values) > noise, values, 0.0).T)


def counts_of_kinds(t: Trajectory, kinds: Array) -> Array:
    """(M, S) atoms of each of S kinds in each configuration."""
    starts = np.cumsum(t.n_atoms) - t.n_atoms
    return np.add.reduceat((t.species[:, None] == kinds).astype(float), starts, axis=0)


def _slope(slope: float, correlation: float, r2: float, N: float) -> Verdict:
    level, message = "ok", f"energies rise by {slope:.3f} where θ_f·D rises by one"
    if correlation < -0.5 and r2 <= 0.5:
        level = "warn"
        message = (
            f"energies fall where θ_f·D rises (slope {slope:.2f}), but the forces fit too poorly (R² {r2:.2f}) to blame the "
            "sign of the force descriptors; mend the forces first"
        )
    elif correlation < -0.5:
        level = "fail"
        message = (
            f"sign of the force descriptors: energies fall where θ_f·D rises (slope {slope:.2f}, correlation "
            f"{correlation:.3f}), so the column holds +∂D/∂x, not Φ = −∂D/∂x, and θ_f would come out as −θ_f; read it "
            "with gradient=True"
        )
    elif correlation > 0.5 and r2 <= 0.5 and not 0.5 <= slope <= 2.0:
        level = "warn"
        message = (
            f"energies rise by {slope:.3g} where θ_f·D rises by one, expected 1; the forces do not fit (R² {r2:.2f})"
        )
    elif correlation > 0.8 and not 0.5 <= slope <= 2.0:
        level = "warn"
        message = f"units: energies rise by {slope:.3g} where θ_f·D rises by one, expected 1; {_unit_cause(slope, N)}"
    return Verdict(name="energy slope", level=level, message=message, value=float(slope))


def _unit_cause(slope: float, N: float) -> str:
    causes = {
        "forces look like Ha/Bohr, not eV/Å": HARTREE / BOHR,
        "energies look like Ha, not eV": 1 / HARTREE,
        "energies look like kcal/mol, not eV": 23.0605,
        "energies look like energies per atom, not totals": 1 / N,
        "descriptors look like averages over atoms, not sums": N,
    }
    misses = {cause: abs(np.log(slope / factor)) for cause, factor in causes.items()}
    near = [cause for cause in misses if misses[cause] < min(np.log(1.5), min(misses.values()) + np.log(1.15))]
    return ", or ".join(near) or "compare the units of energies, forces and descriptors"


def _correlation(correlation: float, r2: float) -> Verdict:
    level, message = "ok", f"energies follow θ_f·D (correlation {correlation:.4f})"
    if -0.5 <= correlation <= 0.5:
        level = "warn"
        message = (
            f"energies do not follow θ_f·D (correlation {correlation:.2f}): energies of other frames, force descriptors "
            "stored (N, K, 3) and read as (N, 3, K), or configurations near rest, whose forces say little of energies"
        )
    elif 0.5 < correlation < (0.9 if r2 > 0.95 else 0.8):
        level = "warn"
        message = (
            f"energies follow θ_f·D loosely (correlation {correlation:.2f}) where forces fit with R² {r2:.3f}: energies may be "
            "shifted by a frame, a force may be wild, or the descriptors determine energies poorly"
        )
    return Verdict(name="energy correlation", level=level, message=message, value=float(correlation))


def _given_theta(total: MomentRecord, theta: Array, energies_agree: bool) -> Verdict:
    if theta.shape != (total.K,):
        raise ValueError(
            f"theta: expected K = {total.K} parameters as in the data, got shape {theta.shape}; both must use the same descriptor"
        )
    if not np.isfinite(theta).all():
        raise ValueError(
            f"theta: expected K = {total.K} finite parameters, got {theta[~np.isfinite(theta)][0]}; leave theta out where none "
            "is known"
        )
    size = float(theta @ total.PhiPhi @ theta)
    correlation = float(total.PhiF @ theta) / np.sqrt(size * total.FF) if size * total.FF > 0 else 0.0
    level, message = "ok", f"forces follow those of the given θ (correlation {correlation:.3f})"
    if -0.5 <= correlation <= 0.5:
        level = "warn"
        message = (
            f"the given θ explains little of these forces (correlation {correlation:.2f}): it belongs to other data"
        )
    elif 0.5 < correlation < 0.9:
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
        message = (
            f"sign of the force descriptors: forces fall where those of the given θ rise (correlation {correlation:.3f}); the "
            "column holds +∂D/∂x, not Φ = −∂D/∂x; read it with gradient=True"
        )
    return Verdict(name="sign by θ", level=level, message=message, value=correlation)


def _composition(data: Dataset) -> list[Verdict]:
    """A warning for elements in varying proportions; nothing where there is one element, or none is known."""
    known = [t for t in data.values() if t.species is not None]
    if not known:
        return []
    kinds = np.unique(np.concatenate([np.unique(t.species) for t in known]))
    shares = np.concatenate([counts_of_kinds(t, kinds) / t.n_atoms[:, None] for t in known])
    spread = float(np.ptp(shares, axis=0).max())
    if spread < 1e-9:
        return []
    message = (
        f"the share of an element varies by up to {spread:.2g} between configurations, and energies have one offset for all "
        "elements: forces and θ_f are as good as ever, but compare energies only within one composition"
    )
    return [Verdict(name="composition", level="warn", message=message, value=spread)]


def duplicates(data: Dataset) -> Verdict:
    """Configurations that are there twice; a failure where a whole trajectory is in another."""
    rows = np.concatenate([np.column_stack([t.descriptors, t.energies]) for t in data.values()])
    alike = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    twice, copies = len(rows) - int(alike.max()) - 1, _copied_trajectories(data, alike)
    level, message = "ok", "no configuration is there twice"
    if copies:
        level, more = "fail", f" and {len(copies) - 3} more" if len(copies) > 3 else ""
        named = ", ".join(f"{copy!r} of {original!r}" for copy, original in copies[:3])
        message = (
            f"whole trajectories are copies: {named}{more} ({twice} of {len(rows)} configurations): error bars, held-out "
            f"errors and averages are all wrong; drop one of {copies[0][1]!r} and {copies[0][0]!r}"
        )
    elif twice:
        level = "warn"
        message = (
            f"{twice} of {len(rows)} configurations are copies of others: they count twice in every average, and error bars "
            "and held-out errors are too small as well; leave them out"
        )
    return Verdict(name="duplicates", level=level, message=message, value=float(twice))


def _copied_trajectories(data: Dataset, alike: Array) -> list[tuple[str, str]]:
    """(copy, original) of trajectories of at least two configurations, all of which are in another one."""
    keys, found = list(data), []
    labels = [set(part.tolist()) for part in np.split(alike, np.cumsum([len(t) for t in data.values()])[:-1])]
    for n, own in enumerate(labels):
        within = [m for m, all_of in enumerate(labels) if m != n and own <= all_of and (m < n or own != all_of)]
        if len(own) > 1 and within:
            found.append((keys[n], keys[within[0]]))
    return found


def _enough(total: MomentRecord) -> Verdict:
    ratio = total.rows / total.K
    level, message = "ok", f"{total.rows} force components for {total.K} parameters"
    if ratio < 5:
        level = "warn"
        message = f"only {total.rows} force components for {total.K} parameters: θ_f fits noise; add configurations"
    return Verdict(name="enough data", level=level, message=message, value=float(ratio))
