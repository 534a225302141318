"""Training of small networks on energies and forces, by scikit-learn."""

import dataclasses
import itertools
import math
import warnings
from collections.abc import Iterable, Sequence
from numbers import Integral

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

from ..arguments import kind
from ..arguments import seed as check_seed
from ..dataset import Array, Dataset, Trajectory, stated
from ..moments import accumulate
from ..progress import Progress, silent
from .network import Network

#: Iterations of L-BFGS between two calls of ``progress``. Each call loses the memory of past steps, so not too few.
CHUNK = 25

#: L-BFGS has converged when the loss or its slope changes by less than this (scikit-learn's ``tol``).
TOLERANCE = 1e-7

#: Directions whose eigenvalue, relative to the largest, is smaller than this are rounding.
RANK = 1e-10


# One BLAS thread: several are slower on matrices this small, and the order of their sums may change from run to run.
@threadpool_limits.wrap(limits=1, user_api="blas")
def train(
    data: Dataset,
    *,
    hidden: Sequence[int] = (12,),
    seed: int = 0,
    name: str | None = None,
    inputs: int = 80,
    displacements: int = 20,
    displacement: float = 0.2,
    iterations: int = 300,
    strength: float = 1e-4,
    progress: Progress = silent,
) -> Network:
    """Fit a network to energies and forces; the same seed gives the same network.

    Forces enter as energies of displaced configurations, by Taylor expansion: atoms moved by δ have the energy E − F·δ
    and the descriptors D − Φᵀδ, both to first order. As both sides are expanded, the only error is the curvature of the
    network along Φᵀδ. Weights are found by L-BFGS from Glorot's random start.

    Args:
        data: energies and forces to fit; all configurations weigh the same.
        hidden: units of each hidden layer, one layer or more.
        seed: of the first weights and of the displacements.
        name: for figures; "MLP 12" for ``hidden=(12,)`` without it.
        inputs: q, the number of directions of descriptor space that change most when atoms move (principal components
            of ⟨ΦᵀΦ⟩ scaled to unit diagonal); fewer if the data determine fewer.
        displacements: number of random displacements of each configuration, all its atoms at once.
        displacement: standard deviation of each coordinate, Å. The larger it is, the more forces weigh against energies.
        iterations: of L-BFGS, at most.
        strength: λ of the ridge penalty on the weights, the ``alpha`` of ``MLPRegressor``.
        progress: called with (done, total) iterations; an exception raised in it ends the work.

    Returns:
        The trained network; its ``start`` are the parameters before training.

    Raises:
        ValueError: a number of units, inputs, displacements or iterations is not positive, Φ is zero, or energies are missing.

    Source: Cooper, Kästner, Urban and Artrith, npj Comput. Mater. 6, 54 (2020), for the displacements; Glorot and Bengio,
        AISTATS 2010, eq. 16, for the start.
    """
    kind("hidden", hidden, Iterable, "train(data, hidden=(12,))")
    hidden = tuple(hidden)
    check_seed(seed)
    kind("data", data, Dataset, "train(io.read(path))")
    if lacking := [t.key for t in data.values() if not t.has_energies]:
        raise ValueError(f"data: expected energies, got forces alone in {lacking[0]!r}; a network is fitted to both")
    _check_numbers(hidden, inputs=inputs, displacements=displacements, iterations=iterations)
    if not (math.isfinite(displacement) and displacement > 0):
        raise ValueError(f"displacement: expected a positive number of Å, got {displacement!r}")
    if not (math.isfinite(strength) and strength >= 0):
        raise ValueError(f"strength: expected a number ≥ 0, got {strength!r}")
    rng = np.random.default_rng(seed)
    mean, projection, offset = _whitening(data, inputs)
    start = _start((projection.shape[1], *hidden, 1), rng)
    parts = [_displaced(t, mean, projection, offset, rng, displacements, displacement) for t in data.values()]
    z, energies = (np.concatenate(each) for each in zip(*parts, strict=True))
    # Inputs and output have size one, as the start expects; a single number for all inputs keeps their directions.
    size, scale = float(z.std()) or 1.0, float(energies.std()) or 1.0
    fitted = _fit(z / size, energies / scale, start, hidden, iterations, strength, progress)
    network = Network(
        weights=tuple(fitted.coefs_),
        biases=tuple(fitted.intercepts_),
        mean=mean,
        projection=projection / size,
        scale=scale,
        descriptor_names=tuple(stated(data.descriptor_names)),
        name=name or "MLP " + "-".join(map(str, hidden)),
        start=np.concatenate([part.ravel() for layer in zip(*start, strict=True) for part in layer]),
        provenance={
            "data": dict(data.provenance),
            "training": {
                **{"hidden": hidden, "seed": seed, "displacements": displacements, "displacement, Å": displacement},
                **{"iterations": iterations, "strength": strength, "scikit-learn": sklearn.__version__},
            },
        },
    )
    return _with_offset(network, data)


