"""The configurations of a study as a page of their own: errors and leverage beside the structures, without a kernel."""

import json
import os
from collections.abc import Mapping
from html import escape
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, kind, location, whole
from ..dataset import Array, Trajectory, symbol
from ..study import Study
from ..units import counted
from ..validation import Ranking
from ..validation.ranking import ERROR, FORCES, LEVERAGE
from .linked import LinkedMap, page_of

_WAY = "explorer(Study(data), model='θ_f')"
#: Every atom is an environment, which the page lists for itself; a page of 55 000 would be twice as large. And a view whose
#: size is the same is not drawn anew: with a colour bar, chemiscope 1.1 would ask for that again and again.
_SCRIPT = """function everyAtom(dataset) {
  dataset.environments = dataset.structures.flatMap(({ size }, structure) =>
    Array.from({ length: size }, (_, center) => ({ structure, center, cutoff: 3.5 })));
  return dataset;
}
for (const { prototype } of [Chemiscope.MoleculeViewer]) {
  const resize = prototype.resize, sizes = new WeakMap();
  prototype.resize = function () {
    const size = `${this._root.clientWidth} ${this._root.clientHeight}`;
    if (sizes.get(this) !== size) {
      sizes.set(this, size);
      resize.call(this);
    }
  };
}"""


def explorer(
    study: Study,
    *,
    model: str = "",
    more: Mapping[str, ArrayLike] | None = None,
    axes: tuple[str, str, str] = (LEVERAGE, FORCES, FORCES),
    atoms: int = 60_000,
    library: str | os.PathLike | None = None,
    height: int = 620,
) -> LinkedMap:
    """A page on which a point of any two quantities shows its structure, atoms coloured by |ΔF|, and the other way round.

    Args:
        study: data with positions and species.
        model: name of one of its models; the first one by default.
        more: further quantities, heading → (M,) values, such as coordinates of a map.
        axes: headings for the horizontal and vertical axis, and for the colour of points.
        atoms: on the page, at most; of more, the worst configurations, those of most leverage and evenly spaced ones are taken.
        library: path of chemiscope's program; that of the installed one by default.
        height: pixels of the frame.

    Raises:
        ValueError: data without positions, or quantities of another length.
        FileNotFoundError: chemiscope is not installed.

    Example:
        >>> import tempfile
        >>> import fisherlib as fl
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (program := Path(folder) / "chemiscope.min.js").write_text("var Chemiscope;")
        ...     study = fl.Study(fl.systems.harmonic([1.0, 2.0]))
        ...     explorer(study, library=program)
        Traceback (most recent call last):
        ...
        ValueError: study: expected data with species and positions, got none for 'harmonic-0'; read the file with the structures
    """
    kind("study", study, Study, _WAY)
    kind("more", more, (Mapping, NoneType), "explorer(study, more={'PCA 1': x})")
    whole("height", height, 300, "pixels")
    whole("atoms", atoms, 1, "atoms")
    if library is not None:
        location("library", library, _WAY)
    if lacking := [t.key for t in study.data.values() if t.positions is None or t.species is None]:
        raise ValueError(
            f"study: expected data with species and positions, got none for {lacking[0]!r}; read the file with the structures"
        )
    found = study.ranking(model or next(iter(study.potentials)))
    quantities = found.quantities | {str(name): floats("more", values) for name, values in (more or {}).items()}
    if bad := [name for name, values in quantities.items() if values.shape != study.data.n_atoms.shape]:
        raise ValueError(
            f"more: expected {len(study.data.n_atoms)} values of {bad[0]!r}, got {quantities[bad[0]].shape}"
        )
    if unknown := [name for name in axes if name not in quantities]:
        raise ValueError(f"axes: expected some of {', '.join(map(repr, quantities))}, got {unknown[0]!r}")
    rows = _rows(found, atoms)
    inputs = json.dumps(_inputs(found, rows, quantities, axes), ensure_ascii=False).replace("<", "\\u003c")
    of = escape(str(getattr(study, "label", "")))
    return LinkedMap(
        page=page_of(
            f"everyAtom({inputs})",
            height=height,
            library=None if library is None else Path(library),
            above=_words(found, rows, of),
            script=_SCRIPT,
        ),
        height=height,
    )


