"""What θ_f means for physics: crystals of copper with error bars that can be checked, and its own dynamics beside the true ones.

``python benchmarks/properties.py crystal`` is about copper by ASE's EMT, whose every number is known: lattice constant, elastic
constants, vacancy and phonons of independent training sets, and how often their error bars hold the truth. ``bulk`` runs U_θf
at 1200 K beside EMT. ``drift`` and ``cluster`` run the θ_f of the shipped Cu55 walkers: energy drift in NVE, and the energies
of NVT beside those of the data.
"""

import dataclasses
import sys
import time

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

import fisherlib as fl
from fisherlib import properties, uncertainty
from fisherlib.configurations import Configurations
from fisherlib.descriptors.pieces import with_descriptors
from fisherlib.units import beta

SOAP = fl.descriptors.Soap(cutoff=5.5, n_max=8, l_max=3)  # EMT ends before the fourth shell, at 5.1 Å
REPEATS, DRAWS = 10, 20
#: Å, near the volume of EMT copper without pressure at 1200 K.
HOT = 3.68
#: Weight of the stress beside the forces, in units of β².
STRESS = 0.1
#: K, lattice constant in Å, strain off the diagonal, and whether an atom is missing, of the runs that a user would train on.
RUNS = tuple(
    (T, a, shear, hole)
    for T, a, hole in (
        (100.0, 3.53, 0),
        (100.0, 3.57, 0),
        (100.0, 3.61, 0),
        (100.0, 3.65, 0),
        (300.0, 3.59, 1),
        (1200.0, 3.68, 1),
    )
    for shear in (0.0, 0.02)
)


def run(settings: tuple[float, float, float, int], seed: int, *, configurations: int = 3) -> Configurations:
    """One run of EMT copper of 32 atoms, with virials."""
    T, a, shear, hole = settings
    atoms = bulk("Cu", a=a, cubic=True) * (2, 2, 2)
    strain = np.array([[shear, shear, 0.0], [shear, -shear, 0.0], [0.0, 0.0, 0.0]])
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    del atoms[:hole]
    frames = properties.nvt(
        atoms,
        EMT(),
        temperature=T,
        picoseconds=0.12 * configurations,
        burn_in=0.24,
        every=30,
        seed=seed,
        key=f"{settings} {seed}",
    ).take(f"{settings} {seed}", range(1, configurations + 1))
    virials = [-one.get_volume() * EMT().get_stress(one) for one in frames.atoms()]
    return dataclasses.replace(frames, virials=np.array(virials))


def training_set(
    seed: int, *, runs: tuple = RUNS, configurations: int = 3, soap: fl.descriptors.Soap = SOAP
) -> fl.Dataset:
    """Runs of EMT copper with descriptors and strain descriptors."""
    made = [run(one, 1000 * seed + k, configurations=configurations) for k, one in enumerate(runs)]
    about = {"descriptor": dict(soap.parameters)}
    return fl.Dataset([with_descriptors(f, descriptor=soap, species=[29]) for f in made], provenance=about)


def fitted(data: fl.Dataset) -> tuple[fl.Moments, fl.Solution, fl.LinearPotential, float]:
    """θ_f of forces and stresses."""
    moments, weight = fl.accumulate(data), STRESS * beta(600.0) ** 2
    fit = fl.solve(fl.fisher(moments) + weight * fl.stress(moments))
    return moments, fit, fl.LinearPotential.from_fit(fit, moments), weight


def draws(data: fl.Dataset, *, size: int = DRAWS) -> tuple[fl.LinearPotential, dict[str, np.ndarray]]:
    """The potential, and parameters drawn for the sampling error, and for this and the model-form error (POPS)."""
    moments, fit, model, weight = fitted(data)
    covariance = uncertainty.sandwich(moments, fit, stress=weight)
    sampling = properties.theta_draws(fit.theta, covariance, size, clusters=len(data), seed=1)
    form = uncertainty.model_form(data, moments, fit, stress=weight).sample(size, seed=2)
    return model, {"sandwich": sampling, "both": sampling + form - fit.theta}


