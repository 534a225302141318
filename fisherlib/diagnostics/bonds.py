"""Bonds: how stiff and how long those of a dataset are, compared with ordinary matter, without a fit or a temperature."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Dataset, Trajectory
from .periodic_table import cohesive_energies, covalent_radii

#: Configurations that are looked at, atoms of each, and pairs of each, so that large ones cost no more.
CONFIGURATIONS, ATOMS, PAIRS = 24, 64, 20_000

#: Stiffness of nearest bonds times their length squared over the cohesive energy. Of published first-principles data (Li,
#: Be, Si, Ni, Cu, Ge, Mo, Ta, molecules of H, C, N, O; solid, liquid and strained) it is 4 to 17.
ORDINARY = 8.0

#: A weaker correlation between the length of bonds and the force along them says nothing of their stiffness.
CLEAR = 0.65
#: Fewer bonds of a configuration are too few to be judged by themselves.
ENOUGH = 8

_IMAGES = np.array(np.meshgrid(*[[-1, 0, 1]] * 3)).reshape(3, -1).T


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bonds:
    """The nearest bonds of a dataset.

    Attributes:
        stiffness: over that of ordinary matter, so about 1 in eV and Å, and negative for forces uphill; NaN if not known.
        length: median of the shortest distance of a configuration over the sum of covalent radii; NaN if not known.
        shortest: the same in Å.
    """

    stiffness: float = float("nan")
    length: float = float("nan")
    shortest: float = float("nan")


#: Of data without positions.
UNKNOWN = Bonds()


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Pairs:
    """Nearest pairs of a configuration: length and force along them, centred, cohesive energy, and the shortest."""

    length: Array
    force: Array
    energy: float
    shortest: float
    relative: float


def bonds(data: Dataset) -> Bonds:
    """Stiffness and length of the bonds between nearest neighbours; NaN without positions and elements.

    The stiffness is minus the slope of the force along a bond against its length, within a configuration and for each pair
    of elements. In equilibrium it is k_B T/Var(r), whatever T. Configurations with middling forces are taken.

    Args:
        data: with positions and species; others say nothing.
    """
    known = [t for t in data.values() if t.positions is not None and t.species is not None]
    chosen = [(t, m) for t in known for m in _spread(len(t), max(2, CONFIGURATIONS // len(known)))]
    found = [each for t, m in chosen[:: max(1, len(chosen) // CONFIGURATIONS)] if (each := _of(t, m)) is not None]
    if not found:
        return UNKNOWN
    found = sorted(found, key=lambda each: float((each.force**2).mean()))
    middle = found[len(found) // 4 : len(found) - len(found) // 4]
    own = [each for each in found if len(each.length) >= ENOUGH and _stiffness([each])]
    stiffness = _stiffness(middle) or (_stiffness(own) if len(own) > 1 else None)
    shortest, relative = (
        float(np.median([getattr(each, name) for each in found])) for name in ("shortest", "relative")
    )
    return Bonds(stiffness=stiffness or float("nan"), length=relative, shortest=shortest)


def _stiffness(found: list[_Pairs]) -> float | None:
    """Over that of ordinary matter; None unless force and length are clearly correlated."""
    r, f = (np.concatenate([getattr(each, name) for each in found]) for name in ("length", "force"))
    energy, d = float(np.mean([each.energy for each in found])), float(np.median([each.shortest for each in found]))
    size = float(np.sqrt((r @ r) * (f @ f)))
    return -float(r @ f / (r @ r)) * d**2 / energy / ORDINARY if abs(r @ f) > CLEAR * size else None


def _spread(M: int, number: int) -> list[int]:
    return np.unique(np.linspace(0, M - 1, number).astype(int)).tolist()


def _of(t: Trajectory, m: int) -> _Pairs | None:
    """The nearest pairs of configuration m; None without any."""
    assert t.positions is not None and t.species is not None
    end = int(t.n_atoms[: m + 1].sum())
    atoms = slice(end - int(t.n_atoms[m]), end)
    x, F, Z = t.positions[atoms], t.forces.reshape(-1, 3)[atoms], t.species[atoms]
    centres = np.array(_spread(len(x), max(2, min(ATOMS, PAIRS // len(x)))))
    shifts = np.zeros((1, 3))
    d = x - x[centres, None]
    if t.cell is not None and t.pbc is not None and t.pbc[m].any() and np.linalg.det(t.cell[m]):
        fractions = np.linalg.solve(t.cell[m].T, d.reshape(-1, 3).T).T.reshape(d.shape)
        d = d - np.where(t.pbc[m], np.round(fractions), 0.0) @ t.cell[m]
        shifts = (_IMAGES * t.pbc[m]) @ t.cell[m]
    nearest, r = _nearest(d, shifts)
    kept = np.isfinite(r)
    if not kept.any():
        return None
    centres, nearest, r = centres[kept], nearest[kept], r[kept]
    atom, image = np.divmod(nearest, len(shifts))
    along = (d[kept, atom] + shifts[image]) / r[:, None]
    f = 0.5 * ((F[atom] - F[centres]) * along).sum(axis=1)
    radii = covalent_radii(Z)
    pair = np.sort(np.column_stack([Z[centres], Z[atom]]), axis=1) @ [1000, 1]
    group = np.unique(pair, return_inverse=True)[1]
    first = int(np.argmin(r))
    return _Pairs(
        length=_within(r, group),
        force=_within(f, group),
        energy=float(cohesive_energies(Z).mean()),
        shortest=float(r[first]),
        relative=float(r[first] / (radii[centres[first]] + radii[atom[first]])),
    )


def _nearest(d: Array, shifts: Array) -> tuple[NDArray[np.integer], Array]:
    """For each centre the atom and image that are nearest (counted together), and its distance; never the centre itself."""
    squared = np.stack([((d + shift) ** 2).sum(axis=-1) for shift in shifts], axis=-1).reshape(len(d), -1)
    squared[squared < 1e-12] = np.inf
    nearest = squared.argmin(axis=1)
    return nearest, np.sqrt(squared[np.arange(len(d)), nearest])


def _within(values: Array, group: NDArray[np.integer]) -> Array:
    return values - (np.bincount(group, values) / np.bincount(group))[group]
