"""The exact systems: their parameters, distributions and derivatives against quadrature and finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import fisherlib as fl
from fisherlib import systems
from fisherlib.units import BOLTZMANN

BARRIER, TILT, TEMPERATURE = 0.1, 0.05, 600.0


def left_and_right(observable: str, tilt: float) -> float:
    """Boltzmann average over x of a named observable of the double well, by quadrature."""
    functions = {
        "one": lambda x: 1.0,
        "well": lambda x: (x * x - 1) ** 2,
        "Phi": lambda x: -4 * x * (x * x - 1),
        "Phi²": lambda x: (4 * x * (x * x - 1)) ** 2,
        "x": lambda x: x,
    }

    def weight(x: float) -> float:
        return float(np.exp(-(BARRIER * (x * x - 1) ** 2 + tilt * x) / (BOLTZMANN * TEMPERATURE)))

    def integral(name: str) -> float:
        return integrate.quad(lambda x: functions[name](x) * weight(x), -3, 3, epsabs=1e-13, limit=200)[0]

    return integral(observable) / integral("one")


def positions(data: fl.Dataset) -> np.ndarray:
    """x of every configuration of a tilted double well, from what the model leaves of the energy."""
    t = next(iter(data.values()))
    return (t.energies - t.descriptors @ [BARRIER, 1.0]) / TILT


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**20),
    K=st.integers(1, 6),
    n_atoms=st.integers(2, 5),
    decades=st.floats(0, 2),
    temperature=st.floats(50.0, 3000.0),
)
def test_harmonic_theta_is_found_from_any_sample(
    seed: int, K: int, n_atoms: int, decades: float, temperature: float
) -> None:
    theta = 10.0 ** np.random.default_rng(seed).uniform(-decades, decades, size=K)
    data = systems.harmonic(
        theta, n_atoms=n_atoms, temperature=temperature, trajectories=2, configurations=4, seed=seed
    )
    found = fl.solve(fl.fisher(fl.accumulate(data))).theta
    np.testing.assert_allclose(found, theta, rtol=1e-9, atol=1e-10 * theta.max())


def test_harmonic_energies_follow_the_gamma_distribution() -> None:
    data = systems.harmonic(np.array([2.0, 0.5]), n_atoms=3, temperature=500.0, configurations=500, offset=-2.0, seed=4)
    gamma = stats.gamma(4.5, scale=BOLTZMANN * 500.0)
    assert stats.kstest(data.energies + 3 * 2.0, gamma.cdf).pvalue > 0.05
    assert stats.kstest(data.energies + 3 * 2.0, stats.gamma(4.0, scale=BOLTZMANN * 500.0).cdf).pvalue < 1e-3


def test_harmonic_forces_are_minus_the_gradient_of_the_energy() -> None:
    # One atom and K > 3: the positions follow from D_k = −½ x·Φ_k, the matrices S_k from Φ_k = −S_k x.
    theta = np.array([2.0, 0.5, 1.0, 3.0, 0.1])
    data = systems.harmonic(theta, n_atoms=1, trajectories=1, configurations=12, offset=-1.5, seed=3)
    t = data["harmonic-0"]
    Phi = t.force_descriptors.reshape(12, 3, 5)
    x = np.array([np.linalg.lstsq(-0.5 * Phi[m].T, t.descriptors[m], rcond=None)[0] for m in range(12)])
    np.testing.assert_allclose(-0.5 * np.einsum("mi,mik->mk", x, Phi), t.descriptors, rtol=1e-9)
    S = np.array([np.linalg.lstsq(x, -Phi[:, :, k], rcond=None)[0] for k in range(5)])
    np.testing.assert_allclose(S, S.transpose(0, 2, 1), atol=1e-9)

    def U(r: np.ndarray) -> float:
        return float(0.5 * np.einsum("k,i,kij,j", theta, r, S, r)) - 1.5

    h = 1e-4
    numerical = [[-(U(r + h * e) - U(r - h * e)) / (2 * h) for e in np.eye(3)] for r in x]
    np.testing.assert_allclose([U(r) for r in x], t.energies, rtol=1e-9)
    np.testing.assert_allclose(t.forces.reshape(12, 3), numerical, rtol=1e-6, atol=1e-9)


def test_the_same_seed_gives_the_same_system() -> None:
    for make in (lambda s: systems.harmonic(np.ones(2), seed=s), lambda s: systems.double_well(0.1, seed=s)):
        np.testing.assert_array_equal(make(3).forces, make(3).forces)
        assert not np.array_equal(make(3).forces, make(4).forces)


@pytest.mark.parametrize("tilt", [0.0, TILT])
def test_double_well_averages_are_those_of_quadrature(tilt: float) -> None:
    data = systems.double_well(BARRIER, tilt=tilt, temperature=TEMPERATURE, configurations=2500, seed=7)
    D = np.concatenate([t.descriptors for t in data.values()])
    Phi = np.concatenate([t.force_descriptors for t in data.values()]).reshape(-1, 3, 2)
    kT = BOLTZMANN * TEMPERATURE
    for sample, exact in [
        (D[:, 0], left_and_right("well", tilt)),
        (D[:, 1], kT),  # ½ k ⟨y² + z²⟩ with k = 1 eV/Å²
        (Phi[:, 0, 0] ** 2, left_and_right("Phi²", tilt)),
        (Phi[:, 0, 0], left_and_right("Phi", tilt)),
        (Phi[:, 1, 1] ** 2, kT),
    ]:
        error = sample.std(ddof=1) / np.sqrt(len(sample))
        assert abs(sample.mean() - exact) < 3.5 * error


def test_double_well_positions_follow_the_boltzmann_distribution() -> None:
    data = systems.double_well(BARRIER, tilt=TILT, temperature=TEMPERATURE, trajectories=1, configurations=4000, seed=2)
    x = positions(data)
    grid = np.linspace(-2.5, 2.5, 4001)
    density = np.exp(-(BARRIER * (grid**2 - 1) ** 2 + TILT * grid) / (BOLTZMANN * TEMPERATURE))
    cdf = integrate.cumulative_simpson(density, x=grid, initial=0)
    assert stats.kstest(x, lambda v: np.interp(v, grid, cdf / cdf[-1])).pvalue > 0.05
    assert abs(x.mean() - left_and_right("x", TILT)) < 4 * x.std() / np.sqrt(len(x))


def test_double_well_force_descriptors_are_minus_the_gradient_of_the_descriptors() -> None:
    data = systems.double_well(BARRIER, tilt=TILT, temperature=TEMPERATURE, trajectories=1, configurations=40, seed=1)
    t, h = data["well-0"], 1e-5
    Phi = t.force_descriptors.reshape(40, 3, 2)
    r = np.column_stack([positions(data), -Phi[:, 1, 1], -Phi[:, 2, 1]])

    def D(r: np.ndarray) -> np.ndarray:
        return np.column_stack([(r[:, 0] ** 2 - 1) ** 2, 0.5 * (r[:, 1] ** 2 + r[:, 2] ** 2)])

    np.testing.assert_allclose(D(r), t.descriptors, atol=1e-10)
    for axis, e in enumerate(np.eye(3)):
        numerical = -(D(r + h * e) - D(r - h * e)) / (2 * h)
        np.testing.assert_allclose(Phi[:, axis], numerical, atol=1e-8)
    np.testing.assert_allclose(t.forces.reshape(40, 3), Phi @ [BARRIER, 1.0] - [TILT, 0, 0], atol=1e-12)


def test_a_tilt_outside_the_model_shifts_theta_as_quadrature_says() -> None:
    data = systems.double_well(BARRIER, tilt=TILT, temperature=TEMPERATURE, configurations=5000, seed=0)
    theta = fl.solve(fl.fisher(fl.accumulate(data))).theta
    exact = BARRIER - TILT * left_and_right("Phi", TILT) / left_and_right("Phi²", TILT)
    assert abs(exact - BARRIER) > 5e-4
    assert theta[0] == pytest.approx(exact, abs=1.5e-3) and theta[1] == pytest.approx(1.0, abs=5e-3)


def test_without_tilt_theta_is_exact() -> None:
    theta = fl.solve(fl.fisher(fl.accumulate(systems.double_well(0.3)))).theta
    np.testing.assert_allclose(theta, [0.3, 1.0], rtol=1e-12)


@pytest.mark.parametrize("tilt", [0.0, TILT])
def test_odd_descriptors_of_the_double_well_hold_the_tilt(tilt: float) -> None:
    plain, odd = (systems.double_well(BARRIER, tilt=tilt, odd=odd, seed=5) for odd in (False, True))
    assert plain.descriptor_names == odd.descriptor_names[:2] and odd.descriptor_names[2:] == ("x", "x³")
    for a, b in zip(plain.values(), odd.values(), strict=True):
        x = b.descriptors[:, 2]
        Phi = b.force_descriptors.reshape(-1, 3, 4)
        np.testing.assert_array_equal(a.energies, b.energies)
        np.testing.assert_array_equal(a.descriptors, b.descriptors[:, :2])
        np.testing.assert_array_equal(a.force_descriptors, b.force_descriptors[:, :2])
        np.testing.assert_allclose(b.energies, b.descriptors @ [BARRIER, 1.0, tilt, 0.0], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(b.descriptors[:, 3], x**3)
        np.testing.assert_allclose(Phi[:, 0, 2:], np.column_stack([-np.ones_like(x), -3 * x**2]))
        assert not Phi[:, 1:, 2:].any()
    theta = fl.solve(fl.fisher(fl.accumulate(odd))).theta
    np.testing.assert_allclose(theta, [BARRIER, 1.0, tilt, 0.0], rtol=1e-9, atol=1e-12)
