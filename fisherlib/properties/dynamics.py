"""Molecular dynamics of a potential, by ASE's integrators, seeded."""

from typing import Any

import numpy as np
from ase import Atoms, units
from ase.constraints import FixCom
from ase.md.langevinbaoab import LangevinBAOAB
from ase.md.md import MolecularDynamics
from ase.md.verlet import VelocityVerlet

from ..arguments import kind, number, whole
from ..arguments import seed as check_seed
from ..configurations import Configurations
from ..progress import Progress, silent
from ..units import beta
from .crystals import check_calculator

#: Kinetic temperatures beyond this multiple of the one wanted mean that the potential has no bottom there.
RUNAWAY = 20.0


def nve(
    atoms: Atoms,
    calculator: Any,
    *,
    temperature: float,
    picoseconds: float,
    timestep: float = 2.0,
    every: int = 50,
    seed: int = 0,
    progress: Progress = silent,
) -> Configurations:
    """Dynamics at constant energy, by velocity Verlet, from velocities of a temperature.

    Args:
        atoms: where it starts; they are not changed.
        calculator: of ASE.
        temperature: of the velocities at the start, K.
        picoseconds: length of the run.
        timestep: fs.
        every: steps from one configuration that is kept to the next.
        seed: of the velocities.
        progress: called with (steps done, steps in all) for each of these; an exception that it raises ends the run.

    Returns:
        The configurations, the first one included, with energies and forces, and among the entries "time" (ps),
        "total_energy" (eV, kinetic energy included) and "kinetic_temperature" (K).

    Raises:
        TypeError: no atoms, or no calculator.
        ValueError: a time or a temperature that is none.
        RuntimeError: atoms that run away, since the potential has no bottom where they are.

    Example:
        >>> from ase.cluster import Icosahedron
        >>> from ase.calculators.emt import EMT
        >>> frames = nve(Icosahedron("Cu", 2), EMT(), temperature=300.0, picoseconds=0.1, every=10)
        >>> len(frames.n_atoms), abs(drift(frames)) < 1.0  # meV/atom
        (6, True)
    """
    moving = prepared(atoms, calculator, temperature, seed)
    dynamics = VelocityVerlet(moving, number("timestep", timestep) * units.fs)
    return _run(dynamics, "NVE", temperature, picoseconds, timestep, every, 0.0, progress)


def nvt(
    atoms: Atoms,
    calculator: Any,
    *,
    temperature: float,
    picoseconds: float,
    burn_in: float = 0.0,
    timestep: float = 4.0,
    friction_time: float = 200.0,
    every: int = 50,
    seed: int = 0,
    key: str = "NVT",
    progress: Progress = silent,
) -> Configurations:
    """Langevin dynamics at constant temperature, by the BAOAB splitting, whose configurations sample NVT.

    The centre of mass is held by a constraint: the integrator's own way to do it does not sample NVT exactly.

    Args:
        atoms, calculator, timestep, every, progress: as for ``nve``.
        temperature: K.
        picoseconds: length of the run after the burn-in.
        burn_in: ps that are run first and not kept.
        friction_time: 1/γ, fs.
        seed: of velocities and noise.
        key: name of the trajectory.

    Returns:
        As for ``nve``, with the temperature.

    Raises:
        TypeError, ValueError, RuntimeError: as for ``nve``.

    Source: Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34.

    Example:
        >>> from ase.cluster import Icosahedron
        >>> from ase.calculators.emt import EMT
        >>> frames = nvt(Icosahedron("Cu", 2), EMT(), temperature=300.0, picoseconds=0.2, every=10)
        >>> len(frames.n_atoms), frames.temperature
        (6, 300.0)
    """
    moving = prepared(atoms, calculator, temperature, seed)
    noise = np.random.default_rng([seed, 1])
    dynamics = LangevinBAOAB(
        moving,
        number("timestep", timestep) * units.fs,
        temperature_K=temperature,
        T_tau=number("friction_time", friction_time) * units.fs,
        rng=noise,
    )
    return _run(dynamics, key, temperature, picoseconds, timestep, every, burn_in, progress)


