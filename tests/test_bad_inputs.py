"""Bad inputs of every kind, by real files where files matter: what is refused, warned of or mended, in which words."""

import builtins
import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_io_opened import THETA, configurations
from test_io_opened import write as write_random
from test_real_data import MOLYBDENUM, TANTALUM, molybdenum, needs
from test_self_checks import a_descriptor_twice, spoilt, thirty_again

import fisherlib as fl
from fisherlib import diagnostics
from fisherlib.units import BOHR, HARTREE

D, PHI = "milady-descriptors", "milady-descriptors-forces"
M, N = 12, 55
Arrays = dict[str, NDArray]


@pytest.fixture(scope="module")
def sound(few_walkers: fl.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    """The arrays of a file with twelve configurations of each of two walkers of the shipped data."""
    path = tmp_path_factory.mktemp("sound") / "sound.npz"
    two = [t.slice(0, M) for t in list(few_walkers.values())[:2]]
    fl.io.write(fl.Dataset(two, provenance=few_walkers.provenance), path)
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


@pytest.fixture
def written(sound: Arrays, tmp_path: Path) -> Callable[..., Path]:
    """A maker of files that differ from sound data by some arrays."""

    def write(**changes: Any) -> Path:
        path = tmp_path / "md.npz"
        np.savez(path, **{**sound, **changes})
        return path

    return write


def broken(array: NDArray, places: list[tuple[int, ...]], value: float = np.nan) -> NDArray:
    array = array.copy()
    for place in places:
        array[place] = value
    return array


def theta_of(data: fl.Dataset) -> NDArray:
    return fl.solve(fl.fisher(fl.accumulate(data).total(), 1.0)).theta


def by_name(verdicts: list[Any]) -> dict[str, Any]:
    return {v.name: v for v in verdicts}


def test_sound_data_are_read_without_a_word(written: Callable[..., Path]) -> None:
    data = fl.io.read(written())  # a warning would be an error here
    assert len(data.energies) == 2 * M and "dropped" not in data.provenance and "copies" not in data.provenance


# NaN and infinite numbers


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("name", "places", "words"),
    [
        (
            "energies",
            [(M + 3,), (M + 5,)],
            "energies of trajectory 'walker-01': .*got 2 .* the first in configuration 3;",
        ),
        (
            "forces",
            [(2 * N + 7, 1)],
            "forces of trajectory 'walker-00': .*got 1 .* the first in configuration 2, atom 7;",
        ),
        (
            PHI,
            [((M + 1) * N + 4, 2, 9), ((M + 1) * N + 4, 2, 10)],
            "force_descriptors of trajectory 'walker-01': .*got 2 .* configuration 1, atom 4, descriptor 'Cu-CuCu l0 ",
        ),
        (
            D,
            [(3, 104)],
            "descriptors of trajectory 'walker-00': .*got 1 .* configuration 0, atom 3, descriptor 'Cu-CuCu l4",
        ),
    ],
)
def test_a_number_that_is_none_is_refused_with_its_place(
    written: Callable[..., Path], sound: Arrays, name: str, places: list, words: str, value: float
) -> None:
    path = written(**{name: broken(sound[name], places, value)})
    with pytest.raises(ValueError, match=words) as caught:
        fl.io.read(path)
    assert "on_bad='drop'" in str(caught.value)


