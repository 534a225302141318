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
    """A line of the table: errors, cost, and the fit to all data of a linear model."""

    errors: FoldErrors
    cost: Any
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


def linear(descriptor: Descriptor, frames: Sequence[Configurations], parts: Parts, name: str, cost: Any) -> Row:
    """θ_f from forces alone; with a ridge, and named so, where T is singular to working precision."""
    moments = summed(frames, descriptor)
    fit = fl.solve(fl.fisher(moments))
    if fit.rank == len(fit.theta) and fit.rounding < 1:
        return Row(fold_errors(moments, fl.regression.fisher_fit, parts, name=name), cost, fit)
    return Row(fold_errors(moments, ridge, parts, name=f"{name}, ridge {RIDGE:g}"), cost, fit)


def ridge(moments: fl.Moments) -> fl.LinearPotential:
    """θ_f with a ridge that only rounding notices."""
    return fl.regression.ridge_fit(moments, RIDGE)


def with_jacobian(frames: Sequence[Configurations], descriptor: Descriptor) -> fl.Dataset:
    """What a network is trained on."""
    return fl.Dataset([described(one, descriptor, jacobian=True) for one in frames])


def network(data: fl.Dataset, parts: Parts, name: str, cost: Any, told: Mapping[str, int]) -> Row:
    """A network on forces and energies of each fold's other walkers, of which it keeps some for stopping in time."""
    compared = []
    for part in parts:
        model = fl.neural.train(data.drop(part), seed=SEED, progress=silent, **told)
        compared.append(fl.comparison.compare(model, data.select(part)))
    return Row(FoldErrors.of(compared, name=name), cost)


class Chain(NamedTuple):
    """A network on a descriptor, called as a descriptor is; what it costs does not depend on its weights."""

    descriptor: Any
    model: Any

    @classmethod
    def of(cls, frames: Sequence[Configurations], descriptor: Descriptor) -> "Chain":
        """One that is hardly trained."""
        few = [f.take(f.key, [0]) for f in frames[:2]]
        return cls(descriptor, fl.neural.train(with_jacobian(few, descriptor), epochs=1, progress=silent))

    @property
    def name(self) -> str:
        """For the table."""
        return f"network {'-'.join(map(str, self.model.hidden))} on {NETWORK}"

    def __call__(self, atoms: list[Atoms], *, species: list[int]) -> object:
        """Energies and forces."""
        D, J = self.descriptor.with_jacobian(atoms, species=species)
        n = np.array([len(a) for a in atoms])
        empty = {"energies": np.zeros(len(n)), "forces": np.zeros(3 * n.sum())}
        sums = {"descriptors": np.add.reduceat(D, np.cumsum(n) - n), "force_descriptors": J.force_descriptors(len(D))}
        t = fl.Trajectory(key="t", temperature=None, n_atoms=n, site_descriptors=D, jacobian=J, **empty, **sums)
        return self.model.energies(t), self.model.forces(t)


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
    parts, some = split([f.key for f in frames], seed=SEED), dict(available(frames, large=epochs is None))
    timed: dict[str, Any] = dict(some)
    try:
        chain = Chain.of(frames, some[NETWORK])
        timed[chain.name] = chain
    except ImportError as missing:
        print(f"the network is left out: {missing}")
    few = [a for f in frames for a in f.take(f.key, range(0, configurations, max(1, configurations // 5))).atoms()]
    measured, rows = costs(timed, few, species=CU, turns=min(TURNS, len(few))), []
    for name, what in timed.items():
        if isinstance(what, Chain):
            told = {} if epochs is None else {"epochs": epochs}
            rows.append(network(with_jacobian(frames, what.descriptor), parts, name, measured[name], told))
        else:
            rows.append(linear(what, frames, parts, name, measured[name]))
        print(f"{name}: {measured[name].mean():.2f} ms, {rows[-1].errors.force_rmse.mean():.4f} eV/Å", flush=True)
    fits = {r.errors.name: r.fit for r in rows if r.fit is not None}
    table = fl.tables.featurisers([r.errors for r in rows], {r.errors.name: r.cost for r in rows}, fits)
    print(
        f"\n{walkers} walkers of {configurations} configurations, {len(parts)} folds of whole walkers; ± is a standard error"
    )
    print(markdown(table.to_dict(orient="index")))


if __name__ == "__main__":
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="two configurations of four walkers, and two epochs")
    main(*((4, 2, 2) if parser.parse_args().short else (20, 50, None)))
