"""Refinement: θ against exact integer arithmetic and 80-bit sums, synthetic and published; what is not of the loss is refused."""

import dataclasses
import importlib.util
import tracemalloc
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

import fisherlib as fl
from fisherlib.solvers import Part, fisher_residual, normal_residual, refine, spectrum

Maker = Callable[..., fl.Dataset]
quick = settings(deadline=None, max_examples=25)
EPS, DIGITS, BITS = float(np.finfo(float).eps), 46, 200
extended_precision = pytest.mark.skipif(
    np.finfo(np.longdouble).eps > 2e-19, reason="this machine's longdouble has no more digits than its double"
)


def load_benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[1] / "benchmarks" / "accuracy.py"
    spec = importlib.util.spec_from_file_location("accuracy_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


accuracy = load_benchmark()


def rows(kappa: float, seed: int, *, m: int = 3000, K: int = 40, unexplained: float = 0.1) -> tuple[NDArray, NDArray]:
    """Φ of the given condition and forces that it does not quite explain, all multiples of 2⁻⁴⁶, hence integers exactly."""
    rng = np.random.default_rng(seed)
    U, V = (np.linalg.qr(rng.normal(size=(n, K)))[0] for n in (m, K))
    Phi = np.sqrt(m) * (U * np.logspace(0, -np.log10(kappa), K)) @ V.T
    F, noise = Phi @ rng.normal(size=K), rng.normal(size=m)
    F += unexplained * np.linalg.norm(F) / np.linalg.norm(noise) * noise
    return np.round(Phi * 2.0**DIGITS) / 2.0**DIGITS, np.round(F * 2.0**DIGITS) / 2.0**DIGITS


def integers(x: NDArray, bits: int) -> NDArray:
    return np.vectorize(lambda v: int(Fraction(float(v)) * 2**bits), otypes=[object])(x)


def floats(x: NDArray, bits: int) -> NDArray:
    return np.array([float(Fraction(int(v), 2**bits)) for v in x])


def exact(Phi: NDArray, F: NDArray, within: NDArray | None = None) -> tuple[NDArray, float]:
    """θ in units of 2⁻²⁰⁰ that minimises |F − Φθ|, and the size of its last correction, relative to it.

    The gradient is an exact integer; the factor of its correction comes from a QR of the rows. ``within`` are columns
    that the scaled parameters are to be combinations of.
    """
    size = np.linalg.norm(Phi, axis=0)
    W = np.eye(len(size)) if within is None else within
    R = np.linalg.qr(Phi / size @ W, mode="r")
    P, f = ((x * 2.0**DIGITS).astype(np.int64).astype(object) for x in (Phi, F))
    f = f * 2**BITS
    theta, before = np.zeros(len(size), dtype=object), np.inf
    for _ in range(10):
        gradient = floats(P.T @ (f - P @ theta), 2 * DIGITS + BITS)
        step = W @ solve_triangular(R, solve_triangular(R, W.T @ (gradient / size), trans="T"))
        theta = theta + integers(step / size, BITS)
        error = float(np.linalg.norm(step) / np.linalg.norm(floats(theta, BITS) * size))
        if error < 1e-20 or error > 0.5 * before:
            break
        before = error
    return theta, error


def distance(theta: NDArray, right: NDArray, Phi: NDArray) -> float:
    size = np.linalg.norm(Phi, axis=0)
    wrong = floats(integers(theta, BITS) - right, BITS)
    return float(np.linalg.norm(wrong * size) / np.linalg.norm(floats(right, BITS) * size))


def of_rows(Phi: NDArray, F: NDArray) -> tuple[fl.Dataset, fl.Quadratic, fl.Solution]:
    data = accuracy.rows_only("rows", Phi, F)
    loss = fl.fisher(fl.accumulate(data))
    return data, loss, fl.solve(loss)


def limit(fit: fl.Solution, Phi: NDArray, F: NDArray) -> float:
    """κε (1 + κ|F − Φθ|/(σ₁|θ|)): the rounding of F − Φθ, and that of the sum Φᵀ(F − Φθ), once solved for."""
    size, kappa = np.linalg.norm(Phi, axis=0), np.sqrt(fit.condition)
    share = np.linalg.norm(F - Phi @ fit.theta) / np.linalg.norm(Phi / size, 2) / np.linalg.norm(fit.theta * size)
    return float(kappa * EPS * (1 + kappa * share))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kappa", [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7])
def test_theta_is_as_good_as_theory_says(kappa: float, seed: int) -> None:
    Phi, F = rows(kappa, seed)
    data, loss, fit = of_rows(Phi, F)
    right, certificate = exact(Phi, F)
    assert certificate < 1e-20
    unit = Phi / np.linalg.norm(Phi, axis=0)
    assert fit.method == "cholesky" and fit.condition == pytest.approx(np.linalg.cond(unit) ** 2, rel=0.1)
    first = distance(fit.theta, right, Phi)
    assert first <= 10 * fit.condition * EPS
    once, more = (refine(fit, loss, fisher_residual(data), passes=n) for n in (1, 4))
    assert once.method == "cholesky, refined once"
    assert distance(once.theta, right, Phi) <= limit(fit, Phi, F) + first * fit.condition * EPS
    assert distance(more.theta, right, Phi) <= limit(fit, Phi, F)
    forces = Phi @ floats(right, BITS)
    error = np.linalg.norm(Phi @ floats(integers(more.theta, BITS) - right, BITS)) / np.linalg.norm(forces)
    assert error <= 10 * np.sqrt(fit.condition) * EPS
    assert (once.rank, once.condition, once.eigenvalues is fit.eigenvalues) == (fit.rank, fit.condition, True)
    assert once.value == float(loss(once.theta)) == pytest.approx(0.5 * float(loss.s) * 0.1**2 / 1.01, rel=0.1)


@pytest.mark.parametrize("seed", [0, 1])
def test_directions_that_were_left_out_stay_out(seed: int) -> None:
    Phi, F = rows(1e8, seed)
    data, loss, fit = of_rows(Phi, F)
    assert fit.method == "truncated" and fit.rank < 40
    kept = spectrum(loss)[1][:, -fit.rank :]
    right, certificate = exact(Phi, F, kept)
    assert certificate < 1e-15
    first = distance(fit.theta, right, Phi)
    fine = refine(fit, loss, fisher_residual(data), passes=4)
    assert fine.method.startswith("truncated, refined") and fine.rank == fit.rank
    assert first <= 10 * fit.condition * EPS
    assert distance(fine.theta, right, Phi) <= limit(fit, Phi, F) < 1e-3 * first
    y = fine.theta * np.sqrt(np.diag(loss.A))
    assert np.linalg.norm(y - kept @ (kept.T @ y)) < 1e-13 * np.linalg.norm(y)


@quick
@given(seed=st.integers(0, 2**20), decades=st.floats(0.0, 6.0))
def test_duplicate_and_zero_columns_in_any_units_stay_of_least_norm(seed: int, decades: float) -> None:
    Phi, F = rows(10.0, seed, m=60, K=4)
    Phi = np.column_stack([Phi, Phi[:, :1], np.zeros(len(F))]) * 10.0 ** np.linspace(-decades, decades, 6)
    data, loss, fit = of_rows(Phi, F)
    fine = refine(fit, loss, fisher_residual(data))
    size = np.linalg.norm(Phi, axis=0)
    size[-1] = 1.0
    least = np.linalg.lstsq(Phi / size, F, rcond=1e-10)[0]  # numpy's answer has the least norm
    np.testing.assert_allclose(fine.theta * size, least, atol=1e-12 * np.abs(least).max())
    assert fine.rank == 4 and fine.theta[-1] == 0.0


@extended_precision
def test_the_sums_in_80_bits_agree_with_integers() -> None:
    """What the published data are measured with."""
    Phi, F = rows(1e4, 5)
    theta, certificate = accuracy.extended(Phi, F)
    assert certificate < 1e-15 and distance(theta, exact(Phi, F)[0], Phi) < 1e-14


@extended_precision
@pytest.mark.parametrize(
    ("name", "precision"),
    [(name, np.float64) for name in accuracy.SETS]
    + [(name, np.float32) for name in ("Mo, SNAP", "Ta, SNAP", "Ge, SOAP")],
)
def test_one_pass_gives_eleven_digits_of_real_data(name: str, precision: type) -> None:
    pytest.importorskip("ase", reason="no room that reads files, as in the tests of the heart alone")
    try:
        data = accuracy.SETS[name]()
    except FileNotFoundError:
        pytest.skip(f"{name}: not in ../shared/data beside the checkout")
    data = accuracy.singles(data) if precision is np.float32 else data
    Phi, F = accuracy.stacked(data)
    right, certificate = accuracy.extended(Phi, F)
    assert certificate < 1e-14
    loss = fl.fisher(fl.accumulate(data), 300.0)
    fit = fl.solve(loss)
    fine = refine(fit, loss, fisher_residual(data, 300.0))
    assert (fit.method, fine.method) == ("cholesky", "cholesky, refined once")
    before, after = (accuracy.errors(solution.theta, right, Phi) for solution in (fit, fine))
    assert before[0] <= 10 * fit.condition * EPS
    assert after[0] <= 1e-11 and after[1] <= 1e-13
    assert after[0] < 0.1 * before[0] and after[1] < 0.1 * before[1]
    assert np.linalg.norm((fine.theta - right).astype(float)) <= 1e-11 * np.linalg.norm(fine.theta)


@extended_precision
def test_a_residual_of_ones_own_refines_weighted_rows_of_energies_forces_and_stresses() -> None:
    path = accuracy.PUBLISHED / "fitsnap_ta" / "Ta_snap2J6_fitsnap_rows.npz"
    if not path.exists():
        pytest.skip(f"no {path.name} in ../shared/data beside the checkout")
    with np.load(path, allow_pickle=False) as file:
        Phi, F = file["A"] * file["w"][:, None], file["b"] * file["w"]
    loss = fl.Quadratic(Phi.T @ Phi, Phi.T @ F, float(F @ F))
    fit = fl.solve(loss)
    fine = refine(fit, loss, lambda theta: (F - theta @ Phi.T) @ Phi)
    right, certificate = accuracy.extended(Phi, F)
    before, after = (accuracy.errors(solution.theta, right, Phi)[0] for solution in (fit, fine))
    assert certificate < 1e-15 and after < 1e-12 and after < 0.1 * before < fit.condition * EPS


@extended_precision
@pytest.mark.parametrize("strength", [1e-12, 1e-6, 1e-1])
def test_a_ridge_is_refined_with_the_data(strength: float) -> None:
    Phi, F = rows(1e6, 2)
    data, loss, _ = of_rows(Phi, F)
    origin = np.random.default_rng(3).normal(size=40)
    penalty = fl.ridge(strength, 40, scale=np.diag(loss.A), origin=origin)
    fit = fl.solve(loss + penalty)
    fine = refine(fit, loss + penalty, fisher_residual(data, penalty=penalty))
    weights = np.append(np.full(len(F), fl.units.beta(300.0) ** 2), np.diag(penalty.A))
    right, _ = accuracy.extended(np.vstack([Phi, np.eye(40)]), np.append(F, origin), weights)
    before, after = (accuracy.errors(solution.theta, right, Phi)[0] for solution in (fit, fine))
    assert after < 10 * max(np.sqrt(fit.condition), 1.0) * EPS + 0.02 * before and after < before
    if strength > 1e-9:
        with pytest.raises(ValueError, match="residual: expected b − Aθ of the loss.*lacks a term of the loss"):
            refine(fit, loss + penalty, fisher_residual(data))


@extended_precision
def test_a_kl_term_enters_as_its_moments_have_it(few_walkers: fl.Dataset) -> None:
    moments = fl.accumulate(few_walkers)
    term = 1e-3 * fl.kl(moments, 300.0)
    loss = fl.fisher(moments, 300.0) + term
    fit = fl.solve(loss)
    fine = refine(fit, loss, fisher_residual(few_walkers, 300.0, penalty=term))
    Phi, F = accuracy.stacked(few_walkers)
    d, right = np.sqrt(np.diag(loss.A)), np.zeros(105, dtype=np.longdouble)
    factor, weight = cho_factor(loss.A / np.outer(d, d)), fl.units.beta(300.0) ** 2 / len(few_walkers.energies)
    for _ in range(8):
        gradient = np.longdouble(term.b) - np.longdouble(term.A) @ right
        for start in range(0, len(F), 2048):
            block = Phi[start : start + 2048].astype(np.longdouble)
            gradient += np.longdouble(weight) * ((F[start : start + 2048] - block @ right) @ block)
        right = right + cho_solve(factor, (gradient / d).astype(float)) / d
    before, after = (accuracy.errors(solution.theta, right, Phi)[0] for solution in (fit, fine))
    assert after < 1e-11 and after < 0.1 * before


@extended_precision
@pytest.mark.parametrize("temperature", [None, 450.0])
def test_each_trajectory_has_its_own_weight(ragged: Maker, temperature: float | None) -> None:
    data = ragged(4, K=5, temperatures=(300.0, 300.0, 1200.0, 77.0), configurations=9, scale=np.logspace(-4, 4, 5))
    loss = fl.fisher(fl.accumulate(data), temperature)
    fine = refine(fl.solve(loss), loss, fisher_residual(data, temperature), passes=2)
    each = [np.full(len(t.forces), fl.units.beta(temperature or t.temperature) ** 2) for t in data.values()]
    Phi, F = accuracy.stacked(data)
    right, _ = accuracy.extended(Phi, F, np.concatenate(each))
    assert accuracy.errors(fine.theta, right, Phi)[0] < 1e-14


class Rereadable:
    """Trajectories cut into parts and those into blocks, made anew for every pass, as if from a disk."""

    def __init__(self, data: fl.Dataset, frames: int, rows: int) -> None:
        self.data, self.frames, self.rows, self.passes = data, frames, rows, 0

    def __iter__(self) -> Iterator[fl.Trajectory | Part]:
        self.passes += 1
        for t in self.data.values():
            for start in range(0, len(t), self.frames):
                part = t.slice(start, min(start + self.frames, len(t)))
                Phi, F = part.force_descriptors, part.forces
                cuts = range(0, len(F), self.rows)
                blocks = ((Phi[k : k + self.rows], F[k : k + self.rows]) for k in cuts)
                yield Part(t.temperature, len(part), blocks) if start else part


@quick
@given(seed=st.integers(0, 2**20), frames=st.integers(1, 12), rows=st.integers(1, 40))
def test_any_source_that_can_be_read_again_gives_the_same(ragged: Maker, seed: int, frames: int, rows: int) -> None:
    data = ragged(seed, configurations=12, temperatures=(300.0, 600.0))
    loss, parts = fl.fisher(fl.accumulate(data)), Rereadable(data, frames, rows)
    theta = np.random.default_rng(seed).normal(size=3)
    expected = sum(
        fl.units.beta(t.temperature) ** 2 / 24 * t.force_descriptors.T @ (t.forces - t.force_descriptors @ theta)
        for t in data.values()
    )
    for source in (data, list(data.values()), parts):
        residual = fisher_residual(source)
        for found in (residual(theta), *residual(np.array([theta, theta]))):
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * np.abs(expected).max())
    fit = fl.solve(loss)
    a, b = (refine(fit, loss, fisher_residual(source)).theta for source in (data, parts))
    np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14 * np.abs(a).max())
    assert parts.passes == 3


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_passes_end_where_nothing_is_left_to_gain(scale: float) -> None:
    Phi, F = rows(1e3, 0)
    data, loss, fit = of_rows(Phi, scale * F)
    calls: list[NDArray] = []
    residual = fisher_residual(data)
    fine = refine(fit, loss, lambda theta: (calls.append(theta), residual(theta))[1], passes=1000)
    assert len(calls) < 6 if scale else not fine.theta.any()
    again = refine(fine, loss, residual)
    assert np.linalg.norm(again.theta - fine.theta) <= 1e-12 * np.linalg.norm(fine.theta)


