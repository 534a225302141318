"""One row for each particle of one species: descriptors and propensity, ready for a regression."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import choice, is_whole, kind, number, whole
from ..dataset import Array
from ..progress import Progress, silent
from .ensemble import Ensemble
from .environment import Descriptors, descriptors
from .particle_rows import Rows

#: Configurations as they are, or in the nearest minimum of the energy.
STATES = ("inherent", "thermal")


def rows(
    ensemble: Ensemble,
    *,
    species: int = 0,
    time: float = -1,
    state: str = "inherent",
    averages: int = 2,
    spread: float = 0.0,
    sigma: float = 1.0,
    progress: Progress = silent,
) -> Rows:
    """Descriptors and propensities of all particles of one species, for a regression.

    In the inherent state the energy of each particle and its distance from the minimum are descriptors too, where they are
    known. An ensemble that came with descriptors of its own keeps them, whatever ``state`` and ``averages`` are, but for
    columns that are the same for all particles.

    Args:
        ensemble: of configurations.
        species: whose particles.
        time: which propensity: an index where it is a whole number, else a time, for which the nearest one is taken; where
            there is but one it is that one, also where it is not known.
        state: "inherent", or "thermal" for positions as they are.
        averages: generations of averages over neighbours, as ``descriptors`` takes them.
        spread: standard deviation over all particles up to which a column of the file counts as constant.
        sigma: the unit of length, σ of the large particles, as ``descriptors`` takes it.
        progress: called with (done, total) configurations.

    Raises:
        ValueError: no particle of that species, no such time, or a state that is not known.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(0, 10, (2, 60, 2))
        >>> glass = fl.glass.Ensemble(names=["a", "b"], positions=x, types=np.tile(np.arange(60) % 2, (2, 1)), box=[10.0, 10.0],
        ...     times=[1.0, 10.0], propensity=x.transpose(0, 2, 1))
        >>> found = fl.glass.rows(glass, state="thermal", time=9.0, averages=0)
        >>> found.X.shape, found.blocks[[0, -1]].tolist(), bool(found.y[0] == x[0, 0, 1])
        ((60, 96), ['a', 'b'], True)
    """
    kind("ensemble", ensemble, Ensemble, "fl.glass.rows(fl.glass.read('data/glasses/ka2d.npz'))")
    kind("progress", progress, Callable, "progress=lambda done, total: print(done, total)")
    choice("state", state, STATES)
    whole("species", species, 0, "species")
    at, C = _time(ensemble, time), len(ensemble)
    which = [np.flatnonzero(types == species) for types in ensemble.types]
    if not sum(map(len, which)):
        raise ValueError(
            f"species: expected one of 0 to {ensemble.types.max()}, got {species}, of which there is no particle"
        )
    if ensemble.descriptors is not None:
        tables, positions = _columns(ensemble, number("spread", spread)), ensemble.positions
    else:
        positions, tables = _seen(ensemble, state), None
    ends = np.cumsum([0, *map(len, which)])
    X, about = np.empty((ends[-1], 0)), None
    for c, chosen in enumerate(which):
        progress(c, C)
        one = tables[c] if tables else _described(ensemble, c, state, averages, sigma)
        if about is None:
            X, about = np.empty((ends[-1], one.values.shape[1])), one
        X[ends[c] : ends[c + 1]] = one.values[chosen]
    progress(C, C)
    assert about is not None
    return Rows(
        X=X,
        y=np.concatenate([ensemble.propensity[c, at, chosen] for c, chosen in enumerate(which)]),
        halves=None
        if ensemble.halves is None
        else np.concatenate([ensemble.halves[:, c, at, chosen] for c, chosen in enumerate(which)], axis=1),
        blocks=np.repeat(ensemble.names, list(map(len, which))),
        positions=np.concatenate([positions[c, chosen] for c, chosen in enumerate(which)]),
        particles=np.concatenate(which),
        box=ensemble.box,
        **{name: getattr(about, name) for name in ("names", "kinds", "generations", "reach")},
    )


def _time(ensemble: Ensemble, time: float) -> int:
    """Index of a time, given as an index or as a time near it."""
    T = len(ensemble.times)
    if is_whole(time):
        if -T <= time < T:
            return int(time)
        raise ValueError(f"time: expected an index from {-T} to {T - 1}, got {time}; a time is written as {time}.0")
    wanted = number("time", time)
    if np.isnan(ensemble.times).any() and T > 1:
        raise ValueError(f"time: expected an index, as the times of this ensemble are not known, got {wanted}")
    return int(np.argmin(np.abs(ensemble.times - wanted)))  # NaN, the only time, is taken


def _seen(ensemble: Ensemble, state: str) -> Array:
    """Positions of all particles in a state, (C, N, d)."""
    if state == "thermal":
        return ensemble.positions
    if ensemble.inherent is None:
        raise ValueError(
            "state: expected 'thermal', as this ensemble has no inherent positions, got 'inherent'; "
            "fl.glass.with_inherent(ensemble, fl.glass.KA3D) adds them"
        )
    return ensemble.inherent


def _described(ensemble: Ensemble, c: int, state: str, averages: int, sigma: float) -> Descriptors:
    """Descriptors of all particles of one configuration."""
    own: dict[str, Any] = {}
    if state == "inherent" and ensemble.inherent is not None:
        step = ensemble.inherent[c] - ensemble.positions[c]
        step -= ensemble.box * np.round(step / ensemble.box)
        own["displacements"] = np.linalg.norm(step - step.mean(axis=0), axis=1)  # what all drift together moves nobody
        if ensemble.energies is not None:
            own["energies"] = ensemble.energies[c]
    S, x = int(ensemble.types.max()) + 1, _seen(ensemble, state)[c]
    return descriptors(x, ensemble.types[c], ensemble.box, averages=averages, species=S, sigma=sigma, **own)


def _columns(ensemble: Ensemble, spread: float) -> list[Descriptors]:
    """The descriptors that came with each configuration, but for columns that are constant over all particles."""
    table = np.asarray(ensemble.descriptors)
    kept = np.flatnonzero((np.ptp(table, axis=(0, 1)) > 0) & (table.std(axis=(0, 1)) > spread))
    about: dict[str, Any] = {
        "names": tuple(ensemble.descriptor_names[int(k)] for k in kept),
        "kinds": ("of the file",) * len(kept),
        "generations": np.zeros(len(kept), np.int64),
        "reach": np.full(len(kept), np.nan),
    }
    return [Descriptors(values=values[:, kept], **about) for values in table]
