"""Turns an executed notebook into one HTML page that works without network and kernel."""

import contextlib
import copy
import itertools
import json
import os
import platform
import posixpath
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape, unescape
from importlib import metadata, resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from .mathml import markdown

PLOTLY = "application/vnd.plotly.v1+json"
#: A link to another notebook.
LINK = re.compile(r"\]\(([^):]+\.ipynb)\)")
# Outputs that are useless to a reader without a kernel.
UNSHOWN = {"application/vnd.jupyter.widget-view+json", "application/json", "application/javascript"}
# The browser enforces it: whatever an output contains, the page sends no request.
POLICY = (
    "default-src 'none'; img-src data: blob:; font-src data:; style-src 'unsafe-inline'; worker-src blob:; "
    "script-src 'unsafe-inline' 'unsafe-eval'"  # plotly.js compiles its 3D drawing code in the browser
)


def render(
    notebook: NotebookNode, *, name: str, parameters: Mapping[str, object], folder: str = "", subject: str = ""
) -> str:
    """The page: title, table of parameters and versions, then text, tables and figures without their code.

    If the frames of a figure are named by choices, as JSON such as ``{"model": "A", "loss": "J"}``, the figure gets one
    selector for each key. A choice shows the traces of its frame and the layout changes that come with it.

    Links to other notebooks are made relative to the page.

    Args:
        notebook: the executed notebook; it is not changed.
        name: title of the page if the notebook has no heading.
        parameters: values for the table at the head of the page.
        folder: of the notebook, relative to the page.
        subject: the line under the title.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(lambda link: f"]({_moved(link[1], folder)})", cell.source)
    title = markdown(_take_title(notebook) or name).removeprefix("<p>").strip().removesuffix("</p>")
    numbers = itertools.count()
    body = _body(notebook, numbers)
    library = f"<script>{get_plotlyjs()}</script>" if next(numbers) else ""  # once, however many figures
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(unescape(re.sub("<[^>]*>", "", title)))}</title>
<style>{_resource("page.css")}</style>
<script>{_resource("page.js")}</script>
</head>
<body>
<header class="facts"><h1>{title}</h1>
{f'<p class="subject">{escape(subject)}</p>' if subject else ""}
{_facts(parameters)}</header>
{library}
<main>{body}</main>
</body>
</html>
"""


def _moved(link: str, folder: str) -> str:
    return posixpath.normpath(posixpath.join(quote(folder.replace(os.sep, "/")), link))


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


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _take_title(notebook: NotebookNode) -> str | None:
    """Move the first top-level heading out of the text; the head of the page shows it."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (heading := re.search(r"^# +(.+?)[ #]*$", cell.source, re.MULTILINE)):
            cell.source = cell.source[: heading.start()] + cell.source[heading.end() :]
            return heading[1]
    return None


def _facts(parameters: Mapping[str, object]) -> str:
    versions = " · ".join(f"{package} {_version(package)}" for package in ("fisherlib", "numpy", "scipy", "plotly"))
    facts = {name: _as_given(value) for name, value in parameters.items() if value is not None}
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
        output.data = NotebookNode({"text/html": _figure(data[PLOTLY], next(numbers))})
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
    name = f"fig-{number}"
    layout, frames = dict(figure.get("layout", {})), figure.get("frames", [])
    layout.setdefault("uirevision", "kept")  # the camera survives a change of selection
    selectors = _selectors([choice for frame in frames if (choice := _choice(frame))], name)
    plot = to_html(
        {"data": figure["data"], "layout": layout, "frames": [frame for frame in frames if not _choice(frame)]},
        # By default plotly.js offers to upload a figure to a server.
        config={"displaylogo": False, "responsive": True, "showSendToCloud": False},
        include_plotlyjs=False,
        include_mathjax=False,
        full_html=False,
        default_height="520px",
        div_id=name,
        validate=False,
        auto_play=False,  # nothing moves until a reader asks for it
        post_script=f'connectSelectors("{name}", {_script(frames)});' if selectors else None,
    )
    return f"<figure>\n{selectors}{plot}\n</figure>"


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
            f'<select id="{figure}-{number}" data-figure="{figure}" data-key="{escape(key)}">{options}</select></div>\n'
        )
    return f'<div class="selectors">\n{"".join(html)}</div>\n' if html else ""
