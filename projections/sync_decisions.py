"""
The decisions of sync: what an observation, a listing, an attempt means, judged by the latest rows.

The judging is here and recorded in the events, so that folds only add up and an explanation is a
matter of reading.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from projections.accounts import ACCOUNTS, PEOPLE
from projections.commands import Command
from projections.deliveries import DELIVERIES, Delivery, delivery_key
from projections.envelope import Draft, Nanos, Seq
from projections.errors import NotFound
from projections.fold import Views
from projections.library import CLUES, ITEMS, Clue, LibraryItem, media_clue, member
from projections.listing import FOLDERS, Listing
from projections.matching import clues_of, find_title
from projections.rules import Rules, ServerRules
from projections.servers import POKES, RULES, RULES_KEY, SERVERS, Pending, Server
from projections.sync_commands import (
    Abandoned,
    AccountSeen,
    ConfigureSync,
    Deferred,
    Delivered,
    DiscardDelivery,
    Failed,
    LinkItem,
    ListAccounts,
    ListItems,
    ObserveUserData,
    ReceiveSocket,
    ReceiveWebhook,
    RecordAttempts,
    RemoveItems,
    RetryDelivery,
    SetUserData,
)
from projections.sync_events import (
    Account,
    AccountsListed,
    DeltaAbandoned,
    DeltaDeferred,
    DeltaDelivered,
    DeltaFailed,
    DeltaRetried,
    Item,
    ItemsGone,
    ItemsListed,
    MatchedBy,
    Observed,
    SocketReceived,
    SyncConfigured,
    UserDataObserved,
    UserDataSet,
    UserDataWish,
    WebhookReceived,
)
from projections.titles import TITLES, Title, after_look, blank_title
from projections.userdata import (
    BLANK,
    FIELDS,
    NOTHING,
    Changes,
    Observation,
    SaveReason,
    State,
    Verdict,
    changed,
    difference,
    fields_of,
    judge,
    observed_at,
    without,
)

FOLDER_FIELDS = frozenset({"favorite", "rating"})
"""What a series or an album has of its own; the rest is computed from what it holds."""


def rules_in_force(views: Views) -> Rules:
    """The rules as last configured."""
    row = views.get(RULES, RULES_KEY)
    return Rules() if row is None else row.rules


def kept_fields(rules: Rules, listing: Listing) -> frozenset[str]:
    """The fields that are kept in step for an item of this type."""
    fields = frozenset(rules.fields)
    return fields & FOLDER_FIELDS if listing.type in FOLDERS else fields


def _configure(views: Views, command: ConfigureSync, now: Nanos) -> list[Draft]:
    if rules_in_force(views) == command.rules:
        return []
    return [Draft(event=SyncConfigured(rules=command.rules), at=now)]


def _webhook(views: Views, command: ReceiveWebhook, now: Nanos) -> list[Draft]:
    event = WebhookReceived(
        server=command.server,
        body=command.body,
        content_type=command.content_type,
        type=command.type,
        pokes=command.pokes,
        problem=command.problem,
    )
    at = now if command.at is None else min(command.at, now)
    return [Draft(event=event, at=at, id=command.id)]


def _socket(views: Views, command: ReceiveSocket, now: Nanos) -> list[Draft]:
    event = SocketReceived(
        server=command.server, body=command.body, type=command.type, pokes=command.pokes
    )
    return [Draft(event=event, at=now)]


class _Shelf:
    """The library of one server while a page of items is being put into it."""

    def __init__(self, views: Views, command: ListItems) -> None:
        self._views = views
        self._server = command.server
        self._listings = command.listings
        self._rules = rules_in_force(views)
        self.items: dict[str, Item] = {}
        self.joined: dict[str, dict[str, str]] = {}
        self.left: dict[str, tuple[str, ...]] = {}

    def put(self, item_id: str, listing: Listing) -> None:
        """Finds the title of an item, if the item is new or not as it was."""
        row = self._views.get(ITEMS, (self._server, item_id))
        named = clues_of(self._server, listing, self._series(listing), self._rules)
        clues = tuple(clue for group in named.values() for clue in group)
        known = None if row is None or row.gone else row.item
        if known is not None and (known.listing, known.clues) == (listing, clues):
            return
        item = self._placed(item_id, listing, named, clues, known)
        self._note(item_id, item, before=known)

    def _placed(
        self,
        item_id: str,
        listing: Listing,
        named: dict[MatchedBy, tuple[str, ...]],
        clues: tuple[str, ...],
        known: Item | None,
    ) -> Item:
        if known is not None and known.matched_by == "operator":
            return msgspec.structs.replace(known, listing=listing, clues=clues)
        found = find_title(
            self._server,
            item_id,
            listing,
            named,
            find_clue=self._clue,
            find_item=self._item,
        )
        media, by, rivals = found.media, found.matched_by, found.rivals
        if known is not None and media != known.media and self._has_company(known.media, item_id):
            rivals = tuple(sorted({*rivals, *([media] if media else [])}))
            media, by = known.media, known.matched_by
        if media is None:
            media = known.media if known is not None else member(self._server, item_id)
        return Item(listing=listing, media=media, matched_by=by, clues=clues, rivals=rivals)

    def _note(self, item_id: str, item: Item, *, before: Item | None) -> None:
        self.items[item_id] = item
        for clue in (*item.clues, *media_clue(item.media)):
            self.joined.setdefault(str(clue), {})[item_id] = item.media
        if before is None:
            return
        stale = {*before.clues, *media_clue(before.media)} - {*item.clues, *media_clue(item.media)}
        for clue in sorted(str(clue) for clue in stale):
            self.left[clue] = (*self.left.get(clue, ()), item_id)

    def _series(self, listing: Listing) -> Listing | None:
        if not listing.series_id:
            return None
        if listing.series_id in self._listings:
            return self._listings[listing.series_id]
        row = self._views.get(ITEMS, (self._server, listing.series_id))
        return None if row is None else row.item.listing

    def _clue(self, clue: str) -> Clue | None:
        row = self._views.get(CLUES, (clue,))
        here = {
            member(self._server, item_id): media
            for item_id, media in self.joined.get(clue, {}).items()
        }
        if not here:
            return row
        return Clue((row.members if row else {}) | here, row.ghosts if row else {})

    def _item(self, server: str, item_id: str) -> LibraryItem | None:
        if server == self._server and item_id in self.items:
            return LibraryItem(server=server, item_id=item_id, item=self.items[item_id], since=0)
        return self._views.get(ITEMS, (server, item_id))

    def _has_company(self, media: str, item_id: str) -> bool:
        row = self._clue(str(media_clue(media)[0]))
        return row is not None and bool(row.members.keys() - {member(self._server, item_id)})


def _list_items(views: Views, command: ListItems, now: Nanos) -> list[Draft]:
    shelf = _Shelf(views, command)
    for item_id, listing in command.listings.items():
        shelf.put(item_id, listing)
    if not shelf.items:
        return []
    event = ItemsListed(
        server=command.server, items=shelf.items, joined=shelf.joined, left=shelf.left
    )
    return [Draft(event=event, at=now)]


def _remove_items(views: Views, command: RemoveItems, now: Nanos) -> list[Draft]:
    items: dict[str, str] = {}
    clues: dict[str, tuple[str, ...]] = {}
    for item_id in command.item_ids:
        row = views.get(ITEMS, (command.server, item_id))
        if row is None or row.gone:
            continue
        items[item_id] = row.item.media
        for clue in (*row.item.clues, *media_clue(row.item.media)):
            clues[str(clue)] = (*clues.get(str(clue), ()), item_id)
    if not items:
        return []
    event = ItemsGone(server=command.server, items=items, clues=clues, why=command.why)
    return [Draft(event=event, at=now)]


def _link_item(views: Views, command: LinkItem, now: Nanos) -> list[Draft]:
    row = views.get(ITEMS, (command.server, command.item_id))
    if row is None or row.gone:
        message = f"The server {command.server} has no item {command.item_id!r}."
        raise NotFound(message, hint="`playhead jellyfin ambiguities` lists the items in question.")
    media = command.media or member(command.server, command.item_id)
    if command.media is not None and views.get(CLUES, media_clue(media)) is None:
        message = f"There is no title {media!r}."
        raise NotFound(message, hint="`playhead explain NAME` shows the titles there are.")
    before = row.item
    item = msgspec.structs.replace(before, media=media, matched_by="operator", rivals=())
    old, new = str(media_clue(before.media)[0]), str(media_clue(media)[0])
    joined = {clue: {command.item_id: media} for clue in (*item.clues, new)}
    left: dict[str, tuple[str, ...]] = {} if old == new else {old: (command.item_id,)}
    event = ItemsListed(
        server=command.server, items={command.item_id: item}, joined=joined, left=left
    )
    return [Draft(event=event, at=now)]


def _list_accounts(views: Views, command: ListAccounts, now: Nanos) -> list[Draft]:
    rules = rules_in_force(views).servers.get(command.server, ServerRules())
    known = _known_accounts(views, command.server)
    appeared: dict[str, Account] = {}
    changed_: dict[str, Account] = {}
    renamed: dict[str, str] = {}
    for user_id, seen in command.accounts.items():
        before = known.get(user_id)
        account = _account(seen, before, rules)
        if before is None:
            appeared[user_id] = account
        elif account != before:
            changed_[user_id] = account
            if account.user != before.user:
                renamed[user_id] = before.user
    gone = {user_id: known[user_id] for user_id in known.keys() - command.accounts.keys()}
    if not (appeared or changed_ or gone):
        return []
    event = AccountsListed(
        server=command.server, appeared=appeared, changed=changed_, gone=gone, renamed=renamed
    )
    return [Draft(event=event, at=now)]


ACCOUNTS_MAX = 10_000
"""Accounts of one server that are looked at."""


def _known_accounts(views: Views, server: str) -> dict[str, Account]:
    known: dict[str, Account] = {}
    for person in views.find(PEOPLE, "people", (ACCOUNTS_MAX,)):
        for user_id in person.accounts.get(server, ()):
            account = views.get(ACCOUNTS, (server, user_id))
            assert account is not None
            known[user_id] = account
    return known


def _account(seen: AccountSeen, before: Account | None, rules: ServerRules) -> Account:
    """An account stays its person's when it is renamed, unless the configuration maps it."""
    mapped = {name.casefold(): user.casefold() for name, user in rules.users.items()}
    user = mapped.get(seen.name.casefold())
    if user is None:
        user = seen.name.casefold() if before is None else before.user
    return Account(name=seen.name, user=user, admin=seen.admin, disabled=seen.disabled)


