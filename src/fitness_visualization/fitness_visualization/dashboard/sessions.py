"""The pages of what was recorded: /sessions lists it; each has its report, as files too, and can be deleted.

Free of ROS. A recording is named by an id of the listing, made anew for every request; nothing that a client sends is
ever a path.
"""

import asyncio
import base64
import contextlib
import hashlib
import math
import os
import re
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml
from aiohttp import web

from fitness_core import paths
from fitness_core.errors import InputError
from fitness_core.yaml_text import parse

if TYPE_CHECKING:
    import jinja2

DEPTH = 3
"""Recordings are looked for so many folders deep."""
MOST = 500
"""Most recordings that are listed, newest first."""
STILL = 5.0
"""A bag without metadata that changed within so long is still being recorded [s]."""
BAG_FILES, METADATA = (".mcap", ".db3"), "metadata.yaml"
"""What rosbag2 writes into the folder of a bag; compressed files have .zstd behind it."""
KEPT = 16
"""Reports that are kept."""
# Of the year 10000 [s]: what is later is no time of a recording.
_END_OF_DATES = 253402300800.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
WAY_BACK = '<nav aria-label="Pages"><a href="/sessions">All sessions</a></nav>'
"""What a report has here that it has not as a file."""
KINDS = {"html": "text/html", "csv": "text/csv", "json": "application/json"}


class ReportText(Protocol):
    """A report as text."""

    @property
    def html(self) -> str:
        """A page that needs nothing else; its styles are in `<style>` elements."""

    @property
    def csv(self) -> str:
        """The table of repetitions."""

    @property
    def json(self) -> str:
        """All of it as data."""


@dataclass(frozen=True, slots=True)
class ListedBag:
    """A bag. id: stands for it towards clients. name: its path in the folder. changed: last written [s since epoch].

    duration [s], started [s since epoch]: from its metadata, None where it has none. size [bytes]. written: it is known
    to be recorded now.
    """

    id: str
    name: str
    path: Path
    changed: float
    size: int
    duration: float | None
    started: float | None
    written: bool = False

    @property
    def recording(self) -> bool:
        """Whether it is still being written."""
        return self.duration is None and (self.written or time.time() - self.changed < STILL)


def sessions_in(folder: Path, bags: tuple[Path, ...] = (), written: Collection[Path] = ()) -> list[ListedBag]:
    """The bags in `folder`, newest first; links are not followed. A folder that is not there holds none.

    bags: others, wherever they lie. written: those that are known to be recorded now.
    """
    found: list[ListedBag] = []

    def look(place: Path, depth: int) -> None:
        try:
            entries = [entry for entry in sorted(place.iterdir()) if not entry.is_symlink()]
        except OSError:
            return
        files = [entry for entry in entries if entry.is_file()]
        if depth and _holds_bag(files):
            found.append(_session(folder, place, files))
        if depth < DEPTH:
            for entry in entries:
                if entry.is_dir():
                    look(entry, depth + 1)

    look(folder, 0)
    known = {session.path for session in found}
    for bag in bags:
        with contextlib.suppress(OSError):
            files = [] if bag in known else [entry for entry in bag.iterdir() if entry.is_file()]
            if _holds_bag(files):
                found.append(_session(bag.parent, bag, files))
    found = [replace(session, written=session.path in written) for session in found]
    return sorted(found, key=lambda session: (session.started or session.changed, session.name), reverse=True)[:MOST]


def add_sessions(
    app: web.Application,
    folder: Path,
    analyse: Callable[[Path], ReportText],
    bags: tuple[Path, ...] = (),
    written: Callable[[], Collection[Path]] = tuple,
) -> None:
    """Add the pages to `app`. folder: of the recordings. analyse: makes the report of a bag; called in a thread, one
    at a time; raises InputError where it cannot. bags: recordings that are listed too, wherever they lie: the graph
    that the pages belong to writes them. written: what it writes now, of these and of others.
    """
    pages = _Pages(folder, analyse, bags, written)
    app.router.add_get("/sessions", pages.overview)
    app.router.add_get("/sessions/{id:[0-9a-f]{16}}", pages.report)
    app.router.add_get("/sessions/{id:[0-9a-f]{16}}/report.{kind:html|csv|json}", pages.file)
    app.router.add_get("/sessions/{id:[0-9a-f]{16}}/delete", pages.ask)
    app.router.add_post("/sessions/{id:[0-9a-f]{16}}/delete", pages.delete)
    app.on_cleanup.append(pages.close)


