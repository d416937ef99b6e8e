"""`./fitness bench`: its result has the keys that were agreed, its pages show it, and bad input is one line."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from fitness_bringup.bench import clip, command, page
from fitness_bringup.bench.targets import TARGETS
from fitness_core.errors import InputError
from pose_estimator.backends import make_backend

KEYS = {
    "ratios": {
        *("graph_vs_pose", "processes_vs_pose", "graph_vs_existing"),
        *("litert_latency_vs_mediapipe", "two_cameras"),
    },
    "latency_ms": {"stamp_to_rep_p50", "stamp_to_rep_p95"},
    "cpu_ms_per_frame": {"pose", "beyond_pose"},
    "memory_mb": {"one_process_peak"},
    "start_s": {"first_pose"},
}
BASELINE = json.loads(Path(command.__file__).with_name("baseline.json").read_text())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> clip.Clip:
    """The pictures of a bench without a clip."""
    return clip.prepare("", tmp_path_factory.mktemp("clip"), 40)


def test_result_has_the_agreed_keys() -> None:
    for key, inner in KEYS.items():
        assert inner <= set(BASELINE[key]), key
    assert {"replay_speed", "drops", "machine"} <= set(BASELINE)


def test_every_target_reads_the_result() -> None:
    for target in TARGETS:
        assert target.met(BASELINE) in (True, False, None)
        assert target.value({}) is None


def test_a_body_is_found_in_the_drawn_pictures(drawn: clip.Clip) -> None:
    backend = make_backend()
    found = [backend.detect(picture, number) for number, picture in enumerate(np.asarray(drawn.pictures[::4]))]
    backend.close()
    assert sum(detection is not None for detection in found) >= 0.9 * len(found)


def test_a_video_is_taken_and_repeated_where_it_is_short(drawn: clip.Clip, tmp_path: Path) -> None:
    again = clip.prepare(str(drawn.video), tmp_path, 50)
    assert again.pictures.shape == (50, 480, 640, 3)
    np.testing.assert_array_equal(again.pictures[40], again.pictures[0])


@pytest.mark.parametrize("size", [(3000, 1), (1, 3000)])
def test_a_picture_that_is_all_but_a_line_is_taken(size: tuple[int, int], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "line.png"), np.full((*size, 3), 255, np.uint8))
    assert clip.prepare(str(tmp_path), tmp_path, 2).pictures.max() == 255


def test_pages_tell_every_target_and_contender() -> None:
    markdown, html = page.to_markdown(BASELINE, "plot.svg"), page.to_html(BASELINE)
    for target in TARGETS:
        assert f"| {target.name} |" in markdown
        assert target.name.replace("'", "&#39;") in html
    for name in BASELINE["fps"]:
        assert page.NAMES[name] in markdown


def test_the_screen_tells_every_target_with_its_unit() -> None:
    screen = Console(width=120, file=io.StringIO())
    command.show(BASELINE, screen)
    for target in TARGETS:
        assert target.name in screen.file.getvalue(), "Rich takes [ms] for markup"


def test_the_page_tells_how_what_is_beyond_pose_was_measured() -> None:
    """By thread, with the difference of the loops beside it; an older result says that it is that difference."""
    of = {"pose": 25.0, "beyond_pose": 2.2, "difference_of_loops": 3.4, "benchmark_itself": 0.3}
    now = BASELINE | {
        "cpu_ms_per_frame": of | {"calls_of_network": 0.6, "calls_in_bare_loop": 0.9},
        "cpu_ms_per_frame_quartiles": {"beyond_pose": [2.1, 2.3], "difference_of_loops": [1.3, 5.1]},
        "threads_accounted_for": [0.998, 1.001],
        "threads_cpu_ms": {"mediapipe": 24.0, "executor": 1.5},
        "threads_beyond_pose_ms": {"executor": 1.4},
    }
    markdown = page.to_markdown(now, "plot.svg")
    assert "is 3.40 ms, its middle half 1.3 .. 5.1" in markdown
    assert "99.8% to 100.1% of the process's CPU" in markdown
    assert "| executor | 1.5 | 1.4 |" in markdown
    older = {key: value for key, value in now.items() if not key.startswith("threads_")}
    older |= {"cpu_ms_per_frame": {"pose": 25.0, "beyond_pose": 3.4}, "threads_cpu_ms": {"executor": 1.5}}
    assert "older than the measurement by thread" in page.to_markdown(older, "plot.svg")


def test_the_committed_page_is_the_committed_result() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    assert (docs / "performance.md").read_text() == page.to_markdown(BASELINE, "images/performance.svg")
    assert (docs / "images" / "performance.svg").read_text() == page.to_svg(BASELINE)


@pytest.mark.parametrize(
    "arguments", [["absent.mp4"], ["--json", "/no/such/folder/f.json"], ["--html", "/no/such/folder/f.html"]]
)
def test_bad_input_is_one_line(arguments: list[str], fitness: Callable) -> None:
    done = fitness("bench", *arguments)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")


def test_without_a_clip_the_result_may_be_written_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "measure", lambda *_: BASELINE)
    command.run("", command.QUICK, Path("speed.json"), Path("speed.html"))
    assert json.loads(Path("speed.json").read_text()) == BASELINE and Path("speed.html").exists()
    with pytest.raises(InputError, match="among the files of the recording"):
        command.run(str(tmp_path), command.QUICK, Path("speed.json"), None)
