"""A browser as the camera: its pictures come over a WebSocket, one at a time."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable

import cv2
import numpy as np
from aiohttp import WSCloseCode, WSMsgType, web

from fitness_core.errors import InputError
from fitness_core.types import SET_BACK, Frame, nanoseconds, seconds
from fitness_visualization.dashboard.guard import Budget
from fitness_visualization.dashboard.viewers import said_wrong, unpack

PICTURE_BYTES = 2 * 2**20
"""Largest picture of a browser [bytes]."""
SIDE = 1920
"""Longest side of a picture of a browser [px]."""
RATE, BURST = 70.0, 140.0
"""Messages per second of the page, and at once: more than any camera has pictures."""
SKEW = 1.0
"""A stamp that is further from the time of arrival is replaced by it [s]."""
FRAME_ID = "camera_optical_frame"
# Start of frame of every kind of JPEG, and start of its picture (ITU-T T.81, table B.1).
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA


class PageCamera:
    """Takes pictures of one page at a time and hands them on in the order of their stamps.

    take: called with each Frame, in a worker thread. refuse: told why a page was refused.
    The page sends a picture only when it was told `next`: the queue is one picture long, whatever the network does.
    """

    def __init__(self, take: Callable[[Frame], None], refuse: Callable[[str], None]) -> None:
        self._take = take
        self._refuse = refuse
        self._stamp = 0
        self._arrived = 0.0
        self.sockets: list[web.WebSocketResponse] = []
        """The page that is the camera, if there is one."""
        self.size = (0, 0)
        """Width, height of the last picture [px]."""

    @property
    def connected(self) -> bool:
        """Whether a page is the camera now."""
        return bool(self.sockets)

    async def websocket(self, request: web.Request) -> web.StreamResponse:
        """Handler of /camera/ws."""
        socket = web.WebSocketResponse(max_msg_size=PICTURE_BYTES, heartbeat=10.0, compress=False)
        if self.sockets:
            # Not an answer of HTTP: a page is not told what that says.
            await socket.prepare(request)
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"Another page is the camera already")
            return socket
        self.sockets.append(socket)
        try:
            await socket.prepare(request)
            # A page may go while its picture is taken, before it is told `next`.
            with contextlib.suppress(ConnectionError):
                await self._receive(socket)
        except InputError as error:
            self._refuse(str(error))
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode()[:120])
        finally:
            self.sockets.remove(socket)
        return socket

    async def _receive(self, socket: web.WebSocketResponse) -> None:
        budget = Budget(RATE, BURST)
        await socket.send_json({"type": "next", "clock": time.time()})
        async for message in socket:
            if not budget.spend():
                raise InputError("the camera page sends too many messages")
            if message.type != WSMsgType.BINARY:
                raise InputError(f"the camera page sent {said_wrong(message)}")
            frame = await asyncio.to_thread(self._frame, message.data)
            await asyncio.to_thread(self._take, frame)
            await socket.send_json({"type": "next", "clock": time.time()})

    def _frame(self, message: bytes) -> Frame:
        try:
            stamp, jpeg = unpack(message)
        except ValueError as error:
            raise InputError(f"the camera page sent what is no picture: {error}") from None
        width, height = jpeg_size(jpeg)
        if min(width, height) < 16 or max(width, height) > SIDE:
            raise InputError(f"the camera page sent a picture of {width}x{height}; accepted: 16 .. {SIDE} pixels")
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if picture is None or picture.shape[:2] != (height, width):
            raise InputError("the camera page sent a JPEG that cannot be decoded")
        self.size = (picture.shape[1], picture.shape[0])
        now = time.time()
        if not math.isfinite(stamp) or abs(now - stamp) > SKEW:
            stamp = now
        if self._arrived - now > seconds(SET_BACK):
            self._stamp = 0  # the clock was set back: stamps follow it, as those of every camera
        self._arrived = now
        self._stamp = max(nanoseconds(stamp), self._stamp + 1)
        return Frame(self._stamp, picture, FRAME_ID)


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height that a JPEG says it has, read before it is decoded: a small file can claim gigapixels.

    Raises InputError for what is not a JPEG (ITU-T T.81, annex B).
    """
    at = 2
    while jpeg[:2] == b"\xff\xd8" and at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        kind, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if kind == 0xFF:  # fill bytes before a marker
            at += 1
            continue
        if kind in _START_OF_FRAME:
            return int.from_bytes(jpeg[at + 7 : at + 9], "big"), int.from_bytes(jpeg[at + 5 : at + 7], "big")
        if kind == _START_OF_SCAN:
            break
        at += 2 + length
    raise InputError("the camera page sent what is not a JPEG")
