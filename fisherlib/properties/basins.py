"""The basin of one labelled isomer of a cluster: contacts and handedness as in a reference, and a wall around it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arguments import floats
from ..dataset import Array

#: The shortest distance in the basin, in shortest distances of the reference: nearer atoms are far from the data of a potential.
CLOSEST = 0.7
#: Å, where the wall has risen by ½ kT.
SOFTNESS = 0.1
#: Ratio of two successive distances of the reference, below which there is no gap between contacts and others.
GAP = 1.15
#: Å out of a plane, above which an atom stands on one side of it; a contact distance is as far from all distances.
FLAT = 1e-3


class Basin(NamedTuple):
    """Conditions on distances and on coordinates, in the frame of ``ClusterTarget``: atoms 0, 1 and 2 span the xy plane.

    Attributes:
        contact: Å, the largest distance of a contact.
        first, second: (P,) atoms of every pair.
        touching: (P,) whether they are in contact.
        closest: Å, the smallest distance.
        atoms, axes, signs: of coordinates that have the sign of the reference.
    """

    contact: float
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    touching: NDArray[np.bool_]
    closest: float
    atoms: NDArray[np.intp]
    axes: NDArray[np.intp]
    signs: Array

    @classmethod
    def of(cls, positions: Array, contact: float | None) -> "Basin":
        """That of a reference (N, 3) in the frame, with contacts up to a distance, or up to the widest gap in its distances.

        Raises:
            ValueError: no distance, one that is shorter than all of the reference, or one of these.
        """
        first, second = np.triu_indices(len(positions), 1)
        lengths = np.linalg.norm(positions[second] - positions[first], axis=1)
        if contact is not None and not (np.ndim(contact) == 0 and float(floats("contact", contact)) > lengths.min()):
            raise ValueError(
                f"contact: expected more than the shortest distance of the reference, {lengths.min():.3g} Å, got {contact!r:.40}; None "
                "is the middle of the widest gap"
            )
        contact = _gap(lengths) if contact is None else float(contact)
        if np.abs(lengths - contact).min() < FLAT:
            raise ValueError(
                f"contact: expected a distance between those of the reference, got {contact:.5g} Å, which is one of them; None is in a gap"
            )
        off = int(np.abs(positions[:, 2]).argmax())  # the handedness is the side of the plane on which this atom stands
        signs = [(1, 0, 1.0), (2, 1, 1.0)]
        if abs(positions[off, 2]) > FLAT:
            signs.append((off, 2, float(np.sign(positions[off, 2]))))
        atoms, axes, sides = (np.array(column) for column in zip(*signs, strict=True))
        return cls(contact, first, second, lengths < contact, CLOSEST * lengths.min(), atoms, axes, sides)

    def wall(self, r: Array) -> tuple[NDArray[np.bool_], Array, Array]:
        """Whether positions (n, N, 3) are inside, and kT of parabolas in what they lack, 0 inside, with their gradient, 1/Å."""
        with np.errstate(invalid="ignore", over="ignore"):  # a flow that runs away is outside, without a word
            return self._wall(r)

    def _wall(self, r: Array) -> tuple[NDArray[np.bool_], Array, Array]:
        vectors = r[:, self.second] - r[:, self.first]
        lengths = np.linalg.norm(vectors, axis=2)
        outward = np.where(self.touching, 1.0, -1.0)
        moved, near = outward * (lengths - self.contact), self.closest - lengths
        beyond = -self.signs * r[:, self.atoms, self.axes]
        inside = (np.maximum(moved, near) < 0).all(axis=1) & (beyond < 0).all(axis=1)
        moved, near, beyond = (np.maximum(each, 0.0) / SOFTNESS for each in (moved, near, beyond))
        energy = 0.5 * ((moved**2).sum(axis=1) + (near**2).sum(axis=1) + (beyond**2).sum(axis=1))
        pull = vectors * ((outward * moved - near) / SOFTNESS / np.maximum(lengths, 1e-9))[..., None]
        one = np.eye(r.shape[1])
        slope = ((one[self.second] - one[self.first]).T @ pull).copy()
        slope[:, self.atoms, self.axes] -= self.signs * beyond / SOFTNESS
        return inside, energy, slope


def _gap(lengths: Array) -> float:
    """The middle of the widest gap in distances, or infinity without one."""
    ordered = np.sort(lengths)
    ratios = ordered[1:] / ordered[:-1]
    k = int(ratios.argmax())
    return float(ordered[k : k + 2].mean()) if ratios[k] > GAP else np.inf
