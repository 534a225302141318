"""A loss on a grid over a plane."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import kind
from ..dataset import Array
from ..losses import Quadratic
from .planes import Plane


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Landscape:
    """A loss on a grid over a plane: z[j, i] is the loss at (x[i], y[j]).

    Attributes:
        x, y: (n,) and (m,) coordinates of the grid on the plane.
        z: (m, n) the loss.
        plane: that it is drawn on.
        name, unit: of the loss.
        error: the largest deviation expected from the exact loss, in its unit; 0 if z is exact.

    Example:
        >>> import fisherlib as fl, numpy as np
        >>> plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2))
        >>> axis = np.array([-1.0, 1.0])
        >>> surface = fl.Landscape(x=axis, y=axis, z=np.array([[0.0, 2.0], [4.0, 6.0]]), plane=plane)
        >>> surface.at([0.0, 2.0], [0.0, 0.0])
        array([ 3., nan])
    """

    x: Array
    y: Array
    z: Array
    plane: Plane
    name: str = "loss"
    unit: str = ""
    error: float = 0.0

    def at(self, x: ArrayLike, y: ArrayLike) -> Array:
        """The loss between grid points, bilinear; NaN outside the grid."""
        from scipy.interpolate import RegularGridInterpolator  # as slow to load as all the rest of the package

        inside = RegularGridInterpolator((self.y, self.x), self.z, bounds_error=False, fill_value=np.nan)
        shape = np.broadcast_shapes(np.shape(x), np.shape(y))
        return inside(np.stack(np.broadcast_arrays(y, x), axis=-1)).reshape(shape)


def landscape(
    loss: Quadratic | Callable[[Array, Array], Array], plane: Plane, *, n: int = 101, name: str = "loss", unit: str = ""
) -> Landscape:
    """A loss on an n × n grid over a plane.

    Args:
        loss: a quadratic form in θ, which is exact and needs no data; or a function (x (n,), y (m,)) → (m, n), such as
            the method ``force_mae`` of ``project(data, plane)``.
        plane: where to evaluate it.
        n: points along each axis.
        name, unit: for figures.

    Example:
        >>> import fisherlib as fl
        >>> loss = fl.ridge(1.0, 2)
        >>> plane = fl.Plane.coefficients([1.0, 1.0], loss, 0, 1)
        >>> surface = fl.landscape(loss, plane, n=5)
        >>> surface.z.shape, float(surface.z[2, 2]) == float(loss([1.0, 1.0]))
        ((5, 5), True)
    """
    kind("loss", loss, (Quadratic, Callable), "landscape(fisher(moments), plane)")
    kind("plane", plane, Plane, "landscape(fisher(moments), plane)")
    x, y = plane.axes(n)
    if isinstance(loss, Quadratic):
        q = loss.restrict(plane.origin, plane.directions)
        X, Y = x[None, :], y[:, None]
        z = 0.5 * (q.A[0, 0] * X * X + 2 * q.A[0, 1] * X * Y + q.A[1, 1] * Y * Y) - q.b[0] * X - q.b[1] * Y + 0.5 * q.s
    else:
        z = loss(x, y)
    return Landscape(x=x, y=y, z=z, plane=plane, name=name, unit=unit)
