"""One contract for all figures: nothing of an axis is left to the guesses of plotly.js, which outlive the figure."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

import fisherlib as fl
from fisherlib import comparison, figures

ROOT = Path(__file__).resolve().parents[1]
Build = Callable[[], go.Figure]
#: What ``figures`` offers and is not a figure.
OTHERS = {
    "styled",
    "property_table",
    "Bands",
    "LinkedMap",
    "linked_map",
    "explorer",
    "MARK",
    "PALETTE",
    "REFERENCE",
    "SCALE",
}


@pytest.fixture(scope="module")
def build(ragged: Callable[..., fl.Dataset]) -> dict[str, Build]:
    """A small one of each figure, by the name of its function."""
    data = ragged(0, K=4, temperatures=(300.0,) * 6, configurations=20, atoms=(3, 3))
    study = fl.Study(data)
    theta, names = study.models["θ_f"].theta, data.descriptor_names
    model = fl.LinearPotential(theta=1.1 * theta, name="other")
    compared = [comparison.compare(each, data) for each in (study.models["θ_f"], model)]
    histogram = comparison.force_histogram(data.forces, model.forces(data), bins=9)
    kappas, E, samples = np.array([0.1, 1.0]), data.energies, {"a": [1.0, 2.0], "b": [1.5, 2.5]}
    errors, solution = {"θ_f": {"t0": 0.1, "t1": 0.2}}, fl.solve(fl.fisher(study.moments, 300.0))
    path = fl.profiles.profile(data, study.moments, fl.regression.kl_path(study.moments, kappas))
    gap = {"m": fl.reweighting.free_energy_difference(E, model.energies(data), 300.0)}
    slow = fl.diagnostics.metastability(study.moments)
    surface = study.atlas(study.atlas.models[0], "Fisher divergence", n=21)
    parts = fl.validation.split(tuple(data), 3)
    folds = [fl.validation.fold_errors(study.moments, fl.regression.fisher_fit, parts, name="m")]
    family = fl.validation.learning_curves(study.moments, {"m": [0, 2]}, parts, [1, 2])
    search = fl.tuning.read(ROOT / "data" / "cu55_tuning.journal")
    well = fl.systems.TiltedDoubleWell()
    plane = fl.systems.quadrature(well, well.bounds, points=60)
    bent = np.zeros((2, 6, 2))
    lines = fl.flows.Grid(bent=bent, seen=bent, z=[-1.0, 1.0], energies=np.eye(2))
    along = fl.reweighting.free_energy_profile([0.2, 0.7], edges=[0.0, 0.5, 1.0])
    looks = {
        "step": [0, 10],
        "example loss": [2.0, 1.0],
        "energy loss": [np.nan, 1.0],
        "effective sample size": [0.1, 0.2],
    }
    x = np.random.default_rng(0).uniform(0.0, 4.0, (1, 20, 2))
    kinds = {"names": ["a", "b"], "kinds": ["a", "b"], "generations": np.zeros(2, int), "reach": np.ones(2)}
    places = {"positions": x[0], "particles": np.arange(20), "box": np.array([4.0, 4.0])}
    particles = fl.glass.Rows(X=x[0], y=x[0, :, 0], blocks=np.full(20, "a"), **places, **kinds)
    moved = {"times": [1.0, 10.0], "propensity": np.ones((1, 2, 20))}
    glass = fl.glass.Ensemble(names=["a"], positions=x, types=np.zeros((1, 20), int), box=[4.0, 4.0], **moved)
    evidence = fl.regression.evidence(fl.Moments.from_rows(x[0], x[0] @ [1.0, 2.0] + x[0, ::-1, 0]))
    r = comparison.Correlation(pooled=0.6, each={"a": 0.5})
    made = fl.selection.features(x[0], names=["a", "b"])
    laws = fl.selection.sparse_laws(made, x[0] @ [1.0, 2.0], terms=2, resamples=2, controls=2, screened=5)
    spreads = {"m": fl.properties.Spread(names=("C11, GPa",), values=[1.0], draws=[[0.9], [1.0], [1.1]])}
    labels = fl.validation.LabelErrors(numbers=np.array([5, 9]), rmse=np.array([2.0, 1.0]), largest=np.ones(2))
    live = fl.validation.LiveFit()
    for t in fl.systems.double_well(0.1, tilt=0.02, trajectories=12).values():
        live.add(t)
    saved = [fl.validation.SavedFit(name=c.name, errors=c, K=4) for c in compared]
    return {
        "ablation": lambda: figures.ablation({"a": (0.1, 0.01)}),
        "calibration": lambda: figures.calibration({"m": [1.0, 2.0]}, {"m": [1.0, 3.0]}, unit="eV"),
        "cdfs": lambda: figures.cdfs(samples),
        "coefficients": lambda: figures.coefficients({"θ": theta}, names=names),
        "configuration_maps": lambda: figures.configuration_maps({"m": np.eye(2)}, [0.0, 1.0], label="eV"),
        "correlations": lambda: figures.correlations(
            np.eye(2), {"leaves": [1, 0], "icoord": [[5, 5, 15, 15]], "dcoord": [[0, 1, 1, 0]]}, names=["a", "b"]
        ),
        "coverage": lambda: figures.coverage(
            {"m": fl.uncertainty.coverage([0.5, -3.0], np.ones(2), ["a", "b"])}, note="one split"
        ),
        "density": lambda: figures.density(plane, {"m": [[0.0, 0.0]]}),
        "energies": lambda: figures.energies(data),
        "energy_curves": lambda: figures.energy_curves({"m": {11.0: 0.1, 12.0: 0.0}}),
        "errors_by_class": lambda: figures.errors_by_class([comparison.errors_by(model, data, "trajectory")]),
        "errors_by_trajectory": lambda: figures.errors_by_trajectory(compared),
        "featurisers": lambda: figures.featurisers(folds, {"m": [1.0, 2.0]}),
        "feature_weights": lambda: figures.feature_weights([1.0, 2.0], [0.1, 0.1], ["a", "b"], ["c", "d"]),
        "fit": lambda: figures.fit(
            {"θ_f": theta}, solution.eigenvalues, errors, names=names, rank=4, condition=solution.condition
        ),
        "flexibility": lambda: figures.flexibility({"m": [(10, 0.5, 0.1), (10_000, 0.6, 0.1)]}, 0.9),
        "flow_training": lambda: figures.flow_training(looks | {"kept": [10]}),
        "force_parity": lambda: figures.force_parity(histogram, name="m", force_rmse=0.1),
        "free_energies": lambda: figures.free_energies(gap, n_atoms=3),
        "free_energy_profiles": lambda: figures.free_energy_profiles({"m": along}),
        "importances": lambda: figures.importances(search),
        "law_errors": lambda: figures.law_errors(laws),
        "landscape": lambda: figures.landscape(*surface),
        "landscapes": lambda: figures.landscapes({("a",): surface}, keys=("model",)),
        "interpolation": lambda: figures.interpolation({"m": ([[0.0, 0.0], [1.0, 1.0]], [0.0, 1.0])}, plane),
        "panels": lambda: figures.panels([0, 1], [0, 1], {"a": np.eye(2)}, limit=0.5, box=(0, 1)),
        "fitting_curves": lambda: figures.fitting_curves({"epoch": ([1, 2], {"a": np.ones((2, 2))})}, label="RMSE"),
        "label_curves": lambda: figures.label_curves({"a": [labels, labels]}, unit="meV"),
        "latent_grid": lambda: figures.latent_grid({"0": lines, "1": lines}, plane),
        "learning_curves": lambda: figures.learning_curves({"m": ([1, 2], [[0.3, 0.4], [0.1, 0.2]])}, label="walkers"),
        "learning_family": lambda: figures.learning_family(family, reach={"m": 4.0}, order={"m": "pairs"}),
        "length_scales": lambda: figures.length_scales(
            [0.0, 1.0], {1.0: ([0.0, 1.0], [0.1, 0.1], -3.0)}, ([0.5], [0.6]), label="r, Å", value="E, eV", unit="Å"
        ),
        "metastability": lambda: figures.metastability(slow),
        "mixtures": lambda: figures.mixtures(fl.validation.choose_mixture(study.moments)),
        "mobile_clusters": lambda: figures.mobile_clusters(glass, np.arange(20) // 5 - 1),
        "pair_distributions": lambda: figures.pair_distributions({"m": ([1.0, 2.0], [0.0, 1.0], [0.0, 0.1])}),
        "pareto": lambda: figures.pareto(search),
        "parity": lambda: figures.parity(compared),
        "particles": lambda: figures.particles({"m": [0.0, 0.0, 1.0, 0.0]}),
        "phonon_points": lambda: figures.phonon_points(spreads, {"C11, GPa": 1.0}),
        "profile": lambda: figures.profile(kappas, path, title="t", label="κ", log=True),
        "propensity_map": lambda: figures.propensity_map(glass),
        "propensity_maps": lambda: figures.propensity_maps(
            particles, {"measured": particles.y, "predicted": x[0, :, 1]}
        ),
        "propensity_times": lambda: figures.propensity_times([1.0, 10.0], {"m": [0.5, 0.6]}, [0.9, 0.9]),
        "properties": lambda: figures.properties(spreads, {"C11, GPa": 1.0}),
        "protocols": lambda: figures.protocols({"random splits": r}, 0.9),
        "ranking": lambda: figures.ranking(study.ranking("θ_f"), chosen=1),
        "residuals": lambda: figures.residuals(compared),
        "risks": lambda: figures.risks({"Bayes-Ridge": evidence}),
        "samplers": lambda: figures.samplers({"m": {"ΔF, kT": (1.0, 0.1), "u, kT": (2.0, 0.1)}, "n": {}}),
        "search_history": lambda: figures.search_history(search),
        "site_energy_cdfs": lambda: figures.site_energy_cdfs(samples, title="t"),
        "slices": lambda: figures.slices(search),
        "sparsity": lambda: figures.sparsity({"m": [(1, 0.5, 0.1), (3, 0.6, 0.1)]}, 0.9),
        "spectrum": lambda: figures.spectrum(solution.eigenvalues, rank=4),
        "strengths": lambda: figures.strengths(fl.validation.choose_strength(study.moments)),
        "structure": lambda: figures.structure([[0.0, 0.0, 0.0]], {"m": ([1.0], [0.1])}, symbols=["Cu"]),
        "training": lambda: figures.training({"loss": [1.0, 0.4], "validation loss": [0.9, 0.5]}),
        "front": lambda: figures.front(saved, chosen="other"),
        "live_fit": lambda: figures.live_fit(live, target=1e-3),
        "trade_off": lambda: figures.trade_off({"path": (["a", "b"], path)}),
        "weights": lambda: figures.weights({"m": np.linspace(0.0, 1.0, 9)}),
    }


NAMES = sorted(name for name in vars(figures) if callable(getattr(figures, name)) and name not in OTHERS)


@pytest.mark.parametrize("name", NAMES)
def test_every_axis_says_what_it_is(name: str, build: dict[str, Build]) -> None:
    figure = build[name]()
    drawn = {t[f"{c}axis"] or c for t in figure.data if "xaxis" in t for c in "xy"}
    layout = figure.layout.to_plotly_json()
    axes = {key: axis for key, axis in layout.items() if re.fullmatch(r"[xy]axis\d*", key)}
    assert {f"{ref[0]}axis{ref[1:]}" for ref in drawn} <= set(axes) and (axes or "scene" in layout)
    for axis in axes.values():
        assert axis["type"] in ("linear", "log", "category") and axis["constrain"] in ("range", "domain")
        assert len(axis["domain"]) == 2 and axis["anchor"]
        # in one format, where plotly.js would write 2 for 0.2 and 1p for 1e-12
        assert axis["type"] != "log" or "tickvals" in axis or axis.get("tickformat")
    for key in ("scene",) if "scene" in layout else ():
        assert all(layout[key][f"{letter}axis"]["type"] == "linear" for letter in "xyz")


def test_all_figures_are_among_them(build: dict[str, Build]) -> None:
    assert NAMES == sorted(build)


def test_trajectories_and_descriptors_that_are_called_by_numbers_stay_names() -> None:
    layout = figures.coefficients({"θ": [1.0, 2.0]}, names=["300", "1200"]).layout
    assert layout.xaxis.type == "category" and layout.yaxis.type == "linear"


def test_a_type_that_a_figure_chooses_stays() -> None:
    layout = figures.spectrum([2.0, 1.0], rank=2).layout
    assert (layout.xaxis.type, layout.yaxis.type) == ("linear", "log")


def test_logarithmic_axes_write_whole_numbers_and_a_second_one_has_ticks_of_its_own() -> None:
    errors = {"validation force RMSE, eV/Å": [0.1, 0.05], "validation energy RMSE, eV/atom": [0.004, 0.001]}
    layout = figures.training({"loss": [1.0, 0.4], **errors}).layout
    assert layout.yaxis2.ticktext == ("10", "20", "50", "100")
    assert layout.yaxis3.overlaying == "y2" and layout.yaxis3.ticktext == ("1", "2", "5", "10")
