"""Models of different descriptors as they are drawn and tabled."""

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.figures import featurisers, learning_curves
from fisherlib.validation import FoldErrors


def made(name: str, rmse: list[float], spread: float = 0.002) -> FoldErrors:
    return FoldErrors(name=name, force_rmse=np.array(rmse), energy_spread=np.full(len(rmse), spread))


FIT = fl.Solution(
    theta=np.zeros(3), rank=2, condition=1e7, value=0.0, method="truncated", eigenvalues=np.array([0.0, 1e-7, 1.0])
)
ERRORS = [made("SOAP", [0.1, 0.2, 0.3]), made("GMP", [0.2, 0.3, 0.4], 0.004)]
COSTS = {"SOAP": [10.0, 12.0], "GMP": [5.0, 6.0]}


def test_a_point_for_each_model_has_bars_and_k_on_hover() -> None:
    soap, gmp = featurisers(ERRORS, COSTS, {"SOAP": FIT}).data
    assert (soap.name, soap.x, gmp.x) == ("SOAP", (11.0,), (5.5,))
    np.testing.assert_allclose([soap.y[0], gmp.y[0]], [0.2, 0.3])
    np.testing.assert_allclose(soap.error_y.array, [0.1 / np.sqrt(3)])
    np.testing.assert_allclose(soap.error_x.array, [1.0])
    assert soap.text == ("SOAP<br>K = 3, rank 2, condition 1.0e+07",) and "%{text}" in soap.hovertemplate
    assert (soap.marker.color, soap.marker.symbol) != (gmp.marker.color, gmp.marker.symbol)
    shown = featurisers(ERRORS, COSTS).layout
    assert shown.xaxis.type == shown.yaxis.type == "log" and "3 folds" in shown.title.subtitle.text


def test_many_models_differ_by_colour_or_symbol() -> None:
    many = [made(f"m{k}", [0.1, 0.2]) for k in range(14)]
    drawn = featurisers(many, {e.name: [1.0, 2.0] for e in many}).data
    assert len({(trace.marker.color, trace.marker.symbol) for trace in drawn}) == 14


def test_learning_curves_have_bars() -> None:
    figure = learning_curves({"SOAP": ([1, 4], [[0.2, 0.4], [0.1, 0.1]])}, label="cutoff, Å", log=False)
    (curve,) = figure.data
    np.testing.assert_allclose(curve.y, [0.3, 0.1])
    np.testing.assert_allclose(curve.error_y.array, [0.1, 0.0])
    assert figure.layout.xaxis.title.text == "cutoff, Å" and figure.layout.xaxis.type == "linear"


def test_the_table_has_differences_in_pairs_and_ratios_of_turns() -> None:
    table = fl.tables.featurisers(ERRORS, COSTS, {"SOAP": FIT})
    assert table.loc["GMP", "force RMSE, eV/Å"] == "0.30 ± 0.06"
    assert table.loc["GMP", "difference"] == "0.1"  # the same on each fold
    assert table.loc["SOAP", "difference"] == ""
    assert table.loc["GMP", "its difference"] == "2"
    assert table.loc["GMP", "ratio"] == "0.5" and table.loc["SOAP", "CPU ms"] == "11.0 ± 1.0"
    assert table.loc["SOAP", ["K", "rank", "condition"]].tolist() == ["3", "2", "1.0e+07"]
    assert table.loc["GMP", ["K", "rank", "condition"]].tolist() == ["", "", ""]


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(ValueError, match="costs: expected keys among 'SOAP', 'GMP'"):
        featurisers(ERRORS, COSTS | {"ACSF": [1.0, 2.0]})
    with pytest.raises(ValueError, match="costs: expected those of every model, got none of 'GMP'"):
        featurisers(ERRORS, {"SOAP": [1.0, 2.0]})
    with pytest.raises(ValueError, match="errors: expected different names and the same folds"):
        fl.tables.featurisers([*ERRORS, made("SOAP", [0.1, 0.2, 0.3])])
    with pytest.raises(ValueError, match="errors: expected different names and the same folds"):
        fl.tables.featurisers([*ERRORS, made("few", [0.1, 0.2])])
    with pytest.raises(ValueError, match="curves: expected \\(m,\\) and \\(m, folds\\) for 'a'"):
        learning_curves({"a": ([1, 2, 3], [[0.2, 0.4], [0.1, 0.1]])}, label="x")
    with pytest.raises(ValueError, match="curves: expected at least one"):
        learning_curves({}, label="x")
