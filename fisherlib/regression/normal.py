"""Normal equations of force rows, each trajectory's weighted by its β²."""

import numpy as np

from ..dataset import Array
from ..losses import Quadratic
from ..moments import MomentRecord, Moments
from ..units import beta


def row_weights(moments: Moments | MomentRecord, *, temperature: float | None = None) -> Array:
    """(trajectories,) weight of a row of each: β² over its mean over all rows; exactly 1 for one temperature.

    Args:
        moments: of one or several trajectories.
        temperature: K; taken for every trajectory. Without it each trajectory's own.

    Raises:
        ValueError: neither ``temperature`` nor the trajectories say what T is.
    """
    records = [moments] if isinstance(moments, MomentRecord) else list(moments.values())
    temperatures = [r.temperature if temperature is None else temperature for r in records]
    if None in temperatures:
        raise ValueError("temperature: a trajectory has none of its own; give temperature= in kelvin")
    of = {T: beta(T) for T in set(temperatures) if T is not None}
    betas = np.array([of[T] for T in temperatures if T is not None])
    relative = (betas / betas[0]) ** 2  # before the mean is taken, so that equal ones give 1 to the last digit
    return relative / np.average(relative, weights=[r.rows for r in records])


def normal_equations(moments: Moments | MomentRecord, *, temperature: float | None = None) -> list[Quadratic]:
    """½ w |F − Φθ|² of each trajectory, so that their sum is what a ridge is added to: A = w ΦᵀΦ, b = w ΦᵀF, s = w F·F.

    Args:
        moments: of one or several trajectories.
        temperature: as for ``row_weights``.

    Returns:
        One quadratic form a trajectory, in order; values in eV²/Å².
    """
    records = [moments] if isinstance(moments, MomentRecord) else moments.values()
    weights = row_weights(moments, temperature=temperature)
    return [Quadratic(w * r.PhiPhi, w * r.PhiF, w * r.FF) for w, r in zip(weights, records, strict=True)]
