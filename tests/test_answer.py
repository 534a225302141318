"""What a report begins with, and what it puts side by side: numbers against the library, refusals, packed frames."""

import base64
import dataclasses
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

import fisherlib as fl
from fisherlib.report import answer, comparisons, packing


@pytest.fixture(scope="module")
def study() -> fl.Study:
    """Forces that follow the descriptors but for noise, twelve trajectories of different length."""
    rng, made = np.random.default_rng(0), []
    for k, t in enumerate(fl.systems.harmonic([1.0, 2.0], trajectories=12).values()):
        forces = t.forces + 0.3 * rng.normal(size=t.forces.shape)
        made.append(dataclasses.replace(t.slice(0, 20 + k), forces=forces[: len(t.slice(0, 20 + k).forces)]))
    return fl.Study(fl.Dataset(made))


def answered(study: fl.Study, verdicts: list[fl.diagnostics.Verdict]) -> answer.Answer:
    fit = fl.solve(study.terms.fisher)
    return answer.answer(study, fit, study.held_out(fl.regression.fisher_fit), verdicts)


def verdict(name: str, level: str) -> fl.diagnostics.Verdict:
    limits = (0.0, 2.0) if level == "ok" else (2.0, 3.0)
    return fl.diagnostics.Verdict(name=name, level=level, message=f"{name} <is> {level}", value=1.0, limits=limits)


def test_four_numbers_with_their_error_bars(study: fl.Study) -> None:
    held_out = study.held_out(fl.regression.fisher_fit)
    shown = answered(study, []).figures
    assert [each.name for each in shown] == [
        *(f"{name}, held out" for name in ("Force RMSE", "Energy spread", "Energy shift")),
        "J at θ_f",
    ]
    value, error = map(float, shown[0].value.split(" ± "))
    assert value == pytest.approx(held_out.pooled["force_rmse"], abs=error)
    assert error == pytest.approx(held_out.pooled_error["force_rmse"], rel=0.5) and shown[0].unit == "eV/Å"
    assert 1e3 * held_out.pooled["energy_spread"] == pytest.approx(float(shown[1].value.split(" ±")[0]), rel=0.1)
    assert "rank 2 of 2 parameters" in shown[3].note and re.fullmatch(r"\S+ ± \S+", shown[3].value)


def test_the_bar_of_the_divergence_is_that_of_a_ratio_over_trajectories(study: fl.Study) -> None:
    fit = fl.solve(study.terms.fisher)
    told = answer._error_of_divergence(study, fit)
    left_out = [fl.fisher(study.moments.drop(key))(fit.theta) for key in study.moments]  # jackknife at fixed θ_f
    n = len(left_out)
    assert told == pytest.approx(np.sqrt((n - 1) / n * np.square(left_out - np.mean(left_out)).sum()), rel=0.1)


def test_the_worst_verdict_is_told_in_its_words(study: fl.Study) -> None:
    some = [verdict("drift", "ok"), verdict("sign", "fail"), verdict("tail", "warn")]
    told = answered(study, some)
    assert told.trust == "✗ fail: sign: sign <is> fail (1 of 3 checks passed)"
    assert "sign &lt;is&gt; fail" in told._repr_html_() and told.trust in repr(told)
    assert answered(study, some[:1]).trust == "✓ ok: 1 check passed"


def test_without_energies_there_are_two_numbers_and_without_a_bar_none_is_made_up() -> None:
    single = fl.systems.harmonic([1.0, 2.0], trajectories=3)
    bare = fl.Dataset([dataclasses.replace(t, energies=np.full(len(t.energies), np.nan)) for t in single.values()])
    found = answered(fl.Study(bare), []).figures
    assert [each.name for each in found] == ["Force RMSE, held out", "J at θ_f"]
    few = fl.Study(fl.Dataset([t.slice(0, 3) for t in list(bare.values())[:1]]))
    assert few.reason and np.isnan(answer._error_of_divergence(few, fl.solve(few.terms.fisher)))


def test_a_fit_with_weights_is_held_out_beside_the_others(study: fl.Study) -> None:
    none = comparisons.compared(study, given=False, folds=3, weights={"ridge": 0.0, "kl": 0.0, "energy": 0.0})
    weights = {"ridge": 0.1, "kl": 2.0, "energy": 0.0}
    more = comparisons.compared(study, given=False, folds=3, weights=weights)
    assert [c.name for c in more.all] == [*(c.name for c in none.all), f"{comparisons.MINE}, held out"]
    expected = study.fit(**weights)[1]
    found = comparisons.weighted_fit(study.moments, weights)
    assert found.theta == pytest.approx(expected.theta) and found.name == expected.name
    assert more.held_out.pooled == pytest.approx(none.held_out.pooled)


def test_a_given_potential_is_compared_as_it_is(study: fl.Study) -> None:
    given = study.fit(ridge=0.5, name="θ (given)")[1]
    of_given = fl.Study(study.data, given=given)
    found = comparisons.compared(of_given, given=True, folds=3, weights={"ridge": 0.0})
    assert [c.name for c in found.all][:2] == ["θ (given)", "θ_f, held out"]


def test_the_landscape_that_is_asked_for_comes_first_and_none_is_lost() -> None:
    made = {(m, p, loss): (m + p + loss, {}) for m in "ab" for p in "xy" for loss in "JK"}
    first = comparisons.shown_first(made, "b", None, "K")
    assert next(iter(first)) == ("b", "x", "K") and first == made
    assert list(comparisons.shown_first(made, None, None, None)) == list(made)
    with pytest.raises(ValueError, match="^show_plane: expected one of x, y, got 'z'$"):
        comparisons.shown_first(made, "b", "z", None)


def test_packed_frames_keep_four_digits_and_write_each_array_once() -> None:
    z = np.random.default_rng(0).normal(size=(41, 41)).astype(np.float32)
    drawn = [go.Frame(name=f"{k}", data=[go.Surface(z=z, name="é"), go.Scatter(y=[1, None, 3])]) for k in range(20)]
    framed = packing.Framed(go.Figure(drawn[0].data, frames=drawn))
    bundle = framed._repr_mimebundle_()
    assert "frames" not in bundle[packing.PLOTLY] and len(bundle[packing.FRAMES]) < 2 * z.nbytes
    back = go.Figure(frames=packing.unpacked(bundle[packing.FRAMES])).frames
    assert [frame.name for frame in back] == [frame.name for frame in drawn]
    shown = json.loads(go.Figure(back[3].data).to_json())["data"][0]["z"]
    found = np.frombuffer(base64.b64decode(shown["bdata"]), np.float32).reshape(41, 41)
    assert np.abs(found / z - 1).max() < 1e-4 and back[3].data[1].y == (1, None, 3)
