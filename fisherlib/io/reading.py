"""A data file of any known format, opened, or read as a checked dataset."""

import contextlib
import dataclasses
import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from numpy.typing import ArrayLike

from ..arguments import flag, words
from ..configurations import Configurations
from ..dataset import Dataset
from ..descriptors import Descriptor, Reference
from ..potential import LinearPotential
from ..progress import Progress
from . import atoms
from .acceptance import OnBad, accept, say
from .archive import checksum
from .columns.choice import GUESSED, Choice, completed
from .columns.description import columns_of
from .compression import unpacked
from .data_file import Opened
from .database import Database
from .file_sets import Location, called, located, read_each
from .formats import fitsnap_rows, milady
from .formats.kinds import READERS, TYPED, UNPACKING, kind_of
from .isolated_atoms import like_others
from .places import printable, sha256
from .strict import in_memory

#: Kind → the data of a file or folder whose columns are fixed.
_FIXED: dict[str, Callable[[Path], Dataset]] = {
    "database": lambda path: Database.open(path).read(),
    "FitSNAP rows": lambda path: Dataset(fitsnap_rows.read_rows(path)),
    "design matrix": lambda path: Dataset(milady.read_rows(path)),
}


def open(
    path: Location | atoms.Given,
    *,
    elements: Sequence[str] | str | None = None,
    energies: ArrayLike | str | None = None,
) -> Opened:
    """A data file, a folder or several files, read once, with the columns that they hold.

    Files: our ``.npz``, the desktop app's ``md.pkl`` and pickled data frames, extended xyz, trajectories and databases of
    ASE, output of VASP, Quantum Espresso, CASTEP, GPAW and others, n2p2's ``input.data``, MTP's ``.cfg``, MD17's ``.npz``,
    mlearn's and FitSNAP's JSON, LAMMPS dumps, MiLaDy's ``design_matrix.dat``, FitSNAP's rows (``.df``, ``.npz``); all may be
    compressed (``.gz``, ``.xz``, ``.bz2``). Folders: a descriptor database, MiLaDy's ``descDB``, FitSNAP's groups, DeePMD's
    systems, structure files of one kind. Several files are a list of paths or a pattern such as "runs/*/OUTCAR"; each is a
    trajectory. Nothing is chosen yet, so that a file whose columns have unknown names opens as well. In place of a path there
    may be ``ase.Atoms``: one, a list, which is a trajectory, or a mapping of key to list, with what their calculators say.

    Args:
        path: from the working folder, or else from the project's; or ``ase.Atoms``.
        elements: symbols, such as ["W", "Be"] or "W,Be", of types 1, 2, … in a LAMMPS dump without the column "element", or of types 0, 1, … of MTP and DeePMD.
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
    if atoms.are_atoms(path):
        return _in_memory(path, elements)
    found, elements = located(cast(Location, path)), _symbols(elements)
    if isinstance(found, list) and len(found) > 1:
        return _set_of(found, elements, energies)
    file = found[0] if isinstance(found, list) else found
    # Before the content: a file that is replaced meanwhile must not lend its fingerprint to these data.
    kind = kind_of(file)
    digest = _of_shards(file) if kind == "database" else sha256(file)
    with in_memory(file):
        if kind in _FIXED:
            return Opened(path=file.absolute(), kind=kind, sha256=digest, fixed=_FIXED[kind](file))
        stored = tuple(_stored(file, kind, elements, energies))
    return Opened(path=file.absolute(), kind=kind, sha256=digest, columns=columns_of(stored), stored=stored)


def _in_memory(given: atoms.Given, elements: object) -> Opened:
    if elements is not None:
        raise ValueError("elements: expected none for ase.Atoms, which name their own; leave it out")
    stored = tuple(atoms.stored(given))
    digest = hashlib.sha256()
    for one in stored:
        for name, array in {"n_atoms": one.n_atoms, "cell": one.cell, **one.of_atoms, **one.entries}.items():
            if array is not None:
                digest.update(f"{one.key} {name} {checksum([array])}".encode())
    path = Path(atoms.CALLED)
    return Opened(path=path, kind="ASE", sha256=digest.hexdigest(), columns=columns_of(stored), stored=stored)


def _symbols(elements: Sequence[str] | str | None) -> list[str] | None:
    """Symbols from a list, or from a text such as "W,Be" of the command line."""
    given = re.split(r"[,\s]+", elements.strip()) if isinstance(elements, str) else elements
    return None if given is None else list(words("elements", given))


def _stored(
    file: Path, kind: str, elements: Sequence[str] | None, energies: ArrayLike | str | None
) -> list[Configurations]:
    if elements is not None and kind not in TYPED:
        raise ValueError(
            f"elements: expected none for {file.name}, which names its own, got {', '.join(elements)}; leave it out"
        )
    given: dict[str, Any] = {"elements": elements} if kind in TYPED else {}
    given |= {"energies": energies} if kind == "LAMMPS dump" else {}
    with contextlib.nullcontext(file) if kind in UNPACKING else unpacked(file) as plain:
        try:
            found = READERS[kind](plain, **given)
        except ValueError as error:
            if plain == file:
                raise
            raise ValueError(str(error).replace(plain.name, file.name, 1)) from error  # as the person knows it
    # A key may be the name of the file, which need not be text.
    return [
        dataclasses.replace(one, key=printable(one.key), place=one.place.replace(plain.name, file.name, 1))
        for one in found
    ]


def _set_of(files: Sequence[Path], elements: Sequence[str] | None, energies: ArrayLike | str | None) -> Opened:
    """Several files as one opened file, of one kind."""
    kind = kind_of(files[0])
    if kind in _FIXED or any(file.is_dir() for file in files):
        raise ValueError(f"path: expected files of configurations, got {files[0].name}, a {kind}; read it alone")
    if not isinstance(energies, str | None):
        raise ValueError("energies: expected a name for several dumps, got numbers; read them one by one")

    def read_one(file: Path) -> list[Configurations]:
        if (other := kind_of(file)) != kind:
            raise ValueError(
                f"{file.name}: expected a file of the kind {kind} as the first one, got {other}; read them apart"
            )
        return _stored(file, kind, elements, energies)

    listed = "".join(f"{file.name} {sha256(file)}\n" for file in files)
    digest = hashlib.sha256(listed.encode(errors="backslashreplace")).hexdigest()
    stored = tuple(like_others(read_each(files, read_one)))
    return Opened(path=called(files), kind=kind, sha256=digest, columns=columns_of(stored), stored=stored)


def _of_shards(path: Path) -> str:
    listed = "".join(f"{header.name} {header.digest}\n" for header in Database.open(path).shards())
    return hashlib.sha256(listed.encode()).hexdigest()


def read(
    path: Location | atoms.Given,
    choice: Choice = GUESSED,
    *,
    descriptor: Descriptor | None = None,
    jacobian: bool = False,
    reference: Reference | None = None,
    elements: Sequence[str] | str | None = None,
    on_bad: OnBad = "refuse",
    theta: ArrayLike | LinearPotential | None = None,
    check: bool = True,
    progress: Progress | None = None,
    **named: Any,
) -> Dataset:
    """A dataset from a file, a folder or several files of any format that ``open`` knows.

    Columns that are not named are guessed by name and shape. A file without descriptors gets SOAP ones, computed once
    and kept in the folder that ``python -m fisherlib.io.cache`` lists and cleans; ``fl.featurise`` computes the same ones on all
    cores, and goes on where it was stopped. To choose columns by sight, or another one later without reading the file again,
    take ``open``.

    Args:
        path: from the working folder, or else from the project's; a list or pattern of several, of which each is a trajectory;
            or ``ase.Atoms``, as for ``open``.
        choice: which columns are taken for what, and at which temperature.
        descriptor: for a file without descriptors, any of ``descriptors.KINDS``: ``descriptors.Soap(cutoff=6.0)``, say.
        jacobian: compute the Jacobian of these descriptors too, for neural potentials: trajectories with ``jacobian``.
        reference: potential that is taken off energies, forces and virials, ``descriptors.Zbl(4.0, 4.8)`` say, so that θ
            describes the rest; ``data.provenance["reference"]`` names it, and with it every model of these data.
        elements: symbols of the types in a LAMMPS dump, an MTP ``.cfg`` or a DeePMD folder.
        on_bad: "drop" leaves out whole configurations that have NaN or infinite numbers, warns with their number, and
            keeps the numbers of those left out by key in ``data.provenance["dropped"]``; "refuse" refuses the file.
        theta: (K,) parameters known to be roughly right; they settle the sign where energies cannot. Of a potential, the
            descriptor is compared as well.
        check: run ``diagnostics.consistency`` and refuse a wrong sign; everything else it finds is warned of.
        progress: called with (done, total) while descriptors are computed; a progress bar is shown without it.
        named: the fields of a ``Choice`` by keyword: temperature (K), descriptors, force_descriptors, forces, energies,
            key, gradient, units, subtract_isolated, stress.

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
    choice = completed(choice, named, read)
    flag("check", check)
    opened = open(path, elements=elements, energies=choice.energies)
    if opened.kind == "LAMMPS dump":
        choice = dataclasses.replace(choice, energies=None)  # they are in it now
    how: dict[str, Any] = {"descriptor": descriptor, "jacobian": jacobian, "reference": reference, "on_bad": on_bad}
    data = opened.dataset(choice, **how, check=False, progress=progress)
    say(data.provenance.get("notes", ()) if opened.fixed is None else (), opened.path)
    if check:
        accept(data, opened.path, theta, key=choice.key)
    return data


def read_frames(
    path: Location | atoms.Given, choice: Choice = GUESSED, *, elements: Sequence[str] | str | None = None, **named: Any
) -> list[Configurations]:
    """The configurations of a file as they are, without descriptors being computed; see ``read`` for the arguments.

    >>> import fisherlib as fl
    >>> first = fl.io.read_frames("data/cu55_1200K.npz")[0]
    >>> first.key, first.forces.shape, first.temperature
    ('walker-00', (2750, 3), 1200.0)
    """
    choice = completed(choice, named, read_frames)
    opened = open(path, elements=elements, energies=choice.energies)
    return opened.frames(dataclasses.replace(choice, energies=None) if opened.kind == "LAMMPS dump" else choice)
