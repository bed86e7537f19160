"""
Why a title is as it is: for each person every value, where it came from and where it went, and what
was refused on the way.

Everything is in the rows and in the few events that the trail names; nothing is judged again here.
"""

from collections.abc import Callable, Iterator

import msgspec

from projections.accounts import PEOPLE
from projections.deliveries import DELIVERIES, Delivery, Status, delivery_key, waiting_subject
from projections.envelope import Envelope, Seq
from projections.finding import items_of, name_of
from projections.fold import Views
from projections.history import HistoryLine, history_line
from projections.in_force import kept_fields, rules_in_force
from projections.library import LibraryItem, member, server_and_item
from projections.moments import moment_text
from projections.streams import streams_subject
from projections.sync_events import MatchedBy, StreamsWish, UserDataWish
from projections.titles import TITLES, Seen, Title
from projections.trail import TRAIL, attempts_trail, title_trail
from projections.userdata import Registers, fields_of, missing, only
from projections.wording import (
    Value,
    in_order,
    state_text,
    track_fields,
    value_text,
    values_text,
)

HISTORY_DEFAULT = 30

HISTORY_MAX = 500
"""Events of a history, at most: what the trails of a title on a handful of servers hold."""

CAUSES_MAX = 8
"""Events back from effect to cause; webhook, look, plan, delivery are four."""

PEOPLE_MAX = 1_000
"""People whose data of one title is told."""

Read = Callable[[Seq], Envelope | None]
"""One event of the log."""


class FieldView(msgspec.Struct, frozen=True, kw_only=True):
    """
    The agreed value of a field: since when (null: nobody knows), from whom, by which event.
    """

    field: str
    value: Value
    text: str
    since: str | None
    source: str
    seq: int


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """
    What still has to be written. `seq` is its latest plan, `next_try` when it is due, `reason` why
    it was not done yet.
    """

    seq: int
    status: Status
    fields: dict[str, Value]
    text: str
    attempts_count: int
    deferrals_count: int
    next_try: str | None
    reason: str


class ServerView(msgspec.Struct, frozen=True, kw_only=True):
    """
    One server's item of the title, or a server that lacks it (`item_id` null). `holds` is the state
    it was last seen in, by event `seen_seq`; `differs` are the fields that are not as agreed.
    """

    server: str
    item_id: str | None = None
    path: str | None = None
    matched_by: MatchedBy | None = None
    since_seq: int = 0
    gone: bool = False
    holds: dict[str, Value] | None = None
    text: str = ""
    seen_seq: int = 0
    seen_at: str | None = None
    wrote_seq: int = 0
    agrees: bool = False
    differs: dict[str, Value] = {}
    corrections_count: int = 0
    delivery: DeliveryView | None = None


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """
    One person's data of the title. `older_count` is how many events of the history are not shown.
    """

    user: str
    fields: tuple[FieldView, ...]
    servers: tuple[ServerView, ...]
    history: tuple[HistoryLine, ...]
    older_count: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a title, as of event `head`."""

    media: str
    title: str
    type: str
    head: int
    people: tuple[PersonView, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to be explained: the title, and only one person or server, if any is named. `head` is
    the last event of the views.
    """

    media: str
    head: Seq
    user: str | None = None
    server: str | None = None
    lines_max: int = HISTORY_DEFAULT


def explain(views: Views, read: Read, question: Question) -> Explanation:
    """The explanation of a title; `read` gives single events of the log."""
    items = items_of(views, question.media)
    titles = views.find(TITLES, "titles_of_media", (question.media, PEOPLE_MAX))
    user = None if question.user is None else question.user.casefold()
    people = [
        _Person(views, read, title, question).told(items)
        for title in titles
        if user in {None, title.user}
    ]
    return Explanation(
        media=question.media,
        title=name_of(items, question.media),
        type=items[0].item.listing.type if items else "",
        head=question.head,
        people=tuple(people),
    )


