"""The spectrum against explicit inverses, exact gaps of one-dimensional diffusion, and the hypervirial relation."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, linalg

import fisherlib as fl
from fisherlib import diagnostics
from fisherlib.moments import MomentRecord
from fisherlib.units import BOLTZMANN, beta

Function = Callable[[NDArray], NDArray]
T = 300.0
KT = BOLTZMANN * T


def spectrum(data: fl.Dataset, **options: object) -> diagnostics.Metastability:
    return diagnostics.metastability(fl.accumulate(data), **options)


def test_the_generalised_eigenproblem_with_explicit_averages(ragged: Callable) -> None:
    data = ragged(0, K=4, configurations=30, atoms=(3, 3))
    found = spectrum(data)
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    D, F, b = np.concatenate([t.descriptors for t in data.values()]), data.forces, beta(T)
    C, S = Phi.T @ Phi / len(D), np.cov(D.T, bias=True)
    np.testing.assert_allclose(found.values, linalg.eigh(C, S, eigvals_only=True), rtol=1e-9)
    np.testing.assert_allclose(found.directions @ S @ found.directions.T, np.eye(4) / b**2, atol=1e-9 / b**2)
    np.testing.assert_allclose(C @ found.directions.T, S @ found.directions.T * found.values, rtol=1e-6, atol=1e-9)
    assert found.scale == pytest.approx(b**2 * F @ F / len(F))
    assert found.ratio == found.values[0] / found.scale


def test_descriptors_that_are_constant_or_dependent_are_left_out(ragged: Callable) -> None:
    data = ragged(1, K=3, configurations=20)
    full = spectrum(data)
    matrix = np.array([[1.0, 0, 0, 0, 1.0], [0, 1, 0, 0, 2], [0, 0, 1, 0, 0]])
    longer = fl.Dataset(
        [
            fl.Trajectory(
                key=t.key,
                temperature=t.temperature,
                n_atoms=t.n_atoms,
                energies=t.energies,
                descriptors=t.descriptors @ matrix,
                forces=t.forces,
                force_descriptors=t.force_descriptors @ matrix,
            )
            for t in data.values()
        ]
    )
    found = spectrum(longer)
    np.testing.assert_allclose(found.values, full.values, rtol=1e-6)
    assert found.directions.shape == (3, 5) and not found.directions[:, 3].any()
    constant = fl.accumulate(data)["t0"]
    still = MomentRecord(**{**vars(constant), "scatter": np.zeros((5, 5))})
    with pytest.raises(ValueError, match="expected descriptors that vary"):
        diagnostics.metastability(fl.Moments({"t0": still}))


def test_temperatures_are_pooled_with_their_own_beta(ragged: Callable) -> None:
    data = ragged(2, K=3, temperatures=(300.0, 900.0), configurations=20, atoms=(3, 3))
    C, S = np.zeros((3, 3)), np.zeros((3, 3))
    for t in data.values():
        C += beta(t.temperature) ** 2 * t.force_descriptors.T @ t.force_descriptors
        S += beta(t.temperature) ** 2 * 20 * np.cov(t.descriptors.T, bias=True)
    np.testing.assert_allclose(spectrum(data).values, linalg.eigh(C, S, eigvals_only=True), rtol=1e-8)
    with pytest.raises(ValueError, match="give temperature="):
        spectrum(ragged(2, temperatures=(None,)))


def averages(barrier: float, *functions: tuple[Function, Function]) -> fl.Moments:
    """Moments of the double well in one dimension by quadrature, as if of 10⁶ configurations; each D with its slope."""
    x, M = np.linspace(-3, 3, 20001), 10**6
    p = np.exp(-((x**2 - 1) ** 2) * barrier / KT)
    p /= integrate.simpson(p, x=x)
    F = -4 * barrier * x * (x**2 - 1)
    D = np.array([f(x) for f, _ in functions] + [barrier * (x**2 - 1) ** 2, np.ones_like(x)])
    Phi = -np.array([slope(x) for _, slope in functions])
    mean = integrate.simpson(p * D, x=x)
    z = D - mean[:, None]
    z[-1] = 0.0
    record = MomentRecord(
        configurations=M,
        rows=M,
        PhiPhi=M * integrate.simpson(p * Phi[:, None] * Phi, x=x),
        PhiF=M * integrate.simpson(p * Phi * F, x=x),
        FF=M * float(integrate.simpson(p * F * F, x=x)),
        mean=mean,
        scatter=M * integrate.simpson(p * z[:, None] * z, x=x),
        temperature=T,
    )
    return fl.Moments({"exact": record})


def power(k: int) -> tuple[Function, Function]:
    return lambda x: x**k, lambda x: k * x ** (k - 1.0)


def committor(barrier: float) -> tuple[Function, Function]:
    """The chance to reach the right well first, which slow motion follows: its slope is as e^βU between the wells."""

    def slope(x: NDArray) -> NDArray:
        return np.where(np.abs(x) < 1, np.exp(barrier * ((np.minimum(x**2, 1) - 1) ** 2 - 1) / KT), 0.0)

    return lambda x: integrate.cumulative_simpson(slope(x), x=x, initial=0), slope


def gap(barrier: float) -> float:
    """First eigenvalue of −(1/β) e^{βU} d/dx (e^{−βU} d/dx), reflecting ends, by finite differences, 1/Å² eV."""
    x = np.linspace(-2.6, 2.6, 4001)
    h = x[1] - x[0]
    U = barrier * (x**2 - 1) ** 2 / KT
    middle = barrier * ((x[:-1] + 0.5 * h) ** 2 - 1) ** 2 / KT
    flow = np.exp(-middle + 0.5 * (U[:-1] + U[1:])) * KT / h**2  # symmetrised with √p of both ends
    out = np.zeros_like(x)
    out[:-1] += np.exp(-middle + U[:-1])
    out[1:] += np.exp(-middle + U[1:])
    return float(linalg.eigh_tridiagonal(out * KT / h**2, -flow, eigvals_only=True, select="i", select_range=(1, 1))[0])


@pytest.mark.parametrize("barrier", [4.0, 8.0, 16.0])
def test_the_smallest_value_bounds_the_gap_of_diffusion_from_above(barrier: float) -> None:
    def bound(*functions: tuple[Function, Function]) -> float:
        return float(diagnostics.metastability(averages(barrier * KT, *functions)).values[0]) * KT

    exact = gap(barrier * KT)
    bounds = [bound(*map(power, range(1, K + 1))) for K in (1, 3, 5)]
    assert exact < bounds[2] < bounds[1] < bounds[0]
    assert exact < bound(committor(barrier * KT)) < 1.005 * exact
    # Kramers: the gap is twice the rate √(U''(±1)|U''(0)|)/2π e^(−βΔU) out of one well, with corrections of 1/βΔU.
    kramers = np.sqrt(8 * 4) * barrier * KT / np.pi * np.exp(-barrier)
    assert exact == pytest.approx(kramers, rel=0.5 / barrier)


def test_one_harmonic_mode_has_its_own_value() -> None:
    rng, k = np.random.default_rng(0), 2.0
    x = rng.normal(size=(4000, 3)) * np.sqrt(KT / k)
    Phi = np.zeros((12000, 2))
    Phi[::3, 0], Phi[1::3, 1] = -1.0, -2 * x[:, 1]
    t = fl.Trajectory(
        key="a",
        temperature=T,
        n_atoms=np.ones(4000, dtype=int),
        energies=0.5 * k * (x**2).sum(axis=1),
        descriptors=np.column_stack([x[:, 0], x[:, 1] ** 2]),
        forces=-k * x.ravel(),
        force_descriptors=Phi,
    )
    found = spectrum(fl.Dataset([t]))
    # ⟨|∇x|²⟩/Var x = βk, which is also β times the mean curvature, and ⟨4x²⟩/Var x² = 2βk.
    np.testing.assert_allclose(found.values * KT / k, [1.0, 2.0], rtol=0.1)
    assert found.scale * KT / k == pytest.approx(1.0, rel=0.05) and found.verdict.level == "ok"


def test_the_slow_direction_of_a_double_well_is_found_and_named() -> None:
    def well(barrier: float, **options: object) -> tuple[fl.Dataset, diagnostics.Metastability]:
        data = fl.systems.double_well(barrier * KT, temperature=T, **options)
        return data, spectrum(data)

    data, high = well(8.0, odd=True)
    assert high.verdict.level == "warn" and 0.002 < high.ratio < 0.005 and high.values[1] > 0.5 * high.scale
    assert high.words(data.descriptor_names, number=1)[0].startswith("+1.00 x −0.3")
    assert "1 direction of θ moves" in high.verdict.message
    assert well(1.0, odd=True)[1].verdict.level == "ok"
    assert well(8.0)[1].verdict.level == "ok"  # even descriptors do not see it
    with pytest.raises(ValueError, match="names: expected 4, one a descriptor, got 1"):
        high.words(["x"])


@pytest.mark.parametrize("tilt", [0.5, 1.0])
def test_a_tilt_that_the_descriptors_lack_is_told(tilt: float) -> None:
    data = fl.systems.double_well(8.0 * KT, tilt=tilt * KT, temperature=T)
    found, theta = spectrum(data), fl.solve(fl.fisher(fl.accumulate(data))).theta
    gap = data.energies - np.concatenate([t.descriptors for t in data.values()]) @ theta
    rest = data.forces - np.concatenate([t.force_descriptors for t in data.values()]) @ theta
    assert found.variance == pytest.approx(gap.var() / KT**2)
    assert found.residual == pytest.approx(rest @ rest / len(gap) / gap.var())
    assert found.verdict.level == "warn" and found.verdict.value == found.residual / found.scale < 0.05
    assert found.verdict.message.startswith("what the model leaves out moves energies without force (by 0.")
    assert found.ratio > diagnostics.metastability.__globals__["SLOW"]  # the descriptors themselves show nothing


def test_a_model_that_leaves_out_nothing_is_not_blamed() -> None:
    for barrier in (1.0, 8.0):
        found = spectrum(fl.systems.double_well(barrier * KT, temperature=T))
        assert found.verdict.level == "ok" and found.variance < 1e-9
        assert "in every direction of the descriptors" in found.verdict.message
    small = spectrum(fl.systems.double_well(8.0 * KT, tilt=0.2 * KT, temperature=T))
    assert small.verdict.level == "ok" and small.residual < 0.05 * small.scale and 0.01 < small.variance < 0.1


def test_a_slow_direction_and_a_slow_rest_are_both_told() -> None:
    data = fl.systems.double_well(8.0 * KT, odd=True, temperature=T)
    shifted = fl.Dataset([dataclasses.replace(t, energies=t.energies + n * KT) for n, t in enumerate(data.values())])
    found = spectrum(shifted)
    assert found.residual < 1e-9 and found.verdict.value == found.ratio
    assert "direction of θ moves" in found.verdict.message and "what the model leaves out" in found.verdict.message


def test_the_shipped_droplet_is_not_stuck(copper_moments: fl.Moments) -> None:
    found = diagnostics.metastability(copper_moments)
    assert (
        found.values.shape == (105,) and found.verdict.level == "ok" and found.ratio == pytest.approx(0.0377, abs=1e-3)
    )
    assert (np.diff(found.values) >= 0).all() and len(found.words()) == 3
    assert found.residual / found.scale == pytest.approx(1.18, abs=0.02) and found.variance == pytest.approx(
        2.0, abs=0.1
    )


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**20), n_atoms=st.integers(1, 4), temperature=st.floats(50.0, 3000.0))
def test_the_hypervirial_relation(seed: int, n_atoms: int, temperature: float) -> None:
    """⟨ΦᵀF⟩ = k_B T ⟨∇²D⟩ for D = ½ xᵀSx and D = Σ x⁴/4 in a Gaussian system, from the moments of the package."""
    rng, n, M, kT = np.random.default_rng(seed), 3 * n_atoms, 2000, BOLTZMANN * temperature
    S, H = (G @ G.T / n + 0.1 * np.eye(n) for G in rng.normal(size=(2, n, n)))
    x = np.linalg.solve(np.linalg.cholesky(H / kT).T, rng.normal(size=(n, M))).T
    t = fl.Trajectory(
        key="gauss",
        temperature=temperature,
        n_atoms=np.full(M, n_atoms),
        energies=0.5 * np.einsum("mi,ij,mj->m", x, H, x),
        descriptors=np.column_stack([0.5 * np.einsum("mi,ij,mj->m", x, S, x), 0.25 * (x**4).sum(axis=1)]),
        forces=-(x @ H).ravel(),
        force_descriptors=-np.column_stack([(x @ S).ravel(), (x**3).ravel()]),
    )
    laplacian = np.column_stack([np.full(M, np.trace(S)), 3 * (x**2).sum(axis=1)])
    each = np.einsum("mik,mi->mk", t.force_descriptors.reshape(M, n, 2), t.forces.reshape(M, n)) - kT * laplacian
    c = fl.fisher(fl.accumulate(fl.Dataset([t]))).b / beta(temperature) ** 2
    error = each.std(axis=0, ddof=1) / np.sqrt(M)
    assert (np.abs(c - kT * laplacian.mean(axis=0)) < 5 * error).all()
