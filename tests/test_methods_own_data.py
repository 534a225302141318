"""Pages of choices and maps on a user's own data: few runs, few configurations, two elements of varying composition."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from alloy import write_compositions

import fisherlib as fl
from fisherlib.descriptors import Soap

pytestmark = [pytest.mark.notebooks, pytest.mark.filterwarnings("ignore")]
PAGES = Path(__file__).resolve().parents[1] / "notebooks" / "methods"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of eight crystals of copper and gold, of nine compositions in turn."""
    folder = tmp_path_factory.mktemp("own")
    (frames,) = fl.io.read_frames(write_compositions(folder / "cuau.xyz", frames=3))
    runs = [frames.take(f"run {k}", np.arange(k, 24, 3)) for k in range(3)]
    fl.io.write(fl.featurise(runs, Soap(n_max=3, l_max=2), workers=1), folder / "own.npz")
    return folder / "own.npz"


@pytest.mark.parametrize("name", ["42_selection", "43_maps"])
def test_the_page_runs(own: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PAGES.parents[1])
    space: dict[str, object] = {}
    for cell in nbformat.read(PAGES / f"{name}.ipynb", 4).cells:
        if cell.cell_type == "code":
            exec(cell.source, space)
        if "parameters" in cell.metadata.get("tags", []):
            space["data_path"] = str(own)
            if name == "42_selection":
                space["numbers"] = [1, 2, 4, 200]
    assert not space["shipped"]
