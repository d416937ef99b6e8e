"""A graph that stands still, and what a client of its server does."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import aiohttp
import cv2
import numpy as np

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.types import (
    JointAngles,
    Pose,
    nanoseconds,
)
from fitness_visualization.dashboard import requests
from fitness_visualization.dashboard.server import Server
from fitness_visualization.dashboard.state import State

DEADLINE = 60.0
STAMP = nanoseconds(12.5)


class Source:
    """A graph that stands still."""

    def __init__(self) -> None:
        self.known = State(Catalogue.load())
        self.pose: Pose | None = Pose.nobody(STAMP, 640, 480)
        self.angles: JointAngles | None = None
        self.asked: list[requests.Request] = []
        self.image: np.ndarray | None = None
        self.fresh = False

    def look(self) -> bool:
        fresh, self.fresh = self.fresh, False
        return fresh

    def hello(self) -> dict:
        return self.known.hello()

    async def ready(self) -> None:
        """It stands still: there is nothing to wait for."""

    def state(self) -> dict:
        return self.known.now(self.pose, self.angles)

    def picture(self) -> np.ndarray | None:
        return self.image

    async def graph(self) -> dict:
        return {"type": "graph"}

    async def act(self, request: requests.Request) -> str:
        self.asked.append(request)
        if isinstance(request, requests.Reset):
            raise InputError("rep_counter does not run")
        return "done"


def base(server: Server) -> str:
    """Address to talk to from here, without the token."""
    return server.address.partition("/?")[0].replace("THIS-MACHINE", "127.0.0.1")


def token(server: Server) -> str:
    return server.address.partition("token=")[2]


def run(scenario: Callable[[aiohttp.ClientSession], Awaitable], **session) -> object:
    """A client's scenario to its end."""

    async def whole() -> object:
        async with aiohttp.ClientSession(**session) as client:
            return await asyncio.wait_for(scenario(client), DEADLINE)

    return asyncio.run(whole())


async def until(link: aiohttp.ClientWebSocketResponse, kind: str) -> dict:
    """The next message of a kind."""
    while True:
        message = await link.receive()
        assert message.type == aiohttp.WSMsgType.TEXT, message
        content = json.loads(message.data)
        if content["type"] == kind:
            return content


async def status(client: aiohttp.ClientSession, address: str, **options) -> int:
    async with client.get(address, allow_redirects=False, **options) as answer:
        await answer.read()
        return answer.status


def jpeg(width: int = 64, height: int = 48, value: int = 90) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), value, np.uint8))[1].tobytes()
