"""A short-range reference potential that is taken off energies and forces before a fit, and added again after it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from ..arguments import each, kind, number
from ..configurations import Configurations
from ..dataset import Array, Dataset, Trajectory
from .refusals import refuse_impossible
from .vacuum import with_vacuum

#: e²/4πε₀, eV Å, with the digits that LAMMPS has in its units "metal".
COULOMB = 14.399645
#: Screening length times Z_i^0.23 + Z_j^0.23, Å, and the four amplitudes and decays of the universal screening function.
SCREENING = 0.46850
AMPLITUDES = np.array([0.02817, 0.28022, 0.50986, 0.18175])
DECAYS = np.array([0.20162, 0.40290, 0.94229, 3.19980])
#: Rows and columns of a virial's six numbers: xx yy zz yz xz xy.
_ROWS, _COLUMNS = [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]


class Contribution(NamedTuple):
    """What a reference potential gives to some configurations.

    Attributes:
        energies: (M,) eV.
        forces: (3ΣN,) eV/Å, in the order of ``data.forces``.
        virials: (M, 6) W = −∂U/∂ε, eV, in the order xx yy zz yz xz xy.
    """

    energies: Array
    forces: Array
    virials: Array


@runtime_checkable
class Reference(Protocol):
    """A potential that is taken off before a fit: a frozen value that knows its parameters."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Everything that decides its values, as JSON can hold it, with its "name"."""

    def __call__(self, atoms: Atoms) -> tuple[float, Array, Array]:
        """Energy (eV), forces (N, 3) (eV/Å) and virial (6,) (eV) of one configuration."""


@dataclasses.dataclass(frozen=True)
class Zbl:
    """The universal repulsion of Ziegler, Biersack and Littmark, ended smoothly as by LAMMPS's ``pair_style zbl``.

    E(r) = Z_i Z_j e²/(4πε₀ r) φ(r/a) + S(r), a = 0.4685 Å/(Z_i^0.23 + Z_j^0.23). S is constant below ``inner``; from there to
    ``outer`` a polynomial takes energy, force and curvature to zero.

    Attributes:
        inner: where the switching begins, Å.
        outer: where the potential ends, Å.

    Raises:
        ValueError: distances that are not 0 < inner < outer ≤ 20.

    Source: Ziegler, Biersack, Littmark, The Stopping and Range of Ions in Solids (1985); LAMMPS documentation, pair_style zbl
    and pair_style lj/gromacs.

    Example:
        Two tantalum atoms at 2 Å:

        >>> from ase import Atoms
        >>> energy, forces, virial = Zbl(4.0, 4.8)(Atoms("Ta2", positions=[[0, 0, 0], [0, 0, 2.0]]))
        >>> round(energy, 4), round(float(forces[1, 2]), 4), round(float(virial[2]), 4)
        (11.7111, 35.3764, 70.7529)
    """

    inner: float
    outer: float

    def __post_init__(self) -> None:
        for name in ("inner", "outer"):
            object.__setattr__(self, name, number(name, getattr(self, name)))
        if not 0 < self.inner < self.outer <= 20:
            raise ValueError(f"inner, outer: expected 0 < inner < outer ≤ 20 Å, got {self.inner:g} and {self.outer:g}")

    @property
    def parameters(self) -> dict[str, Any]:
        """For provenance."""
        return {"name": "ZBL", "inner": self.inner, "outer": self.outer}

    def __call__(self, atoms: Atoms) -> tuple[float, Array, Array]:
        """Energy (eV), forces (N, 3) (eV/Å) and virial (6,) (eV), W = −∂U/∂ε in the order xx yy zz yz xz xy.

        Args:
            atoms: one configuration, periodic or not, or a slab or a wire, whose virial means nothing.

        Raises:
            TypeError: anything but ``ase.Atoms``.
            ValueError: a cell that spans no space, or two atoms in one place.
        """
        kind("atoms", atoms, Atoms, "Zbl(4.0, 4.8)(atoms)")
        refuse_impossible(atoms := with_vacuum(atoms, self.outer), self.outer, "the configuration")
        i, j, D, r = neighbor_list("ijDd", atoms, self.outer)
        if len(r) and r.min() < 1e-3:
            raise ValueError(
                f"positions: expected distances of atoms in Å, got {r.min():g} between atoms {i[r.argmin()]} and "
                f"{j[r.argmin()]}; leave the configuration out"
            )
        E, slope = self._pairs(r, atoms.numbers[i], atoms.numbers[j])
        pull = (slope / r)[:, None] * D  # each pair stands there twice, once for each of its atoms
        forces = np.stack([np.bincount(i, pull[:, x], len(atoms)) for x in range(3)], axis=1)
        return 0.5 * float(E.sum()), forces.astype(np.float64), -0.5 * np.einsum("pa,pb->ab", pull, D)[_ROWS, _COLUMNS]

    def _pairs(self, r: Array, Zi: np.ndarray, Zj: np.ndarray) -> tuple[Array, Array]:
        """Energy and its derivative for pairs at distances r."""
        charges, a = COULOMB * Zi * Zj, SCREENING / (Zi**0.23 + Zj**0.23)
        end, slope, bend = _screened(np.full_like(r, self.outer), charges, a)
        E, dE, _ = _screened(r, charges, a)
        width, t = self.outer - self.inner, np.maximum(r - self.inner, 0.0)
        A = (width * bend - 3 * slope) / width**2
        B = (2 * slope - width * bend) / width**3
        C = width * slope / 2 - width**2 * bend / 12 - end
        return E + C + A / 3 * t**3 + B / 4 * t**4, dE + A * t**2 + B * t**3


