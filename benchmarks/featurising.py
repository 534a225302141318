"""Memory and pace of featurising into moments: data of FitSNAP's shape, by one worker and by two, and one that is resumed."""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import ase.build
import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT
from turns import one_thread

import fisherlib as fl
from fisherlib.descriptors import Soap
from fisherlib.io.moments import read_moments

#: Copper and gold: K = 780.
DESCRIPTOR = Soap(n_max=6, l_max=4)
CONFIGURATIONS, WORKERS = 1900, 2
MEGABYTES, RATIO = 600, 1.7


def alloys(path: Path, configurations: int, seed: int = 0) -> Path:
    """Extended xyz of Cu–Au boxes of 32 to 64 atoms, randomly occupied, stretched and shaken, with EMT's energies and forces."""
    rng, lines = np.random.default_rng(seed), []
    for _ in range(configurations):
        atoms = ase.build.bulk("Cu", "fcc", a=3.9, cubic=True).repeat(
            [(2, 2, 2), (2, 2, 3), (2, 2, 4)][rng.integers(3)]
        )
        atoms.symbols[rng.random(len(atoms)) < rng.random()] = "Au"
        atoms.set_cell(atoms.cell * rng.uniform(0.97, 1.05), scale_atoms=True)
        atoms.rattle(rng.uniform(0.02, 0.3), rng=rng)
        lines += text(atoms)
    path.write_text("\n".join(lines) + "\n")
    return path


def text(atoms: Atoms) -> list[str]:
    """Lines of extended xyz with all digits."""
    atoms.calc = EMT()
    lattice, energy = " ".join(map(repr, map(float, atoms.cell.array.flat))), float(atoms.get_potential_energy())
    head = f'Lattice="{lattice}" Properties=species:S:1:pos:R:3:forces:R:3 energy={energy!r} pbc="T T T"'
    rows = zip(atoms.symbols, np.hstack([atoms.positions, atoms.get_forces()]).tolist(), strict=True)
    return [str(len(atoms)), head, *(" ".join([symbol, *map(repr, numbers)]) for symbol, numbers in rows)]


class Tree(threading.Thread):
    """Looks at the memory of a process and of all that it has started until it ends.

    Attributes:
        rss: most bytes held at once, pages that several share counted for each.
        pss: the same, pages that several share counted once.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.rss, self.pss = pid, 0, 0

    def run(self) -> None:
        while held := [kilobytes(pid) for pid in family(self.pid)]:
            rss, pss = (1024 * sum(column) for column in zip(*held, strict=True))
            self.rss, self.pss = max(self.rss, rss), max(self.pss, pss)
            time.sleep(0.25)  # a look takes milliseconds of a core that the workers need


def family(pid: int) -> list[int]:
    """A process and its descendants that are alive."""
    found, new = [], [pid]
    while new:
        found += [p for p in new if any(kilobytes(p))]
        new = [int(c) for p in new for t in tasks(p) for c in read(t / "children").split()]
    return found


def tasks(pid: int) -> list[Path]:
    """Its threads."""
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def read(path: Path) -> str:
    """Empty where the process has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""


def kilobytes(pid: int) -> tuple[int, int]:
    """RSS and PSS."""
    lines = dict(line.split(":", 1) for line in read(Path(f"/proc/{pid}/smaps_rollup")).splitlines() if ":" in line)
    return tuple(int(lines.get(name, "0 kB").split()[0]) for name in ("Rss", "Pss"))


class Run:
    """One run in a process of its own, as a user would start it: seconds, memory and moments."""

    def __init__(self, path: Path, output: Path, workers: int, *, kill_after: float | None = None) -> None:
        words = ["featurise", path, "-o", output, "--workers", workers]
        environment = os.environ | {"RAYON_NUM_THREADS": "1"}
        begin = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "fisherlib.cluster", *map(str, words)], env=environment)
        tree = Tree(process.pid)
        tree.start()
        try:
            self.status = process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            self.status = process.wait()
        self.seconds = time.perf_counter() - begin
        tree.join()
        self.rss, self.pss = tree.rss / 1e6, tree.pss / 1e6
        self.moments = read_moments(output) if self.status == 0 else None


def same(a: fl.Moments | None, b: fl.Moments | None) -> str:
    """Whether two sums agree to the last bit."""
    if a is None or b is None:
        return "NO MOMENTS"
    names = ("PhiPhi", "PhiF", "FF", "mean", "scatter")
    equal = all(np.array_equal(getattr(a[key], name), getattr(b[key], name)) for key in a for name in names)
    return "the same bits" if equal and list(a) == list(b) else "OTHER BITS"


def verdict(fine: bool) -> str:
    """In words."""
    return "as it should be" if fine else "TOO MUCH"


def measured(folder: Path, configurations: int) -> None:
    """Prints everything."""
    path = alloys(folder / "alloys.xyz", configurations)
    frames = fl.io.read_frames(path)
    atoms, K = int(frames[0].n_atoms.sum()), len(DESCRIPTOR.names([29, 79]))
    print(
        f"{configurations} configurations, {atoms} atoms, K = {K}; Φ would take {24 * atoms * K / 1e9:.1f} GB",
        flush=True,
    )
    runs = {}
    for workers in (1, WORKERS):
        run = runs[workers] = Run(path, folder / f"{workers}.npz", workers)
        print(
            f"{workers} workers: {run.seconds:.1f} s, {atoms / run.seconds:.0f} atoms/s; all processes at most "
            f"{run.rss:.0f} MB ({run.pss:.0f} MB with shared pages counted once): {verdict(run.pss <= MEGABYTES)}",
            flush=True,
        )
    one, two = runs[1], runs[WORKERS]
    ratio = one.seconds / two.seconds
    print(f"{WORKERS} workers over 1: {ratio:.2f}, {RATIO} wanted; {same(one.moments, two.moments)}", flush=True)
    killed = Run(path, folder / "killed.npz", WORKERS, kill_after=0.5 * two.seconds)
    again = Run(path, folder / "killed.npz", WORKERS)
    print(
        f"killed half way (status {killed.status}) and begun again: {again.seconds:.1f} s more, "
        f"{same(one.moments, again.moments)}; {len(list(folder.rglob('*.partial')))} files left over"
    )


if __name__ == "__main__":
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the configurations")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        measured(Path(folder), CONFIGURATIONS // 10 if quick else CONFIGURATIONS)
