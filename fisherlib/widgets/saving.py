"""Saves a potential in the formats that it fits, into one folder, and offers what was written as a download."""

import base64
import dataclasses
import itertools
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets

from .. import io
from ..io.scratch import Scratch
from ..potential import LinearPotential
from .work import Work

#: Suffix → what its button says, and its help.
FORMATS = {
    ".json": ("Save JSON", "θ, its offset and where it comes from, as text that this library reads again."),
    ".npz": ("Save coef/intercept (npz)", "θ and its offset as arrays, as the desktop app takes them."),
    ".pot": ("Save MiLaDy .pot", "The potential file of MiLaDy, with the descriptor that the data were computed with."),
    ".snapcoeff": (
        "Save LAMMPS .snapcoeff",
        "Coefficients for pair_style snap, with its .snapparam and the lines to include.",
    ),
}


class Saving(ipywidgets.VBox):
    """A button for each format; those that cannot hold the potential are greyed and say why.

    Args:
        model: gives the potential that is shown.
        work: its status line.

    Attributes:
        buttons: by suffix.
        link: what was saved last, with downloads.
    """

    def __init__(self, model: Callable[[], LinearPotential], work: Work) -> None:
        self._model, self._work = model, work
        self.buttons = {suffix: self._button(suffix) for suffix in FORMATS}
        self.link, self._why = ipywidgets.HTML(), ipywidgets.HTML()
        row = ipywidgets.HBox([*self.buttons.values()])
        row.add_class("fisherlib-buttons")
        super().__init__([row, self._why, self.link])

    def _button(self, suffix: str) -> ipywidgets.Button:
        label, tip = FORMATS[suffix]
        button = ipywidgets.Button(description=label, icon="download", layout={"width": "auto"}, tooltip=tip)
        button.on_click(
            lambda _: self._work.run("saving", lambda _: self.save(suffix), self._offer_download, at_once=True)
        )
        return button

    def offer(self) -> None:
        """Grey the formats that the potential does not fit, found by writing it into each."""
        scratch = Scratch()
        refused: dict[str, str] = {}
        for suffix, button in self.buttons.items():
            label, tip = FORMATS[suffix]
            why = _refusal(self._model(), scratch.path / f"theta{suffix}")
            button.disabled, button.tooltip = bool(why), f"Not for this fit: {why}." if why else tip
            refused |= {label.removeprefix("Save "): why} if why else {}
        scratch.close()
        self._why.value = "".join(
            f"<details><summary>not for this fit: {escape(name)}</summary>{escape(why)}.</details>"
            for name, why in refused.items()
        )

    def save(self, suffix: str) -> list[Path]:
        """Write the potential into ``saved/``, under its name. Returns the paths; no file is overwritten."""
        model, folder = self._model(), io.places.saved()
        stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in model.name).strip("_")[:80] or "theta"
        numbered = (folder / f"theta_{stem}{'' if k == 1 else f'_{k}'}{suffix}" for k in itertools.count(1))
        path = next(path for path in numbered if not any(p.exists() for p in _written(path)))
        folder.mkdir(exist_ok=True)
        io.write_theta(model, path)
        if suffix == ".snapcoeff":
            path.with_suffix(".mod").write_text(pair_lines(path, model), encoding="ascii")
        return [p for p in _written(path) if p.exists()]

    def _offer_download(self, paths: list[Path]) -> None:
        links = [
            f"<a download='{escape(p.name)}' href='data:application/octet-stream;base64,"
            f"{base64.b64encode(p.read_bytes()).decode()}'>download {escape(p.suffix)}</a>"
            for p in paths
        ]
        self.link.value = f"saved as <code>{escape(_short(paths[0]))}</code> · {' · '.join(links)}"
        if paths[-1].suffix == ".mod":
            self.link.value += f"<pre>{escape(paths[-1].read_text(encoding='ascii'))}</pre>"


def with_descriptor(model: LinearPotential, given: Mapping[str, Any]) -> LinearPotential:
    """A fit to MiLaDy's data, whose files do not say their descriptor, with that of the potential that belongs to them."""
    about = given.get("descriptor", {})
    if "descriptor" in model.provenance or about.get("name") != "from MiLaDy" or about.get("K") != model.K:
        return model
    return dataclasses.replace(model, provenance={**model.provenance, "descriptor": about})


def pair_lines(path: Path, model: LinearPotential) -> str:
    """What LAMMPS is told, to be included in its input: the pair_style and pair_coeff of a .snapcoeff that was written."""
    text = path.read_text(encoding="ascii").splitlines()
    overlay = [line.removeprefix("# ") for line in text if line.startswith(("# pair_style", "# pair_coeff"))]
    if not overlay:  # no reference potential
        elements = [words[0] for line in text if len(words := line.split()) == 3 and words[0].isalpha()]
        files = f"{path.name} {path.stem}.snapparam"
        overlay = ["pair_style snap", f"pair_coeff * * {files} {' '.join(elements)}"]
    return "\n".join(["# units metal", *overlay]) + "\n"


def _written(path: Path) -> list[Path]:
    """The files that one format takes."""
    return [path, path.with_suffix(".snapparam"), path.with_suffix(".mod")] if path.suffix == ".snapcoeff" else [path]


def _refusal(model: LinearPotential, path: Path) -> str:
    try:
        io.write_theta(model, path)
    except ValueError as error:
        return str(error).removeprefix("model: ").rstrip(".")
    return ""


def _short(path: Path) -> str:
    """As far as it tells where the file lies."""
    return "/".join(path.parts[-2:])
