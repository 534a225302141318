"""The main job, as a user runs it: the report on the shipped data and on one run, its numbers, its page offline."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import gallery
import numpy as np
import pytest
from access import faults
from alloy import write_compositions, write_runs
from bs4 import BeautifulSoup

import fisherlib as fl

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.notebooks
Run = subprocess.CompletedProcess[str]


def report(*arguments: str, target: Path) -> Run:
    command = [sys.executable, "-m", "fisherlib.report", *arguments, f"--target={target}"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("shipped")
    done = report("THETA=data/theta_energy.json", "TEMPERATURE=1200", "n=21", target=target)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(target / "theta_f.html"), str(target / "theta_f.json")]
    return target


def test_its_picture_in_the_gallery_shows_its_last_figure(shipped: Path) -> None:
    notebook = ROOT / "notebooks" / "reports" / "theta_f.ipynb"
    figure = gallery.page_figure((shipped / "theta_f.html").read_text(encoding="utf-8"))
    gallery.keep(notebook, figure)
    gallery.compare(notebook, figure)


@pytest.fixture(scope="module")
def numbers(shipped: Path) -> dict:
    return json.loads((shipped / "theta_f.json").read_text())


def test_the_numbers_have_the_promised_shape(numbers: dict) -> None:
    assert numbers.keys() == {
        *("theta_f", "rank", "condition", "held_out", "offers", "cdf", "verdicts", "data", "independent_blocks"),
        *("networks", "temperature", "units", "versions"),
    }
    assert numbers["networks"] == []  # none was asked for
    assert numbers["theta_f"].keys() == {"coef", "intercept"}
    assert numbers["held_out"].keys() == {"force_rmse", "force_r2", "energy_rmse", "energy_shift", "energy_spread"}
    assert numbers["cdf"].keys() == {"ks", "wasserstein_1"}
    assert numbers["data"] == {
        "sha256": fl.io.sha256(ROOT / "data" / "cu55_1200K.npz"),
        "trajectories": 20,
        "configurations": 1000,
    }
    assert numbers["temperature"] == 1200.0
    assert {"fisherlib", "numpy", "scipy", "python"} <= numbers["versions"].keys()


def test_the_first_line_names_the_data_file(shipped: Path) -> None:
    head = BeautifulSoup((shipped / "theta_f.html").read_text(encoding="utf-8"), "html.parser").find("header")
    assert head.find("h1").find_next_sibling().text == "cu55_1200K.npz · 1200 K"


def test_held_out_walkers_are_predicted_as_well_as_promised(numbers: dict) -> None:
    assert numbers["held_out"]["force_r2"] >= 0.98
    assert numbers["held_out"]["energy_spread"] < 0.003  # eV/atom
    assert numbers["rank"] == len(numbers["theta_f"]["coef"]) == 105


def test_the_verdicts_are_those_of_the_library(numbers: dict, copper: fl.Dataset, copper_moments: fl.Moments) -> None:
    theta_f = fl.regression.fisher_fit(copper_moments)
    given = fl.io.read_theta(ROOT / "data" / "theta_energy.json")
    expected = fl.trust.verdicts(copper, moments=copper_moments, model=theta_f, theta=given)
    assert [(v["name"], v["level"]) for v in numbers["verdicts"]] == [(v.name, v.level) for v in expected]
    assert all(isinstance(v["value"], float) and v["message"] and len(v["limits"]) == 2 for v in numbers["verdicts"])
    assert numbers["independent_blocks"] == pytest.approx(fl.Study(copper, moments=copper_moments).blocks.independent)


def test_checks_stand_apart_from_facts(shipped: Path, numbers: dict) -> None:
    page = BeautifulSoup((shipped / "theta_f.html").read_text(encoding="utf-8"), "html.parser").find("body")
    tables = {table.find_previous("h2").text: [] for table in page.find_all("table")}
    for table in page.find_all("table"):
        tables[table.find_previous("h2").text].append(table)
    (facts,) = tables["Data"]
    assert [row.th.text for row in tables["Settings"][0].tbody.find_all("tr")] == ["sha256", "columns", "descriptor"]
    assert "level" not in facts.text and {row.th.text for row in facts.tbody.find_all("tr")} >= {
        *("trajectories", "configurations", "descriptors K", "independent blocks, by the scores"),
    }
    told, passed = tables["Is it to be trusted?"]
    names = [[row.th.text for row in table.tbody.find_all("tr")] for table in (told, passed)]
    levels = {level: [v["name"] for v in numbers["verdicts"] if v["level"] == level] for level in ("warn", "ok")}
    assert names == [levels["warn"], levels["ok"]] and passed.find_parent("details")
    assert f"✓ {len(levels['ok'])} checks passed" in page.text and not levels["ok"] == []


def test_the_numbers_are_those_of_the_library(numbers: dict, copper: fl.Dataset) -> None:
    moments = fl.accumulate(copper)
    theta_f = fl.regression.fisher_fit(moments)
    assert numbers["theta_f"]["coef"] == pytest.approx(theta_f.theta, rel=1e-6)
    assert numbers["theta_f"]["intercept"] == pytest.approx(theta_f.offset, rel=1e-9)
    held_out = fl.validation.cross_validate(copper, moments, fl.regression.fisher_fit, folds=5, seed=0)
    assert numbers["held_out"] == pytest.approx(held_out.pooled, rel=1e-6, abs=1e-9)


def test_every_section_of_figures_names_a_notebook_that_exists_and_links_to_none(shipped: Path) -> None:
    page = BeautifulSoup((shipped / "theta_f.html").read_text(encoding="utf-8"), "html.parser")
    assert [a["href"] for a in page.find_all("a")] == ["#numbers"]
    named: list[str] = []
    for found in page.find("main").find_all(["h2", "p", "figure"]):
        if found.name == "h2":
            named, section = [], found.text
        elif found.name == "p":
            named += re.findall(r"notebook (\d\d_\w+)", found.text)
        elif section != "The answer":
            assert named and all((ROOT / "notebooks" / f"{name}.ipynb").is_file() for name in named), section


def test_it_begins_with_the_answer_and_ends_with_the_settings(shipped: Path, numbers: dict) -> None:
    page = BeautifulSoup((shipped / "theta_f.html").read_text(encoding="utf-8"), "html.parser").find("body")
    heads = [h.text for h in page.find_all("h2")]
    assert (heads[0], heads[-1]) == ("The answer", "Settings") and heads.count("Settings") == 1
    answer = page.find("div", class_="answer")
    values = [float(b.text.replace("−", "-").split(" ±")[0]) for b in answer.find_all("b") if "±" in b.text]
    held_out = numbers["held_out"]
    assert values[:2] == pytest.approx([held_out["force_rmse"], 1e3 * held_out["energy_spread"]], rel=0.02)
    assert len(values) == 4 and values[3] == pytest.approx(62.4, abs=0.2)
    worst = next(v for v in numbers["verdicts"] if v["level"] == "warn")
    assert f"! warn: {worst['name']}: {worst['message']}" in answer.text
    assert answer.find_next("figure").find("script").text.count("Force parity of θ_f") == 1
    settings = page.find("footer").text
    assert "fisherlib" in settings and numbers["data"]["sha256"] in page.text.split("Settings")[-1]
    assert "e_s" not in page.find("main").find("p").text and page.find("main").find("msub") is not None


def test_one_run_stays_one_in_the_report_and_is_warned_of(tmp_path: Path) -> None:
    runs = write_runs(tmp_path / "alloy.xyz", runs=2, frames=20)
    given = ["temperature=800", "cutoff=4", "n_max=2", "l_max=1", "n=3"]
    done = report(f"data={runs}", *given, target=tmp_path)
    assert done.returncode == 0, done.stderr
    numbers = json.loads((tmp_path / "theta_f.json").read_text())
    data = fl.io.read(
        runs, temperature=800.0, descriptor=fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1), check=False
    )
    blocks = fl.Study(data).blocks
    assert numbers["data"]["trajectories"] == len(data) == 1
    assert numbers["independent_blocks"] == pytest.approx(blocks.independent)
    (found,) = [v for v in numbers["verdicts"] if v["name"] == "trajectories"]
    assert found["level"] == "warn" and f"cut into {blocks.clusters} consecutive blocks," in found["message"]


def test_an_alloy_of_many_compositions_without_a_temperature_has_useful_energies_and_their_price(
    tmp_path: Path,
) -> None:
    file = write_compositions(tmp_path / "compositions.xyz")
    given = ["key=config_type", "cutoff=4.5", "n_max=4", "l_max=3", "n=3"]
    done = report(f"data={file}", *given, target=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "states no temperature: the fit does not need it" in done.stderr
    numbers = json.loads((tmp_path / "theta_f.json").read_text())
    assert numbers["temperature"] is None
    (offer,) = [offer for offer in numbers["offers"] if "kl" in offer["weights"]]
    assert offer["held_out"]["energy_rmse"] < 5e-3 < 0.01 < numbers["held_out"]["energy_rmse"]
    text = BeautifulSoup((tmp_path / "theta_f.html").read_text(encoding="utf-8"), "html.parser").find("main").text
    assert offer["why"] in text and f"{offer['name']}, held out" in text and "θ_f, held out" in text
    assert "J/β² (no temperature is known), eV²/Å²" in text


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("TEMPRATURE=1200", "did you mean 'temperature'?"),
        ("DATA=data/none.npz", "no such file"),
        ("THETA=data/none.json", "no such file"),
    ],
)
def test_a_mistake_gets_one_sentence_and_no_report(tmp_path: Path, argument: str, sentence: str) -> None:
    done = report(argument, target=tmp_path / "reports")
    assert done.returncode == 2
    assert sentence in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "reports").exists()


def test_make_refuses_a_misspelt_parameter_with_the_list_of_real_ones() -> None:
    if not (ROOT / ".venv" / ".ready").exists():
        pytest.skip("not installed by make: no .venv/.ready")
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(["make", "report", "DTA=x"], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode != 0
    assert all(name in done.stderr for name in ("data", "theta", "temperature", "folds"))


@pytest.fixture
def page(chromium: object, shipped: Path, tmp_path: Path) -> Iterator[object]:
    """The report, opened from a folder of its own with the network off; every request and error is noted."""
    moved = shutil.copy(shipped / "theta_f.html", tmp_path)
    context = chromium.new_context(viewport={"width": 1200, "height": 1000}, offline=True)
    page = context.new_page()
    page.requests, page.errors = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.set_default_timeout(120_000)
    page.goto(f"file://{moved}")
    page.wait_for_selector(".js-plotly-plot .gl-container canvas", state="attached", timeout=60_000)
    yield page
    assert page.errors == [] and page.requests == [f"file://{moved}"]
    context.close()


def of_landscape(script: str) -> str:
    """A script about the last figure of the page, ``gd``."""
    return f"() => {{ const gd = [...document.querySelectorAll('.js-plotly-plot')].at(-1); {script} }}"


SURFACE = of_landscape("return gd._fullData.find(t => t.type === 'surface' && t.visible === true).name;")
AXIS = of_landscape("return gd._fullLayout.scene.xaxis.title.text;")
EYE = of_landscape("const e = gd._fullLayout.scene._scene.getCamera().eye; return [e.x, e.y, e.z];")


@pytest.mark.browser
def test_every_figure_is_drawn(page: object) -> None:
    figures = page.locator(".js-plotly-plot")
    assert figures.count() == 10
    for k in range(figures.count()):
        figures.nth(k).scroll_into_view_if_needed()
        assert figures.nth(k).locator("svg.main-svg").first.bounding_box()["width"] > 500
    assert page.locator("math").count() > 5


@pytest.mark.browser
@pytest.mark.parametrize(("width", "theme"), [(1000, "dark"), (390, "light")])
def test_axe_finds_no_grave_fault_and_no_error_bar_stands_in_two_lines(page: object, width: int, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 1000})
    page.wait_for_function("document.querySelector('#fig-0')._fullLayout.width <= window.innerWidth")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    lines = "e => { const r = document.createRange(); r.selectNodeContents(e); return r.getClientRects().length; }"
    measured = page.locator("td", has_text=re.compile(r"^[−\d.]+ ± [\d.]+$"))
    assert measured.count() > 10 and set(measured.evaluate_all(f"all => all.map({lines})")) == {1}


@pytest.mark.browser
@pytest.mark.parametrize("width", [1400, 794, 390])
def test_it_is_printed_on_eight_pages_at_most(page: object, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    page.wait_for_function("document.querySelector('#fig-0')._fullLayout.width <= window.innerWidth")
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True))
    assert 4 < len(pages) <= 8


@pytest.mark.browser
def test_every_selector_changes_the_surface_and_it_turns_by_the_mouse(
    page: object, settled: Callable[[object, str], object], turn: Callable[[object, object], None]
) -> None:
    page.get_by_label("Model").scroll_into_view_if_needed()
    assert page.evaluate(SURFACE).startswith("Fisher divergence")
    page.get_by_label("Loss").select_option("force MAE")
    assert page.evaluate(SURFACE) == "force MAE, eV/Å"
    before = page.evaluate(AXIS)
    page.get_by_label("Model").select_option("θ (given)")
    assert page.evaluate(AXIS) != before
    eye = page.evaluate(EYE)
    turn(page, page.locator(".gl-container canvas").last)
    page.get_by_label("Loss").select_option("force Huber")
    turned = settled(page, EYE)  # now: the first redraw also ends the glide of the camera
    assert not np.allclose(eye, turned, atol=0.1)
    page.get_by_label("Loss").select_option("KS of energies")
    assert np.allclose(settled(page, EYE), turned, atol=1e-6)
    page.get_by_label("Plane").select_option("softest and stiffest")
    assert "soft" in page.evaluate(AXIS) and page.evaluate(SURFACE).startswith("KS of energies")
    assert np.allclose(settled(page, EYE), turned, atol=1e-6)
