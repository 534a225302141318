"""Whether a report that is asked for can be made: its data file, columns, temperature and θ, before a kernel starts."""

import contextlib
import dataclasses
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from .. import io
from ..descriptors import Descriptor, or_default, with_settings
from ..descriptors.forecast import number, species_of
from ..io.columns.choice import ROLES, Choice
from ..io.columns.roles import pair
from ..units import COLDEST, HOTTEST, counted, kelvins
from .parameters import FILES, ParameterError, check, defaults, spoken

#: A notebook with these parameters reports on a data file; others are not looked into.
ABOUT_DATA = frozenset({"data", "theta", "temperature"})

#: Parameters of the descriptor that are parameters of the report; where none is given, it is made smaller for many elements.
SETTINGS = ("cutoff", "n_max", "l_max")

#: Which landscape is shown first.
SHOWN = ("show_model", "show_plane", "show_loss")

#: Name → least and greatest value, and what it is.
LIMITS: dict[str, tuple[float, float, str]] = {
    "temperature": (COLDEST, HOTTEST, "a temperature in kelvin"),
    "folds": (2, 1000, "a whole number of parts to hold out"),
    "seed": (0, 2**32 - 1, "a seed"),
    "n": (3, 201, "a whole number of points along an axis"),
    "ridge": (0, 1e6, "the strength of a ridge"),
    "kl": (0, 1e12, "a weight in 1/Å²"),
    "energy": (0, 1e12, "a weight in 1/(eV² Å²)"),
}
WHOLE = ("folds", "seed", "n")


