"""
jellyporter: its settings as ours, and the changes it wrote to servers as history.

It knows one account per server and takes all of them for one person. What it holds of films and
episodes is only what it last saw on the servers, which the first sweep sees better.
"""

from collections.abc import Mapping

import msgspec

from daemon.adopt.outcome import Adoption, KeyReader, Notes, our_names, renamed
from daemon.adopt.records import Record, bounded, history, seconds_ns, whole
from daemon.adopt.refusal import NotAdoptable
from daemon.adopt.trees import Section, Tree
from daemon.config.settings import Settings
from daemon.config.sync import DAY_MIN, YEAR_H, JellyfinServer, Sync
from projections.envelope import Nanos
from projections.sync_events import HistoryAdopted
from projections.userdata import Changes
from projections.wording import changes_text

ORIGIN = "jellyporter"

MINUTES_PER_HOUR = 60

LEFT = {
    "metrics_addr": "metrics are served by the daemon itself, at /metrics of server.bind",
    "metrics_path": "nothing writes a file for node_exporter; scrape /metrics instead. jellyporter"
    " refused every folder given here, so it never wrote one either",
}

WEBHOOK = (
    "there is no listener apart from the daemon's own, see server.bind; the top of this file says"
    " what to change in the plugin"
)

DATABASE = (
    "the log and the views are kept in `data`; the changes noted in the old database are read from"
    " it by the command that made this file"
)

WEBHOOK_TO_DO = (
    "In the webhook plugin of {their}, change the destination's URL from http://{old} to"
    " http://HOST:8787/webhook/{ours}, tick Send All Properties, and add the header"
    " X-Playhead-Secret with the webhook_secret of this server. Or remove it there, and let"
    " `playhead jellyfin setup {ours}` add one."
)


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One server as jellyporter knows it."""

    name: str
    key: str
    url: str
    user: str
    api_key: str
    problem: str
    has_both: bool


def adopted_settings(tree: Tree, read_key: KeyReader) -> Adoption:
    """Our settings in place of those in jellyporter's file, and what there is to say about them."""
    notes = Notes()
    top = Section(tree, path="", problems=notes.problems, unknown=notes.unknown)
    clients = [
        _client(name, section, read_key) for name, section in top.sections("clients").items()
    ]
    names = our_names(client.name for client in clients)
    person = next((client.user for client in clients if client.user), "")
    servers = tuple(
        _server(number, client, name, person=person, notes=notes)
        for number, (client, name) in enumerate(zip(clients, names, strict=True), start=1)
    )
    sync = _sync(top, notes)
    _leave_rest(top, notes)
    _advise(top.section("events"), dict(zip((c.name for c in clients), names, strict=True)), notes)
    top.done()
    if not clients and not notes.problems:
        notes.problems.append("clients holds no server")
    return Adoption(
        origin=ORIGIN,
        settings=Settings(jellyfin=servers, sync=sync),
        notes=notes,
        servers={client.name: name for client, name in zip(clients, names, strict=True)},
        people={name: person for name in names if person},
    )


def _client(name: str, section: Section, read_key: KeyReader) -> Client:
    url, user = section.text("url"), section.text("user")
    api_key, file = section.text("api_key"), section.text("api_key_file")
    section.done()
    problem = "" if api_key or file else "has neither an api_key nor an api_key_file"
    if file and not api_key:
        try:
            api_key = read_key(file)
        except NotAdoptable as error:
            problem = f"has an api_key_file, but: {error}"
    return Client(
        name=name,
        key=section.path,
        url=url or "",
        user=user or "",
        api_key=(api_key or "").strip(),
        problem=problem,
        has_both=bool(api_key and file and section.text("api_key")),
    )