def test_whole_configurations_can_be_left_out_and_are_recorded(written: Callable[..., Path], sound: Arrays) -> None:
    path = written(
        energies=broken(sound["energies"], [(M + 3,)]),
        forces=broken(sound["forces"], [(2 * N + 7, 1), (2 * N + 8, 0), ((M + 4) * N, 2)], np.inf),
        **{PHI: broken(sound[PHI], [(5 * N, 0, 0)]), D: broken(sound[D], [(3 * N + 1, 17)])},
    )
    with pytest.warns(UserWarning, match=r"md\.npz: 5 of 24 configurations have NaN .* left out.*walker-01") as caught:
        data = fl.io.read(path, on_bad="drop")
    assert len(caught) == 1 and "configurations 2, 3, 5 of 'walker-00'" in str(caught[0].message)
    assert data.provenance["dropped"] == {"walker-00": [2, 3, 5], "walker-01": [3, 4]}
    whole = fl.io.read(written())
    for key, gone in data.provenance["dropped"].items():
        left = np.setdiff1d(np.arange(M), gone)
        np.testing.assert_array_equal(data[key].energies, whole[key].energies[left])
        np.testing.assert_array_equal(data[key].descriptors, whole[key].descriptors[left])
        for name in ("forces", "force_descriptors", "positions", "species"):
            rows = getattr(whole[key], name).reshape(M, -1)[left]
            np.testing.assert_array_equal(getattr(data[key], name).reshape(len(left), -1), rows)
    again = path.with_name("again.npz")
    fl.io.write(data, again)
    assert fl.io.read(again).provenance["dropped"] == data.provenance["dropped"]


@pytest.mark.parametrize("kind", ["npz", "pickle", "extxyz"])
def test_configurations_of_differing_size_are_left_out_of_every_format(tmp_path: Path, kind: str) -> None:
    content = configurations()
    content["cold"][1].arrays["forces"][0, 1] = np.nan
    content["hot"][3].arrays[PHI][1, 2, 0] = np.inf
    opened = fl.io.open(write_random(tmp_path, kind, content))
    options = {"key": "walker"} if kind == "extxyz" else {}
    with pytest.warns(UserWarning, match="2 of 8 configurations have NaN"):
        data = opened.dataset(on_bad="drop", check=False, **options)
    assert data.provenance["dropped"] == {"cold": [1], "hot": [3]}
    sizes = [len(content[key][m]) for key, m in [*(("cold", m) for m in (0, 2, 3)), *(("hot", m) for m in (0, 1, 2))]]
    assert data.n_atoms.tolist() == sizes
    np.testing.assert_allclose(theta_of(data), THETA, rtol=1e-6)


def test_a_trajectory_of_which_nothing_is_left_is_recorded_too(written: Callable[..., Path], sound: Arrays) -> None:
    energies = sound["energies"].copy()
    energies[:M] = np.nan
    with pytest.warns(UserWarning, match=r"12 of 24 .*: configurations 0, 1, 2, 3, 4 … of 'walker-00' \("):
        data = fl.io.read(written(energies=energies), on_bad="drop")
    assert list(data) == ["walker-01"] and data.provenance["dropped"] == {"walker-00": list(range(M))}
    with pytest.raises(ValueError, match="on_bad: expected some configurations without NaN .*: 'energies', 'forces'"):
        fl.io.read(written(energies=np.full(2 * M, np.nan)), on_bad="drop")


def test_bad_numbers_in_a_column_that_is_not_taken_leave_nothing_out(
    written: Callable[..., Path], sound: Arrays
) -> None:
    data = fl.io.read(written(charges=np.full(len(sound["forces"]), np.nan)), on_bad="drop")
    assert len(data.energies) == 2 * M and "dropped" not in data.provenance


def test_descriptors_are_computed_of_what_is_left(tmp_path: Path, root: Path) -> None:
    (frames, *_) = fl.io.read_frames(root / "data" / "cu55_1200K.npz")
    few = {name: getattr(frames, name)[: 3 * N] for name in ("numbers", "positions", "forces")}
    few["positions"] = broken(few["positions"], [(N + 1, 0)])
    few |= {"n_atoms": frames.n_atoms[:3], "energies": frames.energies[:3]}
    fl.io.write_frames([dataclasses.replace(frames, **few)], tmp_path / "raw.npz")
    with pytest.warns(UserWarning, match="1 of 3 configurations .*: configuration 1 of 'walker-00'"):
        data = fl.io.read(tmp_path / "raw.npz", on_bad="drop", check=False)
    assert data.provenance["dropped"] == {"walker-00": [1]} and data.K == 105
    with pytest.raises(ValueError, match="positions of trajectory 'walker-00': .* in configuration 1, atom 1; repair"):
        fl.io.read(tmp_path / "raw.npz")


