"""Whether moments belong to data, trajectory by trajectory."""

from ..arguments import kind
from ..dataset import Dataset
from ..moments import MomentRecord, Moments


def of_data(moments: Moments, data: Dataset, temperature: float | None = None) -> None:
    """Refuses moments that are not those of the trajectories of the data.

    Args:
        moments: to be checked.
        data: the trajectories.
        temperature: K, if it was used in place of the trajectories' own.

    Raises:
        ValueError: moments of other data, or a single record for all trajectories.
    """
    kind("data", data, Dataset, "data and accumulate(data), in this order")
    if isinstance(moments, MomentRecord):
        raise ValueError(
            "moments: expected those of the trajectories of the data, one by one, got a single record; give "
            "accumulate(data), not its total()"
        )
    kind("moments", moments, Moments, "accumulate(data)")
    moments.check_of(data, temperature)
