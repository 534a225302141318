"""A table of fits, whose row headers are buttons that open them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import traitlets

from ..io import printable
from ..study.recipes import WEIGHTS
from ..validation import SavedFit
from .patient import Patient, script

HEADINGS = (
    "fit", "ridge", "KL, 1/Å²", "energy, 1/(eV² Å²)", "descriptor", "cutoff, Å", "K", "forces, eV/Å", "spread, meV/atom",
    "shift, meV/atom",
)  # fmt: skip


class FitTable(Patient):
    """A row for each fit: how it was made, and its held-out errors.

    Args:
        opened: called with the name of a fit that a person opens.

    Attributes:
        rows: of each fit its name, its cells, and its note.
        chosen: number of the row that is open, −1 for none.
    """

    _esm = script("fit_table.js")
    caption = traitlets.Unicode("Fits and their errors on whole trajectories held out").tag(sync=True)
    headings = traitlets.Tuple(HEADINGS).tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    chosen = traitlets.Int(-1).tag(sync=True)

    def __init__(self, opened: Callable[[str], None]) -> None:
        super().__init__()
        self._names, self._opened = list[str](), opened
        self.on_msg(self._heard)

    def tell(self, fits: Sequence[SavedFit], *, chosen: str) -> None:
        """Show some fits, one of them as open."""
        self._names = [fit.name for fit in fits]
        rows = [[printable(fit.name), _cells(fit), fit.note] for fit in fits]
        with self.hold_sync():
            self.rows, self.chosen = rows, self._names.index(chosen) if chosen in self._names else -1

    def _heard(self, widget: "FitTable", content: dict[str, Any], buffers: list[bytes]) -> None:
        number = content.get("opened")
        if isinstance(number, int) and 0 <= number < len(self._names):
            self._opened(self._names[number])


def _cells(fit: SavedFit) -> list[str]:
    weights = [f"{fit.weights[name]:g}" if name in fit.weights else "–" for name in WEIGHTS]
    about = [fit.descriptor or "–", "–" if fit.cutoff is None else f"{fit.cutoff:g}", str(fit.K)]
    scales = {"force_rmse": 1.0, "energy_spread": 1e3, "energy_shift": 1e3}
    return [*weights, *about, *(with_bar(scale * np.array(fit.value(what))) for what, scale in scales.items())]


def with_bar(pair: np.ndarray) -> str:
    """A number with its bar, to the digits that the bar allows: "0.0900 ± 0.0004"."""
    value, bar = pair.tolist()
    if not np.isfinite(value):
        return "–"
    if not np.isfinite(bar) or bar <= 0:
        return f"{value:.4g}"
    digits = max(0, -int(np.floor(np.log10(bar))) + (bar < 2 * 10 ** np.floor(np.log10(bar))))
    return f"{round(value, digits) + 0.0:.{digits}f} ± {bar:.{digits}f}".replace("-", "−")
