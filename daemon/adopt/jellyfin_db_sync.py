"""
jellyfin-db-sync: its settings as ours, and its sync log and queue as history.

It matches people by name, as we do; a name is only mapped where its own table of accounts shows
that somebody is called differently somewhere.
"""

import re
from collections.abc import Iterable

import msgspec

from daemon.adopt.outcome import Adoption, Notes, our_names, renamed
from daemon.adopt.people import Mapping, different_names
from daemon.adopt.records import Record, bounded, history, moment_ns
from daemon.adopt.trees import Section, Tree
from daemon.config.rules_sync import is_whole_path
from daemon.config.settings import Server, Settings, Telemetry
from daemon.config.sync import DAY_S, MONTH_S, JellyfinServer, PathPolicy, Sync, SyncField
from projections.envelope import Nanos
from projections.rules import RETRY_FOR_EVER
from projections.sync_events import HistoryAdopted

ORIGIN = "jellyfin-db-sync"

HOST_DEFAULT = "0.0.0.0"  # noqa: S104 - what it listens on unless told otherwise
PORT_DEFAULT = 8080

FIELDS: dict[str, SyncField] = {
    "playback_progress": "position",
    "watched_status": "played",
    "play_count": "play_count",
    "last_played_date": "last_played",
    "favorites": "favorite",
    "likes": "rating",
    "ratings": "rating",
}
"""Their switches, and the field of ours that each turns off."""

ORDER: tuple[SyncField, ...] = Sync().fields

STREAMS = (
    "jellyfin-db-sync's writes had no effect, because Jellyfin takes the chosen tracks only as part"
    ' of a report of playback; add "streams" to sync.fields to keep both in step'
)

LEFT = {
    "audio_stream": STREAMS,
    "subtitle_stream": STREAMS,
    "worker_interval_seconds": "nothing is polled: a change is passed on when it is recorded",
    "max_retries": "jellyfin-db-sync did not read it and gave up after five attempts; here a change"
    " is tried sync.attempts_max times and then parked, where it can be seen and retried",
}

DATABASE = {
    "path": "the log and the views are kept in `data`; what the old database noted is read from it"
    " by the command that made this file",
    "journal_mode": "the log needs a local disk and always has a write-ahead log",
}

LOG_LEVELS = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARNING": "warning",
    "WARN": "warning",
    "ERROR": "error",
    "CRITICAL": "error",
}

CREATES = (
    "jellyfin-db-sync created missing users on every server. It deleted them everywhere as well,"
    " administrators too, whenever anybody posted that one was gone; here deletion stays off until"
    " delete_users says otherwise"
)

WEBHOOK_TO_DO = (
    "In the webhook plugin of {their}, the destination's URL goes on to be"
    " http://HOST:{port}/webhook/{ours}. Tick Send All Properties, and add the header"
    " X-Playhead-Secret with the webhook_secret of this server: nobody may post without it. Or"
    " remove it there, and let `playhead jellyfin setup {ours}` add one."
)

BIND_TO_DO = (
    "{bind} can be reached by other machines, so the daemon starts only when there is a user or a"
    " token: playhead user add NAME"
)

_PLACEHOLDER = re.compile(r"\$\{.*\}")


def adopted_settings(tree: Tree, mappings: Iterable[Mapping]) -> Adoption:
    """Our settings in place of those in its file; `mappings` is from its database."""
    notes = Notes()
    top = Section(tree, path="", problems=notes.problems, unknown=notes.unknown)
    sections = top.listed("servers")
    theirs = [section.text("name") or "" for section in sections]
    names = our_names(theirs)
    servers: dict[str, str] = {}
    for their, ours in zip(theirs, names, strict=True):
        servers.setdefault(their, ours)
    users = different_names(mappings)
    bind = _bind(top.section("server"), notes)
    settings = Settings(
        server=Server(bind=bind),
        telemetry=_telemetry(top.section("logging"), notes),
        sync=_sync(top.section("sync"), notes),
        jellyfin=tuple(
            _server(number, section, name, users=users.get(their, {}), notes=notes)
            for number, (section, name, their) in enumerate(
                zip(sections, names, theirs, strict=True), start=1
            )
        ),
        path_policy=_policies(top.listed("path_sync_policy"), notes),
    )
    _leave(top.section("database"), DATABASE, notes)
    top.done()
    _advise(servers, bind, notes)
    if not sections and not notes.problems:
        notes.problems.append("servers holds no server")
    return Adoption(origin=ORIGIN, settings=settings, notes=notes, servers=servers)


