"""Contributions of atoms and of groups of descriptors to an energy: exact sums, errors against refits, and mean atoms."""

import dataclasses

import numpy as np
import pytest

import fisherlib as fl

contributions = fl.diagnostics.contributions


@pytest.fixture(scope="module")
def model(few_walkers: fl.Dataset) -> fl.LinearPotential:
    return fl.regression.fisher_fit(fl.accumulate(few_walkers))


def test_they_add_up_to_the_energy_above_that_of_mean_atoms(few_walkers: fl.Dataset, model: fl.LinearPotential) -> None:
    U = model.energies(few_walkers)
    mean_atom = U.sum() / few_walkers.n_atoms.sum()
    groups = [name.split()[1] for name in few_walkers.descriptor_names]
    for number, key in enumerate(few_walkers):
        t = few_walkers[key]
        for at in (0, len(t.n_atoms) - 1):
            found = contributions(model, few_walkers, key=key, at=at, groups=groups)
            assert list(found) == ["all", "l0", "l1", "l2", "l3", "l4"]
            whole = U[number * len(t.n_atoms) + at] - t.n_atoms[at] * mean_atom
            # 1e-10 of the energy of the whole cluster, which is the sum that is rounded
            assert found["all"][0].sum() == pytest.approx(
                whole, abs=1e-10 * abs(model.theta @ t.descriptors[at]) + 1e-10
            )
            parts = np.sum([values for name, (values, _) in found.items() if name != "all"], axis=0)
            np.testing.assert_allclose(parts, found["all"][0], atol=1e-10)
            assert all(np.isnan(errors).all() for _, errors in found.values())


def test_errors_are_the_scatter_of_contributions_over_draws_of_theta(few_walkers: fl.Dataset) -> None:
    rng, key = np.random.default_rng(0), list(few_walkers)[1]
    K = few_walkers.K
    factor = rng.normal(size=(K, 3)) * 1e-3
    covariance, groups = factor @ factor.T, np.where(np.arange(K) % 2, "odd", "even").tolist()
    told = {"key": key, "at": 2, "groups": groups}
    zero = fl.LinearPotential(theta=np.zeros(K), descriptor_names=few_walkers.descriptor_names)
    found = contributions(zero, few_walkers, **told, covariance=covariance)
    # Three directions of θ hold all of the covariance: the sum of squares over them is no estimate, it is exact.
    squares = {name: np.zeros(55) for name in found}
    for direction in factor.T:
        moved = contributions(dataclasses.replace(zero, theta=direction), few_walkers, **told)
        for name, (values, _) in moved.items():
            squares[name] += values**2
    for name, (values, errors) in found.items():
        assert (values == 0).all()
        np.testing.assert_allclose(errors, np.sqrt(squares[name]), rtol=1e-6, atol=1e-12)


def alloy(*, known: bool = True) -> fl.Dataset:
    """Two configurations of Cu and Au, whose descriptor is 1 or 2 for copper and 10 or 20 for gold."""
    sites = np.array([[1.0], [10.0], [2.0], [20.0]])
    arrays = {"energies": [0.0, 1.0], "forces": np.zeros(12), "force_descriptors": np.zeros((12, 1))}
    species = [29, 79, 29, 79] if known else None
    sums = {"descriptors": [[11.0], [22.0]], "site_descriptors": sites}
    return fl.Dataset([fl.Trajectory(key="a", n_atoms=[2, 2], species=species, **sums, **arrays)])


def test_an_atom_stands_beside_the_mean_of_its_own_element() -> None:
    model = fl.LinearPotential(theta=[1.0])
    assert contributions(model, alloy(), key="a", at=1)["all"][0].tolist() == [0.5, 5.0]
    assert contributions(model, alloy(known=False), key="a", at=1)["all"][0].tolist() == [2 - 8.25, 20 - 8.25]


def test_the_data_stay_as_they_were() -> None:
    data = alloy()
    contributions(fl.LinearPotential(theta=[1.0]), data, key="a")
    assert data["a"].site_descriptors.tolist() == [[1.0], [10.0], [2.0], [20.0]]


def test_bad_calls_are_answered_in_words() -> None:
    data, model = alloy(), fl.LinearPotential(theta=[1.0])
    for told, words in (
        ({"key": "b"}, "key: expected one of 'a'"),
        ({"key": "a", "at": 2}, "at: expected a configuration from 0 to 1, got 2"),
        ({"key": "a", "at": -1}, "at: expected a whole number"),
        ({"key": "a", "groups": ["x", "y"]}, "groups: expected K = 1 names"),
        ({"key": "a", "covariance": np.eye(2)}, "covariance: expected shape"),
    ):
        with pytest.raises(ValueError, match=words):
            contributions(model, data, **told)
    sums = fl.Dataset([dataclasses.replace(data["a"], site_descriptors=None)])
    with pytest.raises(ValueError, match="data: expected site_descriptors, got none in 'a'"):
        contributions(model, sums, key="a")
