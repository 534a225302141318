"""Turns an executed notebook into one HTML page that works without network and kernel."""

import contextlib
import copy
import itertools
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape, unescape
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from plotly.offline import get_plotlyjs

from .. import figures
from .mathml import markdown
from .packing import FRAMES, PLOTLY, unpacked

#: A link to another notebook, which leads nowhere once the page is mailed.
LINK = re.compile(r"\[([^\]]+)\]\([^):]+\.ipynb\)(?: \(`make lab`\))?")
#: The heading of the last section; without one in the notebook the page makes it.
SETTINGS = re.compile(r"<h2[^>]*>Settings")
# Outputs that are useless to a reader without a kernel.
UNSHOWN = {"application/vnd.jupyter.widget-view+json", "application/json", "application/javascript"}
# The browser enforces it: whatever an output contains, the page sends no request.
POLICY = (
    "default-src 'none'; img-src data: blob:; font-src data:; style-src 'unsafe-inline'; worker-src blob:; "
    "script-src 'unsafe-inline' 'unsafe-eval'"  # plotly.js compiles its 3D drawing code in the browser
)


def render(
    notebook: NotebookNode, *, name: str, parameters: Mapping[str, object], numbers: str = "", subject: str = ""
) -> str:
    """The page: title, then text, tables and figures without their code, at the end settings, versions and numbers.

    If the frames of a figure are named by choices, as JSON such as ``{"model": "A", "loss": "J"}``, the figure gets one
    selector for each key. A choice shows the traces of its frame and the layout changes that come with it.

    Links to other notebooks become their names.

    Args:
        notebook: the executed notebook; it is not changed.
        name: title of the page if the notebook has no heading; of the file of its numbers.
        parameters: values for the table at the end of the page.
        numbers: JSON that the page offers as a file; none if empty.
        subject: the line under the title.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _named(cell.source)
    title = markdown(_take_title(notebook) or name).removeprefix("<p>").strip().removesuffix("</p>")
    count = itertools.count()
    body = _body(notebook, count)
    library = f"<script>{get_plotlyjs()}</script>" if next(count) else ""  # once, however many figures
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(unescape(re.sub("<[^>]*>", "", title)))}</title>
<style>{_resource("page.css")}</style>
<script>{_resource("adapt.js", figures.__name__)}{_resource("page.js")}</script>
</head>
<body>
<header><h1>{title}</h1>
{f'<p class="subject">{escape(subject)}</p>' if subject else ""}</header>
{library}
<main>{body}</main>
<footer class="facts">{"" if SETTINGS.search(body) else "<h2>Settings</h2>"}
{_facts(parameters)}{_download(numbers, name)}</footer>
</body>
</html>
"""


def _named(source: str) -> str:
    """Text whose links to notebooks are their names; the first says how to open them."""
    count = itertools.count()
    return LINK.sub(lambda link: f"notebook {link[1]}{'' if next(count) else ' (`make lab`)'}", source)


def _download(numbers: str, name: str) -> str:
    if not numbers:
        return ""
    text = numbers.replace("<", "\\u003c")  # no text in it can end the script
    link = f'<p class="numbers">The numbers of this page: <a download="{escape(name)}.json" data-numbers="numbers" href="#numbers">'
    return f'{link}{escape(name)}.json</a></p>\n<script type="application/json" id="numbers">{text}</script>\n'


def _body(notebook: NotebookNode, numbers: Iterator[int]) -> str:
    """Text and outputs of the notebook; ``numbers`` counts the figures."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [shown for output in cell.outputs if (shown := _shown(output, numbers)) is not None]
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type != "code" or cell.outputs]
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        require_js_url="",
        mathjax_url="",
        mermaid_js_url="",
        filters={"markdown2html": markdown},
    )
    return exporter.from_notebook_node(notebook)[0]


def _resource(name: str, package: str = __package__) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _take_title(notebook: NotebookNode) -> str | None:
    """Move the first top-level heading out of the text; the head of the page shows it."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (heading := re.search(r"^# +(.+?)[ #]*$", cell.source, re.MULTILINE)):
            cell.source = cell.source[: heading.start()] + cell.source[heading.end() :]
            return heading[1]
    return None


