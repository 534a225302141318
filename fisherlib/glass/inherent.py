"""Inherent structures: the minimum of the energy into which a configuration falls when it is cooled at once."""

import dataclasses
from collections.abc import Callable
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from ..arguments import kind
from ..dataset import Array, frozen
from ..descriptors.lammps_process import running
from ..progress import Progress, silent
from .ensemble import Ensemble
from .kob_andersen import KA3D, Mixture, into_lammps
from .particles import checked

#: Largest force on a particle that counts as none, ε/σ.
REST = 1e-6
#: A line search can fail where a pair crosses the cutoff, at which the force jumps; the other method gets past it.
STYLES = ("cg", "cg", "fire", "cg", "fire", "cg")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Minimum:
    """A minimum of the potential energy.

    Attributes:
        positions: (N, d) inside the box, from 0 to its side lengths.
        energies: (N,) potential energy of each particle, half of each of its pairs.
        displacements: (N,) distance of each particle from where it was before.
        force: the largest force that is left on a particle.

    Example:
        >>> import fisherlib as fl
        >>> fl.glass.inherent([[1.0, 1.0], [2.3, 1.0], [5.0, 5.0]], [0, 0, 1], 9.0, mixture=fl.glass.KA2D).force < 1e-6
        True
    """

    positions: Array
    energies: Array
    displacements: Array
    force: float

    def __post_init__(self) -> None:
        for name in ("positions", "energies", "displacements"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def inherent(positions: ArrayLike, types: ArrayLike, box: ArrayLike, *, mixture: Mixture = KA3D) -> Minimum:
    """The nearest minimum of the energy, by conjugate gradients in LAMMPS.

    It is the state of Stillinger and Weber, Phys. Rev. A 25, 978 (1982): what is left of a configuration without its
    thermal motion.

    Args:
        positions: (N, d), in a periodic box; those outside of it, also by a rounding, are taken as their images inside.
        types: (N,) species, whole numbers from 0 as in ``mixture``.
        box: (d,) side lengths, or one for all sides.
        mixture: what the particles are.

    Raises:
        ModuleNotFoundError: LAMMPS is not installed.
        ValueError: shapes that do not fit, species that the mixture has not, or particles that overlap.
        RuntimeError: LAMMPS found no minimum.

    Example:
        Two particles come to rest at the minimum of their pair, 2^(1/6) σ apart.

        >>> import fisherlib as fl
        >>> rest = fl.glass.inherent([[1.0, 1.0], [2.3, 1.0], [5.0, 5.0]], [0, 0, 1], 9.0, mixture=fl.glass.KA2D)
        >>> rest.energies.round(4), (rest.positions[1] - rest.positions[0]).round(4)
        (array([-0.4918, -0.4918,  0.    ]), array([1.1225, 0.    ]))
    """
    kind("mixture", mixture, Mixture, "mixture=fl.glass.KA2D or fl.glass.KA3D")
    inside, species, sides = _checked(positions, types, box, mixture)
    with running() as lammps:
        try:
            new, energies, force = _relaxed(lammps, inside, species, sides, mixture)
        except Exception as error:  # of no class of its own
            raise RuntimeError(f"LAMMPS cannot minimise the energy: {str(error).partition(chr(10))[0]}") from error
    if not force <= REST:
        raise RuntimeError(f"LAMMPS found no minimum: a force of {force:.2g} is left, more than {REST:.0e}")
    moved = new - inside
    moved -= sides * np.round(moved / sides)
    ends = inside + moved
    return Minimum(
        positions=ends - sides * np.floor(ends / sides),
        energies=energies,
        displacements=np.linalg.norm(moved, axis=1),
        force=force,
    )


def with_inherent(ensemble: Ensemble, mixture: Mixture = KA3D, *, progress: Progress | None = None) -> Ensemble:
    """The same ensemble with the inherent structure of each configuration, and the energies of its particles there.

    Args:
        ensemble: configurations; inherent structures that it has already are made anew.
        mixture: what the particles are.
        progress: called with (done, total) after each configuration.

    Raises:
        ModuleNotFoundError: LAMMPS is not installed.
        ValueError: as for ``inherent``.

    Example:
        >>> import fisherlib as fl
        >>> glass = fl.glass.Ensemble(names=["a"], positions=[[[1.0, 1.0], [2.3, 1.0], [5.0, 5.0]]], types=[[0, 0, 1]],
        ...     box=[9.0, 9.0], times=[1.0], propensity=[[[0.1, 0.1, 0.2]]])
        >>> fl.glass.with_inherent(glass, fl.glass.KA2D).energies.round(4)
        array([[-0.4918, -0.4918,  0.    ]])
    """
    kind("ensemble", ensemble, Ensemble, "fl.glass.read(path)")
    kind("progress", progress, (Callable, NoneType), "progress=lambda done, total: print(done, total)")
    report = progress or silent
    minima = []
    for x, types in zip(ensemble.positions, ensemble.types, strict=True):
        minima.append(inherent(x, types, ensemble.box, mixture=mixture))
        report(len(minima), len(ensemble))
    return dataclasses.replace(
        ensemble,
        inherent=np.array([minimum.positions for minimum in minima]),
        energies=np.array([minimum.energies for minimum in minima]),
    )


def _relaxed(
    lammps: Any, positions: Array, species: NDArray[np.int64], box: Array, mixture: Mixture
) -> tuple[Array, Array, float]:
    """Positions of the minimum, energy of each particle, and the largest force that is left."""
    N, d = positions.shape
    into_lammps(lammps, positions, species, box, mixture)
    lammps.commands_list(["compute energy all pe/atom", "thermo_style custom step pe", "timestep 0.005"])
    for style in STYLES:
        lammps.commands_list([f"min_style {style}", f"minimize 0 {1e-2 * REST} 10000 100000"])
        if (force := float(np.abs(lammps.numpy.extract_atom("f")[:N]).max())) <= REST:
            break
    lammps.command("run 0 post no")
    order = np.argsort(lammps.numpy.extract_atom("id")[:N])
    x, energies = lammps.numpy.extract_atom("x"), lammps.numpy.extract_compute("energy", 1, 1)
    return x[order, :d].copy(), energies[order].copy(), force


def _checked(
    positions: ArrayLike, types: ArrayLike, box: ArrayLike, mixture: Mixture
) -> tuple[Array, NDArray[np.int64], Array]:
    """Positions inside the box, species and side lengths, that fit each other and the mixture."""
    d, S = mixture.dimension, len(mixture.sigma)
    inside, species, sides = checked(positions, types, box, S)
    if inside.shape[1] != d:
        raise ValueError(
            f"positions: expected (particles, {d}) as for fl.glass.KA{d}D, got shape {inside.shape}; mixture= takes others"
        )
    if len(there := np.unique(species)) < S:
        raise ValueError(f"types: expected particles of all {S} species of the mixture, 0 to {S - 1}, got {there}")
    least = 0.5 * min(map(min, mixture.sigma))
    pairs = cKDTree(inside, boxsize=sides).query_pairs(least, output_type="ndarray")
    if len(pairs):
        raise ValueError(
            f"positions: expected distances above {least:.2g} σ, got particles {pairs[0, 0]} and {pairs[0, 1]} that overlap; "
            "are box and positions in units of σ?"
        )
    return inside, species, sides
