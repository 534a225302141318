"""A cluster of atoms under any potential as a target: its free coordinates, their measure, and the basin it stays in."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, kind
from ..configurations import Configurations
from ..dataset import Array
from ..descriptors.clusters import energies_and_forces
from ..units import beta
from .basins import Basin

#: Outside the basin u is that of the reference and so many kT, and a wall.
EDGE = 50.0
#: Sine of the angle between the first three atoms, below which they stand in a line.
LINE = 1e-3

_WAY = "ClusterTarget(EMT(), atoms, temperature=300.0)"


@dataclasses.dataclass(frozen=True, eq=False)
class ClusterTarget:
    """exp(−βU) of N atoms in open space, in 3N − 6 coordinates without translation and rotation, in one labelled basin.

    Atom 0 stands at the origin, atom 1 at (x₁, 0, 0) and atom 2 at (x₂, y₂, 0) with x₁, y₂ > 0; the coordinates are
    x₁, x₂, y₂, and x, y, z of every other atom, Å. Over positions and orientations the Boltzmann factor is integrated in
    closed form, which leaves

        u(x) = βU(x) − ln(x₁² y₂),        ∫ exp(−βU) d³ᴺr = V · 8π² ∫ exp(−u) dx

    for a volume V, so that −kT ln(V 8π² Z) is the free energy of the configurations of this basin.

    Equal atoms can change places, and a mirror image has the same energy: each isomer is there in up to 2 N! copies. A
    generator is of one of them. ``inside`` is true where the same pairs of atoms are in contact as in the reference, all other
    pairs are not, the atom that is farthest from the plane of the first three stands on the same side, and no pair is nearer
    than 0.7 times the nearest of the reference. Averages of what does not depend on labels are exact averages over the isomer; its free energy over all
    copies is lower by kT times the logarithm of their number. Outside, the potential is not asked, and u is that of the reference
    + 50 and parabolas that lead back to the rim. In the cold the rim is higher than that (7 atoms of copper: below 300 K).

    The three first atoms should be far from a line, for the whole basin; change the order of the atoms otherwise.

    Attributes:
        calculator: of ASE, or a ``Calculator`` with a model of this package, which takes a whole batch at once.
        reference: a cluster in the middle of the basin; of it elements, in their order, and positions count.
        temperature: K.
        contact: Å, pairs that are closer are in contact; by default the middle of the widest gap in the distances of the
            reference, ``math.inf`` if none is 15 % wide, as in a tetrahedron. With ``math.inf`` only the handedness and the
            nearest distance bound the basin; where atoms may fly apart, it has no partition function.

    Raises:
        TypeError: no calculator, or no atoms.
        ValueError: fewer than three atoms, a periodic cell, the first three atoms in a line, or a temperature or a contact
            distance that is none.

    Source: Noé, Olsson, Köhler, Wu, Science 365, eaaw1147 (2019), for the generator; the measure is that of spherical
        coordinates of atom 1 and of cylindrical ones of atom 2.

    Example:
        >>> from ase.calculators.emt import EMT
        >>> atoms = Atoms("Cu4", [[0, 0, 0], [2.4, 0, 0], [1.2, 2.1, 0], [1.2, 0.7, 2.0]])
        >>> target = ClusterTarget(EMT(), atoms, temperature=300.0)
        >>> x = target.coordinates(atoms)
        >>> u, du = target.energy_and_gradient(x)
        >>> target.dimension, du.shape, target.inside(x).tolist()
        (6, (1, 6), [True])
    """

    calculator: Any
    reference: Atoms
    _: dataclasses.KW_ONLY
    temperature: float
    contact: float | None = None
    basin: Basin = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        kind("reference", self.reference, Atoms, _WAY)
        asked = (getattr(self.calculator, name, None) for name in ("get_potential_energy", "get_forces"))
        if isinstance(self.calculator, type | Atoms) or not all(map(callable, asked)):  # atoms answer for themselves
            raise TypeError(f"calculator: expected a calculator of ASE, got {self.calculator!r:.40}; write {_WAY}")
        beta(self.temperature)
        _refuse(self.reference)
        object.__setattr__(self, "reference", Atoms(self.reference.numbers, self.reference.positions))
        object.__setattr__(
            self, "basin", Basin.of(_turned(self.reference.positions[None], "reference")[0], self.contact)
        )
        if not np.isfinite(self._edge):
            raise ValueError(f"calculator: expected a finite energy of the reference, got {self._edge}; move its atoms")

    @property
    def dimension(self) -> int:
        """3N − 6."""
        return 3 * len(self.reference) - 6

    def positions(self, x: ArrayLike) -> Array:
        """(n, N, 3) positions, Å, of coordinates (n, 3N − 6)."""
        x = self._checked(x)
        flat = np.zeros((len(x), 3 * len(self.reference)))
        flat[:, self._which] = x
        return flat.reshape(len(x), len(self.reference), 3)

    def coordinates(self, frames: Atoms | Sequence[Atoms] | Configurations | ArrayLike) -> Array:
        """(n, 3N − 6) coordinates, Å, of structures wherever they stand and however they are turned.

        Args:
            frames: structures, or positions (n, N, 3), Å, of the atoms in the order of the reference.

        Raises:
            ValueError: other elements than the reference has, in this order, or the first three atoms in a line.
        """
        return self._free(_turned(self._places(frames), "frames"))

    def log_jacobian(self, x: ArrayLike) -> Array:
        """(n,) ln(x₁² y₂), of numbers in Å; x₁ and y₂ count without their signs."""
        x = self._checked(x)
        with np.errstate(divide="ignore"):
            return 2 * np.log(np.abs(x[:, 0])) + np.log(np.abs(x[:, 2]))

    def inside(self, x: ArrayLike) -> NDArray[np.bool_]:
        """(n,) whether configurations are in the basin of the reference."""
        return self.basin.wall(self.positions(x))[0]

    def energies(self, x: ArrayLike) -> Array:
        """(n,) U, eV, also outside the basin."""
        return energies_and_forces(self.calculator, self.reference, self.positions(x))[0]

    def energy_and_gradient(self, x: ArrayLike) -> tuple[Array, Array]:
        """u (n,), no unit, and ∂u/∂x (n, 3N − 6), 1/Å, of configurations (n, 3N − 6); see ``systems.Target``.

        Raises:
            ValueError: another number of coordinates.
        """
        r = self.positions(x)
        inside, u, slope = self.basin.wall(r)
        U, F = energies_and_forces(self.calculator, self.reference, r[inside])
        b = beta(self.temperature)
        u = np.nan_to_num(u + self._edge, nan=np.inf, posinf=np.inf)
        slope = np.nan_to_num(slope, posinf=0.0, neginf=0.0)
        u[inside], slope[inside] = b * U, -b * F  # NaN of a potential is left as it is, for whoever asks to refuse
        du, x = self._free(slope), self._checked(x)[inside]
        u[inside] -= self.log_jacobian(x)
        du[inside, 0] -= 2 / x[:, 0]
        du[inside, 2] -= 1 / x[:, 2]
        return u, du

    @functools.cached_property
    def _edge(self) -> float:
        """u at the foot of the wall."""
        U = energies_and_forces(self.calculator, self.reference, self.reference.positions[None])[0]
        return EDGE + beta(self.temperature) * float(U[0])

    def _checked(self, x: ArrayLike) -> Array:
        x = floats("x", x)
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise ValueError(f"x: expected coordinates of shape (n, {self.dimension}), got {x.shape}")
        return x

    @property
    def _which(self) -> NDArray[np.intp]:
        """Places of the free coordinates among all 3N."""
        return np.r_[3, 6, 7, 9 : 3 * len(self.reference)]

    def _free(self, r: Array) -> Array:
        return r.reshape(len(r), 3 * len(self.reference))[:, self._which]

    def _places(self, frames: Any) -> Array:
        """(n, N, 3) positions of structures of the elements of the reference."""
        many = frames.atoms() if isinstance(frames, Configurations) else frames
        many = [many] if isinstance(many, Atoms) else many
        if isinstance(many, list | tuple) and all(isinstance(one, Atoms) for one in many):
            wanted = self.reference.numbers.tolist()
            wrong = [k for k, one in enumerate(many) if one.numbers.tolist() != wanted or one.pbc.any()]
            if wrong:
                raise ValueError(
                    f"frames: expected {self.reference.symbols} in open space, in the order of the reference, got "
                    f"{many[wrong[0]].symbols} with pbc {many[wrong[0]].pbc.tolist()} in frame {wrong[0]}"
                )
            many = [one.positions for one in many]
        r = floats("frames", many)
        if r.ndim != 3 or r.shape[1:] != (len(self.reference), 3) or not np.isfinite(r).all():
            raise ValueError(
                f"frames: expected finite positions of shape {('n', len(self.reference), 3)}, got {r.shape}"
            )
        return r


def _turned(r: Array, name: str) -> Array:
    """Positions (n, N, 3) moved and turned so that atom 0 is the origin, atom 1 on +x and atom 2 in the half plane y > 0."""
    a, b = r[:, 1] - r[:, 0], r[:, 2] - r[:, 0]
    normal = np.cross(a, b)
    flat = np.linalg.norm(normal, axis=1) <= LINE * np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    if flat.any():
        raise ValueError(
            f"{name}: expected first three atoms that span a plane, got a line in frame {flat.argmax()}; put others first"
        )
    axes = np.stack([a, np.cross(normal, a), normal], axis=2)
    return (r - r[:, :1]) @ (axes / np.linalg.norm(axes, axis=1, keepdims=True))


def _refuse(atoms: Atoms) -> None:
    if len(atoms) < 3:
        raise ValueError(f"reference: expected 3 atoms or more, got {len(atoms)}; two have a distance and nothing else")
    if atoms.pbc.any():
        raise ValueError(
            f"reference: expected a cluster in open space, got pbc {atoms.pbc.tolist()}; set atoms.pbc = False"
        )
    if not np.isfinite(atoms.positions).all() or atoms.get_all_distances()[np.triu_indices(len(atoms), 1)].min() < 1e-3:
        raise ValueError("reference: expected finite positions, Å, every atom in a place of its own, got others")
