"""Tables: levels in words, units in headings, nothing lost."""

import dataclasses

import numpy as np
import pytest
from bs4 import BeautifulSoup

import fisherlib as fl
from fisherlib.comparison import Comparison
from fisherlib.diagnostics import Verdict
from fisherlib.figures import tables


def verdict(level: str = "ok", name: str = "sign") -> Verdict:
    value = {"ok": 0.98765, "unknown": float("nan")}.get(level, 1234567.0)
    limits = (-np.inf, np.inf) if level == "unknown" else (0.5, 2.0)
    message = f"a <sentence> of {name}" + " many words" * 20
    return Verdict(name=name, level=level, message=message, value=value, limits=limits)


MIXED = [verdict("ok", "a"), verdict("warn", "b"), verdict("unknown", "c"), verdict("fail", "d"), verdict("ok", "e")]


def test_a_card_tells_what_is_not_passed_first_and_folds_the_rest() -> None:
    card = tables.card(MIXED)
    assert [v.name for v in card.verdicts] == ["d", "b", "c", "a", "e"]
    page = BeautifulSoup(card._repr_html_(), "html.parser")
    folded = page.find_all("details")
    assert [d.summary.text for d in folded] == ["? 1 check could not be made", "✓ 2 checks passed"]
    assert [[row.th.text for row in d.tbody.find_all("tr")] for d in folded] == [["c"], ["a", "e"]]
    for part in folded:
        part.extract()
    rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in page.tbody.find_all("tr")]
    assert [(row[0], row[1], *row[3:]) for row in rows] == [
        ("d", "✗ fail", "1.235e+06", "0.5 to 2"),
        ("b", "! warn", "1.235e+06", "0.5 to 2"),
    ]


def test_a_card_reads_well_as_text() -> None:
    lines = repr(tables.card(MIXED)).splitlines()
    assert lines[0].startswith("✗ fail: d: a <sentence> of d many words")
    assert lines[0].endswith("(1.235e+06, limits 0.5 to 2)") and lines[1].startswith("! warn: b: ")
    assert lines[2:] == ["? 1 check could not be made: c", "✓ 2 checks passed: a, e"]


@pytest.mark.parametrize(
    ("limits", "words"),
    [((0.0, 0.0), "0"), ((-np.inf, 2.5), "≤ 2.5"), ((0.5, np.inf), "≥ 0.5"), ((-np.inf, np.inf), "none")],
)
def test_limits_in_words(limits: tuple[float, float], words: str) -> None:
    found = Verdict(name="a", level="ok", message="m", value=limits[0] if limits[0] > -np.inf else 0.0, limits=limits)
    assert f'white-space: nowrap">{words}</td>' in tables.card([found])._repr_html_()


def test_a_card_shows_whole_sentences_and_escapes_them() -> None:
    html = tables.card([verdict("warn")])._repr_html_()
    assert html.count("many words") == 20 and "a &lt;sentence&gt; of" in html and "text-align: left" in html


def test_an_empty_card_is_empty() -> None:
    assert repr(tables.card([])) == "" and tables.card([])._repr_html_() == "<div></div>"
    assert len(tables.columns([])) == 0


@dataclasses.dataclass
class Column:
    name: str
    shape: tuple[int, ...]
    dtype: object
    per: str
    unit: str
    preview: object


def test_columns_of_a_file_have_shape_unit_and_first_values() -> None:
    shown = tables.columns(
        [
            Column("forces", (1000, 55, 3), "float64", "atom", "eV/Å", "0.1, 0.2, …"),
            Column("key", (1000,), "<U9", "configuration", "", "walker-00, …"),
        ]
    )
    assert list(shown.loc["forces"]) == ["1000 × 55 × 3", "float64", "atom", "eV/Å", "0.1, 0.2, …"]
    assert shown.loc["key", "type"] == "text"
    assert '<th scope="col" style="text-align: left; white-space: nowrap">unit</th>' in shown._repr_html_()
    assert shown.loc["key", "unit"] == "–" and "unit" in shown.columns[-1]


def test_facts_keep_words_and_shorten_numbers() -> None:
    assert list(tables.facts({"K": 105, "RMSE, eV/Å": 0.123456789, "by": "cholesky"})["value"]) == [
        "105", "0.123457", "cholesky",
    ]  # fmt: skip


