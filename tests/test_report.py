"""The report builder: parameters, failures, numbers, and the page itself in a real browser without a network."""

import contextlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from plotly.offline import get_plotlyjs

from fisherlib import report
from fisherlib.report import page
from fisherlib.report.__main__ import main
from fisherlib.report.parameters import ParameterError, check, defaults

TEXT = r"""# What $\theta_f$ does

The loss $J(\theta) = \tfrac12 \theta^\top T\theta - \theta^\top c$ in code is `$J$`; two `$` and `$$` stay as they are.

$$ \theta_f = \operatorname*{arg\,min}_\theta J(\theta) \quad\text{in eV} $$

Explore it in [the explorer](../explorers/01.ipynb).

| descriptor | value |
|---|---:|
| `$D_1$` | $\beta^2 < 3$ |
"""
PARAMETERS = """\
data = "data/default.npz"
temperature = 1200.0  # K
n_points = 21
quick = True
seed = None
size = 2 * n_points
mode = "good"  # good, raise or nan
"""
SHOW = """\
import sys
import warnings

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import JSON, display

print("shown on stdout")
print("never shown", file=sys.stderr)
if mode == "good":
    for message in ("data are few", "data are few", "give temperature= once"):
        warnings.warn(message, stacklevel=1)
display({"application/vnd.jupyter.widget-view+json": {"model_id": "0"}, "text/plain": "a slider"}, raw=True)
pd.DataFrame({"energy": [1.25, -3.5, 10.0], "error": [0.01, 0.1, 0.3]}, index=["fcc", "hcp", "liquid"])
"""
PLAIN_FIGURE = """\
go.Figure(go.Scatter(x=[0, 1, 2], y=[0, 1, 4], name="plain"), dict(height=320, margin=dict(t=30)))
"""
SELECTABLE_FIGURE = """\
import json

def traces(model, plane, loss):
    x = np.linspace(-1, 1, n_points)
    z = (1 + len(loss)) * (x**2 + len(model) * x[:, None] ** 2)
    surface = go.Surface(x=x, y=x, z=z, showscale=False, name=f"{model}, {plane}, {loss}")
    start = go.Scatter3d(x=[1], y=[0], z=[1], mode="markers", name="start")
    minimum = go.Scatter3d(x=[0], y=[0], z=[1], mode="markers", name="minimum")
    return [surface, start] if model == "network" else [surface, start, minimum]

planes = {"θ_f": ["to another", "random"], "θ_DFT": ["to another", "random"], "network": ["random", "first weights"]}
losses = {"energy": "ΔE (eV)", "Fisher divergence": "J"}
choices = [(model, plane, loss) for model in planes for plane in planes[model] for loss in losses]
frames = [
    go.Frame(name=json.dumps(dict(zip(["model", "plane", "loss"], choice))), data=traces(*choice),
             layout={"scene.zaxis.title.text": losses[choice[2]]})
    for choice in choices
]
layout = dict(height=480, margin=dict(t=20, b=10))
layout["scene"] = dict(aspectmode="cube", xaxis_title="a", yaxis_title="b", camera_eye=dict(x=1.6, y=1.6, z=1.1))
go.Figure(frames[0].data, layout, frames).update_layout(scene_zaxis_title_text=losses["energy"])
"""
NUMBERS = """\
if mode == "raise":
    raise ValueError("temperature is\\nnot what the data were drawn at")
JSON({"temperature": temperature, "θ": [1.5, float("nan") if mode == "nan" else 2.5], "data": data, "seed": seed})
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small report notebook in a folder of its own."""
    cells = [
        new_markdown_cell(TEXT),
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        *(new_code_cell(source) for source in (SHOW, PLAIN_FIGURE, SELECTABLE_FIGURE)),
        new_code_cell(NUMBERS, metadata={"tags": ["report-json"]}),
    ]
    path = tmp_path_factory.mktemp("project") / "small.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def built(notebook: Path) -> tuple[Path, str]:
    """The page of one successful run from the command line, and what was printed."""
    arguments = ["TEMPERATURE=900", "data=shipped/cu.npz", "--notebook", notebook.name, "--target", "reports"]
    with (
        contextlib.chdir(notebook.parent),
        contextlib.redirect_stdout(io.StringIO()) as printed,
        contextlib.redirect_stderr(io.StringIO()) as told,
    ):
        assert main(arguments) == 0
    lines = told.getvalue().splitlines()
    assert lines == ["report: warning: data are few", "report: warning: give TEMPERATURE= once"], "a line each, once"
    return notebook.parent / "reports" / "small.html", printed.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Parameters


