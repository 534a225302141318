"""The boxes of models show the symbols of the figures."""

from fisherlib.figures.style import SYMBOLS
from fisherlib.widgets.checks import LETTERS


def test_each_symbol_of_a_figure_has_a_letter_of_its_own() -> None:
    assert len({LETTERS[symbol] for symbol in SYMBOLS}) == len(SYMBOLS)
