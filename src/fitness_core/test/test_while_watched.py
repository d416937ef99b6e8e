"""Work for those who watch: it begins with the first and ends with the last of them, and with the node."""

import threading
import uuid
from collections.abc import Iterator

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.subscription import Subscription
from std_msgs.msg import String

from fitness_core.ros.topics.while_watched import WhileWatched, Work


class Noted:
    """A work whose viewers a test sets, and what has become of it."""

    def __init__(self) -> None:
        self.viewers = 0
        self.done: list[str] = []
        self.heard: list[Subscription] = []
        self.work = Work(lambda: self.viewers, self.listen, lambda: self.done.append("ended"))

    def listen(self) -> list[Subscription]:
        self.done.append("begun")
        return self.heard


@pytest.fixture
def node() -> Iterator[Node]:
    context = rclpy.Context()
    context.init()
    made = Node(f"viewer_{uuid.uuid4().hex[:8]}", context=context)
    yield made
    made.destroy_node()
    context.shutdown()


def look(node: Node, times: int = 1) -> None:
    """Let the timer of the node tick."""
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    for _ in range(times):
        executor.spin_once(timeout_sec=10.0)
    executor.shutdown()


def test_it_begins_once_somebody_watches_and_ends_when_nobody_does(node: Node) -> None:
    noted, other, watching = Noted(), Noted(), WhileWatched(node)
    assert watching.state == "inactive"
    watching.start(noted.work, other.work)
    look(node)
    assert (noted.done, watching.state) == ([], "nobody watches")
    noted.viewers = 2
    look(node, 2)
    assert (noted.done, watching.state) == (["begun"], "active")
    noted.viewers = 0
    look(node, 2)
    assert (noted.done, watching.state) == (["begun", "ended"], "nobody watches")
    assert other.done == []
    watching.stop()


def test_it_ends_with_the_node_and_can_begin_again_after_that(node: Node) -> None:
    noted, watching = Noted(), WhileWatched(node)
    watching.stop()
    noted.viewers = 1
    for begun in (1, 2):
        watching.start(noted.work)
        look(node)
        watching.stop()
        assert (noted.done, watching.state) == (["begun", "ended"] * begun, "inactive")
    watching.renew()
    assert noted.done == ["begun", "ended"] * 2
    assert not list(node.timers)


def test_what_is_renewed_ends_and_begins_again_where_it_is_watched(node: Node) -> None:
    noted, unwatched, watching = Noted(), Noted(), WhileWatched(node)
    noted.viewers = 1
    watching.start(noted.work, unwatched.work)
    look(node)
    noted.work.renewed = True
    assert noted.done == ["begun"]
    look(node, 2)
    assert noted.done == ["begun", "ended", "begun"]
    watching.renew()
    assert noted.done == ["begun", "ended", "begun", "ended", "begun"]
    assert unwatched.done == []
    watching.stop()


def test_what_it_hears_is_heard_no_more_when_it_ends(node: Node) -> None:
    noted, watching, before = Noted(), WhileWatched(node), set(node.subscriptions)
    noted.viewers = 1
    noted.heard = [node.create_subscription(String, name, lambda _: None, 1) for name in ("one", "two")]
    watching.start(noted.work)
    look(node)
    assert set(node.subscriptions) - before == set(noted.heard)
    watching.stop()
    assert set(node.subscriptions) == before


def test_nothing_begins_once_it_is_stopped_by_another_thread(node: Node) -> None:
    looking, stopped, done = threading.Event(), threading.Event(), []

    def watched() -> bool:
        looking.set()
        # Whoever stops it waits for this look; were it not so, it would have ended before it begins.
        stopped.wait(0.2)
        return True

    watching = WhileWatched(node)
    watching.start(Work(watched, lambda: done.append("begun") or (), lambda: done.append("ended")))

    def stop() -> None:
        looking.wait(10.0)
        watching.stop()
        stopped.set()

    stopping = threading.Thread(target=stop)
    stopping.start()
    look(node)
    stopping.join()
    assert done == ["begun", "ended"]
