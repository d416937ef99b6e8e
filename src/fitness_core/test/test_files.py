"""A file that is replaced is the old one or the new one, whatever happens."""

from pathlib import Path

import pytest

from fitness_core import command_line
from fitness_core.command_line import check_writable, write_file
from fitness_core.errors import InputError
from fitness_core.files import folder_for, replace_file


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_as_a_whole(tmp_path: Path, durable: bool) -> None:
    file = tmp_path / "state.json"
    for content in ("the first, which is longer", "zwölf", b"\x00\xff"):
        replace_file(file, content, durable)
        assert file.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state.json"
    replace_file(file, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fitness_core.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, "new", durable=True)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "not there" / "state.json", "new")


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    for name in ("there.json", "not yet.json"):
        file, link = tmp_path / "disk" / name, tmp_path / name
        link.symlink_to(file)
        if name == "there.json":
            file.write_text("old")
        check_writable(link)
        write_file(link, "new")
        assert link.is_symlink() and file.read_text() == "new"
    assert {path.name for path in (tmp_path / "disk").iterdir()} == {"there.json", "not yet.json"}


@pytest.mark.parametrize("link", [False, True])
def test_a_file_in_a_folder_that_takes_no_new_one_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: bool
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    file = given = folder / "report.json"
    file.write_text("old")
    if link:
        given = tmp_path / "report.json"
        given.symlink_to(file)
    check_writable(given)
    monkeypatch.setattr(command_line.os, "access", lambda path, _: Path(path) != folder)  # root may write everywhere
    with pytest.raises(InputError, match="cannot be written"):
        check_writable(given)


def test_a_folder_made_for_what_fails_is_not_left(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for folder in ("mine", "mine/new", "new/deep"):
        with pytest.raises(InputError), folder_for(tmp_path / folder):
            raise InputError("nothing to write")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_a_folder_in_which_something_was_written_stays(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), folder_for(tmp_path / "new/deep"):
        (tmp_path / "new/half").touch()
        raise KeyboardInterrupt
    with folder_for(tmp_path / "whole"):
        pass
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["half", "new", "whole"]
