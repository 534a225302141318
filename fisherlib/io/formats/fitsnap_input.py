"""FitSNAP's input file: the weights of its groups and its reference potential."""

import configparser
import dataclasses
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from ...arguments import location, number
from ...descriptors import Zbl
from ...regression import GroupWeights
from ...units import BAR
from ..places import find
from ..strict import regular

#: Larger files are no input of FitSNAP.
LIMIT = 1_000_000
#: Entries of [GROUPS] that are no groups.
_SETTINGS = re.compile(r"group_(sections|types)|smartweights|random_(sampling|seed)|vasp_\w+|BOLTZ")
_COLUMNS = "name size eweight fweight vweight"

_Sections = Mapping[str, Mapping[str, str]]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FitsnapInput:
    """What FitSNAP's input file says of groups and of the reference potential.

    Attributes:
        weights: group → its weights, a table for ``regression.weighted_fit``.
        reference: the potential that FitSNAP takes off first, or None.
        sections: section → entry → text, all of the file as it is.

    Example:
        See ``read_fitsnap_input``:

        >>> FitsnapInput(weights={}, reference=None, sections={"BISPECTRUM": {"twojmax": "6"}}).sections
        {'BISPECTRUM': {'twojmax': '6'}}
    """

    weights: Mapping[str, GroupWeights]
    reference: Zbl | None
    sections: _Sections


def read_fitsnap_input(
    path: str | os.PathLike, *, volume_per_atom: float | Mapping[str, float] | None = None
) -> FitsnapInput:
    """Weights and reference potential of FitSNAP's input file, ``Ta-example.in`` say.

    eweight and fweight are taken as they stand. vweight multiplies pressures in bar, while moments hold virials: with the
    volume of an atom it becomes a weight of the virial per atom, without it the weight of the stress is 0. A group of which
    nothing is trained on has no weight at all.

    Args:
        path: of the input file; a file of groups that it names is read beside it.
        volume_per_atom: mean volume of an atom, Å³, of all groups or by group: of ``data`` it is
            ``{key: np.mean(abs(np.linalg.det(t.cell)) / t.n_atoms) for key, t in data.items()}``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another layout, a weight that is no number, weights that FitSNAP changes by itself (smartweights, BOLTZ),
            or charges of ZBL that are not those of the elements.

    Source: FitSNAP's documentation, input sections GROUPS and REFERENCE.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import fisherlib as fl
        >>> text = '''[REFERENCE]
        ... pair_style = hybrid/overlay zero 10.0 zbl 4.0 4.8
        ... pair_coeff2 = * * zbl 73 73
        ... [GROUPS]
        ... group_sections = name training_size testing_size eweight fweight vweight
        ... Liquid = 1.0 0.0 467 1 1.00E-08
        ... '''
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     written = Path(folder, "Ta.in").write_text(text)
        ...     found = fl.io.read_fitsnap_input(Path(folder, "Ta.in"))
        >>> found.weights, found.reference
        ({'Liquid': GroupWeights(forces=1.0, energies=467.0, stress=0.0)}, Zbl(inner=4.0, outer=4.8))
    """
    location("path", path, "io.read_fitsnap_input('Ta-example.in')")
    volumes = volume_per_atom if isinstance(volume_per_atom, Mapping) else {"*": volume_per_atom}
    for volume in volumes.values():
        if volume is not None and number("volume_per_atom", volume) <= 0:
            raise ValueError(f"volume_per_atom: expected Å³, above 0, got {volume!r}")
    path = find(path)
    sections = _sections(path)
    return FitsnapInput(
        weights=_weights(path, sections, volumes), reference=_zbl(path.name, sections), sections=sections
    )


