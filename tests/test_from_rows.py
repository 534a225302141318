"""Moments of plain regression data: the sums of the rows, whatever their units, and columns of any moments."""

from collections.abc import Callable

import numpy as np
import pytest

import fisherlib as fl

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def rows() -> Rows:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(90, 4)) * [1.0, 1e3, 1e-4, 1.0] + [0.0, 1e5, 1.0, -3.0]
    return X, X @ [1.0, 1e-3, 1e4, 0.0] + rng.normal(size=90) + 7, np.repeat(["b", "a", "c"], [20, 30, 40])


def test_there_is_one_record_for_each_block_in_the_order_they_come(rows: Rows) -> None:
    X, y, blocks = rows
    shuffled = np.random.default_rng(0).permutation(90)
    moments = fl.Moments.from_rows(X[shuffled], y[shuffled], blocks[shuffled])
    assert set(moments) == {"a", "b", "c"} and list(moments)[0] == blocks[shuffled][0]
    for key in moments:
        mine = blocks == key
        z = np.column_stack([X[mine], y[mine]])
        assert moments[key].configurations == mine.sum() and moments[key].rows == 0
        np.testing.assert_allclose(moments[key].mean[:5], z.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(moments[key].scatter[:5, :5], np.cov(z.T) * (mine.sum() - 1), rtol=1e-7, atol=1e-9)


def test_blocks_are_added_and_taken_out_again(rows: Rows) -> None:
    X, y, blocks = rows
    moments = fl.Moments.from_rows(X, y, blocks)
    rest, total = moments.drop("b").total(), moments.total()
    np.testing.assert_allclose((total - moments["b"]).scatter, rest.scatter, rtol=1e-9, atol=1e-6)
    one = fl.Moments.from_rows(X, y)
    assert list(one) == ["all"]
    np.testing.assert_allclose(one.total().scatter, total.scatter, rtol=1e-9, atol=1e-9)
    with pytest.raises(ValueError, match="expected fewer than 90 configurations"):
        total - total


def test_a_fit_is_that_of_least_squares_with_a_constant(rows: Rows) -> None:
    X, y, blocks = rows
    moments = fl.Moments.from_rows(X, y, blocks)
    theta = fl.regression.ridge_path(moments, [1e-13]).thetas[0]
    centred = (X - X.mean(axis=0)) / X.std(axis=0)
    expected = np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0] / X.std(axis=0)
    np.testing.assert_allclose(theta * X.std(axis=0), expected * X.std(axis=0), rtol=1e-6, atol=1e-9)
    assert fl.regression.intercept(moments, expected) == pytest.approx(np.mean(y - X @ expected), rel=1e-9)


def test_a_fit_to_some_columns_needs_no_data(rows: Rows) -> None:
    X, y, blocks = rows
    moments = fl.Moments.from_rows(X, y, blocks, names=list("wxyz"))
    part, direct = moments.columns(np.array([2, 0])), fl.Moments.from_rows(X[:, [2, 0]], y, blocks)
    assert part.about["descriptor_names"] == ["y", "w"]
    for key in part:
        np.testing.assert_allclose(part[key].scatter, direct[key].scatter, rtol=1e-9, atol=1e-9)


def test_columns_of_moments_of_forces_are_those_of_fewer_descriptors(ragged: Callable[..., fl.Dataset]) -> None:
    data = ragged(0, K=4)
    moments = fl.accumulate(data)
    part = moments.columns([3, 1])
    for key in part:
        Phi = np.asarray(data[key].force_descriptors, float)[:, [3, 1]]
        np.testing.assert_allclose(part[key].PhiPhi, Phi.T @ Phi, rtol=1e-10)
    theta = fl.solve(fl.fisher(part, 300.0)).theta
    Phi = np.concatenate([t.force_descriptors for t in data.values()])[:, [3, 1]]
    np.testing.assert_allclose(theta, np.linalg.lstsq(Phi, data.forces, rcond=None)[0], rtol=1e-7)


def test_moments_of_rows_are_written_and_read(rows: Rows, tmp_path) -> None:
    X, y, blocks = rows
    moments = fl.Moments.from_rows(X, y, blocks, names=list("wxyz"))
    fl.io.write_moments(moments, tmp_path / "rows.npz")
    again = fl.io.read_moments(tmp_path / "rows.npz")
    assert again.about == moments.about and list(again) == list(moments)
    np.testing.assert_array_equal(again.total().scatter, moments.total().scatter)


def test_numbers_too_large_to_square_are_refused() -> None:
    with pytest.raises(ValueError, match="block 'all': expected numbers whose squares"):
        fl.Moments.from_rows(np.full((3, 1), 1e200) * [[1], [2], [3]], np.arange(3.0))


def test_forces_are_not_made_up(rows: Rows) -> None:
    moments = fl.Moments.from_rows(*rows)
    with pytest.raises(ValueError, match="nothing to fit"):
        fl.regression.fisher_fit(moments)
    with pytest.raises(ValueError, match="these moments have no forces"):
        fl.regression.ridge_path(moments, [1.0], target="forces")


def test_names_of_blocks_may_be_objects_of_pandas_or_bytes_of_a_file(rows: Rows) -> None:
    import pandas as pd

    X, y, blocks = rows
    expected = fl.Moments.from_rows(X, y, blocks)
    table = pd.DataFrame(X).assign(block=pd.Series(blocks, dtype=object))
    for given in (table.block, table.block.astype("category"), blocks.astype(object), blocks.astype("S")):
        found = fl.Moments.from_rows(table[[0, 1, 2, 3]], pd.Series(y), given)
        assert list(found) == list(expected)
        np.testing.assert_array_equal(found.total().scatter, expected.total().scatter)
    assert len(fl.Moments.from_rows(X, y, np.array([b"a", b"\xff"])[np.arange(90) % 2])) == 2
    for wrong in (np.arange(90.0), np.array([None, "a"] * 45, dtype=object)):
        with pytest.raises(ValueError, match="blocks: expected a name or a whole number"):
            fl.Moments.from_rows(X, y, wrong)
