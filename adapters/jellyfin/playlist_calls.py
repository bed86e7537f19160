"""
The calls about playlists. Those that say so need a user's token: to an API key, which is nobody's,
the server answers 400.
"""

from collections.abc import Sequence

from adapters.jellyfin import answers, wire
from adapters.jellyfin.answers import PlaylistMeta, PlaylistSummary, Share
from adapters.jellyfin.caller import Caller, as_it_is, flag
from adapters.jellyfin.connection import Call
from adapters.jellyfin.errors import FORBIDDEN, ItemMissing, Unauthorized

PAGE = 500
PAGES_MAX = 200
"""100,000 playlists, or entries of one: more is a server that pages in a circle."""


class PlaylistCalls(Caller):
    """What a client asks about playlists."""

    async def playlists(self, user_id: str) -> list[PlaylistSummary]:
        """Every playlist that the user sees."""
        found: dict[str, PlaylistSummary] = {}
        for page in range(PAGES_MAX):
            query = {
                "userId": self._id(user_id),
                "includeItemTypes": "Playlist",
                "recursive": flag(True),
                "enableUserData": flag(False),
                "enableImages": flag(False),
                "sortBy": "SortName",
                "startIndex": str(page * PAGE),
                "limit": str(PAGE),
            }
            call = Call(method="GET", route="/Items", query=query)
            some = await self._ask(call, wire.ItemsDto, answers.playlists)
            found |= {playlist.playlist_id: playlist for playlist in some}
            if len(some) < PAGE:
                break
        return list(found.values())

    async def playlist_entries(self, playlist_id: str, user_id: str) -> list[str]:
        """The ids of the items in it, in order, as far as the user sees them."""
        found: dict[str, None] = {}
        for page in range(PAGES_MAX):
            query = {
                "userId": self._id(user_id),
                "enableUserData": flag(False),
                "enableImages": flag(False),
                "startIndex": str(page * PAGE),
                "limit": str(PAGE),
            }
            route = "/Playlists/{playlistId}/Items"
            call = Call(method="GET", route=route, ids={"playlistId": playlist_id}, query=query)
            some = await self._ask(call, wire.ItemsDto, answers.item_ids)
            found |= dict.fromkeys(some)
            if len(some) < PAGE:
                break
        return list(found)

    async def playlist_meta(self, playlist_id: str) -> PlaylistMeta:
        """Who may see it. Needs a user's token."""
        call = Call(method="GET", route="/Playlists/{playlistId}", ids={"playlistId": playlist_id})
        return await self._ask(call, wire.PlaylistDto, answers.playlist_meta)

    async def owns_playlist(self, playlist_id: str) -> bool:
        """
        Whether it belongs to whoever asks: its owner alone may see with whom it is shared. Needs a
        user's token.
        """
        route = "/Playlists/{playlistId}/Users"
        call = Call(method="GET", route=route, ids={"playlistId": playlist_id})
        try:
            await self._ask(call, list[wire.ShareDto], as_it_is)
        except ItemMissing:
            return False
        except Unauthorized as error:
            if error.status != FORBIDDEN:
                raise
            return False
        return True

    async def create_playlist(
        self,
        name: str,
        ids: Sequence[str],
        *,
        user_id: str,
        public: bool = False,
        shares: Sequence[Share] = (),
        media_type: str | None = None,
    ) -> str:
        """
        Makes a playlist of that user's; its id. Without media type the server looks at the first
        items, and takes music where they tell nothing.
        """
        body = {
            "Name": name,
            "Ids": [self._id(item_id) for item_id in ids],
            "UserId": self._id(user_id),
            "Users": self._shares(shares),
            "IsPublic": public,
        }
        if media_type is not None:
            body["MediaType"] = media_type
        call = Call(method="POST", route="/Playlists", body=body)
        return await self._ask(call, wire.CreatedDto, answers.created)

    async def update_playlist(
        self,
        playlist_id: str,
        *,
        name: str | None = None,
        ids: Sequence[str] | None = None,
        public: bool | None = None,
        shares: Sequence[Share] | None = None,
    ) -> None:
        """
        Sets what is given; `ids` is the whole content in its order. Needs the token of its owner,
        or of somebody who may edit it.
        """
        body = {
            "Name": name,
            "Ids": None if ids is None else [self._id(item_id) for item_id in ids],
            "Users": None if shares is None else self._shares(shares),
            "IsPublic": public,
        }
        given = {key: value for key, value in body.items() if value is not None}
        await self._tell(
            Call(
                method="POST",
                route="/Playlists/{playlistId}",
                ids={"playlistId": playlist_id},
                body=given,
            )
        )

    def _shares(self, shares: Sequence[Share]) -> list[dict[str, object]]:
        return [{"UserId": self._id(share.user_id), "CanEdit": share.can_edit} for share in shares]
