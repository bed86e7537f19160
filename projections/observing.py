"""
Decisions about user data: what is made of the states that a server answers, and of what somebody
other than a server wants.
"""

from projections.deliveries import DELIVERIES, delivery_key
from projections.envelope import Draft, Nanos, Seq
from projections.fold import Views
from projections.in_force import kept_fields, rules_in_force
from projections.library import ITEMS, LibraryItem, member
from projections.servers import POKES, SERVERS, Pending, Server
from projections.sync_commands import (
    ObserveUserData,
    SetUserData,
)
from projections.sync_events import (
    Observed,
    UserDataObserved,
    UserDataSet,
)
from projections.titles import (
    REVERSALS_MAX,
    TITLES,
    Seen,
    Title,
    after_look,
    blank_title,
    takes_back,
)
from projections.userdata import (
    BLANK,
    NOTHING,
    Changes,
    Observation,
    SaveReason,
    State,
    Verdict,
    difference,
    fields_of,
    judge,
    observed_at,
    only,
    without,
)


def observe(views: Views, command: ObserveUserData, now: Nanos) -> list[Draft]:
    """What is new in what a server answered, judged."""
    rows: dict[str, dict[str, Observed]] = {}
    look = _Look(views, command, now)
    if look.is_braked:  # it would count as seen, and be lost to the operator who accepts it later
        return []
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

    @property
    def is_braked(self) -> bool:
        """Whether nothing that this server says counts until the operator has looked."""
        return bool(self._server.brake)

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
        if seen is not None and self._is_older(seen, item_id):
            return None
        before = None if seen is None else seen.state
        if before is None and self._is_known_blank(item):
            before = BLANK
        observed = self._judged(item, title, before, state)
        seen_at = observed.at if command.via == "payload" else self._now
        self._titles[media] = after_look(title, place, observed, seq=0, now=seen_at)
        return media, observed

    def _is_older(self, seen: Seen, item_id: str) -> bool:
        """
        Whether the answer may not know what was seen or written since. News that has to do for an
        answer is as old as itself: it may have been long on its way.
        """
        command = self._command
        if max(seen.seq, seen.wrote) > command.as_of:
            return True
        poke = self._views.get(POKES, (command.server, "userdata", command.user_id, item_id))
        if command.via != "payload" or poke is None:
            return False
        return max(seen.seq, seen.wrote) > poke.last or seen.at > poke.state_at

    def _is_known_blank(self, item: LibraryItem) -> bool:
        """Whatever a complete sweep of the person did not record was blank then."""
        swept = self._server.swept.get(self._command.user)
        return swept is not None and item.since <= swept

    def _judged(
        self, item: LibraryItem, title: Title, before: State | None, state: State
    ) -> Observed:
        command = self._command
        poke = self._views.get(POKES, (command.server, "userdata", command.user_id, item.item_id))
        reasons = _reasons(command.reasons.get(item.item_id, ()), poke)
        at = observed_at(before, state, self._now, told=bool(reasons))
        if command.via == "payload" and poke is not None:
            at = min(at, poke.state_at)
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
        verdict = masked(verdict, kept_fields(self._rules, item.item.listing))
        seen = title.seen.get(member(command.server, item.item_id))
        if seen is not None and seen.reversals >= REVERSALS_MAX:
            verdict = _patient(verdict, seen, reasons, self._now)
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
        elif self._server.decision == "restore":
            why = "The operator decided to restore this server."
        if not why:
            return None
        return Verdict(NOTHING, dict.fromkeys(difference(before or BLANK, state), why))


def _reasons(named: tuple[SaveReason, ...], poke: Pending | None) -> tuple[SaveReason, ...]:
    """Why an item changed, whoever looks at it: as named, and as the server said by now."""
    return tuple(dict.fromkeys((*named, *(poke.reasons if poke else ()))))


def _patient(verdict: Verdict, seen: Seen, reasons: tuple[SaveReason, ...], now: Nanos) -> Verdict:
    """The verdict on a server that took back so often what it was told."""
    if not verdict.changes or not takes_back(seen, reasons, now=now):
        return verdict
    why = "The server keeps going back to what it was before it was told."
    return Verdict(NOTHING, verdict.refused | dict.fromkeys(fields_of(verdict.changes), why))


def masked(verdict: Verdict, fields: frozenset[str]) -> Verdict:
    """A verdict on the fields that are kept in step."""
    refused = {name: why for name, why in verdict.refused.items() if name in fields}
    return Verdict(only(verdict.changes, fields), refused)


def set_user_data(views: Views, command: SetUserData, now: Nanos) -> list[Draft]:
    """Other agreed values, as far as nothing overtook them."""
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
