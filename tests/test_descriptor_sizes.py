"""How many descriptors there are, which default is taken, and settings that fit."""

import itertools
import json
from typing import Any

import pytest

from fisherlib.descriptors import KINDS, Default, Gmp, Soap, default_for, from_text, in_words, or_default, with_settings
from fisherlib.descriptors.contract import recorded
from fisherlib.descriptors.sizes import count, fitting

FEW = list(itertools.combinations([1, 6, 8, 29, 79], 2))


@pytest.mark.parametrize("species", [[29], [79], *map(list, FEW)], ids=str)
def test_one_and_two_elements_keep_the_default(species: list[int]) -> None:
    for rows in (0, 3, 300, 10**9):
        assert default_for(species, rows) == Soap() == Default()
    assert count(Soap(), species) == {1: 105, 2: 780}[len(species)]


@pytest.mark.parametrize("elements", range(3, 12))
@pytest.mark.parametrize("rows", [200, 3000, 10**6])
def test_more_elements_take_the_largest_default_that_fits(elements: int, rows: int) -> None:
    species, most = list(range(1, elements + 1)), min(1000, rows // 3)
    found = default_for(species, rows)
    assert (found.cutoff, found.width, found.smoothing) == (Soap().cutoff, Soap().width, Soap().smoothing)
    K = len(found.names(species))
    if K > most:
        assert (found.n_max, found.l_max) == (1, 0), "the smallest there is"
        return
    # No other one between this and the full default, in their proportion of 6 to 4, would fit.
    larger = Soap(n_max=found.n_max + 1, l_max=min(4, found.l_max + 1))
    assert len(larger.names(species)) > most


@pytest.mark.parametrize("elements", range(1, 13))
@pytest.mark.parametrize(
    "soap", [Soap(), Soap(n_max=2, l_max=1), Soap(n_max=1, l_max=0), Soap(n_max=3, l_max=6)], ids=in_words
)
def test_the_count_is_that_of_the_names(soap: Soap, elements: int) -> None:
    species = list(range(3, 3 + elements))
    assert count(soap, species) == len(soap.names(species))


@pytest.mark.parametrize("most", [0, 1, 10, 105, 500, 2565, 10**6])
def test_what_fits_is_like_what_was_asked_for(most: int) -> None:
    asked = Soap(cutoff=4.0, n_max=6, l_max=4)
    found = fitting(asked, [1, 6, 8], most)
    assert found.cutoff == 4.0 and found.n_max <= 6 and found.l_max <= 4
    assert count(found, [1, 6, 8]) <= most or (found.n_max, found.l_max) == (1, 0)
    assert (found == asked) == (most >= 2565)


def test_what_has_no_size_stays() -> None:
    class Fixed:
        parameters: dict[str, Any] = {"name": "fixed", "library": "none"}
        limits: dict[str, Any] = {}

        def names(self, species: list[int]) -> tuple[str, ...]:
            return ("a", "b", "c")

        def __call__(self, atoms: Any, *, species: Any, progress: Any = None) -> Any:
            raise NotImplementedError

    fixed = Fixed()
    assert fitting(fixed, [29], 1) is fixed and or_default(fixed, [29], 3) is fixed


def test_a_descriptor_that_is_given_is_never_made_smaller() -> None:
    assert or_default(Soap(n_max=6), [1, 6, 7, 8], 30) == Soap()
    assert or_default(None, [1, 6, 7, 8], 40_500) == Soap(n_max=3, l_max=2)
    assert or_default(None) == Soap()


@pytest.mark.parametrize("name", KINDS)
def test_every_descriptor_is_counted_cut_and_named(name: str) -> None:
    descriptor = from_text(name)
    for elements in (1, 2, 5, 7, 9):
        species = list(range(1, elements + 1))
        assert count(descriptor, species) == len(descriptor.names(species))
    smaller = fitting(descriptor, [29, 79], 40)
    assert count(smaller, [29, 79]) <= 40 and type(smaller) is type(descriptor)
    assert json.loads(json.dumps(recorded(descriptor))) == recorded(descriptor)
    assert in_words(descriptor).startswith(descriptor.parameters["name"])
    first = next(iter(descriptor.limits))
    with pytest.raises(ValueError, match=f"descriptor: expected {name}:.*, say, of {first}, .*, got '{name}:colour=3'"):
        from_text(f"{name}:colour=3")
    with pytest.raises(ValueError, match=f"descriptor: expected {name}:.* from .* to .*, got 'wide'"):
        from_text(f"{name}:{first.upper()}=wide")


def test_settings_are_put_over_those_in_words() -> None:
    assert with_settings("gmp:l_max=2", cutoff=6) == Gmp(l_max=2, cutoff=6.0)
    assert with_settings(Gmp(l_max=2), n_widths=3.0) == Gmp(l_max=2, n_widths=3)
    assert from_text('snap: two_j=4, quadratic=true, radii={"Cu": 0.5, "Au": 0.6}').parameters["radii"]["Au"] == 0.6
    with pytest.raises(ValueError, match="n_max: expected a setting of Gmp, cutoff, n_widths, .*, got 5"):
        with_settings("gmp", n_max=5)
    with pytest.raises(ValueError, match="descriptor: expected one of soap, .*, got 'foo'"):
        with_settings("foo", cutoff=5.0)
