"""
Moving files, throwing them away, taking them back: on the disk first, then on record.

A file is never replaced by another and never leaves its place before it is safe elsewhere. Should
the daemon die between disk and record, `tidying` and the next look at the project catch up.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

import anyio
import anyio.to_thread
import msgspec

from adapters.disk.errors import Missing
from adapters.disk.locks import KeyedLocks
from adapters.disk.placing import free_names
from adapters.files import transfer, trash
from adapters.files.places import Places
from adapters.files.recognizing import marks, moved_file, trashed_file
from adapters.files.roots import Root
from adapters.files.storing import entry_of_content, is_there
from adapters.keeper import Emptied, Moved, Restored, Trashed
from adapters.ports import Desk
from projections.envelope import Nanos
from projections.errors import NotFound, PlayheadError, Rejected
from projections.fold import Views
from projections.media_commands import EmptyTrash, MoveFiles, RestoreFile, TrashFiles
from projections.media_decisions import COPIES_MAX, FILES_PER_EVENT_MAX
from projections.media_events import Discarded, MediaFile
from projections.media_files import FILES, TRASH, LibraryFile, TrashedFile
from projections.media_names import ORIGINALS
from projections.media_scan import Entry

SOURCE = "files"

ID_BYTES = 12
TRASH_PAGE = 2 * FILES_PER_EVENT_MAX
"""More than one event throws away, so that each page reaches beyond the last."""

CHUNK_FILES = 100
"""Files dealt with before they are put on record."""

NEVER_SEQ = 2**63 - 1


class Place(msgspec.Struct, frozen=True):
    """A project and the root it lies in."""

    source: str
    root: Root
    project: str


class Shelf:
    """Does it."""

    def __init__(self, desk: Desk, places: Places) -> None:
        self._desk = desk
        self._places = places
        self._trashes = KeyedLocks()
        """By source: what is taken out of its trash is not deleted there meanwhile."""

    async def _rows(self, place: Place, paths: Sequence[str]) -> dict[str, LibraryFile]:
        """The files of these paths that are known to be there."""
        return await self._desk.read(partial(_rows, place.source, place.project, tuple(paths)))

    async def trash(self, place: Place, paths: Sequence[str], *, actor: str) -> Trashed:
        """Throws files into the trash of their source; what is there by name only is missing."""
        rows = await self._rows(place, paths)
        ids: dict[str, str] = {}
        for chunk in _chunks([path for path in dict.fromkeys(paths) if path in rows]):
            with anyio.CancelScope(shield=True):
                files = [rows[path].file for path in chunk]
                thrown, error = await anyio.to_thread.run_sync(_throw_away, place, files)
                await self._record_trash(place, thrown, actor)
            ids |= {path: each.id for path, each in thrown.items()}
            if error is not None:
                raise error
        missing = tuple(path for path in dict.fromkeys(paths) if path not in ids)
        return Trashed(ids=ids, missing=missing)

    async def _record_trash(self, place: Place, files: dict[str, Discarded], actor: str) -> None:
        """What cannot be put on record is put back: nobody could ever ask for it."""
        if not files:
            return
        command = TrashFiles(
            source=SOURCE,
            actor=actor,
            media_source=place.source,
            project=place.project,
            files=files,
        )
        try:
            await self._desk.submit(command)
        except PlayheadError:
            await anyio.to_thread.run_sync(_put_back, place, files)
            raise

    async def restore(self, ids: Sequence[str], *, actor: str) -> Restored:
        """Takes files out of the trash, each to its old place or beside what is there by now."""
        paths: dict[str, str] = {}
        missing: list[str] = []
        for trash_id in dict.fromkeys(ids):
            row = await self._trashed(trash_id)
            path = None if row is None else await self._restore(row, actor)
            if path is None:
                missing.append(trash_id)
            else:
                paths[trash_id] = path
        return Restored(paths=paths, missing=tuple(missing))

    async def _restore(self, row: TrashedFile, actor: str) -> str | None:
        """The path at which a file is again; None if somebody was quicker."""
        root = await self._places.root(row.source)
        async with self._trashes.holding(row.source):
            if await self._trashed(row.id) is None:
                return None
            with anyio.CancelScope(shield=True):
                try:
                    entry = await anyio.to_thread.run_sync(_restore, root, row)
                except Missing:
                    return None
                try:
                    await self._record_restore(row, entry, actor)
                except PlayheadError:
                    await anyio.to_thread.run_sync(_throw_back, root, row, entry)
                    raise
        return entry.path

    async def _trashed(self, trash_id: str) -> TrashedFile | None:
        return await self._desk.read(lambda views: views.get(TRASH, (trash_id,)))

    async def _record_restore(self, row: TrashedFile, entry: Entry, actor: str) -> None:
        """What was written to in the trash keeps its old marks, so that the next look reads it."""
        is_known = marks(entry)[:2] == marks(row.file)[:2]
        await self._desk.submit(
            RestoreFile(
                source=SOURCE,
                actor=actor,
                id=row.id,
                path=entry.path,
                mtime_ns=entry.mtime_ns if is_known else row.file.mtime_ns,
                inode=entry.inode,
            )
        )

    async def settle_restored(self, root: Root, row: TrashedFile) -> None:
        """
        Records that a file came out of the trash, if it lies at its old place or beside it; if not,
        that it was deleted.
        """
        entry = await anyio.to_thread.run_sync(_entry_near, root, row)
        if entry is not None:
            await self._record_restore(row, entry, row.deleted_by)
            return
        await self._desk.submit(
            EmptyTrash(source=SOURCE, actor=SOURCE, media_source=row.source, ids=(row.id,))
        )

    async def empty(
        self,
        source: str,
        root: Root,
        *,
        ids: Sequence[str] | None,
        before_ns: Nanos | None,
        actor: str,
    ) -> Emptied:
        """Deletes trashed files of a source for good: these, or those from before a moment."""
        wanted = None if ids is None else frozenset(ids)
        count = size_bytes = 0
        for chunk in _chunks([row.id for row in await self._in_trash(source, wanted, before_ns)]):
            async with self._trashes.holding(source):
                sizes, error = await self._delete(source, root, chunk, actor)
            count += len(sizes)
            size_bytes += sum(sizes.values())
            if error is not None:
                raise error
        return Emptied(count=count, size_bytes=size_bytes)

    async def _delete(
        self, source: str, root: Root, ids: list[str], actor: str
    ) -> tuple[dict[str, int], PlayheadError | None]:
        """As `_delete` of the module, of what nobody has taken out in the meantime; on record."""
        there = await self._desk.read(
            lambda views: [each for each in ids if views.get(TRASH, (each,)) is not None]
        )
        with anyio.CancelScope(shield=True):
            sizes, error = await anyio.to_thread.run_sync(_delete, root, there)
            await self._desk.submit(
                EmptyTrash(source=SOURCE, actor=actor, media_source=source, ids=tuple(sizes))
            )
        return sizes, error

    async def _in_trash(
        self, source: str, wanted: frozenset[str] | None, before_ns: Nanos | None
    ) -> list[TrashedFile]:
        found: dict[str, TrashedFile] = {}
        seq = NEVER_SEQ
        while True:
            rows = await self._desk.read(partial(_trash_page, source, seq))
            found |= {
                row.id: row
                for row in rows
                if (wanted is None or row.id in wanted)
                and (before_ns is None or row.deleted_ns < before_ns)
            }
            if len(rows) < TRASH_PAGE:
                return list(found.values())
            seq = rows[-1].seq + 1  # the page may end amid the files of one event

    async def move(self, here: Place, paths: Sequence[str], there: Place, *, actor: str) -> Moved:
        """
        Moves files to another project, under their own names or the next that are free. What lies
        there already goes to the trash here.
        """
        if (here.source, here.project) == (there.source, there.project):
            message = f"The files are in {there.project!r} already."
            raise Rejected(message, hint="Name another project as the target.")
        rows = await self._rows(here, paths)
        moved: dict[str, str] = {}
        duplicates: list[str] = []
        for path in dict.fromkeys(paths):
            row = rows.get(path)
            if row is None:
                continue
            if await self._is_there_already(here, there, row):
                thrown = await self.trash(here, [path], actor=actor)
                duplicates += thrown.ids
                continue
            taken = await self._move_one(here, row, there, path, actor=actor)
            if taken is not None:
                moved[path] = taken
        missing = [p for p in dict.fromkeys(paths) if p not in moved and p not in duplicates]
        return Moved(moved=moved, duplicates=tuple(duplicates), missing=tuple(missing))

    async def _is_there_already(self, here: Place, there: Place, row: LibraryFile) -> bool:
        """
        Whether the target has this content: not only on record, but on its disk; and whether the
        file still is what it is known to be.
        """
        copies = await self._desk.read(partial(_copies, row.file.sha256))
        place = (there.source, there.project)
        rows = [each for each in copies if (each.source, each.project) == place]
        return await anyio.to_thread.run_sync(
            lambda: (
                any(is_there(there.root, each) for each in rows if not each.is_gone)
                and is_there(here.root, row)
            )
        )

    async def _move_one(
        self, here: Place, row: LibraryFile, there: Place, path: str, *, actor: str
    ) -> str | None:
        """Moves one file to a path; gives the path it got, or nothing if it was not there."""
        with anyio.CancelScope(shield=True):
            try:
                entry = await anyio.to_thread.run_sync(
                    partial(
                        transfer.move,
                        here.root,
                        here.project,
                        row.file.path,
                        (there.root, there.project, path),
                        sha256=row.file.sha256,
                    )
                )
            except Missing:
                return None
            arrived = await anyio.to_thread.run_sync(
                partial(
                    moved_file, here.root, there.root, there.project, file=row.file, entry=entry
                )
            )
            await self._record_move(here, row.file, there, arrived, actor=actor)
        return entry.path

    async def _record_move(
        self, here: Place, file: MediaFile, there: Place, arrived: MediaFile, *, actor: str
    ) -> None:
        await self._desk.submit(
            MoveFiles(
                source=SOURCE,
                actor=actor,
                media_source=here.source,
                project=here.project,
                to_source=there.source,
                to_project=there.project,
                why="order",
                files={file.path: arrived},
            )
        )

    async def rename(self, place: Place, paths: dict[str, str], *, actor: str) -> dict[str, str]:
        """Renames files inside a project; by old path the path each got."""
        rows = await self._rows(place, list(paths))
        renamed: dict[str, str] = {}
        for path, wanted in paths.items():
            if path in rows and path != wanted:
                taken = await self._move_one(place, rows[path], place, wanted, actor=actor)
                if taken is not None:
                    renamed[path] = taken
        return renamed

    async def take_in(self, place: Place, names: Sequence[str]) -> list[str]:
        """Moves files that lie beside the projects into one; gives their names."""
        taken: list[str] = []
        for name in names:
            try:
                await anyio.to_thread.run_sync(
                    transfer.take_in, place.root, name, place.project, ORIGINALS
                )
            except NotFound:
                continue
            taken.append(name)
        return taken


def _rows(
    source: str, project: str, paths: tuple[str, ...], views: Views
) -> dict[str, LibraryFile]:
    found = {path: views.get(FILES, (source, project, path)) for path in paths}
    return {path: row for path, row in found.items() if row is not None and not row.is_gone}


def _copies(sha256: str, views: Views) -> list[LibraryFile]:
    return views.find(FILES, "media_of_content", (sha256, COPIES_MAX))


def _trash_page(source: str, seq: int, views: Views) -> list[TrashedFile]:
    return views.find(TRASH, "trash_of_source", (source, seq, TRASH_PAGE))


def _chunks(items: list[str]) -> Iterator[list[str]]:
    assert CHUNK_FILES <= FILES_PER_EVENT_MAX
    for start in range(0, len(items), CHUNK_FILES):
        yield items[start : start + CHUNK_FILES]


def _throw_away(
    place: Place, files: list[MediaFile]
) -> tuple[dict[str, Discarded], PlayheadError | None]:
    """By path what was there and is in the trash, and what ended it before it was through."""
    thrown: dict[str, Discarded] = {}
    for file in files:
        trash_id = secrets.token_hex(ID_BYTES)
        try:
            trash.throw_away(place.root, place.project, file.path, trash_id)
        except Missing:
            continue
        except PlayheadError as error:
            return thrown, error
        known = trashed_file(place.root, trash_id, file)
        thrown[file.path] = Discarded(id=trash_id, file=known)
    return thrown, None


def _put_back(place: Place, files: dict[str, Discarded]) -> None:
    """Best effort: what stays in the trash is put back when the daemon starts next."""
    for path, thrown in files.items():
        with suppress(PlayheadError):
            trash.restore(place.root, thrown.id, place.project, path)


def _throw_back(root: Root, row: TrashedFile, entry: Entry) -> None:
    """Best effort: what stays where it was put is put on record when the daemon starts next."""
    with suppress(PlayheadError):
        trash.throw_away(root, row.project, entry.path, row.id)


def _restore(root: Root, row: TrashedFile) -> Entry:
    root.make_project(row.project)
    return trash.restore(root, row.id, row.project, row.file.path)


def _entry_near(root: Root, row: TrashedFile) -> Entry | None:
    """A file that came out of the trash, under one of the names that it may have got."""
    folder, _, name = row.file.path.rpartition("/")
    for candidate in free_names(name):
        path = f"{folder}/{candidate}" if folder else candidate
        found = entry_of_content(root, row.project, path, row.file)
        if found is not None or not root.has_file(row.project, path):
            return found
    return None


def _delete(root: Root, ids: list[str]) -> tuple[dict[str, int], PlayheadError | None]:
    """By id the size of each that is gone now, and what ended it before it was through."""
    sizes: dict[str, int] = {}
    for trash_id in ids:
        try:
            sizes[trash_id] = trash.delete(root, trash_id)
        except PlayheadError as error:
            return sizes, error
    return sizes, None
