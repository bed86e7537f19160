"""
Comparing a project with its directory, and putting the difference on record.

Linear, and resumable by nature: what was found is recorded a few hundred files at a time, and the
next look starts from there. Nothing is read that was not touched; nothing is ever moved.
"""

import threading
from collections.abc import Iterator, Sequence
from functools import partial

import anyio
import anyio.to_thread
import msgspec
from anyio.streams.memory import MemoryObjectSendStream

from adapters.activity import Activity, Progress, TaskKind, TaskState
from adapters.disk.locks import KeyedLocks
from adapters.files.counting import Count, ignore
from adapters.files.grouping import plain_errors
from adapters.files.hashing import hash_entries
from adapters.files.places import Places
from adapters.files.predecessor import tags_before_us
from adapters.files.recognizing import at_entry
from adapters.files.roots import Root
from adapters.files.settings import FileSettings
from adapters.files.walk import Listing, walk
from adapters.keeper import ScanReport
from adapters.ports import Desk
from projections.envelope import Nanos
from projections.errors import PlayheadError
from projections.fold import Views
from projections.media_commands import FindFiles, LoseFiles, MoveFiles
from projections.media_decisions import FILES_PER_EVENT_MAX
from projections.media_events import MediaFile, ProjectReindexed
from projections.media_files import FILES, LibraryFile
from projections.media_names import kind_of
from projections.media_scan import Entry, ReadFile, ScanPlan, plan_scan, sort_out

SOURCE = "files"

FILES_MAX = 1_000_000
"""Files of one project."""

CHUNK_FILES = 4 * FILES_PER_EVENT_MAX
CHUNK_BYTES = 256 * 1024 * 1024
"""What is read before it is recorded and progress is told."""

PROBLEMS_MAX = 50


class Scanner:
    """Looks at projects, each by one task at a time."""

    def __init__(
        self,
        desk: Desk,
        places: Places,
        activity: Activity,
        settings: FileSettings,
        *,
        count: Count = ignore,
    ) -> None:
        self._desk = desk
        self._places = places
        self._count = count
        self._activity = activity
        self._stable_ns = settings.stable_ns
        self._projects = KeyedLocks()

    async def lose(self, root: Root, source: str, project: str) -> None:
        """Says of all files of a project whose directory is not there that they are gone."""
        async with self._projects.holding((source, project)):
            await self._scan(root, source, project).lose_all()

    async def scan(
        self, root: Root, source: str, project: str, *, actor: str, kind: TaskKind
    ) -> ScanReport:
        """
        Brings what is known of a project to what its directory holds.

        Raises:
            Missing: there is no such directory.
            PlayheadError: the difference could not be recorded.
        """
        async with self._projects.holding((source, project)):
            scan = self._scan(root, source, project)
            report = await scan.run(actor=actor, kind=kind, stable_ns=self._stable_ns)
        self._count("playhead.media.scans", 1, {"kind": kind})
        self._count("playhead.media.scan.read", report.read_bytes)
        return report

    def _scan(self, root: Root, source: str, project: str) -> "_Scan":
        return _Scan(self._desk, self._places, self._activity, root, source=source, project=project)


