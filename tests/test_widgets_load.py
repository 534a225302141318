"""The panel that loads data: every choice, without a kernel."""

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import ase.io
import ipywidgets
import numpy as np
import pytest
import traitlets
from ase import Atoms

import fisherlib as fl
from fisherlib.states import NONE
from fisherlib.widgets import LoadPanel

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
    monkeypatch.setattr(fl.io.listing, "PROJECT", tmp_path)
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


def refused(panel: LoadPanel, *words: str) -> None:
    assert panel.study is None and panel.last_error is not None
    for word in words:
        assert word in str(panel.last_error)
    assert "role='alert'" in panel.work.status.value


def test_the_files_at_hand_are_offered_and_the_first_is_read(folder: Path) -> None:
    for name in ("b.npz", "a.xyz"):
        write(folder / name)
    panel = LoadPanel(temperature=300.0)
    assert panel.state.options["path"] == ("a.xyz", "b.npz") and panel.state.path == "a.xyz"
    ok(panel)


def test_without_a_file_the_panel_asks_for_one() -> None:
    panel = LoadPanel()
    assert "give its path" in panel.work.status.value and panel.study is None and panel.last_error is None


def test_a_good_file_is_told_of_in_tables_and_drawn(good: Path) -> None:
    studies = []
    panel = LoadPanel(str(good), loaded=studies.append)
    ok(panel)
    assert studies == [panel.study]
    assert D in panel.columns.value and "16" in panel.card.value
    assert [entry.name for entry in panel.health][:2] == ["trajectories", "configurations"]
    assert panel.state.descriptors == D and panel.state.force_descriptors == PHI and panel.state.forces == "forces"
    np.testing.assert_allclose(panel.study.models["θ_f"].theta, THETA, rtol=1e-9)


def test_a_path_that_is_typed_is_offered_and_read(good: Path, folder: Path) -> None:
    panel, away = panel_of(good), folder / "away"
    away.mkdir()
    other = write(away / "other.npz", seed=1)
    choose, field = panel.children[1].children[:2]
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
    field = panel.children[3].children[0]
    assert field.description == "Temperature, K" and panel.study.data.temperatures == [300.0]
    field.set_state({"value": "1200"})
    ok(panel)
    assert panel.state.temperature == 1200.0 and panel.data.temperatures == [1200.0]
    field.set_state({"value": ""})
    ok(panel)
    assert panel.state.temperature is None and panel.data.temperatures == [300.0]


@pytest.mark.parametrize("typed", ["hot", "-300", "0", "nan", "inf"])
def test_what_is_no_temperature_is_refused_in_words(good: Path, typed: str) -> None:
    panel = panel_of(good)
    field = panel.children[3].children[0]
    field.set_state({"value": typed})
    assert "temperature: expected a" in str(panel.last_error)
    field.set_state({"value": "400"})
    ok(panel)


def test_a_missing_temperature_is_asked_for_by_the_name_of_its_field(columns: Path) -> None:
    panel = panel_of(columns)
    refused(panel, "fill in the field Temperature, K")
    drawn(panel)
    panel.children[3].children[0].set_state({"value": "300"})
    ok(panel)


def test_selectors_offer_what_fits_and_every_choice_is_read(columns: Path) -> None:
    panel = panel_of(columns, temperature=300.0)
    ok(panel)
    state = panel.state
    assert set(state.options["force_descriptors"]) == {PHI, "Phi2", "Phi5"}
    assert set(state.options["descriptors"]) == {D, "D2"}  # with K = 4
    assert set(state.options["forces"]) == {"forces", "forces2"}
    assert set(state.options["energies"]) == {"energy", "energy2"}
    assert set(state.options["key"]) == {NONE, "walker", "basin"} and state.key == NONE
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
    state.key = NONE
    assert len(panel.data) == 1


def test_descriptors_follow_the_force_descriptors(columns: Path) -> None:
    panel = panel_of(columns, temperature=300.0)
    panel.state.force_descriptors = "Phi5"
    assert panel.state.options["descriptors"] == ("D5",) and panel.state.descriptors == "D5"
    assert panel.last_error is None and panel.data.K == panel.study.data.K == 5
    panel.state.force_descriptors = "Phi2"
    assert panel.last_error is None and panel.data.K == 4 and panel.state.descriptors == D
    choose = next(c for c in panel.children[3].children if c.description == "Descriptors")
    assert choose.value == panel.state.descriptors and set(choose.options) == {D, "D2"}


@pytest.mark.parametrize("name", ["md.npz", "md.pkl", "md.xyz"])
def test_where_several_could_be_the_person_is_asked_and_an_only_one_is_taken(folder: Path, name: str) -> None:
    def rename(atoms: Atoms) -> None:
        for old, new in ((D, "Da"), (PHI, "Phia"), ("forces", "f_dft")):
            atoms.set_array(new, atoms.arrays.pop(old))
        atoms.set_array("Db", -atoms.arrays["Da"])

    panel = panel_of(write(folder / name, change=rename), temperature=300.0)
    if panel.state.force_descriptors == "" and "Phia" in panel.state.options["force_descriptors"]:
        panel.state.force_descriptors = "Phia"
    assert panel.state.forces == "f_dft" and panel.state.force_descriptors == "Phia"
    refused(panel, "descriptors: expected one such column", "Da", "Db")
    choose = next(c for c in panel.children[3].children if c.description == "Descriptors")
    assert panel.state.descriptors == "" and choose.value is None and set(choose.options) == {"Da", "Db"}
    choose.set_state({"index": choose.options.index("Da")})
    ok(panel)
    np.testing.assert_allclose(panel.study.models["θ_f"].theta, THETA, rtol=1e-9)