def _screened(r: Array, charges: Array, a: Array) -> tuple[Array, Array, Array]:
    """The screened Coulomb energy, its derivative and its second derivative."""
    k = DECAYS[:, None] / a
    parts = AMPLITUDES[:, None] * np.exp(-k * r)
    phi, dphi, ddphi = parts.sum(axis=0), -(k * parts).sum(axis=0), (k**2 * parts).sum(axis=0)
    return (charges * phi / r, charges * (dphi - phi / r) / r, charges * (ddphi - 2 * dphi / r + 2 * phi / r**2) / r)


def contribution(reference: Reference, data: Dataset | Trajectory | Configurations) -> Contribution:
    """What a reference potential gives to data, to be added to what a model predicts of the rest.

    Args:
        reference: the potential.
        data: with species and positions.

    Raises:
        TypeError: no reference potential, or anything but data.
        ValueError: data without species or positions.

    Example:
        >>> import fisherlib as fl
        >>> walkers = fl.io.read_frames("data/cu55_1200K.npz")[0]
        >>> zbl = fl.descriptors.Zbl(1.0, 2.2)
        >>> fl.descriptors.contribution(zbl, walkers).energies.shape
        (50,)
    """
    _refuse_others(reference)
    way = "descriptors.contribution(reference, data)"
    kind("data", data, (Dataset, Trajectory, Configurations), way)
    parts = data.values() if isinstance(data, Dataset) else [data]
    found = [reference(atoms) for part in parts for atoms in _structures(part).atoms()]
    energies, forces, virials = zip(*found, strict=True)
    return Contribution(np.array(energies), np.concatenate([f.ravel() for f in forces]), np.array(virials))


def without_reference(frames: Sequence[Configurations], reference: Reference | None) -> list[Configurations]:
    """Configurations whose energies, forces and virials are those beyond a reference potential, which their provenance names.

    Args:
        frames: configurations with species and positions.
        reference: the potential to take off, or None to leave all as it is.

    Raises:
        TypeError: no reference potential, or anything but configurations.
        ValueError: one was taken off before, or there are no positions.

    Example:
        >>> import fisherlib as fl
        >>> walkers = fl.io.read_frames("data/cu55_1200K.npz")[:1]
        >>> left = without_reference(walkers, Zbl(1.0, 2.2))
        >>> left[0].provenance["reference"]
        {'name': 'ZBL', 'inner': 1.0, 'outer': 2.2}
    """
    if reference is None:
        return list(frames)
    _refuse_others(reference)
    way = "descriptors.without_reference(io.read_frames(path), descriptors.Zbl(4.0, 4.8))"
    return [_without(f, reference) for f in each("frames", frames, Configurations, way)]


def _without(f: Configurations, reference: Reference) -> Configurations:
    if before := f.provenance.get("reference"):
        raise ValueError(
            f"reference: expected data from which none was taken off yet, got trajectory {f.key!r} without {before}; "
            "read it without reference="
        )
    part = contribution(reference, f)
    gone = {"energies": part.energies, "forces": part.forces.reshape(-1, 3), "virials": part.virials}
    left = {name: value - gone[name] for name in gone if (value := getattr(f, name, None)) is not None}
    return dataclasses.replace(f, **left, provenance={**f.provenance, "reference": dict(reference.parameters)})


def reference_of(of: object) -> Zbl | None:
    """The reference potential that was taken off the data of a model or of a dataset, or None.

    Args:
        of: anything with a provenance.

    Raises:
        TypeError: anything without.
        ValueError: another reference than ZBL, or one that is damaged.

    Example:
        >>> import fisherlib as fl
        >>> about = {"reference": {"name": "ZBL", "inner": 4.0, "outer": 4.8}}
        >>> reference_of(fl.LinearPotential(theta=[1.0], provenance=about))
        Zbl(inner=4.0, outer=4.8)
    """
    about = getattr(of, "provenance", None)
    if not isinstance(about, Mapping):
        raise TypeError(f"of: expected a model or a dataset, got {type(of).__name__}; write reference_of(model)")
    stated = about.get("reference")
    if stated is None:
        return None
    if not isinstance(stated, Mapping) or stated.get("name") != "ZBL" or not {"inner", "outer"} <= stated.keys():
        raise ValueError(
            f"of: expected the reference potential ZBL in the provenance, got {stated!r:.80}; add it yourself"
        )
    return Zbl(stated["inner"], stated["outer"])


def _structures(part: Trajectory | Configurations) -> Configurations:
    if isinstance(part, Configurations):
        return part
    return Configurations(
        key=part.key, n_atoms=part.n_atoms, numbers=part.species, positions=part.positions, cell=part.cell, pbc=part.pbc
    )


def _refuse_others(reference: object) -> None:
    callable_value = callable(reference) and not isinstance(reference, type) and not hasattr(reference, "limits")
    if not (callable_value and isinstance(reference, Reference)):
        got = f"the class {reference.__name__}" if isinstance(reference, type) else type(reference).__name__
        raise TypeError(
            f"reference: expected a reference potential, got {got}; write reference=descriptors.Zbl(inner=4.0, outer=4.8)"
        )
