"""Every featuriser on the shipped walkers of Cu55, and a network on one of them: held-out errors, cost, K, rank and condition."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ase import Atoms
from turns import one_thread

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.descriptors import Acsf, Chebyshev, Descriptor, DscribeSoap, Gmp, Snap, Soap, costs
from fisherlib.descriptors.pieces import with_descriptors
from fisherlib.progress import silent
from fisherlib.validation import FoldErrors, fold_errors, split

DATA, CU = "data/cu55_1200K.npz", [29]
#: The first is what the others are compared with; each at its default settings, but for the cutoff of SNAP, Å.
FEATURISERS: Mapping[str, Descriptor] = {
    "SOAP": Soap(),
    "SOAP by dscribe": DscribeSoap(),
    "ACSF": Acsf(),
    "Chebyshev": Chebyshev(),
    "GMP": Gmp(),
    "SNAP 2J=6": Snap(rcutfac=4.7, two_j=6),
    "SNAP 2J=8": Snap(rcutfac=4.7, two_j=8),
    "SNAP 2J=8, quadratic": Snap(rcutfac=4.7, two_j=8, quadratic=True),
}
#: What the network stands on, at its default settings.
NETWORK = "GMP"
#: Takes half of the time.
LARGE = "SNAP 2J=8, quadratic"
#: Of a ridge relative to the diagonal of T, where rounding leaves no digit of θ_f certain.
RIDGE = 1e-10
SEED, TURNS = 0, 10

Parts = Sequence[Sequence[str]]


class Row(NamedTuple):
    """A line of the table: errors, what is timed, and the fit to all data of a linear model."""

    errors: FoldErrors
    timed: Any
    fit: fl.Solution | None = None


def available(frames: Sequence[Configurations], *, large: bool) -> Iterator[tuple[str, Descriptor]]:
    """Those whose library is installed; the others are told in a sentence."""
    for name, descriptor in FEATURISERS.items():
        if name == LARGE and not large:
            continue
        try:
            descriptor(frames[0].take("first", [0]).atoms(), species=CU)
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
            continue
        yield name, descriptor


def summed(frames: Sequence[Configurations], descriptor: Descriptor) -> fl.Moments:
    """Moments walker by walker, so that no more than one of them has its descriptors in memory."""
    each = (fl.accumulate(fl.Dataset([described(one, descriptor)])) for one in frames)
    total = next(each)
    for moments in each:
        total += moments
    return total


def described(frames: Configurations, descriptor: Descriptor, *, jacobian: bool = False) -> fl.Trajectory:
    """A walker with descriptors."""
    return with_descriptors(frames, descriptor=descriptor, species=CU, jacobian=jacobian)


def linear(name: str, descriptor: Descriptor, frames: Sequence[Configurations], parts: Parts) -> Row:
    """θ_f from forces alone; with a ridge, and named so, where T is singular to working precision."""
    moments = summed(frames, descriptor)
    fit = fl.solve(fl.fisher(moments))
    if fit.rank == len(fit.theta) and fit.rounding < 1:
        return Row(fold_errors(moments, fl.regression.fisher_fit, parts, name=name), descriptor, fit)
    return Row(fold_errors(moments, ridge, parts, name=f"{name}, ridge {RIDGE:g}"), descriptor, fit)


def ridge(moments: fl.Moments) -> fl.LinearPotential:
    """θ_f with a ridge that only rounding notices."""
    return fl.regression.ridge_fit(moments, RIDGE)


def network(name: str, descriptor: Any, frames: Sequence[Configurations], parts: Parts, epochs: int | None) -> Row:
    """A network on forces and energies of each fold's other walkers, of which it keeps some for stopping in time."""
    data, compared = fl.Dataset([described(one, descriptor, jacobian=True) for one in frames]), []
    told = {} if epochs is None else {"epochs": epochs}
    for part in parts:
        model = fl.neural.train(data.drop(part), seed=SEED, progress=silent, **told)
        compared.append(fl.comparison.compare(model, data.select(part)))
    hidden = "-".join(map(str, model.hidden))

    def timed(atoms: list[Atoms], *, species: list[int]) -> object:
        D, J = descriptor.with_jacobian(atoms, species=species)
        n = np.array([len(a) for a in atoms])
        empty = {"energies": np.zeros(len(n)), "forces": np.zeros(3 * n.sum())}
        sums = {"descriptors": np.add.reduceat(D, np.cumsum(n) - n), "force_descriptors": J.force_descriptors(len(D))}
        t = fl.Trajectory(key="t", temperature=None, n_atoms=n, site_descriptors=D, jacobian=J, **empty, **sums)
        return model.energies(t), model.forces(t)

    return Row(FoldErrors.of(compared, name=f"network {hidden} on {name}"), timed)


def markdown(table: Mapping[str, Mapping[str, str]]) -> str:
    """The table as the README of the benchmarks shows it."""
    headings = list(next(iter(table.values())))
    lines = [
        ["model", *headings],
        ["---"] * (1 + len(headings)),
        *([name, *row.values()] for name, row in table.items()),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(walkers: int, configurations: int, epochs: int | None) -> None:
    """Prints the table; of a few epochs it is a short one."""
    found = fl.io.read_frames(DATA)[:walkers]
    step = len(found[0].n_atoms) // configurations
    frames = [f.take(f.key, range(0, configurations * step, step)) for f in found]
    parts, rows, some = split([f.key for f in frames], seed=SEED), [], dict(available(frames, large=epochs is None))
    for name, descriptor in some.items():
        rows.append(linear(name, descriptor, frames, parts))
        print(f"{name}: done", flush=True)
    try:
        rows.append(network(NETWORK, some[NETWORK], frames, parts, epochs))
    except ImportError as missing:
        print(f"the network is left out: {missing}")
    few = [a for f in frames for a in f.take(f.key, range(0, configurations, max(1, configurations // 5))).atoms()]
    measured = costs({r.errors.name: r.timed for r in rows}, few, species=CU, turns=min(TURNS, len(few)))
    fits = {r.errors.name: r.fit for r in rows if r.fit is not None}
    table = fl.tables.featurisers([r.errors for r in rows], measured, fits)
    print(
        f"\n{walkers} walkers of {configurations} configurations, {len(parts)} folds of whole walkers; ± is a standard error"
    )
    print(markdown(table.to_dict(orient="index")))


if __name__ == "__main__":
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="two configurations of four walkers, and two epochs")
    main(*((4, 2, 2) if parser.parse_args().short else (20, 50, None)))
