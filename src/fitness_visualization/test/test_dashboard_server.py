"""The web server without ROS: what it says, whom it lets in, and what it refuses."""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing

import aiohttp
import cv2
import numpy as np
import pytest

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.types import (
    Classification,
    ClassificationStatus,
    JointAngles,
    Phase,
    Pose,
    Reason,
    RepEvent,
    RepState,
    nanoseconds,
)
from fitness_visualization.dashboard import requests
from fitness_visualization.dashboard.camera import Camera, jpeg_size
from fitness_visualization.dashboard.guard import COOKIE, HEADERS
from fitness_visualization.dashboard.server import VIEWERS, Server, Settings
from fitness_visualization.dashboard.state import State
from fitness_visualization.dashboard.viewers import pack, unpack

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


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def logged() -> list[str]:
    return []


@pytest.fixture
def serve(source: Source, logged: list[str]) -> Iterator[Callable[..., Server]]:
    servers = []

    def start(**settings) -> Server:
        server = Server(source, Settings(**({"port": 0} | settings)), logged.append)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


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


# What it says.


def test_a_script_reads_the_state_as_json(serve, source):
    source.angles = JointAngles(STAMP, np.full(10, np.pi / 2, np.float32), np.ones(10, np.float32))
    source.angles.angles[3] = np.nan
    source.known.take_classification(
        Classification(STAMP, 0, ClassificationStatus.OK, "squat", 0.9, {"squat": 0.9, "other": 0.1})
    )
    source.known.take_state(RepState(STAMP, "squat", Phase.OUT, 0.25, 3, 1, 2))
    source.known.take_diagnostics("pose_estimator", 0, "", {"stamp_age_ms": "31.2", "lost": "2", "replaced": "3"})
    for number in range(10):
        source.known.tick(nanoseconds(number / 25))
    server = serve()

    async def scenario(client):
        async with client.get(f"{base(server)}/healthz") as answer:
            assert await answer.json() == {"ok": True}
        async with client.get(f"{base(server)}/api/state") as answer:
            assert answer.content_type == "application/json"
            return await answer.json(loads=lambda text: json.loads(text, parse_constant=pytest.fail))

    state = run(scenario)
    assert state["stamp"] == 12.5
    assert state["pose"] == {"width": 640, "height": 480, "body_id": "", "landmarks": []}
    assert state["angles"]["left_elbow"] == 90.0 and state["angles"]["right_shoulder"] is None
    assert state["classification"]["label"] == "squat" and state["classification"]["status"] == "ok"
    assert state["rep"] == {
        **{"exercise": "squat", "phase": "out", "progress": 0.25},
        **{"count": 3, "rejected": 1, "set": 2},
    }
    assert (state["fps"], state["latency_ms"], state["drops"]) == (25.0, 31.2, 5)
    # For scripts, without looking further down.
    assert [state[key] for key in ("exercise", "count", "phase")] == ["squat", 3, "out"]
    assert state["confidence"] == state["classification"]["confidence"]


def test_the_state_has_every_key_before_anything_is_known(serve, source):
    source.known, source.pose = State(Catalogue.load()), None
    server = serve()

    async def scenario(client):
        async with client.get(f"{base(server)}/api/state") as answer:
            return await answer.json()

    state = run(scenario)
    assert [state[key] for key in ("exercise", "confidence", "count", "phase")] == ["", None, 0, "unknown"]
    assert [state[key] for key in ("angles", "fps", "drops", "stamp")] == [{}, 0.0, None, None]


def test_a_page_hears_the_past_the_state_and_every_event_in_order(serve, source):
    event = RepEvent(STAMP, "squat", 1, 1, Reason.NONE, STAMP - nanoseconds(2), STAMP - nanoseconds(1), STAMP, 1.5)
    source.known.take_repetition(event)
    server = serve()

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/ws") as link:
            hello = await until(link, "hello")
            assert [repetition["index"] for repetition in hello["repetitions"]] == [1]
            assert {"name": "squat", "title": "Squat", "joint": "knee"} in hello["exercises"]
            assert (await until(link, "state"))["stamp"] == 12.5
            for number in range(100):
                server.tell({"type": "instruction", "text": str(number)})
            texts = [(await until(link, "instruction"))["text"] for _ in range(100)]
            assert texts == [str(number) for number in range(100)]
            await until(link, "graph")

    run(scenario)


