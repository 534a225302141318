"""Ranking of configurations: errors and leverage row by row, the atoms behind a row, and the file of those chosen."""

import io as streams
import json

import ase.io
import numpy as np
import pytest

import fisherlib as fl
from fisherlib.validation.ranking import ENERGY, ERROR, FORCES, LARGEST, LEVERAGE, SITE


@pytest.fixture(scope="module")
def study(few_walkers: fl.Dataset) -> fl.Study:
    return fl.Study(few_walkers)


@pytest.fixture(scope="module")
def found(study: fl.Study) -> fl.validation.Ranking:
    return study.ranking("θ_f")


def test_quantities_are_those_of_each_configuration(study: fl.Study, found: fl.validation.Ranking) -> None:
    model, row = study.models["θ_f"], 137
    key, k = found.place(row)
    assert found.labels[row] == f"{key}, configuration {k}" == study.comparison("θ_f").labels[row]
    one = study.data[key].slice(k, k + 1)
    dF = (model.forces(one) - one.forces).reshape(-1, 3)
    size = np.linalg.norm(dF, axis=1)
    np.testing.assert_allclose(found.quantities[FORCES][row], np.sqrt(np.mean(dF**2)))
    np.testing.assert_allclose(found.quantities[LARGEST][row], size.max())
    np.testing.assert_allclose(found.quantities[ENERGY][row], 1e3 * (model.energies(one)[0] - one.energies[0]) / 55)
    np.testing.assert_allclose(found.quantities[LEVERAGE].sum(), fl.solve(study.terms.fisher).rank)
    np.testing.assert_allclose(found.atoms(row)[ERROR], size)
    np.testing.assert_allclose(found.atoms(row)[SITE].sum(), model.energies(one)[0])


def test_the_worst_come_first(found: fl.validation.Ranking) -> None:
    worst = found.worst(ENERGY, number=7)
    assert np.abs(found.quantities[ENERGY])[worst].tolist() == sorted(np.abs(found.quantities[ENERGY]))[::-1][:7]
    with pytest.raises(ValueError, match="row: expected 0 to 199, got 200"):
        found.place(200)


def test_a_row_is_the_structure_of_the_file(found: fl.validation.Ranking, root) -> None:
    frames = {f.key: f for f in fl.io.read_frames(root / "data" / "cu55_1200K.npz")}
    for row in (0, 49, 50, 137, 199):
        key, k = found.place(row)
        np.testing.assert_array_equal(found.configuration(row).positions, frames[key].atoms()[k].positions)


def test_the_file_holds_the_chosen_frames_and_both_forces(study: fl.Study, found: fl.validation.Ranking) -> None:
    rows = [3, 77, 150]
    frames = ase.io.read(streams.StringIO(found.extxyz(rows)), ":", format="extxyz")
    assert len(frames) == len(rows)
    for row, atoms in zip(rows, frames, strict=True):
        key, k = found.place(row)
        one = found.configuration(row)
        assert (atoms.info["trajectory"], atoms.info["index"], atoms.info["model"]) == (key, k, "θ_f")
        np.testing.assert_array_equal(atoms.positions, one.positions)
        np.testing.assert_array_equal(atoms.get_forces().ravel(), one.forces)
        np.testing.assert_array_equal(atoms.arrays["model_forces"].ravel(), study.models["θ_f"].forces(one))
        np.testing.assert_allclose(
            [atoms.get_potential_energy(), atoms.info["model_energy"]],
            [one.energies[0], study.models["θ_f"].energies(one)[0]],
        )


def test_a_study_ranks_a_model_once_and_a_new_one_anew(study: fl.Study) -> None:
    assert study.ranking("θ_f") is study.ranking("θ_f")
    more = study.with_model(fl.LinearPotential(theta=study.models["θ_f"].theta * 1.01, name="mine"))
    assert more.ranking("θ_f") is study.ranking("θ_f") and "mine" not in study.rankings
    assert more.ranking("mine").quantities[LEVERAGE] is more.leverage is study.leverage


def test_leverage_of_other_data_is_refused(study: fl.Study) -> None:
    with pytest.raises(ValueError, match="leverage: expected 200 numbers"):
        fl.validation.ranking(study.models["θ_f"], study.data, leverage=[1.0])


def test_figure_marks_what_is_chosen(found: fl.validation.Ranking) -> None:
    figure = fl.figures.ranking(found, x=LEVERAGE, y=FORCES, chosen=5, selected=(2, 9), mark=1)
    cloud, ring = figure.data
    assert cloud.customdata.tolist() == list(range(200)) and list(cloud.selectedpoints) == [2, 9]
    assert (ring.x[0], ring.y[0]) == (found.quantities[LEVERAGE][5], found.quantities[FORCES][5])
    assert figure.layout.meta == {"pick": True} and cloud.marker.color == fl.figures.PALETTE[1]


def test_page_holds_the_structures_and_says_which(study: fl.Study) -> None:
    pytest.importorskip("chemiscope")
    view = fl.figures.explorer(study, atoms=55 * 60, more={"PCA 1": np.arange(200.0)})
    head = view.page.partition("<script>")[0]
    assert "<script src" not in view.page and "plausible" not in view.page
    assert "configurations of largest force error" in head and " of 200 configurations: the " in head
    text = view.page.split("everyAtom(")[-1].rpartition(")</script>")[0].rpartition(")")[0]
    given = json.loads(text)
    ranking = study.ranking("θ_f")
    worst = int(ranking.worst(FORCES, number=1)[0])
    values = given["properties"][FORCES]["values"]
    assert len(given["structures"]) == len(values) <= 60 and len(values) >= 40
    k = int(np.argmax(values))
    np.testing.assert_allclose(given["structures"][k]["x"], ranking.configuration(worst).positions[:, 0], atol=6e-4)
    np.testing.assert_allclose(
        given["properties"][ERROR]["values"][55 * k : 55 * k + 55], ranking.atoms(worst)[ERROR], rtol=1e-3
    )


def test_data_without_positions_are_refused_by_the_page(ragged) -> None:
    with pytest.raises(ValueError, match="study: expected data with species and positions, got none for 't0'"):
        fl.figures.explorer(fl.Study(ragged(0)))
