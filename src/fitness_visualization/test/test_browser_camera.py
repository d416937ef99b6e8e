"""A browser as the camera: its pictures, and what is none."""

import asyncio
import contextlib
import struct
import threading
import time
from types import SimpleNamespace

import aiohttp
import pytest
from served import DEADLINE, base, jpeg, run, until

from fitness_visualization.dashboard.camera import PageCamera
from fitness_visualization.dashboard.viewers import pack


@pytest.fixture
def camera(serve, logged):
    frames = []
    camera = PageCamera(frames.append, logged.append)
    return camera, frames, serve(camera=camera)


def test_pictures_of_a_browser_come_in_the_order_of_their_stamps(camera):
    _, frames, server = camera
    now = time.time()

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/camera/ws") as link:
            # Late, from the future, not a number: the time of arrival stands for a stamp that cannot be.
            for stamp in (now, now - 0.01, now + 9e9, float("nan"), -1.0):
                assert (await until(link, "next"))["clock"] >= now
                await link.send_bytes(pack(stamp, jpeg()))
            await until(link, "next")
            async with client.ws_connect(f"{base(server)}/camera/ws") as second:
                told = await second.receive()
                assert told.type == aiohttp.WSMsgType.CLOSE, "there is one camera"
                assert told.extra == "Another page is the camera already"

    run(scenario)
    stamps = [frame.stamp for frame in frames]
    assert stamps == sorted(set(stamps)) and len(stamps) == 5
    assert abs(stamps[0] - now * 1e9) < 1e4 and all(abs(stamp / 1e9 - now) < DEADLINE for stamp in stamps)
    assert frames[0].image.shape == (48, 64, 3)


def test_stamps_follow_a_clock_that_is_set_back(camera, monkeypatch):
    _, frames, server = camera
    clock = [2_000_000_000.0]
    monkeypatch.setattr("fitness_visualization.dashboard.camera.time", SimpleNamespace(time=lambda: clock[0]))

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/camera/ws") as link:
            await until(link, "next")
            # An hour back, and on from there.
            for clock[0] in (2_000_000_000.0, 1_999_996_400.0, 1_999_996_400.5):
                await link.send_bytes(pack(clock[0], jpeg()))
                await until(link, "next")

    run(scenario)
    assert [frame.stamp / 1e9 for frame in frames] == [2_000_000_000.0, 1_999_996_400.0, 1_999_996_400.5]


def test_a_page_that_goes_while_its_picture_is_taken_is_no_error(serve, logged, caplog):
    taken, gone = threading.Event(), threading.Event()

    def take(_) -> None:
        taken.set()
        gone.wait(DEADLINE)

    camera = PageCamera(take, logged.append)
    server = serve(camera=camera)

    async def scenario(client):
        link = await client.ws_connect(f"{base(server)}/camera/ws")
        await until(link, "next")
        await link.send_bytes(pack(time.time(), jpeg()))
        await asyncio.to_thread(taken.wait, DEADLINE)
        connection = camera.sockets[0].get_extra_info("socket")
        await client.close()  # without a word, as where a phone leaves the network
        while connection.fileno() >= 0:
            await asyncio.sleep(0.01)
        gone.set()
        while camera.connected:
            await asyncio.sleep(0.01)

    run(scenario)
    assert not logged and not caplog.records


def huge_jpeg() -> bytes:
    """A small file that says it is 65000 x 65000 pixels."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 65000, 65000)
    return bytes(data)


def disguised_jpeg() -> bytes:
    """The same behind a fill byte; whoever takes that for a marker finds a size where it leads that is accepted."""
    data = bytearray(huge_jpeg())
    at = data.index(b"\xff\xc0")
    data[at:at] = b"\xff"
    planted = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    data += bytes(planted + 100 - len(data))
    data[planted : planted + 9] = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 64, 64)
    return bytes(data)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "no picture"),
        (pack(1.0, b"GIF89a" + bytes(100)), "not a JPEG"),
        (pack(1.0, b"\xff\xd8\xff\xe0\x00\x00" + bytes(100)), "not a JPEG"),
        (pack(1.0, jpeg()[:60]), "not a JPEG"),
        (pack(1.0, huge_jpeg()), "65000x65000"),
        (pack(1.0, disguised_jpeg()), "65000x65000"),
        (pack(1.0, jpeg(8, 8)), "8x8"),
        (b"x" * 10_000_000, "broken"),
        ("{}", "wrong kind"),
    ],
    ids=["empty", "gif", "loop", "cut", "huge", "disguised", "tiny", "10 MB", "text"],
)
def test_what_is_no_picture_ends_the_connection(camera, logged, sent, said):
    taker, frames, server = camera

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/camera/ws") as link:
            await until(link, "next")
            with contextlib.suppress(ConnectionError):
                await (link.send_str(sent) if isinstance(sent, str) else link.send_bytes(sent))
            while (await link.receive()).type == aiohttp.WSMsgType.TEXT:
                pass
        while taker.connected:
            await asyncio.sleep(0.01)
        async with client.ws_connect(f"{base(server)}/camera/ws") as link:
            await until(link, "next")
            await link.send_bytes(pack(time.time(), jpeg()))
            await until(link, "next")

    run(scenario)
    assert len(frames) == 1
    assert len(logged) == 1 and said in logged[0]
