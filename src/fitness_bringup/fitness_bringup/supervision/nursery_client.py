"""The supervisor's side of a nursery (`nursery_process.py`): its node, as if that were a process of one's own."""

import contextlib
import os
import select
import signal
import subprocess
import time

from fitness_bringup.supervision.nursery_process import NODE, SPARE

UNSEEN = 255
"""Exit code of a node that ended after its nursery did: nobody knows how."""
_LOOK = 0.1


class Nursery:
    """A node that is forked; with what is used of `subprocess.Popen`. process: of the nursery, with pipes in and out.

    pid: of the node; while it is not there yet that of the nursery. spare: pid of the fork that waits, None for none.
    since: when the node was forked [s, monotonic], None while it is not there.
    """

    def __init__(self, process: subprocess.Popen) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process, self._input, self._output = process, process.stdin, process.stdout.fileno()
        os.set_blocking(self._output, False)
        self._said = b""
        self._end: int | None = None  # the descriptor that tells the node's end
        self.returncode: int | None = None
        self.spare: int | None = None
        self.since: float | None = None
        self.pid = process.pid
        self._asked = False
        self._ask(NODE)

    @property
    def alive(self) -> bool:
        """Whether there can be another node from here."""
        return self._process.poll() is None and not self._input.closed

    def begin(self) -> None:
        """The next node, when the one before has ended."""
        self.returncode = self.since = None
        self.pid = self._process.pid
        self._forget()
        self._ask(NODE)

    def prepare(self) -> None:
        """Have a spare, soon."""
        if self.spare is None and not self._asked and self.alive:
            self._asked = True
            self._ask(SPARE)

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to `poll` for."""
        return self._output if self._process.poll() is None or self._end is None else self._end

    def poll(self) -> int | None:
        """The node's exit code, None while it runs or is about to."""
        self._listen()
        if self.returncode is None and self._process.poll() is not None:
            self._listen()
            if self._end is None:
                self.returncode = self._process.returncode
            elif self.returncode is None and select.select([self._end], [], [], 0.0)[0]:
                self.returncode = UNSEEN
        return self.returncode

    def end(self) -> None:
        """Ask the node to end, and all that was forked."""
        with contextlib.suppress(OSError):
            self._input.close()
        self._process.terminate()  # while it loads; later it goes by its input
        if self._process.poll() is not None and self.poll() is None:
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9 the node."""
        self._signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """The node's exit code when it has ended; subprocess.TimeoutExpired after `timeout` [s]."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(self._process.args, timeout)
            select.select([self], [], [], min(left, _LOOK))
        return code

    def close(self) -> None:
        """The node has ended: so does the nursery."""
        self.end()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._forget()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._end is None:
            self._process.send_signal(number)
        elif self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._end, number)

    def _ask(self, what: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # it is gone: that is told by `poll`
            self._input.write(what)

    def _listen(self) -> None:
        if self._process.stdout is None or self._process.stdout.closed:
            return
        with contextlib.suppress(BlockingIOError):
            while given := os.read(self._output, 1000):
                self._said += given
        *lines, self._said = self._said.split(b"\n")
        for line in lines:
            what, *numbers = line.decode().split()
            pid = int(numbers[0])
            if what == "spare":
                self.spare, self._asked = pid, False
            elif what == "node":
                self._born(pid)
            elif pid == self.pid:
                self.returncode = int(numbers[1])
            elif pid == self.spare:
                self.spare = None

    def _born(self, pid: int) -> None:
        self.pid, self.since = pid, time.monotonic()
        self.spare, self._asked = None, False
        with contextlib.suppress(ProcessLookupError):
            self._end = os.pidfd_open(pid)

    def _forget(self) -> None:
        if self._end is not None:
            os.close(self._end)
            self._end = None