def _sections(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(inline_comment_prefixes="#", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # capitals count in names of groups
    try:
        parser.read_string(_text(path))
    except configparser.Error as error:
        raise ValueError(
            f"{path.name}: expected sections such as [GROUPS] with lines 'name = …', got others ({' '.join(str(error).split())})"
        ) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _text(path: Path) -> str:
    if regular(path).stat().st_size > LIMIT:
        raise ValueError(
            f"{path.name}: expected an input file of FitSNAP, got {path.stat().st_size} bytes; name another one"
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name}: expected text, got other bytes ({error}); name another file") from error


def _weights(path: Path, sections: _Sections, volumes: Mapping[str, float | None]) -> dict[str, GroupWeights]:
    groups = sections.get("GROUPS", {})
    smart = groups.get("smartweights", "0").strip() not in ("0", "False", "false", "no", "off")
    boltz = {"BOLTZ", "BOLTZT"} & {*groups, *sections.get("BISPECTRUM", {})}
    if smart:
        raise ValueError(
            f"{path.name}: expected weights as they are used, got smartweights = 1, by which FitSNAP divides them by numbers of "
            "configurations and rows; set it to 0 and write the quotients"
        )
    if boltz:
        warnings.warn(f"{path.name}: {min(boltz)} is not used; the weights are those of the groups", stacklevel=3)
    columns = groups.get("group_sections", _COLUMNS).split()
    if not {"eweight", "fweight"} <= {*columns} or columns[0] != "name":
        raise ValueError(
            f"{path.name}: expected group_sections to begin with 'name' and to hold eweight and fweight, got {columns}"
        )
    lines = {name: text.split() for name, text in groups.items() if not _SETTINGS.fullmatch(name)}
    if named := sections.get("PATH", {}).get("groupFile"):
        rows = (line.partition("#")[0].split() for line in _text(path.parent / Path(named).name).splitlines())
        lines |= {row[0]: row[1:] for row in rows if row}
    if not lines:
        raise ValueError(f"{path.name}: expected groups with weights in the section [GROUPS], got none")
    made = {}
    for name, values in lines.items():
        volume = volumes.get(name, volumes.get("*"))
        made[name] = _line(f"{path.name}, group {name!r}", columns[1:], values, BAR / volume if volume else 0.0)
    return made


def _line(place: str, columns: Sequence[str], values: Sequence[str], of_bar: float) -> GroupWeights:
    if len(values) != len(columns):
        raise ValueError(f"{place}: expected {len(columns)} values ({' '.join(columns)}), got {len(values)}")
    found = dict(zip(columns, values, strict=True))
    try:
        sizes = [float(found[name]) for name in ("size", "training_size") if name in found]
        e, f, v = (float(found.get(name, 0)) for name in ("eweight", "fweight", "vweight"))
    except ValueError as error:
        raise ValueError(f"{place}: expected numbers for sizes and weights, got another word ({error})") from None
    if not np.isfinite([e, f, v]).all() or min(e, f, v) < 0:
        raise ValueError(f"{place}: expected finite weights of at least 0, got {' '.join(values)}")
    if sizes == [0.0]:
        e = f = v = 0.0
    return GroupWeights(forces=f, energies=e, stress=v * of_bar)


def _zbl(place: str, sections: _Sections) -> Zbl | None:
    about = sections.get("REFERENCE", {})
    style = about.get("pair_style", "").split()
    found = None
    if "zbl" in style:
        try:
            inner, outer = map(float, style[style.index("zbl") + 1 :][:2])
        except ValueError:
            raise ValueError(
                f"{place}: expected 'zbl inner outer' in pair_style, got {' '.join(style)!r:.80}"
            ) from None
        found = Zbl(inner, outer)
        _refuse_other_charges(place, sections)
    words = {word for word in style if not re.fullmatch(r"[-+\d.eE]+", word)}
    if others := words - {"hybrid/overlay", "hybrid", "zero", "zbl", "nocoeff"}:
        warnings.warn(
            f"{place}: of the reference potential only zbl can be computed here, not {', '.join(sorted(others))}; take it off "
            "the energies and forces before reading",
            stacklevel=3,
        )
    return found


def _refuse_other_charges(place: str, sections: _Sections) -> None:
    """Refuses ZBL with other charges than those of the nuclei."""
    elements = next((s["type"].split() for s in sections.values() if "type" in s), [])
    nuclei = {float(atomic_numbers[name]) for name in elements if name in atomic_numbers}
    try:
        rows = [text.split() for name, text in sections["REFERENCE"].items() if name.startswith("pair_coeff")]
        charges = {float(word) for row in rows if row[2:3] == ["zbl"] for word in row[3:]}
    except ValueError:
        raise ValueError(f"{place}: expected 'I J zbl Z_I Z_J' in pair_coeff, got others") from None
    if nuclei and charges and charges != nuclei:
        raise ValueError(
            f"{place}: expected the nuclear charges {sorted(nuclei)} of {' '.join(elements)} for zbl, got {sorted(charges)}; such "
            "a potential cannot be computed here"
        )