def _check_numbers(hidden: tuple[int, ...], **numbers: int) -> None:
    if not hidden or any(not isinstance(units, Integral) or units < 1 for units in hidden):
        raise ValueError(f"hidden: expected positive numbers of units, such as (12,) or (12, 8), got {hidden}")
    for name, number in numbers.items():
        if not isinstance(number, Integral) or number < 1:
            raise ValueError(f"{name}: expected a positive integer, got {number!r}")


def _whitening(data: Dataset, inputs: int) -> tuple[Array, Array, float]:
    """Mean (K,) and P (K, q) of the network, with ⟨|Φ P|²⟩ = 1 for each input, and the offset of energies, eV per atom."""
    total = accumulate(data).total()
    C, n_atoms = total.PhiPhi / total.configurations, data.n_atoms
    scale = np.divide(1.0, np.sqrt(np.diag(C)), out=np.zeros(len(C)), where=np.diag(C) > 0)
    values, vectors = np.linalg.eigh(C * np.outer(scale, scale))
    order = np.argsort(values)[::-1][:inputs]
    order = order[values[order] > RANK * values[-1]]
    if len(order) == 0:
        raise ValueError("data: expected force descriptors that are not all zero, got none")
    projection = scale[:, None] * vectors[:, order] / np.sqrt(values[order])
    return total.mean[: total.K], projection, float(data.energies @ n_atoms / (n_atoms @ n_atoms))


def _start(sizes: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], list[Array]]:
    """Glorot's uniform weights, and biases within the same bounds, as in scikit-learn."""
    bounds = [np.sqrt(6.0 / (n_in + n_out)) for n_in, n_out in itertools.pairwise(sizes)]
    shapes = itertools.pairwise(sizes)
    weights: list[Array] = [rng.uniform(-b, b, size=shape) for b, shape in zip(bounds, shapes, strict=True)]
    return weights, [rng.uniform(-b, b, size=n_out) for b, n_out in zip(bounds, sizes[1:], strict=True)]


def _displaced(
    t: Trajectory, mean: Array, projection: Array, offset: float, rng: np.random.Generator, number: int, size: float
) -> tuple[Array, Array]:
    """Inputs (n, q) and energies (n,), eV, without the offset, of every configuration, as it is and displaced."""
    Phi, F = t.force_descriptors @ projection, t.forces
    z, energies = [(t.descriptors - mean) @ projection], [t.energies - offset * t.n_atoms]
    ends = 3 * np.cumsum(t.n_atoms)
    for m, (start, end) in enumerate(zip(ends - 3 * t.n_atoms, ends, strict=True)):
        delta = size * rng.normal(size=(number, end - start))
        z.append(z[0][m] - delta @ Phi[start:end])
        energies.append(energies[0][m] - delta @ F[start:end])
    return np.concatenate(z), np.concatenate(energies)


def _fit(
    z: Array,
    energies: Array,
    start: tuple[list[Array], list[Array]],
    hidden: tuple[int, ...],
    iterations: int,
    strength: float,
    progress: Progress,
) -> MLPRegressor:
    """The regressor after at most ``iterations`` from the given weights and biases."""
    regressor = MLPRegressor(
        hidden_layer_sizes=hidden,
        activation="tanh",
        solver="lbfgs",
        alpha=strength,
        tol=TOLERANCE,
        max_iter=1,
        warm_start=True,
        random_state=0,
    )
    with warnings.catch_warnings():
        # Here it is meant to stop after a number of iterations.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regressor.fit(z[:1], energies[:1])  # sets up a warm start; its weights are replaced
        regressor.coefs_, regressor.intercepts_ = ([part.copy() for part in parts] for parts in start)
        for done in range(0, iterations, CHUNK):
            progress(done, iterations)
            regressor.set_params(max_iter=min(CHUNK, iterations - done)).fit(z, energies)
            if regressor.n_iter_ < regressor.max_iter:
                break  # converged
    progress(iterations, iterations)
    return regressor


def _with_offset(network: Network, data: Dataset) -> Network:
    """The network with the offset per atom that fits the energies best."""
    N = data.n_atoms
    return dataclasses.replace(network, offset=float((data.energies - network.energies(data)) @ N / (N @ N)))
