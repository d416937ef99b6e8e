"""Between a callback that may not wait and a worker that takes its time: a slot for the newest item."""

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Holds one item; a newer one takes its place."""

    def __init__(self) -> None:
        self._item: Item | None = None
        self._closed = False
        self._changed = threading.Condition()

    @property
    def closed(self) -> bool:
        """Whether it is closed; something may be in it all the same."""
        return self._closed

    def put(self, item: Item) -> bool:
        """Put the newest item in, at once; whether it took the place of another one."""
        with self._changed:
            replaces = self._item is not None
            self._item = item
            self._changed.notify()
        return replaces

    def take(self, timeout: float | None = None) -> Item | None:
        """Take the item out; wait for one, `timeout` [s] at most (0: not at all, None: for ever).

        None where none came, and once the mailbox is closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._item is not None, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Let `take` return: what is in it first, None after that."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
