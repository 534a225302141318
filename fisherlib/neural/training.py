"""Training of a neural potential on energies and forces, by JAX."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import jax
import numpy as np
from tqdm.auto import tqdm

from ..arguments import keys, kind, whole
from ..arguments import seed as check_seed
from ..dataset import Array, Dataset, stated, symbol
from ..moments import Moments
from ..progress import Progress
from ..units import counted
from .descent import Network, Weights, descend, first_network
from .inputs import Inputs, best_offsets, composition, spread
from .network import parameters
from .potential import NeuralPotential, jacobian_of, sites_of

#: Blocks into which a single trajectory is cut, so that one of them can be held out.
BLOCKS = 10


def train(
    data: Dataset,
    *,
    hidden: Sequence[int] = (32, 32),
    seed: int = 0,
    name: str | None = None,
    validation: float | str | Sequence[str] = 0.1,
    epochs: int = 40,
    patience: int = 15,
    learning_rate: float = 5e-3,
    batch: int = 8,
    energy_weight: float = 0.1,
    force_weight: float = 1.0,
    strength: float = 0.0,
    inputs: int | None = None,
    progress: Progress | None = None,
) -> NeuralPotential:
    """Fit one network for all atoms to energies and forces; the same seed gives the same network on one machine.

    The loss is force_weight · ⟨|F − F_θ|²⟩/⟨|F|²⟩ + energy_weight · ⟨(ΔU/N)²⟩/⟨(U/N)²⟩, where ⟨(U/N)²⟩ is what the energies
    scatter about offsets of elements. Descriptors are normalised by statistics of what is trained on: their mean over
    atoms, and a linear map to directions whose gradients are uncorrelated and equal in size, from which directions
    without any are left out. The linear part begins at the θ_f of these directions, and the network at random small
    values. Adam (Kingma and Ba 2015) minimises the loss, its rate falls along a cosine to zero, and the weights of the
    epoch with the smallest loss on trajectories that are held out are kept. Offsets of elements are fitted last. JAX
    computes in single precision, on all cores of the machine, or on a GPU if it finds one.

    Args:
        data: energies, forces, site descriptors and their Jacobian. Without energies forces alone are fitted.
        hidden: units of each hidden layer, one layer or more.
        seed: of the first weights, of the order of configurations and of what is held out.
        name: for figures; "network 32-32" for ``hidden=(32, 32)`` without it.
        validation: the share of trajectories that is held out for early stopping, or their keys; 0 for none. A single
            trajectory is cut into 10 blocks.
        epochs: passes through the data, at most.
        patience: epochs without a smaller loss on what is held out, after which training ends.
        learning_rate: of Adam, at its largest.
        batch: configurations in a step.
        energy_weight, force_weight: of both terms of the loss.
        strength: of the decay of weights (AdamW: Loshchilov and Hutter 2019), per step and learning rate.
        inputs: q, the number of directions; all that the data determine without it.
        progress: called with (done, total) steps; an exception raised in it ends the work. A bar is shown without it.

    Returns:
        The trained potential, with its parameters before training as ``start``, and as ``history`` the "loss" of training
        and, of what is held out, "validation loss", "validation force RMSE, eV/Å" and "validation energy RMSE, eV/atom".

    Raises:
        TypeError: anything but a dataset.
        ValueError: trajectories without a Jacobian, a setting that makes no sense, or one with which the loss grows without
            limit from the first epoch on.
    """
    kind("data", data, Dataset, "neural.train(data)")
    hidden = _checked(hidden, learning_rate=learning_rate, energy_weight=energy_weight, force_weight=force_weight, strength=strength)  # fmt: skip
    for what, value in {
        "epochs": epochs,
        "patience": patience,
        "batch": batch,
        "inputs": 1 if inputs is None else inputs,
    }.items():
        whole(what, value, 1, what)
    check_seed(seed)
    rng = np.random.default_rng(seed)
    fitted, held = fitted_and_held(data, validation, rng)
    for t in data.values():
        sites_of(t), jacobian_of(t)
    if not (force_weight or np.isfinite(fitted.energies).any()):
        raise ValueError("force_weight: expected a weight > 0, as no energies of what is fitted are known, got 0")
    seen = Inputs.of(fitted, inputs)
    first = first_network((seen.projection.shape[1], *hidden, 1), seen.skip, rng)
    n = composition(fitted, data)
    offsets = best_offsets(fitted.energies - seen.linear_energies(fitted), n)
    sets = [seen.configurations(part, composition(part, data) @ offsets) for part in (fitted, held) if part is not None]
    settings: dict[str, Any] = {"epochs": epochs, "patience": patience, "batch": batch, "learning_rate": learning_rate}
    settings |= {"strength": strength}
    weigh = Weights.of(sets[0].forces, seen.scale, spread(fitted.energies, n), energy_weight, force_weight)
    with tqdm(desc="training", unit=" steps", delay=1, disable=progress is not None) as bar:
        best, history = descend(first, sets, weigh, rng, progress or shown_on(bar), **settings)
    about = settings | {"hidden": list(hidden), "seed": seed, "held out": [] if held is None else list(held)}
    about |= {"energy_weight": energy_weight, "force_weight": force_weight, "jax": jax.__version__}
    potential = NeuralPotential(
        **_arrays(best),
        mean=seen.mean,
        projection=seen.projection,
        scale=seen.scale,
        **_offsets_of(data, offsets),
        name=name or f"network {'-'.join(map(str, hidden))}",
        provenance={**data.provenance, "fitted elements": list(map(symbol, data.elements)), "training": about},
        start=parameters(*_arrays(first).values()),
        history=history,
        descriptor_names=tuple(stated(data.descriptor_names)),
    )
    left = fitted.energies - potential.energies(fitted)
    return dataclasses.replace(potential, **_offsets_of(data, offsets + best_offsets(left, n)))


def shown_on(bar: tqdm) -> Progress:
    """A callback that moves a bar, whose length is not known before the first step."""

    def show(done: int, total: int) -> None:
        if bar.total is None:
            bar.reset(total)
        bar.update(done - bar.n)

    return show


def fit_of(data: Dataset, **settings: Any) -> Callable[[Moments], NeuralPotential]:
    """How a network is fitted, as ``Study.held_out`` and ``validation.cross_validate`` take it: moments → potential.

    Args:
        data: the trajectories; a network is trained on those among them whose moments are given.
        settings: of ``train``.
    """
    kind("data", data, Dataset, "study.held_out(neural.fit_of(study.parts))")
    return lambda moments: train(data.select(tuple(moments)), **settings)


def fitted_and_held(data: Dataset, validation: Any, rng: np.random.Generator) -> tuple[Dataset, Dataset | None]:
    """What is fitted, and whole trajectories that are held out, or a block of a single one."""
    if isinstance(validation, Real) and not isinstance(validation, bool):
        share = float(validation)
        if not 0 <= share < 1:
            raise ValueError(
                f"validation: expected a share from 0 to 1 of the trajectories, or their keys, got {validation}"
            )
        if len(data) == 1 and share and len(data.n_atoms) > 1:
            data = data.blocks(min(BLOCKS, len(data.n_atoms)))
        number = math.ceil(share * len(data)) if len(data) > 1 else 0
        chosen = tuple(rng.permutation(list(data))[:number].tolist())
    else:
        kind(
            "validation",
            validation,
            Iterable if not isinstance(validation, str) else str,
            "neural.train(data, validation=['run 5'])",
        )
        chosen = keys(validation)
    if not chosen:
        return data, None
    if len(set(chosen)) >= len(data):
        raise ValueError(
            f"validation: expected trajectories to be left for the fit, got all {counted(len(data), 'key')}"
        )
    return data.drop(chosen), data.select(chosen)


def _arrays(network: Network) -> dict[str, Any]:
    doubles = jax.tree.map(lambda each: np.asarray(each, np.float64), network)
    return {"weights": tuple(doubles.weights), "biases": tuple(doubles.biases), "skip": doubles.skip}


def _offsets_of(data: Dataset, e: Array) -> dict[str, Any]:
    if len(set(e.tolist())) == 1:  # also of elements that are not known
        return {"offset": float(e[0]), "offsets": {}}
    return {"offset": 0.0, "offsets": dict(zip(map(symbol, data.elements), e.tolist(), strict=True))}


def _checked(hidden: Sequence[int], **numbers: float) -> tuple[int, ...]:
    kind("hidden", hidden, Iterable, "neural.train(data, hidden=(32, 32))")
    hidden = tuple(hidden)
    if not hidden or any(not isinstance(units, Integral) or isinstance(units, bool) or units < 1 for units in hidden):
        raise ValueError(f"hidden: expected positive numbers of units, such as (32,) or (32, 32), got {hidden}")
    for name, number in numbers.items():
        least = "> 0" if name == "learning_rate" else "≥ 0"
        if not isinstance(number, Real) or not math.isfinite(number) or number < 0 or (number == 0 and least == "> 0"):
            raise ValueError(f"{name}: expected a number {least}, got {number!r}")
    if not (numbers["energy_weight"] or numbers["force_weight"]):
        raise ValueError("force_weight: expected energies or forces to be fitted, got two weights of 0")
    return hidden
