"""Moments: merging, subtracting and blocking against sums over the rows themselves."""

import dataclasses
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib.moments import MomentRecord

Maker = Callable[..., fl.Dataset]
FIELDS = ("PhiPhi", "PhiF", "FF", "mean", "scatter")
quick = settings(deadline=None, max_examples=30)


def joined(data: fl.Dataset) -> dict[str, np.ndarray]:
    """The moments of all rows at once, written from their definition."""
    Phi = np.concatenate([t.force_descriptors for t in data.values()]).astype(float)
    z = np.concatenate([np.column_stack([t.descriptors, t.energies, t.n_atoms]) for t in data.values()])
    d = z - z.mean(axis=0)
    return {
        "PhiPhi": np.einsum("ni,nj->ij", Phi, Phi),
        "PhiF": np.einsum("ni,n->i", Phi, data.forces),
        "FF": np.sum(data.forces**2),
        "mean": z.mean(axis=0),
        "scatter": np.einsum("ni,nj->ij", d, d),
    }


def assert_equal(record: MomentRecord, other: dict[str, np.ndarray] | MomentRecord, rtol: float = 1e-12) -> None:
    for name in FIELDS:
        want = other[name] if isinstance(other, dict) else getattr(other, name)
        np.testing.assert_allclose(
            getattr(record, name), want, rtol=rtol, atol=rtol * np.max(np.abs(want)), err_msg=name
        )


@quick
@given(seed=st.integers(0, 2**20), K=st.integers(1, 6), trajectories=st.integers(1, 5), decades=st.integers(-6, 6))
def test_merged_records_are_the_sums_over_all_rows(
    ragged: Maker, seed: int, K: int, trajectories: int, decades: int
) -> None:
    data = ragged(seed, K=K, temperatures=(300.0,) * trajectories, scale=10.0**decades)
    total = fl.accumulate(data).total()
    assert_equal(total, joined(data))
    assert (total.configurations, total.rows, total.K) == (len(data.energies), len(data.forces), K)


