"""The panels that fit, compare and draw landscapes, and the dashboard: every choice, without a kernel."""

import asyncio
import base64
import dataclasses
import re
import threading
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
import traitlets
from networks import Slow, network, with_jacobian

import fisherlib as fl
from fisherlib import comparison
from fisherlib.landscapes import Loss, atlas, linear, previews
from fisherlib.landscapes.projections import Progress, Projection
from fisherlib.neural import NeuralModel
from fisherlib.neural import landscape as neural
from fisherlib.regression import Terms, force_rmse
from fisherlib.validation import split
from fisherlib.widgets import ComparePanel, Dashboard, FitPanel, LandscapePanel
from fisherlib.widgets.compare import DISTRIBUTION, ERRORS, FORCES, PARITY, PRICE, RESIDUALS, SITE, TOTAL
from fisherlib.widgets.fit import FOLDS
from fisherlib.widgets.live import Picked
from fisherlib.widgets.panel import Panel
from fisherlib.widgets.reading import reading_of
from fisherlib.widgets.states import ALL, NONE

K = 4
J = "Fisher divergence"


def sampled(*, seed: int = 0, trajectories: int = 6) -> fl.Dataset:
    """Random descriptors with energies and forces that are nearly linear in them, and all that a file holds."""
    rng, made = np.random.default_rng(seed), []
    theta = rng.normal(size=K)
    for number in range(trajectories):
        n_atoms = rng.integers(3, 6, size=10)
        sites, Phi = rng.normal(size=(n_atoms.sum(), K)), rng.normal(size=(3 * n_atoms.sum(), K))
        D = np.add.reduceat(sites, np.cumsum(n_atoms) - n_atoms, axis=0)
        made.append(
            fl.Trajectory(
                key=f"t{number}",
                temperature=300.0,
                n_atoms=n_atoms,
                species=np.full(n_atoms.sum(), 29),
                positions=rng.normal(size=(n_atoms.sum(), 3)),
                energies=D @ theta - 3.5 * n_atoms + 0.2 * rng.normal(size=10),
                descriptors=D,
                site_descriptors=sites,
                forces=Phi @ theta + 0.2 * rng.normal(size=len(Phi)),
                force_descriptors=Phi,
            )
        )
    return fl.Dataset(made)


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return sampled()


@pytest.fixture
def study(data: fl.Dataset) -> fl.Study:
    given = fl.LinearPotential(theta=np.ones(K), name="θ (given)")
    return fl.Study(data, given=given)


@pytest.fixture
def neural_study(data: fl.Dataset) -> fl.Study:
    """The same with a network beside the linear potentials."""
    data = with_jacobian(data)
    given = fl.LinearPotential(theta=np.ones(K), name="θ (given)")
    return fl.Study(data, given=given, others=[NeuralModel(network(data), data)])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder in which nothing lies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fl.io.places, "PROJECT", tmp_path)
    return tmp_path


def ok(panel: Panel) -> None:
    assert panel.last_error is None and panel.work.status.value == ""


def title(panel: Panel) -> str:
    return panel.figure.layout.title.text


def control(panel: Panel, label: str) -> object:
    """The control of a label."""
    boxes = [panel]
    for box in boxes:
        for child in getattr(box, "children", ()):
            if getattr(child, "description", None) == label:
                return child
            boxes.append(child)
    raise KeyError(label)


# Fit


def traces(panel: FitPanel) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float]]]:
    """The coefficients that the figure shows, and the force errors by trajectory."""
    keys = set(panel._study.data)
    first = [trace for trace in panel.figure.data if trace.xaxis == "x"]
    errors = [trace for trace in panel.figure.data if trace.xaxis == "x3" and set(trace.x) <= keys]
    return (
        {trace.name: np.asarray(trace.y) for trace in first},
        {trace.name: dict(zip(trace.x, trace.y, strict=True)) for trace in errors},
    )


WEIGHTS = [{}, {"ridge": 1e-3}, {"kl": 0.5}, {"energy": 20.0}, {"ridge": 1e-2, "kl": 3.0, "energy": 1.0}]


def explicit(moments: fl.Moments, weights: dict[str, float]) -> np.ndarray:
    """θ from the normal equations."""
    J, kl, energy = fl.fisher(moments), fl.kl(moments), fl.energy(moments)
    A = J.A + weights.get("kl", 0.0) * kl.A + weights.get("energy", 0.0) * energy.A
    b = J.b + weights.get("kl", 0.0) * kl.b + weights.get("energy", 0.0) * energy.b
    return np.linalg.solve(A + weights.get("ridge", 0.0) * np.diag(np.diag(A)), b)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_every_weight_changes_coefficients_and_force_errors(study: fl.Study, weights: dict[str, float]) -> None:
    panel = FitPanel(study)
    for name, value in weights.items():
        setattr(panel.state, name, value)
    ok(panel)
    data, moments = study.data, study.moments
    theta = explicit(moments, weights)
    np.testing.assert_allclose(panel.model.theta, theta, rtol=1e-9)
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    scale = np.sqrt(np.mean(Phi**2, axis=0))
    coefficients, errors = traces(panel)
    assert list(coefficients) == ["θ (given)", "my fit"] and list(errors) == ["θ (given)", "my fit", "my fit, held out"]
    np.testing.assert_allclose(coefficients["my fit"], theta * scale, rtol=1e-9)
    np.testing.assert_allclose(coefficients["θ (given)"], scale, rtol=1e-12)
    for name, parameters in (("my fit", theta), ("θ (given)", np.ones(K))):
        for key, t in data.items():
            rmse = np.sqrt(np.mean((t.forces - t.force_descriptors @ parameters) ** 2))
            assert errors[name][key] == pytest.approx(rmse, rel=1e-9)
    for part in split(tuple(data), FOLDS, seed=study.seed):
        refit = explicit(fl.accumulate(data.drop(part)), weights)
        for key in part:
            rmse = np.sqrt(np.mean((data[key].forces - data[key].force_descriptors @ refit) ** 2))
            assert errors["my fit, held out"][key] == pytest.approx(rmse, rel=1e-9) == panel.held_out[key]


