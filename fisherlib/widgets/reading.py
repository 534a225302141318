"""A file as far as it can be read: its data and their study, or what is missing or stands in the way."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import diagnostics, io
from ..cluster.datasets import OnEngine, threaded
from ..dataset import Dataset
from ..descriptors import Descriptor, from_text
from ..diagnostics import Verdict
from ..io.columns.choice import GUESSED, ROLES, Choice
from ..io.columns.sources import mixed
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from ..progress import Progress
from ..study import Study
from ..units import beta
from . import atom_types
from .questions import ASKED, Fitting, fitting_of, missing_of
from .states import NONE, ONE_RUN
from .words import on_page
from .work import Cancelled


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """What all pages speak of: a study, or a file, why there is none of it, and what to do on the page of files."""

    study: Study | None = None
    file: str = ""
    reason: str = "no file is chosen"
    way: str = "Choose a file"


@dataclasses.dataclass(kw_only=True)
class Reading:
    """What was read, up to what stood in the way: selectors need the columns in either case.

    Attributes:
        path: of the file.
        choice: what was asked for, and once data are read, what was taken.
        descriptor: to compute where the file has none, in words; empty for the default.
        elements: symbols of types, as the person gave them.
        nameless: types of atoms whose symbols nobody has given yet.
        fitting: what fits each role, and what is taken.
        questions: what is missing or wrong, by the name of the choice.
        left_out: why θ is not among the models.
        doubt: what speaks against a θ that is among them, as the person chose it for these data.
    """

    path: str
    choice: Choice = GUESSED
    descriptor: str = ""
    elements: str = ""
    nameless: int = 0
    opened: io.Opened | None = None
    fitting: Fitting = dataclasses.field(default_factory=dict)
    questions: dict[str, str] = dataclasses.field(default_factory=dict)
    data: Dataset | None = None
    moments: Moments | None = None
    health: list[Verdict] = dataclasses.field(default_factory=list)
    given: LinearPotential | None = None
    left_out: str = ""
    doubt: str = ""
    study: Study | None = None
    error: Exception | None = None

    def words(self, sentence: str) -> str:
        """A sentence of the library in the words of the page."""
        return on_page(sentence)

    @property
    def own_descriptors(self) -> bool:
        """Whether descriptors are columns of the file; else they are computed."""
        return self.opened is not None and (self.opened.has_descriptors or bool(self.fitting["force_descriptors"][1]))

    def expected(self, descriptor: Descriptor | None) -> str:
        """What a descriptor takes, in a sentence; nothing where that cannot be said yet.

        Raises:
            ValueError, ImportError: it cannot be computed for this file.
        """
        if self.opened is None or self.own_descriptors or self.questions.keys() - {"temperature"}:
            return ""
        if self.data is not None and descriptor == (from_text(self.descriptor) if self.descriptor else None):
            known = self.data.provenance["descriptor"]
            return f"{known['name']} with K = {self.data.K} descriptors, computed."
        try:
            told = self.opened.forecast(_filled(self), descriptor=descriptor)
            if descriptor is not None:
                descriptor(self.opened.stored[0].take("first", [0]).atoms())  # a library may be missing
        except ValueError as error:
            raise ValueError(self.words(str(error))) from error
        return f"{told}."

    def offers(self, flag: str) -> bool:
        """Whether a flag of the choice means anything for the file."""
        if flag == "gradient":
            return self.own_descriptors
        if flag == "subtract_isolated":
            return self.data is not None and "isolated_atoms" in self.data.provenance
        names = [] if self.opened is None else [column.name.lower() for column in self.opened.columns]
        return any(word in name for name in names for word in ("stress", "virial"))

    @property
    def refusal(self) -> Exception | None:
        """Why there is no study, or None."""
        about = str(self.error).partition(":")[0]
        missing = [words for name, words in ASKED.items() if name in self.questions and name != about]
        if missing:
            told = f"{self.error}; besides, " if self.error is not None else ""
            return ValueError(f"{told}{' and '.join(missing)} missing")
        if self.error is not None:
            return self.error
        failed = [entry.message for entry in self.health if entry.level == "fail"]
        return ValueError(" ".join(failed)) if failed else None


def reading_of(
    path: str,
    previous: Reading | None,
    theta: str,
    choice: Choice,
    progress: Progress,
    *,
    wanted: bool = True,
    descriptor: str = "",
    elements: str = "",
    seen: Callable[[Reading], None] | None = None,
) -> Reading:
    """Opens a file, asks for what is missing before anything is computed, and makes the study.

    Args:
        path: of the file.
        previous: what was read before; what it holds of the same file and choices is not read again.
        theta: file of parameters, or ``NONE``.
        choice: how the file is read.
        progress: called with (done, in all).
        wanted: whether the person chose θ for this file; one that stands there from another is left out at any doubt.
        descriptor: to compute where the file has none, as ``from_text`` takes it; empty for the default.
        elements: symbols of types, for a file that only numbers them.
        seen: called with what is read before anything is computed.
    """
    reading = Reading(path=path, choice=choice, descriptor=descriptor, elements=elements.strip())
    try:
        same = previous if previous is not None and previous.path == path else None
        if same is not None and same.opened is not None and same.elements == reading.elements:
            opened, reading.nameless = same.opened, same.nameless
        else:
            opened, reading.nameless = atom_types.opened(path, reading.elements)
        reading.opened = opened
        reading.fitting = fitting_of(opened, choice)
        reading.questions = missing_of(opened, reading.fitting, choice) | atom_types.question(reading.nameless)
        if not reading.nameless and not reading.questions.keys() & {*ROLES} - {
            "key"
        }:  # what no answer would mend is told with the questions
            opened.check(_filled(reading), descriptor=_described(reading))
        if choice.temperature is not None:
            beta(choice.temperature)  # refuses what is no temperature
        if not reading.questions:
            reading.choice = _filled(reading)
            if seen is not None:
                seen(reading)
            data, moments = _data(reading, opened, same, progress)
            reading.data, reading.moments = data, moments
            _take_theta(reading, data, theta, wanted)
            if reading.refusal is None:
                reading.study = Study(data, given=reading.given, moments=moments)
    except Cancelled:
        raise
    except Exception as error:  # noqa: BLE001  put into words when everything else is shown
        reading.error = error if (told := reading.words(str(error))) == str(error) else ValueError(told)
        if (name := told.partition(":")[0]) in ASKED:  # sentences begin with the argument they are about
            reading.questions[name] = told
    return reading


def _filled(reading: Reading) -> Choice:
    """What was chosen, with what is taken where nothing was."""
    taken: dict[str, Any] = {
        role: getattr(reading.choice, role) or value or None for role, (_, value) in reading.fitting.items()
    }
    taken["key"] = None if taken["key"] == ONE_RUN else taken["key"]
    return dataclasses.replace(reading.choice, **taken)


def _described(reading: Reading) -> Descriptor | None:
    """The descriptor to compute; None for the default, and where the file has its own."""
    return from_text(reading.descriptor) if reading.descriptor and not reading.own_descriptors else None


def _data(reading: Reading, opened: io.Opened, same: Reading | None, progress: Progress) -> tuple[Dataset, Moments]:
    chosen = reading.choice, reading.descriptor
    if (
        same is not None
        and same.data is not None
        and same.moments is not None
        and (same.choice, same.descriptor) == chosen
    ):
        return same.data, same.moments
    taken = _described(reading)
    engine = None if taken is None or threaded(taken) else OnEngine()  # all cores, where one call takes one
    data = opened.dataset(reading.choice, descriptor=taken, computing=engine, check=False, progress=progress)
    return data, accumulate(data, progress=progress)


def _take_theta(reading: Reading, data: Dataset, theta: str, wanted: bool) -> None:
    """Takes θ if it belongs to the data; says why it is left out if not."""
    if theta != NONE:
        try:
            _compare_with(reading, data, io.read_theta(theta, name="θ (given)"), Path(theta).name, wanted)
        except Exception as error:  # noqa: BLE001  the data are good without it
            reading.left_out = f"{reading.words(str(error))}; left out"
    if reading.given is None:
        reading.health = _health(reading, data, None)


def _compare_with(reading: Reading, data: Dataset, given: LinearPotential, name: str, wanted: bool) -> None:
    if given.K != data.K:
        reading.left_out = f"{name} has {given.K} parameters, the data {data.K}: left out"
        return
    health = _health(reading, data, given)
    unfit = [entry.message for entry in health if entry.level == "fail" or entry.name == "descriptor of θ"]
    doubt = [entry.message for entry in health if entry.name == "sign by θ" and entry.level == "warn"]
    if unfit or (doubt and not wanted):
        reading.left_out = f"{name} is left out: {' '.join(unfit or doubt)}"
    else:
        reading.given, reading.health, reading.doubt = given, health, " ".join(doubt)


def _health(reading: Reading, data: Dataset, given: LinearPotential | None) -> list[Verdict]:
    found = _notes(data) + diagnostics.health(data, theta=given, moments=reading.moments)
    return [dataclasses.replace(entry, message=reading.words(entry.message)) for entry in found]


def _notes(data: Dataset) -> list[Verdict]:
    """What was done to the columns that were taken."""
    columns = data.provenance.get("columns", {})
    doubt = mixed(columns.get("energies"), columns.get("forces"))  # the only ones are taken without a question
    notes = [*data.provenance.get("notes", []), *([doubt] if doubt else [])]
    limits = (0.0, 0.0)
    return (
        [Verdict(name="columns", level="warn", message=". ".join(notes), value=float(len(notes)), limits=limits)]
        if notes
        else []
    )
