"""Null directions that are planted, leverage against explicit projections, and what depends on the temperature."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fisherlib as fl
from fisherlib import diagnostics
from fisherlib.diagnostics import Verdict

Maker = Callable[..., fl.Dataset]


def columns(data: fl.Dataset, D: NDArray, Phi: NDArray | None = None, names: tuple[str, ...] = ()) -> fl.Dataset:
    """The data with descriptors D·matrix, and force descriptors Φ·matrix or those of another matrix."""
    Phi = D if Phi is None else Phi
    return fl.Dataset(
        [
            dataclasses.replace(
                t,
                descriptors=t.descriptors @ D,
                force_descriptors=t.force_descriptors @ Phi,
                site_descriptors=None,
                descriptor_names=names,
            )
            for t in data.values()
        ]
    )


def null(data: fl.Dataset, **options: object) -> list[Verdict]:
    return diagnostics.null_directions(fl.accumulate(data), **options)


def test_full_rank_is_said_with_the_number_of_parameters(ragged: Maker, copper_moments: fl.Moments) -> None:
    for moments, K in ((fl.accumulate(ragged(0)), 3), (copper_moments, 105)):
        (verdict,) = diagnostics.null_directions(moments)
        assert (verdict.name, verdict.level, verdict.value) == ("null directions", "ok", 0.0)
        assert f"all {K} parameters" in verdict.message


def test_a_constant_descriptor_is_named(ragged: Maker) -> None:
    keep = np.diag([1.0, 0.0, 1.0])
    (verdict,) = null(columns(ragged(0), keep, names=("a", "b", "c")), names=("a", "b", "c"))
    assert verdict.name == "null direction 1" and verdict.level == "ok"
    assert "descriptor b is constant" in verdict.message and "irrelevant" in verdict.message


def test_a_descriptor_without_forces_whose_energies_vary_leaves_them_open(ragged: Maker) -> None:
    (verdict,) = null(columns(ragged(0), np.eye(3), np.diag([1.0, 0.0, 1.0])))
    assert (
        verdict.level == "warn" and "D1 is constant" in verdict.message and "energy differences open" in verdict.message
    )
    assert verdict.value == pytest.approx(1.0)


@pytest.mark.parametrize("factor", [2.0, -0.125, 1e4])
def test_proportional_descriptors_are_named_with_their_factor(ragged: Maker, factor: float) -> None:
    matrix = np.array([[1.0, 0, 0, factor], [0, 1, 0, 0], [0, 0, 1, 0]])
    (verdict,) = null(columns(ragged(1), matrix))
    said = f"{factor:.4g}".replace("-", "−")
    assert verdict.message.startswith(f"D3 is {said} times D0 in every force") and verdict.level == "ok"
    apart = matrix.copy()
    apart[1, 3] = 1.0  # the same forces, other energies
    (verdict,) = null(columns(ragged(1), apart, matrix))
    assert verdict.level == "warn"


def test_a_linear_relation_is_told_by_its_largest_terms(ragged: Maker) -> None:
    matrix = np.hstack([np.eye(3), [[2.0], [-1.0], [0.0]]])
    (verdict,) = null(columns(ragged(2), matrix))
    assert verdict.level == "ok" and "irrelevant" in verdict.message
    assert all(name in verdict.message for name in ("D0", "D1", "D3")) and "D2" not in verdict.message
    terms = {"D0": 2.0, "D1": -1.0, "D3": -1.0}
    words = verdict.message.split("direction ")[1].split(";")[0].replace("−", "-").split()
    found = {name: float(number) for number, name in zip(words[::2], words[1::2], strict=True)}
    ratio = found["D0"] / terms["D0"]
    assert found == pytest.approx({name: ratio * value for name, value in terms.items()})


def test_many_directions_are_counted_and_the_relevant_ones_come_first(ragged: Maker) -> None:
    data = ragged(3, K=12)
    Phi = np.eye(12)
    Phi[:, 4:] = 0.0
    D = np.eye(12)
    D[:, 4:11] = 0.0  # D11 alone moves energies without force
    verdicts = null(columns(data, D, Phi))
    assert [v.name for v in verdicts] == [f"null direction {n}" for n in range(1, 6)] + ["null directions"]
    assert [v.level for v in verdicts] == ["warn"] + ["ok"] * 5 and "D11" in verdicts[0].message
    assert verdicts[-1].message.startswith("and 3 more directions") and "4 of 12 parameters" in verdicts[-1].message


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**20), K=st.integers(2, 8), extra=st.integers(0, 4), decades=st.floats(0, 3))
def test_the_number_of_directions_is_that_of_the_singular_values(
    ragged: Maker, seed: int, K: int, extra: int, decades: float
) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.hstack([np.eye(K), rng.normal(size=(K, extra))]) * 10.0 ** rng.uniform(-decades, decades, K + extra)
    data = columns(ragged(seed, K=K, configurations=12, atoms=(3, 5)), matrix)
    moments = fl.accumulate(data)
    verdicts = diagnostics.null_directions(moments)
    rank = np.linalg.matrix_rank(
        np.concatenate([t.force_descriptors for t in data.values()]) / np.abs(matrix).max(axis=0)
    )
    assert rank == K and fl.solve(fl.fisher(moments)).rank == K
    assert len(verdicts) == max(extra, 1) and {v.level for v in verdicts} == {"ok"}
    assert (verdicts[0].name == "null directions") == (extra == 0)


def test_names_of_another_number_are_refused_and_the_temperature_does_not_matter(ragged: Maker) -> None:
    moments = fl.accumulate(columns(ragged(0, temperatures=(None, 300.0)), np.diag([1.0, 0.0, 1.0])))
    with pytest.raises(ValueError, match="names: expected 3, one a descriptor, got 2"):
        diagnostics.null_directions(moments, names=("a", "b"))
    assert diagnostics.null_directions(moments) == diagnostics.null_directions(moments, temperature=900.0)


# Leverage


@pytest.mark.parametrize("temperatures", [(300.0, 300.0), (300.0, 900.0, 600.0), (None, None)])
def test_leverage_is_the_trace_of_each_block_of_the_projection(ragged: Maker, temperatures: tuple) -> None:
    data = columns(ragged(4, K=4, temperatures=temperatures), np.hstack([np.eye(4), np.ones((4, 1))]))
    h = diagnostics.leverage(data, fl.accumulate(data), block_rows=7)
    weights = [1.0 if t.temperature is None else fl.units.beta(t.temperature) for t in data.values()]
    X = np.concatenate([w * t.force_descriptors for w, t in zip(weights, data.values(), strict=True)])
    Q = np.linalg.svd(X, full_matrices=False)[0][:, :4]  # the fifth descriptor is the sum of the others
    owner = np.repeat(np.arange(len(data.n_atoms)), 3 * data.n_atoms)
    np.testing.assert_allclose(h, np.bincount(owner, (Q**2).sum(axis=1)), rtol=1e-8)
    assert h.sum() == pytest.approx(4.0)


def test_leverage_asks_for_the_moments_of_the_data(ragged: Maker) -> None:
    data = ragged(0)
    with pytest.raises(ValueError, match="moments: expected those of the data"):
        diagnostics.leverage(data, fl.accumulate(data).select("t0"))


def test_no_configuration_of_the_shipped_data_owns_the_fit(copper: fl.Dataset, copper_moments: fl.Moments) -> None:
    h = diagnostics.leverage(copper, copper_moments)
    assert h.shape == (1000,) and h.sum() == pytest.approx(105.0) and h.max() < 0.25


def clusters(seed: int, *, overlap: tuple[int, int] | None = None) -> fl.Dataset:
    """Eight atoms about the corners of a cube, D_k = Σ r^−k over pairs; in one configuration two of them overlap."""
    rng, powers = np.random.default_rng(seed), np.array([2, 4, 6, 8])
    corners = 2.5 * np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], dtype=float)
    made = []
    for number in range(3):
        D, Phi = [], []
        for m in range(60):
            x = corners + 0.1 * rng.normal(size=(8, 3))
            if overlap == (number, m):
                x[1] = x[0] + [0.4, 0.0, 0.0]
            r = x[:, None] - x[None]
            d = np.sqrt((r**2).sum(axis=-1)) + np.eye(8)
            pairs = np.where(np.eye(8)[..., None] > 0, 0.0, d[..., None] ** -powers)
            D.append(0.5 * pairs.sum(axis=(0, 1)))
            Phi.append((powers * pairs / d[..., None] ** 2)[:, :, None] * r[..., None])
        rows = np.concatenate([p.sum(axis=1).reshape(-1, 4) for p in Phi])
        made.append(
            fl.Trajectory(
                key=f"cube-{number}",
                temperature=300.0,
                n_atoms=np.full(60, 8),
                energies=np.array(D) @ [0.0, 0.0, -10.0, 50.0],
                descriptors=np.array(D),
                forces=rows @ [0.0, 0.0, -10.0, 50.0],
                force_descriptors=rows,
            )
        )
    return fl.Dataset(made)


def test_overlapping_atoms_are_found_by_their_leverage() -> None:
    def leverage(data: fl.Dataset) -> Verdict:
        return next(v for v in diagnostics.check(data) if v.name == "leverage")

    assert leverage(clusters(0)).level == "ok"
    found = leverage(clusters(0, overlap=(1, 17)))
    assert found.level == "warn" and found.value > 1 and found.limits == (0.0, 0.5)  # parameters of four
    assert found.message.startswith("configuration 17 of cube-1 (counted from 0) determines")


# What depends on T


def test_the_temperature_enters_as_it_is_said_to(copper_moments: fl.Moments) -> None:
    fit = fl.solve(fl.fisher(copper_moments))
    found = {name: (a, b) for name, a, b in diagnostics.temperature_dependence(copper_moments, fit.theta, 1200.0)}
    (theta,), (J,) = ([found[n] for n in found if n.startswith(s)] for s in ("θ_f", "J"))
    assert theta[0] == theta[1] and theta[0] in fit.theta
    assert J[0] == pytest.approx(fit.value, rel=1e-12) and J[0] / J[1] == pytest.approx(1.21)
    KL = found["KL to second order, nats"]
    assert KL[0] == pytest.approx(float(fl.kl(copper_moments)(fit.theta))) and KL[0] / KL[1] == pytest.approx(1.21)
    ratio = found["canonical ratio"]
    assert ratio[0] == pytest.approx(1.34, abs=0.01) and ratio[0] / ratio[1] == pytest.approx(1.1)
