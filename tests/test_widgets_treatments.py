"""The panel of treatments by its state: what is held out, what is drawn, and what a change of λ̃ leaves alone."""

import asyncio
import dataclasses
import re
import threading

import numpy as np
import pytest
import traitlets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib.validation import TREATMENTS, folds, held_out_rows, scores
from fisherlib.validation.treatments import LASSO, RIDGE
from fisherlib.widgets import TreatmentsPanel, treatments


def rows(*, blocks: int = 3, n: int = 60, M: int = 6, halves: bool = True) -> fl.glass.Rows:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(blocks * n, M))
    true = X[:, :2] @ [1.0, 0.5] + rng.normal(size=len(X))
    noise = 0.3 * rng.normal(size=(2, len(X)))
    return fl.glass.Rows(
        X=X,
        y=true + noise.mean(axis=0),
        halves=true + noise if halves else None,
        blocks=np.repeat([f"c{k}" for k in range(blocks)], n),
        positions=rng.uniform(0.0, 8.0, (len(X), 2)),
        particles=np.tile(np.arange(n), blocks),
        box=np.array([8.0, 8.0]),
        names=[f"d{k}" for k in range(M)],
        kinds=["density"] * M,
        generations=np.zeros(M, int),
        reach=np.ones(M),
    )


def table(panel: TreatmentsPanel) -> dict[str, list[str]]:
    lines = re.findall("<tr>(.*?)</tr>", panel.numbers.value)[1:]
    cells = [re.findall("<td>(.*?)</td>", line) for line in lines]
    return {name: rest for name, *rest in cells}


def test_the_panel_shows_what_the_library_says() -> None:
    given = rows()
    panel = TreatmentsPanel(given, treatments=("MAP-Ridge", "MAP-Lasso"), strength=30.0)
    assert panel.last_error is None and panel.state.protocol == "configurations"
    held_out = folds(given.blocks)
    for name, strengths in (("MAP-Ridge", RIDGE), ("MAP-Lasso", LASSO)):
        found = scores(held_out, given.X, given.y, TREATMENTS[name], strengths)
        (curve,) = [t for t in panel.figure.data if t.legendgroup == name and t.mode == "lines" and t.fill is None]
        np.testing.assert_allclose(curve.y, found.nll)
        at = int(np.argmin(np.abs(np.log(found.strengths * found.rows / 30.0))))
        each = [r[at] for r in found.pearson_each.values()]
        within, pooled, error, *_, best = table(panel)[name]
        assert float(within.split(" ± ")[0]) == pytest.approx(np.mean(each), abs=2e-3)
        assert float(pooled) == pytest.approx(found.pearson_pooled[at], abs=1e-3)
        assert float(error) == pytest.approx(found.risk[at], rel=1e-3)
        assert float(best) == pytest.approx(found.strength * found.rows, rel=1e-2)
    nearest = float(RIDGE[np.argmin(np.abs(np.log(RIDGE * 120 / 30.0)))])  # rows to train on, and the slider's λ̃
    ridge = held_out_rows(held_out, given.X, given.y, TREATMENTS["MAP-Ridge"], nearest)
    by_rows = fl.comparison.pearson(ridge, given.y, given.blocks)
    within, pooled = table(panel)["MAP-Ridge"][:2]
    assert float(within.split(" ± ")[0]) == pytest.approx(by_rows.mean, abs=2e-3)
    assert float(pooled) == pytest.approx(by_rows.pooled, abs=1e-3)
    ceiling = fl.comparison.noise_ceiling(*given.halves, given.blocks)
    assert float(table(panel)["noise ceiling"][1]) == pytest.approx(ceiling.pooled, abs=1e-3)
    assert panel.figure.layout.shapes[0].x0 == 30.0


