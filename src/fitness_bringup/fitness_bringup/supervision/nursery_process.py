"""The nursery of a node: a process that has loaded what the node needs, and from which the node is forked.

Most of a node's start is the loading of Python and native libraries, and half of the rest is discovery: until those who
are there already know a new process, and it knows them. So a nursery loads once, and keeps a spare beside the node: a
fork that is known on the domain, with no node yet, and becomes the node in the moment the one before dies.
`fitness_bringup.supervision.nursery_client` is who speaks with it.
"""

import contextlib
import gc
import os
import select
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

import rclpy

from fitness_core.errors import InputError
from fitness_core.ros.process.leaving import leaving
from fitness_core.ros.process.middleware import init, permitted
from fitness_core.ros.process.native import BareNode

NODE, SPARE = b"n", b"s"
"""What a nursery is asked for: the node, now; a spare, for later."""
_ENDING = (signal.SIGINT, signal.SIGTERM)
_MESSAGES = ("builtin_interfaces", "rcl_interfaces", "lifecycle_msgs", "diagnostic_msgs", "sensor_msgs", "fitness_msgs")


def nursery(module: str, parameters: Mapping[str, Any] | None = None) -> int:
    """Load the module of a node, and fork what standard input asks for; 0 when that ends, and all that was forked.

    What the module alone does not load but the node needs the module names, where there is something: `PRELOAD` is
    called with `parameters`, those that the node is given, before the first node; the modules of `BEFOREHAND` are
    imported before the first spare.

    On standard output: `spare PID`, `node PID` (a spare that has become the node, or a new fork), `ended PID CODE`.
    In a fork it runs the node's `main`; the exit code is that.
    """
    node = import_module(module)
    if preload := getattr(node, "PRELOAD", None):
        preload(parameters or {})
    _load_messages()
    _settle()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with its standard input
    gate = _Nursery(getattr(node, "BEFOREHAND", ())).tend()
    return 0 if gate is None else _become(node.main, gate)


class _Nursery:
    """What is forked: children by the descriptor that tells their end, and the spare with where it waits.

    later: modules that the node imports while it runs; a spare has them, the first node does not wait for them.
    """

    def __init__(self, later: Iterable[str]) -> None:
        self._later = later
        self._children: dict[int, int] = {}
        self._spare: tuple[int, int] | None = None

    def tend(self) -> int | None:
        """None when all is over; in a fork the descriptor to wait at."""
        events = select.poll()
        events.register(0)
        asked = True
        while asked or self._children:
            for descriptor, _ in events.poll():
                if descriptor:
                    events.unregister(descriptor)
                    self._bury(descriptor)
                    continue
                given = os.read(0, 100)
                for one in given:
                    gate = self._ask(bytes([one]), events)
                    if gate is not None:
                        return gate
                if not given:
                    asked = False
                    events.unregister(0)
                    self._dismiss()
        return None

    def _dismiss(self) -> None:
        waiting = None
        if self._spare is not None:
            waiting, gate = self._spare
            self._spare = None
            os.close(gate)  # it takes its leave by itself
        for pid in self._children.values():
            if pid != waiting:
                os.kill(pid, signal.SIGTERM)

    def _ask(self, what: bytes, events: select.poll) -> int | None:
        if what == SPARE and self._later:
            for module in self._later:
                import_module(module)
            self._later = ()
            _settle()
        if self._spare is None:
            reader, writer = os.pipe()
            # A fork ignores them as its nursery does until `_become`: what is sent before would be lost.
            signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
            pid = os.fork()
            if not pid:
                for descriptor in (writer, *self._children):
                    os.close(descriptor)
                return reader
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            os.close(reader)
            end = os.pidfd_open(pid)
            self._children[end] = pid
            events.register(end)
            self._spare = pid, writer
            if what == SPARE:
                _say(f"spare {pid}")
        if what == NODE:
            pid, writer = self._spare
            self._spare = None
            with contextlib.suppress(BrokenPipeError):  # it has died; that is told
                os.write(writer, b"\n")
            os.close(writer)
            _say(f"node {pid}")
        return None

    def _bury(self, descriptor: int) -> None:
        pid = self._children.pop(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        if self._spare is not None and self._spare[0] == pid:
            os.close(self._spare[1])
            self._spare = None
        _say(f"ended {pid} {os.waitstatus_to_exitcode(status)}")


def _settle() -> None:
    """What is loaded stays where it is: pages that nobody writes to are shared by all that is forked."""
    gc.collect()
    gc.freeze()


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # who asked is gone: the end of standard input tells
        os.write(1, f"{line}\n".encode())


def _become(main: Callable[[], int], gate: int) -> int:
    """In a fork: be there, wait at a descriptor, run the node; 0 where the nursery ends instead."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    with _presence():
        if not os.read(gate, 1):
            return 0
        os.close(gate)
        return main()


@contextlib.contextmanager
def _presence() -> Iterator[None]:
    """Be known to all on the domain, with nothing to say yet: a bare node, of which tools show nothing."""
    presence = None
    # What ROS 2 refuses it refuses again when the node is made, which tells it.
    with contextlib.suppress(InputError), permitted():
        init()
        handle: Any = rclpy.get_default_context().handle
        with handle:
            presence = BareNode("_spare", "/", handle, None, False, False)
    try:
        yield
    finally:
        with leaving():
            if presence is not None:
                presence.destroy_when_not_in_use()
            rclpy.try_shutdown()


def _load_messages() -> None:
    """The native code of the messages, which rclpy loads with the first publisher of each; it needs no context."""
    from rclpy.type_support import check_for_type_support

    for package in _MESSAGES:
        for kind in vars(import_module(f"{package}.msg")).values():
            if isinstance(kind, type):
                check_for_type_support(kind)
