"""
Reading and writing one person's playlists on one server.

An API key may list and make playlists; who sees them, what exactly is in them and every change
needs the token of their owner. The whole order is written by one request: moving entries one by one
ends in the wrong place on some versions (jellyfin#13651, #14233).
"""

from collections.abc import Collection

import msgspec

from adapters.jellyfin.answers import PlaylistSummary, Share
from adapters.jellyfin.client import JellyfinClient
from adapters.jellyfin.errors import ItemMissing, Refused
from projections.playlist_events import ASPECTS, Aspect
from projections.playlist_goals import Goal
from projections.sync_commands import PlaylistState

MEDIA_TYPES = frozenset({"Audio", "Video", "Book", "Photo"})
"""What a playlist can be made for; anything else is left to the server."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the server after a write, and what had to be written."""

    playlist_id: str
    state: PlaylistState
    wrote: tuple[Aspect, ...]


async def look(
    client: JellyfinClient,
    mine: JellyfinClient,
    user_id: str,
    *,
    owned: Collection[str] = (),
    foreign: Collection[str] = (),
) -> dict[str, PlaylistState]:
    """
    All playlists that belong to a user, by id.

    Args:
        client: asks with the API key.
        mine: asks with the token of that user.
        user_id: whose playlists.
        owned: ids that are known to be the user's: they are asked for by id if no list shows them.
        foreign: ids that are known to be somebody else's.

    Raises:
        JellyfinError: the server does not answer; nothing is known then.
    """
    summaries = {
        summary.playlist_id: summary
        for summary in await client.playlists(user_id)
        if summary.playlist_id not in foreign
    }
    found: dict[str, PlaylistState] = {}
    for playlist_id, summary in summaries.items():
        if playlist_id in owned or await mine.owns_playlist(playlist_id):
            state = await _state(client, mine, user_id, summary)
            if state is not None:
                found[playlist_id] = state
    for playlist_id in sorted(set(owned) - summaries.keys()):
        state = await read(client, mine, user_id, playlist_id)
        if state is not None:
            found[playlist_id] = state
    return found


async def read(
    client: JellyfinClient, mine: JellyfinClient, user_id: str, playlist_id: str
) -> PlaylistState | None:
    """One playlist as it is now, or None if it is not there."""
    named = await client.items(user_id=user_id, ids=[playlist_id], types=("Playlist",), fields=())
    names = {item.item_id: item.listing.name for item in named}
    if playlist_id not in names:
        return None
    summary = PlaylistSummary(playlist_id=playlist_id, name=names[playlist_id])
    return await _state(client, mine, user_id, summary)


async def _state(
    client: JellyfinClient, mine: JellyfinClient, user_id: str, summary: PlaylistSummary
) -> PlaylistState | None:
    try:
        meta = await mine.playlist_meta(summary.playlist_id)
        entries = list(meta.item_ids)
        if not entries:  # an empty answer empties a playlist everywhere: it is asked for twice
            entries = await client.playlist_entries(summary.playlist_id, user_id)
    except ItemMissing:
        return None
    return PlaylistState(
        name=summary.name,
        entries=tuple(dict.fromkeys(entries)),
        public=meta.public,
        shares={share.user_id: share.can_edit for share in meta.shares},
        media_type=summary.media_type,
    )


async def put(
    client: JellyfinClient,
    mine: JellyfinClient,
    user_id: str,
    *,
    goal: Goal,
    before: PlaylistState | None,
) -> Written:
    """
    Makes a playlist, or changes one that was just read as `before`, until it is as wanted. What is
    so already is not written; what the server then holds is read back.

    Raises:
        ItemMissing: it is not there any more.
        JellyfinError: it was not written, or nobody knows.
    """
    wanted = goal.state
    if goal.playlist_id is None:
        playlist_id = await _create(client, user_id, wanted)
        wrote = ASPECTS
    else:
        assert before is not None
        playlist_id = goal.playlist_id
        wrote = tuple(name for name in ASPECTS if getattr(before, name) != getattr(wanted, name))
        if not wrote:
            return Written(playlist_id=playlist_id, state=before, wrote=())
        await _update(mine, playlist_id, wanted, wrote)
    state = await read(client, mine, user_id, playlist_id)
    if state is None:
        raise ItemMissing(f"{client.server} does not show the playlist that was written.")
    return Written(playlist_id=playlist_id, state=state, wrote=wrote)


async def _create(client: JellyfinClient, user_id: str, wanted: PlaylistState) -> str:
    return await client.create_playlist(
        wanted.name,
        wanted.entries,
        user_id=user_id,
        public=wanted.public,
        shares=_shares(wanted),
        media_type=wanted.media_type if wanted.media_type in MEDIA_TYPES else None,
    )


async def _update(
    mine: JellyfinClient, playlist_id: str, wanted: PlaylistState, wrote: Collection[Aspect]
) -> None:
    await mine.update_playlist(
        playlist_id,
        name=wanted.name if "name" in wrote else None,
        ids=wanted.entries if "entries" in wrote else None,
        public=wanted.public if "public" in wrote else None,
        shares=_shares(wanted) if "shares" in wrote else None,
    )


def _shares(wanted: PlaylistState) -> list[Share]:
    return [Share(user_id, can_edit) for user_id, can_edit in wanted.shares.items()]


async def delete(
    client: JellyfinClient, mine: JellyfinClient, user_id: str, playlist_id: str
) -> None:
    """
    Deletes a playlist, never what is in it; one that is not there is no error.

    Raises:
        JellyfinError: it was not deleted, or nobody knows.
    """
    if await read(client, mine, user_id, playlist_id) is None:
        return
    await mine.delete_item(playlist_id)
    if await read(client, mine, user_id, playlist_id) is not None:
        raise Refused(f"{client.server} still shows a playlist that was deleted.", status=0)
