"""θ and its offset as the coefficient file of LAMMPS's ``pair_style snap``, in and out."""

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from ...arguments import floats, kind, location
from ...descriptors import Zbl, reference_of
from ...descriptors.snapparam import radii_and_weights, read_snap, shared_equally, snap_text
from ...potential import LinearPotential
from ..archive import write_atomically
from ..places import find
from ..strict import ending
from .lammps.text import lines

#: The command that adds the reference potential, as a comment.
_OVERLAY = re.compile(r"#\s*pair_style\s+hybrid/overlay\s+zbl\s+(\S+)\s+(\S+)\s+snap")


def write_snapcoeff(
    model: LinearPotential,
    path: str | os.PathLike,
    *,
    element: str | Sequence[str] | None = None,
    radius: float | Sequence[float] | None = None,
    weight: float | Sequence[float] | None = None,
) -> None:
    """Write θ as a ``.snapcoeff``: for each element its radius and weight, then e0 and its block of θ, each to the last bit.

    A potential that was fitted to descriptors of ``descriptors.Snap`` knows the elements and all settings: none is given,
    and the ``.snapparam`` is written beside it. Elements of explicit components (``chem``) must stand in ``pair_coeff`` in the
    order of the file, since LAMMPS numbers them as they come there. For descriptors from elsewhere element, radius and weight are given, and the
    same hyperparameters must stand in the ``.snapparam`` and have made the descriptors: ``bzeroflag 0`` or ``1`` included,
    since it changes what e0 means. Where θ was fitted to what a reference potential leaves, LAMMPS needs both: the file says
    in its comments, from which ``read_snapcoeff`` knows it again, the lines of ``pair_style hybrid/overlay`` for it.

    Args:
        model: K parameters; with several elements K / T for each, in the order of LAMMPS's types, as in ``compute snap``.
        path: ``.snapcoeff``.
        element: symbol, or T of them.
        radius: of each element, as given to ``compute snap`` (times rcutfac it is the cutoff, half of that of a pair).
        weight: of each element as a neighbour.

    Raises:
        ValueError: another suffix, no element, lengths that do not fit, K not divisible by T, another reference than ZBL, or
            nothing given for a potential whose descriptors are not of SNAP.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> model = fl.LinearPotential(theta=[0.5, -1.0], offset=-3.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write_snapcoeff(model, f"{folder}/Ta.snapcoeff", element="Ta", radius=0.5, weight=1.0)
    """
    kind("model", model, LinearPotential, "io.write_snapcoeff(model, path, element='Ta', radius=0.5, weight=1.0)")
    path, settings, theta = ending(path, ".snapcoeff"), None, model.theta
    if element is None and radius is None and weight is None:
        settings = snap_text(model.provenance.get("descriptor", {}))
        element = _centres(model)
        radius, weight = radii_and_weights(model.provenance["descriptor"], element)
        theta = shared_equally(theta, model.provenance["descriptor"], element)
    elif element is None or radius is None or weight is None:
        raise ValueError("element, radius, weight: expected all of them or none, got some")
    elements = [element] if isinstance(element, str) else list(element)
    unknown = [name for name in elements if name not in atomic_numbers]
    if unknown or not elements or len(set(elements)) < len(elements):
        raise ValueError(f"element: expected different symbols of elements, such as 'Ta', got {element!r:.40}")
    T = len(elements)
    if model.K % T:
        raise ValueError(f"element: expected as many parameters for each of {T} elements, got K = {model.K} in all")
    radii, weights = _numbers("radius", radius, T), _numbers("weight", weight, T)
    if min(radii) <= 0:
        raise ValueError(f"radius: expected positive numbers, got {min(radii)!r}")
    offsets = model.offsets or dict.fromkeys(elements, model.offset)
    if missing := [name for name in elements if name not in offsets]:
        raise ValueError(
            f"element: expected some of {', '.join(offsets)}, which have offsets, got {', '.join(missing)}"
        )
    text = ["# SNAP coefficients written by fisherlib UNITS: metal", *_with_reference(model, path, elements)]
    if settings and "chemflag 1" in settings and T > 1:
        text.append(f"# Explicit components: pair_coeff must name elements in this order: {' '.join(elements)}")
    text += ["", f"{T} {model.K // T + 1}"]
    for name, R, w, block in zip(elements, radii, weights, theta.reshape(T, -1).tolist(), strict=True):
        text += [f"{name} {R!r} {w!r}", *map(repr, [offsets[name], *block])]
    write_atomically(path, lambda file: file.write(("\n".join(text) + "\n").encode("ascii")))
    if settings is not None:
        write_atomically(path.with_suffix(".snapparam"), lambda file: file.write(settings.encode("ascii")))


