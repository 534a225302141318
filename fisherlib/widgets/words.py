"""Rewrites messages of the library for a page: they name arguments, and a page has labelled controls."""

import re

from ..io.columns.choice import OPTIONS

#: The label of each choice on the page of files.
LABELS = {name: option.metadata["label"] for name, option in OPTIONS.items()}
_ADVICE = (
    (r"(?:read it with|take) gradient=True", f"tick “{LABELS['gradient']}”"),
    (
        r"take (?:smaller \w+=|another descriptor).*",
        "these are too few atoms: add configurations, or choose fewer descriptors",
    ),
    (r"give temperature=(?: in kelvin)?", f"fill in “{LABELS['temperature']}”"),
    (r"can be subtracted by subtract_isolated=True", f"are subtracted if you tick “{LABELS['subtract_isolated']}”"),
    (r"(?:say what holds by|leave) units=(?: out)?", f"see to “{LABELS['units']}”"),
    (r"\bunits='([^']*)'", rf"“{LABELS['units']}” \1"),
    (r"give elements=\([^)]*\), one for each type, or ", ""),
    (r"give elements=\([^)]*\)", "fill in “Elements of types”"),
    (r"as units= says", f"as “{LABELS['units']}” says"),
    (r", or leave such configurations out by on_bad='drop'", ""),
    (r"take key='([^']*)'", rf"choose \1 as “{LABELS['key']}”"),
    (r"name (?:it|one|another) by (\w+)=", r"choose it as “\1”"),
    (r"name (?:them|those that belong together) by (\w+)= and (\w+)=", r"choose them as “\1” and “\2”"),
)


def on_page(sentence: str) -> str:
    """A message of the library that names the controls of the page instead of arguments."""
    for pattern, words in _ADVICE:
        sentence = re.sub(pattern, words, sentence)
    return re.sub(r"“(\w+)”", lambda found: f"“{LABELS.get(found[1], found[1])}”", sentence)
