"""The web server: pages, /healthz, /api/state, /ws and, where a browser is the camera, /camera/ws. Free of ROS."""

import asyncio
import contextlib
import errno
import json
import math
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import cv2
import numpy as np
from aiohttp import WSCloseCode, WSMsgType, web

from fitness_core.errors import InputError
from fitness_visualization.dashboard import guard, requests, static_files
from fitness_visualization.dashboard.camera import PageCamera
from fitness_visualization.dashboard.guard import Budget, Guard
from fitness_visualization.dashboard.state import Json
from fitness_visualization.dashboard.tls import context_of, reason
from fitness_visualization.dashboard.viewers import Viewer, pack, said_wrong

VIEWERS = 32
"""Most pages at once."""
MESSAGE_BYTES = 4096
"""Longest message of a page [bytes]."""
MESSAGES, MESSAGES_BURST = 60.0, 120.0
"""Messages per second of one page, and at once."""
START_TIMEOUT, STOP_TIMEOUT = 10.0, 5.0
ASKS = 10.0
"""Who asked for the state is taken to ask again within so long [s]."""
GRAPH_PERIOD = 1.0
"""Between two messages `graph`, and at most between two states [s]; a page that hears nothing for longer knows that the
link is dead."""
LOOK, IDLE = 0.02, 0.5
"""Between two looks for what is new, while somebody watches and else [s]."""
LAST_WORDS = 0.2
"""For what was said last to be sent [s]."""
HEARTBEAT = 10.0
"""A page that does not answer for so long is gone [s]."""


class GraphData(Protocol):
    """Where the server has its data from; called in the server's thread."""

    def hello(self) -> Json:
        """What a page is told first."""

    def look(self) -> bool:
        """Take what has come; whether there is something new to show. Called often."""

    async def ready(self) -> None:
        """Wait, for a moment at most, for what is read only while somebody looks."""

    def state(self) -> Json:
        """What is known now."""

    def picture(self) -> np.ndarray | None:
        """The picture [height, width, 3], BGR, that the pose of the last `state` was measured in; None = none."""

    async def graph(self) -> Json:
        """How the nodes are and what they are set to; asked for once a second."""

    async def act(self, request: requests.Request) -> str:
        """Do what a page asks for; returns what to tell it. Raises InputError for why not."""


