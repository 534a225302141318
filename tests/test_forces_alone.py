"""Data without energies: fits, comparisons, figures and numbers are of forces alone, and say so."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import fisherlib as fl
from fisherlib import figures, tables
from fisherlib.figures.style import NO_ENERGIES
from fisherlib.report.numbers import numbers
from fisherlib.widgets import ComparePanel, FitPanel


@pytest.fixture(scope="module")
def both(ragged: Callable[..., fl.Dataset]) -> tuple[fl.Study, fl.Study]:
    """The same forces with and without energies."""
    full = ragged(2, K=4, temperatures=(300.0,) * 6, configurations=8)
    alone = fl.Dataset([dataclasses.replace(t, energies=None) for t in full.values()], provenance={"sha256": "0"})
    return fl.Study(full), fl.Study(alone)


def test_theta_f_and_errors_of_forces_are_as_with_energies(both: tuple[fl.Study, fl.Study]) -> None:
    full, alone = both
    assert list(alone.models) == ["θ_f", "θ_f, strength 0.001"] and not alone.others
    np.testing.assert_array_equal(alone.models["θ_f"].theta, full.models["θ_f"].theta)
    a, b = (study.held_out(fl.regression.fisher_fit) for study in both)
    assert b.pooled["force_rmse"] == a.pooled["force_rmse"] and b.pooled_error["force_rmse"] > 0
    assert not b.has_energies and np.isnan(b.pooled["energy_rmse"])
    assert alone.mixture is None and "forces alone" in alone.advice["energies"]
    assert alone.strength is not None and full.strength is not None
    assert alone.strength.strength == pytest.approx(full.strength.strength)


def test_no_column_is_called_none() -> None:
    (t,) = fl.systems.harmonic([1.0, 2.0]).select("harmonic-0").values()
    data = fl.Dataset([t], provenance={"columns": {"energies": None, "forces": "f"}})
    assert data.summary()["columns"] == {"forces": "f"}


def test_tables_have_rows_of_forces_only(both: tuple[fl.Study, fl.Study]) -> None:
    held_out = both[1].held_out(fl.regression.fisher_fit)
    assert tables.errors([held_out]).columns.tolist() == ["force RMSE, eV/Å", "force R²"]
    assert len(tables.distances([held_out])) == 0 and tables.distances([held_out]).columns.name == NO_ENERGIES
    assert [heading for _, heading in tables.groups(held_out).columns] == ["configurations", "force RMSE, eV/Å"]


def test_figures_of_energies_say_why_they_are_empty(both: tuple[fl.Study, fl.Study]) -> None:
    study = both[1]
    compared = [study.comparison(name) for name in study.models]
    cdfs = figures.cdfs({"true": compared[0].reference, "θ_f": compared[0].energies}, bands=study.bands())
    for figure in (figures.parity(compared), figures.residuals(compared), figures.energies(study.data), cdfs):
        assert len(figure.data) == 0 and NO_ENERGIES in figure.layout.title.subtitle.text
    forces = figures.errors_by_trajectory(compared)
    assert [list(trace.y) for trace in forces.data] == [c.force_rmse.tolist() for c in compared]
    assert all(trace.showlegend for trace in forces.data) and NO_ENERGIES in forces.layout.title.subtitle.text


def test_landscapes_are_those_of_losses_of_forces(both: tuple[fl.Study, fl.Study]) -> None:
    full, alone = both
    assert alone.atlas.losses == ("Fisher divergence", "force MAE", "force Huber", "force log-cosh")
    surface, _ = alone.atlas("θ_f", "force MAE", n=5)
    assert np.isfinite(surface.z).all()


def test_numbers_have_none_for_energies(both: tuple[fl.Study, fl.Study]) -> None:
    study = both[1]
    held_out = study.held_out(fl.regression.fisher_fit)
    found = numbers(study, fl.solve(study.terms.fisher), held_out, [])
    assert found["cdf"] == {"ks": None, "wasserstein_1": None}
    assert found["held_out"]["energy_rmse"] is None and found["held_out"]["force_rmse"] > 0


def test_panels_offer_views_of_forces(both: tuple[fl.Study, fl.Study]) -> None:
    study = both[1]
    panel = ComparePanel(study)
    assert panel.state.options["view"] == ("force parity (first model)", "errors by trajectory")
    assert panel.last_error is None and panel.figure.data
    fit = FitPanel(study)
    assert fit.last_error is None and fit.figure.data and "forces alone" in fit.advice.value


def test_what_needs_energies_asks_for_them_in_words(both: tuple[fl.Study, fl.Study]) -> None:
    data, theta = both[1].data, both[1].models["θ_f"].theta
    plane = fl.Plane.through(theta, theta + 1.0, seed=0)
    projection = fl.project(data, plane)
    assert (fl.landscape(projection.force_mae, plane, n=3).z > 0).all()
    for loss in (projection.energy_mae, projection.energy_ks, projection.energy_wasserstein_1):
        with pytest.raises(ValueError, match="data: expected energies for this loss, got 48 unknown of 48"):
            fl.landscape(loss, plane, n=3)
    with pytest.raises(ValueError, match="data: expected energies, got forces alone; a band"):
        fl.uncertainty.ecdf_band(data, independent=20.0)
