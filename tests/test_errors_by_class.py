"""Force errors by class: against sums over atoms written out, jackknife against refits by hand, and their figure and table."""

from collections.abc import Callable

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.comparison import classes, errors_by, force_errors


@pytest.fixture
def data(ragged: Callable[..., fl.Dataset]) -> fl.Dataset:
    return ragged(3, K=4, temperatures=(300.0,) * 12, configurations=7)


@pytest.fixture
def model(data: fl.Dataset) -> fl.LinearPotential:
    return fl.regression.fisher_fit(fl.accumulate(data))


def written_out(
    data: fl.Dataset, model: fl.LinearPotential, mask: np.ndarray, threshold: float
) -> tuple[float, float, float]:
    F, P = data.forces.reshape(-1, 3), model.forces(data).reshape(-1, 3)
    size = np.linalg.norm(F, axis=1)
    clear = mask & (size > threshold)
    cosine = (F * P).sum(axis=1) / (size * np.linalg.norm(P, axis=1))
    rmse = np.sqrt(np.mean((P - F)[mask] ** 2))
    relative = np.sqrt(np.sum((P - F)[mask] ** 2) / np.sum(F[mask] ** 2))
    return float(rmse), float(relative), float(np.average(cosine[clear], weights=size[clear]))


def test_classes_of_magnitude_agree_with_sums_over_atoms(data: fl.Dataset, model: fl.LinearPotential) -> None:
    found = errors_by(model, data, "force magnitude", edges=[0.0, 2.0, 4.0, 50.0], threshold=0.5)
    size = np.linalg.norm(data.forces.reshape(-1, 3), axis=1)
    assert found.classes == ("0 to 2", "2 to 4", "4 to 50") and found.atoms.sum() == len(size)
    for k, (low, high) in enumerate([(0.0, 2.0), (2.0, 4.0), (4.0, 50.0)]):
        wanted = written_out(data, model, (size >= low) & (size < high), 0.5)
        np.testing.assert_allclose((found.rmse[k], found.relative[k], found.cosine[k]), wanted, rtol=1e-12)
    np.testing.assert_allclose(np.cos(np.radians(found.angle)), found.cosine)


def test_blocks_of_a_pass_do_not_change_the_result(
    data: fl.Dataset, model: fl.LinearPotential, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = errors_by(model, data, "trajectory")
    monkeypatch.setattr(classes, "rows_per_block", lambda K: 10)
    parts = list(force_errors(model, data))
    assert len(parts) > len(data) and sum(len(part) for part, _, _ in parts) == len(data.n_atoms)
    np.testing.assert_allclose(np.concatenate([F.ravel() for _, F, _ in parts]), data.forces)
    np.testing.assert_allclose(errors_by(model, data, "trajectory").rmse, whole.rmse, rtol=1e-12)
    assert whole.classes == tuple(data) and np.isnan(whole.rmse_error).all()


def test_standard_errors_are_those_of_leaving_out_each_trajectory(data: fl.Dataset, model: fl.LinearPotential) -> None:
    own = np.arange(data.n_atoms.sum()) % 2
    found = errors_by(model, data, own)
    number = np.repeat(data.groups, data.n_atoms)
    for k in range(2):
        left = [written_out(data, model, (own == k) & (number != g), 0.1) for g in range(len(data))]
        wanted = np.sqrt((len(data) - 1) * np.var(left, axis=0))
        np.testing.assert_allclose((found.rmse_error[k], found.cosine_error[k]), wanted[[0, 2]], rtol=1e-9)
    few = errors_by(model, data.select(list(data)[:9]), "force magnitude")
    assert np.isnan(few.rmse_error).all() and np.isfinite(few.rmse).all()


def test_elements_and_names_of_ones_own(copper: fl.Dataset, copper_moments: fl.Moments) -> None:
    model = fl.regression.fisher_fit(copper_moments)
    found = errors_by(model, copper)
    assert found.classes == ("Cu",) and found.atoms.tolist() == [55000]
    np.testing.assert_allclose(found.rmse[0], fl.comparison.compare(model, copper).pooled["force_rmse"], rtol=1e-12)
    names = np.array(["12 and more", "6 to 8"])[np.arange(55000) % 2]
    assert errors_by(model, copper, names).classes == ("6 to 8", "12 and more")  # as a person counts


def test_what_is_no_class_is_refused(data: fl.Dataset, model: fl.LinearPotential) -> None:
    with pytest.raises(ValueError, match="by: expected data with species"):
        errors_by(model, data, "element")
    with pytest.raises(ValueError, match="by: expected .* classes, one an atom"):
        errors_by(model, data, [1, 2, 3])
    with pytest.raises(ValueError, match="edges: expected at least two ascending"):
        errors_by(model, data, "force magnitude", edges=[1.0, 0.5])


def test_figure_and_table_show_the_numbers(data: fl.Dataset, model: fl.LinearPotential) -> None:
    found = errors_by(model, data, "force magnitude", edges=[0.0, 4.0, 50.0])
    rmse, angle = fl.figures.errors_by_class([found]).data
    np.testing.assert_array_equal(rmse.y, found.rmse)
    np.testing.assert_array_equal(rmse.error_y.array, found.rmse_error)
    np.testing.assert_allclose(angle.y, found.angle)
    table = fl.tables.errors_by_class([found])
    assert table["atoms"].tolist() == found.atoms.tolist() and "±" in table["force RMSE, eV/Å"].iloc[0]
    with pytest.raises(ValueError, match="found: expected errors by the same classes"):
        fl.figures.errors_by_class([found, errors_by(model, data, "trajectory")])
