"""The errors that a report puts side by side, of fits that are asked for and of those that validation offers."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

from ..comparison import Comparison
from ..landscapes import Landscape, Point
from ..moments import Moments
from ..potential import LinearPotential
from ..regression import Terms, energy_fit, fisher_fit
from ..solvers import solve
from ..study import Study

#: Name of the fit whose weights are parameters of the report, as on the page *Fit*.
MINE = "my fit"
Surfaces = dict[tuple[str, str, str], tuple[Landscape, dict[str, Point]]]


@dataclasses.dataclass(frozen=True, eq=False)
class Compared:
    """Errors of all models of a report.

    Attributes:
        held_out: of θ_f, on trajectories that were left out.
        all: of the model to compare with, of θ_f, of what validation offers, and of what is asked for besides.
    """

    held_out: Comparison
    all: Sequence[Comparison]


def compared(
    study: Study,
    *,
    given: bool,
    folds: int,
    weights: Mapping[str, float],
    networks: Sequence[Callable[..., LinearPotential]] = (),
) -> Compared:
    """Errors on trajectories that were left out of each fit; those of a given θ are of all trajectories.

    Args:
        study: data and models.
        given: whether the second model of the study is a given θ, which nothing can be left out of.
        folds: parts of the trajectories, each held out once.
        weights: of ``weighted_fit``; nothing is added if all are zero.
        networks: further fits.
    """
    reference = list(study.models)[1]
    first = [study.comparison(reference)] if given else []
    if not given and study.held_out_energies(folds=folds):
        first = [study.held_out(energy_fit, folds=folds)]
    held_out = study.held_out(fisher_fit, folds=folds)
    mine = [functools.partial(weighted_fit, weights=weights)] if any(weights.values()) else []
    more: list[Callable[..., LinearPotential]] = [*(offer.fit for offer in study.offers), *mine, *networks]
    return Compared(held_out, [*first, held_out, *(study.held_out(fit, folds=folds) for fit in more)])


def weighted_fit(moments: Moments, weights: Mapping[str, float], temperature: float | None = None) -> LinearPotential:
    """The minimum of the Fisher divergence with weighted terms, as sliders of the page *Fit* choose them.

    Args:
        moments: of the training data.
        weights: of a ridge, of KL and of energies, as ``Study.fit`` takes them.
        temperature: K; by default the trajectories' own.
    """
    solution = solve(Terms.of(moments, temperature).weighted(**weights))
    return LinearPotential.from_fit(solution, moments, name=MINE, provenance={"loss": "Fisher divergence", **weights})


def shown_first(surfaces: Surfaces, *choice: str | None) -> Surfaces:
    """The same landscapes, with the one that is asked for first; what is not asked for is free.

    Args:
        surfaces: by model, plane and loss.
        choice: model, plane and loss.

    Raises:
        ValueError: there is no such landscape; the message lists what there is.
    """
    names = ("show_model", "show_plane", "show_loss")
    fitting = list(surfaces)
    for k, (name, wanted) in enumerate(zip(names, choice, strict=True)):
        if wanted is not None:
            there = list(dict.fromkeys(key[k] for key in fitting))
            if wanted not in there:
                raise ValueError(f"{name}: expected one of {', '.join(there)}, got {wanted!r}")
            fitting = [key for key in fitting if key[k] == wanted]
    return {key: surfaces[key] for key in [fitting[0], *(key for key in surfaces if key != fitting[0])]}
