"""Check that ``cu55_1200K.npz`` is what its datasheet claims: ``python data/check_cu55.py`` (seconds to a minute)."""

from multiprocessing import Pool
from pathlib import Path

import numpy as np
from ase.calculators.emt import EMT

import fisherlib as fl

HERE = Path(__file__).resolve().parent
PROBES, STEP = 4, 1e-4  # random vectors per Laplacian, and their length in Å


def forces_and_laplacians(frames: fl.io.Frames) -> tuple[list[float], list[float]]:
    """|F|² and ∇²U of every other configuration of a walker, by EMT."""
    rng = np.random.default_rng(0)
    squared, laplacians = [], []
    for atoms in frames.atoms()[::2]:
        atoms.calc = EMT()
        squared.append(float((atoms.get_forces() ** 2).sum()))
        x, total = atoms.positions.copy(), 0.0
        for _ in range(PROBES):
            v = rng.choice([-1.0, 1.0], size=x.shape)
            atoms.positions = x + STEP * v
            ahead = atoms.get_forces()
            atoms.positions = x - STEP * v
            total += float((v * (atoms.get_forces() - ahead)).sum()) / (2 * STEP)
        laplacians.append(total / PROBES)
    return squared, laplacians


if __name__ == "__main__":
    path = HERE / "cu55_1200K.npz"
    frames = fl.io.read_frames(path)
    with np.load(path, allow_pickle=False) as file:
        series, spacing = file["energy_series"], float(file["energy_series_spacing_ps"])
    energies = np.array([f.energies for f in frames])
    half = energies.shape[1] // 2
    drift = energies[:, half:].mean(axis=1) - energies[:, :half].mean(axis=1)
    radius = max(float(np.linalg.norm(f.positions, axis=1).max()) for f in frames)
    lag = ((energies[:, 1:] - energies.mean()) * (energies[:, :-1] - energies.mean())).mean() / energies.var()
    with Pool() as pool:
        squared, laplacians = zip(*pool.map(forces_and_laplacians, frames), strict=True)
    _, T, error = fl.diagnostics.configurational_temperature(squared, laplacians)
    _, T_virial, error_virial = fl.diagnostics.virial_temperature(fl.io.read(path))
    print(
        f"walkers {energies.shape[0]}, configurations each {energies.shape[1]}, size {path.stat().st_size / 1e6:.2f} MB"
    )
    print(f"energy {energies.mean():.3f} eV, sd {energies.std():.3f} eV")
    print(f"configurational temperature <|F|^2>/<laplacian> {T:.0f} +- {error:.0f} K")
    print(f"configurational temperature by the virial {T_virial:.0f} +- {error_virial:.0f} K")
    print(f"half-to-half drift of the energy {drift.mean():+.3f} +- {drift.std(ddof=1) / np.sqrt(len(drift)):.3f} eV")
    print(
        f"integrated autocorrelation time of the energy {fl.diagnostics.autocorrelation_time(series) * spacing:.2f} ps"
    )
    print(f"correlation of neighbouring configurations {lag:+.3f}")
    print(f"largest distance of an atom from the centre of mass {radius:.2f} A (no evaporation)")
