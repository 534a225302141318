"""Physical self-checks of a dataset: mistakes that a good fit of the forces would hide."""

from types import NoneType

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import kind
from ..dataset import Dataset
from ..losses import fisher
from ..moments import MomentRecord, Moments, accumulate
from ..potential import LinearPotential
from ..solvers import solve
from ..units import check_temperature, counted
from .axis_order import axes
from .composition import composition
from .descriptor_match import by_provenance, parameters_of
from .duplicates import duplicates
from .force_sign import by_energies, by_theta
from .net_force import sums
from .verdict import Level, Verdict

#: Force descriptors below this share of the descriptors of an atom, per Å, are rounding.
ROUNDING = 1e-13

#: With an R² of the forces below this there is no fit.
FITS = 0.5

#: Fewer force components per parameter are too few.
ENOUGH = 5.0

#: Forces below this, eV/Å, are rounding.
NO_FORCE = 1e-12


def consistency(
    data: Dataset,
    *,
    theta: ArrayLike | LinearPotential | None = None,
    moments: Moments | None = None,
    temperature: float | None = None,
) -> list[Verdict]:
    """Whether energies, forces and descriptors fit each other: the physical self-checks made after reading.

    Many mistakes leave a good R² of the forces: with the opposite sign of Φ the fit gives −θ_f and the same forces.
    Energies (or a trusted θ) reveal them, because U_θ = θ·D must rise by 1 eV where U rises by 1 eV. ``health`` and
    ``check`` repeat these checks and add others; ``trust.verdicts`` also judges the fit.

    Args:
        data: the configurations.
        theta: (K,) parameters known to be roughly right, or a potential. They settle the sign without energies; the
            descriptor of a potential is also compared with that of the data.
        moments: ``accumulate(data)``, if already known.
        temperature: K, if it was used in place of the trajectories' own.

    Returns:
        Verdicts, each with its number. A copied trajectory is a warning here, because the user can still mend the data;
        it is a failure in ``check``.

    Raises:
        ValueError: θ of another length or not finite, or moments of other data.

    Example:
        >>> import dataclasses, fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> flipped = [dataclasses.replace(t, force_descriptors=-t.force_descriptors) for t in data.values()]
        >>> [v.name for v in consistency(fl.Dataset(flipped)) if v.level == "fail"]
        ['energy slope']
    """
    check_temperature(temperature)
    kind("moments", moments, (Moments, NoneType), "consistency(data, moments=accumulate(data))")
    found = findings(data, theta, moments or accumulate(data), temperature)
    return [verdict.warned() if verdict.name == "duplicates" else verdict for verdict in found]


def findings(
    data: Dataset, theta: ArrayLike | LinearPotential | None, moments: Moments, temperature: float | None
) -> list[Verdict]:
    """The verdicts of ``consistency``, with copied trajectories as failures."""
    moments.check_of(data, temperature)
    total = moments.total()
    largest = float(np.sqrt(np.diag(total.PhiPhi).max() / total.rows))
    least = max(ROUNDING * float(np.abs(total.mean[: total.K]).max() / total.atoms), float(np.finfo(float).tiny))
    if largest < least:
        message = (
            "every force descriptor is zero (to rounding): there is nothing to fit; take the column with −∂D/∂x, and "
            "configurations off their symmetric positions"
        )
        return [Verdict(name="force descriptors", level="fail", message=message, value=largest, limits=(least, np.inf))]
    force = float(np.sqrt(total.FF / total.rows))
    if force < NO_FORCE:
        message = (
            "every force is zero (to rounding), so that there is nothing to fit: a column that was never filled, or "
            "symmetric crystals, which have no forces by symmetry; take the column with forces, and configurations off "
            "their symmetric positions"
        )
        return [
            Verdict(name="force descriptors", level="fail", message=message, value=force, limits=(NO_FORCE, np.inf))
        ]
    theta_f = solve(fisher(total, 1.0)).theta
    r2 = float(2 * total.PhiF @ theta_f - theta_f @ total.PhiPhi @ theta_f) / total.FF if total.FF > 0 else 0.0
    verdicts = [*sums(data, np.sqrt(np.diag(total.PhiPhi) / total.rows)), _force_r2(r2)]
    verdicts += [*axes(data, r2), *by_energies(data, theta_f, r2)]
    if theta is not None:
        agree = next((v.value > 0 for v in verdicts if v.name == "energy slope"), False)
        verdicts += [by_theta(total, parameters_of(theta, data), agree), *by_provenance(data, theta)]
    return [*verdicts, *composition(data), duplicates(data), _enough(total)]


def _force_r2(r2: float) -> Verdict:
    level: Level = "ok"
    message = f"the best θ explains {r2:.4f} of the forces (R²)"
    if r2 < FITS:
        level = "warn"
        message = (
            f"the best θ explains only {r2:.2f} of the forces (R²): rows of Φ do not belong to these forces (atom or frame "
            "order, axes x y z, or (N, K, 3) read as (N, 3, K)), forces carry noise, or the descriptors are too few"
        )
    return Verdict(name="force R²", level=level, message=message, value=r2, limits=(FITS, np.inf))


def _enough(total: MomentRecord) -> Verdict:
    ratio = total.rows / total.K
    held = f"{counted(total.rows, 'force component')} for {counted(total.K, 'parameter')}"
    level: Level = "ok"
    message = held
    if ratio < ENOUGH:
        level = "warn"
        message = f"only {held}: θ_f fits noise; add configurations"
    return Verdict(name="enough data", level=level, message=message, value=float(ratio), limits=(ENOUGH, np.inf))
