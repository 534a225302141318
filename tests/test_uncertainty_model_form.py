"""Model-form error: single components are fitted at least cost, the box holds them, and more data do not shrink it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fisherlib as fl
from fisherlib import uncertainty
from fisherlib.uncertainty.directions import directions
from fisherlib.uncertainty.model_form import pointwise

Maker = Callable[..., fl.Dataset]


def rows(data: fl.Dataset) -> tuple[NDArray, NDArray]:
    return np.concatenate([t.force_descriptors for t in data.values()]), data.forces


def fitted(data: fl.Dataset) -> tuple[fl.Moments, fl.Solution]:
    moments = fl.accumulate(data)
    return moments, fl.solve(fl.fisher(moments))


def misfit(trajectories: int, *, scale: float = 1.0, seed: int = 0) -> fl.Dataset:
    """Forces without noise, which three descriptors cannot give: φ·θ + sin of one of them."""
    rng, made = np.random.default_rng(seed), []
    for key in range(trajectories):
        Phi = rng.normal(size=(300, 3))
        made.append(
            fl.Trajectory(
                key=str(key),
                temperature=300.0,
                n_atoms=np.full(10, 10),
                energies=np.zeros(10),
                descriptors=np.zeros((10, 3)),
                forces=Phi @ [1.0, -2.0, 0.5] + np.sin(2 * Phi[:, 0]),
                force_descriptors=Phi * [1.0, scale, 1.0],
            )
        )
    return fl.Dataset(made)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**20), mixed=st.booleans())
def test_each_component_is_fitted_exactly_at_the_least_loss(ragged: Maker, seed: int, mixed: bool) -> None:
    data = ragged(seed, temperatures=(300.0, 900.0 if mixed else 300.0))
    moments, fit = fitted(data)
    loss, (x, F) = fl.fisher(moments), rows(data)
    W = directions(loss, rank=fit.rank)
    found = fit.theta + pointwise(x @ W, F - x @ fit.theta) @ W.T
    np.testing.assert_allclose((x * found).sum(axis=1), F, rtol=1e-9, atol=1e-9)
    # Lagrange's condition: minimise q under xᵀθ = F, as one bordered system.
    border = [np.block([[loss.A, row[:, None]], [row[None], np.zeros((1, 1))]]) for row in x[:10]]
    expected = [np.linalg.solve(b, np.append(loss.b, f))[:3] for b, f in zip(border, F, strict=False)]
    np.testing.assert_allclose(found[:10], expected, rtol=1e-6, atol=1e-6)


def test_the_box_holds_the_components_it_was_made_from(ragged: Maker) -> None:
    data = ragged(8, temperatures=(300.0,) * 4, configurations=20)
    moments, fit = fitted(data)
    x, F = rows(data)
    h = np.einsum("ni,in->n", x, np.linalg.solve(moments.total().PhiPhi, x.T))
    share = {}
    for leverage in (0.0, 50.0, 90.0):
        form = uncertainty.model_form(data, moments, fit, leverage=leverage)
        low, high = form.bounds(x)
        held = (low - 1e-9 <= F) & (F <= high + 1e-9)
        assert held[h >= np.percentile(h, leverage)].all()
        share[leverage] = held.mean()
    assert share[50.0] > 0.9  # of all, those of low leverage too
    clipped = uncertainty.model_form(data, moments, fit, clip=5.0, leverage=90.0)
    assert (clipped.low >= form.low).all() and (clipped.high <= form.high).all()
    assert (clipped.high - clipped.low < form.high - form.low).any()


def test_it_does_not_shrink_with_more_data_while_sampling_error_does() -> None:
    once, twice = misfit(40), misfit(80, seed=1)
    widths, errors = [], []
    for data in (once, twice):
        moments, fit = fitted(data)
        form = uncertainty.model_form(data, moments, fit, rows=100000)
        widths.append(np.sqrt(np.diag(form.covariance)))
        errors.append(np.sqrt(np.diag(uncertainty.sandwich(moments, fit))))
    assert (widths[1] / widths[0] > 0.9).all()
    assert np.mean(errors[0] / errors[1]) == pytest.approx(np.sqrt(2), rel=0.15)
    assert (widths[1] > 10 * errors[1]).all()


def test_copies_of_the_data_change_nothing() -> None:
    data = misfit(3)
    copies = [fl.Trajectory(**{**vars(t), "key": f"{key} again"}) for key, t in data.items()]
    double = fl.Dataset([*data.values(), *copies])
    forms = [uncertainty.model_form(d, *fitted(d)) for d in (data, double)]
    np.testing.assert_allclose(forms[1].covariance, forms[0].covariance, rtol=1e-8)
    np.testing.assert_allclose(forms[1].bounds(np.eye(3)), forms[0].bounds(np.eye(3)), rtol=1e-8)


def test_units_of_descriptors_do_not_matter() -> None:
    plain, other = (misfit(4, scale=scale) for scale in (1.0, 1e4))
    g = np.array([[1.0, 2.0, -1.0], [0.0, 1.0, 0.0]])
    expected = uncertainty.model_form(plain, *fitted(plain)).bounds(g)
    found = uncertainty.model_form(other, *fitted(other)).bounds(g * [1.0, 1e4, 1.0])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_samples_fill_the_box() -> None:
    data = misfit(5)
    form = uncertainty.model_form(data, *fitted(data))
    thetas = form.sample(20000, seed=1)
    assert thetas.shape == (20000, 3) and form.directions.shape == (3, 3)
    low, high = form.bounds(np.eye(3))
    assert (thetas >= low).all() and (thetas <= high).all()
    np.testing.assert_allclose(np.cov(thetas.T), form.covariance, atol=0.03 * form.covariance.max())
    corners = np.array(np.meshgrid(*zip(form.low, form.high, strict=True))).reshape(3, -1).T
    values = form.theta + corners @ form.directions
    np.testing.assert_allclose([low, high], [values.min(axis=0), values.max(axis=0)])
    assert (form.sample(5, seed=1) == form.sample(5, seed=1)).all()
    assert (form.sample(5, seed=1) != form.sample(5, seed=2)).any()


def test_a_random_choice_of_rows_is_seeded_and_finds_about_the_same() -> None:
    data = misfit(20)
    moments, fit = fitted(data)
    few = [uncertainty.model_form(data, moments, fit, rows=2000, seed=seed) for seed in (0, 0, 1)]
    assert (few[0].high == few[1].high).all() and (few[0].high != few[2].high).any()
    everything = uncertainty.model_form(data, moments, fit)
    np.testing.assert_allclose(np.diag(few[0].covariance), np.diag(everything.covariance), rtol=0.35)


def test_it_needs_misfit_and_the_same_data(ragged: Maker) -> None:
    data = ragged(1)
    moments, fit = fitted(data)
    with pytest.raises(ValueError, match="moments: expected those of the data, .* differ in 't0'"):
        uncertainty.model_form(data.drop("t0"), moments, fit)
    wide = ragged(1, K=4)
    with pytest.raises(ValueError, match="with K = 4, got K = 3"):
        uncertainty.model_form(wide, moments, fit)
    with pytest.raises(ValueError, match=r"fit.theta: expected K = 4 finite numbers, .* got shape \(3,\)"):
        uncertainty.model_form(wide, fl.accumulate(wide), fit)
    with pytest.raises(ValueError, match="leverage: expected a percentile"):
        uncertainty.model_form(data, moments, fit, leverage=100.0)
    with pytest.raises(ValueError, match="clip: expected a percentile"):
        uncertainty.model_form(data, moments, fit, clip=50.0)
    for rows in (0, 1.5, np.nan):
        with pytest.raises(
            ValueError, match=f"rows: expected a whole number of force components, at least 1, got {rows}"
        ):
            uncertainty.model_form(data, moments, fit, rows=rows)
    form = uncertainty.model_form(data, moments, fit)
    for size in (-1, 0, 2.0):
        with pytest.raises(ValueError, match=f"size: expected a whole number of draws, at least 1, got {size}"):
            form.sample(size)
    with pytest.raises(ValueError, match="g: expected K = 3"):
        form.bounds(np.ones(2))
    still = ragged(2, noise=0.0)
    none = fl.Dataset([fl.Trajectory(**{**vars(t), "forces": 0 * t.forces}) for t in still.values()])
    with pytest.raises(ValueError, match="residuals that are all zero"):
        uncertainty.model_form(none, *fitted(none))