def asked(notebook: Path, parameters: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """The notebook's parameters with their defaults, and those that are given, checked as far as can be without a run.

    Raises:
        ParameterError: a name, a value or a file that does not fit, told in the words of the command line.
    """
    before = defaults(_content(notebook))
    try:
        given = check(
            parameters,
            before,
            notebook=notebook.name,
            texts=FILES.union(ROLES, ["units", "elements", "descriptor", "network", *SHOWN]),
        )
        request = Request(before | given)
        if before.keys() >= ABOUT_DATA:
            request.check()
    except ParameterError as error:
        raise ParameterError(spoken(str(error), before)) from error
    for hint in request.hints:
        warnings.warn(spoken(hint, before), stacklevel=2)
    return before, given


def from_environment(notebook: Path, given: Mapping[str, object]) -> dict[str, str]:
    """The parameters that are environment variables, names in upper case, unless they are given; a line tells of them."""
    names = {name.upper(): name for name in defaults(_content(notebook))}
    taken = {name.casefold() for name in given}
    found = {names[name]: value for name, value in os.environ.items() if name in names and value}
    found = {name: value for name, value in found.items() if name.casefold() not in taken}
    if found:
        print(f"report: from the environment: {', '.join(sorted(map(str.upper, found)))}", file=sys.stderr)
    return found


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        defaults(content)
        return content
    except FileNotFoundError:
        raise ParameterError(f"there is no notebook {path}") from None
    except (OSError, ValueError, SyntaxError, KeyError, TypeError) as error:
        raise ParameterError(f"{path} is no notebook that can be read ({error})") from error


@dataclasses.dataclass
class Request:
    """What is asked for, and what stands in its way.

    Attributes:
        given: the parameters of the report by name, those that were not given included.
        faults: a clause for each thing that is missing or wrong.
        hints: what is worth knowing, but stops nothing.
    """

    given: Mapping[str, Any]
    faults: list[str] = dataclasses.field(default_factory=list)
    hints: list[str] = dataclasses.field(default_factory=list)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, TypeError, OSError, MemoryError, ImportError) as error:
            self.faults.append(" ".join(str(error).split()) or f"{type(error).__name__} on reading")

    def check(self) -> None:
        """Looks for everything that is missing or wrong.

        Raises:
            ParameterError: all of it, in one sentence.
        """
        self._limits()
        with self._noting():
            self._descriptor()
        K = None
        opened = None
        with self._noting():
            opened = io.open(self.given["data"], elements=self.given.get("elements"))
        if opened is not None:
            with self._noting():
                K = self._columns(opened) if opened.fixed is None else self._fixed(opened)
            self._key(opened)
            self._network(opened)
        self._theta(K)
        if self.faults:
            raise ParameterError(
                "; ".join(dict.fromkeys(self.faults + self.hints))
            )  # the descriptor tells of its limits as well

    def _limits(self) -> None:
        for name, (least, greatest, what) in LIMITS.items():
            value = self.given.get(name)
            number = isinstance(value, Real) and not isinstance(value, bool)
            if value is None or (number and least <= value <= greatest and (name not in WHOLE or value == int(value))):
                continue
            self.faults.append(f"{name}: expected {what} from {least:.10g} to {greatest:.10g}, got {value!r}")

    def _network(self, opened: io.Opened) -> None:
        """A network needs structures, of which the Jacobian of descriptors is computed."""
        if (given := self.given.get("network")) is None:
            return
        if not re.fullmatch(r"\s*[1-9]\d{0,3}(\s*,\s*[1-9]\d{0,3})*\s*", str(given)):
            self.faults.append(f"network: expected units of its hidden layers, such as 32,32, got {given!r}")
        if opened.fixed is not None or opened.has_descriptors or self.choice.descriptors:
            self.faults.append(
                f"network: {opened.path.name} has descriptors of its own, without their Jacobian: leave it out, or give a file of "
                "structures"
            )

    def _descriptor(self) -> Descriptor | None:
        """The descriptor that is asked for; None leaves it to the reader."""
        return with_settings(self.given.get("descriptor"), **{name: self.given.get(name) for name in SETTINGS})

    @property
    def choice(self) -> Choice:
        """How the data file is read."""
        return Choice.among(self.given)

    def _temperature(self, stated: bool, opened: io.Opened) -> None:
        """Asks for a temperature where only some trajectories have one; where none has, θ_f does not need it."""
        if self.choice.temperature is None and not stated:
            several, key = opened.temperatures, "" if self.choice.key else "key= of what tells them apart, or "
            if several:
                said = f"states {kelvins(several)}: give {key}temperature=1200, say, in K"
                self.faults.append(f"{opened.path.name} {said}")
            else:
                self.hints.append(
                    f"{opened.path.name} states no temperature: the fit does not need it, but J and KL are divided by β² and "
                    "weights are left out; give temperature=1200, say, in K"
                )

    def _fixed(self, opened: io.Opened) -> int:
        self._temperature(None not in opened.stated_temperatures().values(), opened)
        data = opened.dataset(dataclasses.replace(self.choice, temperature=None), check=False)
        self._enough([len(t.energies) for t in data.values()], opened.path.name)
        return data.K

    def _enough(self, lengths: Sequence[int], file: str) -> None:
        """Whether a fit to what is not held out, the half of a single run, has the configurations it needs."""
        M, least = sum(lengths), 1 if self.given["theta"] else 2  # energies are fitted where there is no θ
        if M < 2 * least:
            why = "nothing can be held out" if M == 1 else "too few to hold some out and fit to the others"
            self.faults.append(f"{file} has {counted(M, 'configuration')}: {why}; give at least {2 * least}")
        elif len(lengths) > 1 and M - max(lengths) < least:
            left = f"{counted(M - max(lengths), 'configuration')} outside its longest trajectory"
            self.faults.append(f"{file} has {left}: too few to fit to when that is held out; give at least {least}")

    def _columns(self, opened: io.Opened) -> int | None:
        """K of the data, and what is missing in the file on the way there."""
        choice, roles = self.choice, ("energies", "forces")
        unknown = [name for name in roles if not getattr(choice, name) and not opened.guess(name)]
        if unknown == ["energies"] and not opened.choices("energies"):
            self.hints.append(f"{opened.path.name} has no energies: forces alone are fitted and compared")
            unknown = []
        for name in unknown:
            found = ", ".join(f"{name}={choice}" for choice in opened.choices(name))
            self.faults.append(
                f"{opened.path.name} has no {name} by a usual name: give {found or f'a file with {name}'}"
            )
        if unknown:
            self._temperature(len(opened.temperatures) == 1, opened)
            return None
        frames = opened.frames(dataclasses.replace(choice, temperature=None))
        self._temperature(all(f.temperature is not None for f in frames), opened)
        self._enough([len(f.n_atoms) for f in frames], opened.path.name)
        if choice.descriptors or choice.force_descriptors or opened.has_descriptors:
            return frames[0].columns[pair(frames[0].columns, choice)[0]].shape[1]
        if choice.gradient:
            raise ValueError(f"gradient: {opened.path.name} has no column of force descriptors to negate; leave it out")
        if any(f.numbers is None or f.positions is None for f in frames):
            return None  # told on reading
        descriptor = or_default(self._descriptor(), species_of(frames), 3 * opened.atoms)
        return number(descriptor, frames, opened.path)

    def _key(self, opened: io.Opened) -> None:
        if self.choice.key is None and opened.trajectories == 1:
            for name, count in list(opened.likely_keys().items())[:1]:
                self.hints.append(f"`{name}` has {count} values: key={name} tells the runs apart")

    def _theta(self, K: int | None) -> None:
        if not self.given["theta"]:
            return
        with self._noting():
            found = io.read_theta(self.given["theta"]).K
            if K is not None and found != K:
                raise ValueError(f"theta: expected the K = {K} parameters of {self.given['data']}, got {found}")
