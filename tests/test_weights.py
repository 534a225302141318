"""Group weights: the fit from moments against lstsq on stacked, weighted rows, and what a table may say."""

import dataclasses
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import tantalum
from ase.build import bulk
from ase.calculators.emt import EMT

import fisherlib as fl
from fisherlib.io.formats.fitsnap import natural
from fisherlib.regression import GroupWeights, by_size, fisher_fit, force_rmse, weighted_fit, weighted_loss, weights_of

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"


def case(name: str) -> Path:
    """A small input that failed once."""
    if not (CASES / name).is_file():
        pytest.skip(f"{name} is not beside the project, in {CASES}")
    return CASES / name


def alike(t: fl.Trajectory, key: str) -> fl.Trajectory:
    """The configurations that have as many atoms as the first."""
    runs = [t.slice(m, m + 1) for m in range(len(t)) if t.n_atoms[m] == t.n_atoms[0]]
    arrays = ("n_atoms", "energies", "descriptors", "forces", "force_descriptors")
    return fl.Trajectory(
        key=key, temperature=300.0, **{name: np.concatenate([getattr(run, name) for run in runs]) for name in arrays}
    )


@pytest.fixture(scope="module")
def data(ragged: Callable[..., fl.Dataset]) -> fl.Dataset:
    """Three groups, each of one size."""
    raw = ragged(3, K=4, configurations=40, temperatures=[300.0] * 3)
    keys = ("bulk", "surface/1", "surface/2")
    return fl.Dataset([alike(t, key) for t, key in zip(raw.values(), keys, strict=True)])


TABLE = {
    "bulk": GroupWeights(forces=0.3, energies=20.0),
    "surface": GroupWeights(forces=1.5, energies=0.1),
    "surface/2": GroupWeights(forces=0.0, energies=3.0),
}


