"""
What is done with a file that a player has just opened: which one it is is found out, and it goes on
where it was left.
"""

from functools import partial

import anyio
import anyio.to_thread
import msgspec

from adapters.mpv import wire
from adapters.mpv.connection import Connection
from adapters.mpv.errors import PlayerRefused
from adapters.mpv.identifying import Playable, located, looked_into
from adapters.mpv.player import Player
from adapters.mpv.resume import Opening, is_news, is_touched, seek_target
from projections.errors import PlayheadError
from projections.resume import ResumePoint
from projections.resuming import resume_point

LOOK_S_MAX = 1.0
"""A slow share must not keep a file from going on where it was left."""

ASKED = ("path", "time-pos", "duration", "start")


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """
    A file that begins to be played.

    Attributes:
        position_s: where.
        is_resumed: whether that is a place somebody chose, now or earlier.
        has_sought: whether the player was sent there by us.
        is_news: whether the place is worth telling before it moves on.
    """

    playable: Playable
    position_s: float
    duration_s: float | None
    is_resumed: bool
    has_sought: bool
    is_news: bool


class Opener:
    """
    Looks at the files that a player opens.

    Args:
        player: the player.
        connection: to it.
        is_new: whether it was started since we last spoke to it.
    """

    def __init__(self, player: Player, connection: Connection, *, is_new: bool) -> None:
        self._player = player
        self._connection = connection
        self._is_new = is_new
        self._limiter = anyio.CapacityLimiter(1)

    async def open(self, *, is_joined: bool) -> Begun | None:
        """
        What is played from now on; None if it is nothing to be remembered, not loaded yet, or
        already over.

        Args:
            is_joined: whether it was opened before we were connected.

        Raises:
            PlayerError: the connection ended.
        """
        entry = self._player.mirror.playing
        replies = await self._connection.ask_all([("get_property", name) for name in ASKED])
        path, position, duration, start = (reply.data for reply in replies)
        found = located(wire.text_of(path), self._player.working_directory)
        if found is None or (is_joined and position is None):
            return None
        opening = Opening(
            position_s=wire.number_of(position) or 0.0,
            duration_s=wire.number_of(duration),
            start=wire.text_of(start),
            is_joined=is_joined and self._is_new,
        )
        playable = await self._looked_into(found)
        point = await self._point(playable, opening)
        if self._player.mirror.playing != entry:
            return None
        target_s = seek_target(opening, point) if self._player.settings.resumes else None
        has_sought = target_s is not None and await self._seek(target_s)
        if has_sought:
            self._player.tell("info", "resumed", name=playable.name, why=point.detail)
        return Begun(
            playable=playable,
            position_s=target_s if has_sought and target_s is not None else opening.position_s,
            duration_s=opening.duration_s,
            is_resumed=has_sought or is_touched(opening),
            has_sought=has_sought,
            is_news=not is_joined
            or self._is_new
            or is_news(opening, point, device=self._player.name),
        )

    async def _looked_into(self, playable: Playable) -> Playable:
        with anyio.move_on_after(LOOK_S_MAX):
            return await anyio.to_thread.run_sync(
                looked_into, playable, abandon_on_cancel=True, limiter=self._limiter
            )
        return playable

    async def _point(self, playable: Playable, opening: Opening) -> ResumePoint:
        """Where the file was left, as far as the log can be read."""
        wanted = msgspec.structs.replace(playable.identity, duration_s=opening.duration_s)
        question = partial(resume_point, user=self._player.settings.user, wanted=wanted)
        try:
            return await self._player.desk.read(question)
        except PlayheadError as error:
            self._player.tell("warning", "not_resumed", reason=str(error))
            return ResumePoint(detail=str(error))

    async def _seek(self, position_s: float) -> bool:
        try:
            await self._connection.ask("seek", position_s, "absolute+exact")
        except PlayerRefused as error:  # a stream that cannot be sought in
            self._player.tell("info", "not_resumed", reason=str(error))
            return False
        return True
