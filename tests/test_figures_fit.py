"""Figures of a fit: parameters with error bars, the spectrum, and force errors in one figure."""

import numpy as np
import plotly.graph_objects as go
import pytest

from fisherlib import figures

NAMES = ["p", "q", "r"]
THETAS = {"given": [1.0, 2.0, 3.0], "θ_f": [1.5, 2.5, 0.0]}


FORCES = {"given": {"t0": 0.1, "t1": 0.2}, "θ_f": {"t0": 0.05, "t1": 0.06}, "θ_f, held out": {"t0": 0.07, "t1": 0.08}}


def traces(figure: go.Figure) -> list[tuple[str, str | None, str | None]]:
    return [(t.type, t.mode, t.yaxis) for t in figure.data]


def test_a_fit_shows_parameters_spectrum_and_force_errors() -> None:
    errors, scale = {"θ_f": [0.1, 0.2, 0.3]}, [10.0, 1.0, 0.1]
    spectrum = {"eigenvalues": [2.0, 1.0, 1e-9], "rank": 2, "condition": 2.1e8}
    pooled = {"θ_f": 0.05678, "θ_f, held out": 0.0765}
    figure = figures.fit(
        THETAS, force_errors=FORCES, names=NAMES, scale=scale, errors=errors, pooled=pooled, **spectrum
    )
    given, theta_f, determined, left_out, *forces, excess = figure.data
    assert list(given.y) == [10.0, 2.0, pytest.approx(0.3)] and given.error_y.visible is False
    assert theta_f.error_y.visible and theta_f.error_y.array == pytest.approx([1.0, 0.2, 0.03])
    assert "±" in theta_f.hovertemplate and theta_f.customdata == pytest.approx(theta_f.error_y.array)
    assert list(determined.y) == [2.0, 1.0] and list(left_out.x) == [3]
    for trace, (name, found) in zip(forces, FORCES.items(), strict=True):
        assert dict(zip(trace.x, trace.y, strict=True)) == found and trace.legendgroup == name
    assert [trace.name for trace in figure.data if trace.showlegend] == [
        "given", "θ_f: force RMSE 0.05678 eV/Å", "θ_f, held out: force RMSE 0.0765 eV/Å",
    ]  # fmt: skip
    assert list(excess.x) == ["t0", "t1"] and excess.y == pytest.approx([20.0, 20.0])  # held out less fitted, meV/Å
    assert figure.layout.yaxis3.range[0] > 0.01  # the axis fits the data
    panel = figure.layout.annotations[0].text
    assert "rank 2 of 3" in panel and "2.1×10<sup>8</sup>" in panel
    titles = [figure.layout[axis].title.text for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert "eV/Å" in titles[0] and "no unit" in titles[1] and titles[2] == "force RMSE, eV/Å"


def test_kinds_and_number_of_traces_depend_on_the_number_of_models_only() -> None:
    full = figures.fit(THETAS, [3.0, 2.0, 1.0], FORCES, names=NAMES, rank=3, condition=3.0, errors=THETAS)
    thetas = {"a": [0.0] * 3, "b": [1.0] * 3}
    bare = figures.fit(thetas, [3.0, 2.0, 0.0], {"c": {}}, names=NAMES, rank=1, condition=1.0)
    assert traces(full) == traces(bare) and len(full.data) == 2 + 2 + 3 + 1
    assert len(full.layout.annotations) == len(bare.layout.annotations)
    assert [len(trace.x) for trace in bare.data[4:]] == [0, 0, 0, 0] and len(full.data[3].x) == 0


def test_coefficients_have_bars_where_errors_are_given() -> None:
    with_bars, without = figures.coefficients(
        {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]}, names=NAMES, scale=[2.0, 2.0, 2.0], errors={"a": [1.0, 0.5, 0.0]}
    ).data
    assert with_bars.error_y.visible and list(with_bars.error_y.array) == [2.0, 1.0, 0.0]
    assert not without.error_y.visible and "±" not in without.hovertemplate
    assert with_bars.marker.symbol != without.marker.symbol  # colour is not all that tells them apart


def test_long_descriptor_names_are_left_to_hovering() -> None:
    long = [f"a name of more than two dozen letters {k}" for k in range(3)]
    shown, cut = (
        figures.fit(THETAS, [3.0, 2.0, 1.0], {}, names=names, rank=3, condition=3.0).layout.xaxis.ticktext
        for names in (NAMES, long)
    )
    assert list(shown) == NAMES and sum(map(len, cut)) < 100 < sum(map(len, long))


def test_errors_of_a_model_that_is_not_drawn_are_refused() -> None:
    with pytest.raises(ValueError, match="errors: expected keys among 'given', 'θ_f', got 'other'"):
        figures.coefficients(THETAS, names=NAMES, errors={"other": [0.0] * 3})
    with pytest.raises(ValueError, match="pooled: expected keys among 'given', 'θ_f', got 'other'"):
        figures.fit(THETAS, [1.0] * 3, {}, names=NAMES, rank=3, condition=1.0, pooled={"other": 0.1})


def test_the_spectrum_always_has_two_traces() -> None:
    determined, left_out = figures.spectrum([2.0, 1.0], rank=2).data
    assert len(determined.x) == 2 and len(left_out.x) == 0


@pytest.mark.parametrize(
    ("value", "text"), [(1.4e7, "1.4×10<sup>7</sup>"), (3.0, "3"), (1234.0, "1234"), (float("inf"), "inf")]
)
def test_large_numbers_are_written_as_powers(value: float, text: str) -> None:
    assert figures.style.power(value) == text


def test_the_training_of_a_network_is_drawn_epoch_by_epoch_with_the_best_one_marked() -> None:
    history = {"loss": [3.0, 2.0, 1.0], "validation loss": [3.0, 1.5, 2.5]}
    history |= {"validation force RMSE, eV/Å": [0.3, 0.1, 0.2], "validation energy RMSE, eV/atom": [0.03, 0.02, 0.01]}
    figure = figures.training(history)
    drawn = {trace.name: (list(trace.x), list(trace.y)) for trace in figure.data}
    assert drawn["loss"] == ([1, 2, 3], [3.0, 2.0, 1.0]) and drawn["best epoch"] == ([2], [1.5])
    np.testing.assert_allclose(drawn["validation force RMSE"][1], [300.0, 100.0, 200.0])  # meV/Å
    np.testing.assert_allclose(drawn["validation energy RMSE"][1], [30.0, 20.0, 10.0])
    assert "epoch 2 of 3" in figure.layout.title.subtitle.text
    alone = figures.training({"loss": [2.0, 1.0]})
    assert [trace.name for trace in alone.data] == [
        "loss",
        "best epoch",
    ] and "nothing is held out" in alone.layout.title.subtitle.text
    with pytest.raises(ValueError, match="history: expected a loss and as many epochs for each name, got loss, x"):
        figures.training({"loss": [1.0], "x": [1.0, 2.0]})
