"""Weights of groups: forces, energies and stress of each group of configurations count as a table says, from moments."""

import dataclasses
import functools
import operator
import warnings
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from ..arguments import kind, number, words
from ..losses import Quadratic, energy
from ..losses import ridge as ridge_penalty
from ..moments import MomentRecord, Moments
from ..potential import LinearPotential
from ..solvers import solve

#: What can be weighted.
KINDS = ("forces", "energies", "stress")


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupWeights:
    """What the rows of a group are multiplied by before their squares are summed, as in FitSNAP's ``[GROUPS]``.

    A weight multiplies rows, so it stands squared in the loss: a group of weight 10 counts 100 times.

    Attributes:
        forces: of F − Φθ, 1/(eV/Å); FitSNAP's fweight.
        energies: of (E − U_θ)/N, the error of the energy per atom, 1/(eV/atom); FitSNAP's eweight.
        stress: of (W − Ψθ)/N, the error of the virial per atom, 1/(eV/atom). FitSNAP's vweight multiplies pressures in bar;
            ``io.read_fitsnap_input`` converts it.

    Raises:
        ValueError: a weight that is negative or no number.

    Example:
        >>> GroupWeights(forces=1.0, energies=100.0)
        GroupWeights(forces=1.0, energies=100.0, stress=0.0)
    """

    forces: float = 1.0
    energies: float = 0.0
    stress: float = 0.0

    def __post_init__(self) -> None:
        for name in KINDS:
            object.__setattr__(self, name, weight := number(name, getattr(self, name)))
            if weight < 0:
                raise ValueError(f"{name}: expected a weight of at least 0, got {weight:g}; 0 leaves them out")


def weighted_loss(
    moments: Moments, table: Mapping[str, GroupWeights], *, of: Sequence[str] = ("forces", "energies")
) -> Quadratic:
    """Sum of squared errors of all groups, each multiplied by its weights, with the best offsets taken out.

    q(θ) = ½ Σ_g {w_F² Σ|F − Φθ|² + w_E² Σ[(E − U_θ)/N]² + w_S² Σ|(W − Ψθ)/N|²}: sums over the rows of a group, not means, as
    in FitSNAP. The offsets in U_θ are the same for all groups and take part in the minimum. Where the configurations of a
    trajectory differ in size, moments know their mean N only, which then stands for N; a warning names such trajectories.

    Args:
        moments: of trajectories whose keys are, or begin with, the names of groups.
        table: line → weights. A trajectory takes the line of its own key, else that of its group ("surface" for
            "surface/3"), else the first pattern that fits ("Volume_*"; "*" is for all the rest).
        of: which of "forces", "energies" and "stress" are summed.

    Returns:
        Quadratic form in θ; no unit if weights are in 1/eV and Å/eV.

    Raises:
        TypeError: anything but moments and a table of weights.
        ValueError: trajectories that no line covers, or nothing that has a weight.

    Source: Thompson et al., J. Comput. Phys. 285, 316 (2015), section 3; FitSNAP's documentation, section GROUPS.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> table = {"harmonic-0": GroupWeights(energies=10.0), "*": GroupWeights(forces=0.1)}
        >>> fl.solve(weighted_loss(moments, table)).theta.round(6)
        array([1., 2.])
    """
    kind("moments", moments, Moments, "weighted_loss(accumulate(data), table)")
    if not set(words("of", of)) <= set(KINDS) or not of:
        raise ValueError(f"of: expected some of {', '.join(map(repr, KINDS))}, got {of!r:.60}")
    weights = weights_of(moments, table)
    if "stress" in of and all(r.strain is None for r in moments.values()):
        raise ValueError(
            "moments: expected some of configurations with stresses, got none; read a file that has stresses with stress=True"
        )
    _warn_of_sizes(moments, weights, of)
    terms = list(_terms(moments, weights, of))
    if not terms:
        raise ValueError(f"table: expected a weight above 0 for {' or '.join(of)}, got none; nothing is left to fit")
    total = functools.reduce(operator.add, terms)
    data = frozenset() if moments.identity is None else frozenset([moments.identity])
    return dataclasses.replace(total, data=data)


def weighted_fit(
    moments: Moments,
    table: Mapping[str, GroupWeights],
    *,
    of: Sequence[str] = ("forces", "energies"),
    strength: float = 0.0,
    name: str = "weighted fit",
) -> LinearPotential:
    """The potential that minimises ``weighted_loss``, with the offsets that belong to this minimum.

    Where no energy has a weight, the offsets are those that fit all energies best, as for θ_f.

    Args:
        moments, table, of: as for ``weighted_loss``.
        strength: of a ridge, relative to the diagonal of the loss, so that it has no unit.
        name: of the potential.

    Raises:
        TypeError, ValueError: as for ``weighted_loss``, or a negative strength.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0], offset=-1.0))
        >>> model = weighted_fit(moments, {"*": GroupWeights(energies=100.0)})
        >>> model.theta.round(6), round(model.offset, 6)
        (array([1., 2.]), -1.0)
    """
    loss = weighted_loss(moments, table, of=of)
    weights = weights_of(moments, table)
    if strength != 0:
        loss = loss + ridge_penalty(strength, loss.K, scale=np.diag(loss.A))
    used = {key: dataclasses.asdict(w) for key, w in weights.items()}
    provenance = {"loss": "weighted", "weights": used, "of": list(of), "strength": strength}
    fit = solve(loss)
    if "energies" in of and any(w.energies for w in weights.values()):
        rows, _ = _energy_rows(moments, weights)
        moments = Moments({"weighted": rows}, about=moments.about)
    return LinearPotential.from_fit(fit, moments, name=name, provenance=provenance)


