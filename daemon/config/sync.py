"""
What can be set about keeping Jellyfin servers and players in step.

`Sync` is the section `[sync]`; the other two are tables that may be given several times, written
`[[jellyfin]]` and `[[path_policy]]`. What a single type cannot say is checked in
`daemon.config.rules_sync`.
"""

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

SERVER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

SyncField = Literal[
    "position", "played", "play_count", "last_played", "favorite", "rating", "streams"
]

REQUESTS_PER_S_MAX = 10_000
DAY_S = 86_400
MONTH_S = 31 * DAY_S
YEAR_H = 366 * 24
DAY_MIN = 24 * 60


class JellyfinServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A Jellyfin server to keep in step with the others and with the players: one table for each
    server.
    """

    name: Annotated[
        str,
        Meta(
            description="What the server is called here: up to 64 letters, digits, dots, dashes and"
            " underscores. No two names may differ only in case.",
            examples=["attic"],
        ),
    ]
    url: Annotated[
        str,
        Meta(
            description="Where it is reached: http:// or https://, host, port and the base path, if"
            " it has one.",
            examples=["http://attic.example:8096"],
        ),
    ]
    api_key: Annotated[
        str,
        Meta(
            description="API key from the server's dashboard. One is needed; better kept in"
            " api_key_file or in the systemd credential playhead.jellyfin.<name>.api_key."
        ),
    ] = ""
    api_key_file: Annotated[
        str,
        Meta(
            description="File that holds the API key; a trailing line break is ignored.",
            examples=["/etc/playhead/attic.api_key"],
        ),
    ] = ""
    webhook_secret: Annotated[
        str,
        Meta(
            description="Secret that the server's webhook sends along. Better kept in"
            " webhook_secret_file or in the systemd credential"
            " playhead.jellyfin.<name>.webhook_secret. Empty: the webhook needs a user or a token"
            " of the daemon."
        ),
    ] = ""
    webhook_secret_file: Annotated[
        str,
        Meta(description="File that holds the webhook's secret; a trailing line break is ignored."),
    ] = ""
    paths: Annotated[
        dict[str, str],
        Meta(
            description="Where the server has files, and where that is for everybody: its path"
            " prefix, then the prefix that all systems share.",
            examples=[{"/data/films": "/media/films"}],
        ),
    ] = field(default_factory=dict)
    users: Annotated[
        dict[str, str],
        Meta(
            description="Users who are called differently there: their name on the server, then"
            " their name in Playhead. Others are matched by name; case does not count.",
            examples=[{"Mara Living Room": "mara"}],
        ),
    ] = field(default_factory=dict)
    direction: Annotated[
        Literal["both", "read", "write"],
        Meta(description="read: nothing is written to it. write: nothing is taken from it."),
    ] = "both"
    create_users: Annotated[
        bool, Meta(description="Whether users who are missing there are created.")
    ] = False
    delete_users: Annotated[
        bool, Meta(description="Whether users who were deleted elsewhere are deleted there too.")
    ] = False
    new_user_password: Annotated[
        Literal["random", "empty"],
        Meta(
            description="Password of a user created there. random: nobody knows it until an"
            " administrator sets another. empty: none is asked for."
        ),
    ] = "random"  # noqa: S105 - says how one is made
    requests_per_s: Annotated[
        float,
        Meta(gt=0, le=REQUESTS_PER_S_MAX, description="Most requests sent to it in a second."),
    ] = 50.0
    timeout_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Seconds within which it must have answered.")
    ] = 20.0


class PathPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What happens when a server does not have a title: one table for each folder. The longest prefix
    that fits decides.
    """

    prefix: Annotated[
        str,
        Meta(
            description="Path that the titles lie under, as all systems share it.",
            examples=["/media/films"],
        ),
    ]
    retries: Annotated[
        int,
        Meta(
            ge=-1,
            description="How often to look for it again. -1: for ever. 0: never.",
            examples=[12],
        ),
    ]
    delay_s: Annotated[
        float, Meta(gt=0, le=MONTH_S, description="Seconds between one look and the next.")
    ] = 300.0


class Sync(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept in step between Jellyfin servers and players, and how."""

    dry_run: Annotated[
        bool, Meta(description="Only show what would be written to the servers; write nothing.")
    ] = False
    fields: Annotated[
        tuple[SyncField, ...],
        Meta(
            description="What is kept in step of each title. streams, the chosen audio and subtitle"
            " tracks, can be added."
        ),
    ] = ("position", "played", "play_count", "last_played", "favorite", "rating")
    playlists: Annotated[bool, Meta(description="Whether playlists are kept in step.")] = True
    full_sweep_every_h: Annotated[
        float,
        Meta(
            gt=0,
            le=YEAR_H,
            description="Hours between two readings of everything a server has. There is one at"
            " every start.",
        ),
    ] = 6.0
    quick_sweep_every_min: Annotated[
        float,
        Meta(
            ge=0,
            le=DAY_MIN,
            description="Minutes between two readings of what was played lately. 0: off.",
        ),
    ] = 5.0
    progress_every_s: Annotated[
        float,
        Meta(
            ge=0,
            le=DAY_S,
            description="While something plays, its position is passed on at most once in so many"
            " seconds. A stop is passed on at once.",
        ),
    ] = 10.0
    rewatch: Annotated[
        Literal["keep", "mirror"],
        Meta(
            description="keep: a watched title that is started again stays watched everywhere."
            " mirror: it is shown as the server shows it on which it was started."
        ),
    ] = "keep"
    brake_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="When one reading of a server says that more than this share of the watched"
            " titles is watched no longer, nothing is passed on until an operator agrees. 0: off.",
        ),
    ] = 0.2
    brake_count_min: Annotated[
        int, Meta(ge=0, description="So many titles may change before the share is looked at.")
    ] = 20
    match_episode_ids: Annotated[
        bool,
        Meta(description="Whether episodes may be matched by the ids that catalogues give them."),
    ] = True
    player_paths: Annotated[
        dict[str, str],
        Meta(
            description="Where players have files, and where that is for everybody: their path"
            ' prefix, then the prefix that all systems share, such as { "/home/mara/films" ='
            ' "/media/films" }. In the environment this is JSON.'
        ),
    ] = field(default_factory=dict)
    sockets: Annotated[
        bool,
        Meta(
            description="Whether each user's changes are also heard at once, over a WebSocket that"
            " Quick Connect permits."
        ),
    ] = True
    retry_max_s: Annotated[
        float,
        Meta(gt=0, le=DAY_S, description="Longest pause between two attempts, in seconds."),
    ] = 300.0
    attempts_max: Annotated[
        int,
        Meta(
            ge=1, description="Attempts to write a change; then it is parked until someone retries."
        ),
    ] = 50
