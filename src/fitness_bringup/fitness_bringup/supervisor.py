"""Programs that are started again when they die: each crash is one diagnostic, each restart waits longer than the last.

For a graph without `ros2 launch`, which has `use_respawn`. What a node had published it restores itself.
"""

import contextlib
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

BACK_OFF = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Before the first, second, ... restart of a program that keeps dying [s]; the last holds for all further ones."""
HEALTHY_AFTER = 10.0
"""A program of which nothing is heard and that runs all the same is well after so long [s]."""
_LATE = 0.5  # [s] what comes so soon after a start was said before it
SPARE_AFTER = (1.5, 4.0)
"""When a program gets its spare [s after its start]: where it was heard of, where it was not. Its start goes first."""
STOP_TIMEOUT = 8.0
"""From the signal to end to the one that nobody can ignore [s]."""
TOLD_FOR = 10.0
"""A restart stays a warning for so long [s]."""
# Whoever kills the supervisor ends what it runs: nothing goes on unseen, with the camera open (util-linux has it).
_WITH_US = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


@dataclass(frozen=True, slots=True)
class Program:
    """What to run.

    environment: instead of that of this process, empty = the same. respawn: start it again when it dies. ends: its own
    end, with exit code 0, ends all. final: exit codes of a first start that no other start mends. spare: command of a
    process that becomes the program at a line on its standard input, kept ready for its death; empty = none is.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    respawn: bool = True
    ends: bool = False
    final: tuple[int, ...] = ()
    spare: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """What there is to say of a program. level: 0 OK, 1 warning, 2 error. message: one line."""

    name: str
    level: int
    message: str
    restarts: int
    pid: int


class Supervised:
    """One program that runs, or waits to be started again. log: where its standard error goes; its end is told.

    spare: the process that waits for its death, None while there is none.
    """

    def __init__(self, program: Program, log: Path | None = None) -> None:
        self.program = program
        self.restarts = 0
        self.over = self.refused = False
        self.died_at: float | None = None
        self._log = log
        self.spare: subprocess.Popen | None = None
        self._story = ""
        self._in_a_row = 0
        self._due = 0.0
        self._heard = False
        self.begun = 0.0
        self._process: subprocess.Popen
        self._begin()

    @property
    def process(self) -> subprocess.Popen:
        """The newest one."""
        return self._process

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
            if now - self.begun > SPARE_AFTER[not self._heard]:
                self._keep_spare()
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
            self._heard = True

    @property
    def health(self) -> Health:
        """As it is now."""
        now, told = time.monotonic(), f"{self._story}; started again ({self.restarts})"
        if self.over:
            level, message = (0 if self._process.returncode == 0 else 2), self._story
        elif self.died_at is not None:
            level, message = 2, f"{self._story}; starting it again in {max(0.0, self._due - now):.1f} s"
        elif self.restarts and now - self.begun < TOLD_FOR:
            level, message = 1, told
        else:
            level, message = 0, f"running, started again {self.restarts} times" if self.restarts else "running"
        return Health(self.program.name, level, message, self.restarts, self._process.pid)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ask it to end, once."""
        self.over = True
        if self.spare is not None:
            self.spare.kill()
            self.spare.communicate()
            self.spare = None
        if self._process.poll() is None:
            self._process.send_signal(how)

    def wait(self, timeout: float) -> int:
        """Its exit code; it is killed after `timeout` [s]."""
        try:
            return self._process.wait(max(0.05, timeout))
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _begin(self) -> None:
        self.died_at = None
        self._heard = False
        self.begun = time.monotonic()
        spare, self.spare = self.spare, None
        if spare is not None and spare.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                spare.stdin.write(b"\n")
                spare.stdin.close()
                self._process = spare
                return
            spare.wait()  # it has died meanwhile
        self._process = self._popen(self.program.command, subprocess.DEVNULL)

    def _keep_spare(self) -> None:
        if self.program.spare and self.spare is None:
            self.spare = self._popen(self.program.spare, subprocess.PIPE)

    def _popen(self, command: Sequence[str], given: int) -> subprocess.Popen:
        errors = self._log.open("ab") if self._log else None
        try:
            # A session of its own: Ctrl-C in the terminal reaches the supervisor only, which ends all in order.
            return subprocess.Popen(
                [*_WITH_US, *command],
                bufsize=0,
                env=self.program.environment or None,
                stdout=errors,
                stderr=errors,
                stdin=given,
                start_new_session=True,
            )
        finally:
            if errors:
                errors.close()

    def _death(self, code: int) -> str:
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
        """Look after all of them; call it some twenty times a second. Returns those of which there is news."""
        return [one.health for one in self.all if one.tend()]

    def heard(self, node: str) -> None:
        """A node, by its full name, says on /diagnostics that it is up."""
        for one in self.all:
            if one.program.name == node.rsplit("/", 1)[-1]:
                one.well()

    @property
    def ended(self) -> int | None:
        """Exit code, where a program that ends all has ended, or one did not take its input."""
        for one in self.all:
            if one.over and (one.program.ends or one.refused):
                return one.process.returncode
        return None

    def stop(self) -> None:
        """End all, the source first, each when it has said its last words."""
        deadline = time.monotonic() + STOP_TIMEOUT
        for one in self.all:
            one.stop()
            one.wait(deadline - time.monotonic())


def node_program(name: str, module: str, namespace: str, *arguments: str, spare: bool = False, **how: Any) -> Program:
    """The program of a node: `module` has its `main`.

    arguments: what follows --ros-args. spare: keep a process ready for its death. how: as of `Program`.
    """
    # Not -m: the interpreter must be the one that this runs in, and the package need not be installed.
    code = f"import sys; from {module} import main; sys.exit(main())"
    ready = f"import sys; from fitness_bringup.spare import become; sys.exit(become({module!r}))"
    above = f"/{namespace.strip('/')}"
    # Where SROS 2 is switched on its keys are in the enclave of the node: docs/security.md.
    enclave = ["--enclave", f"{above.rstrip('/')}/{name}"]
    given = ["--ros-args", "-r", f"__ns:={above}", "-r", f"__node:={name}", *enclave, *arguments]
    if spare:
        how["spare"] = (sys.executable, "-c", ready, *given)
    return Program(name, [sys.executable, "-c", code, *given], **how)
