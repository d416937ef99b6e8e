"""`./fitness evaluate counts`: its figures, and the whole command on a few real recordings."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from exercise_classifier import held_out
from exercise_classifier.held_out import HeldOutLabels
from exercise_classifier.training.takes import takes
from fitness_bringup.composition.live import DEMO
from fitness_bringup.evaluation import counted_recordings, counts, form, scores
from fitness_bringup.evaluation.scores import GIVEN, NAMED
from fitness_core.errors import InputError

SQUAT = "videos/squat/term7_computervision_pro_squat_1.mp4"
OTHER = "videos/other/videos_calves_stretch.mp4"


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("landmarks")


def table_of(folder: Path, source: Path, files: set[str], **changes: str) -> Path:
    """A table with these files of another one, as absolute paths."""
    with source.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"] in files]
    assert len(rows) == len(files)
    table = folder / source.name
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "file": str(source.parent / row["file"]), **changes} for row in rows)
    return table


def evaluated(tmp_path: Path, *arguments: object) -> dict:
    """What the command writes as JSON."""
    out = tmp_path / "counts.json"
    assert counts.main([*map(str, arguments), "--json", str(out)]) == 0
    return json.loads(out.read_text())


def test_exact_off_by_one_and_mean_absolute_error():
    scored = scores.scores([0, 1, 4, 0], [10, 10, 8, 5], ["a", "a", "b", "c"])
    assert (scored["sets"], scored["sources"]) == (4, 3)
    assert (scored["exact"], scored["obo"], scored["mae"]) == (0.5, 0.75, 0.15)
    low, high = scored["mae_95"]
    assert low < 0.15 < high <= 0.5
    alone = scores.scores([0], [3], ["a"])
    assert (alone["exact_95"], alone["mae_95"]) == ([1.0, 1.0], [0.0, 0.0])


def test_clips_are_counted_in_every_way_and_their_landmarks_kept(tmp_path, data, cache, monkeypatch):
    clips = table_of(tmp_path, data("clips.csv"), {SQUAT, OTHER})
    page = tmp_path / "counts.html"
    found = evaluated(tmp_path, "--clips", clips, "--cache", cache, "--html", page)
    squat = next(row for row in found["recordings"] if row["exercise"] == "squat")
    assert squat["counted"][GIVEN] == squat["count"] == 1
    assert {"Exercise_Recognition_AI", "Fitness-AI-Trainer", NAMED} < set(squat["counted"])
    (negative,) = found["negatives"]
    assert (negative["exercise"], negative["recordings"]) == ("other", 1)
    assert "FITTED by `./fitness train" in found["labels"]
    ways = {row["way"] for row in found["sets"] if row["exercise"] == "squat"}
    assert ways == set(squat["counted"])
    text = page.read_text()
    assert text.count("<svg") >= 3 and "<script" not in text and "src=" not in text
    assert "<b>100 %</b> of 1 sets counted exactly" in text, "all sets at the top of the page"
    assert text.index("All sets") < text.index("Phantoms") < text.index("By exercise")

    monkeypatch.setattr(takes, "extract", lambda *_: pytest.fail("the landmarks were not kept"))
    assert evaluated(tmp_path, "--clips", clips, "--cache", cache, "--filter", "squat")["negatives"] == []


def test_a_bag_of_landmarks_is_counted_as_it_is(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(takes, "extract", lambda *_: pytest.fail("its landmarks are there already"))
    (tmp_path / "visit").symlink_to(DEMO)
    table = tmp_path / "clips.csv"
    table.write_text("file,exercise,reps\nvisit,squat,5\n")
    (found,) = evaluated(tmp_path, "--clips", table, "--cache", cache)["recordings"]
    assert found["counted"][GIVEN] == 5 and found["duration_s"] == pytest.approx(33, abs=1)


def test_what_is_counted_while_nothing_is_done_is_a_phantom(tmp_path, data, cache):
    clips = table_of(tmp_path, data("clips.csv"), {SQUAT}, reps="")
    stretches = tmp_path / "stretches.csv"
    rows = {"the repetition": f"{data(SQUAT)},0,100,idle", "after it": f"{data(SQUAT)},90,100,idle"}
    found = {}
    for where, row in rows.items():
        stretches.write_text(f"take,start,end,exercise\n{row}\n")
        (found[where],) = evaluated(tmp_path, "--clips", clips, "--cache", cache, "--stretches", stretches)["negatives"]
    assert {where: row["phantoms"] for where, row in found.items()} == {"the repetition": 1, "after it": 0}
    assert found["after it"]["exercise"] == scores.BETWEEN
    assert found["after it"]["minutes"] == pytest.approx(10 / 60, abs=0.01)


def test_a_file_that_is_counted_twice_differently_is_not_certain(tmp_path):
    table = tmp_path / "clips.csv"
    table.write_text(
        "file,exercise,reps,certainty\na.mp4,press,2,certain\na.mp4,press,1,certain\nb.mp4,curl,3,certain\n"
        "c.mp4,curl,4,medium\nd.mp4,other,,certain\n"
    )
    with pytest.raises(InputError, match=r"names a.mp4, which is not there \(5 of 5 files are not\)"):
        counted_recordings.clips(table, tmp_path)
    for name in "abcd":
        (tmp_path / f"{name}.mp4").touch()
    found = counted_recordings.clips(table, tmp_path)
    assert [(one.name, one.count, one.certain) for one in found] == [
        *(("a.mp4", 1, False), ("b.mp4", 3, True)),
        *(("c.mp4", 4, False), ("d.mp4", None, True)),
    ]


def test_a_table_may_be_written_with_the_paths_of_windows(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").touch()
    table = tmp_path / "clips.csv"
    table.write_text("file,exercise,reps\nvideos\\a.mp4,squat,5\n")
    [recording] = counted_recordings.clips(table)
    assert (recording.name, recording.count, recording.certain) == ("videos/a.mp4", 5, True)


def test_held_out_labels_stand_for_the_classifier(tmp_path, data, cache):
    clips = table_of(tmp_path, data("clips.csv"), {SQUAT, OTHER})
    ends = np.arange(0.2, 30.0, 0.2)
    # As if the networks that never saw the clip took it for a curl.
    said = HeldOutLabels(
        ("curl", "squat", "other"),
        (str(data(SQUAT)),),
        np.zeros(len(ends), int),
        ends,
        np.tile([0.9, 0.05, 0.05], (len(ends), 1)),
        0.5,
        2.0,
        "tiny",
    )
    held_out.write(tmp_path / "labels.npz", said)
    found = evaluated(
        tmp_path,
        "--clips",
        clips,
        "--cache",
        cache,
        "--held-out",
        tmp_path / "labels.npz",
        "--html",
        tmp_path / "x.html",
    )
    assert "held-out labels (tiny" in found["labels"]
    (squat,) = found["recordings"]
    assert (squat["counted"][NAMED], squat["counted"][GIVEN]) == (0, 1)
    assert squat["off"][NAMED] == 1
    assert found["negatives"] == []


def test_motion_capture_has_true_bounds(tmp_path, data):
    mocap = table_of(tmp_path, data("mocap.csv"), {"mocap/m01_s01.npz"})
    found = evaluated(tmp_path, "--mocap", mocap)
    assert [row["counted"][GIVEN] for row in found["recordings"]] == [10, 10, 10]
    (timing,) = found["timing"]
    assert (timing["data"], timing["repetitions"]) == ("UI-PRMD, good form", 30)
    assert timing["start_error_s"] < 0.8
    assert found["second_opinion"]["with_opinion"] == 3


def test_motion_capture_of_bones_is_read_and_mixed_movements_are_left_out(tmp_path, data):
    files = {"mocap/cmu_14_14_2_Squat.npz", "mocap/cmu_14_14_full.npz"}
    found = evaluated(tmp_path, "--mocap", table_of(tmp_path, data("mocap.csv"), files))
    assert [(row["data"], row["counted"][GIVEN]) for row in found["recordings"]] == [("CMU", 2)] * 3


def test_pose_files_are_counted_and_scaled_ones_whatever_the_exercise(tmp_path, data):
    files = {f"poses/countix/{name}.npz" for name in ("lunge20", "bench_pressing20", "bench_pressing18")}
    files.add("poses/fit3d/s03_squat_fr.npz")
    evaluation = evaluated(tmp_path, "--poses", table_of(tmp_path, data("poses.csv"), files))
    recordings = {row["exercise"]: row for row in evaluation["recordings"]}
    assert set(recordings) == {"squat", "lunge"}  # bench presses are in no catalogue
    squat, lunge = recordings["squat"], recordings["lunge"]
    assert (squat["data"], squat["count"]) == ("pose files", 5) and {NAMED, GIVEN} < set(squat["counted"])
    assert (lunge["data"], lunge["count"], lunge["certain"]) == ("scaled pose files", 8, False)
    assert abs(lunge["counted"][GIVEN] - 8) <= 1
    found = evaluation["any_exercise"]
    assert found["all"]["sets"] == 3
    assert found["half the constants were chosen on"]["sets"] == 2
    assert found["lunge"]["sets"] == 1


ROW = "file,exercise,reps,source,form,layout\n{},squat,5,me,good,{}\n"


@pytest.mark.parametrize("option", ["--mocap", "--poses"])
@pytest.mark.parametrize("arrays", [None, {"other": np.zeros(3)}, {"landmarks": np.ones((30, 17, 4))}])
def test_a_file_that_is_not_what_its_table_says_is_named(tmp_path, option, arrays):
    file = tmp_path / "m01_s01.npz"
    if arrays is None:
        file.write_bytes(b"PK no archive")
    else:
        np.savez(file, **arrays)
    table = tmp_path / "table.csv"
    for layout in ("blazepose33_xyzv", "blazepose33_minmax_xyz"):
        table.write_text(ROW.format(file.name, layout))
        for command in (counts, form):
            with pytest.raises(InputError, match=rf"^{file}: |^{file} is not what its table says"):
                command.main([option, str(table)])


def test_what_cannot_be_evaluated_is_said(tmp_path, data):
    with pytest.raises(InputError, match="nothing to count"):
        counts.main([])
    bad = table_of(tmp_path, data("clips.csv"), {SQUAT}, reps="many")
    with pytest.raises(InputError, match="'many' repetitions"):
        counts.main(["--clips", str(bad)])
    with pytest.raises(InputError, match=r"only names with 'nobody' in them were looked at \(--filter\)"):
        counts.main(["--mocap", str(data("mocap.csv")), "--filter", "nobody"])
    with pytest.raises(InputError, match="nowhere does not exist"):
        counts.main(["--clips", str(bad), "--json", str(tmp_path / "nowhere" / "x.json")])
    with pytest.raises(InputError, match="not there"):
        missing = table_of(tmp_path, data("clips.csv"), {SQUAT}, file="gone.mp4")
        counts.main(["--clips", str(missing)])


def test_help_names_every_option(fitness):
    result = fitness("evaluate", "counts", "--help")
    assert result.returncode == 0, result.stderr
    for option in ("--clips", "--poses", "--mocap", "--held-out", "--json", "--html"):
        assert option in result.stdout
