"""
Events as lines of JSON, out of one log and into another, without losing or doubling any.

A line is what the audit trail shows, with `blob` (the stored bytes, base64) added, so that a whole
log carried into an empty one keeps its hash chain to the last bit. A line written by hand may leave
`blob` out and give `data` instead.
"""

import math
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from daemon.eventlog.store import EventLog, LogReader, Stored
from projections.codec import CODEC
from projections.envelope import Envelope, Seq
from projections.errors import PlayheadError
from projections.events import Event, Opaque
from projections.moments import parse_moment
from projections.render import EventView, event_view
from projections.vocabulary import EVENT_TYPES

BATCH_EVENTS = 1_000

LINE_BYTES_MAX = 16 * 1024 * 1024
"""Longer lines are no events of ours."""


class Line(EventView, frozen=True, kw_only=True):
    """One exported event."""

    blob: bytes | None = None


class IncomingLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event to import; what an export does not need to say has a default."""

    id: str
    at: str
    type: str
    seq: int | None = None
    recorded: str | None = None
    source: str = "import"
    actor: str = "import"
    cause: int | None = None
    data: dict[str, Any] | None = None
    blob: bytes | None = None


class BadLine(msgspec.Struct, frozen=True):
    """A line that is no event, with its number (from 1) and what is wrong."""

    number: int
    detail: str


class Imported(msgspec.Struct):
    """What an import did, counted while it runs."""

    added: int = 0
    known: int = 0
    bad: int = 0


_decoder = msgspec.json.Decoder(IncomingLine)


def exported_rows(log: LogReader, *, after: Seq = 0) -> Iterator[bytes]:
    """The lines of all events, with the very bytes that are stored."""
    for row in log.rows(after=after):
        seq, event_id, at, recorded, kind, source, actor, cause, data = row
        event = CODEC.decode(kind, data)
        envelope = Envelope(seq, event_id, at, recorded, kind, source, actor, cause, event)
        view = msgspec.structs.asdict(event_view(envelope))
        yield msgspec.json.encode(Line(**view, blob=data))


class Importer:
    """
    Puts lines into a log. Events whose id the log holds already are left alone, so an import may
    be repeated or interrupted at will.
    """

    def __init__(self, log: EventLog) -> None:
        self.result = Imported()
        self._log = log
        self._rows: list[Stored] = []
        self._ids: dict[bytes, Seq] = {}
        self._places: dict[Seq, Seq] = {}

    def add(self, lines: Iterable[bytes]) -> Iterator[BadLine]:
        """Imports lines and yields the ones that are no events; the others are in the log after."""
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                self._add(line)
            except (PlayheadError, msgspec.MsgspecError, ValueError) as error:
                self.result.bad += 1
                yield BadLine(number, str(error))
            if len(self._rows) >= BATCH_EVENTS:
                self._flush()
        self._flush()

    def _add(self, line: bytes) -> None:
        if len(line) > LINE_BYTES_MAX:
            raise ValueError(f"it is longer than {LINE_BYTES_MAX} bytes")
        incoming = _decoder.decode(line)
        event_id = uuid.UUID(incoming.id).bytes
        known = self._known(event_id)
        if known is not None:
            self.result.known += 1
        else:
            known = self._log.end.seq + len(self._rows) + 1
            self._rows.append(self._row(known, event_id, incoming))
            self._ids[event_id] = known
            self.result.added += 1
        if incoming.seq is not None:
            self._places[incoming.seq] = known

    def _known(self, event_id: bytes) -> Seq | None:
        if event_id in self._ids:
            return self._ids[event_id]
        found = self._log.seq_of_id(event_id)
        return None if found is None else found[0]

    def _row(self, seq: Seq, event_id: bytes, incoming: IncomingLine) -> Stored:
        at = parse_moment(incoming.at)
        recorded = at if incoming.recorded is None else parse_moment(incoming.recorded)
        cause = None if incoming.cause is None else self._places.get(incoming.cause)
        return (
            seq,
            event_id,
            at,
            recorded,
            incoming.type,
            incoming.source,
            incoming.actor,
            cause,
            _blob(incoming),
        )

    def _flush(self) -> None:
        if self._rows:
            self._log.append(self._rows)
            self._rows = []
            self._ids.clear()


def _refuse_unreadable(event: Event | Opaque) -> None:
    """No daemon writes a number that is none, and no view could show it."""
    values = msgspec.structs.astuple(event)
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise ValueError("it holds a number that is not finite")


def _blob(incoming: IncomingLine) -> bytes:
    """The stored bytes: those given, checked; or made from `data`."""
    if incoming.blob is not None:
        _refuse_unreadable(CODEC.decode(incoming.type, incoming.blob))
        return incoming.blob
    if incoming.data is None:
        raise ValueError("it has neither data nor blob")
    kind = EVENT_TYPES.get(incoming.type)
    if kind is None:
        raise ValueError(f"{incoming.type!r} is no known event type, so it needs its blob")
    return CODEC.encode(msgspec.convert(incoming.data, kind))
