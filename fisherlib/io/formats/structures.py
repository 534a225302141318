"""Output of simulation programs, through the parsers of ASE that only read text."""

import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import ase.io
import numpy as np
from ase.io.extxyz import per_atom_properties
from ase.io.formats import ioformats

from ...configurations import Configurations
from ...units import BOHR, HARTREE
from ..compression import beginning, plain_name
from ..strict import cause
from .stacking import UNITS, Parsed, stack

_PEEK = 1 << 16
_UNITS = {**UNITS, "energy": "eV", "free_energy": "eV", "stress": "eV/Å³"}
#: Empty lines that a parser may ask for behind the end; one that asks for more would never stop.
_PATIENCE = 1000
#: Beginnings and ends of arrays and of their rows; none may look far ahead, as there may be many.
_TAGS = re.compile(rb"""<varray\s++name=["'](?P<name>\w++)|(?P<end></varray)|<v\b""")
_ARRAYS = (b"positions", b"forces", b"basis", b"stress")
#: Lines that count what arrays are made for; no file holds more of it than it has bytes, or than ``_FEW``.
_COUNTS = re.compile(
    r"(ions per type|NIONS|NKPTS|NBANDS|Number of (atoms|k-points)|number of atoms/cell|\bnatom|\bnkpt)\W"
)
_FEW = 10**5


class _Format(NamedTuple):
    """A format of ASE whose parser was read: it splits text and makes numbers, and opens, imports and runs nothing.

    Its name or its beginning tells it; ``end`` are the words of its last line, without which it is truncated.
    """

    title: str
    names: str = r"(?!)"  # of the file, whatever its case
    begins: bytes = rb"(?!)"  # somewhere in its first part
    end: str = ""
    force: float = 1.0  # eV/Å in the unit of force that ASE gives
    note: str = ""  # what a reader should know


#: ASE's name → what is read of it.
FORMATS = {
    "vasp-xml": _Format("VASP's vasprun.xml", r".*vasp.*\.xml", rb"<modeling>", "</modeling>"),
    "vasp-out": _Format("VASP's OUTCAR", r".*outcar.*", rb"\A\s*vasp\.\d"),
    "espresso-out": _Format("Quantum Espresso's output", r".*\.pwo", rb"Program PWSCF"),
    "gpaw-out": _Format("GPAW's text output", begins=rb" ___ ___ ___ _ _ _"),
    "castep-castep": _Format("CASTEP's .castep", r".*\.castep"),
    "castep-md": _Format("CASTEP's .md", r"(?!)", rb"\A\s*BEGIN header(?=[^<]*?END header)[^<]*+<-- E[^<]*+<-- T"),
    "castep-geom": _Format("CASTEP's .geom", r".*\.geom", rb"\A\s*BEGIN header(?=[^<]*?END header)[^<]*+<-- c"),
    "orca-output": _Format("ORCA's output", begins=rb"\* O   R   C   A \*"),
    "gaussian-out": _Format("Gaussian's output", begins=rb"Entering Gaussian System"),
    "nwchem-out": _Format("NWChem's output", r".*\.nwo", rb"Northwest Computational Chemistry Package"),
    "onetep-out": _Format("ONETEP's output", begins=rb"Linear-Scaling Ab Initio Total Energy Program"),
    "abinit-out": _Format("ABINIT's output", begins=rb"\.Version .{1,60} of ABINIT"),
    "aims-output": _Format("FHI-aims's output", begins=rb"Invoking FHI-aims"),
    "qbox": _Format("Qbox's output", begins=rb":simulation xmlns:"),
    "turbomole-gradient": _Format("Turbomole's gradient", r"gradient", rb"\A\$grad", "$end"),
    # Both say Å Da/ps², which ASE turns into Ha/Bohr and calls eV/Å.
    "dlp4": _Format("DL_POLY's CONFIG", r"(config|revcon)(\.\d+)?", force=HARTREE / BOHR),
    "dlp-history": _Format("DL_POLY's HISTORY", r"history(\.\d+)?", force=HARTREE / BOHR),
    "runnerdata": _Format(
        "n2p2's input.data",
        r".*input\.data.*",
        rb"\A(?:\s++|[#!][^\n]*+)*+begin\b",
        "end",
        note="energies in Ha, lengths in Bohr, as n2p2 has them, are converted to eV and Å",
    ),
}
_TOGETHER = "convert it where it was made: ase.io.write('data.xyz', ase.io.read('{}', ':'))"
#: Parts of names or beginnings → why such a file is not read, and the way out.
REFUSED: dict[tuple[str, bytes], str] = {
    (r".*\.py", rb"(?!)"): "a Python script, which would have to be run; run it yourself and write .xyz or .npz",
    (
        r".*xdatcar.*",
        rb"(?!)",
    ): "VASP's XDATCAR, which has no energies and forces; take vasprun.xml or OUTCAR of that run",
    (
        r"(.*(poscar|contcar).*|.*\.(cif|pdb|vasp|gro|dcd|res|cell|xsd|in|pwi|restart|mol|sdf|gen))",
        rb"(?!)",
    ): "structures without energies and forces; take the output of the program that computed them",
    (r".*\.bundle", rb"(?!)"): f"ASE's bundle, a folder of a retired layout; {_TOGETHER}",
    (r".*\.nc", rb"\A(CDF[\x01\x02\x05]|\x89HDF)"): f"NetCDF or HDF5, which no reader of ours opens; {_TOGETHER}",
    (r".*\.aselmdb", rb"(?!)"): f"an LMDB database, whose rows may be pickled; {_TOGETHER}",
    (
        r"(?!)",
        rb"CP2K\| version string",
    ): "CP2K's log, which ASE does not read; write its trajectory, forces and energies as extended xyz, in one file",
}


