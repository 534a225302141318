"""The Bennett acceptance ratio against exact answers, pymbar, and the equation itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.special import expit

import fisherlib as fl
from fisherlib import reweighting

quick = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**20)


@pytest.fixture(scope="module")
def other() -> object:
    """pymbar's own estimators, imported as the package does it: without its messages."""
    reweighting.bar([0.0, 1.0], [0.0, 1.0])
    import pymbar.other_estimators

    return pymbar.other_estimators


def gaussians(apart: float, M: tuple[int, int], seed: int, *, d: int = 1, constant: float = 0.0) -> tuple[NDArray, ...]:
    """ln p̃_b/p̃_a at samples of a and b: Gaussians of width 1, the second ``apart`` along each axis and e^constant higher."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(M[0], d)), apart + rng.normal(size=(M[1], d))
    return tuple((apart * z - 0.5 * apart**2).sum(axis=1) + constant for z in (x, y))


def bennett(r_a: NDArray, r_b: NDArray) -> float:
    """Root of BAR's equation, with infinite ratios in it as they are."""
    c = np.log(len(r_a) / len(r_b))

    def off(value: float) -> float:
        return expit(r_a + value - c).sum() - expit(-(r_b + value - c)).sum()

    return optimize.brentq(off, -200.0, 200.0, xtol=1e-13)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_two_gaussians_have_their_exact_difference(d: int) -> None:
    found = reweighting.bar(*gaussians(0.7, (8000, 5000), d, d=d, constant=1.25))
    assert abs(found.value + 1.25) < 5 * found.error < 0.2
    assert found.caveat == "" or d == 10  # in ten dimensions one side alone is at its end


def test_of_widths_that_differ() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(4000, 2)), 2.0 * rng.normal(size=(4000, 2))
    ratio = [-(z**2).sum(axis=1) / 8 + (z**2).sum(axis=1) / 2 for z in (x, y)]
    found = reweighting.bar(*ratio)
    assert abs(found.value + np.log(4.0)) < 5 * found.error < 0.2


def test_the_error_bar_is_as_wide_as_the_scatter() -> None:
    found = [reweighting.bar(*gaussians(1.5, (300, 200), k)) for k in range(150)]
    off = [each.value / each.error for each in found]
    assert 0.8 < np.std(off) < 1.2 and abs(np.mean(off)) < 0.35


def test_the_error_of_the_gap_is_as_wide_as_its_scatter() -> None:
    found = [reweighting.bar(*gaussians(0.8, (400, 200), k)) for k in range(150)]
    gaps = [each.gap / each.gap_error for each in found]
    assert 0.8 < np.std(gaps) < 1.25
    assert (
        np.std([each.gap for each in found])
        < np.hypot(*np.transpose([(e.error, e.one_sided.error) for e in found])).mean()
    )


@quick
@given(
    seed=seeds, apart=st.floats(0.2, 2.5), constant=st.floats(-50.0, 50.0), n=st.integers(20, 80), m=st.integers(20, 80)
)
def test_it_is_pymbar_and_solves_its_equation(
    other: object, seed: int, apart: float, constant: float, n: int, m: int
) -> None:
    r_a, r_b = gaussians(apart, (n, m), seed, constant=constant)
    found = reweighting.bar(r_a, r_b)
    assert found.value == pytest.approx(bennett(r_a, r_b), abs=1e-7)
    theirs = other.bar(-(r_a - constant + 3.0), r_b - constant + 3.0)
    assert found.value == pytest.approx(theirs["Delta_f"] - constant + 3.0, abs=1e-7)
    assert found.error == pytest.approx(theirs["dDelta_f"], rel=1e-4, abs=1e-6)


def test_error_and_overlap_are_those_of_mbar() -> None:
    r_a, r_b = gaussians(1.0, (40, 60), 4)
    found, r = reweighting.bar(r_a, r_b), np.r_[r_a, r_b]
    both = reweighting.mbar(np.stack([0 * r, -r]), [40, 60])
    assert found.value == pytest.approx(both.free_energies[1], abs=1e-6)
    assert found.overlap == pytest.approx(1 - np.sort(np.linalg.eigvals(both.overlap).real)[0], abs=1e-6)
    assert found.error == pytest.approx(both.errors[1], rel=0.05)  # the two formulas agree where distributions overlap


@quick
@given(seed=seeds, shift=st.floats(-1e4, 1e4))
def test_a_constant_shifts_it_and_nothing_else(seed: int, shift: float) -> None:
    r_a, r_b = gaussians(1.0, (40, 60), seed)
    one, moved = reweighting.bar(r_a, r_b), reweighting.bar(r_a - shift, r_b - shift)
    assert moved.value - one.value == pytest.approx(shift, abs=1e-7)
    assert moved.error == pytest.approx(one.error, rel=1e-5) and moved.overlap == pytest.approx(one.overlap, rel=1e-5)


@quick
@given(seed=seeds)
def test_exchanging_the_sides_changes_the_sign(seed: int) -> None:
    r_a, r_b = gaussians(1.0, (40, 60), seed)
    one, back = reweighting.bar(r_a, r_b), reweighting.bar(-r_b, -r_a)
    assert back.value == pytest.approx(-one.value, abs=1e-7) and back.error == pytest.approx(one.error, rel=1e-5)


