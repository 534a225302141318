"""Tables: levels in words, units in headings, nothing lost."""

import dataclasses

import pytest

import fisherlib as fl
from fisherlib import tables
from fisherlib.diagnostics import Verdict


def verdict(level: str = "ok", name: str = "sign", value: float | str = 0.98765) -> Verdict:
    return Verdict(name=name, level=level, message="a <sentence> of " + "many words " * 20, value=value)


def test_a_card_says_levels_in_words_with_a_symbol() -> None:
    card = tables.card([verdict("ok"), verdict("warn"), verdict("fail")])  # one name thrice: no row is lost
    assert list(card["level"]) == ["✓ ok", "! warn", "✗ fail"]
    assert list(card.index) == ["sign"] * 3 and list(card["value"]) == ["0.9877"] * 3
    assert isinstance(card, tables.Table)


def test_the_value_of_a_card_is_a_number_or_a_text() -> None:
    values = tables.card([verdict(value="12.5 ps"), verdict(value=float("nan")), verdict(value=1234567.0)])["value"]
    assert list(values) == ["12.5 ps", "–", "1.235e+06"]


def test_a_card_shows_whole_sentences_and_escapes_them() -> None:
    html = tables.card([verdict()])._repr_html_()
    assert html.count("many words") == 20 and "a &lt;sentence&gt; of" in html and "text-align: left" in html


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="level of 'sign': expected one of 'ok', 'warn', 'fail', got 'bad'"):
        tables.card([verdict("bad")])


def test_an_empty_card_has_its_headings() -> None:
    assert list(tables.card([]).columns) == ["level", "finding", "value"] and len(tables.columns([])) == 0


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
            Column("key", (1000,), "object", "configuration", "", "walker-00, …"),
        ]
    )
    assert list(shown.loc["forces"]) == ["1000 × 55 × 3", "float64", "atom", "eV/Å", "0.1, 0.2, …"]
    assert shown.loc["key", "unit"] == "–" and "unit" in shown.columns[-1]


def test_facts_keep_words_and_shorten_numbers() -> None:
    assert list(tables.facts({"K": 105, "RMSE, eV/Å": 0.123456789, "by": "cholesky"})["value"]) == [
        "105", "0.123457", "cholesky",
    ]  # fmt: skip


def test_tables_of_data_and_errors_have_units_in_their_headings(few_walkers: fl.Dataset) -> None:
    found = fl.comparison.compare_predictions(few_walkers.energies, few_walkers.forces, few_walkers, name="truth")
    assert {"mean energy, eV/atom", "T, K"} <= set(tables.trajectories(few_walkers).columns)
    assert tables.errors([found]).loc["truth", "energy RMSE, meV/atom"] == 0.0
    assert tables.distances([found]).loc["truth", "W1, meV/atom"] == 0.0
    assert tables.verdicts([verdict("warn")]).loc["sign", "level"] == "warn"
