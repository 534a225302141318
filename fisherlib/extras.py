"""Libraries that only some rooms need: if one is missing, the error names the room and the line that installs it."""

import sys
from types import FrameType

#: Rooms whose libraries are installed by an extra of another name.
_EXTRAS = {"configurations": "io", "widgets": "lab"}


class _Missing:
    """The last finder Python asks for a module; it answers imports in fisherlib and leaves all others alone."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Refuse a library that no finder before this one has found.

        Raises:
            ModuleNotFoundError: a module of fisherlib imports a library that is not installed.
        """
        package, *inside = _importer().split(".")
        if package == "fisherlib" and inside and "." not in name:
            room = inside[0]
            command = f'pip install "fisherlib[{_EXTRAS.get(room, room)}]"'
            raise ModuleNotFoundError(f"fisherlib.{room} needs {name}, which is not installed: {command}", name=name)


def _importer() -> str:
    """Name of the module that holds the import statement."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").removeprefix("_frozen_").startswith("importlib"):
        frame = frame.f_back
    if frame is None:
        return ""
    # A program started by python -m is called __main__; its spec knows the real name.
    spec = frame.f_globals.get("__spec__")
    return str(getattr(spec, "name", None) or frame.f_globals.get("__name__", ""))


sys.meta_path.append(_Missing())
