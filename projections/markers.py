"""
Markers: a moment of a clip that somebody wants to find again, set while watching it, for the edit.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from projections.envelope import Envelope, Nanos, Seq
from projections.events import Event
from projections.fold import Column, Key, Projection

Colour: TypeAlias = Literal[
    "Blue",
    "Cyan",
    "Green",
    "Yellow",
    "Red",
    "Pink",
    "Purple",
    "Fuchsia",
    "Rose",
    "Lavender",
    "Sky",
    "Mint",
    "Lemon",
    "Sand",
    "Cocoa",
    "Cream",
]
"""The colours that DaVinci Resolve has for markers."""


class MarkerPlaced(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    Somebody marked a moment of a file, or changed the marker. `path` is where the player has the
    file; `media_source`, `project` and `media_path` are its place in the library, and `sha256` what
    it holds, if the library knows it.
    """

    id: str
    user: str
    name: str
    position_s: float
    duration_s: float = 0.0
    colour: Colour = "Blue"
    note: str = ""
    path: str = ""
    device: str = ""
    media_source: str = ""
    project: str = ""
    media_path: str = ""
    sha256: str = ""


class MarkerRemoved(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody took a marker away."""

    id: str


class Marker(msgspec.Struct, frozen=True, gc=False):
    """A marker as it stands: what was placed last, when, and where that is in the log."""

    placed: MarkerPlaced
    at: Nanos
    seq: Seq


class Markers(Projection[Marker]):
    """Markers by id."""

    name = "markers"
    version = 1
    row = Marker
    handles = frozenset({"marker.placed", "marker.removed"})
    columns = (Column("sha256", "TEXT"), Column("path", "TEXT"), Column("seq", "INTEGER"))
    indexes = (("sha256", "seq"), ("path", "seq"), ("seq",))

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One marker."""
        event: Any = envelope.event
        return ((event.id,),)

    def apply(self, row: Marker | None, envelope: Envelope, key: Key) -> Marker | None:
        """As it was placed last."""
        event = envelope.event
        if not isinstance(event, MarkerPlaced):
            return None
        return Marker(event, envelope.at, envelope.seq)

    def index(self, row: Marker) -> tuple[str | int | float | None, ...]:
        """The values queries select by."""
        return (row.placed.sha256 or None, row.placed.path or None, row.seq)


MARKERS = Markers()
