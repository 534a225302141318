"""Files as people have them, none of which says all: Cu–Au without a temperature, a folder of MiLaDy's, a LAMMPS dump of types."""

from pathlib import Path

import alloy
import ase.io
import numpy as np
import test_io_milady as milady


def alloy_runs(folder: Path) -> list[Path]:
    """Extended xyz of five runs under ``run=``, which state no temperature."""
    return [alloy.write_runs(folder / "cuau.xyz", frames=8)]


def milady_folder(folder: Path) -> list[Path]:
    """Files of a descriptor database with their .poscar, all in one folder."""
    rng = np.random.default_rng(0)
    names = {f"{key}_{k:06d}": {"Fe": 2} for key in ("01_110", "07_12A") for k in range(1, 13)}
    milady.database(folder, {name: milady.Frame(of, rng) for name, of in names.items()}, poscars="descDB")
    return sorted((folder / "descDB").iterdir())


def lammps_dump(folder: Path) -> list[Path]:
    """A dump of copper and gold that says only the types, 1 and 2, as LAMMPS does where nobody asks for more."""
    text = []
    frames = ase.io.read(alloy.write_runs(folder / "source.xyz", runs=1, frames=12), ":")
    for step, atoms in enumerate(frames):
        box = "".join(f"0.0 {length!r}\n" for length in atoms.cell.lengths().tolist())
        rows = zip((atoms.numbers == 79) + 1, atoms.get_positions(wrap=True), atoms.get_forces(), strict=True)
        lines = [
            " ".join([str(k), str(kind), *map(repr, (*x.tolist(), *f.tolist()))])
            for k, (kind, x, f) in enumerate(rows, 1)
        ]
        head = f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(atoms)}\nITEM: BOX BOUNDS pp pp pp\n{box}"
        text.append(f"{head}ITEM: ATOMS id type x y z fx fy fz\n" + "\n".join(lines) + "\n")
    path = folder / "md.lammpstrj"
    path.write_text("".join(text))
    (folder / "source.xyz").unlink()
    return [path]
