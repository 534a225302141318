"""A potential as a calculator of ASE, so that it runs dynamics, relaxations and whatever else ASE can do."""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators import calculator as ase_calculator
from ase.data import atomic_numbers

from ..arguments import elements, flag, kind
from ..configurations import Configurations
from ..dataset import Trajectory, stated, symbol
from ..potential import check_model, descriptor_words, other_settings, settings_of
from .contract import Descriptor, StrainDescriptor
from .kinds import KINDS
from .pieces import with_descriptors
from .repulsion import reference_of

#: Elements whose symbols may occur in names, at most, if some of them mean something else.
MOST_ELEMENTS = 6
_WAY = "Calculator(model, descriptors.Soap())"


class Calculator(ase_calculator.Calculator):
    """Energy, forces and stress of a potential for any configuration, by the interface of ASE.

    Everything known of a structure is computed in one pass, and nothing is computed again before the structure changes. A
    reference potential (ZBL) that was taken off the training data is added again. There is no stress of what is not
    periodic in all directions. Units are those of ASE: eV, eV/Å, eV/Å³.

    Args:
        model: a ``LinearPotential``, or another model with energies and forces of a trajectory.
        descriptor: that the model was fitted with; from the model's provenance by default.
        species: atomic numbers that the descriptor told apart in the fit; found from the names of the descriptors by default.
        stress: whether to compute stresses too; without them dynamics in a fixed cell take about a third less time.

    Raises:
        TypeError: no model or no descriptor.
        ValueError: a descriptor with other settings or names than the model's, or one that the model does not state.

    Example:
        >>> import fisherlib as fl
        >>> from ase.build import bulk
        >>> soap, frames = fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1), bulk("Cu", cubic=True)
        >>> model = fl.LinearPotential(theta=[0.1] * 6, descriptor_names=soap.names([29]))
        >>> frames.calc = fl.Calculator(model, soap)
        >>> frames.get_forces().shape, frames.get_stress().shape
        ((4, 3), (6,))
    """

    ignored_changes = {"initial_magmoms", "initial_charges"}

    def __init__(
        self,
        model: Any,
        descriptor: Descriptor | None = None,
        *,
        species: Sequence[int] | None = None,
        stress: bool = True,
    ) -> None:
        super().__init__()
        check_model("model", model, _WAY)
        flag("stress", stress)
        descriptor = _stated(model) if descriptor is None else descriptor
        if isinstance(descriptor, type):
            raise TypeError(f"descriptor: expected a descriptor, got the class {descriptor.__name__}; write {_WAY}")
        kind("descriptor", descriptor, Descriptor, _WAY)
        _refuse_other(model, descriptor)
        self.model, self.descriptor = model, descriptor
        self.species = _species(model, descriptor, species)
        self.reference = reference_of(model)
        self._jacobian = bool(getattr(model, "needs_jacobian", False))
        knows_strain = hasattr(model, "virials") and isinstance(descriptor, StrainDescriptor)
        self._strain = stress and knows_strain and not self._jacobian
        sites = hasattr(model, "site_energies") and self.reference is None
        found = ("energy", "free_energy", "forces", *("stress",) * self._strain, *("energies",) * sites)
        self.implemented_properties: list[str] = list(found)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = ase_calculator.all_changes,
    ) -> None:
        """Computes all that is known of a structure; see ASE.

        Raises:
            ValueError: an element that the model does not know, or a structure that cannot be described.
            PropertyNotImplementedError: the stress of what is not periodic in all directions.
        """
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms if atoms is None else atoms
        kind("atoms", atoms, Atoms, "atoms.get_forces()")
        assert atoms is not None
        periodic = bool(atoms.pbc.all())
        if "stress" in properties and not periodic:
            raise ase_calculator.PropertyNotImplementedError(
                f"stress: expected a cell that is periodic in all directions, got pbc {atoms.pbc.tolist()}"
            )
        self.refuse_unknown(atoms)
        t = self._described(atoms, strain=self._strain and periodic)
        energy, forces = float(self.model.energies(t)[0]), self.model.forces(t).reshape(-1, 3)
        virial = self.model.virials(t)[0] if t.strain_descriptors is not None else None
        if self.reference is not None:
            more = self.reference(atoms)
            energy, forces = energy + more[0], forces + more[1]
            virial = None if virial is None else virial + more[2]
        self.results = {"energy": energy, "free_energy": energy, "forces": forces}
        if virial is not None:
            self.results["stress"] = -virial / atoms.get_volume()
        if "energies" in self.implemented_properties:
            self.results["energies"] = self.model.site_energies(t)

    def _described(self, atoms: Atoms, *, strain: bool) -> Trajectory:
        """The structure as a trajectory of one configuration, with descriptors."""
        frames = Configurations(
            key="structure",
            n_atoms=np.array([len(atoms)]),
            numbers=atoms.numbers,
            positions=atoms.positions,
            forces=np.zeros((len(atoms), 3)),
            virials=np.zeros((1, 6)) if strain else None,
            cell=atoms.cell.array[None],
            pbc=atoms.pbc[None],
        )
        known = self.species or sorted(set(atoms.numbers.tolist()))
        return with_descriptors(frames, descriptor=self.descriptor, species=known, jacobian=self._jacobian)

    def refuse_unknown(self, atoms: Atoms) -> None:
        """Refuses structures without atoms, or with elements that the potential does not know.

        Raises:
            ValueError: such a structure.
        """
        unknown = sorted(set(atoms.numbers.tolist()) - set(self.species)) if self.species else []
        if unknown or not len(atoms):
            got = ", ".join(map(symbol, unknown)) or "no atoms"
            known = ", ".join(map(symbol, self.species)) or "any"
            raise ValueError(
                f"atoms: expected elements that the potential {self._name} knows, {known}, got {got}; fit it to data that have them"
            )

    @property
    def _name(self) -> str:
        return repr(getattr(self.model, "name", "of this calculator"))


