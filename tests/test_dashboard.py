"""The dashboard as a whole: header, pages and figure speak of one file, or all say why there is none, whatever is clicked."""

import asyncio
import functools
import itertools
import threading
from collections.abc import Callable
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from networks import Slow
from test_widgets_load import THETA, asked, control, write

import fisherlib as fl
from fisherlib.widgets import Dashboard, LoadPanel
from fisherlib.widgets.compare import PRICE
from fisherlib.widgets.dashboard import TITLES, _about
from fisherlib.widgets.heartbeat import Heartbeat
from fisherlib.widgets.panel import STYLE
from fisherlib.widgets.reading import Subject
from fisherlib.widgets.states import NONE, ONE_RUN

HEADINGS = {
    "Load": "Energies by trajectory",
    "Fit": "The fit",
    "Fits": "Fits side by side",
    "Compare": "Distribution of energies",
    "Structures": "Force RMSE against Leverage",
    "Landscape": "",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of every sort: good ones, one that asks for two answers, one of a wrong sign, one that is none, and two θ."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fl.io.places, "PROJECT", tmp_path)
    write(tmp_path / "demo.npz")
    write(tmp_path / "large.npz", theta=np.arange(1.0, 8.0), seed=1)
    write(tmp_path / "own.xyz", seed=2)
    write(tmp_path / "wrong.npz", seed=3, change=lambda a: a.arrays.update({"milady-descriptors-forces": -a.arrays["milady-descriptors-forces"]}))  # fmt: skip
    (tmp_path / "bad.npz").write_bytes(b"PK not an archive")
    fl.io.write_theta(fl.LinearPotential(theta=THETA + 0.1), tmp_path / "theta_demo.json")
    fl.io.write_theta(fl.LinearPotential(theta=np.ones(7)), tmp_path / "theta_large.json")
    return tmp_path


def agree(dashboard: Dashboard) -> None:
    """Header, every page and the figure speak of the same file, or all say the same reason."""
    load, subject, header = dashboard.load, dashboard.load.subject, unescape(dashboard._about.value)
    assert load.work.last_error is None or subject.study is None or asked(load)
    on_load = dashboard.pages.value == "Load"
    heading, traces = dashboard.figure.layout.title.text or "", dashboard.figure.data
    if subject.study is None:
        assert "No data yet" in header and subject.file in header and subject.reason in header
        assert dashboard._place.children == ((load,) if on_load else (dashboard.nothing,))
        assert not traces or (on_load and [t.name for t in traces] == list(load.data))
        assert load.reading.study is None and Path(load.state.path).name == subject.file
        return
    data = subject.study.data
    assert f"data: {subject.file} " in header and data.provenance["file"] == subject.file
    for panel in (dashboard.fit, dashboard.compare, dashboard.landscape):
        assert (panel.study if panel is dashboard.compare else panel._study).data is data
    assert set(dashboard.compare.state.models) <= set(dashboard.compare.study.models)
    assert dashboard.fit.state.reference in subject.study.models
    assert dashboard._place.children == (dashboard.page,) and dashboard.page is not dashboard.nothing
    assert heading.startswith(HEADINGS[dashboard.pages.value]) and traces and dashboard.page._shown is not None
    if on_load:
        assert [t.name for t in traces] == list(data)
        np.testing.assert_allclose(traces[0].y, next(iter(data.values())).energies / next(iter(data.values())).n_atoms)
        assert Path(load.state.path).name == subject.file and load.data is data


def choose(name: str, value: object) -> Callable[[Dashboard], None]:
    return lambda dashboard: dashboard.load.state.set_trait(name, value)


def answer_key(dashboard: Dashboard) -> None:
    if offered := dashboard.load.state.options.get("key"):
        dashboard.load.state.key = offered[-1]


ACTIONS: dict[str, Callable[[Dashboard], None]] = {
    "a good file": choose("path", "demo.npz"),
    "a good file of another K": choose("path", "large.npz"),
    "a file that asks": choose("path", "own.xyz"),
    "a file of a wrong sign": choose("path", "wrong.npz"),
    "a file that is none": choose("path", "bad.npz"),
    "a path that is none": choose("path", "nowhere.npz"),
    "the temperature": choose("temperature", 300.0),
    "a bad temperature": choose("temperature", -1.0),
    "no temperature": choose("temperature", None),
    "the key": answer_key,
    "a θ": choose("theta", "theta_demo.json"),
    "another θ": choose("theta", "theta_large.json"),
    "a θ that is none": choose("theta", "bad.npz"),
    "no θ": choose("theta", NONE),
    "back": lambda dashboard: dashboard.load.go_back(),
    "cancel": lambda dashboard: dashboard.load.work.cancel(),
} | {f"the page {title}": lambda dashboard, title=title: dashboard.pages.set_trait("value", title) for title in TITLES}


def do(dashboard: Dashboard, *names: str) -> None:
    for name in names:
        ACTIONS[name](dashboard)
        try:
            agree(dashboard)
        except AssertionError as error:
            raise AssertionError(f"after {' → '.join(names)}, at {name!r}") from error


def test_after_any_two_choices_all_pages_agree() -> None:
    rare = {"a path that is none", "no temperature", "a bad temperature", "a θ that is none", "another θ"}
    choices = [name for name in ACTIONS if name not in rare and not name.startswith("the page")]
    pairs = itertools.combinations(choices, 2)  # one after the other they hold the inverse ones too
    walk = [name for _, each in itertools.groupby(pairs, lambda pair: pair[0]) for pair in each for name in pair]
    dashboard, pages = Dashboard("demo.npz", theta="theta_demo.json"), itertools.cycle(TITLES[:3])
    for name in walk:
        do(dashboard, name)
        dashboard.pages.value = next(pages)
        agree(dashboard)


@pytest.mark.parametrize("seed", range(2))
def test_on_any_walk_all_pages_agree(seed: int) -> None:
    rng, names = np.random.default_rng(seed), list(ACTIONS)
    dashboard = Dashboard("demo.npz" if seed % 2 else "own.xyz", theta="theta_demo.json")
    for _ in range(40):
        do(dashboard, names[rng.integers(len(names))])


def test_a_first_file_is_asked_for_on_every_page_and_then_opens_where_one_is() -> None:
    dashboard = Dashboard("demo.npz", theta="theta_demo.json")
    do(dashboard, "the page Fit", "a file that asks")
    reason = "temperature and key of trajectories missing"
    assert f"No data yet: own.xyz: {reason}" in dashboard._about.value
    do(dashboard, "the page Landscape", "the key", "the temperature")
    assert dashboard.page is dashboard.landscape and "own.xyz · 300 K" in dashboard._about.value


def test_going_back_leaves_every_page_as_it_was() -> None:
    dashboard = Dashboard("demo.npz", theta="theta_demo.json")
    do(dashboard, "the page Compare")
    dashboard.compare.state.models = ("θ_f",)
    dashboard.landscape.state.half_width = 2.0
    states = [panel.state.trait_values() for panel in (dashboard.load, *dashboard.panels.values())]
    do(dashboard, "a file that asks", "the key", "the page Load")
    control(dashboard.load, "Back to demo.npz").click()
    do(dashboard, "the page Compare")
    assert [panel.state.trait_values() for panel in (dashboard.load, *dashboard.panels.values())] == states


def test_models_follow_the_study() -> None:
    dashboard = Dashboard("demo.npz", theta="theta_demo.json")
    assert dashboard.compare.state.models == ("θ_f", "θ (given)", "Fisher + KL")
    do(dashboard, "a good file of another K")
    assert dashboard.compare.state.models == ("θ_f", "energy fit", "Fisher + KL")
    dashboard.compare.state.models = ("θ_f", "energy fit")
    do(dashboard, "another θ")
    assert dashboard.compare.state.models == ("θ_f", "θ (given)")  # what was left out stays out


@pytest.mark.parametrize("end", ["own.xyz", "large.npz", "cancel"])
def test_pages_that_are_turned_while_a_file_is_read_agree(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    go, real = threading.Event(), fl.io.open

    def slow(path: str) -> object:
        if Path(path).name != "demo.npz":
            go.wait(10)
        return real(path)

    monkeypatch.setattr(fl.io, "open", slow)

    async def rest(dashboard: Dashboard) -> None:
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if not any(panel.work.busy for panel in (dashboard.load, *dashboard.panels.values())):
                return
        raise AssertionError("still at work after ten seconds")

    async def scene() -> None:
        dashboard = Dashboard("demo.npz")
        assert "No data yet: demo.npz: it is being read" in dashboard._about.value
        await rest(dashboard)
        agree(dashboard)
        dashboard.load.state.path = "own.xyz" if end == "cancel" else end
        for page in ("Fit", "Compare", "Load"):
            dashboard.pages.value = page
            assert dashboard.load.work.busy and "data: demo.npz " in dashboard._about.value
            assert dashboard.page.figure.data and dashboard.page is not dashboard.nothing
        if end == "cancel":
            dashboard.load.work.cancel()
        go.set()
        await rest(dashboard)
        dashboard.load.work.wait()
        agree(dashboard)
        assert dashboard.load.subject.file == ("demo.npz" if end == "cancel" else end)

    asyncio.run(scene())


def test_fits_that_validation_prefers_are_among_the_models_of_every_page(folder: Path) -> None:
    rng = np.random.default_rng(0)

    def shake(atoms: Atoms) -> None:  # energies stay exact, so they tell what the forces do not
        atoms.arrays["forces"] += rng.normal(size=(len(atoms), 3)) * np.std(atoms.arrays["forces"])

    write(folder / "noisy.npz", change=shake)
    offers = fl.Study(fl.io.read("noisy.npz", check=False)).offers
    assert offers
    dashboard = Dashboard("noisy.npz")
    header = unescape(dashboard._about.value)
    for offer in offers:
        assert offer.name in dashboard.compare.study.models and offer.name in dashboard.compare.state.models
        assert offer.name in dashboard.landscape.state.options["model"] and offer.name in header
    assert len(dashboard.fit.offers.children) == len(offers)


def test_pages_are_there_before_validation_has_chosen_and_it_can_be_cancelled(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, real, beats = threading.Event(), fl.study.offers.choose_mixture, []

    def slow(*arguments: object, progress: Callable[[int, int], None], **options: object) -> object:
        while not go.wait(0.002):
            progress(0, 1)
            beats.append(1)
        return real(*arguments, progress=progress, **options)

    monkeypatch.setattr(fl.study.offers, "choose_mixture", slow)

    async def scene() -> None:
        dashboard = Dashboard("demo.npz")
        dashboard.load.work.wait()
        fit, compare = dashboard.fit, dashboard.compare
        assert dashboard.load.study is not None and fit.validation.busy and not dashboard.load.work.busy
        for page in ("Fit", "Compare", "Load"):
            dashboard.pages.value = page
            agree(dashboard)
        assert PRICE not in compare.state.options["view"] and fit.advice.value == ""
        while not beats:
            await asyncio.sleep(0.01)
        fit.validation.cancel()
        (again,) = fit.offers.children
        assert again.description == "Choose by validation" and fit.validation.status.value == "Cancelled."
        dashboard.pages.value = "Fit"
        fit.state.name = "mine"
        dashboard.add(fit.model)
        go.set()
        again.click()
        fit.validation.wait()
        assert not fit.validation.busy and "validation" in fit.advice.value
        assert PRICE in compare.state.options["view"] and "mine" in compare.study.models
        agree(dashboard)

    asyncio.run(scene())


def test_one_run_is_said_to_be_one() -> None:
    dashboard = Dashboard("own.xyz", temperature=300.0, key=ONE_RUN)
    assert len(dashboard.load.data) == 1 and dashboard.load.data.provenance["likely_keys"] == {"walker": 2, "basin": 2}
    with pytest.warns(UserWarning) as heard:
        fl.io.read("own.xyz", temperature=300.0)
    said = "own.xyz: `walker` has 2 values (or basin, 2 values): take key='walker' if each is a trajectory of its own"
    assert [str(w.message).startswith(said) for w in heard].count(True) == 1


def test_a_page_has_one_heartbeat_that_answers() -> None:
    dashboard, alone = Dashboard("demo.npz"), LoadPanel("demo.npz")

    def beats(box: object) -> list[Heartbeat]:
        children = getattr(box, "children", ())
        return [c for c in children if isinstance(c, Heartbeat)] + [b for c in children for b in beats(c)]

    assert beats(dashboard) == [dashboard.heartbeat] and not any(
        map(beats, (dashboard.load, *dashboard.panels.values()))
    )
    (beat,) = beats(alone)
    answers: list[object] = []
    beat.send = answers.append
    beat._handle_custom_msg({"ping": 3}, [])
    assert answers == [{"ping": 3}]


def test_a_page_shows_its_own_figure_or_none_while_it_draws_and_after_that_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()
    made = functools.partial(fl.Study, others=[Slow(go)])
    monkeypatch.setattr("fisherlib.widgets.reading.Study", made)

    async def scene() -> None:
        dashboard = Dashboard("demo.npz")
        dashboard.load.work.wait()
        dashboard.pages.value = "Landscape"
        landscape = dashboard.landscape
        landscape.state.model = "net"
        dashboard.pages.value = "Load"
        dashboard.load.state.temperature = 1100.0
        dashboard.load.work.wait()
        dashboard.pages.value = "Fit"
        assert (dashboard.figure.layout.title.text or "").startswith("The fit")
        dashboard.pages.value = "Landscape"
        assert landscape.work.busy and landscape.state.model == "net" and not dashboard.figure.data
        landscape.work.cancel()
        assert landscape.state.model == "net" and not dashboard.figure.data and not dashboard.figure.layout.title.text
        assert landscape.work.status.value == "Cancelled; nothing is drawn yet: choose again."
        landscape.state.model = "θ_f"
        landscape.work.wait()
        assert dashboard.figure.data and landscape.work.status.value == ""
        landscape.state.model = "net"
        landscape.work.cancel()
        assert landscape.state.model == "θ_f" and dashboard.figure.data
        assert landscape.work.status.value == "Cancelled; the figure shows what it did before."
        go.set()

    asyncio.run(scene())


def test_the_header_lists_the_models_of_the_pages_and_those_that_other_data_cost() -> None:
    dashboard = Dashboard("demo.npz", theta="theta_demo.json")
    dashboard.pages.value = "Fit"
    dashboard.fit.state.name = "mine"
    dashboard.add(dashboard.fit.model)
    assert ", ".join(dashboard.compare.study.models) in unescape(dashboard._about.value)
    assert "mine" in dashboard._about.value
    dashboard.compare.state.saved = "theta_demo.json"
    assert "theta_demo" in dashboard._about.value
    dashboard.load.state.temperature = 400.0
    assert dashboard._about.value.endswith("left out, as added to other data: mine, theta_demo")
    dashboard.load.state.temperature = 500.0
    assert "left out" not in dashboard._about.value


def test_the_header_counts_one_configuration_as_one(folder: Path) -> None:
    data = fl.io.read("demo.npz", check=False)
    one = Subject(SimpleNamespace(data=data.select("cold"), models={}), "demo.npz", "")
    assert " · 8 configurations" in _about(one, [], [])
    one = Subject(SimpleNamespace(data=fl.Dataset([data["cold"].slice(0, 1)]), models={}), "demo.npz", "")
    assert " · 1 configuration · " in _about(one, [], [])


def test_one_style_sheet_serves_a_page_with_and_without_data() -> None:
    def sheets(box: object) -> int:
        return sum((getattr(c, "value", None) == STYLE) + sheets(c) for c in getattr(box, "children", ()))

    assert STYLE in {getattr(child, "value", None) for child in Dashboard("demo.npz").children}
    assert sheets(Dashboard("bad.npz")) == sheets(Dashboard("demo.npz")) == sheets(LoadPanel("demo.npz")) == 1


def test_where_there_are_no_cells_the_page_is_to_be_loaded_again() -> None:
    words = Path(fl.widgets.__file__).with_name("heartbeat.js").read_text(encoding="utf-8")
    assert 'querySelector("[data-voila]") ? "load the page again" : "run all cells again"' in words
    assert "The kernel does not answer; ${way}." in words
