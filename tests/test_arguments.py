"""Arguments at every door: what is no number, no element, neither yes nor no, or of another kind ends in a sentence."""

import dataclasses
import json
import os
import warnings
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torture import trajectory, written

import fisherlib as fl
from fisherlib import cluster, comparison, diagnostics, regression, trust, uncertainty, units, validation
from fisherlib.arguments import choice, each, elements, flag, keys, kind, location, numbers, seed, whole
from fisherlib.descriptors import Soap
from fisherlib.io import database

Maker = Callable[..., fl.Dataset]


@pytest.fixture(scope="module")
def data(ragged: Maker) -> fl.Dataset:
    return ragged(0)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A file of one short trajectory with descriptors."""
    t = trajectory(0, optional=["species", "positions", "site_descriptors"])
    fl.io.write(fl.Dataset([dataclasses.replace(t, descriptors=_sums(t))]), tmp_path / "a.npz")
    return tmp_path / "a.npz"


# Numbers


#: What would become numbers without a word, and what the sentence says of it.
NO_NUMBERS: dict[str, tuple[Callable[[np.ndarray], Any], str]] = {
    "masked": (lambda a: np.ma.masked_array(a, mask=np.arange(len(a)) == 1), "masked array with 1 of"),
    "complex": (lambda a: a + 1e-3j, "complex numbers, whose imaginary part would be lost"),
    "dates": (lambda a: np.datetime64("2026-01-01") + np.arange(len(a)), "dates"),
    "durations": (lambda a: np.arange(len(a)).astype("timedelta64[s]"), "durations"),
    "words": (lambda a: a.astype(str), "words"),
    "bytes": (lambda a: a.astype("S"), "words"),
    "list of words": (lambda a: a.astype(str).tolist(), "list of words"),
    "objects": (lambda a: np.array(["1.5"] * len(a), dtype=object), "objects"),
    "booleans": (lambda a: a > 0, "booleans"),
    "records": (lambda a: a.view([("x", float)]), "records"),
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_is_no_number_does_not_become_one(data: fl.Dataset, name: str) -> None:
    spoil, words = NO_NUMBERS[name]
    t = data["t0"]
    for field in ("energies", "forces"):
        with pytest.raises(ValueError, match=rf"{field} of trajectory 't0': expected numbers, got .*{words}"):
            dataclasses.replace(t, **{field: spoil(getattr(t, field))})
    with pytest.raises(ValueError, match=f"x: expected numbers, got .*{words}"):
        numbers("x", spoil(t.energies))
    if name != "booleans":
        with pytest.raises(ValueError, match="energies: expected an array of numbers"):
            fl.reweighting.log_weights(spoil(t.energies), t.energies, 300.0)


def _doors(t: fl.Trajectory, m: fl.Moments) -> dict[str, Callable[[Any], object]]:
    """Where numbers come in: each takes some in place of K or more right ones."""
    K, loss, fit = t.K, fl.fisher(m), fl.solve(fl.fisher(m))
    data = fl.Dataset([t])
    return {
        "theta of a potential": lambda x: fl.LinearPotential(theta=x),
        "offset": lambda x: fl.LinearPotential(theta=np.ones(K), offset=x[1]),
        "value of a loss": lambda x: loss(x),
        "A": lambda x: fl.losses.Quadratic(
            np.array([x] * K) if isinstance(x, list) else np.ma.stack([x] * K), np.ones(K), 1.0
        ),
        "b": lambda x: fl.losses.Quadratic(np.eye(K), x, 1.0),
        "s": lambda x: fl.losses.Quadratic(np.eye(K), np.ones(K), x[1]),
        "weight": lambda x: fl.losses.Quadratic.__rmul__(loss, x[1]),
        "restrict": lambda x: loss.restrict(np.zeros(K), x),
        "scale of a ridge": lambda x: fl.ridge(1.0, K, scale=x),
        "strength of a ridge": lambda x: fl.ridge(x[1], K),
        "origin of a ridge": lambda x: fl.ridge(1.0, K, origin=x),
        "scores": lambda x: uncertainty.scores(data, x),
        "verdicts": lambda x: trust.verdicts(data, theta=x),
        "origin of a path": lambda x: regression.ridge_path(m, [1e-3], origin=x),
        "strengths": lambda x: regression.ridge_path(m, x),
        "kl_path": lambda x: regression.kl_path(m, x),
        "force_rmse": lambda x: regression.force_rmse(m, x),
        "ks": lambda x: comparison.ks(x, t.energies),
        "wasserstein_1": lambda x: comparison.wasserstein_1(t.energies, x),
        "ecdf": lambda x: comparison.ecdf(x),
        "weights of ecdf": lambda x: comparison.ecdf(np.ones(K), x),
        "interval": lambda x: uncertainty.interval(x, np.ones(K), clusters=20),
        "standard error": lambda x: uncertainty.interval(np.ones(K), x, clusters=20),
        "energy_errors": lambda x: uncertainty.energy_errors(data, [x] * K, m),
        "autocorrelation_time": lambda x: diagnostics.autocorrelation_time(x),
        "several series": lambda x: diagnostics.autocorrelation_time([x, x]),
        "ensemble": lambda x: diagnostics.ensemble(x, 4, 300.0),
        "straight": lambda x: fl.profiles.straight(fit.theta, x),
    }


@pytest.mark.parametrize("name", [n for n in NO_NUMBERS if n != "records"])
def test_no_door_takes_what_is_no_number(data: fl.Dataset, name: str) -> None:
    t, spoil = data["t0"], NO_NUMBERS[name][0]
    x = spoil(np.linspace(0.5, 1.5, t.K))
    for door, call in _doors(t, fl.accumulate(fl.Dataset([t]))).items():
        try:
            call(x)
        except ValueError as error:
            assert "expected numbers" in str(error), door
        else:
            pytest.fail(f"{door} took {name}")


def test_lists_are_looked_into(data: fl.Dataset) -> None:
    t = data["t0"]
    rows = [np.ma.masked_array(row, mask=np.arange(t.K) == 1) for row in t.descriptors]
    with pytest.raises(ValueError, match="descriptors of trajectory 't0': expected numbers, got a masked array"):
        dataclasses.replace(t, descriptors=rows)
    with pytest.raises(ValueError, match="energies of trajectory 't0': expected numbers, got a masked array"):
        dataclasses.replace(t, energies=[np.ma.masked, *t.energies[1:]])
    with pytest.raises(ValueError, match="x: expected numbers, got list of yes and no"):
        numbers("x", [1.0, [True, 2.0]])
    with pytest.raises(ValueError, match="energies: expected an array of numbers"):
        fl.reweighting.log_weights([np.ma.masked, *t.energies[1:]], t.energies, 300.0)


def test_a_trajectory_has_a_word_for_its_key_whole_atoms_and_true_or_false_for_its_directions(data: fl.Dataset) -> None:
    t = data["t0"]
    M = len(t)
    with pytest.raises(TypeError, match=r"key: expected str, got int; write Trajectory\(key='run 1'"):
        dataclasses.replace(t, key=1)
    with pytest.raises(ValueError, match="n_atoms of trajectory 't0': expected numbers, got a masked array"):
        dataclasses.replace(t, n_atoms=np.ma.masked_array(t.n_atoms, mask=np.arange(M) == 1))
    for names in ("abc", (1, 2, 3)):
        with pytest.raises(ValueError, match="descriptor_names of trajectory 't0': expected a list of words"):
            dataclasses.replace(t, descriptor_names=names)
        with pytest.raises(ValueError, match="descriptor_names: expected a list of words"):
            fl.LinearPotential(theta=np.ones(3), descriptor_names=names)
    for number in (2.5, True):
        with pytest.raises(ValueError, match="number: expected 1 to . blocks"):
            data.blocks(number)
    cell, pbc = np.tile(np.eye(3), (M, 1, 1)), np.ones((M, 3), dtype=bool)
    for right in (pbc, pbc.astype(int), pbc.tolist(), np.ma.masked_array(pbc, mask=False)):
        assert dataclasses.replace(t, cell=cell, pbc=right).pbc.all()
    for wrong in (7 * pbc, pbc.astype(str), np.ma.masked_array(pbc, mask=True)):
        with pytest.raises(ValueError, match="pbc of trajectory 't0': expected (True and False|numbers)"):
            dataclasses.replace(t, cell=cell, pbc=wrong)


@pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
def test_the_weight_of_a_loss_is_finite(data: fl.Dataset, weight: float) -> None:
    with pytest.raises(ValueError, match="weight: expected a finite number"):
        weight * fl.fisher(fl.accumulate(data), 300.0)


def test_what_cannot_be_taken_is_not_passed_over_for_another_column(small: Path) -> None:
    with np.load(small) as file:
        arrays = dict(file)
    for name in ("forces", "energies"):
        for spoilt in (arrays[name] + 1j, arrays[name].astype("S")):
            np.savez(small, **arrays | {name: spoilt, f"{name}_old": 3 * arrays[name]})
            with pytest.raises(ValueError, match=f"{name}: expected a column of .* got '{name}' of shape"):
                fl.io.read(small, check=False)


def test_what_is_a_number_is_taken(data: fl.Dataset) -> None:
    t = data["t0"]
    for values in (
        t.energies.astype(object),
        np.ma.masked_array(t.energies, mask=False),
        t.energies.tolist(),
        t.energies.astype(np.longdouble),
        t.energies.astype(">f8"),
        [Fraction(float(E)) for E in t.energies],
    ):
        assert (dataclasses.replace(t, energies=values).energies == t.energies).all()
    assert fl.reweighting.mean(t.energies > 0, np.zeros(len(t))) == (t.energies > 0).mean()


def test_columns_that_are_no_numbers_are_refused(small: Path) -> None:
    path = small
    with np.load(path) as file:
        arrays = dict(file)
    for name in ("milady-descriptors", "milady-descriptors-forces"):
        for spoilt, words in ((arrays[name] + 1j, "complex"), (arrays[name].astype("U8"), "words")):
            np.savez(path, **arrays | {name: spoilt})
            with pytest.raises(
                ValueError, match=f"column '{name}': expected numbers, got ndarray of {words}|no column '{name}'"
            ):
                fl.io.read(path, descriptors="milady-descriptors", force_descriptors="milady-descriptors-forces")


@pytest.mark.parametrize("Z", [-5, 0, 119, 200, 29.5, np.nan, 2**63 - 1])
def test_atomic_numbers_that_no_element_has_are_refused(tmp_path: Path, Z: float) -> None:
    t = trajectory(0, optional=["species", "positions", "site_descriptors"])
    species = np.array([*t.species[:-1], Z])
    with pytest.raises(ValueError, match=r"species of trajectory 't': expected (atomic|finite) numbers"):
        dataclasses.replace(t, species=species)
    with pytest.raises(ValueError, match="x: expected atomic numbers, whole and from 1 to 118, got .* for atom"):
        elements("x", species)
    if Z == int(Z) if np.isfinite(Z) else False:
        with pytest.raises(ValueError, match="species: expected atomic numbers, whole and from 1 to 118"):
            Soap().names([int(Z)])
        fl.io.write(fl.Dataset([dataclasses.replace(t, descriptors=_sums(t))]), tmp_path / "a.npz")
        with np.load(tmp_path / "a.npz") as file:
            arrays = dict(file)
        np.savez(tmp_path / "a.npz", **arrays | {"numbers": species.astype(np.int64)})
        with pytest.raises(ValueError, match="numbers of a.npz, key 't': expected atomic numbers"):
            fl.io.read(tmp_path / "a.npz", check=False)


def _sums(t: fl.Trajectory) -> np.ndarray:
    return np.add.reduceat(t.site_descriptors, np.cumsum(t.n_atoms) - t.n_atoms, axis=0)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("forces", "the forces"),
        ("force_descriptors", "the force descriptors"),
        ("descriptors", "descriptors or energies"),
        ("energies", "descriptors or energies"),
    ],
)
def test_numbers_whose_squares_overflow_are_refused(data: fl.Dataset, tmp_path: Path, field: str, words: str) -> None:
    t = data["t1"]
    large = dataclasses.replace(t, **{field: getattr(t, field) * 1e160})
    sentence = (
        rf"trajectory 't1'.*: expected numbers whose squares and sums fit into float64, got an overflow in {words}"
    )
    with warnings.catch_warnings(), pytest.raises(ValueError, match=sentence):
        warnings.simplefilter("error")
        fl.accumulate(fl.Dataset([data["t0"], large]))
    stored = written(tmp_path / "db", [large])
    with pytest.raises(ValueError, match=sentence):
        cluster.accumulate(stored)


def test_a_value_below_zero_is_said(data: fl.Dataset) -> None:
    fit = fl.solve(fl.fisher(fl.accumulate(data)))
    assert "below zero" not in repr(fit) and "below zero by rounding" in repr(dataclasses.replace(fit, value=-1.0))


# Yes and no, whole numbers, temperatures


def test_yes_and_no_are_booleans(root: Path) -> None:
    path = root / "data" / "cu55_1200K.npz"
    opened = fl.io.open(path)
    for name in ("gradient", "check"):
        for value in ("no", "yes", 0, 1, None):
            for call in (lambda options: fl.io.read(path, **options), lambda options: opened.dataset(**options)):
                with pytest.raises(ValueError, match=f"{name}: expected True or False, got {value!r}"):
                    call({name: value})
    flag("x", np.bool_(True))


def test_yes_and_no_are_asked_of_a_database_too(tmp_path: Path) -> None:
    stored = written(tmp_path / "db", [trajectory(0)])
    with pytest.raises(ValueError, match="gradient: expected True or False, got 'no'"):
        fl.io.read(stored.path, gradient="no")


@pytest.mark.parametrize("value", ["x", 2.5, True, None])
def test_whole_numbers_are_whole(data: fl.Dataset, value: object) -> None:
    moments = fl.accumulate(data)
    for name, call in {
        "folds": lambda: validation.split(["a", "b"], 0 if value is None else value),  # None is the default
        "seed": lambda: validation.split(["a", "b"], 2, seed=value),
        "seed: ": lambda: validation.cross_validate(data, moments, regression.fisher_fit, folds=2, seed=value),
        "seed:": lambda: fl.Study(data, seed=value),
        "K": lambda: fl.ridge(1e-3, value),
    }.items():
        with pytest.raises(ValueError, match=f"{name.strip(': ')}: expected"):
            call()
    if value is not None:
        with pytest.raises(ValueError, match="block_rows: expected a whole number"):
            fl.accumulate(data, block_rows=value)
    for check in (lambda: whole("n", value, 1, "points"), lambda: seed(value)):
        with pytest.raises(ValueError, match="expected a whole number"):
            check()


def test_true_is_no_temperature(data: fl.Dataset) -> None:
    for call in (
        lambda: units.beta(True),
        lambda: fl.fisher(fl.accumulate(data), True),
        lambda: dataclasses.replace(data["t0"], temperature=True),
    ):
        with pytest.raises(ValueError, match="temperature.*: expected a .*, got True"):
            call()


# Kinds


def misuses(data: fl.Dataset, path: Path) -> dict[str, tuple[Callable[[], object], str]]:
    moments = fl.accumulate(data)
    fit = fl.solve(fl.fisher(moments))
    theta = fit.theta
    return {
        "solve(moments)": (lambda: fl.solve(moments), "quadratic: expected Quadratic, got Moments; write solve"),
        "fisher(None)": (
            lambda: fl.fisher(None),
            "moments: expected Moments or MomentRecord, got None; write fisher",
        ),
        "fisher(data)": (lambda: fl.fisher(data), "moments: .*got Dataset; write fisher"),
        "energy(data)": (lambda: fl.energy(data), "moments: .*got Dataset; write energy"),
        "kl(data)": (lambda: fl.kl(data), "moments: .*got Dataset; write kl"),
        "energy_fit(data)": (lambda: regression.energy_fit(data), "moments: .*got Dataset"),
        "fisher_fit(data)": (lambda: regression.fisher_fit(data), "moments: .*got Dataset"),
        "from_fit swapped": (lambda: fl.LinearPotential.from_fit(moments, fit), "fit: expected Solution, got Moments"),
        "from_fit(fit, data)": (lambda: fl.LinearPotential.from_fit(fit, data), "moments: .*got Dataset"),
        "verdicts(moments)": (lambda: trust.verdicts(moments), "data: expected Dataset, got Moments; write verdicts"),
        "Study(moments)": (lambda: fl.Study(moments), "data: expected Dataset, got Moments; write Study"),
        "Study(data, moments=data)": (lambda: fl.Study(data, moments=data), "moments: expected Moments"),
        "write_theta(fit)": (lambda: fl.io.write_theta(fit, path), "model: expected LinearPotential, got Solution"),
        "Dataset of a dict": (
            lambda: fl.Dataset({"a": data["t0"]}),
            "trajectories: expected Trajectory, got str; write Da",
        ),
        "Dataset of a path": (lambda: fl.Dataset("x"), "trajectories: expected a list, got str; .*io.read"),
        "Dataset of a number": (lambda: fl.Dataset(3), "trajectories: expected a list, got int; write Da"),
        "accumulate of words": (lambda: fl.accumulate(["a"]), "data: expected Trajectory, got str"),
        "compare(theta, data)": (
            lambda: comparison.compare(theta, data),
            "model: expected LinearPotential, got ndarray",
        ),
        "compare swapped": (
            lambda: comparison.compare(data, fl.LinearPotential(theta=theta)),
            "model: expected LinearPotential, got Dataset",
        ),
        "energies(path)": (
            lambda: fl.LinearPotential(theta=theta).energies("x"),
            "data: expected Dataset or Trajectory",
        ),
        "descriptor of a word": (
            lambda: fl.io.read("data/cu55_1200K.npz", descriptor="soap"),
            "descriptor: expected a descriptor, got str; write descriptor=descriptors",
        ),
        "write swapped": (lambda: fl.io.write(path, data), "data: expected Dataset, got .*Path; write io.write"),
        "cross_validate swapped": (
            lambda: validation.cross_validate(moments, data, regression.fisher_fit),
            "data: expected Dataset, got Moments",
        ),
        "sandwich swapped": (lambda: uncertainty.sandwich(fit, moments), "moments: expected Moments, got Solution"),
        "check(moments)": (lambda: diagnostics.check(moments), "data: expected"),
    }


@pytest.mark.parametrize("name", list(misuses(fl.systems.harmonic([1.0, 2.0], seed=0), Path("θ.json"))))
def test_an_object_of_another_kind_ends_in_a_sentence(data: fl.Dataset, tmp_path: Path, name: str) -> None:
    call, sentence = misuses(data, tmp_path / "θ.json")[name]
    with pytest.raises(TypeError, match=sentence):
        call()
    assert not list(tmp_path.iterdir())


def test_swapped_numbers_of_a_ridge_are_noticed() -> None:
    with pytest.raises(ValueError, match="K: expected a whole number of parameters, at least 1, got 0.001"):
        fl.ridge(4, 1e-3)
    with pytest.raises(TypeError, match="x: expected int or str, got float; write it so"):
        kind("x", 1.0, (int, str), "it so")


def test_paths_names_and_lists_are_checked() -> None:
    location("path", "md.npz", "read(path)")
    location("path", Path("md.npz"), "read(path)")
    with pytest.raises(TypeError, match="path: expected str or a path, got None; write read"):
        location("path", None, "read(path)")
    choice("name", "a", {"a": 1, "b": 2})
    for other in ("c", 1, None, np.zeros(2)):
        with pytest.raises(ValueError, match="name: expected one of 'a', 'b', got "):
            choice("name", other, {"a": 1, "b": 2})
    assert each("values", (x for x in (1, 2)), int, "f([1, 2])") == (1, 2)
    with pytest.raises(ValueError, match="values: expected at least one, got none; write f"):
        each("values", [], int, "f([1, 2])")
    for others, got in ((1, "a list, got int"), ("ab", "a list, got str"), ([1, "a"], "int, got str")):
        with pytest.raises(TypeError, match=f"values: expected {got}; write f"):
            each("values", others, int, "f([1, 2])")
    assert keys("ab") == ("ab",) and keys(["a", "b"]) == ("a", "b")
    for others in (3, None, ["a", 3]):
        with pytest.raises(ValueError, match="keys: expected a list of words, got"):
            keys(others)


# Files in which something is there twice, or that are none


def test_an_array_twice_in_an_npz_is_refused(small: Path) -> None:
    path = small
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings(), archive.open("forces.npy") as member:
        warnings.simplefilter("ignore")  # Python says so, too
        content = member.read()
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("forces.npy", content)
    with pytest.raises(ValueError, match=r"a.npz: expected .*each array once, got 'forces' twice"):
        fl.io.read(path)


@pytest.mark.parametrize("name", ["θ", "npz", "mlearn", "FitSNAP"])
def test_a_key_twice_in_json_is_refused(tmp_path: Path, small: Path, name: str) -> None:
    path = small if name == "npz" else tmp_path / "a.json"
    if name == "θ":
        path.write_text('{"coef": [1, 2], "intercept": 0, "provenance": {"T": 1, "T": 2}}')
    elif name == "npz":
        with np.load(path) as file:
            arrays = dict(file) | {"provenance": '{"T": 1, "T": 2}'}
        np.savez(path, **arrays)
    elif name == "mlearn":
        path.write_text('[{"structure": {}, "outputs": {}, "T": 1, "T": 2}]')
    else:
        path.write_text('{"Dataset": {"Data": [{"Positions": [], "T": 1, "T": 2}]}}')
    read = fl.io.read_theta if name == "θ" else fl.io.read
    with pytest.raises(
        ValueError, match=r"a\.(json|npz): expected each key once, got 'T' twice; keep the one that counts"
    ):
        read(path)


def test_a_theta_within_lists_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "θ.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"θ.json: expected parameters θ, got little but 100000 brackets"):
        fl.io.read_theta(tmp_path / "θ.json")
    deep = json.dumps({"descriptor": "x"})[:-1] + ', "y": ' + "[" * 100_000
    np.savez(tmp_path / "θ.npz", coef=np.ones(2), intercept=0.0, provenance=deep)
    assert fl.io.read_theta(tmp_path / "θ.npz").provenance == {}


@pytest.mark.parametrize("place", ["FitSNAP", "MiLaDy", "meta.json", "seal"])
def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "f"
    if place == "FitSNAP":
        (folder / "g").mkdir(parents=True)
        os.mkfifo(folder / "g" / "a.json")
        with pytest.raises(ValueError, match="nothing of these"):
            fl.io.read(folder)
        (folder / "g" / "b.json").write_text('{"Dataset": {"Data": [{}]}}')
        with pytest.raises(ValueError, match="a.json: expected a file, got a pipe or a device; move it out"):
            fl.io.read(folder)
    elif place == "MiLaDy":
        folder.mkdir()
        (folder / "01_120_000001.eml").write_text("1 0.5\n")
        (folder / "01_120_000001.fml").write_text("1 0.5 0.5 0.5\n")
        os.mkfifo(folder / "01_120_000001.poscar")
        with pytest.raises(
            ValueError, match="01_120_000001.poscar: expected a file, got a pipe or a device; move it out"
        ):
            fl.io.read(folder)
    else:
        stored = written(folder, [trajectory(0)])
        target = stored.path / "meta.json" if place == "meta.json" else next((stored.path / "seals").iterdir())
        target.unlink()
        os.mkfifo(target)
        with pytest.raises(database.Damaged, match="expected a (file|seal), got a pipe"):
            database.Database.open(stored.path).read()
