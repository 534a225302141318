"""Public data files by name: looked for in a folder, or downloaded once, and always checked by their SHA-256."""

import hashlib
import os
import tarfile
from pathlib import Path
from typing import IO, cast

from .archive import write_atomically
from .compression import read_bytes
from .formats.mlearn import LIMIT

#: Elements of Zuo et al., J. Phys. Chem. A 124, 731 (2020).
ELEMENTS = ("Ni", "Cu", "Li", "Mo", "Si", "Ge")

#: The folder that is looked through when none is given.
VARIABLE = "FISHERLIB_DATA"
#: Environment variable that forbids downloads.
OFFLINE = "FISHERLIB_OFFLINE"

_ACE = "https://github.com/ACEsuit/ACEData/raw/292aa09542d4bc6bdf67c710169bf486df1dd12a/minibenchmarks"
_MLEARN = "https://github.com/materialsvirtuallab/mlearn/raw/10c427a5480c6281c15c64efaf869b03be04818f/data"
_ARCHIVE = "ZuoEtAl2020.tar.gz"
_HASHES = {
    ("Ni", "test"): "dccbfa14ddff5d1d35f658c48b68f6b431f95496a5261ef8b8f4d1d41e36008a",
    ("Cu", "test"): "1805a315ce8d0ce4a18bb761df4c4f619909ce114d598d426015d0071edc98c2",
    ("Li", "training"): "1cac01475c5a4fb85771ee1fd23366a6b8abfb9891e0c9e088b6e37228e147b3",
    ("Li", "test"): "554d0ce60b35a07b357be3a80bf04f68eb8fc97b5a88328caf08c860b5e9b260",
    ("Mo", "training"): "b13305fca0d0d2631ab080c8fcf13c743ee79a911712fb65a34ca88fadf09f9a",
    ("Mo", "test"): "68169e2927c2115daa2f504805fcb9548ee65daf2dd015428807ba92f8e13bb8",
    ("Si", "training"): "ae6d4b0a65b00e0fcf7ba0a6fad366716710d2f0d21d70199203089c6866b500",
    ("Si", "test"): "d452b30a89f23bff76f7cc529b7b6c2d159ea81ccd5a4599fb1a18207654fa91",
    ("Ge", "training"): "43dee02009a5167f94c7aafce19051222bcfc328c46181750cc2a2018187ca00",
    ("Ge", "test"): "737ea6159c9dd27ebee7fb8ffae22f15e20466884927771248ca4f5b2cd3f093",
}

#: name → (URL, SHA-256 of the content, not compressed by xz).
FILES = {
    _ARCHIVE: (f"{_ACE}/{_ARCHIVE}", "f77a80e2fb00534f42bce2ccf72833dfec316d48f2b756aa333687652dd6c589"),
    **{f"mlearn_{el}_{part}.json": (f"{_MLEARN}/{el}/{part}.json", digest) for (el, part), digest in _HASHES.items()},
}


def fetch(name: str, folder: str | os.PathLike | None = None) -> Path:
    """A public data file in the user's cache, put there from a folder or by download.

    Nothing is ever written into ``folder``: anything derived from the file is kept beside the copy.

    Args:
        name: one of ``FILES``.
        folder: looked through first, for the file or the same with ``.xz``; the one that the environment variable
            FISHERLIB_DATA names without it.

    Returns:
        Path of the file, its content checked.

    Raises:
        ValueError: no such name, or the content is not the one registered.
        ConnectionError: not in the folder nor in the cache, and no download (never where the environment variable
            FISHERLIB_OFFLINE is set); says what to put where by hand.
        ModuleNotFoundError: pooch is not installed.

    >>> fetch("mlearn_Fe_test.json")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: name: expected one of ..., got 'mlearn_Fe_test.json'
    """
    if name not in FILES:
        raise ValueError(f"name: expected one of {', '.join(FILES)}, got {name!r}")
    folder = folder or os.environ.get(VARIABLE)
    if folder:
        for path in (Path(os.path.expanduser(folder)) / file for file in (name, f"{name}.xz")):
            if path.is_file():
                content = path.read_bytes() if path.name == name else read_bytes(path, LIMIT)  # an archive stays packed
                url, wanted = FILES[name]
                if (found := hashlib.sha256(content).hexdigest()) != wanted:
                    raise ValueError(
                        f"{path}: expected content with SHA-256 {wanted}, got {found}; it is damaged or another version: "
                        f"replace it by {url}, or take it away to have it downloaded"
                    )
                return _kept(name, content)
    return _downloaded(name, folder)


def zuo2020(element: str, *, folder: str | os.PathLike | None = None) -> tuple[Path, Path]:
    """Training and test set of one element of the DFT data of Zuo et al., for ``io.open`` and ``io.read``.

    Both have a trajectory for each simulation and for each other group (surfaces, strained crystals …), except the
    training sets of Ni and Cu, whose groups are not public: those are one trajectory.

    Args:
        element: Ni, Cu, Li, Mo, Si or Ge.
        folder: as for ``fetch``.

    Raises:
        ValueError: no such element.
        ConnectionError, ModuleNotFoundError: as for ``fetch``.

    Source: Zuo et al., J. Phys. Chem. A 124, 731 (2020).

    >>> zuo2020("Fe")
    Traceback (most recent call last):
    ValueError: element: expected one of Ni, Cu, Li, Mo, Si, Ge, got 'Fe'
    """
    if element not in ELEMENTS:
        raise ValueError(f"element: expected one of {', '.join(ELEMENTS)}, got {element!r}")
    test = fetch(f"mlearn_{element}_test.json", folder)
    if (element, "training") in _HASHES:
        return fetch(f"mlearn_{element}_training.json", folder), test
    archive = fetch(_ARCHIVE, folder)
    with tarfile.open(archive) as file:  # one member is read, by its exact name: nothing is unpacked to where it says
        train = file.extractfile(f"ZuoEtAl2020/{element}_train.xyz")
        return _kept(f"zuo2020_{element}_training.xyz", cast(IO[bytes], train).read()), test


def _kept(name: str, content: bytes) -> Path:
    """The content as a file of the cache, which is written only if it is not there yet."""
    path = _cache() / name
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: file.write(content))
    return path


def _downloaded(name: str, folder: str | os.PathLike | None) -> Path:
    import pooch  # only here: most users have their own data

    url, digest = FILES[name]
    where = f"into {folder}" if folder else f"into a folder that folder= or {VARIABLE} names"
    downloader = _refused if os.environ.get(OFFLINE) else pooch.HTTPDownloader(timeout=20)
    try:
        # Damaged copies in the cache are replaced.
        path = pooch.retrieve(url, known_hash=f"sha256:{digest}", fname=name, path=_cache(), downloader=downloader)
    except OSError as error:  # those of requests are, too
        raise ConnectionError(
            f"{name}: neither in a folder nor in {_cache()}, and the download failed ({type(error).__name__}); download {url} "
            f"by hand and put it {where}, under the name {name}"
        ) from error
    except ValueError as error:
        raise ValueError(f"{name}: {url} has another content than expected ({error})") from error
    return Path(path)


def _refused(url: str, output_file: object, pooch: object) -> None:
    raise ConnectionError(f"{OFFLINE} is set, so nothing is downloaded")


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("fisherlib"))
