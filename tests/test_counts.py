"""Numbers of things, in words."""

import pytest

from fisherlib.counts import counted


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
    assert counted(number, noun) == words


def test_one_trajectory_is_one(ragged: object) -> None:
    import fisherlib as fl

    one = ragged(0, temperatures=(300.0,))
    assert repr(one).startswith("Dataset(1 trajectory, 5 configurations") and "1 trajectory," in repr(
        fl.accumulate(one)
    )
