"""
What follows from news of a playlist: the deliveries that bring every server's copy in step.
"""

from collections.abc import Iterable

from projections.deliveries import DELIVERIES
from projections.envelope import Envelope, Nanos
from projections.events import Event
from projections.fold import Views
from projections.in_force import rules_in_force
from projections.playlist_events import PlaylistObserved
from projections.playlist_goals import (
    digest_of,
    is_given_up,
    may_write,
    playlist_delivery,
    shape_of,
    subject_of,
    wanted_on,
)
from projections.playlists import PLAYLISTS, Playlist
from projections.sync_events import DeltaPlanned, PlaylistWish


def playlists_observed(
    views: Views, envelope: Envelope, now: Nanos
) -> Iterable[tuple[Event, Nanos]]:
    """
    The plans once playlists were looked at: all servers are told what is new, the one that was
    looked at only so often what it does not keep.
    """
    event = envelope.event
    assert isinstance(event, PlaylistObserved)
    for key, found in event.rows.items():
        playlist = views.get(PLAYLISTS, (event.user, key))
        if playlist is None:
            continue
        servers = list(rules_in_force(views).servers) if found.changes else [event.server]
        for server in servers:
            if not may_write(views, server, event.user):
                continue
            is_again = server == event.server and not (found.changes or found.first)
            wish = _wish(views, server, playlist, again=is_again)
            if wish is not None:
                yield _planned(server, playlist, wish, now), now


def _wish(views: Views, server: str, playlist: Playlist, *, again: bool) -> PlaylistWish | None:
    """What a server has to be told, if anything that it is not being told already."""
    there = playlist.seen.get(server)
    delivery = views.get(DELIVERIES, playlist_delivery(server, playlist))
    if playlist.deleted:
        wish = PlaylistWish(playlist=playlist.playlist, action="delete")
        is_needed = there is not None or delivery is not None
    else:
        wanted = wanted_on(views, server, playlist)
        if wanted is None or (there is not None and there.missing):
            return None
        is_late = delivery is not None
        is_needed = is_late or there is None or shape_of(there) != wanted
        again = again and there is not None and not is_late
        if again and there is not None and is_given_up(there, wanted):
            return None
        digest = digest_of(wanted)
        wish = PlaylistWish(playlist=playlist.playlist, digest=digest, corrective=again)
    if delivery is not None and delivery.status != "parked" and _says(delivery.wish, wish):
        return None
    return wish if is_needed else None


def _says(said: object, wish: PlaylistWish) -> bool:
    return isinstance(said, PlaylistWish) and (said.action, said.digest) == (
        wish.action,
        wish.digest,
    )


def _planned(server: str, playlist: Playlist, wish: PlaylistWish, now: Nanos) -> DeltaPlanned:
    return DeltaPlanned(
        target=server,
        user=playlist.user,
        subject=subject_of(playlist.playlist),
        wish=wish,
        due_ns=now,
        title=f"playlist {playlist.name}",
    )
