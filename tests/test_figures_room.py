"""On every page, wide and narrow, light and dark, the words of a figure stand apart, inside it, and in sight."""

import functools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pairs
import pytest
from plotly.offline import get_plotlyjs
from test_figures_axes import NAMES, Build, build  # noqa: F401  a fixture

from fisherlib.widgets.live import ADAPT

pytestmark = pytest.mark.browser

BOXES = (Path(__file__).parent / "boxes.js").read_text()
DRAW = """async ([figure, width, dark]) => {
    const here = document.getElementById("here"), gd = document.createElement("div");
    here.style.width = `${width}px`;
    here.replaceChildren(gd);
    document.body.style.background = dark ? "#111111" : "#ffffff";
    const read = JSON.parse(figure), {data, layout} = adapted(read, width, isDark(here));
    await Plotly.newPlot(gd, data, {...layout, autosize: true, width: undefined}, settings(read));
    const found = faults(gd, getComputedStyle(document.body).backgroundColor);
    Plotly.purge(gd);
    return found;
}"""
#: What the dashboard shows, of the shipped data.
DASHBOARD = [pairs.At(page=page) for page in ("Load", "Fit", "Landscape")]
DASHBOARD += [pairs.At(page="Compare", view=view) for view in (*pairs.VIEWS, pairs.SITE)]


@pytest.fixture(scope="module")
def page(chromium: object) -> Iterator[object]:
    """A page with the scripts that draw a figure, and with those that look at it."""
    opened = chromium.new_page(viewport={"width": 1440, "height": 1000})
    opened.set_content("<!doctype html><body><div id=here></div></body>")
    for script in (get_plotlyjs(), ADAPT, BOXES):
        opened.add_script_tag(content=script)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def drawn(build: dict[str, Build]) -> dict[str, str]:  # noqa: F811
    """A small figure of each kind, and those of the dashboard, as JSON."""
    small = {name: build[name]().to_json() for name in NAMES}
    with ThreadPoolExecutor(1) as alone:  # Playwright's loop runs in this thread, and panels without one work at once
        one: Callable[[pairs.At], str] = alone.submit(pairs.figures).result()
        return small | {f"{at.page}, {at.view}": alone.submit(one, at).result() for at in DASHBOARD}


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (1000, True), (390, False)])
def test_no_words_overlap_leave_the_figure_or_are_too_faint(
    page: object, drawn: dict[str, str], width: int, dark: bool
) -> None:
    look = functools.partial(page.evaluate, DRAW)
    found = {name: told for name, figure in drawn.items() if (told := look([figure, width, dark]))}
    assert found == {}, "\n".join(f"{name}: {'; '.join(told[:4])}" for name, told in found.items())


def test_the_look_at_a_figure_finds_what_is_wrong(page: object) -> None:
    notes = [{"text": text, "x": 0, "y": y, "showarrow": False} for text, y in (("first", 0), ("second", 0.01))]
    notes.append({"text": "far", "x": -0.4, "y": 0, "xref": "paper", "showarrow": False})
    notes.append({"text": "faint", "x": 1, "y": 1, "showarrow": False, "font": {"color": "#e0e0e0"}})
    layout = {"annotations": notes, "height": 300, "xaxis": {"range": [-3, 3]}, "yaxis": {"range": [-3, 3]}}
    told = page.evaluate(DRAW, [json.dumps({"data": [{"y": [1]}], "layout": layout}), 500, False])
    for words in ("note “first” lies on note “second”", "note “far” leaves the figure", "note “faint” has a contrast"):
        assert any(each.startswith(words) for each in told), told
