"""Own data on page Load in a real browser: each file is asked about once, in at most four actions; nobody is left out."""

import re
from collections.abc import Callable
from pathlib import Path

import own
import pytest
import walk
from access import faults
from explorer import PATIENCE, Explorer
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.notebooks]

#: Actions from "Run all" to a figure of one's own data, at most.
MOST = 4
#: Whether the middle of the status line is what one sees at its place.
SEEN = """() => {
    const line = [...document.querySelectorAll('.fisherlib-head .fisherlib-status')].find(e => e.getClientRects().length);
    const box = line.getBoundingClientRect(), inside = document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
    const there = document.elementFromPoint(box.left + 20, box.top + box.height / 2);
    return box.top >= inside.top - 1 && box.bottom <= inside.bottom + 1 && !!there && line.contains(there);
}"""


def test_own_data_are_asked_about_once_and_shown_in_four_actions(explorer: Explorer, tmp_path: Path) -> None:
    e = explorer
    e.open("00_start.ipynb")
    e.until(walk.LOADED)
    e.quiet()
    own_files: list[tuple[Callable[[Path], list[Path]], dict[str, str], str]] = [
        (own.alloy_runs, {"Key of trajectories": "run", "Temperature, K": "800"}, "cuau.xyz (uploaded)"),
        (own.milady_folder, {"Temperature, K": "300"}, " and 71 more (uploaded)"),
        (own.lammps_dump, {"Elements of types": "Cu Au", "Temperature, K": "800"}, "md.lammpstrj (uploaded)"),
    ]
    invalid = e.panel.locator("[aria-invalid=true]").locator("visible=true")
    for make, answers, called in own_files:
        folder = tmp_path / make.__name__
        folder.mkdir()
        files = make(folder)
        e.labelled("Upload data").set_input_files(files)  # one action: drop or choose
        actions = 1
        if make is own.milady_folder:  # 72 files: a person may look at other pages meanwhile
            e.press("Compare")
            e.title("Distribution of energies")
            e.press("Load")
        e.says("see the fields in red")
        expect(invalid).to_have_count(len(answers), timeout=PATIENCE)  # everything at once
        assert not e.panel.get_by_text(re.compile("/tmp|fisherlib-[a-z]")).locator("visible=true").count()
        if make is own.alloy_runs:
            assert faults(e.page, within=".fisherlib-dashboard") == []
            e.page.locator(".js-plotly-plot").locator("visible=true").last.evaluate(
                "e => e.scrollIntoView({block: 'end'})"
            )
            e.page.wait_for_function(SEEN)  # what is missing stays in sight
            e.panel.evaluate("e => e.scrollIntoView({block: 'start'})")
        for label, value in answers.items():
            if label == "Key of trajectories":
                e.choose(label, value)
            else:
                e.fill(label, value)
            actions += 1
        e.panel.get_by_text(re.compile(f"^data: .*{re.escape(called)} · ")).wait_for(timeout=PATIENCE)
        expect(invalid).to_have_count(0, timeout=PATIENCE)
        e.press("Compare")
        actions += 1
        compare = e.panel.get_by_role("button", name="Compare")
        expect(compare).to_have_attribute("aria-pressed", "true")
        expect(compare).to_have_attribute("data-state", "done")  # drawn, of these data
        assert actions <= MOST, (make.__name__, actions)
        e.press("Load")
        e.labelled("Upload data").wait_for()


def test_every_page_can_be_used_without_a_mouse_and_by_a_screen_reader(explorer: Explorer) -> None:
    e = explorer
    e.open("00_start.ipynb")
    e.until(walk.LOADED)
    e.quiet()
    titles = e.panel.locator(".fisherlib-steps button").evaluate_all("all => all.map(b => b.firstChild.textContent)")
    assert titles[0] == "Load" and len(titles) >= 4
    e.panel.locator(".fisherlib-steps button").first.focus()
    for title in titles:
        here = e.panel.locator(".fisherlib-steps button:focus")
        expect(here).to_have_text(re.compile(f"^{title} "))
        e.page.keyboard.press("Enter")
        expect(here).to_have_attribute("aria-current", "step")
        expect(here).to_have_attribute("data-state", "done", timeout=PATIENCE)
        assert here.get_attribute("title").endswith(".")
        e.page.wait_for_timeout(1500)  # names are given once a second
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            e.command("apputils:change-theme", theme=theme)
            light = "false" if "Dark" in theme else "true"
            e.page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")
            e.page.wait_for_timeout(300)  # colours fade
            assert faults(e.page, within=".fisherlib-dashboard") == [], (title, theme)
        assert e.panel.locator("[title=null]").locator("visible=true").count() == 0
        handles = e.panel.locator(".noUi-handle").locator("visible=true")
        assert all(handles.evaluate_all("all => all.map(h => h.getAttribute('aria-label'))"))
        e.panel.locator(".fisherlib-steps button[aria-pressed=true]").focus()
        e.page.keyboard.press("ArrowRight")
    line = e.panel.locator(".fisherlib-status").locator("visible=true").first
    expect(line).to_have_attribute("aria-live", "polite")
