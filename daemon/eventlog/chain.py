"""
What an event is as a row, and how its hash covers it and all before it: the same in the table and
in a segment.
"""

import hashlib
from typing import TypeAlias

import msgspec

from daemon.sql import load_queries
from projections.envelope import Nanos, Seq

QUERIES = load_queries("daemon.eventlog")

GENESIS_HASH = bytes(32)
"""What the first event's hash chains to."""

SEQ_MAX = 2**63 - 1

Stored: TypeAlias = tuple[Seq, bytes, Nanos, Nanos, str, str, str, Seq | None, bytes]
"""One row of the log without its hash: seq, id, at, recorded, type, source, actor, cause, data."""

_encode = msgspec.msgpack.Encoder().encode


class Head(msgspec.Struct, frozen=True):
    """The end of the log: seq and hash of its last event, and when that was recorded."""

    seq: Seq = 0
    hash: bytes = GENESIS_HASH
    recorded: Nanos = 0


def chain_hash(previous: bytes, row: Stored) -> bytes:
    """SHA-256 over the previous event's hash and the msgpack array of this event's columns."""
    return hashlib.sha256(previous + _encode(row)).digest()
