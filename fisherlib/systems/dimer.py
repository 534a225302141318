"""The bistable dimer in a dense fluid: 38 particles in a box in two dimensions, a small system that is hard to sample."""

import dataclasses
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from ..arguments import flag, floats, number, positive, whole
from ..arguments import seed as check_seed
from ..dataset import Array

#: Configurations whose energies are computed at once: their arrays stay in the cache of a core.
BATCH = 256

#: Squared distance by which an assignment must be better to count as another one: rounding is none.
TIE = 1e-9


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Dimer:
    """A dimer that is closed or open, in 36 solvent particles: 76 coordinates x₀ y₀ x₁ y₁ …, of which 0 and 1 are the dimer.

    With s = 2(d − middle) of the distance d of the dimer's particles, and kT = 1,

        u = slope·s − quadratic·s² + quartic·s⁴ + spring·[(x₀ + x₁)² + y₀² + y₁²]
            + repulsion·Σ_{i<j, not 01} (diameter/r_ij)¹² + 2·wall·Σ_i [(|x_i| − half_width)₊² + (|y_i| − half_width)₊²].

    It is **closed** for d < middle and **open** otherwise. The density has 36!·2 equal copies, as solvent particles are alike
    and the ends of the dimer too. One of them is a ``cell``: dimer particle 0 is on the left, and no exchange of labels would
    bring the solvent closer to ``sites``, in the sum of squared distances. Averages of whatever does not depend on labels are the
    same in the cell. Chains need no cell: sample with ``cell=False``, and ``relabel`` what you keep.

    Attributes:
        slope, quadratic, quartic, middle: of the bond. With these values the bond alone gives
            F(closed) − F(open) = −4.4139 kT.
        spring: of the restraint of the dimer to the x axis and to the middle of the box.
        diameter, repulsion: of the particles, which repel each other as r⁻¹².
        half_width, wall: of the box.
        between: smallest and largest distance d of the dimer that count as inside, such as (0, 1.5) for the closed state.
        cell: whether only the cell counts as inside.

    Raises:
        ValueError: numbers that are not finite, or a diameter or width ≤ 0.

    Source: Noé, Olsson, Köhler, Wu, Science 365, eaaw1147 (2019) and its code, with the parameters of its figures: slope +2,
        where the default is −0.5, and the term of the box once, as its sampler has it and its training twice.

    Example:
        >>> dimer = Dimer()
        >>> x = dimer.starts(3, distance=1.0, seed=1)
        >>> u, du = dimer.energy_and_gradient(x)
        >>> du.shape, dimer.inside(x).tolist(), dimer.distance(x).round(6).tolist()
        ((3, 76), [True, True, True], [1.0, 1.0, 1.0])
        >>> Dimer(between=(1.5, 9.0)).inside(x).any()
        np.False_
    """

    slope: float = 2.0
    quadratic: float = 25.0
    quartic: float = 10.0
    middle: float = 1.5
    spring: float = 20.0
    diameter: float = 1.1
    repulsion: float = 1.0
    half_width: float = 3.0
    wall: float = 100.0
    between: tuple[float, float] = (0.0, 100.0)
    cell: bool = True

    #: Solvent particles along a side of the box, and all particles.
    side: ClassVar[int] = 6
    particles: ClassVar[int] = side * side + 2
    dimension: ClassVar[int] = 2 * particles

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self)[:9]:
            number(field.name, getattr(self, field.name))
        positive("diameter", self.diameter)
        positive("half_width", self.half_width)
        least, most = floats("between", self.between).tolist() if np.size(self.between) == 2 else (1.0, 0.0)
        if not least < most:
            raise ValueError(f"between: expected the smallest and the largest distance, got {self.between!r:.60}")
        flag("cell", self.cell)

    def bond(self, distance: ArrayLike) -> Array:
        """Energy of the bond, in kT, at distances of any shape."""
        s = 2 * (floats("distance", distance) - self.middle)
        return self.slope * s - self.quadratic * s**2 + self.quartic * s**4

    def without_bond(self) -> "Dimer":
        """The same fluid with a dimer of no bond: its distance has no barrier, but for the solvent's."""
        return dataclasses.replace(self, slope=0.0, quadratic=0.0, quartic=0.0)

    @np.errstate(divide="ignore", over="ignore", invalid="ignore")  # particles at one place, or far away: u = ∞
    def energy_and_gradient(self, x: ArrayLike) -> tuple[Array, Array]:
        """Reduced energies u (n,) and their gradients (n, 76) of configurations x (n, 76)."""
        x = _configurations(x)
        u, du = np.empty(len(x)), np.empty_like(x)
        for a in range(0, len(x), BATCH):
            u[a : a + BATCH], du[a : a + BATCH] = self._repulsion(x[a : a + BATCH])
        beyond = np.sign(x) * np.maximum(np.abs(x) - self.half_width, 0.0)
        u += 2 * self.wall * np.einsum("ni,ni->n", beyond, beyond)
        du += 4 * self.wall * beyond
        centre, heights = x[:, 0] + x[:, 2], x[:, [1, 3]]
        u += self.spring * (centre**2 + (heights**2).sum(axis=1))
        du[:, [0, 2]] += 2 * self.spring * centre[:, None]
        du[:, [1, 3]] += 2 * self.spring * heights
        d, dd = self.distance_and_gradient(x)
        s = 2 * (d - self.middle)
        u += self.bond(d)
        du += (2 * (self.slope - 2 * self.quadratic * s + 4 * self.quartic * s**3))[:, None] * dd
        return u, du

    def _repulsion(self, x: Array) -> tuple[Array, Array]:
        """Σ (diameter/r)¹² over all pairs but the dimer, and its gradient.

        Particles stand in a ring: pair k places apart, for k up to half a ring, and each pair is met once. Arrays are
        (particle, configuration), so that numpy runs along configurations.
        """
        N, n = self.particles, len(x)
        r, du = np.empty((2, 2 * N, n)), np.zeros((2, 2 * N, n))  # the ring, twice
        r[:, :N] = r[:, N:] = x.T.reshape(N, 2, n).transpose(1, 0, 2)
        apart, squares, u = np.empty((2, N, n)), np.empty((2, N, n)), np.zeros((N, n))
        for k in range(1, N // 2 + 1):
            np.subtract(r[:, :N], r[:, k : k + N], out=apart)
            np.multiply(apart, apart, out=squares)
            q, power = squares
            q += power
            if k == 1:
                q[0] = np.inf  # the dimer
            np.divide(self.diameter**2, q, out=q)
            np.multiply(q, q, out=power)
            power *= q
            power *= power
            if 2 * k == N:
                power *= 0.5  # opposite ones are met twice
            u += power
            power *= q
            apart *= power
            du[:, :N] += apart
            du[:, k : k + N] -= apart
        slope = (du[:, :N] + du[:, N:]) * (-12 * self.repulsion / self.diameter**2)
        return self.repulsion * u.sum(axis=0), slope.transpose(2, 1, 0).reshape(n, -1)

    def distance(self, x: ArrayLike) -> Array:
        """Distance d (n,) of the dimer's particles."""
        x = _configurations(x)
        return np.hypot(x[:, 2] - x[:, 0], x[:, 3] - x[:, 1])

    def distance_and_gradient(self, x: ArrayLike) -> tuple[Array, Array]:
        """Distance d (n,) of the dimer's particles, and its gradient (n, 76): a coordinate for ``sampling.umbrella``."""
        x, d = _configurations(x), self.distance(x)
        dd = np.zeros_like(x)
        dd[:, 2:4] = (x[:, 2:4] - x[:, 0:2]) / np.maximum(d, 1e-12)[:, None]
        dd[:, 0:2] = -dd[:, 2:4]
        return d, dd

    def state(self, x: ArrayLike) -> NDArray[np.integer]:
        """0 where the dimer is closed, d < middle, and 1 where it is open; (n,)."""
        return (self.distance(x) >= self.middle).astype(int)

    @property
    def sites(self) -> Array:
        """Places (36, 2) that the labels of the solvent belong to: a square lattice over the box."""
        along = np.linspace(-self.half_width, self.half_width, self.side)
        return np.stack(np.meshgrid(along, along, indexing="ij"), axis=-1).reshape(-1, 2)

    def relabel(self, x: ArrayLike) -> Array:
        """The same configurations (n, 76) with the labels of the cell; energies stay, and so does what is in the cell."""
        r = _configurations(x).reshape(-1, self.particles, 2).copy()
        if not np.isfinite(r).all():
            raise ValueError("x: expected finite coordinates, got NaN or infinite ones; leave out their configurations")
        swapped = r[:, 0, 0] > r[:, 1, 0]
        r[swapped, :2] = r[swapped, 1::-1]
        for one in r:
            one[2:] = one[2:][linear_sum_assignment(self._costs(one))[1]]
        return r.reshape(-1, self.dimension)

    def inside(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Whether configurations count: d within ``between``, and, with ``cell``, labels are those of the cell; (n,) of bool."""
        x, d = _configurations(x), self.distance(x)
        inside = (d >= self.between[0]) & (d < self.between[1]) & np.isfinite(x).all(axis=1)
        if self.cell:
            inside &= x[:, 0] <= x[:, 2]
            costs = map(self._costs, x[inside].reshape(-1, self.particles, 2))
            inside[inside] = [np.trace(c) <= c[linear_sum_assignment(c)].sum() + TIE for c in costs]
        return inside

    def reflections(self, x: ArrayLike) -> Array:
        """Configurations (4n, 76): as they are, then with x → −x, y → −y and both, labelled so that they stay in the cell."""
        r = _configurations(x).reshape(-1, self.particles, 2)
        solvent = 2 + np.arange(self.side**2).reshape(self.side, self.side)
        left = np.concatenate([[1, 0], solvent[::-1].ravel()])
        down = np.concatenate([[0, 1], solvent[:, ::-1].ravel()])
        mirrored = r[:, left] * [-1.0, 1.0]
        all_four = [r, mirrored, r[:, down] * [1.0, -1.0], mirrored[:, down] * [1.0, -1.0]]
        return np.concatenate(all_four).reshape(-1, self.dimension)

    def masks(self, layers: int) -> NDArray[np.bool_]:
        """Halves (layers, 76) of the coordinates for a coupling flow: a checkerboard of sites, rows, columns, x from y, in turn.

        Each half is followed by its complement. Neighbours stand in different halves, and condition each other.
        """
        whole("layers", layers, 1, "layers")
        i, j = np.indices((self.side, self.side)).reshape(2, -1) % 2
        splits = [np.repeat(np.concatenate([[0, 1], split]), 2) for split in ((i + j) % 2, j, i)]
        splits.append(np.arange(self.dimension) % 2)
        both = [half for split in splits for half in (split == 0, split == 1)]
        return np.array([both[k % len(both)] for k in range(layers)])

    def _costs(self, r: Array) -> Array:
        """Half the squared distances (site, solvent particle), but for terms that no assignment changes."""
        return -self.sites @ r[2:].T

    def starts(self, n: int, *, distance: ArrayLike, seed: int = 0) -> Array:
        """Configurations (n, 76) to start chains from: solvent near its sites, moved apart, around a dimer on the x axis.

        ``distance`` of the dimer is one number > 0 for all, or (n,).
        """
        whole("n", n, 1, "configurations")
        check_seed(seed)
        d = floats("distance", distance)
        if d.shape not in ((), (n,)) or not (np.isfinite(d) & (d > 0)).all():
            raise ValueError(f"distance: expected one number > 0, or {n} of them, got {distance!r:.60}")
        r = np.zeros((n, self.particles, 2))
        r[:, 0, 0], r[:, 1, 0] = -0.5 * d, 0.5 * d
        r[:, 2:] = self.sites + 0.1 * np.random.default_rng(seed).normal(size=(n, self.side**2, 2))
        x = r.reshape(n, -1)
        for move in np.geomspace(0.1, 1e-3, 300):  # downhill by no more than this in any coordinate; the dimer is held
            du = self.energy_and_gradient(x)[1]
            du[:, :4] = 0.0
            x = x - move * du / np.maximum(np.abs(du).max(axis=1, keepdims=True), 1.0)
        return self.relabel(x)


def _configurations(x: ArrayLike) -> Array:
    """Configurations as floats (n, 76)."""
    x = floats("x", x)
    if x.ndim != 2 or x.shape[1] != Dimer.dimension:
        raise ValueError(f"x: expected configurations of shape (n, {Dimer.dimension}), got {x.shape}")
    return x
