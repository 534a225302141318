"""Figures of coverage and of length scales: what they draw is what they were given."""

import numpy as np
import pytest

import fisherlib as fl


def test_coverage_draws_shares_and_their_errors_in_both_panels() -> None:
    rng = np.random.default_rng(0)
    found = {
        f"m{k}": fl.uncertainty.coverage(rng.normal(size=80), np.full(80, 1.0 + k), np.arange(80) // 10)
        for k in range(8)
    }
    figure = fl.figures.coverage(found, note="two splits")
    for k, (name, each) in enumerate(found.items()):
        _, share, close = [trace for trace in figure.data if trace.name.split(",")[0] == name]
        np.testing.assert_allclose(share.y, 100 * each.observed)
        np.testing.assert_allclose(close.y, 100 * (each.observed - each.levels))
        np.testing.assert_allclose(close.error_y.array, 100 * each.error)
        assert share.marker.symbol.endswith("-open") == (k >= 6) and f"rms z {each.rms:.2f}" in share.name
    assert figure.layout.title.subtitle.text.endswith("8 held-out blocks<br>two splits")
    places = np.array([trace.x for trace in figure.data if trace.error_y.array is not None])
    assert (np.diff(places, axis=0) > 0).all() and np.ptp(places - np.arange(4)) < 0.7


def test_coverage_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="found: expected at least one"):
        fl.figures.coverage({})


def test_length_scales_begin_at_the_highest_likelihood_and_have_a_frame_for_each() -> None:
    x = np.linspace(0.0, 1.0, 5)
    fits = {1.0: (x, 0 * x + 0.1, -7.0), 0.1: (0 * x, 0 * x + 1.0, -9.5), 3.0: (-x, 0 * x + 0.01, -400.0)}
    labels = {"label": "r, Å", "value": "E, eV", "unit": "Å"}
    figure = fl.figures.length_scales(x, fits, ([0.5], [0.4]), noise=0.2, truth=x**2, **labels)
    assert [frame.name for frame in figure.frames] == ["0.1", "1", "3"] and figure.layout.sliders[0].active == 1
    band, mean, here = figure.data[:3]
    np.testing.assert_allclose(mean.y, x)
    np.testing.assert_allclose(band.y[:5] - mean.y, 0.1 * 1.6448536, rtol=1e-6)
    assert (here.x, here.y, here.xaxis) == ((1.0,), (-7.0,), "x2")
    assert figure.frames[2].layout.title.text.endswith("3 Å, log likelihood −400.0")
    low, high = figure.layout.yaxis.range
    assert low < -1.7 and high > 1.7  # room for the widest band of all
    assert figure.layout.yaxis2.range[0] > -60  # and none for what is impossible


@pytest.mark.parametrize("fits", [{}, {1.0: ([0.0], [1.0, 1.0], -1.0)}])
def test_fits_of_another_length_are_refused(fits: dict) -> None:
    with pytest.raises(ValueError, match="fits: expected a mean"):
        fl.figures.length_scales([0.0, 1.0], fits, ([0.5], [0.4]), label="", value="", unit="")
