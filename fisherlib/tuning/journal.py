"""The journal of a search: one file of JSON lines, shared by processes and hosts, that survives the death of any of them."""

import contextlib
import os
import platform
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from ..io.database.layout import fingerprint
from ..io.strict import cause, regular

#: Seconds after which a lock is taken for that of a process that was killed; a line is written in milliseconds.
GRACE = 10
#: Name of the study in the journal, and of what it is about.
STUDY, ABOUT = "fisherlib tuning", "about"
#: What every journal of Optuna begins with.
FIRST = b'{"op_code":'
#: What a reader stumbles over in lines that no search has written.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)


class Lock(JournalFileOpenLock):
    """The lock of a journal. Who takes it removes the half line that a process left that was killed while it wrote."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), grace_period=GRACE)
        self._path = path

    def acquire(self) -> bool:
        """Waits for the lock, for ``GRACE`` seconds at most where its owner is dead."""
        taken = super().acquire()
        try:
            with open(self._path, "r+b") as file:
                end = file.seek(0, os.SEEK_END)
                if end and (file.seek(end - 1), file.read(1))[1] != b"\n":
                    file.seek(0)
                    file.truncate(file.read().rfind(b"\n") + 1)
        except BaseException:  # whoever comes next would wait for it
            self.release()
            raise
        return taken


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Optuna logs nothing but errors."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


@contextlib.contextmanager
def undamaged(what: str) -> Iterator[None]:
    """Says that the journal is damaged where a reader stumbles over its content."""
    try:
        yield
    except _DAMAGE as error:
        raise ValueError(
            f"{what}: expected lines as a search writes them, got others ({cause(error)}); restore a copy, or take a new file"
        ) from error


def storage(path: Path) -> JournalStorage:
    """The journal in a file.

    Raises:
        ValueError: another file, which is left as it is, or a damaged one.
    """
    place = regular(path.resolve())  # where this process is may change, and all names of a file share one lock
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        start = file.read(len(FIRST))
        if not FIRST.startswith(start):
            raise ValueError(f"journal: expected a new file, or one that a search has written, got {path.name}")
    backend = JournalFileBackend(str(place), lock_obj=Lock(place))
    with undamaged(path.name):
        return JournalStorage(backend)


def study_in(path: Path, about: Mapping[str, Any] | None = None) -> optuna.Study:
    """The study in a journal: with ``about`` a new one if there is none, or one about the same; without, as it is.

    Raises:
        ValueError: it is about something else, or there is none.
    """
    held: dict[str, Any] = {"storage": storage(path), "study_name": STUDY, "sampler": sampler(0)}
    try:
        study = optuna.load_study(**held)
    except KeyError:
        if about is None or any(other.study_name != STUDY for other in held["storage"].get_all_studies()):
            raise ValueError(f"journal: expected one that a search has written, got {path.name}") from None
        held["directions"] = ["minimize"] * (1 + len(about["costs"]))
        study = optuna.create_study(**held, load_if_exists=True)
    begun = bool(study.get_trials(deepcopy=False))  # asked first: others may begin right now
    if ABOUT not in study.user_attrs:
        if about is None or begun:
            raise ValueError(f"journal: expected one that a search has written, got {path.name}")
        study.set_user_attr(ABOUT, dict(about))
    with undamaged(path.name):
        known = dict(study.user_attrs[ABOUT])
    for name, value in (about or {}).items():
        if known.get(name) != value:
            got = "others" if name == "data" else f"{known.get(name)!s:.150}, not {value!s:.150},"
            raise ValueError(
                f"journal: expected the same {name}, got {got} in {path.name}; take a new file for a new search"
            )
    return study


def sampler(seed: int) -> optuna.samplers.BaseSampler:
    """Tree-structured Parzen estimators (Bergstra et al., NeurIPS 2011), of each parameter on its own.

    So ranges may differ from trial to trial, and parameters be there in some trials only.
    """
    return optuna.samplers.TPESampler(seed=seed, multivariate=False)


def owner() -> list[Any]:
    """This process: a digest of the machine, as journals are passed on, and its number."""
    return [fingerprint(f"{platform.node()} {uuid.getnode()}".encode())[:12], os.getpid()]


def begun(study: optuna.Study) -> optuna.Trial:
    """A new trial, which says in its first line whose it is: ``study.ask`` leaves a moment in which its process may be killed."""
    own = optuna.trial.create_trial(state=TrialState.RUNNING, user_attrs={"process": owner()})
    return optuna.Trial(study, study._storage.create_new_trial(study._study_id, template_trial=own))


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Trials with a result, by number."""
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])


def fail_orphans(study: optuna.Study) -> None:
    """Marks trials as failed whose process, of this machine, has ended; those of others are none of our business."""
    machine, _ = owner()
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        theirs, pid = trial.user_attrs.get("process", (None, 0))
        if theirs == machine and os.name == "posix":  # elsewhere the next question would end the process
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                with contextlib.suppress(UpdateFinishedTrialError):  # another process was quicker
                    study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            except PermissionError:
                continue  # alive, and somebody else's
