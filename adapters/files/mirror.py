"""
Keeping `index.json` and `_manifest/files.jsonl` of every project up to date.

They follow the log at a distance: a project that changes is written once it has been quiet for a
moment, and a busy one at most so often that writing stays a small part of the work. Whoever deletes
them gets them back.
"""

from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread
import msgspec

from adapters.disk.errors import Missing, Outside
from adapters.disk.waiting import first_of
from adapters.files.foreground import Foreground
from adapters.files.places import Places
from adapters.files.roots import Root
from adapters.ports import Desk
from projections.errors import PlayheadError
from projections.fold import Views
from projections.media_files import FILES, LibraryFile
from projections.media_index import index_text, listing_text
from projections.media_names import INDEX_FILE, LISTING_FILE
from projections.media_sources import PROJECTS, Project, Source

FILES_MAX = 1_000_000
PROJECTS_MAX = 100_000

VIEW_MODE = 0o644

INDEX_BYTES_MAX = 1024**3
"""More than a million files take."""

QUIET_S = 0.5
"""How long changes are gathered before they are written."""

AGAIN_S = 5.0
"""How long a project is left alone when its disk is full, or away, or somebody deletes it."""

REST_SHARE = 10
"""After a writing that took a second, a project is left alone for so many seconds."""


Said = TypeVar("Said")


class Stamp(msgspec.Struct, frozen=True):
    """The one field of `index.json` that says whether it is up to date."""

    seq: int = -1


class Mirror:
    """Writes what changed."""

    def __init__(self, desk: Desk, places: Places, foreground: Foreground) -> None:
        self._desk = desk
        self._places = places
        self._foreground = foreground
        self._written: dict[tuple[str, str], int] = {}
        self._not_before_s: dict[tuple[str, str], float] = {}
        self._woken = anyio.Event()

    async def run(self) -> None:
        """Follows the log until cancelled."""
        while True:
            changed = self._desk.changed
            self._woken = anyio.Event()
            if not await self.write_due():
                await first_of(changed.wait, self._woken.wait)
            await anyio.sleep(QUIET_S)
            await self._foreground.calm()

    async def write_due(self) -> bool:
        """Writes the projects that changed; whether some must wait for their turn."""
        waiting = False
        for source in await self._places.sources():
            if not source.enabled or source.problem:
                continue
            for project in await self._desk.read(partial(_projects, source.name)):
                key = (source.name, project.project)
                if self._written.get(key) == project.seq:
                    continue
                if self._desk.monotonic_s() < self._not_before_s.get(key, 0.0):
                    waiting = True
                    continue
                waiting = not await self._refresh(source, project) or waiting
        return waiting

    def forget(self, source: str, project: str) -> None:
        """Has a project looked at again: somebody touched what lies in it."""
        self._written.pop((source, project), None)
        self._woken.set()

    async def _refresh(self, source: Source, project: Project) -> bool:
        """Whether both files are as they should be; if not, they are tried again."""
        key = (source.name, project.project)
        root = self._places.root_of(source)
        started_s = self._desk.monotonic_s()
        try:
            current = await anyio.to_thread.run_sync(_stamp_of, root, project.project)
            if current != project.seq:
                await self._write(root, source.name, project.project)
        except (OSError, PlayheadError) as error:
            self._desk.tell("warning", "index_not_written", project=project.project, why=str(error))
            self._not_before_s[key] = self._desk.monotonic_s() + AGAIN_S
            return False
        took_s = self._desk.monotonic_s() - started_s
        self._not_before_s[key] = self._desk.monotonic_s() + took_s * REST_SHARE
        self._written[key] = project.seq
        return True

    async def _write(self, root: Root, source: str, project: str) -> None:
        found = await self._desk.read(partial(_whole, source, project))
        if found is None:
            return
        row, files = found
        await anyio.to_thread.run_sync(_write_both, root, row, files)
        self._written[source, project] = row.seq


def _projects(source: str, views: Views) -> list[Project]:
    return views.find(PROJECTS, "projects_of_source", (source, "", PROJECTS_MAX))


def _whole(source: str, project: str, views: Views) -> tuple[Project, list[LibraryFile]] | None:
    row = views.get(PROJECTS, (source, project))
    files = views.find(FILES, "media_of_project", (source, project, "", FILES_MAX))
    return None if row is None else (row, [file for file in files if not file.is_gone])


def read_index(root: Root, project: str, kind: type[Said]) -> Said | None:
    """
    What the index of a project says; None if there is none that can be read. Everybody who reaches
    the disk may have written it.

    Raises:
        PlayheadError: the disk cannot tell.
    """
    try:
        data = root.read(project, INDEX_FILE, size_bytes_max=INDEX_BYTES_MAX)
        return msgspec.json.decode(data, type=kind)
    except (Missing, Outside, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _stamp_of(root: Root, project: str) -> int:
    """Up to which event both files are written; -1 when one is missing or not ours."""
    stamp = read_index(root, project, Stamp)
    is_whole = stamp is not None and root.has_file(project, LISTING_FILE)
    return stamp.seq if stamp is not None and is_whole else -1


def _write_both(root: Root, row: Project, files: list[LibraryFile]) -> None:
    """The index goes last: its stamp speaks for both."""
    root.write(row.project, LISTING_FILE, [listing_text(files)], mode=VIEW_MODE)
    root.write(row.project, INDEX_FILE, [index_text(row, files)], mode=VIEW_MODE)
