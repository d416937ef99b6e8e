"""Those who watch: each gets events in order, and of states and pictures only the newest that it has time for."""

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Callable

from aiohttp import WSMessage, WSMsgType, web

IN_FLIGHT = 2
"""Pictures on their way to a page that it has not drawn yet: one travels while one is drawn."""
WAITING = 500
"""Events that wait for a slow page; more, and it has to come again."""


class Viewer:
    """One WebSocket. `run` sends until the connection ends.

    abort: ends the connection at once, whatever waits to be sent.
    """

    def __init__(self, socket: web.WebSocketResponse, abort: Callable[[], None]) -> None:
        self.wants_picture = False
        self.allowance = IN_FLIGHT
        """Pictures that may still be sent before one is drawn."""
        self.socket = socket
        self._abort = abort
        self._events: deque[str] = deque()
        self._state: str | None = None
        self._picture: bytes | None = None
        self._news = asyncio.Event()

    def tell(self, event: str) -> None:
        """An event, JSON: delivered, and in order. A page that does not take its events is sent away."""
        if len(self._events) >= WAITING:
            # Not by `run`, which may wait for that page, nor with a word of goodbye, which would wait for it too.
            self._abort()
            return
        self._events.append(event)
        self._news.set()

    def show(self, state: str, picture: bytes | None) -> None:
        """A state, JSON, and its picture; what was not sent yet is dropped for it."""
        self._state = state
        if picture is not None and self.wants_picture:
            self._picture = picture
        self._news.set()

    def drawn(self) -> None:
        """The page has drawn a picture."""
        self.allowance = min(IN_FLIGHT, self.allowance + 1)
        self._news.set()

    async def run(self) -> None:
        """Send what there is, for ever."""
        with contextlib.suppress(ConnectionError):
            while not self.socket.closed:
                await self._news.wait()
                self._news.clear()
                while self._events:
                    await self.socket.send_str(self._events.popleft())
                if self._state is not None:
                    state, self._state = self._state, None
                    await self.socket.send_str(state)
                if self._picture is not None and self.allowance > 0:
                    picture, self._picture = self._picture, None
                    self.allowance -= 1
                    await self.socket.send_bytes(picture)


def pack(stamp: float, jpeg: bytes) -> bytes:
    """A picture as it travels, either way: the stamp [s] as a little-endian double, then the JPEG."""
    return struct.pack("<d", stamp) + jpeg


def unpack(message: bytes) -> tuple[float, bytes]:
    """Stamp [s] and JPEG; raises ValueError for what is too short."""
    if len(message) < 12:
        raise ValueError("too short for a picture")
    return struct.unpack_from("<d", message)[0], message[8:]


def said_wrong(message: WSMessage) -> str:
    """Why a message that is not of the kind awaited is refused."""
    return f"a broken message ({message.data})" if message.type == WSMsgType.ERROR else "a message of a wrong kind"
