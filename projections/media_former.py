"""
Where files were before they were moved, by what they hold: an edit suite looks for clips where they
used to be.
"""

from typing import Any

import msgspec

from projections.envelope import Envelope, Seq
from projections.fold import Key, Projection
from projections.media_events import FilesMoved

FORMER_MAX = 16
"""Places of one content that are remembered; nobody moves a clip about more often than that."""


class FormerPlace(msgspec.Struct, frozen=True, gc=False):
    """Where a file was."""

    source: str
    project: str
    path: str


class FormerPlaces(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The places a content was moved away from, the latest first, and the last move."""

    sha256: str
    places: tuple[FormerPlace, ...]
    seq: Seq


class MediaFormer(Projection[FormerPlaces]):
    """Former places by content."""

    name = "media_former"
    version = 1
    row = FormerPlaces
    handles = frozenset({"media.moved"})

    def keys(self, envelope: Envelope) -> tuple[Key, ...]:
        """One row per content that was moved."""
        event: Any = envelope.event
        return tuple(dict.fromkeys((file.sha256,) for file in event.files.values()))

    def apply(self, row: FormerPlaces | None, envelope: Envelope, key: Key) -> FormerPlaces | None:
        """The places it left now, then those before."""
        event = envelope.event
        assert isinstance(event, FilesMoved)
        left = [
            FormerPlace(event.source, event.project, old)
            for old, new in event.paths.items()
            if new in event.files and event.files[new].sha256 == key[0]
        ]
        known = () if row is None else row.places
        places = tuple(dict.fromkeys([*left, *known]))[:FORMER_MAX]
        return FormerPlaces(sha256=str(key[0]), places=places, seq=envelope.seq)


MEDIA_FORMER = MediaFormer()
