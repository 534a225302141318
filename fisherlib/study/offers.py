"""Fits that whole-trajectory validation puts beside plain θ_f: a mixture with energies, and a ridge."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping

from ..moments import Moments
from ..potential import LinearPotential
from ..progress import Progress
from ..regression import mixture_fit, ridge_fit
from ..uncertainty import FEWEST_CLUSTERS
from ..validation import MixtureChoice, RidgeChoice, choose_mixture, choose_strength, split

#: Numbers in the matrices ΦᵀΦ of all that is held out for the strength of a ridge, half a gigabyte.
LARGE = 2**26


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Offer:
    """A fit that validation puts beside plain θ_f.

    Attributes:
        name: of the potential, e.g. "θ_f + 0.1 kl".
        sentence: what it gains, and at what price.
        weights: of ``Study.fit``.
        fit: moments → potential.

    Example:
        >>> import fisherlib as fl
        >>> fl.Study(fl.systems.harmonic([1.0, 2.0])).offers  # θ_f is exact
        ()
    """

    name: str
    sentence: str
    weights: Mapping[str, float]
    fit: Callable[[Moments], LinearPotential]


def mixture_of(parts: Moments, *, temperature: float | None, seed: int, progress: Progress) -> MixtureChoice | None:
    """The weight of KL that validation chooses; None where nothing can be held out, or nothing is left to fit."""
    if len(parts) < 2 or not all(record.has_energies for record in parts.values()):
        return None
    with contextlib.suppress(ValueError):  # without some of the parts there is nothing to fit
        return choose_mixture(parts, temperature=temperature, seed=seed, progress=progress)
    return None


def strength_of(parts: Moments, *, temperature: float | None, progress: Progress) -> RidgeChoice | None:
    """The strength of a ridge that validation chooses; None where nothing can be held out."""
    if len(parts) < 2:
        return None
    with contextlib.suppress(ValueError):
        return choose_strength(_fewer(parts), temperature=temperature, progress=progress)
    return None


def offers_of(
    moments: Moments, mixture: MixtureChoice | None, strength: RidgeChoice | None, *, temperature: float | None
) -> tuple[Offer, ...]:
    """The mixture and the ridge, where they differ from θ_f by more than noise."""
    found: list[Offer] = []

    def offer(fit: Callable[[Moments], LinearPotential], sentence: str, **weights: float) -> None:
        found.append(Offer(name=fit(moments).name, sentence=sentence, weights=weights, fit=fit))

    if mixture is not None and (weight := mixture.weight):
        offer(functools.partial(mixture_fit, weight=weight, temperature=temperature), mixture.sentence, kl=weight)
    if strength is not None and strength.sentence:
        best = strength.strength
        offer(functools.partial(ridge_fit, strength=best, temperature=temperature), strength.sentence, ridge=best)
    return tuple(found)


def _fewer(moments: Moments) -> Moments:
    """The same moments, of trajectories of one temperature put together where there are too many to hold out each of them."""
    most = max(FEWEST_CLUSTERS, LARGE // moments.K**2)
    if len(moments) <= most or len({record.temperature for record in moments.values()}) > 1:
        return moments
    parts = split(tuple(moments), most)
    return Moments({f"part {k}": moments.select(part).total() for k, part in enumerate(parts)}, about=moments.about)
