"""The numeric tests under each kind of BLAS kernel that users have; one line for each kernel, and what failed.

``make kernels`` runs it. A kernel that this processor cannot run is named and counted, and is no failure.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The kernels that are asked for, and the names under which OpenBLAS may answer: builds that leave one out share the code
#: of another, as numpy's and scipy's do for Zen, and call it by the first of its names, as they do for Prescott.
KERNELS = {
    "Haswell": {"Haswell"},
    "SkylakeX": {"SkylakeX"},
    "Zen": {"Zen", "Haswell"},
    "Prescott": {"Prescott", "Katmai"},
}
#: Tests of something else than numbers: browsers, kernels of Jupyter, files, processes that are killed, pages, names.
OTHERS = (
    "app* bad_inputs benchmarks cluster* dashboard data database* face figures* heart_alone io* lab make* no_inverse notebooks"
    " own_file project temporary report* records states structure tables theta_f_report units wheel widgets*"
)
#: Multiplies with numpy's and with scipy's BLAS, then says which kernels they have.
PROBE = """
import numpy as np, scipy.linalg, threadpoolctl
a = np.random.default_rng(0).normal(size=(64, 64))
scipy.linalg.cho_factor(a @ a.T + np.eye(64))
print(*{info.get("architecture") for info in threadpoolctl.threadpool_info() if info["internal_api"] == "openblas"})
"""


def main() -> int:
    """Two kernels side by side; 1 where a test failed."""
    paths = files()
    print(f"{len(paths)} files of tests, {len(KERNELS)} kernels", flush=True)
    with ThreadPoolExecutor(2) as pool:
        return max(pool.map(lambda kernel: report(kernel, paths), KERNELS))


def files() -> list[Path]:
    """Of the numeric tests."""
    others = {path for name in OTHERS.split() for path in (ROOT / "tests").glob(f"test_{name}.py")}
    return sorted(set((ROOT / "tests").glob("test_*.py")) - others)


def report(kernel: str, paths: list[Path]) -> int:
    """Runs the tests on one kernel and prints a line; the exit status."""
    environment = os.environ | {"OPENBLAS_CORETYPE": kernel, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    begin = time.monotonic()
    probe = run(["-c", PROBE], environment)
    names = set(probe.stdout.split())
    if probe.returncode or not names or not names <= KERNELS.get(kernel, set()):
        found = probe.stdout.strip() or f"exit {probe.returncode}"
        print(f"{kernel:9} NOT TRIED: this processor or this BLAS does not run it ({found})", flush=True)
        return 0
    done = run(["-m", "pytest", "-q", "--tb=short", *map(str, paths)], environment)
    said = done.stdout.strip().splitlines() or [done.stderr.strip()[-500:]]
    as_named = "" if names == {kernel} else f", with the code of {' and '.join(names)}"
    print(f"{kernel:9} {said[-1]}{as_named} ({time.monotonic() - begin:.0f} s)", flush=True)
    if done.returncode:
        print("\n".join(said[-60:-1]), flush=True)
    return int(done.returncode != 0)


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A Python process in the folder of the checkout."""
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=3600
    )


if __name__ == "__main__":
    sys.exit(main())
