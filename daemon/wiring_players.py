"""
From settings to the lanes of players: paths are made absolute, units are those of the adapter, and
what lanes know is put as handlers are told it.
"""

from collections.abc import Sequence
from pathlib import Path

from adapters.mpv.folder import Folder
from adapters.mpv.lane import Lane
from adapters.mpv.player import Count, Player
from adapters.mpv.settings import PlayerSettings
from adapters.mpv.wanting import FollowFolder
from adapters.mpv.wire import clean
from adapters.ports import Desk
from daemon.config import Settings
from daemon.config.players import Player as PlayerTable
from daemon.web.player_reports import EntryReport, PlayerReport, PlayingReport
from projections.identity import file_name
from projections.window import WindowRules


def player_lanes_of(settings: Settings, desk: Desk, *, count: Count) -> list[Lane]:
    """One lane per configured player."""
    lanes: list[Lane] = []
    for table in settings.player:
        its_settings = player_settings(table, open_user=settings.auth.open_user)
        lanes.append(Lane(its_settings, desk, follow=_follow(its_settings, desk), count=count))
    return lanes


def _follow(settings: PlayerSettings, desk: Desk) -> FollowFolder | None:
    if settings.folder is None:
        return None
    folder = Folder(
        settings.folder, extensions=settings.extensions, stable_s=settings.stable_s, desk=desk
    )
    return folder.follow


def player_settings(table: PlayerTable, *, open_user: str) -> PlayerSettings:
    """What a player's lane is told."""
    return PlayerSettings(
        name=table.name,
        socket=table.socket,
        user=table.user or open_user,
        folder=Path(table.folder).absolute() if table.folder else None,
        rules=WindowRules(days=table.days, order=table.order),
        extensions=table.extensions,
        stable_s=table.stable_s,
        drops_finished=table.finished == "remove",
        interrupts=table.interrupt,
        resumes=table.resume,
        resumes_stale=table.resume_stale,
        save_every_s=table.save_every_s,
        health_every_s=table.health_every_s,
        launch=table.launch,
        relaunches=table.relaunch,
    )


class ShownLane:
    """A lane as handlers see it."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def report(self) -> PlayerReport:
        """How it is doing."""
        player = self._lane.player
        return PlayerReport(
            name=player.name,
            state=player.state,
            since_ns=player.since_ns,
            problem=player.problem,
            version=player.version,
            playing=playing_report(player),
            entries_count=len(player.mirror.entries),
            files_count=player.files_count,
            synced_ns=player.synced_ns,
            connections_count=player.connections_count,
        )

    def playlist(self, *, count_max: int) -> Sequence[EntryReport]:
        """The first entries of its playlist."""
        mirror = self._lane.player.mirror
        return [
            EntryReport(
                id=entry.id,
                name=clean(file_name(entry.filename)),
                path=clean(entry.filename),
                playing=entry.id == mirror.playing,
            )
            for entry in mirror.entries[:count_max]
        ]

    def want_sync(self) -> None:
        """Asks for its playlist to be looked at again."""
        self._lane.want_sync()


def playing_report(player: Player) -> PlayingReport | None:
    """What it plays."""
    playback = player.playback
    if playback is None:
        return None
    return PlayingReport(
        name=playback.playable.name,
        path=playback.playable.path,
        session=playback.session,
        position_s=playback.position_s,
        duration_s=playback.duration_s,
        paused=player.mirror.is_paused,
    )