def of_crystals(calculator: object) -> dict[str, float]:
    """Properties of structures that do not depend on θ."""
    primitive = bulk("Cu", a=3.59)
    return properties.cubic(calculator, primitive, points=7) | properties.phonons(
        calculator, primitive, repeat=3, points={"L": (0.5,) * 3}
    )


def of_vacancies(calculator: object) -> dict[str, float]:
    return properties.vacancy(calculator, bulk("Cu", a=3.59, cubic=True))


def crystal(repeats: int = REPEATS, *, size: int = DRAWS) -> None:
    """Prints each property beside the truth, and how often the bars hold it, after each training set."""
    truth, found = of_crystals(EMT()) | of_vacancies(EMT()), []
    for seed in range(repeats):
        begin = time.perf_counter()
        found.append(measured(seed, truth, size=size))
        print(f"training set {seed}: {time.perf_counter() - begin:.0f} s\n\n{table(truth, found)}\n", flush=True)


#: Property → value of θ_f, and (kind of bar, property) → error and whether the bar of 95 % holds the truth.
Measured = tuple[dict[str, float], dict[tuple[str, str], tuple[float, bool]]]


def measured(seed: int, truth: dict[str, float], *, size: int = DRAWS) -> Measured:
    """Properties of one training set with their bars; vacancies, whose relaxation takes long, with half of the draws."""
    model, drawn = draws(training_set(seed), size=size)
    values: dict[str, float] = {}
    bars: dict[tuple[str, str], tuple[float, bool]] = {}
    for kind, thetas in drawn.items():
        found = [properties.spread(of_crystals, model, thetas)]
        found += [properties.spread(of_vacancies, model, thetas[: size // 2])] if kind == "both" else []
        for each in found:
            values |= dict(zip(each.names, each.values.tolist(), strict=True))
            for name, error, low, high in zip(each.names, each.errors, *each.interval(), strict=True):
                bars[kind, name] = float(error), bool(low <= truth[name] <= high)
    return values, bars


def table(truth: dict[str, float], found: list[Measured]) -> str:
    """Truth, mean and scatter of θ_f over training sets, its worst deviation, and mean error and coverage of each kind of bar."""
    kinds = list(dict.fromkeys(kind for kind, _ in found[0][1]))
    head = "".join(f"{kind + ' ±, held':>21}" for kind in kinds)
    rows = [f"{'':34}{'EMT':>9}{'θ_f':>9}{'scatter':>9}{'worst':>9}{head}"]
    for name, true in truth.items():
        v, row = np.array([values[name] for values, _ in found]), ""
        for kind in kinds:
            each = [bars[kind, name] for _, bars in found if (kind, name) in bars]
            held = sum(hold for _, hold in each)
            row += f"{np.mean([e for e, _ in each]):14.3g}, {held}/{len(v)}" if each else f"{'–':>19}"
        scatter = v.std(ddof=1) if len(v) > 1 else np.nan
        rows.append(f"{name:34}{true:9.4f}{v.mean():9.4f}{scatter:9.4f}{np.abs(v / true - 1).max():9.2%}{row}")
    return "\n".join(rows)


def compared(true: list[Configurations], own: list[Configurations], energies: dict[str, object]) -> None:
    """Prints KS with its block p-value, of each energy that is given, between the two ensembles.

    Whole runs are exchanged only where all are of one length: means of short runs scatter more than those of long ones.
    """
    for name, of in energies.items():
        a, b = ([np.array([of(atoms) for atoms in f.atoms()]) / f.n_atoms for f in some] for some in (true, own))
        blocks = properties.in_blocks(a), properties.in_blocks(b)
        shift, spread = 1e3 * (np.mean(b) - np.mean(a)), 1e3 * np.std(np.concatenate(a))
        whole = f"; by whole runs {properties.block_test(a, b)}" if len({len(run) for run in a + b}) == 1 else ""
        print(f"{name}: {properties.block_test(*blocks)}{whole}")
        print(f"   mean {shift:+.3f} meV/atom from the true one, whose spread is {spread:.2f}", flush=True)
    gs = []
    for some in (true, own):
        r, g = zip(*(properties.pair_distances(f, cutoff=5.0) for f in some), strict=True)
        gs.append(np.array([one.mean(axis=0) for one in g]))
    error = np.sqrt(sum(g.var(axis=0, ddof=1) / len(g) for g in gs))
    gap = gs[1].mean(axis=0) - gs[0].mean(axis=0)
    z = gap[error > 0] / error[error > 0]
    print(f"pair distances: largest difference {np.abs(gap).max():.3f} at {r[0][np.abs(gap).argmax()]:.2f} Å (largest value "
          f"{gs[0].mean(axis=0).max():.2f}), rms of difference/error {np.sqrt(np.mean(z**2)):.2f}, {len(gs[0])} and {len(gs[1])} runs")  # fmt: skip


def bulk_dynamics(runs: int = 4, picoseconds: float = 3.0) -> None:
    """NVT of 32 atoms at 1200 K by U_θf, beside EMT."""
    _, _, model, _ = fitted(training_set(0))
    start, own = bulk("Cu", a=HOT, cubic=True) * (2, 2, 2), fl.Calculator(model, stress=False)
    how = {"temperature": 1200.0, "picoseconds": picoseconds, "burn_in": 0.5, "every": 25}
    true = [properties.nvt(start, EMT(), **how, seed=100 + k) for k in range(runs)]
    modelled = [properties.nvt(start, own, **how, seed=200 + k) for k in range(runs)]
    compared(true, modelled, {"true energy": EMT().get_potential_energy, "energy of θ_f": own.get_potential_energy})


def shipped() -> tuple[fl.Dataset, fl.LinearPotential]:
    """The shipped walkers, and their θ_f."""
    data = fl.io.read("data/cu55_1200K.npz", check=False)
    return data, fl.regression.fisher_fit(fl.accumulate(data))


def cluster_drift(picoseconds: float = 20.0, timestep: float = 4.0) -> None:
    """NVE of Cu55 by U_θf from a configuration of the data."""
    data, model = shipped()
    start, begin = Atoms("Cu55", data["walker-00"].positions[-55:]), time.perf_counter()
    frames = properties.nve(
        start, fl.Calculator(model), temperature=1200.0, picoseconds=picoseconds, timestep=timestep, every=20
    )
    total = frames.entries["total_energy"] / 55e-3
    print(f"NVE of Cu55, {picoseconds:g} ps at {timestep:g} fs: drift {properties.drift(frames):+.4f} meV/atom, total energy within "
          f"{np.ptp(total):.3f} meV/atom, {frames.entries['kinetic_temperature'].mean():.0f} K, "
          f"{time.perf_counter() - begin:.0f} s")  # fmt: skip


def cluster(runs: int = 4, picoseconds: float = 3.0) -> None:
    """NVT of Cu55 at 1200 K by U_θf, from the last configurations of walkers, beside the data."""
    data, model = shipped()
    own, frames = fl.Calculator(model), fl.io.read_frames("data/cu55_1200K.npz")
    found = []
    for k in range(runs):
        start = frames[k].atoms()[-1]
        found.append(
            properties.nvt(start, own, temperature=1200.0, picoseconds=picoseconds, burn_in=0.5, every=25, seed=k)
        )
    compared(frames, found, {"true energy": EMT().get_potential_energy, "energy of θ_f": own.get_potential_energy})
    a = [f.energies / 55 for f in frames]
    b = [f.energies / 55 for f in found]
    blocks = properties.in_blocks(a), properties.in_blocks(b)
    print(f"as a user sees it, U of the data and U_θf of its own ensemble: {properties.block_test(*blocks)}")


PARTS = {"drift": cluster_drift, "crystal": crystal, "bulk": bulk_dynamics, "cluster": cluster}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
