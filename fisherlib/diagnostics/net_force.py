"""Net forces, and sums of Φ over the atoms of a configuration: both vanish without an external field."""

import numpy as np

from ..dataset import Array, Dataset, Trajectory
from ..units import counted
from .verdict import Level, Verdict, unknown

#: Sums over the atoms of a configuration below this count as zero (relative to the root of the sum of squares).
ZERO = 0.02

#: A force so many times the median of its trajectory is a spike. At 1200 K the largest of 55 atoms is about 4 times it.
SPIKE = 30.0

#: Configurations of each trajectory whose Φ is summed: a wrong order or gradient is wrong in all of them.
LOOKED_AT = 20


def sums(data: Dataset, scale: Array) -> list[Verdict]:
    """The verdicts "translation sum", of Φ, and "net force".

    Args:
        data: the configurations.
        scale: (K,) root mean square of Φ over all data, [D]/Å (in a symmetric crystal Φ itself is rounding).
    """
    net_Phi = max(_net_Phi(t, scale) for t in data.values())
    return [_translation(net_Phi), _net_force(data, net_Phi)]


def _net_Phi(t: Trajectory, scale: Array) -> float:
    """Largest |Σ_i Φ_i| / √N rms Φ of a configuration."""
    N = t.n_atoms[:LOOKED_AT]
    Phi = t.force_descriptors[: 3 * N.sum()].reshape(-1, 3, t.K)
    net = np.abs(np.add.reduceat(Phi, np.cumsum(N) - N, axis=0)).max(axis=(0, 1))
    size = scale * np.sqrt(N.max())
    return float((net / np.where(size > 0, size, 1.0)).max())


def _net_forces(t: Trajectory) -> Array:
    """(M,) |Σ_i F_i| / √Σ|F_i|² of each configuration."""
    starts, F = np.cumsum(t.n_atoms) - t.n_atoms, t.forces.reshape(-1, 3)
    size = np.sqrt(np.add.reduceat((F**2).sum(axis=1), starts))
    net = np.linalg.norm(np.add.reduceat(F, starts, axis=0), axis=1)
    # Forces of a relaxed configuration are rounding; a floor of 1 meV/Å keeps their sum from looking large.
    return net / np.maximum(size, 1e-3 * np.sqrt(t.n_atoms))


def _translation(net_Phi: float) -> Verdict:
    level: Level = "ok"
    message = f"force descriptors of a configuration sum to zero over its atoms ({net_Phi:.1e})"
    if net_Phi > ZERO:
        level = "warn"
        message = (
            f"force descriptors of a configuration do not sum to zero over its atoms ({net_Phi:.2g} of their size): the "
            "gradient was taken with the centre held fixed, atoms are missing, or rows are in another order; harmless only "
            "for atoms in an external field"
        )
    return Verdict(name="translation sum", level=level, message=message, value=net_Phi, limits=(0.0, ZERO))


def _net_force(data: Dataset, net_Phi: float) -> Verdict:
    found = {key: _net_forces(t) for key, t in data.items()}
    key = max(found, key=lambda key: found[key].max())
    net, m = float(found[key].max()), int(found[key].argmax())
    if net > ZERO and net_Phi > ZERO:
        message = "neither forces nor force descriptors sum to zero: in an external field a missing atom cannot be told"
        return unknown("net force", message)
    level: Level = "ok"
    message = f"forces of a configuration sum to zero ({net:.1e})"
    if net > ZERO:
        level = "warn"
        number = sum(int((each > ZERO).sum()) for each in found.values())
        message = (
            f"forces do not sum to zero in {number} of {counted(len(data.energies), 'configuration')} (most, {net:.2g} of their size, "
            f"in configuration {m} of {key!r}, counted from 0): {_cause(data[key], m)}"
        )
    return Verdict(name="net force", level=level, message=message, value=net, limits=(0.0, ZERO))


def _cause(t: Trajectory, m: int) -> str:
    """The likely cause of a net force in configuration m."""
    size, end = np.linalg.norm(t.forces.reshape(-1, 3), axis=1), int(t.n_atoms[: m + 1].sum())
    own = size[end - t.n_atoms[m] : end]
    if (own == 0).any():
        atom = int(np.argmin(own))
        return (
            f"missing atoms, such as atom {atom}, which has no force at all, or was held fixed; write the forces of all"
        )
    if own.max() > SPIKE * np.median(size):
        return f"a spike, {own.max():.3g} eV/Å on atom {int(own.argmax())}; compute that configuration again, or leave it out"
    return (
        "thermostat noise in the dumped forces, or the forces of missing atoms; recompute forces without the thermostat"
    )
