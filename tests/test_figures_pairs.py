"""After every change from one picture to another the figure is the one that a page of its own would draw."""

import pairs
import pytest
from explorer import MINUTE, Explorer

pytestmark = [pytest.mark.browser, pytest.mark.notebooks]


def test_every_change_of_page_and_view_of_the_dashboard(explorer: Explorer, chromium: object) -> None:
    explorer.open("00_start.ipynb")
    pairs.walk(explorer, chromium, pairs.At(), pairs.dashboard)


def test_every_change_of_view_with_a_trajectory_and_some_models(explorer: Explorer, chromium: object) -> None:
    explorer.open("03_energies_and_cdfs.ipynb")
    pairs.walk(explorer, chromium, pairs.At(page="Compare"), pairs.panel)


def test_a_figure_follows_the_width_of_its_cell_and_offers_nothing_to_others(explorer: Explorer) -> None:
    explorer.open("03_energies_and_cdfs.ipynb")
    height, before = explorer.value("gd._fullLayout.height"), explorer.value("gd.clientWidth")
    # 400 pixels less and more, whatever JupyterLab takes beside the notebook; it takes the page a while to know of them.
    for width, other in ((1000, f"gd.clientWidth <= {before - 300}"), (1400, f"gd.clientWidth === {before}")):
        explorer.page.set_viewport_size({"width": width, "height": 1000})
        explorer.until(f"gd._fullLayout.width === gd.parentElement.clientWidth && {other}")
        grown = explorer.value("gd._fullLayout.height") - height  # on a narrow page words need more lines
        assert 0 <= grown < 120 if width == 1000 else grown == 0
    assert explorer.value("[gd._context.showSendToCloud, gd._context.displaylogo]") == [False, False]
    # A cell that changes its width while the figure is drawn for another one.
    explorer.value(
        "new Promise((done) => { const { style } = gd.parentElement; style.width = '500px';"
        " new MutationObserver((_, self) => { self.disconnect(); style.width = '650px'; done(); })"
        ".observe(gd, {childList: true, subtree: true, attributes: true}); })"
    )
    explorer.until("gd._fullLayout.width === 650", timeout=MINUTE)
