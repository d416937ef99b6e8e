"""The pages of recordings: what they list, show and delete, and what they refuse."""

import asyncio
import os
import re
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from fitness_core import yaml_text
from fitness_core.errors import InputError
from fitness_visualization.dashboard.sessions import add_sessions, sessions_in

METADATA = """rosbag2_bagfile_information:
  starting_time: {{nanoseconds_since_epoch: {start}}}
  duration: {{nanoseconds: {duration}}}
"""
START = 1_700_000_000_000_000_000


@dataclass
class Text:
    """What the reports here are."""

    html: str
    csv: str = "set,repetition\n1,1\n"
    json: str = '{"frames": 1}\n'


def make_bag(folder: Path, name: str, start: int = START, closed: bool = True) -> Path:
    bag = folder / name
    bag.mkdir(parents=True)
    (bag / "bag.mcap").write_bytes(b"x" * 2000)
    if closed:
        (bag / "metadata.yaml").write_text(METADATA.format(start=start, duration=65 * 10**9))
    return bag


def visit(folder: Path, analyse: Callable[[Path], Text], steps: Callable[[TestClient], Awaitable[None]]) -> None:
    """Run `steps` with a client of a server that has the pages."""

    async def run() -> None:
        app = web.Application()
        add_sessions(app, folder, analyse)
        async with TestClient(TestServer(app)) as client:
            await steps(client)

    # In a thread of its own: tests with a browser leave an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()


def analyse(path: Path) -> Text:
    return Text(f"<!doctype html><style>p {{ color: red }}</style><p>report of {path.name}</p>")


async def ids_of(client: TestClient) -> list[str]:
    page = await (await client.get("/sessions")).text()
    return list(dict.fromkeys(re.findall(r"/sessions/([0-9a-f]{16})", page)))


def test_bags_are_listed_newest_first_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    make_bag(folder, "old", START)
    make_bag(folder, "P01_S01/bag_001", START + 10**12)
    outside = make_bag(tmp_path, "outside")
    (folder / "link").symlink_to(outside)
    (folder / "notes").mkdir()
    make_bag(folder, "a/b/c/too_deep")
    found = sessions_in(folder)
    assert [session.name for session in found] == ["P01_S01/bag_001", "old"]
    assert found[0].duration == 65 and found[0].size > 2000 and not found[0].recording
    assert sessions_in(tmp_path / "nowhere") == []
    assert len({session.id for session in found}) == 2


