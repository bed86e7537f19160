"""
From a notification of the webhook plugin to the command that records it: what to look at again.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from adapters.jellyfin.webhook import DEDUP_BYTES, Notice, parse
from projections.envelope import Nanos
from projections.sync_commands import ReceiveWebhook
from projections.sync_events import Poke

SOURCE = "webhook"

PLAYING: Mapping[str, str] = {
    "PlaybackStart": "PlaybackStart",
    "PlaybackProgress": "PlaybackProgress",
    "PlaybackStop": "PlaybackFinished",
}
"""Notifications of playback, and the reason for which the server saves user data with each."""

USER_DATA = frozenset({"UserDataSaved", *PLAYING})
ITEMS = frozenset({"ItemAdded", "ItemDeleted"})
ACCOUNTS = frozenset({"UserCreated", "UserDeleted", "UserUpdated"})

WORD_CHARS_MAX = 64
"""The longest type or reason there is has 24."""

LIBRARY_SCAN = "RefreshLibrary"
"""The key of the scheduled task that ends a scan of the library."""


class _TaskResult(msgspec.Struct, frozen=True):
    ResultKey: str = ""


def command(server: str, body: bytes, content_type: str) -> ReceiveWebhook:
    """
    What to record of a notification that was posted for `server`. Never raises: what cannot be
    understood is recorded with the reason.
    """
    notice = parse(body, content_type)
    pokes = _pokes(notice, body)
    problem = notice.problem or ("" if pokes else _lack(notice))
    return ReceiveWebhook(
        source=SOURCE,
        actor=server,
        server=server,
        body=body,
        content_type=content_type,
        type=notice.type[:WORD_CHARS_MAX],
        pokes=pokes,
        problem=problem,
        # What is not understood is never taken for a repeat: its key may lack what tells it apart.
        id=_event_id(server, notice.dedup_key) if pokes or not problem else None,
        at=_moment(notice.utc_ns),
    )


def _pokes(notice: Notice, body: bytes) -> tuple[Poke, ...]:
    kind = notice.type
    if kind in USER_DATA and notice.user_id and notice.item_id:
        return (_user_data(notice),)
    if kind in ITEMS and notice.item_id:
        return (Poke(kind="item", item_id=notice.item_id),)
    if kind in ACCOUNTS:
        return (Poke(kind="accounts"),)
    if kind == "TaskCompleted" and _result_key(body) == LIBRARY_SCAN:
        return (Poke(kind="library"),)
    return ()


def _user_data(notice: Notice) -> Poke:
    return Poke(
        kind="userdata",
        user_id=notice.user_id,
        item_id=notice.item_id,
        reason=PLAYING.get(notice.type, notice.reason[:WORD_CHARS_MAX]),
        state=notice.state,
        audio_stream=notice.audio_stream,
        subtitle_stream=notice.subtitle_stream,
    )


def _result_key(body: bytes) -> str:
    """Which task ended; nothing where the body is no plain JSON, and the next sweep finds out."""
    try:
        return msgspec.json.decode(body, type=_TaskResult).ResultKey
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""


def _lack(notice: Notice) -> str:
    """What a notification that should lead to something does not say."""
    if notice.type in USER_DATA and not notice.user_id:
        return f"{notice.type} names no user."
    if notice.type in USER_DATA | ITEMS and not notice.item_id:
        return f"{notice.type} names no item."
    return ""


def _event_id(server: str, key: bytes | None) -> bytes | None:
    """
    Each webhook has ids of its own: a notification that also reached the wrong address must not
    keep the right one from recording it.
    """
    if key is None:
        return None
    name = server.casefold().encode()
    return hashlib.blake2b(key, digest_size=DEDUP_BYTES, key=hashlib.sha256(name).digest()).digest()


def _moment(utc_ns: Nanos | None) -> Nanos | None:
    """The moment a server tells; one before 1970 comes from a clock that is not set."""
    return utc_ns if utc_ns is not None and utc_ns >= 0 else None
