"""Descriptors of θ and of data: whether their number, their names and their settings agree."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..arguments import kind
from ..dataset import Dataset, Trajectory, stated, symbol

#: What to do about descriptors that differ.
SAME = "θ and the data must use the same descriptor with the same settings"


def refuse_other_names(potential: str, K: int, names: Sequence[str], data: Dataset | Trajectory) -> None:
    """Refuses data with another number of descriptors than a potential, or with other names if both are known.

    Args:
        potential: its name, for the error message.
        K: its number of descriptors.
        names: of its descriptors, or none.
        data: to be predicted.

    Raises:
        TypeError: neither a dataset nor a trajectory.
        ValueError: other descriptors.
    """
    kind("data", data, (Dataset, Trajectory), "model.energies(io.read(path))")
    if data.K != K:
        raise ValueError(f"data: expected K = {K} descriptors for the potential {potential!r}, got {data.K}; {SAME}")
    pairs = zip(names, stated(data.descriptor_names), strict=False)
    if other := next((pair for pair in pairs if pair[0] != pair[1]), None):
        raise ValueError(
            f"data: expected the descriptors of the potential {potential!r}, such as {other[0]!r}, got others, {other[1]!r} in "
            f"its place; {SAME}"
        )


def refuse_other_elements(potential: str, fitted: Sequence[str], data: Dataset | Trajectory) -> None:
    """Refuses data with elements that a potential was not fitted to; descriptors that are the same for all would give a number.

    Args:
        potential: its name, for the error message.
        fitted: symbols of the elements it was fitted to; none if they are not known.
        data: to be predicted.

    Raises:
        ValueError: another element.
    """
    if fitted and (others := [symbol(z) for z in data.elements if symbol(z) not in fitted]):
        raise ValueError(
            f"data: expected elements that the potential {potential!r} was fitted to, {', '.join(fitted)}, got {', '.join(others)}; "
            "fit it to data that have them"
        )


#: Entries of a descriptor's provenance that are not settings.
_NO_SETTINGS = ("name", "library", "K")
#: Names that readers and databases give to descriptors whose settings are not in the file.
_UNNAMED = ("from the file", "not stated")


def settings_of(of: object) -> Mapping[str, Any]:
    """The descriptor in the provenance of data or of a potential, and the reference that was taken off; empty if there is none."""
    about = getattr(of, "provenance", {})
    descriptor, reference = (about.get(name) for name in ("descriptor", "reference"))
    known = descriptor if isinstance(descriptor, Mapping) else {}
    return {**known, "reference": reference} if reference else known


def other_settings(ours: Mapping[str, Any], its: Mapping[str, Any]) -> list[str]:
    """Names of the settings in which two descriptors differ, "reference" for what was taken off; none if one is not known."""
    if ours and its and _value(ours.get("reference")) != _value(its.get("reference")):
        return ["reference"]
    names = [descriptor.get("name", _UNNAMED[0]) for descriptor in (ours, its)]
    if names[0] in _UNNAMED or names[1] in _UNNAMED:
        return []
    both = [name for name in ours if name in its and name not in _NO_SETTINGS]
    other = [name for name in both if _value(ours[name]) != _value(its[name])]
    return other or ([] if names[0] == names[1] else ["name"])


def _value(setting: object) -> object:
    return list(setting) if isinstance(setting, tuple) else setting  # as JSON gives it back


def descriptor_words(descriptor: Mapping[str, Any]) -> str:
    """A descriptor with its settings, in words."""
    if not descriptor:
        return "one that is not known"
    settings = ", ".join(f"{name} {value}" for name, value in descriptor.items() if name not in _NO_SETTINGS)
    K = f"K = {descriptor['K']}" if "K" in descriptor else ""
    details = ", ".join(filter(None, (settings, K)))
    return f"{descriptor.get('name', 'one without a name')}{f' ({details})' if details else ''}"
