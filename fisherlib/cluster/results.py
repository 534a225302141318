"""A task done over items: what is kept is not done again, results come in order, and Ctrl-C says how to go on."""

import contextlib
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from tqdm.auto import tqdm

from ..progress import Progress
from .engines import AHEAD, Engine, Item, ItemT, Result, engine_for

if TYPE_CHECKING:
    from distributed import Client

ItemIn = TypeVar("ItemIn", bound=Item, contravariant=True)


class Store(Protocol[ItemIn, Result]):
    """Results that outlive this process; ``load`` gives None where one is damaged, so that its item is done again."""

    @property
    def folder(self) -> Path | None:
        """Where they are; None where nothing is kept."""

    def __contains__(self, item: ItemIn, /) -> bool: ...

    def load(self, item: ItemIn, /) -> Result | None:
        """The result of an item."""

    def save(self, item: ItemIn, result: Result, /) -> None:
        """Keep the result of an item."""


def results(
    task: Callable[[ItemT], Result],
    items: Sequence[ItemT],
    *,
    engine: Engine,
    store: Store[ItemT, Result],
    progress: Progress | None,
    title: str,
    unit: str,
) -> Generator[tuple[ItemT, Result], None, None]:
    """Each item with its result, in order, from the store or else from the engine; new results are kept.

    Args:
        task: a picklable function of an item, never None.
        items: with different names.
        engine: does what is not kept.
        store: of what is kept.
        progress: called with (done, in all), sizes of items; a bar with rate and remaining time is shown without it.
        title: of the bar.
        unit: of the size of items.
    """
    missing = [item for item in items if item not in store]
    names, total, done = {item.name for item in missing}, sum(item.size for item in items), 0
    bar = tqdm(total=total, desc=title, unit=unit, unit_scale=True, delay=1, disable=progress is not None)
    with contextlib.closing(engine(task, missing)) as new, bar:
        show = progress or (lambda done, _: bar.update(done - bar.n))
        for item in items:
            found = next(new) if item.name in names else store.load(item)
            if found is None:  # what was kept is damaged
                (found,) = engine(task, [item])
                names.add(item.name)
            if item.name in names:
                store.save(item, found)
            done += item.size
            show(done, total)
            yield item, found


def interrupted(error: BaseException | None, before: BaseException | None = None) -> bool:
    """Whether it is Ctrl-C or came of it, and not ``before``, which the caller was handling already.

    A file or a lock that is left half way may raise something else.
    """
    while error not in (None, before) and not isinstance(error, KeyboardInterrupt):
        error = error.__context__ if error is not None else None
    return error not in (None, before)


@contextlib.contextmanager
def resumed(
    task: Callable[[ItemT], Result],
    items: Sequence[ItemT],
    *,
    store: Store[ItemT, Result],
    workers: int,
    client: "Client | str | None",
    progress: Progress | None,
    title: str,
    unit: str,
    ahead: float = AHEAD,
) -> Iterator[Iterator[tuple[ItemT, Result]]]:
    """The ``results`` of an engine that ends with the block.

    Raises:
        KeyboardInterrupt: with a sentence that says what is done and how to go on.
    """
    before = sys.exc_info()[1]
    try:
        with engine_for(workers, client, ahead) as engine:
            found = results(task, items, engine=engine, store=store, progress=progress, title=title, unit=unit)
            with contextlib.closing(found):
                yield found
    except BaseException as error:
        if not interrupted(error, before):
            raise
        done = f"{sum(item in store for item in items)} of {len(items)}"
        way = f"parts are kept in {store.folder}; the same call goes on from there"
        raise KeyboardInterrupt(
            f"interrupted: {done} {way if store.folder else 'parts kept: there was no folder to keep them in, see keep='}"
        ) from None
