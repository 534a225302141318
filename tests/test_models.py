"""A model of a kind that the package does not know, in an atlas, in a panel, and among the surfaces of a report."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

import fisherlib as fl
from fisherlib import figures
from fisherlib.dataset import Array
from fisherlib.landscapes import Evaluated, Loss, PlaneChoice, Pointwise
from fisherlib.widgets import LandscapePanel

T = 300.0
BOTH, TILTED = "amplitude and frequency", "tilted"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Ripples(Pointwise):
    """The errors of U = a sin(b v·D), with θ = (a, b)."""

    v: Array

    def _ab(self, x: Array, y: Array) -> Array:
        (u, w) = self.plane.directions
        return (self.plane.origin + np.outer(x, u) + np.outer(y, w)).T[:, :, None]

    def _force_errors(self, x: Array, y: Array) -> Array:
        (a, b), data = self._ab(x, y), self.data
        slope = a * b * np.cos(b * np.concatenate([t.descriptors @ self.v for t in data.values()]))
        rows = np.concatenate([t.force_descriptors @ self.v for t in data.values()])
        return data.forces - np.repeat(slope, 3 * data.n_atoms, axis=1) * rows

    def energy_errors(self, x: Array, y: Array) -> Array:
        a, b = self._ab(x, y)
        return self.energies - a * np.sin(b * np.concatenate([t.descriptors @ self.v for t in self.data.values()]))

    def squared_force_errors(self, x: Array, y: Array) -> Array:
        starts = 3 * (np.cumsum(self.data.n_atoms) - self.data.n_atoms)
        return np.add.reduceat(self._force_errors(x, y) ** 2, starts, axis=1).T

    def mean_over_forces(self, function: Callable[[Array], Array], x: Array, y: Array) -> Array:
        return function(np.abs(self._force_errors(x, y))).mean(axis=1)


class Ripple:
    """The model, with planes of its own: all of its two parameters, straight or tilted by a seed."""

    name = "ripple"
    planes = (PlaneChoice(kind=BOTH), PlaneChoice(kind=TILTED, seed=0))

    def __init__(self, data: fl.Dataset, v: Array, theta: tuple[float, float]) -> None:
        self.data, self.v, self.theta = data, v, np.array(theta)

    def points(self, choice: PlaneChoice) -> dict[str, tuple[float, float]]:
        return {"ripple": (0.0, 0.0)} | ({"flat": (-1.0, 0.0)} if choice.kind == BOTH else {})

    def project(self, choice: PlaneChoice) -> Evaluated:
        turn = np.random.default_rng(choice.seed).normal(size=(2, 2)) if choice.kind == TILTED else np.eye(2)
        labels = ("amplitude", "frequency") if choice.kind == BOTH else ("one way", "another way")
        plane = fl.Plane(origin=self.theta, directions=turn * self.theta, labels=labels)

        def words(loss: Loss) -> str:
            return f"{loss.name} of a ripple"

        return Evaluated(words, lambda progress: Ripples(plane=plane, data=self.data, v=self.v))


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return fl.systems.harmonic(np.array([2.0, 1.0, 3.0]), trajectories=2, configurations=9, temperature=T)


@pytest.fixture(scope="module")
def ripple(data: fl.Dataset) -> Ripple:
    return Ripple(data, np.array([1.0, -0.5, 2.0]), (0.7, 1.3))


@pytest.fixture
def study(data: fl.Dataset, ripple: Ripple) -> fl.Study:
    return fl.Study(data, others=[ripple])


def value(ripple: Ripple, loss: str, theta: Array) -> float:
    """A loss from the energies and forces of one configuration after the other, by its definition."""
    (a, b), F, U, F_theta, U_theta = theta, [], [], [], []
    for t in ripple.data.values():
        for m in range(len(t)):
            one = t.slice(m, m + 1)
            s = float(one.descriptors[0] @ ripple.v)
            U_theta.append(a * np.sin(b * s))
            F_theta += list(a * b * np.cos(b * s) * (one.force_descriptors @ ripple.v))
            F, U = [*F, *one.forces], [*U, *one.energies]
    N, r, e = ripple.data.n_atoms[0], np.subtract(F, F_theta), np.subtract(U, U_theta)
    e = e - e.mean()  # all configurations have as many atoms, so the best offset is a constant
    truth, model = np.array(U) / N, (np.array(U) - e) / N
    half = 0.5 / (fl.units.BOLTZMANN * T) ** 2
    return {
        "Fisher divergence": lambda: half * np.sum(r**2) / len(U),
        "energy (½ squared error)": lambda: 0.5 * np.mean(e**2),
        "KL, second order": lambda: half * np.var(e),
        "force MAE": lambda: np.mean(np.abs(r)),
        "force Huber": lambda: np.mean(np.where(np.abs(r) < 0.1, 0.5 * r**2, 0.1 * (np.abs(r) - 0.05))),
        "force log-cosh": lambda: np.mean(0.01 * (np.logaddexp(r / 0.1, -r / 0.1) - np.log(2.0))),
        "energy MAE": lambda: np.mean(np.abs(e)) / N,
        "KS of energies": lambda: stats.ks_2samp(truth, model).statistic,
        "W1 of energies": lambda: stats.wasserstein_distance(truth, model),
    }[loss]()


def test_it_is_offered_with_its_own_planes_and_nothing_that_they_do_not_need(study: fl.Study) -> None:
    atlas = study.atlas
    assert atlas.models == (*study.models, "ripple") and atlas.planes("ripple") == (BOTH, TILTED)
    given = {"to": "θ_f", "third": "energy fit", "coefficients": ("D0", "D1"), "seed": 3}
    assert atlas.choice("ripple", **given) == PlaneChoice(kind=BOTH)
    assert atlas.choice("ripple", plane=TILTED, **given) == PlaneChoice(kind=TILTED, seed=3)
    assert atlas.work("ripple", "force MAE") == "force MAE of a ripple"
    with pytest.raises(ValueError, match=f"plane: expected one of '{BOTH}', '{TILTED}', got 'random'"):
        atlas("ripple", "force MAE", plane="random")
    assert all("ripple" not in atlas.through(model, plane) for model in study.models for plane in atlas.planes(model))


@pytest.mark.parametrize("plane", [BOTH, TILTED])
def test_every_loss_of_it_is_drawn_and_right_at_every_point(study: fl.Study, ripple: Ripple, plane: str) -> None:
    assert len(study.atlas.losses) == 9
    for loss in study.atlas.losses:
        surface, points = study.atlas("ripple", loss, plane=plane, seed=5, half_width=0.8, n=3)
        assert points == ripple.points(PlaneChoice(kind=plane))
        step = 1.01 / len(study.data.energies) if loss.startswith("KS") else 0.0  # which rounding may take at a tie
        for j, i in np.ndindex(3, 3):
            theta = surface.plane.theta(surface.x[i], surface.y[j])
            assert surface.z[j, i] == pytest.approx(value(ripple, loss, theta), rel=1e-10, abs=step), loss


def test_the_panel_offers_and_draws_it(study: fl.Study) -> None:
    panel = LandscapePanel(study, n=21)
    assert panel.state.options["model"] == (*study.models, "ripple")
    panel.state.model = "ripple"
    assert panel.state.options["plane"] == (BOTH, TILTED)
    for plane in (BOTH, TILTED):
        panel.state.plane = plane
        assert not any(panel.state.options[name] for name in ("to", "third", "first", "second"))
        assert panel._seed.layout.display == ("flex" if plane == TILTED else "none")
        for loss in study.atlas.losses:
            panel.state.loss = loss
            assert panel.last_error is None and panel.work.status.value == ""
            surface, points = study.atlas("ripple", loss, plane=plane, n=21)
            shown = next(trace for trace in panel.figure.data if trace.type == "surface")
            np.testing.assert_array_equal(shown.z, surface.z)
            assert shown.name.startswith(loss) and panel.figure.layout.scene.xaxis.title.text == surface.plane.labels[0]
            assert set(points) <= {note.text for note in panel.figure.layout.scene.annotations}
    seen = np.array(shown.z)
    panel.state.seed = 7
    assert not np.array_equal(next(trace for trace in panel.figure.data if trace.type == "surface").z, seen)
    panel.state.model = "θ_f"  # and back to planes of linear potentials
    assert panel.state.options["to"] and panel.last_error is None


def test_a_report_shows_it_among_the_others(study: fl.Study) -> None:
    surfaces = study.surfaces(n=3)
    assert {key[1:] for key in surfaces if key[0] == "ripple"} == {
        (plane, loss) for plane in (BOTH, TILTED) for loss in study.atlas.losses
    }
    few = {
        key: surface for key, surface in surfaces.items() if key[1:] in ((BOTH, "force MAE"), ("random", "force MAE"))
    }
    figure = figures.landscapes(few, keys=("model", "plane", "loss"))
    assert ['"ripple"' in frame.name for frame in figure.frames] == [False] * len(study.models) + [True]


def test_it_stays_when_another_potential_joins(study: fl.Study, ripple: Ripple) -> None:
    more = study.with_model(fl.LinearPotential(theta=np.ones(3), name="more"))
    assert more.others == {"ripple": ripple} and more.atlas.models[-1] == "ripple"
    with pytest.raises(ValueError, match="name: 'ripple' is the name of another model"):
        more.with_model(fl.LinearPotential(theta=np.ones(3), name="ripple"))
