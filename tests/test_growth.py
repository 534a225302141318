"""Moments that grow: those of all data at once, to the last bit, however the data came."""

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib.moments import Growth, MomentRecord, in_memory, rows_per_block
from fisherlib.moments import growth as growing


def trajectory(key: str, rng: np.random.Generator, K: int, *, M: int = 12, atoms: int = 40) -> fl.Trajectory:
    """Two elements, virials and all."""
    rows = 3 * atoms * M
    return fl.Trajectory(
        key=key,
        temperature=300.0,
        n_atoms=np.full(M, atoms),
        energies=rng.normal(size=M) - 100.0,
        descriptors=rng.normal(size=(M, K)),
        forces=rng.normal(size=rows),
        force_descriptors=rng.normal(size=(rows, K)),
        species=rng.choice([29, 79], size=atoms * M),
        virials=rng.normal(size=(M, 6)),
        strain_descriptors=rng.normal(size=(M, 6, K)),
    )


def assert_same_bits(a: MomentRecord, b: MomentRecord) -> None:
    for field in dataclasses.fields(a):
        ours, theirs = getattr(a, field.name), getattr(b, field.name)
        if field.name == "strain":
            ours, theirs = dataclasses.astuple(ours), dataclasses.astuple(theirs)
            assert all(np.array_equal(x, y) for x, y in zip(ours, theirs, strict=True))
        else:
            assert np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs, field.name


@given(seed=st.integers(0, 10**6), K=st.sampled_from([1, 3, 8]), pieces=st.integers(1, 12), block=st.integers(1, 1500))
@example(seed=0, K=3, pieces=12, block=120)  # one configuration fills one block
def test_moments_that_grew_are_those_of_all_at_once(seed: int, K: int, pieces: int, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (growing, in_memory):
            patch.setattr(module, "rows_per_block", lambda K: block)
        assert_grown_as_whole(np.random.default_rng(seed), K, pieces)


def assert_grown_as_whole(rng: np.random.Generator, K: int, pieces: int) -> None:
    data = fl.Dataset([trajectory(key, rng, K) for key in ("a", "b")])
    growth = Growth()
    edges = np.unique(np.r_[0, rng.integers(1, 12, size=pieces), 12])
    for start, stop in zip(edges, edges[1:], strict=False):  # the walkers take turns
        for t in data.values():
            growth.add(t.slice(int(start), int(stop)))
            growth.moments  # noqa: B018  reading them between changes nothing
    whole = fl.accumulate(data)
    for key in data:
        assert_same_bits(growth.moments[key], whole[key])
    assert_same_bits(growth.moments.total(), whole.total())
    assert_same_bits(fl.accumulate(growth.data).total(), whole.total())


def test_frame_by_frame_at_every_moment_with_the_shipped_sizes() -> None:
    t = trajectory("walker", np.random.default_rng(0), 105, M=34, atoms=55)
    assert rows_per_block(105) < len(t.forces)
    growth = Growth()
    for m in range(len(t)):
        growth.add(t.slice(m, m + 1))
        assert_same_bits(growth.moments["walker"], fl.accumulate([t.slice(0, m + 1)])["walker"])


@pytest.mark.parametrize("K", [1, 3, 55, 105, 131, 780])
def test_blocks_begin_at_the_same_place_in_a_line_of_the_cache(K: int) -> None:
    # Otherwise a block that is summed alone has other bits than among the rest, as on processors with SSE3 alone.
    assert rows_per_block(K) * 8 % 64 == 0


def test_what_does_not_belong_together_is_refused() -> None:
    rng, growth = np.random.default_rng(0), Growth()
    growth.add(trajectory("a", rng, 3))
    with pytest.raises(ValueError, match="expected K = 3 descriptors"):
        growth.add(trajectory("b", rng, 4))
    with pytest.raises(ValueError, match=r"temperature of 'a': expected 300.0 K as before, got 400"):
        growth.add(dataclasses.replace(trajectory("a", rng, 3), temperature=400.0))
    with pytest.raises(TypeError, match="trajectory: expected"):
        growth.add("a")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one trajectory"):
        Growth().moments  # noqa: B018