def _stated(model: Any) -> Descriptor:
    """The descriptor that the provenance of a model states, with its settings."""
    stated = settings_of(model)
    for made in KINDS.values():
        own = made()
        if dict(own.parameters).get("name") == stated.get("name"):
            names = [field.name for field in dataclasses.fields(own) if field.init and field.name in stated]  # type: ignore[arg-type]
            return made(**{name: _frozen(stated[name]) for name in names})
    got = descriptor_words(stated) if stated else "none"
    raise ValueError(
        f"descriptor: expected that of the model in its provenance, got {got}; write Calculator(model, descriptor) with the one that "
        "it was fitted with"
    )


def _frozen(value: Any) -> Any:
    """A setting as a descriptor holds it: JSON has lists for tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _refuse_other(model: Any, descriptor: Descriptor) -> None:
    """Refuses a descriptor with other settings than the one the model states."""
    ours = settings_of(model)
    its: Mapping[str, Any] = {**descriptor.parameters, "reference": ours.get("reference")}
    if other := other_settings(its, ours):
        raise ValueError(
            f"descriptor: expected that of the potential {getattr(model, 'name', '')!r}, {descriptor_words(ours)}, got another one, "
            f"{descriptor_words(descriptor.parameters)} (other: {', '.join(other)})"
        )


def _species(model: Any, descriptor: Descriptor, given: Sequence[int] | None) -> tuple[int, ...]:
    """Atomic numbers that the descriptor tells apart, ascending; none if neither the model nor the names tell them."""
    if given is not None:
        chosen = tuple(sorted(set(elements("species", given).ravel().tolist())))
        _refuse_misfit(model, descriptor, chosen)
        return chosen
    names = stated(getattr(model, "descriptor_names", ()))
    own = getattr(model, "species", None) or tuple(atomic_numbers[s] for s in getattr(model, "offsets", {}))
    if own:
        chosen = tuple(sorted(map(int, own)))
        _refuse_misfit(model, descriptor, chosen)
        return chosen
    for chosen in _candidates(names):
        if list(descriptor.names(chosen)) == names:
            return chosen
    if names and _elements_in(names):
        raise ValueError(
            f"descriptor: expected one that gives the {len(names)} descriptors of the model, such as {names[0]!r}, got "
            f"{descriptor_words(descriptor.parameters)}, which gives others; or name the elements of the fit by species="
        )
    return ()


def _candidates(names: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Sets of the elements whose symbols occur in the names, the largest set first."""
    found = _elements_in(names)
    for size in range(len(found), 0, -1) if len(found) <= MOST_ELEMENTS else [len(found)]:
        yield from itertools.combinations(found, size)


def _elements_in(names: Sequence[str]) -> list[int]:
    words = {word for name in names for word in re.findall(r"[A-Z][a-z]?", name)}
    return sorted(atomic_numbers[word] for word in words if word in atomic_numbers)


def _refuse_misfit(model: Any, descriptor: Descriptor, species: tuple[int, ...]) -> None:
    """Refuses a descriptor that gives others for these elements than the model has parameters for."""
    if not species:
        raise ValueError("species: expected the atomic numbers of the fit, such as [29], got none")
    its, K = descriptor.names(species), getattr(model, "K", None)
    names = stated(getattr(model, "descriptor_names", ()))
    if (K is not None and len(its) != K) or (names and list(its) != names):
        raise ValueError(
            f"descriptor: expected one that gives the K = {K} descriptors of the potential for {', '.join(map(symbol, species))}, got "
            f"{len(its)}, such as {its[0]!r}"
        )
