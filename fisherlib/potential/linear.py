"""A potential that is linear in its descriptors: its parameters, offset and origin, and the energies and forces it predicts."""

import dataclasses
from collections.abc import Mapping
from types import NoneType
from typing import Any

import numpy as np

from ..arguments import floats, kind, number, words
from ..dataset import Array, Dataset, Trajectory, stated, symbol
from ..moments import MomentRecord, Moments, best_offsets, free_offsets
from ..solvers import Solution
from .settings import SAME, descriptor_words, other_settings, refuse_other_elements, refuse_other_names, settings_of


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LinearPotential:
    """U_θ(x) = θ·D(x) + Σ_s n_s e_s with the forces F_θ = Φθ and the virials W_θ = Ψθ; n_s atoms are of element s.

    It refuses to predict energies and forces of data with another number of descriptors, with other names (if both are
    known), or of the same descriptor with other settings.

    Attributes:
        theta: (K,) eV/[D].
        offset: e0, eV per atom of any element; forces leave it free, so it is fitted to energies or given.
        offsets: e_s by symbol, eV, in place of ``offset``, where compositions differ.
        name: what figures and tables call it.
        provenance: data hash, descriptor, temperature, versions; saved with θ.
        descriptor_names: K names, or none if they are not known.

    Raises:
        ValueError: parameters, an offset or names that are not such.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> model = LinearPotential(theta=[1.0, 2.0], offset=-1.0)
        >>> bool(abs(model.energies(data) - data.energies).max() < 1e-9)
        True
        >>> model.forces(data).shape
        (2400,)
    """

    theta: Array
    offset: float = 0.0
    offsets: Mapping[str, float] = dataclasses.field(default_factory=dict)
    name: str = "θ"
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    descriptor_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        theta, offset = floats("theta", self.theta).copy(), number("offset", self.offset)
        if theta.ndim != 1 or theta.size == 0 or not np.isfinite(theta).all():
            raise ValueError(f"theta: expected K finite parameters, got shape {theta.shape}, {theta!s:.60}")
        theta.flags.writeable = False
        object.__setattr__(self, "theta", theta)
        object.__setattr__(self, "offset", offset)
        kind("offsets", self.offsets, Mapping, "LinearPotential(theta=theta, offsets={'Cu': -3.5, 'Au': -3.2})")
        if self.offsets and offset:
            raise ValueError(f"offset: expected none beside offsets, got {offset:g} eV; add it to each of them")
        offsets = {str(element): number(f"offset of {element}", e) for element, e in self.offsets.items()}
        object.__setattr__(self, "offsets", offsets)
        words("descriptor_names", self.descriptor_names)
        kind("provenance", self.provenance, Mapping, "LinearPotential(theta=theta, provenance={'file': 'md.npz'})")
        if len(self.descriptor_names) not in (0, len(theta)):
            raise ValueError(
                f"descriptor_names: expected {len(theta)}, one per parameter, or none, got {len(self.descriptor_names)}"
            )
        object.__setattr__(self, "descriptor_names", tuple(stated(self.descriptor_names)))

    @classmethod
    def from_fit(
        cls,
        fit: Solution,
        moments: Moments | MomentRecord,
        *,
        name: str = "θ_f",
        provenance: Mapping[str, Any] | None = None,
    ) -> "LinearPotential":
        """The fitted θ with the offsets that fit the energies best, one for each element: argmin ⟨(E − θ·D − Σ_s n_s e_s)²⟩.

        Of a single composition, or of elements that are not known, one offset is fitted, e0 = ⟨N (E − θ·D)⟩ / ⟨N²⟩. What
        the compositions leave free is in the provenance, under "free offsets"; without energies the offset is 0.

        Args:
            fit: to these moments.
            moments: of the training data.
            name: what figures and tables call the potential.
            provenance: saved with θ.

        Raises:
            TypeError: anything but a solution and moments.
            ValueError: a fit to other data, or of another number of descriptors.

        Example:
            >>> import fisherlib as fl
            >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0], offset=-1.0))
            >>> model = LinearPotential.from_fit(fl.solve(fl.fisher(moments)), moments)
            >>> model.name, round(model.offset, 6)
            ('θ_f', -1.0)
        """
        way = "LinearPotential.from_fit(solve(fisher(moments)), moments)"
        kind("fit", fit, Solution, way)
        kind("moments", moments, (Moments, MomentRecord), way)
        kind("provenance", provenance, (Mapping, NoneType), way)
        total = moments if isinstance(moments, MomentRecord) else moments.total()
        if len(fit.theta) != total.K:
            raise ValueError(f"fit: expected K = {total.K} parameters as in the moments, got {len(fit.theta)}")
        fit.check_of(moments)
        about = {} if isinstance(moments, MomentRecord) else moments.about
        known: dict[str, Any] = {name: about[name] for name in ("descriptor", "reference") if name in about}
        known |= {"fitted elements": list(map(symbol, total.elements))} if total.elements else {}
        e, free = best_offsets(total, fit.theta), free_offsets(total)
        if len(set(e.tolist())) == 1:  # a single composition
            offset: dict[str, Any] = {"offset": float(e[0])}
        else:
            offset = {"offsets": dict(zip(map(symbol, total.elements), e.tolist(), strict=True))}
            known |= {"free offsets": list(free)} if free else {}
        names = tuple(about.get("descriptor_names", ()))
        return cls(
            theta=fit.theta, **offset, name=name, provenance=known | dict(provenance or {}), descriptor_names=names
        )

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return len(self.theta)

    def check_of(self, data: Dataset | Trajectory) -> None:
        """Refuses data of other descriptors than those of θ, as far as both are known.

        A single trajectory tells the number and the names of its descriptors, but not their settings.

        Raises:
            ValueError: another number of descriptors, other names, other settings or other elements.
        """
        self.check_names(data)
        refuse_other_elements(self.name, self.provenance.get("fitted elements", ()), data)
        ours, its = settings_of(self), settings_of(data)
        if settings := other_settings(its, ours):
            raise ValueError(
                f"data: expected the descriptor of the potential {self.name!r}, {descriptor_words(ours)}, got another one, "
                f"{descriptor_words(its)} (other: {', '.join(settings)}); {SAME}"
            )

    def check_names(self, data: Dataset | Trajectory) -> None:
        """As ``check_of``, without the settings."""
        refuse_other_names(self.name, self.K, self.descriptor_names, data)

    def energies(self, data: Dataset | Trajectory) -> Array:
        """(M,) total energies, eV, of a trajectory, or of all trajectories of a dataset in turn.

        Raises:
            TypeError: neither a dataset nor a trajectory.
            ValueError: data of other descriptors.
        """
        self.check_of(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.energies(t) for t in data.values()])
        if not self.offsets:
            return data.descriptors @ self.theta + data.n_atoms * self.offset
        starts = np.cumsum(data.n_atoms) - data.n_atoms
        return data.descriptors @ self.theta + np.add.reduceat(self._of_atoms(data), starts)

    def forces(self, data: Dataset | Trajectory) -> Array:
        """(3ΣN,) forces, eV/Å, in the order of ``data.forces``.

        Raises:
            TypeError: neither a dataset nor a trajectory.
            ValueError: data of other descriptors.
        """
        self.check_of(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.forces(t) for t in data.values()])
        return data.force_descriptors @ self.theta

    def site_energies(self, trajectory: Trajectory) -> Array:
        """(ΣN,) energies of single atoms, eV. Only their sum over a configuration can be observed.

        Raises:
            TypeError: anything but a trajectory.
            ValueError: the trajectory has no site descriptors.
        """
        kind("trajectory", trajectory, Trajectory, "model.site_energies(data[key])")
        self.check_names(trajectory)
        if trajectory.site_descriptors is None:
            raise ValueError(
                f"trajectory {trajectory.key!r}: expected site_descriptors, got none; its file holds sums only"
            )
        if not self.offsets:
            return trajectory.site_descriptors @ self.theta + self.offset
        return trajectory.site_descriptors @ self.theta + self._of_atoms(trajectory)

    def virials(self, trajectory: Trajectory) -> Array:
        """(M, 6) virials Ψθ, eV, in the order of ``trajectory.virials``.

        Raises:
            TypeError: anything but a trajectory.
            ValueError: the trajectory has no strain descriptors, or others than those of θ.
        """
        kind("trajectory", trajectory, Trajectory, "model.virials(data[key])")
        self.check_names(trajectory)
        if trajectory.strain_descriptors is None:
            raise ValueError(
                f"trajectory {trajectory.key!r}: expected strain_descriptors, got none; read it with stress=True"
            )
        return trajectory.strain_descriptors @ self.theta

    def _of_atoms(self, t: Trajectory) -> Array:
        """(ΣN,) the offset of each atom, eV."""
        missing = [symbol(z) for z in t.elements if symbol(z) not in self.offsets]
        if t.species is None or missing:
            got = "none" if t.species is None else ", ".join(missing)
            wanted = f"some of {', '.join(self.offsets)}, which have offsets in the potential {self.name!r}"
            raise ValueError(f"species of trajectory {t.key!r}: expected {wanted}, got {got}")
        return np.array([self.offsets[symbol(z)] for z in t.elements])[np.searchsorted(t.elements, t.species)]


def predicts(model: object) -> bool:
    """Whether a model predicts energies and forces as a potential does."""
    return all(callable(getattr(model, method, None)) for method in ("energies", "forces"))


def check_model(name: str, model: object, way: str) -> None:
    """Refuses anything that does not predict energies and forces as a potential does.

    Args:
        name: of the argument.
        model: a potential, or another model with these methods.
        way: how the call should read.

    Raises:
        TypeError: anything else.
    """
    if not predicts(model):
        kind(name, model, LinearPotential, way)
