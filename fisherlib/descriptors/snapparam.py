"""Settings of SNAP as LAMMPS's pair_style snap reads them: the .snapparam, and radius and weight of each element."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from ..dataset import Array
from .kinds import from_parameters
from .snap import Snap

#: Parameter → keyword, and what LAMMPS takes where the keyword is missing; None where it must stand.
_KEYWORDS = {
    "rcutfac": ("rcutfac", None),
    "two_j": ("twojmax", None),
    "rfac0": ("rfac0", 0.99363),
    "rmin0": ("rmin0", 0.0),
    "switch": ("switchflag", True),
    "bzero": ("bzeroflag", True),
    "quadratic": ("quadraticflag", False),
    "chem": ("chemflag", False),
    "bnorm": ("bnormflag", False),
    "wself_all": ("wselfallflag", False),
}
#: Keywords that do not change the values, or only by another number than this.
_NO_MATTER = {"chunksize": None, "parallelthresh": None, "diagonalstyle": 3, "switchinnerflag": 0}


def snap_text(parameters: Mapping[str, Any]) -> str:
    """The ``.snapparam`` of a descriptor with these parameters.

    Raises:
        ValueError: they are not of SNAP.

    >>> snap_text(Snap(rcutfac=4.6).parameters).splitlines()[1:3]
    ['rcutfac 4.6', 'twojmax 6']
    """
    snap = _snap(parameters)
    values = {word: getattr(snap, name) for name, (word, _) in _KEYWORDS.items()}
    rows = [f"{word} {int(value) if isinstance(value, bool) else value!r}" for word, value in values.items()]
    return "\n".join(["# SNAP parameters written by fisherlib UNITS: metal", *rows]) + "\n"


def radii_and_weights(parameters: Mapping[str, Any], symbols: Sequence[str]) -> tuple[list[float], list[float]]:
    """Those of a descriptor of SNAP with these parameters, for each element.

    Raises:
        ValueError: they are not of SNAP, or there is none for an element.
    """
    return _snap(parameters).of_elements([atomic_numbers[symbol] for symbol in symbols])


def shared_equally(theta: Array, parameters: Mapping[str, Any], symbols: Sequence[str]) -> Array:
    """The same potential with equal coefficients for equal descriptors, which the forces of ``pair_style snap`` take for granted.

    Explicit components B(j₁a, j₂b, jc) are equal where two of the bands are, and their elements change places: forces by
    the adjoint Y (Thompson et al. 2015, with the multiplicity of 2 or 3) are those of the energies for equal θ only.

    Args:
        theta: (K,).
        parameters: of the descriptor.
        symbols: of the elements, in the order of their blocks.
    """
    snap = _snap(parameters)
    if not snap.chem:
        return theta
    kinds = [
        tuple(sorted(zip(band.split(","), triple, strict=True)))
        for triple in itertools.product(symbols, repeat=3)
        for band in snap.bands()
    ]
    _, group = np.unique([str(kind) for kind in kinds], return_inverse=True)
    same = group[:, None] == group
    mean, L = same / same.sum(axis=1), len(kinds)
    blocks, upper = theta.reshape(len(symbols), -1), np.triu_indices(L)
    shared = blocks[:, :L] @ mean
    if not snap.quadratic:
        return shared.ravel()
    A = np.zeros((len(symbols), L, L))
    A[:, *upper] = blocks[:, L:]
    A = np.triu(A, 1).swapaxes(1, 2) + A
    return np.concatenate([shared, (mean @ A @ mean)[:, *upper]], axis=1).ravel()


def _snap(parameters: Mapping[str, Any]) -> Snap:
    snap = from_parameters(parameters) if parameters.get("name") == Snap().parameters["name"] else None
    if not isinstance(snap, Snap):
        raise ValueError(
            f"model: expected a potential of SNAP, got one of {parameters.get('name', 'descriptors that are not known')}; name "
            "element, radius and weight if its descriptors are LAMMPS's all the same"
        )
    return snap


def read_snap(
    rows: Iterable[tuple[int, str]], *, name: str, radii: Mapping[str, float], weights: Mapping[str, float]
) -> tuple[dict[str, Any], list[int]]:
    """The parameters that the lines of a ``.snapparam`` stand for, and where each coefficient of a ``.snapcoeff`` belongs.

    Args:
        rows: number and text of each line.
        name: of the file, for error messages.
        radii, weights: by symbol, in the order of the ``.snapcoeff``.

    Returns:
        parameters of the descriptor with "descriptor_names", in the order of atomic numbers that datasets have, and for each
        name its place among the coefficients of the file without the constants.

    Raises:
        ValueError: a keyword that is not known, not of a number, missing, or of a kind that is not computed here.
    """
    given: dict[str, float] = {}
    for number, line in rows:
        words = line.partition("#")[0].split()
        for keyword, word in itertools.zip_longest(words[::2], words[1::2], fillvalue=""):
            try:
                given[keyword] = float(word)
            except ValueError:
                raise ValueError(f"{name}: expected a number in line {number}, got {line.strip()!r:.40}") from None
    for keyword, value in given.items():
        if keyword not in {word for word, _ in _KEYWORDS.values()} | set(_NO_MATTER):
            raise ValueError(f"{name}: expected keywords of pair_style snap, such as rcutfac, got {keyword!r:.30}")
        if _NO_MATTER.get(keyword) not in (None, value):
            raise ValueError(f"{name}: expected {keyword} {_NO_MATTER[keyword]}, got {value:g}")
    settings: dict[str, Any] = {}
    for parameter, (keyword, default) in _KEYWORDS.items():
        if (found := given.get(keyword, default)) is None:
            raise ValueError(f"{name}: expected {keyword}, got none; the file is damaged")
        settings[parameter] = bool(found) if isinstance(default, bool) else found
    if settings["two_j"] == int(settings["two_j"]):
        settings["two_j"] = int(settings["two_j"])
    snap = Snap(radii=radii, weights=weights, **settings)
    numbers = [atomic_numbers[symbol] for symbol in radii]
    names = snap.names(sorted(numbers))
    place = {_unordered(label): k for k, label in enumerate(snap.names(numbers))}
    return {**snap.parameters, "descriptor_names": names}, [place[_unordered(label)] for label in names]


def _unordered(label: str) -> tuple[str, ...]:
    """A product is the same in either order: centre and factors."""
    centre, _, factors = label.partition("-") if "-" in label else label.partition(" ")
    return centre, *sorted(factors.split(" · "))
