"""Ticks stand at the numbers tried where their labels have room; curves beyond the palette are still told apart."""

import numpy as np
import pytest

from fisherlib.figures import label_curves, learning_curves
from fisherlib.figures.ticks import powers, thinned, tried
from fisherlib.validation import LabelErrors

NUMBERS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60]


def number(word: str) -> float:
    """The value of a label."""
    return float(word.replace("10<sup>", "1e").replace("</sup>", "").replace("−", "-"))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (NUMBERS, [str(n) for n in NUMBERS]),
        ([8, 4, 16, 8], ["4", "8", "16"]),
        (range(60), ["1", "2", "5", "10", "20", "50"]),  # 0 has no place on the axis
        (np.logspace(-12, 0, 25), [f"10<sup>−{k}</sup>" for k in range(12, 0, -2)] + ["10<sup>0</sup>"]),
        (range(1000, 1100), ["1000", "1099"]),
        ([7], ["7"]),
    ],
)
def test_labels_never_meet(numbers: object, words: list[str]) -> None:
    found = tried(numbers)
    assert found["ticktext"] == words
    np.testing.assert_allclose(found["tickvals"], [number(word) for word in words], rtol=1e-9)


def test_an_axis_of_nothing_keeps_its_own_ticks() -> None:
    assert tried([0, -1, np.nan]) == {}


@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        ([1e-6, 20.0], "10<sup>−6</sup>", "10<sup>2</sup>"),
        ([0.2, 30.0], "0.1", "100"),
        ([2.0, 3.0], "1", "10"),
        ([3e-30, 1.0], "10<sup>−30</sup>", "10<sup>0</sup>"),
    ],
)
def test_powers_of_ten_have_one_format_and_few_labels(values: list[float], first: str, last: str) -> None:
    found = powers(values)
    assert (found["ticktext"][0], found["ticktext"][-1]) == (first, last) and len(found["ticktext"]) <= 10
    assert len({"<sup>" in text for text in found["ticktext"]}) == 1
    np.testing.assert_allclose(found["tickvals"], [number(word) for word in found["ticktext"]], rtol=1e-9)
    assert powers([-1.0, np.nan]) == {}


def test_names_below_an_axis_are_thinned_evenly_and_say_so() -> None:
    names = [f"Cu-CuCu l{k // 20} n{k % 20}" for k in range(105)]
    axis = thinned(names, "descriptor")
    step = np.diff([names.index(name) for name in axis["tickvals"]])
    assert len(set(step)) == 1 and f"every {step[0]}th named" in axis["title"]
    assert all(name == f"Cu-CuCu {text}" for name, text in zip(axis["tickvals"], axis["ticktext"], strict=True))
    assert sum(len(text) + 2 for text in axis["ticktext"]) <= 90
    assert thinned(["a", "b"], "descriptor") == {"title": "descriptor", "tickvals": ["a", "b"], "ticktext": ["a", "b"]}
    assert all(len(text) <= 43 for text in thinned([f"{k}" + 60 * "x" for k in range(9)], "descriptor")["ticktext"])


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
