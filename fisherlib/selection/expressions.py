"""Formulas of primaries: as text, in LaTeX, with their unit, and their values on new rows."""

import dataclasses
import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from ..dataset import Array
from .powers import Powers, product, raised, written

#: A difference of this share of its terms is rounding, so nothing is divided by it.
ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Operator:
    """What is done to one or two features: their values, the unit of the result, and how it is written.

    Attributes:
        values: of one array or two.
        unit: of the result, from the units of the parts; None where the units forbid it.
        text, latex: with {0} and {1} for the parts.
        binds: how firmly: 1 a sum, 2 a product, 3 a power, 4 what needs no brackets.
        asks: how firmly each part must bind to stand without brackets.
        fenced: whether LaTeX keeps the parts apart by itself.
    """

    values: Callable[..., Array]
    unit: Callable[..., Powers | None]
    text: str
    latex: str
    binds: int
    asks: tuple[int, ...]
    fenced: bool = False


def _divided(a: Array | float, b: Array) -> Array:
    """a/b; not a number where b is nothing but rounding beside its largest value."""
    small = np.abs(b) <= ROUNDING * np.abs(b).max(axis=-1, keepdims=True)
    return a / np.where(small, np.nan, b)


def _same(a: Powers, b: Powers) -> Powers | None:
    return a if a == b else None


def _number(a: Powers) -> Powers | None:
    return None if a else a


def _power(of: int | Fraction) -> Callable[[Powers], Powers]:
    return lambda a: raised(a, Fraction(of))


#: By the names that ``features`` takes.
OPERATORS = {
    "+": Operator(values=np.add, unit=_same, text="{0} + {1}", latex="{0} + {1}", binds=1, asks=(1, 1)),
    "-": Operator(values=np.subtract, unit=_same, text="{0} − {1}", latex="{0} - {1}", binds=1, asks=(1, 2)),
    "|-|": Operator(
        values=lambda a, b: np.abs(a - b),
        unit=_same,
        text="|{0} − {1}|",
        latex=r"\left\lvert {0} - {1}\right\rvert",
        binds=4,
        asks=(1, 2),
    ),
    "*": Operator(values=np.multiply, unit=product, text="{0}·{1}", latex=r"{0}\,{1}", binds=2, asks=(2, 2)),
    "/": Operator(
        values=_divided,
        unit=lambda a, b: product(a, b, power=-1),
        text="{0}/{1}",
        latex=r"\frac{{{0}}}{{{1}}}",
        binds=2,
        asks=(2, 3),
        fenced=True,
    ),
    "sqrt": Operator(
        values=np.sqrt,
        unit=_power(Fraction(1, 2)),
        text="√({0})",
        latex=r"\sqrt{{{0}}}",
        binds=4,
        asks=(1,),
        fenced=True,
    ),
    "^2": Operator(values=np.square, unit=_power(2), text="{0}²", latex="{0}^2", binds=3, asks=(4,)),
    "^3": Operator(values=lambda a: a**3, unit=_power(3), text="{0}³", latex="{0}^3", binds=3, asks=(4,)),
    "1/": Operator(
        values=lambda a: _divided(1.0, a),
        unit=_power(-1),
        text="1/{0}",
        latex=r"\frac{{1}}{{{0}}}",
        binds=2,
        asks=(3,),
        fenced=True,
    ),
    "exp": Operator(values=np.exp, unit=_number, text="exp({0})", latex=r"\exp\left({0}\right)", binds=4, asks=(1,)),
    "log": Operator(values=np.log, unit=_number, text="ln({0})", latex=r"\ln\left({0}\right)", binds=4, asks=(1,)),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Expression:
    """A formula of primaries: one of them, or an operator and its parts.

    Attributes:
        name: of the primary; empty for an operator.
        column: of the primary.
        operator: one of ``OPERATORS``; empty for a primary.
        parts: what the operator is applied to.
        powers: the unit.

    Example:
        >>> r = Expression(name="r_A", column=0, powers=(("Å", Fraction(1)),))
        >>> s = Expression(name="r_B", column=1, powers=r.powers)
        >>> gap = Expression(operator="-", parts=(r, s), powers=r.powers)
        >>> square = Expression(operator="^2", parts=(gap,), powers=raised(r.powers, Fraction(2)))
        >>> square.text, square.unit, square.values(np.array([[1.0, 3.0]]))
        ('(r_A − r_B)²', 'Å²', array([4.]))
    """

    name: str = ""
    column: int = -1
    operator: str = ""
    parts: tuple["Expression", ...] = ()
    powers: Powers = ()

    @property
    def unit(self) -> str:
        """As text; empty for a pure number."""
        return written(self.powers)

    @property
    def text(self) -> str:
        """As a reader would type it."""
        if not self.operator:
            return self.name
        how = OPERATORS[self.operator]
        parts = (bracketed(p.text, p, asked) for p, asked in zip(self.parts, how.asks, strict=True))
        return how.text.format(*parts)

    @property
    def latex(self) -> str:
        """For a notebook."""
        if not self.operator:
            return symbol(self.name)
        how = OPERATORS[self.operator]
        asks = [0] * len(self.parts) if how.fenced else how.asks
        brackets = (r"\left(", r"\right)")
        return how.latex.format(*(bracketed(p.latex, p, a, *brackets) for p, a in zip(self.parts, asks, strict=True)))

    def values(self, X: Array) -> Array:
        """(n,) on rows of primaries (n, P); NaN or infinite where the formula has no value."""
        if not self.operator:
            return X[:, self.column]
        with np.errstate(all="ignore"):
            return OPERATORS[self.operator].values(*(part.values(X) for part in self.parts))


def bracketed(text: str, part: Expression, asked: int, left: str = "(", right: str = ")") -> str:
    """A part as text, in brackets where it binds less firmly than it must: 2 in a product, 3 below a stroke, 4 in a power."""
    binds = OPERATORS[part.operator].binds if part.operator else 4
    return text if binds >= asked else f"{left}{text}{right}"


def symbol(name: str) -> str:
    r"""A name in LaTeX: words upright, what follows the first underscore below.

    >>> symbol("r_A"), symbol("mass_mean")
    ('r_{\\mathrm{A}}', '\\mathrm{mass}_{\\mathrm{mean}}')
    """
    base, _, index = re.sub(r"([\\{}$%#&^~])", "", name).partition("_")
    base = base if len(base) == 1 else rf"\mathrm{{{base}}}"
    return base + (rf"_{{\mathrm{{{index.replace('_', ' ')}}}}}" if index else "")
