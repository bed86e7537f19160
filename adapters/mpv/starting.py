"""
Setting a player going that was just started and plays nothing: it goes on with its last file, where
that was left. One that we started ourselves plays in any case, and again when new files come after
it had come to the end of its playlist. A viewer's pause or stop is never lifted.
"""

import os
from collections.abc import Sequence
from functools import partial

import anyio.to_thread
import msgspec

from adapters.mpv import wire
from adapters.mpv.connection import Connection
from adapters.mpv.finished import is_finished
from adapters.mpv.identifying import located
from adapters.mpv.player import Player
from adapters.mpv.wire import Command, clean
from projections.errors import PlayheadError
from projections.fold import Views
from projections.identity import file_name, normal_path
from projections.players import PLAYERS
from projections.positions import POSITIONS

LATEST_MAX = 100
SEQ_MAX = 2**63 - 1


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a player came to answer.

    Attributes:
        is_new: it was started since we last spoke to it.
        is_ours: we started it.
        was_paused: it takes the place of one that the viewer had paused.
    """

    is_new: bool
    is_ours: bool = False
    was_paused: bool = False


class Last(msgspec.Struct, frozen=True):
    """The file that was played last, and whether it was watched to its end."""

    path: str
    is_finished: bool


class Starter:
    """
    Sets one connection's player going, when it shall.

    Args:
        player: the player, idle or not, before its playlist is touched.
        connection: to it.
        started: how it came to answer.
    """

    def __init__(self, player: Player, connection: Connection, started: Started) -> None:
        self._player = player
        self._connection = connection
        self._started = started
        self._is_fresh = started.is_new and player.mirror.is_idle
        self._newest_id = 0

    async def start(self) -> None:
        """
        Has the player play what it shall, if it shall play. To be called when its playlist has been
        brought in line.

        Raises:
            PlayerError: the connection ended.
        """
        mirror = self._player.mirror
        known_id = self._newest_id
        self._newest_id = max((entry.id for entry in mirror.entries), default=known_id)
        if not mirror.is_idle or mirror.playing is not None:
            self._is_fresh = False
        elif self._is_fresh:
            self._is_fresh = False
            first = await self._first()
            if first and self._started.was_paused:
                first = [("set_property", "pause", True), *first]
            await self._give(first)
        elif self._started.is_ours and mirror.last_end == "eof":
            new = (place for place, each in enumerate(mirror.entries) if each.id > known_id)
            await self._give([_play(place) for place in new][:1])

    async def _give(self, commands: Sequence[Command]) -> None:
        if not commands:
            return
        replies = await self._connection.ask_all(commands)
        refused = [reply.error for reply in replies if not reply.is_success]
        if refused:
            self._player.tell("warning", "not_started", reason=clean(refused[0]))

    async def _first(self) -> list[Command]:
        """What a player plays that was just started."""
        settings = self._player.settings
        paths = [located_in(self._player, each.filename) for each in self._player.mirror.entries]
        last = await self._last(paths)
        place = place_of_last(last.path, paths) if last is not None else None
        if settings.resumes and last is not None and not last.is_finished:
            if place is not None:
                return [_play(place)]
            if settings.resumes_stale and await anyio.to_thread.run_sync(os.path.isfile, last.path):
                return [wire.load(last.path, "append-play")]
        following = place + 1 if settings.resumes and place is not None else 0
        is_wanted = self._started.is_ours and following < len(paths)
        return [_play(following)] if is_wanted else []

    async def _last(self, paths: Sequence[str]) -> Last | None:
        question = partial(
            last_file, player=self._player.name, user=self._player.settings.user, paths=paths
        )
        try:
            return await self._player.desk.read(question)
        except PlayheadError as error:
            self._player.tell("warning", "not_resumed", reason=str(error))
            return None


def last_file(views: Views, *, player: str, user: str, paths: Sequence[str]) -> Last | None:
    """
    The file that a player played last; of one that never played any, what its user watched last of
    what is in its playlist.
    """
    row = views.get(PLAYERS, (player,))
    path = row.last.path if row is not None and row.last is not None else ""
    if not path:
        there = frozenset(paths)
        latest = views.find(POSITIONS, "positions_latest", (user, SEQ_MAX, LATEST_MAX))
        path = next((each.report.media for each in latest if each.report.media in there), "")
    if not path:
        return None
    return Last(path, is_finished(views, user, normal_path(path)))


def place_of_last(path: str, paths: Sequence[str]) -> int | None:
    """Where in the playlist it is; if it was moved since, the one file of its name."""
    told = normal_path(path)
    if told in paths:
        return paths.index(told)
    named = [place for place, each in enumerate(paths) if file_name(each) == file_name(told)]
    return named[0] if len(named) == 1 else None


def located_in(player: Player, filename: str) -> str:
    """The path of an entry as the log would have it; empty for what is not recorded."""
    found = located(filename, player.working_directory)
    return "" if found is None else normal_path(found.path)


def _play(place: int) -> Command:
    return ("playlist-play-index", place)
