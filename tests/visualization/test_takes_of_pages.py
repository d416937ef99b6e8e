"""Guided takes that pages ask for: nobody else's take is touched, and nothing that failed is left on."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from rclpy.action import ActionClient
from rclpy.parameter import Parameter
from takes_room import DEADLINE, Room, posed, run, squat, wait_for

from fitness_core.errors import InputError
from fitness_datasets.bags import BagReader
from fitness_datasets.collection.session import KEPT, Session, TakeRecord
from fitness_msgs.action import RecordTake

pytestmark = pytest.mark.usefixtures("ros")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def test_the_take_of_somebody_else_goes_on_when_a_page_is_refused(room: Room) -> None:
    room.guide.start()
    client = ActionClient(room.node, RecordTake, "record_take")
    assert client.wait_for_server(DEADLINE)
    goal = RecordTake.Goal(subject="P01", session="S01", exercise="squat", take=1, repetitions=3, consent=True)
    sent = client.send_goal_async(goal)
    wait_for(sent.done, "the goal")
    assert sent.result().accepted

    async def scenario() -> None:
        await room.there()
        with pytest.raises(InputError, match="refused the take"):
            await room.collection.take(room.ask("P02"))

    run(scenario)
    assert room.guide.active and room.guide.collector.guidance is not None and not room.guide.outcomes
    assert not room.recorder.active and room.collection.writing is None
    client.destroy()


def test_of_two_pages_that_begin_at_once_one_is_told_so(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        asked = [room.collection.take(room.ask(subject)) for subject in ("P01", "P02")]
        first, second = await asyncio.gather(*asked, return_exceptions=True)
        assert first == "take of squat begun" and "under way" in str(second)
        assert room.collection.writing == room.folder / (await room.collection.status())["recording"]["bag"]
        # Whoever switches the guide off ends the take; the page brings down the rest.
        await room.collection._guide.down()
        while not room.over:
            await asyncio.sleep(0.02)

    run(scenario)
    assert [message["phase"] for message in room.told][-1] == "over"
    assert not room.recorder.active and room.collection.writing is None


def test_a_take_that_cannot_begin_leaves_no_recording_on(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        with pytest.raises(InputError, match="refused the take"):
            await room.collection.take(room.ask("P01", "juggling"))

    run(scenario)
    assert not room.recorder.active and not room.guide.active


def test_recordings_of_one_second_have_a_bag_each(room: Room, monkeypatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda form: "noon")

    async def scenario() -> None:
        await room.there()
        for name in ("noon", "noon_2"):
            assert await room.collection.record(True) == f"recording {name}"
            await posed(room)
            assert await room.collection.record(False) == f"recorded {name}"

    run(scenario)


def test_a_recording_that_somebody_else_began_has_its_name(room: Room, tmp_path: Path) -> None:
    room.recorder.set_parameters([Parameter("bag", value=str(tmp_path / "elsewhere" / "morning"))])
    room.recorder.start()

    async def scenario() -> None:
        await room.there()
        assert (await room.collection.status())["recording"] == {"on": True, "bag": "morning"}
        await posed(room)
        assert await room.collection.record(False) == "recorded morning"

    run(scenario)


@pytest.mark.parametrize("before", [False, True])
def test_a_recording_that_is_stopped_ends_its_take_first(room: Room, before: bool) -> None:
    async def scenario() -> None:
        await room.there()
        if before:
            await room.collection.record(True)
        await room.collection.take(room.ask("P01"))
        assert "not kept" in await room.collection.record(False)

    run(scenario)
    assert not room.recorder.active and room.collection.writing is None
    assert not room.guide.active and room.guide.collector.guidance is None, "nobody is led on"
    assert (room.told[-1]["phase"], room.told[-1]["kept"], room.over) == ("over", False, 1)


def test_a_recording_goes_on_while_a_take_waits_to_be_decided(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        await room.collection.take(room.ask("P01"))
        await squat(room)
        with pytest.raises(InputError, match="keep, redo or stop"):
            await room.collection.record(False)
        assert room.recorder.active and room.guide.active
        assert await room.collection.decide("keep") == "kept"
        while not room.over:
            await asyncio.sleep(0.02)

    run(scenario)
    assert room.told[-1]["kept"] and not room.recorder.active


def test_the_takes_of_a_page_are_in_the_file_of_their_session(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        for number in (1, 2):
            await room.collection.take(room.ask("P01"))
            await squat(room)
            await room.collection.decide("keep")
            while room.over < number:
                await asyncio.sleep(0.02)

    run(scenario)
    folder = room.folder / "P01_S01"
    session = yaml.safe_load((folder / "session.yaml").read_text())
    assert session["consent"] and session["versions"]["fitness"]
    takes = session["takes"]
    assert [(take["take"], take["status"]) for take in takes] == [(1, "kept"), (2, "kept")]
    for take in takes:
        with BagReader(folder / take["bag"]) as bag:
            labels = [label for _, _, label in bag.messages([bag.find("take_label")])]
            assert {(label.subject, label.session, label.take) for label in labels} == {("P01", "S01", take["take"])}


def test_a_guide_that_is_up_already_numbers_the_takes(room: Room) -> None:
    with_one = Session.open(room.folder, "P01", "S01")
    with_one.takes = [TakeRecord(1, "squat", "", KEPT)]
    with_one.write()
    room.guide.set_parameters([Parameter("out", value=str(room.folder))])
    room.guide.start()

    async def scenario() -> None:
        await room.there()
        await room.collection.record(True)
        await room.collection.take(room.ask("P01"))
        await squat(room)
        await room.collection.decide("keep")
        await room.ended()
        await room.collection.record(False)

    run(scenario)
    assert room.guide.active, "whoever has brought it up may need it"
    assert [take.take for take in Session.read(room.folder, "P01", "S01").takes] == [1, 2]


def test_a_take_in_a_recording_of_something_else_is_told_by_its_labels(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        await room.collection.record(True)
        await room.collection.take(room.ask("P01"))
        await squat(room)
        await room.collection.decide("keep")
        while not room.over:
            await asyncio.sleep(0.02)
        await room.collection.record(False)

    run(scenario)
    (bag,) = (folder for folder in room.folder.iterdir() if folder.is_dir())
    assert {file.suffix for file in bag.iterdir()} == {".mcap", ".yaml"}, "and no folder of a session"