def test_there_are_two_things_to_do_about_bad_numbers(written: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match="on_bad: expected 'refuse' or 'drop', got 'drop-frame'"):
        fl.io.read(written(), on_bad="drop-frame")


# Ragged N


@pytest.mark.parametrize("kind", ["npz", "pickle", "extxyz"])
def test_configurations_of_differing_size_are_nothing_special(tmp_path: Path, kind: str) -> None:
    data = fl.io.read(write_random(tmp_path, kind, configurations()), check=False)
    assert len(set(data.n_atoms.tolist())) > 1
    np.testing.assert_allclose(theta_of(data), THETA, rtol=1e-6)  # extended xyz has eight digits


# Sign and units


def test_a_wrong_sign_is_refused_and_put_right_by_saying_so(written: Callable[..., Path], sound: Arrays) -> None:
    path = written(**{PHI: -sound[PHI]})
    with pytest.raises(ValueError, match=r"md\.npz: sign of the force descriptors: .* read it with gradient=True"):
        fl.io.read(path)
    np.testing.assert_array_equal(fl.io.read(path, gradient=True).forces, fl.io.read(written()).forces)


@pytest.mark.parametrize(
    ("name", "factor", "words"),
    [
        ("forces", BOHR / HARTREE, "forces look like Ha/Bohr, not eV/Å"),
        ("energies", 1 / HARTREE, "energies look like Ha, not eV"),
        ("energies", 1 / N, "energies look like energies per atom, not totals"),
    ],
)
def test_units_are_told_by_the_slope_of_energies(
    written: Callable[..., Path], sound: Arrays, name: str, factor: float, words: str
) -> None:
    with pytest.warns(UserWarning, match=rf"md\.npz: units: energies rise by .*, expected 1; .*{words}"):
        fl.io.read(written(**{name: factor * sound[name]}))


# Columns that are missing, and θ of something else


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"force_descriptors": "milady-descriptor-forces"}, f"force_descriptors: no column .*did you mean '{PHI}'"),
        ({"descriptors": "Milady_Descriptors"}, f"descriptors: no column 'Milady_Descriptors' .did you mean '{D}'"),
        (
            {"forces": "f_odl"},
            r"forces: no column 'f_odl' \(did you mean 'f_old'\?\) in .*; it has .*; name it by forces=",
        ),
        (
            {"energies": "e_odl"},
            r"energies: no 'e_odl' \(did you mean 'e_old'\?\) in .*; it has .*; name it by energies=",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["npz", "pickle", "extxyz"])
def test_a_misspelt_column_is_answered_with_the_nearest(tmp_path: Path, kind: str, asked: dict, words: str) -> None:
    content = configurations()
    for atoms in (a for members in content.values() for a in members):
        atoms.arrays["f_old"] = atoms.arrays["forces"].copy()
    path = write_random(tmp_path, kind, content, e_old=np.arange(8.0) + 0.5)
    with pytest.raises(ValueError, match=words):
        fl.io.read(path, **asked)


def test_a_usual_name_in_other_letters_is_offered(tmp_path: Path) -> None:
    content = configurations()
    for atoms in (a for members in content.values() for a in members):
        atoms.arrays["Forces_0"] = atoms.arrays["forces"].copy()
        atoms.arrays["Forces_1"] = atoms.arrays.pop("forces")  # one alone would be taken
    with pytest.raises(
        ValueError,
        match=r"no column 'forces' \(did you mean 'Forces_1' or 'Forces_0'\?\) in md.pkl, key 'cold'; it has",
    ):
        fl.io.read(write_random(tmp_path, "pickle", content))


def test_where_nothing_can_be_chosen_the_name_there_is_is_offered(tmp_path: Path) -> None:
    path = write_random(tmp_path, "npz", configurations())
    with pytest.raises(ValueError, match=r"energies: expected none .* got 'energie' \(did you mean 'energies'\?\)"):
        fl.io.read(path, energies="energie")