def _observe(views: Views, command: ObserveUserData, now: Nanos) -> list[Draft]:
    rows: dict[str, dict[str, Observed]] = {}
    look = _Look(views, command, now)
    for item_id, state in command.states.items():
        found = look.at(item_id, state)
        if found is not None:
            media, observed = found
            rows.setdefault(media, {})[item_id] = observed
    if not rows:
        return []
    event = UserDataObserved(
        server=command.server,
        user=command.user,
        user_id=command.user_id,
        via=command.via,  # type: ignore[arg-type] # checked when the event is read back
        as_of=command.as_of,
        rows=rows,
    )
    return [Draft(event=event, at=now, cause=_latest_poke(views, command))]


def _latest_poke(views: Views, command: ObserveUserData) -> Seq | None:
    """The latest of the news that this look answers, which is why somebody looked."""
    keys = ((command.server, "userdata", command.user_id, item_id) for item_id in command.reasons)
    rows = [views.get(POKES, key) for key in keys]
    seqs = [row.last for row in rows if row is not None and row.last <= command.as_of]
    return max(seqs, default=None)


class _Look:
    """One answer of a server, judged item by item."""

    def __init__(self, views: Views, command: ObserveUserData, now: Nanos) -> None:
        self._views = views
        self._command = command
        self._now = now
        self._rules = rules_in_force(views)
        self._server = views.get(SERVERS, (command.server,)) or Server(server=command.server)
        self._titles: dict[str, Title] = {}

    def at(self, item_id: str, state: State) -> tuple[str, Observed] | None:
        """The title of the item and what is made of its state; None if it says nothing new."""
        command = self._command
        item = self._views.get(ITEMS, (command.server, item_id))
        if item is None or item.gone:
            return None
        media, place = item.item.media, member(command.server, item_id)
        title = self._titles.get(media) or self._views.get(TITLES, (command.user, media))
        title = title or blank_title(command.user, media)
        seen = title.seen.get(place)
        if seen is not None and max(seen.seq, seen.wrote) > command.as_of:
            return None
        before = None if seen is None else seen.state
        if before is None and self._is_known_blank(item):
            before = BLANK
        observed = self._judged(item, title, before, state)
        self._titles[media] = after_look(title, place, observed, 0)
        return media, observed

    def _is_known_blank(self, item: LibraryItem) -> bool:
        """Whatever a complete sweep of the person did not record was blank then."""
        swept = self._server.swept.get(self._command.user)
        return swept is not None and item.since <= swept

    def _judged(
        self, item: LibraryItem, title: Title, before: State | None, state: State
    ) -> Observed:
        command = self._command
        poke = self._views.get(
            POKES, (command.server, "userdata", command.user_id, item.item_id)
        )
        reasons = _reasons(command.reasons.get(item.item_id, ()), poke)
        at = observed_at(before, state, self._now, told=bool(reasons))
        observation = Observation(
            before=before,
            after=state,
            at=at,
            reasons=frozenset(reasons),
            told=self._told(item.item_id),
            between=None if poke is None else poke.watched,
        )
        verdict = self._objected(before, state) or judge(
            observation,
            title.registers,
            source=f"server {command.server}",
            rewatch=self._rules.rewatch,
        )
        verdict = _masked(verdict, kept_fields(self._rules, item.item.listing))
        return Observed(
            state=state,
            changes=verdict.changes,
            refused=verdict.refused,
            reasons=reasons,
            first=before is None,
            at=at,
        )

    def _told(self, item_id: str) -> tuple[Changes, ...]:
        command = self._command
        row = self._views.get(DELIVERIES, delivery_key(command.server, command.user, item_id))
        return () if row is None else row.told()

    def _objected(self, before: State | None, state: State) -> Verdict | None:
        """Why nothing at all is believed, if that is so."""
        rules = self._rules.servers.get(self._command.server)
        why = ""
        if rules is not None and not rules.reads:
            why = "Nothing is taken from this server; its direction is `write`."
        elif self._server.brake:
            why = f"The brake is on: {self._server.brake}"
        elif self._server.decision == "restore":
            why = "The operator decided to restore this server."
        if not why:
            return None
        return Verdict(NOTHING, dict.fromkeys(difference(before or BLANK, state), why))


