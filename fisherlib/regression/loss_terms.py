"""The losses that a fit combines, made once from moments, and their weighted sum."""

import dataclasses
from types import NoneType

import numpy as np

from ..arguments import kind, number
from ..losses import Quadratic, energy, fisher, kl, stress
from ..losses import ridge as ridge_penalty
from ..moments import MomentRecord, Moments
from .normal import common_temperature


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Terms:
    """The losses that a fit combines. They are made once from moments, so a new weight does not need the data.

    Attributes:
        fisher: 1/Å².
        kl: second order, nats.
        energy: half the mean squared error of total energies, eV².
        stress: half the mean squared error of virials, eV².

    Terms that the data do not have are None: energies, and so the KL divergence, or stresses.

    Raises:
        TypeError: anything but quadratic losses.

    Example:
        >>> import fisherlib as fl
        >>> terms = Terms.of(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
        >>> fl.solve(terms.weighted(kl=1.0, energy=10.0)).theta.round(6)
        array([1., 2.])
    """

    fisher: Quadratic
    kl: Quadratic | None = None
    energy: Quadratic | None = None
    stress: Quadratic | None = None

    def __post_init__(self) -> None:
        kind("fisher", self.fisher, Quadratic, "Terms.of(moments)")
        for name in ("kl", "energy", "stress"):
            kind(name, getattr(self, name), (Quadratic, NoneType), "Terms.of(moments)")

    @classmethod
    def of(cls, moments: Moments | MomentRecord, temperature: float | None = None) -> "Terms":
        """The terms of the data behind some moments, at ``temperature`` (K) or by default at ``common_temperature``."""
        temperature = common_temperature(moments, temperature)
        records = [moments] if isinstance(moments, MomentRecord) else list(moments.values())
        terms: dict[str, Quadratic] = {}
        if all(record.has_energies for record in records):
            terms |= {"kl": kl(moments, temperature), "energy": energy(moments)}
        if any(record.strain is not None for record in records):
            terms["stress"] = stress(moments)
        return cls(fisher=fisher(moments, temperature), **terms)

    def weighted(self, *, ridge: float = 0.0, kl: float = 0.0, energy: float = 0.0, stress: float = 0.0) -> Quadratic:
        """The Fisher divergence plus weighted terms; nothing is added for a weight of zero.

        Args:
            ridge: strength, relative to the diagonal of the sum, so it has no unit.
            kl: weight of the second-order KL divergence, 1/Å².
            energy: weight of the energy loss, 1/(eV² Å²).
            stress: weight of the loss of virials, 1/(eV² Å²).

        Raises:
            ValueError: a weight that is not a number, a negative strength, or a weight of what the data do not have.
        """
        total = self.fisher
        for name, weight in (("ridge", ridge), ("kl", kl), ("energy", energy), ("stress", stress)):
            number(name, weight)
            term = None if name == "ridge" else getattr(self, name)
            if term is not None and weight:
                total = total + weight * term
            elif weight and name != "ridge":
                lacking = "stresses" if name == "stress" else "energies"
                raise ValueError(f"{name}: expected no weight, as the data have no {lacking}, got {weight:g}")
        return total + ridge_penalty(ridge, total.K, scale=np.diag(total.A)) if ridge else total
