"""Planes by name, what is remembered, and work that is stopped; the losses are tested in test_landscapes.py."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from networks import network, with_jacobian

import fisherlib as fl
from fisherlib.landscapes import PlaneChoice, linear, previews
from fisherlib.landscapes import atlas as module
from fisherlib.landscapes.linear import ANOTHER, COEFFICIENTS, EIGEN, RANDOM, THREE
from fisherlib.neural import NeuralModel
from fisherlib.neural import landscape as neural
from fisherlib.neural.landscape import FIRST_WEIGHTS

Maker = Callable[..., fl.Dataset]
J = "Fisher divergence"


@pytest.fixture(scope="module")
def data(ragged: Maker) -> fl.Dataset:
    return with_jacobian(ragged(2, K=4, temperatures=(300.0, 300.0), configurations=8))


@pytest.fixture(scope="module")
def models(data: fl.Dataset) -> dict[str, fl.LinearPotential]:
    rng = np.random.default_rng(0)
    others = {name: fl.LinearPotential(theta=rng.normal(size=4), name=name) for name in ("b", "c")}
    return {"θ_f": fl.regression.fisher_fit(fl.accumulate(data)), **others}


@pytest.fixture
def net(data: fl.Dataset) -> NeuralModel:
    return NeuralModel(network(data, hidden=(2,)), data)


@pytest.fixture
def atlas(data: fl.Dataset, models: dict[str, fl.LinearPotential], net: NeuralModel) -> fl.Atlas:
    return fl.Atlas(data, fl.accumulate(data), models, others=[net], n=5)


def test_a_model_offers_its_planes_and_the_others_on_them(atlas: fl.Atlas) -> None:
    assert atlas.models == ("θ_f", "b", "c", "net")
    assert atlas.planes("θ_f") == linear.PLANES and atlas.planes("net") == neural.PLANES
    for plane in (ANOTHER, THREE):
        assert atlas.through("b", plane) == ("θ_f", "c")
    assert atlas.through("b", THREE, "c") == ("θ_f",) and atlas.through("b", ANOTHER, "c") == ()
    assert atlas.through("b", RANDOM) == atlas.through("net", RANDOM) == ()


def test_equal_choices_are_the_same_plane_whatever_else_is_given(atlas: fl.Atlas, data: fl.Dataset) -> None:
    given = {"to": "c", "third": "θ_f", "coefficients": data.descriptor_names[1:3], "seed": 4}
    expected = {
        ANOTHER: PlaneChoice(kind=ANOTHER, models=("c",), seed=4),
        THREE: PlaneChoice(kind=THREE, models=("c", "θ_f")),
        EIGEN: PlaneChoice(kind=EIGEN),
        COEFFICIENTS: PlaneChoice(kind=COEFFICIENTS, coefficients=data.descriptor_names[1:3]),
        RANDOM: PlaneChoice(kind=RANDOM, seed=4),
    }
    assert {kind: atlas.choice("b", plane=kind, **given) for kind in atlas.planes("b")} == expected
    assert len({*expected.values(), *map(dataclasses.replace, expected.values())}) == len(expected)
    assert atlas.choice("b") == PlaneChoice(kind=ANOTHER, models=("θ_f",), seed=0)
    assert atlas.choice("net", **given) == PlaneChoice(kind=RANDOM, seed=4)


def test_two_models_of_one_name_are_refused(data: fl.Dataset, models: dict, net: NeuralModel) -> None:
    with pytest.raises(ValueError, match=r"others: expected models whose names are not taken, got .*'net', 'net'\]"):
        fl.Atlas(data, fl.accumulate(data), models, others=[net, net])


def test_two_models_are_no_plane_through_three(data: fl.Dataset, models: dict) -> None:
    two = fl.Atlas(data, fl.accumulate(data), {name: models[name] for name in ("b", "c")}, n=3)
    assert THREE not in two.planes("b") and ANOTHER in two.planes("b")


def test_a_plane_goes_through_the_models_asked_for(atlas: fl.Atlas, models: dict) -> None:
    land, points = atlas("b", J, plane=ANOTHER, to="c", seed=5)
    assert points == {"b": (0.0, 0.0), "c": (1.0, 0.0)}
    np.testing.assert_allclose(land.plane.theta(1, 0), models["c"].theta)
    land, points = atlas("b", J, plane=THREE, to="c", third="θ_f")
    assert points == {"b": (0.0, 0.0), "c": (1.0, 0.0), "θ_f": (0.0, 1.0)}
    np.testing.assert_allclose(land.plane.theta(0, 1), models["θ_f"].theta)
    assert land.plane.labels == ("b → c", "b → θ_f")


def test_coefficients_and_eigenvectors_and_random_directions_are_those_of_plane(
    atlas: fl.Atlas, data: fl.Dataset, models: dict
) -> None:
    metric, theta = fl.fisher(fl.accumulate(data)), models["θ_f"].theta
    pair = (data.descriptor_names[3], data.descriptor_names[1])
    expected = {
        COEFFICIENTS: fl.Plane.coefficients(theta, metric, 3, 1, names=data.descriptor_names),
        EIGEN: fl.Plane.eigen(theta, metric),
        RANDOM: fl.Plane.random(theta, metric, seed=7),
    }
    for kind, plane in expected.items():
        land, points = atlas("θ_f", J, plane=kind, coefficients=pair, seed=7)
        np.testing.assert_array_equal(land.plane.directions, plane.directions)
        np.testing.assert_array_equal(land.z, fl.landscape(metric, plane, n=5).z)
        assert land.plane.labels == plane.labels and points == {"θ_f": (0.0, 0.0)}


def test_half_width_and_n_stretch_and_refine_the_same_plane(atlas: fl.Atlas) -> None:
    near, wide = (atlas("b", J, plane=RANDOM, half_width=w, n=n)[0] for w, n in ((1.0, 5), (3.0, 7)))
    assert near.z.shape == (5, 5) and wide.z.shape == (7, 7)
    assert (wide.x[0], wide.x[-1]) == (3 * near.x[0], 3 * near.x[-1])
    np.testing.assert_array_equal(near.plane.directions, wide.plane.directions)
    with pytest.raises(ValueError, match="factor: expected a positive number"):
        atlas("b", J, half_width=0.0)


def test_the_seed_settles_the_picture(data: fl.Dataset, models: dict) -> None:
    one, two = (fl.Atlas(data, fl.accumulate(data), models, n=5) for _ in range(2))
    for kind in (ANOTHER, RANDOM):
        same, again = one("b", J, plane=kind, seed=1)[0], two("b", J, plane=kind, seed=1)[0]
        other = one("b", J, plane=kind, seed=2)[0]
        assert np.array_equal(same.z, again.z) and not np.array_equal(same.z, other.z)
    assert one("b", J, plane=EIGEN, seed=1)[0] is one("b", J, plane=EIGEN, seed=2)[0]  # no direction is drawn


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"plane": "flat"}, "plane: expected one of 'through another model', .* got 'flat'"),
        ({"plane": FIRST_WEIGHTS}, "plane: expected one of .* got 'towards its first weights'"),
        ({"to": "b"}, "to: expected one of 'θ_f', 'c', got 'b'"),
        ({"plane": THREE, "to": "c", "third": "c"}, "third: expected one of 'θ_f', got 'c'"),
        ({"plane": COEFFICIENTS, "coefficients": ("x", "y")}, "coefficients: expected descriptors among"),
        ({"plane": COEFFICIENTS, "coefficients": ("D0",)}, r"coefficients: expected two different descriptors, got \('D0',\)"),
        ({"n": 1}, "n: expected a whole number of points along an axis, at least 2"),
    ],
)  # fmt: skip
def test_what_there_is_not_is_refused_with_what_there_is(atlas: fl.Atlas, arguments: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        atlas("b", J, **arguments)


def test_only_quadratic_losses_of_linear_models_need_no_long_work(atlas: fl.Atlas) -> None:
    quick = {(model, loss) for model in atlas.models for loss in atlas.losses if not atlas.work(model, loss)}
    assert quick == {(m, loss) for m in ("θ_f", "b", "c") for loss in atlas.losses[:3]}
    assert atlas.work("b", "energy MAE") == "energy MAE around b"


@pytest.mark.parametrize("plane", neural.PLANES)
def test_every_loss_of_a_network_is_drawn(atlas: fl.Atlas, net: NeuralModel, data: fl.Dataset, plane: str) -> None:
    assert {atlas.work("net", loss) for loss in atlas.losses} == {f"{loss} around net" for loss in atlas.losses}
    for loss in atlas.losses:
        land, points = atlas("net", loss, plane=plane, n=3)
        assert land.z.shape == (3, 3) and np.isfinite(land.z).all()
    assert points == {"net": (0.0, 0.0)} | ({"first weights": (1.0, 0.0)} if plane == FIRST_WEIGHTS else {})
    middle = atlas("net", "force MAE", plane=RANDOM, n=3)[0].z[1, 1]
    assert middle == pytest.approx(np.mean(np.abs(data.forces - net.forces(data))), rel=1e-5)


def test_a_preview_is_drawn_where_the_exact_surface_takes_long(
    atlas: fl.Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = atlas("b", "force MAE", plane=RANDOM, preview=True)[0]
    assert exact.error == 0.0  # so few data need no preview
    monkeypatch.setattr(previews, "MOMENT", 0.0)
    assert atlas("b", "force MAE", plane=RANDOM, preview=True)[0] is exact  # nor does what is known
    for loss in atlas.losses:
        choice = {"plane": RANDOM, "half_width": 2.0, "n": 7}
        seen, points = atlas("b", loss, **choice, preview=True)
        again = atlas("b", loss, **choice, preview=True)[0]
        land, same = atlas("b", loss, **choice)
        assert land.error == 0.0 and points == same and (seen.name, seen.unit) == (land.name, land.unit)
        np.testing.assert_array_equal([seen.x, seen.y], [land.x, land.y])
        np.testing.assert_array_equal(seen.plane.directions, land.plane.directions)
        assert (seen.error > 0) == (loss not in atlas.losses[:3]) and np.array_equal(again.z, seen.z)
        assert np.abs(seen.z - land.z).max() <= seen.error + 1e-12 * land.z.max()
        assert atlas("b", loss, **choice, preview=True)[0] is land
    assert atlas("net", "force MAE", n=3, preview=True)[0].error == 0.0


class Stop(Exception):
    pass


@pytest.mark.parametrize(
    ("model", "loss"), [("b", "force MAE"), ("b", "W1 of energies"), ("net", J), ("net", "energy MAE")]
)
def test_work_that_is_stopped_leaves_nothing_half_done(atlas: fl.Atlas, model: str, loss: str) -> None:
    counts = []

    def stop(done: int, total: int) -> None:
        counts.append((done, total))
        if len(counts) == 2:
            raise Stop

    with pytest.raises(Stop):
        atlas(model, loss, progress=stop)
    assert all(0 <= done <= total for done, total in counts)
    land, _ = atlas(model, loss)
    assert np.isfinite(land.z).all()
    assert atlas(model, loss, progress=stop)[0] is land  # remembered: nothing is left to report


def test_the_oldest_landscapes_and_projections_are_forgotten(atlas: fl.Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", {"landscapes": 3, "projections": 2})
    first = atlas("b", "energy MAE", plane=RANDOM, seed=0)[0]
    for seed in range(1, 6):
        atlas("b", "energy MAE", plane=RANDOM, seed=seed)
    assert len(atlas._drawn) == 3 and len(atlas._surfaces) == 2
    again = atlas("b", "energy MAE", plane=RANDOM, seed=0)[0]
    assert again is not first and np.array_equal(again.z, first.z)


def test_drawing_leaves_every_model_as_it_was(atlas: fl.Atlas, models: dict) -> None:
    before = {name: model.theta.tobytes() for name, model in models.items()}
    for model in models:
        for plane in atlas.planes(model):
            atlas(model, J, plane=plane)
            atlas(model, "force Huber", plane=plane)
    assert {name: model.theta.tobytes() for name, model in models.items()} == before