def test_what_a_page_asks_for_is_done_and_answered(serve, source):
    server = serve()

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/ws") as link:
            await link.send_json({"type": "set_parameter", "name": "detection", "value": 0.7, "id": 1})
            assert await until(link, "answer") == {"type": "answer", "id": 1, "ok": True, "message": "done"}
            await link.send_json({"type": "reset", "id": 2})
            answer = await until(link, "answer")
            assert (answer["id"], answer["ok"], answer["message"]) == (2, False, "rep_counter does not run")
            await link.send_json({"type": "ping", "time": 3.5})
            pong = await until(link, "pong")
            assert pong["time"] == 3.5 and abs(pong["clock"] - time.time()) < 5

    run(scenario)
    assert [type(request) for request in source.asked] == [requests.SetParameter, requests.Reset]


def test_pictures_come_to_those_who_ask_and_never_pile_up(serve, source):
    source.image = np.full((1440, 1920, 3), 120, np.uint8)
    server = serve()

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/ws") as link, client.ws_connect(f"{base(server)}/ws") as other:
            await until(link, "hello")
            await link.send_json({"type": "picture", "on": True})
            while not server.picture_wanted:
                await asyncio.sleep(0.01)
            # A page that never says that it has drawn one gets two, however many there are.
            for _ in range(20):
                source.fresh = True
                await asyncio.sleep(0.02)
            await link.send_json({"type": "ping", "time": 0.0})
            kinds = []
            while True:
                message = await link.receive()
                if message.type == aiohttp.WSMsgType.BINARY:
                    stamp, picture = unpack(message.data)
                    assert stamp == 12.5 and jpeg_size(picture) == (960, 720)
                    kinds.append("picture")
                elif json.loads(message.data)["type"] == "pong":
                    break
            assert len(kinds) == 2
            encoded = server.pictures
            source.fresh = True
            while source.fresh:
                await asyncio.sleep(0.01)
            assert server.pictures == encoded, "a picture was encoded that nobody had room for"
            await link.send_json({"type": "drawn"})
            while server.pictures == encoded:
                source.fresh = True
                await asyncio.sleep(0.01)
            while (await link.receive()).type != aiohttp.WSMsgType.BINARY:
                pass
            await other.send_json({"type": "ping", "time": 0.0})
            while (message := await other.receive()).type == aiohttp.WSMsgType.TEXT:
                if json.loads(message.data)["type"] == "pong":
                    return
            raise AssertionError("a picture came to a page that asked for none")

    run(scenario)


def test_the_end_of_the_server_is_told_and_frees_the_port(serve, source, logged):
    server = serve()

    async def scenario(client):
        link = await client.ws_connect(f"{base(server)}/ws")
        await until(link, "hello")
        await asyncio.to_thread(server.close)
        while (message := await link.receive()).type == aiohttp.WSMsgType.TEXT:
            pass
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)

    run(scenario)
    port = int(base(server).rpartition(":")[2])
    again = serve(port=port)
    assert base(again) == base(server)


def test_a_port_in_use_is_one_line_that_says_what_to_do(serve):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"127.0.0.1:{port}.*in use.*--port.*--no-dashboard"):
            serve(port=port)


def test_an_address_that_is_not_this_machines_is_one_line_that_says_what_to_do(serve):
    with pytest.raises(InputError, match=r"192\.0\.2\.1:0: .*--bind.*--no-dashboard"):
        serve(host="192.0.2.1")


def test_every_address_of_the_loopback_answers_to_its_name(serve):
    server = serve(host="127.0.0.2")

    async def scenario(client):
        assert await status(client, f"{base(server)}/api/state") == 200

    run(scenario)


def test_pages_hear_of_the_graph_again_after_what_could_not_be_told(serve, source, logged):
    server, answers = serve(), iter([ValueError("no number"), InputError("does not answer"), {"type": "graph"}])

    async def graph() -> dict:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    source.graph = graph

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/ws") as link:
            await until(link, "graph")

    run(scenario)
    assert [line for line in logged if "no number" in line] == logged and len(logged) == 1


