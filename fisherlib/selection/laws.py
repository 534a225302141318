"""Sparse laws: a few terms, their coefficients, how far they are to be trusted, and the formula in print."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, is_whole
from ..dataset import Array
from .expressions import Expression, bracketed, symbol
from .powers import powers, product, written


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Law:
    """y = c₁ f₁ + … + c₀ with one to three features f.

    Attributes:
        terms: the features as formulas.
        coefficients: (k,) c₁ …, each in its own unit.
        errors: (k,) their standard errors: the scatter over resampled blocks with these terms; NaN without resamples. That other
            terms might have been chosen is not in them.
        intercept: c₀ in the unit of y.
        rmse: on the rows that terms and coefficients were chosen on.
        held_out: root mean square error on blocks left out, everything chosen anew without them; NaN without folds.
        held_out_error: its standard error, from the scatter over the folds.
        frequency: share of the resamples in which just these terms were chosen; NaN without resamples.
        frequencies: (k,) share in which each term was among those chosen.
        primaries: names of the columns that ``predict`` takes.
        name, unit: of y.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(1.0, 2.0, (40, 2))
        >>> made = fl.selection.features(x, names=["a", "b"])
        >>> law = fl.selection.sparse_laws(made, 3 * x[:, 0] / x[:, 1] + 1, terms=1, name="E", folds=0, resamples=0).of(1)
        >>> law.text, law.predict([[1.0, 2.0]]).round(6)
        ('E = 3·a/b + 1', array([2.5]))
    """

    terms: tuple[Expression, ...]
    coefficients: Array
    errors: Array
    intercept: float
    rmse: float
    held_out: float
    held_out_error: float
    frequency: float
    frequencies: Array
    primaries: tuple[str, ...]
    name: str
    unit: str

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each coefficient."""
        y = powers("unit", self.unit)
        return tuple(written(product(y, term.powers, power=-1)) for term in self.terms)

    @property
    def text(self) -> str:
        """The formula in one line, coefficients with four digits."""
        parts = [(c, f"{abs(c):.4g}·{bracketed(t.text, t, 2)}") for c, t in self._pairs()]
        constant = [(self.intercept, f"{abs(self.intercept):.4g}")] if self.intercept else []
        return f"{self.name} = {_summed(parts + constant, '−')}"

    @property
    def latex(self) -> str:
        """The formula in LaTeX, coefficients with four digits."""
        brackets = (r"\left(", r"\right)")
        parts = [(c, rf"{_digits(c)}\,{bracketed(t.latex, t, 2, *brackets)}") for c, t in self._pairs()]
        constant = [(self.intercept, _digits(self.intercept))] if self.intercept else []
        return f"{symbol(self.name)} = {_summed(parts + constant, '-')}"

    def predict(self, X: ArrayLike) -> Array:
        """(n,) y on new rows of primaries, in the unit of y.

        Args:
            X: (n, P) with the columns ``primaries``, in the same units.

        Raises:
            ValueError: another number of columns, or a row on which a term has no finite value.
        """
        X = floats("X", X)
        if X.ndim != 2 or X.shape[1] != len(self.primaries):
            raise ValueError(
                f"X: expected (n, {len(self.primaries)}), columns {', '.join(self.primaries)}, got {X.shape}"
            )
        values = np.column_stack([term.values(X) for term in self.terms])
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong):
            row, k = wrong[0]
            raise ValueError(
                f"X: expected rows on which every term has a finite value, got {self.terms[k].text} = {values[row, k]} in row "
                f"{row}; the law says nothing there"
            )
        return values @ self.coefficients + self.intercept

    def _pairs(self) -> Iterator[tuple[float, Expression]]:
        return zip(self.coefficients.tolist(), self.terms, strict=True)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"

    def _repr_markdown_(self) -> str:
        rows = zip(self.terms, self.coefficients, self.errors, self.units, self.frequencies, strict=True)
        lines = [
            f"| ${t.latex}$ | {t.unit or '1'} | {c:.4g} ± {e:.1g} | {u or '1'} | {_share(f)} |"
            for t, c, e, u, f in rows
        ]
        head = "| term | its unit | coefficient | its unit | in resamples |\n|---|---|---|---|---|"
        return "\n".join([f"$${self.latex}$$", "", head, *lines, "", self._verdict()])

    def _verdict(self) -> str:
        seen = f"RMSE {self.rmse:.3g} {self.unit} on the rows that it was chosen on"
        new = f"{self.held_out:.3g} ± {self.held_out_error:.1g} {self.unit} on blocks left out"
        return f"{seen}; {new}; these very terms in {_share(self.frequency)} of the resamples."


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Laws:
    """The best laws of one, two, … terms, and how many were tried.

    Attributes:
        each: one for each number of terms, fewest first.
        features: number of features that were screened.
        combinations: number of combinations of screened features that were fitted, all numbers of terms together.
        spread: standard deviation of y, which is the error of a constant.
        controls: (draws, terms) RMSE of laws of shuffled y.
        folds, resamples: numbers of them.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(1.0, 2.0, (40, 2))
        >>> y = 3 * x[:, 0] / x[:, 1] + x[:, 1] ** 2 - 7
        >>> laws = fl.selection.sparse_laws(fl.selection.features(x, names=["a", "b"]), y, terms=2, seed=1)
        >>> laws.best.text, laws.features, laws.combinations
        ('y = 1·b² + 3·a/b − 7', 20, 210)
    """

    each: tuple[Law, ...]
    features: int
    combinations: int
    spread: float
    controls: Array
    folds: int
    resamples: int

    def __len__(self) -> int:
        return len(self.each)

    def __iter__(self) -> Iterator[Law]:
        return iter(self.each)

    def of(self, terms: int) -> Law:
        """The law of so many terms.

        Raises:
            ValueError: there is none.
        """
        if not is_whole(terms) or not 1 <= terms <= len(self.each):
            raise ValueError(f"terms: expected a number from 1 to {len(self.each)}, got {terms!r:.60}")
        return self.each[terms - 1]

    @property
    def best(self) -> Law:
        """The law with the smallest error on blocks left out; without folds, the one with most terms."""
        errors = [law.held_out for law in self.each]
        return self.each[int(np.argmin(errors))] if np.isfinite(errors).all() else self.each[-1]

    def _repr_markdown_(self) -> str:
        unit = f", {self.each[0].unit}" if self.each[0].unit else ""
        head = f"| terms | law | RMSE{unit} | left out{unit} | same terms |\n|---|---|---|---|---|"
        rows = [
            f"| {len(law.terms)} | ${law.latex}$ | {law.rmse:.3g} | {law.held_out:.3g} ± {law.held_out_error:.1g} "
            f"| {_share(law.frequency)} |"
            for law in self
        ]
        tried = (
            f"Out of {self.features:,} features; {self.combinations:,} combinations of the screened ones were fitted."
        )
        ways = f"{self.folds} folds and {self.resamples} resamples of blocks; the spread of {self.each[0].name} is {self.spread:.3g}."
        return "\n".join([head, *rows, "", tried + " " + ways])


def _digits(c: float) -> str:
    mantissa, _, exponent = f"{abs(c):.4g}".partition("e")
    return rf"{mantissa}\times 10^{{{int(exponent)}}}" if exponent else mantissa


def _summed(parts: list[tuple[float, str]], minus: str) -> str:
    """Numbers with their signs between them."""
    text = "".join(f" {minus if c < 0 else '+'} {part}" for c, part in parts)
    return text[3:] if text.startswith(" + ") else minus + text[3:]


def _share(frequency: float) -> str:
    return "–" if np.isnan(frequency) else f"{100 * frequency:.0f} %"
