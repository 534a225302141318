"""Parameters θ in and out: the desktop app's ``{'coef', 'intercept'}`` as JSON, npz or (read only) pickle."""

import json
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import kind, location
from ..potential import LinearPotential
from ..units import counted
from . import inert, places
from .archive import Arrays, write_arrays, write_atomically
from .compression import read_bytes
from .formats.kinds import names_of
from .formats.milady import read_pot, write_pot
from .formats.snapcoeff import read_snapcoeff, write_snapcoeff
from .formats.values import flat
from .places import find
from .strict import Twice, ending, in_memory, parse_json

#: Larger JSON files are not looked into: θ of ten thousand parameters takes a fifth of it.
JSON_LIMIT = 1_000_000
#: Bytes of JSON that are read: a million parameters, or two.
LIMIT = 2**26
_ENTRIES = {"coef", "intercept"}
_TAKEN = _ENTRIES | {"intercept_elements", "descriptor_names", "provenance"}
#: Files of other programs: LAMMPS's SNAP, MiLaDy.
_OTHERS = {".snapcoeff": read_snapcoeff, ".pot": read_pot}


def read_theta(path: str | os.PathLike, *, name: str = "θ") -> LinearPotential:
    """A potential from ``{'coef': (K,), 'intercept': eV per atom, or by element}`` in a ``.json``, ``.npz`` or ``.pkl`` file, or from the numbers of a report.

    A pickle is read without importing or running anything that it names.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another content; the message says what is there.

    >>> import fisherlib as fl
    >>> model = fl.io.read_theta("data/theta_energy.json")
    >>> model.K, model.name
    (105, 'θ')
    """
    location("path", path, "io.read_theta('theta.json')")
    path = find(path)
    if path.suffix in _OTHERS:
        return _OTHERS[path.suffix](path, name=name)
    with in_memory(path):
        content = _content(path)
    if isinstance(content, Mapping) and isinstance(content.get("theta_f"), Mapping):  # the numbers of a report
        content = content["theta_f"]
    if not isinstance(content, Mapping) or not _ENTRIES <= content.keys():
        found = list(content) if isinstance(content, Mapping) else type(content).__name__
        raise ValueError(f"{path.name}: expected the entries 'coef' and 'intercept', got {found}")
    coef, offsets = _parameters(content, path)
    provenance = content.get("provenance", {})
    if isinstance(provenance, np.ndarray):  # of an .npz
        provenance = _about(str(provenance), path)
    return LinearPotential(
        theta=coef,
        **offsets,
        name=name,
        provenance=provenance if isinstance(provenance, Mapping) else {},
        descriptor_names=_names(content, len(coef), path),
    )


def _content(path: Path) -> object:
    if path.suffix == ".npz":
        with Arrays(path) as arrays:
            return {name: arrays[name] if name in _TAKEN and _ENTRIES <= arrays.keys() else None for name in arrays}
    if path.suffix != ".json":
        return inert.load(path)
    return parse_json(read_bytes(path, LIMIT), path.name, "parameters θ")


def _parameters(content: Mapping[str, Any], path: Path) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """θ, (K,), and the offset, eV per atom, or the offsets by element."""
    coef, given = flat(f"'coef' of {path.name}", content["coef"]), content["intercept"]
    symbols = [
        str(element) for element in content.get("intercept_elements", given if isinstance(given, Mapping) else ())
    ]
    values = list(given.values()) if isinstance(given, Mapping) else given
    offset = flat(f"'intercept' of {path.name}", values)
    if len(offset) != (len(symbols) or 1):
        wanted = f"{len(symbols)} numbers, one for each element" if symbols else "one number, eV per atom"
        raise ValueError(f"'intercept' of {path.name}: expected {wanted}, got {len(offset)}")
    if not len(coef) or not np.isfinite(coef).all() or not np.isfinite(offset).all():
        wanted, found = "K finite parameters and finite offsets", f"{coef[:3].tolist()} … and {offset[0]}"
        raise ValueError(f"'coef' and 'intercept' of {path.name}: expected {wanted}, got {found}")
    if not symbols:
        return coef, {"offset": offset[0]}
    return coef, {"offsets": dict(zip(symbols, offset.tolist(), strict=True))}


def _names(content: Mapping[str, Any], K: int, path: Path) -> tuple[str, ...]:
    names = content.get("descriptor_names", ())
    names = names.tolist() if isinstance(names, np.ndarray) else names
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names) or len(names) not in (0, K):
        raise ValueError(f"'descriptor_names' of {path.name}: expected {K} names, one a parameter, got others")
    return tuple(names)


def _about(text: str, path: Path) -> object:
    try:
        return parse_json(text, f"provenance of {path.name}", "named entries")
    except Twice:
        raise
    except ValueError:
        return {}  # θ does not depend on it


