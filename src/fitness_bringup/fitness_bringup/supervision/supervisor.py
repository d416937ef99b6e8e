"""Programs that are started again when they die: each crash is one diagnostic, each restart waits longer than the last.

For a graph without `ros2 launch`, which has `use_respawn`. What a node had published it restores itself.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fitness_bringup.supervision.nursery_client import UNSEEN, Nursery

BACK_OFF = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Before the first, second, ... restart of a program that keeps dying [s]; the last holds for all further ones."""
HEALTHY_AFTER = 10.0
"""A program of which nothing is heard and that runs all the same is well after so long [s]."""
_LATE = 0.5  # [s] what comes so soon after a start was said before it
SPARE_AFTER = 0.5
"""When a program gets its next spare [s after its start]: its start goes first."""
STOP_TIMEOUT = 8.0
"""What all programs together are given to end, one after the other, before those that are left are killed [s]."""
LEAST_TO_END = 2.0
"""What each of them is given, however long the others took: the last one, a recorder, closes its bag [s]."""
SHOWN_FOR = 10.0
"""A restart stays a warning for so long [s]."""
# Whoever kills the supervisor ends what it runs: nothing goes on unseen, with the camera open (util-linux has it).
_WITH_US = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


@dataclass(frozen=True, slots=True)
class Program:
    """What to run.

    environment: instead of that of this process, empty = the same. respawn: start it again when it dies. ends: its own
    end, with exit code 0, ends all. final: exit codes of a first start that no other start mends. nursery: `command` is
    that of a nursery (`nursery_process.py`): the program is forked from it, and a spare is kept for its death.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    respawn: bool = True
    ends: bool = False
    final: tuple[int, ...] = ()
    nursery: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """What there is to say of a program. level: 0 OK, 1 warning, 2 error. message: one line. pid: 0 while it loads."""

    name: str
    level: int
    message: str
    restarts: int
    pid: int


class Supervised:
    """One program that runs, or waits to be started again. log: where its standard error goes; its end is told."""

    def __init__(self, program: Program, log: Path | None = None) -> None:
        self.program = program
        self.restarts = 0
        self.over = self.refused = False
        self.died_at: float | None = None
        self._log = log
        self._story = ""
        self._in_a_row = 0
        self._due = 0.0
        self.begun = 0.0
        self._end: int | None = None
        self._process: subprocess.Popen | Nursery
        self._begin()

    @property
    def process(self) -> subprocess.Popen | Nursery:
        """The newest one."""
        return self._process

    @property
    def spare(self) -> int | None:
        """Process id of what waits for its death, None while there is none."""
        return self._process.spare if isinstance(self._process, Nursery) else None

    def fileno(self) -> int | None:
        """A descriptor that is readable when it may have ended; None while it does not run."""
        if self.over or self.died_at is not None:
            return None
        return self._process.fileno() if isinstance(self._process, Nursery) else self._end

    def tend(self) -> bool:
        """Notice a death, start again what is due; whether anything changed."""
        now = time.monotonic()
        if self.over:
            return False
        if self.died_at is not None:
            if now < self._due:
                return False
            self.restarts += 1
            self._begin()
            return True
        code = self._process.poll()
        if code is None:
            if now - self.begun > HEALTHY_AFTER:
                self._in_a_row = 0
            if isinstance(self._process, Nursery) and now - (self._process.since or now) > SPARE_AFTER:
                self._process.prepare()
            return False
        self.refused = not self.restarts and code in self.program.final
        if code == 0 or not self.program.respawn or self.refused:
            self.over = True
            self._story = f"{self.program.name} ended" if code == 0 else self._death(code)
            return True
        self._story = self._death(code)
        delay = BACK_OFF[min(self._in_a_row, len(BACK_OFF) - 1)]
        self._in_a_row += 1
        self.died_at, self._due = now, now + delay
        return True

    def well(self) -> None:
        """It was heard of: its next crash is its first."""
        if self.died_at is None and not self.over and time.monotonic() - self.begun > _LATE:
            self._in_a_row = 0

    @property
    def health(self) -> Health:
        """As it is now."""
        now, told = time.monotonic(), f"{self._story}; started again ({self.restarts})"
        if self.over:
            level, message = (0 if self._process.returncode == 0 else 2), self._story
        elif self.died_at is not None:
            level, message = 2, f"{self._story}; starting it again in {max(0.0, self._due - now):.1f} s"
        elif self.restarts and now - self.begun < SHOWN_FOR:
            level, message = 1, told
        else:
            level, message = 0, f"running, started again {self.restarts} times" if self.restarts else "running"
        process = self._process
        pid = 0 if isinstance(process, Nursery) and process.since is None else process.pid
        return Health(self.program.name, level, message, self.restarts, pid)

    def stop(self) -> None:
        """Ask it to end, once."""
        self.over = True
        if isinstance(self._process, Nursery):
            self._process.end()
        elif self._process.poll() is None:
            # Not SIGINT: of that Python tells in a traceback while it starts.
            self._process.terminate()

    def wait(self, timeout: float) -> int:
        """Its exit code; it is killed after `timeout` [s]."""
        try:
            code = self._process.wait(max(0.05, timeout))
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait(STOP_TIMEOUT)
        self._leave()
        return code

    def _begin(self) -> None:
        self.died_at = None
        self.begun = time.monotonic()
        if self.restarts and isinstance(self._process, Nursery) and self._process.alive:
            self._process.begin()
            return
        if self.restarts:
            self._leave()
        if self.program.nursery:
            self._process = Nursery(self._popen([], subprocess.PIPE))
            return
        self._process = process = self._popen(_WITH_US, subprocess.DEVNULL)
        with contextlib.suppress(ProcessLookupError):
            self._end = os.pidfd_open(process.pid)

    def _leave(self) -> None:
        """Let go of what belongs to a process that has ended."""
        if isinstance(self._process, Nursery):
            self._process.close()
        end, self._end = self._end, None
        if end is not None:
            os.close(end)

    def _popen(self, before: Sequence[str], pipes: int) -> subprocess.Popen:
        errors = self._log.open("ab") if self._log else None
        try:
            # A session of its own: Ctrl-C in the terminal reaches the supervisor only, which ends all in order.
            return subprocess.Popen(
                [*before, *self.program.command],
                bufsize=0,
                env=self.program.environment or None,
                stdout=pipes if self.program.nursery else errors,
                stderr=errors,
                stdin=pipes,
                start_new_session=True,
            )
        finally:
            if errors:
                errors.close()

    def _death(self, code: int) -> str:
        if code == UNSEEN:
            return f"{self.program.name} ended, after its nursery did: nobody saw how"
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        last = ""
        if code > 0 and self._log is not None:
            lines: deque[str] = deque(self._log.read_text(errors="replace").splitlines(), maxlen=1)
            last = f" ({lines[0][-200:]})" if lines else ""
        return f"{self.program.name} {how}{last}"


class Supervisor:
    """Programs in the order of the data, the source first. folder: for what they say on standard error; None = here."""

    def __init__(self, programs: Iterable[Program], folder: Path | None = None) -> None:
        # Those who listen first, so that nothing of the source is missed.
        started = [
            Supervised(program, folder / f"{program.name}.log" if folder else None)
            for program in reversed(list(programs))
        ]
        self.all = started[::-1]

    def __getitem__(self, name: str) -> Supervised:
        return next(one for one in self.all if one.program.name == name)

    def tend(self) -> list[Health]:
        """Look after all of them, some twenty times a second and after `wait`. Returns those of which there is news."""
        news = []
        for one in self.all:
            # What has died is started again before anybody is told, which may take its time.
            while one.tend():
                news.append(one.health)
        return news

    def wait(self, timeout: float) -> None:
        """Wait until one of them may have ended, or so long [s]."""
        wait_for_end(self.all, timeout)

    def heard(self, node: str) -> None:
        """A node, by its full name, says on /diagnostics that it is up."""
        for one in self.all:
            if one.program.name == node.rsplit("/", 1)[-1]:
                one.well()

    @property
    def ended(self) -> int | None:
        """Exit code, where one did not take its input, or a program that ends all has ended; None while all go on."""
        ended = [one for one in self.all if one.over and (one.program.ends or one.refused)]
        return max(ended, key=lambda one: one.refused).process.returncode if ended else None

    @property
    def refused(self) -> bool:
        """Whether one of them did not take its input."""
        return any(one.refused for one in self.all)

    @property
    def incomplete(self) -> bool:
        """Whether one that is not started again has failed: what it was to write is not all there."""
        ends = [one.process.returncode for one in self.all if not one.program.respawn]
        return any(end not in (None, 0, -signal.SIGTERM) for end in ends)

    def stop(self) -> None:
        """End all, the source first, each when it has said its last words."""
        deadline = time.monotonic() + STOP_TIMEOUT
        for one in self.all:
            one.stop()
            one.wait(max(LEAST_TO_END, deadline - time.monotonic()))


def wait_for_end(programs: Iterable[Supervised], timeout: float) -> None:
    """Wait until one of them may have ended, or so long [s]."""
    descriptors = [end for one in programs if (end := one.fileno()) is not None]
    with contextlib.suppress(OSError):  # one was let go of meanwhile, in another thread
        select.select(descriptors, [], [], timeout)


def node_program(
    name: str,
    module: str,
    namespace: str,
    *arguments: str,
    spare: bool = False,
    parameters: Mapping[str, Any] | None = None,
    **how: Any,
) -> Program:
    """The program of a node: `module` has its `main`.

    arguments: what follows --ros-args. spare: keep one ready for its death; parameters: of the node, for what that
    loads. how: as of `Program`.
    """
    # Not -m: the interpreter must be the one that this runs in, and the package need not be installed.
    code = f"from {module} import main; sys.exit(main())"
    if spare:
        call = f"nursery({module!r}, {parameters!r})"
        code = f"from fitness_bringup.supervision.nursery_process import nursery; sys.exit({call})"
    code = f"import sys; {code}"
    above = f"/{namespace.strip('/')}"
    # Where SROS 2 is switched on its keys are in the enclave of the node: docs/security.md.
    enclave = ["--enclave", f"{above.rstrip('/')}/{name}"]
    given = ["--ros-args", "-r", f"__ns:={above}", "-r", f"__node:={name}", *enclave, *arguments]
    return Program(name, [sys.executable, "-c", code, *given], nursery=spare, **how)
