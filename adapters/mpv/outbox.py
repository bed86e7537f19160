"""
Reports on their way into the log: kept until they are there, the newest one of each playback.
"""

from typing import TypeAlias

import msgspec

from adapters.mpv.player import SOURCE, Player
from projections.commands import PositionReport, ReportPositions
from projections.envelope import Nanos
from projections.errors import PlayheadError, Rejected

Kept: TypeAlias = tuple[PositionReport, Nanos]
"""A report, and of when it is."""

PLAYBACKS_MAX = 256
"""Playbacks whose last report waits for a disk that refuses; beyond that the oldest is lost."""


class Outbox:
    """The reports of one player."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._waiting: dict[str, Kept] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def put(self, report: PositionReport) -> None:
        """Takes a report of what is so now."""
        self._waiting.pop(report.session, None)
        self._waiting[report.session] = (report, self._player.desk.now_ns())
        while len(self._waiting) > PLAYBACKS_MAX:
            self._waiting.pop(next(iter(self._waiting)))

    async def send(self) -> None:
        """Hands in what waits; it goes on waiting when it cannot be recorded now."""
        sent = dict(self._waiting)
        if not sent:
            return
        desk, user = self._player.desk, self._player.settings.user
        now = desk.now_ns()
        reports = tuple(
            msgspec.structs.replace(report, age_ns=max(0, now - at)) for report, at in sent.values()
        )
        command = ReportPositions(
            source=SOURCE, actor=self._player.name, user=user, reports=reports
        )
        try:
            await desk.submit(command)
        except PlayheadError as error:
            self._player.tell("warning", "position_not_recorded", reason=str(error))
            if not isinstance(error, Rejected):
                return
        for session, kept in sent.items():
            if self._waiting.get(session) is kept:
                del self._waiting[session]
