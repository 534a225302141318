"""A data file that is read once, whatever columns are then taken from it."""

import dataclasses
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import flag, location
from ..configurations import Frames
from ..dataset import Dataset
from ..descriptors import Descriptor, chosen
from ..potential import LinearPotential
from ..progress import Progress
from ..units import beta
from .columns import choices
from .columns.columns import Columns, free, gradients, taken, trajectory
from .columns.description import Column, columns_of, shared
from .columns.roles import frames_of, no_such_choice, temperature_of, temperatures_of
from .complete import READERS as COMPLETE
from .complete import Complete
from .featurise import featurise, refuse_hopeless
from .finite import OnBad, left_out, whole
from .formats import extxyz
from .formats.kinds import READERS, kind_of
from .judge import judge
from .places import find, printable, sha256
from .stored import Stored

Role = Literal["descriptors", "force_descriptors", "forces", "energies", "key"]


def open(
    path: str | os.PathLike, *, elements: Sequence[str] | None = None, energies: ArrayLike | str | None = None
) -> "Opened | Complete":
    """A data file or folder, read once, with the columns that it holds.

    Files: our ``.npz``, the desktop app's ``md.pkl`` and pickled data frames, extended xyz, mlearn's and FitSNAP's JSON,
    LAMMPS dumps, MiLaDy's ``design_matrix.dat``, FitSNAP's rows (``.df``, ``.npz``). Folders: a descriptor database,
    MiLaDy's ``descDB``, FitSNAP's groups. Nothing is chosen yet, so that a file whose columns have unknown names opens as
    well.

    Args:
        path: from the working folder, or else from the project's.
        elements: symbols of types 1, 2, … in a LAMMPS dump without the column "element".
        energies: of a LAMMPS dump, which holds none: (M,) eV, or the name of a file or of a per-atom column; see
            ``lammps.read_dump``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: unknown format, or a file that is damaged or laid out otherwise.
    """
    location("path", path, "io.open('md.npz')")
    path = find(path, folder=True)
    kind = kind_of(path)
    if kind in COMPLETE:
        data, digest = COMPLETE[kind](path)
        return Complete(path=path.absolute(), kind=kind, sha256=digest, data=data)
    digest = sha256(path)  # now: a file that is replaced later must not lend its fingerprint to these data
    given = {"elements": elements, "energies": energies} if kind == "LAMMPS dump" else {}
    # A key may be the name of the file, which need not be text.
    stored = tuple(dataclasses.replace(s, key=printable(s.key)) for s in READERS[kind](path, **given))
    return Opened(path=path.absolute(), kind=kind, sha256=digest, columns=columns_of(stored), stored=stored)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Opened:
    """A data file in memory, its columns not chosen yet; ``open`` makes it.

    Attributes:
        path: of the file.
        kind: as in ``kinds``, e.g. "npz", "pickle", "extxyz", "MiLaDy".
        sha256: of the file when it was read, hexadecimal.
        columns: what the file holds for each atom and for each configuration.
        stored: the trajectories as they are in the file; extended xyz is one until a key tells several apart.
    """

    path: Path
    kind: str
    sha256: str
    columns: tuple[Column, ...] = dataclasses.field(repr=False)
    stored: tuple[Stored, ...] = dataclasses.field(repr=False)

    @property
    def trajectories(self) -> int:
        """Number of trajectories."""
        return len(self.stored)

    @property
    def n_atoms(self) -> np.ndarray:
        """(ΣM,) atoms in each configuration."""
        return np.concatenate([s.n_atoms for s in self.stored])

    @property
    def configurations(self) -> int:
        """Number of configurations."""
        return len(self.n_atoms)

    @property
    def atoms(self) -> int:
        """ΣN, atoms of all configurations together."""
        return int(self.n_atoms.sum())

    @property
    def n_min(self) -> int:
        """Atoms in the smallest configuration."""
        return int(self.n_atoms.min())

    @property
    def n_max(self) -> int:
        """Atoms in the largest configuration."""
        return int(self.n_atoms.max())

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures that the file states, K, ascending."""
        return tuple(sorted(set().union(*map(temperatures_of, self.stored))))

    @property
    def has_descriptors(self) -> bool:
        """Whether there is a column to take for force descriptors; where there is none, ``dataset`` computes SOAP ones."""
        return bool(gradients(free(self._atoms, None)))

    @property
    def _atoms(self) -> Columns:
        return shared([s.atoms for s in self.stored])

    @property
    def _entries(self) -> Columns:
        return shared([s.configurations for s in self.stored])

    def choices(
        self, what: Role, *, force_descriptors: str | None = None, forces: str | None = None
    ) -> tuple[str, ...]:
        """The columns that could be ``what``, by shape and type; the likeliest first.

        Args:
            what: "descriptors", "force_descriptors", "forces", "energies", or "key", which only extended xyz has.
            force_descriptors: offer only the descriptors that go with this column.
            forces: column taken for the forces, which then is no descriptor.

        Raises:
            ValueError: ``what`` is none of these.
        """
        columns = free(self._atoms, forces)
        if what == "descriptors":
            return tuple(choices.of_descriptors(columns, force_descriptors))
        if what == "force_descriptors":
            return tuple(choices.of_force_descriptors(columns))
        if what == "forces":
            return tuple(choices.of_forces(self._atoms))
        if what == "energies":
            return tuple(choices.of_energies(self._entries, self.kind))
        if what == "key":
            return tuple(choices.of_key(self._entries)) if self.kind == "extxyz" else ()
        raise ValueError(
            f"what: expected 'descriptors', 'force_descriptors', 'forces', 'energies' or 'key', got {what!r}"
        )

    def guess(self, what: Role, *, force_descriptors: str | None = None, forces: str | None = None) -> str | None:
        """The column that ``dataset`` takes for ``what`` if none is named; None where it would ask, or takes none."""
        columns = free(self._atoms, forces)
        if what == "descriptors":
            return choices.guess_descriptors(columns, force_descriptors)
        if what == "force_descriptors":
            return choices.guess_force_descriptors(columns)
        if what == "forces":
            return choices.guess_forces(self._atoms)
        if what == "energies":
            return choices.guess_energies(self._entries, self.kind)
        self.choices(what)  # refuses what is no role
        return None

    def likely_keys(self) -> dict[str, int]:
        """Entries that probably tell trajectories apart, the likeliest first, and how many values each has.

        Words, or whole numbers, of few values and several configurations each. There are none where the file tells its
        trajectories apart itself.
        """
        return choices.likely_keys(self._entries) if self.kind == "extxyz" else {}

    def stated_temperatures(self, key: str | None = None) -> dict[str, float | None]:
        """Trajectory → the temperature that the file states for it, K, or None."""
        return {s.key: temperature_of(s) for s in self._split(key)}

    def frames(self, *, forces: str | None = None, energies: str | None = None, key: str | None = None) -> list[Frames]:
        """The configurations as they are, without descriptors being computed; see ``dataset`` for the arguments."""
        return self._frames(self._split(key), forces, energies)

    def check(
        self, *, forces: str | None, energies: str | None, descriptors: str | None, force_descriptors: str | None
    ) -> None:
        """Refuses, before anything is computed, what ``dataset`` would refuse: no energies, say, or too few atoms.

        Raises:
            ValueError: as said.
        """
        frames = self._frames(self.stored, forces, energies)
        if not (descriptors or force_descriptors or self.has_descriptors):
            refuse_hopeless(frames, descriptor=chosen(None), path=self.path)

    def _split(self, key: str | None) -> Sequence[Stored]:
        if key is not None and self.kind != "extxyz":
            raise no_such_choice("key", key, self.path.name)
        return self.stored if key is None else extxyz.split(self.stored[0], key)

    def _frames(self, stored: Sequence[Stored], forces: str | None, energies: str | None) -> list[Frames]:
        return [frames_of(s, self.kind, self.path.name, forces=forces, energies=energies) for s in stored]

    def dataset(
        self,
        *,
        temperature: float | None = None,
        descriptor: Descriptor | None = None,
        descriptors: str | None = None,
        force_descriptors: str | None = None,
        forces: str | None = None,
        energies: str | None = None,
        key: str | None = None,
        gradient: bool = False,
        on_bad: OnBad = "refuse",
        theta: ArrayLike | LinearPotential | None = None,
        check: bool = True,
        progress: Progress | None = None,
    ) -> Dataset:
        """The dataset of the columns named, others being guessed; the file is not read again. See ``io.read``."""
        flag("gradient", gradient)
        flag("check", check)
        descriptor = chosen(descriptor)
        stored = self._split(key)
        frames = self._frames(stored, forces, energies)
        named = {"descriptors": descriptors, "force_descriptors": force_descriptors}
        has_columns = any(named.values()) or bool(gradients(frames[0].columns))
        columns = taken(frames[0].columns, **named) if has_columns else ()
        stored, dropped = whole(stored, frames, columns, on_bad=on_bad)
        frames = self._frames(stored, forces, energies) if dropped else frames
        if temperature is not None:
            beta(temperature)  # refuses what is no temperature
            frames = [dataclasses.replace(f, temperature=float(temperature)) for f in frames]
        provenance: dict[str, Any] = {"file": printable(self.path.name), "sha256": self.sha256}
        if has_columns:
            made = [trajectory(f, **named, gradient=gradient) for f in frames]
            provenance |= {"descriptor": {"name": "from the file", "K": made[0].K}, **frames[0].provenance}
            provenance["columns"] = frames[0].provenance["columns"] | dict(
                zip(("descriptors", "force_descriptors"), columns, strict=True)
            )
        else:
            if gradient:
                raise ValueError(
                    f"gradient: {self.path.name} has no column of force descriptors to negate; leave it out"
                )
            made = featurise(frames, descriptor=descriptor, path=self.path, progress=progress)
            provenance |= {
                "descriptor": {**descriptor.parameters, "K": made[0].K},
                "columns": frames[0].provenance["columns"],
            }
        if key is None and (likely := self.likely_keys()):
            provenance["likely_keys"] = likely
        elif key is None and self.kind == "extxyz":
            lacking = choices.incomplete_keys(self.stored[0].incomplete)
            provenance |= {"incomplete_keys": lacking} if lacking else {}
        if any(temperatures_of(s) - {t.temperature} for s, t in zip(stored, made, strict=True)):
            provenance["stated_temperatures"] = list(self.temperatures)  # which are not those that are taken
        if dropped:
            warnings.warn(f"{self.path.name}: {left_out(dropped, self.configurations)}", stacklevel=2)
            provenance["dropped"] = dropped
        data = Dataset(made, provenance=provenance)
        data.provenance["temperature"] = data.temperatures[0] if len(data.temperatures) == 1 else data.temperatures
        if check:
            judge(data, self.path, theta, key=key)
        return data