def _facts(parameters: Mapping[str, object]) -> str:
    versions = " · ".join(f"{package} {_version(package)}" for package in ("fisherlib", "numpy", "scipy", "plotly"))
    facts = {name: _as_given(value) for name, value in parameters.items() if value is not None and value is not False}
    facts["date"] = datetime.now(UTC).isoformat(timespec="seconds")
    facts["versions"] = f"{versions} · python {platform.python_version()}"
    rows = (f'<tr><th scope="row">{escape(name)}</th><td>{escape(fact)}</td></tr>\n' for name, fact in facts.items())
    return f"<table>\n{''.join(rows)}</table>\n"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"


def _as_given(value: object) -> str:
    """An absolute path tells about a person's machine, not about the data: show it relative to here, or the name only."""
    if not (isinstance(value, str) and os.path.isabs(value)):
        return str(value)
    path = Path(value)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else path.name


def _shown(output: NotebookNode, numbers: Iterator[int]) -> NotebookNode | None:
    """The output as the page shows it; None to leave it out."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    data = output.get("data", {})
    if not UNSHOWN.isdisjoint(data):
        return None
    if PLOTLY in data:
        frames = {"frames": unpacked(data[FRAMES])} if FRAMES in data else {}
        output.data = NotebookNode({"text/html": _figure({**data[PLOTLY], **frames}, next(numbers))})
    elif "text/latex" in data:
        data.setdefault("text/markdown", data["text/latex"])
    elif 'class="dataframe"' in data.get("text/html", ""):
        data["text/html"] = re.sub(r"<td>([^<]*)</td>", _cell, data["text/html"])
    return output


def _cell(match: re.Match[str]) -> str:
    """A cell of a table: the style sheet right-aligns numbers; words are marked to be left-aligned."""
    try:
        float(match[1])
    except ValueError:
        return f'<td class="words">{match[1]}</td>'
    return match[0]


def _figure(figure: Mapping[str, Any], number: int) -> str:
    """A place for the figure and the script that draws it, which page.js does when it knows the width of the page."""
    name, frames = f"fig-{number}", figure.get("frames", [])
    selectors = _selectors([choice for frame in frames if (choice := _choice(frame))], name)
    drawn = {"data": figure["data"], "layout": figure.get("layout", {})}
    moving = [frame for frame in frames if not _choice(frame)]  # nothing moves until a reader asks for it
    script = f'addFigure("{name}", {_json(drawn)}, {_script(frames)}, {_json(moving)});'
    place = f'<div><div id="{name}" class="plot"></div></div>'
    return f"<figure>\n{selectors}{place}\n<script>{script}</script>\n</figure>"


def _choice(frame: Mapping[str, Any]) -> dict[str, str] | None:
    """The choice that names a frame, option by key; None for a frame of an animation."""
    with contextlib.suppress(json.JSONDecodeError):
        if isinstance(choice := json.loads(frame.get("name") or ""), dict):
            return {key: str(option) for key, option in choice.items()}
    return None


def _script(frames: list[Mapping[str, Any]]) -> str:
    """Frames as a script literal that no text in them can end. Traces refer to values by number, since most recur."""
    values: dict[str, int] = {}
    chosen = []
    for frame in frames:
        if choice := _choice(frame):
            data = [{name: _number(value, values) for name, value in trace.items()} for trace in frame["data"]]
            chosen.append({"choice": choice, "data": data, "layout": frame.get("layout", {})})
    return f'{{"values": [{",".join(values)}], "frames": {_json(chosen)}}}'


def _number(value: object, values: dict[str, int]) -> int:
    return values.setdefault(_json(value), len(values))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _selectors(choices: list[dict[str, str]], figure: str) -> str:
    """One labelled selector for each key of the choices, set to the first one, which the figure shows."""
    html = []
    for number, key in enumerate(dict.fromkeys(key for choice in choices for key in choice)):
        options = "".join(
            f'<option value="{escape(option)}">{escape(option)}</option>'
            for option in dict.fromkeys(choice[key] for choice in choices if key in choice)
        )
        html.append(
            f'<div><label for="{figure}-{number}">{escape(key[:1].upper() + key[1:])}</label>'
            f'<select id="{figure}-{number}" data-figure="{figure}" data-key="{escape(key)}">{options}</select><span></span></div>\n'
        )
    return f'<div class="selectors">\n{"".join(html)}</div>\n' if html else ""