def test_tls_by_given_files(serve, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} -out {certificate} -days 2"
    subprocess.run(
        ["openssl", *made.split(), "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    server = serve(certificate=str(certificate), key=str(key))
    assert base(server).startswith("https://")
    trusted = ssl.create_default_context(cafile=str(certificate))
    assert run(lambda client: status(client, f"{base(server)}/healthz", ssl=trusted)) == 200
    with pytest.raises(InputError, match="both"):
        serve(certificate=str(certificate))
    with pytest.raises(InputError, match="cannot be used"):
        serve(certificate=str(key), key=str(key))


# Whom it lets in.


def test_another_address_than_the_loopback_asks_for_the_token(serve, logged):
    server = serve(host="0.0.0.0")
    secret = token(server)
    assert len(secret) >= 32

    async def scenario(client):
        at = base(server)
        assert await status(client, f"{at}/healthz") == 200
        for path in ("/", "/api/state", "/ws", "/static/app.js", "/camera"):
            assert await status(client, at + path) == 401, path
        assert await status(client, f"{at}/", headers={"Cookie": f"{COOKIE}=\udcff"}) == 401, "bytes that are no text"
        assert await status(client, f"{at}/api/state", headers={"Authorization": f"Bearer {secret}"}) == 200
        async with client.get(f"{at}/?token={secret}", allow_redirects=False) as answer:
            assert answer.status == 303 and answer.headers["Location"] == "/", "the token stays in the address"
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and secret not in cookie
            value = answer.cookies[COOKIE].value
        kept = {"Cookie": f"{COOKIE}={value}"}
        assert await status(client, f"{at}/", headers=kept) == 200
        assert await status(client, f"{at}/api/state", headers={"Cookie": f"{COOKIE}={value}x"}) == 401
        # Guessing is slowed down; who has the cookie goes on.
        codes = [await status(client, f"{at}/?token=wrong-{number}ü") for number in range(30)]
        assert codes[0] == 401 and codes[-1] == 429
        assert await status(client, f"{at}/?token={secret}") == 429
        assert await status(client, f"{at}/", headers=kept) == 200

    run(scenario)  # the session keeps no cookie of an address without a name
    assert len([line for line in logged if "wrong token from" in line]) == 1, "each refusal is logged once"
    assert not any(secret in line for line in logged)


def test_every_start_has_another_token(serve):
    assert token(serve(host="0.0.0.0")) != token(serve(host="0.0.0.0"))
    assert token(serve()) == ""


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", "http://["])
def test_a_websocket_of_a_page_of_another_site_is_refused(serve, origin, logged):
    server = serve()

    async def scenario(client):
        for path in ("/ws", "/camera/ws", "/api/state"):
            assert await status(client, base(server) + path, headers={"Origin": origin}) == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(f"{base(server)}/ws", origin=origin)
        async with client.ws_connect(f"{base(server)}/ws", origin=base(server)) as link:
            await until(link, "hello")

    run(scenario)
    assert any("another site" in line for line in logged)


def test_a_name_that_was_made_to_point_here_is_refused(serve):
    server = serve()
    port = base(server).rpartition(":")[2]

    async def scenario(client):
        name = f"evil.example:{port}"
        assert await status(client, f"{base(server)}/api/state", headers={"Host": name}) == 403
        assert await status(client, f"{base(server)}/ws", headers={"Host": name, "Origin": f"http://{name}"}) == 403
        assert await status(client, f"{base(server)}/", headers={"Host": f"localhost:{port}"}) == 200

    run(scenario)


def test_every_answer_has_the_security_headers(serve):
    server = serve()

    async def scenario(client):
        for path in ("/", "/camera", "/static/app.js", "/api/state", "/nothing"):
            async with client.get(base(server) + path) as answer:
                for name, value in HEADERS.items():
                    assert answer.headers[name] == value, (path, name)
        policy = HEADERS["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy

    run(scenario)


# What it refuses.


def raw_get(server: Server, target: str) -> bytes:
    """The first line of the answer to a target that clients would tidy up."""
    host, _, port = base(server).removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE) as link:
        link.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while block := link.recv(4096):
            data += block
    return data


@pytest.mark.parametrize(
    "target",
    [
        "/static/../server.py",
        "/static/..%2fserver.py",
        "/static/%2e%2e/%2e%2e/server.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/app.js%00.png",
        "/../../../etc/passwd",
        "/static/",
        "/static/__init__.py",
    ],
)
def test_no_path_leads_to_a_file_that_is_not_served(serve, target):
    answer = raw_get(serve(), target)
    assert answer.split()[1] in (b"404", b"400", b"403"), answer[:200]
    assert b"root:" not in answer and b"import " not in answer


@pytest.mark.parametrize(
    "sent",
    [
        "{",
        "[]",
        '"x"',
        '{"type": "reset", "type2": 1}',
        '{"type": "nothing"}',
        '{"type": "set_parameter", "name": "smoothing", "value": 1}',
        '{"type": "set_parameter", "name": "detection", "value": 7}',
        '{"type": "set_parameter", "name": "detection", "value": NaN}',
        '{"type": "set_exercise", "exercise": "../../etc"}',
        '{"type": "record", "on": true, "bag": "/etc/passwd"}',
        '{"type": "take", "subject": "../P01", "exercise": "squat", "repetitions": 5, "consent": true}',
        '{"type": "picture", "on": "yes"}',
        "[" * 2000,
        "\ud800".encode("utf-8", "surrogatepass"),
        b"\x00\x01",
        "x" * 10_000_000,
    ],
    ids=lambda sent: repr(sent[:40]),
)
def test_what_is_no_request_ends_the_connection_and_nothing_else(serve, source, logged, sent):
    server = serve()

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/ws") as good, client.ws_connect(f"{base(server)}/ws") as bad:
            await until(bad, "hello")
            for _ in range(3):
                try:
                    await (bad.send_str(sent) if isinstance(sent, str) else bad.send_bytes(sent))
                except ConnectionError:
                    break
            while (message := await bad.receive()).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                pass
            assert bad.closed or message.type == aiohttp.WSMsgType.CLOSE
            await good.send_json({"type": "ping", "time": 1.0})
            await until(good, "pong")
            while server.watched > 1:
                await asyncio.sleep(0.01)

    run(scenario)
    assert source.asked == []
    assert len(logged) == 1 and "refused" in logged[0]


def test_a_thousand_messages_a_second_end_the_connection(serve, source, logged):
    server = serve()

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/ws") as good, client.ws_connect(f"{base(server)}/ws") as bad:
            for _ in range(1000):
                try:
                    await bad.send_json({"type": "set_parameter", "name": "detection", "value": 0.5})
                except ConnectionError:
                    break
            while (await bad.receive()).type != aiohttp.WSMsgType.CLOSED:
                pass
            await good.send_json({"type": "ping", "time": 1.0})
            await until(good, "pong")

    run(scenario)
    assert len(source.asked) < 200
    assert [line for line in logged if "too many messages" in line] == logged and len(logged) == 1


def test_there_is_an_end_to_the_number_of_pages(serve):
    server = serve()

    async def scenario(client):
        links = [await client.ws_connect(f"{base(server)}/ws") for _ in range(VIEWERS)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(f"{base(server)}/ws")
        assert refused.value.status == 503
        await links[0].close()
        while server.watched == VIEWERS:
            await asyncio.sleep(0.01)
        await (await client.ws_connect(f"{base(server)}/ws")).close()
        for link in links:
            await link.close()

    run(scenario)


# A browser as the camera.


@pytest.fixture
def camera(serve, logged):
    frames = []
    camera = Camera(frames.append, logged.append)
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
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(f"{base(server)}/camera/ws")
            assert refused.value.status == 409, "there is one camera"

    run(scenario)
    stamps = [frame.stamp for frame in frames]
    assert stamps == sorted(set(stamps)) and len(stamps) == 5
    assert abs(stamps[0] - now * 1e9) < 1e4 and all(abs(stamp / 1e9 - now) < DEADLINE for stamp in stamps)
    assert frames[0].image.shape == (48, 64, 3)


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
