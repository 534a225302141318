"""A figure on a page: it follows theme and width, is saved for a journal, turned from the keyboard, and has a name."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs
from plotly.subplots import make_subplots

import fisherlib as fl
from fisherlib.widgets.live import ADAPT

pytestmark = pytest.mark.browser

EYE = "gd => { const { x, y, z } = gd._fullLayout.scene._scene.getCamera().eye; return [x, y, z]; }"


@pytest.fixture(scope="module")
def page(chromium: object) -> Iterator[object]:
    """A page in a light theme of JupyterLab with one figure that is followed, ``screen``, in ``gd``."""
    opened = chromium.new_page(viewport={"width": 1040, "height": 1200})
    opened.set_content("<!doctype html><body style='margin: 20px' data-jp-theme-light=true><div id=here></div></body>")
    for script in (get_plotlyjs(), ADAPT):
        opened.add_script_tag(content=script)
    opened.evaluate("window.screen_ = follow(document.getElementById('here')); window.gd = screen_.gd")
    yield opened
    opened.close()


def show(page: object, figure: go.Figure, *, width: int = 1000, dark: bool = False) -> None:
    page.set_viewport_size({"width": width + 40, "height": 1200})
    theme(page, dark)
    page.evaluate("text => screen_.become(JSON.parse(text))", figure.to_json())
    page.wait_for_function("width => gd._fullLayout?.width === width", arg=width)


def theme(page: object, dark: bool) -> None:
    ground = "#111111" if dark else "#ffffff"
    script = "([l, c]) => { document.body.dataset.jpThemeLight = l; document.body.style.background = c; }"
    page.evaluate(script, [str(not dark).lower(), ground])


def cloud(**layout: object) -> go.Figure:
    trace = {"x": [0.0, 1.0, 2.0], "y": [3.0, 1.0, 2.0], "text": ["a", "b", "c"], "mode": "markers", "name": "θ_f"}
    figure = make_subplots(cols=2, rows=1, shared_yaxes=True)
    for column in (1, 2):
        figure.add_trace(go.Scatter(**trace, marker_color=fl.figures.PALETTE[0]), row=1, col=column)
        figure.update_xaxes(title="true energy, eV/atom", row=1, col=column)
    figure.add_scatter(x=[0, 2], y=[1, 3], mode="lines", line_color=fl.figures.REFERENCE, name="diagonal")
    figure.update_yaxes(title="model energy, eV/atom", row=1, col=1)
    return fl.figures.styled(figure, title="Parity of θ_f, cu55, 1200 K", height=400).update_layout(layout)


@pytest.fixture(scope="module")
def bowl() -> go.Figure:
    loss = fl.fisher(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
    return fl.figures.landscape(fl.landscape(loss, fl.Plane.through(fl.solve(loss).theta, [2.0, 1.0]), n=11))


def test_in_the_dark_greys_change_places_and_colours_and_the_figure_that_is_given_stay(page: object) -> None:
    given = cloud().to_json()
    dark, kept = page.evaluate(
        "text => { const given = JSON.parse(text), made = themed(given, true); return [made, given]; }", given
    )
    assert kept == json.loads(given)
    colors = [trace.get("marker", {}).get("color") or trace["line"]["color"] for trace in dark["data"]]
    assert colors == [fl.figures.PALETTE[0]] * 2 + ["rgb(213, 213, 213)"]
    assert dark["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)" and dark["layout"]["modebar"]["color"] == "#8f949c"


def test_a_figure_follows_the_theme_and_keeps_its_zoom_and_its_selection(page: object) -> None:
    show(page, cloud())
    page.evaluate("Plotly.relayout(gd, {'xaxis.range': [0.5, 1.5]})")
    page.evaluate("Plotly.restyle(gd, {selectedpoints: [[1]]}, [0])")
    word = "getComputedStyle(gd.querySelector('.gtitle')).fill"
    before = page.evaluate(word)
    theme(page, dark=True)
    page.wait_for_function(f"before => {word} !== before", arg=before)
    kept = "[gd._fullLayout.xaxis.range, gd._fullData[0].selectedpoints]"
    assert page.evaluate(kept) == [[0.5, 1.5], [1]]
    page.set_viewport_size({"width": 440, "height": 1200})
    page.wait_for_function("gd._fullLayout.width === 400")
    assert page.evaluate(kept) == [[0.5, 1.5], [1]]


def test_on_a_narrow_page_panels_go_below_one_another_with_their_own_words(page: object) -> None:
    show(page, cloud(), width=390)
    full = page.evaluate(
        "(({ xaxis, xaxis2, yaxis, yaxis2, height }) => [xaxis, xaxis2, yaxis, yaxis2].map("
        "(a) => [a.domain, a.title.text, a.showticklabels]).concat([height]))(gd._fullLayout)"
    )
    (across, *_), (across2, *_), (upper, *_), (lower, title, ticks), height = full
    assert across == across2 == [0, 1] and upper[0] > lower[1] and height > 600
    assert title == "model energy, eV/atom" and ticks
    assert page.evaluate("gd.scrollWidth <= gd.parentElement.clientWidth")


@pytest.mark.parametrize(("name", "eye"), [("top", (0, 0, 2.2)), ("front", (0, -2.2, 0.5)), ("side", (2.2, 0, 0.5))])
def test_buttons_and_keys_turn_a_surface(page: object, bowl: go.Figure, name: str, eye: tuple[float, ...]) -> None:
    show(page, bowl)
    page.get_by_role("button", name=f"{name}:").click()
    page.wait_for_function(f"eye => ({EYE})(gd).every((v, k) => Math.abs(v - eye[k]) < 0.05)", arg=eye)
    page.evaluate("gd.focus()")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"eye => ({EYE})(gd).some((v, k) => Math.abs(v - eye[k]) > 0.05) || eye[2] > 2", arg=eye)
    page.get_by_role("button", name="as before:").click()
    first = list(bowl.layout.scene.camera.eye.to_plotly_json().values())
    page.wait_for_function(f"eye => ({EYE})(gd).every((v, k) => Math.abs(v - eye[k]) < 0.01)", arg=first)


def saved(page: object, kind: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"{kind}:").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_a_figure_is_saved_under_its_title_on_a_light_ground_at_the_width_of_a_journal(page: object) -> None:
    show(page, cloud(), dark=True)
    name, drawing = saved(page, "SVG")
    assert name == "parity-of-theta-f-cu55-1200-k.svg"
    assert 'width="7in"' in drawing.decode() and "213, 213, 213" not in drawing.decode()  # no colours of the dark
    name, picture = saved(page, "PNG")
    assert name.endswith(".png") and picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == 3 * 864


def test_the_data_are_saved_with_units(page: object, bowl: go.Figure) -> None:
    show(page, cloud())
    name, data = saved(page, "CSV")
    heads, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert name.endswith("-k.csv") and heads == ["trace", "true energy, eV/atom", "model energy, eV/atom", "label"]
    assert rows[1] == ["θ_f", "1", "1", "b"] and len(rows) == 8
    show(page, bowl)
    heads, *rows = csv.reader(io.StringIO(saved(page, "CSV")[1].decode("utf-8-sig")))
    surface = np.array([row[1:4] for row in rows if row[0] == bowl.data[0].name], float)
    assert len(surface) == 11 * 11 and heads[3] == bowl.data[0].name
    np.testing.assert_allclose(surface[:, 2], np.ravel(bowl.data[0].z))


def test_points_are_selected_only_where_the_page_answers(page: object) -> None:
    for meta, there in (({}, 0), ({"pick": True}, 2)):
        show(page, cloud(meta=meta))
        assert page.locator(".modebar-btn[data-attr=dragmode][data-val=lasso]").count() == there // 2
        assert page.locator(".modebar-btn[data-val=lasso], .modebar-btn[data-val=select]").count() == there


def test_a_figure_has_a_name_and_a_place_among_the_tab_stops(page: object, bowl: go.Figure) -> None:
    show(page, bowl.update_layout(title_text="Loss around θ<sub>f</sub>"))
    assert page.evaluate("[gd.tabIndex, gd.getAttribute('role')]") == [0, "figure"]
    name = page.evaluate("gd.getAttribute('aria-label')")  # the subtitle is part of it
    assert name.startswith("Loss around θ_f. ") and " Arrow keys turn the surface" in name
