"""SISSO: features are screened by their correlation with what is left of y, then all small combinations of them are tried."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, is_whole, kind, whole
from ..arguments import seed as check_seed
from ..dataset import Array, frozen
from .copies import shapes
from .laws import Law, Laws
from .operators import Features
from .powers import powers
from .screening import Search


def sparse_laws(
    features: Features,
    y: ArrayLike,
    *,
    terms: int = 3,
    name: str = "y",
    unit: str = "",
    blocks: ArrayLike | None = None,
    folds: int = 10,
    resamples: int = 20,
    controls: int = 0,
    screened: int = 50,
    residuals: int = 10,
    seed: int = 0,
) -> Laws:
    """The best laws of 1, 2, … terms among features, with their error on blocks left out, and how often they come out again.

    In each round the features that correlate most with what the best laws so far leave of y join those of the rounds before;
    then all combinations of them are fitted by least squares (``regression.best_subsets``). In the best one each term gives way to
    the best of all features beside the others, as long as that helps: this is beyond SISSO, and often finds terms that screening
    misses behind near copies of a stronger one. The search stays greedy: a law that is there, even an exact one, can be missed;
    more ``screened`` features look further. For every fold and every resample all of it is done anew on the training rows.

    Args:
        features: of ``features``.
        y: (n,) what the law is for.
        terms: 1, 2 or 3, at most.
        name, unit: of y, for the formula.
        blocks: (n,) label of the block of each row, such that rows of different blocks are independent; by default each row is one.
        folds: parts of the blocks, two or more, each left out once; as many as blocks where there are fewer, and 0 for none.
        resamples: draws of as many blocks, with repetition; 0 for none.
        controls: searches for a law of shuffled y, whose blocks change places: how well a law fits where there is none.
        screened: features that join in each round. With 100, the third round has all triples of 300.
        residuals: number of best laws whose residuals are screened against.
        seed: of folds and resamples.

    Raises:
        TypeError: anything but features.
        ValueError: y that does not fit, does not vary or is not finite, or numbers that do not fit each other.

    Source:
        Ouyang, Curtarolo, Ahmetcik, Scheffler, Ghiringhelli, Phys. Rev. Materials 2, 083802 (2018); screening: Fan, Lv,
        J. R. Stat. Soc. B 70, 849 (2008).

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(1.0, 2.0, (40, 2))
        >>> made = fl.selection.features(x, names=["r_A", "r_B"], units=["Å", "Å"], levels=2)
        >>> law = fl.selection.sparse_laws(made, 2 * (x[:, 0] - x[:, 1]) ** 3, terms=1, unit="eV").best
        >>> law.text, law.units, law.frequency
        ('y = 2·(r_A − r_B)³', ('eV·Å⁻³',), 1.0)
    """
    kind("features", features, Features, "sparse_laws(features(X, names=names), y)")
    if not is_whole(terms) or not 1 <= terms <= min(3, len(features)):
        raise ValueError(f"terms: expected 1, 2 or 3 of {len(features)} features, got {terms!r:.60}")
    for what, number, least in (("folds", folds or 2, 2), ("resamples", resamples, 0), ("controls", controls, 0)):
        whole(what, number, least, what)
    whole("screened", screened, 1, "features")
    whole("residuals", residuals, 1, "laws")
    check_seed(seed)
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"name: expected a name of y for the formula, got {name!r:.60}")
    powers("unit", unit)
    y, members = _target(y, blocks, features.values.shape[1], terms)
    z = np.sqrt(len(y)) * shapes(features.values)[0]
    search = Search(z=z, values=features.values, y=y, terms=terms, screened=screened, residuals=residuals)
    rng = np.random.default_rng(seed)
    again = _Refits.of(search, members, folds, resamples, rng)
    return Laws(
        each=tuple(_law(features, search, again, chosen, name, unit) for chosen in search.sets(np.ones(len(y)))),
        features=len(features),
        combinations=search.combinations,
        spread=float(y.std()),
        controls=frozen(np.array([_shuffled(search, members, rng) for _ in range(controls)]).reshape(-1, terms)),
        folds=len(again.masks),
        resamples=resamples,
    )


def _law(features: Features, search: Search, again: "_Refits", chosen: NDArray[np.intp], name: str, unit: str) -> Law:
    """One law from the set that was chosen on all rows."""
    every, (held_out, error) = np.ones(len(search.y)), again.left_out(search, len(chosen))
    theta, intercept = search.fitted(chosen, every)
    drawn = np.array(
        [[k in each[len(chosen) - 1] for k in chosen] for each in again.on] or np.full((1, len(chosen)), np.nan)
    )
    return Law(
        terms=tuple(features[k] for k in chosen),
        coefficients=frozen(theta),
        errors=frozen(again.errors(search, chosen)),
        intercept=intercept,
        rmse=float(np.sqrt(np.mean(search.residual(chosen, every) ** 2))),
        held_out=held_out,
        held_out_error=error,
        frequency=float(drawn.min(axis=1).mean()),
        frequencies=frozen(drawn.mean(axis=0)),
        primaries=features.primaries,
        name=name,
        unit=unit,
    )


def _target(y: ArrayLike, blocks: ArrayLike | None, n: int, terms: int) -> tuple[Array, NDArray[np.intp]]:
    """y, and the number of the block of each row."""
    y = floats("y", y)
    if y.shape != (n,) or not np.isfinite(y).all():
        raise ValueError(f"y: expected {n} finite numbers, one for each row, got shape {y.shape} or NaN")
    if n < terms + 2 or not np.ptp(y) > 0:
        raise ValueError(
            f"y: expected more than {terms + 1} rows that are not all the same, got {n} of spread {np.ptp(y):.3g}"
        )
    labels = np.arange(n) if blocks is None else np.asarray(blocks)
    if labels.shape != (n,) or labels.dtype.kind not in "iuUO":
        raise ValueError(
            f"blocks: expected a name or whole number for each of {n} rows, got {labels.dtype} of shape {labels.shape}"
        )
    return y, np.unique(labels.astype(str), return_inverse=True)[1]


def _shuffled(search: Search, members: NDArray[np.intp], rng: np.random.Generator) -> list[float]:
    """RMSE of the best laws of each size, of y whose blocks have changed places: rows of a block stay together."""
    y = np.empty_like(search.y)
    places = rng.permutation(members.max() + 1)[members]
    y[np.argsort(members, kind="stable")] = search.y[np.argsort(places, kind="stable")]
    other, every = dataclasses.replace(search, y=y), np.ones(len(y))
    return [float(np.sqrt(np.mean(other.residual(chosen, every) ** 2))) for chosen in other.sets(every)]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Refits:
    """The whole search again: without each fold (masks of the rows kept), and on each resample (how often a row counts)."""

    masks: list[Array]
    draws: list[Array]
    without: list[list[NDArray[np.intp]]]
    on: list[list[NDArray[np.intp]]]

    @classmethod
    def of(
        cls, search: Search, members: NDArray[np.intp], folds: int, resamples: int, rng: np.random.Generator
    ) -> "_Refits":
        B = int(members.max()) + 1
        parts = np.array_split(rng.permutation(B), min(folds, B)) if folds else []
        masks = [(~np.isin(members, part)).astype(float) for part in parts]
        draws = [np.bincount(rng.integers(B, size=B), minlength=B)[members].astype(float) for _ in range(resamples)]
        for w in (*masks, *draws):
            if (w > 0).sum() < search.terms + 2 or not np.ptp(search.y[w > 0]) > 0:
                raise ValueError(
                    f"blocks: expected more than {search.terms + 1} rows that differ in every fold's rest and every resample, "
                    f"got {int((w > 0).sum())} from {B} blocks; take fewer terms, no resamples, or smaller blocks"
                )
        return cls(masks=masks, draws=draws, without=[*map(search.sets, masks)], on=[*map(search.sets, draws)])

    def left_out(self, search: Search, size: int) -> tuple[float, float]:
        """Error on rows left out, and its standard error from the scatter over folds; NaN without folds."""
        held = [
            search.residual(each[size - 1], m)[m == 0] ** 2 for each, m in zip(self.without, self.masks, strict=True)
        ]
        if len(held) < 2:
            return np.nan, np.nan
        error = float(np.sqrt(np.concatenate(held).mean()))
        scatter = float(np.std([part.mean() for part in held], ddof=1)) / np.sqrt(len(held))
        return error, float(scatter / (2 * error)) if error else 0.0

    def errors(self, search: Search, chosen: NDArray[np.intp]) -> Array:
        """(k,) scatter of the coefficients of these terms over resamples; NaN without."""
        thetas = np.array([search.fitted(chosen, draw)[0] for draw in self.draws])
        return thetas.std(axis=0, ddof=1) if len(thetas) > 1 else np.full(len(chosen), np.nan)
