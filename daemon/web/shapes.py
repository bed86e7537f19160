"""
The wire shapes of the positions interface: what clients send and get, with every limit. Units are
in the names.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from projections.events import Reason

REPORTS_MAX = 500
PAGE_MAX = 500
PAGE_DEFAULT = 100
SEQ_MAX = 2**63 - 1

Name = Annotated[str, Meta(min_length=1, max_length=1024)]
Path = Annotated[str, Meta(min_length=1, max_length=4096)]
Short = Annotated[str, Meta(max_length=128)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Size = Annotated[int, Meta(ge=0, le=SEQ_MAX)]
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One position. `client_time_s` is when it was measured, by the client's clock (unix seconds).
    """

    id: Annotated[
        str,
        Meta(
            min_length=32,
            max_length=45,
            description="The producer's event id: a UUID.",
            extra_json_schema={"format": "uuid"},
        ),
    ]
    name: Name
    position_s: Seconds
    client_time_s: float | None = None
    device: Short = ""
    session: Short = ""
    path: Path | None = None
    media: Path | None = None
    fingerprint: Short | None = None
    size_bytes: Size | None = None
    duration_s: Seconds | None = None
    reason: Reason = "other"
    finished: bool = False
    title: Annotated[str, Meta(max_length=1024)] | None = None


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a report that is refused: its id."""

    id: str


class SingleReport(Report, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One position with the client's clock at sending, from which the age of the report is reckoned.
    """

    sent_time_s: float | None = None


class ReportBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch whose reports are still undecoded, so that each can be judged by itself."""

    reports: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=REPORTS_MAX)]
    sent_time_s: float | None = None


class ReportBatchShape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Several positions, up to 500. Each is judged by itself: a refused one does not hold up the
    others.
    """

    reports: Annotated[list[Report], Meta(min_length=1, max_length=REPORTS_MAX)]
    sent_time_s: float | None = None


class ReportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one report; a refused one will be refused again."""

    id: str | None
    status: Literal["recorded", "duplicate", "refused"]
    seq: int | None = None
    detail: str | None = None


class ReportResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result per report, in order."""

    results: list[ReportResult]


class ResumeQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which file is meant; at least one of `path`, `name`, `media` and `fingerprint`."""

    path: Path | None = None
    name: Name | None = None
    media: Path | None = None
    fingerprint: Short | None = None
    size_bytes: Size | None = None
    duration_s: Seconds | None = None
    device: Short = ""


class ResumeView(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where to resume; `position_s` is null when there is nothing to resume, and `detail` says why.
    """

    position_s: float | None
    duration_s: float | None
    finished: bool
    device: str | None
    at: str | None
    media: str | None
    matched_by: Literal["media", "fingerprint", "path", "name"] | None
    detail: str


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """One position as it is kept. `seq` is the event that says so."""

    media: str
    name: str
    title: str | None
    position_s: float
    duration_s: float | None
    finished: bool
    reason: Reason
    device: str
    session: str
    path: str | None
    at: str
    seq: int


class PositionPage(msgspec.Struct, frozen=True, kw_only=True):
    """
    Positions, latest first. `next` goes into `before` for the following page; null on the last.
    """

    positions: list[PositionView]
    next: int | None


class PositionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page, or the one position of a media key."""

    media: Path | None = None
    before: Annotated[int, Meta(ge=1, le=SEQ_MAX)] = SEQ_MAX
    limit: Limit = PAGE_DEFAULT


class MediaQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The media key of one file, as the list of positions gives it."""

    media: Path


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of one file's history."""

    media: Path
    before: Annotated[int, Meta(ge=1, le=SEQ_MAX)] = SEQ_MAX
    limit: Limit = PAGE_DEFAULT


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """
    One playback. Its reports are the `position.reported` events from `first_seq` to `last_seq`.
    """

    session: str
    name: str
    device: str
    first_position_s: float
    last_position_s: float
    duration_s: float | None
    finished: bool
    reports_count: int
    started_at: str
    ended_at: str
    first_seq: int
    last_seq: int


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The playbacks of one file, latest first. `next` goes into `before` for the following page."""

    sessions: list[SessionView]
    next: int | None


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """What was forgotten, and the event that says so."""

    media: str
    seq: int
