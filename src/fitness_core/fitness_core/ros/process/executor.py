"""The executor of every process of the graph: rclpy's own, but that a message does not cost a look at everything else.

rclpy's SingleThreadedExecutor puts every entity of every node into a new wait set each time it waits, three times for
each message: in the whole graph 220 entities (120 services, 75 events of publishers and subscriptions), some 8 ms of
CPU for every pose. Here the wait for messages and timers has only these in it. A thread waits for services, clients and
actions; when any of them is ready, and every third second, the executor takes one turn of rclpy's own, complete way.
Callbacks run one at a time, in the thread that spins, as ever.

rclpy's experimental EventsExecutor has the same aim; in this version it hangs where nodes are made and spun in
different threads.
"""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any

from rclpy.event_handler import EventHandler
from rclpy.exceptions import InvalidHandle
from rclpy.executors import (
    ConditionReachedException,
    ExternalShutdownException,
    ShutdownException,
    SingleThreadedExecutor,
    TimeoutException,
    TimeoutObject,
)
from rclpy.guard_condition import GuardCondition
from rclpy.node import Node
from rclpy.task import Future
from rclpy.timer import Timer

from fitness_core.ros.process.entities import PLAIN, Callback, Entities, Entries, Entry, call_subscription, call_timer
from fitness_core.ros.process.native import RCLError, WaitSet
from fitness_core.types import NANOSECONDS

LOOK_PERIOD = 3.0
"""Between looks at the events of publishers and subscriptions, e.g. that two do not fit together, at the least [s]."""
_FOREVER = -1


def urgency_of(node: Node) -> int:
    """Of two whose messages have come the callback of the more urgent node goes first: a node's URGENCY, else 0.

    Below 0: after what comes of the others, too.
    """
    return getattr(node, "URGENCY", 0)