def _advise(servers: dict[str, str], bind: str, notes: Notes) -> None:
    host, _, port = bind.rpartition(":")
    if host not in {"127.0.0.1", "localhost", "[::1]"}:
        notes.to_do.append(BIND_TO_DO.format(bind=bind))
    notes.to_do += [
        WEBHOOK_TO_DO.format(their=their, ours=ours, port=port) for their, ours in servers.items()
    ]


def _server(
    number: int, section: Section, name: str, *, users: dict[str, str], notes: Notes
) -> JellyfinServer:
    ours = f"jellyfin[{number}]"
    url, api_key = section.text("url") or "", (section.text("api_key") or "").strip()
    notes.take(f"{ours}.name", section.key("name"), renamed(section.text("name") or "", name))
    notes.take(f"{ours}.url", section.key("url"))
    notes.take(f"{ours}.api_key", section.key("api_key"))
    notes.take(f"{ours}.create_users", remark=CREATES)
    if not api_key:
        notes.refuse(f"{ours}.api_key", f"{section.key('api_key')} is missing")
    elif _PLACEHOLDER.fullmatch(api_key):
        problem = "is a placeholder that the chart fills in: write the key itself"
        notes.refuse(f"{ours}.api_key", f"{section.key('api_key')} {problem}")
    else:
        notes.secrets[f"{ours}.api_key"] = api_key
    empty = section.flag("passwordless")
    if empty is not None:
        notes.take(f"{ours}.new_user_password", section.key("passwordless"))
    if users:
        told = "from the accounts in its database: somebody was renamed on this server"
        notes.take(f"{ours}.users", "user_mappings", told)
    section.done()
    return JellyfinServer(
        name=name,
        url=url,
        api_key=api_key,
        users=users,
        create_users=True,
        new_user_password="empty" if empty else "random",
    )


def _sync(section: Section, notes: Notes) -> Sync:
    off: set[SyncField] = set()
    told = {key: section.flag(key) for key in FIELDS}
    for key, field in FIELDS.items():
        if told[key] is not None:
            both = "likes and ratings are one number in Jellyfin: both must be on"
            notes.take("sync.fields", section.key(key), both if field == "rating" else "")
        if told[key] is False:
            off.add(field)
    sync = Sync(fields=tuple(field for field in ORDER if field not in off))
    for key in ("playlists", "dry_run"):
        value = section.flag(key)
        if value is not None:
            notes.take(f"sync.{key}", section.key(key))
            sync = msgspec.structs.replace(sync, **{key: value})
    debounce_s = section.number("progress_debounce_seconds")
    if debounce_s is not None:
        remark = "the last position is never lost: a stop is passed on at once"
        notes.take("sync.progress_every_s", section.key("progress_debounce_seconds"), remark)
        within = min(max(debounce_s, 0.0), DAY_S)
        sync = msgspec.structs.replace(sync, progress_every_s=within)
    _leave(section, LEFT, notes)
    return sync


def _leave(section: Section, reasons: dict[str, str], notes: Notes) -> None:
    for key, because in reasons.items():
        if section.has(key):
            notes.leave(section.key(key), because)
    section.done()


def _bind(section: Section, notes: Notes) -> str:
    host, port = section.text("host"), section.number("port")
    section.done()
    theirs = " and ".join(
        section.key(key) for key, value in (("host", host), ("port", port)) if value is not None
    )
    remark = "" if theirs else f"{ORIGIN}'s default, so that its webhooks still arrive"
    notes.take("server.bind", theirs, remark)
    host = host or HOST_DEFAULT
    number = PORT_DEFAULT if port is None else int(port)
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def _telemetry(section: Section, notes: Notes) -> Telemetry:
    level = section.text("level")
    section.done()
    if level is None:
        return Telemetry()
    known = LOG_LEVELS.get(level.upper())
    remark = "" if known else f"{level!r} is no level; info is the default of both"
    notes.take("telemetry.log_level", section.key("level"), remark)
    return msgspec.convert({"log_level": known or "info"}, Telemetry)


