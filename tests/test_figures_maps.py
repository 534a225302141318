"""Maps of configurations, correlations in the order of their tree, and the page that links a map to structures."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

from fisherlib.figures import LinkedMap, configuration_maps, correlations, linked_map

X = np.random.default_rng(0).normal(size=(6, 2))


def test_colours_are_values_and_symbols_clusters_in_every_panel() -> None:
    clusters, names = [0, 1, 1, 0, 2, 2], [f"walker {k}" for k in range(6)]
    told = {"label": "meV/atom", "clusters": clusters, "names": names, "captions": {"PCA": "variance 0.9 ± 0.1"}}
    figure = configuration_maps({"PCA": X, "UMAP": -X}, X[:, 0], **told)
    pca, umap = figure.data
    np.testing.assert_array_equal(pca.x, X[:, 0])
    np.testing.assert_array_equal(umap.y, -X[:, 1])
    np.testing.assert_array_equal(pca.marker.color, X[:, 0])
    assert pca.marker.symbol == umap.marker.symbol and len(set(pca.marker.symbol)) == 3
    assert (pca.xaxis, umap.xaxis) == ("x", "x2") and list(pca.text) == names
    assert "variance 0.9 ± 0.1" in figure.layout.annotations[0].text
    assert figure.layout.coloraxis.colorbar.title.text == "meV/atom"


def test_correlations_stand_in_the_order_of_the_leaves() -> None:
    rows = np.random.default_rng(1).normal(size=(50, 4))
    rows[:, 3] = -rows[:, 0] + 0.1 * rows[:, 3]  # the first and the last say the same
    R = np.corrcoef(rows.T)
    apart = squareform(np.sqrt(np.clip(2 - 2 * np.abs(R), 0, None)), checks=False)
    tree = dendrogram(linkage(apart, "average", optimal_ordering=True), no_plot=True)
    figure = correlations(R, tree, names=list("abcd"))
    shown, lines, distance, _ = figure.data
    order = tree["leaves"]
    assert abs(order.index(0) - order.index(3)) == 1
    np.testing.assert_array_equal(shown.z, R[np.ix_(order, order)])
    np.testing.assert_allclose(distance.z, squareform(apart)[np.ix_(order, order)], atol=1e-7)
    assert shown.customdata[1][0] == f"{'abcd'[order[0]]}<br>{'abcd'[order[1]]}"
    # A branch begins over its leaf: leaf n of the tree stands at n, as column n of the matrix does.
    ends = [x for x, y in zip(lines.x, lines.y, strict=True) if y == 0]
    assert sorted(ends) == [0, 1, 2, 3]
    np.testing.assert_allclose(np.nanmax(lines.y), linkage(apart, "average")[:, 2].max())


def test_a_page_holds_its_data_and_its_program_and_loads_nothing(tmp_path: Path) -> None:
    program = tmp_path / "chemiscope.min.js"
    program.write_text("var Chemiscope = {};")
    view = linked_map({"meta": {"name": "</script>"}}, library=program, height=400)
    assert isinstance(view, LinkedMap) and view.page.count("</script>") == 2 and "<script src" not in view.page
    given = view.page.split('"info": "chemiscope-info"}, ')[1].removesuffix(")</script>")
    assert json.loads(given) == {"meta": {"name": "</script>"}}
    assert "height:400px" in view._repr_html_() and "page" not in repr(view)
    with pytest.raises(FileNotFoundError, match=r"library: expected chemiscope\.min\.js"):
        linked_map({}, library=tmp_path / "other.js")


@pytest.mark.parametrize("name", ["</script>", "<!--<script>", "<SCRIPT", "]]>", "\u2028"])
def test_no_name_ends_the_page_or_hides_its_end(tmp_path: Path, name: str) -> None:
    (program := tmp_path / "chemiscope.min.js").write_text("")
    given = {"meta": {"name": name}, "properties": {name: [name]}}
    page = linked_map(given, library=program).page
    written = page.split('"info": "chemiscope-info"}, ')[1].removesuffix(")</script>")
    assert "<" not in written and json.loads(written) == given


def test_the_program_of_the_installed_chemiscope_is_found() -> None:
    pytest.importorskip("chemiscope")
    view = linked_map({"meta": {}})
    assert "DefaultVisualizer" in view.page and "plausible" not in view.page
