"""As fast as it goes and nothing lost: a recording is played in step with who works on it."""

import threading

from rclpy.node import Node

from fitness_core.ros.serialized import stamp_of

IMPATIENCE = 0.1
"""Once an answer has not come, each further one is waited for so long until one comes again [s]."""


class InStep:
    """One message at a time is under way: the next goes out when the last one is answered, by a message of its stamp.

    A slow subscriber would otherwise lose messages without anybody knowing: DDS acknowledges what has reached its
    queue, and the queue drops the oldest. One thread plays (`send`, `wait`), another hears the answers (`hear`).
    """

    def __init__(self, node: Node, topic: str, patience: float, slack: int = 0, impatience: float = IMPATIENCE) -> None:
        """Of a topic whose publishers answer. patience: how long an answer is waited for [s]; impatience: how long once
        one has not come. slack: who does not answer every message may be behind by so much of their stamps [ns].
        """
        self.unanswered = 0
        """How many messages nobody has answered in time."""
        self._node = node
        self._topic = topic
        self._patience = patience
        self._left = patience
        self._impatience = impatience
        self._slack = slack
        self._awaited: int | None = None
        self._newest: int | None = None
        self._any = self._over = False
        self._answered = threading.Event()
        self._answered.set()

    @property
    def attended(self) -> bool:
        """Whether there is anybody who answers."""
        return self._node.count_publishers(self._topic) > 0

    def send(self, stamp: int) -> None:
        """A message of this stamp [ns] is about to go out."""
        self._awaited = stamp
        self._answered.clear()
        if self._slack and self._is_answer(self._newest):
            self._answered.set()

    def hear(self, cdr: bytes) -> None:
        """A message of the topic has come, serialized, with a header."""
        self._any, self._left = True, self._patience
        self._newest = stamp_of(cdr)
        if self._is_answer(self._newest):
            self._answered.set()

    def _is_answer(self, stamp: int | None) -> bool:
        return stamp is not None and self._awaited is not None and 0 <= self._awaited - stamp <= self._slack

    def wait(self) -> bool:
        """Wait for the answer to the last message; whether it came, or none is to be expected.

        Who has answered before and is gone may come back: only who never was there is not waited for.
        """
        if self._over or not (self._any or self.attended) or self._answered.wait(self._left):
            return True
        self._answered.set()
        self._left = min(self._patience, self._impatience)
        self.unanswered += 1
        return False

    def stop(self) -> None:
        """Whoever waits goes on at once, and for good."""
        self._over = True
        self._answered.set()
