"""What a distribution to be sampled is asked: the contract of sampling and of flows."""

from typing import Any, Protocol

from ..arguments import whole
from ..dataset import Array


class Target(Protocol):
    """A density p(x) ∝ exp(−u(x)), with the reduced energy u = βU.

    A target may also have ``inside(x)``, (n,) of bool: p is zero where it is false, and u stays finite there, so that a
    flow or a chain finds its way back.

    Attributes:
        dimension: d, the number of coordinates.

    Example:
        A class of one's own needs no more than this; no base class is needed.

        >>> class Springs:
        ...     dimension = 3
        ...     def energy_and_gradient(self, x):
        ...         return 0.5 * (x**2).sum(axis=1), x
        >>> target: Target = Springs()
    """

    @property
    def dimension(self) -> int:
        """Number of coordinates d."""
        ...

    def energy_and_gradient(self, x: Array) -> tuple[Array, Array]:
        """Reduced energies u (n,), no unit, and their gradients ∂u/∂x (n, d) of configurations x (n, d)."""
        ...


def dimension_of(target: Any) -> int:
    """Dimension of a target.

    Raises:
        TypeError: no target.
    """
    if not callable(getattr(target, "energy_and_gradient", None)) or not hasattr(target, "dimension"):
        raise TypeError(
            f"target: expected a target with .dimension and .energy_and_gradient(x), got {type(target).__name__}; write "
            "fl.systems.TiltedDoubleWell(), or a class of your own (fl.systems.Target)"
        )
    whole("target.dimension", target.dimension, 1, "coordinates")
    return int(target.dimension)
