"""What the tests of the heart and all others share: small random datasets, and patience with a busy machine."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import fisherlib as fl

# A machine that is busy with something else is no failure.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def ragged() -> Callable[..., fl.Dataset]:
    """A maker of small random datasets whose configurations differ in size; forces and energies do not fit exactly."""

    def make(
        seed: int,
        *,
        K: int = 3,
        temperatures: Sequence[float | None] = (300.0, 300.0),
        configurations: int = 5,
        atoms: tuple[int, int] = (1, 5),
        scale: float | np.ndarray = 1.0,
        noise: float = 0.3,
    ) -> fl.Dataset:
        rng = np.random.default_rng(seed)
        theta, made = rng.normal(size=K) / scale, []
        for number, temperature in enumerate(temperatures):
            n_atoms = rng.integers(atoms[0], atoms[1] + 1, size=configurations)
            Phi = rng.normal(size=(3 * n_atoms.sum(), K)) * scale
            D = (rng.normal(size=(configurations, K)) + 2.0 * n_atoms[:, None]) * scale
            made.append(
                fl.Trajectory(
                    key=f"t{number}",
                    temperature=temperature,
                    n_atoms=n_atoms,
                    energies=D @ theta - 3.5 * n_atoms + noise * rng.normal(size=configurations),
                    descriptors=D,
                    forces=Phi @ theta + noise * rng.normal(size=len(Phi)),
                    force_descriptors=Phi,
                )
            )
        return fl.Dataset(made)

    return make
