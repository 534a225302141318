"""Two objects that must belong together are taken together: at every such place a foreign one is refused in a sentence."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from torture import trajectory, written

import fisherlib as fl
from fisherlib import cluster, comparison, diagnostics, regression, trust, uncertainty, validation
from fisherlib.descriptors import Soap
from fisherlib.figures import tables
from fisherlib.io.database import Database
from fisherlib.io.moments import Records, read_moments, write_moments
from fisherlib.neural import NeuralPotential

Maker = Callable[..., fl.Dataset]
Change = Callable[[fl.Trajectory], fl.Trajectory]


@pytest.fixture(scope="module")
def data(ragged: Maker) -> fl.Dataset:
    return ragged(0, temperatures=(300.0,) * 5, atoms=(2, 2), configurations=8)


@pytest.fixture(scope="module")
def moments(data: fl.Dataset) -> fl.Moments:
    return fl.accumulate(data)


@pytest.fixture(scope="module")
def foreign(ragged: Maker) -> fl.Dataset:
    """Other data with the same keys, sizes and temperature."""
    return ragged(1, temperatures=(300.0,) * 5, atoms=(2, 2), configurations=8)


def changed(data: fl.Dataset, change: Change) -> fl.Dataset:
    return fl.Dataset([change(t) for t in data.values()])


def with_one_other_row(t: fl.Trajectory) -> fl.Trajectory:
    Phi = t.force_descriptors.copy()
    Phi[0, 0] *= 1.5
    return dataclasses.replace(t, force_descriptors=Phi)


#: What happens when a file is read again: another column, an offset, a descriptor of the same K, gradient=, temperature=.
OTHERS: dict[str, Change] = {
    "forces": lambda t: dataclasses.replace(t, forces=t.forces[::-1]),
    "energies": lambda t: dataclasses.replace(t, energies=t.energies + 0.5 * t.n_atoms),
    "descriptors": lambda t: dataclasses.replace(
        t, descriptors=t.descriptors * 2, force_descriptors=t.force_descriptors * 2
    ),
    "sign of Φ": lambda t: dataclasses.replace(t, force_descriptors=-t.force_descriptors),
    "Φ of other columns": lambda t: dataclasses.replace(t, force_descriptors=np.roll(t.force_descriptors, 1, axis=1)),
    "Φ of atoms in another order": lambda t: dataclasses.replace(t, force_descriptors=t.force_descriptors[::-1]),
    "one number of Φ": with_one_other_row,
    "temperature": lambda t: dataclasses.replace(t, temperature=301.0),
}


def fit(m: fl.Moments) -> fl.LinearPotential:
    return regression.fisher_fit(m)


#: Every public function of data and their moments.
WITH_MOMENTS: dict[str, Callable[[fl.Dataset, fl.Moments], object]] = {
    "Moments.check_of": lambda d, m: m.check_of(d),
    "validation.cross_validate": lambda d, m: validation.cross_validate(d, m, fit, folds=2),
    "trust.verdicts": lambda d, m: trust.verdicts(d, moments=m),
    "diagnostics.check": lambda d, m: diagnostics.check(d, moments=m),
    "diagnostics.health": lambda d, m: diagnostics.health(d, moments=m),
    "diagnostics.consistency": lambda d, m: diagnostics.consistency(d, moments=m),
    "diagnostics.leverage": lambda d, m: diagnostics.leverage(d, m),
    "Study": lambda d, m: fl.Study(d, moments=m),
    "Atlas": lambda d, m: fl.Atlas(d, m, {"a": fit(m), "b": regression.energy_fit(m)}),
    "profiles.profile": lambda d, m: fl.profiles.profile(d, m, np.zeros((1, d.K))),
    "uncertainty.independent_blocks": lambda d, m: uncertainty.independent_blocks(d, np.zeros(d.K), moments=m),
    "uncertainty.model_form": lambda d, m: uncertainty.model_form(d, m, fl.solve(fl.fisher(m))),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", WITH_MOMENTS)
def test_moments_of_other_data_are_refused(
    data: fl.Dataset, moments: fl.Moments, foreign: fl.Dataset, function: str
) -> None:
    call = WITH_MOMENTS[function]
    call(data, moments)
    for name, change in OTHERS.items():
        with pytest.raises(ValueError, match="moments: expected those of the data, got others"):
            call(changed(data, change), moments)
            pytest.fail(f"taken: {name}")
    for other in (foreign, data.drop("t0"), data.blocks(2)):
        with pytest.raises(ValueError, match=r"moments: expected those of the data, .*take accumulate\(data\)"):
            call(other, moments)


def test_what_differs_is_told(data: fl.Dataset, moments: fl.Moments) -> None:
    for name, words in {
        "sign of Φ": "by force descriptors",
        "energies": "by energies, forces or descriptors",
        "temperature": "by the temperature, 300 K for 301 K",
    }.items():
        with pytest.raises(ValueError, match=rf"got others \({words}\), which differ in 't0', 't1', 't2' …"):
            moments.check_of(changed(data, OTHERS[name]))
    moments.check_of(changed(data, OTHERS["temperature"]), 300.0)  # taken in place of both


@pytest.mark.parametrize("optional", [(), ("species", "positions", "site_descriptors")])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_same_data_are_taken_wherever_they_come_from(
    tmp_path: Path, precision: str, optional: tuple[str, ...]
) -> None:
    parts = [
        trajectory(n, key=key, M=9, K=4, optional=optional) for n, key in enumerate(("a", "a", "b", "a")) if n != 3
    ]
    database = written(tmp_path / "db", parts, precision=precision)
    stored, of_shards = database.read(), cluster.accumulate(database)
    in_memory = fl.accumulate(stored)
    for m in (of_shards, in_memory, cluster.accumulate(database)):  # summed, and from what was kept
        m.check_of(stored)
    assert of_shards.identity == in_memory.identity is not None
    full = fl.Dataset([*stored.drop("b").values(), parts[2]])  # Φ as it was before it was stored
    of_shards.check_of(full)
    copied = changed(stored, lambda t: dataclasses.replace(t, forces=t.forces.copy(), key=t.key))
    of_shards.check_of(copied)
    of_shards.select(["b", "a"]).drop("b").check_of(stored.select("a"))
    write_moments(of_shards, tmp_path / "m.npz")
    read_moments(tmp_path / "m.npz").check_of(stored)
    for change in OTHERS.values():
        with pytest.raises(ValueError, match="moments: expected those of the data, got others"):
            of_shards.check_of(changed(stored, change))


def test_records_that_do_not_know_their_data_are_held_against_the_numbers(
    data: fl.Dataset, moments: fl.Moments
) -> None:
    for digests in (frozenset(), frozenset(["a", "b"])):
        old = fl.Moments({k: dataclasses.replace(r, identity=None, digests=digests) for k, r in moments.items()})
        old.check_of(data)
        for change in OTHERS.values():
            with pytest.raises(ValueError, match="moments: expected those of the data, got others"):
                old.check_of(changed(data, change))
    one = fl.Moments({k: dataclasses.replace(r, identity=None) for k, r in moments.items()})
    one.check_of(data)
    with pytest.raises(ValueError, match="by energies, forces or descriptors"):
        one.check_of(changed(data, lambda t: dataclasses.replace(t, energies=t.energies * (1 + 1e-12))))


def test_identities_add_and_subtract(data: fl.Dataset, moments: fl.Moments) -> None:
    blocks = fl.accumulate(data.blocks(4))
    assert blocks.identity == moments.identity == moments.total().identity == blocks.total().identity
    assert (moments.total() - moments["t1"]).identity == moments.drop("t1").identity
    unknown = dataclasses.replace(moments["t0"], identity=None)
    assert (unknown + moments["t1"]).identity is None
    assert fl.accumulate(changed(data, OTHERS["forces"])).identity != moments.identity


# A fit, and what it is a fit to


#: Every public function of a fit and moments.
WITH_FIT: dict[str, Callable[[fl.Dataset, fl.Moments, fl.Solution], object]] = {
    "LinearPotential.from_fit": lambda d, m, s: fl.LinearPotential.from_fit(s, m),
    "LinearPotential.from_fit, total": lambda d, m, s: fl.LinearPotential.from_fit(s, m.total()),
    "uncertainty.sandwich": lambda d, m, s: uncertainty.sandwich(m, s),
    "uncertainty.model_form": lambda d, m, s: uncertainty.model_form(d, m, s),
}


@pytest.mark.parametrize("function", WITH_FIT)
def test_a_fit_to_other_data_is_refused(
    data: fl.Dataset, moments: fl.Moments, foreign: fl.Dataset, function: str
) -> None:
    call, others = WITH_FIT[function], fl.accumulate(foreign)
    terms = regression.Terms.of(moments)
    of_these = (
        fl.solve(fl.fisher(moments)),
        fl.solve(terms.weighted(ridge=0.1, kl=1.0, energy=2.0)),
        fl.solve(fl.fisher(fl.accumulate(data.blocks(2)))),
        fl.solve(fl.ridge(1.0, data.K, origin=np.ones(data.K))),  # of no data
        dataclasses.replace(fl.solve(fl.fisher(others)), data=frozenset()),  # of data that are not known
    )
    for solution in of_these:
        call(data, moments, solution)
    for loss in (fl.fisher(others), fl.energy(others), fl.kl(others), 2.0 * fl.fisher(moments.drop("t0"))):
        with pytest.raises(ValueError, match="fit: expected one to these moments, got one to other data; take solve"):
            call(data, moments, fl.solve(loss + fl.ridge(1e-3, data.K)))


def test_a_loss_of_two_data_knows_both(moments: fl.Moments, foreign: fl.Dataset) -> None:
    others = fl.accumulate(foreign)
    both = fl.solve(fl.fisher(moments) + fl.energy(others))
    for m in (moments, others, moments.total() + others.total()):
        fl.LinearPotential.from_fit(both, m)
    assert fl.solve(fl.fisher(moments)).data == {moments.identity}


def test_a_solution_is_refined_with_its_own_loss(data: fl.Dataset, moments: fl.Moments, foreign: fl.Dataset) -> None:
    loss = fl.fisher(moments)
    fl.refine(fl.solve(loss), loss, fl.fisher_residual(data))
    with pytest.raises(
        ValueError, match="solution: expected the minimum of this loss, got that of a loss of other data"
    ):
        fl.refine(fl.solve(fl.fisher(fl.accumulate(foreign))), loss, fl.fisher_residual(data))
    with pytest.raises(ValueError, match="residual"):
        fl.refine(fl.solve(loss), loss, fl.fisher_residual(foreign))


# θ, and the descriptor that it is for


def named(data: fl.Dataset, names: str, **descriptor: object) -> fl.Dataset:
    made = [dataclasses.replace(t, descriptor_names=tuple(names)) for t in data.values()]
    return fl.Dataset(made, provenance={"descriptor": descriptor} if descriptor else {})


#: Every public function of θ and data.
WITH_THETA: dict[str, Callable[[fl.LinearPotential, fl.Dataset], object]] = {
    "comparison.compare": lambda p, d: comparison.compare(p, d),
    "LinearPotential.check_of": lambda p, d: p.check_of(d),
    "Study, given": lambda p, d: fl.Study(d, given=p),
    "Study.with_model": lambda p, d: fl.Study(d).with_model(dataclasses.replace(p, name="mine")),
    "Atlas": lambda p, d: fl.Atlas(d, fl.accumulate(d), {"a": p, "b": fit(fl.accumulate(d))}),
}
#: Those that know no settings, and so compare names only.
BY_NAME: dict[str, Callable[[fl.LinearPotential, fl.Dataset], object]] = {
    "LinearPotential.energies": lambda p, d: p.energies(d),
    "LinearPotential.forces": lambda p, d: p.forces(d["t0"]),
    "LinearPotential.site_energies": lambda p, d: p.site_energies(d["t0"]),
    "diagnostics.consistency": lambda p, d: diagnostics.consistency(d, theta=p),
    "trust.verdicts": lambda p, d: trust.verdicts(d, model=p),
    "NeuralPotential": lambda p, d: _network(p).energies(d),
}


def _network(model: fl.LinearPotential) -> NeuralPotential:
    layers = {"weights": (np.ones((3, 2)), np.ones((2, 1))), "biases": (np.zeros(2), np.zeros(1))}
    given = {"name": model.name, "descriptor_names": model.descriptor_names}
    return NeuralPotential(**layers, **given, skip=np.zeros(3), mean=np.zeros(3), projection=np.eye(3))


@pytest.mark.parametrize("function", [*WITH_THETA, *BY_NAME])
def test_a_theta_of_other_descriptors_is_refused(data: fl.Dataset, tmp_path: Path, function: str) -> None:
    call = (WITH_THETA | BY_NAME)[function]
    sites = [dataclasses.replace(t, site_descriptors=np.ones((t.n_atoms.sum(), t.K))) for t in data.values()]
    data = fl.Dataset(sites)
    ours = named(data, "abc", name="SOAP", cutoff=5.0)
    model = regression.energy_fit(fl.accumulate(ours))
    assert model.descriptor_names == ("a", "b", "c") and model.provenance["descriptor"]["cutoff"] == 5.0
    for name in ("θ.json", "θ.npz"):
        fl.io.write_theta(model, tmp_path / name)
        read = fl.io.read_theta(tmp_path / name, name=model.name)
        assert read.descriptor_names == model.descriptor_names
        for known in (ours, data, named(data, "abc")):  # the same, one that is not known, one without settings
            call(read, known)
        with pytest.raises(
            ValueError, match="expected the descriptors of the potential .*such as 'b', got others, 'x'"
        ):
            call(read, named(data, "axc"))
        if function in WITH_THETA:
            with pytest.raises(
                ValueError, match=r"SOAP \(cutoff 5.0\), got another one, SOAP \(cutoff 4.0\) \(other: cutoff\)"
            ):
                call(read, named(data, "abc", name="SOAP", cutoff=4.0))
    call(fl.LinearPotential(theta=model.theta), named(data, "axc", name="SOAP", cutoff=4.0))  # θ of another program


def test_names_of_theta_must_be_as_many(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="descriptor_names: expected 2, one per parameter, or none, got 1"):
        fl.LinearPotential(theta=np.ones(2), descriptor_names=("a",))
    for names in ('["a"]', '"ab"', "[1, 2]"):
        (tmp_path / "θ.json").write_text(f'{{"coef": [1, 2], "intercept": 0, "descriptor_names": {names}}}')
        with pytest.raises(
            ValueError, match=r"'descriptor_names' of θ.json: expected 2 names, one a parameter, got others"
        ):
            fl.io.read_theta(tmp_path / "θ.json")


# Planes, losses and data


def test_a_plane_of_another_number_of_parameters_is_refused(data: fl.Dataset, moments: fl.Moments) -> None:
    plane = fl.Plane.through(np.zeros(4), np.ones(4), seed=0)
    for call in (lambda: fl.project(data, plane), lambda: fl.landscape(fl.fisher(moments), plane, n=3)):
        with pytest.raises(ValueError, match="expected .*3.* got .*4"):
            call()
    for call in (
        lambda: fl.fisher(moments) + fl.ridge(1.0, 4),
        lambda: fl.fisher(moments)(np.zeros(4)),
        lambda: regression.force_rmse(moments, np.zeros(4)),
        lambda: uncertainty.energy_errors(data, np.eye(6), moments),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()


# Files and what they were made of


def test_moments_of_other_descriptors_are_not_added(data: fl.Dataset, foreign: fl.Dataset) -> None:
    ours, theirs = (fl.accumulate(named(d, names)) for d, names in ((data, "abc"), (foreign, "abx")))
    theirs = fl.Moments({f"x{key}": record for key, record in theirs.items()}, about=theirs.about)
    with pytest.raises(ValueError, match="moments: expected the same descriptor_names in both, got .*'c'.* and .*'x'"):
        ours + theirs


def test_a_cache_that_was_written_into_is_computed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FISHERLIB_CACHE", str(tmp_path / ".cache"))
    rng, configurations = np.random.default_rng(0), []
    for number in range(3):
        atoms = ase.Atoms("Cu4", positions=2.2 * np.eye(4, 3) + 0.3 * rng.normal(size=(4, 3)))
        atoms.set_array("force", rng.normal(size=(4, 3)))
        atoms.info["energy"] = float(number)
        configurations.append(atoms)
    path = tmp_path / "a.xyz"
    ase.io.write(path, configurations, format="extxyz")
    options = {"descriptor": Soap(cutoff=4.0, n_max=1, l_max=1), "temperature": 300.0, "check": False}
    first = fl.io.read(path, **options)["a"]
    (cache,) = (tmp_path / ".cache").iterdir()
    with np.load(cache) as file:
        arrays = dict(file)
    for spoilt in (
        arrays | {"force_descriptors": 1.05 * arrays["force_descriptors"]},
        arrays | {"site_descriptors": 1.05 * arrays["site_descriptors"]},
        {name: a for name, a in arrays.items() if name != "checksum"},  # as an older version wrote it
    ):
        np.savez(cache, **spoilt)
        assert (fl.io.read(path, **options)["a"].force_descriptors == first.force_descriptors).all()
        with np.load(cache) as file:
            assert all((file[name] == a).all() for name, a in arrays.items())
    other = cache.with_name(cache.name.replace("a-", "b-"))  # kept of one recipe under the name of another
    cache.rename(other)
    fl.io.read(path, **options | {"descriptor": Soap(cutoff=4.5, n_max=1, l_max=1)})
    (second,) = set(cache.parent.iterdir()) - {other}
    other.replace(second)
    found = fl.io.read(path, **options | {"descriptor": Soap(cutoff=4.5, n_max=1, l_max=1)})["a"]
    assert (found.force_descriptors != first.force_descriptors).any()


def doubled(path: Path, name: str) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays[name] = 2 * arrays[name]
    np.savez(path, **arrays)


def test_kept_records_and_files_of_moments_that_were_written_into_are_noticed(tmp_path: Path) -> None:
    database = written(tmp_path / "db", [trajectory(n, key=f"t{n}") for n in range(2)])
    right = cluster.accumulate(database)
    kept = sorted((database.path / "moments").iterdir())
    doubled(kept[0], "0/PhiF")
    found = cluster.accumulate(database)
    assert all((found[key].PhiF == right[key].PhiF).all() for key in right)
    write_moments(right, tmp_path / "m.npz")
    for name in ("0/PhiF", "1/numbers", "0/FF, T", "1/identity"):
        write_moments(right, tmp_path / "m.npz")
        doubled(tmp_path / "m.npz", name)
        with pytest.raises(ValueError, match=r"m.npz, 't\d': the checksum is not that of what was written"):
            read_moments(tmp_path / "m.npz")
    for number in (1, 2):
        cluster.write_part(database, number, 2, tmp_path / f"{number}.npz")
    doubled(tmp_path / "2.npz", "0/PhiF")
    with pytest.raises(ValueError, match=r"2.npz, .*the checksum is not that of what was written"):
        cluster.merge([tmp_path / "1.npz", tmp_path / "2.npz"])


def test_parts_of_another_database_are_refused(tmp_path: Path) -> None:
    for number in (1, 2):
        database = written(tmp_path / f"db{number}", [trajectory(10 * number + n, key=f"t{n}") for n in range(2)])
        cluster.write_part(database, number, 2, tmp_path / f"{number}.npz")
    with pytest.raises(ValueError, match="expected a part of the same state of one database"):
        cluster.merge([tmp_path / "1.npz", tmp_path / "2.npz"])


def test_moments_of_the_first_format_are_read(moments: fl.Moments, data: fl.Dataset, tmp_path: Path) -> None:
    write_moments(moments, tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        old = {n: a for n, a in file.items() if not n.endswith(("/checksum", "/identity"))}
    np.savez(tmp_path / "m.npz", **old | {"format": "fisherlib-moments-1"})
    back = read_moments(tmp_path / "m.npz")
    assert back.identity is None
    back.check_of(data)
    with Records(tmp_path / "m.npz") as records, pytest.raises(KeyError):
        records["no such name"]
    np.savez(tmp_path / "m.npz", **old | {"format": "fisherlib-moments-1", "0/checksum": "of other numbers"})
    with pytest.raises(ValueError, match="the checksum is not that of what was written"):
        read_moments(tmp_path / "m.npz")


def test_kept_records_without_a_checksum_are_summed_again(tmp_path: Path) -> None:
    database = written(tmp_path / "db", [trajectory(1, key="a")])
    right = cluster.accumulate(database, keep=True)
    kept = next((database.path / "moments").glob("*.npz"))
    with np.load(kept) as file:
        old = {n: a for n, a in file.items() if not n.endswith(("/checksum", "/identity"))}
    np.savez(kept, **old | {"format": "fisherlib-moments-1", "0/PhiPhi": 1.05 * old["0/PhiPhi"]})
    again = cluster.accumulate(database, keep=True)
    assert (again["a"].PhiPhi == right["a"].PhiPhi).all() and again["a"].identity == right["a"].identity


def test_the_same_configurations_with_another_phi_are_not_taken_for_written(tmp_path: Path) -> None:
    t = trajectory(0)
    database = Database.create(tmp_path / "db", descriptor_names=t.descriptor_names)
    header = database.append(t, first=0)
    assert database.append(t, first=0) == header
    with pytest.raises(
        ValueError, match="force_descriptors of trajectory 't': expected those that .* holds .* got others"
    ):
        database.append(OTHERS["sign of Φ"](t), first=0)


# Lists of results


def test_models_that_are_compared_on_other_data_do_not_stand_side_by_side(
    data: fl.Dataset, foreign: fl.Dataset
) -> None:
    model = regression.energy_fit(fl.accumulate(data))
    one, other = comparison.compare(model, data), comparison.compare(dataclasses.replace(model, name="b"), foreign)
    for function in (tables.errors, tables.distances, fl.figures.errors_by_trajectory):
        function([one])
        with pytest.raises(
            ValueError, match="comparisons: expected models compared on the same data, got other data for 'b'"
        ):
            function([one, other])
        with pytest.raises(ValueError, match="comparisons: expected different names, got 'energy fit' twice"):
            function([one, one])


def test_energies_of_other_configurations_are_refused_by_their_number(data: fl.Dataset) -> None:
    E = data.energies
    for call in (
        lambda: fl.reweighting.log_weights(E, E[1:], 300.0),
        lambda: fl.reweighting.free_energy_difference(E, E[1:], 300.0),
        lambda: fl.reweighting.mean(E, np.zeros(len(E) - 1)),
        lambda: comparison.compare_predictions(E[1:], data.forces, data, name="x"),
        lambda: uncertainty.ecdf_band(data, log_weights=np.zeros(len(E) - 1)),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()


# What was written to in place


def test_phi_changed_in_place_is_seen(data: fl.Dataset) -> None:
    Phi = data["t0"].force_descriptors.copy()
    own = fl.Dataset([dataclasses.replace(data["t0"], force_descriptors=Phi)])
    moments = fl.accumulate(own)
    moments.check_of(own)
    Phi *= 1.5
    with pytest.raises(ValueError, match="got others .by force descriptors., which differ in 't0'"):
        moments.check_of(own)
    Phi /= 1.5
    moments.check_of(own)


# The same configurations, cut in another way


def test_the_same_configurations_do_not_count_twice(data: fl.Dataset, moments: fl.Moments, foreign: fl.Dataset) -> None:
    blocks = fl.accumulate(data.blocks(2))
    for a, b in ((moments, blocks), (blocks, moments), (moments.select("t1"), blocks.drop("t0/0"))):
        with pytest.raises(
            ValueError, match="moments: expected different data, got those of 't[01]' again, cut into several"
        ):
            a + b
    with pytest.raises(
        ValueError, match="moments: expected different data, got the same 40 configurations again, cut in"
    ):
        moments.total() + blocks.total()
    assert (moments.select("t0") + blocks.drop(["t0/0", "t0/1"])).identity == moments.identity
    assert len(moments + fl.accumulate(foreign.blocks(2))) == 15


# θ of the same descriptor with other settings


def test_theta_of_other_settings_predicts_nothing(data: fl.Dataset) -> None:
    def made(cutoff: float) -> fl.Dataset:
        return fl.Dataset(data.values(), provenance={"descriptor": {"name": "SOAP", "cutoff": cutoff}})

    one, other = made(4.0), made(4.5)
    theta = regression.fisher_fit(fl.accumulate(one))
    calls: dict[str, Callable[[fl.Dataset], object]] = {
        "energies": theta.energies,
        "forces": theta.forces,
        "ecdf_band": lambda d: uncertainty.ecdf_band(d, theta, independent=20),
        "refits of ecdf_band": lambda d: uncertainty.ecdf_band(
            d, None if d is one else theta, [theta] * 5, independent=20
        ),
        "cross_validate": lambda d: validation.cross_validate(d, fl.accumulate(d), lambda _: theta),
    }
    for call in calls.values():
        call(one)
        with pytest.raises(
            ValueError, match=r"data: expected the descriptor of the potential 'θ_f', SOAP .* \(other: cutoff\)"
        ):
            call(other)
    assert (theta.energies(other["t0"]) == theta.energies(one["t0"])).all()  # a trajectory does not say
