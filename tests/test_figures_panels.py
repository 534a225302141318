"""Fields side by side on one scale, and bands of training and validation over seeds."""

import numpy as np
import pytest

from fisherlib.figures import fitting_curves, panels


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 1), (4, 2), (5, 2)])
def test_panels_share_a_scale_and_say_what_is_clipped(count: int, rows: int) -> None:
    fields = {f"f{number}": np.full((3, 2), 10.0**number) for number in range(count)}
    figure = panels([0, 1], [0, 1, 2], fields, limit=5.0, box=(0.2, 0.8))
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert len(maps) == count and {trace.coloraxis for trace in maps} == {"coloraxis"}
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-5.0, 5.0)
    np.testing.assert_array_equal(maps[-1].z, fields[f"f{count - 1}"])  # on hover the true value, not the clipped one
    assert ("beyond ±5" in figure.layout.title.subtitle.text) == (count > 1)
    assert len({figure.layout[trace.yaxis.replace("y", "yaxis")].domain for trace in maps}) == rows
    boxes = [trace for trace in figure.data if trace.type == "scatter"]
    assert all((min(b.x), max(b.x), min(b.y), max(b.y)) == (0.2, 0.8, 0.2, 0.8) for b in boxes) and len(boxes) == count


def test_the_band_holds_the_middle_of_the_seeds() -> None:
    errors = np.random.default_rng(0).exponential(size=(11, 4))
    figure = fitting_curves({"epoch": (range(4), {"training": errors, "validation": 2 * errors})}, label="RMSE")
    around, line = figure.data[:2]
    np.testing.assert_allclose(line.y, np.median(errors, axis=0))
    np.testing.assert_allclose(around.y, np.r_[np.sort(errors, axis=0)[9], np.sort(errors, axis=0)[1][::-1]])
    assert "11 seeds" in figure.layout.title.subtitle.text


def test_one_seed_is_no_band() -> None:
    with pytest.raises(ValueError, match="two seeds or more"):
        fitting_curves({"epoch": ([1, 2], {"a": [[1.0, 2.0]]})}, label="RMSE")
