"""What `./fitness live` shows and writes for people, and what it says where it cannot; the shipped configurations."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml

from fitness_bringup.interfaces import node_apis
from fitness_core.quiet_opencv import cv2
from fitness_visualization import foxglove_node

CONFIG = Path(__file__).resolve().parents[2] / "src" / "fitness_bringup" / "config"


def test_the_annotated_pictures_become_a_video(fitness, tmp_path: Path) -> None:
    video = tmp_path / "new folder" / "demo.mp4"
    given = ("--no-dashboard", "--no-markers", "-p", "player.rate:=5", "--record-video", video)
    done = fitness("live", "--demo", *given)
    assert done.returncode == 0, done.stderr
    made = cv2.VideoCapture(str(video))
    # 33 s by the stamps, however fast they were played; less where a busy machine stood still for more than 5 of them.
    count = made.get(cv2.CAP_PROP_FRAME_COUNT)
    assert 20 < count / made.get(cv2.CAP_PROP_FPS) < 34
    pictures = []
    for share in (0.2, 0.5, 0.8):
        made.set(cv2.CAP_PROP_POS_FRAMES, round(share * count))
        pictures.append(made.read()[1].astype(int))
    assert pictures[0].shape == (540, 960, 3)
    assert all(np.abs(a - b).max() > 100 for a, b in pairwise(pictures))
    assert [path.name for path in video.parent.iterdir()] == ["demo.mp4"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--window",), "no display"),
        (("--window", "--headless"), "exclude each other"),
        (("--window", "--no-overlay"), "--no-overlay"),
        (("--record-video", "{}/video.avi"), "ends in .mp4"),
        (("--record-video", "/proc/video.mp4"), "cannot be written"),
        (("--foxglove", "-p", "foxglove.bind:=192.0.2.1"), "cannot listen"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(fitness, tmp_path: Path, monkeypatch, given, said: str) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    done = fitness("live", "--demo", "--no-dashboard", *(part.format(tmp_path) for part in given))
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("foxglove: ")]
    assert line.startswith("error: ") and said in line
    assert list(tmp_path.iterdir()) == []


def test_rviz_is_told_topics_that_there_are() -> None:
    settings = yaml.safe_load((CONFIG / "fitness.rviz").read_text())["Visualization Manager"]
    published = {f"/fitness/{end.name}": end for node in node_apis.nodes() for end in node.publishers}
    kinds = {"MarkerArray": "visualization_msgs/MarkerArray", "Image": "sensor_msgs/Image"}
    told = [display for display in settings["Displays"] if "Topic" in display]
    assert len(told) == 2
    for display in told:
        endpoint = published[display["Topic"]["Value"]]
        assert endpoint.type == kinds[display["Class"].split("/")[1]]
        assert display["Topic"]["Reliability Policy"] == "Reliable"
    camera = next(node for node in node_apis.nodes() if node.name == "camera")
    frame = next(parameter.default for parameter in camera.parameters if parameter.name == "frame_id")
    assert settings["Global Options"]["Fixed Frame"] == frame


def test_the_foxglove_layout_shows_topics_that_are_served() -> None:
    text = (CONFIG / "foxglove.json").read_text()
    layout = json.loads(text)
    own = (foxglove_node.ANNOTATIONS, foxglove_node.SCENE, foxglove_node.TRANSFORM)
    served = {f"/fitness/{topic}" for topic, _, _ in foxglove_node.RELAYED if not topic.startswith("/")}
    served |= {f"/fitness/foxglove/{topic}" for topic in own} | {"/diagnostics"}
    fields = {f"/fitness/{topic}": kind for topic, kind, _ in foxglove_node.RELAYED}
    for panel in layout["configById"].values():
        for path in panel.get("paths", []):
            topic, _, field = path["value"].partition(".")
            assert path["timestampMethod"] == "receiveTime", "stamps of a replay lie outside of the window"
            assert topic in served and field.split("[")[0] in fields[topic].get_fields_and_field_types()
    for line in text.split('"'):
        if line.startswith("/") and "." not in line:
            assert line in served

    def panels(part) -> list[str]:
        return [part] if isinstance(part, str) else panels(part["first"]) + panels(part["second"])

    assert sorted(panels(layout["layout"])) == sorted(layout["configById"])
