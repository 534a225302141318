"""Descriptors of glasses against sums by hand, crystals, and everything that must not change them."""

from math import factorial
from typing import Any

import numpy as np
import pytest
from scipy.special import lpmv

import fisherlib as fl
from fisherlib.glass import environment, neighbourhood

BOX = {2: 12.0, 3: 10.0}


def sample(d: int, seed: int = 0, N: int = 120) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, BOX[d], (N, d)), rng.integers(0, 2, N), np.full(d, BOX[d])


def described(x: Any, types: Any, box: Any, averages: int = 2, **more: Any) -> Any:
    return fl.glass.descriptors(x, types, box, averages=averages, **more)


def harmonic(degree: int, m: int, v: Any) -> Any:
    """Y_lm of m ≥ 0 for vectors (n, 3)."""
    cosine, phi = v[:, 2] / np.linalg.norm(v, axis=1), np.arctan2(v[:, 1], v[:, 0])
    norm = np.sqrt((2 * degree + 1) / (4 * np.pi) * factorial(degree - m) / factorial(degree + m))
    return norm * lpmv(m, degree, cosine) * np.exp(1j * m * phi)


def by_hand(x: Any, types: Any, box: Any, averages: int) -> Any:
    """The same by loops over particles and shells, with the numbers of the names."""
    d, N = len(box), len(x)
    names = fl.glass.descriptors(x, types, box, averages=0).names
    first = np.zeros((N, len(names)))
    for i in range(N):
        v = np.delete(x - x[i], i, axis=0)
        v -= box * np.round(v / box)
        r, of = np.linalg.norm(v, axis=1), np.delete(types, i)
        for k, name in enumerate(names):
            what, radius = name.split(" at ")[0], radius_of(name, d)
            width = 0.17 if what.startswith("density") else 0.1
            near = np.abs(r - radius) <= 4 * width
            w = np.where(near, np.exp(-((r - radius) ** 2) / (2 * width**2)), 0)
            if what.startswith("density"):
                first[i, k] = w[of == "AB".index(what[-1])].sum()
            elif near.any() and d == 2:
                phi = np.arctan2(v[:, 1], v[:, 0])
                first[i, k] = abs((w * np.exp(1j * int(what[1:]) * phi)).sum()) / w.sum()
            elif near.any():
                degree = int(what[1:])
                q = [abs((w * harmonic(degree, m, v)).sum() / w.sum()) ** 2 for m in range(degree + 1)]
                first[i, k] = np.sqrt(4 * np.pi / (2 * degree + 1) * (q[0] + 2 * sum(q[1:])))
    generations = [first]
    for _ in range(averages):
        new = np.zeros_like(first)
        for i in range(N):
            v = x - x[i]
            r = np.linalg.norm(v - box * np.round(v / box), axis=1)
            w = np.where(r <= environment.NEAR, np.exp(-r / environment.NEAR), 0)
            new[i] = w @ generations[-1] / w.sum()
        generations.append(new)
    return np.hstack(generations)


def radius_of(name: str, d: int) -> float:
    """The middle of a shell to all digits, of which its name has three."""
    all_of_them = environment._DENSITIES[d][0] if name.startswith("density") else environment._BONDS[d]
    return next(float(r) for r in all_of_them if f"{r:.2f}" == name.split(" at ")[1][:4])


@pytest.mark.parametrize(("d", "first"), [(2, 96), (3, 98)])
def test_every_number_is_that_of_a_loop_over_particles(d: int, first: int) -> None:
    x, types, box = sample(d, N=60)
    found = described(x, types, box)
    assert found.values.shape == (60, 3 * first) == (60, len(found.names)) and len(set(found.names)) == 3 * first
    dense = np.array([kind != "bond order" for kind in found.kinds])
    wanted = by_hand(x, types, box, 2)
    assert np.allclose(found.values[:, dense], wanted[:, dense], rtol=1e-9, atol=1e-11)
    assert np.allclose(found.values, wanted, rtol=0, atol=2e-5)  # freud's are in single precision
    assert found.generations.tolist() == [0] * first + [1] * first + [2] * first
    assert set(found.kinds) == {"density of A", "density of B", "bond order"}
    assert found.reach.max() == 3.9 and not found.values.flags.writeable