def format_of(path: Path) -> str | None:
    """ASE's name of the format of a file, by its name or else by its beginning; None where it is none that is read."""
    start, called = beginning(path, _PEEK), plain_name(path)
    begun = (name for name, form in FORMATS.items() if re.search(form.begins, start))
    named = (name for name, form in FORMATS.items() if re.fullmatch(form.names, called, re.IGNORECASE))
    return next(begun, None) or next(named, None)


def why_refused(path: Path) -> str | None:
    """What a file is that is not read, and the way out, in words; None where that is not known."""
    start = b"" if path.is_dir() else beginning(path, _PEEK)
    for (names, begins), why in REFUSED.items():
        if re.fullmatch(names, plain_name(path), re.IGNORECASE) or re.search(begins, start):
            return why.format(path.name)
    return None


def read(path: Path) -> list[Configurations]:
    """The configurations of an output file as one trajectory, in the order of the file, in ASE's units (eV, Å).

    What ASE attaches as results of a calculator become columns and entries under ASE's names: energy, free_energy, forces,
    stress (six, xx yy zz yz xz xy, eV/Å³) … Files beside it are not opened. ASE loses something in DL_POLY's files, whose
    forces it gives in Ha/Bohr: they are converted here. Of a run that was stopped, the complete configurations are read.

    Raises:
        ValueError: damaged, or no configuration with energy or forces.
    """
    name = format_of(path) or "unknown"
    found, parsed = FORMATS[name], []
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), open(path, "rb") as file:
            warnings.simplefilter("ignore")
            text = _Text(_of_xml(file.read()) if name == "vasp-xml" else file, path)
            for atoms in _images(text, name):
                parsed.append(_parsed(atoms, found))
            text.detach()
    except (MemoryError, PermissionError):
        raise
    except Exception as error:  # ASE's parsers raise anything (IndexError, AssertionError, ParseError …)
        raise _damaged(path, found, len(parsed), error) from error
    if not parsed:
        raise ValueError(f"{path.name}: expected configurations of {found.title}, got none; it may be truncated")
    if not any({"forces", "energy", "free_energy"} & {*p.atoms, *p.entries} for p in parsed):
        has = ", ".join(dict.fromkeys(n for p in parsed for n in (*p.atoms, *p.entries)))
        raise ValueError(
            f"{path.name}: expected energies or forces in {found.title}, got only {has}; have the program print them"
        )
    _warn_if_truncated(path, found, len(parsed))
    about = {"notes": [found.note]} if found.note else {}
    return [stack(path.stem if path.suffix else path.name, path.name, parsed, units=_UNITS, provenance=about)]


