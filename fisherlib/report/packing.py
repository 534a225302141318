"""A figure of many frames as the output of a cell: the first one to see, the others packed for the page of the report."""

import base64
import json
import lzma
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

#: Of a figure, and of its frames.
PLOTLY = "application/vnd.plotly.v1+json"
FRAMES = "application/vnd.fisherlib.frames"
#: Bits of each number's mantissa that are kept, four digits: nobody sees more of a surface.
BITS = 13
_ARRAY = re.compile(r'"bdata":"([A-Za-z0-9+/=]*)"')


class Framed:
    """A figure as the output of a cell that takes little room: numbers of seven digits, and frames packed.

    Notebooks show the first frame alone, and plotly's own JSON repeats what frames share.

    Args:
        figure: with frames or without.
    """

    def __init__(self, figure: go.Figure) -> None:
        self.figure = figure

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        alone = json.loads(go.Figure(self.figure.data, self.figure.layout).to_json())
        kinds = {trace["type"] for trace in alone["data"]}
        styles = alone["layout"].get("template", {}).get("data", {})
        for kind in styles.keys() - kinds:  # of a template only what the figure uses
            del styles[kind]
        alone["data"] = [{name: _single(value, name) for name, value in trace.items()} for trace in alone["data"]]
        frames = json.loads(self.figure.to_json()).get("frames", []) if self.figure.frames else []
        return {PLOTLY: alone} | ({FRAMES: packed(frames)} if frames else {})


def _single(value: Any, name: str) -> Any:
    """Numbers in single precision, as plotly writes arrays; anything else as it is."""
    if isinstance(value, Mapping) and value.get("dtype") == "f8":
        numbers = np.frombuffer(base64.b64decode(value["bdata"])).astype(np.float32)
    elif name == "z" and isinstance(value, list):  # a grid with gaps
        grid = np.array(value, dtype=np.float32)
        numbers, value = grid, {"shape": ", ".join(map(str, grid.shape))}
    else:
        return value
    return {**value, "dtype": "f4", "bdata": base64.b64encode(numbers.tobytes()).decode()}


def packed(frames: list[dict[str, Any]]) -> str:
    """Frames as text: arrays rounded, each once, and compressed together; ``unpacked`` reads it.

    >>> frames = json.loads(go.Figure(frames=[go.Frame(data=[go.Bar(y=np.float32([1.0, 2.0]))], name="a")]).to_json())["frames"]
    >>> unpacked(packed(frames)) == frames
    True
    """
    numbers: dict[str, int] = {}
    text = _ARRAY.sub(
        lambda found: f'"bdata":{numbers.setdefault(found[1], len(numbers))}', json.dumps(frames, separators=(",", ":"))
    )
    arrays = [base64.b64decode(each) for each in numbers]
    head = json.dumps({"frames": json.loads(text), "sizes": [len(each) for each in arrays]}, separators=(",", ":"))
    body = b"".join(map(_rounded, arrays))
    return base64.b85encode(lzma.compress(len(head.encode()).to_bytes(8, "big") + head.encode() + body)).decode()


def unpacked(text: str) -> list[dict[str, Any]]:
    """The frames that ``packed`` has made text of."""
    content = lzma.decompress(base64.b85decode(text))
    end = 8 + int.from_bytes(content[:8], "big")
    head = json.loads(content[8:end])
    arrays = []
    for size in head["sizes"]:
        arrays.append(base64.b64encode(_joined(content[end : end + size])).decode())
        end += size
    return _filled(head["frames"], arrays)


def _filled(value: Any, arrays: list[str]) -> Any:
    if isinstance(value, Mapping):
        whole = {name: _filled(each, arrays) for name, each in value.items()}
        return whole | {"bdata": arrays[value["bdata"]]} if "bdata" in value else whole
    return [_filled(each, arrays) for each in value] if isinstance(value, list) else value


def _rounded(array: bytes) -> bytes:
    """Single-precision numbers rounded, first bytes first: what is alike lies together, and is compressed better."""
    if len(array) % 4:
        return array
    kept = np.frombuffer(array, np.uint32) + np.uint32(1 << (22 - BITS)) & np.uint32(
        0xFFFFFFFF << (23 - BITS) & 0xFFFFFFFF
    )
    return kept.view(np.uint8).reshape(-1, 4).T.tobytes()


def _joined(array: bytes) -> bytes:
    return array if len(array) % 4 else np.frombuffer(array, np.uint8).reshape(4, -1).T.tobytes()
