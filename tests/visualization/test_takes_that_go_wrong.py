"""Guided takes of pages where something goes wrong: a dashboard dies, the disk is full, the recorder goes."""

import asyncio
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from takes_room import Room, posed, run, squat

from fitness_core.errors import InputError
from fitness_core.ros import qos
from fitness_datasets.bags import BagReader, BagWriter
from fitness_msgs.msg import BodyPose

pytestmark = pytest.mark.usefixtures("ros")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def test_after_a_dashboard_died_its_take_is_decided_on_the_page_of_the_next(room: Room) -> None:
    async def up_to_the_review() -> None:
        await room.there()
        await room.collection.take(room.ask("P01"))
        await squat(room)
        room.end_dashboard()

    async def another_day() -> None:
        await room.there()
        assert (await room.collection.status())["take"] == "review"
        with pytest.raises(InputError, match="keep, redo or stop"):
            await room.collection.record(False)
        assert await room.collection.decide("keep") == "kept"
        while (await room.collection.status())["take"] is not None:
            await asyncio.sleep(0.02)
        # The next one is no part of what the first dashboard has left on.
        room.told.clear()
        await room.collection.take(room.ask("P02"))
        await squat(room)
        await room.collection.decide("keep")
        await room.ended()

    run(up_to_the_review)  # with its loop ends who followed the take
    room.begin_dashboard()
    run(another_day)
    assert not room.recorder.active and not room.guide.active
    for subject in ("P01", "P02"):
        folder = room.folder / f"{subject}_S01"
        (take,) = yaml.safe_load((folder / "session.yaml").read_text())["takes"]
        assert (take["take"], take["status"]) == (1, "kept")
        with BagReader(folder / take["bag"]) as bag:
            labels = [label for _, _, label in bag.messages([bag.find("take_label")])]
        assert {label.subject for label in labels} == {subject}


def test_a_take_that_is_refused_leaves_no_bag(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        with pytest.raises(InputError, match="refused the take"):
            await room.collection.take(room.ask("P01", "juggling"))
        await room.collection.record(True)
        assert "nothing was recorded" in await room.collection.record(False)

    run(scenario)
    assert not [file for file in room.folder.rglob("*") if file.is_file()]


def test_the_bag_of_a_recorder_that_is_gone_is_not_being_recorded(room: Room, tmp_path: Path) -> None:
    asked_for = tmp_path / "by the launch file"

    async def scenario() -> None:
        await room.there()
        await room.collection.record(True)
        assert room.collection.written(asked_for) == {asked_for, room.collection.writing}
        room.recorder.stop()
        for service in list(room.recorder.services):
            room.recorder.destroy_service(service)  # as of a process that was killed, once that is known
        while room.collection.written(asked_for):
            await asyncio.sleep(0.02)

    run(scenario)


def full(*given: object) -> None:
    """What writes to a disk that is full."""
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_take_that_its_bag_does_not_hold_cannot_be_kept(room: Room, monkeypatch) -> None:
    async def scenario() -> None:
        await room.there()
        await room.collection.take(room.ask("P01"))
        monkeypatch.setattr(BagWriter, "write", full)
        await squat(room)
        recording = (await room.collection.status())["recording"]
        assert recording["on"] and "No space left" in recording["problem"]
        assert str(room.folder) not in recording["problem"], "no page knows where it lies"
        with pytest.raises(InputError, match=r"cannot be kept: .*No space left"):
            await room.collection.decide("keep")
        assert await room.collection.decide("stop") == "stopped"
        await room.ended()

    run(scenario)
    assert not room.told[-1]["kept"]


def test_what_a_recording_lacks_is_told_at_its_end(room: Room, monkeypatch) -> None:
    async def scenario() -> None:
        await room.there()
        await room.collection.record(True)
        monkeypatch.setattr(BagWriter, "write", full)
        poses = room.node.create_publisher(BodyPose, "body_pose", qos.STREAM)
        while "problem" not in (await room.collection.status())["recording"]:
            poses.publish(BodyPose())
            await asyncio.sleep(0.02)
        with pytest.raises(InputError, match="No space left"):
            await room.collection.record(False)

    run(scenario)
    assert not room.recorder.active and room.collection.writing is None


def test_what_was_wrong_in_a_take_is_not_wrong_with_the_recording_after_it(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        await room.collection.take(room.ask("P01"))
        shutil.rmtree(room.folder / "P01_S01")
        (room.folder / "P01_S01").write_text("a file in its place: session.yaml cannot be written")
        await squat(room)
        with pytest.raises(InputError, match="cannot be kept"):
            await room.collection.decide("keep")
        await room.collection.decide("stop")
        await room.ended()
        await room.collection.record(True)
        assert "problem" not in (await room.collection.status())["recording"]
        await posed(room)
        assert (await room.collection.record(False)).startswith("recorded ")

    run(scenario)


def test_a_take_whose_recorder_was_switched_off_cannot_be_kept(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        await room.collection.take(room.ask("P01"))
        await squat(room)
        await room.switch_off("recorder")
        with pytest.raises(InputError, match="cannot be kept: recording has stopped"):
            await room.collection.decide("keep")
        await room.collection.decide("stop")
        await room.ended()

    run(scenario)
    assert not room.told[-1]["kept"]


def test_what_is_not_recorded_any_more_can_be_opened(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        await room.collection.record(True)
        await room.switch_off("recorder")
        assert not (await room.collection.status())["recording"]["on"]
        assert room.collection.writing is None

    run(scenario)


def test_a_take_that_is_over_waits_for_nobody_while_its_recording_ends(room: Room) -> None:
    async def scenario() -> None:
        await room.there()
        await room.collection.take(room.ask("P01"))
        await squat(room)
        await room.collection.decide("keep")
        while not room.over:
            told = room.told[-1]["phase"]
            take = (await room.collection.status())["take"]
            assert told != "over" or take is None

    run(scenario)
