"""A file that is replaced is the old one or the new one, whatever happens."""

from pathlib import Path

import pytest

from fitness_core.files import replace_file


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
