"""One row for each particle of one species: descriptors and propensity, ready for a regression."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import choice, floats, is_whole, kind, number, whole
from ..dataset import Array, frozen
from ..moments import Moments
from ..progress import Progress, silent
from ..units import counted
from .ensemble import Ensemble
from .environment import Descriptors, descriptors

#: Configurations as they are, or in the nearest minimum of the energy.
STATES = ("inherent", "thermal")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Rows:
    """Descriptors X and propensities y of particles, with the configuration of each.

    Attributes:
        X: (n, M) descriptors.
        y: (n,) propensity.
        halves: (2, n) the same over each half of the runs, or None.
        blocks: (n,) name of the configuration of each row.
        positions: (n, d) of the particles, as their descriptors saw them (thermal or inherent).
        particles: (n,) index within the configuration.
        box: (d,) side lengths.
        names: M names of the descriptors.
        kinds: M, what each descriptor measures: "density of A", "bond order" …
        generations: (M,) how often each was averaged over neighbours.
        reach: (M,) distance up to which each looks, without averages.

    Raises:
        ValueError: shapes that do not fit.

    Example:
        >>> import fisherlib as fl
        >>> rng = np.random.default_rng(0)
        >>> rows = Rows(X=rng.normal(size=(20, 1)), y=rng.normal(size=20), blocks=np.repeat(["a", "b"], 10), names=["density"],
        ...     positions=rng.uniform(size=(20, 2)), particles=np.arange(20) % 10, box=np.ones(2), kinds=["density of A"],
        ...     generations=np.zeros(1, int), reach=np.ones(1))
        >>> rows.where(rows.blocks == "a"), rows.moments()
        (Rows(10 particles of 1 configuration, 1 descriptor), Moments(2 trajectories, 20 configurations, K = 1))
    """

    X: Array
    y: Array
    blocks: NDArray[np.str_]
    positions: Array
    particles: NDArray[np.int64]
    box: Array
    names: Sequence[str]
    kinds: Sequence[str]
    generations: NDArray[np.int64]
    reach: Array
    halves: Array | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "X", floats("X", self.X))
        if self.X.ndim != 2:
            raise ValueError(f"X: expected (particles, descriptors) numbers, got shape {self.X.shape}")
        (n, M), d = self.X.shape, np.size(self.box)
        shapes: dict[str, tuple[int, ...]] = {"y": (n,), "blocks": (n,), "particles": (n,), "positions": (n, d)}
        shapes |= {"halves": (2, n), "names": (M,), "kinds": (M,), "generations": (M,), "reach": (M,)}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None and np.shape(value) != shapes.get(field.name, np.shape(value)):
                raise ValueError(f"{field.name}: expected shape {shapes[field.name]}, got {np.shape(value)}")
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, frozen(value))

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        (n, M), C = self.X.shape, len(np.unique(self.blocks))
        return f"Rows({counted(n, 'particle')} of {counted(C, 'configuration')}, {counted(M, 'descriptor')})"

    def moments(self) -> Moments:
        """Sums over the rows of each configuration; all linear fits follow from them."""
        return Moments.from_rows(self.X, self.y, self.blocks, names=self.names)

    def where(self, kept: NDArray[Any]) -> "Rows":
        """The rows of a mask or of indices.

        Raises:
            ValueError: a mask of another length, or no such row.
        """
        kept = _indices(kept, len(self), "rows.where(rows.blocks == 'a')")
        halves = None if self.halves is None else self.halves[:, kept]
        own: dict[str, Any] = {
            name: getattr(self, name)[kept] for name in ("X", "y", "blocks", "positions", "particles")
        }
        return dataclasses.replace(self, halves=halves, **own)

    def columns(self, kept: NDArray[Any]) -> "Rows":
        """The descriptors of a mask or of indices.

        Raises:
            ValueError: a mask of another length, or no such descriptor.
        """
        at = _indices(kept, self.X.shape[1], "rows.columns(np.array(rows.kinds) == 'bond order')")
        words: dict[str, Any] = {name: tuple(getattr(self, name)[k] for k in at) for name in ("names", "kinds")}
        return dataclasses.replace(
            self, X=self.X[:, at], generations=self.generations[at], reach=self.reach[at], **words
        )


def _indices(kept: Any, n: int, way: str) -> NDArray[np.int64]:
    """Indices below n that a mask, a slice or indices name."""
    if isinstance(kept, slice):
        return np.arange(n)[kept]
    array = np.asarray(kept)
    mask = array.dtype == bool and array.shape == (n,)
    indices = array.ndim == 1 and array.dtype.kind in "iu" and ((array >= -n) & (array < n)).all()
    if not mask and not indices and array.shape != (0,):
        raise ValueError(f"kept: expected a mask of {n}, or indices below it, got {kept!r:.60}; write {way}")
    return np.arange(n)[array if array.size else slice(0)]


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
