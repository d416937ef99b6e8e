"""With the Fast DDS profile that ships, pictures arrive in another process; the default transports lose half."""

import array
import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Empty

PROFILE = Path(__file__).resolve().parents[2] / "src" / "fitness_bringup" / "config" / "fastdds.xml"
NAMESPACE = {"dds": "http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"}
DEADLINE = 60.0  # [s]
COUNT, RATE = 90, 30.0
HELLO = -1
"""The number of pictures that do not count."""

# Run as a program this file is the publishing side: width, height.


def publish(width: int, height: int) -> None:
    """Publish COUNT pictures at RATE once somebody hears them."""
    rclpy.init()
    node = rclpy.create_node("pictures")
    publisher = node.create_publisher(Image, f"pictures_{width}", 5)
    heard: list[Empty] = []
    node.create_subscription(Empty, "heard", heard.append, 1)
    message = Image(width=width, height=height, encoding="bgr8", step=3 * width)
    message.data = array.array("B", bytes(3 * width * height))
    message.header.frame_id = str(HELLO)
    deadline = time.monotonic() + DEADLINE
    # Best effort repeats nothing: what counts begins when the other side has heard of us.
    while not heard and time.monotonic() < deadline:
        publisher.publish(message)
        rclpy.spin_once(node, timeout_sec=0.1)
    due = time.monotonic()
    for number in range(COUNT):
        message.header.frame_id = str(number)
        publisher.publish(message)
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))
    # Leaving at once would take the last picture out of shared memory before it is read.
    while publisher.get_subscription_count() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_the_profile_is_the_one_measured():
    root = ElementTree.parse(PROFILE).getroot()
    assert root.findtext(".//dds:segment_size", namespaces=NAMESPACE) == "33554432"
    assert root.findtext(".//dds:maxMessageSize", namespaces=NAMESPACE) == "8388608"
    assert [kind.text for kind in root.iterfind(".//dds:transport_descriptor/dds:type", NAMESPACE)] == ["SHM", "UDPv4"]


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720)])
def test_pictures_arrive_in_another_process(width, height, monkeypatch):
    if os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp") != "rmw_fastrtps_cpp":
        pytest.skip("the profile is for rmw_fastrtps_cpp")
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(PROFILE))
    received: list[int] = []
    other = subprocess.Popen([sys.executable, __file__, str(width), str(height)])
    rclpy.init()
    try:
        node = rclpy.create_node("viewer")
        # Best effort as the pose estimator, but deeper: this is about the transport, not about who reads too late.
        quality = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
        heard = node.create_publisher(Empty, "heard", 1)

        def hear(message: Image) -> None:
            number = int(message.header.frame_id)
            if number == HELLO:
                heard.publish(Empty())
            else:
                received.append(number)

        node.create_subscription(Image, f"pictures_{width}", hear, quality)
        end = time.monotonic() + DEADLINE
        while COUNT - 1 not in received and time.monotonic() < end:
            rclpy.spin_once(node, timeout_sec=0.1)
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
        other.wait(DEADLINE)
    assert len(received) >= 0.99 * COUNT


if __name__ == "__main__":
    publish(int(sys.argv[1]), int(sys.argv[2]))
