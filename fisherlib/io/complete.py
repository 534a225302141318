"""Data whose columns are chosen already: rows of a design matrix, a descriptor database."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import flag
from ..dataset import Dataset
from ..potential import LinearPotential
from ..progress import Progress
from ..units import beta
from .columns.description import Column
from .columns.roles import no_such_choice
from .database import Database
from .formats import fitsnap_rows, milady
from .judge import judge
from .places import printable, sha256


def _database(path: Path) -> tuple[Dataset, str]:
    database = Database.open(path)
    listed = "".join(f"{h.name} {h.digest}\n" for h in database.shards())
    return database.read(), hashlib.sha256(listed.encode()).hexdigest()


def _fitsnap(path: Path) -> tuple[Dataset, str]:
    return Dataset(fitsnap_rows.read_rows(path)), sha256(path)


def _design_matrix(path: Path) -> tuple[Dataset, str]:
    return Dataset(milady.read_rows(path)), sha256(path)


#: Kind → the data and their fingerprint.
READERS: dict[str, Callable[[Path], tuple[Dataset, str]]] = {
    "database": _database,
    "FitSNAP rows": _fitsnap,
    "design matrix": _design_matrix,
}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Complete:
    """A file or folder in memory that leaves no column to choose; ``open`` makes it. It answers like ``Opened``.

    Attributes:
        path: of the file or folder.
        kind: "database", "FitSNAP rows" or "design matrix".
        sha256: of the file; of the list of shards and their checksums for a database.
        data: as they are stored.
        columns: none, as there is nothing to choose.
    """

    path: Path
    kind: str
    sha256: str
    data: Dataset
    columns: tuple[Column, ...] = ()
    has_descriptors: bool = True

    @property
    def trajectories(self) -> int:
        """Number of trajectories."""
        return len(self.data)

    @property
    def n_atoms(self) -> np.ndarray:
        """(ΣM,) atoms in each configuration."""
        return self.data.n_atoms

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
        """The temperatures that the data state, K, ascending."""
        return tuple(self.data.temperatures)

    def choices(self, what: str, **_: object) -> tuple[str, ...]:
        """Nothing, whatever is asked for."""
        return ()

    def guess(self, what: str, **_: object) -> None:
        """Nothing, whatever is asked for."""

    def likely_keys(self) -> dict[str, int]:
        """None: trajectories are told apart already."""
        return {}

    def stated_temperatures(self, key: str | None = None) -> dict[str, float | None]:
        """Trajectory → its temperature, K, or None."""
        return {t.key: t.temperature for t in self.data.values()}

    def check(self, **_: object) -> None:
        """Nothing: what these data lacked was refused when they were read."""

    def frames(self, **_: object) -> list:
        """Refused: descriptors are all there is.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.path.name}: expected configurations, got rows of descriptors; take dataset()")

    def dataset(
        self,
        *,
        temperature: float | None = None,
        gradient: bool = False,
        theta: ArrayLike | LinearPotential | None = None,
        check: bool = True,
        progress: Progress | None = None,
        on_bad: str = "refuse",
        **named: object,
    ) -> Dataset:
        """The data, of another temperature or with Φ negated where asked for; see ``io.read``.

        Raises:
            ValueError: a column is named, where there is none to choose, or a check fails.
        """
        flag("gradient", gradient)
        flag("check", check)
        for what, value in named.items():
            if value is not None:
                raise no_such_choice(what, str(value), self.path.name)
        made = list(self.data.values())
        if temperature is not None:
            beta(temperature)  # refuses what is no temperature
            made = [dataclasses.replace(t, temperature=float(temperature)) for t in made]
        if gradient:
            made = [dataclasses.replace(t, force_descriptors=-t.force_descriptors) for t in made]
        about = {"file": printable(self.path.name), "sha256": self.sha256}
        about["descriptor"] = {"name": "from the file", "K": made[0].K}
        if temperature is not None and set(self.temperatures) - {temperature}:
            about["stated_temperatures"] = list(self.temperatures)
        data = Dataset(made, provenance=about | self.data.provenance)
        data.provenance["temperature"] = data.temperatures[0] if len(data.temperatures) == 1 else data.temperatures
        if check:
            judge(data, self.path, theta)
        return data