def _centres(model: LinearPotential) -> list[str]:
    """The elements, in the order of their blocks, from the names of the descriptors: "Mo 2,1,3", "In-InPP 2,1,3"."""
    if not model.descriptor_names:
        raise ValueError("model: expected names of its descriptors, got none; fit it to data that io.read described")
    return list(dict.fromkeys(re.split("[ -]", name, maxsplit=1)[0] for name in model.descriptor_names))


def _with_reference(model: LinearPotential, path: Path, elements: Sequence[str]) -> list[str]:
    """Comments with the commands by which LAMMPS adds the reference potential."""
    if (zbl := reference_of(model)) is None:
        return []
    Z = [atomic_numbers[name] for name in elements]
    pairs = [(i, j) for j in range(len(Z)) for i in range(j + 1)]
    return [
        "# These coefficients are of what the reference potential zbl leaves; LAMMPS needs both:",
        f"# pair_style hybrid/overlay zbl {zbl.inner!r} {zbl.outer!r} snap",
        *(f"# pair_coeff {i + 1} {j + 1} zbl {Z[i]} {Z[j]}" for i, j in pairs),
        f"# pair_coeff * * snap {path.name} {path.stem}.snapparam {' '.join(elements)}",
    ]


def _reference(comments: Sequence[str]) -> dict[str, Any]:
    """The reference potential that the comments of a file name, for provenance."""
    found = next(filter(None, map(_OVERLAY.match, comments)), None)
    with contextlib.suppress(ValueError):
        return {} if found is None else {"reference": Zbl(*map(float, found.groups())).parameters}
    return {}


def _numbers(name: str, values: float | Sequence[float], T: int) -> list[float]:
    array = np.atleast_1d(floats(name, values))
    if array.shape != (T,) or not np.isfinite(array).all():
        raise ValueError(f"{name}: expected {T} finite numbers, one for each element, got {values!r:.40}")
    return array.tolist()


def read_snapcoeff(path: str | os.PathLike, *, name: str = "θ") -> LinearPotential:
    """A potential from a ``.snapcoeff``: the first coefficient of an element is e0, the others are its block of θ.

    Elements, radii and weights are in its provenance. The file does not say which descriptors θ belongs to; a ``.snapparam``
    of the same name beside it does: the descriptor is in the provenance then, ``descriptors.from_parameters`` makes it, and
    the blocks of θ are in the order of atomic numbers, as in data that it describes.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another layout, or an element twice.

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
    text = list(lines(path))
    rows = [(n, words) for n, line in text if (words := line.partition("#")[0].split())]
    if not rows:
        raise ValueError(f"{path.name}: expected a .snapcoeff, got nothing but comments")
    number, words = rows[0]
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
    for i, (n, found) in enumerate(rows[1:]):
        what, size = ("one coefficient", 1) if i % (1 + count) else ("element, radius and weight", 3)
        if len(found) != size:
            raise ValueError(f"{path.name}: expected {what} in line {n}, got {' '.join(found)!r:.40}")
    heads = rows[1 :: 1 + count]
    elements = [{"element": h[1][0], "radius": _value(path, h, 1), "weight": _value(path, h, 2)} for h in heads]
    values = np.array([_value(path, row, 0) for i, row in enumerate(rows[1:]) if i % (1 + count)]).reshape(T, count)
    offsets = {str(e["element"]): e0 for e, e0 in zip(elements, values[:, 0].tolist(), strict=True)}
    if len(offsets) < T:
        raise ValueError(f"{path.name}: expected different elements, got {', '.join(offsets)} in {T} blocks")
    one: dict[str, Any] = {"offset": values[0, 0]} if len(set(offsets.values())) == 1 else {"offsets": offsets}
    about = {"file": path.name, "elements": elements, **_reference([line for _, line in text])}
    theta, beside = values[:, 1:].ravel(), path.with_suffix(".snapparam")
    if not beside.is_file():
        return LinearPotential(theta=theta, name=name, provenance=about, **one)
    radii, weights = (
        {str(e["element"]): _value(path, h, k) for e, h in zip(elements, heads, strict=True)} for k in (1, 2)
    )
    parameters, places = read_snap(lines(beside), name=beside.name, radii=radii, weights=weights)
    names = parameters.pop("descriptor_names")
    if len(names) != len(theta):
        raise ValueError(
            f"{path.name}: expected {len(names) // T + 1} coefficients of each element for {beside.name}, got {count}"
        )
    about["descriptor"] = {**parameters, "K": len(theta)}
    return LinearPotential(theta=theta[places], name=name, provenance=about, descriptor_names=names, **one)


def _value(path: Path, row: tuple[int, list[str]], k: int) -> float:
    number, words = row
    with contextlib.suppress(ValueError):
        if np.isfinite(value := float(words[k])):
            return value
    raise ValueError(
        f"{path.name}: expected a finite number in line {number}, got {words[k]!r:.20}; the file is damaged"
    )
