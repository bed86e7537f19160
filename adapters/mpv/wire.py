"""
The shapes of mpv's JSON IPC: what a line says, in our words.

After the chapter "JSON IPC" of mpv's manual. File names are bytes to mpv, and go over the wire as
they are: those that are no UTF-8 are read with `surrogateescape`, so that they can be sent back.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from adapters.mpv.errors import NotUnderstood

SUCCESS = "success"
UNAVAILABLE = "property unavailable"

EndReason: TypeAlias = Literal["eof", "stop", "quit", "error", "redirect", "unknown"]
"""Why a file is no longer played. `stop` is said of the next one's turn, too."""

_END_REASONS = frozenset(get_args(EndReason))

Command: TypeAlias = Sequence[object] | Mapping[str, object]
"""A command as a list, or with named arguments."""


class Reply(msgspec.Struct, frozen=True):
    """The answer to a command; `data` is None where there is none."""

    request_id: int
    error: str
    data: Any = None

    @property
    def is_success(self) -> bool:
        """Whether the command was carried out."""
        return self.error == SUCCESS


class StartFile(msgspec.Struct, frozen=True):
    """An entry of the playlist is opened."""

    entry_id: int


class FileLoaded(msgspec.Struct, frozen=True):
    """The file that was opened is known, and can be sought in."""


class EndFile(msgspec.Struct, frozen=True):
    """An entry is no longer played."""

    entry_id: int
    reason: EndReason
    file_error: str = ""


class SeekBegun(msgspec.Struct, frozen=True):
    """Somebody seeks."""


class PlaybackRestarted(msgspec.Struct, frozen=True):
    """The first frame is shown, or the first one after a seek."""


class PropertyChanged(msgspec.Struct, frozen=True):
    """The value of an observed property, None while it has none; `id` is that of the observer."""

    name: str
    data: Any = None
    id: int = 0


Notice: TypeAlias = (
    StartFile | FileLoaded | EndFile | SeekBegun | PlaybackRestarted | PropertyChanged
)
"""Something the player tells unasked."""


class PlaylistEntry(msgspec.Struct, frozen=True, gc=False):
    """
    One entry of the playlist, whatever its place.

    Attributes:
        id: is never given to another entry.
        filename: as it was given to the player.
        current: whether it is where the player stands.
        playing: whether it is what the player plays or opens.
    """

    id: int
    filename: str
    current: bool = False
    playing: bool = False


class _Line(msgspec.Struct, frozen=True):
    """Every field of a line that we look at."""

    event: str = ""
    request_id: int | None = None
    error: str = ""
    data: Any = None
    id: int = 0
    name: str = ""
    playlist_entry_id: int = 0
    reason: str = ""
    file_error: str = ""


_LINES = msgspec.json.Decoder(_Line)

_PLAIN: dict[str, Notice] = {
    "file-loaded": FileLoaded(),
    "seek": SeekBegun(),
    "playback-restart": PlaybackRestarted(),
}


def encode(command: Command, request_id: int) -> bytes:
    """A command as a line."""
    message = {"command": command, "request_id": request_id}
    try:
        return msgspec.json.encode(message) + b"\n"
    except UnicodeEncodeError:  # a name that is no UTF-8
        text = json.dumps(message, ensure_ascii=False)
        return text.encode("utf-8", "surrogateescape") + b"\n"


def parse(line: bytes) -> Reply | Notice | None:
    """
    What a line says; None if it is of no interest.

    Raises:
        NotUnderstood: it is not what mpv says.
    """
    said = _decoded(line)
    if said.event:
        return _notice(said)
    if said.request_id is None:
        return None
    return Reply(said.request_id, said.error, said.data)


def _decoded(line: bytes) -> _Line:
    try:
        try:
            return _LINES.decode(line)
        except (UnicodeDecodeError, msgspec.DecodeError):
            text = line.decode("utf-8", "surrogateescape")
            return msgspec.convert(json.loads(text), _Line)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood("A line is not what mpv says.") from error


def _notice(said: _Line) -> Notice | None:
    match said.event:
        case "property-change":
            return PropertyChanged(said.name, said.data, said.id)
        case "start-file":
            return StartFile(said.playlist_entry_id)
        case "end-file":
            reason: Any = said.reason if said.reason in _END_REASONS else "unknown"
            return EndFile(said.playlist_entry_id, reason, said.file_error)
    return _PLAIN.get(said.event)


def playlist_of(data: Any) -> tuple[PlaylistEntry, ...]:
    """
    The entries that the property `playlist` tells of.

    Raises:
        NotUnderstood: it is no playlist.
    """
    entries: tuple[PlaylistEntry, ...] = _converted(data or (), tuple[PlaylistEntry, ...])
    return entries


def number_of(data: Any) -> float | None:
    """
    A number of a property, or None while it has none.

    Raises:
        NotUnderstood: it is no number.
    """
    number: float | None = _converted(data, float | None)
    return number


def text_of(data: Any) -> str:
    """
    A text of a property, empty while it has none.

    Raises:
        NotUnderstood: it is no text.
    """
    return _converted(data, str | None) or ""


def _converted(data: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise NotUnderstood(f"A value is not what mpv says: {error}.") from error


def load(path: str, flag: Literal["append", "append-play"] = "append") -> Command:
    """
    Adds a file to the end of the playlist. With named arguments, because the position of `options`
    changed in mpv 0.38.
    """
    return {"name": "loadfile", "url": path, "flags": flag}


def clean(text: str) -> str:
    """
    A text that can be written down: what was no UTF-8 is replaced, just as the Lua client does it,
    so that both give a damaged name alike.
    """
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
