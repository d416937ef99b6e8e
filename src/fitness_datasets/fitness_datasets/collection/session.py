"""A session folder: bags of takes, and `session.yaml`: whose they are, how they were made, what became of them.

COLLECTION/P01_S01/session.yaml
COLLECTION/P01_S01/bag_001/         one bag for each time that recording was started
"""

import contextlib
import importlib.metadata
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml
from ament_index_python.packages import get_package_share_directory

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.files import replace_file
from fitness_core.folder_lock import FolderLock
from fitness_core.yaml_text import dump, parse

FILE = "session.yaml"
FORMAT = 1
"""Of that file; another one means that what is there is to be read otherwise."""
KEPT, DISCARDED, UNFINISHED = "kept", "discarded", "unfinished"
_UNREADABLE = (OSError, yaml.YAMLError, KeyError, TypeError, ValueError)  # what a file that is none leads to
_LIBRARIES = ("mediapipe", "ai-edge-litert", "numpy", "opencv-python-headless", "rosbags")


@dataclass(slots=True)
class TakeRecord:
    """One attempt at a take, a row of `session.yaml`.

    status: kept, discarded or unfinished (the recorder died in it, or before it was decided). reasons: what was wrong
    with it. start, stop: stamps of its first and last pose [ns], 0 = not reached.
    """

    take: int
    exercise: str
    bag: str
    status: str = UNFINISHED
    reasons: list[str] = field(default_factory=list)
    repetitions: int = 0
    start: int = 0
    stop: int = 0


