"""A person at an explorer in a real browser: opens, runs, chooses by label, turns, uploads, reloads, looks."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright import sync_api

ROOT = Path(__file__).resolve().parents[1]
MINUTE = 60_000  # ms
PATIENCE = 2 * MINUTE  # what a busy machine may take for anything
sync_api.expect.set_options(timeout=PATIENCE)  # Playwright's own patience is five seconds
#: Errors of a page that are not ours: Voilà's web fonts, JupyterLab's debugger when a page is left, and its manager of
#: widgets, which on a busy machine looks for a widget before it knows it (``open`` sees to it that the widget is shown); and
#: anywidget's, which gives up on a script that loads slowly (``patient.js`` sees to it that nothing is lost).
FOREIGN = ("ERR_NAME_NOT_RESOLVED", "debugger state", "widget model not found", "Failed to initialize model")
#: Where screenshots are kept.
PICTURES = Path(os.environ.get("FISHERLIB_SCREENSHOTS") or ROOT / "reports" / "screenshots")
#: Whether they are all that is wanted, as by make pictures.
PICTURES_TAKEN = "FISHERLIB_SCREENSHOTS" in os.environ

FIGURE = "document.querySelector('.jp-Notebook .js-plotly-plot, .fisherlib-dashboard .js-plotly-plot, .js-plotly-plot')"
SURFACE = f"""() => {{
    const gd = {FIGURE};
    const t = gd && gd._fullData && gd._fullData.find(t => t.type === 'surface');
    return t ? t.name : null;
}}"""
EYE = f"""() => {{
    const e = {FIGURE}._fullLayout.scene._scene.getCamera().eye;
    return [e.x, e.y, e.z].map(v => Math.round(v * 100) / 100);
}}"""
#: Resolves when the figure has neither moved nor changed its size for a while, in which the page had time for other work.
REST = f"""() => new Promise((resolve) => {{
    const look = () => {{ const r = {FIGURE}.getBoundingClientRect(); return [r.x, r.y, r.width, r.height].join(); }};
    let last = look(), same = 0;
    const step = () => {{
        const now = look();
        same = now === last ? same + 1 : 0;
        last = now;
        same < 5 ? setTimeout(step, 60) : resolve();
    }};
    setTimeout(step, 60);
}})"""
#: Scrolls to the panel, where there is one. JupyterLab jumps to the last cell that it runs, and draws nothing of a cell that
#: is out of sight; where all is quick, the figure is there before.
SCROLL = "() => { document.querySelector('.fisherlib-dashboard, .fisherlib, .fisherlib-figure')?.scrollIntoView(); }"
#: Whether JupyterLab shows an error in place of a widget.
LOST = "() => [...document.querySelectorAll('.jp-Notebook .jp-OutputArea')].some(e => e.innerText.includes('model not found'))"
#: Whether the kernel is there and has nothing more to do, and no cell waits for it.
IDLE = """() => {
    const status = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status;
    const prompts = [...document.querySelectorAll('.jp-Notebook .jp-InputPrompt')];
    return status === 'idle' && !prompts.some((prompt) => prompt.innerText.includes('*'));
}"""
#: Milliseconds from a choice in a selector to the end of the redraw it leads to. Listeners of plotly.js itself are lost when
#: a figure is drawn afresh, so the figure's own place is listened to.
REDRAW = f"""([label, option]) => new Promise((resolve, reject) => {{
    const place = {FIGURE}.parentElement;
    const named = [...document.querySelectorAll('.fisherlib label')].find(l => l.textContent === label);
    const select = document.getElementById(named.htmlFor);
    let drawn = null, rest = null;
    const end = (settle, told) => {{
        clearTimeout(late);
        place.removeEventListener('fisherlib-drawn', heard);
        settle(told);
    }};
    const heard = () => {{  // one choice may be drawn in two steps: the last one counts
        drawn = performance.now();
        clearTimeout(rest);
        rest = setTimeout(() => end(resolve, drawn - began), 700);
    }};
    const late = setTimeout(() => end(reject, new Error('no redraw within a minute')), 60000);
    place.addEventListener('fisherlib-drawn', heard);
    const began = performance.now();
    select.selectedIndex = [...select.options].findIndex(o => o.value === option);
    select.dispatchEvent(new Event('change', {{bubbles: true}}));
}})"""


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def served(command: Sequence[str], folder: Path) -> Iterator[str]:
    """The address of a Jupyter server with settings of its own; ``command`` is a module with its options."""
    port = _free_port()
    names = ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTER_RUNTIME_DIR")
    private = {name: str(folder / name) for name in names}
    with open(folder / "server.log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *command, f"--port={port}"],
            env=os.environ | private,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address + "/api", server, folder / "server.log")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(60)
            raise


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=60).close()
            return
        except urllib.error.HTTPError:
            return  # an answer, though not a friendly one
        except OSError:
            assert server.poll() is None, f"the server ended before it answered: {log.read_text()[-2000:]}"
            time.sleep(0.5)
    raise TimeoutError("the server did not answer within two minutes")


def lab_command(root: Path) -> list[str]:
    """JupyterLab over a folder, without news, updates or extensions to fetch."""
    return [
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--expose-app-in-browser",
        f"--ServerApp.root_dir={root}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
        "--allow-root",
    ]


def app_command(notebook: Path, *, token: str = "") -> list[str]:
    """The dashboard, as ``make app`` starts it, but for the token."""
    options = ["--no-browser", "--Voila.ip=127.0.0.1", "--Voila.port_retries=0", f"--Voila.token={token}"]
    return ["fisherlib.widgets.app", str(notebook), *options]


class Explorer:
    """One page with an explorer on it.

    Attributes:
        page: Playwright's.
        errors: exceptions of the page's scripts, and what the browser's console calls an error.
        actions: what the person did, in words.
    """

    def __init__(self, browser: object, address: str, *, width: int = 1400, height: int = 1000) -> None:
        self._context = browser.new_context(viewport={"width": width, "height": height})
        self.page, self._address = self._context.new_page(), address
        self.page.set_default_timeout(PATIENCE)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self._hear(str(error)))
        self.page.on("console", lambda message: self._hear(message.text) if message.type == "error" else None)

    def _hear(self, error: str) -> None:
        if not any(words in error for words in FOREIGN):
            self.errors.append(error)

    def close(self) -> None:
        """Ends the page, and the kernels behind it."""
        self.page.evaluate("async () => { await window.jupyterapp?.serviceManager.sessions.shutdownAll() }")
        self._context.close()

    def open(self, notebook: str) -> None:
        """Opens a notebook in JupyterLab and runs all of it."""
        # A workspace of its own, or JupyterLab opens what was open before as well.
        self.page.goto(f"{self._address}/lab/workspaces/{uuid.uuid4().hex}/tree/{notebook}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE)
        self.idle()  # cells that are sent to a kernel that still starts may be lost
        for _ in range(3):
            self.command("notebook:run-all-cells")
            self.drawn(or_lost=True)
            if not self.page.evaluate(LOST):
                break
            # JupyterLab's manager of widgets, while it starts on a busy machine, may miss one; a person runs the cell again.
            self.idle()
        self.drawn()

    def app(self) -> None:
        """Opens the page of the application."""
        self.page.goto(self._address)
        self.drawn()

    def impatient(self) -> None:
        """From now on anywidget gives scripts a millisecond to load, not two seconds, as if the machine were very busy."""
        self.page.add_init_script(
            "{ const after = AbortSignal.timeout; AbortSignal.timeout = () => after.call(AbortSignal, 1); }"
        )

    def command(self, name: str, **arguments: object) -> None:
        """A command of JupyterLab's menus."""
        script = "async ([name, options]) => { await window.jupyterapp.commands.execute(name, options) }"
        self.page.evaluate(script, [name, arguments])

    def drawn(self, *, or_lost: bool = False) -> None:
        """Waits until the figure shows something, or JupyterLab says that it lost a widget."""
        there = f"() => {{ const gd = {FIGURE}; return gd && gd._fullData && gd._fullData.length > 0; }}"
        there = f"() => ({there})() || ({LOST})()" if or_lost else there
        try:
            self.page.wait_for_function(f"() => ({there})() || ({SCROLL})()", polling=500, timeout=3 * MINUTE)
        except sync_api.TimeoutError:
            raise AssertionError(f"no figure within three minutes; the page's console: {self.errors}") from None
        if self.panel.count():
            self.panel.scroll_into_view_if_needed()

    @property
    def panel(self) -> object:
        """The dashboard, or the panel of a notebook."""
        return self.page.locator(".fisherlib-dashboard, .fisherlib").first

    def shown(self) -> str:
        """The words of the panel, and what else tells why it shows them; a screenshot is kept."""
        self.page.screenshot(path=_kept(f"failed_{uuid.uuid4().hex[:6]}.png"))
        words = self.panel.inner_text(timeout=MINUTE) if self.panel.count() else "no panel"
        return f"{words[:4000]}\nkernel and cells at rest: {self.page.evaluate(IDLE)}; console: {self.errors}"

    def labelled(self, label: str) -> object:
        """The control with that label."""
        return self.panel.get_by_label(label, exact=True).locator("visible=true")

    def choose(self, label: str, option: str | Sequence[str]) -> None:
        """Chooses an option in a selector."""
        self.labelled(label).select_option(option)

    def fill(self, label: str, value: str) -> None:
        """Fills in a field and presses Enter."""
        self.labelled(label).fill(value)
        self.labelled(label).press("Enter")

    def holds(self, label: str, value: str) -> None:
        """Waits until a control holds a value: the kernel's answer may be on its way."""
        sync_api.expect(self.labelled(label).first).to_have_value(value, timeout=PATIENCE)

    def nudge(self, label: str, keys: Sequence[str]) -> None:
        """Moves a slider from the keyboard."""
        handle = self.panel.locator(".widget-inline-hbox", has=self.page.get_by_text(label, exact=True))
        for key in keys:
            handle.locator(".noUi-handle").press(key)

    def press(self, button: str) -> None:
        """Presses a button."""
        # An icon counts as a letter of the name, so the name is not exact.
        self.panel.get_by_role("button", name=button).locator("visible=true").first.click()

    def value(self, script: str) -> object:
        """What a script says of the figure, ``gd``, as soon as what it asks for is there: traces may be on their way."""
        answer = f"(() => {{ const gd = {FIGURE}; return {{ told: {script} }}; }})()"
        waiting = "catch (e) { if (e instanceof TypeError) return false; throw e; }"
        told = self.page.wait_for_function(f"() => {{ try {{ return {answer}; }} {waiting} }}", timeout=PATIENCE)
        return told.json_value().get("told")

    def until(self, script: str, *, timeout: int = PATIENCE) -> None:
        """Waits until a script says yes of the figure, ``gd``."""
        try:
            self.page.wait_for_function(
                f"() => {{ const gd = {FIGURE}; return !!gd?._fullLayout && ({script}); }}", timeout=timeout
            )
        except sync_api.TimeoutError:
            sizes = "[gd?._fullLayout?.width, gd?.clientWidth, gd?.parentElement?.clientWidth, innerWidth]"
            raise AssertionError(f"never: {script}; widths {self.value(sizes)}, console {self.errors}") from None

    def title(self, contains: str) -> None:
        """Waits until the figure's title holds some words."""
        self.until(f"(gd._fullLayout.title.text || '').includes({json.dumps(contains)})")

    def surface(self, begins: str, *, timeout: int = PATIENCE) -> None:
        """Waits until the surface of a loss is drawn."""
        script = f"(gd._fullData.find(t => t.type === 'surface')?.name || '').startsWith({json.dumps(begins)})"
        self.until(script, timeout=timeout)

    def says(self, words: str, *, timeout: int = PATIENCE) -> None:
        """Waits until the status line says some words."""
        line = self.panel.locator(".fisherlib-status").locator("visible=true")
        line.get_by_text(words).first.wait_for(timeout=timeout)

    def quiet(self, *, timeout: int = PATIENCE) -> None:
        """Waits until no work is under way and the status line is empty."""
        script = """() => [...document.querySelectorAll('.fisherlib-status')].every(
            e => !e.offsetParent || !e.innerText.trim())"""
        self.page.wait_for_function(script, timeout=timeout)

    def upload(self, label: str, path: Path) -> None:
        """Gives a file to an upload field."""
        self.labelled(label).set_input_files(path)

    def reload(self) -> None:
        """Saves the notebook and loads the page again."""
        self.command("docmanager:save")
        self.page.reload()
        self.drawn()

    def show_figure(self) -> None:
        """Scrolls the figure into the middle of the page."""
        self.page.evaluate(f"() => {FIGURE}.scrollIntoView({{block: 'center'}})")
        self.rest()  # the page scrolls and draws; a mouse meanwhile would miss the figure

    def rest(self) -> None:
        """Waits until the figure stands still."""
        self.page.evaluate(REST)

    def idle(self) -> None:
        """Waits until the kernel is ready, and no cell waits for it."""
        self.page.wait_for_function(IDLE, timeout=PATIENCE)

    def turned_by_mouse(self) -> list[float]:
        """Drags the surface; returns where the camera was before."""
        self.show_figure()
        before = self.page.evaluate(EYE)
        box = self.page.locator(".gl-container canvas").locator("visible=true").first.bounding_box()
        x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + 120, y + 30, steps=10)
        self.page.mouse.up()
        changed = f"before => ({EYE})().some((v, k) => v !== before[k])"
        self.page.wait_for_function(changed, arg=before, timeout=PATIENCE)
        return before

    def eye(self) -> list[float]:
        """Where the camera is, once it has come to rest: a slow machine draws the end of a drag late."""
        value = self.page.evaluate(EYE)
        for _ in range(40):
            self.page.wait_for_timeout(500)
            before, value = value, self.page.evaluate(EYE)
            if value == before:
                break
        return value

    def click_contour(self, x: float, y: float) -> None:
        """Clicks on the contours, at fractions of their width and height from the upper left."""
        self.show_figure()
        # The surface has a subplot of its own, so the contours are the first one with axes.
        box = self.page.locator(".js-plotly-plot .nsewdrag").locator("visible=true").first.bounding_box()
        at = box["x"] + x * box["width"], box["y"] + y * box["height"]
        self.page.mouse.move(*at)
        self.page.wait_for_timeout(300)  # plotly finds the point under the mouse before it can be clicked
        self.page.mouse.click(*at)

    def redraw(self, label: str, option: str) -> float:
        """Chooses an option; returns the seconds until the figure was redrawn."""
        return self.page.evaluate(REDRAW, [label, option]) / 1000

    def picture(self, name: str, *, width: int | None = None, whole: bool = True) -> None:
        """Keeps a screenshot."""
        if width:
            self.page.set_viewport_size({"width": width, "height": 1000})
        self.panel.evaluate("e => e.scrollIntoView({block: 'start'})") if whole else self.show_figure()
        self.rest()
        self.page.screenshot(path=_kept(f"{name}.png"))


def _kept(name: str) -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES / name


def copy_notebooks(target: Path) -> Path:
    """The notebooks in a folder of their own, so that saving them changes nothing."""
    return Path(shutil.copytree(ROOT / "notebooks", target / "notebooks"))
