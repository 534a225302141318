"""Benchmarks are run by hand; here they are loaded, and one that can be tiny is run, so that they do not fall behind."""

import subprocess
import sys
from pathlib import Path

LOADED = """
import runpy, sys
from pathlib import Path
sys.path.insert(0, "benchmarks")
for path in sorted(Path("benchmarks").glob("*.py")):
    print(path.name)
    runpy.run_path(str(path), run_name="loaded")
"""


def run(root: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    return done.stdout


def test_all_find_what_they_measure(root: Path) -> None:
    assert len(run(root, "-c", LOADED).splitlines()) == len(list((root / "benchmarks").glob("*.py")))


def test_a_tiny_run_prints_its_table(root: Path) -> None:
    assert "2 repeats" in run(root, "benchmarks/intervals.py", "2")
