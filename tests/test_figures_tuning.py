"""Figures of a search, as data."""

from typing import Any

import numpy as np
import pytest
from pair_functions import Pairs

import fisherlib as fl
from fisherlib.descriptors import Soap
from fisherlib.tuning import Search, Space, Trial


def trial(number: int, error: float, cost: float, K: int = 3, **settings: Any) -> Trial:
    name = "Soap" if "n_max" in settings else "Pairs"
    made = Soap() if name == "Soap" else Pairs()
    found = {"error": error, "standard_error": error / 10, "milliseconds": cost, "K": K}
    return Trial(number=number, name=name, settings=settings, descriptor=made, **found)


@pytest.fixture(scope="module")
def found() -> Search:
    """Five trials of two descriptors; number 3 has failed."""
    spaces = (
        Space(Pairs, cutoff=(3.0, 6.0), degree=(0, 9), form=["a", (1, 2)], strength=(1e-9, 1e-3)),
        Space(Soap, n_max=(2, 6)),
    )
    made = (
        trial(0, 0.5, 1.0, 9, cutoff=4.0, degree=1, form="a", strength=1e-4),
        trial(1, 0.2, 4.0, 3, n_max=3),
        trial(2, 0.3, 2.0, 5, cutoff=5.0, degree=3, form=(1, 2), strength=1e-6),
        trial(4, 0.1, 3.0, 7, cutoff=4.5, degree=2, form="a", strength=1e-5),
        trial(5, 0.4, 2.5, 1, n_max=2),
    )
    return Search(trials=made, spaces=spaces)


@pytest.fixture(scope="module")
def kept() -> Search:
    return fl.tuning.read("data/cu55_tuning.journal")


def test_the_history_has_every_trial_and_the_best_so_far(found: Search) -> None:
    pairs, soap, best = fl.figures.search_history(found).data
    assert list(pairs.x) == [0, 2, 4] and list(soap.x) == [1, 5] and list(pairs.y) == [0.5, 0.3, 0.1]
    assert list(best.x) == [0, 1, 2, 4, 5] and list(best.y) == [0.5, 0.2, 0.2, 0.1, 0.1]
    assert np.allclose(pairs.error_y.array, [0.05, 0.03, 0.01])
    assert (
        "trial 4:<br>Pairs(cutoff=4.5, degree=2" in pairs.text[2]
        and "0.1000 ± 0.0100 eV/Å, 3 ms, K = 7" in pairs.text[2]
    )


def test_a_pareto_set_is_drawn_and_filled(found: Search) -> None:
    front, pairs, soap = fl.figures.pareto(found).data
    assert list(front.x) == [1.0, 2.0, 3.0] and list(front.y) == [0.5, 0.3, 0.1] and front.line.shape == "hv"
    assert list(pairs.marker.symbol) == ["circle"] * 3 and list(soap.marker.symbol) == ["diamond-open"] * 2
    drawn = fl.figures.pareto(found, cost="K")
    assert list(drawn.data[0].x) == [1, 3, 7] and drawn.layout.xaxis.title.text == "descriptors K"
    assert "5 trials; the best: 0.1000 ± 0.0100 eV/Å with K = 7" in drawn.layout.title.subtitle.text
    with pytest.raises(ValueError, match="cost: expected one of 'milliseconds', 'K', got 'time'"):
        fl.figures.pareto(found, cost="time")


def test_a_slice_has_a_panel_for_each_parameter(found: Search) -> None:
    drawn = fl.figures.slices(found)
    assert [trace.name for trace in drawn.data] == ["cutoff", "degree", "form", "strength"]
    layout = drawn.layout
    assert [axis.title.text for axis in (layout.xaxis, layout.xaxis2, layout.xaxis3, layout.xaxis4)] == [
        *("cutoff", "degree", "form", "strength")
    ]
    assert [axis.type for axis in (layout.xaxis, layout.xaxis3, layout.xaxis4)] == ["linear", "category", "log"]
    assert list(drawn.data[2].x) == ["a", "(1, 2)", "a"] and list(drawn.data[3].y) == [0.5, 0.3, 0.1]
    (only,) = fl.figures.slices(found, name="Soap").data
    assert list(only.x) == [3, 2]
    with pytest.raises(ValueError, match="name: expected one of 'Pairs', 'Soap', got 'Acsf'"):
        fl.figures.slices(found, name="Acsf")


def test_importances_are_bars_or_a_sentence(found: Search, kept: Search) -> None:
    assert "5 trials say nothing about importances" in fl.figures.importances(found).layout.title.subtitle.text
    (bars,) = fl.figures.importances(kept).data
    assert dict(zip(bars.y, bars.x, strict=True)) == kept.importances and sorted(bars.x) == list(bars.x)


def test_a_search_without_anything_to_search_has_no_slices() -> None:
    single = Search(trials=(trial(0, 0.5, 1.0),), spaces=(Space(Pairs, cutoff=4.0),))
    assert fl.figures.slices(single).data == () and len(fl.figures.pareto(single).data) == 2


def test_every_figure_is_found_where_others_are(kept: Search) -> None:
    for draw in (fl.figures.search_history, fl.figures.importances, fl.figures.slices, fl.figures.pareto):
        figure = draw(kept)
        assert figure.layout.template.layout.colorway or figure.layout.colorway
        figure.to_plotly_json()
