"""How a model of a study was fitted, so that it can be fitted again without the trajectories that are held out."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..cluster.datasets import featurise
from ..comparison import Comparison
from ..configurations import Configurations
from ..dataset import Dataset
from ..descriptors import Descriptor
from ..moments import Moments
from ..potential import LinearPotential
from ..progress import Progress, silent
from ..regression import Terms, energy_fit
from ..solvers import solve
from ..validation import SavedFit
from .study import Study

#: Weights of a scan: ridges, and weights of KL in 1/Å².
RIDGES, KLS = (0.0, 1e-5, 1e-3), (0.0, 1.0, 10.0, 100.0)
WEIGHTS = ("ridge", "kl", "energy")
ALONE = "fitted to energies alone"
GIVEN = "not fitted here: errors on all of these data"


def weighted_fit(
    moments: Moments, weights: Mapping[str, float], temperature: float | None, *, name: str = "my fit"
) -> LinearPotential:
    """The minimum of weighted losses, from moments.

    Example:
        >>> import fisherlib as fl
        >>> weighted_fit(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), {"kl": 1.0}, None).theta.round(6)
        array([1., 2.])
    """
    return LinearPotential.from_fit(solve(Terms.of(moments, temperature).weighted(**weights)), moments, name=name)


def saved_fit(study: Study, name: str) -> SavedFit:
    """A model of a study with its errors on trajectories that it has not seen.

    A model whose θ is not that of the fit that it names, such as one from a file, cannot be fitted again: its errors are
    those on all data, and its ``note`` says so.

    Raises:
        KeyError: a name that no potential of the study has.

    Example:
        >>> import fisherlib as fl
        >>> saved_fit(fl.Study(fl.systems.harmonic([2.0, 1.0, 3.0])), "Fisher + KL").weights
        {'kl': 1.0}
    """
    model = study.models[name]
    weights = {key: float(model.provenance[key]) for key in WEIGHTS if model.provenance.get(key)}
    refit = functools.partial(weighted_fit, weights=weights, temperature=study.temperature, name=name)
    if _same(model, refit, study.moments):
        return _described(study, name, _held_out(study, refit), weights=weights)
    if study.has_energies and _same(model, energy_fit, study.moments):
        return _described(study, name, _held_out(study, energy_fit), note=ALONE)
    return _described(study, name, study.comparison(name), note=GIVEN)


def scan(study: Study) -> dict[str, dict[str, float]]:
    """Name → weights of a dozen fits, less plain θ_f: ridges, and where there are energies weights of KL.

    Example:
        >>> import fisherlib as fl
        >>> len(scan(fl.Study(fl.systems.harmonic([1.0, 2.0]))))
        11
    """
    found = {}
    for ridge, kl in itertools.product(RIDGES, KLS if study.has_energies else (0.0,)):
        weights = {name: weight for name, weight in (("ridge", ridge), ("kl", kl)) if weight}
        if weights:
            found["θ_f + " + " + ".join(f"{weight:g} {name}" for name, weight in weights.items())] = weights
    return found


def frames_of(data: Dataset) -> list[Configurations]:
    """The structures of a dataset, for other descriptors; none where some trajectory has no positions or elements.

    Example:
        >>> import fisherlib as fl
        >>> frames_of(fl.systems.harmonic([1.0, 2.0]))
        []
    """
    if any(t.positions is None or t.species is None for t in data.values()):
        return []
    same = ("key", "n_atoms", "positions", "virials", "temperature", "cell", "pbc")
    frames = []
    for t in data.values():
        known: dict[str, Any] = {name: getattr(t, name) for name in same}
        energies = t.energies if t.has_energies else None
        frames.append(Configurations(**known, numbers=t.species, energies=energies, forces=t.forces.reshape(-1, 3)))
    return frames


def with_descriptor(study: Study, descriptor: Descriptor, *, progress: Progress = silent) -> list[SavedFit]:
    """θ_f and, with energies, Fisher + KL of other descriptors of the same configurations, held out in the same folds.

    Args:
        study: of data with structures.
        descriptor: to be computed, or found in the cache.
        progress: called with (done, in all); an exception that it raises ends the work.

    Raises:
        ValueError: data without structures, or that cannot be described.
    """
    frames = frames_of(study.data)
    if not frames:
        raise ValueError(
            "study: expected data with positions and elements, got some without; read a file that has them"
        )
    data = featurise(frames, descriptor, workers=1, progress=progress)
    if not isinstance(data, Dataset):
        raise TypeError(f"data: expected descriptors in memory, got {type(data).__name__}")
    other, what = Study(data, temperature=study.temperature, seed=study.seed), _shown(descriptor)
    names = [name for name in ("θ_f", "Fisher + KL") if name in other.models]
    return [dataclasses.replace(saved_fit(other, name), name=f"{name}, {what}") for name in names]


def _shown(descriptor: Descriptor) -> str:
    """The descriptor with what differs from its default, in few words."""
    own = descriptor.parameters
    usual = type(descriptor)().parameters
    changed = [f"{name} {value}" for name, value in own.items() if value != usual.get(name)]
    return " ".join([str(own["name"]), ", ".join(changed)]).strip()


def _same(model: LinearPotential, fit: Callable[[Moments], LinearPotential], moments: Moments) -> bool:
    theta, size = fit(moments).theta, np.sqrt(np.diag(moments.total().PhiPhi))
    return bool(np.linalg.norm(size * (theta - model.theta)) <= 1e-6 * np.linalg.norm(size * model.theta))


def _held_out(study: Study, fit: Callable[[Moments], LinearPotential]) -> Comparison:
    return study.held_out(fit) if len(study.parts) > 1 else study.comparison("θ_f")


def _described(study: Study, name: str, errors: Comparison, **more: Any) -> SavedFit:
    about = study.data.provenance.get("descriptor") or {}
    cutoff = about.get("cutoff")
    known: dict[str, Any] = {
        "descriptor": str(about.get("name", "")),
        "cutoff": cutoff if isinstance(cutoff, float) else None,
    }
    return SavedFit(name=name, errors=errors, K=study.data.K, **known, **more)
