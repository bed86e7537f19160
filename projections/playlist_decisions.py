"""
What an answer about playlists means, judged by the latest rows; recorded in the events.

Whoever changed a playlist did so on the copy that they saw: what is different from what was last
seen there is done to the agreed one. A playlist that a complete listing lacks was deleted, unless
that is hard to believe.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from projections.deliveries import Delivery
from projections.envelope import Draft, Nanos
from projections.fold import Views
from projections.in_force import rules_in_force
from projections.library import member
from projections.playlist_events import (
    UNCHANGED,
    PlaylistChanges,
    PlaylistObserved,
    PlaylistSeen,
)
from projections.playlist_goals import (
    Shape,
    differing,
    digest_of,
    is_given_up,
    is_lost,
    must_tell,
    seen_as,
    shape_of,
    wanted_on,
)
from projections.playlist_merge import joined_entries, merged_entries, merged_shares
from projections.playlists import PLAYLISTS, SHELVES, OnServer, Playlist, Shelf
from projections.rules import ServerRules
from projections.servers import SERVERS, Server
from projections.sync_commands import DeliveredPlaylist, ObservePlaylists, PlaylistState
from projections.sync_events import BrakePulled, DeltaDelivered, PlaylistWish

BRAKE_COUNT_MIN = 4
BRAKE_SHARE = 0.5
"""Of so many playlists or more, at most this share may vanish at once."""

NOT_READ = "Nothing is taken from this server; its direction is `write`."
RESTORED = "The operator decided to restore this server."


def observe_playlists(views: Views, command: ObservePlaylists, now: Nanos) -> list[Draft]:
    """What is new among a person's playlists on a server."""
    rules = rules_in_force(views)
    server = views.get(SERVERS, (command.server,)) or Server(server=command.server)
    if not rules.playlists or server.brake:
        return []
    its_rules = rules.servers.get(command.server, ServerRules())
    objection = "" if its_rules.reads else NOT_READ
    if server.decision == "restore":
        objection = objection or RESTORED
    rows = _Look(views, command, objection=objection, decision=server.decision).rows()
    if not rows:
        return []
    event = PlaylistObserved(
        server=command.server,
        user=command.user,
        user_id=command.user_id,
        as_of=command.as_of,
        rows=rows,
    )
    drafts = [Draft(event=event, at=now)]
    missing = [row for row in rows.values() if row.presence == "missing"]
    if missing:
        brake = BrakePulled(
            server=command.server,
            reason=missing[0].refused["deleted"],
            suspects_count=len(missing),
            known_count=len(command.playlists) + len(missing),
        )
        drafts.append(Draft(event=brake, at=now))
    return drafts