def test_a_name_like_none_of_them_gets_no_guess(written: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match="no column 'x'; the file has") as caught:
        fl.io.read(written(), descriptors="x")
    assert "did you mean" not in str(caught.value)


@pytest.fixture(scope="module")
def theta(root: Path) -> fl.LinearPotential:
    return fl.io.read_theta(root / "data" / "theta_energy.json")


def of_other(theta: fl.LinearPotential, **settings: object) -> fl.LinearPotential:
    about = {**theta.provenance, "descriptor": {**theta.provenance["descriptor"], **settings}}
    return dataclasses.replace(theta, provenance=about)


def test_a_theta_of_another_length_is_refused_with_both_descriptors(
    written: Callable[..., Path], theta: fl.LinearPotential
) -> None:
    names = theta.descriptor_names[:50]
    short = dataclasses.replace(of_other(theta, n_max=4, K=50), theta=theta.theta[:50], descriptor_names=names)
    words = (
        r"theta: expected K = 105 parameters as in the data, got shape \(50,\); both must use the same descriptor, and the "
        r"data have SOAP \(cutoff 5.0, n_max 6, .* K = 105\), θ SOAP \(cutoff 5.0, n_max 4, .* K = 50\)"
    )
    data = fl.io.read(written())
    with pytest.raises(ValueError, match=words):
        fl.io.read(written(), theta=short)
    with pytest.raises(ValueError, match=words):
        fl.trust.verdicts(data, model=short)
    with pytest.raises(ValueError, match=r"data have SOAP \(.*\), θ one that is not known"):
        fl.io.read(written(), theta=short.theta)


def test_a_theta_of_other_settings_is_warned_of_with_both(
    written: Callable[..., Path], theta: fl.LinearPotential
) -> None:
    other = of_other(theta, cutoff=6.5)
    words = r"another descriptor than the data: with SOAP \(cutoff 6.5, .*\), the data with SOAP \(cutoff 5.0, .*; take the same"
    with pytest.warns(UserWarning, match=words):
        data = fl.io.read(written(), theta=other)
    for judge in (diagnostics.consistency, diagnostics.check, diagnostics.health):
        assert by_name(judge(data, theta=other))["descriptor of θ"].level == "warn"
    with pytest.raises(
        ValueError, match=r"data: expected the descriptor of the potential .* SOAP \(cutoff 6.5, .*other: cutoff"
    ):
        fl.trust.verdicts(data, model=other)


def test_a_theta_of_the_same_settings_or_of_unknown_ones_is_taken(
    written: Callable[..., Path], theta: fl.LinearPotential, tmp_path: Path
) -> None:
    fl.io.write_theta(theta, tmp_path / "theta.json")
    again = fl.io.read_theta(tmp_path / "theta.json")  # through JSON
    same = of_other(theta, library="featomic 9.9")
    for known in (theta, again, same, dataclasses.replace(theta, provenance={}), theta.theta):
        data = fl.io.read(written(), theta=known)  # a warning would be an error here
        found = by_name(diagnostics.consistency(data, theta=known))
        assert "descriptor of θ" not in found and found["sign by θ"].level == "ok"


def test_a_theta_of_another_kind_of_descriptor_is_warned_of(
    written: Callable[..., Path], theta: fl.LinearPotential
) -> None:
    snap = dataclasses.replace(theta, provenance={"descriptor": {"name": "SNAP", "twojmax": 6, "K": 105}})
    found = by_name(diagnostics.consistency(fl.io.read(written()), theta=snap))["descriptor of θ"]
    assert found.level == "warn" and "with SNAP (twojmax 6, K = 105), the data with SOAP (" in found.message


# Object arrays in memory; those in pickles are the business of their reader


