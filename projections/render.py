"""
One event as a person or another program reads it: a JSON object, or one line of text.
"""

import base64
import json
import uuid
from typing import Any

import msgspec

from projections.envelope import Envelope
from projections.events import Event, Opaque
from projections.moments import moment_text


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """
    An event of the log. `at` is when it happened, `recorded` when the log took it; `data` depends
    on `type`.
    """

    seq: int
    id: str
    at: str
    recorded: str
    type: str
    source: str
    actor: str
    cause: int | None
    data: dict[str, Any]


def event_view(envelope: Envelope) -> EventView:
    """The event with times as text and its id in the usual form."""
    return EventView(
        seq=envelope.seq,
        id=str(uuid.UUID(bytes=envelope.id)),
        at=moment_text(envelope.at),
        recorded=moment_text(envelope.recorded),
        type=envelope.type,
        source=envelope.source,
        actor=envelope.actor,
        cause=envelope.cause,
        data=event_data(envelope.event),
    )


def event_data(event: Event | Opaque) -> dict[str, Any]:
    """The event's fields; for a type this release does not know, whatever its bytes can tell."""
    if isinstance(event, Opaque):
        return _opaque_data(event.data)
    fields: dict[str, Any] = msgspec.to_builtins(event)
    return fields


def _opaque_data(data: bytes) -> dict[str, Any]:
    try:
        fields = msgspec.to_builtins(msgspec.msgpack.decode(data), str_keys=True)
    except (msgspec.MsgspecError, UnicodeError, TypeError, ValueError):
        fields = None
    if isinstance(fields, dict):
        return fields
    return {"base64": base64.b64encode(data).decode()}


def event_line(envelope: Envelope) -> str:
    """One line: seq, time, type, actor, and the fields that say most."""
    head = f"{envelope.seq:>8}  {moment_text(envelope.at)[:23]}Z  {envelope.type:<20}"
    who = f"{envelope.actor}@{envelope.source}"
    pairs = [f"{name}={_short(value)}" for name, value in event_data(envelope.event).items()]
    cause = [] if envelope.cause is None else [f"cause={envelope.cause}"]
    return "  ".join([head, f"{who:<24}", " ".join(cause + pairs)])


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    plain = text.isprintable() and " " not in text and text != ""
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    """As JSON, what a terminal might obey or hide escaped as well."""
    quoted = msgspec.json.encode(text).decode()
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in quoted)