@dataclass(frozen=True)
class Settings:
    """host, port: where to listen, 0 = any free port. quality, width: of the JPEG pictures, at most so wide [px].

    certificate, key: PEM files for TLS, empty = none. pages: callables that add routes of their own.
    camera: takes the pictures of a browser that is the camera; None = no browser is.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    quality: int = 75
    width: int = 960
    certificate: str = ""
    key: str = ""
    camera: PageCamera | None = None
    pages: tuple[Callable[[web.Application], None], ...] = field(default=())


class Server:
    """An aiohttp application in a thread of its own. Methods may be called from any thread."""

    def __init__(self, source: GraphData, settings: Settings, log: Callable[[str], None]) -> None:
        self._source = source
        self._settings = settings
        self._log = log
        self._guard = Guard(settings.host, log)
        self._viewers: set[Viewer] = set()
        self._seen = asyncio.Event()  # set when somebody begins to watch
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dashboard", daemon=True)
        self._runner: web.AppRunner | None = None
        self._port = settings.port
        self._clockwork: list[asyncio.Task] = []
        self._has_sessions = False
        self._asked = -math.inf
        self.pictures = 0
        """Pictures encoded, once for all who watch."""

    @property
    def watched(self) -> int:
        """How many pages there are."""
        return len(self._viewers)

    @property
    def wanted(self) -> bool:
        """Whether anybody wants to know more than the newest pose: a page, or who asked for the state just now."""
        return self.watched > 0 or time.monotonic() - self._asked < ASKS

    @property
    def picture_wanted(self) -> bool:
        """Whether a page wants pictures."""
        return any(viewer.wants_picture for viewer in self._viewers)

    @property
    def address(self) -> str:
        """The address to open in a browser; with the token where one is needed."""
        host = self._settings.host
        if host in ("", "0.0.0.0", "::"):
            host = "THIS-MACHINE"
        host = f"[{host}]" if ":" in host else host
        scheme = "https" if self._settings.certificate else "http"
        query = f"/?token={self._guard.token}" if self._guard.token else ""
        return f"{scheme}://{host}:{self._port}{query}"

    def start(self) -> None:
        """Listen; raises InputError where that cannot be."""
        context = context_of(self._settings.certificate, self._settings.key)
        self._thread.start()
        try:
            self._call(self._listen(context)).result(START_TIMEOUT)
        except (OSError, UnicodeError) as error:  # the second of what is no name, e.g. 127.0..1
            self.close()
            at = f"{self._settings.host}:{self._settings.port}"
            taken = getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)
            other = "another port with --port" if taken else "an address of this machine with --bind"
            raise InputError(
                f"the dashboard cannot listen on {at}: {reason(error)}; "
                f"give {other}, or leave the dashboard out with --no-dashboard"
            ) from None

    def close(self) -> None:
        """Tell every page that this ends, and stop listening."""
        if not self._thread.is_alive():
            return
        self._call(self._stop()).result(STOP_TIMEOUT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def tell(self, message: Json) -> None:
        """Send an event to every page."""
        if self._viewers:
            self._loop.call_soon_threadsafe(self._tell, message)

    # What follows runs in the server's thread.

    async def _listen(self, context: ssl.SSLContext | None) -> None:
        app = web.Application(middlewares=[self._guard.check], client_max_size=MESSAGE_BYTES)
        app.on_response_prepare.append(guard.add_headers)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/api/state", self._api_state)
        app.router.add_get("/ws", self._websocket)
        static_files.add_routes(app)
        if self._settings.camera is not None:
            app.router.add_get("/camera/ws", self._settings.camera.websocket)
        for add_routes in self._settings.pages:
            add_routes(app)
        self._has_sessions = any(route.get_info().get("path") == "/sessions" for route in app.router.resources())
        self._runner = web.AppRunner(app, logger=self._guard.server_log, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port, ssl_context=context)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._clockwork = [asyncio.create_task(work) for work in (self._look(), self._tell_graph())]
        for task in self._clockwork:
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task) -> None:
        # Nobody awaits these: without a word here pages would stand still and nobody would know why.
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log(f"the dashboard shows nothing new any more: {error!r}")

    async def _look(self) -> None:
        shown, said = 0.0, ""
        while True:
            if self._viewers:
                await asyncio.sleep(LOOK)
            else:
                self._seen.clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._seen.wait(), IDLE)
            try:
                news = self._source.look()
                # Where nothing comes, that is told too: pages see for how long.
                if self._viewers and (news or time.monotonic() > shown + GRAPH_PERIOD):
                    shown = time.monotonic()
                    self._show()
            except Exception as error:
                # What comes next may be shown again.
                if said != repr(error):
                    said = repr(error)
                    self._log(f"the dashboard cannot show what has come: {said}")

    async def _tell_graph(self) -> None:
        said = ""
        while True:
            await asyncio.sleep(GRAPH_PERIOD)
            if not self._viewers:
                continue
            try:
                self._tell(await self._source.graph())
            except InputError:
                pass  # a node that does not answer now may do so the next time
            except Exception as error:
                # Nor does a page go without for ever because one second could not be told of.
                if said != repr(error):
                    said = repr(error)
                    self._log(f"the dashboard cannot tell how the graph is: {said}")

    async def _stop(self) -> None:
        for task in self._clockwork:
            task.cancel()
        # What was said last, the set that ends with the graph, is still told.
        self._source.look()
        await asyncio.sleep(LAST_WORDS)
        sockets = [viewer.socket for viewer in self._viewers]
        if self._settings.camera is not None:
            sockets += self._settings.camera.sockets
        for socket in sockets:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(socket.close(code=WSCloseCode.GOING_AWAY), 0.5)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _api_state(self, _: web.Request) -> web.Response:
        self._asked = time.monotonic()
        self._source.look()
        await self._source.ready()
        return web.json_response(self._source.state())

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        if len(self._viewers) >= VIEWERS:
            self._guard.refuse(request, "one page too many")
            return web.Response(status=503, text=f"{VIEWERS} pages are open already.\n")
        socket = web.WebSocketResponse(max_msg_size=MESSAGE_BYTES, heartbeat=HEARTBEAT, compress=False)
        await socket.prepare(request)
        viewer = Viewer(socket, partial(self._send_away, request))
        viewer.tell(_json(self._hello()))
        viewer.show(_json(self._source.state()), None)
        self._viewers.add(viewer)
        self._seen.set()
        sender = asyncio.create_task(viewer.run())
        try:
            await self._receive(request, viewer)
        finally:
            self._viewers.discard(viewer)
            sender.cancel()
        return socket

    def _send_away(self, request: web.Request) -> None:
        if request.transport is not None:
            self._guard.refuse(request, "a page that does not take its events")
            request.transport.abort()

    async def _receive(self, request: web.Request, viewer: Viewer) -> None:
        budget = Budget(MESSAGES, MESSAGES_BURST)
        async for message in viewer.socket:
            try:
                if message.type != WSMsgType.TEXT:
                    raise InputError(said_wrong(message))
                if not budget.spend():
                    raise InputError("too many messages")
                asked = requests.parse(message.data)
            except InputError as error:
                self._guard.refuse(request, str(error))
                await viewer.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode()[:120])
                return
            await self._answer(viewer, asked)

    async def _answer(self, viewer: Viewer, asked: requests.Request) -> None:
        match asked:
            case requests.Picture():
                viewer.wants_picture = asked.on
            case requests.Drawn():
                viewer.drawn()
            case requests.Ping():
                viewer.tell(_json({"type": "pong", "time": asked.time, "clock": time.time()}))
            case _:
                try:
                    answer = {"ok": True, "message": await self._source.act(asked)}
                except InputError as error:
                    answer = {"ok": False, "message": str(error)}
                viewer.tell(_json({"type": "answer", "id": asked.id} | answer))

    def _hello(self) -> Json:
        return self._source.hello() | {
            "camera": self._settings.camera is not None,
            "sessions": self._has_sessions,
            "clock": time.time(),
        }

    def _tell(self, message: Json) -> None:
        text = _json(message)
        for viewer in self._viewers:
            viewer.tell(text)

    def _show(self) -> None:
        state = self._source.state()
        text = _json(state)
        picture = self._encoded(state["stamp"]) if any(v.wants_picture and v.allowance for v in self._viewers) else None
        for viewer in self._viewers:
            viewer.show(text, picture)

    def _encoded(self, stamp: float) -> bytes | None:
        picture = self._source.picture()
        if picture is None:
            return None
        if picture.shape[1] > self._settings.width:
            size = (self._settings.width, round(picture.shape[0] * self._settings.width / picture.shape[1]))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        _, jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, self._settings.quality))
        self.pictures += 1
        return pack(stamp, jpeg.tobytes())

    # Any thread.

    def _call(self, work: Any) -> Future:
        return asyncio.run_coroutine_threadsafe(work, self._loop)


def _json(message: Json) -> str:
    return json.dumps(message, separators=(",", ":"), allow_nan=False)
