"""
TimestampSync: its environment as our settings, and its bookmarks as reports of positions.

A bookmark is a late report, made when TimestampSync stored it: it is resumed from at once, and
loses against anything reported to Playhead since.
"""

from collections.abc import Mapping

import msgspec

from daemon.adopt.outcome import Adoption, Notes
from daemon.adopt.records import INT64_MAX, UNKNOWN_MOMENT, Record, content_id, moment_ns, whole
from daemon.config.schedule import parse_schedule
from daemon.config.settings import Auth, GarbageCollection, Server, Settings
from projections.envelope import Draft, Nanos
from projections.errors import PlayheadError
from projections.events import PositionReported
from projections.identity import Identity, media_key

ORIGIN = "timestampsync"

NAME_BYTES_MAX = 4_096
"""As long as a name may be when it is reported."""

PORT_DEFAULT = "8080"
BROKEN_PASSWORD = "password"  # noqa: S105 - with it, TimestampSync forgets both and takes defaults

LEFT = {
    "DB_PATH": "the log and the views are kept in `data`; the bookmarks are read from the old"
    " database by the command that made this file",
    "TZ": "set it for the daemon as well: schedules are in the time zone of its process",
}

CREDENTIALS = (
    "TimestampSync took both from its defaults, admin and password, because one was missing or"
    " the password was that; Playhead has no default: playhead user add NAME"
)


def adopted_settings(environment: Mapping[str, str], user: str) -> Adoption:
    """Our settings in place of TimestampSync's variables; `user` is whose the bookmarks are."""
    notes = Notes()
    settings = Settings(auth=_auth(environment, user, notes))
    if "PORT" in environment:
        notes.take("server.bind", "PORT", "TimestampSync listened on all addresses")
        port = environment["PORT"].strip() or PORT_DEFAULT
        settings = msgspec.structs.replace(settings, server=Server(bind=f"0.0.0.0:{port}"))
    schedule = environment.get("GC_SCHEDULE")
    if schedule:
        settings = msgspec.structs.replace(settings, gc=_collection(schedule, notes))
    for name, because in LEFT.items():
        if name in environment:
            notes.leave(name, because)
    known = {"PORT", "GC_SCHEDULE", "BASIC_AUTH_USER", "BASIC_AUTH_PASS", *LEFT}
    notes.unknown += [name for name in environment if name not in known]
    return Adoption(origin=ORIGIN, settings=settings, notes=notes)


def _auth(environment: Mapping[str, str], user: str, notes: Notes) -> Auth:
    name, password = environment.get("BASIC_AUTH_USER"), environment.get("BASIC_AUTH_PASS")
    if name and password and password != BROKEN_PASSWORD:
        notes.take("auth.user", "BASIC_AUTH_USER")
        notes.take("auth.password", "BASIC_AUTH_PASS")
        notes.secrets["auth.password"] = password
        return Auth(user=name, password=password)
    for variable in ("BASIC_AUTH_USER", "BASIC_AUTH_PASS"):
        if variable in environment:
            notes.leave(variable, CREDENTIALS)
    if user == Auth().open_user:
        return Auth()
    notes.take("auth.open_user", remark="whose the bookmarks are while nobody has to sign in")
    return Auth(open_user=user)


def _collection(schedule: str, notes: Notes) -> GarbageCollection:
    try:
        parse_schedule(schedule)
    except PlayheadError as error:
        notes.leave("GC_SCHEDULE", f"it cannot be read: {error}")
        return GarbageCollection()
    remark = "TimestampSync forgot after 30 days; here retention_days decides, 365 unless changed"
    notes.take("gc.schedule", "GC_SCHEDULE", remark)
    return GarbageCollection(schedule=schedule)


def user_of(environment: Mapping[str, str]) -> str:
    """Whose the bookmarks are unless somebody says otherwise."""
    name, password = environment.get("BASIC_AUTH_USER"), environment.get("BASIC_AUTH_PASS")
    usable = name and password and password != BROKEN_PASSWORD
    return name if name and usable else Auth().open_user


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One row of `timestamps`. SQLite holds whatever type was put in."""

    name: object
    seconds: object
    timestamp: object


def is_usable(row: Row) -> bool:
    """Whether a bookmark names a file: TimestampSync stored rows without a name, too."""
    if not isinstance(row.name, str):
        return False
    return 0 < len(row.name.encode(errors="replace")) <= NAME_BYTES_MAX


def is_dated(row: Row) -> bool:
    """Whether it can be told when a bookmark was stored."""
    return moment_ns(row.timestamp) != UNKNOWN_MOMENT


def adopted_bookmark(row: Row, user: str, *, now: Nanos) -> Record:
    """A bookmark as a report of its day."""
    assert isinstance(row.name, str)
    name = row.name.encode(errors="replace").decode()
    event = PositionReported(
        user=user,
        media=media_key(Identity(name=name)),
        name=name,
        position_s=float(min(whole(row.seconds), INT64_MAX)),
        session=ORIGIN,
    )
    event_id = content_id(ORIGIN, "timestamps", user, row.name, row.seconds, row.timestamp)
    at = min(moment_ns(row.timestamp), now)
    return Record(Draft(event=event, at=at, id=event_id), ORIGIN, user)
