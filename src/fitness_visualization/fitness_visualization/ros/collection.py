"""Recording and guided takes on behalf of a page: the nodes `recorder` and `record_take`, started and stopped."""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_msgs.action import RecordTake
from fitness_visualization.dashboard import requests
from fitness_visualization.dashboard.state import Json
from fitness_visualization.ros.commands import GLANCE, TIMEOUT, call, wait_for

SESSION = "S01"
"""Of every take of a page, as where `./fitness record` is given none."""
BAG = "%Y-%m-%d_%H-%M-%S"
"""Name of a bag, by the time at which it began."""
REPORTED = 2.0
"""What a node says of itself may be so old [s]."""
PHASES = ("placement", "countdown", "recording", "review")
"""Words for RecordTake's PHASE_*."""


class Managed:
    """A managed node, brought up and down by its lifecycle services. Raises InputError where it does not follow."""

    def __init__(self, node: Node, name: str) -> None:
        self.name = name
        self._get = node.create_client(GetState, f"{name}/get_state")
        self._change = node.create_client(ChangeState, f"{name}/change_state")
        self._set = node.create_client(SetParameters, f"{name}/set_parameters")
        self._told = node.create_client(GetParameters, f"{name}/get_parameters")

    @property
    def there(self) -> bool:
        """Whether the node runs at all; its services are not found all at once."""
        return all(client.service_is_ready() for client in (self._get, self._change, self._set))

    async def is_active(self, timeout: float = TIMEOUT) -> bool:
        """Whether it is active; timeout: for its answer [s]."""
        state = (await call(self._get, GetState.Request(), timeout)).current_state.id
        return state == State.PRIMARY_STATE_ACTIVE

    async def tell(self, **values: str | bool) -> None:
        """Set parameters."""
        asked = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        answer = await call(self._set, SetParameters.Request(parameters=asked))
        for result in answer.results:
            if not result.successful:
                raise InputError(result.reason)

    async def told(self, name: str, timeout: float = TIMEOUT) -> str:
        """What a parameter was set to; timeout: for its answer [s]."""
        return (await call(self._told, GetParameters.Request(names=[name]), timeout)).values[0].string_value

    async def up(self) -> None:
        """Configure and activate."""
        state = (await call(self._get, GetState.Request())).current_state.id
        if state == State.PRIMARY_STATE_INACTIVE:
            await self._go(Transition.TRANSITION_CLEANUP)
        await self._go(Transition.TRANSITION_CONFIGURE)
        await self._go(Transition.TRANSITION_ACTIVATE)

    async def down(self) -> None:
        """Deactivate and clean up."""
        await self._go(Transition.TRANSITION_DEACTIVATE)
        await self._go(Transition.TRANSITION_CLEANUP)

    async def _go(self, transition: int) -> None:
        answer = await call(self._change, ChangeState.Request(transition=Transition(id=transition)))
        if not answer.success:
            raise InputError(f"{self.name} did not follow; its log says why")


