"""A file as far as it can be read: its data and their study, or what is missing or stands in the way."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import diagnostics, io
from ..dataset import Dataset
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from ..progress import Progress
from ..study import Study
from ..units import beta, kelvins
from .states import NONE, ONE_RUN
from .words import on_page
from .work import Cancelled

#: The columns of a file that are chosen, and how ``io.open`` calls them.
ROLES = ("forces", "force_descriptors", "descriptors", "energies", "key")
#: What can be asked for, in words.
ASKED = {name: name.replace("_", " ") for name in ("temperature", *ROLES)} | {"key": "key of trajectories"}
#: Role → the columns that fit, and the one that is taken, or an empty name.
Fitting = dict[str, tuple[tuple[str, ...], str]]


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
        chosen: columns, temperature and sign that were asked for; None where nothing was chosen.
        fitting: what fits each role, and what is taken.
        questions: what is missing or wrong, by the name of the choice.
        left_out: why θ is not among the models.
        doubt: what speaks against a θ that is among them, as the person chose it for these data.
    """

    path: str
    chosen: Mapping[str, object]
    opened: "io.Opened | io.Complete | None" = None
    fitting: Fitting = dataclasses.field(default_factory=dict)
    questions: dict[str, str] = dataclasses.field(default_factory=dict)
    data: Dataset | None = None
    moments: Moments | None = None
    health: list = dataclasses.field(default_factory=list)
    given: LinearPotential | None = None
    left_out: str = ""
    doubt: str = ""
    study: Study | None = None
    error: Exception | None = None

    def words(self, sentence: str) -> str:
        """A sentence of the library in the words of the page."""
        return on_page(sentence, computed=self.opened is not None and not self.own_descriptors)

    @property
    def own_descriptors(self) -> bool:
        """Whether descriptors are columns of the file; else they are computed."""
        return self.opened.has_descriptors or bool(self.fitting["force_descriptors"][1])

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
        failed = _failed(self.health)
        return ValueError(" ".join(failed)) if failed else None


def read(
    path: str,
    previous: Reading | None,
    theta: str,
    chosen: Mapping[str, object],
    progress: Progress,
    *,
    wanted: bool = True,
) -> Reading:
    """Opens a file, asks for what is missing before anything is computed, and makes the study.

    Args:
        path: of the file.
        previous: what was read before; what it holds of the same file and choices is not read again.
        theta: file of parameters, or ``NONE``.
        chosen: for ``Opened.dataset``; None where nothing is chosen.
        progress: called with (done, in all).
        wanted: whether the person chose θ for this file; one that stands there from another is left out at any doubt.
    """
    reading = Reading(path=path, chosen=dict(chosen))
    try:
        same = previous is not None and previous.path == path and previous.opened is not None
        reading.opened = previous.opened if same else io.open(path)
        reading.fitting = _fitting(reading.opened, chosen)
        reading.questions = _missing(reading.opened, reading.fitting, chosen)
        _refuse_hopeless(reading)
        if chosen["temperature"] is not None:
            beta(chosen["temperature"])  # refuses what is no temperature
        if not reading.questions:
            _take_data(reading, previous if same else None, progress)
            _take_theta(reading, theta, wanted)
            if reading.refusal is None:
                reading.study = Study(reading.data, given=reading.given, moments=reading.moments)
    except Cancelled:
        raise
    except Exception as error:  # noqa: BLE001  put into words when everything else is shown
        reading.error = error if (told := reading.words(str(error))) == str(error) else ValueError(told)
        if (name := told.partition(":")[0]) in ASKED:  # sentences begin with the argument they are about
            reading.questions[name] = told
    return reading


def _refuse_hopeless(reading: Reading) -> None:
    """What no answer would mend is told together with the questions."""
    roles = ("forces", "energies", "descriptors", "force_descriptors")
    if not reading.questions.keys() & {*roles}:
        reading.opened.check(**{role: reading.chosen[role] or reading.fitting[role][1] or None for role in roles})


