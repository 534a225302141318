"""A user's own file in real JupyterLab: asked once for what is missing, then right on every page; and a kernel that goes."""

import re
from pathlib import Path

import alloy
import nbformat
import numpy as np
import pytest
import walk
from explorer import PATIENCE, Explorer
from playwright.sync_api import expect

import fisherlib as fl

pytestmark = [pytest.mark.browser, pytest.mark.notebooks]

#: A dashboard with little patience.
SHORT = """
import fisherlib as fl
dashboard = fl.widgets.Dashboard("data/cu55_1200K.npz")
dashboard.heartbeat.patience = dashboard.heartbeat.pace = 1.0
dashboard
"""


@pytest.fixture(scope="module")
def short(notebooks: Path) -> str:
    """Name of a notebook with that dashboard."""
    cells = [nbformat.v4.new_code_cell(source) for source in (SHORT,)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), notebooks / "short.ipynb")
    return "short.ipynb"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five runs of Cu–Au in one file."""
    return alloy.write_runs(tmp_path_factory.mktemp("own") / "cuau.xyz")


class Reference:
    """What the pages must show, by numpy alone from the descriptors of each run."""

    def __init__(self, path: Path) -> None:
        data = fl.io.read(path, key="run", temperature=alloy.TEMPERATURE, check=False, progress=lambda done, of: None)
        self.Phi, self.F = ({t.key: getattr(t, n) for t in data.values()} for n in ("force_descriptors", "forces"))
        self.energies = {t.key: t.energies for t in data.values()}
        Phi, F = (np.concatenate(list(part.values())) for part in (self.Phi, self.F))
        # Scaled to unit columns first, as their sizes differ by orders of magnitude.
        size = np.linalg.norm(Phi, axis=0)
        theta, _, self.rank, _ = np.linalg.lstsq(Phi / size, F, rcond=1e-10)
        self.theta = theta / size
        beta = 1.0 / (8.617333262e-5 * alloy.TEMPERATURE)
        self.J = beta**2 / 2 * np.sum((F - Phi @ self.theta) ** 2) / sum(map(len, self.energies.values()))

    def force_rmse(self, *keys: str) -> float:
        """eV/Å, of the runs given, or of all."""
        keys = keys or tuple(self.F)
        residuals = [self.F[key] - self.Phi[key] @ self.theta for key in keys]
        return float(np.sqrt(np.mean(np.concatenate(residuals) ** 2)))


@pytest.fixture(scope="module")
def reference(own: Path) -> Reference:
    return Reference(own)


def test_an_own_file_is_asked_for_once_and_is_right_on_every_page(
    explorer: Explorer, own: Path, reference: Reference
) -> None:
    e = explorer
    e.open("00_start.ipynb")
    e.until(walk.LOADED)
    e.quiet()
    e.upload("Upload data", own)
    invalid = e.panel.locator("[aria-invalid=true]")
    expect(invalid).to_have_count(2, timeout=PATIENCE)
    for label, words in (("Temperature, K", "file states none"), ("Key of trajectories", "run has 5 values")):
        expect(e.labelled(label)).to_have_attribute("aria-invalid", "true")
        expect(e.labelled(label)).to_have_accessible_description(re.compile(words))
    e.says("temperature and key of trajectories missing")
    assert e.panel.get_by_text("cuau.xyz (uploaded)").count() and not e.panel.get_by_text("/tmp/").count()
    top = e.panel.locator(".fisherlib-status").locator("visible=true").first.bounding_box()["y"]
    assert top < e.labelled("File").bounding_box()["y"]  # what is missing is told above the fields
    for width in (1400, 1000):
        e.picture(f"own_asked_{width}", width=width)
    e.page.set_viewport_size({"width": 1400, "height": 1000})

    e.press("Fit")  # says the same, and has nothing to save
    e.panel.get_by_text("No data yet: cuau.xyz (uploaded): temperature and key of trajectories missing").wait_for()
    assert e.panel.get_by_role("button", name="Save JSON").locator("visible=true").count() == 0
    e.until("gd._fullData.length === 0")
    e.picture("own_nothing_yet")
    e.press("Load")

    e.choose("Key of trajectories", "run")
    expect(invalid).to_have_count(1, timeout=PATIENCE)
    e.fill("Temperature, K", "800")
    e.panel.get_by_text("data: cuau.xyz (uploaded) · 800 K · 200 configurations").wait_for(timeout=PATIENCE)
    e.quiet()
    expect(invalid).to_have_count(0)
    e.panel.get_by_text("theta_energy.json has 105 parameters, the data 780: left out").wait_for()
    e.until("gd._fullData.map(t => t.name).join() === '0,1,2,3,4'")
    for width in (1400, 1000):
        e.picture(f"own_loaded_{width}", width=width)
    e.page.set_viewport_size({"width": 1400, "height": 1000})

    e.press("Fit")
    e.title("The fit")
    said = e.panel.get_by_text("force RMSE, my fit, eV/Å").locator("b")
    assert float(said.inner_text()) == pytest.approx(reference.force_rmse(), abs=2e-4)
    said = e.panel.get_by_text("J, 1/Å²").locator("b")
    assert float(said.inner_text()) == pytest.approx(reference.J, rel=0.01)
    e.picture("own_fit")

    e.press("Compare")
    e.title("Distribution of energies")
    expect(e.labelled("energy fit")).to_be_checked(timeout=PATIENCE)
    true = e.value("[...gd._fullData.find(t => t.name.startsWith('true')).x]")
    assert min(true) == pytest.approx(min(map(np.min, reference.energies.values())) / 32, abs=1e-3)
    e.picture("own_compare")
    e.choose("View", "errors by trajectory")
    e.title("rrors")
    shown = e.value("gd._fullData.filter(t => t.name.startsWith('θ_f')).map(t => [[...t.x], [...t.y]])")
    each = [reference.force_rmse(key) for key in reference.F]
    numbers = [values for pair in shown for values in pair if len(values) == len(each) and values[0] != "0"]
    assert any(np.allclose(values, each, rtol=0.01) for values in numbers), (shown, each)

    e.press("Landscape")
    e.surface("Fisher divergence", timeout=PATIENCE)
    plain = "(name, value) => ArrayBuffer.isView(value) ? [...value] : value"
    surface = "gd._fullData.find(t => t.type === 'surface')"
    x, y, z = (np.array(e.value(f"JSON.parse(JSON.stringify({surface}.{name}, {plain}))")) for name in "xyz")
    lowest = np.unravel_index(np.argmin(z), z.shape)
    assert z.min() == pytest.approx(reference.J, rel=0.01) and abs(x[lowest[1]]) + abs(y[lowest[0]]) < 1e-9
    e.picture("own_landscape")

    e.press("Load")  # the demo again: its θ comes back, and its temperature
    e.choose("File", "data/cu55_1200K.npz")
    e.panel.get_by_text("data: cu55_1200K.npz · 1200 K").wait_for()
    e.holds("θ to compare with", "data/theta_energy.json")


def kernel(e: Explorer, deed: str, content: dict[str, str] | None = None) -> None:
    """Something that is done to the kernel past the notebook; its end is not waited for."""
    script = "([deed, content]) => { jupyterapp.shell.currentWidget.sessionContext.session.kernel[deed](content) }"
    e.page.evaluate(script, [deed, content])


def test_a_kernel_that_is_gone_is_told_and_one_that_is_busy_is_not_called_gone(explorer: Explorer, short: str) -> None:
    e = explorer
    e.open(short)
    e.until(walk.LOADED)
    line = e.panel.locator(".fisherlib-heartbeat")
    gone = "The kernel does not answer; run all cells again."
    kernel(e, "requestExecute", {"code": "import time; time.sleep(2)"})
    e.choose("θ to compare with", "data/theta_energy.json")  # heard when the kernel has time
    e.panel.get_by_text("θ (given)").first.wait_for(timeout=PATIENCE)
    expect(line).to_have_text("", timeout=PATIENCE)
    kernel(e, "restart")
    expect(line).to_have_text(gone, timeout=PATIENCE)
    e.picture("kernel_restarted")
    e.idle()  # what is asked of a kernel that still restarts may be lost
    e.command("notebook:run-all-cells")
    e.until(walk.LOADED)
    expect(line).to_have_text("", timeout=PATIENCE)
    kernel(e, "shutdown")
    e.press("Fit")
    expect(line).to_have_text(gone, timeout=PATIENCE)