class _Scan:
    """One look at one project."""

    def __init__(
        self,
        desk: Desk,
        places: Places,
        activity: Activity,
        root: Root,
        *,
        source: str,
        project: str,
    ) -> None:
        self._desk = desk
        self._places = places
        self._activity = activity
        self._root = root
        self._source = source
        self._project = project
        self._actor = SOURCE
        self._problems: list[str] = []
        self._found: list[str] = []
        self._moved_count = 0
        self._read_bytes = 0

    async def run(self, *, actor: str, kind: TaskKind, stable_ns: Nanos) -> ScanReport:
        """Looks, reads what must be read, records."""
        self._actor = actor
        known = await self._desk.read(partial(_known, self._source, self._project))
        listing, plan = await anyio.to_thread.run_sync(self._planned, known, stable_ns)
        self._problems += listing.problems
        missing = {path: file for path, file in plan.missing.items() if not listing.may_hold(path)}
        await self._record_moves(plan.moved)
        await self._read(plan, missing, kind=kind, known=known)
        gone_count = await self._record_gone(missing)
        return ScanReport(
            files_count=listing.files_count,
            found_paths=tuple(self._found),
            gone_count=gone_count,
            moved_count=self._moved_count,
            skipped_count=listing.skipped_count,
            unfinished_count=len(plan.unfinished),
            read_bytes=self._read_bytes,
            problems=tuple(self._problems[:PROBLEMS_MAX]),
        )

    def _planned(self, known: Sequence[LibraryFile], stable_ns: Nanos) -> tuple[Listing, ScanPlan]:
        listing = walk(self._root, self._project)
        now = self._desk.now_ns()
        return listing, plan_scan(known, listing.entries, now=now, stable_ns=stable_ns)

    async def lose_all(self) -> None:
        """The whole project vanished."""
        known = await self._desk.read(partial(_known, self._source, self._project))
        await self._record_gone({row.file.path: row.file for row in known if not row.is_gone})

    async def _read(
        self,
        plan: ScanPlan,
        missing: dict[str, MediaFile],
        *,
        kind: TaskKind,
        known: Sequence[LibraryFile],
    ) -> None:
        """Reads chunk by chunk; what was missing and turned up is taken out of `missing`."""
        occupied = {row.file.path for row in known if not row.is_gone}
        progress = Progress(
            task=f"{kind}:{self._source}:{self._project}",
            kind=kind,
            source=self._source,
            project=self._project,
            total=len(plan.to_read),
            bytes_total=sum(entry.size_bytes for entry in plan.to_read),
        )
        state: TaskState = "failed"
        if plan.to_read:
            self._activity.tell(progress)
        send, receive = anyio.create_memory_object_stream[tuple[list[Entry], list[ReadFile]]](1)
        try:
            with plain_errors():
                async with anyio.create_task_group() as tasks, receive:
                    tasks.start_soon(self._read_ahead, plan.to_read, send)
                    async for chunk, read in receive:
                        await self._record_found(read, missing, occupied)
                        progress = _advanced(progress, chunk)
                        self._activity.tell(progress)
            state = "done"
        finally:
            if plan.to_read:
                self._activity.tell(msgspec.structs.replace(progress, state=state))

    async def _read_ahead(
        self,
        entries: Sequence[Entry],
        send: MemoryObjectSendStream[tuple[list[Entry], list[ReadFile]]],
    ) -> None:
        """While one chunk is recorded, the next is read."""
        async with send:
            for chunk in _chunks(entries):
                await send.send((chunk, await self._contents(chunk)))

    async def _contents(self, chunk: list[Entry]) -> list[ReadFile]:
        """What is in files; those that vanish or change while they are read are left for later."""
        ended = threading.Event()
        try:
            read, problems = await anyio.to_thread.run_sync(
                partial(hash_entries, self._root, self._project, chunk, cancelled=ended.is_set),
                abandon_on_cancel=True,
            )
        finally:
            ended.set()
        self._problems += problems
        self._read_bytes += sum(each.entry.size_bytes for each in read)
        return read

    async def _record_found(
        self, read: list[ReadFile], missing: dict[str, MediaFile], occupied: set[str]
    ) -> None:
        findings = sort_out(read, missing, occupied)
        if findings.moved:
            moved = {
                path: at_entry(missing.pop(path), each.entry)
                for path, each in findings.moved.items()
            }
            await self._move(moved)
        if not findings.found:
            return
        contents = tuple({each.sha256 for each in findings.found})
        copies = await self._desk.read(partial(_copies, contents))
        tags = await self._tags_left_behind(copies)
        tags |= await self._tags_before_us([each for each in contents if each not in copies])
        now = self._desk.now_ns()
        files = [_found_file(each, copies, tags, now) for each in findings.found]
        with plain_errors():
            async with anyio.create_task_group() as tasks:  # together they are one commit
                for start in range(0, len(files), FILES_PER_EVENT_MAX):
                    some = tuple(files[start : start + FILES_PER_EVENT_MAX])
                    tasks.start_soon(self._find, some)
        self._found += [file.path for file in files]

    async def _tags_before_us(self, contents: list[str]) -> dict[str, set[str]]:
        """By content the tags that media-sync-api noted of files we have never seen."""
        return await anyio.to_thread.run_sync(tags_before_us, self._root, self._project, contents)

    async def _tags_left_behind(self, copies: dict[str, list[LibraryFile]]) -> dict[str, set[str]]:
        """
        By content the tags of copies that are not at their places any more. A folder may have been
        renamed: which of its two names is looked at first must not matter.
        """
        rows = [row for each in copies.values() for row in each if row.file.tags]
        if not rows:
            return {}
        roots = {each.name: self._places.root_of(each) for each in await self._places.sources()}
        return await anyio.to_thread.run_sync(_tags_of_missing, rows, roots)

    async def _find(self, files: tuple[MediaFile, ...]) -> None:
        await self._desk.submit(
            FindFiles(
                source=SOURCE,
                actor=self._actor,
                media_source=self._source,
                project=self._project,
                files=files,
            )
        )

    async def _record_moves(self, moved: dict[str, Entry]) -> None:
        if not moved:
            return
        known = await self._desk.read(partial(_known, self._source, self._project))
        files = {row.file.path: row.file for row in known if row.file.path in moved}
        pairs = [(path, at_entry(files[path], moved[path])) for path in moved if path in files]
        for start in range(0, len(pairs), FILES_PER_EVENT_MAX):
            await self._move(dict(pairs[start : start + FILES_PER_EVENT_MAX]))

    async def _move(self, files: dict[str, MediaFile]) -> None:
        self._moved_count += len(files)
        await self._desk.submit(
            MoveFiles(
                source=SOURCE,
                actor=self._actor,
                media_source=self._source,
                project=self._project,
                to_source=self._source,
                to_project=self._project,
                why="noticed",
                files=files,
            )
        )

    async def _record_gone(self, missing: dict[str, MediaFile]) -> int:
        """A path that is filled again by now is left for the next look."""
        as_of = self._desk.head
        paths = await anyio.to_thread.run_sync(self._still_empty, list(missing))
        for start in range(0, len(paths), FILES_PER_EVENT_MAX):
            await self._desk.submit(
                LoseFiles(
                    source=SOURCE,
                    actor=self._actor,
                    media_source=self._source,
                    project=self._project,
                    paths=tuple(paths[start : start + FILES_PER_EVENT_MAX]),
                    as_of=as_of,
                )
            )
        return len(paths)

    def _still_empty(self, paths: list[str]) -> list[str]:
        return [path for path in paths if not self._root.has_file(self._project, path)]


