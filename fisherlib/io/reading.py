"""A data file of any known format, opened, or read as a checked dataset."""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ..arguments import flag, location
from ..configurations import Configurations
from ..dataset import Dataset
from ..descriptors import Descriptor
from ..potential import LinearPotential
from ..progress import Progress
from .acceptance import OnBad, accept
from .columns.choice import GUESSED, Choice, completed
from .columns.description import columns_of
from .data_file import Opened
from .database import Database
from .formats import fitsnap_rows, milady
from .formats.kinds import READERS, kind_of
from .places import find, printable, sha256

#: Kind → the data of a file or folder whose columns are fixed.
_FIXED: dict[str, Callable[[Path], Dataset]] = {
    "database": lambda path: Database.open(path).read(),
    "FitSNAP rows": lambda path: Dataset(fitsnap_rows.read_rows(path)),
    "design matrix": lambda path: Dataset(milady.read_rows(path)),
}


def open(
    path: str | os.PathLike, *, elements: Sequence[str] | None = None, energies: ArrayLike | str | None = None
) -> Opened:
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

    >>> import fisherlib as fl
    >>> opened = fl.io.open("data/cu55_1200K.npz")
    >>> opened.trajectories, opened.configurations, opened.choices("forces")
    (20, 1000, ('forces',))
    """
    location("path", path, "io.open('md.npz')")
    path = find(path, folder=True)
    kind = kind_of(path)
    # Before the content: a file that is replaced meanwhile must not lend its fingerprint to these data.
    digest = _of_shards(path) if kind == "database" else sha256(path)
    if kind in _FIXED:
        return Opened(path=path.absolute(), kind=kind, sha256=digest, fixed=_FIXED[kind](path))
    given = {"elements": elements, "energies": energies} if kind == "LAMMPS dump" else {}
    # A key may be the name of the file, which need not be text.
    stored = tuple(dataclasses.replace(s, key=printable(s.key)) for s in READERS[kind](path, **given))
    return Opened(path=path.absolute(), kind=kind, sha256=digest, columns=columns_of(stored), stored=stored)


def _of_shards(path: Path) -> str:
    listed = "".join(f"{header.name} {header.digest}\n" for header in Database.open(path).shards())
    return hashlib.sha256(listed.encode()).hexdigest()


def read(
    path: str | os.PathLike,
    choice: Choice = GUESSED,
    *,
    descriptor: Descriptor | None = None,
    elements: Sequence[str] | None = None,
    on_bad: OnBad = "refuse",
    theta: ArrayLike | LinearPotential | None = None,
    check: bool = True,
    progress: Progress | None = None,
    **named: Any,
) -> Dataset:
    """A dataset from a file or folder of any format that ``open`` knows.

    Columns that are not named are guessed by name and shape. A file without descriptors gets SOAP ones, computed once
    and kept in the folder that ``python -m fisherlib.io.cache`` lists and cleans. To choose columns by sight, or another one later without reading the file again,
    take ``open``.

    Args:
        path: from the working folder, or else from the project's.
        choice: which columns are taken for what, and at which temperature.
        descriptor: settings for a file without descriptors.
        elements: symbols of the types in a LAMMPS dump.
        on_bad: "drop" leaves out whole configurations that have NaN or infinite numbers, warns with their number, and
            keeps the numbers of those left out by key in ``data.provenance["dropped"]``; "refuse" refuses the file.
        theta: (K,) parameters known to be roughly right; they settle the sign where energies cannot. Of a potential, the
            descriptor is compared as well.
        check: run ``diagnostics.consistency`` and refuse a wrong sign; everything else it finds is warned of.
        progress: called with (done, total) while descriptors are computed; a progress bar is shown without it.
        named: the fields of a ``Choice`` by keyword: temperature (K), descriptors, force_descriptors, forces, energies,
            key, gradient.

    Raises:
        FileNotFoundError: no such file.
        TypeError: a keyword that is none of these.
        ValueError: unknown format, a missing or unfit column, NaN, or the sign of Φ is wrong.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write(fl.systems.harmonic([1.0, 2.0]), f"{folder}/springs")
    ...     data = fl.io.read(f"{folder}/springs", temperature=310.0, check=False)
    >>> data.K, data.temperatures
    (2, [310.0])
    """
    location("path", path, "io.read('md.npz')")
    choice = completed(choice, named, read)
    flag("check", check)
    opened = open(path, elements=elements, energies=choice.energies)
    if opened.kind == "LAMMPS dump":
        choice = dataclasses.replace(choice, energies=None)  # they are in it now
    data = opened.dataset(choice, descriptor=descriptor, on_bad=on_bad, check=False, progress=progress)
    if check:
        accept(data, opened.path, theta, key=choice.key)
    return data


def read_frames(path: str | os.PathLike, choice: Choice = GUESSED, **named: Any) -> list[Configurations]:
    """The configurations of a file as they are, without descriptors being computed; see ``read`` for the arguments.

    >>> import fisherlib as fl
    >>> first = fl.io.read_frames("data/cu55_1200K.npz")[0]
    >>> first.key, first.forces.shape, first.temperature
    ('walker-00', (2750, 3), 1200.0)
    """
    return open(path).frames(choice, **named)
