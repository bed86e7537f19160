"""
Putting a received file at its place: once, safely, and on record.

The same content lands in a project only once, however many send it at the same time: one at a time
may ask whether it is there, looks at the disk to see that it really is, and places it if not. The
file is at its place and on the disk before the log says so; if the log cannot, it goes again.
"""

from collections.abc import Sequence
from functools import partial

import anyio
import anyio.to_thread
import msgspec

from adapters.disk.errors import Changed, Missing, Unreachable
from adapters.disk.hashing import hash_file
from adapters.disk.locks import KeyedLocks
from adapters.disk.opening import entry_of, mark_of
from adapters.files.counting import Count, ignore
from adapters.files.parts import Part
from adapters.files.places import Places, enabled, source_row
from adapters.files.roots import Root
from adapters.keeper import Order, Outcome
from adapters.ports import Desk
from projections.errors import NotFound, PlayheadError, Rejected
from projections.fold import Views
from projections.media_commands import SeeDuplicate, StoreFile
from projections.media_events import MediaFile
from projections.media_files import FILES, LibraryFile
from projections.media_names import kind_of
from projections.media_scan import Entry
from projections.media_sources import Source

SOURCE = "files"
"""Under this name the log has what the keeper of files did."""

COPIES_MAX = 1_000


class Store:
    """Places files; see the module's text."""

    def __init__(
        self, desk: Desk, places: Places, *, file_mode: int, count: Count = ignore
    ) -> None:
        self._desk = desk
        self._places = places
        self._count = count
        self._file_mode = file_mode
        self._contents = KeyedLocks()

    async def store(
        self, root: Root, part: Part, order: Order, *, keeps_part: bool = False
    ) -> Outcome:
        """
        Puts a complete part at its place, or finds that its content is there already. The part is
        gone afterwards in either case; when it fails too, unless `keeps_part` and a later try may
        succeed.

        Raises:
            Rejected: the content is not what its sender said.
            DiskFull: there is no room.
            PlayheadError: it could not be recorded; nothing was kept.
        """
        leave = part.pause if keeps_part else part.discard
        try:
            outcome = await self._store(root, part, order)
        except Rejected:
            leave = part.discard
            self._tell("failed")
            raise
        except PlayheadError:
            self._tell("failed")
            raise
        else:
            leave = part.discard
            self._tell("stored" if outcome.is_stored else "duplicate")
            if outcome.is_stored:
                self._count("playhead.media.upload.size", outcome.size_bytes)
            return outcome
        finally:
            if not part.is_over:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(leave)

    def _tell(self, result: str) -> None:
        self._count("playhead.media.uploads", 1, {"result": result})

    async def present(
        self, root: Root, source: str, project: str, contents: Sequence[str]
    ) -> dict[str, str]:
        """Of these contents, those that a project really has on its disk, and where."""
        copies = await self._desk.read(partial(_of_contents, tuple(contents)))
        here = [
            row
            for row in copies
            if (row.source, row.project) == (source, project) and not row.is_gone
        ]
        return await anyio.to_thread.run_sync(_present, root, here)

    async def _store(self, root: Root, part: Part, order: Order) -> Outcome:
        sha256 = part.sha256
        if order.sha256 and order.sha256.lower() != sha256:
            message = f"{order.name!r} arrived with the content {sha256}, not {order.sha256}."
            raise Rejected(message, hint="It was damaged on its way: send it again.")
        async with self._contents.holding((order.source, order.project, sha256)):
            with anyio.CancelScope(shield=True):
                return await self._decided(root, part, order, sha256=sha256)
        raise AssertionError("what is shielded is not cancelled")

    async def _decided(self, root: Root, part: Part, order: Order, *, sha256: str) -> Outcome:
        source, rows = await self._desk.read(partial(_source_and_copies, order.source, sha256))
        self._check_source(root, order.source, source)
        copies = _in_place_of(order, rows)
        live, vanished = await _looked_for(root, copies)
        if live is not None and not order.is_wanted_twice:
            await self._desk.submit(_duplicate(order, live))
            return self._outcome(order, live.file, is_stored=False)
        return await self._placed(root, part, order, vanished=vanished)

    def _check_source(self, root: Root, name: str, row: Source | None) -> None:
        """It may have been switched off, or have become another directory, since the file began."""
        try:
            found = enabled(name, row)
        except NotFound as error:
            hint = "Send the file again when the source is there and switched on."
            raise Unreachable(str(error), hint=hint) from error
        if self._places.root_of(found).path != root.path:
            raise Unreachable(f"The source {name!r} has another directory by now.")

    async def _placed(
        self, root: Root, part: Part, order: Order, *, vanished: tuple[str, ...]
    ) -> Outcome:
        placed = await anyio.to_thread.run_sync(self._put, part, order)
        file = MediaFile(
            path=placed.path,
            sha256=part.sha256,
            size_bytes=placed.size_bytes,
            mtime_ns=placed.mtime_ns,
            inode=placed.inode,
            added_ns=self._desk.now_ns(),
            kind=kind_of(placed.path),
            tags=order.tags,
        )
        try:
            await self._desk.submit(_stored(order, file, vanished))
        except PlayheadError:
            await self._take_away(root, order, file)
            raise
        return await self._settled(root, order, file)

    def _put(self, part: Part, order: Order) -> Entry:
        part.finish(self._file_mode, order.mtime_ns)
        return part.place(order.project, order.folder, order.name)

    async def _take_away(self, root: Root, order: Order, file: MediaFile) -> None:
        """Removes what was placed; never what somebody else put there since."""
        remove = partial(root.remove, order.project, file.path, inode=file.inode)
        await anyio.to_thread.run_sync(remove)

    async def _settled(self, root: Root, order: Order, file: MediaFile) -> Outcome:
        """The writer may have known of a copy that was found on the disk a moment ago."""
        rows = await self._desk.read(partial(_of_content, file.sha256))
        copies = _in_place_of(order, rows)
        if any(row.file.path == file.path for row in copies):
            return self._outcome(order, file, is_stored=True)
        live, _ = await _looked_for(root, copies)
        if live is None:  # it was stored, and moved or thrown away at once
            return self._outcome(order, file, is_stored=True)
        await self._take_away(root, order, file)
        return self._outcome(order, live.file, is_stored=False)

    def _outcome(self, order: Order, file: MediaFile, *, is_stored: bool) -> Outcome:
        return Outcome(
            is_stored=is_stored,
            source=order.source,
            project=order.project,
            path=file.path,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            at=self._desk.now_ns(),
        )


