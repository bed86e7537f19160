"""
Finding out what to do with a directory: looking, telling episodes by their names, and reading those
files whose content decides. Nothing is changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import anyio.to_thread

from adapters.disk.errors import Changed, Missing, named
from adapters.disk.hashing import Cancelled, hash_file, never
from adapters.disk.opening import mark_of, open_regular
from adapters.organizer.ground import Ground, Look, Scan, folders_in, look, scan
from adapters.organizer.recognizing import NameReader, Recognizer
from adapters.organizer.settings import OrganizerSettings
from projections.envelope import Nanos
from projections.filing_names import Recognized
from projections.filing_plan import FilingPlan, plan_filing
from projections.filing_survey import Listing, Mark, Survey, candidates

HASHES_MAX = 1_000
"""Of files that wait beside another of the same size; each is read once as long as it stays."""


class Planner:
    """Plans for one directory, one thing at a time. What is not async blocks and wants a thread."""

    def __init__(self, settings: OrganizerSettings, reader: NameReader | None = None) -> None:
        self.ground = Ground(settings.folder)
        self._settings = settings
        self._reader = reader or Recognizer()
        self._hashes: dict[Mark, str] = {}

    async def look(self, now: Nanos) -> Look:
        """
        What lies there, and which episodes the files are.

        Raises:
            Unreachable: the directory is not there.
            PlayheadError: it cannot be read.
        """
        scanned = await anyio.to_thread.run_sync(self._scan, now)
        paths = candidates(scanned.listing, self._settings.rules)
        seen = await self._reader.recognized(path.rpartition("/")[2] for path in paths)
        return await anyio.to_thread.run_sync(self._look, scanned, seen)

    def _scan(self, now: Nanos) -> Scan:
        with self._opened() as top:
            return scan(top, now=now, stable_ns=self._settings.stable_ns)

    def _look(self, scanned: Scan, seen: dict[str, Recognized | None]) -> Look:
        with self._opened() as top:
            return look(top, scanned, self._settings.rules, seen)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            with self.ground.opened() as top:
                yield top
        except OSError as error:
            raise named(error, f"The directory {self._settings.folder}") from error

    def plan(
        self, found: Survey, undone: dict[str, Mark], *, cancelled: Cancelled = never
    ) -> FilingPlan:
        """
        What to do with what was found.

        Args:
            found: by `look`.
            undone: by path the files that were put back, as they were then.
            cancelled: whether nobody wants to know any more; asked while files are read.

        Raises:
            PlayheadError: the directory cannot be read, or a file was written to meanwhile.
        """
        contents: dict[str, str] = {}
        with self._opened() as top:
            shows = folders_in(top, found.shows())
            while True:
                plan = plan_filing(found, shows, contents=contents, undone=undone)
                if not plan.unread:
                    return plan
                for path in plan.unread:  # at least one that was not read before
                    contents[path] = self._hash(top, path, cancelled)

    def folders(self, names: set[str]) -> Listing:
        """
        What lies in those of some folders that exist; the directory itself is the empty path.

        Raises:
            PlayheadError: the directory is not there, or cannot be read.
        """
        with self._opened() as top:
            return folders_in(top, names)

    def _hash(self, top: int, path: str, cancelled: Cancelled) -> str:
        try:
            with open_regular(top, path) as file:
                mark = Mark(*mark_of(file.stat))
                if mark not in self._hashes:
                    if len(self._hashes) >= HASHES_MAX:
                        self._hashes.clear()
                    self._hashes[mark] = hash_file(file.fd, cancelled=cancelled)
                return self._hashes[mark]
        except (OSError, Missing, Changed):  # then it is like no other, and is kept
            return f"unreadable: {path}"