@quick
@given(seed=st.integers(0, 2**20), cuts=st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_moments_do_not_depend_on_order_or_partition(ragged: Maker, seed: int, cuts: list[int]) -> None:
    data = ragged(seed, temperatures=(300.0,) * 3)
    whole = fl.accumulate(data).total()
    for number in cuts:
        blocks = data.blocks(number)
        order = np.random.default_rng(seed).permutation(list(blocks))
        assert_equal(fl.accumulate(blocks.select(list(order))).total(), whole)


@quick
@given(seed=st.integers(0, 2**20))
def test_adding_is_associative_and_commutative(ragged: Maker, seed: int) -> None:
    a, b, c = fl.accumulate(ragged(seed, temperatures=(300.0,) * 3)).values()
    assert_equal(a + b, b + a)
    assert_equal((a + b) + c, a + (b + c))


@quick
@given(seed=st.integers(0, 2**20))
def test_subtracting_takes_out_what_was_added(ragged: Maker, seed: int) -> None:
    moments = fl.accumulate(ragged(seed, temperatures=(300.0, 300.0, 300.0)))
    for key, record in moments.items():
        left = moments.total() - record
        assert_equal(left, moments.drop(key).total(), rtol=1e-11)
        assert left.configurations == moments.drop(key).total().configurations
        assert left.rows == moments.drop(key).total().rows


def test_large_energies_keep_the_digits_of_their_small_spread(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 4, configurations=50)
    far = fl.Dataset([dataclasses.replace(t, energies=t.energies - 1e6) for t in data.values()])
    near, total = fl.accumulate(data).total(), fl.accumulate(far).total()
    np.testing.assert_allclose(total.scatter, near.scatter, rtol=1e-7)


@quick
@given(seed=st.integers(0, 2**20), block_rows=st.integers(1, 200))
def test_the_size_of_a_block_does_not_matter(ragged: Maker, seed: int, block_rows: int) -> None:
    data = ragged(seed)
    assert_equal(fl.accumulate(data, block_rows=block_rows).total(), fl.accumulate(data).total(), rtol=1e-13)


def test_force_descriptors_stored_as_float32_are_summed_as_float64() -> None:
    rng = np.random.default_rng(0)
    Phi = rng.normal(size=(30000, 2)).astype(np.float32)
    kwargs = {"key": "a", "n_atoms": [10000], "energies": [0.0], "descriptors": [[0.0, 0.0]]}
    t = fl.Trajectory(**kwargs, forces=rng.normal(size=30000), force_descriptors=Phi)
    record = fl.accumulate([t])["a"]
    exact = Phi.astype(float)
    np.testing.assert_allclose(record.PhiPhi, np.einsum("ni,nj->ij", exact, exact), rtol=1e-12)
    assert np.abs((Phi.T @ Phi) / record.PhiPhi - 1).max() > 1e-9, "float32 sums would not pass the line above"


def test_moments_of_moments_add_and_refuse_a_key_twice(ragged: Maker) -> None:
    data = ragged(0)
    a, b = fl.accumulate(data.select(["t0"])), fl.accumulate(data.select(["t1"]))
    assert_equal((a + b).total(), fl.accumulate(data).total())
    with pytest.raises(ValueError, match="moments: expected different trajectories, got 't0' twice"):
        a + a


def test_select_and_drop_keep_the_records_themselves(ragged: Maker) -> None:
    moments = fl.accumulate(ragged(0, temperatures=(1.0, 2.0, 3.0)))
    assert list(moments.select(["t2", "t0"])) == ["t2", "t0"]
    assert list(moments.drop("t1")) == ["t0", "t2"]
    assert moments.drop("t1")["t2"] is moments["t2"]
    for call in (lambda: moments["x"], lambda: moments.drop("x"), lambda: moments.select(["x"])):
        with pytest.raises(KeyError, match="no moments of 'x'; there are 't0', 't1', 't2'"):
            call()
    with pytest.raises(ValueError, match="records: expected the moments of at least one trajectory, got none"):
        moments.drop(["t0", "t1", "t2"])


def test_the_temperature_of_merged_records_is_theirs_or_none(ragged: Maker) -> None:
    assert fl.accumulate(ragged(0, temperatures=(300.0, 300.0))).total().temperature == 300.0
    assert fl.accumulate(ragged(0, temperatures=(300.0, 600.0))).total().temperature is None
    assert fl.accumulate(ragged(0, temperatures=(300.0, 600.0, 600.0))).total().temperature is None
    assert fl.accumulate(ragged(0, temperatures=(None, 600.0))).total().temperature is None


def test_an_iterator_is_read_once_and_reported(ragged: Maker) -> None:
    data, calls = ragged(0, temperatures=(300.0,) * 3), []
    moments = fl.accumulate((t for t in data.values()), progress=lambda done, total: calls.append((done, total)))
    assert_equal(moments.total(), fl.accumulate(data).total(), rtol=0)
    assert calls == [(1, 0), (2, 0), (3, 0)]
    fl.accumulate(data, progress=lambda done, total: calls.append((done, total)))
    assert calls[3:] == [(1, 3), (2, 3), (3, 3)]


def test_what_cannot_be_merged_is_refused(ragged: Maker) -> None:
    two, three = (fl.accumulate(ragged(0, K=K)) for K in (2, 3))
    with pytest.raises(ValueError, match="moments: expected K = 2 descriptors, got 3; use data of one descriptor only"):
        two.total() + three.total()
    with pytest.raises(ValueError, match="expected fewer than 10 configurations to take out, got 10"):
        two.total() - two.total()
    with pytest.raises(ValueError, match="expected fewer than 5 configurations to take out, got 10"):
        two["t0"] - two.total()
    with pytest.raises(ValueError, match="expected the moments of at least one trajectory"):
        fl.accumulate([])
    with pytest.raises(ValueError, match="data: expected different keys, got 't0' twice"):
        fl.accumulate([ragged(0)["t0"], ragged(1)["t0"]])


def test_records_of_other_descriptors_cannot_be_subtracted(ragged: Maker) -> None:
    with pytest.raises(ValueError, match="moments: expected K = 2 descriptors, got 3"):
        fl.accumulate(ragged(0, K=2)).total() - fl.accumulate(ragged(0, K=3))["t0"]


@pytest.mark.parametrize("block_rows", [0, -5])
def test_an_impossible_size_of_a_block_is_refused(ragged: Maker, block_rows: int) -> None:
    with pytest.raises(ValueError, match="block_rows: expected"):
        fl.accumulate(ragged(0), block_rows=block_rows)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_memory_beyond_the_data_is_a_few_matrices_and_one_block(dtype: type) -> None:
    K, rows, block_rows = 40, 60000, 1024
    rng = np.random.default_rng(0)
    t = fl.Trajectory(
        key="a",
        n_atoms=np.full(5, rows // 15),
        energies=np.zeros(5),
        descriptors=np.zeros((5, K)),
        forces=rng.normal(size=rows),
        force_descriptors=rng.normal(size=(rows, K)).astype(dtype),
    )
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        fl.accumulate([t], block_rows=block_rows)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    block = block_rows * K * 8
    assert peak < 1.1 * block + 6 * K * K * 8, f"{peak} bytes; Φ has {t.force_descriptors.nbytes}"
