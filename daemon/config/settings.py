"""
Every setting, with its default and its meaning.

The structs below, and those in `daemon.config.sync`, `media`, `players` and `resolve`, are the only
description: `playhead config example`, the reference page and the checks are made from them. A key
is written `section.key` in the TOML file and `PLAYHEAD_SECTION_KEY` in the environment.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from daemon.config.media import Media
from daemon.config.players import Organizer, Player
from daemon.config.resolve import Resolve, ResolveHost
from daemon.config.sync import JellyfinServer, PathPolicy, Sync

DATA_DEFAULT = "./data"


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the daemon listens, and how much it takes at once."""

    bind: Annotated[
        str,
        Meta(
            description="Address and port to listen on. Anything but loopback needs a user or a"
            " token. Port 0 takes a free one."
        ),
    ] = "127.0.0.1:8787"
    tls_certificate_file: Annotated[
        str,
        Meta(description="PEM certificate chain. Set together with tls_key_file to serve HTTPS."),
    ] = ""
    tls_key_file: Annotated[str, Meta(description="PEM private key of the certificate.")] = ""
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Host names under which browsers may reach the daemon, besides addresses,"
            " localhost and names without a dot. Refusing others stops DNS rebinding."
        ),
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...],
        Meta(description="Further origins (scheme://host:port) whose pages may change things."),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks of reverse proxies whose X-Forwarded-For and -Proto"
            " are believed: which address is noted, and what links begin with. None are by default."
        ),
    ] = ()
    body_bytes_max: Annotated[
        int, Meta(ge=1024, description="Largest request body of the JSON interfaces, in bytes.")
    ] = 1_048_576
    body_deadline_s: Annotated[
        float, Meta(gt=0, description="Seconds within which a request body must have arrived.")
    ] = 30.0
    requests_max: Annotated[
        int,
        Meta(ge=1, description="Requests handled at the same time; more are answered with 503."),
    ] = 512
    streams_max: Annotated[
        int, Meta(ge=0, description="Open event streams (SSE); more are answered with 503.")
    ] = 64
    shutdown_grace_s: Annotated[
        float, Meta(ge=0, description="Seconds that running requests get to finish at shutdown.")
    ] = 5.0


class Auth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A user from the configuration, besides those made with `playhead user`. With any user or token,
    every request needs one.
    """

    user: Annotated[
        str, Meta(description="Name of a user with all rights. BASIC_AUTH_USER is read too.")
    ] = ""
    password: Annotated[
        str,
        Meta(
            description="Password of that user. Better kept in password_file. BASIC_AUTH_PASS is"
            " read too."
        ),
    ] = ""
    password_file: Annotated[
        str, Meta(description="File that holds the password; a trailing line break is ignored.")
    ] = ""
    open_user: Annotated[
        str,
        Meta(
            min_length=1, description="Whose positions are meant while no user and no token exists."
        ),
    ] = "default"


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The event log's writer."""

    queue_commands_max: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Commands that may wait for the disk; more are answered with 503.",
        ),
    ] = 1_024


class GarbageCollection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Forgetting positions nobody came back to. The log keeps their history."""

    schedule: Annotated[
        str,
        Meta(
            description="When to run: five cron fields in local time, @daily and the like, or"
            " @every 12h. Empty: never. The default is every Monday at 04:00. GC_SCHEDULE is read"
            " too."
        ),
    ] = "0 4 * * 1"
    retention_days: Annotated[
        float,
        Meta(
            ge=0,
            le=36_500,
            description="Positions older than this many days are forgotten. 0 keeps them for ever.",
        ),
    ] = 365.0


class Telemetry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Log lines, metrics and traces."""

    log_format: Annotated[
        Literal["auto", "console", "json"],
        Meta(description="auto: readable on a terminal, JSON lines otherwise."),
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least severe level shown."),
    ] = "info"
    otlp_endpoint: Annotated[
        str,
        Meta(
            description="Base URL of an OpenTelemetry collector (OTLP over HTTP) for traces and"
            " metrics, such as http://127.0.0.1:4318. Needs the extra playhead[otlp]. Empty: off."
        ),
    ] = ""
    slow_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3_600,
            description="Requests and appends that take longer are told in the log, in seconds,"
            " with their trace. A request's time is that from its last byte to the first of its"
            " answer. 0: none are.",
        ),
    ] = 1.0


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings."""

    data: Annotated[
        str, Meta(min_length=1, description="Directory of the log, the views and the credentials.")
    ] = DATA_DEFAULT
    server: Server = field(default_factory=Server)
    auth: Auth = field(default_factory=Auth)
    log: Log = field(default_factory=Log)
    gc: GarbageCollection = field(default_factory=GarbageCollection)
    telemetry: Telemetry = field(default_factory=Telemetry)
    sync: Sync = field(default_factory=Sync)
    media: Media = field(default_factory=Media)
    resolve: Resolve = field(default_factory=Resolve)
    jellyfin: tuple[JellyfinServer, ...] = ()
    path_policy: tuple[PathPolicy, ...] = ()
    player: tuple[Player, ...] = ()
    organizer: tuple[Organizer, ...] = ()
    resolve_host: tuple[ResolveHost, ...] = ()


SECTIONS: dict[str, type[Struct]] = {
    "server": Server,
    "auth": Auth,
    "log": Log,
    "gc": GarbageCollection,
    "telemetry": Telemetry,
    "sync": Sync,
    "media": Media,
    "resolve": Resolve,
}

ARRAYS: dict[str, type[Struct]] = {
    "jellyfin": JellyfinServer,
    "path_policy": PathPolicy,
    "player": Player,
    "organizer": Organizer,
    "resolve_host": ResolveHost,
}
"""Tables that may be given several times, written `[[name]]`."""

ARRAY_LABELS = {
    "jellyfin": "name",
    "path_policy": "prefix",
    "player": "name",
    "organizer": "name",
    "resolve_host": "name",
}
"""The key by whose value a table of an array is told from its siblings."""

SECRET_KEYS = frozenset({"auth.password", "jellyfin[].api_key", "jellyfin[].webhook_secret"})
"""
Never shown; each has a `_file` sibling and may come as a systemd credential
`playhead.<section>.<key>` or `playhead.jellyfin.<name>.<key>`.
"""