DEFAULTS = {"data": "a.npz", "temperature": 1200.0, "n": 3, "quick": True, "seed": None, "keys": ["fcc"], "T": 1.0}


@pytest.mark.parametrize(
    ("given", "fitted"),
    [
        ({"DATA": "1e3"}, {"data": "1e3"}),
        ({"Data": Path("x") / "y"}, {"data": "x/y"}),
        ({"temperature": "1200"}, {"temperature": 1200.0}),
        ({"temperature": 300}, {"temperature": 300.0}),
        ({"temperature": "null"}, {"temperature": None}),
        ({"N": "4.0"}, {"n": 4}),
        ({"quick": "false"}, {"quick": False}),
        ({"seed": "7"}, {"seed": 7}),
        ({"seed": "1.5"}, {"seed": 1.5}),
        ({"seed": "True"}, {"seed": True}),
        ({"seed": "some text"}, {"seed": "some text"}),
        ({"keys": '["fcc", "hcp"]'}, {"keys": ["fcc", "hcp"]}),
        ({"T": 2, "t": 3}, {"T": 3.0}),
    ],
)
def test_a_value_takes_the_type_of_its_default(given: dict[str, object], fitted: dict[str, object]) -> None:
    found = check(given, DEFAULTS, notebook="x.ipynb")
    assert found == fitted
    assert [type(value) for value in found.values()] == [type(value) for value in fitted.values()]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"temperature": "hot"}, "temperature: expected a number, got 'hot'"),
        ({"temperature": True}, "temperature: expected a number, got True"),
        ({"n": 1.5}, "n: expected a whole number, got 1.5"),
        ({"n": "inf"}, "n: expected a whole number, got 'inf'"),
        ({"temperature": "nan"}, "temperature: expected a number, got 'nan'"),
        ({"quick": "maybe"}, "quick: expected true or false, got 'maybe'"),
        ({"keys": "fcc"}, "keys: expected a JSON list, got 'fcc'"),
        (
            {"Temprature": 1},
            "x.ipynb has no parameter 'Temprature' (did you mean 'temperature'?); "
            "it has: data, temperature, n, quick, seed, keys, T",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ParameterError, match=f"^{re.escape(sentence)}$"):
        check(given, DEFAULTS, notebook="x.ipynb")


