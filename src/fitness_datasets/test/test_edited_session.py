"""A `session.yaml` that somebody has edited, as docs/record.md says, and not quite rightly."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fitness_core.errors import InputError
from fitness_datasets.collection.session import FILE, KEPT, Session, TakeRecord, next_bag, not_kept


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session with one take, kept, in its first bag."""
    made = Session.open(tmp_path, "P01", "S01")
    made.takes, made.bag = [TakeRecord(1, "squat", "bag_001", KEPT)], "bag_001"
    made.write()
    (tmp_path / "P01_S01" / "bag_001").mkdir()
    return made


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"take": "1"}, "take of a take is '1'"),
        ({"take": None}, "take of a take is None"),
        ({"bag": 7}, "bag of a take is 7"),
        ({"bag": None}, "bag of a take is None"),
        ({"reasons": "too dark"}, "reasons of a take is 'too dark'"),
        ({"note": "left knee"}, "a take has 'note'; a take has take, exercise, bag, status"),
        ({"status": "Kept"}, "status of a take is 'Kept'; there are kept, discarded and unfinished"),
    ],
    ids=str,
)
def test_what_is_no_take_is_named(session: Session, tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    file = tmp_path / "P01_S01" / FILE
    content = yaml.safe_load(file.read_text())
    content["takes"][0] |= changes
    file.write_text(yaml.safe_dump(content))
    for read in (lambda: Session.open(tmp_path, "P01", "S01"), lambda: not_kept(file.parent / "bag_001")):
        with pytest.raises(InputError) as told:
            read()
        assert said in str(told.value)
    assert next_bag(tmp_path, "P01", "S01").name == "bag_002"
    assert yaml.safe_load(file.read_text()) == content, "it is left as it is"


def test_a_session_without_its_camera_is_refused(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "P01_S01" / FILE
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"camera": None}))
    with pytest.raises(InputError, match="not the file of this session"):
        Session.open(tmp_path, "P01", "S01", camera={"source": "0"})


def test_what_somebody_has_added_stays(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "P01_S01" / FILE
    file.write_text(f"{file.read_text()}notes: {{knee: left, day: 2026-12-01}}\n")
    again = Session.open(tmp_path, "P01", "S01")
    again.takes[0].status = "discarded"
    again.write()
    written = yaml.load(file.read_text(), yaml.BaseLoader)
    assert written["notes"] == {"knee": "left", "day": "2026-12-01"}
    assert written["takes"][0]["status"] == "discarded"


def test_a_file_of_another_version_is_left_as_it_is(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "P01_S01" / FILE
    newer = file.read_text().replace("format: 1", "format: 2")
    file.write_text(newer)
    for read in (lambda: Session.open(tmp_path, "P01", "S01"), lambda: not_kept(file.parent / "bag_001")):
        with pytest.raises(InputError, match="its format is 2, of another version"):
            read()
    assert file.read_text() == newer


@pytest.mark.parametrize("takes", ["squat", ["squat"], [{"take": 1}], 3], ids=str)
def test_what_is_no_list_of_takes_is_refused_in_one_line(session: Session, tmp_path: Path, takes: object) -> None:
    file = tmp_path / "P01_S01" / FILE
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"takes": takes}))
    with pytest.raises(InputError) as told:
        Session.open(tmp_path, "P01", "S01")
    assert "not the file of this session" in str(told.value) and "\n" not in str(told.value)
