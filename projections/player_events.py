"""
What happens to players: they come and go, they open and close files, their playlists change.

Where somebody is in a file is not said here but by `position.reported`, as of every player.
"""

from typing import Literal, TypeAlias

from projections.events import Event

Closing: TypeAlias = Literal["eof", "stop", "quit", "error", "lost"]
"""
Why a file is no longer played: it came to its end; another one's turn came, or the viewer stopped
it; the player quit; the file cannot be played; the connection to the player ended.
"""

Loss: TypeAlias = Literal["gone", "silent", "stopped"]
"""Why a player is out of reach: it ended; it hangs; the daemon stopped."""


class PlayerConnected(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    A player answers. `process` tells it from one that was started anew in its place; it is empty
    when that is not known.
    """

    player: str
    version: str
    process: str = ""


class PlayerLost(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A player is out of reach."""

    player: str
    reason: Loss


class PlayerLaunched(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A player was started by us."""

    player: str


class PlayerOpened(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A player plays a file, for a user. `session` is that of the reports of its position."""

    player: str
    user: str
    name: str
    path: str
    session: str


class PlayerClosed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A player plays a file no longer; where it was, if that is known."""

    player: str
    name: str
    path: str
    session: str
    reason: Closing
    position_s: float | None = None


class PlayerListed(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A player's playlist was brought in line with its folder."""

    player: str
    entries_count: int
    appended_count: int = 0
    removed_count: int = 0
    moved_count: int = 0
