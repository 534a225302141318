"""The live fit in real JupyterLab: it goes on, stops, shows what came, and equals the batch fit when its cell is run again."""

import re

import pytest
from explorer import Explorer

pytestmark = [pytest.mark.browser, pytest.mark.notebooks]

#: Configurations that the figure shows.
COUNT = "Number((gd._fullLayout.title.text || '').match(/(\\d+) configurations/)?.[1] || 0)"


def test_the_fit_goes_on_stops_and_has_the_bits_of_the_batch_fit(explorer: Explorer) -> None:
    explorer.open("14_live_fit.ipynb")
    explorer.idle()
    explorer.until(f"{COUNT} >= 40")
    before = explorer.value(COUNT)
    explorer.fill("Error bar wanted, meV/Å", "1.5")
    explorer.press("Go on")
    explorer.until(f"{COUNT} >= {before} + 8")
    explorer.picture("live_fit", whole=False)
    explorer.press("Stop")
    explorer.says("Go on adds more")
    checking = explorer.page.locator(".jp-CodeCell", has_text="equal to the last bit after").last
    checking.locator(".cm-content").click()
    explorer.command("notebook:run-cell")
    explorer.idle()
    told = checking.locator(".jp-OutputArea-output").inner_text()
    found = re.search(r"equal to the last bit after (\d+) configurations", told)
    assert found and int(found[1]) >= before + 8, told
    explorer.until(f"{COUNT} === {found[1]}")  # the figure shows the last one too
