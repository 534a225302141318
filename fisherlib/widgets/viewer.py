"""The atoms of one configuration in three dimensions, coloured by a property."""

import functools
import gzip
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import traitlets

from ..arguments import choice, kind
from ..dataset import Trajectory
from ..figures.explorer import structure_of
from ..figures.linked import program
from ..validation import Ranking
from ..validation.ranking import NUMBER
from .patient import Patient, script

#: Colours of atoms by element.
ELEMENT = "element"
#: Begins the name of a colour that is a descriptor of each atom.
DESCRIPTOR = "descriptor "
NO_POSITIONS = (
    "The file of these data has no positions, so there are no atoms to show; figures and lists need none. Read the "
    "extended xyz, or another file with the structures, to see them."
)


class Scene(Patient):
    """A view of one configuration, which a person turns with the mouse; a click on an atom chooses it.

    Attributes:
        scene: the atoms and their colours; empty while nothing is shown.
        atom: number of the chosen one, or -1.
    """

    _esm = script("viewer.js")
    _css = Path(__file__).with_name("viewer.css")
    scene = traitlets.Dict().tag(sync=True)
    atom = traitlets.Int(-1).tag(sync=True)

    def __init__(self) -> None:
        super().__init__(_view_count=0)  # with None, the default, views are not counted
        self.on_msg(self._heard)
        self.observe(self._displayed, "_view_count")

    def download(self, name: str, content: bytes) -> None:
        """Let the browser keep a file."""
        self.send({"file": name}, [content])

    def _displayed(self, change: dict[str, Any]) -> None:
        if (change["new"] or 0) > (change["old"] or 0):
            self.send_state(["scene", "atom"])  # a page that is still loading misses updates

    def _heard(self, widget: object, content: dict[str, Any], buffers: list[bytes]) -> None:
        if "program" in content:
            try:
                self.send({"program": ""}, [_packed()])
            except FileNotFoundError as error:
                self.send({"program": str(error)})


@functools.cache
def _packed() -> bytes:
    """Chemiscope's program: a server of Jupyter may refuse messages of its full size."""
    return gzip.compress(program().read_bytes(), 6)


class StructureView(ipywidgets.VBox):
    """One configuration of many, with a slider to go through them.

    Args:
        ranking: the configurations with the errors of a model, ``study.ranking(name)``.
        chosen: row of the first one.
        colour: "element", the heading of a property of atoms, or "descriptor " with the name of one.

    Attributes:
        chosen: number of the configuration among all, from 0; follows the slider, and moves it.
        colour: what colours the atoms.
        spheres: whether atoms touch; else they are balls with bonds.
        scene: the atoms as they are shown; ``scene.atom`` is the chosen one.
    """

    chosen = traitlets.Int(0)
    colour = traitlets.Unicode()
    spheres = traitlets.Bool(False)

    def __init__(self, ranking: Ranking, *, chosen: int = 0, colour: str = "") -> None:
        self.scene, self.about = Scene(), ipywidgets.HTML()
        self.slider = ipywidgets.IntSlider(
            description="Configuration",
            tooltip="Goes through all configurations.",
            style={"description_width": "initial"},
            layout={"width": "100%"},
            continuous_update=False,
        )
        super().__init__([self.slider, self.scene, self.about])
        self.add_class("fisherlib-structure")
        self.use(ranking, chosen=chosen, colour=colour)
        traitlets.link((self, "chosen"), (self.slider, "value"))
        self.observe(lambda change: self._show(), ["chosen", "colour", "spheres"])
        self.scene.observe(lambda change: self._tell(), "atom")

    @staticmethod
    def colours_of(ranking: Ranking) -> tuple[str, ...]:
        """What atoms can be coloured by: their element, errors, and their own descriptors, where the data have them."""
        own = [] if ranking.configuration(0).site_descriptors is None else ranking.data.descriptor_names
        return (*ranking.atoms(0), ELEMENT, *(f"{DESCRIPTOR}{name}" for name in own))

    def use(self, ranking: Ranking, *, chosen: int | None = None, colour: str = "") -> None:
        """Show another model, or other data."""
        kind("ranking", ranking, Ranking, "StructureView(study.ranking('θ_f'))")
        self.ranking = ranking
        last = len(ranking.labels) - 1
        offered = self.colours_of(ranking)
        colour = colour or (self.colour if self.colour in offered else "") or offered[0]
        choice("colour", colour, offered)
        with self.hold_trait_notifications():
            row = min(self.chosen if chosen is None else chosen, last)
            self.slider.max, self.chosen, self.colour = last, row, colour
        self._show()

    def _show(self) -> None:
        self._values = self.ranking.atoms(self.chosen)
        one = self.ranking.configuration(self.chosen)
        structure = structure_of(one)
        values = self._shades(one)
        low, high = (min(values), max(values)) if values else (0.0, 0.0)
        if self.colour.startswith("|"):
            low = 0.0  # of a magnitude
        self.scene.atom = -1
        self.scene.scene = {
            "structure": structure,
            "values": values,
            "label": self.colour,
            "low": low,
            "high": max(high, low + 1e-12),
            "spheres": self.spheres,
            "cell": True,
        }
        self.scene.layout.display = "none" if structure is None else ""
        self._tell()

    def _shades(self, one: Trajectory) -> list[float]:
        """(N,) what colours the atoms; empty for their elements."""
        if not self.colour.startswith(DESCRIPTOR) or one.site_descriptors is None:
            return self._values[self.colour].tolist() if self.colour in self._values else []
        k = list(self.ranking.data.descriptor_names).index(self.colour.removeprefix(DESCRIPTOR))
        return np.asarray(one.site_descriptors)[:, k].tolist()

    def _tell(self) -> None:
        """Say which configuration this is, and what is known of it and of the chosen atom."""
        row, known = self.chosen, self.ranking.quantities
        told = [_in_words({name: values[row] for name, values in known.items() if name != NUMBER})]
        atoms, k = self.scene.scene["structure"], self.scene.atom
        if atoms is None:
            told.append(NO_POSITIONS)
        elif 0 <= k < atoms["size"]:
            told.append(f"atom {k}, {atoms['names'][k]}: {_in_words({n: v[k] for n, v in self._values.items()})}")
        self.about.value = f"<b>{escape(self.ranking.labels[row])}</b>, errors of {escape(str(self.ranking.model.name))}<br>{'<br>'.join(told)}"


def _in_words(values: dict[str, float]) -> str:
    """Values with their headings and units."""
    words = (f"{name.partition(',')[0]} {value:.4g}{name.partition(',')[2]}" for name, value in values.items())
    return escape(" · ".join(words)).replace(" -", " \N{MINUS SIGN}")