def reindexed(source: str, project: str, report: ScanReport) -> ProjectReindexed:
    """What is recorded of a look that somebody asked for."""
    return ProjectReindexed(
        source=source,
        project=project,
        files_count=report.files_count,
        found_count=len(report.found_paths),
        gone_count=report.gone_count,
        moved_count=report.moved_count,
        skipped_count=report.skipped_count,
        read_bytes=report.read_bytes,
        problems=report.problems,
    )


def _known(source: str, project: str, views: Views) -> list[LibraryFile]:
    return views.find(FILES, "media_of_project", (source, project, "", FILES_MAX))


def _copies(contents: tuple[str, ...], views: Views) -> dict[str, list[LibraryFile]]:
    """All rows of some contents, those of files gone included."""
    wanted = msgspec.json.encode(contents).decode()
    found: dict[str, list[LibraryFile]] = {}
    for row in views.find(FILES, "media_of_contents", (wanted, FILES_MAX)):
        found.setdefault(row.file.sha256, []).append(row)
    return found


def _advanced(progress: Progress, chunk: list[Entry]) -> Progress:
    return msgspec.structs.replace(
        progress,
        done=progress.done + len(chunk),
        bytes_done=progress.bytes_done + sum(entry.size_bytes for entry in chunk),
    )


def _chunks(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    chunk: list[Entry] = []
    size_bytes = 0
    for entry in entries:
        chunk.append(entry)
        size_bytes += entry.size_bytes
        if len(chunk) >= CHUNK_FILES or size_bytes >= CHUNK_BYTES:
            yield chunk
            chunk, size_bytes = [], 0
    if chunk:
        yield chunk


def _tags_of_missing(rows: list[LibraryFile], roots: dict[str, Root]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        if row.is_gone or _is_missing(roots.get(row.source), row):
            found.setdefault(row.file.sha256, set()).update(row.file.tags)
    return found


def _is_missing(root: Root | None, row: LibraryFile) -> bool:
    """Whether a place is empty for certain: a disk that is away may have it."""
    try:
        return root is not None and not root.has_file(row.project, row.file.path)
    except PlayheadError:
        return False


def _found_file(
    read: ReadFile,
    copies: dict[str, list[LibraryFile]],
    tags: dict[str, set[str]],
    now: Nanos,
) -> MediaFile:
    """A file as found; what is known of its content, and the tags of copies that are not there."""
    rows = copies.get(read.sha256, [])
    entry = read.entry
    return MediaFile(
        path=entry.path,
        sha256=read.sha256,
        size_bytes=entry.size_bytes,
        mtime_ns=entry.mtime_ns,
        inode=entry.inode,
        added_ns=now,
        kind=kind_of(entry.path),
        tags=tuple(sorted(tags.get(read.sha256, ()))),
        facts=next((row.file.facts for row in rows if row.file.facts is not None), None),
    )