def stacked(data: fl.Dataset, table: Mapping[str, GroupWeights]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and targets as FitSNAP stacks them, energies per atom with a column of ones for the offset."""
    A, b = [], []
    for t in data.values():
        w, N = table[t.key] if t.key in table else table[t.key.partition("/")[0]], t.n_atoms[:, None]
        A += [w.energies * np.hstack([t.descriptors / N, np.ones_like(N)])]
        A += [w.forces * np.hstack([t.force_descriptors, np.zeros((len(t.forces), 1))])]
        b += [w.energies * t.energies / t.n_atoms, w.forces * t.forces]
    return np.concatenate(A), np.concatenate(b)


def test_the_fit_is_that_of_weighted_rows(data: fl.Dataset) -> None:
    moments = fl.accumulate(data)
    model = weighted_fit(moments, TABLE)
    A, b = stacked(data, TABLE)
    wanted = np.linalg.lstsq(A, b, rcond=None)[0]
    assert np.allclose(model.theta, wanted[:-1], rtol=1e-8) and model.offset == pytest.approx(wanted[-1], rel=1e-8)
    value = 0.5 * np.sum((A @ wanted - b) ** 2)
    assert weighted_loss(moments, TABLE)(model.theta) == pytest.approx(value, rel=1e-8)


def test_the_best_offset_of_any_theta_is_taken_out(data: fl.Dataset) -> None:
    theta = np.array([1.0, -2.0, 0.5, 3.0])
    A, b = stacked(data, TABLE)
    left = b - A[:, :-1] @ theta
    offset = np.linalg.lstsq(A[:, -1:], left, rcond=None)[0]
    value = 0.5 * np.sum((left - A[:, -1:] @ offset) ** 2)
    assert weighted_loss(fl.accumulate(data), TABLE)(theta) == pytest.approx(value, rel=1e-10)


def test_energies_that_are_large_beside_their_spread_keep_their_digits(data: fl.Dataset) -> None:
    far = [dataclasses.replace(t, energies=t.energies + 1e6 * t.n_atoms) for t in data.values()]
    near, found = (weighted_fit(fl.accumulate(fl.Dataset(d)), TABLE) for d in (list(data.values()), far))
    assert np.allclose(found.theta, near.theta, rtol=1e-7)


def test_weights_of_forces_alone_give_theta_f_and_its_offset(data: fl.Dataset) -> None:
    moments = fl.accumulate(data)
    model, theta_f = weighted_fit(moments, {"*": GroupWeights(forces=7.0)}), fisher_fit(moments)
    assert np.allclose(model.theta, theta_f.theta, rtol=1e-10) and model.offset == pytest.approx(theta_f.offset)
    every = {"*": GroupWeights(energies=5.0)}
    assert np.allclose(weighted_fit(moments, every, of=["forces"]).theta, theta_f.theta, rtol=1e-10)


def test_a_ridge_is_relative_to_the_diagonal(data: fl.Dataset) -> None:
    moments = fl.accumulate(data)
    loss = weighted_loss(moments, TABLE)
    wanted = np.linalg.solve(loss.A + 0.1 * np.diag(np.diag(loss.A)), loss.b)
    assert np.allclose(weighted_fit(moments, TABLE, strength=0.1).theta, wanted, rtol=1e-10)


def test_a_group_of_weight_zero_is_left_out(data: fl.Dataset) -> None:
    table = TABLE | {"bulk": GroupWeights(forces=0.0)}
    rest = data.drop("bulk")
    models = [weighted_fit(fl.accumulate(d), table) for d in (data, rest)]
    assert np.allclose(models[0].theta, models[1].theta) and models[0].offset == pytest.approx(models[1].offset)


def test_the_weights_that_were_used_are_kept(data: fl.Dataset) -> None:
    about = weighted_fit(fl.accumulate(data), TABLE).provenance
    assert about["weights"]["surface/1"] == {"forces": 1.5, "energies": 0.1, "stress": 0.0}
    assert about["of"] == ["forces", "energies"]


def test_a_line_is_the_key_the_group_or_a_pattern(data: fl.Dataset) -> None:
    moments = fl.accumulate(data)
    one, two, three = (GroupWeights(forces=float(n)) for n in (1, 2, 3))
    assert weights_of(moments, {"*": one, "surface": two, "surface/2": three}) == {
        "bulk": one,
        "surface/1": two,
        "surface/2": three,
    }
    assert weights_of(moments, {"surf*": two, "*1": three, "*": one})["surface/1"] == two
    with pytest.raises(ValueError, match="got none for 'surface/1', 'surface/2'; a line"):
        weights_of(moments, {"bulk": one, "surfac": two})


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf, "1", None, [1.0]])
def test_weights_are_numbers_of_at_least_zero(weight: object) -> None:
    with pytest.raises(ValueError, match="energies: expected"):
        GroupWeights(energies=weight)


def test_nothing_to_fit_is_said(data: fl.Dataset) -> None:
    with pytest.raises(ValueError, match="expected a weight above 0 for energies, got none"):
        weighted_loss(fl.accumulate(data), {"*": GroupWeights()}, of=["energies"])
    with pytest.raises(ValueError, match="of: expected some of"):
        weighted_loss(fl.accumulate(data), {"*": GroupWeights()}, of=["virials"])


@pytest.fixture(scope="module")
def mixed(ragged: Callable[..., fl.Dataset]) -> fl.Dataset:
    """Groups whose configurations differ in size."""
    return ragged(5, K=4, configurations=40)


def test_configurations_of_several_sizes_are_told_apart_or_warned_of(mixed: fl.Dataset) -> None:
    table = {"t0": GroupWeights(energies=10.0), "t1": GroupWeights(forces=0.2)}
    A, b = stacked(mixed, table)
    wanted = np.linalg.lstsq(A, b, rcond=None)[0][:-1]
    assert np.allclose(weighted_fit(fl.accumulate(by_size(mixed)), table).theta, wanted, rtol=1e-8)
    with pytest.warns(UserWarning, match=r"sizes differ in 't0' \(\d\d %\); accumulate\(regression.by_size"):
        near = weighted_fit(fl.accumulate(mixed), table).theta
    assert 1e-4 < np.abs(near / wanted - 1).max() < 0.5


def test_trajectories_by_size_hold_the_same_configurations(mixed: fl.Dataset) -> None:
    parts, whole = by_size(mixed), fl.accumulate(mixed).total()
    sizes = {key: np.unique(t.n_atoms) for key, t in parts.items()}
    assert all(len(n) == 1 and key.endswith(f"/{n[0]}") for key, n in sizes.items())
    total = fl.accumulate(parts).total()
    assert total.identity == whole.identity and np.allclose(total.scatter, whole.scatter)


def test_virials_have_weights_where_they_are_known(data: fl.Dataset) -> None:
    rng, made = np.random.default_rng(0), []
    for t in data.values():
        Psi = rng.normal(size=(len(t), 6, t.K))
        W = Psi @ [1.0, 2.0, 3.0, 4.0] + rng.normal(size=(len(t), 6))
        W[0] = np.nan  # a configuration without a stress
        made.append(dataclasses.replace(t, virials=W, strain_descriptors=Psi) if t.key != "bulk" else t)
    strained = fl.Dataset(made)
    table = {key: dataclasses.replace(w, stress=2.0 + n) for n, (key, w) in enumerate(TABLE.items())}
    A, b = stacked(data, table)
    for t in made[1:]:
        scale = table[t.key if t.key in table else "surface"].stress / t.n_atoms[0]
        Psi = scale * t.strain_descriptors[1:].reshape(-1, t.K)
        A, b = np.vstack([A, np.pad(Psi, ((0, 0), (0, 1)))]), np.r_[b, scale * t.virials[1:].ravel()]
    wanted = np.linalg.lstsq(A, b, rcond=None)[0]
    model = weighted_fit(fl.accumulate(strained), table, of=["forces", "energies", "stress"])
    assert np.allclose(model.theta, wanted[:-1], rtol=1e-8) and model.offset == pytest.approx(wanted[-1], rel=1e-8)
    with pytest.raises(ValueError, match="got none; read a file that has stresses"):
        weighted_fit(fl.accumulate(data), table, of=["stress"])


def test_energies_that_are_not_known_have_no_weight(data: fl.Dataset) -> None:
    parts = [dataclasses.replace(t, energies=None) if t.key == "bulk" else t for t in data.values()]
    moments = fl.accumulate(fl.Dataset(parts))
    with pytest.raises(ValueError, match="got forces alone in 'bulk'"):
        weighted_fit(moments, TABLE)
    table = TABLE | {"bulk": GroupWeights(forces=0.3)}
    assert np.allclose(weighted_fit(moments, table).theta, weighted_fit(fl.accumulate(data), table).theta, rtol=1e-10)


def write_groups(folder: Path) -> Path:
    """Copper, gold and their alloys by EMT in FitSNAP's JSON, a folder for each group."""
    rng = np.random.default_rng(0)
    for group, golds in (("Cu", [0]), ("Au", [4]), ("alloy", [1, 2, 3])):
        (folder / group).mkdir()
        for n in range(12):
            atoms = bulk("Cu", cubic=True, a=3.9)
            atoms.symbols[rng.permutation(4)[: golds[n % len(golds)]]] = "Au"
            atoms.positions += rng.normal(0, 0.1, (4, 3))
            atoms.calc = EMT()
            entry = {"Positions": atoms.positions.tolist(), "Lattice": atoms.cell.tolist()}
            entry |= {"AtomTypes": atoms.get_chemical_symbols(), "NumAtoms": 4}
            entry |= {"Energy": atoms.get_potential_energy(), "Forces": atoms.get_forces().tolist()}
            text = json.dumps({"Dataset": {"Data": [entry], "EnergyStyle": "electronvolt"}})
            (folder / group / f"{group}_{n}.json").write_text("# made by EMT\n" + text)
    return folder


@pytest.fixture(scope="module")
def alloy(tmp_path_factory: pytest.TempPathFactory) -> fl.Dataset:
    """Two elements in three groups, as FitSNAP's sets are."""
    folder = write_groups(tmp_path_factory.mktemp("CuAu"))
    soap = fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fl.io.read(folder, descriptor=soap, temperature=300.0)


def rows_of(data: fl.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Descriptors beside the numbers of copper and gold atoms, (M, K + 2), energies, and Φ."""
    parts = list(data.values())
    species = np.concatenate([t.species.reshape(len(t), -1) for t in parts])
    n = np.stack([(species == z).sum(axis=1) for z in (29, 79)], axis=1)
    return (
        np.hstack([np.concatenate([t.descriptors for t in parts]), n]),
        data.energies,
        np.concatenate([t.force_descriptors for t in parts]),
    )


@pytest.mark.filterwarnings("ignore:Ta_snap2J6")
def test_tantalum_with_stress_has_the_published_coefficients(tmp_path: Path) -> None:
    """With a trajectory for each configuration, volumes are exact, and θ is that of FitSNAP's own Ta_pot.snapcoeff."""
    tantalum.beside()
    rows, (input_file, scale) = tantalum.rows(), (tmp_path / "Ta.in", 1.602176634e6)  # bar in 1 eV/Å³
    input_file.write_text(tantalum.INPUT)
    energies = {t.key: t for t in fl.io.read(tantalum.ROWS, check=False).values()}
    names, made, volumes = rows["config_names"].tolist(), [], {}
    for f in fl.io.read_frames(tantalum.unpacked(tmp_path)):
        files = sorted((n for n in names if n.startswith(f"{f.key}/")), key=natural)
        for m, (name, V) in enumerate(zip(files, np.abs(np.linalg.det(f.cell)), strict=True)):
            mine = (rows["config_index"] == names.index(name)) & (rows["row_type"] == "Stress")
            strain = {"strain_descriptors": V / scale * rows["A"][mine, 1:][None]}
            strain |= {"virials": V / scale * rows["b"][mine][None], "key": f"{f.key}/{m}"}
            made.append(dataclasses.replace(energies[f.key].slice(m, m + 1), **strain))
            volumes[f"{f.key}/{m}"] = V / f.n_atoms[m]
    of_groups = fl.io.read_fitsnap_input(input_file, volume_per_atom=1.0).weights
    table = {}
    for key, volume in volumes.items():
        weights = of_groups[key.rpartition("/")[0]]
        table[key] = dataclasses.replace(weights, stress=weights.stress / volume)
    model = weighted_fit(fl.accumulate(fl.Dataset(made)), table, of=["forces", "energies", "stress"])
    published = fl.io.read_snapcoeff(tantalum.FOLDER / "Ta_pot.snapcoeff")
    assert np.linalg.norm(model.theta - published.theta) < 1e-8 * np.linalg.norm(published.theta)
    assert model.offset == pytest.approx(published.offset, rel=1e-8)


def test_two_elements_have_the_energy_errors_of_lstsq_with_composition_columns(alloy: fl.Dataset) -> None:
    A, E, Phi = rows_of(alloy)
    theta = np.linalg.lstsq(Phi, alloy.forces, rcond=None)[0]
    left = E - A[:, :-2] @ theta
    offsets = np.linalg.lstsq(A[:, -2:], left, rcond=None)[0]
    wanted = np.sqrt(np.mean(((left - A[:, -2:] @ offsets) / 4) ** 2))
    model = fisher_fit(fl.accumulate(alloy))
    assert fl.comparison.compare(model, alloy).pooled["energy_rmse"] == pytest.approx(wanted, rel=1e-8)
    assert [model.offsets["Cu"], model.offsets["Au"]] == pytest.approx(offsets.tolist(), rel=1e-6)


def test_two_elements_are_weighted_together_with_their_offsets(alloy: fl.Dataset) -> None:
    table = {"Cu": GroupWeights(energies=0.5), "alloy": GroupWeights(forces=0.5, energies=2.0), "*": GroupWeights()}
    each = {key: weights_of(fl.accumulate(alloy), table)[key] for key in alloy}
    w_E = np.concatenate([np.full(len(t), each[t.key].energies) for t in alloy.values()])
    w_F = np.concatenate([np.full(len(t.forces), each[t.key].forces) for t in alloy.values()])
    rows, E, Phi = rows_of(alloy)
    A = np.vstack([w_E[:, None] * rows / 4, w_F[:, None] * np.pad(Phi, ((0, 0), (0, 2)))])
    b = np.r_[w_E * E / 4, w_F * alloy.forces]
    wanted = np.linalg.lstsq(A, b, rcond=None)[0]
    model = weighted_fit(fl.accumulate(alloy), table)
    found = np.r_[model.theta, model.offsets["Cu"], model.offsets["Au"]]
    assert np.sum((A @ found - b) ** 2) == pytest.approx(np.sum((A @ wanted - b) ** 2), rel=1e-8)
    scale = np.sqrt((A**2).sum(axis=0))
    assert np.linalg.norm(scale * (found - wanted)) < 1e-6 * np.linalg.norm(scale * wanted)
    error = fl.comparison.compare(model, alloy).pooled
    assert error["energy_rmse"] == pytest.approx(np.sqrt(np.mean((rows @ wanted / 4 - E / 4) ** 2)), rel=1e-8)
    of_forces = fl.comparison.compare(fisher_fit(fl.accumulate(alloy)), alloy).pooled
    assert error["energy_rmse"] < 0.02 < 1.0 < of_forces["energy_rmse"]
    assert error["force_rmse"] < 1.01 * of_forces["force_rmse"]


def test_an_element_of_a_group_without_weight_has_an_offset_too(alloy: fl.Dataset) -> None:
    first = next(t for t in alloy.values() if 29 in t.species)
    silver = np.where(first.species == 29, 47, first.species)
    other = dataclasses.replace(first, key="silver", species=silver, energies=first.energies + 1.0)
    moments = fl.accumulate(fl.Dataset([*alloy.values(), other]))
    table = {"silver": GroupWeights(forces=0.0, energies=0.0), "*": GroupWeights(energies=2.0)}
    model = weighted_fit(moments, table)
    without = weighted_fit(fl.accumulate(alloy), table)
    np.testing.assert_allclose(model.theta, without.theta, rtol=1e-6, atol=1e-9)
    assert set(model.offsets) == {*without.offsets, "Ag"}
    np.testing.assert_allclose(model.energies(alloy), without.energies(alloy), rtol=1e-9)
    assert np.isfinite(model.energies(other)).all()


def test_weights_bring_back_what_one_group_spoils() -> None:
    """Three of 19 configurations carry 99 % of the forces' squares."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = fl.io.read(case("23_one_group_decides.xyz"), key="config_type", temperature=300.0)
    moments = fl.accumulate(data)

    def error(weight: float) -> float:
        table = {"interstitial": GroupWeights(forces=weight), "*": GroupWeights()}
        return float(force_rmse(moments.select("md"), weighted_fit(moments, table).theta)[0])

    assert error(1.0) == pytest.approx(0.0242, abs=5e-5)
    assert error(0.0) == pytest.approx(0.0021, abs=5e-5) and error(1e-3) < 0.0025


@pytest.mark.filterwarnings("ignore:Ta_snap2J6")
def test_tantalum_is_fitted_as_by_fitsnap(tmp_path: Path) -> None:
    """θ of the weights in FitSNAP's input file, from moments, against lstsq on the rows that FitSNAP made."""
    tantalum.beside()
    (tmp_path / "Ta.in").write_text(tantalum.INPUT)
    table = fl.io.read_fitsnap_input(tmp_path / "Ta.in").weights
    rows = tantalum.rows()
    for group, weights in table.items():
        for kind, weight in (("Energy", weights.energies), ("Force", weights.forces)):
            assert (rows["w"][(rows["group"] == group) & (rows["row_type"] == kind)] == weight).all()
    moments = fl.accumulate(by_size(fl.io.read(tantalum.ROWS, check=False)))
    model = weighted_fit(moments, table)
    used = rows["row_type"] != "Stress"
    A, b = rows["w"][used, None] * rows["A"][used], (rows["w"] * rows["b"])[used]
    wanted = np.linalg.lstsq(A, b, rcond=1e-13)[0]
    assert np.linalg.norm(model.theta - wanted[1:]) < 1e-8 * np.linalg.norm(wanted[1:])
    assert model.offset == pytest.approx(wanted[0], rel=1e-8)
