"""Trajectories of a dataset from what is chosen of a file, with the provenance of each column."""

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..configurations import Configurations
from ..dataset import Dataset, Trajectory
from ..descriptors import Descriptor, Reference, contribution, without_reference
from ..descriptors.contract import recorded
from ..descriptors.forecast import chosen
from ..descriptors.pieces import Computing, in_pieces
from ..progress import Progress
from .acceptance import OnBad, notes_of, without_bad
from .columns.candidates import gradients
from .columns.choice import ROLES, Choice
from .columns.roles import at, no_such_choice, pair, trajectory
from .featurise import featurise
from .smearing import energies_of_forces

#: Atoms whose descriptors take more than some ten seconds.
LONG = 20_000


def of_rows(fixed: Dataset, choice: Choice, file: str) -> tuple[list[Trajectory], dict[str, Any]]:
    """The trajectories of a file whose columns are fixed, and what is known of them.

    Raises:
        ValueError: a choice that such a file does not leave, or no strain descriptors where stress is asked for.
    """
    for name in (*ROLES, "units", "subtract_isolated"):
        if (value := getattr(choice, name)) not in (None, False):
            raise no_such_choice(name, value, file)
    made = list(fixed.values())
    if choice.stress and all(t.strain_descriptors is None for t in made):
        raise ValueError(f"stress: expected strain descriptors in {file}, got none; read it without stress")
    if choice.temperature is not None:
        made = [dataclasses.replace(t, temperature=float(choice.temperature)) for t in made]
    if choice.gradient:
        made = [dataclasses.replace(t, force_descriptors=-t.force_descriptors) for t in made]
    return made, {"descriptor": {"name": "from the file", "K": fixed.K}, **fixed.provenance}


def of_columns(
    found: Sequence[Configurations],
    choice: Choice,
    *,
    path: Path,
    descriptor: Descriptor | None,
    jacobian: bool = False,
    computing: Computing | None = None,
    reference: Reference | None,
    on_bad: OnBad,
    progress: Progress | None,
) -> tuple[list[Trajectory], dict[str, Any], dict[str, list[int]]]:
    """The trajectories of the columns chosen, with descriptors computed where the file has none.

    Args:
        found: labelled configurations, without isolated atoms.
        choice: what they were chosen by.
        path: of the file.
        descriptor, jacobian, reference, on_bad, progress: as for ``io.read``.
        computing: who computes descriptors, also where the file has its own; this process without it.

    Returns:
        Trajectories, what is known of them, and the numbers of configurations that were left out, by key.

    Raises:
        ValueError: a missing or unfit column, or nothing is left of the configurations.
    """
    own = computing is None and bool(choice.descriptors or choice.force_descriptors or gradients(found[0].columns))
    if own and jacobian:
        way = "take fl.featurise, which computes others"
        raise ValueError(f"jacobian: {path.name} has descriptors of its own, without their Jacobian; {way}")
    if not own and choice.gradient:
        raise ValueError(f"gradient: {path.name} has no column of force descriptors to negate; leave it out")
    if own and descriptor is not None:
        said = "has descriptors of its own, which are taken, and not the descriptor= that is given; fl.featurise computes that"
        warnings.warn(f"{path.name} {said}", stacklevel=4)
    names = pair(found[0].columns, choice) if own else ()
    found, dropped = without_bad(found, names, on_bad=on_bad)
    frames = without_reference([at(f, choice.temperature) for f in found], reference)
    known, done = dict(found[0].provenance), found[0].provenance["taken"]
    if own:
        made = _with_own(found, frames, choice, path.name)
        about = {"descriptor": {"name": "from the file", "K": made[0].K}, **known}
        about["columns"] = about["columns"] | dict(zip(("descriptors", "force_descriptors"), names, strict=True))
    else:
        _ask_early(frames, path)
        descriptor, _ = chosen(frames, descriptor, path)
        how: dict[str, Any] = {"jacobian": jacobian, "computing": computing or in_pieces, "progress": progress}
        made = featurise(frames, descriptor=descriptor, path=path, **how)
        about = {"descriptor": {**recorded(descriptor), "K": made[0].K}, "columns": known["columns"]}
    made, energies, told = _with_energies(found, made, choice, reference)
    about["columns"], notes = about["columns"] | {"energies": energies}, notes_of(found) + told
    about = {name: value for name, value in about.items() if name not in ("taken", "notes", "units")}
    about |= {name: done[name] for name in ("units", "isolated_atoms") if name in done}
    about |= {"notes": notes} if notes else {}
    about |= {"reference": gone} if (gone := frames[0].provenance.get("reference")) else {}
    return made, about | ({"dropped": dropped} if dropped else {}), dropped


def _with_own(
    found: Sequence[Configurations], frames: Sequence[Configurations], choice: Choice, file: str
) -> list[Trajectory]:
    """Trajectories with the descriptors of the file."""
    strain = [f.entries.get("strain_descriptors") for f in found]
    if choice.stress and any(Psi is None for Psi in strain):
        raise ValueError(
            f"stress: expected strain descriptors beside the descriptors of {file}, got none; read it without stress"
        )
    if found[0].provenance["taken"].get("lengths", 1.0) != 1.0:
        raise ValueError(f"units: expected lengths in Å in {file}, which has descriptors, got others")
    return [trajectory(f, choice, Psi) for f, Psi in zip(frames, strain, strict=True)]


def _with_energies(
    found: Sequence[Configurations], made: list[Trajectory], choice: Choice, reference: Reference | None
) -> tuple[list[Trajectory], str, list[str]]:
    """The trajectories with the energies that their forces belong to, the name of these, and what there is to say."""
    name, other = found[0].provenance["columns"]["energies"], found[0].provenance["taken"]["other"]
    if other is None:
        return made, name, []
    others = [f.entries[other] for f in found]
    if reference is not None:  # taken off these as off the others
        others = [E - contribution(reference, f).energies for E, f in zip(others, found, strict=True)]
    made, name, note = energies_of_forces(made, others, (name, other), named=choice.energies is not None)
    return made, name, [note] if note else []


def _ask_early(frames: Sequence[Configurations], path: Path) -> None:
    """Tells before the descriptors of many atoms are computed that a temperature will be asked for after it."""
    if sum(int(f.n_atoms.sum()) for f in frames) > LONG and any(f.temperature is None for f in frames):
        warnings.warn(
            f"{path.name} states no temperature for all: forces are fitted without one, but what is an ensemble's asks for "
            "it; give temperature= now, or later where it is asked for",
            stacklevel=4,
        )
