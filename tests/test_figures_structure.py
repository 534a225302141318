"""Atoms as spheres: where they stand, their colours, what the selector and the mouse say."""

import numpy as np
import pytest

from fisherlib import figures
from fisherlib.figures.structure import CORNERS

X = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 3.0], [4.0, 0.0, 0.0]])
VALUES = {"all": ([0.2, -0.4, 0.0], [0.01, 0.02, 0.03]), "radial": ([0.1, -0.1, 0.3], [np.nan] * 3)}


def test_spheres_are_closed_have_their_radius_and_face_outwards() -> None:
    radii = np.array([1.0, 0.5, 2.0])
    (mesh,) = figures.structure(X, VALUES, symbols=["Cu", "Au", "Cu"], radii=radii).data
    corners = np.c_[mesh.x, mesh.y, mesh.z].reshape(3, CORNERS, 3).astype(float)
    # float32 corners of a few Å
    np.testing.assert_allclose(
        np.linalg.norm(corners - X[:, None], axis=2), radii[:, None] * np.ones(CORNERS), rtol=1e-5
    )
    faces = np.c_[mesh.i, mesh.j, mesh.k]
    assert (faces // CORNERS == faces[:, :1] // CORNERS).all()  # no face joins two atoms
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    a, b, c = (corners.reshape(-1, 3)[faces[:, n]] - X[faces[:, 0] // CORNERS] for n in range(3))
    assert (np.einsum("ij,ij->i", np.cross(a, b), c) > 0).all()


def test_colours_are_symmetric_and_the_same_for_all_values() -> None:
    figure = figures.structure(X, VALUES, symbols=["Cu"] * 3)
    (mesh,), buttons = figure.data, figure.layout.updatemenus[0].buttons
    assert (mesh.cmin, mesh.cmax, mesh.colorbar.title.text) == (-0.4, 0.4, "contribution, eV")
    assert mesh.intensity[::CORNERS].tolist() == pytest.approx([0.2, -0.4, 0.0])
    assert [button.label for button in buttons] == ["all", "radial", "error of all"]  # those of radial are not known
    radial, error = buttons[1].args[0], buttons[2].args[0]
    assert radial["cmin"] == [-0.4] and radial["intensity"][0][::CORNERS] == pytest.approx([0.1, -0.1, 0.3])
    assert (error["cmin"], error["cmax"], error["colorbar.title.text"]) == ([0.0], [0.03], ["standard error, eV"])
    assert error["colorscale"][0] != radial["colorscale"][0]


def test_sizes_begin_at_zero() -> None:
    figure = figures.structure(X, {"force": ([1.0, 2.0, 3.0], [np.nan] * 3)}, symbols=["Cu"] * 3, label="force, eV/Å")
    assert (figure.data[0].cmin, figure.data[0].cmax) == (0.0, 3.0)
    assert not figure.layout.updatemenus and "selector" not in figure.layout.title.subtitle.text


def test_the_mouse_finds_all_numbers_of_an_atom() -> None:
    told = figures.structure(X, VALUES, symbols=["Cu", "Au", "Cu"], about={"coordination": [1, 2, 1]}).data[0].hovertext
    assert len(told) == 3 * CORNERS
    assert told[CORNERS] == "atom 1, Au<br>coordination 2<br>all: −0.40 ± 0.02 eV<br>radial: −0.1 eV"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"positions": X[:, :2]}, "positions: expected"),
        ({"values": {}}, "positions: expected"),
        ({"values": {"all": ([1.0], [1.0])}}, "values of 'all': expected one for each of 3 atoms"),
        ({"symbols": ["Cu"]}, "symbols: expected one for each of 3 atoms"),
        ({"radii": [1.0, 2.0]}, "radii: expected one length"),
        ({"radii": 0.0}, "radii: expected one length"),
        ({"about": {"n": [1.0]}}, "about 'n': expected one for each of 3 atoms"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict, words: str) -> None:
    told = {"positions": X, "values": VALUES, "symbols": ["Cu"] * 3} | changed
    with pytest.raises(ValueError, match=words):
        figures.structure(told.pop("positions"), told.pop("values"), **told)
