"""Sparse laws: a planted law is found again, units and copies are respected, and errors are those of rows left out."""

from itertools import combinations

import numpy as np
import pytest

from fisherlib.selection import features, sparse_laws
from fisherlib.selection.copies import shapes, without_copies
from fisherlib.selection.expressions import OPERATORS
from fisherlib.selection.powers import powers, product, written
from fisherlib.selection.screening import Search

NAMES, UNITS = ["r_A", "r_B", "E_A", "E_B", "q", "p"], ["Å", "Å", "eV", "eV", "", ""]


def drawn(seed: int, rows: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Primaries, and a law of three terms of the second level."""
    X = np.random.default_rng(seed).uniform(0.5, 3.0, (rows, 6))
    r, s, E, _, q, p = X.T
    return X, 3 * (r - s) ** 2 - 8 * E / (r + s) + 0.4 * np.exp(q) / p + 7


@pytest.mark.parametrize("seed", range(4))
def test_a_planted_law_of_three_terms_is_found_at_five_percent_noise(seed: int) -> None:
    X, y = drawn(seed)
    made = features(X, names=NAMES, units=UNITS, levels=2)
    noisy = y + 0.05 * y.std() * np.random.default_rng(100 + seed).normal(size=len(y))
    law = sparse_laws(made, noisy, unit="eV", folds=4, resamples=0).of(3)
    assert {term.text for term in law.terms} == {"(r_A − r_B)²", "E_A/(r_A + r_B)", "exp(q)/p"}
    assert law.rmse < 0.06 * y.std() and 0.04 * y.std() < law.held_out < 0.08 * y.std()
    new, exact = drawn(1000 + seed)
    assert np.sqrt(np.mean((law.predict(new) - exact) ** 2)) < 0.05 * y.std()


def test_values_and_units_of_every_feature_are_those_of_its_formula() -> None:
    X, _ = drawn(0, rows=12)
    made = features(X, names=NAMES, units=UNITS, levels=2, operators=["+", "|-|", "/", "^2", "exp"])
    rng = np.random.default_rng(0)
    for k in rng.choice(len(made), 200, replace=False):
        np.testing.assert_allclose(made[int(k)].values(X), made.values[k], rtol=1e-12)
        _, ok = _dimension(made[int(k)])
        assert ok, made[int(k)].text


def _dimension(f: object) -> tuple[tuple, bool]:
    """Unit of a formula from its primaries, by an own recursion, and whether all of it is allowed and stated."""
    if not f.operator:
        unit = powers("unit", UNITS[f.column])
        return unit, unit == f.powers
    parts = [_dimension(part) for part in f.parts]
    units, fine = [unit for unit, _ in parts], all(ok for _, ok in parts)
    if f.operator in ("+", "|-|"):
        return units[0], fine and units[0] == units[1] == f.powers
    if f.operator == "exp":
        return (), fine and units[0] == () == f.powers
    unit = product(units[0], units[0]) if f.operator == "^2" else product(units[0], units[1], power=-1)
    return unit, fine and unit == f.powers


def test_no_two_features_are_the_same_and_none_is_lost() -> None:
    X, _ = drawn(1, rows=9)
    made = features(X[:, :3], names=NAMES[:3], units=UNITS[:3], levels=2, operators=["+", "-", "*", "/", "1/"])
    z, varies = shapes(made.values)
    overlap = np.abs(z @ z.T) - np.eye(len(z))
    assert varies.all() and overlap.max() < 1 - 1e-12
    count = len(made) + made.dropped["copies"] + made.dropped["invalid"] + made.dropped["constant"]
    assert count > len(made) > 30


def test_copies_agree_with_a_comparison_of_all_pairs() -> None:
    rng = np.random.default_rng(3)
    own = rng.normal(size=(40, 6))
    rows = np.concatenate([own, own[:10], -own[5:15] * (1 + 1e-14), own[:3] + 1e-3])
    order = rng.permutation(len(rows))
    rows, sizes = rows[order], rng.integers(0, 3, len(rows))
    expected = np.ones(len(rows), dtype=bool)
    for i, j in combinations(range(len(rows)), 2):
        if min(np.abs(rows[i] - rows[j]).max(), np.abs(rows[i] + rows[j]).max()) < 1e-8:
            expected[max((i, j), key=lambda k: (sizes[k], k))] = False
    assert without_copies(rows, sizes, mirrored=True).tolist() == expected.tolist()


def test_invalid_features_are_dropped_and_counted() -> None:
    X = [[1.0, -1.0], [2.0, 0.0], [3.0, 2.0]]
    made = features(X, names=["a", "b"], operators=["log", "sqrt", "1/", "exp"])
    assert made.dropped["invalid"] == 3  # ln b, √b and 1/b
    assert "exp(b)" in {made[k].text for k in range(len(made))}
    nearly = features([[0.3, 0.1], [0.5, 0.3], [0.6, 0.2]], names=["a", "b"], operators=["-", "1/"], levels=2)
    assert np.isfinite(nearly.values).all()
    hidden = features(
        [[0.3, 0.1 + 0.2], [1.0, 2.0], [2.0, 1.0], [1.0, 3.0]], names=["a", "b"], operators=["-", "1/"], levels=2
    )
    assert not any(np.abs(v).max() > 1e6 for v in hidden.values)  # 1/(0.3 − 0.1 − 0.2) is rounding


def test_fits_are_those_of_least_squares_on_repeated_rows() -> None:
    X, y = drawn(2, rows=30)
    values, w = X.T.copy(), np.random.default_rng(0).integers(0, 3, 30).astype(float)
    search = Search(z=values, values=values, y=y, terms=2, screened=6, residuals=3)
    theta, constant = search.fitted(np.array([0, 3]), w)
    rows = np.repeat(np.arange(30), w.astype(int))
    A = np.column_stack([X[rows][:, [0, 3]], np.ones(len(rows))])
    np.testing.assert_allclose([*theta, constant], np.linalg.lstsq(A, y[rows], rcond=None)[0], rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_with_all_features_screened_the_law_is_the_best_of_all_triples(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(25, 9))
    y = X[:, :4] @ [1.0, 0.8, -0.7, 0.6] + rng.normal(size=25)
    laws = sparse_laws(features(X, names=list("abcdefghi"), operators=["+"][:0] or ["exp"]), y, folds=0, resamples=0)
    values = np.concatenate([X.T, np.exp(X.T)])

    def left(chosen: tuple[int, ...]) -> float:
        A = np.column_stack([values[list(chosen)].T, np.ones(25)])
        return float(np.sqrt(np.mean((y - A @ np.linalg.lstsq(A, y, rcond=None)[0]) ** 2)))

    for size in (1, 2, 3):
        assert laws.of(size).rmse == pytest.approx(min(map(left, combinations(range(18), size))), rel=1e-9)


def test_noise_is_not_held_for_a_law() -> None:
    rng = np.random.default_rng(5)
    made = features(rng.uniform(0.5, 3.0, (60, 6)), names=NAMES, units=UNITS, levels=2)
    y, blocks = rng.normal(size=60), np.arange(60) // 3
    laws = sparse_laws(made, y, blocks=blocks, folds=10, resamples=6, controls=12)
    three = laws.of(3)
    assert three.rmse < 0.85 * laws.spread < three.held_out  # it fits, and predicts nothing
    assert three.rmse > 0.9 * laws.controls[:, 2].min() and three.frequency < 0.5


def test_blocks_stay_together_when_targets_are_shuffled() -> None:
    """With one number for each block and a feature that tells blocks apart, shuffled blocks are fitted as well as true ones."""
    level = np.repeat([0.0, 1.0], 12)
    made = features(
        np.column_stack([level, np.random.default_rng(0).normal(size=24)]), names=["a", "b"], operators=["exp"]
    )
    laws = sparse_laws(made, 2 * level, terms=1, blocks=level.astype(int), folds=0, resamples=0, controls=5)
    np.testing.assert_allclose(laws.controls, 0.0, atol=1e-12)


def test_a_law_is_printed_and_refuses_rows_without_a_value() -> None:
    x = np.random.default_rng(0).uniform(1.0, 2.0, (40, 2))
    made = features(x, names=["r_A", "r_B"], units=["Å", "Å"])
    law = sparse_laws(made, 2 * np.sqrt(x[:, 0]) - 1, terms=1, name="E", unit="eV").best
    assert (law.text, law.units) == ("E = 2·√(r_A) − 1", ("eV·Å^(-1/2)",))
    assert law.latex == r"E = 2\,\sqrt{r_{\mathrm{A}}} - 1" and law.latex in law._repr_latex_()
    assert law.latex in law._repr_markdown_() and "100 %" in law._repr_markdown_()
    with pytest.raises(ValueError, match=r"X: expected rows .* got √\(r_A\) = nan in row 1"):
        law.predict([[1.0, 1.0], [-1.0, 1.0]])


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("eV/Å²", "eV·Å⁻²"),
        ("Å^0.5", "Å^(1/2)"),
        ("1/Å", "Å⁻¹"),
        ("", ""),
        ("eV/eV", ""),
        ("m s^-1", "m·s⁻¹"),
        ("\u212b", "Å"),
    ],
)
def test_units_are_read_and_written(text: str, again: str) -> None:
    assert written(powers("unit", text)) == again
    assert powers("unit", written(powers("unit", text))) == powers("unit", text)


def test_every_operator_is_written_and_computed_alike() -> None:
    X = np.random.default_rng(0).uniform(0.5, 1.5, (8, 2))
    made = features(X, names=["a", "b"], operators=list(OPERATORS))
    scope = {"a": X[:, 0], "b": X[:, 1], "exp": np.exp, "ln": np.log, "root": np.sqrt}
    for k in range(len(made)):
        text = (
            made[k]
            .text.replace("²", "**2")
            .replace("³", "**3")
            .replace("·", "*")
            .replace("−", "-")
            .replace("√", "root")
        )
        text = f"abs({text[1:-1]})" if text.startswith("|") else text
        np.testing.assert_allclose(eval(text, dict(scope)), made.values[k], rtol=1e-12)
