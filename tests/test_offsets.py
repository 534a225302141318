"""Offsets of elements: fitted, taken out of losses, merged, saved, and named where the compositions leave them free."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import fisherlib as fl
from fisherlib import cluster
from fisherlib.moments import Offsets, best_offsets, free_offsets, without_offsets

E = {6: -7.5, 8: -11.0, 1: -3.25}
K = 3


def trajectory(
    key: str, elements: list[int], *, seed: int, M: int = 12, one: bool = False, **changes: object
) -> fl.Trajectory:
    """Random descriptors, and energies θ·D + Σ n_s e_s + noise, of random compositions or of a single one."""
    rng = np.random.default_rng(seed)
    counts = (
        rng.integers(1, 5, size=(M, len(elements))) if not one else np.tile(np.arange(1, len(elements) + 1), (M, 1))
    )
    species = np.concatenate([np.repeat(elements, row) for row in counts])
    D, Phi = rng.normal(size=(M, K)) + 5, rng.normal(size=(3 * len(species), K))
    theta = np.array([1.0, -2.0, 0.5])
    energies = D @ theta + counts @ [E[z] for z in elements] + 0.1 * rng.normal(size=M)
    made = {"n_atoms": counts.sum(axis=1), "energies": energies, "descriptors": D, "species": species}
    made |= {"forces": Phi @ theta + 0.1 * rng.normal(size=len(Phi)), "force_descriptors": Phi, "temperature": 300.0}
    return fl.Trajectory(key=key, **made | changes)


@pytest.fixture
def data() -> fl.Dataset:
    return fl.Dataset([trajectory("a", [6, 8], seed=0), trajectory("b", [1, 8], seed=1), trajectory("c", [6], seed=2)])


def counts(data: fl.Dataset) -> np.ndarray:
    return data.composition.astype(float)


def test_compositions_of_trajectories_and_of_all(data: fl.Dataset) -> None:
    assert data.elements == (1, 6, 8) and data["b"].elements == (1, 8)
    assert data.composition.sum(axis=1).tolist() == data.n_atoms.tolist()
    first = data["a"].species[: data["a"].n_atoms[0]]
    assert data.composition[0].tolist() == [0, (first == 6).sum(), (first == 8).sum()]
    with pytest.raises(ValueError, match="species of trajectory 'a': expected some of Cu, got C, O"):
        data["a"].composition((29,))
    unknown = fl.Dataset([*data.values(), trajectory("d", [6], seed=3, species=None)])
    assert unknown.elements == () and unknown.composition.shape == (48, 1)


def test_the_energy_loss_is_that_of_least_squares_with_composition_columns(data: fl.Dataset) -> None:
    loss, n = fl.energy(fl.accumulate(data)), counts(data)
    D = np.concatenate([t.descriptors for t in data.values()])
    found = np.linalg.lstsq(np.column_stack([D, n]), data.energies, rcond=None)[0]
    np.testing.assert_allclose(fl.solve(loss).theta, found[:K], rtol=1e-9)
    for theta in (found[:K], np.zeros(K), np.ones(K)):
        r = data.energies - D @ theta
        rest = r - n @ np.linalg.lstsq(n, r, rcond=None)[0]
        np.testing.assert_allclose(loss(theta), 0.5 * np.mean(rest**2), rtol=1e-9)
        np.testing.assert_allclose(without_offsets(r, data.composition), rest, atol=1e-9)


def test_the_kl_loss_lets_a_constant_and_the_offsets_of_elements_drop_out(data: fl.Dataset) -> None:
    loss, n = fl.kl(fl.accumulate(data)), np.column_stack([counts(data), np.ones(36)])
    D = np.concatenate([t.descriptors for t in data.values()])
    beta = fl.units.beta(300.0)
    for theta in (np.zeros(K), np.ones(K)):
        r = data.energies - D @ theta
        rest = r - n @ np.linalg.lstsq(n, r, rcond=None)[0]
        np.testing.assert_allclose(loss(theta), 0.5 * beta**2 * np.mean(rest**2), rtol=1e-9)


def test_the_offsets_of_a_fit_are_those_of_least_squares(data: fl.Dataset) -> None:
    moments = fl.accumulate(data)
    model = fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments)), moments)
    D = np.concatenate([t.descriptors for t in data.values()])
    e = np.linalg.lstsq(counts(data), data.energies - D @ model.theta, rcond=None)[0]
    np.testing.assert_allclose(list(model.offsets.values()), e, rtol=1e-9)
    assert list(model.offsets) == ["H", "C", "O"] and model.offset == 0 and "free offsets" not in model.provenance
    np.testing.assert_allclose(model.energies(data), D @ model.theta + counts(data) @ e, rtol=1e-12)
    found = fl.comparison.compare(model, data)
    assert found.pooled["energy_rmse"] < 0.2 < 1 < np.std(data.energies / data.n_atoms)


def test_one_composition_keeps_one_offset_and_its_digits() -> None:
    moments = fl.accumulate([trajectory("a", [6, 8], seed=0, one=True)])
    without = fl.accumulate([trajectory("a", [6, 8], seed=0, one=True, species=None)])
    models = [fl.LinearPotential.from_fit(fl.solve(fl.fisher(m)), m) for m in (moments, without)]
    assert models[0].offset == models[1].offset and not models[0].offsets
    np.testing.assert_allclose(fl.energy(moments).A, fl.energy(without).A, rtol=1e-12)
    np.testing.assert_allclose(fl.kl(moments).A, fl.kl(without).A, rtol=1e-12)


def test_what_the_compositions_leave_free_is_named_and_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    counts = np.array([[1, 2, 1], [2, 4, 3], [1, 2, 5], [3, 6, 2]])[rng.integers(0, 4, size=20)]  # H and C always 1 : 2
    species = np.concatenate([np.repeat([1, 6, 8], row) for row in counts])
    made = trajectory("a", [6], seed=0, M=20)
    Phi = rng.normal(size=(3 * len(species), K))
    t = dataclasses.replace(
        made, n_atoms=counts.sum(axis=1), species=species, forces=Phi @ np.ones(K), force_descriptors=Phi,
        energies=made.descriptors @ np.ones(K) + counts @ [-3.0, -7.0, -11.0],
    )  # fmt: skip
    moments = fl.accumulate([t])
    model = fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments)), moments)
    np.testing.assert_allclose(model.energies(t), t.energies, atol=1e-8)
    assert free_offsets(moments.total()) == ("1 eV to e(H) and -0.5 eV to e(C)",)
    assert model.provenance["free offsets"] == ["1 eV to e(H) and -0.5 eV to e(C)"]
    changed = {"H": model.offsets["H"] + 1, "C": model.offsets["C"] - 0.5, "O": model.offsets["O"]}
    np.testing.assert_allclose(dataclasses.replace(model, offsets=changed).energies(t), t.energies, atol=1e-8)


def test_records_of_other_elements_merge_and_are_taken_out_again(data: fl.Dataset) -> None:
    moments, whole = fl.accumulate(data), fl.accumulate([_joined(data)])["all"]
    total = moments.total()
    assert total.elements == whole.elements == (1, 6, 8)
    np.testing.assert_allclose(total.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(total.scatter, whole.scatter, rtol=1e-9, atol=1e-9)
    rest = total - moments["b"]
    expected = moments.drop("b").total()
    assert rest.elements == (1, 6, 8)
    np.testing.assert_allclose(rest.scatter, expected.over((1, 6, 8)).scatter, atol=1e-9)
    assert best_offsets(rest, np.ones(K))[1:] == pytest.approx(best_offsets(expected, np.ones(K)), rel=1e-6)
    mixed = moments + fl.accumulate([trajectory("d", [6, 8], seed=9, species=None)])
    assert mixed.total().elements == () and mixed.total().mean.shape == (K + 2,)
    assert mixed.total().atoms == pytest.approx(np.mean([*data.n_atoms, *trajectory("d", [6, 8], seed=9).n_atoms]))


def _joined(data: fl.Dataset) -> fl.Trajectory:
    names = ("n_atoms", "energies", "descriptors", "forces", "force_descriptors", "species")
    arrays = {name: np.concatenate([getattr(t, name) for t in data.values()]) for name in names}
    return fl.Trajectory(key="all", temperature=300.0, **arrays)


def test_moments_whose_elements_are_not_known_are_taken_out(data: fl.Dataset) -> None:
    moments = fl.accumulate(data)
    total, old = moments.total(), moments["b"].over(())  # as in a file of moments from before
    left, expected = total - old, moments.drop("b").total().over(())
    assert left.elements == ()
    np.testing.assert_allclose(left.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(left.scatter, expected.scatter, rtol=1e-9, atol=1e-9)
    with pytest.raises(
        ValueError, match="moments: expected elements of these data, got others; take moments of a part"
    ):
        moments.select(["a", "c"]).total() - dataclasses.replace(moments["b"], digests=frozenset())


def test_what_offsets_leave_is_the_partial_regression(data: fl.Dataset) -> None:
    total = fl.accumulate(data).total()
    z = np.column_stack([*(np.concatenate([t.descriptors for t in data.values()]).T), data.energies])
    for constant in (False, True):
        n = counts(data) if not constant else np.column_stack([counts(data), np.ones(36)])
        rest = z - n @ np.linalg.lstsq(n, z, rcond=None)[0]
        found = Offsets.of(total, constant=constant)
        np.testing.assert_allclose(found.scatter[: K + 1, : K + 1], rest.T @ rest / 36, atol=1e-8)
        np.testing.assert_allclose(found.scatter[K + 1 :], 0, atol=1e-10)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_offsets_are_saved_with_the_parameters(tmp_path: Path, suffix: str) -> None:
    model = fl.LinearPotential(theta=[1.0, 2.0], offsets={"Cu": -3.5, "Au": -3.2}, name="θ")
    fl.io.write_theta(model, tmp_path / f"theta{suffix}")
    found = fl.io.read_theta(tmp_path / f"theta{suffix}")
    assert found.offsets == model.offsets and found.offset == 0 and fl.io.theta_files(tmp_path)


def test_snap_coefficients_carry_an_offset_for_each_element(tmp_path: Path) -> None:
    model = fl.LinearPotential(theta=[1.0, 2.0], offsets={"Cu": -3.5, "Au": -3.2})
    fl.io.write_snapcoeff(model, tmp_path / "a.snapcoeff", element=["Au", "Cu"], radius=[0.5, 0.5], weight=[1.0, 1.0])
    assert fl.io.read_snapcoeff(tmp_path / "a.snapcoeff").offsets == {"Au": -3.2, "Cu": -3.5}
    with pytest.raises(ValueError, match="element: expected some of Cu, Au, which have offsets, got Ta"):
        fl.io.write_snapcoeff(
            model, tmp_path / "a.snapcoeff", element=["Ta", "Cu"], radius=[0.5, 0.5], weight=[1.0, 1.0]
        )


def test_offsets_and_an_offset_exclude_each_other_and_elements_without_one_are_refused(data: fl.Dataset) -> None:
    with pytest.raises(ValueError, match="offset: expected none beside offsets, got 1 eV"):
        fl.LinearPotential(theta=[1.0], offset=1.0, offsets={"Cu": 1.0})
    model = fl.LinearPotential(theta=np.ones(K), offsets={"C": -7.0})
    with pytest.raises(ValueError, match="species of trajectory 'a': expected some of C, .* got O"):
        model.energies(data)
    with pytest.raises(ValueError, match="species of trajectory 'd': expected some of C, .* got none"):
        model.energies(trajectory("d", [6], seed=0, species=None))
    sites = dataclasses.replace(data["c"], site_descriptors=np.ones((data["c"].n_atoms.sum(), K)))
    assert set(model.site_energies(sites)) == {K - 7.0}


def test_moments_and_databases_keep_elements(data: fl.Dataset, tmp_path: Path) -> None:
    moments = fl.accumulate(data)
    fl.io.write_moments(moments, tmp_path / "moments.npz")
    assert fl.io.read_moments(tmp_path / "moments.npz")["a"].elements == (6, 8)
    fl.io.write(data, tmp_path / "db")
    found = cluster.accumulate(tmp_path / "db", progress=lambda *_: None)
    assert {key: r.elements for key, r in found.items()} == {"a": (6, 8), "b": (1, 8), "c": (6,)}
    np.testing.assert_allclose(fl.energy(found).A, fl.energy(moments).A, rtol=1e-6)


def test_forces_alone_are_fitted_and_energies_are_refused_in_words(data: fl.Dataset, tmp_path: Path) -> None:
    dumb = fl.Dataset([dataclasses.replace(t, energies=np.array(np.nan)) for t in data.values()])
    assert not dumb["a"].has_energies and data["a"].has_energies
    moments = fl.accumulate(dumb)
    model = fl.regression.fisher_fit(moments)
    np.testing.assert_array_equal(model.theta, fl.regression.fisher_fit(fl.accumulate(data)).theta)
    assert model.offset == 0 and not model.offsets
    for loss in (fl.energy, fl.kl):
        with pytest.raises(ValueError, match="expected energies for the loss .*, got data with forces alone"):
            loss(moments)
    terms = fl.regression.Terms.of(moments)
    assert terms.kl is terms.energy is terms.stress is None
    with pytest.raises(ValueError, match="kl: expected no weight, as the data have no energies, got 1"):
        terms.weighted(kl=1.0)
    fl.io.write_moments(moments, tmp_path / "moments.npz")
    assert not fl.io.read_moments(tmp_path / "moments.npz")["a"].has_energies
    fl.io.write(dumb, tmp_path / "db")
    assert not cluster.accumulate(tmp_path / "db", progress=lambda *_: None)["a"].has_energies
    with pytest.raises(ValueError, match="energies of trajectory 'a': expected finite numbers, got 1 NaN"):
        fl.Trajectory(**trajectory("a", [6], seed=0).__dict__ | {"energies": np.r_[np.nan, np.ones(11)]})


def strained(data: fl.Dataset, *, seed: int = 3) -> fl.Dataset:
    """The same with virials, which the first configuration of each trajectory lacks."""
    rng, made = np.random.default_rng(seed), []
    for t in data.values():
        Psi = rng.normal(size=(len(t), 6, K))
        W = Psi @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=(len(t), 6))
        W[0] = Psi[0] = np.nan
        made.append(dataclasses.replace(t, virials=W, strain_descriptors=Psi))
    return fl.Dataset(made)


def test_virials_are_a_third_quadratic_loss(data: fl.Dataset, tmp_path: Path) -> None:
    data = strained(data)
    moments = fl.accumulate(data)
    D = np.concatenate([t.descriptors for t in data.values()])
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    Psi = np.concatenate([t.strain_descriptors[t.strained].reshape(-1, K) for t in data.values()])
    W = np.concatenate([t.virials[t.strained].ravel() for t in data.values()])
    M, m, w, v = len(D), len(W) / 6, 0.7, 0.3
    f = fl.units.beta(300.0) / np.sqrt(M)
    zero = np.zeros((len(Phi), 3)), np.zeros((len(Psi), 3))
    rows = np.block(
        [[f * Phi, zero[0]], [np.sqrt(w / M) * D, np.sqrt(w / M) * counts(data)], [np.sqrt(v / m) * Psi, zero[1]]]
    )
    y = np.concatenate([f * data.forces, np.sqrt(w / M) * data.energies, np.sqrt(v / m) * W])
    found = fl.solve(fl.fisher(moments) + w * fl.energy(moments) + v * fl.stress(moments)).theta
    np.testing.assert_allclose(found, np.linalg.lstsq(rows, y, rcond=None)[0][:K], rtol=1e-9)
    model = fl.LinearPotential(theta=found)
    assert model.virials(data["a"]).shape == (12, 6)
    fl.io.write_moments(moments, tmp_path / "moments.npz")
    fl.io.write(data, tmp_path / "db")
    for kept in (
        fl.io.read_moments(tmp_path / "moments.npz"),
        cluster.accumulate(tmp_path / "db", progress=lambda *_: None),
    ):
        np.testing.assert_allclose(fl.stress(kept).A, fl.stress(moments).A, rtol=1e-9)
        assert kept["a"].strain.configurations == 11
    rest = (moments.total() - moments["b"]).strain
    np.testing.assert_allclose(rest.PsiPsi, moments.drop("b").total().strain.PsiPsi, rtol=1e-9)
    assert moments.drop("b").total().strain.configurations == rest.configurations == 22


def test_without_virials_there_is_no_stress_and_half_known_ones_are_refused(data: fl.Dataset) -> None:
    with pytest.raises(ValueError, match="moments: expected some of configurations with virials .*, got none"):
        fl.stress(fl.accumulate(data))
    t = strained(data)["a"]
    W = t.virials.copy()
    W[1, 2] = np.nan
    with pytest.raises(ValueError, match="virials of trajectory 'a': expected six numbers .* in configuration 1"):
        dataclasses.replace(t, virials=W)
    with pytest.raises(
        ValueError, match="virials of trajectory 'a': expected them beside strain_descriptors, got none"
    ):
        dataclasses.replace(t, virials=None)


def test_error_bars_take_out_the_offsets_of_elements_and_count_virials() -> None:
    many = strained(fl.Dataset([trajectory(f"t{k}", [[6, 8], [1, 8], [6]][k % 3], seed=k) for k in range(9)]))
    moments = fl.accumulate(many)
    terms = fl.regression.Terms.of(moments)
    for weights in ({"energy": 2.0}, {"kl": 0.5}, {"stress": 1.0}):
        fit = fl.solve(terms.weighted(**weights))
        errors = np.sqrt(np.diag(fl.uncertainty.sandwich(moments, fit, **weights)))
        refits = [fl.solve(fl.regression.Terms.of(moments.drop(key)).weighted(**weights)).theta for key in moments]
        jackknife = np.sqrt(8 / 9 * np.sum((np.array(refits) - np.mean(refits, axis=0)) ** 2, axis=0))
        np.testing.assert_allclose(errors, jackknife, rtol=0.35)


@pytest.mark.parametrize("sign", [1, -1])
def test_signs_are_judged_beyond_the_energy_of_an_atom_of_each_element(sign: int) -> None:
    rng, theta = np.random.default_rng(0), np.ones(K)

    def run(key: str) -> fl.Trajectory:
        carbon = rng.integers(1, 8, size=40)
        species = np.concatenate([np.repeat([6, 8], (c, 8 - c)) for c in carbon])
        Phi, D = rng.normal(size=(3 * len(species), K)), rng.normal(size=(40, K)) - 10.0 * carbon[:, None]
        arrays = {"n_atoms": np.full(40, 8), "species": species, "descriptors": D, "force_descriptors": sign * Phi}
        energies = D @ theta + 100.0 * carbon  # carbon costs more than its descriptors say
        return fl.Trajectory(key=key, temperature=300.0, energies=energies, forces=Phi @ theta, **arrays)

    found = fl.diagnostics.signs_of_moments(fl.accumulate([run("a"), run("b")]))
    assert [v.level for v in found] == ([] if sign > 0 else ["fail"])
