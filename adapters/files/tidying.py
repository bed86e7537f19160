"""
Keeping the roots tidy: what a crash left halfway is settled, what has expired is let go.
"""

from functools import partial

import anyio
import anyio.to_thread

from adapters.files import trash
from adapters.files.cleaning import clean
from adapters.files.places import Places
from adapters.files.roots import Root
from adapters.files.settings import FileSettings
from adapters.files.shelving import Shelf
from adapters.files.uploads import Uploads
from adapters.ports import Desk
from projections.errors import PlayheadError
from projections.fold import Views
from projections.media_files import FILES, TRASH, LibraryFile, TrashedFile
from projections.media_sources import PROJECTS, Project
from projections.media_uploads import UPLOADS, OpenUpload

SOURCE = "files"

EVERY_S = 3_600.0
UPLOADS_MAX = 100_000
PROJECTS_MAX = 100_000
TRASH_MAX = 1_000_000
NEVER_NS = 2**63 - 1


class Tidier:
    """Tidies up at the start and every hour."""

    def __init__(
        self, desk: Desk, places: Places, uploads: Uploads, shelf: Shelf, *, settings: FileSettings
    ) -> None:
        self._desk = desk
        self._places = places
        self._uploads = uploads
        self._shelf = shelf
        self._keep_ns = settings.trash_keep_ns

    async def tidy(self, source: str, root: Root) -> None:
        """
        Puts a root that came within reach in order: partial files nobody will go on with are
        removed, and what went to the trash or came out of it unrecorded is put on record.
        """
        keep = await self._desk.read(partial(_expected, source))
        count = await anyio.to_thread.run_sync(clean, root, keep)
        if count:
            self._desk.tell("info", "tidied", of=source, removed=count)
        await self._settle_trash(source, root)

    async def _settle_trash(self, source: str, root: Root) -> None:
        """
        The daemon may have died between disk and record. A file that lies in the trash and was not
        recorded goes back to where it came from; one that was restored and not recorded is.
        """
        lying = await anyio.to_thread.run_sync(trash.listing, root)
        recorded = await self._desk.read(partial(_trashed, source))
        for trash_id, name in lying.items():
            if trash_id not in recorded:
                await self._return(source, root, trash_id, name)
        for trash_id, row in recorded.items():
            if trash_id not in lying:
                await self._shelf.settle_restored(root, row)

    async def _return(self, source: str, root: Root, trash_id: str, name: str) -> None:
        rows = await self._desk.read(partial(_named, source, name))
        row = await anyio.to_thread.run_sync(_origin, root, trash_id, rows)
        if row is None:
            self._desk.tell("warning", "trash_of_unknown_origin", of=source, id=trash_id, name=name)
            return
        place = (row.project, row.file.path)
        try:
            await anyio.to_thread.run_sync(trash.restore, root, trash_id, *place)
        except PlayheadError as error:  # its project is no more, say: in the trash it is safe
            self._desk.tell("warning", "trash_not_returned", id=trash_id, reason=str(error))
            return
        self._desk.tell("info", "trash_returned", project=row.project, path=row.file.path)

    async def run(self) -> None:
        """Lets go what has expired, every hour, until cancelled."""
        while True:
            try:
                await self._uploads.expire()
                if self._keep_ns:
                    await self._empty_old_trash()
            except (OSError, PlayheadError) as error:
                self._desk.tell("warning", "not_tidied", reason=str(error))
            await anyio.sleep(EVERY_S)

    async def _empty_old_trash(self) -> None:
        before_ns = self._desk.now_ns() - self._keep_ns
        for source in await self._places.sources():
            if source.enabled and not source.problem:
                root = self._places.root_of(source)
                await self._shelf.empty(
                    source.name, root, ids=None, before_ns=before_ns, actor=SOURCE
                )


def _expected(source: str, views: Views) -> frozenset[str]:
    """The ids of the uploads whose next part is waited for."""
    rows: list[OpenUpload] = views.find(UPLOADS, "uploads_expired", (NEVER_NS, UPLOADS_MAX))
    return frozenset(
        row.upload.id for row in rows if row.upload.source == source and row.closed is None
    )


def _named(source: str, name: str, views: Views) -> list[LibraryFile]:
    """The files of a source that have a name, in whatever project and folder."""
    projects: list[Project] = views.find(PROJECTS, "projects_of_source", (source, "", PROJECTS_MAX))
    rows: list[LibraryFile] = []
    for project in projects:
        found = views.find(FILES, "media_of_project", (source, project.project, "", PROJECTS_MAX))
        rows += [row for row in found if row.file.path.rpartition("/")[2] == name]
    return rows


def _origin(root: Root, trash_id: str, rows: list[LibraryFile]) -> LibraryFile | None:
    """
    Where a file in the trash was: the empty place of one as large and as old, best of the very same
    one, though it may be known as gone by now; failing that, the only empty place there is.
    """
    thrown = trash.entry(root, trash_id)
    empty = [row for row in rows if not root.has_file(row.project, row.file.path)]
    marks = (thrown.size_bytes, thrown.mtime_ns)
    alike = [row for row in empty if (row.file.size_bytes, row.file.mtime_ns) == marks]
    if alike:
        return min(alike, key=lambda row: row.file.inode != thrown.inode)
    expected = [row for row in empty if not row.is_gone]
    return expected[0] if len(expected) == 1 else None


def _trashed(source: str, views: Views) -> dict[str, TrashedFile]:
    rows = views.find(TRASH, "trash_of_source", (source, NEVER_NS, TRASH_MAX))
    return {row.id: row for row in rows}