def test_objects_that_are_numbers_are_taken_and_others_refused(ragged: Callable) -> None:
    t = ragged(0)["t0"]
    same = dataclasses.replace(t, energies=t.energies.astype(object), descriptors=t.descriptors.astype(object))
    assert same.energies.dtype == same.descriptors.dtype == np.float64
    uneven = np.empty(len(t), dtype=object)
    uneven[:] = [np.zeros(3)] * (len(t) - 1) + [np.zeros(2)]
    for values in (uneven, [[1.0, 2.0], [3.0]], np.array(["a"] * len(t), dtype=object)):
        with pytest.raises(ValueError, match="descriptors of trajectory 't0': expected numbers, got (ndarray|list)"):
            dataclasses.replace(t, descriptors=values)


def test_an_npz_of_objects_is_refused_in_a_sentence(written: Callable[..., Path], sound: Arrays) -> None:
    with pytest.raises(
        ValueError, match=r"md\.npz: expected an intact \.npz of plain arrays, got a damaged or another one"
    ):
        fl.io.read(written(energies=sound["energies"].astype(object)))


# Directions that forces do not determine


def test_a_singular_fit_says_how_many_directions_and_which_descriptors(few_walkers: fl.Dataset) -> None:
    def spoil(t: fl.Trajectory, rng: np.random.Generator) -> dict[str, Any]:
        made = a_descriptor_twice(t, rng)  # D105 = 2 D3
        more = {
            n: np.column_stack([made[n], made[n][:, 7] - made[n][:, 8]]) for n in ("descriptors", "force_descriptors")
        }
        return made | more  # D106 = D7 − D8

    data = spoilt(few_walkers, spoil)
    loss = fl.fisher(fl.accumulate(data), 1200.0)
    fit = fl.solve(loss)
    assert (fit.rank, len(fit.theta), fit.method) == (105, 107, "truncated")
    words = "forces leave 2 of 107 directions of θ undetermined, spanned by D3, D7, D8, D105, D106: there θ_f"
    for verdicts in (diagnostics.check(data), diagnostics.health(data), fl.trust.verdicts(data)):
        verdict = by_name(verdicts)["undetermined"]
        assert verdict.level == "warn" and verdict.message.startswith(words) and "add a ridge" in verdict.message
    ridged = fl.solve(loss + fl.ridge(1e-6 * float(np.trace(loss.A)) / 107, 107))
    assert ridged.rank == 107 and ridged.method == "cholesky"


def test_more_descriptors_than_are_named_are_counted(ragged: Callable) -> None:
    data = ragged(0, K=30, configurations=2, atoms=(1, 2), temperatures=(300.0,))
    rows = len(data.forces)
    (verdict,) = [v for v in diagnostics.check(data) if v.name == "undetermined"]
    assert verdict.value == 30 - rows == 30 - fl.solve(fl.fisher(fl.accumulate(data))).rank
    assert f"{30 - rows} of 30 directions" in verdict.message and "D7 and 22 more: there" in verdict.message


# Copies


def test_copies_are_counted_and_can_be_left_out(few_walkers: fl.Dataset) -> None:
    double = spoilt(few_walkers, thirty_again, one=True)
    verdict = by_name(diagnostics.consistency(double))["duplicates"]
    assert verdict.level == "warn" and verdict.value == 30
    assert verdict.message.startswith(
        "30 of 230 configurations are copies of others: they count twice in every average"
    )
    assert verdict.message.endswith("leave them out by diagnostics.without_copies(data)")
    single = diagnostics.without_copies(double)
    assert single.provenance["copies"] == {"walker-03": list(range(50, 80))} and list(single) == list(few_walkers)
    for key, t in few_walkers.items():
        for name in (f.name for f in dataclasses.fields(t)):
            np.testing.assert_array_equal(getattr(single[key], name), getattr(t, name))
    assert by_name(diagnostics.consistency(single))["duplicates"].level == "ok"
    assert diagnostics.without_copies(few_walkers) is few_walkers


