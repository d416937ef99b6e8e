"""Pictures and poses read and written in place are what rclpy makes of the same messages."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from fitness_core import types
from fitness_core.errors import InputError
from fitness_core.ros import images, messages, serialized
from fitness_core.types import Pose
from fitness_msgs.msg import BodyPose, ExerciseClassification, RepState


def pose(body_id: str = "person_1", frame_id: str = "camera") -> Pose:
    rng = np.random.default_rng(3)
    arrays = [rng.random(shape, np.float32) for shape in ((33, 3), (33, 3), (33,), (33,))]
    return Pose(1_700_000_000_123_456_789, *arrays, 640, 480, 0.75, body_id, frame_id)


@pytest.mark.parametrize("body_id", ["", "a", "ab", "abc", "person_12", "Jürgen"])
@pytest.mark.parametrize("frame_id", ["", "c", "camera_optical_frame"])
def test_a_written_pose_is_the_message(body_id: str, frame_id: str) -> None:
    given = pose(body_id, frame_id)
    expected = messages.to_body_pose(given)
    written = serialized.of_pose(given)
    # Not the bytes: what fills up between the fields is whatever was there.
    assert deserialize_message(written, BodyPose) == expected
    assert len(written) == len(serialize_message(expected))


def test_nobody_is_written_too() -> None:
    nobody = Pose.nobody(5, 640, 480)
    read = deserialize_message(serialized.of_pose(nobody), BodyPose)
    assert repr(read) == repr(messages.to_body_pose(nobody))


def test_columns_of_an_array_are_written_too() -> None:
    # As landmarks come that were read in place.
    given = serialized.pose_of(serialized.of_pose(pose()))
    assert serialized.of_pose(given) == serialized.of_pose(pose())


def test_a_pose_read_in_place_is_the_message_read() -> None:
    given = pose()
    read, expected = (
        serialized.pose_of(serialized.of_pose(given)),
        messages.from_body_pose(messages.to_body_pose(given)),
    )
    for name in Pose.__slots__:
        np.testing.assert_array_equal(getattr(read, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize("exercise", ["", "squat", "overhead_press"])
def test_a_state_is_written_as_rclpy_writes_it(exercise: str) -> None:
    body_id = "person_1" if exercise else ""
    state = types.RepState(12_000_000_034, exercise, types.Phase.BACK, 0.25, 7, 2, 3, body_id)
    expected = RepState(
        header=messages.header(state.stamp, "camera"),
        body_id=body_id,
        exercise=exercise,
        phase=RepState.PHASE_BACK,
        progress=0.25,
        count=7,
        rejected=2,
        set_index=3,
    )
    written = serialized.of_rep_state(state, "camera")
    assert deserialize_message(written, RepState) == expected
    assert len(written) == len(serialize_message(expected))
    assert serialized.stamp_of(serialized.of_rep_state(state, "camera")) == state.stamp


def classification(label: str, body_id: str) -> types.Classification:
    if not label:
        return types.Classification(5, 2, types.ClassificationStatus.WARMING_UP, body_id=body_id)
    probabilities = {label: 0.75, "other": 0.25}
    status = types.ClassificationStatus.OK
    return types.Classification(12_000_000_034, 10_000_000_034, status, label, 0.7, probabilities, body_id)


def message_of(result: types.Classification) -> ExerciseClassification:
    return ExerciseClassification(
        header=messages.header(result.stamp, "camera"),
        window_start=messages.to_time(result.window_start),
        body_id=result.body_id,
        status=int(result.status),
        label=result.label,
        confidence=result.confidence,
        probabilities=list(result.probabilities.values()),
    )


@pytest.mark.parametrize("label", ["", "squat", "overhead_press"])
@pytest.mark.parametrize("body_id", ["", "person_12"])
def test_a_label_is_written_as_rclpy_writes_it(label: str, body_id: str) -> None:
    result = classification(label, body_id)
    expected = message_of(result)
    written = serialized.of_classification(result, "camera")
    assert repr(deserialize_message(written, ExerciseClassification)) == repr(
        deserialize_message(serialize_message(expected), ExerciseClassification)
    )
    assert len(written) == len(serialize_message(expected))


@pytest.mark.parametrize("label", ["", "squat", "overhead_press"])
@pytest.mark.parametrize("labels", [["squat", "other"], []])
def test_a_label_read_in_place_is_the_message_read(label: str, labels: list[str]) -> None:
    cdr = serialize_message(message_of(classification(label, "person_1")))
    read, expected = serialized.classification_of(cdr), deserialize_message(cdr, ExerciseClassification)
    assert read.header == expected.header
    assert repr(messages.from_classification(read, labels)) == repr(messages.from_classification(expected, labels))


@pytest.mark.parametrize("length", [0, 3, 10, 40, 60])
def test_a_label_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(InputError):
        serialized.classification_of(serialized.of_classification(classification("squat", ""), "camera")[:length])


@pytest.mark.parametrize("values", [{}, {"rate_hz": "29.9"}, {"a": "", "backend": "mediapipe full", "Größe": "1"}])
def test_diagnostics_are_written_as_rclpy_writes_them(values: dict[str, str]) -> None:
    status = DiagnosticStatus(level=DiagnosticStatus.WARN, name="/fitness/camera", message="it is late")
    status.values = [KeyValue(key=key, value=value) for key, value in values.items()]
    expected = DiagnosticArray(header=messages.header(12_000_000_034, ""), status=[status])
    written = serialized.of_diagnostics(12_000_000_034, status.name, status.level, status.message, values)
    assert deserialize_message(written, DiagnosticArray) == expected
    assert len(written) == len(serialize_message(expected))


@pytest.mark.parametrize("encoding", ["bgr8", "rgb8"])
def test_a_picture_read_in_place_is_the_message_read(encoding: str) -> None:
    picture = np.random.default_rng(4).integers(0, 255, (5, 7, 3), np.uint8)
    message = images.to_image(picture, encoding)
    message.header = messages.header(12_000_000_034, "camera")
    read = serialized.image_of(serialize_message(message))
    assert (read.header, read.encoding, read.step) == (message.header, message.encoding, message.step)
    np.testing.assert_array_equal(images.to_bgr(read), images.to_bgr(message))


def test_a_callback_gets_what_is_known_of_a_message_too() -> None:
    heard = []
    serialized.in_place(Image, lambda message, info: heard.append((message.width, info)))(
        serialize_message(images.to_image(np.zeros((2, 3, 3), np.uint8))), {"number": 1}
    )
    assert heard == [(3, {"number": 1})]


@pytest.mark.parametrize("length", [0, 3, 10, 60, 400])
def test_what_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(InputError):
        serialized.body_pose_of(serialized.of_pose(pose())[:length])
