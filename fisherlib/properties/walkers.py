"""Walkers of molecular dynamics that take turns, one configuration at a time, for as long as somebody asks for more."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from ase import units
from ase.md.langevinbaoab import LangevinBAOAB

from ..arguments import each, kind, number, whole
from ..arguments import seed as check_seed
from ..configurations import Configurations
from ..dataset import Trajectory
from ..descriptors import Descriptor, or_default
from ..descriptors.forecast import species_of
from ..descriptors.pieces import with_descriptors
from .dynamics import gathered, prepared, refuse_runaway, state


def walkers(
    starts: Sequence[Configurations],
    calculator: Callable[[], Any],
    *,
    descriptor: Descriptor | None = None,
    temperature: float | None = None,
    every: int = 20,
    timestep: float = 4.0,
    friction_time: float = 200.0,
    seed: int = 0,
) -> Iterator[Trajectory]:
    """Langevin dynamics that never ends: each walker in turn makes some steps and gives one configuration with descriptors.

    Walkers go on from the last configuration of each trajectory, with new velocities of the temperature. Where those are
    draws of the ensemble, as of a long run at the same temperature, so is the first configuration that comes, and walkers
    are independent of each other. The integrator is that of ``nvt``.

    Args:
        starts: a trajectory for each walker, which keeps its key.
        calculator: of ASE, without arguments, such as ``EMT``; called for each walker.
        descriptor: of the configurations; ``descriptors.default_for`` the elements without it.
        temperature: K; the trajectories' own by default.
        every: steps of a walker from one of its configurations to the next.
        timestep: fs.
        friction_time: 1/γ, fs.
        seed: of velocities and noise.

    Raises:
        TypeError: anything but configurations, or no calculator.
        ValueError: no start, no temperature, or a time that is none.
        RuntimeError: atoms that run away.

    Example:
        >>> import fisherlib as fl
        >>> from ase.calculators.emt import EMT
        >>> starts, soap = fl.io.read_frames("data/cu55_1200K.npz"), fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1)
        >>> running = walkers(starts[:2], EMT, descriptor=soap, every=1)
        >>> [next(running).key for _ in range(3)]
        ['walker-00', 'walker-01', 'walker-00']
    """
    starts = each("starts", starts, Configurations, "walkers(io.read_frames(path), EMT)")
    kind("calculator", calculator, Callable, "walkers(starts, EMT)")
    whole("every", every, 1, "steps")
    check_seed(seed)
    if not starts:
        raise ValueError("starts: expected at least one trajectory, got none; io.read_frames(path) gives some")
    if not (number("timestep", timestep) > 0 and number("friction_time", friction_time) > 0):
        raise ValueError(f"timestep: expected positive times, got {timestep!r} and {friction_time!r}")
    known = {start.key: start.temperature if temperature is None else temperature for start in starts}
    if None in known.values():
        raise ValueError("temperature: expected one for every walker, got none; give temperature= in K")
    species, taken, running = species_of(starts), or_default(descriptor, species_of(starts)), []
    for start, drawn in zip(starts, np.random.SeedSequence(seed).generate_state(len(starts)).tolist(), strict=True):
        T = float(known[start.key] or 0.0)
        atoms = prepared(start.atoms()[-1], calculator(), T, drawn)
        noise, times = np.random.default_rng([drawn, 1]), {"T_tau": friction_time * units.fs}
        running.append((start.key, T, LangevinBAOAB(atoms, timestep * units.fs, temperature_K=T, rng=noise, **times)))
    return _turns(running, taken, species, every, every * timestep / 1e3)


def _turns(
    running: list[tuple[str, float, LangevinBAOAB]],
    descriptor: Descriptor,
    species: Sequence[int],
    every: int,
    spacing: float,
) -> Iterator[Trajectory]:
    for turn in itertools.count(1):
        for key, T, dynamics in running:
            dynamics.run(every)
            refuse_runaway(dynamics.atoms, T, turn * spacing)
            kept = {name: [value] for name, value in state(dynamics.atoms).items()}
            frame = gathered(dynamics.atoms, key, T, kept, spacing, first=turn)
            yield with_descriptors(frame, descriptor=descriptor, species=species)
