"""`--source topic:NAME`: the pictures of a robot's own driver, which is another program."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from fitness_bringup.composition import live, processes
from fitness_bringup.composition.graph_nodes import NODES
from fitness_bringup.composition.picture_topic import PictureTopic, picture_topic
from fitness_bringup.interfaces.node_apis import nodes
from fitness_camera.sources import open_source
from fitness_core.errors import InputError
from fitness_core.ros import messages, qos
from fitness_core.ros.images import to_image
from fitness_datasets.bags import BagReader
from fitness_msgs.msg import BodyPose

CLIP = "videos/squat/term7_computervision_pro_squat_1.mp4"
DEADLINE = 60.0


@pytest.mark.parametrize("how", [[], ["--processes"]], ids=["one process", "processes"])
@pytest.mark.parametrize("transport", ["", "/compressed"], ids=["raw", "compressed"])
def test_what_the_robots_own_driver_publishes_is_counted(
    ros: None, data: Callable[[str], Path], tmp_path: Path, transport: str, how: list[str]
) -> None:
    topic, bag = f"/robot/front/image_raw{transport}", tmp_path / "bag"
    asked = ["--source", f"topic:{topic}", "--record", str(bag), "-p", "rep_counter.exercise:=squat", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "fitness_bringup.cli", "live", *asked, "--no-overlay", "--no-dashboard", *how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.extend(process.stderr), daemon=True)
    reader.start()
    driver = rclpy.create_node("driver")
    try:
        publisher = driver.create_publisher(CompressedImage if transport else Image, topic, qos_profile_sensor_data)
        heard: list[BodyPose] = []
        driver.create_subscription(BodyPose, "/fitness/body_pose", heard.append, qos.STREAM)
        recorded: list[int] = []

        def look(array: DiagnosticArray) -> None:
            values = [value for status in array.status for value in status.values]
            counts = [int(one.value) for one in values if one.key == "messages /fitness/body_pose"]
            recorded.extend(count for count in counts if count)

        driver.create_subscription(DiagnosticArray, "/diagnostics", look, qos.DIAGNOSTICS)
        deadline = time.monotonic() + DEADLINE
        while not (publisher.get_subscription_count() and driver.count_publishers("/fitness/rep_event")):
            assert process.poll() is None and time.monotonic() < deadline, told
            time.sleep(0.05)
        # Small ones, of which nothing is lost by a middleware that knows nothing of pictures.
        with open_source(str(data(CLIP))) as source:
            frames = [replace(frame, image=cv2.resize(frame.image, None, fx=0.5, fy=0.5)) for frame in source]

        def publish(picture: np.ndarray, stamp: int) -> None:
            if transport:
                message = CompressedImage(header=messages.header(stamp, "eye"), format="jpeg")
                message.data = cv2.imencode(".jpg", picture)[1].tobytes()
            else:
                message = to_image(picture)
                message.header = messages.header(stamp, "eye")
            publisher.publish(message)

        # What was published before all had met would be waited for in vain.
        while not (heard and recorded):
            assert process.poll() is None and time.monotonic() < deadline, told
            publish(np.zeros_like(frames[0].image), driver.get_clock().now().nanoseconds)
            rclpy.spin_once(driver, timeout_sec=0.5)
        start = driver.get_clock().now().nanoseconds
        for frame in frames:
            publish(frame.image, start + frame.stamp)
            # Each when the one before has been seen, so that a busy machine leaves none out.
            while messages.from_time(heard[-1].header.stamp) < start + frame.stamp:
                assert process.poll() is None and time.monotonic() < deadline, told
                rclpy.spin_once(driver, timeout_sec=0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0, told
        printed = process.stdout.read()
    finally:
        process.kill()
        driver.destroy_node()
    assert "repetitions: squat 1" in printed
    assert not any("Traceback" in line for line in told)
    with BagReader(bag) as written:
        stamps = [pose.stamp - start for pose in written.poses() if pose.stamp >= start]
        frame_ids = {pose.frame_id for pose in written.poses()}
    assert frame_ids == {"eye"}
    assert stamps == [frame.stamp for frame in frames]


def test_every_node_that_takes_pictures_is_told_how_they_come(tmp_path: Path) -> None:
    takers = {api.name for api in nodes() if any(one.name == "image_transport" for one in api.parameters)}
    assert takers == {node.name for node in NODES.values() if node.pictures}
    bag = tmp_path / "bag"
    options = live.Options(source="topic:/robot/image/compressed", overlay=True, dashboard=True, record=bag)
    programs = processes.programs(options, tmp_path / "parameters.yaml")
    given = yaml.safe_load((tmp_path / "parameters.yaml").read_text())
    for name in takers:
        assert given[f"/fitness/{name}"]["ros__parameters"]["image_transport"] == "compressed"
    assert "camera" not in {node.name for node in programs}
    assert all("camera/image_raw:=/robot/image" in node.command for node in programs)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("topic:/robot/image_raw", PictureTopic("/robot/image_raw")),
        ("topic:front/image/compressed", PictureTopic("front/image", compressed=True)),
        ("0", None),
        ("browser", None),
    ],
)
def test_what_is_a_topic(source: str, wanted: PictureTopic | None) -> None:
    assert picture_topic(source) == wanted


@pytest.mark.parametrize("source", ["topic:", "topic:/", "topic:/camera/1", "topic:/camera image", "topic:/camera/"])
def test_what_is_no_name_of_a_topic_is_refused_with_what_is(source: str) -> None:
    with pytest.raises(InputError, match="topic:/camera/image_raw"):
        live.check(live.Options(source=source, dashboard=True))


def test_pictures_of_a_topic_cannot_be_played_faster_or_again() -> None:
    for wrong in ({"loop": True}, {"unpaced": True}):
        with pytest.raises(InputError, match="--loop and --unpaced"):
            live.check(live.Options(source="topic:/camera/image_raw", **wrong))
