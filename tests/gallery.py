"""A plugin of pytest: the figure of each notebook's cell tagged "picture" is kept, and compared with its picture.

``make gallery`` runs this file: it draws the kept figures for the gallery of ``00_start``.
"""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image, PngImagePlugin
from playwright import sync_api
from plotly.offline import get_plotlyjs

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PICTURES = NOTEBOOKS / "images" / "gallery"
#: Where the figures of the last run are kept.
KEPT = ROOT / "reports" / "gallery"
TAG, PLOTLY, MAKE = "picture", "application/vnd.plotly.v1+json", "make gallery draws it anew"
WIDTH, HEIGHT = 480, 320  # pixels
MOST, PLAIN = 25_000, Image.Dither.NONE  # bytes of a picture, and how its colours are made fewer
#: What a panel shows is asked of it: it is no output of its cell.
ASKED = f"""\
import json as _json, IPython.display as _shown
panel.work.wait()
_shown.display({{{PLOTLY!r}: _json.loads(panel.figure.drawing)}}, raw=True)
"""
#: A picture of a figure without title, legend and controls. A surface is drawn by WebGL, which no screenshot is sure to see.
DRAW = """async ([figure, width, height, scale]) => {
    const layout = { ...figure.layout, updatemenus: [], sliders: [], showlegend: false, width, height };
    layout.margin = { l: 70, r: 30, t: layout.annotations?.length ? 40 : 24, b: 60 };
    delete layout.title;
    return await Plotly.toImage({ data: figure.data, layout }, { format: 'png', width, height, scale });
}"""


def notebooks() -> list[Path]:
    """All that are in the gallery: every one but the one that shows it, and the copies that JupyterLab keeps."""
    found = (path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    return sorted(path for path in found if path.stem != "00_start")


def picture(notebook: Path) -> Path:
    """Where the picture of a notebook is."""
    return PICTURES / f"{notebook.stem}.png"


def structure(figure: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a figure is, apart from its numbers: kinds of traces, and titles of axes without digits and names of models."""
    traces = {" ".join(filter(None, (t.get("type", "scatter"), t.get("mode")))) for t in figure["data"]}
    axes = [each for name, each in _parts(figure["layout"]) if re.fullmatch(r"[xyz]axis\d*", name)]
    titles = {title["text"] for axis in axes if (title := axis.get("title")) and title.get("text")}
    return {"traces": sorted(traces), "axes": sorted({re.sub(r"[\d.]+|.* → .*", "", title) for title in titles})}


def _parts(layout: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, part in layout.items():
        yield name, part
        if name.startswith("scene"):
            yield from part.items()


def keep(notebook: Path, figure: Mapping[str, Any]) -> None:
    """Keeps a figure until ``make gallery`` draws it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{notebook.stem}.json").write_text(json.dumps(figure), encoding="utf-8")


def filled(figure: Mapping[str, Any]) -> bool:
    """Whether any trace has something in it: an array of plotly is a list, or a type with bytes."""
    arrays = [trace.get(axis) for trace in figure["data"] for axis in ("x", "y", "z", "values")]
    return any(
        array.get("bdata") if isinstance(array, Mapping) else array is not None and len(array) for array in arrays
    )


def compare(notebook: Path, figure: Mapping[str, Any]) -> None:
    """Fails where the picture of a notebook shows another kind of figure, or is not there, or where nothing is drawn."""
    assert filled(figure), f"the figure of {notebook.name} is empty"
    path = picture(notebook)
    assert path.is_file(), f"{notebook.name} has no picture in the gallery: {MAKE}"
    with Image.open(path) as image:
        drawn = json.loads(image.text["figure"])
    assert drawn == structure(figure), f"the picture of {notebook.name} shows another kind of figure: {MAKE}"


def page_figure(page: str) -> dict[str, Any]:
    """The last figure on the page of a report: data and layout."""
    at = page.index("{", page.rindex('addFigure("'))
    return json.JSONDecoder().raw_decode(page, at)[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    """For make gallery, which draws what is new."""
    parser.addoption("--pictures", action="store_true", help="keep figures for pictures, and compare them with none")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Takes the figure of a cell that nbval has run."""
    yield
    if item.path.suffix != ".ipynb" or TAG not in item.cell.metadata.get("tags", []):
        return
    shown = item.test_outputs
    kinds = {kind for each in shown for kind in each.get("data", {})}  # a progress bar may stand beside a figure
    if PLOTLY not in kinds and "application/vnd.jupyter.widget-view+json" in kinds:
        options = {"skip": False, "check": False, "check_exception": False}
        cell = nbformat.v4.new_code_cell(ASKED)
        asked = type(item).from_parent(item.parent, name="picture", cell_num=-1, cell=cell, options=options)
        asked.runtest()
        shown = asked.test_outputs
    figures = [each["data"][PLOTLY] for each in shown if PLOTLY in each.get("data", {})]
    assert figures, f"the cell tagged {TAG} shows no figure of plotly"
    keep(item.path, figures[-1])
    if not item.config.option.pictures:
        compare(item.path, figures[-1])


def draw(page: sync_api.Page, figure: Mapping[str, Any], path: Path) -> None:
    """A picture of a figure, in its own proportions as far as that goes; the page has plotly.js."""
    height = min(max(int(figure["layout"].get("height") or 480), 420), 640)
    size = (height * WIDTH // HEIGHT, height, HEIGHT / height)
    address = page.evaluate(DRAW, [{"data": figure["data"], "layout": figure["layout"]}, *size])
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as image:
        white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    words = PngImagePlugin.PngInfo()
    words.add_itxt("figure", json.dumps(structure(figure), ensure_ascii=False))  # the picture says what it shows
    path.parent.mkdir(parents=True, exist_ok=True)
    for colours in (256, 128, 64, 32, 16):
        few = white.convert("RGB").resize((WIDTH, HEIGHT)).quantize(colours, Image.Quantize.MAXCOVERAGE, dither=PLAIN)
        few.save(path, optimize=True, pnginfo=words)
        if path.stat().st_size <= MOST:
            break


def blank_page(browser: sync_api.Browser) -> sync_api.Page:
    """A page with plotly.js, to draw on."""
    page = browser.new_page()
    page.add_script_tag(content=get_plotlyjs())
    return page


def stale() -> list[Path]:
    """Notebooks whose figure was not kept since they were changed."""
    kept = {path: KEPT / f"{path.stem}.json" for path in notebooks()}
    return [path for path, at in kept.items() if not at.is_file() or at.stat().st_mtime < path.stat().st_mtime]


def main() -> int:
    """Runs the notebooks whose figure is not kept, and draws all."""
    from conftest import ARGUMENTS

    if late := stale():
        told = "-p gallery --pictures --nbval-lax --nbval-current-env --nbval-cell-timeout 300 -q -p no:xdist".split()
        command = [sys.executable, "-m", "pytest", *told, *map(str, late)]
        paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        subprocess.run(command, cwd=ROOT, check=False, env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)})
    missing = stale()
    done = [path for path in notebooks() if path not in missing]
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = blank_page(browser)
        for path in done:
            draw(page, json.loads((KEPT / f"{path.stem}.json").read_text(encoding="utf-8")), picture(path))
        browser.close()
    for old in set(PICTURES.glob("*.png")) - set(map(picture, notebooks())):
        old.unlink()
    print(
        f"{len(done)} pictures in {PICTURES.relative_to(ROOT)}", *(f"none of {path.name}" for path in missing), sep="\n"
    )
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