def test_defaults_are_read_from_the_notebook(notebook: Path) -> None:
    read = nbformat.read(notebook, as_version=4)
    read.metadata.kernelspec = {"name": "python3", "language": "python"}
    found = defaults(read)
    assert list(found) == ["data", "temperature", "n_points", "quick", "seed", "size", "mode"]
    assert (found["temperature"], found["quick"], found["seed"], found["size"]) == (1200.0, True, None, "2 * n_points")
    assert check({"size": "42"}, found, notebook="x.ipynb") == {"size": 42}  # an expression has no type to fit


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [("tempratur=1", "small.ipynb has no parameter 'tempratur' (did"), ("1200", "expected NAME=value, got '1200'")],
)
def test_a_misspelt_argument_is_refused_before_anything_runs(
    notebook: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], argument: str, sentence: str
) -> None:
    assert main([argument, "--notebook", str(notebook), "--target", str(tmp_path / "reports")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"report: {sentence}") and printed.err.count("\n") == 1
    assert not (tmp_path / "reports").exists()


# Running


def test_the_numbers_are_written_beside_the_page(built: tuple[Path, str]) -> None:
    path, printed = built
    assert printed == "reports/small.html\nreports/small.json\n"
    assert sorted(contents(path.parent)) == ["small.html", "small.json"]
    numbers = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert numbers == {"temperature": 900.0, "θ": [1.5, 2.5], "data": "shipped/cu.npz", "seed": None}


def test_a_failing_cell_gives_one_sentence_and_leaves_the_old_report(notebook: Path, built: tuple[Path, str]) -> None:
    before = contents(built[0].parent)
    command = [sys.executable, "-m", "fisherlib.report", "mode=raise", f"--notebook={notebook}"]
    command.append(f"--target={built[0].parent}")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stderr == (
        "report: small.ipynb stopped: ValueError: temperature is not what the data were drawn at "
        f"({built[0]} is still an earlier report)\n"
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert contents(built[0].parent) == before


def test_numbers_that_json_cannot_hold_are_an_error(notebook: Path, built: tuple[Path, str]) -> None:
    before = contents(built[0].parent)
    with pytest.raises(report.ReportError, match=r"shows numbers\.θ\[1\] = nan, and JSON has no such number"):
        report.build(notebook, built[0].parent, {"mode": "nan"})
    assert contents(built[0].parent) == before


def test_a_notebook_without_numbers_gives_a_page_alone(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed = new_notebook(cells=[new_code_cell("1 + 1", outputs=[new_output("stream", text="2")])])
    monkeypatch.setattr("fisherlib.report.run.execute", lambda *_, **__: executed)
    assert report.build(notebook, tmp_path, {}) == [tmp_path / "small.html"]
    executed.cells[0].metadata.tags = ["report-json"]
    with pytest.raises(report.ReportError, match="must end in IPython.display.JSON"):
        report.build(notebook, tmp_path, {})


def test_a_page_that_cannot_be_made_is_told_in_a_sentence(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def render(*_: object, **__: object) -> str:
        raise KeyError("data")

    executed = new_notebook(cells=[new_code_cell("1 + 1")])
    monkeypatch.setattr("fisherlib.report.run.execute", lambda *_, **__: executed)
    monkeypatch.setattr(page, "render", render)
    command = [f"--notebook={notebook}", f"--target={tmp_path / 'reports'}"]
    assert main(command) == 1
    sentence = "report: small.ipynb ran, but its page could not be made: KeyError: 'data'\n"
    assert capsys.readouterr().err == sentence and not (tmp_path / "reports").exists()
    assert main([*command, "--traceback"]) == 1
    assert capsys.readouterr().err.startswith(f"{sentence}Traceback (most recent call last)")


def test_the_traceback_is_shown_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def written(*_: object) -> list[Path]:
        raise report.ReportError("it stopped", "line 3 of cell 2")

    monkeypatch.setattr("fisherlib.report.__main__._written", written)
    assert main(["--traceback", "--target=nowhere"]) == 1
    assert capsys.readouterr().err == "report: it stopped\nline 3 of cell 2\n"


# The page as text


@pytest.fixture(scope="module")
def source(built: tuple[Path, str]) -> str:
    """The page without the drawing library, which must be in it once."""
    text = built[0].read_text(encoding="utf-8")
    assert text.count(get_plotlyjs()) == 1
    return text.replace(get_plotlyjs(), "")


def test_the_end_shows_what_the_report_was_made_with(source: str, notebook: Path) -> None:
    assert "<title>What θf does</title>" in source
    assert source.count("<h1>") == source.count("<h2>Settings</h2>") == 1  # the notebook has no such section
    source = source.split("<footer")[1]
    for name, value in [("data", "shipped/cu.npz"), ("temperature", "900.0"), ("mode", "good")]:
        assert f'<th scope="row">{name}</th><td>{value}</td>' in source
    assert ">seed</th>" not in source  # not given: there is nothing to show
    assert re.search(r"<td>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00</td>", source)
    assert re.search(r"<td>fisherlib \S+ · numpy \S+ · scipy \S+ · plotly \S+ · python 3\S+</td>", source)
    assert str(notebook.parent) not in source


def test_the_line_under_the_title_names_the_data(source: str) -> None:
    assert '<p class="subject">cu.npz · 900 K</p>' in source


@pytest.mark.parametrize("outside", [True, False])
def test_an_absolute_path_is_not_shown(outside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent if outside else tmp_path.parent)
    html = page.render(new_notebook(), name="x", parameters={"data": str(tmp_path / "a.npz")})
    assert f"<td>{'a.npz' if outside else tmp_path.name + '/a.npz'}</td>" in html


def test_the_page_asks_for_nothing_from_the_network(source: str) -> None:
    assert re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//[^"']*|@import|url\(""", source) == []


def test_the_page_shows_results_and_not_how_they_were_made(source: str) -> None:
    assert "shown on stdout" in source and 'class="dataframe"' in source
    for hidden in ("import numpy", "never shown", "a slider", "IPython.core.display"):
        assert hidden not in source


def test_mathematics_becomes_mathml_and_code_stays(source: str) -> None:
    assert source.count("<math") == 4  # title, inline, display, table
    assert source.count('<math display="block"') == 1
    for code in ("$J$", "$", "$$", "$D_1$"):
        assert f"<code>{code}</code>" in source


def test_mathematics_that_cannot_be_read_is_still_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(*_: object, **__: object) -> str:
        raise IndexError

    monkeypatch.setattr("latex2mathml.converter.convert", convert)
    html = page.render(new_notebook(cells=[new_markdown_cell("Here $a < b$.")]), name="x", parameters={})
    assert "<p>Here <code>a &lt; b</code>.</p>" in html


def rendered(figure: dict[str, Any]) -> str:
    """A page with one figure."""
    output = new_output("display_data", {page.PLOTLY: {"layout": {}} | figure})
    return page.render(new_notebook(cells=[new_code_cell(outputs=[output])]), name="x", parameters={})


def frame(choice: str | dict[str, object], /, **trace: object) -> dict[str, Any]:
    """A frame with one trace; a choice that is no text is written as JSON."""
    return {"name": choice if isinstance(choice, str) else json.dumps(choice), "data": [{"type": "bar"} | trace]}


def selectors(frames: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """(label, options) of each selector that the page puts above a figure with these frames."""
    found = []
    html = BeautifulSoup(rendered({"data": [], "frames": frames}), "html.parser")
    assert len(html.find_all("label")) == len(html.find_all("select"))
    for label in html.find_all("label"):
        options = html.find("select", id=label["for"]).find_all("option")
        assert [option["value"] for option in options] == [option.text for option in options]
        assert not any(option.has_attr("selected") for option in options)  # a browser chooses the first
        found.append((label.text, [option.text for option in options]))
    return found


HOSTILE = """B "'<b></option></select></script><script>document.title = 'broken'</script><!--"""


def test_there_is_one_labelled_selector_per_key_of_the_choices() -> None:
    frames = [
        frame({"model": "A", "temperature": 300.0}),
        frame({"model": HOSTILE, "temperature": 600.0}),
        frame({"model": "A", "temperature": 600.0}),
    ]
    assert selectors(frames) == [("Model", ["A", HOSTILE]), ("Temperature", ["300.0", "600.0"])]


@pytest.mark.parametrize("name", ["", "step 1", "12", "[1, 2]", "{}", '"a"', "{not json"])
def test_a_frame_of_an_animation_makes_no_selector_and_is_kept(name: str) -> None:
    html = rendered({"data": [], "frames": [frame(name, name="moved")]})
    assert "<select" not in html
    script = html.split("<main>")[1]
    assert script.count("moved") == 1 and "moved" in script.split('"frames": []}, ')[1]  # not among those of selectors


def test_a_figure_without_frames_has_no_selector() -> None:
    assert selectors([]) == []


def test_what_frames_share_is_written_once() -> None:
    z = {"dtype": "f4", "bdata": "c2hhcmVkIGJ5IGFsbA=="}
    frames = [frame({"k": str(k)}, z=z, x=z, name=f"trace {k}") for k in range(5)]
    html = rendered({"data": [], "frames": frames})
    assert html.count(z["bdata"]) == 1 and all(html.count(f'"trace {k}"') == 1 for k in range(5))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See [01_load](../01_load.ipynb).", "See notebook 01_load (make lab)."),
        ("See [a](../a.ipynb) (`make lab`), [b](x/b.ipynb).", "See notebook a (make lab), notebook b."),
        ("See [it](https://example.org/a.html).", "See it."),
    ],
)
def test_a_link_to_a_notebook_is_its_name_since_a_page_is_mailed_without_it(text: str, shown: str) -> None:
    html = page.render(new_notebook(cells=[new_markdown_cell(text)]), name="x", parameters={})
    main = BeautifulSoup(html, "html.parser").find("main")
    assert main.text.strip() == shown
    assert [a["href"] for a in main.find_all("a")] == re.findall(r"https[^)]*", text)


def test_the_built_page_leads_nowhere_but_to_its_own_numbers(source: str) -> None:
    html = BeautifulSoup(source, "html.parser")
    assert [a["href"] for a in html.find_all("a")] == ["#numbers"]
    assert "Explore it in notebook the explorer (make lab)." in html.find("main").text


def test_the_numbers_in_the_page_are_those_beside_it_and_no_text_in_them_ends_their_script(
    source: str, built: tuple[Path, str]
) -> None:
    inside = BeautifulSoup(source, "html.parser").find("script", id="numbers")
    assert json.loads(inside.string) == json.loads(built[0].with_suffix(".json").read_text(encoding="utf-8"))
    html = page.render(new_notebook(), name="x", parameters={}, numbers=json.dumps({"a": "</script><b>"}))
    found = BeautifulSoup(html, "html.parser")
    assert json.loads(found.find("script", id="numbers").string) == {"a": "</script><b>"} and not found.find("b")


def test_a_section_on_settings_in_the_notebook_is_the_last_one() -> None:
    html = page.render(new_notebook(cells=[new_markdown_cell("## Settings")]), name="x", parameters={"n": 3, "m": None})
    assert html.count("Settings</h2>") == 1 and html.index("Settings</h2>") < html.index('<th scope="row">n</th>')


# The page in a browser


FIGURE = "document.getElementById('fig-1')"
CAMERA = f"{FIGURE}._fullLayout.scene._scene.getCamera().eye"
VISIBLE = f"{FIGURE}._fullData.filter(trace => trace.visible === true).map(trace => trace.name)"
HEIGHT_TITLE = f"{FIGURE}._fullLayout.scene.zaxis.title.text"


class Opened:
    """A page in the browser, with everything it asked for and every error it met."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    def wait_for_visible(self, *names: str) -> None:
        self.page.wait_for_function(f"names => {VISIBLE}.join() === names.join()", arg=list(names))


@pytest.fixture(scope="module")
def opened(chromium: Any, built: tuple[Path, str]) -> Iterator[Opened]:
    """The page, opened from its file with the network off."""
    context = chromium.new_context(viewport={"width": 1000, "height": 900}, offline=True)
    opened = Opened(context.new_page())
    opened.page.goto(built[0].as_uri())
    opened.page.wait_for_selector("#fig-1 canvas")
    yield opened
    context.close()


def offered(page: Any, label: str) -> list[str]:
    """The options of a selector that can be chosen; the others are hidden and disabled."""
    options = page.get_by_label(label).locator("option")
    states = options.evaluate_all("found => found.map(o => [o.value, o.disabled, o.hidden])")
    assert all(disabled == hidden for _, disabled, hidden in states)
    return [value for value, disabled, _ in states if not disabled]


@pytest.mark.browser
def test_every_figure_is_drawn_without_a_network(opened: Opened, built: tuple[Path, str]) -> None:
    assert opened.page.locator("#fig-0 .scatterlayer .trace").count() == 1
    opened.wait_for_visible("θ_f, to another, energy", "start", "minimum")
    assert [opened.page.get_by_label(label).input_value() for label in ("Model", "Plane", "Loss")] == [
        "θ_f",
        "to another",
        "energy",
    ]
    assert opened.page.evaluate(HEIGHT_TITLE) == "ΔE (eV)"
    assert opened.page.locator(".modebar-btn").count() > 0
    assert opened.page.locator(".modebar-btn[data-title*=Share]").count() == 0


@pytest.mark.browser
def test_the_numbers_can_be_saved_from_a_page_that_is_a_file(opened: Opened, built: tuple[Path, str]) -> None:
    with opened.page.expect_download() as download:
        opened.page.get_by_role("link", name="small.json").click()
    assert download.value.suggested_filename == "small.json"
    assert Path(download.value.path()).read_bytes() == built[0].with_suffix(".json").read_bytes()


#: Of a figure on paper: its width and that of its place, whether the surface is a picture, and words beyond the edge.
ON_PAPER = """() => [...document.querySelectorAll('.js-plotly-plot')].map((gd) => {
    const page = document.body.getBoundingClientRect(), box = gd.getBoundingClientRect();
    const words = [...gd.querySelectorAll('text')].map((e) => e.getBoundingClientRect()).filter((b) => b.width);
    const picture = gd.querySelector('img.pictured');
    return {
        cut: box.right - page.right > 1 || words.some((b) => b.right - box.right > 2 || box.left - b.left > 2),
        surface: !gd._fullLayout._subplots.gl3d?.length || (picture?.naturalWidth ?? 0) > 100,
    };
})"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [1400, 794, 390])
def test_on_paper_every_figure_is_whole_from_any_width_and_the_surface_is_a_picture(
    chromium: Any, built: tuple[Path, str], width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, offline=True, color_scheme="dark")
    tab = Opened(context.new_page())
    tab.page.goto(built[0].as_uri())
    tab.wait_for_visible("θ_f, to another, energy", "start", "minimum")
    narrow = tab.page.evaluate(f"{FIGURE}._fullLayout.width")
    tab.page.emulate_media(media="print")
    tab.page.wait_for_function(f"{FIGURE}._fullLayout.width === 960")
    tab.page.wait_for_function("document.querySelector('img.pictured')?.complete")
    assert tab.page.evaluate(ON_PAPER) == [{"cut": False, "surface": True}] * 2
    assert tab.page.locator("select").first.is_hidden() and tab.page.locator(".selectors span").first.is_visible()
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    tab.page.emulate_media(media="screen")
    tab.page.wait_for_function(f"{FIGURE}._fullLayout.width === {narrow} && !document.querySelector('img.pictured')")
    assert tab.errors == []
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_the_page_is_as_wide_as_the_screen_and_follows_its_theme(
    chromium: Any, built: tuple[Path, str], scheme: str
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 800}, offline=True, color_scheme=scheme)
    tab = Opened(context.new_page())
    tab.page.goto(built[0].as_uri())
    tab.wait_for_visible("θ_f, to another, energy", "start", "minimum")
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
    ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 17)"}[scheme]
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
    assert tab.page.evaluate("document.getElementById('fig-0')._fullLayout.paper_bgcolor") == "rgba(0,0,0,0)"
    tab.page.emulate_media(color_scheme="dark")
    tab.page.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(17, 17, 17)'")
    assert tab.errors == []
    context.close()


@pytest.mark.browser
def test_the_turned_view_survives_a_change_of_any_selector(
    opened: Opened, settled: Callable[[object, str], object], turn: Callable[[object, object], None]
) -> None:
    before = opened.page.evaluate(CAMERA)
    figure = opened.page.locator("#fig-1")
    figure.scroll_into_view_if_needed()
    turn(opened.page, figure)
    opened.page.wait_for_function(f"x => Math.abs({CAMERA}.x - x) > 0.1", arg=before["x"])

    opened.page.get_by_label("Loss").select_option("Fisher divergence")
    opened.wait_for_visible("θ_f, to another, Fisher divergence", "start", "minimum")
    turned = settled(opened.page, CAMERA)  # now: the first redraw also ends the glide of the camera
    assert abs(turned["x"] - before["x"]) > 0.1
    assert opened.page.evaluate(HEIGHT_TITLE) == "J"
    opened.page.get_by_label("Model").focus()
    opened.page.keyboard.press("ArrowDown")
    opened.wait_for_visible("θ_DFT, to another, Fisher divergence", "start", "minimum")
    opened.page.get_by_label("Plane").select_option("random")
    opened.page.get_by_label("Loss").select_option("energy")
    opened.wait_for_visible("θ_DFT, random, energy", "start", "minimum")
    assert opened.page.evaluate(HEIGHT_TITLE) == "ΔE (eV)"
    assert settled(opened.page, CAMERA) == pytest.approx(turned, abs=1e-6)
    assert opened.page.evaluate(f"{FIGURE}._fullLayout.scene.xaxis.title.text") == "a"  # no frame changes it


@pytest.mark.browser
def test_options_that_do_not_fit_are_hidden_and_a_choice_moves_to_the_first_that_does(opened: Opened) -> None:
    opened.page.get_by_label("Model").select_option("θ_f")
    opened.page.get_by_label("Plane").select_option("to another")
    opened.page.get_by_label("Loss").select_option("Fisher divergence")
    assert offered(opened.page, "Plane") == ["to another", "random"]
    opened.page.get_by_label("Model").select_option("network")
    opened.wait_for_visible("network, random, Fisher divergence", "start")  # and the minimum is gone
    assert offered(opened.page, "Plane") == ["random", "first weights"]
    assert opened.page.get_by_label("Plane").input_value() == "random"
    opened.page.get_by_label("Plane").focus()
    opened.page.keyboard.press("ArrowUp")  # the option above is not offered
    assert opened.page.get_by_label("Plane").input_value() == "random"
    opened.page.get_by_label("Plane").select_option("first weights")
    opened.wait_for_visible("network, first weights, Fisher divergence", "start")
    opened.page.get_by_label("Model").select_option("θ_f")
    opened.wait_for_visible("θ_f, to another, Fisher divergence", "start", "minimum")
    assert offered(opened.page, "Model") == ["θ_f", "θ_DFT", "network"]
    assert offered(opened.page, "Loss") == ["energy", "Fisher divergence"]


@pytest.mark.browser
def test_after_a_reload_the_figure_shows_what_the_selectors_say(
    chromium: Any, built: tuple[Path, str], tmp_path: Path
) -> None:
    # A browser may restore choices, also one that goes with no other: as if the page had been written with it.
    chosen = built[0].read_text(encoding="utf-8")
    for option in ("network", "Fisher divergence"):
        chosen = chosen.replace(f'<option value="{option}">', f'<option value="{option}" selected>')
    restored = tmp_path / "restored.html"
    restored.write_text(chosen, encoding="utf-8")
    tab = Opened(chromium.new_page())
    tab.page.goto(restored.as_uri())
    tab.wait_for_visible("network, random, Fisher divergence", "start")
    assert tab.page.get_by_label("Plane").input_value() == "random"
    assert tab.page.evaluate(HEIGHT_TITLE) == "J"
    tab.page.get_by_label("Model").select_option("θ_DFT")
    tab.page.reload()
    model, plane, loss = (tab.page.get_by_label(label).input_value() for label in ("Model", "Plane", "Loss"))
    tab.page.wait_for_function(f"{VISIBLE}[0] === {f'{model}, {plane}, {loss}'!r}")
    assert tab.errors == []
    tab.page.close()


@pytest.mark.browser
def test_no_name_can_break_out_of_the_page(chromium: Any, tmp_path: Path) -> None:
    key = "kind \"></select><script>document.title = 'broken'</script>"
    frames = [frame({key: name}, x=[1], y=[1], name=name) for name in ("plain", HOSTILE)]
    path = tmp_path / "hostile.html"
    path.write_text(rendered({"data": frames[0]["data"], "frames": frames}), encoding="utf-8")
    tab = Opened(chromium.new_page())
    tab.page.goto(path.as_uri())
    tab.page.get_by_label("Kind").select_option(HOSTILE)
    tab.page.wait_for_function("name => document.getElementById('fig-0')._fullData[0].name === name", arg=HOSTILE)
    assert (tab.page.title(), tab.page.locator("select").count(), tab.errors) == ("x", 1, [])
    assert tab.page.locator("script").count() == rendered({"data": []}).count("<script")
    tab.page.close()


@pytest.mark.browser
def test_an_animation_waits_for_the_reader(chromium: Any, tmp_path: Path) -> None:
    shown = {"type": "scatter", "x": [0, 1]}
    figure = {"data": [shown | {"y": [0, 0]}], "frames": [{"name": "later", "data": [shown | {"y": [5, 5]}]}]}
    path = tmp_path / "animation.html"
    path.write_text(rendered(figure), encoding="utf-8")
    tab = Opened(chromium.new_page())
    tab.page.goto(path.as_uri())
    height = "document.getElementById('fig-0').calcdata[0][0].y"
    tab.page.wait_for_timeout(1000)
    assert tab.page.evaluate(height) == 0
    tab.page.evaluate("Plotly.animate('fig-0', ['later'], {transition: {duration: 0}, frame: {duration: 0}})")
    tab.page.wait_for_function(f"{height} === 5")
    tab.page.close()


@pytest.mark.browser
def test_the_browser_met_no_error_and_asked_for_nothing_but_the_file(
    opened: Opened, built: tuple[Path, str], tmp_path: Path
) -> None:
    for width in (800, 1400):
        opened.page.set_viewport_size({"width": width, "height": 900})
        opened.page.wait_for_function(f"{FIGURE}._fullLayout.width === Math.min(window.innerWidth, 1000) - 40")
        opened.page.screenshot(path=tmp_path / f"{width}.png", full_page=True)  # for eyes, not compared
    assert opened.requests == [built[0].as_uri()]
    assert opened.errors == []