class _Look:
    """One answer of a server. `objection` says why nothing in it is believed, if that is so."""

    def __init__(
        self, views: Views, command: ObservePlaylists, *, objection: str, decision: str
    ) -> None:
        self._views = views
        self._command = command
        self._objection = objection
        self._decision = decision
        self._shelf = views.get(SHELVES, (command.user,)) or Shelf()
        self._rows: dict[str, PlaylistSeen] = {}

    def rows(self) -> dict[str, PlaylistSeen]:
        """What there is to record."""
        as_of = self._command.as_of
        for playlist_id, state in self._command.playlists.items():
            key = self._shelf.key_of(self._command.server, playlist_id)
            playlist = None if key is None else self._playlist(key)
            there = None if playlist is None else playlist.seen.get(self._command.server)
            found = self._found(playlist_id, state)
            if playlist is None or there is None:
                if self._shelf.left.get(member(self._command.server, playlist_id), 0) <= as_of:
                    self._meet(found)
            elif max(there.seq, there.wrote) <= as_of:
                self._again(playlist, there, found)
        if self._command.complete:
            self._rows |= dict(self._vanished())
            self._rows |= dict(self._lacking())
        return self._rows

    def _playlist(self, key: str) -> Playlist | None:
        return self._views.get(PLAYLISTS, (self._command.user, key))

    def _found(self, playlist_id: str, state: PlaylistState) -> PlaylistSeen:
        return seen_as(self._views, self._command.server, playlist_id, state)

    def _meet(self, found: PlaylistSeen) -> None:
        """A playlist that this server has and did not have: of a known name, or new."""
        playlist = self._namesake(found.name)
        if playlist is None:
            self._begin(found)
            return
        changes = UNCHANGED
        shape = shape_of(found)
        told = playlist.told.get(self._command.server, ())
        refused: dict[str, str] = {}
        if self._objection:
            refused = dict.fromkeys(differing(shape, _agreed(playlist)), self._objection)
        elif digest_of(shape) not in told:
            entries = joined_entries(playlist.entries, shape.entries)
            shares = shape.shares | playlist.shares
            changes = _changes(playlist, entries=entries, shares=shares)
        self._rows[playlist.playlist] = msgspec.structs.replace(
            found, changes=changes, refused=refused, first=True
        )

    def _namesake(self, name: str) -> Playlist | None:
        """The first playlist of that name that this server is not known to have."""
        for key, ids in self._shelf.playlists.items():
            if self._command.server in ids or key in self._rows:
                continue
            playlist = self._playlist(key)
            if playlist is None or playlist.deleted:
                continue
            if playlist.name.casefold() == name.casefold():
                return playlist
        return None

    def _begin(self, found: PlaylistSeen) -> None:
        if self._objection:
            return
        key = member(self._command.server, found.playlist_id)
        known = self._playlist(key)
        if key in self._rows or (known is not None and not known.deleted):
            # A server makes ids of names, so an id may have belonged to another playlist before.
            key = f"{key}@{self._command.as_of}"
        shape = shape_of(found)
        changes = PlaylistChanges(
            name=shape.name,
            entries=shape.entries,
            public=shape.public,
            shares=shape.shares,
            deleted=False,
        )
        self._rows[key] = msgspec.structs.replace(found, changes=changes, first=True)

    def _again(self, playlist: Playlist, there: OnServer, found: PlaylistSeen) -> None:
        """A playlist that this server was known to have."""
        before, after = shape_of(there), shape_of(found)
        aspects = differing(before, after)
        if aspects and self._objection:
            found = msgspec.structs.replace(found, refused=dict.fromkeys(aspects, self._objection))
        elif aspects and digest_of(after) not in playlist.told.get(self._command.server, ()):
            changes = self._changed(playlist, there, after)
            found = msgspec.structs.replace(found, changes=changes)
        is_news = bool(aspects) or there.missing or there.entries != found.entries
        if is_news or must_tell(self._views, self._command.server, playlist):
            self._rows[playlist.playlist] = found

    def _changed(self, playlist: Playlist, there: OnServer, after: Shape) -> PlaylistChanges:
        before = shape_of(there)
        lost = {
            media
            for media, item_id in there.entries
            if is_lost(self._views, self._command.server, item_id)
        }
        entries = merged_entries(playlist.entries, before.entries, after.entries, lost)
        shares = merged_shares(playlist.shares, before.shares, after.shares)
        values: dict[str, Any] = {"entries": entries, "shares": shares}
        if after.name != before.name:
            values["name"] = after.name
        if after.public != before.public:
            values["public"] = after.public
        changes = _changes(playlist, **values)
        if playlist.deleted and changes:
            return msgspec.structs.replace(changes, deleted=False)
        return changes

    def _vanished(self) -> Iterator[tuple[str, PlaylistSeen]]:
        """The playlists that this server had and does not show any more."""
        command = self._command
        shown = command.playlists.keys() | command.unchanged
        known = list(self._here())
        gone = [
            (playlist, there)
            for playlist, there in known
            if there.playlist_id not in shown and max(there.seq, there.wrote) <= command.as_of
        ]
        fresh = [playlist for playlist, there in gone if not (playlist.deleted or there.missing)]
        living = [playlist for playlist, there in known if not playlist.deleted]
        absurd = len(living) >= BRAKE_COUNT_MIN and len(fresh) > BRAKE_SHARE * len(living)
        doubt = f"{len(fresh)} of {len(living)} playlists are missing there all at once."
        for playlist, there in gone:
            if not self._decision and not playlist.deleted and (there.missing or absurd):
                if not there.missing:
                    yield playlist.playlist, _missing(there, doubt)
            else:
                yield playlist.playlist, self._gone(playlist, there)

    def _here(self) -> Iterator[tuple[Playlist, OnServer]]:
        for key, ids in self._shelf.playlists.items():
            playlist = self._playlist(key) if self._command.server in ids else None
            there = None if playlist is None else playlist.seen.get(self._command.server)
            if playlist is not None and there is not None:
                yield playlist, there

    def _gone(self, playlist: Playlist, there: OnServer) -> PlaylistSeen:
        why = self._objection or self._edited_elsewhere(playlist, there)
        if why and not playlist.deleted:
            refused = {"deleted": why}
            return PlaylistSeen(presence="gone", playlist_id=there.playlist_id, refused=refused)
        changes = PlaylistChanges(deleted=True)
        return PlaylistSeen(presence="gone", playlist_id=there.playlist_id, changes=changes)

    def _edited_elsewhere(self, playlist: Playlist, there: OnServer) -> str:
        """Why the playlist comes back: this server was never told of a change."""
        wanted = wanted_on(self._views, self._command.server, playlist)
        if wanted is None or is_given_up(there, wanted):
            return ""
        for aspect in differing(shape_of(there), wanted):
            mark = playlist.marks.get(aspect)
            if mark is None or mark.seq <= there.wrote:
                continue
            if mark.source != f"server {self._command.server}":
                return f"It was changed by {mark.source} before that was told here."
        return ""

    def _lacking(self) -> Iterator[tuple[str, PlaylistSeen]]:
        """The playlists that this server never had and could have by now."""
        for key, ids in self._shelf.playlists.items():
            if self._command.server in ids or key in self._rows:
                continue
            playlist = self._playlist(key)
            if playlist is not None and must_tell(self._views, self._command.server, playlist):
                yield key, PlaylistSeen(presence="gone")


