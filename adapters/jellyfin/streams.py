"""
Telling a server which audio and subtitle track a person chose on another.

Jellyfin takes tracks only as part of a report of playback. So playback is reported that never was,
without a position, and ended as failed, of which nothing is saved.
"""

import anyio

from adapters.jellyfin import look
from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.look import Person
from adapters.jellyfin.outcomes import Outcome, abandoned, busy, delivered
from adapters.jellyfin.server import Server
from adapters.jellyfin.watch import speaking
from projections.deliveries import Delivery
from projections.streams_reactions import is_wanted
from projections.sync_events import StreamsWish
from projections.userdata import Changes

REPORTS = 2
"""
Servers before 12 note the tracks of a report, but save only when one says what they know already.
One that does it right saves once all the same.
"""


async def tell(server: Server, person: Person, row: Delivery) -> Outcome:
    """
    Tells the tracks of one delivery, if they are still agreed and nobody is disturbed by it.

    Raises:
        JellyfinError: it was not done, or nobody knows: to be tried again.
    """
    wish = row.wish
    assert isinstance(wish, StreamsWish)
    if not await server.desk.read(lambda views: is_wanted(views, server.name, row.user, wish)):
        why = "Other tracks have been chosen since, or the item is another."
        return abandoned(row, why, dropped=True)
    async with speaking(server, person) as mine:
        if await _is_playing(server, person, mine, wish.item_id):
            return busy(server, row, f"{row.user} is playing something there right now")
        await _report(mine, wish)
    wrote = Changes(audio_stream=_index(wish.audio), subtitle_stream=_index(wish.subtitle))
    return delivered(row, wrote, None)


async def _is_playing(server: Server, person: Person, mine: JellyfinClient, item_id: str) -> bool:
    """Whether that person plays anything there, apart from a report of ours that never ended."""
    playing = await look.playing(server, person)
    if item_id in playing:
        await mine.play_stopped(item_id)
        playing = await look.playing(server, person)
    return bool(playing)


async def _report(mine: JellyfinClient, wish: StreamsWish) -> None:
    try:
        for _ in range(REPORTS):
            await mine.play_progress(
                wish.item_id, audio_stream=wish.audio, subtitle_stream=wish.subtitle
            )
    finally:
        with anyio.CancelScope(shield=True):  # else the server itself ends it, and saves that
            await mine.play_stopped(wish.item_id)


def _index(track: int | None) -> int:
    """No track, as Jellyfin's webhook says it."""
    return -1 if track is None else track
