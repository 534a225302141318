"""Data with their moments, and the parts of them over which error bars and held-out errors are taken."""

import functools
from collections.abc import Callable
from pathlib import PurePath
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import diagnostics
from ..arguments import kind
from ..arguments import seed as refuse_no_seed
from ..comparison import Comparison
from ..dataset import Array, Dataset
from ..losses import energy
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from ..progress import Progress, silent
from ..regression import Terms, common_temperature, fisher_fit
from ..solvers import Solution, solve
from ..uncertainty import FEWEST_BLOCKS, Blocks, independent_blocks, sandwich
from ..units import check_temperature, counted
from ..validation import MixtureChoice, RidgeChoice, cross_validate, split
from .offers import Offer, mixture_of, offers_of, strength_of


class Sample:
    """One dataset as fits see it; ``Study`` puts models beside it and says what the arguments are.

    Example:
        >>> import fisherlib as fl
        >>> from fisherlib.study.sample import Sample
        >>> Sample(fl.systems.harmonic([2.0, 1.0, 3.0]), None, None, 0).fit(name="θ_f")[1].theta.round(6)
        array([2., 1., 3.])
    """

    def __init__(self, data: Dataset, moments: Moments | None, temperature: float | None, seed: int) -> None:
        kind("data", data, Dataset, "Study(io.read(path))")
        kind("moments", moments, (Moments, NoneType), "Study(data, moments=accumulate(data))")
        check_temperature(temperature)
        refuse_no_seed(seed)
        self.data, self.temperature, self.seed = data, temperature, seed
        self.moments = moments or accumulate(data)
        self.moments.check_of(data, temperature)

    @functools.cached_property
    def label(self) -> str:
        """The data in short words for titles, such as "cu55_1200K, 1200 K": name of the file, and temperatures.

        >>> import fisherlib as fl
        >>> fl.Study(fl.systems.harmonic([1.0, 2.0]), temperature=300.0).label
        '300 K'
        """
        known = [self.temperature] if self.temperature else self.data.temperatures
        T = f"{known[0]:g} K" if len(known) == 1 else f"{known[0]:g} to {known[-1]:g} K" if len(known) else ""
        file = str(self.data.provenance.get("file", ""))
        return ", ".join(filter(None, (PurePath(file).stem, T)))

    @property
    def has_energies(self) -> bool:
        """Whether every trajectory has energies."""
        return all(record.has_energies for record in self.moments.values())

    @property
    def units(self) -> dict[str, str]:
        """Heading with unit of "fisher" and, with energies, "kl"; divided by β² where no temperature is known."""
        J, KL = "J, 1/Å²", "KL, second order, nats"
        if common_temperature(self.moments, self.temperature) != self.temperature:
            J, KL = "J/β² (no temperature is known), eV²/Å²", "KL/β², second order, eV²"
        return {"fisher": J, "kl": KL} if self.has_energies else {"fisher": J}

    @functools.cached_property
    def terms(self) -> Terms:
        """The losses that ``fit`` weighs against each other."""
        return Terms.of(self.moments, self.temperature)

    def fit(
        self, *, ridge: float = 0.0, kl: float = 0.0, energy: float = 0.0, name: str = "my fit"
    ) -> tuple[Solution, LinearPotential]:
        """The minimum of ``terms.weighted(…)`` and the potential there, whose provenance has the weights; reads no data."""
        weights = {"ridge": ridge, "kl": kl, "energy": energy}
        solution = solve(self.terms.weighted(**weights))
        provenance = {**self.data.provenance, "loss": "Fisher divergence", **{n: w for n, w in weights.items() if w}}
        return solution, LinearPotential.from_fit(solution, self.moments, name=name, provenance=provenance)

    @functools.cached_property
    def blocks(self) -> Blocks | None:
        """The blocks over which error bars are taken, and how many are independent; None for a single configuration."""
        if len(self.data.energies) < 2:
            return None
        theta = solve(self.terms.fisher).theta
        return independent_blocks(self.data, theta, moments=self.moments, temperature=self.temperature)

    @property
    def cut(self) -> bool:
        """Whether the data are a single run, cut into blocks that are held out."""
        return len(self.data) == 1 and self.blocks is not None

    @functools.cached_property
    def parts(self) -> Dataset:
        """What is held out: the trajectories, or the consecutive blocks of a single run."""
        return self.data.blocks(self.blocks.clusters) if self.blocks and self.cut else self.data

    @property
    def moments_of_parts(self) -> Moments:
        """``accumulate(parts)``."""
        return self.blocks.moments if self.blocks and self.cut else self.moments

    @property
    def facts(self) -> dict[str, object]:
        """Named values of the data, with the number of parts and of independent blocks."""
        return diagnostics.facts(self.data) | (
            {}
            if self.blocks is None
            else {
                "held out": counted(len(self.parts), "consecutive block" if self.cut else "trajectory"),
                "autocorrelation time of the scores, configurations": f"{self.blocks.tau:.2f}",
                "independent blocks, by the scores": f"about {self.blocks.independent:.0f}",
            }
        )

    @property
    def reason(self) -> str:
        """Why there are no error bars; empty if there are."""
        if self.blocks is None:
            return f"they need {FEWEST_BLOCKS} independent blocks, and there is one configuration"
        return self.blocks.reason

    @property
    def clusters(self) -> NDArray[np.integer]:
        """(M,) clusters for standard errors: the parts, or a single one if there is a ``reason``, which gives none."""
        return np.zeros_like(self.data.groups) if self.reason else self.parts.groups

    @functools.cached_property
    def refits(self) -> tuple[LinearPotential, ...]:
        """θ_f without each of the ``parts`` in turn; their scatter gives error bars of whatever is computed from θ_f."""
        moments = self.moments_of_parts
        if len(moments) < 2:
            return ()
        return tuple(fisher_fit(moments.drop(key), temperature=self.temperature) for key in moments)

    def standard_errors(self, fit: Solution, **weights: float) -> Array | None:
        """(K,) standard errors of a fit by ``fit(**weights)``, over ``blocks``; None if there is a ``reason``."""
        if self.reason or self.blocks is None:
            return None
        return np.sqrt(np.diag(sandwich(self.blocks.moments, fit, temperature=self.temperature, **weights)))

    def held_out(self, fit: Callable[[Moments], LinearPotential], *, folds: int = 5) -> Comparison:
        """Errors of every trajectory on ``parts`` that a fit has not seen, with standard errors as in ``comparison``.

        Args:
            fit: moments → potential, e.g. ``regression.fisher_fit``.
            folds: number of groups in which the parts are held out; one by one if there are fewer parts.

        Raises:
            ValueError: a single configuration, of which nothing can be held out.
        """
        if self.blocks is None:
            raise ValueError("data: expected at least 2 configurations, so that one can be held out, got 1; add some")
        options: dict[str, Any] = {"folds": min(folds, len(self.parts)), "seed": self.seed}
        options |= {"temperature": self.temperature, "of": self.data, "clusters": self.clusters}
        return cross_validate(self.parts, self.moments_of_parts, fit, **options)

    def held_out_energies(self, *, folds: int = 5) -> bool:
        """Whether energies can be fitted without each fold: of two configurations one is left, which has no scatter."""
        if len(self.parts) < 2 or not self.has_energies:
            return False
        moments = self.moments_of_parts
        parts = split(tuple(moments), min(folds, len(moments)), seed=self.seed)
        return all(scatter(moments.drop(part)) for part in parts)

    @functools.cached_property
    def mixture(self) -> MixtureChoice | None:
        """The weight of KL that whole-trajectory validation chooses, on ``parts``; None where nothing can be held out."""
        return self._mixture(silent)

    def _mixture(self, progress: Progress) -> MixtureChoice | None:
        if self.blocks is None:
            return None
        return mixture_of(self.moments_of_parts, temperature=self.temperature, seed=self.seed, progress=progress)

    @functools.cached_property
    def strength(self) -> RidgeChoice | None:
        """The strength of a ridge that validation chooses, on the blocks of error bars; None if nothing can be held out."""
        return self._strength(silent)

    def _strength(self, progress: Progress) -> RidgeChoice | None:
        if self.blocks is None:
            return None
        return strength_of(self.blocks.moments, temperature=self.temperature, progress=progress)

    @property
    def has_offers(self) -> bool:
        """Whether the ``offers`` are known already, so that asking for them takes no time."""
        return {"mixture", "strength"} <= vars(self).keys()

    @functools.cached_property
    def offers(self) -> tuple[Offer, ...]:
        """The fits that validation puts beside θ_f, where they differ from it by more than noise."""
        return offers_of(self.moments, self.mixture, self.strength, temperature=self.temperature)


def scatter(moments: Moments) -> bool:
    """Whether descriptors vary, so that energies can be fitted."""
    return bool(np.diag(energy(moments).A).any())