def _reasons(named: tuple[SaveReason, ...], poke: Pending | None) -> tuple[SaveReason, ...]:
    """Why an item changed, whoever looks at it: as named, and as the server said by now."""
    return tuple(dict.fromkeys((*named, *(poke.reasons if poke else ()))))


def _masked(verdict: Verdict, fields: frozenset[str]) -> Verdict:
    others = set(FIELDS) - fields
    refused = {name: why for name, why in verdict.refused.items() if name in fields}
    return Verdict(without(verdict.changes, others), refused)


def _set_user_data(views: Views, command: SetUserData, now: Nanos) -> list[Draft]:
    changes = without(command.changes, _overtaken(views, command))
    if not changes:
        return []
    event = UserDataSet(
        user=command.user,
        media=command.media,
        changes=changes,
        by=command.by,  # type: ignore[arg-type] # checked when the event is read back
        note=command.note,
    )
    return [Draft(event=event, at=now, cause=command.cause)]


def _overtaken(views: Views, command: SetUserData) -> set[str]:
    """The fields that something else has changed since the order was thought of."""
    if not command.expected:
        return set()
    title = views.get(TITLES, (command.user, command.media))
    registers = {} if title is None else title.registers
    return {
        name
        for name, seq in command.expected.items()
        if name not in registers or registers[name].seq != seq
    }


