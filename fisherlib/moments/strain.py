"""Sums over the virials of configurations."""

import dataclasses

from ..dataset import Array, frozen


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class StrainSums:
    """Sums over the virials of configurations, of those that have any.

    Attributes:
        configurations: number of them.
        PsiPsi: (K, K) ΨᵀΨ, [D]².
        PsiW: (K,) ΨᵀW, [D] eV.
        WW: W·W, eV².

    Example:
        >>> import numpy as np
        >>> some = StrainSums(configurations=1, PsiPsi=np.eye(2), PsiW=np.ones(2), WW=3.0)
        >>> (some + some).WW
        6.0
    """

    configurations: int
    PsiPsi: Array
    PsiW: Array
    WW: float

    def __post_init__(self) -> None:
        for name in ("PsiPsi", "PsiW"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def __add__(self, other: "StrainSums") -> "StrainSums":
        return self._with(other, +1)

    def __sub__(self, other: "StrainSums") -> "StrainSums":
        return self._with(other, -1)

    def _with(self, other: "StrainSums", sign: int) -> "StrainSums":
        ours, theirs = (dataclasses.asdict(sums) for sums in (self, other))
        return StrainSums(**{name: ours[name] + sign * theirs[name] for name in ours})


def joined_strains(a: StrainSums | None, b: StrainSums | None, sign: int) -> StrainSums | None:
    """The strain sums of data that are put together (sign +1) or taken out (−1)."""
    if a is None or b is None:
        return a or b
    return a + b if sign > 0 else (a - b if a.configurations > b.configurations else None)
