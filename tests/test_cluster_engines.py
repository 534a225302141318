"""The engine: any task over items, the results in order, whoever dies."""

import functools
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tasks import Work, environment, noted, refused, squared
from torture import dask_cluster
from tqdm.auto import tqdm

from fisherlib.cluster import engines
from fisherlib.cluster.engines import Engine, processes, serial
from fisherlib.cluster.results import results, resumed

ITEMS = [Work(n) for n in range(11)]


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with dask_cluster(tmp_path_factory.mktemp("dask")) as local, local.get_client() as client:
        client.run(sys.path.insert, 0, str(Path(__file__).parent))
        yield engines.dask(client)


@pytest.fixture(params=["serial", "processes", "dask"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return (
        request.getfixturevalue("dask")
        if request.param == "dask"
        else {"serial": serial, "processes": processes(2)}[request.param]
    )


class Memory:
    """Keeps results in a dictionary."""

    folder = Path("memory")

    def __init__(self, kept: dict[str, int]) -> None:
        self.kept, self.saved = kept, []

    def __contains__(self, item: Work) -> bool:
        return item.name in self.kept

    def load(self, item: Work) -> int | None:
        return self.kept[item.name] if self.kept[item.name] >= 0 else None

    def save(self, item: Work, result: int) -> None:
        self.saved.append(item.number)
        self.kept[item.name] = result


def test_results_come_in_the_order_of_the_items(engine: Engine) -> None:
    assert list(engine(squared, ITEMS)) == [n**2 for n in range(11)]
    assert list(engine(squared, [])) == []


def test_what_is_kept_is_not_done_again_and_what_is_damaged_is(engine: Engine) -> None:
    store, calls = Memory({"item-3": 100, "item-5": -1, "item-7": 49}), []
    how = {"engine": engine, "store": store, "progress": lambda *n: calls.append(n), "title": "", "unit": ""}
    found = list(results(squared, ITEMS, **how))
    assert found == [(item, 100 if item.number == 3 else item.number**2) for item in ITEMS]
    assert store.saved == [n for n in range(11) if n not in (3, 7)]
    assert calls == [(n, 11) for n in range(1, 12)]


def test_an_error_of_a_task_ends_the_run_as_it_is(engine: Engine) -> None:
    done = []
    with pytest.raises(KeyError, match="the third"):
        for result in engine(refused, ITEMS):
            done.append(result)
    assert done == [0, 1]


def test_a_dead_worker_costs_its_own_item_only(tmp_path: Path) -> None:
    task = functools.partial(noted, folder=tmp_path, deadly=4, deaths=engines.PATIENCE - 1)
    assert list(processes(2)(task, ITEMS)) == [n**2 for n in range(11)]
    times = Counter(path.name.split(".")[0] for path in tmp_path.iterdir())
    assert times == {item.name: engines.PATIENCE if item.number == 4 else 1 for item in ITEMS}


def test_an_item_that_kills_every_worker_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    task, done = functools.partial(noted, folder=tmp_path, deadly=4, deaths=99), []
    with pytest.raises(RuntimeError, match="workers died 3 times over 'item-4': too little memory for 2 at once"):
        for result in processes(2)(task, ITEMS):
            done.append(result)
    assert done == [0, 1, 4, 9]
    times = Counter(path.name.split(".")[0] for path in tmp_path.iterdir())
    assert times.pop("item-4") == engines.PATIENCE and set(times.values()) == {1}


def test_a_worker_has_one_thread() -> None:
    assert list(processes(2)(environment, ITEMS[:3])) == ["1"] * 3


def test_the_bar_shows_rate_and_remaining_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "fisherlib.cluster.results.tqdm", lambda **given: tqdm(**given | {"mininterval": 0, "delay": 0})
    )
    how = {"engine": serial, "store": Memory({}), "progress": None, "title": "squares", "unit": " items"}
    assert len(list(results(squared, ITEMS, **how))) == 11
    shown = capsys.readouterr().err
    assert "squares" in shown and "11.0/11.0" in shown and " items/s]" in shown and "<" in shown


def test_an_interruption_says_what_is_kept() -> None:
    how = {"workers": 1, "client": None, "progress": lambda done, total: None, "title": "", "unit": ""}
    with pytest.raises(KeyboardInterrupt, match="interrupted: 3 of 11 parts are kept in memory; the same call goes on"):
        with resumed(squared, ITEMS, store=Memory({"item-1": 1, "item-2": 4}), **how) as found:
            for item, _ in found:
                if item.number == 2:
                    raise KeyboardInterrupt
