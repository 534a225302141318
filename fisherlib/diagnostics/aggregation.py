"""One verdict from the verdicts of many trajectories: the worst of them, naming the trajectories that share it."""

import dataclasses

import numpy as np

from .verdict import LEVELS, Verdict

#: Trajectories that are named one by one under each kind of finding.
NAMED = 5

_RATIOS = ("canonical ratio", "temperature by forces")

#: How the number of a trajectory is shown beside a worse one with the same finding.
_NUMBERS = {
    "canonical ratio": "{:.2g} times a harmonic crystal",
    "autocorrelation": "{:.3f}",
    "drift": "{:+.3g} eV",
    "outliers": "{:.0f} robust standard deviations",
    "frozen configurations": "{:.0f} of its own",
    "temperature by forces": "{:.2f} times",
}


def worst(entries: list[tuple[str, Verdict]]) -> Verdict:
    """The worst verdict of one kind, with one sentence for each finding that names its trajectories.

    Trajectories that could not be judged are named last. They decide only if none could be judged.

    Args:
        entries: (name of the trajectory, its verdict), at least one.
    """
    entries = sorted(entries, key=lambda entry: _severity(entry[1]), reverse=True)
    judged = [entry for entry in entries if entry[1].level != "unknown"]
    told = [entry for entry in judged if entry[1].level != "ok"]
    key, top = (judged or entries)[0]
    if not judged and all(verdict.message == top.message for _, verdict in entries):
        return top  # there is no need to name them all
    found: dict[str, list[tuple[str, Verdict]]] = {}
    for entry in told:
        found.setdefault(_direction(entry[1]), []).append(entry)
    for entry in entries[len(judged) :]:
        found.setdefault(entry[1].message, []).append(entry)
    sentences = [_sentence(alike) for alike in found.values()]
    if top.level == "ok":
        where = f" (furthest off in {key})" if len(judged) > 1 and abs(top.value) > 0 else ""
        sentences.insert(0, top.message + where)
    return dataclasses.replace(top, message=". ".join(sentences))


def _sentence(alike: list[tuple[str, Verdict]]) -> str:
    """The message of the first trajectory, then the names and numbers of the others."""
    (key, first), others = alike[0], alike[1:NAMED]
    if not key:
        return first.message
    more = f" and {len(alike) - NAMED} more" if len(alike) > NAMED else ""
    if first.level == "unknown":
        return f"Not judged: {', '.join([key, *(key for key, _ in others)])}{more}: {first.message}"
    named = ", ".join(f"{key} ({_NUMBERS[v.name].format(v.value)})" for key, v in others)
    return f"{key}: {first.message}" + (f"; likewise {named}{more}" if others else "")


def _severity(verdict: Verdict) -> tuple[int, float]:
    """Sort key: the level (unknown lowest), then the size of the value."""
    value = verdict.value
    if verdict.level == "unknown":
        return -1, 0.0
    if verdict.name in _RATIOS:
        value = np.log(value) if value > 0 else np.inf
    return LEVELS.index(verdict.level), abs(value)


def _direction(verdict: Verdict) -> str:
    """Too much, too little or none: findings of one direction share a sentence."""
    value = verdict.value
    if value == 0:
        return "none"
    return "up" if value > (1.0 if verdict.name in _RATIOS else 0.0) else "down"
