"""./fitness forget: all of a subject, nothing of anybody else, and only when told twice."""

from pathlib import Path

import pytest
from rclpy.serialization import serialize_message

from fitness_core.errors import InputError
from fitness_datasets.bags import BagWriter
from fitness_datasets.collection.session import lock
from fitness_datasets.forget import TAKE_LABEL, delete, folders_of, size_of, unreadable
from fitness_msgs.msg import TakeLabel


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    for name, subject in (("P01_S01", "P01"), ("P01_S02", "P01"), ("P01_x_S01", "P01_x"), ("P02_S01", "P02")):
        bag = tmp_path / name / "bag_001"
        bag.mkdir(parents=True)
        (bag / "bag.mcap").write_bytes(b"12345")
        (tmp_path / name / "session.yaml").write_text(f"subject: {subject}\n")
    (tmp_path / "P01_notes").mkdir()
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_of_a_subject_and_nothing_else(collection: Path) -> None:
    found = folders_of(collection, "P01")
    assert [folder.name for folder in found] == ["P01_S01", "P01_S02"]
    assert size_of(found[0]) == 5 + len("subject: P01\n")
    delete(found)
    assert names(collection) == ["P01_notes", "P01_x_S01", "P02_S01"]


def test_a_subject_whose_name_differs_only_in_case_is_the_same(collection: Path) -> None:
    """As for `train`; what was left of it would still be in datasets, as the same subject."""
    (collection / "p01_S03").mkdir()
    (collection / "p01_S03" / "session.yaml").write_text("subject: p01\n")
    take_of(collection / "both", "P02", "p02")
    found = {subject: [folder.name for folder in folders_of(collection, subject)] for subject in ("P01", "p02")}
    assert found == {"P01": ["P01_S01", "P01_S02", "p01_S03"], "p02": ["P02_S01", "both"]}


def test_nobody_is_forgotten_while_being_recorded(collection: Path) -> None:
    found = folders_of(collection, "P01")
    with lock(found[1]), pytest.raises(InputError, match="P01_S02 is being recorded into; end the recording first"):
        delete(found)
    assert [folder.exists() for folder in found] == [True, True]
    delete(found)
    assert folders_of(collection, "P02") and not any(folder.exists() for folder in found)


def take_of(folder: Path, *subjects: str) -> None:
    with BagWriter(folder, {"/fitness/take_label": TAKE_LABEL}) as bag:
        for number, subject in enumerate(subjects):
            bag.write("/fitness/take_label", number, serialize_message(TakeLabel(subject=subject)))


def test_takes_from_a_page_have_no_session_and_are_found_all_the_same(collection: Path) -> None:
    take_of(collection / "2026-11-28_10-00-00", "P01", "P01")
    take_of(collection / "2026-11-28_11-00-00", "P02")
    take_of(collection / "2026-11-28_12-00-00")
    assert [folder.name for folder in folders_of(collection, "P01")] == ["2026-11-28_10-00-00", "P01_S01", "P01_S02"]
    take_of(collection / "2026-11-28_13-00-00", "P01", "P03")
    with pytest.raises(InputError, match="13-00-00: takes of others are in there too"):
        folders_of(collection, "P01")
    with pytest.raises(InputError, match=r"there is: P01, P01_x, P02, P03$"):
        folders_of(collection, "P09")


def test_folders_within_folders_are_looked_through(collection: Path) -> None:
    take_of(collection / "gym" / "monday" / "2026-11-28_10-00-00", "P03")
    (collection / "gym" / "P03_S01").mkdir()
    (collection / "gym" / "P03_S01" / "session.yaml").write_text("subject: P03\n")
    (collection / "elsewhere").symlink_to(collection / "gym")
    found = [folder.relative_to(collection).as_posix() for folder in folders_of(collection, "P03")]
    assert found == ["gym/P03_S01", "gym/monday/2026-11-28_10-00-00"]


def test_a_bag_that_cannot_be_read_is_told_of(collection: Path) -> None:
    assert unreadable(collection) == []
    take_of(collection / "damaged", "P01")
    (file,) = (collection / "damaged").glob("*.mcap")
    file.write_bytes(file.read_bytes()[:8] + bytes(80))
    assert [folder.name for folder in unreadable(collection)] == ["damaged"]
    assert collection / "damaged" not in folders_of(collection, "P01")


def test_a_broken_session_is_still_somebodys(collection: Path) -> None:
    (collection / "P02_S01" / "session.yaml").write_text("{")
    assert [folder.name for folder in folders_of(collection, "P02")] == ["P02_S01"]


@pytest.mark.parametrize("subject", ["", "..", "P/01", "*"])
def test_what_is_no_pseudonym_is_refused(collection: Path, subject: str) -> None:
    with pytest.raises(InputError, match="pseudonym"):
        folders_of(collection, subject)


def test_who_is_not_there_and_no_collection(collection: Path) -> None:
    with pytest.raises(InputError, match="there is: P01, P01_x, P02"):
        folders_of(collection, "P09")
    with pytest.raises(InputError, match="is no folder"):
        folders_of(collection / "nothing", "P01")


def test_the_command_deletes_only_with_yes(collection: Path, fitness) -> None:
    asked = fitness("forget", "--subject", "P01", "--out", collection)
    assert asked.returncode == 0 and "--yes" in asked.stdout and "P01_S02" in asked.stdout
    assert "P01_S01" in names(collection)
    done = fitness("forget", "--subject", "P01", "--out", collection, "--yes")
    assert done.returncode == 0 and names(collection) == ["P01_notes", "P01_x_S01", "P02_S01"]
    again = fitness("forget", "--subject", "P01", "--out", collection, "--yes")
    assert again.returncode == 2 and again.stderr.startswith("error: nothing of subject 'P01'")
