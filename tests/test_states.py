"""What can be chosen, and how choices follow what is offered."""

import numpy as np
import pytest
import traitlets

from fisherlib.widgets import states
from fisherlib.widgets.states import CompareState, FitState, LandscapeState, LoadState, State


class Meal(State):
    dish = states.Offered()
    sides = states.SeveralOffered()


@pytest.fixture
def meal() -> Meal:
    meal = Meal()
    meal.offer(dish=("soup", "pie"), sides=["bread", "salad", "rice"])
    return meal


def test_the_first_option_and_all_of_several_are_chosen_to_begin_with(meal: Meal) -> None:
    assert meal.dish == "soup" and meal.sides == ("bread", "salad", "rice")
    assert meal.options == {"dish": ("soup", "pie"), "sides": ("bread", "salad", "rice")}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("dish", "cake", "dish: expected one of 'soup', 'pie', got 'cake'"),
        ("sides", ("bread", "cake"), "sides: expected one of 'bread', 'salad', 'rice', got 'cake'"),
        ("sides", (), "sides: expected at least one of 'bread', 'salad', 'rice'"),
    ],
)
def test_what_is_not_offered_is_refused_with_what_is(meal: Meal, name: str, value: object, sentence: str) -> None:
    before = getattr(meal, name)
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(meal, name, value)
    assert getattr(meal, name) == before


def test_new_options_keep_a_choice_that_is_still_there_and_move_one_that_is_gone(meal: Meal) -> None:
    meal.dish, meal.sides = "pie", ("salad", "rice")
    meal.offer(dish=("stew", "pie"), sides=("rice", "bread"))
    assert (meal.dish, meal.sides) == ("pie", ("rice",))
    meal.offer(dish=("stew",), sides=("soup",))
    assert (meal.dish, meal.sides) == ("stew", ("soup",))
    meal.offer(dish=(), sides=())
    assert (meal.dish, meal.sides) == ("", ())


def test_options_and_choice_change_together(meal: Meal) -> None:
    seen = []
    meal.observe(lambda change: seen.append((meal.options["dish"], meal.dish)), ["options", "dish"])
    meal.offer(dish=("stew",))
    assert set(seen) == {(("stew",), "stew")}


def test_offering_the_same_again_changes_nothing(meal: Meal) -> None:
    seen = []
    meal.observe(seen.append)
    meal.offer(**meal.options)
    assert seen == []


@pytest.mark.parametrize("state", [LoadState(), FitState(), CompareState(), LandscapeState()])
def test_states_hold_neither_widgets_nor_arrays(state: State) -> None:
    plain = (str, int, float, bool, type(None))
    for value in state.trait_values().values():
        parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        assert all(isinstance(part, (*plain, tuple)) for part in parts)
    for trait in state.traits().values():
        kinds = (traitlets.Unicode, traitlets.Int, traitlets.Float, traitlets.Bool, traitlets.Tuple, traitlets.Dict)
        assert isinstance(trait, kinds)
    assert not any(isinstance(value, np.ndarray) for value in vars(state).values())


@pytest.mark.parametrize(
    ("state", "name", "value"),
    [
        (FitState(), "ridge", -1.0), (FitState(), "kl", -1.0), (FitState(), "energy", -1e-9),
        (LandscapeState(), "n", 2), (LandscapeState(), "n", 999), (LandscapeState(), "half_width", 0.0),
        (LandscapeState(), "seed", -1), (CompareState(), "configuration", -1), (LoadState(), "temperature", "hot"),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(state: State, name: str, value: object) -> None:
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(state, name, value)


def test_a_view_is_what_an_atlas_is_asked_for() -> None:
    state = LandscapeState(model="θ_f", loss="force MAE", seed=3, n=21)
    expected = {"model": "θ_f", "loss": "force MAE", "plane": None, "to": None, "third": None, "coefficients": ()}
    assert state.view() == expected | {"seed": 3, "half_width": 1.0, "n": 21}
    state.first, state.second, state.to = "D1", "D2", "b"
    assert state.view()["coefficients"] == ("D1", "D2") and state.view()["to"] == "b"
