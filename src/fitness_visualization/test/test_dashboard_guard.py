"""The web server without ROS: whom it lets in, and what it refuses."""

import asyncio
import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
import pytest
from served import DEADLINE, base, run, status, token, until

from fitness_visualization.dashboard.guard import ADDRESSES, COOKIE, HEADERS, Guard
from fitness_visualization.dashboard.server import VIEWERS, Server


def test_another_address_than_the_loopback_asks_for_the_token(serve, logged):
    server = serve(host="0.0.0.0")
    secret = token(server)
    assert len(secret) >= 32

    async def scenario(client):
        at = base(server)
        assert await status(client, f"{at}/healthz") == 200
        for path in ("/", "/api/state", "/ws", "/static/app.js", "/camera"):
            assert await status(client, at + path) == 401, path
        # The port is in the name: another dashboard on this machine does not overwrite it.
        name = f"{COOKIE}_{urlsplit(server.address).port}"
        assert await status(client, f"{at}/", headers={"Cookie": f"{name}=\udcff"}) == 401, "bytes that are no text"
        assert await status(client, f"{at}/api/state", headers={"Authorization": f"Bearer {secret}"}) == 200
        async with client.get(f"{at}/?token={secret}", allow_redirects=False) as answer:
            page = await answer.text()
            assert answer.status == 200 and 'content="0; url=/"' in page and secret not in page
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and secret not in cookie
            value = answer.cookies[name].value
        kept = {"Cookie": f"{name}={value}"}
        assert await status(client, f"{at}/", headers=kept) == 200
        assert await status(client, f"{at}/api/state", headers={"Cookie": f"{name}={value}x"}) == 401
        for path in ("/", "/sessions", "//elsewhere.example/", "/\\elsewhere.example"):
            given = f"{at}{path}?token={secret}"
            async with client.get(given, headers=kept, allow_redirects=False) as answer:
                place = answer.headers["Location"]
                assert answer.status == 303 and secret not in place, "the token stays in the address"
                assert place.startswith("/") and not place.startswith(("//", "/\\")), "it leads elsewhere"
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
        '{"type": "\\n[FATAL] forged\\u001b[2J"}',
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
    assert len(logged) == 1 and "refused" in logged[0] and logged[0].isprintable()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    ],
    ids=["address", "header", "length"],
)
def test_what_is_not_http_is_logged_once_without_a_traceback(serve, logged, caplog, sent):
    server = serve(host="0.0.0.0")
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", urlsplit(server.address).port), DEADLINE) as link:
            link.sendall(sent)
            assert link.recv(100).startswith(b"HTTP/1.0 400 ")
    assert caplog.records == []
    assert len([line for line in logged if "what is not HTTP" in line]) == 1


def test_any_number_of_addresses_fills_neither_log_nor_memory():
    said = []
    guard = Guard("192.0.2.1", said.append)
    for number in range(3 * ADDRESSES):
        asking = SimpleNamespace(remote=f"10.0.{number // 256}.{number % 256}")
        guard.refuse(asking, "a wrong token")
        guard.refuse(asking, "a wrong token")
        guard._budget(guard._requests, asking, 1.0, 1.0)
        assert len(guard._requests) <= ADDRESSES + 1
    assert len(said) == len(set(said)) == ADDRESSES


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
