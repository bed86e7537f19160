"""
The vocabulary of playlists: what a server was seen to hold of one person's playlists, and what was
made of it.

A playlist has one key on all servers. Its entries are media keys, so that the same list can stand
on servers that name its items differently; the people it is shared with are persons, not accounts.
"""

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from projections.envelope import Seq
from projections.events import Event

Aspect: TypeAlias = Literal["name", "entries", "public", "shares"]

ASPECTS: tuple[Aspect, ...] = ("name", "entries", "public", "shares")
"""What is kept in step of a playlist, each by itself."""

Presence: TypeAlias = Literal["there", "gone", "missing"]
"""
`gone`: the server does not have it. `missing`: it had it, does not show it, and that is not
believed.
"""

Entry: TypeAlias = tuple[str, str]
"""A media key, and the item it is on the server in question."""


class PlaylistChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Other agreed values. What is not set stays; `deleted` false brings a playlist back."""

    name: str | UnsetType = UNSET
    entries: tuple[str, ...] | UnsetType = UNSET
    public: bool | UnsetType = UNSET
    shares: dict[str, bool] | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET

    def __bool__(self) -> bool:
        """Whether anything is set."""
        return any(value is not UNSET for value in msgspec.structs.astuple(self))


UNCHANGED = PlaylistChanges()


class PlaylistSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    What one playlist was seen to be on a server, and the verdict on it.

    `shares` says per person whether they may edit. `changes` are what became agreed, `refused` says
    why the rest did not. `first` marks the first meeting with it on that server.
    """

    presence: Presence = "there"
    playlist_id: str = ""
    name: str = ""
    entries: tuple[Entry, ...] = ()
    public: bool = False
    shares: dict[str, bool] = {}
    media_type: str = ""
    changes: PlaylistChanges = UNCHANGED
    refused: dict[str, str] = {}
    first: bool = False


class PlaylistObserved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    A server was asked for a person's own playlists. `as_of` is the end of the log when the question
    was sent; `rows` are those with news, by playlist key.
    """

    server: str
    user: str
    user_id: str
    as_of: Seq
    rows: dict[str, PlaylistSeen]