def _policies(sections: list[Section], notes: Notes) -> tuple[PathPolicy, ...]:
    policies: list[PathPolicy] = []
    seen: set[str] = set()
    for section in sections:
        prefix = section.text("prefix") or ""
        policy = _policy(section, prefix)
        if not is_whole_path(prefix):
            notes.leave(section.path, "prefixes are whole paths, such as /media/films")
        elif prefix.rstrip("/\\") in seen:
            notes.leave(section.path, "the same prefix stands further up, and wins there")
        else:
            seen.add(prefix.rstrip("/\\"))
            policies.append(policy)
            ours = f"path_policy[{len(policies)}]"
            notes.take(f"{ours}.prefix", section.key("prefix"))
            notes.take(f"{ours}.retries", section.key("absent_retry_count"))
            notes.take(f"{ours}.delay_s", section.key("retry_delay_seconds"))
    return tuple(policies)


def _policy(section: Section, prefix: str) -> PathPolicy:
    retries = section.number("absent_retry_count")
    delay_s = section.number("retry_delay_seconds")
    section.done()
    fallback_s = PathPolicy(prefix=prefix, retries=0).delay_s
    return PathPolicy(
        prefix=prefix,
        retries=max(int(retries or 0), RETRY_FOR_EVER),
        delay_s=min(delay_s, MONTH_S) if delay_s is not None and delay_s > 0 else fallback_s,
    )


def database_path(tree: Tree) -> str:
    """Where jellyfin-db-sync keeps its database."""
    section = Section(tree, path="", problems=[], unknown=[])
    return section.section("database").text("path") or "/data/jellyfin-db-sync.db"


class LogEntry(msgspec.Struct, frozen=True, array_like=True):
    """One row of `sync_log`. Anything may be NULL."""

    id: object
    event_type: object
    source_server: object
    target_server: object
    username: object
    item_id: object
    item_name: object
    synced_value: object
    success: object
    message: object
    created_at: object


def adopted_entry(entry: LogEntry, adoption: Adoption, *, now: Nanos) -> Record:
    """What jellyfin-db-sync did, or says that it did."""
    event = HistoryAdopted(
        origin=ORIGIN,
        server=_ours(entry.target_server, adoption),
        from_server=_ours(entry.source_server, adoption),
        user=bounded(entry.username).casefold(),
        item_id=bounded(entry.item_id),
        item_name=bounded(entry.item_name),
        what=bounded(entry.event_type),
        value=bounded(entry.synced_value),
        success=bool(entry.success),
        message=bounded(entry.message),
    )
    at = min(moment_ns(entry.created_at), now)
    return history(event, "sync_log", msgspec.structs.astuple(entry), at=at)


class PendingRow(msgspec.Struct, frozen=True, array_like=True):
    """One row of `pending_events`: what never changes about it, then what does."""

    id: object
    event_type: object
    source_server: object
    target_server: object
    username: object
    item_id: object
    item_name: object
    event_data: object
    created_at: object
    status: object
    retry_count: object
    last_error: object


CHANGING = 3
"""So many columns at the end of `PendingRow` change while it waits."""


def adopted_pending(row: PendingRow, adoption: Adoption, *, now: Nanos) -> Record:
    """A write that was never carried out; the first sweeps find again what is still true of it."""
    told = [
        bounded(row.status),
        f"{bounded(row.retry_count) or 0} retries",
        bounded(row.last_error),
    ]
    event = HistoryAdopted(
        origin=ORIGIN,
        server=_ours(row.target_server, adoption),
        from_server=_ours(row.source_server, adoption),
        user=bounded(row.username).casefold(),
        item_id=bounded(row.item_id),
        item_name=bounded(row.item_name),
        what="pending",
        value=f"{bounded(row.event_type)} {bounded(row.event_data)}",
        success=False,
        message=", ".join(part for part in told if part),
    )
    identity = msgspec.structs.astuple(row)[:-CHANGING]
    at = min(moment_ns(row.created_at), now)
    return history(event, "pending_events", identity, at=at)


def _ours(theirs: object, adoption: Adoption) -> str:
    name = bounded(theirs)
    return adoption.servers.get(name, name)