def test_a_multiple_of_a_loss_is_refined_alike() -> None:
    Phi, F = rows(1e3, 0)
    data, loss, fit = of_rows(Phi, F)
    residual = fisher_residual(data)
    a = refine(fit, loss, residual).theta
    b = refine(fl.solve(7.3 * loss), 7.3 * loss, lambda theta: 7.3 * residual(theta)).theta
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * np.abs(a).max())


def test_memory_is_that_of_one_block_of_float64() -> None:
    Phi, F = np.random.default_rng(0).normal(size=(90_000, 100)).astype(np.float32), np.ones(90_000)
    t = accuracy.rows_only("long", Phi, F)["long"]
    block = fl.moments.rows_per_block(100) * 100 * 8
    tracemalloc.start()
    normal_residual(Part.of(t).blocks, np.ones(100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert t.force_descriptors.dtype == np.float32 and block < peak < 2.5 * block < Phi.nbytes / 3


def test_what_is_not_of_the_loss_is_refused(ragged: Maker) -> None:
    data, other = ragged(0, K=4), ragged(1, K=4)
    loss = fl.fisher(fl.accumulate(data))
    fit, right = fl.solve(loss), fisher_residual(data)
    rounded = accuracy.singles(data)
    for residual in (
        fisher_residual(data, 301.0),
        fisher_residual(other),
        fisher_residual(rounded),
        lambda x: -right(x),
    ):
        with pytest.raises(ValueError, match="residual: expected b − Aθ of the loss, got one that differs from it by"):
            refine(fit, loss, residual)
    for wrong in (np.full((2, 4), np.nan), np.ones(4), np.ones((4, 2))):
        with pytest.raises(ValueError, match=r"residual: expected finite numbers, \(2, 4\) like the θ"):
            refine(fit, loss, lambda x, wrong=wrong: wrong)
    with pytest.raises(ValueError, match=r"residual: expected finite numbers, \(4,\) like the θ"):
        refine(fit, loss, lambda x: right(x) if x.ndim == 2 else np.nan * x, passes=2)
    with pytest.raises(ValueError, match="passes: expected a whole number of passes, at least 1, got 0"):
        refine(fit, loss, right, passes=0)
    with pytest.raises(ValueError, match="solution: expected K = 4 parameters as in the loss, got 3"):
        refine(dataclasses.replace(fit, theta=np.ones(3)), loss, right)
    ridged = loss + fl.ridge(1e-6, 4, scale=np.diag(loss.A))
    for another in (ridged, fl.Quadratic(np.ones((4, 4)), np.ones(4), 1.0)):
        with pytest.raises(ValueError, match="solution: expected that of the loss, got one of another loss"):
            refine(fit, another, right)


def test_what_cannot_be_read_for_each_pass_is_refused(ragged: Maker) -> None:
    data = ragged(0, temperatures=(None, 300.0))
    with pytest.raises(ValueError, match="data: expected trajectories that can be read once per pass.*got generator"):
        fisher_residual(t for t in data.values())
    with pytest.raises(ValueError, match="data: expected at least one trajectory, got none"):
        fisher_residual([])(np.ones(3))
    with pytest.raises(ValueError, match="temperature: .*give temperature= in kelvin"):
        fisher_residual(data)(np.ones(3))
    with pytest.raises(ValueError, match="theta: expected K = 3 parameters as the data have, got shape"):
        fisher_residual(data, 300.0)(np.ones(4))


def test_a_database_is_refined_without_being_in_memory(copper: fl.Dataset, tmp_path: Path) -> None:
    few = copper.select(list(copper)[:3])
    written = fl.io.database.write_dataset(few, tmp_path / "db", precision="float64", shard_bytes=2**20)
    loss = fl.fisher(fl.cluster.accumulate(written))
    fit = fl.solve(loss)
    found = fl.refine(fit, loss, fl.fisher_residual(fl.cluster.Rows(tmp_path / "db")))
    wanted = fl.refine(fit, loss, fl.fisher_residual(few))
    assert found.method == "cholesky, refined once"
    np.testing.assert_allclose(found.theta, wanted.theta, rtol=1e-9)