def test_a_bag_elsewhere_is_listed_where_it_was_named(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    inside, outside = make_bag(folder, "bag"), make_bag(tmp_path, "bag", START + 10**12)
    make_bag(tmp_path, "not_named")
    found = sessions_in(folder, (outside, inside, tmp_path / "not_yet"))
    assert [session.path for session in found] == [outside, inside]
    assert len({session.id for session in found}) == 2 and {session.name for session in found} == {"bag"}


def test_a_folder_whose_name_is_not_text_hides_no_other(tmp_path: Path) -> None:
    """As one that was unpacked from an old archive."""
    make_bag(tmp_path, "good")
    strange = make_bag(tmp_path, os.fsdecode(b"b\xfcg"))
    (strange / os.fsdecode(b"n\xf6te")).touch()

    async def steps(client: TestClient) -> None:
        page = await (await client.get("/sessions")).text()
        assert "good" in page and "b\N{REPLACEMENT CHARACTER}g" in page
        asked = [await client.get(f"/sessions/{id}/delete") for id in await ids_of(client)]
        assert [answer.status for answer in asked] == [200, 200]

    visit(tmp_path, analyse, steps)


@pytest.mark.parametrize("name", ["bag_0.mcap.zstd", "bag_0.db3.zstd"])
def test_a_bag_of_compressed_files_is_listed(tmp_path: Path, name: str) -> None:
    bag = make_bag(tmp_path, "compressed")
    (bag / "bag.mcap").rename(bag / name)
    (session,) = sessions_in(tmp_path)
    assert (session.path, session.duration) == (bag, 65)


def test_metadata_is_parsed_anew_only_where_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bag = make_bag(tmp_path, "one")
    make_bag(tmp_path, "two")
    parsed: list[str] = []

    def count(text: str) -> object:
        parsed.append(text)
        return yaml_text.parse(text)

    monkeypatch.setattr("fitness_visualization.dashboard.sessions.parse", count)
    for _ in range(3):
        assert [session.duration for session in sessions_in(tmp_path)] == [65, 65]
    assert len(parsed) == 2
    (bag / "metadata.yaml").write_text(METADATA.format(start=START + 10**12, duration=5 * 10**9))
    assert [session.duration for session in sessions_in(tmp_path)] == [5, 65]
    assert len(parsed) == 3


def test_a_broken_metadata_file_hides_nothing(tmp_path: Path) -> None:
    for number, content in enumerate(("", "- 1", "rosbag2_bagfile_information: 3", "\xff: [", "a: b")):
        (make_bag(tmp_path, f"bag{number}") / "metadata.yaml").write_text(content, encoding="latin-1")
    assert len(sessions_in(tmp_path)) == 5


@pytest.mark.parametrize("time", ["1" + "0" * 400, ".inf", ".nan", "1" + "0" * 23, "-5"])
def test_times_that_are_none_hide_nothing(tmp_path: Path, time: str) -> None:
    (make_bag(tmp_path, "bag") / "metadata.yaml").write_text(METADATA.format(start=time, duration=time))
    (session,) = sessions_in(tmp_path)
    assert (session.started, session.duration) == (None, None)


def test_a_report_is_made_once_and_exported(tmp_path: Path) -> None:
    bag = make_bag(tmp_path, "P01 <b>/one")
    made: list[Path] = []

    def count(path: Path) -> Text:
        made.append(path)
        assert threading.current_thread().name.startswith("sessions")
        return analyse(path)

    async def steps(client: TestClient) -> None:
        page = await (await client.get("/sessions")).text()
        assert "P01 &lt;b&gt;/one" in page and "1:05 min" in page and "2023-11-14" in page
        assert str(tmp_path) not in page
        (session,) = await ids_of(client)
        for _ in range(2):
            response = await client.get(f"/sessions/{session}")
            assert response.status == 200 and "report of one" in await response.text()
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "style-src 'sha256-" in policy and "unsafe" not in policy
        for kind, start in (("csv", "set,"), ("json", "{"), ("html", "<!doctype")):
            response = await client.get(f"/sessions/{session}/report.{kind}")
            assert (await response.text()).startswith(start)
            assert response.headers["Content-Disposition"] == f'attachment; filename="P01_b_one.{kind}"'
        assert made == [bag]

    visit(tmp_path, count, steps)


def test_the_server_answers_while_a_report_is_made(tmp_path: Path) -> None:
    make_bag(tmp_path, "one")
    begun, go = threading.Event(), threading.Event()

    def slow(path: Path) -> Text:
        begun.set()
        assert go.wait(20)
        return analyse(path)

    async def steps(client: TestClient) -> None:
        (session,) = await ids_of(client)
        report = asyncio.create_task(client.get(f"/sessions/{session}"))
        await asyncio.to_thread(begun.wait, 20)
        assert (await client.get("/sessions")).status == 200
        go.set()
        assert (await report).status == 200

    visit(tmp_path, slow, steps)


def test_deleting_asks_first_and_takes_nothing_else(tmp_path: Path) -> None:
    bag, other = make_bag(tmp_path, "P01_S01/bag_001"), make_bag(tmp_path, "P01_S01/bag_002", START - 10**12)

    async def steps(client: TestClient) -> None:
        session, _ = await ids_of(client)
        asked = await client.get(f"/sessions/{session}/delete")
        assert "P01_S01/bag_001" in await asked.text() and bag.exists()
        done = await client.post(f"/sessions/{session}/delete", allow_redirects=False)
        assert (done.status, done.headers["Location"]) == (303, "/sessions")
        assert not bag.exists() and other.exists()
        assert (await client.post(f"/sessions/{session}/delete")).status == 404
        assert (await client.get(f"/sessions/{session}")).status == 404

    visit(tmp_path, analyse, steps)


def test_deleting_leaves_what_others_put_beside_a_bag(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    day = make_bag(folder, "day1")
    (day / "old.db3.zstd").write_bytes(b"x")
    inner, notes, film = make_bag(folder, "day1/second"), day / "notes.txt", day / "film" / "squat.mp4"
    film.parent.mkdir()
    for file in (notes, film):
        file.write_text("not of the bag")
    (day / "link.mcap").symlink_to(make_bag(tmp_path, "outside") / "bag.mcap")
    assert {session.name for session in sessions_in(folder)} == {"day1", "day1/second"}
    (session,) = (found.id for found in sessions_in(folder) if found.path == day)

    async def steps(client: TestClient) -> None:
        page = await (await client.get(f"/sessions/{session}/delete")).text()
        assert "stays: film, link.mcap, notes.txt, second." in page
        assert (await client.post(f"/sessions/{session}/delete", allow_redirects=False)).status == 303

    visit(folder, analyse, steps)
    assert sorted(entry.name for entry in day.iterdir()) == ["film", "link.mcap", "notes.txt", "second"]
    assert notes.exists() and film.exists() and (tmp_path / "outside" / "bag.mcap").exists()
    assert [session.path for session in sessions_in(folder)] == [inner]


def test_a_bag_elsewhere_is_listed_no_more_once_it_is_deleted(tmp_path: Path) -> None:
    bag = make_bag(tmp_path, "bag")
    (bag / "notes.txt").touch()
    assert len(sessions_in(tmp_path / "recordings", (bag,))) == 1
    (bag / "bag.mcap").unlink()
    assert sessions_in(tmp_path / "recordings", (bag,)) == []


def test_what_is_being_recorded_is_left_alone(tmp_path: Path) -> None:
    bag = make_bag(tmp_path, "now", closed=False)

    async def steps(client: TestClient) -> None:
        page = await (await client.get("/sessions")).text()
        assert "being recorded" in page
        session = sessions_in(tmp_path)[0].id
        assert (await client.post(f"/sessions/{session}/delete")).status == 409
        assert (await client.get(f"/sessions/{session}")).status == 409
        assert bag.exists()
        # Of a recorder that was killed: not closed, but over.
        os.utime(bag / "bag.mcap", (time.time() - 60,) * 2)
        assert (await client.get(f"/sessions/{session}")).status == 200

    visit(tmp_path, analyse, steps)


def test_a_recording_into_which_nothing_comes_for_a_while_is_still_one(tmp_path: Path) -> None:
    bag = make_bag(tmp_path, "now", closed=False)
    os.utime(bag / "bag.mcap", (time.time() - 60,) * 2)
    assert not sessions_in(tmp_path)[0].recording
    assert sessions_in(tmp_path, written=(bag,))[0].recording
    (bag / "metadata.yaml").write_text(METADATA.format(start=START, duration=1))
    assert not sessions_in(tmp_path, written=(bag,))[0].recording


@pytest.mark.parametrize(
    "path",
    [
        "/sessions/../../etc/passwd",
        "/sessions/%2e%2e%2f%2e%2e%2fetc",
        "/sessions/0123456789abcdef",
        "/sessions/0123456789abcdef/report.csv",
        "/sessions/0123456789abcdef/report.py",
        "/sessions/0123456789abcdef%00",
        "/sessions/one",
    ],
)
def test_nothing_that_a_client_sends_is_a_path(tmp_path: Path, path: str) -> None:
    make_bag(tmp_path, "one")

    async def steps(client: TestClient) -> None:
        # Written by hand: a client would tidy the path up.
        for method, end in (("GET", ""), ("POST", "/delete")):
            reader, writer = await asyncio.open_connection(client.host, client.port)
            writer.write(f"{method} {path}{end} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            assert re.match(rb"HTTP/1.1 40[045] ", await reader.readline())
            writer.close()

    visit(tmp_path, analyse, steps)
    assert len(sessions_in(tmp_path)) == 1


def test_a_recording_without_a_report_says_why(tmp_path: Path) -> None:
    make_bag(tmp_path, "one")

    def refuse(path: Path) -> Text:
        raise InputError("the bag holds <neither> poses nor pictures")

    async def steps(client: TestClient) -> None:
        (session,) = await ids_of(client)
        response = await client.get(f"/sessions/{session}")
        assert response.status == 422 and "holds &lt;neither&gt; poses" in await response.text()

    visit(tmp_path, refuse, steps)


def test_a_report_that_failed_is_tried_again(tmp_path: Path) -> None:
    make_bag(tmp_path, "morning")
    asked = []

    def full_disk(path: Path) -> Text:
        asked.append(path)
        if len(asked) == 1:
            raise OSError("No space left on device")
        return analyse(path)

    async def steps(client: TestClient) -> None:
        (session,) = await ids_of(client)
        assert [(await client.get(f"/sessions/{session}")).status for _ in range(2)] == [500, 200]

    visit(tmp_path, full_disk, steps)


def test_an_empty_folder_says_how_to_record(tmp_path: Path) -> None:
    async def steps(client: TestClient) -> None:
        assert "No recordings" in await (await client.get("/sessions")).text()

    visit(tmp_path / "recordings", analyse, steps)