def test_a_change_of_the_strength_holds_nothing_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(treatments, "scores", lambda *a, **k: calls.append(a) or scores(*a, **k))
    panel = TreatmentsPanel(rows(), treatments=("MAP-Ridge", "MAP-Lasso"))
    assert len(calls) == 2
    before = table(panel)
    panel.state.strength = 1e5
    assert len(calls) == 2 and panel.figure.layout.shapes[0].x0 == 1e5
    now = table(panel)
    assert now["MAP-Lasso"][:2] == ["—", "—"] and now["MAP-Lasso"][3] == "0"  # nothing is selected
    assert float(now["MAP-Ridge"][2]) > float(before["MAP-Ridge"][2]) and now["MAP-Ridge"][3] == "6"
    panel.state.treatments = ("MAP-Ridge",)
    assert len(calls) == 2 and list(table(panel)) == ["MAP-Ridge", "noise ceiling"]
    panel.state.clipped = False
    assert len(calls) == 3
    panel.state.clipped = True
    assert len(calls) == 3  # known from before


def test_each_protocol_says_how_often_rows_are_held_out() -> None:
    panel = TreatmentsPanel(rows(), treatments=("MAP-Ridge",), protocol="random", number=5, ratio=0.1)
    sliders = panel._sliders
    shown = {name: control.layout.display for name, control in sliders.items()}
    assert shown == {"number": "flex", "ratio": "flex", "tiles": "none"}
    assert "<b>0.5</b> &lt; 1: some rows cannot be held out" in panel.coverage.value
    assert re.search(r"\d+ of 180 rows are never held out", panel.coverage.value)
    panel.state.number = 20
    assert "<b>2</b>" in panel.coverage.value and "&lt;" not in panel.coverage.value
    panel.state.protocol = "tiles"
    assert "16 × " in panel.coverage.value and sliders["tiles"].layout.display == "flex"
    panel.state.tiles = 2
    assert "4 × 0.25 = <b>1</b>" in panel.coverage.value
    panel.state.protocol = "in-sample"
    assert "trained on them" in panel.coverage.value and panel.last_error is None
    assert all(control.layout.display == "none" for control in sliders.values())


def test_the_four_treatments_with_their_numbers_of_descriptors() -> None:
    panel = TreatmentsPanel(rows(), strength=20.0)
    assert panel.last_error is None
    found = table(panel)
    assert list(found) == [*TREATMENTS, "noise ceiling"]
    assert found["MAP-Ridge"][3] == found["Bayes-Ridge"][3] == "6"
    assert 2 <= int(found["MAP-Debias"][3]) <= 6
    assert {t.legendgroup for t in panel.figure.data} == set(TREATMENTS)


def test_one_configuration_has_no_others_to_be_tested_on() -> None:
    panel = TreatmentsPanel(rows(blocks=1, n=120, halves=False), treatments=("MAP-Ridge",))
    assert panel.state.protocol == "tiles" and panel.last_error is None
    assert "noise ceiling" not in table(panel)
    assert "none can be held out whole" in panel.coverage.value
    with pytest.raises(traitlets.TraitError, match="protocol: expected one of 'tiles'"):
        panel.state.protocol = "configurations"


def test_halves_that_tell_no_ceiling_leave_the_panel_without_one() -> None:
    given = rows()
    for few in (rows(n=2, M=2), dataclasses.replace(given, halves=np.ones((2, len(given))))):
        panel = TreatmentsPanel(few, treatments=("MAP-Ridge",))
        assert panel.last_error is None and list(table(panel)) == ["MAP-Ridge"]


