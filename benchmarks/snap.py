"""SNAP by LAMMPS: errors on the six elements of Zuo et al. beside the published ones, and time and memory beside compute snap."""

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.lammps import Prism
from featurising import Tree
from memory import resident
from turns import one_thread, race

import fisherlib as fl
from fisherlib.descriptors import Snap, bispectrum, from_parameters
from fisherlib.progress import silent

#: Test errors of forces of θ_f on the same descriptors, eV/Å, measured without this package (unweighted T⁻¹c).
FORCES = {"Ni": 0.0795, "Cu": 0.0694, "Li": 0.0256, "Mo": 0.3089, "Si": 0.1588, "Ge": 0.1168}
#: Weights of energies per atom that are tried, Å, and parts of the training data, each held out once.
WEIGHTS, FOLDS = np.geomspace(10.0, 10_000.0, 25), 10
#: As in FitSNAP's example InP_JPCA2020 (Cusentino, Wood & Thompson 2020).
INP = Snap(
    rcutfac=1.0,
    two_j=6,
    radii={"In": 3.812045629514403, "P": 3.829453817954964},
    weights={"In": 1.0, "P": 0.9293160905266721},
    chem=True,
    bnorm=True,
    wself_all=True,
    bzero=True,
)
MEGABYTES, WORKERS = 600, 2


# --- the six elements ---


def published(element: str, folder: Path) -> fl.LinearPotential:
    """The SNAP potential that the authors published, with its descriptor."""
    archive = Path(os.environ.get("FISHERLIB_DATA", ".")) / "published_snap_qsnap_coefficients.tar.xz"
    with tarfile.open(archive) as file:
        for name in ("SNAPotential.snapcoeff", "SNAPotential.snapparam"):
            (folder / name).write_bytes(file.extractfile(f"{element}/snap/{name}").read())
    return fl.io.read_theta(folder / "SNAPotential.snapcoeff", name="published")


def singly(data: fl.Dataset) -> fl.Dataset:
    """Every configuration as a trajectory of its own, dealt to the parts in turn: "3/7" is the seventh, in part 3."""
    number, parts = itertools.count(), []
    for t in data.values():
        for k in range(len(t)):
            m = next(number)
            part = t.slice(k, k + 1)
            parts.append(fl.Trajectory(**{**vars(part), "key": f"{m % FOLDS}/{m}"}))
    return fl.Dataset(parts, provenance=data.provenance)


def weight_by_validation(data: fl.Dataset) -> float:
    """The weight of energies with the smallest error of energies per atom on held-out training configurations."""
    moments, squares = fl.accumulate(data, progress=silent), np.zeros(len(WEIGHTS))
    for part in range(FOLDS):
        out = [key for key in data if key.startswith(f"{part}/")]
        rest, held = moments.drop(out), data.select(out)
        for k, weight in enumerate(WEIGHTS):
            errors = (fitted(rest, weight).energies(held) - held.energies) / held.n_atoms
            squares[k] += errors @ errors
    return float(WEIGHTS[np.argmin(squares)])


def fitted(moments: fl.Moments, weight: float) -> fl.LinearPotential:
    return fl.regression.weighted_fit(moments, {"*": fl.regression.GroupWeights(energies=weight)}, name="E + F")


def errors(model: fl.LinearPotential, data: fl.Dataset) -> tuple[np.ndarray, float]:
    """Errors of energies, meV/atom, and the root-mean-square error of forces, eV/Å."""
    F = model.forces(data) - data.forces
    return 1e3 * (model.energies(data) - data.energies) / data.n_atoms, float(np.sqrt(np.mean(F**2)))


def element(name: str, folder: Path) -> tuple[bool, bool]:
    """Prints a line; whether forces of θ_f are as wanted, and whether energies are no worse than the published ones."""
    reference = published(name, folder)
    snap = from_parameters(reference.provenance["descriptor"])
    train, test = (fl.io.read(p, descriptor=snap, check=False, progress=silent) for p in fl.io.zuo2020(name))
    theta_f = fl.regression.fisher_fit(fl.accumulate(train, progress=silent), temperature=300.0)
    single = singly(train)
    weight, moments = weight_by_validation(single), fl.accumulate(single, progress=silent)
    both = fitted(moments, weight)
    least = min(float(np.sqrt(np.mean(errors(fitted(moments, w), test)[0] ** 2))) for w in WEIGHTS)
    E, F = zip(*(errors(model, test) for model in (theta_f, both, reference)), strict=True)
    rmse = [float(np.sqrt(np.mean(e**2))) for e in E]
    gain = E[1] ** 2 - E[2] ** 2
    z = gain.mean() / (gain.std(ddof=1) / np.sqrt(len(gain)))
    close, fine = abs(F[0] / FORCES[name] - 1) < 0.01, rmse[1] <= rmse[2]
    print(
        f"{name} {len(test.energies):4d} {F[0]:8.4f} {100 * (F[0] / FORCES[name] - 1):+6.2f} % {rmse[0]:7.2f} | {weight:6.0f} "
        f"{rmse[1]:6.2f} {F[1]:.4f} ({least:5.2f}) | {rmse[2]:5.2f} {F[2]:.4f} | {z:+5.1f} {'yes' if fine else 'no'}",
        flush=True,
    )
    return close, fine


