"""Unpacks archives, also where Python is older than 3.11.4 and cannot yet refuse what leads out of the folder."""

import tarfile
from pathlib import Path


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Everything of a trusted archive into a folder."""
    archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
