"""MiLaDy's potential files .pot: θ and its offset with the descriptor that they belong to."""

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_masses, atomic_numbers

from ....potential import LinearPotential
from ...archive import write_atomically
from ...places import find
from ...strict import ending
from . import fortran

_LINEAR = 1
#: Descriptor → how many details it has in files whose last detail says that a pair potential is added.
_WITH_PAIRS = {4: 5, 6: 5, 603: 5, 8: 3, 9: 4, 203: 2, 300: 2}
#: As many lines as MiLaDy writes, since programs that read such files skip that many.
_HEAD = """\
# channels, number of elements, then for each its name and two weights
# kind of descriptor, number of coefficients, number of details
# mass of each element
# details of the descriptor; the first is the order, 1 for linear
# cut-off
# coefficients: energy per atom, then one for each descriptor
"""


def write_pot(
    model: LinearPotential,
    path: str | os.PathLike,
    *,
    elements: Sequence[str],
    descriptor: int,
    details: Sequence[float],
    cutoff: float,
    masses: Sequence[float] | None = None,
    weights: Sequence[tuple[float, float]] | None = None,
    channels: int = 1,
) -> None:
    """Write θ and its offset as MiLaDy's ``.pot``, for the descriptor that the data were computed with.

    The layout is that of the potential published in MiLaDy's documentation (Fe_LML.pot). It was not tried in MiLaDy or
    in LAMMPS: newer versions of MiLaDy write a third number for each element, and older LAMMPS styles expect one weight.
    Potentials of ``descriptors.Snap`` of one element fit into the layout, too (descriptor 9, details 1, J, 0); whether the
    bispectrum of MiLaDy has LAMMPS's order, norm and cutoff function was not tried either: LAMMPS takes ``.snapcoeff``.

    Args:
        model: the potential; offset and θ become the K + 1 coefficients, to the last bit.
        path: ending in ``.pot``.
        elements: names, in MiLaDy's order.
        descriptor: MiLaDy's ``descriptor_type``, such as 9 for the bispectrum SO(4).
        details: of the descriptor, beginning with 1, the order of a linear potential: (1, 4.0, 0).
        cutoff: Å.
        masses: of each element, u; None: the standard ones.
        weights: of each element, two; None: 1, 1.
        channels: of the weighted density, 1 without weights.

    Raises:
        ValueError: numbers that do not fit one another, or another ending.
    """
    path, elements = ending(path, ".pot"), list(elements)
    if model.offsets:
        each = ", ".join(f"{e:.6g} eV for {element}" for element, e in model.offsets.items())
        raise ValueError(
            f"model: expected one offset per atom, which is all that a .pot holds, got {each}; write .json"
        )
    if reference := model.provenance.get("reference"):
        raise ValueError(
            f"model: expected one of all forces, got {model.name!r} of what {reference} leaves, for which a .pot has no place; write "
            "it by io.write_theta, or fit without a reference potential"
        )
    unknown = [e for e in elements if e not in atomic_numbers or e == "X"]
    if not elements or unknown or len(set(elements)) < len(elements):
        raise ValueError(f"elements: expected different names of elements, got {elements!r}")
    masses = [atomic_masses[atomic_numbers[e]] for e in elements] if masses is None else list(masses)
    weights = [(1.0, 1.0)] * len(elements) if weights is None else list(weights)
    if len(masses) != len(elements) or len(weights) != len(elements):
        raise ValueError(
            f"masses, weights: expected one entry for each of {', '.join(elements)}, got {len(masses)} and {len(weights)}"
        )
    if not details or details[0] != _LINEAR:
        raise ValueError(f"details: expected them to begin with 1, the order of a linear potential, got {details!r}")
    if _adds_pairs(descriptor, details):
        raise ValueError(f"details: expected 0 at the end, no pair potential being added, got {details!r}")
    numbers = np.array([*masses, *np.ravel(weights), *details, cutoff, descriptor, channels], dtype=np.float64)
    if not np.isfinite(numbers).all() or cutoff <= 0 or min(masses) <= 0:
        raise ValueError("masses, weights, details, cutoff: expected finite numbers, masses and cutoff above 0")
    by_element = "".join(f"  {e} {_word(a)} {_word(b)}" for e, (a, b) in zip(elements, weights, strict=True))
    text = (
        f"{_HEAD}{channels:7d}{len(elements):7d}{by_element}\n"
        + f"{descriptor:7d}{model.K + 1:9d}{len(details):5d}\n"
        + "".join(f"{' '.join(map(_word, line))}\n" for line in (masses, details, [cutoff]))
        + "".join(f"{float(c)!r:>26}\n" for c in (model.offset, *model.theta))
    )
    write_atomically(path, lambda file: file.write(text.encode("ascii")))