def _missing(there: OnServer, why: str) -> PlaylistSeen:
    return PlaylistSeen(presence="missing", playlist_id=there.playlist_id, refused={"deleted": why})


def _agreed(playlist: Playlist) -> Shape:
    return Shape(
        name=playlist.name,
        entries=playlist.entries,
        public=playlist.public,
        shares=playlist.shares,
    )


def _changes(playlist: Playlist, **values: Any) -> PlaylistChanges:
    """The values that are not agreed already."""
    return PlaylistChanges(
        **{name: value for name, value in values.items() if getattr(playlist, name) != value}
    )


def delivered_playlist(views: Views, row: Delivery, attempt: DeliveredPlaylist) -> DeltaDelivered:
    """
    What a server holds after a write. Of its answer only what was written counts; what somebody
    else added meanwhile is for the next look to find.
    """
    assert isinstance(row.wish, PlaylistWish)
    playlist = views.get(PLAYLISTS, (row.user, row.wish.playlist))
    found: PlaylistSeen | None = None
    if attempt.state is None:
        gone = PlaylistChanges(deleted=True) if row.wish.action == "delete" else UNCHANGED
        found = PlaylistSeen(presence="gone", playlist_id=attempt.playlist_id, changes=gone)
    elif playlist is not None:
        answer = seen_as(views, row.target, attempt.playlist_id, attempt.state)
        there = playlist.seen.get(row.target)
        found = _written(playlist, there, answer, attempt)
    return DeltaDelivered(
        target=row.target,
        user=row.user,
        subject=row.subject,
        wish=row.wish,
        planned=attempt.planned,
        playlist=found,
    )


def _written(
    playlist: Playlist, there: OnServer | None, answer: PlaylistSeen, attempt: DeliveredPlaylist
) -> PlaylistSeen:
    ours = {*playlist.entries, *(media for media, _ in (there.entries if there else ()))}
    entries = tuple(entry for entry in answer.entries if entry[0] in ours)
    answer = msgspec.structs.replace(answer, entries=entries)
    if there is None:
        return answer
    kept = {name: getattr(there, name) for name in ("name", "entries", "public", "shares")}
    for name in attempt.wrote:
        kept[name] = getattr(answer, name)
    return msgspec.structs.replace(answer, **kept)
