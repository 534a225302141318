"""The network of one atom: its energy from the inputs, and the slope of that energy, by numpy in double precision."""

from collections.abc import Sequence

import numpy as np

from ..dataset import Array


def parameters(weights: Sequence[Array], biases: Sequence[Array], skip: Array) -> Array:
    """(P,) all of them, layer by layer: weights (n_in, n_out) row by row, then biases; the linear part comes last.

    >>> parameters([np.ones((2, 1))], [np.zeros(1)], np.array([3.0, 4.0]))
    array([1., 1., 0., 3., 4.])
    """
    layers = [part.ravel() for layer in zip(weights, biases, strict=True) for part in layer]
    return np.concatenate([*layers, skip])


def layers_of(theta: Array, like: Sequence[Array]) -> tuple[list[Array], list[Array], Array]:
    """Weights (..., n_in, n_out), biases (..., 1, n_out) and linear part (..., q) in parameters (..., P), shaped as ``like``."""
    weights, biases, at = [], [], 0
    for W in like:
        n_in, n_out = W.shape
        weights.append(theta[..., at : at + W.size].reshape(*theta.shape[:-1], n_in, n_out))
        at += W.size
        biases.append(theta[..., None, at : at + n_out])
        at += n_out
    return weights, biases, theta[..., at:]


def site_values(z: Array, weights: Sequence[Array], biases: Sequence[Array], skip: Array) -> Array:
    """(..., A) a·z + MLP(z) of inputs z (A, q); leading axes are those of many sets of parameters.

    Units of the hidden layers are x/(1 + e^(−x)) (SiLU: Elfwing, Uchibe and Doya, Neural Netw. 107, 3 (2018)), smooth to
    all orders, so that forces are smooth too.
    """
    h = z
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        x = h @ W + b
        h = x * _logistic(x)
    return (h @ weights[-1] + biases[-1] + z @ skip[..., None])[..., 0]


def site_slopes(z: Array, weights: Sequence[Array], biases: Sequence[Array], skip: Array) -> tuple[Array, Array]:
    """As ``site_values``, and its derivative with respect to z, (..., A, q), by the chain rule backwards."""
    h, steps = z, []
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        x = h @ W + b
        s = _logistic(x)
        h = x * s
        steps.append(s * (1.0 + x * (1.0 - s)))
    values = (h @ weights[-1] + biases[-1] + z @ skip[..., None])[..., 0]
    slope = np.swapaxes(weights[-1], -1, -2)
    for W, step in zip(weights[-2::-1], reversed(steps), strict=True):
        slope = (step * slope) @ np.swapaxes(W, -1, -2)
    return values, slope + skip[..., None, :]


def _logistic(x: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * x)  # never overflows
