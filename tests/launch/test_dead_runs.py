"""A recording that is launched begins anew; pictures of now go on with the set of who was killed."""

import pytest

from fitness_core.ros.state import state_file_of


@pytest.fixture
def left() -> object:
    """What a counter of the namespace `gym` left that was killed."""
    file = state_file_of("/gym/rep_counter")
    file.parent.mkdir(parents=True)
    file.touch()
    return file


def test_a_replay_forgets_the_set_of_a_dead_run(launch, left):
    launch("replay.launch.py", namespace="robot/gym")
    assert left.exists(), "of another graph"
    launch("replay.launch.py", namespace="gym")
    assert not left.exists()


@pytest.mark.parametrize("file", ["live.launch.py", "record.launch.py"])
def test_a_video_forgets_the_set_of_a_dead_run_and_a_camera_does_not(launch, left, tmp_path, file):
    mine = tmp_path / "mine.yaml"
    mine.write_text("/**/camera: {ros__parameters: {source: squats.mp4}}\n")
    for of_now in ({}, {"source": "rtsp://gym/1"}, {"image_topic": "/robot/image", "params_file": str(mine)}):
        launch(file, namespace="gym", **of_now)
        assert left.exists(), of_now
    launch(file, namespace="gym", params_file=str(mine))
    assert not left.exists()
