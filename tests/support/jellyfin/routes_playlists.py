"""Routes about playlists. Most of them refuse an API key, which is nobody's."""

from __future__ import annotations

from support.jellyfin import dto
from support.jellyfin.call import Body, Call
from support.jellyfin.dto import ALL_FIELDS, Json
from support.jellyfin.model import Share
from support.jellyfin.refusals import Refused, failed, not_found
from support.jellyfin.router import NO_CONTENT, Answer, Route
from support.jellyfin.state import State


def create(state: State, call: Call) -> Answer:
    """A new playlist; the query counts before the body, and `Users` must not be null."""
    body = call.body() if call.raw_body else Body({}, 0)
    if call.raw_body and b'"Users":null' in call.raw_body.replace(b" ", b""):
        raise failed(500)
    if call.guid("userId") is None and body.guid("UserId"):
        call.query.append(("userId", body.guid("UserId") or ""))
    public = body.flag("IsPublic")
    playlist = state.playlists.create(
        call.text("name") or body.text("Name") or "",
        state.user_of(call),
        call.guids("ids") or body.guids("Ids") or [],
        media_type=call.text("mediaType") or body.text("MediaType"),
        shares=_shares(body),
        public=bool(call.raw_body) and public is not False,
    )
    return Answer(body={"Id": playlist.item.id})


def meta(state: State, call: Call) -> Answer:
    """Who may see it and what is in it."""
    playlist = state.playlists.find(_id(call), _caller(call))
    return Answer(body=dto.playlist(playlist, entries=state.playlists.entries(playlist)))


def update(state: State, call: Call) -> Answer:
    """Sets what is given."""
    playlist = state.playlists.find_editable(_id(call), _caller(call))
    body = call.body()
    fields: Json = {
        "Name": body.text("Name"),
        "Ids": body.guids("Ids"),
        "Users": _shares(body) if "Users" in body else None,
        "IsPublic": body.flag("IsPublic"),
    }
    state.playlists.update(playlist, fields)
    return NO_CONTENT


def entries(state: State, call: Call) -> Answer:
    """What is in it, in order, each with its entry id."""
    user_id = call.guid("userId") or _caller(call)
    playlist = state.playlists.find(_id(call), user_id)
    user = state.users[user_id or ""]
    found = state.playlists.entries(playlist, user)
    start, limit = call.integer("startIndex") or 0, call.integer("limit")
    page = found[start:] if limit is None else found[start : start + limit]
    wanted = set(call.words("fields"))
    fields = {name for name in ALL_FIELDS if name.lower() in wanted}
    with_data = call.flag("enableUserData") is not False
    dtos = [
        state.dtos.item(item, user, fields, with_data=with_data) | {"PlaylistItemId": item.id}
        for item in page
    ]
    return Answer(body={"Items": dtos, "TotalRecordCount": len(found), "StartIndex": start})


def add(state: State, call: Call) -> Answer:
    """Adds items; an API key may, for a user."""
    user = state.user_of(call)
    playlist = state.playlists.find_editable(_id(call), user.id)
    state.playlists.add(playlist, call.guids("ids"), call.integer("position"))
    return NO_CONTENT


def remove(state: State, call: Call) -> Answer:
    """Removes entries; an API key may from 10.11 on."""
    if call.caller.is_api_key and state.version.api_key_removes_entries:
        playlist = state.playlists.by_id.get(_id(call))
        if playlist is None:
            raise not_found()
    else:
        playlist = state.playlists.find_editable(_id(call), _caller(call))
    state.playlists.remove(playlist, call.listed("entryIds"))
    return NO_CONTENT


def move(state: State, call: Call) -> Answer:
    """Moves an entry."""
    playlist = state.playlists.find_editable(_id(call), _caller(call))
    state.playlists.move(playlist, call.need_guid("itemId"), call.integer("newIndex") or 0)
    return NO_CONTENT


def shares(state: State, call: Call) -> Answer:
    """Everybody it is shared with, for its owner."""
    playlist = state.playlists.find_owned(_id(call), _caller(call))
    return Answer(body=dto.playlist(playlist, entries=[])["Shares"])


def share(state: State, call: Call) -> Answer:
    """One user's right; an owner is told about the owner, whoever was asked about."""
    caller = _caller(call)
    playlist = state.playlists.find(_id(call), caller)
    asked = call.need_guid("userId")
    if playlist.owner_id == caller:
        return Answer(body={"UserId": caller, "CanEdit": True})
    if asked != caller and not playlist.editable_by(caller or ""):
        raise Refused(403)
    found = next((share for share in playlist.shares if share.user_id == asked), None)
    if found is None:
        raise not_found("User permissions not found")
    return Answer(body={"UserId": found.user_id, "CanEdit": found.can_edit})


def set_share(state: State, call: Call) -> Answer:
    """Shares with a user."""
    playlist = state.playlists.find_owned(_id(call), _caller(call))
    user = call.need_guid("userId")
    body = call.body() if call.raw_body else Body({}, 0)
    others = [share for share in playlist.shares if share.user_id != user]
    playlist.shares = [*others, Share(user, bool(body.flag("CanEdit")))]
    return NO_CONTENT


def delete_share(state: State, call: Call) -> Answer:
    """Shares no longer."""
    playlist = state.playlists.find_editable(_id(call), _caller(call))
    user = call.need_guid("userId")
    if all(share.user_id != user for share in playlist.shares):
        raise not_found("User permissions not found")
    playlist.shares = [share for share in playlist.shares if share.user_id != user]
    return NO_CONTENT


def _id(call: Call) -> str:
    return call.need_guid("playlistId")


def _caller(call: Call) -> str | None:
    return call.caller.user.id if call.caller.user else None


def _shares(body: Body) -> list[Share]:
    entries = [Body(entry, 0) for entry in body.get("Users") or ()]
    return [Share(entry.guid("UserId") or "", bool(entry.flag("CanEdit"))) for entry in entries]


ROUTES = [
    Route("POST", "/Playlists", create),
    Route("GET", "/Playlists/{playlistId}", meta),
    Route("POST", "/Playlists/{playlistId}", update),
    Route("GET", "/Playlists/{playlistId}/Items", entries),
    Route("POST", "/Playlists/{playlistId}/Items", add),
    Route("DELETE", "/Playlists/{playlistId}/Items", remove),
    Route("POST", "/Playlists/{playlistId}/Items/{itemId}/Move/{newIndex}", move),
    Route("GET", "/Playlists/{playlistId}/Users", shares),
    Route("GET", "/Playlists/{playlistId}/Users/{userId}", share),
    Route("POST", "/Playlists/{playlistId}/Users/{userId}", set_share),
    Route("DELETE", "/Playlists/{playlistId}/Users/{userId}", delete_share),
]
