"""
Where episodes were filed, and what was left.

`FILINGS` tells when a file that lies in the folder of its show came there, whatever its own times
say: a window of recent files goes by that.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.filing_events import FileFiled, FilesLeft, FileUnfiled, LeftFile
from projections.filing_survey import Mark
from projections.fold import Column, Key, Projection

FilingState: TypeAlias = Literal["filed", "undone"]


class Filing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A file that was filed, when (`at`), on whose behalf, and what became of it."""

    filed: FileFiled
    seq: Seq
    at: Nanos
    state: FilingState = "filed"
    undone_ns: Nanos | None = None

    @property
    def new_path(self) -> str:
        """The absolute path of the file at its new place."""
        return f"{self.filed.folder}/{self.filed.new_path}"


class Filings(Projection[Filing]):
    """Every filing by its id."""

    name = "filings"
    version = 1
    row = Filing
    handles = frozenset({"organizer.filed", "organizer.unfiled"})
    columns = (
        Column("organizer", "TEXT"),
        Column("seq", "INTEGER"),
        Column("path", "TEXT"),
        Column("undone", "INTEGER"),
    )
    indexes = (("seq",), ("organizer", "seq"), ("undone", "path", "seq"))

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The filing."""
        event: Any = envelope.event
        return ((event.id,),)

    def apply(self, row: Filing | None, envelope: Envelope, key: Key) -> Filing | None:
        """The filing, and whether it was undone."""
        event = envelope.event
        if isinstance(event, FileFiled):
            return Filing(filed=event, seq=envelope.seq, at=envelope.at)
        assert isinstance(event, FileUnfiled)
        if row is None:
            return None
        return msgspec.structs.replace(row, state="undone", undone_ns=envelope.at)

    def index(self, row: Filing) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.filed.organizer, row.seq, row.new_path, int(row.state == "undone"))


class Left(msgspec.Struct, frozen=True, gc=False):
    """Why a file was left, as it was then."""

    file: LeftFile
    seq: Seq


class LeftFiles(Projection[Left]):
    """Files that were left or put back, by absolute path, until they are filed."""

    name = "filing_left"
    version = 1
    row = Left
    handles = frozenset({"organizer.filed", "organizer.left", "organizer.unfiled"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The absolute paths."""
        event: Any = envelope.event
        paths = event.files if isinstance(event, FilesLeft) else (event.path,)
        return tuple((f"{event.folder}/{path}",) for path in paths)

    def apply(self, row: Left | None, envelope: Envelope, key: Key) -> Left | None:
        """The latest word about a file."""
        event = envelope.event
        if isinstance(event, FileFiled):
            return None
        if isinstance(event, FileUnfiled):
            return Left(LeftFile(why="undone", mark=event.mark), envelope.seq)
        assert isinstance(event, FilesLeft)
        path = str(key[0]).removeprefix(f"{event.folder}/")
        return Left(event.files[path], envelope.seq)


def undone_mark(left: Left | None) -> Mark | None:
    """As what a file was seen when it was put back; None if it was not."""
    return left.file.mark if left is not None and left.file.why == "undone" else None


FILINGS = Filings()
LEFT = LeftFiles()
