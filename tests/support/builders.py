"""
Events, envelopes and reports with sensible values, so that a test names only what it is about.
"""

import uuid
from typing import Any

from projections.codec import CODEC
from projections.commands import PositionReport, ReportPositions
from projections.envelope import Envelope
from projections.events import Event, PositionReported
from support.clock import START_NS


def reported(**fields: Any) -> PositionReported:
    """A `PositionReported` of user `mara` in `/films/harbour.mkv` at 60 s."""
    values: dict[str, Any] = {
        "user": "mara",
        "media": "/films/harbour.mkv",
        "name": "harbour.mkv",
        "position_s": 60.0,
        "session": "s1",
    }
    return PositionReported(**(values | fields))


def envelope(event: Event, *, seq: int = 1, at: int = START_NS, **fields: Any) -> Envelope:
    """The event as the log would hold it, recorded the moment it happened."""
    values: dict[str, Any] = {
        "id": uuid.UUID(int=seq).bytes,
        "recorded": at,
        "type": CODEC.type_of(event),
        "source": "test",
        "actor": "mara",
        "cause": None,
    }
    return Envelope(seq=seq, at=at, event=event, **(values | fields))


def report(**fields: Any) -> PositionReport:
    """A report of `harbour.mkv` at 60 s."""
    values: dict[str, Any] = {
        "name": "harbour.mkv",
        "path": "/films/harbour.mkv",
        "position_s": 60.0,
        "session": "s1",
    }
    return PositionReport(**(values | fields))


def report_command(*reports: PositionReport, user: str = "mara") -> ReportPositions:
    """A command that reports positions for a user."""
    return ReportPositions(source="test", actor=user, user=user, reports=reports or (report(),))


def report_body(**fields: Any) -> dict[str, Any]:
    """The JSON body of one report over HTTP, with a fresh event id."""
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "name": "harbour.mkv",
        "path": "/films/harbour.mkv",
        "position_s": 60.0,
        "device": "tv",
        "session": "s1",
    }
    return values | fields