def _record_attempts(views: Views, command: RecordAttempts, now: Nanos) -> list[Draft]:
    drafts: list[Draft] = []
    for attempt in command.attempts:
        key = delivery_key(command.target, attempt.user, attempt.subject)
        row = views.get(DELIVERIES, key)
        if row is not None:
            drafts.append(_outcome(views, row, attempt, now))
    return drafts


def _outcome(
    views: Views, row: Delivery, attempt: Delivered | Failed | Deferred | Abandoned, now: Nanos
) -> Draft:
    place = {"target": row.target, "user": row.user, "subject": row.subject}
    event: Any
    match attempt:
        case Delivered():
            event = _delivered(views, row, attempt, now)
        case Failed():
            event = DeltaFailed(**place, error=attempt.error, retry_ns=attempt.retry_ns)
        case Deferred():
            event = DeltaDeferred(**place, reason=attempt.reason, retry_ns=attempt.retry_ns)
        case Abandoned():
            event = DeltaAbandoned(
                **place, reason=attempt.reason, planned=attempt.planned, dropped=attempt.dropped
            )
    return Draft(event=event, at=now, cause=attempt.planned)


def _delivered(views: Views, row: Delivery, attempt: Delivered, now: Nanos) -> DeltaDelivered:
    observed: Observed | None = None
    deviates: tuple[str, ...] = ()
    wish = row.wish
    if attempt.state is not None and isinstance(wish, UserDataWish) and wish.item_id is not None:
        observed, deviates = _answered(views, row, wish, attempt, now)
    return DeltaDelivered(
        target=row.target,
        user=row.user,
        subject=row.subject,
        wish=wish,
        planned=attempt.planned,
        wrote=attempt.wrote,
        observed=observed,
        deviates=deviates,
    )


