"""What every featuriser promises, so that no other room needs to know which one it has."""

import json
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from ase import Atoms

from ..dataset import Array, Jacobian
from ..progress import Progress


class Limit(NamedTuple):
    """The values that one parameter of a descriptor may take.

    Attributes:
        least: smallest value.
        greatest: largest value.
        what: what the parameter is, with its unit.
        whole: whether it is a whole number.
        grows: whether the number of descriptors K grows with it.
    """

    least: float
    greatest: float
    what: str
    whole: bool = False
    grows: bool = False

    def refuse(self, name: str, value: Any) -> None:
        """Refuses a value outside the limits.

        Raises:
            ValueError: not a number, out of range, or a fraction where a whole number is needed.
        """
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not self.least <= value <= self.greatest or (self.whole and value != int(value)):
            raise ValueError(f"{name}: expected {self.what} from {self.least:g} to {self.greatest:g}, got {value!r}")


def settle(descriptor: Any) -> None:
    """Refuses parameters outside the limits, and holds the others as Python's numbers, so that 3.0 and numpy's 3 are 3."""
    for name, limit in descriptor.limits.items():
        limit.refuse(name, value := getattr(descriptor, name))
        object.__setattr__(descriptor, name, int(value) if limit.whole else float(value))


@runtime_checkable
class Descriptor(Protocol):
    """A featuriser: a frozen, hashable value that turns configurations into descriptors.

    The descriptors of a configuration depend on that configuration alone, to the last bit, whatever it is computed
    together with.
    """

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Everything that decides the values, as JSON can hold it: "name", "library" with its version, every parameter."""

    @property
    def limits(self) -> Mapping[str, Limit]:
        """The values that each parameter may take."""

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """K different names of the descriptors for the given atomic numbers."""

    def __call__(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array]:
        """Descriptors of configurations.

        Args:
            atoms: one configuration or several; a direction that is not periodic gets a vacuum.
            species: atomic numbers that the descriptors tell apart, the same for a whole dataset; those that occur
                without it.
            progress: called with (configurations done, configurations in all); an exception that it raises stops the
                computation.

        Returns:
            site descriptors (ΣN, K) and force descriptors Φ = −∂(Σ_i D_i)/∂x (3ΣN, K), [D]/Å.

        Raises:
            ValueError: an element that is not among ``species``, or a configuration that cannot be described.
        """


@runtime_checkable
class StrainDescriptor(Descriptor, Protocol):
    """A featuriser that also knows how its descriptors change with the cell, for fits to stresses."""

    def with_strain(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array, Array]:
        """Descriptors of configurations with those of the strain, in one pass; arguments and errors as without.

        Returns:
            site descriptors (ΣN, K), force descriptors (3ΣN, K), and strain descriptors Ψ = −∂(Σ_i D_i)/∂ε (M, 6, K),
            [D], in the order xx yy zz yz xz xy. ε moves positions and cell vectors by x → x (1 + ε), so that the
            virial of the model is W_θ = −∂U_θ/∂ε = Ψθ. They are NaN where a direction is not periodic.
        """


@runtime_checkable
class JacobianDescriptor(Descriptor, Protocol):
    """A featuriser that also knows how the descriptors of each atom change with each position, for neural potentials."""

    def with_jacobian(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Jacobian]:
        """Site descriptors (ΣN, K) and their Jacobian, whose sum over centres is Φ; arguments and errors as without."""


def voigt(tensors: Array, axis: int) -> Array:
    """The components xx yy zz yz xz xy of tensors 3 × 3 in place of the two axes; off the diagonal the mean of both.

    >>> import numpy as np
    >>> voigt(np.arange(9.0).reshape(1, 3, 3), axis=1)
    array([[0., 4., 8., 6., 4., 2.]])
    """
    symmetric = (tensors + tensors.swapaxes(axis, axis + 1)) / 2
    return np.moveaxis(
        np.moveaxis(symmetric, (axis, axis + 1), (0, 1))[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]], 0, axis
    )


def in_words(descriptor: Descriptor) -> str:
    """The descriptor in words, with the parameters that decide how large K is: "SOAP with n_max=6, l_max=4"."""
    sizes = [f"{name}={descriptor.parameters[name]}" for name in size_parameters(descriptor)]
    return str(descriptor.parameters["name"]) + (f" with {', '.join(sizes)}" if sizes else "")


def recorded(descriptor: Descriptor) -> dict[str, Any]:
    """The parameters of a descriptor as a file gives them back: lists, where it has tuples."""
    return dict(json.loads(json.dumps(dict(descriptor.parameters))))


def size_parameters(descriptor: Descriptor) -> list[str]:
    """Names of the parameters that K grows with."""
    return [name for name, limit in descriptor.limits.items() if limit.grows]