def elements() -> None:
    print("test errors: energies in meV/atom, forces in eV/Å; w by held-out energies of training data alone")
    print(
        "         θ_f: F, to be   E        | w      E + F:   F    (least) | published     | z     no worse than published"
    )
    with tempfile.TemporaryDirectory() as folder:
        close, fine = zip(*(element(name, Path(folder)) for name in FORCES), strict=True)
    print("(least): of all w, chosen on the test set, which is no fair choice")
    print("z: mean difference of squared errors of energies, in its standard errors over test configurations")
    print(
        f"forces within 1 %: {sum(close)} of 6, 6 wanted; energies no worse than published: {sum(fine)} of 6, 4 wanted"
    )


# --- beside LAMMPS ---


def indium_phosphide(count: int, seed: int = 0) -> list[Atoms]:
    """Zincblende of 64 atoms, strained, shaken, and some of it with wrong neighbours."""
    rng, made = np.random.default_rng(seed), []
    for _ in range(count):
        atoms = bulk("InP", "zincblende", a=5.87, cubic=True) * (2, 2, 2)
        atoms.numbers = rng.permutation(atoms.numbers) if rng.random() < 0.3 else atoms.numbers
        atoms.set_cell(atoms.cell @ (np.eye(3) + rng.uniform(-0.04, 0.04, size=(3, 3))), scale_atoms=True)
        atoms.rattle(rng.uniform(0.02, 0.2), rng=rng)
        made.append(atoms)
    return made


def by_compute_snap(lammps: object, snap: Snap, atoms: Atoms, species: list[int]) -> np.ndarray:
    """The rows of ``compute snap`` for a periodic configuration, in LAMMPS's frame."""
    prism = Prism(np.array(atoms.cell))
    a, b, c, xy, xz, yz = map(float, prism.get_lammps_prism())
    x = prism.vector_to_lammps(atoms.positions, wrap=True)
    box = f"region box prism 0 {a!r} 0 {b!r} 0 {c!r} {xy!r} {xz!r} {yz!r}"
    setting = ["clear", "units metal", "atom_modify map array", "box tilt large", box, f"create_box {len(species)} box"]
    lammps.commands_list([*setting, "mass * 1.0"])
    types = [species.index(z) + 1 for z in atoms.numbers]
    lammps.create_atoms(len(atoms), range(1, len(atoms) + 1), types, x.ravel().tolist())
    lammps.commands_list(
        [
            f"pair_style zero {snap.cutoff + 0.1}",
            "pair_coeff * *",
            f"compute s all snap {snap.settings(species)}",
            "thermo_style custom step c_s[1][1]",
            "run 0 post no",
        ]
    )
    return np.array(lammps.numpy.extract_compute("s", 0, 2))


CASES = {"Mo, K = 30": (Snap(rcutfac=4.6, two_j=6), [42]), "InP, K = 480": (INP, [15, 49])}


def configurations(case: str) -> list[Atoms]:
    if case.startswith("InP"):
        return indium_phosphide(6)
    made = [bulk("Mo", cubic=True, a=3.17) * (3, 3, 3) for _ in range(20)]
    for m, atoms in enumerate(made):
        atoms.rattle(0.15, seed=m)
    return made


def tasks(case: str) -> dict[str, object]:
    """What is compared: all configurations by this package, and by compute snap."""
    (snap, species), many = CASES[case], configurations(case)
    lammps = bispectrum._instance(os.getpid())
    return {
        "fisherlib": lambda: snap(many, species=species),
        "compute snap": lambda: [by_compute_snap(lammps, snap, atoms, species) for atoms in many],
    }


