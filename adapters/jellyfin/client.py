"""
The client: what we ask of a Jellyfin server and tell it, one method a request.

Every method returns our own vocabulary or raises an error of `adapters.jellyfin.errors`; nothing is
retried here and nothing remembered. Writes are never verified here either: whoever delivers reads
back what stands there (rows of the server may disagree, jellyfin#15795).
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self

import anyio

from adapters.jellyfin import answers, wire
from adapters.jellyfin.answers import Account, ListedItem, Playing, Plugin, ServerInfo
from adapters.jellyfin.bucket import Bucket
from adapters.jellyfin.caller import as_it_is, flag
from adapters.jellyfin.connection import ANSWER_BYTES_MAX, Call, Connection, RequestStatistics
from adapters.jellyfin.errors import Refused, Unauthorized
from adapters.jellyfin.playback_calls import PlaybackCalls
from adapters.jellyfin.playlist_calls import PlaylistCalls
from projections.envelope import Nanos
from projections.listing import TYPES
from projections.userdata import Changes, State

IDS_MAX = 100
"""Identifiers in one request: the address stays well under the 8 KiB that proxies allow."""

LIMIT_MAX = 1_000
ACTIVE_WITHIN_S = 360
"""The server ends a session that was silent for five minutes; one more for the clocks."""

REQUESTS_PER_S = 20.0
TIMEOUT_S = 30.0


def _unobserved(_: RequestStatistics) -> None:
    """Nobody counts."""


class JellyfinClient(PlaylistCalls, PlaybackCalls):
    """
    One server, asked with an API key or (see `as_user`) with a user's token.

    Use it in `async with`, which ends all its connections; the clients that `as_user` makes need
    none of their own.

    Args:
        url: http or https, host, and the base path if there is one.
        token: the API key. It leaves only in the `Authorization` header.
        server: the configured name, for messages.
        device_id: what the server knows this installation by.
        version: of Playhead; the server shows it.
        requests_per_s: the pace in the long run, and as many at once after a pause.
        timeout_s: for one request and its whole answer.
        answer_bytes_max: a longer answer, unpacked, is none.
        observe: is told of every request that is over.

    Raises:
        BadAddress: the url cannot be used.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        server: str,
        device_id: str,
        version: str = "0",
        requests_per_s: float = REQUESTS_PER_S,
        timeout_s: float = TIMEOUT_S,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        observe: Callable[[RequestStatistics], None] = _unobserved,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        bucket = Bucket(requests_per_s, burst=max(1, int(requests_per_s)), clock=clock, sleep=sleep)
        connection = Connection(
            server,
            url,
            bucket=bucket,
            timeout_s=timeout_s,
            answer_bytes_max=answer_bytes_max,
            clock=clock,
            observe=observe,
        )
        super().__init__(connection, token, device_id=device_id, version=version)

    async def __aenter__(self) -> Self:
        self._connection.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connection.close()

    async def public_info(self) -> ServerInfo:
        """Who the server is. Needs no token and sends none."""
        call = Call(method="GET", route="/System/Info/Public")
        return await self._ask(call, wire.PublicInfoDto, answers.server_info, authorization="")

    async def users(self) -> list[Account]:
        """Everybody who has an account."""
        call = Call(method="GET", route="/Users")
        return await self._ask(call, list[wire.UserDto], answers.accounts)

    async def items(
        self,
        *,
        user_id: str | None,
        ids: Sequence[str] = (),
        types: Sequence[str] = TYPES,
        start: int = 0,
        limit: int = 500,
        sort_by: str = "SortName",
        descending: bool = False,
        filters: Sequence[str] = (),
        fields: Sequence[str] = ("Path", "ProviderIds"),
    ) -> list[ListedItem]:
        """
        A page of the items, or of some of them by id: those that are missing are left out. No ids
        means all items. States come with a user only.

        Pages may overlap or shift while somebody works on the library: ask until one is short, and
        count no item twice.
        """
        assert len(ids) <= IDS_MAX
        assert 1 <= limit <= LIMIT_MAX
        query = {
            "userId": self._id(user_id) if user_id is not None else None,
            "ids": _listed([self._id(item_id) for item_id in ids]),
            "includeItemTypes": _listed(types),
            "filters": _listed(filters),
            "fields": _listed(fields),
            "recursive": flag(True),
            "enableUserData": flag(user_id is not None),
            "enableImages": flag(False),
            "enableTotalRecordCount": flag(False),
            "startIndex": str(start),
            "limit": str(limit),
            "sortBy": sort_by,
            "sortOrder": "Descending" if descending else "Ascending",
        }
        call = Call(method="GET", route="/Items", query=query)
        return await self._ask(call, wire.ItemsDto, answers.listed_items)

    async def user_data(self, user_id: str, item_id: str) -> State:
        """What stands there now."""
        return await self._user_data("GET", "/UserItems/{itemId}/UserData", user_id, item_id)

    async def post_user_data(self, user_id: str, item_id: str, changes: Changes) -> State:
        """
        Sets the fields that have a value; none can be cleared this way. The answer is what the
        server believes now.
        """
        route = "/UserItems/{itemId}/UserData"
        body = wire.changes_body(changes)
        return await self._user_data("POST", route, user_id, item_id, body=body)

    async def clear_rating(self, user_id: str, item_id: str) -> State:
        """Takes rating and likes away, which nothing else does."""
        return await self._user_data("DELETE", "/UserItems/{itemId}/Rating", user_id, item_id)

    async def mark_played(self, user_id: str, item_id: str, *, at_ns: Nanos | None) -> State:
        """
        Watched, from the start again. With a date the server counts one more play; without, it
        keeps the date it has.
        """
        date = None if at_ns is None else wire.date_text(at_ns)
        route = "/UserPlayedItems/{itemId}"
        return await self._user_data("POST", route, user_id, item_id, date=date)

    async def mark_unplayed(self, user_id: str, item_id: str) -> State:
        """Not watched: count, position and date are gone, too."""
        return await self._user_data("DELETE", "/UserPlayedItems/{itemId}", user_id, item_id)

    async def set_favorite(self, user_id: str, item_id: str, *, favorite: bool) -> State:
        """Gives or takes the heart."""
        method = "POST" if favorite else "DELETE"
        return await self._user_data(method, "/UserFavoriteItems/{itemId}", user_id, item_id)

    async def sessions(self, *, active_within_s: int = ACTIVE_WITHIN_S) -> list[Playing]:
        """Who plays what at this moment."""
        query = {"activeWithinSeconds": str(active_within_s)}
        call = Call(method="GET", route="/Sessions", query=query)
        return await self._ask(call, list[wire.SessionDto], answers.playing)

    async def create_user(self, name: str, password: str = "") -> Account:
        """A new account; without password anybody may use it."""
        body = {"Name": name} | ({"Password": password} if password else {})
        call = Call(method="POST", route="/Users/New", body=body)
        return await self._ask(call, wire.UserDto, answers.account)

    async def delete_user(self, user_id: str) -> None:
        """Removes an account with all that hangs on it."""
        await self._tell(Call(method="DELETE", route="/Users/{userId}", ids={"userId": user_id}))

    async def rename_user(self, user_id: str, name: str) -> None:
        """Renames an account; everything else of it is sent back as it was read."""
        call = Call(method="GET", route="/Users/{userId}", ids={"userId": user_id})
        whole = await self._ask(call, dict[str, Any], as_it_is)
        query = {"userId": self._id(user_id)}
        body = whole | {"Name": name}
        await self._tell(Call(method="POST", route="/Users", query=query, body=body))

    async def mint_token(self, user_id: str, device_id: str) -> str:
        """
        A token of that user for a device, without a password: Quick Connect, which the API key
        authorises. An older token of user and device dies.
        """
        device = self._header("", device_id)
        started = await self._quick_connect(device)
        query = {"code": started.code, "userId": self._id(user_id)}
        authorize = Call(method="POST", route="/QuickConnect/Authorize", query=query)
        allowed = await self._ask(authorize, bool, as_it_is)
        if not allowed:
            raise Refused(f"{self.server} did not authorise a token.", status=0)
        route = "/Users/AuthenticateWithQuickConnect"
        redeem = Call(method="POST", route=route, body={"Secret": started.secret})
        whose, token = await self._ask(
            redeem, wire.AuthenticationDto, answers.token, authorization=device
        )
        if whose != self._id(user_id):
            raise Refused(f"{self.server} gave the token of another user.", status=0)
        return token

    async def _quick_connect(self, device: str) -> answers.QuickConnect:
        call = Call(method="POST", route="/QuickConnect/Initiate")
        try:
            return await self._ask(
                call, wire.QuickConnectDto, answers.quick_connect, authorization=device
            )
        except Unauthorized as error:
            raise Unauthorized(
                f"{self.server} does not allow Quick Connect.",
                hint="Enable it under Dashboard, General: Playhead gets its tokens that way.",
            ) from error

    async def delete_item(self, item_id: str) -> None:
        """Deletes an item, files and all. Meant for playlists."""
        await self._tell(Call(method="DELETE", route="/Items/{itemId}", ids={"itemId": item_id}))

    async def plugins(self) -> list[Plugin]:
        """What is installed."""
        call = Call(method="GET", route="/Plugins")
        return await self._ask(call, list[wire.PluginDto], answers.plugins)

    async def plugin_configuration(self, plugin_id: str) -> dict[str, Any]:
        """The whole configuration of a plugin, as it stores it."""
        route = "/Plugins/{pluginId}/Configuration"
        call = Call(method="GET", route=route, ids={"pluginId": plugin_id})
        configuration: dict[str, Any] = await self._ask(call, dict[str, Any], as_it_is)
        return configuration

    async def set_plugin_configuration(self, plugin_id: str, configuration: dict[str, Any]) -> None:
        """Replaces the configuration: what is left out is gone."""
        route = "/Plugins/{pluginId}/Configuration"
        ids = {"pluginId": plugin_id}
        await self._tell(Call(method="POST", route=route, ids=ids, body=configuration))

    async def media_updated(self, paths: Sequence[str]) -> None:
        """Says that files changed; the server looks at them in a minute or so."""
        updates = [{"Path": path, "UpdateType": "Modified"} for path in paths]
        body = {"Updates": updates}
        await self._tell(Call(method="POST", route="/Library/Media/Updated", body=body))

    async def _user_data(
        self,
        method: str,
        route: str,
        user_id: str,
        item_id: str,
        *,
        body: dict[str, Any] | None = None,
        date: str | None = None,
    ) -> State:
        query = {"userId": self._id(user_id), "datePlayed": date}
        call = Call(method=method, route=route, ids={"itemId": item_id}, query=query, body=body)
        return await self._ask(call, wire.UserItemDataDto, wire.user_data)


def _listed(words: Sequence[str]) -> str | None:
    return ",".join(words) or None
