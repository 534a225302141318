"""Rows of a glass: the right descriptors beside the right propensity, for each state and time."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fisherlib as fl

KA3D = Path(__file__).resolve().parents[2] / "shared" / "data" / "glass_ka3d" / "ka3d_T0.44_tau_alpha.npz"
L = 11.0


@pytest.fixture(scope="module")
def glass() -> fl.glass.Ensemble:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, L, (3, 60, 2))
    moved = (x + rng.normal(scale=0.1, size=x.shape) + [0.3, -0.2]) % L
    return fl.glass.Ensemble(
        names=["b", "a", "c"],
        positions=x,
        types=rng.permuted(np.tile(np.arange(60) % 2, (3, 1)), axis=1),
        box=[L, L],
        times=[0.1, 1.0, 10.0],
        propensity=rng.uniform(size=(3, 3, 60)),
        halves=rng.uniform(size=(2, 3, 3, 60)),
        inherent=moved,
        energies=rng.normal(size=(3, 60)),
    )


def changed(glass: fl.glass.Ensemble, **fields: Any) -> fl.glass.Ensemble:
    return dataclasses.replace(glass, **fields)


@pytest.mark.parametrize("species", [0, 1])
def test_each_row_is_of_the_particle_that_it_names(glass: fl.glass.Ensemble, species: int) -> None:
    rows = fl.glass.rows(glass, species=species, time=1, averages=1)
    at = [glass.names.index(name) for name in rows.blocks]
    assert len(rows) == (glass.types == species).sum() and list(dict.fromkeys(rows.blocks)) == ["b", "a", "c"]
    assert (glass.types[at, rows.particles] == species).all()
    assert np.array_equal(rows.y, glass.propensity[at, 1, rows.particles])
    assert np.array_equal(rows.halves, glass.halves[:, at, 1, rows.particles])  # type: ignore[index]
    assert np.array_equal(rows.positions, glass.inherent[at, rows.particles])  # type: ignore[index]
    step = glass.inherent[0] - glass.positions[0]  # type: ignore[index]
    step = (step + L / 2) % L - L / 2
    far = np.linalg.norm(step - step.mean(axis=0), axis=1)
    whole = fl.glass.descriptors(
        glass.inherent[0],
        glass.types[0],
        L,
        averages=1,
        energies=glass.energies[0],
        displacements=far,  # type: ignore[index]
    )
    assert np.allclose(rows.X[rows.blocks == "b"], whole.values[glass.types[0] == species], rtol=1e-6, atol=1e-6)
    assert rows.names == whole.names and rows.X.shape[1] == 2 * 98 == len(rows.kinds) == len(rows.reach)
    assert rows.kinds[96:98] == ("energy", "displacement")


def test_a_thermal_state_knows_nothing_of_the_minimum(glass: fl.glass.Ensemble) -> None:
    rows = fl.glass.rows(glass, state="thermal", averages=0)
    assert rows.X.shape[1] == 96 and np.array_equal(rows.positions[0], glass.positions[0, rows.particles[0]])
    assert np.array_equal(
        rows.X, fl.glass.rows(changed(glass, inherent=None, energies=None), state="thermal", averages=0).X
    )
    no_energies = fl.glass.rows(changed(glass, energies=None), averages=0)
    assert no_energies.kinds[-1] == "displacement" and no_energies.X.shape[1] == 97


def test_configurations_do_not_know_of_each_other(glass: fl.glass.Ensemble) -> None:
    alone, all_of_them = (fl.glass.rows(one, averages=1) for one in (glass.select("c"), glass))
    assert np.array_equal(alone.X, all_of_them.X[all_of_them.blocks == "c"])
    assert all_of_them.moments().keys() == {"a", "b", "c"}


def test_a_species_that_a_configuration_lacks_keeps_its_columns(glass: fl.glass.Ensemble) -> None:
    types = np.array(glass.types)
    types[0] = 0
    rows = fl.glass.rows(changed(glass, types=types), averages=0)
    assert rows.X.shape[1] == 98 and (rows.X[rows.blocks == "b"][:, 24:48] == 0).all()
    assert "b" not in fl.glass.rows(changed(glass, types=types), species=1, averages=0).blocks


@pytest.mark.parametrize(
    ("time", "index"), [(0, 0), (-1, 2), (np.int64(1), 1), (0.0, 0), (0.9, 1), (1e9, 2), (np.float64(6.0), 2)]
)
def test_a_time_is_an_index_or_the_nearest(glass: fl.glass.Ensemble, time: float, index: int) -> None:
    rows = fl.glass.rows(glass.select("a"), time=time, averages=0)
    assert np.array_equal(rows.y, glass.propensity[1, index, rows.particles])


def test_descriptors_of_a_file_are_kept_but_for_constant_ones(glass: fl.glass.Ensemble) -> None:
    own = np.random.default_rng(1).normal(size=(3, 60, 4))
    own[..., 1], own[..., 2] = 5.0, 1e-5 * own[..., 2]
    file = changed(glass, descriptors=own, descriptor_names=["D1", "D2", "D3", "D4"], inherent=None, energies=None)
    rows = fl.glass.rows(file)
    assert rows.names == ("D1", "D3", "D4") and np.isnan(rows.reach).all() and not rows.generations.any()
    assert np.array_equal(rows.X[rows.blocks == "a"], own[1][glass.types[1] == 0][:, [0, 2, 3]])
    assert fl.glass.rows(file, spread=1e-4).names == ("D1", "D4")


def test_rows_in_a_unit_of_length_of_their_own_have_the_same_descriptors(glass: fl.glass.Ensemble) -> None:
    large = {name: 3.4 * np.array(getattr(glass, name)) for name in ("positions", "inherent", "box")}
    one, other = fl.glass.rows(glass, averages=1), fl.glass.rows(changed(glass, **large), averages=1, sigma=3.4)
    moved = np.array(one.kinds) == "displacement"
    assert np.allclose(other.X[:, ~moved], one.X[:, ~moved], rtol=1e-5, atol=1e-5)
    assert np.allclose(other.X[:, moved], 3.4 * one.X[:, moved], rtol=1e-9)


def test_rows_and_columns_are_taken_by_masks_and_indices_alone(glass: fl.glass.Ensemble) -> None:
    rows = fl.glass.rows(glass, averages=0)
    n, M = rows.X.shape
    assert repr(rows) == f"Rows({n} particles of 3 configurations, {M} descriptors)"
    assert np.array_equal(rows.where([3, -1]).y, rows.y[[3, -1]]) and len(rows.where([])) == 0
    assert rows.columns((0, 2)).names == rows.columns(np.arange(M) % 2 == 0).names[:2] == rows.names[:3:2]
    assert rows.columns(slice(2)).names == rows.names[:2] and rows.columns([]).X.shape == (n, 0)
    wrong: list[Any] = [
        True,
        False,
        None,
        3,
        "a",
        [10**6],
        [-(10**6)],
        np.ones(5, bool),
        [0.0],
        [[0]],
        rows.kinds == "energy",
    ]
    for kept in wrong:
        for take in (rows.where, rows.columns):
            with pytest.raises(ValueError, match="kept: expected a mask of .* write rows"):
                take(kept)


@pytest.mark.parametrize("name", ["X", "y", "blocks", "particles", "positions", "halves", "names", "kinds", "reach"])
def test_rows_that_do_not_fit_are_refused(glass: fl.glass.Ensemble, name: str) -> None:
    rows = fl.glass.rows(glass, averages=0)
    with pytest.raises(ValueError, match="expected"):
        dataclasses.replace(rows, **{name: getattr(rows, name)[1:]})


def test_progress_is_told_and_can_stop_it(glass: fl.glass.Ensemble) -> None:
    told: list[tuple[int, int]] = []
    fl.glass.rows(glass, averages=0, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fl.glass.rows(glass, progress=stop)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "species": ({"species": 7}, "species: expected one of 0 to 1"),
    "species A": ({"species": "A"}, "species"),
    "time": ({"time": 500}, r"time: expected an index from -3 to 2, got 500; a time is written as 500\.0"),
    "time NaN": ({"time": np.nan}, "time"),
    "time None": ({"time": None}, "time"),
    "state": ({"state": "cage"}, "state"),
    "averages": ({"averages": 4}, "averages"),
    "sigma": ({"sigma": -1.0}, "sigma"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_is_refused(glass: fl.glass.Ensemble, what: str) -> None:
    given, named = WRONG[what]
    with pytest.raises(ValueError, match=named):
        fl.glass.rows(glass, **given)


def test_what_is_missing_is_told_with_the_way_out(glass: fl.glass.Ensemble) -> None:
    with pytest.raises(ValueError, match=r"no inherent positions.*with_inherent"):
        fl.glass.rows(changed(glass, inherent=None))
    with pytest.raises(ValueError, match="times of this ensemble are not known"):
        fl.glass.rows(changed(glass, times=[np.nan] * 3), time=1.0)
    with pytest.raises(TypeError, match="progress: expected a function, got None"):
        fl.glass.rows(glass, progress=None)  # type: ignore[arg-type]
    only = changed(glass, times=[np.nan], propensity=glass.propensity[:, :1], halves=None)  # the one that there is
    assert np.array_equal(fl.glass.rows(only, time=1.0).y, fl.glass.rows(only).y)
    with pytest.raises(TypeError, match="ensemble"):
        fl.glass.rows("ka2d.npz")  # type: ignore[arg-type]


@pytest.mark.skipif(not KA3D.exists(), reason="no glass_ka3d in ../shared/data beside the checkout")
def test_far_shells_of_a_published_glass_are_as_dense_as_its_mean() -> None:
    glass = fl.glass.read(KA3D)
    rows = fl.glass.rows(glass.select(glass.names[3]), state="thermal", averages=0)
    assert rows.X.shape == (3277, 98)
    for species, count in (("A", 3277), ("B", 819)):
        far = (np.array(rows.kinds) == f"density of {species}") & (rows.reach > 2.5)
        r, w = rows.reach[far], 0.17
        volume = 4 * np.pi * (r**2 + w**2) * w * np.sqrt(2 * np.pi)  # ∫ 4πr² exp(−(r − R)²/2w²) dr
        ratio = rows.X[:, far].mean(axis=0) / (count / np.prod(rows.box) * volume)
        assert np.allclose(ratio, 1, atol=0.2) and ratio.mean() == pytest.approx(1, abs=0.02)
    first = dict(zip(rows.names, rows.X.mean(axis=0), strict=True))
    assert first["density of A at 1.13"] > 3 * first["density of A at 0.80"]  # large ones touch at 1.1
    assert first["density of B at 0.91"] > first["density of B at 1.35"]  # and small ones nearer
