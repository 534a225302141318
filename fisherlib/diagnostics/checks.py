"""Checks of the data on loading, whose findings a fit of forces alone would hide."""

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array, Dataset
from ..losses import fisher
from ..moments import MomentRecord, Moments, accumulate
from ..solvers import solve
from .composition import composition
from .duplicates import duplicates
from .signs import by_energies, by_theta
from .verdict import Verdict

#: Below this, sums of forces or of Φ over the atoms of a configuration count as zero (relative to the sum of squares).
ZERO = 0.02

#: Below this part of the descriptors of an atom, per Å, force descriptors are rounding.
ROUNDING = 1e-13

#: Forces of this size, eV/Å, are rounding.
NO_FORCE = 1e-12


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
    found = findings(data, theta, moments or accumulate(data))
    return [verdict.warned() if verdict.name == "duplicates" else verdict for verdict in found]


def findings(data: Dataset, theta: ArrayLike | None, moments: Moments) -> list[Verdict]:
    """The verdicts of ``consistency``, trajectories that are copies a failure among them."""
    moments.check_of(data)
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
    verdicts = [_translation(net_Phi), _net_force(net_force, net_Phi), _force_r2(r2), *by_energies(data, theta_f, r2)]
    if theta is not None:
        agree = verdicts[-1].name == "energy correlation" and verdicts[-1].value > 0.5
        verdicts.append(by_theta(total, np.asarray(theta, dtype=np.float64), agree))
    return [*verdicts, *composition(data), duplicates(data), _enough(total)]


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


def _enough(total: MomentRecord) -> Verdict:
    ratio = total.rows / total.K
    level, message = "ok", f"{total.rows} force components for {total.K} parameters"
    if ratio < 5:
        level = "warn"
        message = f"only {total.rows} force components for {total.K} parameters: θ_f fits noise; add configurations"
    return Verdict(name="enough data", level=level, message=message, value=float(ratio))