def test_copies_between_trajectories_of_differing_sizes_are_left_out(ragged: Callable) -> None:
    data = ragged(0, configurations=9)
    first, second = data.values()
    part = first.slice(2, 5)
    names = [f.name for f in dataclasses.fields(first) if isinstance(getattr(first, f.name), np.ndarray)]
    joined = {n: np.concatenate([getattr(p, n) for p in (second.slice(0, 4), part, second.slice(4, 9))]) for n in names}
    double = fl.Dataset([first, dataclasses.replace(second, **joined), dataclasses.replace(part, key="part")])
    single = diagnostics.without_copies(double)
    assert single.provenance["copies"] == {"t1": [4, 5, 6], "part": [0, 1, 2]} and list(single) == ["t0", "t1"]
    for name in names:
        np.testing.assert_array_equal(getattr(single["t1"], name), getattr(second, name))


def test_a_whole_trajectory_twice_is_judged_and_its_moments_are_not_added_unseen(few_walkers: fl.Dataset) -> None:
    again = dataclasses.replace(few_walkers["walker-00"], key="again")
    double = fl.Dataset([*few_walkers.values(), again])
    moments = fl.accumulate(double)
    with pytest.raises(ValueError, match="would count twice"):
        moments["walker-00"] + moments["again"]
    with pytest.raises(ValueError, match="got those of 'walker-00' again as 'again'; they would count twice"):
        moments.drop("again") + moments.select("again")
    for verdicts in (diagnostics.check(double), fl.trust.verdicts(double)):
        found = by_name(verdicts)["duplicates"]
        assert found.level == "fail" and "'again' of 'walker-00' (50 of 250" in found.message
        assert found.message.endswith("drop one of 'walker-00' and 'again', or take diagnostics.without_copies(data)")
    single = diagnostics.without_copies(double)
    assert list(single) == list(few_walkers) and single.provenance["copies"] == {"again": list(range(50))}
    np.testing.assert_array_equal(theta_of(single), theta_of(few_walkers))


def test_a_file_with_copies_is_read_with_a_warning(written: Callable[..., Path], sound: Arrays) -> None:
    twice: Arrays = {}
    for name, rows in {
        "n_atoms": 3,
        "energies": 3,
        "numbers": 3 * N,
        "positions": 3 * N,
        "forces": 3 * N,
        D: 3 * N,
        PHI: 3 * N,
    }.items():
        twice[name] = np.concatenate([sound[name], sound[name][-rows:]])
    path = written(**twice, configurations=[M, M + 3])
    with pytest.warns(UserWarning, match=r"md\.npz: 3 of 27 configurations are copies .*diagnostics\.without_copies"):
        data = fl.io.read(path)
    assert len(diagnostics.without_copies(data).energies) == 2 * M


# Too few samples


def test_fewer_than_five_rows_a_parameter_are_warned_of(few_walkers: fl.Dataset, tmp_path: Path) -> None:
    few = fl.Dataset([few_walkers["walker-00"].slice(0, 3)])
    words = "only 495 force components for 105 parameters: θ_f fits noise; add configurations"
    assert by_name(diagnostics.consistency(few))["enough data"].message == words
    assert by_name(fl.trust.verdicts(few))["enough data"].level == "warn"
    fl.io.write(few, tmp_path / "few.npz")
    with pytest.warns(UserWarning, match=words):
        fl.io.read(tmp_path / "few.npz")


@pytest.mark.parametrize(("configurations", "level"), [(8, "fail"), (13, "warn")])
def test_fewer_than_fifteen_independent_configurations_are_warned_of(
    few_walkers: fl.Dataset, configurations: int, level: str
) -> None:
    few = fl.Dataset([few_walkers["walker-00"].slice(0, configurations)])
    found = by_name(fl.trust.verdicts(few))["independent blocks"]
    assert found.level == level and found.value < 15
    card = by_name(diagnostics.health(few))["independent energies"]
    assert (
        card.level == "warn"
        and "energies are independent (autocorrelation time of the energies " in card.message
        and card.message.endswith("averages over them are rough; run longer")
    )


