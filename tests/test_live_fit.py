"""A fit that grows with its data: equal to that of all at once, predicts before it learns, and says when bars mean nothing."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from ase.calculators.emt import EMT

import fisherlib as fl
from fisherlib.uncertainty import independent_blocks, sandwich

Ragged = Callable[..., fl.Dataset]


def in_turns(data: fl.Dataset) -> list[fl.Trajectory]:
    """One configuration of each trajectory after the other, as walkers give them."""
    longest = max(len(t) for t in data.values())
    return [t.slice(m, m + 1) for m in range(longest) for t in data.values() if m < len(t)]


def grown(data: fl.Dataset) -> fl.validation.LiveFit:
    live = fl.validation.LiveFit()
    for one in in_turns(data):
        live.add(one)
    return live


def test_after_each_configuration_the_fit_is_that_of_all_at_once_to_the_last_bit(ragged: Ragged) -> None:
    data = ragged(0, K=4, temperatures=(300.0,) * 6, configurations=8, atoms=(3, 5))
    live = fl.validation.LiveFit()
    for n, one in enumerate(in_turns(data), start=1):
        step = live.add(one)
        batch = fl.solve(fl.fisher(fl.accumulate(live.data)))
        assert np.array_equal(step.fit.theta, batch.theta) and step.fit.value == batch.value
        assert step.configurations == n == len(live.data.energies)
    assert np.array_equal(live.data.forces, data.forces)


def test_the_bars_are_those_of_all_at_once(ragged: Ragged) -> None:
    data = ragged(1, K=3, temperatures=(300.0,) * 12, configurations=10, atoms=(4, 4))
    step, moments = grown(data).steps[-1], fl.accumulate(data)
    covariance = sandwich(moments, step.fit)
    assert np.allclose(step.errors, np.sqrt(np.diag(covariance)), rtol=1e-12)
    forces = np.concatenate([t.force_descriptors for t in data.values()])
    direct = np.sqrt(np.einsum("rk,kl,rl->r", forces, covariance, forces).mean())
    assert step.force_error == pytest.approx(direct, rel=1e-9) and step.reason == ""
    assert step.force_rmse == pytest.approx(float(np.sqrt(np.mean((data.forces - forces @ step.fit.theta) ** 2))))


def test_a_configuration_is_predicted_before_it_is_added(ragged: Ragged) -> None:
    frames = in_turns(ragged(2, K=3, temperatures=(300.0,) * 6, configurations=4, atoms=(4, 4)))
    live, steps = fl.validation.LiveFit(), []
    for one in frames:
        steps.append(live.add(one))
    assert np.isnan(steps[0].predicted)
    before = fl.solve(fl.fisher(fl.accumulate(grown(fl.Dataset(frames[:1])).data))).theta
    error = frames[1].forces - frames[1].force_descriptors @ before
    assert steps[1].predicted == pytest.approx(float(np.sqrt(np.mean(error**2))))


def test_bars_are_not_to_be_trusted_before_there_is_enough(ragged: Ragged) -> None:
    live = grown(ragged(3, K=5, temperatures=(300.0,) * 12, configurations=5, atoms=(4, 4)))
    reasons = [step.reason for step in live.steps]
    assert "several configurations" in reasons[0] and "force components a parameter" in reasons[1]
    assert "10 independent blocks" in reasons[6]
    assert reasons[-1] == "" and np.isnan(live.steps[0].force_error)
    few = grown(ragged(4, K=2, temperatures=(300.0,) * 3, configurations=2, atoms=(8, 8)))
    assert "independent blocks" in few.steps[-1].reason


def test_one_walker_is_cut_into_blocks(ragged: Ragged) -> None:
    data = ragged(5, K=2, temperatures=(300.0,), configurations=120, atoms=(4, 4))
    live = grown(data)
    step = live.steps[-1]
    blocks = independent_blocks(data, step.fit.theta)
    assert (
        blocks.kind == "blocks" and step.reason == "" and step.independent == pytest.approx(blocks.independent, rel=0.2)
    )
    assert step.force_error == pytest.approx(live.steps[-8].force_error, rel=0.3)


def test_the_plane_goes_through_the_fit_and_its_ellipse_is_that_of_the_bars(ragged: Ragged) -> None:
    data = ragged(6, K=4, temperatures=(300.0,) * 12, configurations=12, atoms=(4, 4))
    live = grown(data)
    surface, step = live.landscape(n=21), live.steps[-1]
    assert surface is not None and live.path.shape == (len(live.steps), 2)
    x, y = live.path[-1]
    assert np.allclose(surface.plane.theta(x, y), step.fit.theta)
    loss = fl.fisher(live.moments)
    assert float(loss(surface.plane.theta(x, y))) == pytest.approx(step.fit.value)
    assert surface.z.min() >= step.fit.value
    # A unit of the plane changes forces by 1 eV/Å, root mean square.
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    assert np.sqrt(np.mean((Phi @ surface.plane.directions[0]) ** 2)) == pytest.approx(1.0, rel=0.2)
    assert 0 < np.sqrt(np.trace(live.scatter)) < 1.5 * step.force_error
    assert fl.validation.LiveFit().landscape() is None and fl.validation.LiveFit().path.shape == (0, 2)


def test_without_any_temperature_the_fit_is_the_same_and_its_loss_is_over_beta_squared(ragged: Ragged) -> None:
    known = grown(ragged(7, K=2, temperatures=(300.0,) * 6, configurations=3, atoms=(3, 3))).steps[-1]
    unknown = grown(ragged(7, K=2, temperatures=(None,) * 6, configurations=3, atoms=(3, 3))).steps[-1]
    assert np.allclose(unknown.fit.theta, known.fit.theta)
    assert unknown.fit.value * fl.units.beta(300.0) ** 2 == pytest.approx(known.fit.value)


SMALL = fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1)


def test_walkers_go_on_from_the_last_configuration_in_turns_and_never_end() -> None:
    starts = [frames.take(frames.key, [0, 1]) for frames in fl.io.read_frames("data/cu55_1200K.npz")[:3]]
    walk = fl.properties.walkers(starts, EMT, descriptor=SMALL, every=2, seed=1)
    came = list(itertools.islice(walk, 7))
    assert [one.key for one in came] == [start.key for start in (*starts, *starts, starts[0])]
    moved = np.abs(came[0].positions - (starts[0].positions[55:] - starts[0].positions[55:].mean(axis=0))).max()
    assert 0 < moved < 0.5 and len(came[0]) == 1 and came[0].temperature == 1200.0
    again = fl.properties.walkers(starts, EMT, descriptor=SMALL, every=2, seed=1)
    assert np.array_equal(came[6].forces, list(itertools.islice(again, 7))[6].forces)
    other = next(fl.properties.walkers(starts, EMT, descriptor=SMALL, every=2, seed=2))
    assert not np.array_equal(came[0].forces, other.forces)


def test_the_forces_of_a_walker_are_those_of_its_positions() -> None:
    starts = fl.io.read_frames("data/cu55_1200K.npz")[:1]
    one = next(fl.properties.walkers(starts, EMT, descriptor=SMALL, every=1))
    atoms = starts[0].atoms()[0].copy()
    atoms.positions, atoms.calc = one.positions, EMT()
    assert np.allclose(atoms.get_forces().ravel(), one.forces) and atoms.get_potential_energy() == pytest.approx(
        one.energies[0]
    )
