"""Names that columns and entries of data files have in the field."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from numpy.typing import NDArray

#: Arrays by name.
Columns = Mapping[str, NDArray]

#: Column names of MiLaDy's Python tools; the first guess, and what this package writes.
DESCRIPTORS, FORCE_DESCRIPTORS = "milady-descriptors", "milady-descriptors-forces"
#: Names under which forces and energies are taken without being asked for; the first found counts.
FORCES = ("forces", "force", "REF_forces")
ENERGIES = {"extxyz": ("energy", "REF_energy"), "ASE": ("energy", "REF_energy", "free_energy")}
#: Kinds of files of many programs, whose entries may tell trajectories apart.
KEYED = frozenset(ENERGIES)
USUAL_ENERGIES = ("energies",)
#: Words before or behind a name for what is to be learnt, and for what some model says of it.
REFERENCES = ("ref", "reference", "dft", "qm", "abinitio", "true", "target", "label", "exact", "corrected")
MODELS = ("model", "pred", "predicted", "ml", "mlip", "nn", *"mace gap nep ace snap nequip chgnet eam".split())
#: Names of energies and of forces to which such words belong, the likeliest first; the last few stand alone only.
FREE_ENERGIES = ("free_energy", "toten", "free_energies")
ENERGY_NAMES = (
    *("energies", "energy", "potential_energy", "pot_energy", "pot_eng", "total_energy", "tot_energy"),
    *(*FREE_ENERGIES, "etot", "e_tot", "epot", "e_pot", "e0", "e"),
)
FORCE_NAMES = ("forces", "force", "frc", "f")
NUMBERS = ("numbers", "atomic_numbers", "atomic_number", "Z")
SPECIES = ("species", "symbols", "symbol", "elements", "element")
POSITIONS = ("positions", "position", "coordinates", "coords")
BOX = ("cell", "lattice")
N_ATOMS = ("n_atoms", "natoms", "num_atoms", "NUMBER_OF_ATOMS")
COMPONENTS = ("component", "axis", "direction")
#: Columns of a table that name trajectories, and those that number the configurations of one.
KEYS = ("key", "trajectory", "walker", "group")
CONFIGURATIONS = ("configuration", "config", "frame", "snapshot", "structure", "image", "step")
#: Further entries of a comment line that name simulations.
RUNS = ("run", "config_type", "replica", "simulation", "traj", "traj_id")
#: Whole numbers that are properties of a configuration and name no trajectory.
PROPERTIES = ("charge", "total_charge", "spin", "multiplicity")


def first(names: Iterable[str], found: Iterable[str]) -> str | None:
    """The first of ``names`` that is found."""
    found = set(found)
    return next((name for name in names if name in found), None)


def meant(wanted: Iterable[str], names: Iterable[str]) -> str:
    """`` (did you mean 'a' or 'b'?)`` with the names most similar to those wanted, in any case; or nothing."""
    by_lower = {name.lower(): name for name in names}
    near = [by_lower[n] for want in wanted for n in get_close_matches(want.lower(), by_lower, n=2)]
    return f" (did you mean {' or '.join(map(repr, dict.fromkeys(near)))}?)" if near else ""


def column_list(columns: Columns) -> str:
    """Names and shapes, for an error message."""
    return ", ".join(f"{name!r} {column.shape}" for name, column in columns.items()) or "none"