@quick
@given(seed=seeds, lost=st.integers(0, 30), gained=st.integers(0, 30))
def test_samples_outside_the_other_domain_count_as_the_equation_says(seed: int, lost: int, gained: int) -> None:
    r_a, r_b = gaussians(1.0, (40, 60), seed)
    r_a[:lost], r_b[:gained] = -np.inf, np.inf
    found = reweighting.bar(r_a, r_b)
    assert found.value == pytest.approx(bennett(r_a, r_b), abs=1e-7)
    # in the limit of infinities, with ratios that are only very small and very large
    near = reweighting.bar(np.maximum(r_a, -60.0), np.minimum(r_b, 60.0))
    assert found.value == pytest.approx(near.value, abs=1e-7) and found.error == pytest.approx(near.error, rel=1e-5)


def test_domains_that_differ_are_exact() -> None:
    """Uniform on [0, 2] and on [1, 4], not normalised: Z_b/Z_a = 3/2, from evenly spaced points."""
    a, b = (np.arange(400) + 0.5) / 200, 1 + 3 * (np.arange(600) + 0.5) / 600
    r_a, r_b = np.where(a > 1, 0.0, -np.inf), np.where(b < 2, 0.0, np.inf)
    found = reweighting.bar(r_a, r_b)
    assert found.value == pytest.approx(-np.log(1.5), abs=1e-9)
    # ln of two fractions, ½ of 400 and ⅓ of 600
    assert found.error == pytest.approx(np.sqrt(1 / 200 - 1 / 400 + 1 / 200 - 1 / 600), rel=1e-9)
    assert found.one_sided.value == pytest.approx(np.log(2.0))  # a alone lacks two thirds of b
    assert "miss part of the target" in found.caveat


def test_a_flow_that_leaks_out_of_the_domain() -> None:
    """q: Gaussian on the line; p: its right half, exp(−½x²) at x > 0."""
    x = stats.norm.ppf((np.arange(20000) + 0.5) / 20000)
    y = x[x > 0]
    constant = 0.5 * np.log(2 * np.pi)
    found = reweighting.bar(np.where(x > 0, constant, -np.inf), np.full(len(y), constant))
    assert found.value == pytest.approx(-np.log(np.sqrt(np.pi / 2)), abs=1e-9) and found.caveat == ""
    assert found.one_sided.value == pytest.approx(found.value, abs=1e-9)


def test_equal_weights_have_no_error() -> None:
    found = reweighting.bar(np.full(30, 2.0), np.full(20, 2.0))
    assert (round(found.value, 9), found.error, round(found.overlap, 9), found.caveat) == (-2.0, 0.0, 1.0, "")


def test_a_missing_basin_is_told() -> None:
    """Two wells of equal weight far apart; the flow knows one of them, the data have both."""
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=2000), rng.normal(size=2000) + 12.0 * (np.arange(2000) % 2)

    def ratio(z: NDArray) -> NDArray:
        return np.logaddexp(stats.norm.logpdf(z), stats.norm.logpdf(z, loc=12.0)) - stats.norm.logpdf(z)

    found = reweighting.bar(ratio(x), ratio(y))
    assert found.one_sided.value == pytest.approx(0.0, abs=1e-6)  # one side sees nothing
    assert found.value == pytest.approx(-np.log(2.0), abs=0.1)
    assert found.caveat.startswith("samples or data miss part of the target")


def test_trajectories_are_the_independent_parts() -> None:
    r_a, r_b = gaussians(1.0, (200, 300), 6)
    alone = reweighting.bar(r_a, r_b)
    copies = reweighting.bar(
        np.repeat(r_a, 3),
        np.repeat(r_b, 3),
        trajectory_a=np.repeat(np.arange(200), 3),
        trajectory_b=np.repeat(np.arange(300), 3),
    )
    assert copies.value == pytest.approx(alone.value, abs=1e-9) and copies.error == pytest.approx(alone.error, rel=0.01)
    assert copies.gap_error == pytest.approx(alone.gap_error, rel=0.01)
    single = reweighting.bar(r_a, r_b, trajectory_b=np.zeros(300))
    assert np.isnan(single.error) and single.caveat == ""


@pytest.mark.parametrize("apart", [60.0, 200.0])
def test_without_overlap_there_is_no_answer(apart: float) -> None:
    with pytest.raises(RuntimeError, match="bar: expected samples that overlap, got"):
        reweighting.bar(*gaussians(apart, (50, 50), 0))
    with pytest.raises(RuntimeError, match="bar: expected samples that overlap, got"):
        reweighting.bar(np.full(9, -np.inf), np.zeros(9))


@pytest.mark.parametrize(
    ("a", "b", "name"),
    [
        ([0.0, np.inf], [0.0], "log_weights_a"),
        ([0.0, np.nan], [0.0], "log_weights_a"),
        ([0.0], [0.0, -np.inf], "log_weights_b"),
        ([], [0.0], "log_weights_a"),
        ([0.0], [[0.0]], "log_weights_b"),
    ],
)
def test_what_is_no_ratio_is_refused(a: list, b: list, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected .*got "):
        reweighting.bar(a, b)


def test_numpy_warns_of_overflow_as_before() -> None:
    before = np.geterr()
    with np.errstate(over="ignore"):
        reweighting.bar([0.0, 1.0], [0.0, 1.0])
        assert np.geterr()["over"] == "ignore"
    assert np.geterr() == before and fl.reweighting.Bar.__doc__