class _Pages:
    def __init__(
        self,
        folder: Path,
        analyse: Callable[[Path], ReportText],
        bags: tuple[Path, ...],
        written: Callable[[], Collection[Path]],
    ) -> None:
        self._folder = folder
        self._bags = bags
        self._written = written
        self._analyse = analyse
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="sessions")
        self._reports: dict[tuple[str, float, int], asyncio.Future[ReportText]] = {}

    @cached_property
    def _template(self) -> "jinja2.Template":
        # When a page is asked for: not every dashboard's start waits for it.
        import jinja2

        environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
        environment.filters |= {"size": _size, "length": _length, "when": _when}
        folder_of_templates = resources.files("fitness_visualization").joinpath("dashboard", "templates")
        return environment.from_string(folder_of_templates.joinpath("sessions.html.j2").read_text())

    async def overview(self, _: web.Request) -> web.Response:
        return self._page(sessions=await self._sessions())

    async def report(self, request: web.Request) -> web.Response:
        report = await self._report(await self._find(request))
        policy = f"default-src 'none'; style-src {_style_hashes(report.html)}; img-src data:; base-uri 'none'; "
        policy += "form-action 'none'; frame-ancestors 'none'"
        text = report.html.replace("<body>", f"<body>\n{WAY_BACK}", 1)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def file(self, request: web.Request) -> web.Response:
        session, kind = await self._find(request), request.match_info["kind"]
        report = await self._report(session)
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", session.name).strip("_") or "recording"
        headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        return web.Response(text=getattr(report, kind), content_type=KINDS[kind], headers=headers)

    async def ask(self, request: web.Request) -> web.Response:
        session = await self._find(request)
        _, others = await asyncio.to_thread(_own_and_others, session.path)
        return self._page(doomed=session, staying=[paths.as_text(other.name) for other in others])

    async def delete(self, request: web.Request) -> web.Response:
        session = await self._find(request)
        if session.recording:
            raise self._problem(web.HTTPConflict, f"{session.name} is being recorded; stop the recording first.")
        try:
            await asyncio.to_thread(_delete, session.path)
        except OSError as error:
            raise self._problem(
                web.HTTPInternalServerError, f"{session.name} cannot be deleted: {error.strerror}."
            ) from None
        raise web.HTTPSeeOther("/sessions")

    async def close(self, _: web.Application) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _sessions(self) -> list[ListedBag]:
        # In a thread of its own: a listing does not wait for a report, and a slow disk not for the dashboard.
        return await asyncio.to_thread(sessions_in, self._folder, self._bags, self._written())

    async def _find(self, request: web.Request) -> ListedBag:
        wanted = request.match_info["id"]
        for session in await self._sessions():
            if session.id == wanted:
                return session
        raise self._problem(web.HTTPNotFound, "There is no such recording any more.")

    async def _report(self, session: ListedBag) -> ReportText:
        if session.recording:
            raise self._problem(web.HTTPConflict, f"{session.name} is being recorded; its report comes afterwards.")
        key = session.id, session.changed, session.size
        if key not in self._reports:
            while len(self._reports) >= KEPT:
                self._reports.pop(next(iter(self._reports)))
            loop = asyncio.get_running_loop()
            self._reports[key] = loop.run_in_executor(self._worker, self._analyse, session.path)
        try:
            return await asyncio.shield(self._reports[key])
        except Exception as error:
            # Tried again by the next who asks: a disk that was full may have room then.
            self._reports.pop(key, None)
            if not isinstance(error, InputError):
                raise
            raise self._problem(web.HTTPUnprocessableEntity, f"{error}") from None

    def _page(self, **content: Any) -> web.Response:
        text = self._text(content)
        # Without a referrer a browser sends its forms with the origin "null", which the server refuses.
        headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    def _problem(self, kind: type[web.HTTPException], words: str) -> web.HTTPException:
        text = self._text({"problem": words})
        return kind(text=text, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    def _text(self, content: dict[str, Any]) -> str:
        # The name of the folder only: where it lies on this machine is nobody's business.
        blank: dict[str, Any] = {"sessions": None, "doomed": None, "staying": [], "problem": ""}
        blank["folder"] = paths.as_text(self._folder.name)
        return self._template.render(blank | content)


def _holds_bag(files: list[Path]) -> bool:
    return any(_is_recorded(file.name) for file in files)


def _is_recorded(name: str) -> bool:
    return Path(name.removesuffix(".zstd")).suffix in BAG_FILES


def _own_and_others(place: Path) -> tuple[list[Path], list[Path]]:
    """What lies in the folder of a bag: the files of the bag, and what else somebody has put there."""
    own: list[Path] = []
    others: list[Path] = []
    for entry in sorted(place.iterdir()):
        written = entry.name == METADATA or _is_recorded(entry.name)
        (own if written and entry.is_file() and not entry.is_symlink() else others).append(entry)
    return own, others


def _delete(place: Path) -> None:
    """Delete the files of a bag; its folder too where nothing else lies in it. Raises OSError."""
    own, others = _own_and_others(place)
    for file in own:
        file.unlink()
    if not others:
        place.rmdir()


def _session(folder: Path, place: Path, files: list[Path]) -> ListedBag:
    name = paths.as_text(place.relative_to(folder).as_posix())
    stats = [stat for file in files if (stat := _stat(file))]
    started, duration = _times(place / METADATA)
    return ListedBag(
        id=hashlib.sha256(os.fsencode(place)).hexdigest()[:16],
        name=name,
        path=place,
        changed=max((stat.st_mtime for stat in stats), default=0.0),
        size=sum(stat.st_size for stat in stats),
        duration=duration,
        started=started,
    )


def _stat(file: Path) -> Any:
    try:
        return file.stat()
    except OSError:
        return None


def _times(metadata: Path) -> tuple[float | None, float | None]:
    """Start [s since epoch] and duration [s] by a bag's metadata; None where they are not to be read."""
    try:
        stat = metadata.stat()
        return _times_of(metadata, (stat.st_ino, stat.st_ctime_ns, stat.st_mtime_ns, stat.st_size))
    except OSError:
        return None, None


@lru_cache(4096)
def _times_of(metadata: Path, _: tuple[int, ...]) -> tuple[float | None, float | None]:
    """The times in a file that is as it was: every page looks for them anew, in every recording. Raises OSError."""
    try:
        content = parse(metadata.read_text())["rosbag2_bagfile_information"]
        start, duration = content["starting_time"]["nanoseconds_since_epoch"], content["duration"]["nanoseconds"]
        # A bag without messages begins at the end of time.
        began, took = float(start) / 1e9 if content.get("message_count", 1) else math.nan, float(duration) / 1e9
    except (UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, ValueError, OverflowError):
        return None, None
    return began if 0 <= began < _END_OF_DATES else None, took if 0 <= took < _END_OF_DATES else None


def _style_hashes(page: str) -> str:
    """The styles of a page as sources of its policy."""
    hashes = [
        base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        for style in re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    ]
    return " ".join(f"'sha256-{value}'" for value in hashes) or "'none'"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _length(duration: float | None) -> str:
    if duration is None:
        return "not closed"
    minutes, seconds = divmod(round(duration), 60)
    return f"{minutes}:{seconds:02d} min"


def _when(session: ListedBag) -> str:
    time_of_bag = session.started if session.started and session.started > 1e9 else session.changed
    return datetime.fromtimestamp(time_of_bag, UTC).strftime("%Y-%m-%d %H:%M UTC")