@pytest.mark.parametrize("role", ["descriptors", "force_descriptors", "forces", "energies", "key"])
def test_columns_that_are_not_there_are_refused(columns: Path, role: str) -> None:
    panel = panel_of(columns, temperature=300.0, **{role: "no such"})
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
    tick = panel.children[3].children[-1]
    assert "∂D/∂x" in tick.description and tick.layout.display == "flex"
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
    choose, field = panel.children[2].children[:2]
    assert choose.options == (NONE, "theta_mine.json")
    choose.set_state({"index": 1})
    ok(panel)
    assert list(panel.study.models) == ["θ_f", "θ (given)", "Fisher + KL"] and field.value == "theta_mine.json"
    np.testing.assert_array_equal(panel.study.models["θ (given)"].theta, THETA + 0.1)
    field.set_state({"value": ""})
    ok(panel)
    assert panel.state.theta == NONE and "θ (given)" not in panel.study.models


@pytest.mark.parametrize("kind", ["another K", "no θ", "missing"])
def test_a_theta_that_does_not_fit_is_refused(good: Path, folder: Path, kind: str) -> None:
    path = folder / "theta.json"
    if kind == "another K":
        fl.io.write_theta(fl.LinearPotential(theta=np.ones(7)), path)
    elif kind == "no θ":
        path.write_text("{}")
    panel = panel_of(good, theta=str(path))
    refused(panel, *{"another K": ("K = 4", "got 7"), "no θ": ("'coef'",), "missing": ("theta.json",)}[kind])
    drawn(panel)
    panel.state.theta = NONE
    ok(panel)


def test_the_columns_of_a_file_are_forgotten_with_it(columns: Path, good: Path) -> None:
    panel = panel_of(columns, temperature=300.0, descriptors="D2", force_descriptors="Phi2", key="walker")
    ok(panel)
    first = panel.data
    panel.state.gradient = True
    panel.state.path = str(good)
    ok(panel)
    assert panel.state.descriptors == D and not panel.state.gradient and panel.state.key == ""
    panel.state.path = str(columns)  # and back: its columns are guessed afresh
    ok(panel)
    assert panel.state.descriptors == D and panel.state.key == NONE
    panel.state.descriptors, panel.state.force_descriptors, panel.state.key = "D2", "Phi2", "walker"
    np.testing.assert_array_equal(panel.data["hot"].force_descriptors, first["hot"].force_descriptors)


def test_a_file_is_read_once_for_all_its_columns(columns: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, real = [], fl.io.open
    monkeypatch.setattr(fl.io, "open", lambda path: (opened.append(str(path)), real(path))[1])
    panel = panel_of(columns, temperature=300.0)
    panel.state.forces, panel.state.temperature = "forces2", 400.0
    panel.state.forces = "forces"
    panel.redraw()  # back from another page
    ok(panel)
    assert opened == [str(columns)]


@pytest.mark.parametrize("name", ["data", "θ"])
def test_an_upload_is_chosen_and_one_of_the_same_name_is_read_again(good: Path, folder: Path, name: str) -> None:
    panel = panel_of(good)
    upload = panel.children[1 if name == "data" else 2].children[2]
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
    upload = panel.children[1].children[2]
    upload.send = lambda *_: None
    upload._handle_custom_msg({"number": 1, "name": "big.npz", "size": 10**12, "offset": 0}, [])
    assert "give its path" in panel.work.status.value and panel.study is not None


class Slow:
    """A reader that waits for a sign, before a file is open or when its descriptors would be computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, slow: Path, stage: str = "open") -> None:
        self.go, self.begun = threading.Event(), threading.Event()
        place = fl.io if stage == "open" else fl.io.Opened
        real = getattr(place, stage)

        def waiting(what: object, **chosen: object) -> object:
            if Path(getattr(what, "path", what)) == slow:
                self.begun.set()
                self.go.wait(60)
            return real(what, **chosen)

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
        panel = panel_of(columns, temperature=300.0)
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


def test_a_page_that_displays_the_figure_is_told_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = LoadPanel(str(write(tmp_path / "md.npz")))
    told: list[object] = []
    monkeypatch.setattr("ipywidgets.Widget.send_state", lambda widget, key=None: told.append(widget))
    panel.figure._view_count = 1
    assert {panel.card, panel.columns, panel.work.status} <= {w for w in told if type(w).__name__ == "HTML"}
    told.clear()
    panel.figure._view_count = 0  # the page was closed
    assert panel.card not in told


def test_a_database_is_loaded_and_leaves_nothing_to_choose(few_walkers: fl.Dataset, tmp_path: Path) -> None:
    fl.io.write(few_walkers, tmp_path / "db")
    panel = LoadPanel(str(tmp_path / "db"))
    panel.work.wait()
    assert panel.study is not None and list(panel.data) == list(few_walkers)
    assert panel.columns.value == "A database of 4 trajectories, in which there is nothing to choose."
    assert all(not panel.state.options[role] for role in ("forces", "energies", "key"))
