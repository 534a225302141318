"""What several functions ask of the same arguments."""

from numbers import Integral

from ..dataset import Dataset
from ..moments import MomentRecord, Moments


def of_data(moments: Moments, data: Dataset) -> None:
    """Refuses moments that are not those of the data: other trajectories, lengths or descriptors.

    Raises:
        ValueError: they do not belong together.
    """
    wanted = "moments: expected those of the trajectories of the data"
    if isinstance(moments, MomentRecord):
        raise ValueError(f"{wanted}, one by one, got a single record; give accumulate(data), not its total()")
    if moments.K != data.K:
        raise ValueError(f"{wanted}, with K = {data.K}, got K = {moments.K}; take accumulate(data)")
    lengths = {key: record.configurations for key, record in moments.items()}
    other = sorted({key for key, _ in lengths.items() ^ {key: len(t) for key, t in data.items()}.items()})
    if other:
        names = ", ".join(map(repr, other[:3])) + (" …" if len(other) > 3 else "")
        raise ValueError(f"{wanted}, got others, which differ in {names}; take accumulate(data)")


def whole(name: str, number: int, least: int, of: str) -> None:
    """Refuses what is no whole number, or one that is too small.

    Raises:
        ValueError: as said.
    """
    if not isinstance(number, Integral) or number < least:
        raise ValueError(f"{name}: expected a whole number of {of}, at least {least}, got {number!r}")
