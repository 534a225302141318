"""What each part of the house may grow to; as a plugin of pytest it ends a run with a table of lines and seconds."""

from collections import Counter
from doctest import DocTestParser
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "fisherlib"

#: Lines that the rooms of a part may have together, but for the examples in docstrings, which are tests. Raising one is
#: a commit of its own that says why.
BUDGETS = {
    "heart": (5550, "units dataset configurations losses moments solvers regression potential study"),
    "examples": (1060, "systems sampling"),
    "judgement": (9480, "comparison reweighting diagnostics uncertainty validation trust"),
    "landscapes": (3250, "landscapes neural"),
    "seeing": (11800, "figures widgets report"),
    "io": (11310, "io"),
    "descriptors": (3920, "descriptors"),
    "cluster": (1700, "cluster"),
    "tuning": (950, "tuning"),
    "properties": (1310, "properties"),
    "flows": (1460, "flows"),
    "glass": (1260, "glass"),
    "selection": (1550, "selection"),
    "ground": (500, "__init__ arguments extras progress"),
}
#: Seconds that a notebook may take on a quiet machine; told, and not tested, as a machine may be busy.
NOTEBOOK = 15

_SECONDS = pytest.StashKey[Counter[str]]()


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The room a module stands in."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def lines() -> Counter[str]:
    """Lines of each room, examples left out."""
    counted: Counter[str] = Counter()
    for path in modules():
        text = path.read_text()
        docstrings = text.replace('"""', "\n")  # what stands behind one is no output of its last example
        shown = (f"{example.source}{example.want}" for example in DocTestParser().get_examples(docstrings))
        counted[room(path)] += text.count("\n") - sum(example.count("\n") for example in shown)
    return counted


class Seconds:
    """What the tests of each notebook took."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds up, in the process that reports."""
        file = report.nodeid.split("::")[0]
        if file.endswith(".ipynb"):
            self.taken[file] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints the tables at the end of a run of more than a few tests."""
        if self.taken:
            terminalreporter.section(f"seconds of the notebooks, {NOTEBOOK} at most on a quiet machine")
            for file, seconds in self.taken.most_common():
                terminalreporter.line(f"{seconds:6.1f}  {file}")
        if self.taken or terminalreporter.stats.get("passed", []) and len(terminalreporter.stats["passed"]) > 1000:
            terminalreporter.section("lines of the package")
            terminalreporter.line(table())


def table() -> str:
    """Lines of each part and its rooms beside what it may have."""
    counted = lines()
    rows = []
    for part, (most, rooms) in BUDGETS.items():
        each = ", ".join(f"{name} {counted[name]}" for name in rooms.split())
        rows.append(f"{part:12} {sum(counted[name] for name in rooms.split()):6} of {most:5}   {each}")
    return "\n".join([*rows, f"{'all':12} {sum(counted.values()):6}"])


def pytest_configure(config: pytest.Config) -> None:
    """Registers what counts seconds."""
    config.pluginmanager.register(Seconds())
