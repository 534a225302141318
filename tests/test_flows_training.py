"""Training of flows: its losses, its schedules, what is kept, how it is stopped and gone on with."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.flows import Stage
from fisherlib.flows.pool import Pool
from fisherlib.flows.schedule import stages
from fisherlib.flows.slopes import HIGH, coordinate_slopes, energy_slopes


@dataclasses.dataclass(frozen=True)
class Springs:
    """u = ½ Σ k (x − c)², whose ln Z is known."""

    k: tuple[float, ...] = (1.0, 4.0)
    c: tuple[float, ...] = (1.0, -2.0)

    @property
    def dimension(self) -> int:
        return len(self.k)

    @property
    def log_z(self) -> float:
        return float(0.5 * np.log(2 * np.pi / np.array(self.k)).sum())

    def energy_and_gradient(self, x):
        d = x - np.array(self.c)
        return 0.5 * (d**2 @ np.array(self.k)), d * np.array(self.k)

    def sample(self, n: int, seed: int) -> np.ndarray:
        return np.array(self.c) + np.random.default_rng(seed).normal(size=(n, self.dimension)) / np.sqrt(self.k)


def small(seed: int = 0, **how):
    return fl.flows.real_nvp(2, layers=2, width=8, depth=1, seed=seed, **how)


def quiet(done: int, total: int) -> None:
    assert 0 <= done <= total


#: One size of everything, so that JAX compiles once for all tests.
HOW = {"batch": 64, "every": 20, "progress": quiet, "learning_rate": 1e-2}


def slope_of(loss, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    found = np.empty_like(x)
    for i, k in np.ndindex(*x.shape):
        ahead, back = x.copy(), x.copy()
        ahead[i, k], back[i, k] = x[i, k] + h, x[i, k] - h
        found[i, k] = (loss(ahead) - loss(back)) / (2 * h)
    return found


def test_energies_far_above_the_lowest_enter_by_their_logarithm() -> None:
    target, x = Springs(), np.array([[1.0, -2.0], [3.0, 0.0], [40.0, 0.0], [0.0, 60.0]])
    u, slope = energy_slopes(target, x)
    plain = target.energy_and_gradient(x)[0]
    assert np.array_equal(u[:2], plain[:2]) and (u[2:] < HIGH + 10).all() and (plain[2:] > 2 * HIGH).all()
    assert np.abs(slope - slope_of(lambda x: energy_slopes(target, x)[0].sum(), x)).max() < 1e-5


def test_infinite_energies_push_nothing_and_those_that_are_no_numbers_are_told() -> None:
    class Wall(Springs):
        worth = np.inf

        def energy_and_gradient(self, x):
            u, du = super().energy_and_gradient(x)
            return np.where(x[:, 0] > 0, u, self.worth), np.where(x[:, :1] > 0, du, np.nan)

    x = np.array([[1.0, 0.0], [-1.0, 0.0]])
    u, slope = energy_slopes(Wall(), x)
    assert np.isfinite(u).all() and u[1] > u[0] and not slope[1].any()
    with pytest.raises(ValueError, match="target: expected energies, got NaN"):
        broken = Wall()
        object.__setattr__(broken, "worth", np.nan)
        energy_slopes(broken, x)
    assert np.isneginf(fl.flows.log_weights(small(), Wall(), x)[1])


def test_the_spread_along_a_coordinate_has_the_slope_of_its_kernel_density() -> None:
    x = np.random.default_rng(0).normal(size=(12, 2))
    r = lambda x: (x[:, 0] ** 2, np.stack([2 * x[:, 0], 0 * x[:, 0]], 1))  # noqa: E731
    wide = r(x)[0].std()
    log_density, slope = coordinate_slopes(r, x)
    numeric = (
        slope_of(lambda y: _kernel_mean(r(y)[0], 1.06 * wide * 12**-0.2), x) * 12
    )  # the width of the kernel is held
    assert np.abs(slope - numeric).max() < 1e-5 and log_density.shape == (12,)


def _kernel_mean(r: np.ndarray, h: float) -> float:
    k = np.exp(-0.5 * ((r[:, None] - r) / h) ** 2).sum(1)
    return float(np.log(k / (len(r) * h * np.sqrt(2 * np.pi))).mean())


@pytest.mark.parametrize("schedule", ["energy", "example", "combined"])
def test_each_schedule_finds_a_gaussian(schedule: str) -> None:
    target = Springs()
    x = None if schedule == "energy" else target.sample(2000, 1)
    short = {"energy": [Stage(300, energy=1.0)], "example": [Stage(300, example=1.0)]}
    short["combined"] = [Stage(100, example=1.0), Stage(100, example=1.0, energy=1.0), Stage(100, reweighted=1.0)]
    flow = fl.flows.train(small(), target, x, schedule=short[schedule], **HOW)
    draws = fl.flows.draw(flow, target, 8192, seed=9)
    assert fl.reweighting.effective_sample_size(draws.log_weights) > 0.9 * 8192
    found = np.log(np.mean(np.exp(draws.log_weights)))
    assert abs(found - target.log_z) < 0.05
    kept = list(flow.history["step"]).index(flow.history["kept"][0])
    assert flow.history["effective sample size"][kept] == np.nanmax(flow.history["effective sample size"])


def test_without_a_target_likelihood_of_what_is_held_out_decides() -> None:
    target = Springs()
    flow = fl.flows.train(small(), examples=target.sample(2000, 1), schedule=[Stage(200, example=1.0)], **HOW)
    losses = flow.history["validation loss"]
    assert flow.history["kept"][0] == flow.history["step"][np.argmin(losses)]
    entropy = 1.0 + target.log_z  # −⟨ln p⟩ under p, in two dimensions
    assert abs(losses.min() - entropy) < 0.15 and np.isnan(flow.history["effective sample size"]).all()


@pytest.mark.parametrize("target", [None, Springs()])
def test_few_examples_leave_none_to_judge_by(target: Springs | None) -> None:
    x, how = Springs().sample(9, 1), {"schedule": [Stage(40, example=1.0)]} | HOW
    flow = fl.flows.train(small(), target, x, **how)
    assert target is not None or flow.history["kept"].tolist() == [40.0]  # what was trained, not what it began with
    with pytest.raises(ValueError, match="keep: expected .* got 'validation loss'"):
        fl.flows.train(small(), target, x, keep="validation loss", **how)


def test_an_empty_schedule_is_not_that_by_default() -> None:
    for none in ([], "", np.array([])):
        with pytest.raises((TypeError, ValueError), match="schedule: expected"):
            fl.flows.train(small(), Springs(), schedule=none, **HOW)


@pytest.mark.parametrize("height", [1.0, 1e5, 1e300])
def test_few_draws_with_nearly_all_weight_leave_a_pool(height: float) -> None:
    class Cliff(Springs):
        def energy_and_gradient(self, x):
            u, du = super().energy_and_gradient(x)
            return u + np.where(x[:, 0] > 3.5, 0.0, height), du

    pool = Pool(Cliff(), 2048, 0.1)
    pool.refresh(small(), [0, 0])
    assert pool.x.shape == (2048, 2) and np.isfinite(pool.x).all() and pool.step > 0


def test_a_coordinate_spreads_draws_along_it() -> None:
    target, first = Springs(k=(4.0, 4.0), c=(0.0, 0.0)), lambda x: (x[:, 0], np.tile([1.0, 0.0], (len(x), 1)))
    widths = []
    for weight in (0.0, 0.7):
        stage = Stage(200, energy=1.0, coordinate=weight)
        flow = fl.flows.train(small(), target, schedule=[stage], coordinate=first, keep="last", enough=9.0, **HOW)
        widths.append(flow.sample(4096, seed=1)[0].std(axis=0))
    # ½ k σ² − (1 + w) ln σ is smallest at σ² = (1 + w) / k
    assert np.allclose(np.array(widths)[:, 0] * 2, np.sqrt([1.0, 1.7]), rtol=0.08)
    assert np.allclose(np.array(widths)[:, 1] * 2, 1.0, rtol=0.08)


def test_the_same_seed_gives_the_same_flow_and_another_one_another() -> None:
    trained = [fl.flows.train(small(), Springs(), schedule=[Stage(40, energy=1.0)], seed=s, **HOW) for s in (1, 1, 2)]
    a, b, c = (flow.sample(512)[0] for flow in trained)
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_it_ends_when_draws_are_good_enough() -> None:
    flow = fl.flows.train(small(), Springs(), schedule=[Stage(400, energy=1.0)], enough=0.5, **HOW)
    assert flow.history["step"][-1] < 400 and flow.history["effective sample size"][-1] >= 0.5


MIXED = [Stage(30, example=1.0), Stage(20, example=1.0, energy=1.0), Stage(50, reweighted=1.0)]


def test_a_training_that_was_cancelled_goes_on_and_ends_as_without_a_break(tmp_path: Path) -> None:
    target, path = Springs(), tmp_path / "training.npz"
    how = {"schedule": MIXED, "enough": 9.0} | HOW
    x = target.sample(500, 2)

    def cancel(done: int, total: int) -> None:
        if done == 71:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fl.flows.train(small(), target, x, checkpoint=path, **how | {"progress": cancel})
    assert fl.flows.read(path).history["step"].tolist() == [0.0, 20.0, 40.0, 60.0]
    on = fl.flows.train(small(), target, x, checkpoint=path, **how | {"batch": np.int64(64)})
    whole = fl.flows.train(small(), target, x, **how)
    assert all(np.array_equal(p, q) for p, q in zip(on.parameters, whole.parameters, strict=True))
    assert on.history.keys() == whole.history.keys()
    for name in ("step", "kept", "effective sample size", "validation loss"):
        assert np.array_equal(on.history[name], whole.history[name], equal_nan=True), name
    seen: list[int] = []
    again = fl.flows.train(small(), target, x, checkpoint=path, **how | {"progress": lambda *_: seen.append(1)})
    assert not seen and all(np.array_equal(p, q) for p, q in zip(again.parameters, on.parameters, strict=True))
    assert [p.name for p in tmp_path.iterdir()] == ["training.npz"]


def test_the_checkpoint_of_another_training_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "training.npz"
    how = {"schedule": [Stage(20, energy=1.0)]} | HOW
    fl.flows.train(small(), Springs(), checkpoint=path, **how)
    before = path.read_bytes()
    for other in ({"seed": 5}, {"batch": 32}, {"schedule": [Stage(21, energy=1.0)]}):
        with pytest.raises(ValueError, match="checkpoint: expected the file of this training"):
            fl.flows.train(small(), Springs(), checkpoint=path, **how | other)
    with pytest.raises(ValueError, match="checkpoint"):
        fl.flows.train(small(seed=3), Springs(), checkpoint=path, **how)
    fl.flows.write(small(), tmp_path / "flow.npz")
    with pytest.raises(ValueError, match="checkpoint"):
        fl.flows.train(small(), Springs(), checkpoint=tmp_path / "flow.npz", **how)
    assert path.read_bytes() == before


def test_steps_that_are_no_numbers_are_not_taken_and_many_of_them_end_the_training() -> None:
    class Broken(Springs):
        def energy_and_gradient(self, x):
            u, du = super().energy_and_gradient(x)
            return u, du * 1e300

    flow = small()
    with pytest.raises(ValueError, match="learning_rate: expected one with which the loss stays finite"):
        fl.flows.train(flow, Broken(), schedule=[Stage(100, energy=1.0)], **HOW)


def test_a_schedule_needs_what_it_trains_on() -> None:
    given = {"target": True, "examples": True, "coordinate": False}
    assert len(stages("combined", **given)) == 3
    for missing in ("target", "examples"):
        with pytest.raises(ValueError, match=missing):
            stages("combined", **given | {missing: False})
    with pytest.raises(ValueError, match="coordinate"):
        stages([Stage(3, coordinate=1.0)], **given)
    for wrong, word in (([], "schedule"), ("both", "schedule"), ([3], "schedule")):
        with pytest.raises((TypeError, ValueError), match=word):
            stages(wrong, **given)
    for wrong in ({"steps": 0, "energy": 1.0}, {"steps": 3}, {"steps": 3, "energy": -1.0}):
        with pytest.raises(ValueError):
            Stage(**wrong)


def test_what_a_target_answers_is_checked() -> None:
    class Flat(Springs):
        def energy_and_gradient(self, x):
            return np.zeros((len(x), 1)), x

    with pytest.raises(ValueError, match="target: expected energies of shape"):
        fl.flows.draw(small(), Flat(), 10)
    for answer in (np.zeros(10), None, (np.zeros(10),), ("a", "b"), (np.zeros(10) + 0j, np.zeros((10, 2)))):
        object.__setattr__(broken := Springs(), "energy_and_gradient", lambda x, answer=answer: answer)
        with pytest.raises(ValueError, match=r"target: expected .* got "):
            fl.flows.draw(small(), broken, 10)
    for inside in (np.ones((10, 1), bool), np.array(True), np.full(10, np.nan)):
        object.__setattr__(broken := Springs(), "inside", lambda x, inside=inside: inside)
        with pytest.raises(ValueError, match=r"target: expected inside\(x\) of 10 times"):
            fl.flows.draw(small(), broken, 10)
    with pytest.raises(ValueError, match="target: expected one of 2 coordinates"):
        fl.flows.draw(small(), Springs(k=(1.0,) * 3, c=(0.0,) * 3), 10)
    with pytest.raises(TypeError, match="target"):
        fl.flows.train(small(), object())


def test_weights_are_zero_outside() -> None:
    class Half(Springs):
        def inside(self, x):
            return x[:, 0] > 1.0

    draws = fl.flows.draw(small(), Half(), 4096, seed=1)
    assert np.array_equal(np.isneginf(draws.log_weights), draws.x[:, 0] <= 1.0)
    found = fl.flows.log_weights(small(), Half(), draws.x)
    assert np.array_equal(np.isneginf(found), np.isneginf(draws.log_weights))
    assert np.allclose(found, draws.log_weights, rtol=0, atol=1e-9)
    flow = fl.flows.train(small(), Half(), schedule=[Stage(100, energy=1.0), Stage(100, reweighted=1.0)], **HOW)
    log_w = fl.flows.draw(flow, Half(), 20_000, seed=3).log_weights
    assert abs(np.log(np.exp(log_w).mean()) - (Springs().log_z - np.log(2))) < 0.1


def test_a_stage_before_the_last_does_not_end_the_training() -> None:
    both = [Stage(60, energy=1.0), Stage(40, example=1.0)]
    flow = fl.flows.train(small(), Springs(), Springs().sample(500, 1), schedule=both, enough=1e-3, **HOW)
    assert flow.history["step"].tolist() == [0.0, 20.0, 40.0, 60.0]
