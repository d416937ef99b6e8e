"""What a user gives as a path is looked at, and what cannot be is one line."""

from pathlib import Path

import pytest

from fitness_core import paths
from fitness_core.catalogue import Catalogue
from fitness_core.errors import InputError


def test_a_path_is_taken_as_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "clip.mp4").touch()
    for there in ("~/clip.mp4", Path("~/clip.mp4")):
        assert paths.given(there) == tmp_path / "clip.mp4"
    for nothing in ("nowhere/clip.mp4", "~/clip.mp4/inside", ""):
        assert paths.given(nothing) == Path(nothing).expanduser()
    assert [path.name for path in paths.inside(tmp_path)] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("~nosuchuser/clip.mp4", "no such user"),
        ("a" * 300, "File name too long"),
        ("/tmp/" + 2000 * "abc/", "File name too long"),
        ("clip\0.mp4", "null"),
    ],
)
@pytest.mark.parametrize("take", [paths.given, Catalogue.load])
def test_a_path_that_cannot_be_looked_at_is_one_line(take, text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as error:
        take(text)
    assert "give" in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize("take", [paths.inside, Catalogue.load])
def test_a_folder_that_may_not_be_read_is_one_line(take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root everything may be read, so that the system's answer is put in its mouth."""

    def refuse(folder: Path):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\); allow it or give another"):
        take(tmp_path)


def test_a_folder_that_may_not_be_entered_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(InputError, match=r"cannot be looked at \(Permission denied\); give another path"):
        paths.given(tmp_path / "clip.mp4")
