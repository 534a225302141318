"""Every featuriser on the shipped walkers of Cu55, and networks on two of them: held-out errors, cost, K, rank and condition."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from turns import one_thread

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.descriptors import Descriptor, Gmp, Snap, Soap, costs
from fisherlib.descriptors.acsf import Acsf
from fisherlib.descriptors.pieces import with_descriptors
from fisherlib.validation import FoldErrors, fold_errors, split

DATA, CU = "data/cu55_1200K.npz", [29]
#: The first is what the others are compared with; each at its default settings, but for the cutoff of SNAP, Å.
FEATURISERS: Mapping[str, Descriptor] = {
    "SOAP": Soap(),
    "ACSF": Acsf(),
    "GMP": Gmp(),
    "SNAP 2J=6": Snap(rcutfac=4.7, two_j=6),
    "SNAP 2J=8": Snap(rcutfac=4.7, two_j=8),
    "SNAP 2J=8, quadratic": Snap(rcutfac=4.7, two_j=8, quadratic=True),
}
#: Of a ridge relative to the diagonal of T, where rounding leaves no digit of θ_f certain.
RIDGE = 1e-10
SEED, TURNS = 0, 10


class Linear(NamedTuple):
    """θ_f of one featuriser."""

    errors: FoldErrors
    fit: fl.Solution


def available(frames: Sequence[Configurations]) -> Iterator[tuple[str, Descriptor]]:
    """Those whose library is installed; the others are told in a sentence."""
    for name, descriptor in FEATURISERS.items():
        try:
            descriptor(frames[0].take("first", [0]).atoms(), species=CU)
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
            continue
        yield name, descriptor


def summed(frames: Sequence[Configurations], descriptor: Descriptor) -> fl.Moments:
    """Moments walker by walker, so that no more than one of them has its descriptors in memory."""
    each = (fl.Dataset([with_descriptors(one, descriptor=descriptor, species=CU)]) for one in frames)
    total = fl.accumulate(next(each))
    for one in each:
        total += fl.accumulate(one)
    return total


def linear(name: str, moments: fl.Moments, parts: Sequence[Sequence[str]]) -> Linear:
    """θ_f from forces alone; with a ridge, and named so, where T is singular to working precision."""
    fit = fl.solve(fl.fisher(moments))
    if fit.rank == len(fit.theta) and fit.rounding < 1:
        return Linear(fold_errors(moments, fl.regression.fisher_fit, parts, name=name), fit)
    return Linear(fold_errors(moments, ridge, parts, name=f"{name}, ridge {RIDGE:g}"), fit)


def ridge(moments: fl.Moments) -> fl.LinearPotential:
    """θ_f with a ridge that only rounding notices."""
    return fl.regression.ridge_fit(moments, RIDGE)


def markdown(table: Mapping[str, Mapping[str, str]]) -> str:
    """The table as the README of the benchmarks shows it."""
    headings = list(next(iter(table.values())))
    rows = [
        ["model", *headings],
        ["---"] * (1 + len(headings)),
        *([name, *row.values()] for name, row in table.items()),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(walkers: int, configurations: int) -> None:
    """Prints the table."""
    found = fl.io.read_frames(DATA)[:walkers]
    step = len(found[0].n_atoms) // configurations
    frames = [f.take(f.key, range(0, configurations * step, step)) for f in found]
    parts = split([f.key for f in frames], seed=SEED)
    featurisers = dict(available(frames))
    made = {}
    for name, descriptor in featurisers.items():
        made[name] = linear(name, summed(frames, descriptor), parts)
        print(f"{name}: done", flush=True)
    some = [
        atoms for f in frames for atoms in f.take(f.key, range(0, configurations, max(1, configurations // 5))).atoms()
    ]
    measured = costs(featurisers, some, species=CU, turns=min(TURNS, len(some)))
    names = {name: one.errors.name for name, one in made.items()}
    table = fl.tables.featurisers(
        [one.errors for one in made.values()],
        {names[name]: values for name, values in measured.items()},
        {names[name]: one.fit for name, one in made.items()},
    )
    print(
        f"\n{walkers} walkers of {configurations} configurations, {len(parts)} folds of whole walkers; ± is a standard error"
    )
    print(markdown(table.to_dict(orient="index")))


if __name__ == "__main__":
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few configurations of a few walkers")
    main(*((5, 4) if parser.parse_args().short else (20, 50)))
