"""Coupling layers of a flow, from flowjax: what is needed to build one, and its two directions in JAX."""

import dataclasses
import functools
import itertools
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from flowjax.bijections import AbstractBijection, Affine, Chain, Coupling, Permute, RationalQuadraticSpline, Scan
from flowjax.utils import get_ravelled_pytree_constructor
from paramax import Parameterize

from ..dataset import Array

#: Largest logarithm of the scale of one affine layer: without a bound deep flows run away.
BOUND = 2.0

#: Size of the last weights of each conditioner before training, relative to those of other layers: near the identity.
SMALL = 0.01

#: Narrowest bin and flattest slope of a spline, in units of an even one: what rounding may be multiplied by in one layer.
NARROW = 1e-2

Precision = Literal["float32", "float64"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Architecture:
    """What a flow is built from; two flows of one architecture differ in their parameters only.

    Attributes:
        kind: "affine" or "spline", how a layer transforms a coordinate.
        masks: (layers, d) of bool: the coordinates that a layer leaves as they are, and conditions the others on.
        width, depth: units and number of hidden layers of each conditioner.
        knots, box: of a spline, which is the identity outside [−box, box].
        precision: of parameters and results.

    Example:
        >>> Architecture(kind="affine", masks=((True, False), (False, True)), width=8, depth=1).dimension
        2
    """

    kind: str
    masks: tuple[tuple[bool, ...], ...]
    width: int
    depth: int
    knots: int = 8
    box: float = 5.0
    precision: Precision = "float64"

    def __post_init__(self) -> None:
        left = np.array(self.masks)
        kept = set(left.sum(axis=1).tolist())
        if len(kept) != 1 or not 0 < min(kept) < self.dimension or (len(left) > 1 and left.all(axis=0).any()):
            raise ValueError(
                "masks: expected equally many coordinates that each layer leaves as they are, not all, and every coordinate to "
                f"change in some layer, got {kept} of {self.dimension}; in all layers {np.flatnonzero(left.all(axis=0))} are left"
            )

    @property
    def dimension(self) -> int:
        """Number of coordinates d."""
        return len(self.masks[0])


def shapes(architecture: Architecture) -> tuple[tuple[int, ...], ...]:
    """Shapes of the parameters: weights and biases of each layer of the conditioners, for all couplings."""
    couplings, kept = len(architecture.masks), sum(architecture.masks[0])
    out = (architecture.dimension - kept) * (2 if architecture.kind == "affine" else 3 * architecture.knots + 4)
    sizes = [kept, *architecture.depth * [architecture.width], out]
    pairs = itertools.pairwise(sizes)
    return tuple(shape for n_in, n_out in pairs for shape in ((couplings, n_out, n_in), (couplings, n_out)))


def first_parameters(architecture: Architecture, seed: int) -> tuple[Array, ...]:
    """Random normal weights of size 1/√n_in, small ones in the last layer, and biases of zero."""
    rng, found = np.random.default_rng(seed), []
    for k, shape in enumerate(shapes(architecture)):
        size = (SMALL if k == 2 * architecture.depth else 1.0) / np.sqrt(shape[-1])
        found.append(size * rng.standard_normal(shape) if len(shape) == 3 else np.zeros(shape))
    return tuple(each.astype(architecture.precision) for each in found)


@functools.lru_cache(maxsize=64)
def structure(architecture: Architecture) -> tuple[Any, Any]:
    """The tree of parameters, and all else of the layers: the same object each time, so that JAX compiles once.

    It must not be called first while JAX traces.
    """
    with jax.enable_x64(architecture.precision == "float64"):
        parameters, rest = eqx.partition(_layers(architecture), eqx.is_inexact_array)
        return jax.tree.structure(parameters), rest


def forward(built: tuple[Any, Any], parameters: Any, z: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Images (n, d) of latent points (n, d), before the linear map at the end, and ln|∂y/∂z| (n,); ``built`` by structure."""
    return jax.vmap(_bijection(built, parameters).transform_and_log_det)(z)


def backward(built: tuple[Any, Any], parameters: Any, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Latent points of such images, and ln|∂z/∂y|."""
    return jax.vmap(_bijection(built, parameters).inverse_and_log_det)(x)


def _bijection(built: tuple[Any, Any], parameters: Any) -> AbstractBijection:
    tree, rest = built
    return eqx.combine(jax.tree.unflatten(tree, parameters), rest)


def _layers(architecture: Architecture) -> AbstractBijection:
    """Layers without parameters: one is built as a sketch, of which flowjax would make the parameters in seconds, and repeated."""
    masks = np.array(architecture.masks)
    orders = np.argsort(~masks, axis=1, kind="stable")  # what is left as it is comes first
    backs = np.argsort(orders, axis=1)
    coupling = eqx.filter_eval_shape(
        Coupling,
        jax.random.key(0),
        transformer=_transformer(architecture),
        untransformed_dim=int(masks[0].sum()),
        dim=architecture.dimension,
        nn_width=architecture.width,
        nn_depth=architecture.depth,
        nn_activation=jax.nn.silu,
    )
    constructor, _ = get_ravelled_pytree_constructor(_transformer(architecture), filter_spec=eqx.is_inexact_array)
    coupling = eqx.tree_at(lambda c: c.transformer_constructor, coupling, constructor)
    repeated = jax.tree.map(
        lambda leaf: (
            np.zeros((len(masks), *leaf.shape), leaf.dtype) if isinstance(leaf, jax.ShapeDtypeStruct) else leaf
        ),
        coupling,
    )
    return Scan(Chain([_permutation(orders, backs), repeated, _permutation(backs, orders)]))


def _permutation(orders: Any, backs: Any) -> Permute:
    """Permute, an order for each layer."""
    plain = Permute(np.arange(orders.shape[1]))
    return eqx.tree_at(lambda p: (p.permutation, p.inverse_permutation), plain, ((orders,), (backs,)))


def _transformer(architecture: Architecture) -> AbstractBijection:
    if architecture.kind == "spline":
        return RationalQuadraticSpline(
            knots=architecture.knots, interval=architecture.box, min_derivative=NARROW, min_width=NARROW
        )
    return eqx.tree_at(lambda affine: affine.scale, Affine(), Parameterize(_scale, jnp.zeros(())))


def _scale(s: jax.Array) -> jax.Array:
    return jnp.exp(BOUND * jnp.tanh(s / BOUND))
