"""A plugin of pytest: a run has a temporary directory of its own, in which nothing may be left.

The suite has it from its ``conftest.py``.
"""

import os
import tempfile

import pytest

from fisherlib.io.scratch import Scratch, sweep

_OURS = pytest.StashKey[Scratch]()
_LEFT = pytest.StashKey[list[str]]()
_GOOD = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers are started, which get it through the environment; what a killed run left is removed."""
    if not hasattr(config, "workerinput"):
        sweep()
        config.stash[_OURS] = Scratch()
        os.environ["TMPDIR"] = tempfile.tempdir = str(config.stash[_OURS].path)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After the workers have ended: a run that leaves something has failed."""
    if _OURS in session.config.stash:
        names = os.listdir(session.config.stash[_OURS].path)
        session.config.stash[_LEFT] = left = sorted(name for name in names if not name.startswith("pytest-of-"))
        if left and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.stash[_GOOD] = session.exitstatus == pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says what was left."""
    if left := config.stash.get(_LEFT, []):
        terminalreporter.section("left in the temporary directory", red=True)
        terminalreporter.line("\n".join(left))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes the directory of a good run; that of another may be looked at until the next run."""
    if (scratch := config.stash.get(_OURS, None)) is not None:
        tempfile.tempdir = None
        scratch.close() if config.stash.get(_GOOD, False) else scratch.leave()