def _of_content(sha256: str, views: Views) -> list[LibraryFile]:
    return views.find(FILES, "media_of_content", (sha256, COPIES_MAX))


def _source_and_copies(
    source: str, sha256: str, views: Views
) -> tuple[Source | None, list[LibraryFile]]:
    return source_row(source, views), _of_content(sha256, views)


def _in_place_of(order: Order, rows: list[LibraryFile]) -> list[LibraryFile]:
    """Those that the project has which the file shall go to."""
    place = (order.source, order.project)
    return [row for row in rows if (row.source, row.project) == place and not row.is_gone]


def _of_contents(contents: tuple[str, ...], views: Views) -> list[LibraryFile]:
    wanted = msgspec.json.encode(contents).decode()
    return views.find(FILES, "media_of_contents", (wanted, COPIES_MAX * len(contents)))


def _present(root: Root, rows: list[LibraryFile]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        if row.file.sha256 not in found and is_there(root, row):
            found[row.file.sha256] = row.file.path
    return found


async def _looked_for(
    root: Root, copies: list[LibraryFile]
) -> tuple[LibraryFile | None, tuple[str, ...]]:
    """As `_looked_at`; mostly there is nothing to look for."""
    if not copies:
        return None, ()
    return await anyio.to_thread.run_sync(_looked_at, root, copies)


def _looked_at(root: Root, copies: list[LibraryFile]) -> tuple[LibraryFile | None, tuple[str, ...]]:
    """The first copy that is really there, and the paths at which there is none."""
    vanished: list[str] = []
    for row in copies:
        if is_there(root, row):
            return row, tuple(vanished)
        vanished.append(row.file.path)
    return None, tuple(vanished)


def is_there(root: Root, row: LibraryFile) -> bool:
    """Whether a file lies where it is known to be; read anew when somebody touched it since."""
    return entry_of_content(root, row.project, row.file.path, row.file) is not None


def entry_of_content(root: Root, project: str, path: str, file: MediaFile) -> Entry | None:
    """What lies at a path, if it is a certain file, or another of its content."""
    try:
        with root.open(project, path) as opened:
            found = entry_of(path, opened.stat)
            if mark_of(opened.stat) == (file.size_bytes, file.mtime_ns, file.inode):
                return found
            is_same = found.size_bytes == file.size_bytes and hash_file(opened.fd) == file.sha256
            return found if is_same else None
    except (Missing, Changed):
        return None


def _duplicate(order: Order, row: LibraryFile) -> SeeDuplicate:
    return SeeDuplicate(
        source=SOURCE,
        media_source=order.source,
        actor=order.actor,
        project=order.project,
        path=row.file.path,
        sha256=row.file.sha256,
        size_bytes=row.file.size_bytes,
        name=order.name,
        batch=order.batch,
    )


def _stored(order: Order, file: MediaFile, vanished: tuple[str, ...]) -> StoreFile:
    return StoreFile(
        source=SOURCE,
        media_source=order.source,
        actor=order.actor,
        project=order.project,
        how=order.how,
        file=file,
        name=order.name,
        batch=order.batch,
        vanished=vanished,
        is_wanted_twice=order.is_wanted_twice,
    )
