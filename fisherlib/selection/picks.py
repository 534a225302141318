"""Descriptors in the order in which they were chosen."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..arguments import is_whole
from ..dataset import Array, frozen
from ..moments import Moments


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Picks:
    """Descriptors in the order in which they were chosen; the first n of them are the choice of n.

    Attributes:
        indices: (n,) of the descriptors, for ``Moments.columns``.
        names: (n,) of the descriptors; numbers where they have no names.
        scores: (n,) of each when it was chosen; what they are says the function that chose.
        K: number of descriptors there were to choose from.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(200, 4))
        >>> fl.selection.forward(fl.Moments.from_rows(x, x @ [1.0, 0.0, 3.0, 0.0]), 2).names
        ('D2', 'D0')
    """

    indices: NDArray[np.intp]
    names: tuple[str, ...]
    scores: Array
    K: int

    @classmethod
    def of(cls, moments: Moments, indices: list[int], scores: list[float]) -> "Picks":
        """What was chosen of these moments."""
        chosen = np.array(indices, dtype=np.intp)
        chosen.setflags(write=False)
        return cls(
            indices=chosen,
            names=tuple(moments.descriptor_names[k] for k in indices),
            scores=frozen(np.array(scores)),
            K=moments.K,
        )


def wanted(number: int | None, K: int) -> int:
    """How many to choose, all of them by default.

    Raises:
        ValueError: none, or more than there are.

    >>> wanted(None, 5), wanted(2, 5)
    (5, 2)
    """
    if number is None:
        return K
    if not is_whole(number) or not 1 <= number <= K:
        raise ValueError(f"number: expected a whole number from 1 to the {K} descriptors, got {number!r:.60}")
    return int(number)


#: Why a choice ends, if for no other reason.
COMBINATIONS = "all other descriptors are linear combinations of those chosen before (or do not vary)"


def refuse_more(number: int | None, found: int, why: str = COMBINATIONS) -> None:
    """A choice that ends early: an answer where all were wanted, an error where more were.

    Raises:
        ValueError: more were wanted than there are to choose.

    >>> refuse_more(None, 3)
    """
    if number is not None and found < number:
        raise ValueError(
            f"number: expected {found} at most, as {why}, got {number}; number=None chooses as many as there are"
        )
