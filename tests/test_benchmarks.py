"""Benchmarks are run by hand; here they are loaded, and those that can be tiny are run, so that they do not fall behind."""

import os
import re
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
    how = {"capture_output": True, "text": True, "timeout": 300, "env": os.environ | {"OMP_NUM_THREADS": "1"}}
    done = subprocess.run([sys.executable, *arguments], cwd=root, **how)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    return done.stdout


def test_all_find_what_they_measure(root: Path) -> None:
    assert len(run(root, "-c", LOADED).splitlines()) == len(list((root / "benchmarks").glob("*.py")))


def test_make_bench_runs_what_its_page_says(root: Path) -> None:
    page, makefile = (root / "benchmarks" / "README.md").read_text(), (root / "Makefile").read_text()
    scripts = {path.stem for path in (root / "benchmarks").glob("*.py")}
    rows = set(re.findall(r"^\| `(\w+)\.py`", page, re.MULTILINE))
    first, *others = page.split("\n\n")[1:]
    left_out = set(re.findall(r"`(\w+)\.py`", first))
    shared = set(
        re.findall(r"`(\w+)\.py`", next(text for text in others if "scripts share" in text).rpartition(". ")[2])
    )
    run_by_make = re.search(r"BENCHMARKS := ((?:.*\\\n)*.*)", makefile)
    assert run_by_make and set(run_by_make[1].replace("\\", " ").split()) == rows - left_out
    assert rows | shared == scripts and not rows & shared


def test_a_tiny_run_prints_its_table(root: Path) -> None:
    assert "2 repeats" in run(root, "benchmarks/intervals.py", "2")


def test_a_short_run_compares_all_featurisers_and_the_network(root: Path) -> None:
    told = run(root, "benchmarks/descriptors.py", "--short")
    table = [line.split(" | ") for line in told.splitlines() if line.startswith("| ")]
    rows = {line[0].removeprefix("| ").split(",")[0]: line[1:] for line in table[2:]}
    left_out = sum("is left out: " in line for line in told.splitlines())
    assert len(rows) + left_out == 8 and {"SOAP", "GMP", "ACSF"} <= rows.keys()
    assert "4 walkers of 2 configurations, 4 folds" in told
    assert all(" ± " in row[k] for row in rows.values() for k in (0, 2, 4))
