"""The parts of the panels, without a kernel: work that can be stopped, uploads, controls, the live figure."""

import asyncio
import functools
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ipywidgets
import numpy as np
import plotly.graph_objects as go
import pytest
import traitlets

import fisherlib as fl
from fisherlib.io.scratch import PREFIX, sweep
from fisherlib.landscapes.projections import Progress
from fisherlib.widgets import (
    ComparePanel,
    FitPanel,
    LandscapePanel,
    LiveFigure,
    LoadPanel,
    Upload,
    Work,
    controls,
    entries,
    states,
    upload,
)
from fisherlib.widgets.heartbeat import Heartbeat
from fisherlib.widgets.upload import MEGABYTE

PIECE = 2 * MEGABYTE


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Widgets live as long as their process, and what was uploaded as long as they; after a test none is needed."""
    yield
    ipywidgets.Widget.close_all()


# Work


def shown(work: Work) -> tuple[str, bool]:
    """The sentence, and whether the bar and Cancel are there."""
    displays = {widget.layout.display for widget in (work.bar, work.button)}
    assert len(displays) == 1
    return work.status.value, displays == {"flex"}


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing happened for a minute")


def stepwise(seconds: float, *, steps: int = 100) -> Callable[[Progress], str]:
    def task(progress: Progress) -> str:
        for step in range(steps):
            progress(step, steps)
            time.sleep(seconds / steps)
        return "result"

    return task


def test_without_a_loop_everything_runs_at_once_in_this_thread() -> None:
    work, seen = Work(), []
    work.run("adding", lambda progress: (progress(1, 2), threading.get_ident())[1], seen.append)
    assert seen == [threading.get_ident()] and shown(work) == ("", False) and work.last_error is None


@pytest.mark.parametrize("where", ["task", "done"])
def test_an_error_is_put_into_words_and_kept_until_something_succeeds(where: str) -> None:
    work = Work()

    def fail(_: object) -> None:
        raise ValueError("x: expected <b> & 'c', got d")

    work.run("adding", *((fail, print) if where == "task" else (lambda _: 1, fail)))
    sentence, busy = shown(work)
    assert "x: expected &lt;b&gt; &amp; &#x27;c&#x27;, got d" in sentence and "role='alert'" in sentence and not busy
    assert isinstance(work.last_error, ValueError)
    work.run("adding", lambda _: 1, lambda _: None)
    assert work.last_error is None and shown(work) == ("", False)


@pytest.mark.parametrize(("error", "words"), [(KeyError("no key"), "✗ no key<"), (RuntimeError(), "✗ RuntimeError<")])
def test_errors_of_few_words_are_told_as_well(error: Exception, words: str) -> None:
    work = Work()
    work.fail(error)
    assert words in work.status.value


def test_long_work_shows_how_far_it_is_and_its_result_when_it_is_done() -> None:
    async def scene() -> None:
        work, seen, told = Work(), [], []
        work.status.observe(lambda change: told.append((change["new"], work.bar.value)), "value")
        work.run("training <a net>", stepwise(0.6), lambda result: seen.append((result, threading.get_ident())))
        assert shown(work) == ("training &lt;a net&gt; …", True) and seen == []
        await until(lambda: bool(seen))
        assert seen == [("result", threading.get_ident())] and shown(work) == ("", False) and work.bar.value == 0.0
        told = [(sentence, share) for sentence, share in told if "%" in sentence]
        assert len(told) >= 2 and all(s.startswith("training &lt;a net&gt;: ") and "s left" in s for s, _ in told)
        assert [share for _, share in told] == sorted(share for _, share in told) and 0 < told[0][1] < 1

    asyncio.run(scene())


def test_what_takes_no_time_runs_in_this_thread_though_there_is_a_loop() -> None:
    async def scene() -> None:
        work, seen = Work(), []
        work.run("adding", lambda _: threading.get_ident(), seen.append, at_once=True)
        assert seen == [threading.get_ident()] and shown(work) == ("", False)

    asyncio.run(scene())


def test_cancel_ends_the_thread_and_goes_back() -> None:
    async def scene() -> None:
        work, seen = Work(), []
        work.run(
            "training", stepwise(60.0, steps=6000), seen.append, undo=lambda: (seen.append("back"), "Cancelled, so.")[1]
        )
        await until(lambda: "%" in work.status.value)
        work.button.click()
        assert seen == ["back"] and shown(work) == ("Cancelled, so.", False)
        await until(lambda: not work._thread.is_alive())
        await asyncio.sleep(0.05)
        assert seen == ["back"] and "Cancelled" in work.status.value and work.last_error is None

    asyncio.run(scene())


def test_newer_work_takes_the_place_of_older() -> None:
    async def scene() -> None:
        work, seen, running = Work(), [], []

        def counted(number: int) -> Callable[[Progress], int]:
            def task(progress: Progress) -> int:
                running.append(number)
                assert len(running) == 1  # two tasks would get in each other's way
                try:
                    stepwise(0.3)(progress)
                finally:
                    running.remove(number)
                return number

            return task

        for number in range(4):
            work.run(f"number {number}", counted(number), seen.append, undo=lambda: seen.append("back"))
            await asyncio.sleep(0.05)
        await until(lambda: bool(seen))
        assert seen == [3] and work.last_error is None and shown(work) == ("", False)

    asyncio.run(scene())


@pytest.mark.parametrize("what", ["newer", "cancel"])
def test_a_result_that_comes_too_late_is_not_shown(what: str) -> None:
    async def scene() -> None:
        work, seen = Work(), []
        work.run("older", lambda _: "older", seen.append)
        work._thread.join()  # it is done, and the loop has not heard of it yet
        if what == "newer":
            work.run("newer", lambda _: "newer", seen.append, at_once=True)
        else:
            work.cancel()
        await asyncio.sleep(0.05)
        assert seen == (["newer"] if what == "newer" else [])

    asyncio.run(scene())


def test_an_error_of_a_thread_is_told_too_and_wait_returns_when_the_result_is_shown() -> None:
    async def scene() -> None:
        work, seen = Work(), []

        def fail(_: Progress) -> None:
            raise OSError("disk is full")

        work.wait()  # nothing to wait for
        work.run("reading", fail, seen.append)
        work.wait()
        assert "disk is full" in work.status.value and isinstance(work.last_error, OSError) and seen == []
        work.run("reading", stepwise(0.05), seen.append)
        work.wait()
        assert seen == ["result"] and work.last_error is None
        await asyncio.sleep(0.02)
        assert seen == ["result"]

    asyncio.run(scene())


# Upload


class Browser:
    """What ``upload.js`` does: one piece after each answer."""

    def __init__(self, **traits: object) -> None:
        self.files: list[tuple[str, bytes]] = []
        self.errors: list[str] = []
        self.answers: list[int] = []
        received = self.received
        self.widget = Upload(received, lambda error: self.errors.append(str(error)), **traits)
        self.widget.send = lambda answer, buffers=None: self.answers.append(answer["next"])
        self.number = 0

    def received(self, path: Path) -> None:
        self.path = path
        self.files.append((path.name, path.read_bytes()))

    def piece(self, name: str, size: int, offset: int, *buffers: bytes) -> int:
        content = {"number": self.number, "name": name, "size": size, "offset": offset}
        self.widget._handle_custom_msg(content, [memoryview(b) for b in buffers])
        return self.answers[-1]

    def upload(self, name: str, content: bytes) -> None:
        self.number, at = self.number + 1, 0
        while True:
            at = self.piece(name, len(content), at, content[at : at + PIECE])
            if at >= len(content):
                return


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
def test_pieces_become_the_file(size: int) -> None:
    browser, content = Browser(), np.random.default_rng(size).bytes(size)
    browser.upload("md.npz", content)
    assert browser.files == [("md.npz", content)] and browser.errors == []
    assert [p.name for p in browser.path.parent.iterdir()] == ["md.npz"]  # no pieces are left


def test_a_file_of_the_same_name_replaces_the_one_before() -> None:
    browser = Browser()
    for content in (b"long content", b"short"):
        browser.upload("md.npz", content)
    assert browser.files == [("md.npz", b"long content"), ("md.npz", b"short")]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../x", "x"), ("/etc/passwd", "passwd"), ("a\\b", "b"), ("C:\\data\\md.npz", "md.npz"), ("..\\..\\x", "x"),
        ("<b>.npz", "<b>.npz"), ("a/", "a"), ("Größe θ.npz", "Größe θ.npz"),
    ],
)  # fmt: skip
def test_a_name_never_leads_out_of_the_folder(name: str, kept: str) -> None:
    browser = Browser()
    browser.upload(name, b"content")
    assert browser.files == [(kept, b"content")] and browser.path.parent.parent == browser.widget._scratch.path


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/..", "nul\0", "x" * 300])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    browser = Browser()
    browser.upload(name, b"content")
    assert browser.files == [] and len(browser.errors) == 1
    assert list(browser.widget._scratch.path.iterdir()) == []


def test_a_file_over_the_limit_is_refused_with_the_way_out() -> None:
    browser = Browser(limit=3 * MEGABYTE)
    assert browser.piece("big.npz", 4 * MEGABYTE, 0) == 4 * MEGABYTE  # the browser sends none of it
    browser.upload("big.npz", bytes(4 * MEGABYTE))
    sentence = "upload: expected at most 3 MB, got big.npz with 4 MB; put it where the notebook runs and give its path"
    assert browser.errors == [sentence] * 2 and browser.files == []


@pytest.mark.parametrize(
    "pieces",
    [
        [(4, b"efgh")],  # the first is missing
        [(0, b"abcd"), (6, b"gh")],  # one in the middle is missing
        [(4, b"efgh"), (0, b"abcd")],  # the wrong way round
        [(0, b"abcd"), (0, b"abcd")],  # twice
        [(0, b"abcd"), (4, b"efghij")],  # more than there is
        [(0, b"abcd"), (2, b"cdefgh")],  # over one another
        [(-4, b"abcd"), (4, b"efgh")],
        [(0, b"abcd")],  # the rest never comes
    ],
)
def test_pieces_that_do_not_follow_each_other_make_no_file(pieces: list[tuple[int, bytes]]) -> None:
    browser = Browser()
    for offset, content in pieces:
        browser.piece("md.npz", 8, offset, content)
    assert browser.files == [] and not list(browser.widget._scratch.path.glob("md*"))
    assert all("pieces of md.npz" in error for error in browser.errors) and (browser.errors or len(pieces) < 3)
    browser.upload("md.npz", b"12345678")  # and do not stand in the way of the next
    assert browser.files == [("md.npz", b"12345678")]


def test_a_field_makes_no_folder_before_the_first_upload_and_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    browser = Browser(limit=MEGABYTE)
    assert browser.piece("big.npz", 2 * MEGABYTE, 0) == 2 * MEGABYTE and list(tmp_path.iterdir()) == []
    browser.upload("md.npz", b"content")
    assert len(list(tmp_path.iterdir())) == 1
    browser.widget.close()
    assert list(tmp_path.iterdir()) == []


def test_what_killed_sessions_have_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(upload, "_tidied", functools.cache(sweep))
    (tmp_path / f"{PREFIX}left").mkdir()
    Browser()
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_uploads_make_room_for_new_ones_and_the_last_two_stay() -> None:
    browser, paths = Browser(room=25), []
    for content in (b"0123456789", b"0123456789", b"0123", b"x" * 20, b"y" * 30, b"z"):
        browser.upload("md.npz", content)
        paths.append((browser.path, content))
        kept = [content for path, content in paths if path.exists()]
        assert kept[-2:] == [content for _, content in paths[-2:]]
        assert len(kept) <= 2 or sum(map(len, kept)) <= 25
        assert all(path.read_bytes() == content for path, content in paths if path.exists())
    assert [path.exists() for path, _ in paths] == [False, False, False, False, True, True]


def test_an_old_upload_that_is_in_use_is_never_removed() -> None:
    browser, paths = Browser(room=1), []
    browser.widget._needed = lambda path: path == paths[0]
    for content in (b"in use", b"of no use", b"x", b"y"):
        browser.upload("md.npz", content)
        paths.append(browser.path)
    assert [path.exists() for path in paths] == [True, False, True, True]


def test_pieces_of_a_file_that_never_came_whole_go_with_the_next() -> None:
    browser = Browser()
    browser.piece("half.npz", 8, 0, b"abcd")
    browser.upload("md.npz", b"content")
    assert not list(browser.widget._scratch.path.glob(".*"))


def together(files: list[tuple[str, str, bytes]], **traits: object) -> tuple[Path | None, list[str]]:
    """Several files as one upload, each with the folder it lay in: the path received, and what was refused."""
    got: list[Path] = []
    errors: list[str] = []
    widget = Upload(got.append, lambda error: errors.append(str(error)), several=True, **traits)
    answers: list[dict] = []
    widget.send = answers.append
    total = sum(len(content) for *_, content in files)
    for k, (folder, name, content) in enumerate(files):
        about = {"number": 1, "name": name, "size": len(content), "offset": 0, "file": k, "files": len(files)}
        widget._handle_custom_msg({**about, "folder": folder, "total": total}, [memoryview(content)])
        if answers[-1].get("stop"):
            break
    kept.append(widget)  # its folder goes with it
    assert len(got) <= 1
    return (got[0] if got else None), errors


kept: list[Upload] = []


def inside(path: Path) -> dict[str, bytes]:
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("files", "name", "content"),
    [
        ([("", "a.poscar", b"1"), ("", "a.eml", b"2")], "1", {"a.poscar": b"1", "a.eml": b"2"}),
        ([("descDB/", "a.eml", b"1"), ("descDB/", "b.eml", b"2")], "descDB", {"a.eml": b"1", "b.eml": b"2"}),
        (
            [("md/DB/", "a.poscar", b"1"), ("md/descDB/", "a.eml", b"2")],
            "md",
            {"DB/a.poscar": b"1", "descDB/a.eml": b"2"},
        ),
        ([("runs/a/", "OUTCAR", b"1"), ("runs/b/", "OUTCAR", b"2")], "runs", {"a/OUTCAR": b"1", "b/OUTCAR": b"2"}),
        ([("", "OUTCAR", b"alone")], "OUTCAR", {}),
    ],
)
def test_several_files_or_those_of_a_folder_are_one_upload(files: list, name: str, content: dict[str, bytes]) -> None:
    path, errors = together(files)
    assert errors == [] and path.name == name and inside(path) == content


@pytest.mark.parametrize("folder", ["../", "a/../../b/", "..\\x", "nul\0/"])
def test_a_folder_never_leads_out_and_nothing_of_the_upload_is_kept(folder: str) -> None:
    path, errors = together([("", "a.xyz", b"1"), (folder, "b.xyz", b"2"), ("", "c.xyz", b"3")])
    assert path is None and len(errors) == 1 and "below what was dropped" in errors[0]
    assert list(kept[-1]._scratch.path.iterdir()) == []


def test_the_limit_is_that_of_all_files_together() -> None:
    path, errors = together([("", "a.xyz", bytes(MEGABYTE)), ("", "b.xyz", bytes(MEGABYTE))], limit=MEGABYTE)
    assert path is None and "expected at most 1 MB, got 2 files with 2 MB" in errors[0]


def test_what_a_callback_refuses_is_told() -> None:
    browser = Browser()

    def refuse(path: Path) -> None:
        raise ValueError("no such format")

    browser.widget._received = refuse
    browser.upload("md.npz", b"content")
    assert browser.errors == ["no such format"]


# Controls


class Chosen(states.State):
    one = states.Offered()
    several = states.SeveralOffered()
    strength = traitlets.Float(0.0, min=0.0)
    whole = traitlets.Int(5, min=0, max=50)
    width = traitlets.Float(1.0, min=0.01, max=100.0)
    maybe = traitlets.Float(None, allow_none=True)
    on = traitlets.Bool(False)
    words = traitlets.Unicode()


@pytest.fixture
def state() -> Chosen:
    state = Chosen()
    state.offer(one=("a", "b", "c"), several=("a", "b", "c"))
    return state


def record(state: Chosen) -> list[tuple[str, object]]:
    """What is chosen, as it happens."""
    seen: list[tuple[str, object]] = []
    state.observe(lambda change: change["name"] != "options" and seen.append((change["name"], change["new"])))
    return seen


CONTROLS: dict[str, tuple[Callable[[Chosen], ipywidgets.Widget], dict, object, object]] = {
    # name: how it is made, what a browser sends, what that stands for, another value to set from code
    "one": (lambda s: controls.Choose(s, "one", "Label"), {"index": 2}, "c", "b"),
    "several": (lambda s: controls.ChooseSeveral(s, "several", "Label"), {"index": (0, 2)}, ("a", "c"), ("b",)),
    "strength": (lambda s: controls.Strength(s, "strength", "Label"), {"index": 1}, controls.STRENGTHS[1], 0.123),
    "whole": (lambda s: controls.slider(s, "whole", "Label", step=5), {"value": 10}, 10, 7),
    "width": (lambda s: controls.slider(s, "width", "Label", base=10), {"value": 10.0}, 10.0, 0.01),
    "maybe": (
        lambda s: entries.Maybe(s, "maybe", "Label", empty="none", tip="a number", failed=print), {"value": "300.5"}, 300.5, 1234.56789,
    ),
    "on": (lambda s: controls.tick(s, "on", "Label"), {"value": True}, True, True),
    "words": (lambda s: controls.text(s, "words", "Label"), {"value": "x"}, "x", "y"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_and_its_trait_follow_each_other(state: Chosen, name: str) -> None:
    make, sent, meant, other = CONTROLS[name]
    control, seen = make(state), record(state)
    assert control.description == "Label" and seen == []  # showing it chooses nothing
    control.set_state(sent)
    assert getattr(state, name) == meant and seen == [(name, meant)]
    setattr(state, name, other)
    value = control.value
    assert getattr(state, name) == other and seen == [(name, v) for v in dict.fromkeys([meant, other])]
    assert (float(value) if name == "maybe" else value) == other


@pytest.mark.parametrize("name", ["whole", "width"])
def test_a_field_for_a_number_has_the_limits_of_its_trait(state: Chosen, name: str) -> None:
    field, trait = controls.number(state, name, "Label"), state.traits()[name]
    for value in (trait.min, trait.max):
        setattr(state, name, value)
        assert getattr(state, name) == value == field.value
    field.set_state({"value": 1000})  # a browser lets it be typed
    assert getattr(state, name) == trait.max == field.value


def test_new_options_choose_nothing_by_themselves(state: Chosen) -> None:
    one, several = controls.Choose(state, "one", "One"), controls.ChooseSeveral(state, "several", "Several")
    state.one, state.several = "b", ("b", "c")
    seen = record(state)
    state.offer(one=("z", "b"), several=("z", "c", "b"))
    assert seen == [] and (one.value, several.value) == ("b", ("b", "c"))
    state.offer(one=("z",), several=("z",))
    assert dict(seen) == {"one": "z", "several": ("z",)} and (one.value, several.value) == ("z", ("z",))
    state.offer(one=(), several=())
    assert (state.one, one.value, one.layout.display, several.value) == ("", None, "none", ())
    state.offer(one=("q",))
    assert (state.one, one.value, one.layout.display) == ("q", "q", "flex")


def test_at_least_one_of_several_stays_chosen(state: Chosen) -> None:
    several = controls.ChooseSeveral(state, "several", "Several")
    state.several = ("b",)
    several.set_state({"index": ()})
    assert state.several == several.value == ("b",)


def test_a_strength_between_the_steps_is_kept_and_becomes_one(state: Chosen) -> None:
    slider, seen = controls.Strength(state, "strength", "λ"), record(state)
    state.strength = 0.123
    assert seen == [("strength", 0.123)]  # and not none for a moment
    labels = [label for label, _ in slider.options]
    assert labels[0] == "none" and "0.123" in labels and slider.value == 0.123
    values = [value for _, value in slider.options]
    assert values == sorted(values) and len(values) == len(controls.STRENGTHS) + 1


@pytest.mark.parametrize("typed", ["hot", "1,200", "12 K"])
def test_what_is_no_number_is_refused_in_words(state: Chosen, typed: str) -> None:
    errors: list[Exception] = []
    field = entries.Maybe(state, "maybe", "T", empty="", tip="K", failed=errors.append)
    state.maybe = 300.0
    field.set_state({"value": typed})
    assert str(errors[0]) == f"maybe: expected a number, or nothing, got {typed!r}"
    assert state.maybe == 300.0 and field.value == "300"  # the field shows what is taken
    field.set_state({"value": " "})
    assert state.maybe is None and len(errors) == 1


def described(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    """Every control in a panel that a person sets."""
    if isinstance(widget, ipywidgets.Box):
        return [control for child in widget.children for control in described(child)]
    still = (ipywidgets.HTML, LiveFigure, ipywidgets.FloatProgress, Heartbeat)
    return [] if isinstance(widget, still) else [widget]


@pytest.mark.parametrize("make", [LoadPanel, FitPanel, ComparePanel, LandscapePanel])
def test_every_control_has_a_label_of_its_own(make: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fl.io, "data_files", lambda: [])
    data = fl.systems.harmonic(np.array([1.0, 2.0]), configurations=6)
    panel = make() if make is LoadPanel else make(fl.Study(data))
    assert panel.last_error is None
    found = described(panel)
    found = [
        control for control in found if control.layout.display != "none" or not isinstance(control, ipywidgets.Button)
    ]
    labels = [control.label if isinstance(control, Upload) else control.description for control in found]
    tips = [control.tooltip for control in found if not isinstance(control, Upload | ipywidgets.Button)]
    assert all(tips)  # or the page shows "null"
    assert len(labels) >= 6 and all(labels)
    twice = [label for label in set(labels) if labels.count(label) > 1]
    assert twice in ([], ["or its path"])  # which follows the selector it belongs to


# The live figure


def lines(*ys: list[float], **layout: object) -> go.Figure:
    return go.Figure([go.Scatter(x=[0, 1], y=y, name=f"line {k}") for k, y in enumerate(ys)], layout)


def surface(z: list[list[float]], **layout: object) -> go.Figure:
    return go.Figure([go.Surface(z=z), go.Contour(z=z)], layout)


def drawn(live: LiveFigure) -> dict:
    """What a page gets, also one that is loaded again."""
    return json.loads(live.get_state()["drawing"])


def test_a_page_gets_the_whole_figure_and_nothing_of_the_one_before() -> None:
    notes = [{"text": text, "x": 0, "y": 0} for text in "abc"]
    live = LiveFigure.of(lines([0, 1], annotations=notes, xaxis={"type": "category"}, title={"text": "before"}))
    for figure in (lines([5, 6], [1, 2], title={"text": "new"}), surface([[1, 2], [3, 4]]), go.Figure(), lines([0, 1])):
        live.become(figure)
        assert drawn(live) == json.loads(figure.to_json())
        assert live.data == figure.data and live.layout == figure.layout


def test_a_figure_is_sent_in_one_message() -> None:
    live, changed = LiveFigure.of(lines([0, 1])), []
    live.observe(lambda change: changed.append(change.name))
    live.become(surface([[1, 2], [3, 4]]))
    assert changed == ["drawing"]


def test_a_page_that_displays_the_figure_is_told_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    live, told = LiveFigure.of(lines([0, 1])), []
    monkeypatch.setattr(live, "send_state", lambda key=None: told.append(key))
    live._view_count = 1
    live._view_count = 0  # the page was closed
    assert told.count("drawing") == 1


def test_the_camera_is_no_part_of_a_figure_and_stays_where_it_was_turned() -> None:
    live, turned = LiveFigure.of(surface([[1, 2], [3, 4]])), {"eye": {"x": -2.5, "y": 1, "z": 1}}
    live.set_state({"camera": turned})  # the page says so
    for figure in (surface([[5, 6], [7, 8]]), lines([0, 1]), surface([[1, 2], [3, 4]])):
        live.become(figure)
        assert live.get_state()["camera"] == turned and "camera" not in drawn(live)["layout"].get("scene", {})


def test_clicks_on_contours_are_heard_once_whatever_is_shown_meanwhile() -> None:
    live, seen = LiveFigure.of(surface([[1, 2], [3, 4]])), []
    live.on_points(lambda points: seen.extend((each.x, each.y) for each in points))
    for figure in (surface([[5, 6], [7, 8]]), lines([0, 1]), surface([[5, 6], [7, 8]])):
        live._handle_custom_msg({"picked": [[0, None, float(len(seen)), 2.0]]}, [])
        live.become(figure)
    live._handle_custom_msg({"said": "nothing"}, [])
    assert seen == [(0.0, 2.0), (1.0, 2.0), (2.0, 2.0)]
