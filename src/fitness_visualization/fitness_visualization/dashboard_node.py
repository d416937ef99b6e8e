"""Node `dashboard`: the graph in a browser, on http://127.0.0.1:8080."""

import asyncio
import contextlib
import sys
import time
from functools import partial
from typing import Any, ClassVar

import numpy as np

from fitness_core import paths
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.ros import diagnostics, pictures
from fitness_core.ros.node import FitnessNode, run
from fitness_core.ros.parameters import Parameter
from fitness_core.ros.topics.while_watched import LOOK_PERIOD, WhileWatched, Work
from fitness_core.types import SILENT
from fitness_visualization.dashboard import requests
from fitness_visualization.dashboard.report_files import report_files
from fitness_visualization.dashboard.server import Server, Settings
from fitness_visualization.dashboard.sessions import add_sessions
from fitness_visualization.dashboard.state import Json, State, number
from fitness_visualization.max_rate import MaxRate
from fitness_visualization.ros.browser_camera import BrowserCamera
from fitness_visualization.ros.collection import Collection
from fitness_visualization.ros.commands import Caller, Commands
from fitness_visualization.ros.feed import Feed


class DashboardNode(FitnessNode):
    """Serves the dashboard while it is active; see docs/dashboard.md and docs/security.md.

    Reads poses only while a page is open, pictures only while a page shows them. Publishes pictures only if it is also
    the `camera`.
    """

    PARAMETERS: ClassVar = (
        Parameter("bind", "127.0.0.1", "Address to listen on; any but the loopback asks for a token.", read_only=True),
        Parameter("port", 8080, "Port to listen on; 0 = any free one.", minimum=0, maximum=65535, read_only=True),
        Parameter("picture", True, "Pages may show the camera's picture; false = skeleton only (privacy)."),
        pictures.TRANSPORT,
        Parameter("max_rate", 15.0, "Most states and pictures per second [Hz].", minimum=0.1, maximum=60.0),
        Parameter("quality", 75, "Quality of the JPEG pictures.", minimum=1, maximum=100, read_only=True),
        Parameter("width", 960, "Largest width of the pictures [px].", minimum=64, maximum=1920, read_only=True),
        Parameter("certificate", "", "Certificate for TLS, a PEM file; empty = no TLS.", read_only=True),
        Parameter("key", "", "Key of the certificate, a PEM file.", read_only=True),
        Parameter("camera", False, "Also be the camera: take pictures from a browser on /camera.", read_only=True),
        Parameter("recordings", "recordings", "Folder that pages record into and /sessions lists.", read_only=True),
        Parameter("bag", "", "Bag that the graph records; listed wherever it is. Empty: none.", read_only=True),
        Parameter("catalogue", "", "Folder of exercise files, or one file; empty = the shipped ones.", read_only=True),
    )

    def __init__(self, name: str = "dashboard", **node_arguments) -> None:
        super().__init__(name, **node_arguments)
        self._state: State
        self._feed: Feed | None = None
        self._camera = BrowserCamera(self, self.get_logger().warning) if self.params.camera else None
        self._server: Server | None = None
        self._watching = WhileWatched(self)
        self._caller: Caller | None = None
        self._picked = ""
        self._rate, self._late = MaxRate(), 0.0
        self._shown = diagnostics.Rate()

    @property
    def address(self) -> str:
        """Where the dashboard is, "" where it is not."""
        return self._server.address if self._server else ""

    def configure(self) -> None:
        self._state = State(Catalogue.load(self.params.catalogue))

    def activate(self) -> None:
        given = self.params
        self._caller = Caller(self)
        self._commands = Commands(self._caller.node)
        folder = paths.given(given.recordings).resolve()
        bags = (paths.given(given.bag).resolve(),) if given.bag else ()
        self._collection = Collection(self._caller.node, folder, self._tell, self._recount, lambda: self._state.nodes)
        listed: dict[str, Any] = {"bags": bags, "written": lambda: self._collection.written(*bags)}
        settings = Settings(
            host=given.bind,
            port=given.port,
            quality=given.quality,
            width=given.width,
            certificate=given.certificate,
            key=given.key,
            camera=self._camera.camera if self._camera else None,
            pages=(partial(add_sessions, folder=folder, analyse=report_files, **listed),),
        )
        self._feed = Feed(self, self._state, self._tell, given.image_transport)
        server = Server(self, settings, self.get_logger().warning)
        try:
            server.start()
        except InputError:
            self._feed.close()
            self._caller.close()
            raise
        self._server = server
        feed = self._feed
        self._watching.start(
            Work(lambda: given.picture and server.picture_wanted, feed.listen_to_pictures, feed.forget_pictures),
            Work(lambda: server.wanted, feed.listen_to_angles, feed.forget_angles),
        )
        # Not by the logger: the token in it is for whoever started this, not for the logs.
        print(f"dashboard: {server.address}", file=sys.stderr, flush=True)

    def deactivate(self) -> None:
        self._watching.stop()
        if self._server:
            self._rate.reset()  # the last look is not too early
            self._late = 0.0
            self._server.close()
            self._server = None
        if self._feed:
            self._feed.close()
            self._feed = None
        if self._caller:
            self._caller.close()

    def diagnose(self) -> tuple[bytes, str, dict[str, object]]:
        level, message, values = super().diagnose()
        if self._camera:
            values |= self._camera.diagnosed()
        if self._server is None:
            return level, message, values
        watched = self._server.watched
        values |= {"viewers": watched, "rate_hz": self._shown.hertz(), "pictures": self._server.pictures}
        return level, f"{watched} watch" if watched else "nobody watches", values

    # What the server asks, in its thread.

    def look(self) -> bool:
        """Take what has come; whether there is something to show. Poses at `max_rate` at most, the newest."""
        if self._feed is None:
            return False
        early = self._rate.early(now := time.monotonic())
        posed = not early and self._feed.take_poses()
        if not posed and now < self._late:
            return False
        self._late = now + LOOK_PERIOD
        self._state.silent_after = max(SILENT, 2 / self.params.max_rate)
        if posed:
            self._rate.shown(now, self.params.max_rate)
            self._shown.tick()
        return (self._feed.take_others() or posed) and not early

    def hello(self) -> Json:
        """The message `hello`."""
        return self._state.hello() | {"picture": self.params.picture}

    async def ready(self) -> None:
        """Wait for the first angles, where poses come and nobody has looked so far."""
        if self._feed and self._feed.posed_unwatched:
            self._watching.look_soon()
            await self._feed.first_angles(self.look)

    def state(self) -> Json:
        """The message `state`."""
        assert self._feed
        return self._feed.now()

    def picture(self) -> np.ndarray | None:
        """The picture of the last state."""
        return self._feed.picture() if self._feed and self.params.picture else None

    async def graph(self) -> Json:
        """The message `graph`."""
        asked = self._commands.thresholds(number(self._state.threshold, 3)), self._collection.status()
        thresholds, collection = await asyncio.gather(*asked)
        return {
            "type": "graph",
            "nodes": self._state.nodes,
            "thresholds": thresholds,
            "exercise": self._picked if self._state.told is None else self._state.told,
            "pictures": self.count_publishers(pictures.topic_of(self, self.params.image_transport)) > 0,
        } | collection

    async def act(self, request: requests.Request) -> str:
        """Do what a page asks for."""
        match request:
            case requests.SetParameter():
                return await self._commands.set_threshold(request.name, request.value)
            case requests.SetExercise():
                answer = await self._commands.set_exercise(request.exercise)
                self._picked = self._state.told = request.exercise
                return answer
            case requests.Reset():
                answer = await self._commands.reset()
                if self._feed:
                    self._feed.begin_anew()
                return answer
            case requests.Record():
                return await self._collection.record(request.on)
            case requests.Take():
                return await self._collection.take(request)
            case requests.Decide():
                return await self._collection.decide(request.decision)
        raise InputError("this dashboard cannot do that")

    async def _recount(self) -> None:
        """What a page has picked is counted again after a take."""
        if self._picked:
            with contextlib.suppress(InputError):
                await self._commands.set_exercise(self._picked)

    def _tell(self, message: Json) -> None:
        if self._server:
            self._server.tell(message)


def main() -> int:
    """Program `dashboard_node`."""
    return run(DashboardNode)


if __name__ == "__main__":
    sys.exit(main())