class Collection:
    """One recording at a time, in a bag named after the time it began, and one take at a time in it.

    The bag of a take lies in its session's folder, beside session.yaml, as `./fitness record` has it; that of a
    recording that was begun without a take in the collection's own folder.

    folder: of the collection. tell: called with the JSON of what happens in a take. over: awaited when a take is over.
    nodes: what each node says of itself on /diagnostics, by name.
    """

    def __init__(
        self,
        node: Node,
        folder: Path,
        tell: Callable[[Json], None],
        over: Callable[[], Awaitable[None]],
        nodes: Callable[[], dict[str, Json]],
    ) -> None:
        self._folder = folder
        self._tell = tell
        self._over = over
        self._nodes = nodes
        self._busy = asyncio.Lock()  # two pages may ask at the same time
        self._recorder = Managed(node, "recorder")
        self._guide = Managed(node, "record_take")
        self._goals: ActionClient = ActionClient(node, RecordTake, "record_take")
        self._decisions = {
            name: node.create_client(Trigger, f"record_take/{name}") for name in ("keep", "redo", "stop")
        }
        self._bag = ""
        self.writing: Path | None = None
        """The bag that is recorded now."""
        self._take: asyncio.Task | None = None
        self._handle: Any = None  # of the take's goal, None where none is under way
        self._ended = -math.inf  # when the last take was over
        self._takes = 0
        self._news: Json = {}

    def written(self, *bags: Path) -> set[Path]:
        """What the recorder writes now, as far as it runs. bags: those that it was started with."""
        return {*bags, *((self.writing,) if self.writing else ())} if self._recorder.there else set()

    async def status(self) -> Json:
        """Members of the message `graph`.

        recording: null where no recorder runs, absent where it does not answer. take: the phase of one that is under
        way, whoever leads it, else null.
        """
        recording = None
        with contextlib.suppress(InputError):
            recording = self._recorder.there and await self._recorder.is_active(GLANCE)
            if recording:
                await self._look_at_bag(GLANCE)
            elif not self._busy.locked():
                self.writing = None  # the recorder has died, or somebody else has stopped it
        # Only now: a take may have gone on while the recorder was asked.
        known: Json = {"guide": self._recorder.there and self._guide.there, "take": self._phase()}
        if not self._recorder.there:
            return known | {"recording": None}
        if recording is None:
            return known
        problem = self._problem() if recording else ""
        return known | {"recording": {"on": recording, "bag": self._bag} | ({"problem": problem} if problem else {})}

    def _phase(self) -> str | None:
        """How far the take under way has got, whoever leads it; None = there is none."""
        if self._take is not None and not self._take.done():
            return self._news.get("phase")
        if time.monotonic() - self._ended < REPORTED:
            return None
        # Of somebody else, or left behind by a dashboard that died.
        phase = self._nodes().get("record_take", {}).get("values", {}).get("phase")
        return PHASES[int(phase)] if phase else None

    def _problem(self) -> str:
        """Why what is recorded now will lack something, by the reports of those who write it; "" = nothing."""
        for name in ("recorder", "record_take") if self._handle is not None else ("recorder",):
            said = self._nodes().get(name, {"level": "ok"})
            of_before = name == "recorder" and self.writing and said.get("values", {}).get("bag") != str(self.writing)
            if said["level"] == "error" and not of_before:
                return said["message"].replace(f"{self._folder}/", "")
        return ""

    async def record(self, on: bool) -> str:
        """Start or stop recording. A take that is under way is ended first, and not kept.

        Raises InputError while a take waits to be decided: it would be lost without anybody's word.
        """
        async with self._busy:
            if not on and self._phase() == "review":
                raise InputError("a take waits to be decided; keep, redo or stop it, then stop recording")
            if on or self._handle is None:
                return await self._record(on)
            await wait_for(self._handle.cancel_goal_async(), "record_take")
            take = self._take
        # Not while busy: what follows a take brings down what the take has brought up.
        assert take is not None
        await asyncio.wait([take])
        async with self._busy:
            if await self._recorder.is_active():
                await self._record(False)
        return f"the take was ended and is not kept; recorded {self._bag}"

    async def _record(self, on: bool, session: str = "") -> str:
        if on == await self._recorder.is_active():
            return "recording already" if on else "nothing is being recorded"
        if not on:
            await self._look_at_bag()
            problem = self._problem()
            await self._recorder.down()
            nothing = self.writing is not None and not self.writing.exists()
            self.writing = None
            if problem:
                raise InputError(problem)
            return f"recorded {self._bag}" if not nothing else "nothing came, so nothing was recorded"
        bag = paths.unused(self._folder / session / time.strftime(BAG))
        await self._recorder.tell(bag=str(bag))
        await self._recorder.up()
        self.writing = bag
        # The name only: a page need not know where on this machine it lies.
        self._bag = str(bag.relative_to(self._folder))
        return f"recording {self._bag}"

    async def _look_at_bag(self, timeout: float = TIMEOUT) -> None:
        """See which bag is recorded, where somebody else began it: a launch file, `--record`."""
        if self.writing is None:
            with contextlib.suppress(InputError):  # it has the name of before then
                self._bag = Path(await self._recorder.told("bag", timeout)).name

    async def take(self, asked: requests.Take) -> str:
        """Begin a guided take; it is recorded, and what comes of it is told."""
        if not asked.consent:
            raise InputError("nothing is recorded without the person's consent")
        async with self._busy:
            if self._take is not None and not self._take.done():
                raise InputError("a take is under way")
            if await self._left_behind():
                await self._end(True, True)
            # What others have brought up, for a take of theirs, is not brought down.
            started = not await self._recorder.is_active()
            guided = not await self._guide.is_active()
            try:
                session = f"{asked.subject}_{SESSION}"
                if started:
                    await self._record(True, session)
                handle = await self._begun(asked, guided, self._folder / session)
            except InputError:
                await self._end(started, guided)
                raise
            self._handle, self._news = handle, {}
            self._take = asyncio.create_task(self._follow(handle, started, guided))
        return f"take of {asked.exercise} begun"

    async def _begun(self, asked: requests.Take, guided: bool, session: Path) -> Any:
        """The handle of a take that record_take has accepted. guided: it must be brought up first."""
        # A session.yaml tells of the bags beside it only, not of a recording that was begun for something else.
        told = guided and self.writing is not None and self.writing.parent == session
        if guided:
            out, bag = (str(self._folder), Path(self._bag).name) if told else ("", "")
            await self._guide.tell(out=out, bag=bag, needs_recorder=told)
            await self._guide.up()
        await self._server()
        self._takes += 1
        goal = RecordTake.Goal(
            subject=asked.subject,
            session=SESSION,
            exercise=asked.exercise,
            # Only one that comes and goes with each take, and writes no file, does not know which number is the next.
            take=self._takes if guided and not told else 0,
            repetitions=asked.repetitions,
            consent=asked.consent,
        )
        handle = await wait_for(self._goals.send_goal_async(goal, self._on_feedback), "record_take")
        if not handle.accepted:
            raise InputError("record_take refused the take; its log says why")
        return handle

    async def _left_behind(self) -> bool:
        """Whether the guide is up for takes that a page has led, by a dashboard that died: it knows their bag only."""
        if self._phase() is not None or not await self._guide.is_active():
            return False
        if await self._guide.told("out") != str(self._folder) or not _is_of_a_page(await self._guide.told("bag")):
            return False
        await asyncio.sleep(REPORTED)  # in which the guide tells of a take that another dashboard has just begun
        return self._phase() is None

    async def decide(self, decision: str) -> str:
        """Keep, repeat or end the take that is over. What is not in its bag whole cannot be kept."""
        if decision == "keep" and self._handle is not None and (problem := await self._lacking()):
            raise InputError(f"it cannot be kept: {problem}")
        answer = await call(self._decisions[decision], Trigger.Request())
        if not answer.success:
            raise InputError(answer.message)
        return {"keep": "kept", "redo": "once more", "stop": "stopped"}[decision]

    async def _lacking(self) -> str:
        """Why the recording that a take has begun in does not hold the whole of it; "" = it does."""
        try:
            return self._problem() if await self._recorder.is_active() else "recording has stopped"
        except InputError as error:
            return str(error)

    async def _server(self) -> None:
        deadline = time.monotonic() + TIMEOUT
        while not self._goals.server_is_ready():
            if time.monotonic() > deadline:
                raise InputError("record_take does not take goals")
            await asyncio.sleep(0.02)

    async def _follow(self, handle: Any, started: bool, guided: bool) -> None:
        # As long as it takes: somebody may have gone for lunch before a take is decided.
        answer = asyncio.ensure_future(wait_for(handle.get_result_async(), "record_take", timeout=None))
        # Who was switched off at once has answered before DDS knew whom: the answer is lost, and the take over.
        while not (await asyncio.wait([answer], timeout=TIMEOUT))[0] and await self._guided():
            pass
        if answer.done():
            kept, message = answer.result().result.kept, answer.result().result.message
        else:
            answer.cancel()
            kept, message = False, "record_take has ended"
        self._handle, self._news, self._ended = None, {}, time.monotonic()
        self._tell({"type": "take", "phase": "over", "kept": kept, "message": message})
        async with self._busy:
            await self._end(started, guided)
        await self._over()

    async def _guided(self) -> bool:
        """Whether there is still somebody who guides."""
        with contextlib.suppress(InputError):
            return self._guide.there and await self._guide.is_active()
        return False

    async def _end(self, started: bool, guided: bool) -> None:
        """Bring down what a take has brought up; a node that does not follow keeps the other from nothing."""
        if guided:
            with contextlib.suppress(InputError):
                await self._guide.down()
        if started:
            with contextlib.suppress(InputError):
                await self._record(False)

    def _on_feedback(self, message: Any) -> None:
        news = {"phase": PHASES[message.feedback.phase], "repetitions": message.feedback.repetitions}
        if news != self._news:
            self._news = news
            self._tell({"type": "take"} | news)


def _is_of_a_page(bag: str) -> bool:
    """Whether a bag has the name that pages give it."""
    try:
        return bool(time.strptime(bag[: len("2026-11-30_12-00-00")], BAG))
    except ValueError:
        return False
