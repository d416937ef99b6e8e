"""What a worker does with pictures: the network has the next one while the one before is finished."""

from collections.abc import Callable
from typing import Any

from fitness_core.mailbox import Mailbox


class Pipeline:
    """Takes pictures through three steps, in their order, each picture once.

    begin: lets the network begin. end: waits for it; the next picture may begin after that. finish: smooths, publishes.
    Where a picture waits when another one ends it begins before that one is finished; where none does, nothing is put
    off. failed: told of an error of a step, and of the picture that ends there.
    """

    def __init__(
        self,
        begin: Callable[[Any], Any],
        end: Callable[[Any], Any],
        finish: Callable[[Any], None],
        failed: Callable[[Exception, Any], None],
    ) -> None:
        self._begin = begin
        self._end = end
        self._finish = finish
        self._failed = failed

    def run(self, mailbox: Mailbox[Any]) -> None:
        """Work until the mailbox is closed and all that was in it is finished."""
        ended = None
        while True:
            picture = mailbox.take(None if ended is None else 0.0)
            if picture is None and ended is None:
                return
            begun = self._attempt(self._begin, picture, picture)
            self._attempt(self._finish, ended, None)
            ended = self._attempt(self._end, begun, picture)

    def _attempt(self, step: Callable[[Any], Any], given: Any, picture: Any) -> Any:
        if given is None:
            return None
        try:
            return step(given)
        except Exception as error:
            # The worker goes on: one picture that the backend chokes on is not the end.
            self._failed(error, picture)
            return None
