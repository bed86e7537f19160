"""
The mirror of a player: its playlist, what plays, whether it is paused. Kept by what the player
tells; it asks nothing.
"""

from adapters.mpv import wire
from adapters.mpv.wire import (
    EndFile,
    EndReason,
    FileLoaded,
    Notice,
    PlaybackRestarted,
    PlaylistEntry,
    PropertyChanged,
    SeekBegun,
    StartFile,
)

OBSERVED = ("pause", "duration", "idle-active", "eof-reached")
"""Besides the playlist. Not the position: that changes with every frame."""


class Mirror:
    """
    What is known of a player.

    Attributes:
        entries: its playlist.
        playing: id of the entry that is played or opened.
        is_paused: whether the viewer paused.
        is_idle: whether nothing is open.
        duration_s: of what plays, once it is known.
        is_at_end: whether what plays has come to its end and stays open there.
        last_end: why the last file ended, once one did.
        observer: the number under which the playlist was told.
    """

    def __init__(self) -> None:
        self.entries: tuple[PlaylistEntry, ...] = ()
        self.playing: int | None = None
        self.is_paused = False
        self.is_idle = True
        self.duration_s: float | None = None
        self.is_at_end = False
        self.last_end: EndReason | None = None
        self.observer = 0

    def entry(self, entry_id: int | None) -> PlaylistEntry | None:
        """An entry by its id."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)

    def note(self, notice: Notice) -> bool:
        """
        Takes note of what the player told; whether the playlist or what plays is other than before.

        Raises:
            NotUnderstood: it is not what mpv tells.
        """
        match notice:
            case StartFile():
                self.playing, self.duration_s, self.is_at_end = notice.entry_id, None, False
                return True
            case EndFile():
                self.last_end = notice.reason
                self.playing = None if self.playing == notice.entry_id else self.playing
                return True
            case PropertyChanged():
                return self._changed(notice)
            case FileLoaded() | SeekBegun() | PlaybackRestarted():
                return False

    def _changed(self, notice: PropertyChanged) -> bool:
        if notice.name == "playlist":
            self.observer = notice.id
            return self._listed(wire.playlist_of(notice.data))
        match notice.name:
            case "pause":
                self.is_paused = bool(notice.data)
            case "idle-active":
                self.is_idle = bool(notice.data)
                return True
            case "eof-reached":
                self.is_at_end = bool(notice.data)
            case "duration":
                self.duration_s = wire.number_of(notice.data)
        return False

    def _listed(self, entries: tuple[PlaylistEntry, ...]) -> bool:
        self.entries = entries
        self.playing = next((entry.id for entry in entries if entry.playing), None)
        return True