def _take_data(reading: Reading, previous: Reading | None, progress: Progress) -> None:
    taken = {role: reading.chosen[role] or value or None for role, (_, value) in reading.fitting.items()}
    taken["key"] = None if taken["key"] == ONE_RUN else taken["key"]
    reading.chosen = {**reading.chosen, **taken}
    if previous is not None and previous.data is not None and previous.chosen == reading.chosen:
        reading.data, reading.moments = previous.data, previous.moments
        return
    reading.data = reading.opened.dataset(**reading.chosen, check=False, progress=progress)
    reading.moments = accumulate(reading.data, progress=progress)


def _take_theta(reading: Reading, theta: str, wanted: bool) -> None:
    """Takes θ if it belongs to the data; says why it is left out if not."""
    if theta != NONE:
        try:
            _compare_with(reading, io.read_theta(theta, name="θ (given)"), Path(theta).name, wanted)
        except Exception as error:  # noqa: BLE001  the data are good without it
            reading.left_out = f"{reading.words(str(error))}; left out"
    if reading.given is None:
        reading.health = _health(reading, None)


def _compare_with(reading: Reading, given: LinearPotential, name: str, wanted: bool) -> None:
    if given.K != reading.data.K:
        reading.left_out = f"{name} has {given.K} parameters, the data {reading.data.K}: left out"
        return
    health = _health(reading, given)
    unfit = [entry.message for entry in health if entry.level == "fail" or entry.name == "descriptor of θ"]
    doubt = [entry.message for entry in health if entry.name == "sign by θ" and entry.level == "warn"]
    if unfit or (doubt and not wanted):
        reading.left_out = f"{name} is left out: {' '.join(unfit or doubt)}"
    else:
        reading.given, reading.health, reading.doubt = given, health, " ".join(doubt)


def _health(reading: Reading, given: LinearPotential | None) -> list:
    found = diagnostics.health(reading.data, theta=given, moments=reading.moments)
    return [dataclasses.replace(entry, message=reading.words(entry.message)) for entry in found]


def _failed(health: list) -> list[str]:
    return [entry.message for entry in health if entry.level == "fail"]


def _fitting(opened: "io.Opened | io.Complete", chosen: Mapping[str, object]) -> Fitting:
    """What fits each role, and what is taken: the choice, else the usual column or the only one, else nothing yet."""
    found: Fitting = {}
    for role in ROLES:
        needed = {"force_descriptors": ("forces",), "descriptors": ("forces", "force_descriptors")}.get(role, ())
        narrowed = {other: found[other][1] or None for other in needed}
        offered = opened.choices(role, **narrowed)
        only = offered[0] if len(offered) == 1 else ""
        if role == "key" and offered:
            offered, only = (ONE_RUN, *offered), "" if opened.likely_keys() else ONE_RUN
        value = chosen[role] or opened.guess(role, **narrowed) or only
        found[role] = offered, value if value in offered else ""
    return found


def _missing(opened: "io.Opened | io.Complete", fitting: Fitting, chosen: Mapping[str, object]) -> dict[str, str]:
    """Every question that the person must answer, by the name of the choice."""
    asked, likely = {}, opened.likely_keys()
    own = opened.has_descriptors or fitting["force_descriptors"][1]  # or they are computed
    for role in ("forces", "energies", *(("force_descriptors", "descriptors") if own else ())):
        offered, value = fitting[role]
        if len(offered) > 1 and not (value or chosen[role]):
            asked[role] = f"Several columns could be the {ASKED[role]}: {', '.join(offered)}. Choose one."
    key = chosen["key"] or fitting["key"][1]
    if likely and not key:
        several = " and ".join(f"{name} has {values} values" for name, values in likely.items())
        asked["key"] = f"{several}. Choose what names the trajectories, or “{ONE_RUN}”."
        key = next(iter(likely))
    if chosen["temperature"] is None:
        stated = opened.stated_temperatures(None if key in ("", ONE_RUN) else key)
        if None in stated.values():
            asked["temperature"] = _no_temperature(opened.temperatures, bool(fitting["key"][0]))
    return asked


def _no_temperature(stated: Sequence[float], keys: bool) -> str:
    if not stated:
        return "The file states none. Fill it in and press Enter."
    if len(stated) == 1:
        return f"The file states {kelvins(stated)}, but not for all. Fill it in and press Enter."
    key = "choose a key that tells them apart, or " if keys else ""
    return f"The file states {kelvins(stated)}: {key}fill in one for all and press Enter."