def _server(number: int, client: Client, name: str, *, person: str, notes: Notes) -> JellyfinServer:
    ours, theirs = f"jellyfin[{number}]", client.key
    notes.take(f"{ours}.name", theirs, renamed(client.name, name))
    notes.take(f"{ours}.url", f"{theirs}.url")
    notes.take(f"{ours}.api_key", f"{theirs}.api_key or api_key_file")
    if client.problem:
        notes.refuse(f"{ours}.api_key", f"{theirs} {client.problem}")
    notes.secrets[f"{ours}.api_key"] = client.api_key
    if client.has_both:
        notes.leave(f"{theirs}.api_key_file", "api_key is there too, and wins in jellyporter")
    users = {}
    if client.user and client.user.casefold() != person.casefold():
        users = {client.user: person}
        notes.take(f"{ours}.users", f"{theirs}.user", f"the same person as {person} elsewhere")
    elif client.user:
        notes.leave(
            f"{theirs}.user",
            f"users are matched by name, and {client.user} is called so at the first server too;"
            " all other users that servers have in common are kept in step as well",
        )
    return JellyfinServer(name=name, url=client.url, api_key=client.api_key, users=users)


def _sync(top: Section, notes: Notes) -> Sync:
    sync = Sync()
    quick_min = top.number("sync_interval_mins")
    if quick_min is not None:
        notes.take("sync.quick_sweep_every_min", "sync_interval_mins")
        within = min(max(quick_min, 0.0), DAY_MIN)
        sync = msgspec.structs.replace(sync, quick_sweep_every_min=within)
    full_min = top.number("full_sync_interval_mins")
    if full_min is not None:
        notes.take("sync.full_sweep_every_h", "full_sync_interval_mins", "in hours here")
        hours = full_min / MINUTES_PER_HOUR
        within = min(hours, YEAR_H) if hours > 0 else sync.full_sweep_every_h
        sync = msgspec.structs.replace(sync, full_sweep_every_h=within)
    return sync


def _leave_rest(top: Section, notes: Notes) -> None:
    for key, because in LEFT.items():
        if top.has(key):
            notes.leave(key, because)
    database = top.section("database")
    if database.has("path"):
        notes.leave("database.path", DATABASE)
    database.done()


def _advise(events: Section, servers: Mapping[str, str], notes: Notes) -> None:
    webhook = events.section("webhook")
    address, path = webhook.text("addr"), webhook.text("path")
    for key, value in (("addr", address), ("path", path)):
        if value is not None:
            notes.leave(webhook.key(key), WEBHOOK)
    webhook.done()
    events.done()
    if address is None:
        return
    old = f"{address}{path or '/webhook'}"
    for their, ours in servers.items():
        notes.to_do.append(WEBHOOK_TO_DO.format(their=their, old=old, ours=ours))


def database_path(tree: Tree) -> str:
    """Where jellyporter keeps its database; empty when it keeps none."""
    section = Section(tree, path="", problems=[], unknown=[])
    return section.section("database").text("path") or ""


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One row of `changelog`, with the name of the item where it is known. Anything may be NULL."""

    id: object
    server: object
    local_id: object
    date: object
    watched_date: object
    progress: object
    position_ticks: object
    favorite: object
    item_name: object


def adopted_change(change: Change, adoption: Adoption, *, now: Nanos) -> Record:
    """
    What jellyporter wrote to a server: it always marked the title as watched, and set the count of
    plays to nothing.
    """
    theirs = bounded(change.server)
    server = adoption.servers.get(theirs, theirs)
    wrote = Changes(
        position_ticks=whole(change.position_ticks),
        played=True,
        last_played_ns=seconds_ns(change.watched_date) or None,
        favorite=bool(change.favorite),
    )
    event = HistoryAdopted(
        origin=ORIGIN,
        server=server,
        user=adoption.people.get(server, "").casefold(),
        item_id=bounded(change.local_id),
        item_name=bounded(change.item_name),
        what="userdata",
        value=changes_text(wrote),
    )
    identity = msgspec.structs.astuple(change)[:-1]  # the name is forgotten with the item
    return history(event, "changelog", identity, at=min(seconds_ns(change.date), now))
