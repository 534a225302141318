"""The page Fits in real JupyterLab: a scan, a click on a point of the front, and that model on every page."""

import pytest
from explorer import Explorer

pytestmark = [pytest.mark.browser, pytest.mark.notebooks]

#: Where the point of a model lies on the screen.
PLACE = """gd._fullData.filter(t => t.name === NAME).map(t => {
    const box = gd.getBoundingClientRect(), size = gd._fullLayout._size;
    return [box.x + size.l + gd._fullLayout.xaxis.d2p(t.x[0]), box.y + size.t + gd._fullLayout.yaxis.d2p(t.y[0])];
})[0]"""


def test_a_click_on_the_front_shows_that_fit_on_all_pages(explorer: Explorer) -> None:
    explorer.open("00_start.ipynb")
    explorer.quiet()
    explorer.press("Fits")
    explorer.title("Fits side by side")
    explorer.quiet()
    explorer.picture("fits_models")
    explorer.press("Fit a scan")
    explorer.until("gd._fullData.some(t => t.name === 'θ_f + 100 kl')")
    explorer.quiet()
    explorer.picture("fits")
    explorer.show_figure()
    x, y = explorer.value(PLACE.replace("NAME", "'θ_f + 0.001 ridge'"))  # apart from all others
    explorer.page.mouse.click(x, y)
    explorer.says("θ_f + 0.001 ridge is shown on all pages")
    explorer.press("Compare")
    explorer.until("gd._fullData.some(t => t.name.startsWith('θ_f + 0.001 ridge'))")
    explorer.until("!gd._fullData.some(t => t.name === 'Fisher + KL')")
    explorer.press("Landscape")
    explorer.surface("Fisher divergence")
    explorer.holds("Model", "θ_f + 0.001 ridge")
    explorer.press("Fits")
    explorer.title("Fits side by side")
    explorer.page.get_by_role("button", name="Fisher + KL").locator("visible=true").first.click()
    explorer.says("Fisher + KL is shown on all pages")