def versions() -> dict[str, str]:
    """Versions that a result was computed with, its BLAS among them: another one may differ by ``Solution.rounding``.

    >>> sorted(versions())
    ['blas', 'fisherlib', 'numpy', 'python', 'scipy']
    """
    packages = {name: metadata.version(name) for name in ("fisherlib", "numpy", "scipy")}
    return packages | {"python": platform.python_version(), "blas": _blas()}


def _blas() -> str:
    """Name and version of each BLAS that is loaded, with its kernels and threads where threadpoolctl tells them."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        built = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
        return f"{built.get('name', 'unknown')} {built.get('version', '')}".strip()
    loaded = [library for library in threadpool_info() if library["user_api"] == "blas"]
    words = (
        f"{lib['internal_api']} {lib.get('version') or ''} {lib.get('architecture') or ''}".strip()
        + f", {counted(lib['num_threads'], 'thread')}"
        for lib in loaded
    )
    return "; ".join(dict.fromkeys(words)) or "unknown"


def theta_files(folder: str | os.PathLike | None = None) -> list[str]:
    """The files that look like parameters θ, as paths for ``read_theta``.

    Args:
        folder: looked through instead of the project's ``data/``, ``reports/`` and ``saved/`` and the working folder.

    Returns:
        ``.json`` and ``.npz`` with 'coef' and 'intercept', numbers of reports, ``.pot``, ``.snapcoeff``, pickles theta*.pkl.

    >>> theta_files("data")
    ['data/theta_energy.json']
    """
    everywhere: list[str | os.PathLike] = [places.PROJECT / "data", places.PROJECT / "reports", places.saved(), "."]
    location("folder", "." if folder is None else folder, "io.theta_files('data')")
    return places.listed(everywhere if folder is None else [folder], _is_theta)


def _is_theta(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _ENTRIES <= names_of(path)
    if suffix == ".json" and path.stat().st_size <= JSON_LIMIT:
        content = json.loads(path.read_text(encoding="utf-8"))
        content = content.get("theta_f", content) if isinstance(content, Mapping) else {}
        return isinstance(content, Mapping) and _ENTRIES <= content.keys()
    named = suffix in (".pkl", ".pickle") and path.name.lower().startswith("theta")
    return path.is_file() and (named or suffix in _OTHERS)


def write_theta(
    model: LinearPotential, path: str | os.PathLike, *, provenance: Mapping[str, Any] | None = None
) -> None:
    """Write θ and its offset or offsets as ``{'coef', 'intercept', …}``: with its provenance, as JSON or npz.

    Args:
        model: the potential.
        path: ``.json`` or ``.npz``; ``.snapcoeff`` of a potential of SNAP; ``.pot`` where the descriptor came from such a file.
        provenance: added to the model's own (data hash, descriptor, temperature); versions are always written.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write_theta(fl.LinearPotential(theta=[0.5, -1.0], offset=-3.5), f"{folder}/theta.json")
    ...     fl.io.read_theta(f"{folder}/theta.json").offset
    -3.5
    """
    kind("model", model, LinearPotential, "write_theta(LinearPotential.from_fit(fit, moments), path)")
    location("path", path, "io.write_theta(model, 'theta.json')")
    if str(path).endswith(".snapcoeff"):
        return write_snapcoeff(model, path)
    if str(path).endswith(".pot"):
        return write_pot(model, path, **_of_milady(model))
    path = ending(path, ".json", ".npz")
    about = {**model.provenance, **(provenance or {}), "versions": versions()}
    names = {"descriptor_names": list(model.descriptor_names)} if model.descriptor_names else {}
    content: dict[str, Any] = {"coef": model.theta, "intercept": dict(model.offsets) or model.offset}
    content |= {"name": model.name, **names}
    if path.suffix == ".npz":
        del content["name"]
        if model.offsets:
            content["intercept"] = np.array(list(model.offsets.values()))
            content["intercept_elements"] = np.array(list(model.offsets))
        write_arrays([*content.items(), ("provenance", json.dumps(about, ensure_ascii=False))], path)
    else:
        content |= {"coef": model.theta.tolist(), "provenance": about}
        # What is no text in the name of a file becomes the escape that JSON has for it.
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        write_atomically(path, lambda file: file.write(text.encode(errors="backslashreplace")))


def _of_milady(model: LinearPotential) -> dict[str, Any]:
    """What a .pot says of the descriptor, from the one that the potential's descriptor came from."""
    about = model.provenance.get("descriptor", {})
    if about.get("name") != "from MiLaDy":
        way = f"got {about.get('name', 'none')}; give them to io.milady.write_pot, or write .json"
        raise ValueError(f"model: expected a descriptor of MiLaDy, whose kind and cut-off a .pot must state, {way}")
    taken = {name: about[name] for name in ("elements", "details", "cutoff", "masses", "weights", "channels")}
    return {"descriptor": about["type"], **taken}