@pytest.mark.parametrize("box", [[9.3, 50.0], [200.0, 9.5], [9.3, 12.0, 30.0], [40.0, 9.3, 9.3]])
def test_a_box_need_not_be_a_cube(box: list[float]) -> None:
    rng, sides = np.random.default_rng(3), np.array(box)
    x = rng.uniform(0, 1, (50, len(box))) * sides
    x[:20] = rng.uniform(-1.5, 1.5, (20, len(box)))  # around the corner
    types = rng.integers(0, 2, 50)
    found, wanted = described(x, types, box, 1), by_hand(x, types, sides, 1)
    dense = np.array([kind != "bond order" for kind in found.kinds])
    assert np.allclose(found.values[:, dense], wanted[:, dense], rtol=1e-12, atol=1e-13)
    assert np.allclose(found.values, wanted, rtol=0, atol=2e-4)


def test_the_length_of_a_box_may_be_an_array_of_one() -> None:
    x, types, box = sample(2)
    assert np.array_equal(described(x, types, box[:1]).values, described(x, types, box).values)


@pytest.mark.parametrize("L", [12.0, 1e3, 4e4])
def test_no_pair_near_the_reach_is_lost_in_a_large_box(L: float) -> None:
    rng, reach = np.random.default_rng(0), 4.58
    one, angle = rng.uniform(0, L, (200, 2)), rng.uniform(0, 2 * np.pi, 200)
    other = one + (reach - 1e-7) * np.column_stack([np.cos(angle), np.sin(angle)])
    x, box = np.concatenate([one, other]) % L, np.full(2, L)
    steps = x[:, None] - x
    r = np.linalg.norm(steps - box * np.round(steps / box), axis=2)
    found = sum(len(part.j) for part in neighbourhood.pairs(x, box, reach))
    assert found == (r <= reach).sum() - len(x) >= 390


