"""
Finding out what files tell, and making their small pictures: in the background, once per content.

What somebody is looking at comes first. A few programs run at a time, at low priority; a file that
cannot be understood is put on record as such and not tried again until it changes.
"""

from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from adapters.disk.errors import Changed
from adapters.disk.opening import mark_of
from adapters.disk.waiting import first_of
from adapters.files.counting import Count, ignore
from adapters.files.foreground import Foreground
from adapters.files.places import Places, enabled
from adapters.files.roots import Root
from adapters.files.settings import FileSettings
from adapters.files.thumbnails import study, thumbnail_path
from adapters.files.tool_errors import Gone, ToolMissing
from adapters.files.tools import Toolbox
from adapters.keeper import Picture
from adapters.ports import Desk
from projections.errors import NotFound, PlayheadError
from projections.fold import Views, encode_key
from projections.media_commands import MeasureFacts
from projections.media_decisions import COPIES_MAX
from projections.media_files import FILES, LibraryFile
from projections.media_sources import Source

SOURCE = "files"

ROUND_FILES = 16
"""Looked at before it is asked again what somebody wants to see."""

PAGE_ROWS = 200
WANTED_MAX = 500
"""Pictures asked for and not made yet; a page shows fewer at once."""

PASSED_OVER_MAX = 100_000
RETRY_MISSING_TOOL_S = 60.0
QUIET_S = 0.2


class Measurer:
    """Works through the files whose facts are not known."""

    def __init__(
        self,
        desk: Desk,
        places: Places,
        tools: Toolbox,
        settings: FileSettings,
        *,
        foreground: Foreground,
        count: Count = ignore,
    ) -> None:
        self._desk = desk
        self._places = places
        self._tools = tools
        self._settings = settings
        self._foreground = foreground
        self._count = count
        self._wanted: dict[str, LibraryFile] = {}
        self._woken = anyio.Event()
        self._passed_over: set[tuple[str, str, str, int]] = set()
        """Files that were gone when they were looked at: a sweep says what became of them."""
        self._has_complained = False

    async def picture(self, source: str, project: str, sha256: str) -> Picture:
        """
        The small picture of a file; one that is not made yet is made next. What lies in the trash
        keeps the one it had.

        Raises:
            NotFound: the project has no such file.
        """
        row = await self._desk.read(partial(_content, source, project, sha256))
        if row is None:
            return await self._kept(project, sha256)
        picture = await anyio.to_thread.run_sync(self._picture_of, row)
        if picture.status == "pending":
            self._want(row)
        return picture

    async def _kept(self, project: str, sha256: str) -> Picture:
        path = thumbnail_path(self._settings.thumbnails, sha256)
        if not await anyio.to_thread.run_sync(path.is_file):
            hint = f"GET /api/projects/{project}/media lists the files there are."
            raise NotFound(f"{project!r} has no file with this content.", hint=hint)
        return Picture(file=path, status="made")

    def _picture_of(self, row: LibraryFile) -> Picture:
        path = thumbnail_path(self._settings.thumbnails, row.file.sha256)
        facts = row.file.facts
        if facts is None or facts.thumbnail == "made":
            is_made = path.is_file()
            return Picture(file=path if is_made else None, status="made" if is_made else "pending")
        return Picture(file=None, status=facts.thumbnail)

    def _want(self, row: LibraryFile) -> None:
        """Has a file looked at next."""
        if len(self._wanted) < WANTED_MAX:
            self._wanted.setdefault(row.file.sha256, row)
            self._woken.set()

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            changed = self._desk.changed
            self._woken = anyio.Event()
            if not self._wanted:
                await first_of(self._foreground.calm, self._woken.wait)
            if await self._work():
                continue
            await first_of(changed.wait, self._woken.wait)
            await anyio.sleep(QUIET_S)

    async def _work(self) -> bool:
        """Looks at some files; whether there may be more."""
        rows = await self._next()
        sources = {source.name: source for source in await self._places.sources()} if rows else {}
        async with anyio.create_task_group() as tasks:
            for row in rows:
                tasks.start_soon(self._measure, row, sources.get(row.source))
        return bool(rows) and not self._has_complained

    async def _next(self) -> list[LibraryFile]:
        """What is wanted, else the next files without facts; each content once."""
        if self._wanted:
            shas = list(self._wanted)[:ROUND_FILES]
            return [self._wanted.pop(sha256) for sha256 in shas]
        rows = await self._desk.read(self._unmeasured)
        return list({row.file.sha256: row for row in rows}.values())[:ROUND_FILES]

    def _unmeasured(self, views: Views) -> list[LibraryFile]:
        """The first page with something to do in it."""
        key = ""
        while True:
            rows = views.find(FILES, "media_unmeasured", (key, PAGE_ROWS))
            left = [row for row in rows if _mark(row) not in self._passed_over]
            if left or len(rows) < PAGE_ROWS:
                return left
            last = rows[-1]
            key = encode_key((last.source, last.project, last.file.path))

    async def _measure(self, row: LibraryFile, source: Source | None) -> None:
        try:
            root = self._places.root_of(enabled(row.source, source))
            path = await anyio.to_thread.run_sync(_located, root, row)
            facts = await study(
                path,
                thumbnail_path(self._settings.thumbnails, row.file.sha256),
                tools=self._tools,
                width=self._settings.thumbnail_width,
                seek_s=self._settings.thumbnail_seek_s,
                probe_timeout_s=self._settings.tool_timeout_s,
                thumbnail_timeout_s=self._settings.tool_timeout_s,
            )
            await anyio.to_thread.run_sync(_located, root, row)  # else they are of another content
            await self._desk.submit(
                MeasureFacts(source=SOURCE, actor=SOURCE, sha256=row.file.sha256, facts=facts)
            )
            self._count("playhead.media.measured", 1, {"thumbnail": facts.thumbnail})
            self._has_complained = False
        except ToolMissing as error:
            await self._complain(str(error), error.hint)
        except (Gone, PlayheadError, OSError) as error:
            self._pass_over(row, str(error))

    async def _complain(self, sentence: str, hint: str) -> None:
        if not self._has_complained:
            self._desk.tell("warning", "tool_missing", reason=sentence, hint=hint)
        self._has_complained = True
        await anyio.sleep(RETRY_MISSING_TOOL_S)

    def _pass_over(self, row: LibraryFile, why: str) -> None:
        self._desk.tell("debug", "not_measured", project=row.project, path=row.file.path, why=why)
        if len(self._passed_over) >= PASSED_OVER_MAX:
            self._passed_over.clear()
        self._passed_over.add(_mark(row))


def _content(source: str, project: str, sha256: str, views: Views) -> LibraryFile | None:
    rows = views.find(FILES, "media_of_content", (sha256, COPIES_MAX))
    here = (row for row in rows if (row.source, row.project) == (source, project))
    return next((row for row in here if not row.is_gone), None)


def _located(root: Root, row: LibraryFile) -> Path:
    """
    Where a file lies, if it still is the one that is known.

    Raises:
        Changed: somebody wrote to it; the next look finds out what it is.
        PlayheadError: it is not there, or its disk is away.
    """
    with root.open(row.project, row.file.path) as file:
        known = (row.file.size_bytes, row.file.mtime_ns, row.file.inode)
        if mark_of(file.stat) != known:
            raise Changed(f"The file {row.project}/{row.file.path} was written to.")
    return root.path / row.project / row.file.path


def _mark(row: LibraryFile) -> tuple[str, str, str, int]:
    return (row.source, row.project, row.file.path, row.seq)
