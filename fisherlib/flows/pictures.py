"""What pictures of a flow are made of: bent grid lines of a plane, and paths between two configurations."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, whole
from ..dataset import Array, frozen
from ..systems import Target
from .draws import check_flow, energies
from .flow import Flow

#: Latent space is drawn to this distance from its middle; a Gaussian of two dimensions has e⁻⁶ of its weight beyond.
FAR = 3.5

#: Latent energies are asked for at so many points along each axis.
ACROSS = 41


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """Grid lines of latent space and of a plane of configurations, each as the other one sees them.

    Attributes:
        bent: (2, k, 2) configurations on lines z₁ = const. and z₂ = const.; NaN between two lines.
        seen: (2, k, 2) latent points on lines x₁ = const. and x₂ = const.; NaN also beyond what is drawn.
        z: (n,) latent coordinates of ``energies``.
        energies: (n, n) u(x(z)) − ln|∂x/∂z| above the lowest, kT, at [z₂, z₁]: ½|z|² for a perfect flow.

    Example:
        >>> import fisherlib as fl
        >>> target = fl.systems.TiltedDoubleWell()
        >>> grid(fl.flows.real_nvp(2, layers=2, width=4), target, target.bounds, lines=5, points=20).bent.shape
        (2, 105, 2)
    """

    bent: Array
    seen: Array
    z: Array
    energies: Array

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, frozen(getattr(self, field.name)))


def grid(flow: Flow, target: Target, bounds: ArrayLike, *, lines: int = 11, points: int = 80) -> Grid:
    """Grid lines of latent space in the plane of configurations, and those of this plane in latent space.

    Args:
        flow: of two dimensions; for a film of training, one flow for each frame.
        target: of which u is shown in latent space.
        bounds: ((lowest, highest), (lowest, highest)) of the lines in the plane: where draws are, not much beyond.
        lines: in each direction.
        points: on each line.

    Raises:
        TypeError, ValueError: as ``draw``, another dimension than two, or bounds of another shape.

    Example:
        >>> import fisherlib as fl
        >>> target = fl.systems.MuellerBrown()
        >>> grid(fl.flows.real_nvp(2, layers=2, width=4), target, target.bounds, points=30).energies.min()
        np.float64(0.0)
    """
    check_flow(flow, target)
    box = floats("bounds", bounds)
    if flow.dimension != 2 or box.shape != (2, 2) or not (box[:, 0] < box[:, 1]).all():
        raise ValueError(f"bounds: expected two pairs of a lowest and a highest value of a plane, got {box!s:.60}")
    whole("lines", lines, 2, "lines")
    whole("points", points, 2, "points on a line")
    latent, plane = _lines(np.array([[-FAR, FAR]] * 2), lines, points), _lines(box, lines, points)
    seen = _mapped(flow.latent, plane)
    z = np.linspace(-FAR, FAR, ACROSS)
    x, log_det = flow.configurations(np.stack(np.meshgrid(z, z), axis=-1).reshape(-1, 2))
    u = (energies(target, x) - log_det).reshape(ACROSS, ACROSS)
    beyond = np.abs(seen).max(axis=-1, keepdims=True) > 2 * FAR
    bent, seen = _mapped(flow.configurations, latent), np.where(beyond, np.nan, seen)
    return Grid(bent=bent, seen=seen, z=z, energies=u - u.min())


def path(flow: Flow, target: Target, a: ArrayLike, b: ArrayLike, *, points: int = 100) -> tuple[Array, Array]:
    """Path between two configurations along the straight line between their latent points, in any dimension.

    Args:
        flow, target: as for ``draw``.
        a, b: (d,) configurations.
        points: of the path, ends included.

    Returns:
        x (points, d) and u(x) (points,), kT.

    Raises:
        TypeError, ValueError: as ``draw``, and configurations of another dimension.

    Example:
        >>> import fisherlib as fl
        >>> x, u = path(fl.flows.real_nvp(2), fl.systems.TiltedDoubleWell(), [-1.8, 0.0], [1.7, 0.0], points=5)
        >>> (x[[0, -1], 0]).round(6).tolist(), u.shape
        ([-1.8, 1.7], (5,))
    """
    check_flow(flow, target)
    whole("points", points, 2, "points")
    ends = [floats(name, end) for name, end in {"a": a, "b": b}.items()]
    for name, end in zip("ab", ends, strict=True):
        if end.shape != (flow.dimension,):
            raise ValueError(f"{name}: expected a configuration of {flow.dimension} coordinates, got shape {end.shape}")
    z = flow.latent(np.stack(ends))[0]
    t = np.linspace(0.0, 1.0, points)[:, None]
    x = flow.configurations((1 - t) * z[0] + t * z[1])[0]
    return x, energies(target, x)


def _lines(box: Array, lines: int, points: int) -> Array:
    """(2, lines (points + 1), 2) lines of constant first and of constant second coordinate, NaN between."""
    families = []
    for axis in (0, 1):
        each = np.full((lines, points + 1, 2), np.nan)
        each[:, :points, axis] = np.linspace(box[axis, 0], box[axis, 1], lines)[:, None]
        each[:, :points, 1 - axis] = np.linspace(box[1 - axis, 0], box[1 - axis, 1], points)
        families.append(each.reshape(-1, 2))
    return np.stack(families)


def _mapped(direction: Callable[[Array], tuple[Array, Array]], lines: Array) -> Array:
    """Lines as a direction of the flow maps them; NaN stays NaN."""
    out, there = np.full_like(lines, np.nan), np.isfinite(lines).all(axis=-1)
    out[there] = direction(lines[there])[0]
    return out
