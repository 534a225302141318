"""A data file of any known format as a checked dataset, and back."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import flag, kind, location
from ..configurations import Frames
from ..dataset import Dataset
from ..descriptors import Descriptor
from ..potential import LinearPotential
from ..progress import Progress
from ..units import check_temperature
from .columns.columns import DESCRIPTORS, FORCE_DESCRIPTORS
from .database import write_dataset
from .finite import OnBad
from .formats import npz
from .formats.extxyz_writer import write_extxyz
from .judge import judge
from .opened import open

#: Entries of the provenance that are written with the data.
_KEPT = ("descriptor", "origin", "dropped", "copies")


def read(
    path: str | os.PathLike,
    *,
    temperature: float | None = None,
    descriptor: Descriptor | None = None,
    descriptors: str | None = None,
    force_descriptors: str | None = None,
    forces: str | None = None,
    energies: str | ArrayLike | None = None,
    key: str | None = None,
    elements: Sequence[str] | None = None,
    gradient: bool = False,
    on_bad: OnBad = "refuse",
    theta: ArrayLike | LinearPotential | None = None,
    check: bool = True,
    progress: Progress | None = None,
) -> Dataset:
    """A dataset from a file or folder of any format that ``open`` knows.

    Columns that are not named are guessed by name and shape. A file without descriptors gets SOAP ones, computed once
    and kept in ``.cache`` beside it. To choose columns by sight, or another one later without reading the file again,
    take ``open``.

    Args:
        path: from the working folder, or else from the project's.
        temperature: K, for files that do not say; overrides what they say.
        descriptor: settings for a file without descriptors.
        descriptors: name of the (N, K) column.
        force_descriptors: name of the (N, 3, K) column.
        forces: name of the (N, 3) column.
        energies: name of the per-configuration energy, where the file has several to choose from; for a LAMMPS dump,
            which has none, (M,) energies in eV, or the name of a file or of a per-atom column.
        key: comment-line entry that tells trajectories apart (extended xyz).
        elements: symbols of the types in a LAMMPS dump.
        gradient: the column holds +∂D/∂x instead of Φ = −∂D/∂x, and is negated.
        on_bad: "drop" leaves out whole configurations that have NaN or infinite numbers, warns with their number, and
            keeps the numbers of those left out by key in ``data.provenance["dropped"]``; "refuse" refuses the file.
        theta: (K,) parameters known to be roughly right; they settle the sign where energies cannot. Of a potential, the
            descriptor is compared as well.
        check: run ``diagnostics.consistency`` and refuse a wrong sign; everything else it finds is warned of.
        progress: called with (done, total) while descriptors are computed; a progress bar is shown without it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: unknown format, a missing or unfit column, NaN, or the sign of Φ is wrong.
    """
    location("path", path, "io.read('md.npz')")
    check_temperature(temperature)
    flag("check", check)
    opened = open(path, elements=elements, energies=energies)
    if opened.kind == "LAMMPS dump":
        energies = None  # they are in it now
    data = opened.dataset(
        temperature=temperature,
        descriptor=descriptor,
        descriptors=descriptors,
        force_descriptors=force_descriptors,
        forces=forces,
        energies=energies,
        key=key,
        gradient=gradient,
        on_bad=on_bad,
        check=False,
        progress=progress,
    )
    if check:
        judge(data, opened.path, theta, key=key)
    return data


def read_frames(
    path: str | os.PathLike, *, forces: str | None = None, energies: str | None = None, key: str | None = None
) -> list[Frames]:
    """The configurations of a file as they are, without descriptors being computed; see ``read`` for the arguments."""
    return open(path).frames(forces=forces, energies=energies, key=key)


def write(data: Dataset, path: str | os.PathLike) -> None:
    """Write a dataset with its descriptors: one ``.npz``, extended xyz, or, to a path without suffix, a database.

    ``.npz`` is the safe twin of the desktop app's ``md.pkl``. Its per-atom arrays have the app's names:
    ``milady-descriptors`` (ΣN, K), ``milady-descriptors-forces`` (ΣN, 3, K) = −∂D/∂x, ``forces`` (ΣN, 3); configurations
    are told apart by ``n_atoms`` and ``configurations``. In a database Φ is float32 (``database.write_dataset`` asks).

    Args:
        data: to write.
        path: ending in ``.npz``, ``.xyz`` or ``.extxyz``, or of a folder.

    Raises:
        ValueError: a trajectory lacks what the format must have: species and positions, and for ``.npz`` site
            descriptors.
    """
    kind("data", data, Dataset, "io.write(data, path)")
    location("path", path, "io.write(data, 'md.npz')")
    suffix = Path(path).suffix
    if suffix in (".xyz", ".extxyz"):
        write_extxyz(data, path, descriptors=all(t.site_descriptors is not None and t.K > 1 for t in data.values()))
    elif suffix == ".npz":
        _write_npz(data, Path(path))
    elif not suffix or Path(path).is_dir():
        write_dataset(data, path)
    else:
        raise ValueError(
            f"path: expected a name ending in .npz, .xyz or .extxyz, or of a folder, got {Path(path).name!r}"
        )


def _write_npz(data: Dataset, path: Path) -> None:
    frames = []
    for t in data.values():
        if t.species is None or t.positions is None or t.site_descriptors is None:
            raise ValueError(
                f"trajectory {t.key!r}: expected species, positions and site_descriptors to write, got None"
            )
        sums = np.add.reduceat(t.site_descriptors, np.cumsum(t.n_atoms) - t.n_atoms, axis=0)
        if not np.allclose(sums, t.descriptors, rtol=1e-6, atol=1e-9 * np.abs(t.descriptors).max()):
            raise ValueError(
                f"descriptors of {t.key!r}: expected the sums of site_descriptors, got others, which would be lost"
            )
        frames.append(
            Frames(
                key=t.key,
                temperature=t.temperature,
                n_atoms=t.n_atoms,
                numbers=t.species,
                positions=t.positions,
                energies=t.energies,
                forces=t.forces.reshape(-1, 3),
                cell=t.cell,
                pbc=t.pbc,
                descriptor_names=t.descriptor_names,
                provenance={name: data.provenance[name] for name in _KEPT if name in data.provenance}
                | {"origin": data.provenance.get("origin", {n: data.provenance.get(n) for n in ("file", "sha256")})},
                columns={DESCRIPTORS: t.site_descriptors, FORCE_DESCRIPTORS: t.force_descriptors.reshape(-1, 3, t.K)},
            )
        )
    npz.write_frames(frames, path)
