"""Seconds from a choice in JupyterLab to the redrawn figure, in a headless browser, beside another checkout.

``python benchmarks/redraws.py path/to/another/checkout`` opens notebook 00 of both and lets them take turns.
"""

import contextlib
import os
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from playwright import sync_api

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import ARGUMENTS  # noqa: E402  of the tests
from explorer import Explorer, lab_command, served  # noqa: E402

#: Milliseconds from a choice in a selector to the frame after the last drawing that it leads to; a new figure forgets who
#: listens to its events, so the frames look whether its numbers were calculated again.
DRAWN = """([label, option]) => new Promise((resolve, reject) => {
    const figure = () => document.querySelector('.fisherlib-dashboard .js-plotly-plot');
    const named = [...document.querySelectorAll('.fisherlib label')].find((l) => l.textContent === label);
    const select = document.getElementById(named.htmlFor), began = performance.now();
    let numbers = figure().calcdata, last = null;
    const look = (now) => {
        if (figure().calcdata !== numbers) [numbers, last] = [figure().calcdata, performance.now()];
        if (last !== null && now - last > 700) resolve(last - began);
        else if (now - began > 60000) reject(new Error(`no redraw within a minute: ${option}`));
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    select.selectedIndex = [...select.options].findIndex((each) => each.value === option);
    select.dispatchEvent(new Event('change', {bubbles: true}));
})"""
SEEDS = 4  # new planes, so that no surface is known already
QUADRATIC = ("Fisher divergence", "energy (½ squared error)", "KL, second order")
OTHER = ("force MAE", "force Huber", "force log-cosh", "energy MAE", "KS of energies", "W1 of energies")
VIEWS = ("energy parity", "energy residuals", "force parity (first model)", "errors by trajectory", "distribution")


@contextlib.contextmanager
def opened(browser: sync_api.Browser, root: Path, folder: Path) -> Iterator[Explorer]:
    """Notebook 00 of a checkout, with the package of that checkout."""
    folder.mkdir()
    os.environ["PYTHONPATH"] = str(root)
    with served(lab_command(root), folder) as address:
        e = Explorer(browser, address)
        e.open("notebooks/00_start.ipynb")
        yield e
        e.close()


def drawn(e: Explorer, label: str, option: str) -> float:
    """Chooses an option; returns the seconds until the figure was drawn."""
    return e.page.evaluate(DRAWN, [label, option]) / 1000


def choices(e: Explorer) -> Iterator[tuple[str, float]]:
    """What was chosen, and the seconds it took; one choice a time."""
    e.press("Compare")
    e.title("Distribution")
    for view in VIEWS * 7:
        yield "another view of Compare", drawn(e, "View", view)
    e.press("Landscape")
    e.surface("Fisher")
    e.choose("Plane", "random")
    for seed in range(1, SEEDS + 1):
        e.fill("Seed", str(seed))
        e.page.wait_for_timeout(3000)
        for loss in (*OTHER, *QUADRATIC):
            yield f"{'a quadratic' if loss in QUADRATIC else 'another'} loss", drawn(e, "Loss", loss)


def main(roots: list[Path]) -> None:
    """Prints median and worst of each kind of choice for each checkout."""
    times: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in roots])
    with contextlib.ExitStack() as stack:
        browser = stack.enter_context(sync_api.sync_playwright()).chromium.launch(
            executable_path=os.environ.get("FISHERLIB_CHROMIUM", shutil.which("chromium")), args=ARGUMENTS
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pages = [stack.enter_context(opened(browser, root, folder / str(k))) for k, root in enumerate(roots)]
        for turn in zip(*map(choices, pages), strict=True):
            for k, (what, seconds) in enumerate(turn):
                times[what][k].append(seconds)
    for what, found in times.items():
        for root, each in zip(roots, found, strict=True):
            told = f"{statistics.median(each):.2f} s median, {max(each):.2f} s worst of {len(each)}"
            print(f"{what:28s} {told}   {'here' if root == ROOT else 'other checkout'}")
        if len(found) > 1:
            ratios = [here / there for here, there in zip(*found[:2], strict=True)]
            print(f"{what:28s} {statistics.median(ratios):.2f} times that of the other checkout, median of pairs")


if __name__ == "__main__":
    main([ROOT, *(Path(given).resolve() for given in sys.argv[1:])])
