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
    program = _installed() if library is None else Path(library)
    if not program.is_file():
        raise FileNotFoundError(f"library: expected chemiscope.min.js, got {program}; install the extra methods")
    style = (
        "body{display:grid;grid-template-columns:1fr 1fr;margin:0;background:white}"
        "#chemiscope-meta,#chemiscope-info{grid-column:1/3}"
        f"#chemiscope-map,#chemiscope-structure{{height:{height - 160}px}}"
    )
    boxes = "".join(f'<div id="{name}"></div>' for name in _BOXES.values())
    inputs = json.dumps(dict(dataset)).replace("<", "\\u003c")  # no text of the data ends the script, or hides its end
    return LinkedMap(
        page=f'<!DOCTYPE html><meta charset="utf-8"><style>{style}</style>{boxes}'
        f"<script>{program.read_text('utf-8')}</script>"
        f"<script>Chemiscope.DefaultVisualizer.load({json.dumps(_BOXES)}, {inputs})</script>",
        height=height,
    )


def _installed() -> Path:
    """Where the program lies, without importing chemiscope."""
    found = importlib.util.find_spec("chemiscope")
    return Path(found.origin if found and found.origin else "chemiscope").parent / _PROGRAM