def test_tables_of_data_and_errors_have_units_in_their_headings(few_walkers: fl.Dataset) -> None:
    found = fl.comparison.compare_predictions(few_walkers.energies, few_walkers.forces, few_walkers, name="truth")
    assert {"mean energy, eV/atom", "T, K"} <= set(tables.trajectories(few_walkers).columns)
    assert tables.errors([found]).loc["truth", "energy RMSE, meV/atom"] == "0"
    rough = fl.comparison.compare(fl.LinearPotential(theta=np.full(105, 1e-3), name="rough"), few_walkers)
    value, error = 1e3 * rough.pooled["energy_spread"], 1e3 * rough.pooled_error["energy_spread"]
    shown = tables.errors([rough]).loc["rough", "spread, meV/atom"]
    number, bar = map(float, shown.split(" ± "))
    assert number == pytest.approx(value, abs=0.5 * error) and bar == pytest.approx(error, rel=0.3)
    digits = shown.split(" ± ")[1].replace(".", "").lstrip("0")
    assert len(digits) == 1 + (digits[0] == "1")  # the first digit of the error is the last, or the second after a 1
    assert tables.distances([found]).loc["truth", "W1, meV/atom"] == 0.0
    assert len(tables.distances([found])) == 2
    why = tables.errors([rough], why="they need ten")
    assert why.columns.name == "no ±: they need ten" and "no ±: they need ten" in why._repr_html_()


def test_the_mark_of_a_model_stands_before_its_name(few_walkers: fl.Dataset) -> None:
    found = fl.comparison.compare_predictions(few_walkers.energies, few_walkers.forces, few_walkers, name="θ & f")
    for table in (tables.errors([found], why="few", marks={"θ & f": 4}), tables.distances([found], marks={"θ & f": 4})):
        page = BeautifulSoup(table._repr_html_(), "html.parser")
        (mark,) = page.find_all("span")
        assert mark["style"] == "color: #7A45E5" and mark.parent.text == f"{mark.text} θ & f" and mark.text == "✖"
        assert "θ & f" in table.index  # and no mark in what is read by programs


def test_one_trajectory_has_neither_bars_nor_noise(few_walkers: fl.Dataset) -> None:
    one = few_walkers.select("walker-00")
    rough = fl.comparison.compare(fl.LinearPotential(theta=np.full(105, 1e-3), name="rough"), one)
    assert not tables.errors([rough]).map(lambda cell: "±" in cell).any(axis=None)
    assert list(tables.distances([rough]).index) == ["rough"]


SHIFT, SPREAD, FORCE = "shift, meV/atom", "spread, meV/atom", "force RMSE, eV/Å"


def errors_of(name: str, **groups: tuple[list[float], float]) -> Comparison:
    """A comparison with the given errors of energies, meV/atom, and force RMSE of each group."""
    data, energies, forces = [], [], []
    for key, (errors, rmse) in groups.items():
        n = len(errors)
        flat = {"energies": np.zeros(n), "descriptors": np.ones((n, 1)), "forces": np.zeros(6 * n)}
        data.append(fl.Trajectory(key=key, n_atoms=np.full(n, 2), force_descriptors=np.ones((6 * n, 1)), **flat))
        energies += [2e-3 * e for e in errors]
        forces += [rmse] * 6 * n
    return fl.comparison.compare_predictions(energies, forces, fl.Dataset(data), name=name)


def test_groups_have_shift_with_error_spread_and_force_error_in_train_and_test() -> None:
    train = errors_of("θ_f", cold=([1.0, 2.0, 4.0, 5.0], 0.25), hot=([-7.0], 0.5))
    test = errors_of("θ_f", new=([0.0, 0.0], 0.125), cold=([-1.0, 1.0], 0.75))
    table = tables.groups(train, test)
    assert list(table.index) == ["cold", "hot", "new"] and isinstance(table, tables.Table)
    standard = np.std([1.0, 2.0, 4.0, 5.0], ddof=1) / np.sqrt(4)  # of a mean of four independent numbers
    assert list(table.loc["cold", "train"]) == ["4", f"+3.0 ± {standard:.1f}", f"{np.sqrt(2.5):.2f}", "0.2500"]
    assert list(table.loc["cold", "test"]) == ["2", "+0.0 ± 1.0", "1.00", "0.7500"]
    assert list(table.loc["hot", "train"]) == ["1", "−7.00", "–", "0.5000"]
    assert list(table.loc["hot", "test"]) == list(table.loc["new", "train"]) == ["–"] * 4
    assert list(table["train"].columns) == ["configurations", SHIFT, SPREAD, FORCE]
    assert "θ_f" in table._repr_html_()


def test_groups_without_a_test_and_with_fits_to_one_group_alone() -> None:
    train = errors_of("θ_f", cold=([1.0, 3.0], 0.25), hot=([-7.0, 0.0], 0.5))
    table = tables.groups(train, alone=[errors_of("θ_f of hot", hot=([2.0, 2.5], 0.1))])
    assert set(table.columns.get_level_values(0)) == {"train"}
    assert list(table["train", "spread of a fit to it alone, meV/atom"]) == ["–", "0.25"]
    assert list(table["train", SPREAD]) == ["1.00", "3.50"]


def test_groups_of_different_models_are_refused() -> None:
    one, other = (errors_of(name, a=([1.0, 2.0], 0.1), b=([0.0], 0.2)) for name in ("one", "other"))
    with pytest.raises(ValueError, match="comparison_test: expected the errors of 'one', got those of 'other'"):
        tables.groups(one, other)
    with pytest.raises(ValueError, match="alone: expected one trajectory in each, got 2 for 'other'"):
        tables.groups(one, alone=[other])
