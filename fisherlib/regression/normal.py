"""Normal equations of what is regressed: force rows, weighted by the β² of their trajectory, or energies."""

from typing import Literal

import numpy as np

from ..arguments import choice, kind
from ..dataset import Array
from ..losses import Quadratic, energy
from ..moments import MomentRecord, Moments, free_offsets
from ..units import BOLTZMANN, UNKNOWN_TEMPERATURE, beta, check_temperature

#: What can be regressed on descriptors: force components on Φ, or energies (or what else rows of a regression have) on D.
Target = Literal["forces", "energies"]


def common_temperature(moments: Moments | MomentRecord, temperature: float | None = None) -> float | None:
    """The temperature that a fit needs: any one will do where no trajectory states its own, as θ does not depend on it.

    That one is 1/k_B, at which β = 1/eV: J and KL are then values divided by β², in eV²/Å² and eV².

    Args:
        moments: of the training data.
        temperature: K, for every trajectory, if it is known.

    Returns:
        ``temperature``; None where trajectories state theirs; T with β = 1/eV where none does.

    Raises:
        TypeError: anything but moments.
        ValueError: no temperature.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> common_temperature(moments), common_temperature(moments, 300.0)
        (None, 300.0)
    """
    kind("moments", moments, (Moments, MomentRecord), "common_temperature(accumulate(data))")
    check_temperature(temperature)
    records = [moments] if isinstance(moments, MomentRecord) else moments.values()
    unknown = temperature is None and all(r.temperature is None for r in records)
    return 1.0 / BOLTZMANN if unknown else temperature


def row_weights(moments: Moments | MomentRecord, *, temperature: float | None = None) -> Array:
    """Weight of a row of each trajectory: β² over the mean of β² over all rows; exactly 1 for one temperature.

    All rows weigh the same, too, where no trajectory states a temperature.

    Args:
        moments: of one or several trajectories.
        temperature: K, for every trajectory; by default each has its own.

    Returns:
        (trajectories,) no unit.

    Raises:
        TypeError: anything but moments.
        ValueError: some trajectories state a temperature and others do not.

    Example:
        >>> import fisherlib as fl
        >>> row_weights(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
        array([1., 1., 1., 1.])
    """
    kind("moments", moments, (Moments, MomentRecord), "row_weights(accumulate(data))")
    records = [moments] if isinstance(moments, MomentRecord) else list(moments.values())
    temperature = common_temperature(moments, temperature)
    given = [T for r in records if (T := r.temperature if temperature is None else temperature) is not None]
    if len(given) < len(records):
        raise ValueError(UNKNOWN_TEMPERATURE)
    of = {T: beta(T) for T in set(given)}
    betas = np.array([of[T] for T in given])
    relative = (betas / betas[0]) ** 2  # divided before the mean, so that equal temperatures give 1 to the last digit
    return relative / np.average(relative, weights=[r.rows for r in records])


def normal_equations(moments: Moments | MomentRecord, *, temperature: float | None = None) -> list[Quadratic]:
    """½ w |F − Φθ|² of each trajectory: A = w ΦᵀΦ, b = w ΦᵀF, s = w F·F. A ridge is added to their sum.

    Args:
        moments: of one or several trajectories.
        temperature: as for ``row_weights``.

    Returns:
        One quadratic form per trajectory, in order; values in eV²/Å².

    Raises:
        TypeError, ValueError: as for ``row_weights``.

    Example:
        >>> import fisherlib as fl
        >>> parts = normal_equations(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
        >>> fl.solve(parts[0] + parts[1]).theta.round(6)
        array([1., 2.])
    """
    kind("moments", moments, (Moments, MomentRecord), "normal_equations(accumulate(data))")
    records = [moments] if isinstance(moments, MomentRecord) else moments.values()
    weights = row_weights(moments, temperature=temperature)
    return [Quadratic(w * r.PhiPhi, w * r.PhiF, w * r.FF) for w, r in zip(weights, records, strict=True)]


def normal_of(
    moments: Moments | MomentRecord, target: Target | None = None, *, temperature: float | None = None
) -> tuple[Quadratic, int, Target]:
    """½ Σ w (y − θ·x)² over all rows, the number of rows, and the target; arguments as for ``Correlations.of``; a sum in the memory of one matrix.

    >>> import fisherlib as fl
    >>> _, rows, target = normal_of(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
    >>> rows, target
    (2400, 'forces')
    """
    kind("moments", moments, (Moments, MomentRecord), "accumulate(data), or Moments.from_rows(X, y, blocks)")
    records = [moments] if isinstance(moments, MomentRecord) else list(moments.values())
    rows = sum(record.rows for record in records)
    if target is None:
        target = "forces" if rows else "energies"
    choice("target", target, ("forces", "energies"))
    if target == "energies":
        configurations = sum(record.configurations for record in records)
        return configurations * energy(moments), configurations, target
    if not rows:
        raise ValueError("target: expected 'energies', as these moments have no forces, got 'forces'")
    A, b, s = np.zeros((moments.K, moments.K)), np.zeros(moments.K), 0.0
    for w, record in zip(row_weights(moments, temperature=temperature), records, strict=True):
        A += w * record.PhiPhi
        b += w * record.PhiF
        s += float(w * record.FF)
    return Quadratic(A, b, s), rows, target


def fitted_constants(moments: Moments | MomentRecord, target: Target) -> int:
    """How many offsets are fitted to a target beside θ: none to forces, one for each element of compositions that vary.

    >>> fitted_constants(Moments.from_rows(np.eye(3), np.arange(3.0)), "energies")
    1
    """
    total = moments.total() if isinstance(moments, Moments) else moments
    return 0 if target == "forces" else len(total.mean) - total.K - 1 - len(free_offsets(total))
