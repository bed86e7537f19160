"""
What follows from an event: the deltas it calls for.

A reaction runs once, right after its event was decided and in the same commit, so that no wish can
get lost between the two. It is never run again when the log is replayed: what it planned is in the
log.
"""

from collections.abc import Callable, Iterable
from typing import Any

from projections.accounts import ACCOUNTS, ACCOUNTS_MAX, PEOPLE, Person
from projections.deliveries import DELIVERIES, Delivery, delivery_key, waiting_subject
from projections.envelope import NANOS_PER_SECOND, Draft, Envelope, Nanos
from projections.events import Event, PositionReported
from projections.fold import Views
from projections.in_force import kept_fields, policy_of_title, rules_in_force
from projections.library import (
    CLUES,
    ITEMS,
    LibraryItem,
    media_clue,
    member,
    server_and_item,
    title_text,
)
from projections.marker_decisions import marker_placed
from projections.markers import MarkerPlaced
from projections.matching import title_of_file
from projections.playlist_events import PlaylistObserved
from projections.playlist_reactions import playlists_observed
from projections.positions import is_late
from projections.streams import StreamsSeen
from projections.streams_reactions import streams_seen, streams_told
from projections.sync_events import (
    Account,
    AccountsListed,
    AccountWish,
    DeltaPlanned,
    Observed,
    UserDataObserved,
    UserDataSet,
    UserDataWish,
    WebhookReceived,
)
from projections.titles import TITLES, Title, worth_telling
from projections.userdata import (
    BLANK,
    TICKS_PER_SECOND,
    Changes,
    Register,
    fields_of,
    missing,
    only,
    same,
)

PLAYING_ON: frozenset[str] = frozenset({"PlaybackProgress", "heartbeat"})
"""Reasons that come again and again while something plays: passed on only now and then."""

NEW_PLAY_NS = 6 * 3600 * NANOS_PER_SECOND
"""A report this long after the last play begins another one."""


def react(views: Views, envelope: Envelope, now: Nanos) -> list[Draft]:
    """The events that follow from one that was just recorded, to be recorded with it."""
    reaction = _REACTIONS.get(type(envelope.event))  # type: ignore[arg-type] # Opaque has none
    if reaction is None:
        return []
    return [
        Draft(event=event, at=at, cause=envelope.seq)
        for event, at in reaction(views, envelope, now)
    ]


Reaction = Callable[[Views, Any, Nanos], Iterable[tuple[Event, Nanos]]]


def _observed(views: Views, envelope: Envelope, now: Nanos) -> Iterable[tuple[Event, Nanos]]:
    event = envelope.event
    assert isinstance(event, UserDataObserved)
    for media, items in event.rows.items():
        here = {member(event.server, item_id): observed for item_id, observed in items.items()}
        reasons = {reason for observed in items.values() for reason in observed.reasons}
        calm = bool(reasons) and reasons <= PLAYING_ON
        yield from _Planner(views, event.user, media, now, calm=calm).after(here)


def _set(views: Views, envelope: Envelope, now: Nanos) -> Iterable[tuple[Event, Nanos]]:
    event = envelope.event
    assert isinstance(event, UserDataSet)
    calm = event.note in PLAYING_ON
    yield from _Planner(views, event.user, event.media, now, calm=calm).after({}, changed=True)


