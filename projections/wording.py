"""
User data in words: how the values of fields are told to a person, on one line and harmless to a
terminal.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from projections.envelope import Nanos
from projections.moments import moment_text
from projections.userdata import (
    BLANK,
    FIELDS,
    STREAMS,
    TICKS_PER_SECOND,
    Changes,
    State,
    difference,
    fields_of,
)

Value: TypeAlias = bool | int | float | None

FIELD_NAMES: dict[str, str] = {
    "position_ticks": "position",
    "played": "played",
    "play_count": "plays",
    "last_played_ns": "last played",
    "favorite": "favourite",
    "rating": "rating",
    "audio_stream": "audio track",
    "subtitle_stream": "subtitle track",
}
"""What people call the fields."""

_ORDER: dict[str, int] = {name: place for place, name in enumerate((*FIELDS, *STREAMS))}


def in_order(fields: Mapping[str, Any]) -> list[str]:
    """The names of some fields in the order in which they are always told."""
    return sorted(fields, key=lambda name: _ORDER[name])


def value_text(field: str, value: Value) -> str:
    """The value of a field: a position as h:mm:ss, a moment in UTC, yes or no."""
    if value is None or (value == -1 and field in STREAMS):  # as Jellyfin's webhook says it
        return "never" if field == "last_played_ns" else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field == "position_ticks":
        return clock_text(int(value))
    if field == "last_played_ns":
        return second_text(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def clock_text(ticks: int) -> str:
    """A position as hours, minutes and seconds."""
    sign, seconds = ("-" if ticks < 0 else ""), abs(ticks) // TICKS_PER_SECOND
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def second_text(moment: Nanos) -> str:
    """A moment to the second."""
    return moment_text(moment)[:19] + "Z"


def values_text(values: Mapping[str, Value]) -> str:
    """Some fields with their values: `position 0:12:30, played yes`."""
    named = (f"{FIELD_NAMES[name]} {value_text(name, values[name])}" for name in in_order(values))
    return ", ".join(named)


def changes_text(changes: Changes) -> str:
    """The fields that are set, with their values."""
    return values_text(fields_of(changes))


class Tracks(Protocol):
    """What names an audio and a subtitle track."""

    @property
    def audio(self) -> int | None:
        """The index of the audio stream."""

    @property
    def subtitle(self) -> int | None:
        """The index of the subtitle stream."""


def track_fields(tracks: Tracks) -> dict[str, Value]:
    """The tracks as fields."""
    return {"audio_stream": tracks.audio, "subtitle_stream": tracks.subtitle}


def tracks_text(tracks: Tracks) -> str:
    """The tracks with their values: `audio track 2, subtitle track none`."""
    return values_text(track_fields(tracks))


def state_text(state: State) -> str:
    """What a server holds, without the fields that say nothing."""
    return values_text(difference(BLANK, state)) or "a blank title (not watched, at its start)"


def count_text(count: int, noun: str) -> str:
    """A number of things: `1 title`, `2 titles`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def printable(text: str) -> str:
    """A text from outside with everything escaped that a terminal might obey or hide."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