def drift(frames: Configurations) -> float:
    """Drift of the total energy over a run, meV/atom: the slope of a straight line through it, times the length of the run.

    Args:
        frames: from ``nve``.

    Raises:
        ValueError: configurations without total energies.

    Example:
        >>> import numpy as np
        >>> entries = {"time": np.arange(3.0), "total_energy": np.array([0.0, 0.001, 0.002])}
        >>> round(drift(Configurations(key="a", n_atoms=np.array([2, 2, 2]), entries=entries)), 6)
        1.0
    """
    kind("frames", frames, Configurations, "drift(nve(atoms, calculator, temperature=300.0, picoseconds=1.0))")
    if not {"time", "total_energy"} <= frames.entries.keys() or len(frames.n_atoms) < 2:
        raise ValueError("frames: expected several configurations with times and total energies, got none; use nve")
    time, energy = frames.entries["time"], frames.entries["total_energy"]
    slope = np.polynomial.Polynomial.fit(time, energy / frames.n_atoms, 1).convert().coef[-1]
    return float(1e3 * slope * (time[-1] - time[0]))


def prepared(atoms: Atoms, calculator: Any, temperature: float, seed: int) -> Atoms:
    """A copy with velocities of the temperature and a centre of mass at rest."""
    kind("atoms", atoms, Atoms, "nvt(atoms, calculator, temperature=300.0, picoseconds=1.0)")
    check_calculator(calculator)
    beta(temperature)
    check_seed(seed)
    moving = atoms.copy()
    moving.set_constraint(FixCom())
    moving.calc = calculator
    widths = np.sqrt(moving.get_masses() * units.kB * temperature)
    moving.set_momenta(np.random.default_rng(seed).standard_normal((len(moving), 3)) * widths[:, None])
    return moving


def _run(
    dynamics: MolecularDynamics,
    key: str,
    temperature: float,
    picoseconds: float,
    timestep: float,
    every: int,
    burn_in: float,
    progress: Progress,
) -> Configurations:
    whole("every", every, 1, "steps")
    if not (timestep > 0 and number("picoseconds", picoseconds) > 0 and number("burn_in", burn_in) >= 0):
        raise ValueError(f"picoseconds: expected a positive time and timestep, got {picoseconds!r} and {timestep!r}")
    before, pieces = round(burn_in * 1e3 / timestep / every), max(1, round(picoseconds * 1e3 / timestep / every))
    kept: dict[str, list[Any]] = {name: [] for name in ("positions", "energies", "forces", "total", "kelvins")}
    atoms = dynamics.atoms
    for piece in range(before + pieces + 1):
        if piece:
            dynamics.run(every)
            progress(piece * every, (before + pieces) * every)
        refuse_runaway(atoms, temperature, piece * every * timestep / 1e3)
        if piece >= before:
            for name, value in state(atoms).items():
                kept[name].append(value)
    return gathered(atoms, key, temperature, kept, every * timestep / 1e3)


def gathered(
    atoms: Atoms, key: str, temperature: float, kept: dict[str, list[Any]], spacing: float, *, first: int = 0
) -> Configurations:
    """What was kept of a run, with configurations so many ps apart, counted from ``first``."""
    M = len(kept["energies"])
    periodic = bool(atoms.pbc.any())
    return Configurations(
        key=key,
        temperature=float(temperature),
        n_atoms=np.full(M, len(atoms)),
        numbers=np.tile(atoms.numbers, M),
        positions=np.concatenate(kept["positions"]),
        energies=np.array(kept["energies"]),
        forces=np.concatenate(kept["forces"]),
        entries={
            "time": np.arange(first, first + M) * spacing,
            "total_energy": np.array(kept["total"]),
            "kinetic_temperature": np.array(kept["kelvins"]),
        },
        cell=np.repeat(atoms.cell.array[None], M, 0) if periodic else None,
        pbc=np.repeat(atoms.pbc[None], M, 0) if periodic else None,
    )


def state(atoms: Atoms) -> dict[str, Any]:
    """Positions about the centre of mass where there is no cell, energies and forces without the constraint."""
    energy, shift = atoms.get_potential_energy(), 0.0 if atoms.pbc.any() else atoms.get_center_of_mass()
    return {
        "positions": atoms.positions - shift,
        "energies": energy,
        "forces": atoms.get_forces(apply_constraint=False),
        "total": energy + atoms.get_kinetic_energy(),
        "kelvins": _kelvins(atoms),
    }


def _kelvins(atoms: Atoms) -> float:
    return 2 * atoms.get_kinetic_energy() / (3 * max(len(atoms) - 1, 1) * units.kB)


def refuse_runaway(atoms: Atoms, temperature: float, time: float) -> None:
    """Refuses atoms that run away.

    Raises:
        RuntimeError: they are far hotter than they should be after so many ps.
    """
    now = _kelvins(atoms)
    if not now < RUNAWAY * temperature:
        raise RuntimeError(
            f"atoms: expected about {temperature:g} K, got {now:.3g} K after {time:g} ps: the potential has no bottom where they are, far "
            "from its data; add configurations there, or a reference potential that keeps atoms apart"
        )
