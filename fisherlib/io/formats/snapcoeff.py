"""θ and its offset as the coefficient file of LAMMPS's ``pair_style snap``, in and out."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from ...arguments import floats, kind, location
from ...potential import LinearPotential
from ..archive import write_atomically
from ..places import find
from ..strict import ending


def write_snapcoeff(
    model: LinearPotential,
    path: str | os.PathLike,
    *,
    element: str | Sequence[str],
    radius: float | Sequence[float],
    weight: float | Sequence[float],
) -> None:
    """Write θ as a ``.snapcoeff``: for each element its radius and weight, then e0 and its block of θ, each to the last bit.

    The same hyperparameters must stand in the ``.snapparam`` beside it and have made the descriptors: ``bzeroflag 0`` or ``1``
    included, since it changes what e0 means. Where θ was fitted to forces minus those of a reference potential, LAMMPS
    needs both, by ``pair_style hybrid/overlay``.

    Args:
        model: K parameters; with several elements K / T for each, in the order of LAMMPS's types, as in ``compute snap``.
        path: ``.snapcoeff``.
        element: symbol, or T of them.
        radius: of each element, as given to ``compute snap`` (times rcutfac it is the cutoff, half of that of a pair).
        weight: of each element as a neighbour.

    Raises:
        ValueError: another suffix, no element, lengths that do not fit, or K not divisible by T.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> model = fl.LinearPotential(theta=[0.5, -1.0], offset=-3.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write_snapcoeff(model, f"{folder}/Ta.snapcoeff", element="Ta", radius=0.5, weight=1.0)
    """
    kind("model", model, LinearPotential, "io.write_snapcoeff(model, path, element='Ta', radius=0.5, weight=1.0)")
    path, elements = ending(path, ".snapcoeff"), [element] if isinstance(element, str) else list(element)
    unknown = [name for name in elements if name not in atomic_numbers]
    if unknown or not elements or len(set(elements)) < len(elements):
        raise ValueError(f"element: expected different symbols of elements, such as 'Ta', got {element!r:.40}")
    T = len(elements)
    if model.K % T:
        raise ValueError(f"element: expected as many parameters for each of {T} elements, got K = {model.K} in all")
    radii, weights = _positive("radius", radius, T), _numbers("weight", weight, T)
    text = ["# SNAP coefficients written by fisherlib UNITS: metal", "", f"{T} {model.K // T + 1}"]
    for name, R, w, theta in zip(elements, radii, weights, model.theta.reshape(T, -1).tolist(), strict=True):
        text += [f"{name} {R!r} {w!r}", *map(repr, [model.offset, *theta])]
    write_atomically(path, lambda file: file.write(("\n".join(text) + "\n").encode("ascii")))


def _numbers(name: str, values: float | Sequence[float], T: int) -> list[float]:
    array = np.atleast_1d(floats(name, values))
    if array.shape != (T,) or not np.isfinite(array).all():
        raise ValueError(f"{name}: expected {T} finite numbers, one for each element, got {values!r:.40}")
    return array.tolist()


def _positive(name: str, values: float | Sequence[float], T: int) -> list[float]:
    numbers = _numbers(name, values, T)
    if min(numbers) <= 0:
        raise ValueError(f"{name}: expected positive numbers, got {min(numbers)!r}")
    return numbers


def read_snapcoeff(path: str | os.PathLike, *, name: str = "θ") -> LinearPotential:
    """A potential from a ``.snapcoeff``: the first coefficient of an element is e0, the others are its block of θ.

    Elements, radii and weights are in its provenance. The file does not say which descriptors θ belongs to; the
    ``.snapparam`` beside it does.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another layout, or elements with different e0, of which a potential has one.

    Source: LAMMPS documentation, pair_style snap.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> model = fl.LinearPotential(theta=[0.5, -1.0], offset=-3.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write_snapcoeff(model, f"{folder}/Ta.snapcoeff", element="Ta", radius=0.5, weight=1.0)
    ...     fl.io.read_snapcoeff(f"{folder}/Ta.snapcoeff").offset
    -3.5
    """
    location("path", path, "io.read_snapcoeff('Ta.snapcoeff')")
    path = find(path)
    rows = _rows(path)
    words, number = rows[0][1], rows[0][0]
    if len(words) != 2 or not all(word.isdecimal() and len(word) < 10 for word in words):
        raise ValueError(
            f"{path.name}: expected the numbers of elements and of coefficients in line {number}, got {' '.join(words)!r:.40}"
        )
    T, count = (int(word) for word in words)
    if T < 1 or count < 2 or len(rows) != 1 + T * (1 + count):
        raise ValueError(
            f"{path.name}: expected {T} elements of a line and {count} coefficients each, {T * (1 + count)} lines after line "
            f"{number}, got {len(rows) - 1}; the file is truncated or damaged"
        )
    elements, offsets, theta = [], [], []
    for t in range(T):
        head, *block = rows[1 + t * (1 + count) : 1 + (t + 1) * (1 + count)]
        if len(head[1]) != 3:
            raise ValueError(
                f"{path.name}: expected element, radius and weight in line {head[0]}, got {' '.join(head[1])!r:.40}"
            )
        elements.append({"element": head[1][0], "radius": _value(path, head, 1), "weight": _value(path, head, 2)})
        long = next((row for row in block if len(row[1]) != 1), None)
        if long is not None:
            raise ValueError(f"{path.name}: expected one coefficient in line {long[0]}, got {' '.join(long[1])!r:.40}")
        offset, *coefficients = [_value(path, row, 0) for row in block]
        offsets.append(offset)
        theta += coefficients
    if len(set(offsets)) > 1:
        raise ValueError(
            f"{path.name}: expected one constant per atom for all elements, got {', '.join(map(repr, offsets))}; a potential of "
            "fisherlib has one: shift the energies of the elements until they agree"
        )
    return LinearPotential(
        theta=np.array(theta), offset=offsets[0], name=name, provenance={"file": path.name, "elements": elements}
    )


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Words of each line with its number; comments and empty lines are left out, as LAMMPS does."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name}: expected the text of a .snapcoeff, got other bytes ({error})") from error
    rows = [(number, line.partition("#")[0].split()) for number, line in enumerate(text.splitlines(), 1)]
    rows = [row for row in rows if row[1]]
    if not rows:
        raise ValueError(f"{path.name}: expected a .snapcoeff, got nothing but comments")
    return rows


def _value(path: Path, row: tuple[int, list[str]], k: int) -> float:
    try:
        value = float(row[1][k])
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(
            f"{path.name}: expected a finite number in line {row[0]}, got {row[1][k]!r:.20}; the file is damaged"
        )
    return value
