"""
What can be set about players on this machine: which folder fills an mpv's playlist, and which
folders put their files in order.

`Player` and `Organizer` are tables that may be given several times, written `[[player]]` and
`[[organizer]]`. What a single type cannot say is checked in `daemon.config.rules_players`.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

DAY_S = 86_400
DAYS_MAX = 36_500

VIDEO_EXTENSIONS = ("avi", "mkv", "mpeg", "mp4", "m4v", "mpg", "webm", "avif", "ts")
"""Those that perpetual takes."""


class Player(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    An mpv on this machine, reached through its socket (`mpv --input-ipc-server=SOCKET`): one table
    for each. What it plays is remembered; with a folder, its playlist follows what is new there.
    """

    name: Annotated[
        str,
        Meta(
            description="What the player is called here: up to 64 letters, digits, dots, dashes and"
            " underscores.",
            examples=["living-room"],
        ),
    ]
    socket: Annotated[
        str,
        Meta(
            description="Path of the socket that mpv listens on. No two players may share one.",
            examples=["/run/user/1000/mpv.sock"],
        ),
    ]
    user: Annotated[
        str,
        Meta(description="Whose positions it reports. Empty: the user of auth.open_user."),
    ] = ""
    folder: Annotated[
        str,
        Meta(
            description="Directory whose new files, subdirectories included, are its playlist."
            " Empty: the playlist is left alone.",
            examples=["/data/videos"],
        ),
    ] = ""
    days: Annotated[
        float,
        Meta(
            ge=0,
            le=DAYS_MAX,
            description="A file is in the playlist while it is at most this many days old. 0: for"
            " ever.",
        ),
    ] = 3.0
    extensions: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Extensions of the files that are played, without the dot."),
    ] = VIDEO_EXTENSIONS
    order: Annotated[
        Literal["oldest", "newest"],
        Meta(
            description="Which file comes first. The episodes of one show take the places that its"
            " files have, by season and episode."
        ),
    ] = "oldest"
    finished: Annotated[
        Literal["keep", "remove"],
        Meta(description="Whether a file that was watched to its end stays in the playlist."),
    ] = "keep"
    interrupt: Annotated[
        bool,
        Meta(
            description="Whether a file leaves the playlist even while it plays. Otherwise it"
            " leaves once something else plays."
        ),
    ] = False
    resume: Annotated[
        bool,
        Meta(
            description="Whether a file goes on where it was left, on whichever player or server,"
            " and a player that has just been started goes on with its last file."
        ),
    ] = True
    resume_stale: Annotated[
        bool,
        Meta(
            description="Whether the last file is gone on with although it is too old for the"
            " playlist."
        ),
    ] = False
    save_every_s: Annotated[
        float,
        Meta(
            ge=1,
            le=DAY_S,
            description="Seconds between two reports of the position while something plays.",
        ),
    ] = 10.0
    stable_s: Annotated[
        float,
        Meta(
            ge=0,
            le=DAY_S,
            description="Seconds a file must have been left alone before it is taken for finished.",
        ),
    ] = 2.0
    health_every_s: Annotated[
        float,
        Meta(
            gt=0, le=DAY_S, description="Seconds between two questions whether mpv still answers."
        ),
    ] = 30.0
    launch: Annotated[
        tuple[str, ...],
        Meta(
            description="Command that starts the player when nothing answers at its socket; the"
            " socket and --idle are added. Empty: somebody else starts it.",
            examples=[["mpv", "--fullscreen"]],
        ),
    ] = ()
    relaunch: Annotated[
        bool,
        Meta(
            description="Whether it is started again when it was ended or hangs, and not only once."
        ),
    ] = False


class Organizer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A directory into which episodes arrive, to be filed there as Show/Show.S01E02.Title.mkv: one
    table for each. Nothing is ever overwritten, and each move can be undone.
    """

    name: Annotated[
        str,
        Meta(
            description="What it is called here: up to 64 letters, digits, dots, dashes and"
            " underscores.",
            examples=["downloads"],
        ),
    ]
    folder: Annotated[
        str,
        Meta(
            description="Directory in which files arrive, and in which the folders of shows are"
            " made.",
            examples=["/data/videos"],
        ),
    ]
    extensions: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Extensions of the files that are filed, without the dot."),
    ] = VIDEO_EXTENSIONS
    companions: Annotated[
        tuple[str, ...],
        Meta(description="Extensions of files that go along with the one whose name they bear."),
    ] = ("srt", "ass", "ssa", "sub", "idx", "vtt", "nfo", "jpg", "png")
    garbage_words: Annotated[
        tuple[str, ...],
        Meta(description="Words at which an episode's title ends, besides those known anyway."),
    ] = ()
    garbage_words_file: Annotated[str, Meta(description="File with more of them, one a line.")] = ""
    special_words: Annotated[
        tuple[str, ...],
        Meta(
            description="Words written just so, such as FBI or iCarly, besides those known anyway."
        ),
    ] = ()
    stable_s: Annotated[
        float,
        Meta(
            ge=0,
            le=DAY_S,
            description="Seconds a file must have been left alone before it is touched.",
        ),
    ] = 5.0
    set_title: Annotated[
        bool,
        Meta(
            description="Whether the title is written into Matroska files, by mkvpropedit if that"
            " is installed."
        ),
    ] = True
    retime: Annotated[
        bool,
        Meta(
            description="Whether all episodes of a show get new times of writing, one second apart,"
            " when one of them arrives, as perpetual does. That makes old seasons look new."
        ),
    ] = False
    sweep_every_s: Annotated[
        float,
        Meta(
            gt=0,
            le=31 * DAY_S,
            description="Seconds between one look at the whole directory and the next; in between"
            " the system tells of changes.",
        ),
    ] = 600.0
