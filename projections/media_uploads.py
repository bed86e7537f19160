"""
Uploads on their way: files that come in parts, and runs of uploads that belong together.

What became of a file that came in parts stays known for as long again as it was waited for: its
sender may have missed the answer.
"""

from typing import Any, Literal

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.fold import Column, Key, Projection
from projections.media_events import (
    BatchFinished,
    BatchStarted,
    DuplicateSeen,
    FileStored,
    UploadClosed,
    UploadEnd,
    UploadOpened,
    UploadRefused,
)

KEPT: frozenset[UploadEnd] = frozenset({"stored", "duplicate"})
"""These ends are remembered."""


class OpenUpload(msgspec.Struct, frozen=True, gc=False):
    """A file that is expected, who sends it, and since when; how it ended, once it is complete."""

    upload: UploadOpened
    user: str
    at: Nanos
    closed: UploadClosed | None = None
    closed_at: Nanos = 0


class OpenUploads(Projection[OpenUpload]):
    """
    Files that come in parts, until they are given up; complete ones until they are closed a second
    time, as expired.
    """

    name = "media_uploads"
    version = 1
    row = OpenUpload
    handles = frozenset({"upload.opened", "upload.closed"})
    columns = (Column("source", "TEXT"), Column("expires", "INTEGER"))
    indexes = (("expires",),)

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The upload."""
        event: Any = envelope.event
        return ((event.id,),)

    def apply(self, row: OpenUpload | None, envelope: Envelope, key: Key) -> OpenUpload | None:
        """The announcement, and how it ended."""
        event = envelope.event
        if isinstance(event, UploadOpened):
            return OpenUpload(event, envelope.actor, envelope.at)
        assert isinstance(event, UploadClosed)
        if row is None or event.how not in KEPT:
            return None
        return msgspec.structs.replace(row, closed=event, closed_at=envelope.at)

    def index(self, row: OpenUpload) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.upload.source, row.upload.expires_ns if row.closed is None else kept_ns(row))


def kept_ns(row: OpenUpload) -> Nanos:
    """Until when a complete upload stays known."""
    return row.closed_at + row.upload.expires_ns - row.at


class Batch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run of uploads and how many of each outcome it has had."""

    batch: str
    source: str
    project: str
    created_ns: Nanos
    remote: str
    user_agent: str
    closed_ns: Nanos | None = None
    stored_count: int = 0
    duplicate_count: int = 0
    error_count: int = 0


class Batches(Projection[Batch]):
    """Runs of uploads by id."""

    name = "media_batches"
    version = 1
    row = Batch
    handles = frozenset(
        {"batch.started", "batch.finished", "media.stored", "media.duplicate", "media.refused"}
    )

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """The batch, if the upload belongs to one."""
        event: Any = envelope.event
        return ((event.batch,),) if event.batch else ()

    def apply(self, row: Batch | None, envelope: Envelope, key: Key) -> Batch | None:
        """The batch with the outcome counted."""
        event = envelope.event
        if isinstance(event, BatchStarted):
            return Batch(
                batch=event.batch,
                source=event.source,
                project=event.project,
                created_ns=envelope.at,
                remote=event.remote,
                user_agent=event.user_agent,
            )
        if row is None:
            return None
        if isinstance(event, BatchFinished):
            return msgspec.structs.replace(row, closed_ns=row.closed_ns or envelope.at)
        if isinstance(event, FileStored):
            return msgspec.structs.replace(row, stored_count=row.stored_count + 1)
        if isinstance(event, DuplicateSeen):
            return msgspec.structs.replace(row, duplicate_count=row.duplicate_count + 1)
        return msgspec.structs.replace(row, error_count=row.error_count + 1)


class BatchItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The outcome of one upload of a batch."""

    batch: str
    seq: Seq
    at: Nanos
    status: Literal["stored", "duplicate", "error"]
    name: str
    path: str = ""
    sha256: str = ""
    size_bytes: int = 0
    problem: str = ""


class BatchItems(Projection[BatchItem]):
    """Outcomes by batch and event."""

    name = "media_batch_items"
    version = 1
    row = BatchItem
    handles = frozenset({"media.stored", "media.duplicate", "media.refused"})
    columns = (Column("batch", "TEXT"), Column("seq", "INTEGER"))
    indexes = (("batch", "seq"),)

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """A row of its own for each upload of a batch."""
        event: Any = envelope.event
        return ((event.batch, envelope.seq),) if event.batch else ()

    def apply(self, row: BatchItem | None, envelope: Envelope, key: Key) -> BatchItem:
        """What became of the upload."""
        event, seq, at = envelope.event, envelope.seq, envelope.at
        if isinstance(event, UploadRefused):
            problem = event.problem
            return BatchItem(
                batch=event.batch, seq=seq, at=at, status="error", name=event.name, problem=problem
            )
        assert isinstance(event, FileStored | DuplicateSeen)
        is_stored = isinstance(event, FileStored)
        kept = event.file if isinstance(event, FileStored) else event
        return BatchItem(
            batch=event.batch,
            seq=seq,
            at=at,
            status="stored" if is_stored else "duplicate",
            name=event.name,
            path=kept.path,
            sha256=kept.sha256,
            size_bytes=kept.size_bytes,
        )

    def index(self, row: BatchItem) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.batch, row.seq)


UPLOADS = OpenUploads()
BATCHES = Batches()
BATCH_ITEMS = BatchItems()
