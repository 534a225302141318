"""What fits the choices of a file, and what must be asked of the person, by the names of the choices."""

from collections.abc import Sequence

from .. import io
from ..io.columns.choice import OPTIONS, ROLES, Choice
from ..units import kelvins
from .states import ONE_RUN
from .words import LABELS

#: What can be asked for, in words.
ASKED = {"elements": "elements of types"} | {
    name: LABELS[name].partition(",")[0].lower()
    for name, option in OPTIONS.items()
    if option.metadata["what"] != "flag"
}
#: Role → the roles whose columns narrow what fits it.
_NARROWED = {"force_descriptors": ("forces",), "descriptors": ("forces", "force_descriptors")}
#: Role → the columns that fit, and the one that is taken, or an empty name.
Fitting = dict[str, tuple[tuple[str, ...], str]]


def fitting_of(opened: io.Opened, choice: Choice) -> Fitting:
    """What fits each role, and what is taken: the choice, else the usual column or the only one, else nothing yet."""
    found: Fitting = {}
    for role in reversed(ROLES):  # forces before force descriptors before descriptors
        narrowed = {other: found[other][1] or None for other in _NARROWED.get(role, ())}
        offered = opened.choices(role, **narrowed)
        only = offered[0] if len(offered) == 1 else ""
        if role == "key" and offered:
            offered, only = (ONE_RUN, *offered), "" if opened.likely_keys() else ONE_RUN
        value = getattr(choice, role) or opened.guess(role, **narrowed) or only
        found[role] = offered, value if value in offered else ""
    return found


def missing_of(opened: io.Opened, fitting: Fitting, choice: Choice) -> dict[str, str]:
    """Every question that the person must answer, by the name of the choice."""
    asked, likely = {}, opened.likely_keys()
    own = opened.has_descriptors or fitting["force_descriptors"][1]  # or they are computed
    for role in ("forces", "energies", *(("force_descriptors", "descriptors") if own else ())):
        offered, value = fitting[role]
        if len(offered) > 1 and not (value or getattr(choice, role)):
            asked[role] = f"Several columns could be the {ASKED[role]}: {', '.join(offered)}. Choose one."
    key = choice.key or fitting["key"][1]
    if likely and not key:
        several = " and ".join(f"{name} has {values} values" for name, values in likely.items())
        asked["key"] = f"{several}. Choose what names the trajectories, or “{ONE_RUN}”."
        key = next(iter(likely))
    if choice.temperature is None:
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
