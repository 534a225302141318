"""Small clusters of copper and gold by EMT with the Jacobian of cheap descriptors: what a neural potential is tested on."""

import dataclasses
import threading

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT
from numpy.typing import NDArray
from pair_functions import Pairs

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.descriptors.pieces import with_descriptors
from fisherlib.landscapes import Evaluated, PlaneChoice, Pointwise
from fisherlib.neural import NeuralPotential
from fisherlib.progress import Progress

#: Copper and gold.
SPECIES = (29, 79)
PAIRS = Pairs(cutoff=4.5, degree=3)


def cluster(rng: np.random.Generator, atoms: int) -> Atoms:
    """Some atoms on a loose cubic lattice, shaken, each copper or gold."""
    corners = np.array([[i, j, k] for i in range(2) for j in range(2) for k in range(2)], float)
    positions = 2.6 * corners[rng.permutation(8)[:atoms]] + 0.15 * rng.normal(size=(atoms, 3))
    return Atoms(rng.permutation([29, 79, *rng.choice(SPECIES, atoms - 2)]), positions)


def trajectory(key: str, frames: list[Atoms]) -> fl.Trajectory:
    """With energies and forces of EMT, descriptors and their Jacobian."""
    energies, forces = [], []
    for atoms in frames:
        atoms.calc = EMT()
        energies.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces())
    found = Configurations(
        key=key,
        n_atoms=np.array([len(atoms) for atoms in frames]),
        numbers=np.concatenate([atoms.numbers for atoms in frames]),
        positions=np.concatenate([atoms.positions for atoms in frames]),
        energies=np.array(energies),
        forces=np.concatenate(forces),
        temperature=300.0,
    )
    return with_descriptors(found, descriptor=PAIRS, species=SPECIES, jacobian=True)


def alloys(seed: int = 0, *, trajectories: int = 4, frames: int = 5) -> fl.Dataset:
    """Clusters of 4 to 7 atoms."""
    rng = np.random.default_rng(seed)
    made = [[cluster(rng, int(rng.integers(4, 8))) for _ in range(frames)] for _ in range(trajectories)]
    return fl.Dataset([trajectory(f"t{k}", each) for k, each in enumerate(made)], provenance={"sha256": "0"})


def network(data: fl.Dataset, *, seed: int = 0, hidden: tuple[int, ...] = (4, 3), name: str = "net") -> NeuralPotential:
    """A network with random weights that nothing was fitted to."""
    rng, sizes = np.random.default_rng(seed), (5, *hidden, 1)
    layers = list(zip(sizes, sizes[1:], strict=False))
    made = NeuralPotential(
        weights=tuple(rng.normal(size=size) for size in layers),
        biases=tuple(rng.normal(size=b) for _, b in layers),
        skip=rng.normal(size=5),
        mean=rng.normal(size=data.K),
        projection=rng.normal(size=(data.K, 5)) / data.K,
        scale=0.7,
        name=name,
    )
    return dataclasses.replace(made, start=rng.normal(size=made.theta.shape))


class Slow:
    """A model of another kind, drawn never: ``progress`` is told until ``go`` is set, and then there is nothing to draw."""

    name = "net"
    planes = (PlaneChoice(kind="random", seed=0),)

    def __init__(self, go: threading.Event) -> None:
        self.go = go

    def points(self, choice: PlaneChoice) -> dict[str, tuple[float, float]]:
        return {"net": (0.0, 0.0)}

    def project(self, choice: PlaneChoice) -> Evaluated:
        def wait(progress: Progress) -> Pointwise:
            while not self.go.wait(0.002):
                progress(0, 1)
            raise ValueError("there is nothing to draw")

        return Evaluated(lambda loss: f"{loss.name} around net", wait)


def with_jacobian(data: fl.Dataset) -> fl.Dataset:
    """Data of random descriptors with a Jacobian of random pairs whose sums are their Φ: every atom with each of its configuration."""
    made, rng = [], np.random.default_rng(0)
    for t in data.values():
        starts = np.cumsum(t.n_atoms) - t.n_atoms
        pairs = [(a + i, a + j) for a, n in zip(starts, t.n_atoms, strict=True) for i in range(n) for j in range(n)]
        i, j = np.array(pairs).T
        values = rng.normal(size=(len(i), 3, t.K))
        sites = rng.normal(size=(len(t.forces) // 3, t.K))
        sites += np.repeat((t.descriptors - np.add.reduceat(sites, starts)) / t.n_atoms[:, None], t.n_atoms, axis=0)
        _balance(values, j, t.force_descriptors)
        made.append(dataclasses.replace(t, site_descriptors=sites, jacobian=fl.dataset.Jacobian(i, j, values)))
    return fl.Dataset(made, provenance=data.provenance)


def _balance(values: NDArray, j: NDArray, Phi: NDArray) -> None:
    """Changes the values of pairs such that their sums over centres are Φ."""
    sums, number = np.zeros((len(Phi) // 3, *values.shape[1:])), np.bincount(j)
    np.add.at(sums, j, values)
    values += ((Phi.reshape(sums.shape) - sums) / number[:, None, None])[j]