def test_without_weights_the_fit_is_exactly_the_fisher_fit(study: fl.Study) -> None:
    panel = FitPanel(study, ridge=1.0, kl=1.0)
    assert not np.array_equal(panel.model.theta, study.models["θ_f"].theta)
    panel.state.ridge = panel.state.kl = 0.0
    assert panel.model.theta.tobytes() == study.models["θ_f"].theta.tobytes()
    assert panel.model.offset == study.models["θ_f"].offset


def test_the_text_tells_rank_condition_losses_and_pooled_errors(study: fl.Study) -> None:
    panel = FitPanel(study, ridge=1e-2, kl=1.0)
    plain = re.sub(r"</?span[^>]*>", "", unescape(panel.numbers.value))
    told = dict(re.findall(r"([^·]+?) <b>(.*?)</b>", plain))
    told = {name.strip(): value for name, value in told.items()}
    theta, data = panel.model.theta, study.data
    solution = fl.solve(Terms.of(study.moments).weighted(ridge=1e-2, kl=1.0))
    left = np.concatenate([t.forces - t.force_descriptors @ theta for t in data.values()])
    held = np.sqrt(
        np.average(np.square(list(panel.held_out.values())), weights=[len(data[k].forces) for k in panel.held_out])
    )
    b = 1 / (fl.units.BOLTZMANN * 300.0)
    assert told["rank"] == f"{solution.rank} of {K}" and told["condition"] == f"{solution.condition:.3g}"
    assert told["J, 1/Å²"] == f"{0.5 * b**2 * (left @ left) / len(data.energies):.4g}"
    assert told["KL, second order, nats"] == f"{float(fl.kl(study.moments)(theta)):.3g}"
    assert told["energy RMSE, eV"] == f"{np.sqrt(2 * float(fl.energy(study.moments)(theta))):.4g}"
    assert told["force RMSE, my fit, eV/Å"] == f"{np.sqrt(np.mean(left**2)):.4f}"
    assert told["force RMSE, my fit, held out, eV/Å"] == f"{held:.4f}"
    assert f"rank {solution.rank} of {K}" in panel.figure.layout.annotations[0].text


def test_any_other_model_can_be_the_reference(study: fl.Study) -> None:
    panel = FitPanel(study)
    assert panel.state.options["reference"] == ("θ (given)", "Fisher + KL")
    control(panel, "Compare with").set_state({"index": 1})
    ok(panel)
    coefficients, errors = traces(panel)
    assert list(coefficients) == ["Fisher + KL", "my fit"]
    expected = force_rmse(study.moments, study.models["Fisher + KL"].theta)
    np.testing.assert_allclose(list(errors["Fisher + KL"].values()), expected)


def test_the_name_is_that_of_the_traces_even_where_the_reference_has_it(study: fl.Study) -> None:
    panel = FitPanel(study)
    control(panel, "Name").set_state({"value": "<b>mine"})
    assert panel.model.name == "<b>mine" and "&lt;b&gt;mine" in panel.numbers.value
    panel.state.name = "θ (given)"
    assert list(traces(panel)[0]) == ["θ (given) (reference)", "θ (given)"]
    panel.state.name = ""
    assert panel.model.name == "my fit"


def test_a_fit_that_validation_prefers_is_one_press_away(ragged: Callable[..., fl.Dataset]) -> None:
    noisy = ragged(3, K=20, temperatures=(300.0,) * 6, configurations=1, atoms=(2, 2), noise=8.0)
    study = fl.Study(noisy)
    panel = FitPanel(study, kl=1.0)
    (button,) = [b for b in panel.offers.children if "strength" in b.description]
    (offer,) = [offer for offer in study.offers if "ridge" in offer.weights]
    assert offer.sentence in unescape(panel.advice.value) and button.tooltip == offer.sentence
    button.click()
    ok(panel)
    assert (panel.state.ridge, panel.state.kl) == (offer.weights["ridge"], 0.0)
    np.testing.assert_allclose(panel.model.theta, offer.fit(study.moments).theta, rtol=1e-6)


def test_sliders_of_a_browser_set_the_weights(study: fl.Study) -> None:
    panel = FitPanel(study)
    for label, name in (("Ridge strength", "ridge"), ("KL weight, 1/Å²", "kl")):
        control(panel, label).set_state({"index": 30})
        assert getattr(panel.state, name) == control(panel, label).value > 0
    control(panel, "Energy weight, 1/(eV² Å²)").set_state({"index": 20})
    ok(panel)
    assert panel.model.provenance["energy"] == panel.state.energy > 0
    with pytest.raises(traitlets.TraitError):
        panel.state.ridge = -1.0


