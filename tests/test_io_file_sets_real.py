"""FitSNAP's tantalum as a folder of extended xyz, a file for each group: the same as its JSON."""

from pathlib import Path

import ase.io
import numpy as np
import tantalum
from ase.calculators.singlepoint import SinglePointCalculator

import fisherlib as fl


def test_a_folder_of_xyz_is_read_as_the_folder_of_json(tmp_path: Path) -> None:
    tantalum.beside()
    (tmp_path / "XYZ").mkdir()
    (tmp_path / "Ta.in").write_text(tantalum.INPUT)
    stored = {f.key: f for f in fl.io.read_frames(tantalum.unpacked(tmp_path))}
    for key, f in stored.items():
        frames, parts = f.atoms(), np.split(f.forces, np.cumsum(f.n_atoms)[:-1])
        for atoms, energy, forces in zip(frames, f.energies, parts, strict=True):
            atoms.calc = SinglePointCalculator(atoms, energy=float(energy), forces=forces)
        ase.io.write(tmp_path / "XYZ" / f"{key}.xyz", frames)
    found = {f.key: f for f in fl.io.read_frames(tmp_path / "XYZ")}
    assert found.keys() == stored.keys() == fl.io.read_fitsnap_input(tmp_path / "Ta.in").weights.keys()
    for key, f in stored.items():
        assert (
            np.abs(found[key].energies - f.energies).max() < 1e-6 and np.abs(found[key].forces - f.forces).max() < 1e-6
        )
        assert np.abs(found[key].cell - f.cell).max() < 1e-6
