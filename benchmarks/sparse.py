"""Lasso, debias, evidence and subsets of 300 descriptors from moments: seconds, digits, and scikit-learn on the rows beside them."""

import numpy as np
from sklearn.linear_model import BayesianRidge, Lasso, LassoLars
from turns import one_thread, race

import fisherlib as fl
from fisherlib.regression import best_subsets, debias, evidence, lasso_path
from fisherlib.validation import TREATMENTS, folds, scores

ROWS, K, BLOCKS, REPEATS = 10_000, 300, 10, 5


def made() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correlated descriptors, and a target that depends on forty of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, K)) @ (np.eye(K) + rng.normal(size=(K, K)) / np.sqrt(K))
    return X, X[:, :40] @ rng.normal(size=40) + 5 * rng.normal(size=ROWS), np.arange(ROWS) % BLOCKS


def compared(what: str, ours: object, theirs: object, limit: str, by: str) -> None:
    """Prints seconds of both, which take turns, and the median of the ratios."""
    found = race([ours, theirs], repeats=REPEATS)
    print(
        f"{what:44} {found.best(0):7.3f} s (limit {limit}); {by} {found.best(1):7.3f} s; ratio {found.ratio(0, 1):.2g}"
    )


def main() -> None:
    X, y, blocks = made()
    Z, v = (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()
    moments = fl.Moments.from_rows(X, y, blocks)
    path, strengths = lasso_path(moments), np.logspace(-8, 2, 4000)

    def all_of_it() -> None:
        found = lasso_path(moments)
        for strength in found.strengths[1:]:
            debias(moments.total(), found.support(strength))

    lars = LassoLars(alpha=float(path.strengths.min()), precompute=True)
    compared("lasso and debias, 61 strengths", all_of_it, lambda: lars.fit(Z, v), "0.5", "one LassoLars on rows")
    print(f"{'':44} {path.numbers.max()} descriptors at most; conditions violated by {path.violation.max():.0e}")
    bayes = BayesianRidge(max_iter=1000)
    compared(
        "evidence of 4,000 strengths",
        lambda: evidence(moments.total(), strengths),
        lambda: bayes.fit(Z, v),
        "0.2",
        "BayesianRidge",
    )
    ratio = evidence(moments.total()).strength * ROWS / (bayes.lambda_ / bayes.alpha_)
    print(f"{'':44} strength by evidence over BayesianRidge's: {ratio:.5f}")
    exact = Lasso(alpha=path.strengths[30], tol=1e-13, max_iter=100_000, precompute=True).fit(Z, v)
    print(f"{'':44} lasso weights differ from Lasso's by {np.abs(path.weights[30] - exact.coef_).max():.0e}")
    some = race([lambda: best_subsets(moments, 3), lambda: best_subsets(moments, 2)], repeats=2)
    print(f"all {best_subsets(moments, 3).tried:,} triples {some.best(0):.2f} s, all pairs {some.best(1):.3f} s")
    cut, ridge = folds(blocks), TREATMENTS["MAP-Ridge"]
    whole = race([lambda: scores(cut, X, y, ridge, np.logspace(-6, 1, 120), clip=None)], repeats=2)
    print(f"ridge, {BLOCKS} blocks left out × 120 strengths, sums over rows included: {whole.best(0):.2f} s")


if __name__ == "__main__":
    one_thread()
    main()
