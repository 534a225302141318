"""A search for hyperparameters by trials, each on its own; any number of processes and hosts share its journal."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from ..arguments import choice, each, flag, kind, location, whole, words
from ..arguments import seed as refuse_no_seed
from ..cluster.chunks import Chunk, trajectories
from ..cluster.results import resumed
from ..configurations import Configurations
from ..descriptors import KINDS, Descriptor
from ..descriptors.forecast import species_of
from ..io.database.layout import canonical, fingerprint
from ..io.places import find
from ..io.scratch import Scratch
from ..progress import Progress
from ..validation import split
from .journal import ABOUT, finished, quiet, study_in, undamaged
from .objective import Fit
from .plan import Finished, Plan, Slot
from .space import STRENGTH, Space
from .trials import COSTS, Search, found_in

_AS_SEARCH = "tuning.search(io.read_frames(path), tuning.Space(descriptors.Soap, cutoff=(3.5, 7.0)), trials=40)"


def search(
    configurations: str | os.PathLike | Sequence[Configurations],
    space: Space | Sequence[Space],
    *,
    trials: int = 40,
    journal: str | os.PathLike | None = None,
    most: int | None = None,
    costs: Sequence[str] = ("milliseconds",),
    folds: int | None = None,
    seed: int = 0,
    per_trajectory: int | None = None,
    fit: Fit | None = None,
    jacobian: bool = False,
    workers: int = 1,
    client: Any = None,
    progress: Progress | None = None,
) -> Search:
    """Searches settings of descriptors and fits that predict the forces of whole trajectories held out, and cost little.

    A trial computes the descriptors of every configuration once. Its error is that of θ_f, with every force component of
    equal weight, from moments; these give all strengths of the ridge at once, so the best of its range is taken in each
    trial and never drawn. Settings are drawn by tree-structured Parzen estimators, the first ten at random. Those after
    them depend on measured times, unless ``costs`` are without "milliseconds": then one process always draws the same.

    The call goes on where its journal ends: ``trials`` counts those that are there. The same call may run in several
    processes and on several hosts at once. A trial whose process is killed is done again; finished ones are never lost.

    Args:
        configurations: file with positions and forces, or what ``io.read_frames`` gives.
        space: what is searched, or several, one for each class of descriptors.
        trials: finished ones in all.
        journal: file that keeps them; by default nothing is kept.
        most: K at most; larger settings are not drawn.
        costs: what should be small beside the error: "milliseconds" of CPU time for the descriptors of a configuration,
            measured in each trial, and "K"; () for the error alone.
        folds: parts of the trajectories that are held out in turn; as for ``validation.split``.
        seed: of folds and draws.
        per_trajectory: configurations of each trajectory that are used, evenly spaced; all by default.
        fit: (training dataset, settings that no descriptor knows) → a model with ``forces(trajectory)``, in place of θ_f.
            Several workers need one that is defined in a module.
        jacobian: whether ``fit`` needs the Jacobian of the descriptors of each atom.
        workers: processes on this machine, each with one thread.
        client: of Dask, in place of workers, on machines that share the folder of the journal.
        progress: called with (trials finished, in all) after each; an exception ends the search. A bar without it.

    Raises:
        TypeError: no space, or no function.
        ValueError: an argument that is none of these, a journal of another search, or spaces without fitting settings.
        RuntimeError: workers die again and again over the same trial.
        KeyboardInterrupt: with a sentence that says how many trials are kept.

    Example:
        >>> import fisherlib as fl
        >>> from fisherlib.progress import silent
        >>> frames = fl.io.read_frames("data/cu55_1200K.npz")[:3]
        >>> space = fl.tuning.Space(fl.descriptors.Soap, cutoff=(3.5, 5.0), n_max=(2, 3), l_max=1)
        >>> found = fl.tuning.search(frames, space, trials=2, per_trajectory=2, progress=silent)
        >>> len(found.trials), found.best.name
        (2, 'Soap')
    """
    whole("trials", trials, 1, "trials")
    kind("progress", progress, (Callable, NoneType), _AS_SEARCH)
    kind("fit", fit, (Callable, NoneType), "tuning.search(…, fit=trained), with trained(data, settings) → model")
    flag("jacobian", jacobian)
    refuse_no_seed(seed)
    for cost in words("costs", costs):
        choice("costs", cost, COSTS)
    if journal is not None:
        location("journal", journal, "tuning.search(…, journal='soap.journal')")
    spaces = each("space", [space] if isinstance(space, Space) else space, Space, _AS_SEARCH)
    frames = _evenly(trajectories(configurations)[0], per_trajectory)
    _refuse_spaces(spaces, fit, species_of(frames), most)
    parts = split([f.key for f in frames], folds, seed=seed)
    names = [Chunk(configurations=f, first=0, recipe="tuning").name for f in frames]
    about = {"data": fingerprint(canonical(names)), "spaces": {s.name: s.as_json() for s in spaces}, "seed": seed}
    about |= {"folds": len(parts), "per_trajectory": per_trajectory, "most": most, "costs": list(costs)}
    about |= {"fit": None if fit is None else getattr(fit, "__qualname__", type(fit).__name__)}
    scratch = Scratch()  # gone with this call
    path = scratch.path / "journal" if journal is None else Path(journal).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    plan = Plan(path, frames, parts, spaces, trials, fit, jacobian, about)
    # Trials take different times, and no worker should wait for the slow one of another.
    how: dict[str, Any] = {"workers": workers, "client": client, "progress": progress, "ahead": float(trials)}
    with quiet():
        study = plan.study()
        store, slots = Finished(len(finished(study))), [Slot(number) for number in range(trials)]
        try:
            with resumed(plan.once, slots, store=store, title="search", unit=" trials", **how) as results:
                for _ in results:
                    pass
        except KeyboardInterrupt:
            done = f"{len(finished(study))} of {trials} trials are finished"
            way = f"kept in {path.name}; the same call goes on from there" if journal else "lost; give journal="
            raise KeyboardInterrupt(f"interrupted: {done} and {way}") from None
        return found_in(plan.study(), spaces)


def read(journal: str | os.PathLike, *, descriptors: Sequence[type[Descriptor]] = ()) -> Search:
    """A search from its journal, finished or not; the file is not changed.

    Args:
        journal: path; a shipped one is found, too.
        descriptors: classes of the user's own that were searched.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no search in it, no finished trial, or a class that is not known.

    Example:
        >>> import fisherlib as fl
        >>> fl.tuning.read("data/cu55_tuning.journal").best.K <= 70
        True
    """
    location("journal", journal, "tuning.read('data/cu55_tuning.journal')")
    own = each("descriptors", descriptors, type, "tuning.read(path, descriptors=[Mine])") if descriptors else ()
    known = {c.__name__: c for c in (*KINDS.values(), *own)}
    found = find(journal)
    with quiet():
        study = study_in(found)
        spaces = []
        with undamaged(found.name):
            searched = dict(study.user_attrs[ABOUT]["spaces"])
        for name, axes in searched.items():
            if name not in known:
                raise ValueError(
                    f"descriptors: expected the class {name}, which was searched; write descriptors=[{name}]"
                )
            with undamaged(found.name):
                spaces.append(Space.from_json(known[name], axes))
    return found_in(study, spaces)


def _evenly(frames: list[Configurations], number: int | None) -> list[Configurations]:
    """So many configurations of each trajectory, evenly spaced."""
    if number is None:
        return frames
    whole("per_trajectory", number, 1, "configurations")
    rows = [np.linspace(0, len(f.n_atoms) - 1, min(number, len(f.n_atoms))).round().astype(int) for f in frames]
    return [f.take(f.key, chosen) for f, chosen in zip(frames, rows, strict=True)]


def _refuse_spaces(spaces: Sequence[Space], fit: Fit | None, species: Sequence[int], most: int | None) -> None:
    """Refuses one class twice, settings that nobody knows, and spaces without a setting that is small enough."""
    if len({space.name for space in spaces}) < len(spaces):
        raise ValueError(f"space: expected one for each class of descriptors, got {[s.name for s in spaces]}")
    if most is not None:
        whole("most", most, 1, "descriptors")
    for space in spaces:
        unknown = [a.name for a in space.axes if a.name not in space.limits and a.name != STRENGTH]
        if fit is None and unknown:
            known = ", ".join([*space.limits, STRENGTH])
            raise ValueError(f"space: expected some of {known}, got {unknown[0]!r}, which only a fit= could know")
        if most is not None and (least := space.size({}, species)) > most:
            raise ValueError(
                f"most: expected at least {least}, as the smallest {space.name} of the space has, got {most}"
            )
