"""A family of learning curves as it is drawn: colours of reach, dashes of body order, bands of draws."""

import numpy as np
import pytest

from fisherlib.figures import learning_family
from fisherlib.validation import LearningCurves

FORCES = np.random.default_rng(0).uniform(0.1, 0.2, (3, 2, 2, 5))
FOUND = LearningCurves(
    choices={"a": 3, "b": 5, "c": 7}, numbers=np.array([1, 8]), force_rmse=FORCES, energy_rmse=0.01 * FORCES
)
REACH, ORDER = {"a": 3.0, "b": 3.0, "c": 6}, {"a": "pairs", "b": "triplets", "c": "triplets"}


def test_reach_gives_the_colour_and_body_order_the_dashes() -> None:
    figure = learning_family(FOUND, reach=REACH, order=ORDER)
    a, b, c = (next(t for t in figure.data if t.name == name and t.mode == "lines+markers") for name in "abc")
    assert a.line.color == b.line.color != c.line.color
    assert (a.line.dash, b.line.dash, c.line.dash) == ("solid", "dash", "dash")
    np.testing.assert_allclose(c.y, FORCES[2].mean(axis=(1, 2)))
    assert [t.name for t in figure.data if t.showlegend is None] == ["3 Å", "6 Å", "pairs", "triplets"]
    assert "60 fits" in figure.layout.title.subtitle.text and "K = 7" in c.hovertemplate


def test_bands_hold_eight_draws_of_ten() -> None:
    figure = learning_family(FOUND, reach=REACH, order=ORDER)
    band = next(t for t in figure.data if t.name == "b" and t.fill == "toself")
    y = FORCES[1].reshape(2, 10)
    np.testing.assert_allclose(band.y[:2], np.quantile(y, 0.9, axis=1))
    np.testing.assert_allclose(band.y[2:], np.quantile(y, 0.1, axis=1)[::-1])


def test_a_choice_without_reach_or_order_is_refused() -> None:
    with pytest.raises(ValueError, match="reach: expected one for each choice, got none for 'b'"):
        learning_family(FOUND, reach={"a": 3.0}, order=ORDER)
    with pytest.raises(ValueError, match="order: expected keys among 'a', 'b', 'c', got 'd'"):
        learning_family(FOUND, reach=REACH, order=ORDER | {"d": "pairs"})