def read_pot(path: str | os.PathLike, *, name: str = "θ") -> LinearPotential:
    """A potential from MiLaDy's ``.pot`` with its head (which MiLaDy names ``lammps_…_params.pot``).

    The first coefficient is the energy per atom, to which a reference energy in the file is added, so that energies are
    those of the database. The provenance names the descriptor.

    Args:
        path: of the file.
        name: what figures and tables call it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, not linear, with a pair potential added, or with references that differ between elements.

    Source: potentials published with MiLaDy's documentation and tests, and what its program writes.
    """
    path = find(path)
    if not fortran.head(path)[0]:
        raise ValueError(
            f"{path.name}: expected a head that begins with #, got none; of the two files that MiLaDy writes, take "
            "lammps_…_params.pot, which says what its numbers are"
        )
    if not (found := fortran.lines(path)):
        raise ValueError(f"{path.name}: expected numbers below the head, got none; copy it again from its source")
    channels, elements, weights, reference = _elements(path, *found[0])
    words = deque((f"{path.name}, line {n}", token) for n, tokens in found[1:] for token in tokens)
    wanted = ("kind of descriptor", "coefficients", "details")
    descriptor, count, details_count = (fortran.integer(*_next(path, words, what)) for what in wanted)
    masses = _numbers(path, words, len(elements), "masses")
    details = _numbers(path, words, details_count, "details")
    if not details or details[0] != _LINEAR:
        raise ValueError(
            f"{path.name}: expected a linear potential, whose details begin with 1, got {details[:1] or 'none'}; quadratic "
            "and kernel potentials are not linear in the descriptors"
        )
    if _adds_pairs(descriptor, details):
        raise ValueError(
            f"{path.name}: expected descriptors only, got a pair potential (k2b or ZBL) added to them, whose numbers cannot be told from coefficients"
        )
    (cutoff,) = _numbers(path, words, 1, "cut-off")
    coefficients = _numbers(path, words, len(words), "coefficients")
    if len(coefficients) != count or count < 2:
        raise ValueError(
            f"{path.name}: expected {count} coefficients, at least 2, as its head says, got {len(coefficients)}; copy it again from its source"
        )
    about = {"name": "from MiLaDy", "type": descriptor, "K": count - 1, "details": details, "cutoff": cutoff}
    about |= {"channels": channels, "elements": elements, "masses": masses, "weights": weights}
    offset = coefficients[0] + reference if reference else coefficients[0]
    provenance = {"file": path.name, "descriptor": about}
    return LinearPotential(theta=np.array(coefficients[1:]), offset=offset, name=name, provenance=provenance)


def _adds_pairs(descriptor: int, details: Sequence[float]) -> bool:
    return _WITH_PAIRS.get(descriptor) == len(details) and details[-1] != 0


def _elements(path: Path, n: int, tokens: list[str]) -> tuple[int, list[str], list[list[float]], float]:
    """Channels, names of the elements, their two weights, and the reference energy that they share, eV per atom."""
    place = f"{path.name}, line {n}"
    if len(tokens) < 2:
        raise ValueError(f"{place}: expected channels and the number of elements, got {' '.join(tokens)[:40]!r}")
    channels, count = (fortran.integer(place, token) for token in tokens[:2])
    each, left_over = divmod(len(tokens) - 2, max(count, 1))
    if count < 1 or left_over or each not in (3, 4):
        raise ValueError(
            f"{place}: expected channels, number of elements, and for each its name and two or three numbers, got {' '.join(tokens)[:80]!r}"
        )
    elements = tokens[2::each]
    fortran.refuse_unknown(place, elements)
    numbers = np.array([[fortran.number(place, t) for t in tokens[3 + each * i :][: each - 1]] for i in range(count)])
    references = numbers[:, 2] if each == 4 else np.zeros(1)
    if len(set(references)) > 1:
        raise ValueError(
            f"{place}: expected one reference energy for all elements, got {', '.join(f'{e:g}' for e in references)}; a "
            "potential here has one offset per atom: subtract the references from the energies and write 0 here"
        )
    return channels, elements, numbers[:, :2].tolist(), float(references[0])


def _next(path: Path, words: deque[tuple[str, str]], what: str) -> tuple[str, str]:
    """Place and text of the next number below the first line; line breaks do not matter."""
    if not words:
        raise ValueError(f"{path.name}: expected the {what}, got the end of the file")
    place, token = words.popleft()
    return f"{place}, {what}", token


def _numbers(path: Path, words: deque[tuple[str, str]], count: int, what: str) -> list[float]:
    return [fortran.number(*_next(path, words, what)) for _ in range(count)]


def _word(value: float) -> str:
    """A number as it is read back to the last bit; whole ones without a point, which Fortran wants of integers."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e9 else repr(float(value))
