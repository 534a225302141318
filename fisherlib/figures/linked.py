"""A map of configurations linked to a view of their structures, as a page that needs neither kernel nor network."""

import dataclasses
import html
import importlib.util
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..arguments import kind, location, whole

_WAY = "linked_map(chemiscope.create_input(structures=atoms, properties=properties))"
#: chemiscope's program for pages, in its package.
_PROGRAM = Path("sphinx") / "static" / "chemiscope.min.js"
#: Where chemiscope draws each part of its view.
_BOXES = {part: f"chemiscope-{part}" for part in ("meta", "map", "structure", "info")}


@dataclasses.dataclass(frozen=True)
class LinkedMap:
    """A page in HTML with everything in it; a notebook shows it in a frame, in a report it stays alive.

    Attributes:
        page: text of the page, for a file of its own: ``Path("maps.html").write_text(view.page)``.
        height: pixels of the frame.

    Example:
        >>> LinkedMap(page="<p>atoms</p>", height=200)._repr_html_()[:27]
        '<iframe srcdoc="&lt;p&gt;at'
    """

    page: str = dataclasses.field(repr=False)
    height: int

    def _repr_html_(self) -> str:
        style = f"width:100%;height:{self.height}px;border:0;background:white"
        return f'<iframe srcdoc="{html.escape(self.page)}" style="{style}"></iframe>'


def linked_map(dataset: Mapping[str, Any], *, library: str | os.PathLike | None = None, height: int = 540) -> LinkedMap:
    """The view of chemiscope: a point that is chosen on the map shows its structure, and the slider below goes through all.

    Args:
        dataset: what ``chemiscope.create_input`` gives.
        library: path of chemiscope's program for pages; that of the installed chemiscope by default.
        height: pixels of the frame.

    Raises:
        TypeError, ValueError: no dataset, or no height.
        FileNotFoundError: no such program, as where chemiscope is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (program := Path(folder) / "chemiscope.min.js").write_text("var Chemiscope;")
        ...     view = linked_map({"meta": {"name": "Cu55"}}, library=program)
        >>> "Cu55" in view.page, "http" in view.page
        (True, False)
    """
    kind("dataset", dataset, Mapping, _WAY)
    whole("height", height, 200, "pixels")
    if library is not None:
        location("library", library, _WAY)
    inputs = json.dumps(dict(dataset)).replace("<", "\\u003c")  # no text of the data ends the script, or hides its end
    return LinkedMap(
        page=page_of(inputs, library=None if library is None else Path(library), height=height), height=height
    )


def page_of(inputs: str, *, height: int, library: Path | None = None, above: str = "", script: str = "") -> str:
    """A page with chemiscope's view of a dataset.

    Args:
        inputs: the dataset, as an expression of JavaScript.
        height: pixels.
        library: path of the program; that of the installed chemiscope by default.
        above: HTML over the view.
        script: what the expression needs.
    """
    source = program() if library is None else _there(library)
    style = (
        "body{display:grid;grid-template-columns:1fr 1fr;margin:0;background:white;font-family:sans-serif}"
        "#chemiscope-meta,#chemiscope-info,header{grid-column:1/3}header{padding:0 12px;font-size:14px}"
        f"#chemiscope-map,#chemiscope-structure{{height:{height - 160}px}}"
    )
    boxes = "".join(f'<div id="{name}"></div>' for name in _BOXES.values())
    header, extra = f"<header>{above}</header>" if above else "", f"<script>{script}</script>" if script else ""
    return (
        f'<!DOCTYPE html><meta charset="utf-8"><style>{style}</style>{header}{boxes}'
        f"<script>{source.read_text('utf-8')}</script>{extra}"
        f"<script>Chemiscope.DefaultVisualizer.load({json.dumps(_BOXES)}, {inputs})</script>"
    )


def program() -> Path:
    """Where chemiscope's program lies, found without importing chemiscope.

    Raises:
        FileNotFoundError: it is not installed.
    """
    found = importlib.util.find_spec("chemiscope")
    return _there(Path(found.origin if found and found.origin else "chemiscope").parent / _PROGRAM)


def _there(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"library: expected chemiscope.min.js, got {path}; install the extra methods")
    return path