def weights_of(moments: Moments, table: Mapping[str, GroupWeights]) -> dict[str, GroupWeights]:
    """Key of each trajectory → its weights.

    Raises:
        TypeError: no table of weights.
        ValueError: trajectories that no line covers.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0])).select(["harmonic-0", "harmonic-1"])
        >>> {key: w.forces for key, w in weights_of(moments, {"*-1": GroupWeights(forces=0.1), "*": GroupWeights()}).items()}
        {'harmonic-0': 1.0, 'harmonic-1': 0.1}
    """
    way = "weighted_fit(moments, {'md': GroupWeights(energies=100.0), '*': GroupWeights()})"
    kind("moments", moments, Moments, way)
    kind("table", table, Mapping, way)
    for line, weights in table.items():
        kind("table", line, str, way)
        kind("table", weights, GroupWeights, way)
    found = {key: _line(key, table) for key in moments}
    if lacking := [key for key, line in found.items() if line is None]:
        raise ValueError(
            f"table: expected a line for each trajectory, got none for {_some(lacking)}; a line '*' stands for all that have no other"
        )
    return {key: table[line] for key, line in found.items() if line is not None}


def _line(key: str, table: Mapping[str, GroupWeights]) -> str | None:
    """The line of a table that a trajectory takes."""
    parents = [key[:at] for at in range(len(key) - 1, 0, -1) if key[at] == "/"]
    exact = (name for name in (key, *parents) if name in table)
    return next(exact, None) or next((line for line in table if fnmatchcase(key, line)), None)


def _terms(moments: Moments, weights: Mapping[str, GroupWeights], of: Sequence[str]) -> Iterator[Quadratic]:
    """What is summed, each term with its weights."""
    for key, r in moments.items():
        if "forces" in of and (w := weights[key].forces ** 2):
            yield Quadratic(w * r.PhiPhi, w * r.PhiF, w * r.FF)
        if "stress" in of and r.strain is not None and (w := (weights[key].stress / r.atoms) ** 2):
            yield Quadratic(w * r.strain.PsiPsi, w * r.strain.PsiW, w * r.strain.WW)
    if "energies" in of and any(w.energies for w in weights.values()):
        rows, total = _energy_rows(moments, weights)
        yield total * energy(rows)


def _energy_rows(moments: Moments, weights: Mapping[str, GroupWeights]) -> tuple[MomentRecord, float]:
    """Energies per atom of all groups as one record, whose mean and scatter are weighted, and the sum of their weights.

    Its scatter is centred about the weighted mean, as if a configuration of weight w stood there w² times.
    """
    used = {key: r for key, r in moments.items() if weights[key].energies}
    if lacking := [key for key, r in used.items() if not r.has_energies]:
        raise ValueError(
            f"moments: expected energies where they have a weight, got forces alone in {_some(lacking)}; give these groups "
            "GroupWeights(energies=0.0)"
        )
    known = all(r.elements for r in moments.values())  # those of groups without a weight have an offset, too
    elements = sorted({z for r in moments.values() for z in r.elements}) if known else ()
    records = [r.over(elements) for r in used.values()]
    w = np.array([weights[key].energies ** 2 for key in used])
    W = w * [r.configurations for r in records]
    means = np.array([r.mean / r.atoms for r in records])
    mean = W @ means / W.sum()
    within = sum(a / r.atoms**2 * r.scatter for a, r in zip(w, records, strict=True))
    scatter = within + (means - mean).T * W @ (means - mean)
    M = sum(r.configurations for r in records)
    about: dict[str, Any] = {"configurations": M, "identity": moments.identity, "digests": frozenset()}
    rows = dataclasses.replace(records[0], mean=mean, scatter=scatter * (M / W.sum()), **about)
    return rows, float(W.sum())


def _warn_of_sizes(moments: Moments, weights: Mapping[str, GroupWeights], of: Sequence[str]) -> None:
    """Warns where the mean size of a trajectory stands for those of its configurations."""
    uneven = []
    for key, r in moments.items():
        counted = ("energies" in of and weights[key].energies) or ("stress" in of and weights[key].stress)
        spread = np.sqrt(r.over(()).scatter[-1, -1] / r.configurations) / r.atoms if counted else 0.0
        if spread > 1e-9:
            uneven.append(f"{key!r} ({100 * spread:.0f} %)")
    if uneven:
        warnings.warn(
            f"energies and virials per atom are taken with the mean size of a trajectory, and sizes differ in "
            f"{', '.join(uneven[:5])}; accumulate(regression.by_size(data)) makes the weights exact",
            stacklevel=3,
        )


def _some(keys: Sequence[str]) -> str:
    return ", ".join(map(repr, keys[:5])) + (" …" if len(keys) > 5 else "")
