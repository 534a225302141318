"""One look for each model in all figures, legible on light and dark pages; titles and hovering say what is drawn."""

import itertools
from collections.abc import Callable, Mapping

import numpy as np
import plotly.graph_objects as go
import pytest

import fisherlib as fl
from fisherlib import comparison, figures
from fisherlib.figures.html import with_error
from fisherlib.figures.style import BRIGHT, PALETTE, REFERENCE, marks_of, titled

#: Grounds of a page of JupyterLab, and what its dark theme draws in place of the colour of the truth.
LIGHT, DARK, REFERENCE_IN_THE_DARK = "#ffffff", "#111111", "#c8c8c8"
#: How readers without one kind of cones see linear RGB (Machado, Oliveira and Fernandes, 2009, full severity).
BLIND = {
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "none": np.eye(3),
}
NAMES = ("θ_f", "θ (given)", "Fisher + KL", "my fit", "other")
MARKS = {"my fit": 4, "other": 7}


def linear(shade: str) -> np.ndarray:
    c = np.array([int(shade[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """That of WCAG 2."""
    dark, light = sorted(float(linear(shade) @ [0.2126, 0.7152, 0.0722]) for shade in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("shade", PALETTE)
@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_every_colour_stands_out_from_a_light_and_a_dark_page(shade: str, ground: str) -> None:
    assert contrast(shade, ground) >= 3


def test_the_truth_stands_out_on_both_pages() -> None:
    assert contrast(REFERENCE, LIGHT) >= 3 and contrast(REFERENCE_IN_THE_DARK, DARK) >= 3
    assert contrast(BRIGHT, "#440154") > 3  # the dark end of the scale, where the minimum of a landscape is


@pytest.mark.parametrize("eyes", BLIND)
def test_colour_blind_readers_tell_the_colours_apart(eyes: str) -> None:
    seen = [lab(np.array(BLIND[eyes]) @ linear(shade)) for shade in PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 15


def data_of() -> fl.Dataset:
    return fl.systems.harmonic([1.0, 2.0], trajectories=3, configurations=20)


def compared(names: tuple[str, ...]) -> list[comparison.Comparison]:
    data = data_of()
    return [comparison.compare(fl.LinearPotential(theta=[1.0, 2.0 + 0.1 * len(n)], name=n), data) for n in names]


def spread(names: tuple[str, ...]) -> dict[str, object]:
    found = fl.properties.Spread(names=("C11, GPa",), values=[1.0], draws=[[0.9], [1.0], [1.1]])
    return dict.fromkeys(names, found)


def plane_of(names: tuple[str, ...]) -> go.Figure:
    plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2), labels=("to the other", "y"))
    surface = fl.landscape(fl.Quadratic(np.eye(2), np.zeros(2), 0.0), plane, n=5)
    return figures.landscape(surface, {n: (0.2 * k - 0.5, 0.0) for k, n in enumerate(names)}, marks=MARKS)


def classed(name: str) -> comparison.ClassErrors:
    return comparison.errors_by(fl.LinearPotential(theta=[1.0, 2.1], name=name), data_of(), "force magnitude")


def saved(found: comparison.Comparison) -> fl.validation.SavedFit:
    return fl.validation.SavedFit(name=found.name, errors=found, K=2)


def fit_of(names: tuple[str, ...]) -> go.Figure:
    thetas, errors = dict.fromkeys(names, [1.0, 2.0]), {n: {"a": 0.1, "b": 0.2} for n in names}
    spectrum = {"eigenvalues": [1.0, 0.5], "rank": 2, "condition": 2.0}
    return figures.fit(thetas, force_errors=errors, names=["p", "q"], **spectrum, marks=MARKS)


def chosen_of(names: tuple[str, ...]) -> go.Figure:
    choice = fl.validation.choose_mixture(fl.accumulate(data_of()))
    return figures.mixtures(choice, marks=MARKS) if "θ_f" in names else go.Figure()


SURFACE = fl.systems.quadrature(well := fl.systems.TiltedDoubleWell(), well.bounds, points=20)
X = np.array([1.0, 2.0, 3.0])
#: Every figure that draws models by their names.
BUILD: Mapping[str, Callable[[tuple[str, ...]], go.Figure]] = {
    "cdfs": lambda names: figures.cdfs({"true": X} | {n: X + len(n) for n in names}, marks=MARKS),
    "site_energy_cdfs": lambda names: figures.site_energy_cdfs({n: X for n in names}, title="t", marks=MARKS),
    "parity": lambda names: figures.parity(compared(names), marks=MARKS),
    "residuals": lambda names: figures.residuals(compared(names), marks=MARKS),
    "errors_by_trajectory": lambda names: figures.errors_by_trajectory(compared(names), marks=MARKS),
    "coefficients": lambda names: figures.coefficients(dict.fromkeys(names, X), names=["p", "q", "r"], marks=MARKS),
    "fit": fit_of,
    "calibration": lambda names: figures.calibration({n: X for n in names}, {n: X for n in names}, unit="eV", marks=MARKS),
    "mixtures": chosen_of,
    "weights": lambda names: figures.weights({n: X for n in names}, marks=MARKS),
    "properties": lambda names: figures.properties(spread(names), {"C11, GPa": 1.0}, marks=MARKS),
    "phonon_points": lambda names: figures.phonon_points(spread(names), {"C11, GPa": 1.0}, marks=MARKS),
    "energy_curves": lambda names: figures.energy_curves({"true": {1.0: 2.0}} | {n: {1.0: 2.0} for n in names}, marks=MARKS),
    "pair_distributions": lambda names: figures.pair_distributions({"true": (X, X, X)} | {n: (X, X, X) for n in names}, marks=MARKS),
    "density": lambda names: figures.density(SURFACE, {n: [[0.0, 0.0]] for n in names}, marks=MARKS),
    "errors_by_class": lambda names: figures.errors_by_class([classed(n) for n in names], marks=MARKS),
    "front": lambda names: figures.front([saved(c) for c in compared(names)], marks=MARKS),
    "landscape": plane_of,
}  # fmt: skip


def looks(figure: go.Figure, names: tuple[str, ...]) -> set[tuple[str, str, str]]:
    """Name, property and value of every colour, symbol and dash of the models in a figure."""
    found = set()
    for trace in figure.data:
        own = {
            n
            for n in names
            if n in {str(trace.name).split(":")[0].split(", ")[0].replace("band of ", ""), trace.legendgroup}
        }
        for name in own:
            marker, line = trace["marker"], trace["line"] if "line" in trace else None
            drawn = "markers" in (trace.mode or "")
            found |= (
                {(name, "color", marker.color), (name, "symbol", marker.symbol)} if drawn and marker.color else set()
            )
            found |= {(name, "color", line.color)} if line is not None and line.color else set()
        if trace.type == "scatter" and trace.mode == "markers+text":  # of a landscape
            marker = trace.marker
            for name, shade, symbol in zip(trace.text, marker.color, marker.symbol, strict=True):
                found |= {(name, "color", shade), (name, "symbol", symbol)}
    return found


@pytest.mark.parametrize("figure", BUILD)
def test_a_model_looks_the_same_in_every_figure_whatever_the_order(figure: str) -> None:
    expected = {n: {"color": look.color, "symbol": look.symbol} for n, look in marks_of(NAMES, MARKS).items()}
    seen = set()
    for names in (NAMES, NAMES[::-1], NAMES[3:], NAMES[:1]):
        for name, what, value in looks(BUILD[figure](names), names):
            assert value == expected[name][what], f"{figure}: {what} of {name} among {names}"
            seen.add(name)
    assert seen == ({"θ_f"} if figure == "mixtures" else set(NAMES))
    assert len({tuple(each.values()) for each in expected.values()}) == len(NAMES)


def test_all_figures_that_take_marks_are_among_them() -> None:
    takes = {n for n, f in vars(figures).items() if "marks" in getattr(f, "__annotations__", {})}
    assert takes - {"profile", "landscapes"} == set(
        BUILD
    )  # marks of a profile are places; landscapes are drawn as one is


def test_what_is_held_out_is_open_and_dashed_in_the_colour_of_its_model() -> None:
    found = marks_of(["my fit", "my fit, held out", "my fit (reference)"], {"my fit": 1})
    own, held, reference = found.values()
    assert own.color == held.color == reference.color
    assert (held.symbol, held.dash) == ("diamond-open", "dash") and len({m.symbol for m in found.values()}) == 3


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (2.669, 0.071, "2.67 ± 0.07"),
        (2.669, 0.0142, "2.669 ± 0.014"),
        (2.669, 0.0196, "2.67 ± 0.02"),
        (0.0899, 0.00096, "0.0899 ± 0.0010"),
        (-1234.5, 56.0, "−1230 ± 60"),
        (-0.0004, 0.3, "0.0 ± 0.3"),
        (1.5, np.nan, "1.5"),
    ],
)
def test_a_number_has_no_more_digits_than_its_error_allows(value: float, error: float, words: str) -> None:
    assert with_error(value, error) == words


def test_titles_name_up_to_three_models_and_long_ones_are_broken() -> None:
    assert titled("Parity", ["a", "b", "c"], "data, 300 K") == "Parity of a, b and c, data, 300 K"
    assert titled("Parity", "abcd", "data") == "Parity of 4 models, data"
    title = figures.parity(compared(("a" * 60, "b" * 60))).layout.title.text
    assert "<br>" in title and max(map(len, title.split("<br>"))) <= 96


def test_hovering_writes_a_minus_and_the_names_of_the_axes() -> None:
    residual = figures.residuals(compared(("m",))).data[1]
    assert (residual.xhoverformat, residual.yhoverformat) == (".4f", "+.2f") and "%{y:" not in residual.hovertemplate
    solid = plane_of(("a", "b")).data[0]
    assert solid.hovertemplate.startswith("to the other: %{x}<br>y: %{y}<br>") and solid.xhoverformat == ".3f"


def test_a_far_shift_is_written_at_the_edge_and_flattens_nothing() -> None:
    data = fl.systems.harmonic([1.0, 2.0], trajectories=6, configurations=20)
    by = np.where(data.groups == 5, -0.122, 0.001 * data.groups)
    found = comparison.compare_predictions(data.energies + by * data.n_atoms, data.forces, data, name="m")
    figure = figures.errors_by_trajectory([found])
    low, high = figure.layout.yaxis.range
    assert -10 < low < high < 20
    (note,) = figure.layout.annotations
    assert (note.x, note.y, note.text) == (list(data)[5], low, "↓ m: −122 meV/atom")
    near = comparison.compare_predictions(data.energies, data.forces, data, name="m")
    assert not figures.errors_by_trajectory([near]).layout.annotations


def test_cuts_that_coincide_say_so() -> None:
    plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2), labels=("x", "y"))
    for A, same in ((np.eye(2), True), (np.diag([1.0, 2.0]), False)):
        surface = fl.landscape(fl.Quadratic(A, np.zeros(2), 0.0), plane, n=11)
        curves = [t.name for t in figures.landscape(surface).data if t.showlegend is None and t.type == "scatter"]
        assert ["the same curve" in name for name in curves] == [False, same]


def test_the_band_of_the_truth_lies_around_zero_and_its_panel_is_large() -> None:
    band = (X, np.array([0.2, 0.5, 0.9]), np.array([0.4, 0.8, 1.0]))
    figure = figures.cdfs({"true": X, "m": X + 0.5}, bands={"true": band})
    (zero,) = [t for t in figure.data if t.name == "95 % band of true"]
    np.testing.assert_allclose(zero.y, np.r_[band[2] - [1 / 3, 2 / 3, 1], (band[1] - [1 / 3, 2 / 3, 1])[::-1]])
    upper, lower = (np.ptp(figure.layout[axis].domain) for axis in ("yaxis", "yaxis2"))
    assert lower > 1.5 * upper and zero.yaxis == "y2"


def test_whole_numbers_get_no_ticks_between_them() -> None:
    assert figures.spectrum([1.0, 0.5, 0.1], rank=3).layout.xaxis.dtick == 1
    assert figures.spectrum(np.linspace(1.0, 0.1, 40), rank=40).layout.xaxis.dtick is None
