"""Planes through parameter space."""

import dataclasses
from collections.abc import Sequence
from numbers import Integral, Real
from types import NoneType

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import each, floats, kind, number, whole
from ..arguments import seed as check_seed
from ..dataset import Array
from ..losses import Quadratic
from ..solvers import spectrum

#: A point of a plane, in its own coordinates.
Point = tuple[float, float]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Plane:
    """θ(x, y) = origin + x · first direction + y · second direction.

    Attributes:
        origin: (K,).
        directions: (2, K), linearly independent.
        x_range, y_range: extent of the plane in its own coordinates.
        labels: what one unit of x and of y means.

    Raises:
        ValueError: the directions have another shape, or are parallel or zero.

    Example:
        >>> import fisherlib as fl
        >>> plane = fl.Plane.through([0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 2.0, 1.0], names=("a", "b", "c"))
        >>> plane.labels
        ('a → b', 'a → c')
        >>> plane.theta(0.5, 1.0)
        array([0.5, 2. , 1. ])
    """

    origin: Array
    directions: Array
    x_range: tuple[float, float] = (-1.0, 1.0)
    y_range: tuple[float, float] = (-1.0, 1.0)
    labels: tuple[str, str] = ("x", "y")

    def __post_init__(self) -> None:
        for name in ("origin", "directions"):
            object.__setattr__(self, name, floats(name, getattr(self, name)))
        if self.origin.ndim != 1 or self.directions.shape != (2, len(self.origin)):
            raise ValueError(f"directions: expected shape {(2, self.origin.size)}, got {self.directions.shape}")
        if self.origin.size < 2:
            raise ValueError(f"origin: expected at least 2 parameters to span a plane, got {self.origin.size}")
        unit = self.directions / np.maximum(np.linalg.norm(self.directions, axis=1, keepdims=True), 1e-300)
        if np.linalg.matrix_rank(unit, tol=1e-12) < 2:
            raise ValueError(f"directions: expected two independent ones, got parallel or zero ones for {self.labels}")

    @classmethod
    def through(
        cls,
        a: ArrayLike,
        b: ArrayLike,
        c: ArrayLike | None = None,
        *,
        seed: int = 0,
        metric: Quadratic | None = None,
        names: Sequence[str] = ("a", "b", "c"),
    ) -> "Plane":
        """The plane with ``a`` at (0, 0), ``b`` at (1, 0) and ``c`` at (0, 1).

        Without ``c`` the second direction is random (from ``seed``): each entry is drawn with the size of that of b − a,
        and the direction is as long as b − a. With a ``metric`` (a loss), lengths and right angles are those of its
        curvature, so that one unit of y costs as much as one unit of x.

        Args:
            a, b, c: (K,) parameters.
            seed: of the random direction.
            metric: the loss whose curvature gives lengths and angles.
            names: of the points, for the labels.

        Raises:
            ValueError: the points coincide or lie on one line.
        """
        kind("metric", metric, (Quadratic, NoneType), "Plane.through(a, b, metric=fisher(moments))")
        check_seed(seed)
        points = [floats("points", point) for point in ((a, b) if c is None else (a, b, c))]
        if any(point.shape != points[0].shape or point.ndim != 1 for point in points):
            shapes = ", ".join(str(point.shape) for point in points)
            raise ValueError(f"points: expected parameters of one length, got shapes {shapes}")
        a, b = points[:2]
        first: Array = b - a
        second: Array
        if c is not None:
            second, label = points[2] - a, f"{names[0]} → {names[2]}"
        else:
            A = np.diag(_inverse(first**2)) if metric is None else metric.A
            drawn = np.random.default_rng(seed).normal(size=len(a))
            second = drawn * (np.abs(first) if metric is None else _inverse(np.sqrt(np.diag(A))))
            second = _perpendicular(second, first, A)
            label = f"random direction (seed {seed})"
        labels = (f"{names[0]} → {names[1]}", label)
        return cls(
            origin=a, directions=np.array([first, second]), x_range=(-0.5, 1.5), y_range=(-1.0, 1.0), labels=labels
        )

    @classmethod
    def eigen(
        cls, origin: ArrayLike, loss: Quadratic, *, which: tuple[int, int] = (0, -1), rank: int | None = None
    ) -> "Plane":
        """The plane along two eigenvectors of the loss's scaled A, by default the softest and the stiffest.

        Args:
            origin: (K,) centre.
            loss: gives the eigenvectors, and the length of a unit: from the minimum it doubles the loss.
            which: numbers of the eigenvectors, by ascending eigenvalue among the ``rank`` determined ones.
            rank: of ``solve(loss)``; K without it.
        """
        kind("loss", loss, Quadratic, "Plane.eigen(theta, fisher(moments))")
        vectors = spectrum(loss)[1][:, loss.K - (rank or loss.K) :]
        _known_numbers("which", which, vectors.shape[1])
        scale = _inverse(np.sqrt(np.diag(loss.A)))
        names = {0: "softest direction", -1: "stiffest direction"}
        i, j = (names.get(k, f"eigenvector {k}") for k in which)
        return cls._scaled(origin, vectors[:, list(which)].T * scale, loss, (i, j))

    @classmethod
    def random(cls, origin: ArrayLike, loss: Quadratic, *, seed: int = 0) -> "Plane":
        """The plane along two random directions, drawn on the scale of each descriptor; a unit is that of ``eigen``."""
        kind("loss", loss, Quadratic, "Plane.random(theta, fisher(moments), seed=0)")
        check_seed(seed)
        scale = _inverse(np.sqrt(np.diag(loss.A)))
        drawn = np.random.default_rng(seed).normal(size=(2, loss.K)) * scale
        return cls._scaled(
            origin, drawn, loss, (f"random direction 1 (seed {seed})", f"random direction 2 (seed {seed})")
        )

    @classmethod
    def coefficients(
        cls, origin: ArrayLike, loss: Quadratic, i: int | str, j: int | str, *, names: Sequence[str] = ()
    ) -> "Plane":
        """The plane along two single coefficients; a unit is that of ``eigen``.

        Args:
            origin: (K,) centre.
            loss: gives the length of a unit.
            i, j: the number of each coefficient, or its name among ``names``.
            names: of the descriptors, e.g. ``data.descriptor_names``.
        """
        kind("loss", loss, Quadratic, "Plane.coefficients(theta, fisher(moments), 0, 1)")
        names = list(names) or [f"θ[{k}]" for k in range(loss.K)]
        for name in (i, j):
            if isinstance(name, str) and name not in names:
                raise ValueError(f"coefficients: expected descriptors among {', '.join(names)}, got {name!r}")
        i, j = (names.index(k) if isinstance(k, str) else k for k in (i, j))
        _known_numbers("coefficients", (i, j), loss.K)
        return cls._scaled(origin, np.eye(loss.K)[[i, j]], loss, (names[i], names[j]))

    @classmethod
    def _scaled(cls, origin: ArrayLike, directions: Array, loss: Quadratic, labels: tuple[str, str]) -> "Plane":
        origin = floats("origin", origin)
        curvature = 0.5 * np.einsum("ni,ij,nj->n", directions, loss.A, directions)
        if (curvature <= 0).any():
            raise ValueError(
                f"directions: expected directions that change the loss, got none in {labels}; it is flat there"
            )
        value = float(loss(origin))
        length = np.sqrt(value / curvature) if value > 0 else 1.0 / np.sqrt(curvature)
        return cls(origin=origin, directions=directions * length[:, None], labels=labels)

    def widened(self, factor: float) -> "Plane":
        """The same plane with both ranges ``factor`` times as wide about their centres.

        Raises:
            ValueError: the factor is not positive.
        """
        kind("factor", factor, Real, "plane.widened(2.0)")
        if not (np.isfinite(factor) and factor > 0):
            raise ValueError(f"factor: expected a positive number, got {factor!r}")
        ranges = ((0.5 * (a + b), 0.5 * (b - a) * factor) for a, b in (self.x_range, self.y_range))
        x_range, y_range = ((centre - half, centre + half) for centre, half in ranges)
        return dataclasses.replace(self, x_range=x_range, y_range=y_range)

    def theta(self, x: float, y: float) -> Array:
        """(K,) parameters at a point of the plane."""
        return self.origin + np.array([number("x", x), number("y", y)]) @ self.directions

    def axes(self, n: int) -> tuple[Array, Array]:
        """x (n,) and y (n,) of the points of a grid over the plane."""
        whole("n", n, 2, "points along an axis")
        return np.linspace(*self.x_range, n), np.linspace(*self.y_range, n)

    def coordinates(self, theta: ArrayLike) -> Point:
        """(x, y) of the point of the plane nearest to θ, on the scale of the directions; exact for a θ on the plane."""
        scale = np.maximum(np.abs(self.directions).max(axis=0), 1e-300)
        theta = floats("theta", theta)
        if theta.shape != self.origin.shape:
            raise ValueError(
                f"theta: expected K = {len(self.origin)} parameters as in the plane, got shape {theta.shape}"
            )
        step = (theta - self.origin) / scale
        x, y = np.linalg.lstsq((self.directions / scale).T, step, rcond=None)[0]
        return float(x), float(y)


def _known_numbers(argument: str, numbers: Sequence[int], count: int) -> None:
    for k in each(argument, numbers, Integral, "two whole numbers, such as 0 and -1"):
        if not -count <= k < count:
            raise ValueError(f"{argument}: expected numbers from 0 to {count - 1}, got {k}")


def _inverse(values: Array) -> Array:
    """1/values, and 0 where a value is 0, so that a parameter without weight stays as it is."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def _perpendicular(vector: Array, first: Array, A: Array) -> Array:
    """``vector`` made orthogonal to ``first`` and as long as it, both in the metric A."""
    length = first @ A @ first
    if not length > 0:
        raise ValueError(
            "plane: expected two different points, got the same one twice (or a loss that is flat between them)"
        )
    vector = vector - first * ((first @ A @ vector) / length)
    size = vector @ A @ vector
    if not size > 1e-20 * length:
        raise ValueError("plane: expected points that differ in two or more parameters, got one; give c= or metric=")
    return vector * np.sqrt(length / size)
