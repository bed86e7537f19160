"""
Finding out what to do with a directory: looking, telling episodes by their names, and reading those
files whose content decides. All of it blocks and changes nothing: call it in a thread.
"""

from adapters.disk.errors import Changed, Missing, named
from adapters.disk.hashing import Cancelled, hash_file, never
from adapters.disk.opening import mark_of, open_regular
from adapters.organizer.ground import Ground, Look, folders_in, look
from adapters.organizer.recognizing import Recognizer
from adapters.organizer.settings import OrganizerSettings
from projections.envelope import Nanos
from projections.filing_plan import FilingPlan, plan_filing
from projections.filing_survey import Listing, Mark, Survey

HASHES_MAX = 1_000
"""Of files that wait beside another of the same size; each is read once as long as it stays."""


class Planner:
    """Plans for one directory. Only one thread may use it at a time."""

    def __init__(self, settings: OrganizerSettings) -> None:
        self.ground = Ground(settings.folder)
        self._settings = settings
        self._recognizer = Recognizer()
        self._hashes: dict[Mark, str] = {}

    def look(self, now: Nanos) -> Look:
        """
        What lies there.

        Raises:
            Unreachable: the directory is not there.
            PlayheadError: it cannot be read.
        """
        settings = self._settings
        try:
            with self.ground.opened() as top:
                return look(
                    top, settings.rules, self._recognizer, now=now, stable_ns=settings.stable_ns
                )
        except OSError as error:
            raise named(error, f"The directory {settings.folder}") from error

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
        try:
            with self.ground.opened() as top:
                shows = folders_in(top, found.shows())
                while True:
                    plan = plan_filing(found, shows, contents=contents, undone=undone)
                    if not plan.unread:
                        return plan
                    for path in plan.unread:  # at least one that was not read before
                        contents[path] = self._hash(top, path, cancelled)
        except OSError as error:
            raise named(error, f"The directory {self._settings.folder}") from error

    def folders(self, names: set[str]) -> Listing:
        """
        What lies in those of some folders that exist; the directory itself is the empty path.

        Raises:
            PlayheadError: the directory is not there, or cannot be read.
        """
        try:
            with self.ground.opened() as top:
                return folders_in(top, names)
        except OSError as error:
            raise named(error, f"The directory {self._settings.folder}") from error

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
