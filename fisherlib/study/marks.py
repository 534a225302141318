"""A number for each model, which gives it one colour and one symbol in all figures, tables and pages."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

#: Numbers of the usual models, kept for them: they look alike in every study and every notebook.
USUAL = MappingProxyType({"θ_f": 0, "θ (given)": 1, "Fisher + KL": 2, "energy fit": 3})
#: What may stand behind the name of a model where more of it is drawn.
ENDINGS = (", held out", " (reference)")


def numbered(names: Iterable[str], known: Mapping[str, int] = MappingProxyType({})) -> dict[str, int]:
    """Name → number of its model; a model that is not known gets the lowest free one.

    Args:
        names: of models, in order; "θ_f, held out" is θ_f.
        known: numbers that are given already, such as those of a study.

    Example:
        >>> numbered(["θ_f, held out", "mine", "Fisher + KL", "yours"], known={"yours": 4})
        {'θ_f, held out': 0, 'mine': 5, 'Fisher + KL': 2, 'yours': 4}
    """
    models = {name: name.removesuffix(ending(name)) for name in names}
    told = {**USUAL, **known}
    for model in models.values():
        told.setdefault(model, min({*range(len(told) + 1)} - {*told.values()}))
    return {name: told[model] for name, model in models.items()}


def ending(name: str) -> str:
    """Which of ``ENDINGS`` a name has; empty for the name of a model.

    >>> ending("θ_f, held out"), ending("θ_f")
    (', held out', '')
    """
    return next((each for each in ENDINGS if name.endswith(each)), "")