class GraphExecutor(SingleThreadedExecutor):
    """Spins nodes whose messages and timers are many and whose services, actions and events are rare.

    `shutdown` ends its thread. Used like SingleThreadedExecutor, from one thread at a time.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._stale = True
        self._known = Entities([])
        self._hurried = False  # whether any node cannot wait
        self._spinner = 0  # the thread that spins
        self._fed: dict[str, None] = {}  # topics that callbacks have published on since the last wait, in order
        self._waiting = threading.Lock()  # while it waits
        self._wait_set: Any = None
        self._rest_ready = False
        self._rest_taken = threading.Event()
        self._next_look = 0.0
        self._rest_guard: GuardCondition | None = GuardCondition(None, None, context=self._context)
        self._watcher: threading.Thread | None = None

    def add_node(self, node: Node) -> bool:
        """Spin a node too; whether it was not there yet."""
        added = super().add_node(node)
        self.wake()
        return added

    def remove_node(self, node: Node) -> None:
        """Spin a node no more."""
        super().remove_node(node)
        self.wake()

    def get_nodes(self) -> list[Node]:
        """The nodes it spins, the most urgent first."""
        return sorted(super().get_nodes(), key=urgency_of, reverse=True)

    def wake(self) -> None:
        """Look again at what there is to wait for: rclpy calls it when an entity is created or destroyed."""
        self._stale = True
        super().wake()
        if self._rest_guard is not None:
            self._rest_guard.trigger()
        self._let_go()

    def _let_go(self) -> None:
        """What is destroyed goes when nobody holds it any more. A wait under way has been woken and lets go itself."""
        if self._waiting.acquire(blocking=False):
            try:
                self._known.let_go()
            finally:
                self._waiting.release()

    def feed(self, topic: str) -> None:
        """Something was published on a topic. By a callback of this executor: who hears it here is called next.

        DDS has delivered within the process by then, and to ask it first takes as long as most callbacks.
        """
        if threading.get_ident() == self._spinner:
            self._fed[topic] = None

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Stop for good and end the thread."""
        ended = super().shutdown(timeout_sec)
        self._stale = True
        self._let_go()
        self._wait_set = None
        self._known = Entities([])
        guard, self._rest_guard = self._rest_guard, None
        if guard is not None:
            self._rest_taken.set()
            guard.trigger()
            if self._watcher is not None:
                self._watcher.join()
            guard.destroy()
        return ended

    def spin_once_until_future_complete(self, future: Future, timeout_sec: float | TimeoutObject | None = None) -> None:
        """What is ready, nothing once the future is done; `spin_until_future_complete` sees to it that this wakes."""
        # rclpy's own adds a callback to the future each time: one more for every message, for as long as it spins.
        try:
            for handler, _, _ in self._wait_for_ready_callbacks(timeout_sec, None, future.done):
                handler()
                handler.result()
                if future.done():
                    return
        except (ShutdownException, TimeoutException, ConditionReachedException):
            pass

    def _wait_for_ready_callbacks(
        self,
        timeout_sec: float | TimeoutObject | None = None,
        nodes: list[Node] | None = None,
        condition: Callable[[], bool] = lambda: False,
    ) -> Generator[tuple[Any, Any, Any], None, None]:
        if nodes is not None:
            yield from super()._wait_for_ready_callbacks(timeout_sec, nodes, condition)
            return
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="rest", daemon=True)
            self._watcher.start()
        timeout = timeout_sec.timeout if isinstance(timeout_sec, TimeoutObject) else timeout_sec
        deadline = time.monotonic() + timeout if timeout is not None and timeout >= 0 else None
        worked = False
        while not worked and not self._is_shutdown and not condition():
            if self._rest_ready or time.monotonic() >= self._next_look or (self._tasks and self.has_tasks()):
                self._next_look = time.monotonic() + LOOK_PERIOD
                for ready in self._complete_turn(condition):
                    worked = True
                    yield ready
                if worked:
                    break
            for ready in self._wait(deadline):
                worked = True
                yield ready
            if not worked and deadline is not None and time.monotonic() >= deadline:
                raise TimeoutException
        if self._is_shutdown:
            raise ShutdownException
        if condition():
            raise ConditionReachedException

    def has_tasks(self) -> bool:
        """Whether anything awaits something (an action's callback): rclpy's own way knows how to go on with it."""
        with self._tasks_lock:
            self._tasks = [entry for entry in self._tasks if not (entry[0].done() or entry[0].cancelled())]
            return bool(self._tasks)

    def _complete_turn(self, condition: Callable[[], bool]) -> Generator[tuple[Any, Any, Any], None, None]:
        try:
            yield from super()._wait_for_ready_callbacks(0.0, None, condition)
        except (TimeoutException, ConditionReachedException):
            pass
        finally:
            if self._rest_ready:
                self._rest_ready = False
                self._rest_taken.set()

    def _wait(self, deadline: float | None) -> Generator[tuple[Any, Any, Any], None, None]:
        """Wait for messages, timers and being woken; what is ready, the most urgent first."""
        self._spinner = threading.get_ident()
        self._fed.clear()  # the wait finds what is left of it
        timers, subscriptions = self._ready(deadline)
        if self._hurried and subscriptions and all(urgency_of(node) < 0 for _, node in subscriptions):
            # They are told of a message one after the other; the more urgent may be about to be.
            subscriptions += [entry for entry in self._ready(time.monotonic())[1] if entry not in subscriptions]
        patient = [entry for entry in subscriptions if urgency_of(entry[1]) < 0]
        others = [entry for entry in subscriptions if urgency_of(entry[1]) >= 0]
        yield from self._handlers(timers)
        yield from self._handlers(others)
        # Before those that can wait goes what comes of the others, but none again: nobody gets further behind than by
        # one message. Not what comes of that in turn.
        yield from self._handlers(self._eaters(lambda entry: urgency_of(entry[1]) >= 0 and entry not in others))
        yield from self._handlers(patient)
        yield from self._handlers(self._eaters(lambda entry: True))

    def _handlers(self, entries: Entries) -> Generator[tuple[Any, Any, Any], None, None]:
        for entity, node in entries:
            yield self._handler(entity, node), entity, node

    def _eaters(self, wanted: Callable[[Entry], bool]) -> Entries:
        """Who hears what was published since they were asked for last."""
        fed, self._fed = self._fed, {}
        if self._stale:
            return []  # some may have gone
        hearing = [entry for topic in fed for entry in self._known.hearing.get(topic, ())]
        return [entry for entry in hearing if wanted(entry) and (not self._tasks or self.can_execute(entry[0]))]

    def _ready(self, deadline: float | None) -> tuple[Entries, Entries]:
        """Wait; the timers and subscriptions that are ready."""
        with self._waiting:
            if self._stale:
                self._look()
            known = self._known
            try:
                if self._tasks or any(self.can_execute(entity) for entity in known.particular):
                    # What is being executed must not be called meanwhile, nor what somebody else looks after.
                    may = [entry for entry in known.entries if self.can_execute(entry[0])]
                    return self._ready_of(Entities(may, all_alike=True), deadline)
                known.hold()
                return self._ready_among(known, deadline)
            except InvalidHandle:
                # It was destroyed since.
                self._stale = True
                return [], []
            finally:
                if self._stale:
                    known.let_go()

    def _ready_of(self, known: Entities, deadline: float | None) -> tuple[Entries, Entries]:
        """The same of what is held for this once."""
        try:
            known.hold()
            return self._ready_among(known, deadline)
        finally:
            known.let_go()

    def _ready_among(self, known: Entities, deadline: float | None) -> tuple[Entries, Entries]:
        """The same of what is held."""
        wait_set = self._wait_set
        context: Any = self._context.handle
        with context, self._guard.handle, self._sigint_gc.handle:
            wait_set.clear_entities()
            for handle in known.subscription_handles:
                wait_set.add_subscription(handle)
            for handle in known.timer_handles:
                wait_set.add_timer(handle)
            wait_set.add_guard_condition(self._guard.handle)
            wait_set.add_guard_condition(self._sigint_gc.handle)
            left = _FOREVER if deadline is None else max(0, round((deadline - time.monotonic()) * NANOSECONDS))
            wait_set.wait(left)
            if self._is_shutdown:
                raise ShutdownException
            if not self._context.ok():
                raise ExternalShutdownException
            due = known.among(wait_set.get_ready_entities("timer"))
            # A timer that was cancelled can be among those that are due.
            timers = [(timer, node) for timer, node in due if timer.handle.is_timer_ready()]
            return timers, known.among(wait_set.get_ready_entities("subscription"))

    def _look(self) -> None:
        self._stale = False
        self._known.let_go()
        nodes = self.get_nodes()
        entries: Entries = [(entity, node) for node in nodes for entity in node.subscriptions]
        entries += [(entity, node) for node in nodes for entity in node.timers]
        known = Entities(entries)
        self._hurried = any(urgency_of(node) >= 0 for node in nodes)
        handle: Any = self._context.handle
        with handle:
            self._wait_set = WaitSet(*known.sizes, handle)
        self._known = known

    def _handler(self, entity: Any, node: Node) -> Any:
        is_timer = isinstance(entity, Timer)
        if entity in self._known.coroutines:
            return self._make_handler(entity, node, self._take_timer if is_timer else self._take_subscription)
        group = entity.callback_group
        # They run one at a time anyway: where none of rclpy's tasks is under way, its groups keep nothing apart.
        alone = not self._tasks and type(group) in PLAIN
        return Callback(entity, call_timer if is_timer else call_subscription, None if alone else group)

    def _take_timer(self, timer: Timer) -> Any:
        try:
            return super()._take_timer(timer)
        except RCLError:
            if timer.is_canceled():
                return None
            raise

    def _watch(self) -> None:
        """In a thread: wait for services, clients, actions and events; when any is ready the executor takes a turn."""
        while not self._is_shutdown and self._context.ok():
            guard = self._rest_guard
            if guard is None:
                return
            try:
                woken = self._wait_for_rest(guard)
            except (InvalidHandle, RCLError):
                # What it waits for goes while the context is shut down, or a node is destroyed: look again.
                continue
            if woken:
                continue
            self._rest_taken.clear()
            if self._rest_guard is None:
                return  # shut down meanwhile: what it set was cleared just now, and nobody sets it again
            self._rest_ready = True
            super().wake()
            self._rest_taken.wait()

    def _wait_for_rest(self, guard: GuardCondition) -> bool:
        """Wait; whether it ended because there is something else to wait for now."""
        nodes = self.get_nodes()
        clients = [entity for node in nodes for entity in node.clients]
        services = [entity for node in nodes for entity in node.services]
        # Of the events of a publisher or subscription every message wakes, too: they are looked at now and then.
        waitables = [e for node in nodes for e in node.waitables if not isinstance(e, EventHandler)]
        guards = [entity for node in nodes for entity in node.guards]
        with ExitStack() as held:
            entities: list[Any] = [self._context, guard, *guards, *clients, *services]
            for entity in entities:
                held.enter_context(entity.handle)
            counts = [0, 1 + len(guards), 0, len(clients), len(services), 0]
            for waitable in waitables:
                held.enter_context(waitable)
                of = waitable.get_num_entities()
                numbers = [of.num_subscriptions, of.num_guard_conditions, of.num_timers]
                numbers += [of.num_clients, of.num_services, of.num_events]
                counts = [sum(both) for both in zip(counts, numbers, strict=True)]
            wait_set = WaitSet(*counts, self._context.handle)
            wait_set.clear_entities()
            for condition in (guard, *guards):
                wait_set.add_guard_condition(condition.handle)
            for client in clients:
                wait_set.add_client(client.handle)
            for service in services:
                wait_set.add_service(service.handle)
            for waitable in waitables:
                waitable.add_to_wait_set(wait_set)
            wait_set.wait(_FOREVER)
            triggered = wait_set.get_ready_entities("guard_condition")
            for condition in guards:
                if condition.handle.pointer in triggered:
                    # The wait has taken it; rclpy's own way triggers it again for this.
                    condition._executor_triggered = True
            return guard.handle.pointer in triggered