def _words(found: Ranking, rows: NDArray[np.integer], of: str) -> str:
    """The title of the page, and which configurations are on it."""
    M, name = len(found.labels), escape(str(found.model.name))
    taken = f"all {counted(M, 'configuration')}"
    if len(rows) < M:
        third = counted(-(-len(rows) // 3), "configuration")
        taken = f"{len(rows)} of {M} configurations: the {third} of largest force error, as many of most leverage, and evenly spaced ones"
    return (
        f"<h3>Errors of {name}{f', {of}' if of else ''}</h3><p>{taken}. Choose a point to see its atoms, coloured by the error "
        "of their force; axes and colours are chosen in the menus.</p>"
    )


def _rows(found: Ranking, atoms: int) -> NDArray[np.integer]:
    """All configurations, or as many as have so many atoms."""
    M = len(found.labels)
    number = max(3, int(atoms / found.data.n_atoms.mean()))
    if number >= M:
        return np.arange(M)
    third = -(-number // 3)
    worst = [found.worst(by, number=third) for by in (FORCES, LEVERAGE) if by in found.quantities]
    rows = np.unique(np.concatenate(worst))
    return np.union1d(rows, np.linspace(0, M - 1, max(1, number - len(rows))).astype(int))


def _inputs(
    found: Ranking, rows: NDArray[np.integer], quantities: Mapping[str, Array], axes: tuple[str, str, str]
) -> dict[str, Any]:
    """What chemiscope takes."""
    # One property of atoms alone: with several, chemiscope 1.1 offers a map of atoms, over which a page of this size hangs.
    errors = np.concatenate([found.atoms(row)[ERROR] for row in rows.tolist()])
    properties = {name: _property("structure", _short(values[rows])) for name, values in quantities.items()}
    properties["trajectory"] = {"target": "structure", "values": [found.place(row)[0] for row in rows.tolist()]}
    properties[ERROR] = _property("atom", _short(errors))
    high = float(np.quantile(errors, 0.995)) or 1.0
    color = {"property": ERROR, "min": 0.0, "max": float(f"{high:.3g}"), "palette": "viridis"}
    x, y, shade = axes
    settings = {
        "map": {"x": {"property": x}, "y": {"property": y}, "color": {"property": shade}},
        "structure": [{"bonds": True, "color": color, "keepOrientation": True}],
        "target": "structure",
    }
    structures = [structure_of(found.configuration(row), digits=3) for row in rows.tolist()]
    return {
        "meta": {"name": f"errors of {found.model.name}"},
        "structures": structures,
        "properties": properties,
        "settings": settings,
    }


def _property(target: str, values: list[float]) -> dict[str, Any]:
    return {"target": target, "values": values}


def _short(values: Array) -> list[float]:
    """Numbers of four digits: a page holds many."""
    return [float(f"{value:.4g}") for value in np.asarray(values).tolist()]


def structure_of(one: Trajectory, *, digits: int | None = None) -> dict[str, Any] | None:
    """The atoms of one configuration as chemiscope takes them; None without species or positions."""
    if one.positions is None or one.species is None:
        return None
    places = np.asarray(one.positions, float)
    x, y, z = (places if digits is None else places.round(digits)).T.tolist()
    found: dict[str, Any] = {"size": len(x), "names": [symbol(Z) for Z in one.species.tolist()], "x": x, "y": y, "z": z}
    # A sheet or a wire may have a cell without volume, of which no box can be drawn.
    if one.cell is not None and one.pbc is not None and one.pbc[0].any() and abs(np.linalg.det(one.cell[0])) > 1e-9:
        found["cell"] = np.asarray(one.cell[0]).ravel().tolist()
    return found
