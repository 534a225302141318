"""An opened data file: read once, for any choice of its columns."""

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import flag
from ..configurations import Configurations
from ..dataset import Dataset, Trajectory
from ..descriptors import Descriptor, Reference, or_default
from ..descriptors.forecast import Forecast, forecast, refuse_hopeless, refuse_unfit, species_of
from ..descriptors.pieces import Computing
from ..potential import LinearPotential
from ..progress import Progress
from ..units import check_temperature
from .acceptance import OnBad, accept, left_out, notes_of, say
from .assembly import of_columns, of_rows
from .columns import candidates
from .columns.candidates import free, gradients
from .columns.choice import GUESSED, ROLES, Choice, completed
from .columns.description import Column, shared
from .columns.names import KEYED, Columns
from .columns.roles import at, labelled, no_such_choice, refuse_different_columns, temperature_of, temperatures_of
from .columns.sources import Taken, taken
from .columns.stress import refuse_nothing_periodic
from .formats import extxyz
from .isolated_atoms import without_isolated
from .places import printable
from .smearing import undecided


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Opened:
    """A data file or folder in memory; ``open`` makes it.

    Attributes:
        path: of the file.
        kind: of file, e.g. "npz", "pickle", "extxyz", "MiLaDy", "database".
        sha256: of the file when it was read, hexadecimal; of the list of shards and their checksums for a database.
        columns: what the file holds for each atom and for each configuration; none where they are fixed.
        stored: the trajectories as they are in the file; extended xyz is one until a key tells several apart.
        fixed: the data of a file whose columns are fixed: a database, FitSNAP's rows, a design matrix. Else None.

    >>> import fisherlib as fl
    >>> opened = fl.io.open("data/cu55_1200K.npz")
    >>> opened.kind, opened.temperatures, opened.guess("energies")
    ('npz', (1200.0,), 'energies')
    """

    path: Path
    kind: str
    sha256: str
    columns: tuple[Column, ...] = dataclasses.field(default=(), repr=False)
    stored: tuple[Configurations, ...] = dataclasses.field(default=(), repr=False)
    fixed: Dataset | None = dataclasses.field(default=None, repr=False)

    @property
    def trajectories(self) -> int:
        """Number of trajectories."""
        return len(self._parts())

    @property
    def n_atoms(self) -> np.ndarray:
        """(ΣM,) atoms in each configuration."""
        return np.concatenate([part.n_atoms for part in self._parts()])

    @property
    def configurations(self) -> int:
        """Number of configurations."""
        return len(self.n_atoms)

    @property
    def atoms(self) -> int:
        """ΣN, atoms of all configurations together."""
        return int(self.n_atoms.sum())

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures that the file states, K, ascending."""
        return tuple(sorted(set().union(*map(temperatures_of, self._parts()))))

    @property
    def has_descriptors(self) -> bool:
        """Whether the file holds force descriptors, or a column to take for them; else ``dataset`` computes some."""
        return self.fixed is not None or bool(gradients(free(self._atoms, None)))

    @property
    def _atoms(self) -> Columns:
        return shared([s.of_atoms for s in self.stored])

    @property
    def _entries(self) -> Columns:
        return shared([s.entries for s in self.stored])

    def choices(self, what: str, *, force_descriptors: str | None = None, forces: str | None = None) -> tuple[str, ...]:
        """The columns that could be ``what``, by shape and type; the likeliest first.

        Args:
            what: "descriptors", "force_descriptors", "forces", "energies", or "key", which only extended xyz has.
            force_descriptors: offer only the descriptors that go with this column.
            forces: column taken for the forces, which then is no descriptor.

        Raises:
            ValueError: ``what`` is none of these.
        """
        return tuple(self._fitting(what, force_descriptors, forces)[0])

    def guess(self, what: str, *, force_descriptors: str | None = None, forces: str | None = None) -> str | None:
        """The column that ``dataset`` takes for ``what`` if none is named; None where it would ask, or takes none."""
        return self._fitting(what, force_descriptors, forces)[1]

    def _fitting(self, what: str, Phi: str | None, forces: str | None) -> tuple[list[str], str | None]:
        """The columns that could be ``what``, and the one that is guessed."""
        columns = free(self._atoms, forces)
        match what:
            case "descriptors":
                return candidates.of_descriptors(columns, Phi), candidates.guess_descriptors(columns, Phi)
            case "force_descriptors":
                return candidates.of_force_descriptors(columns), candidates.guess_force_descriptors(columns)
            case "forces":
                return candidates.of_forces(self._atoms), self._taken_by_name(Choice()).forces
            case "energies":
                guessed = self._taken_by_name(Choice(forces=forces)).energies
                return candidates.of_energies(self._entries, self.kind), guessed
            case "key":
                return candidates.of_key(self._entries) if self.kind in KEYED else [], None
        *some, last = map(repr, ROLES)
        raise ValueError(f"what: expected {', '.join(some)} or {last}, got {what!r}")

    def _taken_by_name(self, choice: Choice) -> Taken:
        return taken(self._entries, self._atoms, kind=self.kind, choice=choice)

    def likely_keys(self) -> dict[str, int]:
        """Entries that probably tell trajectories apart, the likeliest first, and their numbers of values.

        Single atoms do not count: they may be isolated atoms, with a label of their own.
        """
        if self.kind not in KEYED or len(self.stored) > 1:  # of several files, each is a trajectory
            return {}
        several = self.n_atoms > 1 if (self.n_atoms > 1).any() else np.ones(self.configurations, dtype=bool)
        return candidates.likely_keys({name: a[several] for name, a in self._entries.items()})

    def stated_temperatures(self, key: str | None = None) -> dict[str, float | None]:
        """Trajectory → the temperature that the file states for it, K, or None."""
        return {part.key: temperature_of(part) for part in self._parts(key)}

    def frames(self, choice: Choice = GUESSED, **named: Any) -> list[Configurations]:
        """The configurations with energies and forces, without descriptors being computed; refuses what ``io.read`` does."""
        choice = completed(choice, named, Opened.frames)
        if self.fixed is not None:
            raise ValueError(f"{self.path.name}: expected configurations, got rows of descriptors; take dataset()")
        found = self._chosen(choice)
        say(notes_of(found) + (undecided(found) if choice.energies is None else []), self.path)
        return [at(f, choice.temperature) for f in found]

    def check(self, choice: Choice, *, descriptor: Descriptor | None = None) -> None:
        """Refuses, before anything is computed, what ``dataset`` would refuse: missing energies or too few atoms, say."""
        if self.fixed is None:
            frames = self._chosen(dataclasses.replace(choice, key=None))
            if not (choice.descriptors or choice.force_descriptors or self.has_descriptors):
                descriptor = or_default(descriptor, species_of(frames), 3 * self.atoms)
                K = refuse_hopeless(frames, descriptor=descriptor, path=self.path)
                refuse_unfit(frames, descriptor=descriptor, K=K, path=self.path)

    def forecast(
        self, choice: Choice = GUESSED, *, descriptor: Descriptor | None = None, jacobian: bool = False
    ) -> Forecast | None:
        """What descriptors will take where ``dataset`` computes them: their number, memory and time; else None.

        Raises:
            ValueError: configurations that cannot be described, or more descriptors than force components.
        """
        if self.fixed is not None or choice.descriptors or choice.force_descriptors or self.has_descriptors:
            return None
        frames = self._chosen(choice)
        taken = or_default(descriptor, species_of(frames), 3 * self.atoms)
        refuse_hopeless(frames, descriptor=taken, path=self.path)
        return forecast(frames, taken, jacobian=jacobian)

    def _apart(self, key: str | None) -> Sequence[Configurations]:
        if key is not None and self.kind not in KEYED:
            raise no_such_choice("key", key, self.path.name)
        return self.stored if key is None else [one for stored in self.stored for one in self._keyed(stored, key)]

    def _keyed(self, stored: Configurations, key: str) -> list[Configurations]:
        """A trajectory for each value of an entry; of several files, below the name of its file."""
        apart = extxyz.by_key(stored, key)
        several = len(self.stored) > 1
        return [dataclasses.replace(one, key=f"{stored.key}/{one.key}") for one in apart] if several else apart

    def _parts(self, key: str | None = None) -> Sequence[Configurations | Trajectory]:
        return self._apart(key) if self.fixed is None else list(self.fixed.values())

    def _chosen(self, choice: Choice) -> Sequence[Configurations]:
        found = [labelled(part, choice, kind=self.kind, file=self.path.name) for part in self._apart(choice.key)]
        if choice.stress:
            refuse_nothing_periodic(found, self.path.name)
        refuse_different_columns(found)
        found, other = _of_all(found)
        return without_isolated(found, subtract=choice.subtract_isolated, also=other)

    def dataset(
        self,
        choice: Choice = GUESSED,
        *,
        descriptor: Descriptor | None = None,
        jacobian: bool = False,
        reference: Reference | None = None,
        on_bad: OnBad = "refuse",
        theta: ArrayLike | LinearPotential | None = None,
        check: bool = True,
        progress: Progress | None = None,
        computing: Computing | None = None,
        **named: Any,
    ) -> Dataset:
        """The dataset of what is chosen, the rest being guessed; the file is not read again. See ``io.read``.

        With ``computing``, an engine of ``fl.featurise``, descriptors are computed even where the file has its own.
        """
        choice = completed(choice, named, Opened.dataset)
        flag("gradient", choice.gradient)
        flag("stress", choice.stress)
        flag("check", check)
        flag("jacobian", jacobian)
        check_temperature(choice.temperature)
        found: Sequence[Configurations | Trajectory]
        if self.fixed is not None:
            for name, value in {"descriptor": descriptor, "jacobian": jacobian or None, "reference": reference}.items():
                if value is not None:
                    raise no_such_choice(name, value, self.path.name)
            found, (made, about) = self._parts(), of_rows(self.fixed, choice, self.path.name)
        else:
            if descriptor is not None:
                or_default(descriptor)  # refuses what is none
            found = frames = self._chosen(choice)
            options: dict[str, Any] = {"descriptor": descriptor, "jacobian": jacobian, "computing": computing}
            options |= {"reference": reference, "on_bad": on_bad}
            made, about, dropped = of_columns(frames, choice, path=self.path, progress=progress, **options)
            if dropped:
                warnings.warn(f"{self.path.name}: {left_out(dropped, self.configurations)}", stacklevel=2)
        about |= self._keys(choice) | self._other_temperatures(found, {t.key: t.temperature for t in made})
        data = Dataset(made, provenance={"file": printable(self.path.name), "sha256": self.sha256, **about})
        data.provenance["temperature"] = data.temperatures[0] if len(data.temperatures) == 1 else data.temperatures
        if check:
            say(about.get("notes", []), self.path)
            accept(data, self.path, theta, key=choice.key)
        return data

    def _keys(self, choice: Choice) -> dict[str, Any]:
        """What could tell trajectories apart, where nothing is chosen for it."""
        if choice.key is not None or self.kind not in KEYED:
            return {}
        likely, lacking = self.likely_keys(), candidates.incomplete_keys(self.stored[0].incomplete)
        return {"likely_keys": likely} if likely else {"incomplete_keys": lacking} if lacking else {}

    def _other_temperatures(
        self, found: Sequence[Configurations | Trajectory], taken: Mapping[str, float | None]
    ) -> dict[str, Any]:
        """The temperatures that the file states, where they are not those that are taken."""
        other = any(temperatures_of(f) - {taken[f.key]} for f in found if f.key in taken)
        return {"stated_temperatures": list(self.temperatures)} if other else {}


def _of_all(found: Sequence[Configurations]) -> tuple[list[Configurations], str | None]:
    """The trajectories with the other energies that all have, and their name; of single atoms both energies are the same."""
    others = {part.provenance["taken"]["other"] for part in found if (part.n_atoms > 1).any()}
    other = others.pop() if len(others) == 1 else None
    made = []
    for part in found:
        more = {} if other is None or other in part.entries or part.energies is None else {other: part.energies}
        about = {**part.provenance, "taken": {**part.provenance["taken"], "other": other}}
        made.append(dataclasses.replace(part, entries={**part.entries, **more}, provenance=about))
    return made, other
