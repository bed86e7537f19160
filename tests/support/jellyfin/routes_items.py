"""Routes about items, user data and the library."""

from __future__ import annotations

from typing import Any

from support.jellyfin.call import Call, need_admin
from support.jellyfin.dto import ALL_FIELDS, Json
from support.jellyfin.model import Item, User
from support.jellyfin.query import ItemQuery
from support.jellyfin.refusals import Refused, failed, not_found
from support.jellyfin.router import NO_CONTENT, Answer, Route
from support.jellyfin.state import State
from support.jellyfin.userdata import RatingOutOfRange

PATCH_ORDER = (
    ("PlaybackPositionTicks", "position_ticks"),
    ("PlayCount", "play_count"),
    ("IsFavorite", "favorite"),
    ("Likes", "likes"),
    ("Played", "played"),
    ("LastPlayedDate", "last_played"),
    ("Rating", "rating"),
)
INTEGERS = frozenset({"PlaybackPositionTicks", "PlayCount"})


def items(state: State, call: Call) -> Answer:
    """The list. An API key without user sees everything and no user data."""
    user = _listing_user(state, call)
    query = ItemQuery(state.version, state.library, state.user_data, user)
    found, total = query.run(call)
    return _page(state, call, found, user, total=total)


def resume(state: State, call: Call) -> Answer:
    """What can be continued, the last played first."""
    call.query += [
        ("filters", "IsResumable"),
        ("recursive", "true"),
        ("sortBy", "DatePlayed"),
        ("sortOrder", "Descending"),
    ]
    return items(state, call)


def episodes(state: State, call: Call) -> Answer:
    """The episodes of a series, or of one season."""
    user = _listing_user(state, call)
    series = state.library.get(call.need_guid("seriesId"), user)
    if series is None:
        raise not_found()
    season = call.guid("seasonId")
    found = [
        leaf for leaf in state.library.leaves(series) if season is None or leaf.season_id == season
    ]
    start, limit = call.integer("startIndex") or 0, call.integer("limit")
    page = found[start:] if limit is None else found[start : start + limit]
    return _page(state, call, page, user, total=len(found))


def views(state: State, call: Call) -> Answer:
    """The libraries of a user."""
    user = _listing_user(state, call)
    libraries = [
        item
        for item in state.library.items.values()
        if item.kind == "CollectionFolder" and (user is None or state.library.visible(item, user))
    ]
    return _page(state, call, libraries, user, total=len(libraries))


def one_item(state: State, call: Call) -> Answer:
    """One item with all its fields."""
    user = _listing_user(state, call)
    item = state.item_of(call, user)
    return Answer(body=state.dtos.item(item, user, ALL_FIELDS))


def update_item(state: State, call: Call) -> Answer:
    """Metadata; what is not given is taken as empty, as on the real server."""
    need_admin(call)
    item, body = state.item_of(call, None), call.body()
    state.library.update(
        item,
        name=body.text("Name") or item.name,
        providers=dict(body.get("ProviderIds") or {}),
        year=body.integer("ProductionYear"),
    )
    return NO_CONTENT


def delete_item(state: State, call: Call) -> Answer:
    """Removes an item; a playlist may be removed by its owner."""
    item = state.item_of(call, call.caller.user)
    user = call.caller.user
    playlist = state.playlists.by_id.get(item.id)
    owned = playlist is not None and user is not None and playlist.owner_id == user.id
    if not (call.caller.is_api_key or owned or (user and user.may_delete)):
        raise Refused(401, "Unauthorized access")
    state.playlists.by_id.pop(item.id, None)
    state.library.remove(item)
    state.user_data.forget_item(item)
    return NO_CONTENT


def get_user_data(state: State, call: Call) -> Answer:
    """What one user did with one item."""
    user = state.user_of(call)
    return Answer(body=state.dtos.user_data(user, state.item_of(call, user)))


def post_user_data(state: State, call: Call) -> Answer:
    """Sets the given fields; null, an empty text and absence all mean: leave it."""
    user = state.user_of(call)
    item = state.item_of(call, user)
    body = call.body()
    fields: Json = {}
    for name, ours in PATCH_ORDER:
        if name in INTEGERS:
            value: Any = body.integer(name)
        elif name == "Rating":
            value = body.number(name)
        elif name == "LastPlayedDate":
            value = body.date(name)
        else:
            value = body.flag(name)
        if value is not None:
            fields[ours] = value
    try:
        state.user_data.patch(user, item, fields)
    except RatingOutOfRange:
        raise failed(400) from None
    return _user_data(state, user, item)


def mark_played(state: State, call: Call) -> Answer:
    """Watched. The caller's session becomes that user's, and its guests are marked too."""
    user = state.user_of(call)
    item = state.item_of(call, user)
    date = call.date("datePlayed")
    for each in _session_users(state, call, user):
        state.user_data.mark_played(each, item, date)
    return _user_data(state, user, item)


def mark_unplayed(state: State, call: Call) -> Answer:
    """Not watched, with the same side effect on the session."""
    user = state.user_of(call)
    item = state.item_of(call, user)
    for each in _session_users(state, call, user):
        state.user_data.mark_unplayed(each, item)
    return _user_data(state, user, item)