class _Planner:
    """Plans what the servers have to be told about one person and one title."""

    def __init__(self, views: Views, user: str, media: str, now: Nanos, *, calm: bool) -> None:
        self._views = views
        self._user = user
        self._media = media
        self._now = now
        self._calm = calm
        self._rules = rules_in_force(views)

    def after(
        self, here: dict[str, Observed], *, changed: bool = False
    ) -> Iterable[tuple[Event, Nanos]]:
        """
        The plans once the title has changed, or was looked at `here`.

        A server that was looked at is only corrected, and only so often; all others are told when
        an agreed value is new.
        """
        title = self._views.get(TITLES, (self._user, self._media))
        if title is None or not title.registers:
            return
        changed = changed or any(observed.changes for observed in here.values())
        members = self._members()
        for place, item in members.items():
            observed = here.get(place)
            if observed is not None:
                yield from self._told(title, place, item, corrective=not observed.first)
            elif changed:
                yield from self._told(title, place, item, corrective=False)
        if changed:
            yield from self._awaited(title, members)

    def _members(self) -> dict[str, LibraryItem]:
        row = self._views.get(CLUES, media_clue(self._media))
        found: dict[str, LibraryItem] = {}
        for place in row.members if row else ():
            item = self._views.get(ITEMS, server_and_item(place))
            if item is not None and item.server in self._rules.servers:
                found[place] = item
        return found

    def _told(
        self, title: Title, place: str, item: LibraryItem, *, corrective: bool
    ) -> Iterable[tuple[Event, Nanos]]:
        if not self._may_write(item.server):
            return
        seen = title.seen.get(place)
        wanted = missing(title.registers, BLANK if seen is None else seen.state)
        wanted = only(wanted, kept_fields(self._rules, item.item.listing))
        if corrective:
            wanted = worth_telling(seen, wanted)
        if not wanted:
            return
        wish = UserDataWish(
            media=self._media,
            item_id=item.item_id,
            fields=wanted,
            corrective=corrective and not self._is_under_way(item),
        )
        yield from self._planned(item.server, item.item_id, wish, item)

    def _is_under_way(self, item: LibraryItem) -> bool:
        """Whether a server is about to be told anyway: that it does not know yet is no refusal."""
        key = delivery_key(item.server, self._user, item.item_id)
        return self._views.get(DELIVERIES, key) is not None

    def _awaited(
        self, title: Title, members: dict[str, LibraryItem]
    ) -> Iterable[tuple[Event, Nanos]]:
        """Servers that lack the title are told once they have it, if the path's policy says so."""
        if not members:
            return
        copies = sorted(members.values(), key=lambda item: (item.server, item.item_id))
        policy = policy_of_title(self._rules, copies)
        if policy is None or policy.retries_max == 0:
            return
        having = {member.server for member in members.values()}
        wanted = missing(title.registers, BLANK)
        for server in self._rules.servers:
            if wanted and server not in having and self._may_write(server):
                wish = UserDataWish(media=self._media, item_id=None, fields=wanted)
                subject = waiting_subject(self._media)
                yield from self._planned(server, subject, wish, copies[0], delay_ns=policy.delay_ns)

    def _may_write(self, server: str) -> bool:
        person = self._views.get(PEOPLE, (self._user,))
        has_account = person is not None and person.account_on(server) is not None
        return has_account and self._rules.servers[server].writes

    def _planned(
        self,
        server: str,
        subject: str,
        wish: UserDataWish,
        item: LibraryItem,
        *,
        delay_ns: Nanos = 0,
    ) -> Iterable[tuple[Event, Nanos]]:
        row = self._views.get(DELIVERIES, delivery_key(server, self._user, subject))
        if row is not None and _says(row, wish):
            return
        due_ns = self._now + delay_ns
        if self._calm and not delay_ns:
            due_ns += self._rules.progress_every_ns
            due_ns = due_ns if row is None else min(due_ns, max(row.due_ns, self._now))
        event = DeltaPlanned(
            target=server,
            user=self._user,
            subject=subject,
            wish=wish,
            due_ns=due_ns,
            title=title_text(item),
        )
        yield event, self._now


def _says(row: Delivery, wish: UserDataWish) -> bool:
    """Whether an open delivery already says all of a wish."""
    if row.status == "parked" or not isinstance(row.wish, UserDataWish):
        return False
    said = fields_of(row.wish.fields)
    return all(
        name in said and same(name, said[name], value)
        for name, value in fields_of(wish.fields).items()
    )


def _reported(views: Views, envelope: Envelope, now: Nanos) -> Iterable[tuple[Event, Nanos]]:
    """A position in a player is user data of the title that the file is."""
    report = envelope.event
    assert isinstance(report, PositionReported)
    media = title_of_file(
        views,
        rules_in_force(views),
        path=report.path,
        name=report.name,
        duration_s=report.duration_s,
    )
    if media is None:
        return
    user = report.user.casefold()
    title = views.get(TITLES, (user, media))
    registers = {} if title is None else title.registers
    changes = _of_report(report, registers, envelope)
    if changes:
        event = UserDataSet(
            user=user, media=media, changes=changes, by="player", note=report.reason
        )
        yield event, min(envelope.at, now)


