"""The landscape notebook in real JupyterLab: selectors by their labels, a surface turned by the mouse, a reload."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = [pytest.mark.browser, pytest.mark.notebooks]
MINUTE = 60_000  # ms; a busy machine needs them

SURFACE = """() => {
    const gd = document.querySelector('.fisherlib-landscape .js-plotly-plot');
    const t = gd && gd._fullData && gd._fullData.find(t => t.type === 'surface');
    return t ? t.name : null;
}"""
EYE = """() => {
    const e = document.querySelector('.fisherlib-landscape .js-plotly-plot')._fullLayout.scene._scene.getCamera().eye;
    return [e.x, e.y, e.z].map(v => Math.round(v * 100) / 100);
}"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """JupyterLab over a copy of the notebooks, with settings of its own; yields its address."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    port = free_port()
    private = {
        name: str(tmp_path / name)
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTER_RUNTIME_DIR",
        )
    }
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--expose-app-in-browser",
        f"--ServerApp.root_dir={tmp_path / 'notebooks'}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
        "--allow-root",
    ]
    with open(tmp_path / "lab.log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=os.environ | private, cwd=ROOT, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address: str, server: subprocess.Popen) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2).close()
            return
        except OSError:
            assert server.poll() is None, "JupyterLab ended before it answered"
            time.sleep(0.5)
    raise TimeoutError("JupyterLab did not answer within a minute")


def test_selectors_and_mouse_work_and_survive_a_reload(
    chromium: object,
    settled: Callable[[object, str], object],
    turn: Callable[[object, object], None],
    lab: str,
    tmp_path: Path,
) -> None:
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    try:
        page.goto(f"{lab}/lab/tree/04_loss_landscape.ipynb")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=MINUTE)
        page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.isReady", timeout=MINUTE)
        page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        page.wait_for_function(SURFACE, timeout=2 * MINUTE)
        panel = page.locator(".fisherlib-landscape")
        panel.scroll_into_view_if_needed()
        assert page.evaluate(SURFACE).startswith("Fisher divergence")
        panel.get_by_label("Loss").select_option("energy MAE")
        page.wait_for_function(f"() => ({SURFACE})().startsWith('energy MAE')", timeout=MINUTE)

        page.wait_for_timeout(1000)  # the page scrolls and draws; a drag meanwhile would miss the surface
        before = page.evaluate(EYE)
        turn(page, panel.locator(".gl-container canvas"))
        page.wait_for_function(f"before => ({EYE})().some((v, k) => v !== before[k])", arg=before, timeout=MINUTE)
        panel.get_by_label("Loss").select_option("force MAE")
        page.wait_for_function(f"() => ({SURFACE})().startsWith('force MAE')", timeout=MINUTE)
        turned = settled(page, EYE)  # now: the first redraw also ends the glide of the camera
        assert turned != before
        panel.get_by_label("Loss").select_option("energy MAE")
        page.wait_for_function(f"() => ({SURFACE})().startsWith('energy MAE')", timeout=MINUTE)
        panel.get_by_label("Model").select_option("θ (given)")
        page.wait_for_function(
            "() => document.querySelector('.fisherlib-landscape .js-plotly-plot')"
            "._fullLayout.scene.xaxis.title.text.startsWith('θ (given)')",
            timeout=MINUTE,
        )
        assert settled(page, EYE) == turned
        page.screenshot(path=tmp_path / "lab.png")

        page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
        page.reload()
        page.wait_for_function(SURFACE, timeout=2 * MINUTE)
        assert page.evaluate(SURFACE).startswith("energy MAE")
        assert panel.get_by_label("Loss").input_value() == "energy MAE"
        assert panel.get_by_label("Model").input_value() == "θ (given)"
    finally:
        if folder := os.environ.get("FISHERLIB_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / "lab_after.png")
            for picture in tmp_path.glob("*.png"):
                shutil.copy(picture, folder)
        context.close()