def beside() -> None:
    for case, (snap, species) in CASES.items():
        both, many = tasks(case), configurations(case)
        D, Phi = snap(many[0], species=species)
        rows = by_compute_snap(bispectrum._instance(os.getpid()), snap, many[0], species)
        columns = np.delete(np.arange(rows.shape[1] - 1), np.arange(len(species)) * (D.shape[1] // len(species) + 1))
        if rows.shape[1] - 1 == D.shape[1]:  # of one element there is no column of constants
            columns = np.arange(D.shape[1])
        off = np.abs(rows[0, columns] - D.sum(axis=0)).max() / np.abs(D.sum(axis=0)).max()
        turns = race(list(both.values()), repeats=5)
        peaks = {name: float(alone("--alone", case, name)) for name in both}
        atoms = sum(map(len, many))
        print(
            f"{case}: {1e3 * turns.best(0) / atoms:.2f} ms an atom, {1e3 * turns.best(1) / atoms:.2f} by compute snap, "
            f"{turns.ratio(0, 1):.2f} × (median of 5 turns); peak {peaks['fisherlib']:.0f} and {peaks['compute snap']:.0f} MB; "
            f"sums differ by {off:.0e}",
            flush=True,
        )


def alone(*words: str) -> str:
    """What this script prints in a process of its own."""
    command = [sys.executable, __file__, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout


# --- two elements on two processes ---


def written(many: list[Atoms], path: Path, seed: int = 1) -> Path:
    """Extended xyz with energies and forces of a potential of INP with random θ, and noise."""
    rng, lines = np.random.default_rng(seed), []
    D, Phi = INP(many, species=[15, 49])
    theta, start = rng.normal(size=D.shape[1]) / 100, 0
    for atoms in many:
        rows = slice(start, start + len(atoms))
        forces = (Phi.reshape(len(D), 3, -1)[rows] @ theta) + 0.05 * rng.normal(size=(len(atoms), 3))
        lattice = " ".join(map(repr, map(float, np.array(atoms.cell).flat)))
        head = f'Lattice="{lattice}" Properties=species:S:1:pos:R:3:forces:R:3 energy={float(D[rows].sum(axis=0) @ theta)!r}'
        both = zip(atoms.symbols, np.hstack([atoms.positions, forces]).tolist(), strict=True)
        lines += [str(len(atoms)), f'{head} pbc="T T T"', *(" ".join([s, *map(repr, x)]) for s, x in both)]
        start += len(atoms)
    path.write_text("\n".join(lines) + "\n")
    return path


@contextlib.contextmanager
def made(count: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield written(indium_phosphide(count), Path(folder) / "InP.xyz")


def parallel(path: Path, what: str) -> None:
    """Descriptors straight into moments by two processes, with the memory of all together."""
    start = time.perf_counter()
    command = [sys.executable, __file__, "--featurise", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        tree = Tree(process.pid)
        tree.start()
        output = process.communicate(timeout=7200)[0]
    tree.join()
    seconds, (atoms, rank) = time.perf_counter() - start, json.loads(output)
    print(
        f"{what}, {atoms} atoms, K = {len(INP.names([15, 49]))} (rank {rank}), {WORKERS} workers: {seconds:.1f} s, "
        f"{1e3 * seconds / atoms:.2f} ms an atom; all processes at most {tree.pss / 1e6:.0f} MB (shared pages counted once; "
        f"{tree.rss / 1e6:.0f} with each its own): {'met' if tree.pss / 1e6 <= MEGABYTES else 'NOT MET'}, {MEGABYTES} wanted",
        flush=True,
    )


def featurised(path: Path) -> None:
    """Of a process of its own: prints the number of atoms, and the rank of T."""
    moments = fl.cluster.featurise(path, descriptor=INP, workers=WORKERS, keep=False, progress=silent)
    atoms = sum(int(f.n_atoms.sum()) for f in fl.io.read_frames(path))
    print(json.dumps([atoms, int(fl.solve(fl.fisher(moments, temperature=300.0)).rank)]))


def example(folder: Path) -> None:
    """FitSNAP's example of InP: errors of its weighted fit beside those that FitSNAP printed, on its own data."""
    parallel(folder / "JSON", "InP of FitSNAP")
    given = fl.io.read_fitsnap_input(folder / "InP-example.in")
    frames = fl.io.read_frames(folder / "JSON")
    data = frames if given.reference is None else fl.descriptors.without_reference(frames, given.reference)
    moments = fl.cluster.featurise(data, descriptor=INP, workers=WORKERS, keep=False, progress=silent)
    model = fl.regression.weighted_fit(moments, given.weights)
    sizes = {f.key: (len(f.n_atoms), int(f.n_atoms.sum())) for f in data}
    M, N = np.array([sizes[key] for key in moments]).T
    force = np.sqrt(np.average(fl.regression.force_rmse(moments, model.theta) ** 2, weights=N))
    plain = {"*": fl.regression.GroupWeights(forces=0.0, energies=1.0)}
    energy = np.sqrt(2 * fl.regression.weighted_loss(moments, plain, of=["energies"])(model.theta) / M.sum())
    print(
        f"InP of FitSNAP, its weights, on its own data: forces {force:.6f} eV/Å (FitSNAP prints 0.306146), energies "
        f"{energy:.6f} eV/atom with the best offsets and the mean size of each group (0.007373)"
    )


if __name__ == "__main__":
    one_thread()
    warnings.simplefilter("ignore", UserWarning)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inp", type=Path, help="FitSNAP's folder examples/InP_JPCA2020")
    parser.add_argument("--quick", action="store_true", help="without the six elements, and less of the rest")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--featurise", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        tasks(given.alone[0])[given.alone[1]]()
        print(resident("VmHWM") / 1e6)
    elif given.featurise:
        featurised(given.featurise)
    else:
        if not given.quick:
            try:
                elements()
            except OSError as problem:
                print(f"the six elements are left out: {problem}")
        beside()
        with made(10 if given.quick else 60) as path:
            parallel(path, "made InP")
        if given.inp:
            example(given.inp)
        else:
            print(
                "InP of FitSNAP is left out: name its folder by --inp (github.com/FitSNAP/FitSNAP, examples/InP_JPCA2020)"
            )
