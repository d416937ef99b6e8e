"""Between a callback that may not wait and a worker that takes its time: a slot for the newest item."""

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Holds one item; a newer one takes its place. `replaced`: how many were never taken."""

    def __init__(self) -> None:
        self.replaced = 0
        self._item: Item | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> bool:
        """Put the newest item in, at once; whether it took the place of another one."""
        with self._changed:
            replaces = self._item is not None
            self.replaced += replaces
            self._item = item
            self._changed.notify()
        return replaces

    def take(self, wait: bool = True) -> Item | None:
        """Take the item out; wait for one, or None where it is empty; None once the mailbox is closed and empty."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._closed or self._item is not None)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Let `take` return: what is in it first, None after that."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
