"""A lab's day without a line of code: record its people, make a dataset, fit a model, evaluate it, run it live."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from fitness_datasets.bags import BagReader

SQUAT = "videos/squat/term7_computervision_pro_squat_1.mp4"
TAKES = (
    ("P01", "squat", SQUAT),
    ("P02", "squat", "videos/squat/exercises_overhead_squat.mp4"),
    ("P02", "curl", "videos/curl/aitrainer_curls2.mp4"),
)
CONFIG = """\
name: lab
labels: [squat, curl, other]
min_sources: 1
min_test_sources: 1
network: {kind: temporal_convolution, sizes: [8]}
windows: 200
synthetic: 0
folds: 2
epochs: 2
"""


def fitness(*arguments: object, codes: tuple[int, ...] = (0,)) -> str:
    """Run `./fitness ARGUMENTS`; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "fitness_bringup.cli", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode in codes, f"{arguments[0]}: {done.stderr[-2000:]}"
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(400)
def test_a_labs_day(data, needed, tmp_path: Path) -> None:
    missing = [name for name in ("tensorflow", "keras", "sklearn") if importlib.util.find_spec(name) is None]
    needed(not missing, f"{', '.join(missing)} (dependency group `train`)")
    recordings, dataset, models = tmp_path / "recordings", tmp_path / "dataset", tmp_path / "models"

    # Morning: two people come by; clips stand in for the camera.
    for subject, exercise, clip in TAKES:
        fitness(
            *("record", "--subject", subject, "--exercise", exercise, "--seconds", 4, "--consent", "--auto"),
            *("--session", f"S_{exercise}", "--source", data(clip), "--out", recordings, "--no-overlay"),
            # The machine that runs the tests may be busy with others; how bad a take may be is tested elsewhere.
            *("-p", "record_take.max_gap:=5.0", "-p", "record_take.max_dropped:=1.0"),
        )

    # Noon: what was recorded becomes a dataset, with every take in it.
    fitness("dataset", recordings, "--out", dataset)
    manifest = json.loads((dataset / "manifest.json").read_text())
    assert sorted((take["subject"], take["exercise"]) for take in manifest["takes"]) == sorted(
        (subject, exercise) for subject, exercise, _ in TAKES
    )
    assert manifest["problems"] == []
    assert all(take["windows"] > 0 for take in manifest["takes"])

    # Afternoon: a model, and how it does on the person it has not seen.
    (tmp_path / "lab.yaml").write_text(CONFIG)
    given = ("--data", dataset, "--config", tmp_path / "lab.yaml", "--jobs", 1)
    fitness("train", *given, "--out", models)
    fitness("evaluate", *given, "--json", tmp_path / "evaluation.json", "--html", tmp_path / "evaluation.html")
    evaluation = json.loads((tmp_path / "evaluation.json").read_text())
    assert evaluation["n_sources"] == 2
    assert evaluation["macro_f1"] == json.loads((models / "lab.evaluation.json").read_text())["macro_f1"]

    # Evening: the model is in the graph, live and offline.
    model, bag = models / "lab.tflite", tmp_path / "live"
    fitness(
        "live",
        "--source",
        data(SQUAT),
        "--record",
        bag,
        "--no-overlay",
        "--no-dashboard",
        "-p",
        f"exercise_classifier.model:={model}",
    )
    with BagReader(bag) as recorded:
        (info,) = [message for _, _, message in recorded.messages([recorded.find("exercise/info")])]
        named = {message.label for _, _, message in recorded.messages([recorded.find("exercise")])}
    assert list(info.labels) == ["squat", "curl", "other"]
    assert named & set(info.labels)
    report = json.loads(fitness("analyze", data(SQUAT), "--model", model, "--json", "-"))
    assert report["versions"]["classifier"] == info.model_id and info.model_id.startswith("lab-")
