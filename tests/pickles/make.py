"""Writes the small benign pickle files of this folder with whatever numpy, ase and pandas are installed.

Run it as `python make.py` in an environment of one generation (see README.md); the values are the same in all.
The system is exactly linear: with w_k the widths and r_ij the distances inside one configuration,
    D_ik = ½ Σ_j exp(−r_ij²/w_k)        Φ = −∂(Σ_i D_ik)/∂x        E = θ·ΣD + N e0        F = Φ θ
"""

import importlib.util
import pickle
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
KEYS = ("300K", "600K")
N_CONFIGURATIONS, N_ATOMS = 3, 4
WIDTHS = np.array([4.0, 9.0, 20.0])
THETA, E0 = np.array([2.0, -3.0, 0.75]), -1.25


def descriptors(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """D (N, K) and Φ (N, 3, K) of positions `x` (N, 3)."""
    r = x[:, None, :] - x[None, :, :]
    pairs = np.exp(-(r**2).sum(-1)[..., None] / WIDTHS) * (1.0 - np.eye(len(x)))[..., None]
    return 0.5 * pairs.sum(1), (2.0 * r[..., None] * (pairs / WIDTHS)[:, :, None, :]).sum(1)


def configurations(key: str) -> list[dict[str, np.ndarray]]:
    """The configurations of one key: positions, descriptors, force descriptors, forces and energy."""
    rng = np.random.default_rng(KEYS.index(key))
    corners = 2.5 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    found = []
    for _ in range(N_CONFIGURATIONS):
        x = np.round(corners + 0.3 * rng.normal(size=(N_ATOMS, 3)), 6)
        D, Phi = descriptors(x)
        energy = float(D.sum(0) @ THETA + N_ATOMS * E0)
        found.append({"x": x, "D": D, "Phi": Phi, "F": Phi @ THETA, "E": energy})
    return found


def md(calculator: bool) -> dict[str, dict[str, list]]:
    """The layout {key: {"atoms": [ase.Atoms], "energies": [float]}}; `calculator` gives the first of each key one."""
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator

    data: dict[str, dict[str, list]] = {}
    for key in KEYS:
        data[key] = {"atoms": [], "energies": []}
        for i, c in enumerate(configurations(key)):
            atoms = Atoms("Cu4", positions=c["x"])
            atoms.set_array("milady-descriptors", c["D"])
            atoms.set_array("milady-descriptors-forces", c["Phi"])
            atoms.set_array("forces", c["F"])
            if calculator and i == 0:
                atoms.calc = SinglePointCalculator(atoms, energy=c["E"], forces=c["F"])
            data[key]["atoms"].append(atoms)
            data[key]["energies"].append(c["E"])
    return data


def frame() -> "pandas.DataFrame":  # noqa: F821
    """One row per configuration; object columns hold arrays."""
    import pandas

    rows = [(key, c) for key in KEYS for c in configurations(key)]
    return pandas.DataFrame(
        {
            "key": [key for key, _ in rows],
            "energy": [c["E"] for _, c in rows],
            "n_atoms": [N_ATOMS for _ in rows],
            "descriptors": [c["D"] for _, c in rows],
            "force_descriptors": [c["Phi"] for _, c in rows],
            "forces": [c["F"] for _, c in rows],
        }
    )


def write() -> None:
    """Write all files the installed packages allow."""
    objects = {"theta": {"coef": THETA, "intercept": E0}}
    generation = ".".join(np.__version__.split(".")[:2])
    tags = {"theta": f"numpy{generation}"}
    for package in ("ase", "pandas"):
        if importlib.util.find_spec(package) is None:
            continue
        version = ".".join(importlib.import_module(package).__version__.split(".")[:2])
        if package == "ase":
            objects |= {"md": md(False), "mdcalc": md(True)}
            tags |= dict.fromkeys(("md", "mdcalc"), f"numpy{generation}-ase{version}")
        else:
            objects["frame"], tags["frame"] = frame(), f"numpy{generation}-pandas{version}"
    for name, value in objects.items():
        for protocol in (2, 4, 5):
            with (HERE / f"{name}-{tags[name]}-p{protocol}.pkl").open("wb") as handle:
                pickle.dump(value, handle, protocol=protocol)


if __name__ == "__main__":
    write()
