"""Libraries hidden from import, as where they are not installed. As a program: hides the first argument's, runs the second."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

#: Libraries that the heart does not need, by the names they are imported under.
HEAVY = frozenset(
    """
    IPython anywidget ase bokeh bs4 chemiscope dask distributed equinox featomic flowjax freud ipykernel ipywidgets jax joblib jupyter_client jupyter_core
    jupyter_server jupyterlab latex2mathml mapie matplotlib mendeleev metatensor nbclient nbconvert nbformat optax optuna pandas papermill paramax playwright
    plotly pooch pymbar requests skmatter sklearn threadpoolctl tornado tqdm traitlets umap voila zmq
    """.split()
)


class _Without:
    """A finder that does not see some libraries and is otherwise the one it stands for."""

    def __init__(self, finder: Any, names: Collection[str]) -> None:
        self._finder, self._names = finder, names

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        return None if name.split(".")[0] in self._names else self._finder.find_spec(name, path, target)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)  # what else a finder does, as finding distributions


def hide(names: Collection[str]) -> dict[str, ModuleType]:
    """From now on nothing finds these libraries; returns what was loaded of them, which is forgotten."""
    ours = "fisherlib.extras"  # this one sees nothing, and looks at who asks
    sys.meta_path[:] = [f if type(f).__module__ == ours else _Without(f, names) for f in sys.meta_path]
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] in names}


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """While it lasts nothing finds these libraries."""
    before = list(sys.meta_path)
    loaded = hide(names)
    try:
        yield
    finally:
        sys.meta_path[:] = before
        sys.modules.update(loaded)


if __name__ == "__main__":
    _, names, script = sys.argv
    hide(names.split(","))
    sys.argv[1:] = []
    exec(script)  # noqa: S102
