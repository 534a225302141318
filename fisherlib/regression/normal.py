"""Normal equations of force rows, with the rows of each trajectory weighted by its β²."""

import numpy as np

from ..arguments import kind
from ..dataset import Array
from ..losses import Quadratic
from ..moments import MomentRecord, Moments
from ..units import BOLTZMANN, UNKNOWN_TEMPERATURE, beta, check_temperature


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