def test_a_choice_that_is_refused_is_not_hidden_by_earlier_work(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def held(train: fl.Moments, strengths: np.ndarray) -> np.ndarray:
        assert go_on.wait(60)
        return TREATMENTS["MAP-Ridge"](train, strengths)

    async def session() -> None:
        monkeypatch.setattr(treatments, "TREATMENTS", TREATMENTS | {"MAP-Debias": held})
        panel = TreatmentsPanel(rows(n=10), treatments=("MAP-Debias",), protocol="random")
        panel.state.ratio = 0.01
        go_on.set()
        panel.work.wait()
        await asyncio.sleep(0)
        assert "ratio: expected" in str(panel.last_error) and "ratio: expected" in panel.work.status.value

    asyncio.run(session())


def test_the_table_says_at_which_strength_it_is() -> None:
    panel = TreatmentsPanel(rows(), treatments=("MAP-Ridge",), strength=30.0)
    assert "<th>at λ̃ = 30</th>" in panel.numbers.value
    panel.state.strength = 100.0
    assert "<th>at λ̃ = 100</th>" in panel.numbers.value


def test_too_small_a_share_is_told_and_mended() -> None:
    panel = TreatmentsPanel(rows(blocks=1, n=30), treatments=("MAP-Ridge",), protocol="random", ratio=0.1)
    panel.state.ratio = 0.01
    assert "ratio: expected" in str(panel.last_error)
    panel.state.ratio = 0.2
    assert panel.last_error is None and "0.2 = " in panel.coverage.value


def test_other_things_than_rows_are_refused() -> None:
    with pytest.raises(TypeError, match="rows: expected Rows of glass, got ndarray"):
        TreatmentsPanel(np.zeros((3, 3)))


def test_long_work_runs_beside_the_page_and_follows_the_last_strength() -> None:
    async def session() -> None:
        panel = TreatmentsPanel(rows(), treatments=("MAP-Ridge",))
        assert panel.work.busy
        panel.state.strength = 7.0  # while rows are still held out
        panel.work.wait()
        assert panel.last_error is None and panel.figure.layout.shapes[0].x0 == 7.0
        panel.state.protocol = "random"
        panel.work.cancel()
        assert panel.state.protocol == "configurations" and panel.figure.layout.shapes[0].x0 == 7.0

    asyncio.run(session())


def test_cancel_ends_the_work_at_the_next_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, go_on, fitted = threading.Event(), threading.Event(), []

    def held(train: fl.Moments, strengths: np.ndarray) -> np.ndarray:
        fitted.append(len(train))
        if len(fitted) == 2:
            entered.set()
            assert go_on.wait(60)
        return TREATMENTS["MAP-Ridge"](train, strengths)

    async def session() -> None:
        monkeypatch.setattr(treatments, "TREATMENTS", TREATMENTS | {"MAP-Debias": held})
        panel = TreatmentsPanel(rows(), treatments=("MAP-Debias",), protocol="tiles", tiles=8)
        assert entered.wait(60)
        panel.work.cancel()
        go_on.set()
        panel.work.wait()
        assert len(fitted) == 2 and panel.last_error is None and not panel.work._thread.is_alive()

    asyncio.run(session())


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_sequence_of_choices_leaves_a_figure_or_a_sentence(data: st.DataObject) -> None:
    blocks = data.draw(st.sampled_from([1, 2, 3]))
    panel = TreatmentsPanel(rows(blocks=blocks, n=20, M=3, halves=blocks > 1), treatments=("MAP-Ridge",))
    names = st.lists(st.sampled_from(list(TREATMENTS)), min_size=1, max_size=2, unique=True).map(tuple)
    choices = {
        "protocol": st.sampled_from(panel.state.options["protocol"]),
        "treatments": names,
        "number": st.integers(1, 6),
        "ratio": st.sampled_from([0.01, 0.1, 0.5]),
        "tiles": st.integers(2, 3),
        "clipped": st.booleans(),
        "strength": st.sampled_from([1e-3, 1.0, 1e6]),
    }
    for name in data.draw(st.lists(st.sampled_from(list(choices)), min_size=2, max_size=6)):
        setattr(panel.state, name, data.draw(choices[name]))
        if panel.last_error is None:
            state = panel.state
            assert [line for line in table(panel) if line != "noise ceiling"] == list(state.treatments)
            assert {t.legendgroup for t in panel.figure.data} == set(state.treatments)
            assert panel.figure.layout.shapes[0].x0 == state.strength
        else:
            assert re.match(r"\w+(, \w+)*: expected", str(panel.last_error))
