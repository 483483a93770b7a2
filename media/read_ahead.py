"""Takes from a slow source before it is asked to, so that whoever takes does not wait."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from threading import Condition, Thread
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")


def read_ahead(items: Generator[Item, None, None], depth: int) -> Generator[Item, None, None]:
    """Yield *items*, of which another thread has up to *depth* ready.

    The thread ends with the items, or when this iterator is closed; so does *items*. What it
    raises is raised here, after what came before.
    """
    with Shelf(items, depth, lambda _: 1) as shelf:
        yield from shelf.taken()


class Shelf(Generic[Item]):
    """Where one thread lays things down and another takes them.

    A context, in which the first one is at work.
    """

    def __init__(
        self, items: Generator[Item, None, None], depth: int, weigh: Callable[[Item], int]
    ) -> None:
        """Take *items*, of which so many are ready that together they *weigh* *depth* or more."""
        self._items, self._depth, self._weigh = items, depth, weigh
        self._moved = Condition()
        self._ready: deque[Item] = deque()
        self._weight = 0  # of what is ready
        self._is_left = self._is_over = False
        self._error: BaseException | None = None
        self._thread = Thread(target=self._fill, name="read ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._moved:
            self._is_left = True
            self._moved.notify_all()
        self._thread.join()

    def _fill(self) -> None:
        """Lay down all items as long as somebody takes them."""
        try:
            with closing(self._items) as items:
                for item in items:
                    if not self._lay_down(item):
                        break
        except BaseException as error:
            self._error = error
        with self._moved:
            self._is_over = True
            self._moved.notify_all()

    def _lay_down(self, item: Item) -> bool:
        with self._moved:
            self._moved.wait_for(lambda: self._is_left or self._weight < self._depth)
            self._ready.append(item)
            self._weight += self._weigh(item)
            self._moved.notify_all()
            return not self._is_left

    def wait_until_full(self) -> None:
        """Wait until as much as possible is ready.

        Raises:
            BaseException: what *items* raised before that.
        """
        with self._moved:
            self._moved.wait_for(lambda: self._is_over or self._weight >= self._depth)
        if self._error is not None:
            raise self._error

    def taken(self) -> Iterator[Item]:
        """Yield what is laid down until there will be no more."""
        while True:
            with self._moved:
                was_dry = not self._ready
                self._moved.wait_for(lambda: self._is_over or self._ready)
                if not self._ready:
                    break
                self._note(was_dry=was_dry)
                item = self._ready.popleft()
                self._weight -= self._weigh(item)
                self._moved.notify_all()
            yield item
        if self._error is not None:
            raise self._error

    def _note(self, *, was_dry: bool) -> None:
        """Remember how it stands before something is taken; for who wants to know."""
