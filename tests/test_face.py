"""The public face: what could be imported before can still be, and every name of it has an example that runs."""

import doctest
import inspect
from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import pytest
from budgets import PACKAGE, modules

import fisherlib as fl

FACE = """
    Atlas Calculator Dataset Landscape LinearPotential Moments Plane Quadratic Solution Study Trajectory accumulate cluster comparison
    descriptors diagnostics energy featurise figures fisher fisher_residual flows glass io kl landscape neural profiles project properties refine
    regression reweighting ridge sampling selection solve states systems tables trust tuning uncertainty units validation widgets
""".split()

#: Names of the rooms. Gone are ``io.Complete`` and ``io.Frames``: an opened file is of one class, and structures with
#: named columns stand in ``fisherlib.configurations``.
ROOMS = {
    "cluster": "accumulate merge write_part Rows",
    "comparison": """ecdf ecdf_difference ks wasserstein_1 Comparison Histogram compare compare_predictions force_histogram
        of_one_dataset sampling_noise Correlation pearson noise_ceiling ClassErrors errors_by force_errors""",
    "descriptors": "Soap Joined PROPERTIES Compositions compositional",
    "diagnostics": """consistency without_copies ensemble sample facts check health null_directions temperature_dependence
        contributions leverage Metastability metastability signs_of_moments short_runs single_run autocorrelation_time canonical_ratio
        configurational_temperature drift virial_temperature Verdict""",
    "figures": """strengths errors_by_trajectory force_parity parity residuals energies Bands cdfs site_energy_cdfs
        coefficients fit spectrum landscape landscapes profile trade_off free_energies weights MARK PALETTE REFERENCE SCALE
        styled calibration coverage length_scales metastability density particles flow_training interpolation latent_grid samplers
        free_energy_profiles propensity_map propensity_maps mobile_clusters risks feature_weights ablation protocols flexibility
        sparsity propensity_times label_curves
        learning_family configuration_maps correlations linked_map LinkedMap
        law_errors
        structure
        panels fitting_curves explorer ranking errors_by_class live_fit front""",
    "flows": "Draws Flow Grid Stage draw grid log_weights path read real_nvp spline train write",
    "glass": """Descriptors Ensemble KA2D KA3D Minimum Mixture Rows descriptors inherent mobile_clusters read rows
        with_inherent""",
    "io": """database lammps milady Column read read_frames write find printable sha256 data_files theta_files write_frames
        Opened open read_moments write_moments fetch zuo2020 read_snapcoeff write_snapcoeff read_theta versions
        write_theta read_formulas""",
    "io.database": "blocks Database Damaged Header retract Shard sweep Writer write_dataset",
    "io.inert": "Allowance Record Refused UnsafePickle Plain load",
    "io.lammps": "read_dump read_snap",
    "io.milady": "holds read read_rows read_pot write_pot",
    "moments": "Moments fingerprint fingerprints identity accumulate Fold Growth MomentRecord Sums rows_per_block",
    "neural": "GraphPotential NeuralPotential NeuralModel fit_of read read_graph train train_graph write write_graph",
    "regression": """evidence gcv log_evidence Correlations Evidence LassoPath Subsets best_subsets debias intercept lasso_path Terms energy_fit fisher_fit force_rmse kl_path normal_equations row_weights RidgePath
        ridge_path structure_kernel""",
    "report": "ParameterError ReportError",
    "reweighting": """FreeEnergyDifference free_energy_difference Mbar mbar HEAVY UNUSABLE effective_sample_size pareto_k
        log_weights mean FEWEST_EFFECTIVE FreeEnergy free_energy Bar bar state_difference FreeEnergyProfile
        free_energy_profile""",
    "sampling": "Chains hmc mala Umbrella umbrella",
    "selection": "Picks by_lasso by_variance cur farthest_points forward Features Law Laws features sparse_laws",
    "systems": "harmonic double_well Dimer MuellerBrown quadrature Target TiltedDoubleWell",
    "trust": "verdicts",
    "uncertainty": """ecdf_band FEWEST_BLOCKS FEWEST_CLUSTERS Blocks independent_blocks interval scores covariance
        jackknife leave_one_out standard_error ModelForm model_form energy_errors energy_gradients prediction_rigidity
        sandwich BlockMeans block_means LEVELS Coverage conformal coverage""",
    "validation": """NOTICEABLE cross_validate split held_out_errors leave_one_trajectory_out STRENGTHS RidgeChoice
        choose_strength Folds Scores TREATMENTS chosen folds held_out_rows nested scores selected
        selection_errors LabelErrors label_errors labels_needed
        LearningCurves learning_curves Ranking ranking LiveFit LiveStep SavedFit front unbeaten""",
    "widgets": """ComparePanel Dashboard FitPanel FitsPanel LandscapePanel LiveFigure LivePanel LoadPanel Panel StructuresPanel StructureView
        TreatmentsPanel Upload Work""",
}
#: Rooms of the face, whose names are shown by examples.
SHOWN = "io figures flows glass properties comparison reweighting validation uncertainty diagnostics regression sampling selection systems tuning".split()
EXAMPLES = [path for path in modules() if ">>> " in path.read_text() and path.stem != "__main__"]


@pytest.mark.parametrize("name", FACE)
def test_every_name_of_the_first_face_is_there(name: str) -> None:
    assert name in dir(fl) and hasattr(fl, name)


def test_the_face_lists_no_module_that_is_inside() -> None:
    assert {name for name in dir(fl) if isinstance(getattr(fl, name), ModuleType)} <= set(FACE)


@pytest.mark.parametrize("name", [f"{room}.{name}" for room, names in ROOMS.items() for name in names.split()])
def test_every_name_of_the_first_rooms_is_there(name: str) -> None:
    room, _, last = name.rpartition(".")
    if room in ("moments", "report"):  # the face has no such rooms
        assert hasattr(import_module(f"fisherlib.{room}"), last)
    else:
        attrgetter(name)(fl)


def named() -> Iterator[tuple[str, object]]:
    """Functions and classes of the face, by the names they have there."""
    names = [name for name in dir(fl) if not isinstance(getattr(fl, name), ModuleType)]
    for room in SHOWN:
        own = getattr(fl, room)
        names += [f"{room}.{name}" for name in vars(own) if name in public(own)]
    for name in names:
        value = attrgetter(name)(fl)
        if inspect.isroutine(value) or inspect.isclass(value) and not issubclass(value, Exception):
            yield name, value


def public(room: ModuleType) -> set[str]:
    """What a room offers: what its ``__init__`` imports by name, or what a room of one file defines."""
    own = [name for name, value in vars(room).items() if not name.startswith("_") and not isinstance(value, ModuleType)]
    if room.__file__.endswith("__init__.py"):
        return set(own)
    return {name for name in own if getattr(vars(room)[name], "__module__", None) == room.__name__}


@pytest.mark.parametrize(("name", "value"), [pytest.param(*pair, id=pair[0]) for pair in named()])
def test_every_public_name_has_an_example(name: str, value: object) -> None:
    shown = ">>> " in (inspect.getdoc(value) or "")
    assert shown, f"fl.{name} has no example"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_examples_run_and_show_what_they_say(path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    parts = path.relative_to(root).with_suffix("").parts
    module = import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert found.attempted and not found.failed, f"python -m pytest --doctest-modules {path}"
