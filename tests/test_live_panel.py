"""The panel of a growing fit: runs at once without a kernel, in the background with one, stops, goes on, loses nothing."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from test_live_fit import in_turns

import fisherlib as fl
from fisherlib.widgets import LivePanel

Ragged = Callable[..., fl.Dataset]


@pytest.fixture
def frames(ragged: Ragged) -> list[fl.Trajectory]:
    return in_turns(ragged(0, K=3, temperatures=(300.0,) * 12, configurations=20, atoms=(4, 4)))


def assert_lost_nothing(panel: LivePanel, frames: list[fl.Trajectory]) -> None:
    n = panel.live.steps[-1].configurations
    growth = fl.validation.LiveFit()
    for one in frames[:n]:
        growth.add(one)
    batch = fl.solve(fl.fisher(fl.accumulate(growth.data)))
    assert np.array_equal(panel.live.steps[-1].fit.theta, batch.theta)
    assert panel.live.steps[-1].fit.value == batch.value


def test_so_many_configurations_at_once(frames: list[fl.Trajectory]) -> None:
    panel = LivePanel(frames, target=1e-9)
    assert not panel.figure.data
    panel.run(30)
    assert panel.live.steps[-1].configurations == 30 and panel.last_error is None
    assert "30 configurations" in panel.figure.layout.title.text
    assert "Stopped after 30 configurations" in panel.running.status.value and panel.rate > 0
    panel.run(40)
    assert panel.live.steps[-1].configurations == 70
    assert_lost_nothing(panel, frames)


def test_it_ends_when_the_bar_is_as_small_as_asked_and_a_smaller_one_may_be_asked(frames: list[fl.Trajectory]) -> None:
    panel = LivePanel(frames, target=0.08)
    panel.go_on()  # without a kernel all of it runs in this thread
    first = panel.live.steps[-1]
    assert first.force_error <= 0.08 and first.reason == "" and "as small as asked" in panel.running.status.value
    assert all(step.reason or step.force_error > 0.08 for step in panel.live.steps[:-1])
    panel.state.target = 50.0  # meV/Å
    assert not panel.reached and "as small as asked" in [trace.name for trace in panel.figure.data]
    panel.button.click()
    assert panel.live.steps[-1].configurations > first.configurations and panel.live.steps[-1].force_error <= 0.05
    assert_lost_nothing(panel, frames)


def test_when_no_more_configurations_come_it_says_so(frames: list[fl.Trajectory]) -> None:
    panel = LivePanel(frames, target=1e-9)
    panel.go_on()
    assert "No more configurations come" in panel.running.status.value
    assert panel.live.steps[-1].configurations == len(frames)


def test_an_error_of_the_simulation_is_shown_and_what_came_is_kept(frames: list[fl.Trajectory]) -> None:
    def broken() -> Iterator[fl.Trajectory]:
        yield from frames[:5]
        raise RuntimeError("atoms: they ran away")

    panel = LivePanel(broken(), target=1e-9)
    panel.go_on()
    assert "they ran away" in panel.running.status.value and panel.live.steps[-1].configurations == 5
    assert "5 configurations" in panel.figure.layout.title.text


def test_in_a_kernel_it_runs_beside_and_stops_between_configurations(frames: list[fl.Trajectory]) -> None:
    begun, more = threading.Semaphore(0), threading.Semaphore(0)

    def held() -> Iterator[fl.Trajectory]:
        for one in frames:
            begun.release()
            assert more.acquire(timeout=60)
            yield one

    async def person() -> None:
        panel = LivePanel(held(), target=1e-9)
        panel.go_on()
        for _ in range(10):
            more.release()
        for _ in range(11):  # the eleventh configuration is being made
            assert await asyncio.to_thread(begun.acquire, timeout=60)
        assert panel.running.busy and panel.live.steps[-1].configurations == 10
        panel.button.click()  # it runs already
        panel.running.button.click()  # Stop
        assert not panel.running.busy and "Go on" in panel.running.status.value
        more.release()
        await asyncio.to_thread(panel.running._thread.join, 60)
        await asyncio.sleep(0.05)  # the last figure is drawn by the loop
        assert panel.live.steps[-1].configurations == 11
        assert "11 configurations" in panel.figure.layout.title.text
        assert_lost_nothing(panel, frames)
        panel.button.click()  # Go on
        for _ in range(20):
            more.release()
        for _ in range(20):
            assert await asyncio.to_thread(begun.acquire, timeout=60)
        more.release()
        await asyncio.to_thread(panel.stop)
        assert panel.live.steps[-1].configurations >= 31
        assert_lost_nothing(panel, frames)

    asyncio.run(person())


def test_it_takes_whatever_gives_configurations_one_by_one(frames: list[fl.Trajectory]) -> None:
    panel = LivePanel(itertools.islice(frames, 3), target=0.1)
    panel.run(2)
    panel.run(1)
    assert [step.configurations for step in panel.live.steps] == [1, 2, 3]
