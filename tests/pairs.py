"""All changes from one picture to another, each compared with what a page of its own draws of the same figure."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from explorer import FIGURE, ROOT, Explorer
from plotly.offline import get_plotlyjs

import fisherlib as fl
from fisherlib.widgets import compare
from fisherlib.widgets.live import ADAPT

LOOK = (Path(__file__).parent / "fresh.js").read_text()
PATIENCE = 30_000  # ms until a figure counts as false; on a quiet machine one that is right is there within a second
ENOUGH = 3  # false figures after which no more is looked at

VIEWS = (compare.DISTRIBUTION, compare.PARITY, compare.RESIDUALS, compare.FORCES, compare.ERRORS, compare.PRICE)
SITE = compare.SITE
EVERY, PART = ("θ (given)", "θ_f", "Fisher + KL", "θ_f + 10 kl"), ("θ_f", "θ (given)")
ONE = "walker-03"


class At(NamedTuple):
    """What is chosen: a page, the quantity or view of Compare, a trajectory, models, and what a slider or selector changed."""

    page: str = "Load"
    view: str = VIEWS[0]
    trajectory: str = compare.ALL
    few: bool = False
    changed: bool = False

    @property
    def picture(self) -> tuple:
        """What of it is to be seen."""
        return tuple(self) if self.page == "Compare" else (self.page, self.changed)


Moves = Callable[[At], Iterator[At]]


def looks(at: At) -> Iterator[At]:
    """The other views of Compare that one choice leads to."""
    if at.view == SITE:
        yield at._replace(view=VIEWS[0])
    else:
        yield from (at._replace(view=view) for view in (*VIEWS, SITE) if view != at.view)


def dashboard(at: At) -> Iterator[At]:
    """Pages, views, one slider and one loss."""
    if at.page in ("Fit", "Landscape"):
        yield at._replace(changed=not at.changed)
    if at.changed:
        return
    if at.page == "Compare":
        yield from looks(at)
    yield from (at._replace(page=page) for page in ("Load", "Fit", "Compare", "Landscape") if page != at.page)


def panel(at: At) -> Iterator[At]:
    """Views of a trajectory and some models; in each of them another trajectory and other models."""
    if at.few and at.trajectory == ONE:
        yield from looks(at)
    if at.trajectory == ONE:
        yield at._replace(few=not at.few)
    if not at.few:
        yield at._replace(trajectory=compare.ALL if at.trajectory == ONE else ONE)


def tour(start: At, moves: Moves) -> Iterator[tuple[At, At]]:
    """Every change of picture, each once as far as can be: always on to the nearest that was not seen yet."""
    seen, at = set(), start
    while way := _to_new(at, moves, seen):
        for after in way:
            seen.add((at.picture, after.picture))
            yield at, after
            at = after


def _to_new(start: At, moves: Moves, seen: set) -> list[At]:
    ways, known = deque([[start]]), {start}
    while ways:
        way = ways.popleft()
        for after in moves(way[-1]):
            if (way[-1].picture, after.picture) not in seen:
                return [*way[1:], after]
            if after not in known:
                known.add(after)
                ways.append([*way, after])
    return []


def figures() -> Callable[[At], str]:
    """What is to be seen, as JSON of figures that no page has drawn yet; made without a kernel."""
    dash = fl.widgets.Dashboard(str(ROOT / "data/cu55_1200K.npz"), theta=str(ROOT / "data/theta_energy.json"))

    def one(at: At) -> str:
        dash.pages.value = at.page
        state = dash.page.state
        if at.page == "Compare":
            state.models, state.trajectory = PART if at.few else dash.compare.state.options["models"], at.trajectory
            state.quantity = SITE if at.view == SITE else compare.TOTAL
            state.view = compare.DISTRIBUTION if at.view == SITE else at.view
        elif at.page == "Fit":
            state.ridge = fl.widgets.controls.STRENGTHS[-1] if at.changed else 0.0
        elif at.page == "Landscape":
            state.loss = "force MAE" if at.changed else "Fisher divergence"
        assert dash.page.last_error is None
        return dash.page._shown.to_json()

    return one


def fresh(browser: object, width: float, states: Iterable[At]) -> dict[tuple, object]:
    """What a page that has drawn nothing else shows of each picture."""
    with ThreadPoolExecutor(
        1
    ) as alone:  # Playwright's loop runs in this thread, and panels without a loop work at once
        one = alone.submit(figures).result()
        drawn = {at.picture: alone.submit(one, at).result() for at in states}
    page, found = browser.new_page(viewport={"width": 1400, "height": 1000}), {}
    page.set_content(f"<!doctype html><div id=here style='width: {width}px'></div>")
    for each in (get_plotlyjs(), ADAPT, LOOK):
        page.add_script_tag(content=each)
    script = """async (figure) => {
        const here = document.getElementById("here"), gd = document.createElement("div");
        here.replaceChildren(gd);
        const {data, layout} = adapted(JSON.parse(figure), here.clientWidth, isDark(here));
        await Plotly.newPlot(gd, data, {...layout, autosize: true, width: undefined}, {displaylogo: false});
        const seen = shown(gd);
        Plotly.purge(gd);
        return seen;
    }"""
    for picture, figure in drawn.items():
        found[picture] = page.evaluate(script, figure)
    page.close()
    return found


def go(e: Explorer, before: At, after: At) -> None:
    """The one choice that leads from one picture to another."""
    if before.page != after.page:
        e.press(after.page)
    elif before.changed != after.changed and after.page == "Fit":
        e.nudge("Ridge strength", ["End" if after.changed else "Home"])
    elif before.changed != after.changed:
        e.choose("Loss", "force MAE" if after.changed else "Fisher divergence")
    elif before.trajectory != after.trajectory:
        e.choose("Trajectory", after.trajectory)
    elif before.few != after.few:
        for name in EVERY:  # those that stay are ticked first: at least one always is
            if not after.few or name in PART:
                e.labelled(name).check()
        for name in EVERY:
            if after.few and name not in PART:
                e.labelled(name).uncheck()
    elif SITE in (before.view, after.view):
        e.choose("Quantity", SITE if after.view == SITE else compare.TOTAL)
    else:
        e.choose("View", after.view)


def walk(e: Explorer, browser: object, start: At, moves: Moves) -> None:
    """Every change of picture; after each the page shows what a fresh one would.

    Raises:
        AssertionError: with the changes that led to a false figure, and what is false in it.
    """
    steps = list(tour(start, moves))
    width = e.value("gd.getBoundingClientRect().width")
    wanted = fresh(browser, width, [start, *(after for _, after in steps)])
    e.page.evaluate(LOOK + "; window.shown = shown; window.differences = differences;")
    e.page.evaluate("wanted => { window.wanted = wanted }", {json.dumps(k): v for k, v in wanted.items()})
    false: dict[str, list[str]] = {}
    for before, after in [(start, start), *steps]:
        if before != after:
            go(e, before, after)
        if found := _false(e, json.dumps(after.picture)):
            false[f"{_words(before)} → {_words(after)}"] = found
            if len(false) >= ENOUGH:
                break
    told = [f"{change}: {'; '.join(found[:6])}" for change, found in false.items()]
    assert not false, "figures that are not what a fresh page draws:\n" + "\n".join(told)


def _false(e: Explorer, picture: str) -> list[str]:
    """What is false in the figure once it has had the time to become right, and stayed so for a moment."""
    script = f"""async ([picture, patience]) => {{
        const look = () => {{ try {{ return differences(shown({FIGURE}), wanted[picture]); }} catch (e) {{ return [String(e)]; }} }};
        const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const end = performance.now() + patience;
        let found = ["nothing yet"];
        for (let right = 0; right < 2 && performance.now() < end; await wait(60)) {{
            found = look();
            right = found.length ? 0 : right + 1;
        }}
        return found;
    }}"""
    return e.page.evaluate(script, [picture, PATIENCE])


def _words(at: At) -> str:
    words = [*([at.page] if at.page != "Compare" else [at.view, at.trajectory]), *(["few models"] if at.few else [])]
    return ", ".join([*words, *(["changed"] if at.changed else [])])
