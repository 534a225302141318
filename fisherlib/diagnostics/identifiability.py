"""Identifiability: directions of θ that the forces leave undetermined, and outputs that depend on T."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr

from ..arguments import kind
from ..dataset import Array
from ..losses import Quadratic, fisher, kl
from ..moments import MomentRecord, Moments, Offsets
from ..solvers import decomposed, solve, spectrum
from ..units import beta, counted
from .verdict import Level, Verdict

#: A direction (K,) of θ, and words for it.
Direction = tuple[Array, str]

#: Directions that get a verdict of their own.
SHOWN = 5

#: Descriptors named as spanning the undetermined directions.
NAMED = 8

#: An energy along a direction below this share of the variance of its terms is rounding.
ROUNDING = 1e-10


def null_directions(
    moments: Moments, *, names: Sequence[str] | None = None, temperature: float | None = None
) -> list[Verdict]:
    """Directions v of θ without any force, Φ v = 0, described in words: T v = 0, with T scaled to unit diagonal.

    Constant descriptors and proportional pairs come first; other linear dependencies are written with as few descriptors
    as possible. If vᵀ S_DD v > 0, with S_DD = Cov(D) without a trend linear in N, then energies vary along v although
    forces do not. Otherwise the direction changes nothing within these data.

    Args:
        moments: of the data.
        names: (K,) of the descriptors; D0, D1 … by default.
        temperature: K; not needed, since null directions are the same at every temperature.

    Returns:
        One verdict "null directions" if there are none; otherwise one for each direction up to ``SHOWN`` and one for the
        rest, with a warning if forces leave energy differences open. ``value`` is the variance of the energy along v
        over that of its terms, 0 to 1 (for "null directions" the number of directions with energies of their own).

    Raises:
        ValueError: not K names.

    Example:
        >>> import dataclasses, fisherlib as fl
        >>> t = fl.systems.harmonic([1.0, 2.0], trajectories=1)["harmonic-0"]
        >>> twice = {n: np.repeat(getattr(t, n), 2, axis=1) for n in ("descriptors", "force_descriptors")}
        >>> t = dataclasses.replace(t, **twice, descriptor_names=("a", "b", "c", "d"))
        >>> for v in null_directions(fl.accumulate([t]), names=t.descriptor_names):
        ...     print(v.level, v.message.split(":")[0])
        ok b is 1 times a in every force
        ok d is 1 times c in every force
    """
    kind("moments", moments, Moments, "null_directions(accumulate(data))")
    K = moments.K
    names = _names(names, K)
    total = moments.total()
    loss = fisher(total, 1.0 if temperature is None else temperature)
    A, S = (loss.normal or (loss.A,))[0], _covariance(total)  # directions do not depend on β²
    found = _constant(A, names) + _proportional(A, names) + _dependent(A, names)
    if not found:
        rounding = solve(loss).rounding
        message = f"forces determine all {counted(K, 'parameter')}, within {rounding:.0e} of θ on any machine"
        return [Verdict(name="null directions", level="ok", message=message, value=0.0, limits=(0.0, 0.0))]
    verdicts = sorted((_open(v, words, S) for v, words in found), key=lambda verdict: verdict.level == "ok")
    rest = verdicts[SHOWN:]
    shown = [dataclasses.replace(v, name=f"null direction {n}") for n, v in enumerate(verdicts[:SHOWN], start=1)]
    if rest:
        warned = sum(v.level == "warn" for v in rest)
        determined = f"forces determine {K - len(found)} of {counted(K, 'parameter')}"
        level: Level = "warn" if warned else "ok"
        message = (
            f"and {counted(len(rest), 'more direction')} without any force, none with energies of its own: {determined}"
        )
        if warned:
            message = (
                f"and {counted(len(rest), 'more direction')} without any force, {warned} of them with energies of their own: "
                f"{determined}; leave descriptors out, or add a ridge"
            )
        shown.append(
            Verdict(name="null directions", level=level, message=message, value=float(warned), limits=(0.0, 0.0))
        )
    return shown


def _covariance(total: MomentRecord) -> Array:
    """(K, K) Cov(D) without offsets of elements, for energies or without them, up to a factor."""
    return kl(total, 1.0).A if total.has_energies else Offsets.of(total, constant=True).scatter[: total.K, : total.K]


def undetermined(moments: Moments, *, names: Sequence[str] | None = None) -> list[Verdict]:
    """A warning with the number of undetermined directions of θ and the descriptors that span them; or an empty list.

    Args:
        moments: of the data.
        names: (K,) of the descriptors; D0, D1 … by default.

    Raises:
        ValueError: not K names.
    """
    K, names = moments.K, _names(names, moments.K)
    loss = fisher(moments.total(), 1.0)
    if not loss.A.any():
        return []  # nothing to fit: ``consistency`` reports it
    values, vectors = spectrum(loss)
    null = vectors[:, values <= _tolerance(K) * values[-1]]
    if not null.shape[1]:
        return []
    within = np.flatnonzero((null**2).sum(axis=1) > ROUNDING)
    more = f" and {len(within) - NAMED} more" if len(within) > NAMED else ""
    spanned = ", ".join(names[k] for k in within[:NAMED]) + more
    message = (
        f"forces leave {null.shape[1]} of {counted(K, 'direction')} of θ undetermined, spanned by {spanned}: there θ_f is the choice of "
        "least norm, and not to be read; leave descriptors out, or add a ridge, which determines it"
    )
    return [Verdict(name="undetermined", level="warn", message=message, value=float(null.shape[1]), limits=(0.0, 0.0))]


def _names(names: Sequence[str] | None, K: int) -> Sequence[str]:
    if names is None:
        return [f"D{k}" for k in range(K)]
    if len(names) != K:
        raise ValueError(f"names: expected {K}, one a descriptor, got {len(names)}; take data.descriptor_names")
    return names


def _open(v: Array, words: str, S: Array) -> Verdict:
    """Verdict on one direction v (K,): whether energies vary along it, given S (K, K) = Cov(D)."""
    terms = float((np.abs(v) * np.sqrt(np.diag(S))).sum()) ** 2
    share = float(v @ S @ v) / terms if terms > 0 else 0.0
    if share > ROUNDING:
        message = f"{words}, while energies along it vary: forces leave energy differences open; add energies or kl to the loss"
        return Verdict(name="null direction", level="warn", message=message, value=share, limits=(0.0, ROUNDING))
    message = f"{words}; energies are constant along it too: irrelevant for these data"
    return Verdict(name="null direction", level="ok", message=message, value=max(share, 0.0), limits=(0.0, ROUNDING))


def _tolerance(K: int) -> float:
    """Smallest relative eigenvalue that is not rounding: as in ``solve``, but at least 1e-14."""
    return max(K * float(np.finfo(float).eps), 1e-14)


def _constant(A: Array, names: Sequence[str]) -> list[Direction]:
    unit = np.eye(len(A))
    return [
        (unit[k], f"descriptor {names[k]} is constant, no force depends on it: its coefficient is not determined")
        for k in np.flatnonzero(np.diag(A) == 0).tolist()
    ]


def _first_alike(A: Array) -> NDArray[np.integer]:
    """(K,) number of the first descriptor with proportional force descriptors; its own number if there is none before."""
    d = np.sqrt(np.diag(A))
    live = d > 0
    cosine = np.divide(A, np.outer(d, d), out=np.zeros_like(A), where=np.outer(live, live))
    # 1 − |cos| of two parallel vectors is rounding of the size of the eigenvalue they leave.
    parallel = np.abs(cosine) > 1 - _tolerance(len(A))
    return np.where(live, np.argmax(parallel, axis=1), np.arange(len(A)))


def _proportional(A: Array, names: Sequence[str]) -> list[Direction]:
    found: list[Direction] = []
    for k, first in enumerate(_first_alike(A).tolist()):
        if first == k:
            continue
        factor = A[k, first] / A[first, first]
        v = np.zeros(len(A))
        v[k], v[first] = 1.0, -factor
        words = (
            f"{names[k]} is {factor:.4g} times {names[first]} in every force: forces determine one coefficient for both"
        )
        found.append((v, words))
    return found


def _dependent(A: Array, names: Sequence[str]) -> list[Direction]:
    """Null directions among the descriptors that are neither constant nor proportional to an earlier one."""
    K = len(A)
    kept = np.flatnonzero((_first_alike(A) == np.arange(K)) & (np.diag(A) > 0))
    if not len(kept):
        return []
    d = np.sqrt(np.diag(A)[kept])
    values, vectors = decomposed(A[np.ix_(kept, kept)] * np.outer(1 / d, 1 / d))  # that of ``spectrum`` if all are kept
    null = vectors[:, values <= _tolerance(K) * values[-1]]
    if not null.shape[1]:
        return []
    # Any mixture of null vectors is one; solved for as many descriptors as there are vectors, they have the fewest terms.
    pivots = qr(null.T, pivoting=True, mode="r")[1][: null.shape[1]]
    solved = np.linalg.solve(null[pivots].T, null.T)
    found: list[Direction] = []
    for row in solved:
        v = np.zeros(K)
        v[kept] = row / d
        found.append(
            (v / np.abs(v).max(), f"forces do not depend on the direction {_loadings(row, v[kept], kept, names)}")
        )
    return found


def _loadings(scaled: Array, v: Array, kept: NDArray[np.integer], names: Sequence[str]) -> str:
    """The four largest terms of a direction, by their size in force, in words."""
    order = [k for k in np.argsort(-np.abs(scaled)) if abs(scaled[k]) > 1e-6 * np.abs(scaled).max()]
    largest = np.abs(v).max()
    terms = [f"{v[k] / largest:+.3g} {names[kept[k]]}" for k in order[:4]]
    return " ".join(terms).replace("-", "−") + (f" and {len(order) - 4} smaller terms" if len(order) > 4 else "")


def temperature_dependence(moments: Moments, theta: ArrayLike, temperature: float) -> list[tuple[str, float, float]]:
    """Outputs that depend on the given temperature, each at T and at 1.1 T.

    θ_f does not depend on it for data of one temperature: β² cancels. J and KL scale as β², the canonical ratio as β.

    Args:
        moments: of data of one temperature.
        theta: (K,) parameters at which J and KL are evaluated.
        temperature: T, K.

    Returns:
        (output, value at T, value at 1.1 T) of each. θ_f is shown by the coefficient with the largest forces.

    Raises:
        ValueError: not K parameters, or a temperature that is not positive.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> for name, cold, warm in temperature_dependence(moments, [1.5, 2.0], 300.0):
        ...     print(name, round(warm / cold, 3))
        θ_f, coefficient 1 1.0
        J, 1/Å² 0.826
        KL to second order, nats 0.826
        canonical ratio 0.909
    """
    kind("moments", moments, Moments, "temperature_dependence(accumulate(data), theta, temperature)")
    total = moments.total()
    loss = fisher(total, temperature)
    largest = int(np.argmax(np.abs(_fitted(loss)) * np.sqrt(np.diag(loss.A))))
    E = Offsets.of(total, constant=True).scatter[total.K, total.K]
    spread = np.sqrt(max(E, 0.0)) / np.sqrt(0.5 * total.rows / total.configurations)
    outputs = {
        f"θ_f, coefficient {largest}": lambda T: float(_fitted(fisher(total, T))[largest]),
        "J, 1/Å²": lambda T: float(fisher(total, T)(theta)),
        "KL to second order, nats": lambda T: float(kl(total, T)(theta)),
        "canonical ratio": lambda T: float(beta(T) * spread),
    }
    return [(name, output(temperature), output(1.1 * temperature)) for name, output in outputs.items()]


def _fitted(loss: Quadratic) -> Array:
    return solve(loss).theta
