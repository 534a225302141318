"""Networks as models of an atlas, trained when they are first drawn."""

from typing import Any

from ..dataset import Dataset
from ..landscapes import Evaluated, Loss, PlaneChoice, Point
from ..progress import Progress, silent
from .network import Network
from .projections import NetworkProjection, project_network

#: How a plane is put through the weights of a network.
PLANES = ("random", "towards its first weights")
RANDOM, FIRST_WEIGHTS = PLANES


class NetworkModel:
    """A small network of summed descriptors, with planes through its weights.

    Args:
        name: of the network.
        data: that it is trained on, and whose losses are drawn.
        temperature: K; without it the trajectories' own.
        settings: of its training, as for ``train``.
    """

    planes = tuple(PlaneChoice(kind=kind, seed=0) for kind in PLANES)

    def __init__(self, name: str, data: Dataset, *, temperature: float | None = None, **settings: Any) -> None:
        self.name, self.data, self.temperature = name, data, temperature
        self._settings = settings
        self._network: Network | None = None

    @property
    def trained(self) -> bool:
        """Whether the network has been trained, so that it can be drawn without further delay."""
        return self._network is not None

    def network(self, *, progress: Progress = silent) -> Network:
        """The network, trained when it is asked for the first time."""
        if self._network is None:
            from .training import train  # loads scikit-learn

            self._network = train(self.data, name=self.name, progress=progress, **self._settings)
        return self._network

    def points(self, choice: PlaneChoice) -> dict[str, Point]:
        """The trained weights, and those before training where the plane holds them."""
        first = {"first weights": (1.0, 0.0)} if choice.kind == FIRST_WEIGHTS else {}
        return {self.name: (0.0, 0.0), **first}

    def project(self, choice: PlaneChoice) -> Evaluated:
        """The losses on a plane; the network is trained, and the data are read, when one is drawn."""

        def work(loss: Loss) -> str:
            return f"training {self.name}, once" if self._network is None else f"{loss.name} around {self.name}"

        def projected(progress: Progress) -> NetworkProjection:
            network, seed = self.network(progress=progress), choice.seed or 0
            plane = network.path_plane(seed) if choice.kind == FIRST_WEIGHTS else network.plane(seed)
            return project_network(network, self.data, plane, temperature=self.temperature, progress=progress)

        return Evaluated(work, projected)