def _images(text: "_Text", name: str) -> Iterator[ase.Atoms]:
    if ioformats[name].acceptsfd:
        yield from ase.io.iread(text, index=":", format=name)
    else:  # ASE says that it takes names of files only; the parser takes open ones
        yield from ioformats[name].read(text, slice(None))


def _parsed(atoms: ase.Atoms, found: _Format) -> Parsed:
    results: dict[str, Any] = atoms.calc.results if atoms.calc else {}
    results = {name: value for name, value in results.items() if value is not None}
    of_atoms = {n: np.asarray(value) for n, value in results.items() if n in per_atom_properties}
    if "forces" in of_atoms:
        of_atoms["forces"] = np.asarray(of_atoms["forces"], dtype=np.float64) * found.force
    of_all = {name: value for name, value in results.items() if name not in per_atom_properties}
    return Parsed(dict(atoms.arrays) | of_atoms, atoms.info | of_all, atoms.cell.array, atoms.pbc)


def _damaged(path: Path, found: _Format, done: int, error: Exception) -> ValueError:
    return ValueError(
        f"{path.name}: expected {found.title}, got one that cannot be read after configuration {done} ({cause(error)}); "
        "it is damaged or truncated"
    )


def _of_xml(content: bytes) -> io.BytesIO:
    """The content once it is known to be safe and whole; shortened files get the empty list of k-points that ASE asks for."""
    _check_xml(content)
    return io.BytesIO(
        content if b"<kpoints" in content else content.replace(b"</atominfo>", b"</atominfo><kpoints/>", 1)
    )


def _check_xml(content: bytes) -> None:
    """Refuses what ASE would unpack without end, and rows that are missing, where ASE would put zeros."""
    if b"<!ENTITY" in content:
        raise ValueError("it defines entities, which no such file does and which may unpack without end")
    counts: dict[bytes, set[int]] = {of: set() for of in _ARRAYS}
    name, rows = b"", 0
    for found in _TAGS.finditer(content):
        if found["name"]:
            name, rows = found["name"], 0
        elif not found["end"]:
            rows += 1
        else:
            counts.get(name, set()).add(rows)
            name = b""
    if len(counts[b"positions"] | counts[b"forces"]) > 1 or not counts[b"basis"] | counts[b"stress"] <= {3}:
        told = "; ".join(f"{of.decode()} {sorted(some)}" for of, some in counts.items() if some)
        raise ValueError(f"it has arrays of different numbers of rows: {told}")


def _warn_if_truncated(path: Path, found: _Format, number: int) -> None:
    """Tells of a file whose last line is not that of its format."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        last = file.read().rstrip()
    if not last.endswith(found.end.encode()):
        ended = f"expected {found.end!r} at the end of {found.title}, got another end"
        warnings.warn(f"{path.name}: {ended}; it is truncated, and {number} configurations are read", stacklevel=6)


class _Text(io.TextIOWrapper):
    """A text whose reader gets an error if it goes on asking after the end; it has a name with nothing beside it."""

    def __init__(self, file: Any, path: Path) -> None:
        super().__init__(file, encoding="utf-8", errors="replace")
        self._asked, self._name = 0, f"/dev/null/{path.name}"
        self._most = max(path.stat().st_size, _FEW)

    @property
    def name(self) -> str:
        """A path that no file lies beside, where ASE's parsers would look for more."""
        return self._name

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        """The next line; an EOFError where there have been none for long."""
        line = super().readline(size)
        self._asked = 0 if line else self._asked + 1
        if self._asked > _PATIENCE:
            raise EOFError("the file ends in the middle of a configuration")
        if (counts := _COUNTS.search(line)) and re.search(r"\d", line[counts.end() :]):
            claimed = sum(int(word[:30]) for word in re.findall(r"\d+", line))
            if claimed > self._most:
                raise ValueError(f"it claims {claimed} of what it counts in the line {line.strip()!r:.60}")
        return line

    def __next__(self) -> str:  # type: ignore[override]
        if line := self.readline():
            return line
        raise StopIteration
