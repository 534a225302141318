"""A dataset with its descriptors, written as one file or into a database."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..arguments import kind, location
from ..configurations import Configurations
from ..dataset import Array, Dataset, Trajectory
from .columns.names import DESCRIPTORS, FORCE_DESCRIPTORS
from .database import write_dataset
from .formats import npz
from .formats.extxyz_writer import refuse_other_sums, write_extxyz

#: Entries of the provenance that are written with the data.
_KEPT = ("descriptor", "reference", "origin", "dropped", "copies")
#: What a trajectory and its configurations have in common.
_SAME = ("key", "temperature", "n_atoms", "positions", "energies", "cell", "pbc", "descriptor_names")


def write(data: Dataset, path: str | os.PathLike) -> None:
    """Write a dataset with its descriptors: one ``.npz``, extended xyz, or, to a path without suffix, a database.

    ``.npz`` is the safe twin of the desktop app's ``md.pkl``. Its per-atom arrays have the app's names:
    ``milady-descriptors`` (ΣN, K), ``milady-descriptors-forces`` (ΣN, 3, K) = −∂D/∂x, ``forces`` (ΣN, 3); ``n_atoms`` and
    ``configurations`` say where each configuration begins; ``virials`` (M, 6) and ``strain_descriptors`` (M, 6, K) are NaN
    where they are not known, and are read with ``stress=True``. In a database Φ is float32 (``database.write_dataset`` asks).
    No file holds the Jacobian of the descriptors, and a warning says so where there is one: ``io.read(jacobian=True)`` and
    ``fl.featurise(…, jacobian=True)`` compute it, or find it in their cache.

    Args:
        data: to write.
        path: ending in ``.npz``, ``.xyz`` or ``.extxyz``, or of a folder.

    Raises:
        ValueError: a trajectory lacks what the format must have: species and positions, and for ``.npz`` site
            descriptors.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write(fl.systems.harmonic([1.0, 2.0]), f"{folder}/springs")  # no suffix: a database
    ...     fl.io.open(f"{folder}/springs").kind
    'database'
    """
    kind("data", data, Dataset, "io.write(data, path)")
    location("path", path, "io.write(data, 'md.npz')")
    if any(t.jacobian is not None for t in data.values()):
        said = "the Jacobian of the descriptors is not written; fl.featurise(…, jacobian=True) computes it again, or finds it"
        warnings.warn(f"{Path(path).name}: {said}", stacklevel=2)
    suffix = Path(path).suffix
    if suffix in (".xyz", ".extxyz"):
        if reference := data.provenance.get("reference"):
            raise ValueError(
                f"path: expected .npz, which keeps that {reference} was taken off the energies and forces, got {suffix}, which has "
                "no place for it"
            )
        write_extxyz(data, path, descriptors=all(t.site_descriptors is not None and t.K > 1 for t in data.values()))
    elif suffix == ".npz":
        npz.write_frames([_configurations(t, data) for t in data.values()], Path(path), **_strains(data))
    elif not suffix or Path(path).is_dir():
        write_dataset(data, path)
    else:
        found = Path(path).name
        raise ValueError(f"path: expected a name ending in .npz, .xyz or .extxyz, or of a folder, got {found!r}")


def _strains(data: Dataset) -> dict[str, Array]:
    """Virials and strain descriptors of all configurations, where some are known."""
    if not any(len(t.strained) for t in data.values()):
        return {}
    held = [(t.virials, t.strain_descriptors, (len(t), 6, t.K)) for t in data.values()]
    return {
        "virials": np.concatenate([np.full(shape[:2], np.nan) if W is None else W for W, _, shape in held]),
        "strain_descriptors": np.concatenate(
            [np.full(shape, np.nan) if Psi is None else Psi for _, Psi, shape in held]
        ),
    }


def _configurations(t: Trajectory, data: Dataset) -> Configurations:
    if t.species is None or t.positions is None or t.site_descriptors is None:
        raise ValueError(f"trajectory {t.key!r}: expected species, positions and site_descriptors to write, got None")
    refuse_other_sums(t, t.site_descriptors)
    about = data.provenance
    kept = {name: about[name] for name in _KEPT if name in about}
    same: dict[str, Any] = {name: getattr(t, name) for name in _SAME}
    return Configurations(
        **same,
        numbers=t.species,
        forces=t.forces.reshape(-1, 3),
        provenance=kept | {"origin": about.get("origin", {name: about.get(name) for name in ("file", "sha256")})},
        columns={DESCRIPTORS: t.site_descriptors, FORCE_DESCRIPTORS: t.force_descriptors.reshape(-1, 3, t.K)},
    )