class _Person:
    """One person's data of the title in question."""

    def __init__(self, views: Views, read: Read, title: Title, question: Question) -> None:
        self._views = views
        self._title = title
        self._question = question
        self._read = read
        self._rules = rules_in_force(views)
        self._events: dict[Seq, Envelope | None] = {}

    def told(self, items: list[LibraryItem]) -> PersonView:
        """Everything about it."""
        servers = tuple(self._servers(items))
        history, older_count = self._history(items)
        return PersonView(
            user=self._title.user,
            fields=tuple(_fields(self._title.registers)),
            servers=servers,
            history=history,
            older_count=older_count,
        )

    def _wants(self, server: str) -> bool:
        return self._question.server in {None, server}

    def _servers(self, items: list[LibraryItem]) -> Iterator[ServerView]:
        for item in items:
            if self._wants(item.server):
                yield self._holding(item)
        having = {item.server for item in items if not item.gone}
        person = self._views.get(PEOPLE, (self._title.user,))
        for server in sorted(self._rules.servers.keys() - having):
            if self._wants(server) and person is not None and person.account_on(server):
                delivery = self._delivery(server, waiting_subject(self._title.media))
                yield ServerView(server=server, delivery=delivery)

    def _holding(self, item: LibraryItem) -> ServerView:
        listing = item.item.listing
        about = ServerView(
            server=item.server,
            item_id=item.item_id,
            path=listing.path,
            matched_by=item.item.matched_by,
            since_seq=item.since,
            gone=item.gone,
            delivery=self._delivery(item.server, item.item_id),
        )
        seen = self._title.seen.get(member(item.server, item.item_id))
        return about if seen is None else self._seen(about, seen, kept_fields(self._rules, listing))

    def _seen(self, about: ServerView, seen: Seen, kept: frozenset[str]) -> ServerView:
        wanted = missing(self._title.registers, seen.state)
        differing = fields_of(only(wanted, kept))
        look = self._event(seen.seq)
        return msgspec.structs.replace(
            about,
            holds=msgspec.structs.asdict(seen.state),
            text=state_text(seen.state),
            seen_seq=seen.seq,
            seen_at=None if look is None else moment_text(look.recorded),
            wrote_seq=seen.wrote,
            agrees=not differing,
            differs={name: getattr(seen.state, name) for name in in_order(differing)},
            corrections_count=seen.corrections,
        )

    def _delivery(self, server: str, subject: str) -> DeliveryView | None:
        row = self._views.get(DELIVERIES, delivery_key(server, self._title.user, subject))
        return None if row is None else delivery_view(row)

    def _history(self, items: list[LibraryItem]) -> tuple[tuple[HistoryLine, ...], int]:
        media = self._title.media
        keys = [title_trail(self._title.user, media)]
        subjects = {(item.server, item.item_id) for item in items}
        subjects |= {server_and_item(place) for place in self._title.seen}
        subjects |= {(server, streams_subject(item_id)) for server, item_id in subjects}
        subjects |= {(server, waiting_subject(media)) for server in self._rules.servers}
        keys += [attempts_trail(self._title.user, *subject) for subject in sorted(subjects)]
        trails = [trail for key in keys if (trail := self._views.get(TRAIL, key)) is not None]
        seqs = sorted({seq for trail in trails for seq in trail.seqs if seq <= self._question.head})
        lines: list[HistoryLine] = []
        while seqs and len(lines) < min(self._question.lines_max, HISTORY_MAX):
            line = self._line(seqs.pop())
            if line is not None:
                lines.append(line)
        older_count = len(seqs) + sum(trail.left_out_count for trail in trails)
        return tuple(reversed(lines)), older_count

    def _line(self, seq: Seq) -> HistoryLine | None:
        envelope = self._event(seq)
        if envelope is None:
            return None
        line = history_line(envelope, self._title.media, tuple(self._causes(envelope)))
        is_elsewhere = line.place in self._rules.servers and not self._wants(line.place)
        return None if is_elsewhere else line

    def _causes(self, envelope: Envelope) -> Iterator[Envelope]:
        for _ in range(CAUSES_MAX):
            if envelope.cause is None:
                return
            cause = self._event(envelope.cause)
            if cause is None:
                return
            yield cause
            envelope = cause

    def _event(self, seq: Seq) -> Envelope | None:
        if seq not in self._events:
            self._events[seq] = self._read(seq)
        return self._events[seq]


def _fields(registers: Registers) -> Iterator[FieldView]:
    for name in in_order(registers):
        register = registers[name]
        yield FieldView(
            field=name,
            value=register.value,
            text=value_text(name, register.value),
            since=moment_text(register.at) if register.at else None,
            source=register.source,
            seq=register.seq,
        )


def delivery_view(row: Delivery) -> DeliveryView:
    """A delivery as it is told."""
    fields = fields_of(row.wish.fields) if isinstance(row.wish, UserDataWish) else {}
    if isinstance(row.wish, StreamsWish):
        fields = track_fields(row.wish)
    return DeliveryView(
        seq=row.seq,
        status=row.status,
        fields=fields,
        text=values_text(fields),
        attempts_count=row.attempts_count,
        deferrals_count=row.deferrals_count,
        next_try=moment_text(row.due_ns) if row.due_ns and row.status != "parked" else None,
        reason=row.note,
    )
