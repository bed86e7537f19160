"""
One playback of one file, without any I/O: where it is and what happens goes in, what is worth
reporting comes out. It follows the same rules as the Lua client's `session`.
"""

import msgspec

from adapters.mpv.identifying import Playable
from projections.commands import PositionReport
from projections.events import Reason

HEAD_S = 10.0
"""
A look at the first seconds is no watching: a file opened by mistake does not lose its place. As in
the Lua client.
"""

FINISHED_SHARE = 0.95
"""From here on only credits follow. As in the Lua client."""

MOVED_S = 0.5
"""Less than this since the last report is the same place."""

SEEK_SETTLE_S = 1.0
"""A dragged seek bar makes dozens of seeks; the last one counts."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a file that is worth reporting, and why."""

    reason: Reason
    position_s: float
    duration_s: float | None
    finished: bool


class Playback:
    """
    One playback. Times are seconds on a steady clock.

    Args:
        playable: what is played.
        session: names this playback.
        entry: id of the entry of the playlist that is played.
        save_every_s: between two reports while it plays.

    Attributes:
        playable: what is played; under another path once it was renamed.
        entry: id of the entry of the playlist.
        position_s: where it was when it was last looked at.
        duration_s: how long the file is.
    """

    def __init__(
        self, playable: Playable, session: str, *, entry: int | None, save_every_s: float
    ) -> None:
        self.playable = playable
        self.entry = entry
        self.session = session
        self.position_s: float | None = None
        self.duration_s: float | None = None
        self._save_every_s = save_every_s
        self._due_s = 0.0
        self._is_running = False
        self._settles_s: float | None = None
        self._saved: Told | None = None
        self._has_passed_head = False

    def begin(
        self, now_s: float, position_s: float, *, resumed: bool, is_news: bool = True
    ) -> Told | None:
        """
        It plays from here.

        Args:
            now_s: the time.
            position_s: where.
            resumed: whether that is where somebody was, or wants to be.
            is_news: whether it is worth telling before it moves.
        """
        self._due_s = now_s + self._save_every_s
        self._has_passed_head = resumed
        self.position_s = position_s
        told = self._save("start")
        return told if is_news else None

    def look(self, now_s: float, position_s: float) -> Told | None:
        """It is here; called every second or so while it plays, and when a seek arrives."""
        self.position_s = position_s
        if self._settles_s is not None:
            if now_s < self._settles_s:
                return None
            self._settles_s, self._due_s = None, now_s + self._save_every_s
            return self._save_if_moved("seek")
        if now_s < self._due_s:
            return None
        self._due_s = now_s + self._save_every_s
        return self._save_if_moved("heartbeat")

    def restarted(self) -> None:
        """A frame is shown; before the first one, no seek is the viewer's."""
        self._is_running = True

    def sought(self, now_s: float) -> None:
        """Somebody seeks; where to is asked when no other seek followed for a moment."""
        if self._is_running:
            self._settles_s = now_s + SEEK_SETTLE_S

    def settles_in_s(self, now_s: float) -> float | None:
        """How long until a seek is taken for the last one; None when none is under way."""
        return None if self._settles_s is None else max(0.0, self._settles_s - now_s)

    def paused(self, position_s: float) -> Told | None:
        """The viewer paused."""
        self.position_s = position_s
        return self._save_if_moved("pause")

    def ended(self, reason: Reason) -> Told | None:
        """
        It ends, where it was last seen. What was told already is not told again: a film that was
        paused for days may have been watched elsewhere since.
        """
        if reason == "eof" and (self._saved is None or self._saved.reason != "eof"):
            return self._save(reason)
        return self._save_if_moved(reason)

    def _save_if_moved(self, reason: Reason) -> Told | None:
        if self._saved is not None and self.position_s is not None:
            moved_s = abs(self.position_s - self._saved.position_s)
            if moved_s < MOVED_S:
                return None
        return self._save(reason)

    def _save(self, reason: Reason) -> Told | None:
        if self.position_s is None:
            return None
        position_s = max(0.0, self.position_s)
        self._has_passed_head = self._has_passed_head or position_s >= HEAD_S
        if not self._has_passed_head:
            return None
        self._saved = Told(
            reason=reason,
            position_s=position_s,
            duration_s=self.duration_s or None,
            finished=is_nearly_over(position_s, self.duration_s),
        )
        return self._saved


def is_nearly_over(position_s: float, duration_s: float | None) -> bool:
    """Whether only credits follow."""
    return bool(duration_s) and position_s >= FINISHED_SHARE * (duration_s or 0.0)


def report_of(told: Told, playback: Playback, *, device: str, report_id: bytes) -> PositionReport:
    """What is handed in."""
    playable = playback.playable
    return PositionReport(
        id=report_id,
        name=playable.name,
        path=playable.path,
        position_s=told.position_s,
        duration_s=told.duration_s,
        finished=told.finished,
        reason=told.reason,
        device=device,
        session=playback.session,
        size_bytes=playable.size_bytes,
        fingerprint=playable.fingerprint,
    )
