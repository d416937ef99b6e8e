"""The web server without ROS: what it says."""

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from contextlib import closing

import aiohttp
import numpy as np
import pytest
from served import DEADLINE, STAMP, base, run, status, until

from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError
from fitness_core.types import (
    Classification,
    ClassificationStatus,
    JointAngles,
    Phase,
    Reason,
    RepEvent,
    RepState,
    nanoseconds,
)
from fitness_visualization.dashboard import requests
from fitness_visualization.dashboard import server as server_module
from fitness_visualization.dashboard.camera import jpeg_size
from fitness_visualization.dashboard.state import State
from fitness_visualization.dashboard.viewers import WAITING, unpack


def test_every_exercise_has_a_joint_to_show():
    joints = {one["name"]: one["joint"] for one in State(Catalogue.load()).hello()["exercises"]}
    assert joints["squat"] == "knee" and joints["sit_up"] == "hip", "whatever drives it"
    assert set(joints.values()) <= {"elbow", "shoulder", "hip", "knee"}


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
        source.known.tick(nanoseconds(number / 25))  # told twice
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


def test_a_page_hears_how_long_nothing_has_come(serve, source):
    source.known.tick(STAMP)
    server = serve()

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/ws") as link:
            return [(await until(link, "state"))["silence"] for _ in range(4)]

    silences = run(scenario)
    assert silences == sorted(silences) and silences[-1] > silences[0] + 0.5


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


def test_what_is_said_last_is_told_before_the_end(serve, source):
    """The set that ends with the graph: its summary is still on the way when the server is told to end."""
    server = serve()
    look, ends = source.look, False

    def look_and_tell():
        if ends:
            threading.Timer(0.05, server.tell, [{"type": "instruction", "text": "last"}]).start()
        return look()

    source.look = look_and_tell

    async def scenario(client):
        nonlocal ends
        async with client.ws_connect(f"{base(server)}/ws") as link:
            await until(link, "hello")
            ends = True
            await asyncio.to_thread(server.close)
            return await until(link, "instruction")

    assert run(scenario)["text"] == "last"


def test_a_page_that_is_gone_without_a_word_is_forgotten(serve, monkeypatch):
    monkeypatch.setattr(server_module, "HEARTBEAT", 0.2)
    server = serve()

    async def scenario(client):
        gone = await client.ws_connect(f"{base(server)}/ws", autoping=False)
        await until(gone, "hello")
        while server.watched:
            await asyncio.sleep(0.01)
        await gone.close()

    run(scenario)


def test_a_page_that_takes_nothing_is_sent_away_before_its_events_pile_up(serve, logged, monkeypatch):
    monkeypatch.setattr(server_module, "HEARTBEAT", 10 * DEADLINE)
    server = serve()
    host, _, port = base(server).removeprefix("http://").partition(":")
    with closing(socket.socket()) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((host, int(port)))
        wanted = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        key = "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        deaf.sendall(f"GET /ws HTTP/1.1\r\nHost: {host}\r\n{wanted}{key}\r\n".encode())
        deadline = time.monotonic() + DEADLINE
        while server.watched < 1:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # Not all at once: it is already being sent when more comes.
        for _ in range(20):
            for _ in range(WAITING // 5):
                server.tell({"type": "instruction", "text": "x" * 20_000})
            with urllib.request.urlopen(f"{base(server)}/healthz", timeout=DEADLINE):
                pass
        while server.watched:
            assert time.monotonic() < deadline, "it keeps its place, and what it was told"
            time.sleep(0.01)
    assert [line for line in logged if "does not take its events" in line] == logged and len(logged) == 1


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
    with pytest.raises(InputError, match=r"127\.0\.\.1:0: no name or address of a machine; .*--bind"):
        serve(host="127.0..1")


def test_who_listens_to_everybody_is_told_no_address_that_is_none(serve):
    assert serve(host="").address.startswith("http://THIS-MACHINE:")


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


def test_pages_are_shown_more_after_what_could_not_be_shown(serve, source, logged, monkeypatch):
    broken = [IndexError("nothing there")] * 2

    def look() -> bool:
        if broken:
            raise broken.pop()
        return True

    monkeypatch.setattr(source, "look", look)
    server = serve()

    async def scenario(client):
        async with client.ws_connect(f"{base(server)}/ws") as link:
            while broken:
                await until(link, "state")
            await until(link, "state")

    run(scenario)
    assert [line for line in logged if "cannot show" in line] == [
        "the dashboard cannot show what has come: IndexError('nothing there')"
    ]


def test_tls_by_given_files(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} -out {certificate} -days 2"
    subprocess.run(
        ["openssl", *made.split(), "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    server = serve(certificate="~/cert.pem", key=str(key))
    assert base(server).startswith("https://")
    trusted = ssl.create_default_context(cafile=str(certificate))
    assert run(lambda client: status(client, f"{base(server)}/healthz", ssl=trusted)) == 200
    with pytest.raises(InputError, match="both"):
        serve(certificate=str(certificate))
    with pytest.raises(InputError, match="cannot be used"):
        serve(certificate=str(key), key=str(key))