@pytest.mark.parametrize("d", [2, 3])
def test_chunks_change_nothing(d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = described(*sample(d))
    monkeypatch.setattr(neighbourhood, "PAIRS", 500)
    assert np.allclose(described(*sample(d)).values, whole.values, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("d", [2, 3])
def test_translation_rotation_and_order_change_nothing(d: int) -> None:
    x, types, box = sample(d)
    wanted = described(x, types, box).values
    order = np.random.default_rng(1).permutation(len(x))
    turned = x @ np.array([[0, 1], [-1, 0]]) if d == 2 else x[:, [1, 2, 0]] * [1, -1, -1]
    for moved in (x + np.array([3.7, -81.3, 5.9])[:d], turned, x - 7 * box, np.nextafter(x, 9)):
        assert np.allclose(described(moved, types, box).values, wanted, rtol=1e-5, atol=1e-5)
    assert np.allclose(described(x[order], types[order], box).values, wanted[order], rtol=1e-5, atol=1e-5)


def hexagonal() -> tuple[Any, Any]:
    cell = np.array([[0, 0], [0.5, np.sqrt(3) / 2]])
    return np.concatenate([cell + [i, j * np.sqrt(3)] for i in range(12) for j in range(7)]), [12.0, 7 * np.sqrt(3)]


def test_a_hexagonal_crystal_has_its_bond_order() -> None:
    x, box = hexagonal()
    found = described(x, np.zeros(len(x), int), box, 1)
    values = dict(zip(found.names, found.values.T, strict=True))
    assert np.allclose(values["ψ6 at 1.00"], 1, atol=1e-5) and np.allclose(values["ψ6 at 1.00, averaged"], 1, atol=1e-5)
    for degree in (1, 2, 3, 4, 5, 7, 8):
        assert np.allclose(values[f"ψ{degree} at 1.00"], 0, atol=1e-4)
    near = min(
        (name for name in values if "density of A" in name and "aver" not in name),
        key=lambda n: abs(radius_of(n, 2) - 1),
    )
    offset = radius_of(near, 2) - 1
    assert np.allclose(values[near], 6 * np.exp(-(offset**2) / (2 * 0.17**2)), rtol=1e-9)


def test_an_fcc_crystal_has_its_bond_order() -> None:
    cell = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / np.sqrt(2)
    a = np.sqrt(2)
    x = np.concatenate([cell + a * np.array([i, j, k]) for i in range(7) for j in range(7) for k in range(7)])
    found = described(x, np.zeros(len(x), int), 7 * a, 0)
    values = dict(zip(found.names, found.values.T, strict=True))
    assert np.allclose(values["q6 at 1.00"], 0.57452, atol=1e-4)
    assert np.allclose(values["q4 at 1.00"], 0.19094, atol=1e-4)
    assert np.allclose(values["q3 at 1.00"], 0, atol=1e-4)


@pytest.mark.parametrize("d", [2, 3])
def test_a_particle_without_neighbours_has_bond_order_zero(d: int) -> None:
    box = np.full(d, 40.0)
    x = np.full((3, d), 20.0)
    x[1, 0], x[2] = 21.0, 1.0
    found = described(x, np.zeros(3, int), box, 3)
    assert np.isfinite(found.values).all() and (found.values[2] == 0).all()
    one = found.values[0, found.names.index("ψ6 at 1.00" if d == 2 else "q6 at 1.00")]
    assert one == pytest.approx(1, abs=1e-5)  # a single neighbour
    assert found.values[0, found.names.index(f"{'ψ' if d == 2 else 'q'}6 at 2.40")] == 0


def test_one_particle_one_species_and_more_species_than_are_there() -> None:
    alone = described(np.ones((1, 2)), [0], 12.0)
    assert alone.values.shape == (1, 3 * 72) and (alone.values == 0).all()
    x, types, box = sample(2)
    three = described(x, types, box, 0, species=3)
    assert np.array_equal(three.values[:, :48], described(x, types, box, 0).values[:, :48])
    assert (three.values[:, 48:72] == 0).all() and three.kinds[48] == "density of C"


def test_energy_and_displacement_are_descriptors_and_averaged() -> None:
    x, types, box = sample(2)
    energy, moved = np.random.default_rng(2).normal(size=(2, len(x)))
    found = described(x, types, box, 3, energies=energy, displacements=moved)
    values = dict(zip(found.names, found.values.T, strict=True))
    weights = neighbourhood.smoothing(x, box, environment.NEAR)
    assert np.array_equal(values["energy"], energy) and np.array_equal(values["displacement"], moved)
    assert np.allclose(values["energy, averaged 3 times"], weights @ (weights @ (weights @ energy)), rtol=1e-12)
    assert found.kinds[97] == "displacement" and found.reach[96] == 0
    assert np.allclose(weights.sum(axis=1), 1, rtol=1e-14)


def test_another_unit_of_length_gives_the_same_numbers() -> None:
    x, types, box = sample(3)
    a, b = described(x, types, box), described(3.4 * x, types, 3.4 * box, sigma=3.4)
    assert np.allclose(a.values, b.values, rtol=1e-5, atol=1e-5) and np.allclose(b.reach, 3.4 * a.reach)


X = np.random.default_rng(0).uniform(0, 12, (9, 2))
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "box below the reach": ({"box": 9.0}, "box: expected lengths above 9.16"),
    "box 0": ({"box": 0.0}, "box"),
    "box NaN": ({"box": [np.nan, 12.0]}, "box"),
    "box of three": ({"box": [12.0] * 3}, "box"),
    "NaN": ({"positions": np.full((9, 2), np.nan)}, "positions"),
    "flat": ({"positions": X[:, 0]}, "positions"),
    "one dimension": ({"positions": X[:, :1]}, "positions"),
    "none": ({"positions": X[:0], "types": []}, "positions"),
    "types of floats": ({"types": np.zeros(9)}, "types"),
    "types below 0": ({"types": np.full(9, -1)}, "types"),
    "types huge": ({"types": np.full(9, 2**40)}, "types"),
    "species huge": ({"species": 10**9}, "species"),
    "types of fewer": ({"types": np.zeros(8, int)}, "types"),
    "averages 4": ({"averages": 4}, "averages: expected at most 3"),
    "averages half": ({"averages": 1.5}, "averages"),
    "energies of fewer": ({"energies": np.zeros(8)}, "energies"),
    "energies NaN": ({"energies": np.full(9, np.nan)}, "energies"),
    "species below": ({"species": 0}, "species"),
    "sigma 0": ({"sigma": 0.0}, "sigma"),
    "another unit": (
        {"positions": np.zeros((6000, 2)), "types": np.zeros(6000, int)},
        "sigma: expected at most 10 particles per σ.2, got 41.7",
    ),
    "far away": ({"positions": 1e12 * X}, "positions: expected less than 1e.09 box lengths"),
    "beyond all numbers": ({"positions": np.full((9, 2), 1e300)}, "positions: expected less than 1e.09 box lengths"),
    "a box without end": ({"box": [12.0, 1e39]}, "box: expected lengths up to 4.58e.04, 10000 times the reach"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_described_is_refused(what: str) -> None:
    changed, named = WRONG[what]
    given: dict[str, Any] = {"positions": X, "types": np.zeros(9, int), "box": 12.0} | changed
    with pytest.raises(ValueError, match=named):
        fl.glass.descriptors(given.pop("positions"), given.pop("types"), given.pop("box"), **given)