def test_plots_say_why_there_are_no_bars(few_walkers: fl.Dataset) -> None:
    study = fl.study.Study(fl.Dataset([few_walkers["walker-00"].slice(0, 8)]))
    fit = fl.solve(study.terms.fisher)
    assert study.reason.startswith(
        "they need 10 independent blocks, and by the scores of the fit to forces there are about"
    )
    assert study.standard_errors(fit) is None and study.bands() == {}
    figure = fl.figures.coefficients({"θ_f": fit.theta}, names=few_walkers.descriptor_names, errors={})
    assert (
        "no error bars: they need ten independent blocks"
        in figure.layout.title.subtitle.text + figure.layout.title.text
    )


# Another machine, another BLAS


def exact(Phi: NDArray, F: NDArray) -> NDArray:
    """θ of least squares by QR with refinement in extended precision, which does not square the condition."""
    scale = np.linalg.norm(Phi, axis=0)
    Q, R = np.linalg.qr(Phi / scale)
    X, y = (Phi / scale).astype(np.longdouble), np.zeros(Phi.shape[1], dtype=np.longdouble)
    for _ in range(6):
        gradient = X.T @ (F - X @ y)
        y = y + np.linalg.solve(R, np.linalg.solve(R.T, gradient.astype(np.float64)))
    return y / scale


def rows_of(name: str, request: pytest.FixtureRequest) -> tuple[NDArray, NDArray]:
    if name == "tantalum":
        with np.load(TANTALUM, allow_pickle=False) as file:
            chosen = file["row_type"].astype(str) == "Force"
            A, F = file["A"][chosen], file["b"][chosen]
        return A[:, np.abs(A).max(axis=0) > 0], F
    data = molybdenum("test") if name == "molybdenum" else request.getfixturevalue("few_walkers").select("walker-00")
    return np.concatenate([t.force_descriptors for t in data.values()]), data.forces


@pytest.mark.parametrize(
    "name",
    [
        "copper",
        pytest.param("molybdenum", marks=needs(MOLYBDENUM)),
        pytest.param("tantalum", marks=needs(TANTALUM)),
    ],
)
def test_rows_in_any_order_and_any_blocks_give_theta_within_the_bound(
    name: str, request: pytest.FixtureRequest
) -> None:
    Phi, F = rows_of(name, request)
    theta, rng = exact(Phi, F), np.random.default_rng(0)
    scale = np.linalg.norm(Phi, axis=0)
    for rows in (17, 1000, 5000, len(F)):
        order = rng.permutation(len(F))
        A = b = 0.0
        for start in range(0, len(F), rows):
            X = Phi[order[start : start + rows]]
            A, b = A + X.T @ X, b + X.T @ F[order[start : start + rows]]
        fit = fl.solve(fl.Quadratic(A, b, float(F @ F)))
        away = float(np.linalg.norm((fit.theta - theta) * scale) / np.linalg.norm(theta * scale))
        kappa = np.linalg.cond(Phi / scale)
        assert fit.rounding == pytest.approx(10 * kappa**2 * 2.22e-16, rel=1e-2)
        assert away < fit.rounding < 1e-6


def test_the_bound_is_said_among_the_verdicts(few_walkers: fl.Dataset) -> None:
    bound = fl.solve(fl.fisher(fl.accumulate(few_walkers))).rounding
    message = by_name(diagnostics.check(few_walkers))["null directions"].message
    assert message == f"forces determine all 105 parameters, within {bound:.0e} of θ on any machine"


def test_versions_tell_the_blas_with_its_kernels_and_threads() -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    said = fl.io.versions()["blas"]
    for library in threadpoolctl.threadpool_info():
        if library["user_api"] == "blas":
            assert f"{library['internal_api']} {library['version']}" in said
            assert f"{library['num_threads']} thread" in said and (library.get("architecture") or "") in said


def test_versions_tell_the_blas_of_numpy_without_threadpoolctl(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any) -> object:
        if name == "threadpoolctl":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    assert fl.io.versions()["blas"] == f"{built['name']} {built['version']}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(isinstance(value, str) for value in fl.io.versions().values())
