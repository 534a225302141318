"""A data file of any known format as a checked dataset, and back."""

import dataclasses
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from .. import diagnostics
from ..dataset import Dataset
from ..descriptors import Soap
from ..units import beta
from . import app, extxyz, npz
from .columns import DESCRIPTORS, FORCE_DESCRIPTORS, has_descriptors, trajectory
from .featurise import featurise
from .find import find, sha256
from .frames import Frames

_SUFFIXES = {".npz": "npz", ".pkl": "pickle", ".pickle": "pickle", ".xyz": "extxyz", ".extxyz": "extxyz"}


def read(
    path: str | os.PathLike,
    *,
    temperature: float | None = None,
    descriptor: Soap | None = None,
    descriptors: str | None = None,
    force_descriptors: str | None = None,
    forces: str | None = None,
    energies: str | None = None,
    key: str | None = None,
    gradient: bool = False,
    theta: ArrayLike | None = None,
    check: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """A dataset from a file: ``.npz`` of this package, the desktop app's ``md.pkl``, or extended xyz.

    Columns that are not named are guessed by name and shape. A file without descriptors gets SOAP ones, computed once
    and kept in ``.cache`` beside it.

    Args:
        path: from the working folder, or else from the project's.
        temperature: K, for files that do not say; overrides what they say.
        descriptor: settings for a file without descriptors.
        descriptors: name of the (N, K) column.
        force_descriptors: name of the (N, 3, K) column.
        forces: name of the (N, 3) column.
        energies: name of the energy (extended xyz).
        key: comment-line entry that tells trajectories apart (extended xyz).
        gradient: the column holds +∂D/∂x instead of Φ = −∂D/∂x, and is negated.
        theta: (K,) parameters known to be roughly right; they settle the sign where energies cannot.
        check: run ``diagnostics.check`` and refuse a wrong sign; everything else it finds is warned of.
        progress: called with (done, total) while descriptors are computed; a progress bar is shown without it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: unknown format, a missing or unfit column, NaN, or the sign of Φ is wrong.
    """
    path = find(path)
    frames = read_frames(path, forces=forces, energies=energies, key=key)
    if temperature is not None:
        beta(temperature)  # refuses what is no temperature
        frames = [dataclasses.replace(f, temperature=float(temperature)) for f in frames]
    digest = sha256(path)
    provenance = {"file": path.name, "sha256": digest}
    if has_descriptors(frames[0], descriptors, force_descriptors):
        made = [
            trajectory(f, descriptors=descriptors, force_descriptors=force_descriptors, gradient=gradient)
            for f in frames
        ]
        provenance |= {"descriptor": {"name": "from the file", "K": made[0].K}, **frames[0].provenance}
    else:
        if gradient:
            raise ValueError(f"gradient: {path.name} has no column of force descriptors to negate; leave it out")
        descriptor = descriptor or Soap()
        made = featurise(frames, descriptor=descriptor, path=path, sha256=digest, progress=progress)
        provenance["descriptor"] = {**descriptor.parameters, "K": made[0].K}
    data = Dataset(made, provenance=provenance)
    data.provenance["temperature"] = data.temperatures[0] if len(data.temperatures) == 1 else data.temperatures
    if check:
        _judge(data, path, theta)
    return data


def _judge(data: Dataset, path: Path, theta: ArrayLike | None) -> None:
    for verdict in diagnostics.check(data, theta=theta):
        if verdict.level == "fail":
            raise ValueError(f"{path.name}: {verdict.message}")
        if verdict.level == "warn":
            warnings.warn(f"{path.name}: {verdict.message}", stacklevel=3)


def read_frames(
    path: str | os.PathLike, *, forces: str | None = None, energies: str | None = None, key: str | None = None
) -> list[Frames]:
    """The configurations of a file as they are, without descriptors being computed; see ``read`` for the arguments."""
    path = find(path)
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"path: expected a file ending in {', '.join(_SUFFIXES)}, got {path.name!r}")
    unused = {"energies": energies, "key": key} if kind != "extxyz" else {}
    unused |= {"forces": forces} if kind == "npz" else {}
    for name, value in unused.items():
        if value is not None:
            raise ValueError(f"{name}: expected none for {path.name}, whose format has no such choice, got {value!r}")
    if kind == "npz":
        return npz.read_frames(path)
    if kind == "pickle":
        return app.read_frames(path, forces=forces)
    return extxyz.read_frames(path, forces=forces, energies=energies, key=key)


def write(data: Dataset, path: str | os.PathLike) -> None:
    """Write a dataset with its descriptors into one ``.npz``, the safe twin of the desktop app's ``md.pkl``.

    The per-atom arrays have the app's names: ``milady-descriptors`` (ΣN, K), ``milady-descriptors-forces``
    (ΣN, 3, K) = −∂D/∂x, ``forces`` (ΣN, 3); configurations are told apart by ``n_atoms`` and ``configurations``.

    Raises:
        ValueError: a trajectory has no species, positions or site descriptors to write.
    """
    if Path(path).suffix != ".npz":
        raise ValueError(f"path: expected a name ending in .npz, got {Path(path).name!r}")
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
                provenance={name: data.provenance[name] for name in ("descriptor", "origin") if name in data.provenance}
                | {"origin": data.provenance.get("origin", {n: data.provenance.get(n) for n in ("file", "sha256")})},
                columns={DESCRIPTORS: t.site_descriptors, FORCE_DESCRIPTORS: t.force_descriptors.reshape(-1, 3, t.K)},
            )
        )
    npz.write_frames(frames, path)
