"""Flows to begin with: RealNVP and spline couplings, close to the linear map of some configurations."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, positive, whole
from ..arguments import seed as check_seed
from ..dataset import Array
from .flow import Flow, rows
from .layers import Architecture, Precision, first_parameters


def real_nvp(
    dimension: int,
    *,
    layers: int = 8,
    width: int = 64,
    depth: int = 2,
    masks: ArrayLike | None = None,
    whitening: ArrayLike | None = None,
    correlated: bool = False,
    precision: Precision = "float64",
    seed: int = 0,
    name: str = "RealNVP",
) -> Flow:
    """Affine coupling layers, RealNVP: y = x exp(s) + t, with s and t networks of the coordinates that are left alone.

    Args:
        dimension: d, at least 2.
        layers: number of coupling layers.
        width, depth: units in a hidden layer of the networks, and the number of these; SiLU between.
        masks: (layers, d) of bool: what a layer leaves as it is, the same number in each layer; by default every second
            coordinate, in turn.
        whitening: (n, d) configurations, whose mean and standard deviations scale the coordinates at the end.
        correlated: scale by their whole covariance.
        precision: "float64", or "float32", which is faster in many dimensions and inverts to about 1e-6.
        seed: of the first parameters; the flow begins close to the linear map of ``whitening``.
        name: for figures.

    Raises:
        ValueError: a setting that makes no sense, masks that leave a coordinate unchanged in all layers, or
            configurations that do not vary.

    Source: Dinh, Sohl-Dickstein, Bengio, ICLR 2017; Noé, Olsson, Köhler, Wu, Science 365, eaaw1147 (2019).

    Example:
        >>> real_nvp(2, layers=4, width=8)
        Flow(RealNVP: 4 affine layers, d = 2, 424 parameters, float64)
    """
    for what, value, least in (
        ("dimension", dimension, 2),
        ("layers", layers, 1),
        ("width", width, 1),
        ("depth", depth, 1),
    ):
        whole(what, value, least, what)
    check_seed(seed)
    choice("precision", precision, ("float32", "float64"))
    left = _in_turn(dimension, layers) if masks is None else np.asarray(masks)
    if left.dtype != bool or left.shape != (layers, dimension):
        raise ValueError(
            f"masks: expected bools of shape ({layers}, {dimension}), got {left.dtype} of shape {left.shape}"
        )
    built = Architecture(
        kind="affine", masks=tuple(map(tuple, left.tolist())), width=width, depth=depth, precision=precision
    )
    mean, factor = _linear(dimension, whitening, correlated)
    return Flow(architecture=built, parameters=first_parameters(built, seed), mean=mean, factor=factor, name=name)


def spline(
    dimension: int, *, knots: int = 8, box: float = 5.0, layers: int = 4, name: str = "spline flow", **settings: Any
) -> Flow:
    """Rational-quadratic spline coupling layers: more flexible than ``real_nvp``, and slower.

    Args:
        dimension, layers, name, settings: as for ``real_nvp``.
        knots: inner knots of each spline.
        box: half the width of the interval in which a spline differs from the identity.

    Raises:
        ValueError: as ``real_nvp``.

    Source: Durkan, Bekasov, Murray, Papamakarios, NeurIPS 2019.

    Example:
        >>> spline(2, layers=2, width=8).architecture.kind
        'spline'
    """
    whole("knots", knots, 2, "knots")
    positive("box", box)
    affine = real_nvp(dimension, layers=layers, name=name, **settings)
    built = dataclasses.replace(affine.architecture, kind="spline", knots=knots, box=float(box))
    return dataclasses.replace(affine, architecture=built, parameters=first_parameters(built, settings.get("seed", 0)))


def _in_turn(dimension: int, layers: int) -> NDArray[np.bool_]:
    """Masks of every second coordinate, as many in each layer."""
    masks = np.zeros((layers, dimension), bool)
    for k in range(layers):
        masks[k, np.arange(k % 2, dimension, 2)[: dimension // 2]] = True
    return masks


def _linear(dimension: int, whitening: ArrayLike | None, correlated: bool) -> tuple[Array, Array]:
    """Mean and lower triangular factor of the covariance of configurations."""
    if whitening is None:
        return np.zeros(dimension), np.eye(dimension)
    x = rows("whitening", whitening, dimension, 2)
    spread = x.std(axis=0)
    if not (spread > 0).all():
        raise ValueError(
            f"whitening: expected coordinates that vary, {np.flatnonzero(spread == 0)} are the same in all"
        )
    if not correlated:
        return x.mean(axis=0), np.diag(spread)
    try:
        if len(x) <= dimension:
            raise np.linalg.LinAlgError
        return x.mean(axis=0), np.linalg.cholesky(np.cov(x.T))
    except np.linalg.LinAlgError:
        raise ValueError(
            f"whitening: expected more than {dimension} configurations that vary in all directions, got {len(x)}; "
            "correlated=False needs only their variances"
        ) from None
