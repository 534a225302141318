"""Landscapes by name: every loss around every model, computed when asked for and remembered."""

from collections.abc import Mapping

import numpy as np

from .dataset import Dataset
from .landscapes import Landscape, Plane, Point, landscape
from .losses import Quadratic, energy, fisher, kl
from .moments import Moments
from .potential import LinearPotential
from .projections import Projection, project

#: Losses evaluated from projected residuals: name → (method of ``Projection``, unit).
EVALUATED = {
    "force MAE": ("force_mae", "eV/Å"),
    "force Huber": ("force_huber", "eV²/Å²"),
    "force log-cosh": ("force_log_cosh", "eV²/Å²"),
    "energy MAE": ("energy_mae", "eV/atom"),
    "KS of energies": ("energy_ks", ""),
    "W1 of energies": ("energy_wasserstein_1", "eV/atom"),
}


def quadratics(moments: Moments, temperature: float | None) -> dict[str, tuple[Quadratic, str]]:
    """The quadratic losses by name, with their units."""
    return {
        "Fisher divergence": (fisher(moments, temperature), "1/Å²"),
        "energy (½ squared error)": (energy(moments), "eV²"),
        "KL, second order": (kl(moments, temperature), "nats"),
    }


class Atlas:
    """Landscapes around models.

    The plane of a model goes through it, at (0, 0), and through its partner, at (1, 0): the first model with other
    parameters. Its second direction is random, from the seed, perpendicular to the first and as long in the curvature of the Fisher divergence.

    Args:
        data: for the losses that are not quadratic.
        moments: ``accumulate(data)``, for those that are.
        models: name → potential, at least two.
        temperature: K; without it the trajectories' own.
        seed: of the random directions.
        n: points along each axis.

    Raises:
        ValueError: fewer than two models, or the same parameters in all of them.
    """

    def __init__(
        self,
        data: Dataset,
        moments: Moments,
        models: Mapping[str, LinearPotential],
        *,
        temperature: float | None = None,
        seed: int = 0,
        n: int = 101,
    ) -> None:
        if len(models) < 2:
            raise ValueError(f"models: expected at least two to put a plane through, got {list(models)}")
        self._data, self._potentials, self._n = data, dict(models), n
        self._quadratics = quadratics(moments, temperature)
        metric = self._quadratics["Fisher divergence"][0]
        self._partners = {name: self._partner(name) for name in models}
        self._planes = {name: self._plane(name, metric, seed) for name in models}
        self._projections: dict[str, Projection] = {}
        self._drawn: dict[tuple[str, str], Landscape] = {}
        self.models = tuple(models)
        self.losses = (*self._quadratics, *EVALUATED)

    def _partner(self, name: str) -> str:
        theta = self._potentials[name].theta
        for other, potential in self._potentials.items():
            if not np.array_equal(potential.theta, theta):
                return other
        raise ValueError(
            f"models: expected two with different parameters, got the same ones under {list(self._potentials)}"
        )

    def _plane(self, name: str, metric: Quadratic, seed: int) -> Plane:
        partner = self._partners[name]
        a, b = self._potentials[name].theta, self._potentials[partner].theta
        return Plane.through(a, b, seed=seed + list(self._potentials).index(name), metric=metric, names=(name, partner))

    def __call__(self, model: str, loss: str) -> tuple[Landscape, dict[str, Point]]:
        """The landscape of a loss around a model, and where the model and its partner lie on it.

        Raises:
            ValueError: an unknown model or loss; the sentence lists the known ones.
        """
        for what, name, known in (("model", model, self.models), ("loss", loss, self.losses)):
            if name not in known:
                raise ValueError(f"{what}: expected one of {', '.join(map(repr, known))}, got {name!r}")
        if (model, loss) not in self._drawn:
            self._drawn[model, loss] = self._draw(self._planes[model], model, loss)
        return self._drawn[model, loss], {model: (0.0, 0.0), self._partners[model]: (1.0, 0.0)}

    def _draw(self, plane: Plane, model: str, loss: str) -> Landscape:
        if loss in self._quadratics:
            quadratic, unit = self._quadratics[loss]
            return landscape(quadratic, plane, n=self._n, name=loss, unit=unit)
        if model not in self._projections:
            self._projections[model] = project(self._data, plane)
        method, unit = EVALUATED[loss]
        return landscape(getattr(self._projections[model], method), plane, n=self._n, name=loss, unit=unit)
