"""Training of a graph potential on energies and forces, by JAX."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from tqdm.auto import tqdm

from ..arguments import kind, number, whole
from ..arguments import seed as check_seed
from ..dataset import Dataset, symbol
from ..progress import Progress
from .descent import Weights, descend
from .graph_potential import GraphPotential, shapes
from .graphs import Graphs
from .inputs import best_offsets, composition, spread
from .messages import Messages, arrays_of, envelope, errors, first_arrays
from .training import fitted_and_held, shown_on


def train_graph(
    data: Dataset,
    *,
    features: int = 16,
    rounds: int = 2,
    radial: int = 12,
    cutoff: float = 5.0,
    seed: int = 0,
    name: str = "message passing",
    validation: Any = 0.1,
    epochs: int = 40,
    patience: int = 40,
    learning_rate: float = 1e-2,
    batch: int = 8,
    energy_weight: float = 0.1,
    force_weight: float = 1.0,
    progress: Progress | None = None,
) -> GraphPotential:
    """Fit a graph potential to energies and forces; the same seed gives the same network on one machine.

    The loss is that of ``train``: force_weight · ⟨|F − F_θ|²⟩/⟨|F|²⟩ + energy_weight · ⟨(ΔU/N)²⟩/⟨(U/N)²⟩, minimised by Adam in
    single precision, with early stopping on trajectories that are held out.

    Args:
        data: energies, forces, positions and elements of isolated systems.
        features: F, numbers that an atom is known by; hidden layers are as wide.
        rounds: of messages.
        radial: B, Gaussians of distances, two or more.
        cutoff: Å.
        seed, validation, epochs, patience, learning_rate, batch, energy_weight, progress: as for ``train``.
        name: for figures.
        force_weight: as for ``train``; with 0 forces are not computed, and a step takes half as long.

    Raises:
        TypeError: anything but a dataset.
        ValueError: data without positions, or a setting that makes no sense.
    """
    kind("data", data, Dataset, "neural.train_graph(data)")
    sizes = {"features": (features, 1), "rounds": (rounds, 1), "radial": (radial, 2)}
    for what, (value, least) in (
        sizes | {"epochs": (epochs, 1), "patience": (patience, 1), "batch": (batch, 1)}
    ).items():
        whole(what, value, least, what)
    weights = {"energy_weight": energy_weight, "force_weight": force_weight}
    for what, real in ({"cutoff": cutoff, "learning_rate": learning_rate} | weights).items():
        if number(what, real) < 0 or not (real or what in weights):
            raise ValueError(f"{what}: expected a number > 0, got {real:g}")
    if not any(weights.values()):
        raise ValueError("force_weight: expected energies or forces to be fitted, got two weights of 0")
    check_seed(seed)
    rng = np.random.default_rng(seed)
    fitted, held = fitted_and_held(data, validation, rng)
    elements = tuple(map(int, data.elements))
    scale = float(np.sqrt(np.mean(fitted.forces**2))) or 1.0
    n = composition(fitted, data)
    offsets = best_offsets(fitted.energies, n)
    sets = [
        Graphs.of(part, elements, cutoff, energies=part.energies - composition(part, data) @ offsets, scale=scale)
        for part in (fitted, held)
        if part is not None
    ]
    arrays = first_arrays(shapes(len(elements), features, rounds, radial), rng)
    of: dict[str, Any] = {"rounds": rounds, "cutoff": float(cutoff), "degree": _degree(sets[0], cutoff)}
    first = Messages(arrays={key: jnp.asarray(each, jnp.float32) for key, each in arrays.items()}, **of)
    weigh = Weights.of(sets[0].forces, scale, spread(fitted.energies, n), energy_weight, force_weight)
    settings: dict[str, Any] = {"epochs": epochs, "patience": patience, "batch": batch, "learning_rate": learning_rate}
    measure = partial(errors, forces=force_weight > 0)
    with tqdm(desc="training", unit=" steps", delay=1, disable=progress is not None) as bar:
        told = progress or shown_on(bar)
        best, history = descend(first, sets, weigh, rng, told, strength=0.0, measure=measure, **settings)
    about = settings | weights | {"seed": seed, "held out": [] if held is None else list(held), "jax": jax.__version__}
    made = GraphPotential(
        arrays=arrays_of(best),
        elements=elements,
        scale=scale,
        offsets=dict(zip(map(symbol, elements), offsets.tolist(), strict=True)),
        name=name,
        provenance={**data.provenance, "training": about},
        history=history,
        **of,
    )
    left = offsets + best_offsets(fitted.energies - made.energies(fitted), n)
    return dataclasses.replace(made, offsets=dict(zip(map(symbol, elements), left.tolist(), strict=True)))


def _degree(graphs: Graphs, cutoff: float) -> float:
    """Σ_j f(r_ij) on average over atoms; 1 where no atom has a neighbour."""
    of = next(graphs.batches(np.arange(len(graphs)), len(graphs)))
    j, x = of["others"], of["positions"]
    r = np.sqrt(((x[j] - x[of["centres"]][:, None]) ** 2).sum(axis=-1))
    return float(np.where(j >= 0, np.asarray(envelope(r / cutoff)), 0.0).sum() / graphs.atoms[-1]) or 1.0
