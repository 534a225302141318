"""Ticks stand at the numbers tried where their labels have room; curves beyond the palette are still told apart."""

import numpy as np
import pytest

from fisherlib.figures import label_curves, learning_curves
from fisherlib.figures.ticks import tried
from fisherlib.validation import LabelErrors

NUMBERS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (NUMBERS, [str(n) for n in NUMBERS]),
        ([8, 4, 16, 8], ["4", "8", "16"]),
        (range(60), ["1", "2", "5", "10", "20", "50"]),  # 0 has no place on the axis
        (np.logspace(-12, 0, 25), ["1e-12", "1e-10", "1e-08", "1e-06", "0.0001", "0.01", "1"]),
        (range(1000, 1100), ["1000", "1099"]),
        ([7], ["7"]),
    ],
)
def test_labels_never_meet(numbers: object, words: list[str]) -> None:
    found = tried(numbers)
    assert found["ticktext"] == words
    np.testing.assert_allclose(found["tickvals"], [float(word) for word in words], rtol=1e-9)


def test_an_axis_of_nothing_keeps_its_own_ticks() -> None:
    assert tried([0, -1, np.nan]) == {}


def looks(figure: object) -> list[tuple[str, str, str]]:
    """Colour, dashes and marker of each curve."""
    drawn = [t for t in figure.data if t.mode == "lines+markers"]
    return [(t.line.color, t.line.dash, t.marker.symbol) for t in drawn]


def test_the_seventh_curve_differs_from_the_first() -> None:
    errors = LabelErrors(numbers=np.array([10, 20]), rmse=np.array([2.0, 1.0]), largest=np.ones(2))
    names = [f"way {k}" for k in range(12)]
    for figure in (
        learning_curves({name: (NUMBERS, np.ones((11, 2))) for name in names}, label="descriptors"),
        label_curves({name: [errors] for name in names}, unit="meV"),
    ):
        found = looks(figure)
        assert len(set(found)) == 12 and found[0][0] == found[6][0]
        assert found[0][1] != found[6][1] and found[0][2] != found[6][2]  # each by itself tells them apart
    assert learning_curves({"a": (NUMBERS, np.ones((11, 2)))}, label="", log=False).layout.xaxis.tickvals is None