def test_no_slider_reads_data(study: fl.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = FitPanel(study)
    monkeypatch.setattr(fl.Dataset, "values", None)
    monkeypatch.setattr(fl.Dataset, "__getitem__", None)
    panel.state.ridge, panel.state.energy = 0.1, 0.1
    ok(panel)


def test_of_one_trajectory_blocks_are_held_out(data: fl.Dataset) -> None:
    panel = FitPanel(fl.Study(data.select("t0")), ridge=1e-3)
    ok(panel)
    assert list(panel.held_out) == list(panel._study.parts) == ["t0/0", "t0/1"]  # of ten times the memory of the scores
    assert "held out" in panel.numbers.value and "trajectories <b>1</b>" in panel.numbers.value


@pytest.mark.parametrize(("button", "suffix"), [("Save JSON", ".json"), ("Save coef/intercept (npz)", ".npz")])
def test_a_saved_fit_can_be_read_and_nothing_is_overwritten(
    study: fl.Study, folder: Path, button: str, suffix: str
) -> None:
    panel = FitPanel(study, kl=0.5, name="my/../<fit>")
    saved = folder / "saved"
    for path in (saved / f"theta_my_____fit{suffix}", saved / f"theta_my_____fit_2{suffix}"):
        control(panel, button).click()
        ok(panel)
        model = fl.io.read_theta(path)
        assert model.theta.tobytes() == panel.model.theta.tobytes() and model.offset == panel.model.offset
        assert model.provenance["kl"] == 0.5
        link = re.search(r"download='(.*?)' href='data:application/octet-stream;base64,(.*?)'", panel.saving.link.value)
        assert unescape(link[1]) == path.name and base64.b64decode(link[2]) == path.read_bytes()
    assert len(list(saved.iterdir())) == 2 and list(folder.iterdir()) == [saved]


@pytest.mark.parametrize(("name", "stem"), [("θ_f", "theta_θ_f"), ("///", "theta_theta"), ("a b", "theta_a_b")])
def test_a_file_is_called_after_the_fit(study: fl.Study, folder: Path, name: str, stem: str) -> None:
    assert FitPanel(study, name=name).saving.save(".json") == [folder / "saved" / f"{stem}.json"]
    assert fl.io.theta_files() == [f"saved/{stem}.json"]


def test_a_file_that_cannot_be_written_is_told_of(study: fl.Study, folder: Path) -> None:
    (folder / "saved").write_text("a file where the folder should be")
    panel = FitPanel(study)
    control(panel, "Save JSON").click()
    assert isinstance(panel.last_error, OSError) and panel.saving.link.value == ""


def test_a_fit_can_be_added_to_the_models(study: fl.Study) -> None:
    added: list[fl.LinearPotential] = []
    panel = FitPanel(study, added=added.append, ridge=0.1)
    control(panel, "Add to the models").click()
    assert added == [panel.model]
    with pytest.raises(KeyError):
        control(FitPanel(study), "Add to the models")


# Compare


def samples(panel: ComparePanel) -> dict[str, np.ndarray]:
    """The values whose distribution functions are drawn, sorted."""
    upper = [trace for trace in panel.figure.data if trace.yaxis in (None, "y") and trace.fill is None]
    return {trace.name.split(": KS")[0]: np.asarray(trace.x)[1:] for trace in upper}


def test_the_distribution_is_that_of_the_chosen_models(study: fl.Study) -> None:
    panel, data = ComparePanel(study), study.data
    ok(panel)
    assert list(samples(panel)) == ["true", *study.models]
    models = control(panel, "Models")
    models.set_state({"value": ["Fisher + KL", "θ_f"]})  # ticked in whatever order
    assert panel.state.models == ("θ_f", "Fisher + KL")
    drawn = samples(panel)
    assert list(drawn) == ["true", "θ_f", "Fisher + KL"]
    np.testing.assert_allclose(drawn["true"], np.sort(data.energies / data.n_atoms))
    np.testing.assert_allclose(drawn["θ_f"], np.sort(study.models["θ_f"].energies(data) / data.n_atoms))
    with pytest.raises(traitlets.TraitError, match="models: expected one of 'θ_f', .* got 'x'"):
        panel.state.models = ("x",)


def test_distributions_have_bands_and_trajectories_may_have_an_offset_of_their_own(study: fl.Study) -> None:
    panel = ComparePanel(study, models=("θ_f",))
    bands = [trace.name for trace in panel.figure.data if trace.fill == "toself"]
    assert bands == ["band of true", "band of θ_f", "95 % band of true"]
    control(panel, "an offset for each trajectory").value = True
    ok(panel)
    assert "aligned" in panel.figure.layout.title.text
    expected = study.comparison("θ_f").aligned()
    np.testing.assert_allclose(samples(panel)["θ_f"], np.sort(expected.energies))
    panel.state.trajectory = "t1"
    ok(panel)
    assert not [trace for trace in panel.figure.data if trace.fill == "toself"]  # one trajectory does not scatter
    assert "no bands: they need several trajectories" in panel.figure.layout.title.subtitle.text


def test_a_trajectory_alone_is_compared(study: fl.Study) -> None:
    panel, t = ComparePanel(study), study.data["t3"]
    assert panel.state.options["trajectory"] == (ALL, *study.data)
    panel.state.trajectory = "t3"
    ok(panel)
    np.testing.assert_allclose(samples(panel)["true"], np.sort(t.energies / t.n_atoms))
    panel.state.view = FORCES
    ok(panel)
    assert f"{len(t.forces)} components" in panel.figure.layout.title.subtitle.text


def test_every_view_shows_its_numbers(study: fl.Study) -> None:
    assert PRICE not in ComparePanel(fl.Study(study.data)).state.options["view"]  # nothing is held out for it
    panel, data = ComparePanel(study.with_offers(), models=("θ (given)",)), study.data
    assert panel.state.options["view"] == (DISTRIBUTION, PARITY, RESIDUALS, FORCES, ERRORS, PRICE)
    model = study.models["θ (given)"]
    truth, energies = data.energies / data.n_atoms, model.energies(data) / data.n_atoms
    panel.state.view = PARITY
    np.testing.assert_allclose(panel.figure.data[0].x, truth)
    np.testing.assert_allclose(panel.figure.data[0].y, energies)
    panel.state.view = RESIDUALS
    np.testing.assert_allclose(panel.figure.data[1].y, 1e3 * (energies - truth), atol=1e-9)
    panel.state.view = FORCES
    assert title(panel) == f"Force parity of θ (given), {study.label}"
    counts = np.asarray(panel.figure.data[0].customdata)
    expected = comparison.force_histogram(data.forces, model.forces(data)).counts.T
    np.testing.assert_array_equal(counts, expected)
    panel.state.view = ERRORS
    assert tuple(panel.figure.data[0].x) == tuple(data)
    np.testing.assert_allclose(panel.figure.data[1].y, force_rmse(study.moments, model.theta))
    panel.state.view = PRICE
    assert title(panel) == f"What energies cost in forces, {study.label}"
    np.testing.assert_array_equal(panel.figure.data[0].y, study.mixture.force_rmse)
    ok(panel)


@pytest.mark.parametrize("view", [DISTRIBUTION, PARITY, RESIDUALS, ERRORS])
def test_a_title_tells_the_trajectory_and_that_energies_are_aligned(study: fl.Study, view: str) -> None:
    panel = ComparePanel(study, view=view)
    assert study.label and title(panel).endswith(f", {study.label}")
    panel.state.trajectory, panel.state.aligned = "t3", True
    ok(panel)
    assert title(panel).endswith(f", {study.label}, t3, aligned")
    panel.state.view = FORCES  # which no offset changes
    assert title(panel) == f"Force parity of θ_f, {study.label}, t3"


def test_site_energies_of_one_configuration(study: fl.Study) -> None:
    panel, t = ComparePanel(study, models=("θ_f", "Fisher + KL")), study.data["t1"]
    field = control(panel, "Configuration")
    assert field.layout.display == "none"
    panel.state.view = ERRORS
    control(panel, "Quantity").set_state({"index": 1})
    ok(panel)
    assert panel.state.options["view"] == (DISTRIBUTION,) and panel.state.view == DISTRIBUTION
    assert field.layout.display == "flex"
    panel.state.trajectory = "t1"
    field.set_state({"value": 4})
    assert title(panel) == f"Site energies of θ_f and Fisher + KL, {study.label}, t1, configuration 4"
    first = int(t.n_atoms[:4].sum())
    one = t.site_descriptors[first : first + t.n_atoms[4]] @ study.models["θ_f"].theta + study.models["θ_f"].offset
    np.testing.assert_allclose(samples(panel)["θ_f"], np.sort(one))
    panel.state.configuration = 99
    assert "configuration: expected 0 to 9 for t1, got 99" in str(panel.last_error)
    panel.state.quantity = TOTAL
    ok(panel)


def test_data_without_site_descriptors_offer_no_site_energies(ragged: Callable[..., fl.Dataset]) -> None:
    panel = ComparePanel(fl.Study(ragged(3, configurations=9)))
    ok(panel)
    assert panel.state.options["quantity"] == (TOTAL,)


def test_a_saved_theta_joins_the_models(study: fl.Study, folder: Path) -> None:
    fl.io.write_theta(fl.LinearPotential(theta=np.arange(K) + 1.0), folder / "theta_mine.json")
    fl.io.write_theta(fl.LinearPotential(theta=np.ones(K + 1)), folder / "theta_other.json")
    panel = ComparePanel(study, models=("θ_f",))
    assert panel.state.options["saved"] == (NONE, "theta_mine.json", "theta_other.json")
    control(panel, "Add saved θ").set_state({"index": 1})
    ok(panel)
    assert panel.state.models == ("θ_f", "theta_mine") and panel.state.saved == NONE
    expected = panel.study.models["theta_mine"].energies(study.data) / study.data.n_atoms
    np.testing.assert_allclose(samples(panel)["theta_mine"], np.sort(expected))
    control(panel, "Add saved θ").set_state({"index": 2})
    assert f"expected K = {K} parameters as in the data, got {K + 1}" in str(panel.last_error)
    assert panel.state.models == ("θ_f", "theta_mine") and "theta_other" not in panel.study.models
    panel.state.view = PARITY
    ok(panel)
    assert "theta_mine" not in study.models  # it is of this panel


def test_choices_in_the_call_may_stand_in_any_order(study: fl.Study, folder: Path) -> None:
    fl.io.write_theta(fl.LinearPotential(theta=np.arange(K) + 1.0), folder / "theta_mine.json")
    panel = ComparePanel(study, configuration=2, models=("theta_mine",), quantity=SITE, saved="theta_mine.json")
    ok(panel)
    assert panel.state.models == ("theta_mine",) and panel.state.quantity == SITE
    with pytest.raises(traitlets.TraitError, match="view: expected one of 'distribution', .* got 'pie'"):
        ComparePanel(study, view="pie")
    with pytest.raises(traitlets.TraitError, match="veiw"):
        ComparePanel(study, veiw=PARITY)


def test_another_study_keeps_the_choices_that_it_has(study: fl.Study) -> None:
    panel = ComparePanel(study, models=("θ_f", "θ (given)"), trajectory="t5", view=ERRORS)
    panel.use(fl.Study(sampled(seed=1, trajectories=3)))
    ok(panel)
    assert panel.state.models == ("θ_f", "energy fit")  # what is new is shown
    assert panel.state.trajectory == ALL and panel.state.view == ERRORS
    assert tuple(panel.figure.data[0].x) == ("t0", "t1", "t2")


# Landscape


def surface(panel: LandscapePanel) -> object:
    return next(trace for trace in panel.figure.data if trace.type == "surface")


def is_drawn(panel: LandscapePanel) -> None:
    """The surface is that of the atlas for what is chosen, and so are its colours, axes and marks."""
    ok(panel)
    land, points = panel._study.atlas(**panel.state.view())
    shown = surface(panel)
    np.testing.assert_array_equal(shown.z, land.z)
    np.testing.assert_array_equal(shown.x, land.x)
    np.testing.assert_array_equal(shown.y, land.y)
    assert shown.name.startswith(land.name)
    scene = panel.figure.layout.scene
    titles = (axis.title.text.removeprefix(" <br>").replace("<br>", " ") for axis in (scene.xaxis, scene.yaxis))
    assert tuple(titles) == land.plane.labels  # in short lines
    names = next(trace for trace in panel.figure.data if getattr(trace, "mode", "") == "markers+text").text
    inside = [name for name, p in points.items() if np.isfinite(land.at(*p))]
    assert list(names or []) == (inside if panel.state.marks else [])


def test_every_loss_of_every_model_on_every_plane(study: fl.Study) -> None:
    panel = LandscapePanel(study, n=21)
    before = {name: model.theta.tobytes() for name, model in study.models.items()}
    assert panel.state.options["model"] == tuple(study.models)
    for model in study.models:
        panel.state.model = model
        assert panel.state.options["plane"] == linear.PLANES
        for plane in linear.PLANES:
            panel.state.plane = plane
            is_drawn(panel)
    for loss in panel.state.options["loss"]:
        control(panel, "Loss").set_state({"index": panel.state.options["loss"].index(loss)})
        assert panel.state.loss == loss
        is_drawn(panel)
    assert {name: model.theta.tobytes() for name, model in study.models.items()} == before


def test_networks_offer_their_own_planes_and_keep_their_weights(neural_study: fl.Study) -> None:
    study = neural_study
    panel = LandscapePanel(study, n=21, model="net", loss="force MAE")
    panel.work.wait()
    weights = study.others["net"].potential.theta.tobytes()
    assert panel.state.options["plane"] == neural.PLANES
    for name in ("to", "third", "first", "second"):
        assert panel.state.options[name] == () and getattr(panel.state, name) == ""
    for plane in neural.PLANES:
        panel.state.plane = plane
        is_drawn(panel)
    for loss in (J, "energy MAE"):
        panel.state.loss = loss
        is_drawn(panel)
    assert study.others["net"].potential.theta.tobytes() == weights
    panel.state.model = "θ_f"
    assert panel.state.plane in linear.PLANES
    is_drawn(panel)


def test_a_network_is_compared_beside_linear_potentials(neural_study: fl.Study) -> None:
    panel = ComparePanel(neural_study)
    assert panel.state.models == (*neural_study.models, "net") and "net" in samples(panel)
    for view in panel.state.options["view"]:
        panel.state.view = view
        ok(panel)
    panel.state.models = ("net",)
    panel.state.view = FORCES
    ok(panel)
    panel.state.trajectory = "t1"
    panel.state.quantity = SITE
    ok(panel)


def displayed(panel: LandscapePanel) -> set[str]:
    labels = ("To", "And", "First coefficient", "Second coefficient", "Seed")
    return {label for label in labels if control(panel, label).layout.display == "flex"}


@pytest.mark.parametrize(
    ("plane", "labels"),
    [
        (linear.ANOTHER, {"To", "Seed"}), (linear.THREE, {"To", "And"}), (linear.EIGEN, set()),
        (linear.COEFFICIENTS, {"First coefficient", "Second coefficient"}), (linear.RANDOM, {"Seed"}),
    ],
)  # fmt: skip
def test_only_what_fits_the_plane_is_asked_for(study: fl.Study, plane: str, labels: set[str]) -> None:
    panel = LandscapePanel(study, plane=plane)
    is_drawn(panel)
    assert displayed(panel) == labels


def test_other_models_are_never_the_model_itself_nor_each_other(study: fl.Study) -> None:
    panel = LandscapePanel(study, plane=linear.THREE)
    for model in study.models:
        panel.state.model = model
        assert set(panel.state.options["to"]) == set(study.models) - {model}
        for to in panel.state.options["to"]:
            panel.state.to = to
            assert set(panel.state.options["third"]) == set(study.models) - {model, to}
            is_drawn(panel)
            with pytest.raises(traitlets.TraitError, match="third: expected one of"):
                panel.state.third = to


def test_two_coefficients_are_never_the_same(study: fl.Study) -> None:
    panel, names = LandscapePanel(study, plane=linear.COEFFICIENTS), study.data.descriptor_names
    assert panel.state.options["first"] == names and (panel.state.first, panel.state.second) == names[:2]
    panel.state.first = names[1]
    assert panel.state.second == names[0] and names[1] not in panel.state.options["second"]
    panel.state.second = names[3]
    is_drawn(panel)
    assert panel.figure.layout.scene.xaxis.title.text == names[1]
    assert panel.figure.layout.scene.yaxis.title.text == names[3]


def test_half_width_and_resolution_and_seed(study: fl.Study) -> None:
    panel = LandscapePanel(study, plane=linear.RANDOM)
    before = surface(panel)
    low, size, z = before.x[0], len(before.x), before.z.copy()
    control(panel, "Half-width").set_state({"value": 10.0})
    is_drawn(panel)
    assert surface(panel).x[0] == pytest.approx(10 * low)
    control(panel, "Resolution").set_state({"value": 101})
    is_drawn(panel)
    assert size == 61 and np.shape(surface(panel).z) == (101, 101)
    panel.state.half_width, panel.state.n = 1.0, 61
    control(panel, "Seed").set_state({"value": 7})
    is_drawn(panel)
    assert not np.array_equal(surface(panel).z, z)
    panel.state.seed = 0
    assert np.array_equal(surface(panel).z, z)
    again = LandscapePanel(fl.Study(study.data, models=study.models), plane=linear.RANDOM)
    assert np.array_equal(surface(again).z, z)  # the same seed, the same picture


def test_log_changes_the_colours_and_not_the_heights(study: fl.Study) -> None:
    panel = LandscapePanel(study)
    z = np.array(surface(panel).z)
    np.testing.assert_array_equal(surface(panel).surfacecolor, z)
    control(panel, "Log colour").set_state({"value": True})
    is_drawn(panel)
    np.testing.assert_array_equal(surface(panel).z, z)
    np.testing.assert_allclose(surface(panel).surfacecolor, np.log10(z))
    panel.state.log = False
    np.testing.assert_array_equal(surface(panel).surfacecolor, z)


def path(panel: LandscapePanel) -> go.Scatter3d:
    return next(trace for trace in panel.figure.data if trace.type == "scatter3d")


def test_marks_and_the_path_between_them_can_be_left_out(study: fl.Study) -> None:
    panel = LandscapePanel(study)
    assert len(path(panel).x) == 40
    control(panel, "Models and path").set_state({"value": False})
    is_drawn(panel)
    assert len(path(panel).x) == 0
    panel.state.marks = True
    is_drawn(panel)


def test_cross_sections_go_where_they_are_put(study: fl.Study) -> None:
    panel = LandscapePanel(study, plane=linear.RANDOM, x=0.5)
    control(panel, "Cut at y").set_state({"value": -0.25})
    land, _ = study.atlas(**panel.state.view())
    along_x, along_y = (trace for trace in panel.figure.data if getattr(trace, "yaxis", "") == "y2")
    np.testing.assert_allclose(along_x.y, land.at(land.x, -0.25))
    np.testing.assert_allclose(along_y.y, land.at(0.5, land.y))
    assert along_x.name == "along x, at y = −0.25" and along_y.name == "along y, at x = 0.5"


def test_a_click_on_the_contours_moves_the_cross_sections(study: fl.Study) -> None:
    panel = LandscapePanel(study, plane=linear.RANDOM)
    panel.figure._handle_custom_msg({"picked": [[1, None, 0.123456, -0.5]]}, [])
    assert (panel.state.x, panel.state.y) == (0.1235, -0.5)
    assert "along y, at x = 0.123" in [trace.name for trace in panel.figure.data]
    assert control(panel, "Cut at x").value == 0.1235


def test_the_turned_camera_stays(study: fl.Study) -> None:
    panel = LandscapePanel(study)
    panel.figure.camera = {"eye": {"x": -2.5, "y": 1.0, "z": 1.0}}
    panel.state.loss = "energy MAE"
    panel.state.model, panel.state.plane = "θ (given)", linear.RANDOM
    assert panel.figure.camera["eye"]["x"] == -2.5


@pytest.mark.parametrize(
    ("name", "known"),
    [("model", "θ_f"), ("loss", J), ("plane", linear.RANDOM), ("to", "θ .given."), ("third", "Fisher"), ("first", "")],
)
def test_what_is_not_known_is_refused_with_what_is(study: fl.Study, name: str, known: str) -> None:
    plane = {"third": linear.THREE, "first": linear.COEFFICIENTS}.get(name, linear.ANOTHER)
    panel = LandscapePanel(study, plane=plane)
    before = panel.state.trait_values()
    with pytest.raises(traitlets.TraitError, match=f"{name}: expected one of .*{known}.* got 'no such'"):
        setattr(panel.state, name, "no such")
    assert panel.state.trait_values() == before
    is_drawn(panel)


def test_choices_of_a_plane_may_stand_before_it(study: fl.Study) -> None:
    chosen = {"third": "θ_f", "to": "Fisher + KL", "plane": linear.THREE, "model": "θ (given)"}
    panel = LandscapePanel(study, **chosen)
    assert {name: getattr(panel.state, name) for name in chosen} == chosen
    is_drawn(panel)


def test_an_error_is_put_into_words_and_cleared_by_the_next_choice(
    study: fl.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = LandscapePanel(study)

    def fail(*_: object) -> None:
        raise ValueError("no <such> data")

    with monkeypatch.context() as patch:
        patch.setattr(linear, "project", fail)
        panel.state.loss = "KS of energies"
        assert "no &lt;such&gt; data" in panel.work.status.value and isinstance(panel.last_error, ValueError)
    panel.state.loss = J
    is_drawn(panel)


def test_long_work_can_be_cancelled_and_the_choice_goes_back(
    neural_study: fl.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, progress: Progress, **settings: object) -> None:
        for step in range(10_000):
            progress(step, 10_000)
            time.sleep(0.001)

    async def scene() -> None:
        panel = LandscapePanel(neural_study)
        monkeypatch.setattr(neural.NeuralProjection, "of", slow)
        before, z = panel.state.trait_values(), np.array(surface(panel).z)
        control(panel, "Model").set_state({"index": panel.state.options["model"].index("net")})
        assert f"{J} around net" in panel.work.status.value
        await until(lambda: "%" in panel.work.status.value)
        assert f"{J} around net: " in panel.work.status.value
        panel.work.button.click()
        assert panel.state.trait_values() == before and control(panel, "Model").value == before["model"]
        panel.work._thread.join(60)
        await asyncio.sleep(0.05)
        np.testing.assert_array_equal(surface(panel).z, z)
        assert "Cancelled" in panel.work.status.value
        panel.state.loss = "energy MAE"  # and all goes on from there
        panel.work.wait()
        is_drawn(panel)

    asyncio.run(scene())


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing happened for a minute")


def replaced(monkeypatch: pytest.MonkeyPatch, method: Callable, *names: str) -> None:
    """In atlases made from now on, the exact evaluation of some losses is ``method`` of what it was."""

    def new(loss: Loss) -> Loss:
        return dataclasses.replace(loss, linear=dataclasses.replace(loss.linear, exact=method(loss.linear.exact)))

    losses = [new(loss) if loss.name in names else loss for loss in atlas.EVALUATED]
    monkeypatch.setattr(atlas, "EVALUATED", losses)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Every preview is worth while, and exact force losses go on until this is set."""
    go_on = threading.Event()

    def held_up(method: Callable) -> Callable:
        def exact(self: Projection, x: np.ndarray, y: np.ndarray, *, progress: Progress) -> np.ndarray:
            end = time.monotonic() + 300
            while not go_on.is_set():
                progress(0, 100)
                time.sleep(0.002)
                assert time.monotonic() < end, "held for 300 s, and nobody came"
            return method(self, x, y, progress=progress)

        return exact

    monkeypatch.setattr(previews, "MOMENT", 0.0)
    replaced(monkeypatch, held_up, "force MAE", "force Huber")
    return go_on


def is_preview(panel: LandscapePanel) -> bool:
    return str(panel.figure.layout.title.subtitle.text).startswith("Preview, ±")


def test_a_preview_is_shown_with_its_error_and_the_exact_surface_takes_its_place(
    study: fl.Study, slow: threading.Event
) -> None:
    async def scene() -> None:
        panel = LandscapePanel(study)
        assert not is_preview(panel)
        panel.figure.camera = {"eye": {"x": -2.5, "y": 1.0, "z": 1.0}}
        panel.state.loss = "force MAE"
        await until(lambda: is_preview(panel))
        seen, _ = study.atlas(**panel.state.view(), preview=True)
        np.testing.assert_array_equal(surface(panel).z, seen.z)
        error = f"{1e3 * seen.error:.2g} meV/Å" if seen.error < 0.1 else f"{seen.error:.2g} eV/Å"
        assert panel.figure.layout.title.subtitle.text == f"Preview, ± {error}, until the exact surface is there"
        assert panel.work.busy and "force MAE around θ_f" in panel.work.status.value
        panel.state.log, panel.state.x = True, 0.25  # taken when the exact surface is drawn
        slow.set()
        panel.work.wait()
        is_drawn(panel)
        assert not is_preview(panel) and panel.figure.camera["eye"]["x"] == -2.5
        assert not np.array_equal(surface(panel).z, seen.z) and np.abs(surface(panel).z - seen.z).max() <= seen.error
        assert "x = 0.25" in str([trace.name for trace in panel.figure.data])
        panel.state.x = 0.5  # nothing is computed again for that
        assert not panel.work.busy and not is_preview(panel)

    asyncio.run(scene())


def test_another_choice_takes_the_place_of_a_preview_and_of_its_exact_surface(
    study: fl.Study, slow: threading.Event
) -> None:
    async def scene() -> None:
        panel = LandscapePanel(study)
        threads = threading.active_count()
        panel.state.loss = "force MAE"
        panel.state.loss = "force Huber"  # before there is any preview
        await until(lambda: is_preview(panel))
        assert surface(panel).name.startswith("force Huber")
        panel.state.loss = "energy MAE"  # while the exact surface is made
        panel.work.wait()
        is_drawn(panel)
        slow.set()
        await asyncio.sleep(0.1)
        is_drawn(panel)
        assert surface(panel).name.startswith("energy MAE") and not is_preview(panel)
        assert threading.active_count() <= threads  # the cancelled ones have ended

    asyncio.run(scene())


def test_who_cancels_the_exact_surface_is_shown_what_was_there_before_its_preview(
    study: fl.Study, slow: threading.Event
) -> None:
    async def scene() -> None:
        panel = LandscapePanel(study)
        before, z = panel.state.trait_values(), np.array(surface(panel).z)
        panel.state.loss = "force MAE"
        await until(lambda: is_preview(panel))
        panel.work.button.click()
        assert panel.state.trait_values() == before and not is_preview(panel)
        np.testing.assert_array_equal(surface(panel).z, z)
        slow.set()
        await asyncio.sleep(0.1)
        np.testing.assert_array_equal(surface(panel).z, z)
        assert "Cancelled" in panel.work.status.value and panel.last_error is None
        panel.state.loss = "force MAE"
        panel.work.wait()
        is_drawn(panel)

    asyncio.run(scene())


def test_an_exact_surface_that_fails_is_told_of_beside_its_preview(
    study: fl.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MOMENT", 0.0)

    def fail(*_: object, **__: object) -> None:
        raise ValueError("no memory")

    replaced(monkeypatch, lambda _: fail, "energy MAE")

    async def scene() -> None:
        panel = LandscapePanel(study)
        panel.state.loss = "energy MAE"
        panel.work.wait()
        assert is_preview(panel) and "no memory" in panel.work.status.value and not panel.work.busy
        panel.state.loss = J
        is_drawn(panel)
        assert not is_preview(panel)

    asyncio.run(scene())


def test_a_page_that_is_left_meanwhile_is_drawn_when_it_is_opened_again(study: fl.Study, slow: threading.Event) -> None:
    async def scene() -> None:
        panel = LandscapePanel(study)
        z = np.array(surface(panel).z)
        for left_after_the_preview in (False, True):
            panel.state.loss = "force Huber" if left_after_the_preview else "force MAE"
            if left_after_the_preview:
                await until(lambda: is_preview(panel))
            panel.active = False  # as the dashboard does
            slow.set()
            panel.work.wait()
            panel.wake()
            panel.work.wait()
            is_drawn(panel)
            assert not is_preview(panel) and not np.array_equal(surface(panel).z, z)
            slow.clear()

    asyncio.run(scene())


def test_what_is_exact_within_a_moment_is_never_previewed(study: fl.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    become = LandscapePanel.show
    monkeypatch.setattr(LandscapePanel, "show", lambda self, figure: (shown.append(figure), become(self, figure)))
    panel = LandscapePanel(study)
    for loss in study.atlas.losses[1:]:
        panel.state.loss = loss
        is_drawn(panel)
    assert len(shown) == len(study.atlas.losses) and not any(
        "Preview" in figure.layout.title.subtitle.text for figure in shown
    )


# Dashboard


@pytest.fixture
def good(folder: Path, data: fl.Dataset) -> Path:
    fl.io.write(data, folder / "good.npz")
    return folder / "good.npz"


def open_page(dashboard: Dashboard, page: str) -> Panel:
    dashboard.pages.set_state({"value": page})
    shown = dashboard._place.children
    active = [panel for panel in (dashboard.load, *dashboard.panels.values()) if panel.active]
    assert shown == (dashboard.page,) and active == [panel for panel in shown if panel is not dashboard.nothing]
    return shown[0]


def test_pages_are_drawn_on_one_figure(good: Path) -> None:
    dashboard = Dashboard(str(good))
    assert dashboard.page is dashboard.load and "Energies by trajectory" in title(dashboard)
    expected = {"Fit": "The fit", "Compare": "Distribution of energies", "Load": "Energies by trajectory"}
    for page, words in expected.items():
        panel = open_page(dashboard, page)
        ok(panel)
        assert panel.figure is dashboard.figure and words in title(panel)
    panel = open_page(dashboard, "Landscape")
    is_drawn(panel)
    panel.figure.camera = {"eye": {"x": -2.5, "y": 1.0, "z": 1.0}}
    open_page(dashboard, "Fit")
    open_page(dashboard, "Landscape")
    assert panel.figure.camera["eye"]["x"] == -2.5
    assert dashboard.children[-1] is dashboard.figure and not any(
        child is dashboard.figure for panel in (dashboard.load, *dashboard.panels.values()) for child in panel.children
    )


def test_a_page_that_is_not_open_draws_nothing(good: Path) -> None:
    dashboard = Dashboard(str(good))
    shown = title(dashboard)
    dashboard.compare.state.view, dashboard.fit.state.ridge, dashboard.landscape.state.n = PARITY, 0.1, 81
    dashboard.landscape._cut([Picked(0, 0, 0.3, 0.4)])
    assert title(dashboard) == shown and dashboard.landscape.state.x == 0.0
    assert title(open_page(dashboard, "Compare")).startswith("Energy parity of θ_f")
    assert open_page(dashboard, "Fit").model.provenance["ridge"] == 0.1


def test_before_data_are_loaded_every_page_asks_for_them(good: Path, data: fl.Dataset) -> None:
    dashboard = Dashboard("missing.npz")
    assert dashboard.fit is None and "missing.npz" in dashboard.load.work.status.value
    for page in ("Fit", "Compare", "Landscape"):
        assert open_page(dashboard, page) is dashboard.nothing and not dashboard.figure.data
        assert "No data yet: missing.npz: no such file" in dashboard._about.value
    dashboard.load.state.path = str(good)  # the page that was asked for opens
    assert dashboard._place.children == (dashboard.landscape,)
    is_drawn(dashboard.landscape)


def test_a_fit_that_is_added_appears_on_the_other_pages(good: Path, folder: Path) -> None:
    fl.io.write_theta(fl.LinearPotential(theta=np.arange(K) + 1.0), folder / "theta_mine.json")
    dashboard = Dashboard(str(good))
    other = Slow(threading.Event())
    dashboard.add(other)
    open_page(dashboard, "Compare").state.saved = "theta_mine.json"
    fit = open_page(dashboard, "Fit")
    fit.state.kl, fit.state.name = 2.0, "<i>mine</i>"
    control(fit, "Add to the models").click()
    assert "&lt;i&gt;mine&lt;/i&gt; is among the models" in fit.work.status.value and fit.last_error is None
    for panel, name in ((dashboard.compare, "models"), (dashboard.landscape, "model")):
        assert {"theta_mine", "<i>mine</i>"} < set(panel.state.options[name])
    landscape = open_page(dashboard, "Landscape")
    assert landscape._study.others["net"] is other
    landscape.state.model = "<i>mine</i>"
    is_drawn(landscape)
    compare = open_page(dashboard, "Compare")
    compare.state.models = ("<i>mine</i>", "theta_mine")
    ok(compare)
    fit = open_page(dashboard, "Fit")
    fit.state.name = "second"
    control(fit, "Add to the models").click()
    assert {"theta_mine", "<i>mine</i>", "second"} < set(dashboard.compare.state.options["models"])


def test_another_file_reaches_every_page_and_a_bad_one_is_told_on_all_of_them(good: Path, folder: Path) -> None:
    other = sampled(seed=5, trajectories=3)
    fl.io.write(other, folder / "other.npz")
    dashboard = Dashboard(str(good))
    panels = (dashboard.load, *dashboard.panels.values())
    dashboard.load.state.path = str(folder / "other.npz")
    ok(dashboard.load)
    assert (dashboard.load, *dashboard.panels.values()) == panels
    np.testing.assert_allclose(open_page(dashboard, "Fit").model.theta, fl.solve(fl.fisher(fl.accumulate(other))).theta)
    assert dashboard.compare.state.options["trajectory"] == (ALL, "t0", "t1", "t2")
    is_drawn(open_page(dashboard, "Landscape"))
    load = open_page(dashboard, "Load")
    load.state.path = "missing.npz"
    assert load.study is None
    assert open_page(dashboard, "Fit") is dashboard.nothing  # and no button that saves the θ of other data
    control(load, "Back to other.npz").click()
    fit = dashboard.page
    assert fit is dashboard.fit and dashboard.load.state.path == str(folder / "other.npz")
    control(fit, "Add to the models").click()
    assert fit.last_error is None and "my fit" in dashboard.compare.state.options["models"]


def test_a_file_that_is_refused_late_is_told_on_the_page_that_is_open_meanwhile(
    good: Path, folder: Path, data: fl.Dataset
) -> None:
    dashboard = Dashboard(str(good))
    chosen = dataclasses.replace(dashboard.load.state.choice, gradient=True)
    bad = reading_of(str(good), None, NONE, chosen, lambda done, total: None)
    open_page(dashboard, "Compare")
    with pytest.raises(ValueError, match="sign"):
        dashboard.load._use(bad)
    assert dashboard.page is dashboard.nothing and not dashboard.figure.data