def _of_report(
    report: PositionReported, registers: dict[str, Register], envelope: Envelope
) -> Changes:
    at = envelope.at
    position = registers.get("position_ticks")
    if is_late(envelope) and position is not None and at < position.at:
        return Changes()
    values: dict[str, Any] = {
        "position_ticks": 0 if report.finished else int(report.position_s * TICKS_PER_SECOND)
    }
    last = registers.get("last_played_ns")
    if last is None or last.value is None or at - int(last.value) > NEW_PLAY_NS:
        values["last_played_ns"] = at
    if report.finished:
        count = registers.get("play_count")
        played = registers.get("played")
        again = played is None or not played.value or "last_played_ns" in values
        values |= {"played": True, "last_played_ns": at}
        if again:
            values["play_count"] = 1 + int(count.value or 0 if count else 0)
    return Changes(
        **{
            name: value
            for name, value in values.items()
            if name not in registers or not same(name, registers[name].value, value)
        }
    )


def _accounts(views: Views, envelope: Envelope, now: Nanos) -> Iterable[tuple[Event, Nanos]]:
    """Accounts follow where the configuration wants them to."""
    event = envelope.event
    assert isinstance(event, AccountsListed)
    rules = rules_in_force(views)
    for server, its_rules in rules.servers.items():
        if its_rules.create_users:
            yield from _missing_accounts(views, event, server, now)
        if its_rules.create_users and server != event.server:
            yield from _renamed(views, event, server, now)
        if its_rules.delete_users and server != event.server:
            yield from _gone(views, event, server, now)


def _missing_accounts(
    views: Views, event: AccountsListed, server: str, now: Nanos
) -> Iterable[tuple[Event, Nanos]]:
    """
    The accounts that a server shall get: of those who are new elsewhere, and when it is listed for
    the first time of everybody. Until then nobody knows whom it has, under whatever name.
    """
    people = views.find(PEOPLE, "people", (ACCOUNTS_MAX,))
    known = {user_id for person in people for user_id in person.accounts.get(server, ())}
    wanted: list[Account] = []
    if server != event.server:
        wanted += event.appeared.values()
    elif known == event.appeared.keys():
        wanted += (account for person in people for account in _somewhere(views, person))
    for account in wanted if known else ():
        person = views.get(PEOPLE, (account.user,))
        if person is None or not person.accounts.get(server):
            wish = AccountWish(action="create", name=account.name)
            yield _account_plan(server, account.user, wish, now), now


def _somewhere(views: Views, person: Person) -> list[Account]:
    """One of a person's accounts, to have its name."""
    for server, user_ids in person.accounts.items():
        account = views.get(ACCOUNTS, (server, user_ids[0]))
        if account is not None:
            return [account]
    return []


def _renamed(
    views: Views, event: AccountsListed, server: str, now: Nanos
) -> Iterable[tuple[Event, Nanos]]:
    for account in event.changed.values():
        person = views.get(PEOPLE, (account.user,))
        user_id = None if person is None else person.account_on(server)
        theirs = None if user_id is None else views.get(ACCOUNTS, (server, user_id))
        if user_id is None or theirs is None or theirs.name == account.name:
            continue
        wish = AccountWish(action="rename", name=account.name, user_id=user_id)
        yield _account_plan(server, account.user, wish, now), now


def _gone(
    views: Views, event: AccountsListed, server: str, now: Nanos
) -> Iterable[tuple[Event, Nanos]]:
    for account in event.gone.values():
        person = views.get(PEOPLE, (account.user,))
        user_id = None if person is None else person.account_on(server)
        theirs = None if user_id is None else views.get(ACCOUNTS, (server, user_id))
        if user_id is None or theirs is None or theirs.admin:
            continue
        wish = AccountWish(action="delete", name=theirs.name, user_id=user_id, origin=event.server)
        yield _account_plan(server, account.user, wish, now), now


def _account_plan(server: str, user: str, wish: AccountWish, now: Nanos) -> DeltaPlanned:
    return DeltaPlanned(
        target=server,
        user=user,
        subject="account:",
        wish=wish,
        due_ns=now,
        title=f"account {wish.name}",
    )


_REACTIONS: dict[type[Event], Reaction] = {
    UserDataObserved: _observed,
    UserDataSet: _set,
    PositionReported: _reported,
    AccountsListed: _accounts,
    PlaylistObserved: playlists_observed,
    WebhookReceived: streams_told,
    StreamsSeen: streams_seen,
    MarkerPlaced: marker_placed,
}
