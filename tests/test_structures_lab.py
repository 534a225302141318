"""From a point to the atoms in real JupyterLab: a click, the colours of atoms, a lasso, and the file it gives."""

import io as streams
from pathlib import Path

import ase.io
import nbformat
import numpy as np
import pytest
from explorer import FIGURE, Explorer

import fisherlib as fl
from fisherlib.validation.ranking import ERROR, PREDICTED, TRUE

pytestmark = [pytest.mark.browser, pytest.mark.notebooks]

#: What the view of atoms holds: places, and colours as they are drawn.
ATOMS = """() => {
    const atoms = document.querySelector('.fisherlib-scene').viewer._viewer.selectedAtoms({}).slice(0, 55);
    return atoms.map((a) => [a.x, a.y, a.z, a.style.sphere.colorfunc(a)]);
}"""
#: Where the points of the model stand on the page, and where the axes are.
POINTS = f"""() => {{
    const gd = {FIGURE}, corner = gd.getBoundingClientRect(), layout = gd._fullLayout;
    const t = gd._fullData.find((t) => (t.name || '').startsWith('θ_f'));
    return Array.from(t.x, (x, k) => [
        corner.left + layout.xaxis._offset + layout.xaxis.c2p(x), corner.top + layout.yaxis._offset + layout.yaxis.c2p(t.y[k])]);
}}"""


@pytest.fixture(scope="module")
def found(copper: fl.Dataset) -> fl.validation.Ranking:
    return fl.Study(copper).ranking("θ_f")


def opened(explorer: Explorer, notebooks: Path) -> None:
    """The notebook up to its panel, as the rest of it is run elsewhere."""
    part = nbformat.read(notebooks / "09_structures.ipynb", as_version=4)
    part.cells = part.cells[:5]
    nbformat.write(part, notebooks / "structures_up_to_the_panel.ipynb")
    explorer.open("structures_up_to_the_panel.ipynb")
    explorer.page.wait_for_function("() => document.querySelector('.fisherlib-scene')?.viewer")
    explorer.choose("Horizontal", TRUE)
    explorer.choose("Vertical", PREDICTED)
    explorer.until(f"gd._fullLayout.xaxis.title.text === '{TRUE}' && gd._fullLayout.yaxis.title.text === '{PREDICTED}'")
    explorer.show_figure()


def click(explorer: Explorer, x: float, y: float) -> None:
    """Clicks on a point of the figure."""
    explorer.page.mouse.move(x - 3, y + 3)
    explorer.page.mouse.move(x, y)
    explorer.page.wait_for_timeout(400)  # plotly finds the point under the mouse before it can be clicked
    explorer.page.mouse.click(x, y)


def shows(explorer: Explorer, found: fl.validation.Ranking, row: int) -> None:
    """Waits until the atoms of a configuration are in the view, and compares all of them, and their colours."""
    places = np.asarray(found.configuration(row).positions)
    first = f"() => Math.abs(({ATOMS})()[0]?.[0] - {float(places[0, 0])!r}) < 1e-9"
    explorer.page.wait_for_function(first)
    drawn = np.array(explorer.page.evaluate(ATOMS))
    np.testing.assert_allclose(drawn[:, :3], places, atol=1e-9)
    shades = drawn[:, 3].astype(int)
    light = (shades >> 16) * 0.2126 + (shades >> 8 & 255) * 0.7152 + (shades & 255) * 0.0722  # grows along the scale
    values = found.atoms(row)[ERROR]
    order = np.argsort(values)
    assert (np.diff(light[order]) > -1.5).all() and shades[order[-1]] == 0xFDE724 and len(set(shades.tolist())) > 30


def test_a_point_shows_its_atoms_and_a_lasso_gives_a_file(
    explorer: Explorer, notebooks: Path, found: fl.validation.Ranking
) -> None:
    opened(explorer, notebooks)
    row = int(np.argmin(found.quantities[TRUE]))  # a point that stands alone
    click(explorer, *explorer.page.evaluate(POINTS)[row])
    shows(explorer, found, row)
    explorer.picture("structures")

    explorer.page.locator(".fisherlib-structure [role=slider]").first.press("ArrowRight")  # and back to the figure
    ring = f"gd._fullData.find((t) => t.name === 'shown').customdata[0] === {row + 1}"
    explorer.until(ring)
    shows(explorer, found, row + 1)

    explorer.show_figure()
    points = np.array(explorer.page.evaluate(POINTS))
    low, high = np.quantile(points, 0.05, axis=0), np.quantile(points, 0.2, axis=0)
    explorer.page.evaluate(f"() => window.Plotly.relayout({FIGURE}, {{dragmode: 'lasso'}})")
    corners = [low, [low[0], high[1] + 400], [high[0], high[1] + 400], [high[0], low[1] - 400], [low[0], low[1] - 400]]
    box = explorer.page.evaluate(
        f"() => {{ const l = {FIGURE}._fullLayout, c = {FIGURE}.getBoundingClientRect(); "
        "return [c.left + l.xaxis._offset, c.top + l.yaxis._offset, l.xaxis._length, l.yaxis._length]; }"
    )
    path = [
        [np.clip(a, box[0] + 2, box[0] + box[2] - 2), np.clip(b, box[1] + 2, box[1] + box[3] - 2)] for a, b in corners
    ]
    explorer.page.mouse.move(*path[0])
    explorer.page.mouse.down()
    for corner in [*path[1:], path[0]]:
        explorer.page.mouse.move(*corner, steps=4)
    explorer.page.mouse.up()
    button = explorer.panel.get_by_role("button", name="chosen configurations")
    button.wait_for()
    inside = (points[:, 0] > low[0] + 2) & (points[:, 0] < high[0] - 2)
    outside = (points[:, 0] < low[0] - 2) | (points[:, 0] > high[0] + 2)
    with explorer.page.expect_download() as download:
        button.click()
    frames = ase.io.read(streams.StringIO(Path(download.value.path()).read_text()), ":", format="extxyz")
    keys = list(found.data)
    rows = [50 * keys.index(a.info["trajectory"]) + a.info["index"] for a in frames]
    assert download.value.suggested_filename == f"cu55_1200K_{len(rows)}_structures.xyz"
    assert set(np.flatnonzero(inside)) <= set(rows) and not set(np.flatnonzero(outside)) & set(rows) and len(rows) > 20
    for k, atoms in zip(rows, frames, strict=True):
        np.testing.assert_array_equal(atoms.positions, found.configuration(k).positions)