@dataclass(slots=True)
class Session:
    """What `session.yaml` says; `write` puts it on the disk, whole or not at all.

    folder: None = nothing is written. subject: pseudonym. camera: what is known of it. pose: backend and model that
    find the landmarks, empty where the pose estimator has not said. versions: name -> version of the software. created:
    by the machine's clock [ns]. bag: the one that is being recorded, "" = none. bags: camera, pose and versions of
    those of former visits, by name. others: what the file holds; what is not known here stays in it.
    """

    folder: Path | None
    subject: str
    session: str
    created: int = 0
    camera: dict[str, str | int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    pose: dict[str, str] = field(default_factory=dict)
    takes: list[TakeRecord] = field(default_factory=list)
    bag: str = ""
    bags: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(
        cls, out: str | Path, subject: str, session: str, now: int = 0, camera: dict[str, str | int] | None = None
    ) -> "Session":
        """The session of a subject in the collection `out`, as it was left, or a new one; its file is there then.

        out: "" = one that is never written. now: the machine's clock [ns]. Raises InputError where a file is there
        that is no session, or none can be written.
        """
        opened = cls.read(out, subject, session, now)
        opened.camera |= camera or {}
        opened.write()
        return opened

    @classmethod
    def read(cls, out: str | Path, subject: str, session: str, now: int = 0) -> "Session":
        """Like `open`, but writes nothing."""
        if not out:
            return cls(None, subject, session, now)
        folder = folder_of(out, subject, session)
        file = folder / FILE
        if not file.exists():
            return cls(folder, subject, session, now, versions=software_versions())
        try:
            read = _content_of(file)
            if (read["subject"], read["session"]) != (subject, session):
                raise ValueError(f"of subject {read['subject']!r}, session {read['session']!r}")
            return cls(
                folder,
                subject,
                session,
                created=read["created_ns"],
                camera=dict(read["camera"]),
                versions=software_versions(),
                takes=_takes_of(read),
                bags=dict(read.get("bags", {})),
                others=read,
            )
        except _UNREADABLE as error:
            says = f"{file} is not the file of this session ({_reason(error)}); mend it, or give another --out"
            raise InputError(says) from None

    @property
    def next_take(self) -> int:
        """Number of the next take: one more than the highest that was kept, or that may be in a bag undecided."""
        return 1 + max((take.take for take in self.takes if take.status != DISCARDED), default=0)

    def kept(self, exercise: str) -> int:
        """Takes of an exercise that were kept, and whose bag has not been deleted since."""
        return sum(
            take.status == KEPT and take.exercise == exercise and not self._deleted(take.bag) for take in self.takes
        )

    def _deleted(self, bag: str) -> bool:
        return bool(bag) and self.folder is not None and not (self.folder / bag).exists()

    def _bags(self) -> dict[str, dict[str, Any]]:
        """How each bag was made: another visit may have another camera, network or software."""
        now = {"camera": dict(self.camera), "pose": dict(self.pose), "versions": dict(self.versions)}
        return self.bags | ({self.bag: now} if self.bag else {})

    def write(self) -> None:
        """Replace `session.yaml`; a death at any moment leaves the old one or the new one. Raises InputError."""
        if self.folder is None:
            return
        content = {
            "format": FORMAT,
            "subject": self.subject,
            "session": self.session,
            "consent": True,
            "created_ns": self.created,
            "camera": self.camera,
            "pose": self.pose,
            "versions": self.versions,
            "bags": self._bags(),
            "takes": [asdict(take) for take in self.takes],
        }
        content |= {name: value for name, value in self.others.items() if name not in content}
        file = self.folder / FILE
        head = "# Who was recorded and how, and what became of each take; see docs/record.md.\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(file, head + dump(content), durable=True)
        except OSError as error:
            raise InputError(f"{file} cannot be written ({error.strerror}); give a folder that can") from None


def lock(folder: Path) -> FolderLock:
    """Keep a session for one collection: each of two would write what it knows over what the other one knows."""
    return FolderLock(folder, f"{folder} is being recorded into; wait for its end, or give another session")


def open_locked(
    out: str | Path,
    subject: str,
    session: str,
    now: int,
    source: str,
    before: Session,
) -> tuple[Session, FolderLock]:
    """`Session.open` of one that no other collection records into until it is let go of.

    source: of the camera. "" as `out` needs no lock; if `before` is the same session, it goes on: no file knows its
    takes. Raises InputError, and locks nothing then.
    """
    if not out and (before.subject, before.session) == (subject, session):
        return before, FolderLock(None)
    locked = lock(folder_of(out, subject, session)) if out else FolderLock(None)
    try:
        return Session.open(out, subject, session, now, {"source": source}), locked
    except InputError:
        locked.release()
        raise


def folder_of(out: str | Path, subject: str, session: str) -> Path:
    """Where a session is kept in the collection `out`."""
    return paths.given(out) / f"{subject}_{session}"


def next_bag(out: Path, subject: str, session: str) -> Path:
    """The next bag of a session: a folder that does not exist yet, and that no take of session.yaml is in."""
    folder = folder_of(out, subject, session)
    names = {path.name for path in folder.glob("bag_*")}
    with contextlib.suppress(InputError):  # who writes into the session tells what is wrong with its file
        names |= {take.bag for take in _takes(folder)}
    numbers = [int(name[4:]) for name in names if name.startswith("bag_") and name[4:].isdecimal()]
    return folder / f"bag_{1 + max(numbers, default=0):03d}"


def not_kept(bag: Path) -> dict[int, str]:
    """What the session.yaml beside a bag says of its takes that were not kept: number -> status.

    bag: its folder, or its file in there. Nothing where there is no such file: the labels in the bag hold then. Raises
    InputError for a file that cannot be read: it may say that a take was not kept.
    """
    bag = bag if bag.is_dir() else bag.parent
    takes = [take for take in _takes(bag.parent) if take.bag == bag.name]
    kept = {take.take for take in takes if take.status == KEPT}
    return {take.take: take.status for take in takes if take.take not in kept}


def _takes(folder: Path) -> list[TakeRecord]:
    file = folder / FILE
    if not file.exists():
        return []
    try:
        return _takes_of(_content_of(file))
    except _UNREADABLE as error:
        raise InputError(
            f"{file} cannot be read ({_reason(error)}); mend it, or remove it to take what the labels in the bag say"
        ) from None


def _takes_of(content: dict[str, Any]) -> list[TakeRecord]:
    """The takes in a session's file; one of `_UNREADABLE` where somebody has written what is none."""
    usual = asdict(TakeRecord(0, "", ""))
    for row in content["takes"]:
        if not isinstance(row, dict):
            raise ValueError(f"a take is {row!r}")
        if unknown := [name for name in row if name not in usual]:
            raise ValueError(f"a take has {unknown[0]!r}; a take has {', '.join(usual)}")
    takes = [TakeRecord(**row) for row in content["takes"]]
    for take in takes:
        for name, value in asdict(take).items():
            if type(value) is not type(usual[name]):
                raise ValueError(f"{name} of a take is {value!r}")
        if take.status not in (KEPT, DISCARDED, UNFINISHED):
            raise ValueError(f"status of a take is {take.status!r}; there are {KEPT}, {DISCARDED} and {UNFINISHED}")
    return takes


def _content_of(file: Path) -> dict[str, Any]:
    """What is in a session's file; one of `_UNREADABLE` where it is none."""
    content = parse(file.read_text())
    if not isinstance(content, dict):
        raise ValueError("it is empty" if content is None else f"it holds {content!r}")
    if (of := content.get("format", FORMAT)) != FORMAT:
        raise ValueError(f"its format is {of!r}, of another version of this program; this one has {FORMAT}")
    return content


def _reason(error: Exception) -> str:
    missing = f"it lacks {error}" if isinstance(error, KeyError) else ""
    return missing or " ".join(str(error).split())


def plan(session: Session, exercises: list[str], takes: int) -> list[str]:
    """The exercise of each take that is still to do, so that each exercise has so many kept ones."""
    return [name for name in dict.fromkeys(exercises) for _ in range(takes - session.kept(name))]


def software_versions() -> dict[str, str]:
    """Versions of what makes a recording what it is."""
    package = Path(get_package_share_directory("fitness_datasets"), "package.xml")
    versions = {"fitness": ElementTree.parse(package).findtext("version", ""), "python": platform.python_version()}
    versions |= {name: _version(name) for name in _LIBRARIES}
    return {name: version for name, version in versions.items() if version}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