def favorite(state: State, call: Call) -> Answer:
    """The heart, given or taken."""
    user = state.user_of(call)
    item = state.item_of(call, user)
    state.user_data.set_favorite(user, item, favorite=call.method == "POST")
    return _user_data(state, user, item)


def rating(state: State, call: Call) -> Answer:
    """The thumb; DELETE, or no `likes`, clears the rating."""
    user = state.user_of(call)
    item = state.item_of(call, user)
    likes = call.flag("likes") if call.method == "POST" else None
    state.user_data.set_likes(user, item, likes=likes)
    return _user_data(state, user, item)


def virtual_folders(state: State, call: Call) -> Answer:
    """The libraries and where they are."""
    need_admin(call)
    folders = [
        {
            "Name": item.name,
            "Locations": [item.path],
            "CollectionType": item.collection_type,
            "ItemId": item.id,
            "RefreshStatus": "Idle",
        }
        for item in state.library.items.values()
        if item.kind == "CollectionFolder"
    ]
    return Answer(body=folders)


def media_updated(state: State, call: Call) -> Answer:
    """A hint that files changed; a path must be there, the kind of change is ignored."""
    for update in call.body().get("Updates") or ():
        path = {key.lower(): value for key, value in update.items()}.get("path")
        if path is None:
            raise failed(400)
        state.reported_paths.append(path)
    return NO_CONTENT


def refresh(state: State, call: Call) -> Answer:
    """Starts a scan."""
    need_admin(call)
    state.scan()
    return NO_CONTENT


def _listing_user(state: State, call: Call) -> User | None:
    if call.caller.is_api_key and call.guid("userId") is None:
        return None
    return state.user_of(call)


def _session_users(state: State, call: Call, user: User) -> list[User]:
    device = call.caller.device
    session = state.sessions.seen(
        device["Client"], device["Version"], device["DeviceId"], device["Device"], user
    )
    guests = (state.users.get(identifier) for identifier in session.additional_users)
    return [user, *(guest for guest in guests if guest is not None)]


def _user_data(state: State, user: User, item: Item) -> Answer:
    return Answer(body=state.dtos.user_data(user, item, fresh=True))


def _page(state: State, call: Call, found: list[Item], user: User | None, *, total: int) -> Answer:
    wanted = set(call.words("fields"))
    fields = {name for name in ALL_FIELDS if name.lower() in wanted}
    with_data = call.flag("enableUserData") is not False
    dtos = [state.dtos.item(item, user, fields, with_data=with_data) for item in found]
    start = call.integer("startIndex") or 0
    total = max(total + state.count_off_by, 0)
    return Answer(body={"Items": dtos, "TotalRecordCount": total, "StartIndex": start})


ROUTES = [
    Route("GET", "/Items", items),
    Route("GET", "/Items/{itemId}", one_item),
    Route("POST", "/Items/{itemId}", update_item),
    Route("DELETE", "/Items/{itemId}", delete_item),
    Route("GET", "/UserViews", views),
    Route("GET", "/UserItems/Resume", resume),
    Route("GET", "/Shows/{seriesId}/Episodes", episodes),
    Route("GET", "/UserItems/{itemId}/UserData", get_user_data),
    Route("POST", "/UserItems/{itemId}/UserData", post_user_data),
    Route("POST", "/UserItems/{itemId}/Rating", rating),
    Route("DELETE", "/UserItems/{itemId}/Rating", rating),
    Route("POST", "/UserPlayedItems/{itemId}", mark_played),
    Route("DELETE", "/UserPlayedItems/{itemId}", mark_unplayed),
    Route("POST", "/UserFavoriteItems/{itemId}", favorite),
    Route("DELETE", "/UserFavoriteItems/{itemId}", favorite),
    Route("GET", "/Library/VirtualFolders", virtual_folders),
    Route("POST", "/Library/Media/Updated", media_updated),
    Route("POST", "/Library/Refresh", refresh),
    Route("GET", "/Users/{userId}/Items", items, legacy=True),
    Route("GET", "/Users/{userId}/Items/Resume", resume, legacy=True),
    Route("GET", "/Users/{userId}/Items/{itemId}", one_item, legacy=True),
    Route("GET", "/Users/{userId}/Views", views, legacy=True),
    Route("GET", "/Users/{userId}/Items/{itemId}/UserData", get_user_data, legacy=True),
    Route("POST", "/Users/{userId}/Items/{itemId}/UserData", post_user_data, legacy=True),
    Route("POST", "/Users/{userId}/Items/{itemId}/Rating", rating, legacy=True),
    Route("DELETE", "/Users/{userId}/Items/{itemId}/Rating", rating, legacy=True),
    Route("POST", "/Users/{userId}/PlayedItems/{itemId}", mark_played, legacy=True),
    Route("DELETE", "/Users/{userId}/PlayedItems/{itemId}", mark_unplayed, legacy=True),
    Route("POST", "/Users/{userId}/FavoriteItems/{itemId}", favorite, legacy=True),
    Route("DELETE", "/Users/{userId}/FavoriteItems/{itemId}", favorite, legacy=True),
]
