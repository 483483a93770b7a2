"""Takes from a slow source before it is asked to, so that whoever takes does not wait."""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from threading import Condition, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")


def read_ahead(items: Generator[Item, None, None], depth: int) -> Generator[Item, None, None]:
    """Yield *items*, of which another thread has up to *depth* ready.

    The thread ends with the items, or when this iterator is closed; so does *items*. What it
    raises is raised here, after what came before.
    """
    shelf = _Shelf[Item](depth)
    thread = Thread(target=shelf.fill, args=(items,), name="read ahead", daemon=True)
    thread.start()
    try:
        yield from shelf.taken()
    finally:
        shelf.leave()
        thread.join()


class _Shelf(Generic[Item]):
    """Where one thread lays things down and another takes them."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._moved = Condition()
        self._items: deque[Item] = deque()
        self._is_left = self._is_over = False
        self._error: BaseException | None = None

    def fill(self, items: Generator[Item, None, None]) -> None:
        """Lay down all *items* as long as somebody takes them."""
        try:
            with closing(items):
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
            self._moved.wait_for(lambda: self._is_left or len(self._items) < self._depth)
            self._items.append(item)
            self._moved.notify_all()
            return not self._is_left

    def taken(self) -> Iterator[Item]:
        """Yield what is laid down until there will be no more."""
        while True:
            with self._moved:
                self._moved.wait_for(lambda: self._is_over or self._items)
                if not self._items:
                    break
                item = self._items.popleft()
                self._moved.notify_all()
            yield item
        if self._error is not None:
            raise self._error

    def leave(self) -> None:
        """Say that nothing will be taken any more."""
        with self._moved:
            self._is_left = True
            self._moved.notify_all()
