"""Constants and the inverse temperature, against SciPy's tables; numbers in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants

import fisherlib as fl
from fisherlib import units


def test_constants_are_those_of_codata() -> None:
    assert pytest.approx(constants.physical_constants["Boltzmann constant in eV/K"][0], rel=1e-9) == units.BOLTZMANN
    # CODATA 2018 and 2022 differ in the tenth digit.
    assert pytest.approx(constants.physical_constants["Hartree energy in eV"][0], rel=1e-9) == units.HARTREE
    assert pytest.approx(constants.physical_constants["Bohr radius"][0] * 1e10, rel=1e-8) == units.BOHR


def test_beta_of_room_temperature_is_about_forty_per_electronvolt() -> None:
    assert units.beta(300.0) == pytest.approx(38.6817, rel=1e-5)


@given(st.floats(1.0, 1e4), st.floats(1e-3, 1e3))
def test_beta_is_inversely_proportional_to_temperature(temperature: float, factor: float) -> None:
    assert units.beta(factor * temperature) * factor == pytest.approx(units.beta(temperature), rel=1e-14)


@pytest.mark.parametrize("temperature", [0.0, -300.0, float("nan"), float("inf"), -float("inf")])
def test_an_impossible_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=f"temperature: expected a positive number of kelvin, got {temperature!r}"):
        units.beta(temperature)


@pytest.mark.parametrize("temperature", [5e-324, 1e-300, 1e-160, 9e-4, 1.1e7, 1e300])
def test_a_temperature_that_must_be_a_slip_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"temperature: expected 0\.001 to 1e\+07 K, got "):
        units.beta(temperature)


@pytest.mark.parametrize("temperature", [True, "300", None])
def test_what_is_no_number_is_no_temperature(temperature: object) -> None:
    with pytest.raises(ValueError, match="temperature: expected a positive number of kelvin, got "):
        units.beta(temperature)


def test_a_numpy_scalar_is_a_temperature() -> None:
    assert units.beta(np.float64(300.0)) == units.beta(300)


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (1, "trajectory", "1 trajectory"),
        (0, "trajectory", "0 trajectories"),
        (20, "consecutive block", "20 consecutive blocks"),
        (1, "check", "1 check"),
    ],
)
def test_a_noun_follows_its_number(number: int, noun: str, words: str) -> None:
    assert units.counted(number, noun) == words


def test_one_trajectory_is_one(ragged: object) -> None:
    one = ragged(0, temperatures=(300.0,))
    assert repr(one).startswith("Dataset(1 trajectory, 5 configurations") and "1 trajectory," in repr(
        fl.accumulate(one)
    )