def _answered(
    views: Views, row: Delivery, wish: UserDataWish, attempt: Delivered, now: Nanos
) -> tuple[Observed, tuple[str, ...]]:
    """
    What the answer to a write says. Fields we wrote and that come back otherwise are the server's
    doing; any other difference was made by somebody else meanwhile.
    """
    assert attempt.state is not None
    assert wish.item_id is not None
    title = views.get(TITLES, (row.user, wish.media)) or blank_title(row.user, wish.media)
    seen = title.seen.get(member(row.target, wish.item_id))
    expected = changed(BLANK if seen is None else seen.state, attempt.wrote)
    others = difference(expected, attempt.state)
    deviates = tuple(name for name in others if name in fields_of(attempt.wrote))
    foreign = changed(attempt.state, attempt.wrote)
    observation = Observation(before=expected, after=foreign, at=now)
    rules = rules_in_force(views)
    verdict = judge(
        observation, title.registers, source=f"server {row.target}", rewatch=rules.rewatch
    )
    item = views.get(ITEMS, (row.target, wish.item_id))
    if item is not None:
        verdict = _masked(verdict, kept_fields(rules, item.item.listing))
    observed = Observed(
        state=attempt.state, changes=verdict.changes, refused=verdict.refused, at=now
    )
    return observed, deviates


def _delivery(views: Views, seq: int) -> Delivery:
    rows = views.find(DELIVERIES, "delivery_of_plan", (seq,))
    if not rows:
        message = f"There is no open delivery {seq}."
        raise NotFound(message, hint="GET /api/events/pending lists the deliveries there are.")
    return rows[0]


def _retry(views: Views, command: RetryDelivery, now: Nanos) -> list[Draft]:
    row = _delivery(views, command.seq)
    event = DeltaRetried(target=row.target, user=row.user, subject=row.subject)
    return [Draft(event=event, at=now, cause=row.seq)]


def _discard(views: Views, command: DiscardDelivery, now: Nanos) -> list[Draft]:
    row = _delivery(views, command.seq)
    event = DeltaAbandoned(
        target=row.target,
        user=row.user,
        subject=row.subject,
        reason="The operator discarded it.",
        planned=row.seq,
        dropped=True,
    )
    return [Draft(event=event, at=now, cause=row.seq)]


SYNC_DECISIONS: dict[type[Command], Callable[[Views, Any, Nanos], list[Draft]]] = {
    ConfigureSync: _configure,
    ReceiveWebhook: _webhook,
    ReceiveSocket: _socket,
    ListItems: _list_items,
    RemoveItems: _remove_items,
    LinkItem: _link_item,
    ListAccounts: _list_accounts,
    ObserveUserData: _observe,
    SetUserData: _set_user_data,
    RecordAttempts: _record_attempts,
    RetryDelivery: _retry,
    DiscardDelivery: _discard,
}
"""One function per command; see `decide`."""
