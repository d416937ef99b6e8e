"""What a node refuses to load, and how it says so."""

import json
import resource
import signal
import zipfile
from pathlib import Path

import pytest

from exercise_classifier import features, model_file
from exercise_classifier.classifier import ExerciseClassifier, default_model
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError


def network() -> bytes:
    content = default_model().read_bytes()
    return content[: content.rindex(b"PK\x03\x04")]


def metadata() -> dict:
    with zipfile.ZipFile(default_model()) as archive:
        return json.loads(archive.read(model_file.METADATA))


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        ExerciseClassifier(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return str(error.value)


def test_the_shipped_model():
    info = ExerciseClassifier().info
    assert set(info.labels) == {exercise.name for exercise in Catalogue.load()} | {"other", "idle"}
    assert info.model_id.startswith("exercise_lstm-")
    assert default_model().stat().st_size < 1_000_000


def test_written_is_read(tmp_path):
    path = tmp_path / "mine.tflite"
    model_file.write(path, network(), model_file.describe("mine", ("a", "b", "c", "d"), 2.0, 15.0, 0.6))
    info = model_file.read(path).info
    assert info.labels == ("a", "b", "c", "d") and info.confidence_threshold == 0.6
    again = tmp_path / "again.tflite"
    model_file.write(again, network(), model_file.describe("mine", ("a", "b", "c", "d"), 2.0, 15.0, 0.6))
    assert model_file.read(again).info.model_id == info.model_id


def test_a_given_threshold_wins():
    assert ExerciseClassifier(confidence_threshold=0.9).info.confidence_threshold == 0.9


def test_no_file(tmp_path):
    assert "cannot be read" in refused(tmp_path / "none.tflite")


def test_not_a_tflite(tmp_path):
    path = tmp_path / "text.tflite"
    path.write_text("this is not a model")
    assert "is not a .tflite file" in refused(path)


def test_no_metadata(tmp_path):
    path = tmp_path / "bare.tflite"
    path.write_bytes(network())
    assert "metadata.json" in refused(path)


def test_broken_network(tmp_path):
    path = tmp_path / "broken.tflite"
    model_file.write(path, network()[:500], metadata())
    assert "broken" in refused(path)


@pytest.mark.parametrize("key", ("labels", "features", "window", "confidence_threshold"))
def test_metadata_that_lacks_something(tmp_path, key):
    path = tmp_path / "lacking.tflite"
    model_file.write(path, network(), {name: value for name, value in metadata().items() if name != key})
    assert key in refused(path)


def test_other_features(tmp_path):
    path = tmp_path / "old.tflite"
    old = metadata()
    old["features"]["version"] = features.VERSION + 1
    model_file.write(path, network(), old)
    assert f"version {features.VERSION + 1}" in refused(path)


def test_other_number_of_labels(tmp_path):
    path = tmp_path / "labels.tflite"
    model_file.write(path, network(), metadata() | {"labels": ["curl", "other"]})
    assert "(1, 2)" in refused(path)


def test_labels_that_the_catalogue_does_not_have(tmp_path):
    path = tmp_path / "yoga.tflite"
    model_file.write(path, network(), metadata() | {"labels": ["headstand", *metadata()["labels"][1:]]})
    with pytest.raises(InputError, match="'headstand'"):
        ExerciseClassifier(path).check_labels(Catalogue.load())
    ExerciseClassifier().check_labels(Catalogue.load())


def test_a_disk_that_is_full_leaves_the_model_that_was_there(tmp_path):
    path = tmp_path / "mine.tflite"
    path.write_bytes(b"the one before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    on_full = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(InputError, match=r"mine\.tflite cannot be written"):
            model_file.write(path, network(), metadata())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, on_full)
    assert path.read_bytes() == b"the one before"
    assert list(tmp_path.iterdir()) == [path]
